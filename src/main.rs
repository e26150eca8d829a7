//! The program: reads the command line, runs one command, ends with its exit status.

use std::process::ExitCode;

/// A message is many small strings, made by one thread and freed by another; the C library's allocator takes an eighth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    madoguchi::cli::run()
}
