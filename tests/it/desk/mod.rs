//! The real program with real servers, as its users run it.

mod clocks;
mod commands;
mod content;
#[cfg(feature = "crash-points")]
mod crash_points;
mod files;
pub mod harness;
#[cfg(feature = "crash-points")]
mod kills;
mod learning;
pub mod letter;
mod loops;
mod outgoing;
mod path;
#[cfg(feature = "crash-points")]
mod poison;
mod ready;
mod rules;
mod scanner;
mod speed;
mod template;
mod trouble;

/// Makes two tests of each function: one on each database.
macro_rules! on_both {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::desk::harness::Database::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::desk::harness::Database::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_both;
