//! The steps of the pipeline. Each does one batch and says what it did; `supervise` loops them.

pub mod deliver;
pub mod files;
pub mod handle;
pub mod live;
pub mod read;
pub mod receive;
pub mod rescan;
pub mod sent_copies;
pub mod supervise;
pub mod sweep;
