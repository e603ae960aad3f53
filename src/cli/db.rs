//! `rexp db`: is the store whole, and a safe copy of it.

use super::print;
use crate::error::{Error, Result, plural};
use crate::store::Store;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// What to do with the database.
#[derive(Debug, Args)]
pub struct DbArgs {
    /// What to do
    #[command(subcommand)]
    pub command: DbCommand,
}

/// What `rexp db` can do.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Look for damage and name the runs it touches
    Check,
    /// Copy the database, also while others write to it
    Backup {
        /// New file
        file: PathBuf,
    },
}

/// Does it.
///
/// # Errors
/// [`Error::Store`] when the store is damaged or cannot be read or copied.
pub fn run(args: &DbArgs, db: &Path) -> Result<()> {
    let store = Store::open_read(db)?;
    match &args.command {
        DbCommand::Check => {
            let found = store.check()?;
            if found.is_empty() {
                return print::text(&format!("{}: whole\n", db.display()));
            }
            print::text(&found.iter().map(|line| format!("{line}\n")).collect::<String>())?;
            let message = format!(
                "{} found; go back to a backup, or run the experiments again into a new file",
                plural(found.len(), "fault")
            );
            Err(Error::Store { path: db.to_owned(), message })
        }
        DbCommand::Backup { file } => {
            store.backup(file)?;
            print::text(&format!("{} is a copy of {}\n", file.display(), db.display()))
        }
    }
}
