//! The `rexp` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rexp::cli::main()
}
