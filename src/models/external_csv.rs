//! The strict reader of `user,item,score` files: every value has a line and a column, and no bad row passes in silence.
//!
//! Not the csv crate: it takes an unclosed quote as the start of a field that swallows all following rows, and it keeps no columns. A score file holds
//! three short fields a line, so a field never holds a line break here.

use crate::error::{Error, Result, shown};
use std::borrow::Cow;
use std::path::Path;

/// The columns, all of which must be there.
const COLUMNS: [&str; 3] = ["user", "item", "score"];

/// Longest line, in bytes.
const LONGEST_LINE: usize = 1 << 20;

/// 1-based line, and column in characters.
pub(super) type Position = (u64, u64);

/// One row of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ScoreRow {
    /// External id of the user.
    pub user: String,
    /// External id of the item.
    pub item: String,
    /// Finite.
    pub score: f32,
    /// Where the score stands.
    pub score_at: Position,
}

/// One value of a line, and the column it starts in.
struct Field<'a> {
    value: Cow<'a, str>,
    column: u64,
}

/// Reads a whole file. Line ends may be LF or CRLF, a byte order mark is skipped, empty lines at the end are ignored.
///
/// # Errors
/// [`Error::Data`] with line and column for the first thing that is wrong.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<ScoreRow>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_end();
    let mut lines = bytes.split(|&byte| byte == b'\n').zip(1..);
    // `split` yields at least one line, be it empty.
    let columns = columns(path, lines.next().map_or(&[], |(line, _)| line))?;
    let mut rows = Vec::new();
    for (line, number) in lines {
        let fields = fields(path, line, number)?;
        if fields.len() != COLUMNS.len() {
            let message = format!("found {} fields, expected {}", fields.len(), COLUMNS.len());
            return Err(data_error(path, Some((number, 1)), message));
        }
        let [user, item, score] = columns.map(|column| &fields[column]);
        for (field, name) in [(user, "user"), (item, "item")] {
            if field.value.is_empty() {
                return Err(data_error(path, Some((number, field.column)), format!("found an empty {name} id")));
            }
        }
        let score_at = (number, score.column);
        let value = score.value.trim().parse().ok().filter(|score: &f32| score.is_finite()).ok_or_else(|| {
            data_error(path, Some(score_at), format!("found {:?}, expected a finite number", shown(&score.value)))
        })?;
        rows.push(ScoreRow { user: user.value.to_string(), item: item.value.to_string(), score: value, score_at });
    }
    Ok(rows)
}

/// An error about the file, at a place in it.
pub(super) fn data_error(path: &Path, place: Option<Position>, message: String) -> Error {
    let help = Some("expected a CSV with the columns user, item and score, one row per pair".into());
    let (line, column) = (place.map(|place| place.0), place.map(|place| place.1));
    Error::Data { path: path.to_owned(), line, column, message, help }
}

/// Where user, item and score stand in a line, from the header.
fn columns(path: &Path, header: &[u8]) -> Result<[usize; 3]> {
    let header = fields(path, header, 1)?;
    for (at, field) in header.iter().enumerate() {
        let name = field.value.as_ref();
        if !COLUMNS.contains(&name) || header[..at].iter().any(|other| other.value == name) {
            let what = if COLUMNS.contains(&name) { "a second" } else { "the unknown" };
            let message = format!("found {what} column {:?}, expected user, item and score", shown(name));
            return Err(data_error(path, Some((1, field.column)), message));
        }
    }
    let mut columns = [0; 3];
    for (column, name) in columns.iter_mut().zip(COLUMNS) {
        *column = header.iter().position(|field| field.value == name).ok_or_else(|| {
            data_error(path, Some((1, 1)), format!("found no column {name:?}, expected user, item and score"))
        })?;
    }
    Ok(columns)
}

