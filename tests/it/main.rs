//! One test binary for everything that crosses modules.

// The attribute tells clippy that everything below is test code.
#[cfg(test)]
mod email;
#[cfg(test)]
mod support;
