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

/// Prints a head and rows as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe.
///
/// # Errors
/// Those of [`text`].
pub fn csv(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    let line = |cells: Vec<String>| cells.iter().map(|cell| field(cell)).collect::<Vec<_>>().join(",") + "\n";
    let mut out = line(head.iter().map(|&name| name.to_owned()).collect());
    out.extend(rows.into_iter().map(line));
    text(&out)
}

/// A text as a CSV field that no spreadsheet takes for a formula; numbers keep their sign.
pub fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t']) && text.parse::<f64>().is_err();
    let guarded = if is_formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_become_formulas_or_columns() {
        assert_eq!(["17", "-0.5", "=1+1"].map(field), ["17", "-0.5", "'=1+1"]);
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