/// Cuts a line at its commas. A field in quotes may hold commas, and quotes written twice; it must end in its line.
fn fields<'a>(path: &Path, line: &'a [u8], number: u64) -> Result<Vec<Field<'a>>> {
    let refuse = |at: usize, message: &str| Err(data_error(path, Some((number, at as u64)), message.into()));
    if line.len() > LONGEST_LINE {
        return refuse(1, "found a line of more than 1 MiB, expected three short fields");
    }
    let Ok(line) = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) else {
        return refuse(1, "found bytes that are not UTF-8, expected text");
    };
    let mut fields = Vec::with_capacity(COLUMNS.len());
    let mut rest = line;
    loop {
        let column = line[..line.len() - rest.len()].chars().count() + 1;
        let (value, length) = match rest.strip_prefix('"') {
            None => {
                let length = rest.find(',').unwrap_or(rest.len());
                (Cow::Borrowed(&rest[..length]), length)
            }
            Some(quoted) => {
                let Some(length) = closing_quote(quoted) else {
                    return refuse(column, "found a quote that is not closed in its line");
                };
                (Cow::Owned(quoted[..length].replace("\"\"", "\"")), length + 2)
            }
        };
        fields.push(Field { value, column: column as u64 });
        rest = &rest[length..];
        if rest.is_empty() {
            return Ok(fields);
        }
        let Some(next) = rest.strip_prefix(',') else {
            return refuse(column, "found text after a closing quote, expected a comma");
        };
        rest = next;
    }
}

/// Byte offset of the quote that ends a quoted field.
fn closing_quote(quoted: &str) -> Option<usize> {
    let bytes = quoted.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', _) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        read(Path::new("s.csv"), text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn line_ends_marks_and_quotes_change_nothing() {
        let plain = read(Path::new("s.csv"), b"user,item,score\n1,a,0.5\n").unwrap();
        assert_eq!(plain.len(), 1);
        let same =
            ["\u{feff}user,item,score\r\n1,a,0.5\r\n", "user,item,score\n1,a,0.5", "user,item,score\n1,a,0.5\n\n"];
        for text in same {
            assert_eq!(read(Path::new("s.csv"), text.as_bytes()).unwrap(), plain, "{text:?}");
        }
        let quoted = read(Path::new("s.csv"), b"user,\"item\",score\n\"a,\"\"b\"\"\",c,1\n").unwrap();
        assert_eq!((quoted[0].user.as_str(), quoted[0].score_at), ("a,\"b\"", (2, 13)));
    }

    #[test]
    fn what_is_no_finite_number_is_refused() {
        for score in ["nan", "inf", "-inf", "1e39", "", "x"] {
            let message = message(&format!("user,item,score\n1,a,1\n1,ä,{score}\n"));
            assert!(message.starts_with(&format!("s.csv:3:5: found {score:?}, expected a finite number")), "{message}");
        }
    }

    #[test]
    fn headers_must_name_three_columns_once() {
        assert!(message("").contains("s.csv:1:1: found the unknown column \"\""));
        assert!(message("user,item\n").contains("found no column \"score\""));
        assert!(message("user,item,rating\n").contains("s.csv:1:11: found the unknown column \"rating\""));
        assert!(message("user,item,user\n").contains("s.csv:1:11: found a second column \"user\""));
    }

    #[test]
    fn broken_lines_are_refused_where_they_break() {
        assert!(message("user,item,score\n1,\"a,1\n2,a\",1\n").contains("s.csv:2:3: found a quote that is not closed"));
        assert!(message("user,item,score\n\"1\"x,a,1\n").contains("s.csv:2:1: found text after a closing quote"));
        assert!(message("user,item,score\n1,a\n").contains("s.csv:2:1: found 2 fields, expected 3"));
        assert!(message("user,item,score\n\n1,a,1\n").contains("s.csv:2:1: found 1 fields"));
        assert!(message("user,item,score\n,a,1\n").contains("s.csv:2:1: found an empty user id"));
        let not_text = read(Path::new("s.csv"), b"user,item,score\n\xff,a,1\n").unwrap_err().to_string();
        assert!(not_text.contains("s.csv:2:1: found bytes that are not UTF-8"), "{not_text}");
    }
}
