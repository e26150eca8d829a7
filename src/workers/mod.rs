//! The steps of the pipeline. Each does one batch and says what it did; `supervise` loops them.

mod bursts;
pub mod deliver;
pub mod handle;
pub mod intake;
pub mod live;
pub mod outlet;
pub mod read;
pub mod receive;
pub mod supervise;
