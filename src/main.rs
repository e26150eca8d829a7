//! The program: reads the command line, runs one command, ends with its exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    madoguchi::cli::run()
}
