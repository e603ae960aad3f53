//! `rexp completions`: a script that lets a shell complete commands and options.

use super::{Cli, print};
use crate::error::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// For which shell.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell that reads the script
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// [`crate::Error::Io`] when stdout cannot be written.
pub fn run(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rexp", &mut script);
    print::text(&String::from_utf8_lossy(&script))
}
