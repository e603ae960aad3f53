//! Cutting one line into fields: a fast way for plain lines and an exact one for quoted fields.

use memchr::memmem::Finder;
use std::borrow::Cow;

/// A line that cannot be taken: where (1-based, in characters), and `found X, expected Y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// 1-based column.
    pub column: u64,
    /// What is wrong.
    pub message: String,
}

/// Cuts lines into fields; keeps its memory from line to line.
pub struct Splitter {
    separator: Vec<u8>,
    finder: Finder<'static>,
    quotes: bool,
    latin1: bool,
    /// The line decoded from Latin-1.
    decoded: String,
    /// The fields of a line with quotes, unquoted, one after another.
    unquoted: String,
    /// Start and end of each field in the text it is taken from.
    spans: Vec<(u32, u32)>,
    /// Start of each field in the line itself, for lines with quotes.
    starts: Vec<u32>,
}

/// The fields of one line.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The line as it stands in the file.
    line: &'a str,
    /// What the spans cut.
    text: &'a str,
    spans: &'a [(u32, u32)],
    /// Empty when the spans cut the line itself.
    starts: &'a [u32],
}

impl<'a> Parts<'a> {
    /// Number of fields; at least 1.
    #[inline]
    pub fn n_fields(&self) -> usize {
        self.spans.len()
    }

    /// The text of a field.
    ///
    /// # Panics
    /// When there is no such field.
    #[inline]
    pub fn field(&self, number: usize) -> &'a str {
        let (start, end) = self.spans[number];
        &self.text[start as usize..end as usize]
    }

    /// 1-based column, in characters, where a field starts in the file.
    pub fn column(&self, number: usize) -> u64 {
        let start = self.starts.get(number).copied().unwrap_or(self.spans[number].0);
        column_at(self.line, start as usize)
    }

    /// 1-based column just after the line's last character.
    pub fn end_column(&self) -> u64 {
        column_at(self.line, self.line.len())
    }
}

fn column_at(line: &str, byte: usize) -> u64 {
    line[..byte].chars().count() as u64 + 1
}

impl Splitter {
    /// A splitter at a separator, which must not be empty. Lines are at most 2^32 bytes long.
    pub fn new(separator: &str, quotes: bool, latin1: bool) -> Self {
        debug_assert!(!separator.is_empty());
        Self {
            separator: separator.as_bytes().to_vec(),
            finder: Finder::new(separator.as_bytes()).into_owned(),
            quotes,
            latin1,
            decoded: String::new(),
            unquoted: String::new(),
            spans: Vec::new(),
            starts: Vec::new(),
        }
    }

    /// Cuts a line.
    ///
    /// # Errors
    /// Bytes that are not UTF-8, a carriage return inside the line, a quote that is not closed, text after a closing quote.
    #[inline]
    pub fn split<'a>(&'a mut self, line: &'a [u8]) -> Result<Parts<'a>, Broken> {
        let line = if self.latin1 && !line.is_ascii() {
            self.decoded.clear();
            self.decoded.extend(line.iter().map(|&byte| char::from(byte)));
            self.decoded.as_str()
        } else {
            std::str::from_utf8(line).map_err(|reason| not_utf8(line, reason.valid_up_to()))?
        };
        self.spans.clear();
        self.starts.clear();
        let special = memchr::memchr2(b'"', b'\r', line.as_bytes());
        if special.is_some() {
            if let Some(at) = memchr::memchr(b'\r', line.as_bytes()) {
                let message = "found a carriage return inside the line, expected lines that end in LF or CRLF".into();
                return Err(Broken { column: column_at(line, at), message });
            }
            if self.quotes {
                split_quoted(line, &self.separator, &mut self.unquoted, &mut self.spans, &mut self.starts)?;
                return Ok(Parts { line, text: &self.unquoted, spans: &self.spans, starts: &self.starts });
            }
        }
        let mut start = 0;
        if let [separator] = *self.separator {
            for (at, &byte) in line.as_bytes().iter().enumerate() {
                if byte == separator {
                    self.spans.push((start, at as u32));
                    start = at as u32 + 1;
                }
            }
        } else {
            for at in self.finder.find_iter(line.as_bytes()) {
                self.spans.push((start, at as u32));
                start = (at + self.separator.len()) as u32;
            }
        }
        self.spans.push((start, line.len() as u32));
        Ok(Parts { line, text: line, spans: &self.spans, starts: &self.starts })
    }

