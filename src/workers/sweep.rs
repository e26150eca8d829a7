//! Removes what nothing needs any more.

use std::sync::Arc;
use std::time::Duration;

use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_hours(1);
/// A file may be put this long before the message that names it is decided.
const FILE_AGE_MS: i64 = 24 * 3_600_000;

/// Removes files that no message names.
pub struct Sweeper {
    /// What is remembered.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Clock,
}

impl Worker for Sweeper {
    const NAME: &'static str = "sweep";

    async fn step(&self) -> Result<Did, String> {
        let before = self.clock.now().plus_ms(-FILE_AGE_MS);
        let removed = self.store.sweep_files(before).await.map_err(|fault| with_causes(&fault))?;
        if removed > 0 {
            tracing::info!(removed, "files that no message names are removed");
        }
        Ok(Did::Nothing(EVERY))
    }

    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}
