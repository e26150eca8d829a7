//! One test binary for everything that crosses modules.

mod email;
mod support;
