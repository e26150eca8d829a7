//! What tests need from the machine.

pub mod postgres;
