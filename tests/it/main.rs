//! One test binary for everything that crosses modules.

mod store;
mod support;
