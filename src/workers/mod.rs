//! The steps of the pipeline. Each does one batch and says what it did; `supervise` loops them.

pub mod backup;
mod bursts;
pub mod deliver;
pub mod files;
pub mod handle;
pub mod intake;
pub mod learn;
pub mod live;
pub mod outlet;
pub mod read;
pub mod receive;
pub mod rescan;
pub mod sent_copies;
pub mod supervise;
pub mod sweep;
pub mod tick;
