//! The steps of the pipeline. Each does one batch and says what it did; `supervise` loops them.

pub mod deliver;
pub mod handle;
pub mod live;
pub mod read;
pub mod receive;
pub mod supervise;
pub mod tick;
