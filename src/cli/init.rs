//! `rexp init`: writes an experiment file in which every option stands with its default and a comment.

use super::print;
use crate::error::{Error, Result};
use crate::experiment::TEMPLATE;
use clap::Args;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// Where to.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// File to write; must not exist. `-` prints it
    #[arg(default_value = "experiment.toml", value_name = "FILE")]
    pub file: PathBuf,
}

/// Writes the file.
///
/// # Errors
/// [`Error::Usage`] when there is such a file, [`Error::Io`] when it cannot be written.
pub fn run(args: &InitArgs) -> Result<()> {
    if args.file.as_os_str() == "-" {
        return print::text(TEMPLATE);
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&args.file) {
        Err(reason) if reason.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::usage(format!("{} is there already", args.file.display()), "name another file"));
        }
        file => file.map_err(Error::io(&args.file, "write"))?,
    };
    file.write_all(TEMPLATE.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io(&args.file, "write"))?;
    let name = args.file.display();
    print::text(&format!("{name} is written; check it with `rexp check {name}`, run it with `rexp run {name}`\n"))
}
