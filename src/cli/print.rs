//! Printing results to stdout: text or JSON; a reader that has seen enough is no error.

use crate::error::{Error, Result};
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// Prints text.
///
/// # Errors
/// [`Error::Io`] when stdout cannot be written, unless its reader has gone.
pub fn text(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(reason) if reason.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::io(Path::new("stdout"), "write")(reason))
        }
        _ => Ok(()),
    }
}

/// Prints a value as JSON.
///
/// # Errors
/// Those of [`text`].
pub fn json(value: &impl Serialize) -> Result<()> {
    let written = serde_json::to_string_pretty(value);
    text(&(written.map_err(|reason| Error::io(Path::new("stdout"), "write")(reason.into()))? + "\n"))
}
