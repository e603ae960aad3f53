//! Rows of delimited text, read strictly: what is not understood is refused with its place, never guessed at and never dropped.
//!
//! Why not the `csv` crate: an unclosed quote silently merges rows there, and `nan` or `1e999` pass as ratings. Rating files hold no line break inside a
//! field, so a row is a line: an unclosed quote is found on the line that opens it, the line number of every error is exact, and a plain line costs two
//! passes over its bytes. Given up: fields with line breaks.

use super::lines::{self, Lines};
use super::split::{Broken, Parts, Splitter};
use crate::error::{Error, Result, plural, shown};
use crate::suggest;
use std::path::Path;

/// Most columns a file may have.
pub const MAX_COLUMNS: usize = 64;

crate::choices! {
    /// How bytes become characters.
    pub enum Encoding {
        Utf8 = "utf-8", "UTF-8";
        Latin1 = "latin-1", "ISO 8859-1";
        Detect = "detect", "UTF-8 if the whole file is, else ISO 8859-1";
    }
}

/// How a file is laid out, and which of its columns are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// What stands between two fields; not empty.
    pub separator: &'a str,
    /// Whether `"` at the start of a field quotes it (and `""` inside stands for one quote).
    pub quotes: bool,
    /// How bytes become characters.
    pub encoding: Encoding,
    /// Which columns are wanted.
    pub columns: Columns<'a>,
}

/// The wanted columns; fields of a [`Row`] are numbered in this order.
#[derive(Debug, Clone, Copy)]
pub enum Columns<'a> {
    /// The first line names the columns, in any order; others may stand between them.
    Named(&'a [&'a str]),
    /// There is no header: 0-based positions and what to call them in messages.
    Numbered {
        /// Position and name of each wanted column.
        wanted: &'a [(usize, &'a str)],
        /// Fields per row; `None`: as many as the first row has.
        width: Option<usize>,
    },
}

/// One row: its wanted fields.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    parts: Parts<'a>,
    wanted: &'a [usize],
}

/// A field that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Number of the wanted field.
    pub field: usize,
    /// What was expected instead.
    pub expected: &'static str,
}

impl<'a> Row<'a> {
    /// The text of a wanted field, unquoted.
    #[inline]
    pub fn text(&self, field: usize) -> &'a str {
        self.parts.field(self.wanted[field])
    }

    /// The text of an id, which is never empty.
    ///
    /// # Errors
    /// An empty field.
    #[inline]
    pub fn id(&self, field: usize) -> Result<&'a str, Fault> {
        let text = self.text(field);
        if text.is_empty() { Err(Fault { field, expected: "an id" }) } else { Ok(text) }
    }

    /// A rating: a finite number.
    ///
    /// # Errors
    /// Anything else, `nan`, `inf` and numbers beyond f32 among it.
    #[inline]
    pub fn rating(&self, field: usize) -> Result<f32, Fault> {
        let text = self.text(field);
        // Nearly all ratings are `4` or `3.5`; both ways of reading give the nearest f32.
        match *text.as_bytes() {
            [whole] if whole.is_ascii_digit() => return Ok(f32::from(whole - b'0')),
            [whole, b'.', tenth] if whole.is_ascii_digit() && tenth.is_ascii_digit() => {
                return Ok(f32::from((whole - b'0') * 10 + (tenth - b'0')) / 10.0);
            }
            _ => {}
        }
        match text.parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(Fault { field, expected: "a finite number" }),
        }
    }

    /// A timestamp: whole seconds since 1970.
    ///
    /// # Errors
    /// Anything else.
    #[inline]
    pub fn timestamp(&self, field: usize) -> Result<i64, Fault> {
        self.text(field).parse().map_err(|_| Fault { field, expected: "whole seconds since 1970" })
    }
}