    /// A line as text, to be shown.
    pub fn decoded<'a>(&self, line: &'a [u8]) -> Cow<'a, str> {
        if self.latin1 {
            Cow::Owned(line.iter().map(|&byte| char::from(byte)).collect())
        } else {
            String::from_utf8_lossy(line)
        }
    }
}

#[cold]
fn not_utf8(line: &[u8], valid: usize) -> Broken {
    let column = String::from_utf8_lossy(&line[..valid]).chars().count() as u64 + 1;
    Broken { column, message: format!("found the byte 0x{:02x}, expected UTF-8", line[valid]) }
}

fn split_quoted(
    line: &str,
    separator: &[u8],
    unquoted: &mut String,
    spans: &mut Vec<(u32, u32)>,
    starts: &mut Vec<u32>,
) -> Result<(), Broken> {
    unquoted.clear();
    let mut at = 0;
    loop {
        let from = unquoted.len() as u32;
        starts.push(at as u32);
        at = if line.as_bytes().get(at) == Some(&b'"') {
            quoted_field(line, at, separator, unquoted)?
        } else {
            let length = memchr::memmem::find(&line.as_bytes()[at..], separator).unwrap_or(line.len() - at);
            unquoted.push_str(&line[at..at + length]);
            at + length
        };
        spans.push((from, unquoted.len() as u32));
        if at == line.len() {
            return Ok(());
        }
        at += separator.len();
    }
}

/// Unquotes the field whose opening quote is at `opening`; returns the byte after its closing quote: the separator or the line's end.
fn quoted_field(line: &str, opening: usize, separator: &[u8], unquoted: &mut String) -> Result<usize, Broken> {
    let mut at = opening + 1;
    loop {
        let Some(length) = memchr::memchr(b'"', &line.as_bytes()[at..]) else {
            let message = "found a quote that is not closed on its line, expected a closing quote".into();
            return Err(Broken { column: column_at(line, opening), message });
        };
        unquoted.push_str(&line[at..at + length]);
        at += length + 1;
        if line.as_bytes().get(at) == Some(&b'"') {
            unquoted.push('"');
            at += 1;
        } else if at == line.len() || line.as_bytes()[at..].starts_with(separator) {
            return Ok(at);
        } else {
            let message = "found text after a closing quote, expected the separator or the end of the line".into();
            return Err(Broken { column: column_at(line, at), message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(line: &str, separator: &str) -> Result<Vec<String>, Broken> {
        let mut splitter = Splitter::new(separator, true, false);
        let parts = splitter.split(line.as_bytes())?;
        Ok((0..parts.n_fields()).map(|at| parts.field(at).to_owned()).collect())
    }

    #[test]
    fn plain_and_quoted_fields_of_any_separator() {
        assert_eq!(cut("1,2,,", ",").unwrap(), ["1", "2", "", ""]);
        assert_eq!(cut("1::a:b::c", "::").unwrap(), ["1", "a:b", "c"]);
        assert_eq!(cut("7,\"11'09\"\"01, \"\"x\"\"\",Drama", ",").unwrap(), ["7", "11'09\"01, \"x\"", "Drama"]);
        assert_eq!(cut("\"a\"::\"\"::é\"b", "::").unwrap(), ["a", "", "é\"b"]);
        assert_eq!(cut("\"\",", ",").unwrap(), ["", ""]);
    }

    #[test]
    fn open_quotes_and_text_behind_quotes_are_placed_in_characters() {
        assert_eq!(cut("é,\"b,c", ",").unwrap_err().column, 3);
        let broken = cut("é,\"b\"c,d", ",").unwrap_err();
        assert_eq!((broken.column, &broken.message[..31]), (6, "found text after a closing quot"));
        assert_eq!(cut("a,b\rc", ",").unwrap_err().column, 4);
    }

    #[test]
    fn latin_1_is_decoded_and_broken_utf_8_is_placed() {
        let mut splitter = Splitter::new("|", false, true);
        let parts = splitter.split(b"1|Mis\xe9rables \"|x").unwrap();
        assert_eq!((parts.field(1), parts.column(2)), ("Misérables \"", 16));
        let broken = Splitter::new(",", true, false).split(b"\xc3\xa9,\xff").unwrap_err();
        assert_eq!((broken.column, broken.message.as_str()), (3, "found the byte 0xff, expected UTF-8"));
    }
}
