//! Timings of the hot paths.
fn main() {}
