//! The program: reads the command line, runs one command, ends with its exit status.

use std::process::ExitCode;

/// Messages are many small allocations on two threads; this one is faster at them than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    madoguchi::cli::run()
}
