//! Rows as lines of text: CSV with a header, or one JSON object a line.
//!
//! Numbers are the shortest text that reads back as the same number. What a row does not have is an empty CSV cell, and `null` in JSON.
//! A cell is the text itself, quoted where CSV asks for it: a program reads back what the store holds. (`rexp users`, which is for eyes and spreadsheets, puts a `'`
//! before what a spreadsheet would take for a formula.)

use crate::error::{Error, Result};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header, quoted as RFC 4180 says, lines ended by `\n`.
    Csv,
    /// One JSON object a line, keys in the order of the columns.
    Jsonl,
}

/// Where rows of one table go.
pub struct Lines<W: Write> {
    to: To<W>,
    /// Name for errors.
    path: PathBuf,
}

enum To<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Lines<W> {
    /// Begins a table with the columns of `R`.
    ///
    /// # Errors
    /// [`Error::Io`], so for all functions here.
    pub fn begin<R: Serialize + Default>(format: Format, out: W, path: &Path) -> Result<Self> {
        let path = path.to_owned();
        let to = match format {
            Format::Jsonl => To::Jsonl(out),
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                csv.write_record(columns::<R>()).map_err(|error| failed(&path, reason(error)))?;
                To::Csv(Box::new(csv))
            }
        };
        Ok(Self { to, path })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn row(&mut self, row: &impl Serialize) -> Result<()> {
        let written = match &mut self.to {
            To::Csv(csv) => csv.serialize(row).map_err(reason),
            To::Jsonl(out) => {
                serde_json::to_writer(&mut *out, row).map_err(io::Error::from).and_then(|()| out.write_all(b"\n"))
            }
        };
        written.map_err(|reason| failed(&self.path, reason))
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn end(mut self) -> Result<()> {
        let flushed = match &mut self.to {
            To::Csv(csv) => csv.flush(),
            To::Jsonl(out) => out.flush(),
        };
        flushed.map_err(|reason| failed(&self.path, reason))
    }
}

/// The names of the fields of a row, in their order.
fn columns<R: Serialize + Default>() -> Vec<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    // Memory cannot refuse a row of numbers and texts; names of fields hold neither commas nor quotes.
    let header = csv.serialize(R::default()).ok().and_then(|()| csv.into_inner().ok()).unwrap_or_default();
    let header = String::from_utf8_lossy(&header);
    header.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect()
}

/// The system's own reason, where it is one: a closed pipe must be known as one.
fn reason(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(reason) => reason,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn failed(path: &Path, reason: io::Error) -> Error {
    Error::io(path, "write")(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Default)]
    struct Row<'a> {
        name: &'a str,
        k: Option<u64>,
        value: f64,
        is_it: bool,
    }

    fn written(format: Format, rows: &[Row<'_>]) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::begin::<Row<'_>>(format, &mut out, Path::new("x")).unwrap();
        rows.iter().for_each(|row| lines.row(row).unwrap());
        lines.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_without_rows_still_has_its_columns() {
        assert_eq!(written(Format::Csv, &[]), "name,k,value,is_it\n");
        assert_eq!(written(Format::Jsonl, &[]), "");
    }

    #[test]
    fn hostile_text_stays_in_its_cell_and_numbers_keep_every_bit() {
        let name = "a, \"b\"\n<script>=1+1\t";
        let row = || Row { name, k: None, value: 0.1 + 0.2, is_it: true };
        let text = written(Format::Csv, &[row()]);
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let cells = csv.records().next().unwrap().unwrap();
        assert_eq!(cells.iter().collect::<Vec<_>>(), [name, "", "0.30000000000000004", "true"]);
        let json = written(Format::Jsonl, &[row(), row()]);
        assert_eq!(json.lines().count(), 2);
        assert!(json.starts_with("{\"name\":"), "{json}");
        let json: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        assert_eq!((json["name"].as_str(), json["value"].as_f64()), (Some(name), Some(0.1 + 0.2)));
        assert!(json["k"].is_null());
    }
}