/// Gives every data row to `each`, in file order, and returns their number. Empty lines are no rows.
///
/// Rows that cannot be split, and those that `each` finds fault with, are counted; the first is reported when all have been seen.
///
/// # Errors
/// [`Error::Data`] for a header without a wanted column or for the first bad row; those of [`Lines`].
pub fn read(path: &Path, layout: &Layout<'_>, mut each: impl FnMut(&Row<'_>) -> Result<(), Fault>) -> Result<u64> {
    let latin1 = match layout.encoding {
        Encoding::Utf8 => false,
        Encoding::Latin1 => true,
        Encoding::Detect => !lines::is_utf8(path)?,
    };
    let mut lines = Lines::open(path)?;
    let mut splitter = Splitter::new(layout.separator, layout.quotes, latin1);
    let mut plan = Plan::new(path, layout, &mut lines, &mut splitter)?;
    let mut bad = BadRows { path, first: None, count: 0 };
    let mut n_rows = 0;
    while let Some((number, line)) = lines.next_line()? {
        if line.is_empty() {
            continue;
        }
        let taken = splitter.split(line).and_then(|parts| {
            plan.check_width(&parts)?;
            let row = Row { parts, wanted: &plan.wanted };
            each(&row).map_err(|fault| plan.broken(&row, fault))
        });
        match taken {
            Ok(()) => n_rows += 1,
            Err(broken) => bad.add(number, broken, &splitter.decoded(line)),
        }
    }
    bad.finish(n_rows)
}

/// Where the wanted columns stand.
struct Plan {
    /// Position of each wanted column.
    wanted: Vec<usize>,
    /// What each is called.
    names: Vec<String>,
    /// Fields per row; 0 until the first row of a file without header and stated width.
    width: usize,
}

impl Plan {
    fn new(path: &Path, layout: &Layout<'_>, lines: &mut Lines, splitter: &mut Splitter) -> Result<Self> {
        let wanted = match layout.columns {
            Columns::Named(wanted) => wanted,
            Columns::Numbered { wanted, width } => {
                let names = wanted.iter().map(|(_, name)| (*name).to_owned()).collect();
                let wanted = wanted.iter().map(|(position, _)| *position).collect();
                return Ok(Self { wanted, names, width: width.unwrap_or(0) });
            }
        };
        let place = |line: Option<u64>, column: Option<u64>, message: String, help: Option<String>| Error::Data {
            path: path.to_owned(),
            line,
            column,
            message,
            help,
        };
        let Some((number, line)) = lines.next_line()? else {
            let expected = format!("found an empty file, expected a header with {}", wanted.join(", "));
            return Err(place(None, None, expected, None));
        };
        let split =
            splitter.split(line).map(|parts| (0..parts.n_fields()).map(|at| parts.field(at).to_owned()).collect());
        let header: Vec<String> =
            split.map_err(|broken| place(Some(number), Some(broken.column), broken.message, None))?;
        if header.len() > MAX_COLUMNS {
            let message = format!("found {} columns, expected at most {MAX_COLUMNS}", header.len());
            return Err(place(Some(number), None, message, Some("is the separator right?".into())));
        }
        let mut positions = Vec::with_capacity(wanted.len());
        for &name in wanted {
            let mut found = header.iter().enumerate().filter(|(_, column)| *column == name).map(|(at, _)| at);
            match (found.next(), found.next()) {
                (Some(position), None) => positions.push(position),
                (Some(_), Some(_)) => {
                    return Err(place(Some(number), None, format!("found two columns {name:?}, expected one"), None));
                }
                (None, _) => {
                    let message = format!("found no column {name:?}, expected it in the header");
                    return Err(place(Some(number), None, message, Some(columns_there_are(name, &header))));
                }
            }
        }
        let names = wanted.iter().map(|&name| name.to_owned()).collect();
        Ok(Self { wanted: positions, names, width: header.len() })
    }

    #[inline]
    fn check_width(&mut self, parts: &Parts<'_>) -> Result<(), Broken> {
        if parts.n_fields() == self.width { Ok(()) } else { self.wrong_width(parts) }
    }

    #[cold]
    fn wrong_width(&mut self, parts: &Parts<'_>) -> Result<(), Broken> {
        let least = self.wanted.iter().max().map_or(0, |last| last + 1);
        let n = parts.n_fields();
        if self.width == 0 && (least..=MAX_COLUMNS).contains(&n) {
            self.width = n;
            return Ok(());
        }
        let (column, allowed) = match self.width {
            0 if n < least => (parts.end_column(), format!("at least {least}")),
            0 => (1, format!("at most {MAX_COLUMNS}")),
            width if n < width => (parts.end_column(), width.to_string()),
            width => (parts.column(width), width.to_string()),
        };
        Err(Broken { column, message: format!("found {}, expected {allowed}", plural(n, "field")) })
    }

    #[cold]
    fn broken(&self, row: &Row<'_>, fault: Fault) -> Broken {
        let found = match row.text(fault.field) {
            "" => "nothing".to_owned(),
            text => format!("{:?}", Shown(shown(text))),
        };
        let name = &self.names[fault.field];
        let message = format!("found {found} in column {name}, expected {}", fault.expected);
        Broken { column: row.parts.column(self.wanted[fault.field]), message }
    }
}

/// Text that has been escaped already, between quotes.
struct Shown(String);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

fn columns_there_are(name: &str, header: &[String]) -> String {
    let columns: Vec<String> = header.iter().map(|column| shown(column)).collect();
    let list = format!("columns: {}", columns.join(", "));
    match suggest::nearest(name, columns.iter().map(String::as_str)) {
        Some(near) => format!("{list}; did you mean {near:?}?"),
        None => list,
    }
}

/// The first bad row, and how many there are.
struct BadRows<'a> {
    path: &'a Path,
    first: Option<(u64, Broken, String)>,
    count: usize,
}

impl BadRows<'_> {
    #[cold]
    fn add(&mut self, line: u64, broken: Broken, row: &str) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((line, broken, shown(row)));
        }
    }

    fn finish(self, n_rows: u64) -> Result<u64> {
        let Some((line, Broken { column, message }, row)) = self.first else { return Ok(n_rows) };
        let rest = match self.count - 1 {
            0 => String::new(),
            more => format!("\n  and {}", plural(more, "more bad row")),
        };
        let help = Some(format!("row: {row}{rest}"));
        Err(Error::Data { path: self.path.to_owned(), line: Some(line), column: Some(column), message, help })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: Layout<'static> = Layout {
        separator: ",",
        quotes: true,
        encoding: Encoding::Utf8,
        columns: Columns::Named(&["user", "item", "rating", "timestamp"]),
    };

    fn rows_of(bytes: &[u8], layout: &Layout<'_>) -> Result<(u64, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        std::fs::write(&path, bytes).unwrap();
        let mut out = Vec::new();
        let n_rows = read(&path, layout, |row| {
            out.push(format!("{} {} {:?} {}", row.id(0)?, row.id(1)?, row.rating(2)?, row.timestamp(3)?));
            Ok(())
        })?;
        Ok((n_rows, out))
    }

    /// The message, without the folder.
    fn refused(bytes: &[u8], layout: &Layout<'_>) -> String {
        let message = rows_of(bytes, layout).unwrap_err().to_string();
        message[message.find("r.csv").unwrap()..].to_owned()
    }

    #[test]
    fn columns_may_stand_in_any_order_among_others() {
        let text = b"x,rating,item,timestamp,user\n-,4.5,i,7,u\n\n-,1e1,\"j,k\",-8,\"u\"\"v\"";
        assert_eq!(rows_of(text, &NAMED).unwrap(), (2, vec!["u i 4.5 7".into(), "u\"v j,k 10.0 -8".into()]));
    }

    #[test]
    fn short_ratings_are_read_as_the_nearest_f32() {
        for tenths in 0..100 {
            let text = format!("{}.{}", tenths / 10, tenths % 10);
            let (_, rows) = rows_of(format!("user,item,rating,timestamp\nu,i,{text},0").as_bytes(), &NAMED).unwrap();
            assert_eq!(rows, [format!("u i {:?} 0", text.parse::<f32>().unwrap())]);
        }
    }

    #[test]
    fn the_first_bad_row_is_placed_and_the_others_are_counted() {
        let case = |rows: &str| refused(format!("user,item,rating,timestamp\n1,2,3,4\n{rows}").as_bytes(), &NAMED);
        let number = "in column rating, expected a finite number\n  row:";
        for bad in ["nan", "NaN", "inf", "-Infinity", "1e999", "4.0x", "four"] {
            assert_eq!(case(&format!("1,é,{bad},4")), format!("r.csv:3:5: found \"{bad}\" {number} 1,é,{bad},4"));
        }
        assert_eq!(case("1,2,,4"), format!("r.csv:3:5: found nothing {number} 1,2,,4"));
        assert_eq!(
            case("1,2,3\n1,2,3,4\n1,2,3,4,5\n,2,3,4"),
            "r.csv:3:6: found 3 fields, expected 4\n  row: 1,2,3\n  and 2 more bad rows"
        );
        assert_eq!(case("1,2,3,4,5"), "r.csv:3:9: found 5 fields, expected 4\n  row: 1,2,3,4,5");
        assert_eq!(case(",2,3,4"), "r.csv:3:1: found nothing in column user, expected an id\n  row: ,2,3,4");
        assert_eq!(case("1,\"\",3,4"), "r.csv:3:3: found nothing in column item, expected an id\n  row: 1,\"\",3,4");
        assert_eq!(
            case("1,2,3,4.5"),
            "r.csv:3:7: found \"4.5\" in column timestamp, expected whole seconds since 1970\n  row: 1,2,3,4.5"
        );
        assert_eq!(
            case("1,\"a\n1,2,3,4\nb\",2,4"),
            "r.csv:3:3: found a quote that is not closed on its line, expected a closing quote\n  row: 1,\"a\n  and 1 more bad row"
        );
        assert_eq!(
            case("1,\"a\"b,2,4"),
            "r.csv:3:6: found text after a closing quote, expected the separator or the end of the line\n  row: 1,\"a\"b,2,4"
        );
        assert_eq!(
            case("1,\u{1b}[2J,x\u{7},4"),
            "r.csv:3:8: found \"x\\u{7}\" in column rating, expected a finite number\n  row: 1,\\u{1b}[2J,x\\u{7},4"
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_placed() {
        assert_eq!(
            refused(b"user,item,rating,timestamp\n1,a\xe9,3,4", &NAMED),
            "r.csv:2:4: found the byte 0xe9, expected UTF-8\n  row: 1,a\u{fffd},3,4"
        );
        let detect = Layout { encoding: Encoding::Detect, ..NAMED };
        assert_eq!(rows_of(b"user,item,rating,timestamp\n1,a\xe9,3,4", &detect).unwrap().1, ["1 aé 3.0 4"]);
        assert_eq!(rows_of("user,item,rating,timestamp\n1,aé,3,4".as_bytes(), &detect).unwrap().1, ["1 aé 3.0 4"]);
    }

    #[test]
    fn a_header_must_have_every_wanted_column_once() {
        assert_eq!(
            refused(b"user,item,ratings,time\n", &NAMED),
            "r.csv:1: found no column \"rating\", expected it in the header\n  columns: user, item, ratings, time; did you mean \"ratings\"?"
        );
        assert_eq!(refused(b"user,item,user,rating", &NAMED), "r.csv:1: found two columns \"user\", expected one");
        assert_eq!(
            refused(b"", &NAMED),
            "r.csv: found an empty file, expected a header with user, item, rating, timestamp"
        );
        assert_eq!(
            refused(",".repeat(64).as_bytes(), &NAMED),
            "r.csv:1: found 65 columns, expected at most 64\n  is the separator right?"
        );
        assert_eq!(
            refused(b"user,\"item", &NAMED),
            "r.csv:1:6: found a quote that is not closed on its line, expected a closing quote"
        );
    }

    #[test]
    fn without_a_header_the_first_row_says_how_many_fields_there_are() {
        let wanted = [(0, "user"), (1, "item"), (3, "rating"), (2, "timestamp")];
        let layout = Layout {
            separator: "::",
            quotes: false,
            columns: Columns::Numbered { wanted: &wanted, width: None },
            ..NAMED
        };
        assert_eq!(rows_of(b"1::\"2::3::4.0\n5::6::7::8", &layout).unwrap().1, ["1 \"2 4.0 3", "5 6 8.0 7"]);
        assert_eq!(refused(b"1::2::3", &layout), "r.csv:1:8: found 3 fields, expected at least 4\n  row: 1::2::3");
        assert_eq!(
            refused("1::".repeat(70).as_bytes(), &layout).lines().next().unwrap(),
            "r.csv:1:1: found 71 fields, expected at most 64"
        );
    }
}
