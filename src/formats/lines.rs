//! The lines of a regular file, one buffer at a time: LF or CRLF, with or without a final line end, with or without a byte order mark.
//!
//! A file of any size is read in constant memory, and no line may be longer than [`MAX_LINE`]: a file that is one endless line (a disk image named
//! `ratings.csv`) is refused after one mebibyte instead of being swallowed.

use crate::error::{Error, Result};
use crate::parallel;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest line accepted, in bytes without its line end.
pub const MAX_LINE: usize = 1 << 20;

/// Reads a file line by line.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    number: u64,
    at_end: bool,
}

impl Lines {
    /// Opens a regular file and skips its byte order mark.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Data`] when it is a folder, a pipe or a device, or UTF-16.
    pub fn open(path: &Path) -> Result<Self> {
        // Asked before opening: to open a pipe nobody writes to would wait for ever.
        regular(path, &fs::metadata(path).map_err(Error::io(path, "read"))?)?;
        let file = File::open(path).map_err(Error::io(path, "read"))?;
        regular(path, &file.metadata().map_err(Error::io(path, "read"))?)?;
        let buffer = vec![0; MAX_LINE + (64 << 10)];
        let mut lines = Self { path: path.to_owned(), file, buffer, start: 0, end: 0, number: 0, at_end: false };
        lines.fill()?;
        let first = &lines.buffer[..lines.end];
        if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
            let help = Some("save it as UTF-8".into());
            let message = "found UTF-16 text, expected UTF-8".into();
            return Err(Error::Data { path: path.to_owned(), line: Some(1), column: Some(1), message, help });
        }
        if first.starts_with(&[0xef, 0xbb, 0xbf]) {
            lines.start = 3;
        }
        Ok(lines)
    }

    /// The next line without its line end, and its 1-based number.
    ///
    /// # Errors
    /// [`Error::Io`] when reading fails, [`Error::Data`] for a line over [`MAX_LINE`], [`Error::Interrupted`] when asked to stop.
    #[inline]
    pub fn next_line(&mut self) -> Result<Option<(u64, &[u8])>> {
        let mut searched = 0;
        let length = loop {
            match memchr::memchr(b'\n', &self.buffer[self.start + searched..self.end]) {
                Some(at) => break searched + at,
                None if self.at_end => break self.end - self.start,
                None => {
                    searched = self.end - self.start;
                    if searched <= MAX_LINE {
                        self.fill()?;
                    } else {
                        break searched;
                    }
                }
            }
        };
        if length == 0 && self.start == self.end {
            return Ok(None);
        }
        self.number += 1;
        let line = &self.buffer[self.start..self.start + length];
        self.start = (self.start + length + 1).min(self.end);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > MAX_LINE { Err(too_long(&self.path, self.number)) } else { Ok(Some((self.number, line))) }
    }

    /// Moves what is unread to the front and reads on behind it.
    fn fill(&mut self) -> Result<()> {
        parallel::check()?;
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < self.buffer.len() && !self.at_end {
            match self.file.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(n) => self.end += n,
                Err(reason) if reason.kind() == std::io::ErrorKind::Interrupted => parallel::check()?,
                Err(reason) => return Err(Error::io(&self.path, "read")(reason)),
            }
        }
        Ok(())
    }
}

/// Whether every line of a file is valid UTF-8.
///
/// # Errors
/// Those of [`Lines`].
pub fn is_utf8(path: &Path) -> Result<bool> {
    let mut lines = Lines::open(path)?;
    while let Some((_, line)) = lines.next_line()? {
        if std::str::from_utf8(line).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn too_long(path: &Path, line: u64) -> Error {
    let message = format!("found a line of more than {MAX_LINE} bytes, expected a shorter one");
    Error::Data {
        path: path.to_owned(),
        line: Some(line),
        column: None,
        message,
        help: Some("is it a text file?".into()),
    }
}

fn regular(path: &Path, metadata: &fs::Metadata) -> Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let found = if metadata.is_dir() { "a folder" } else { "a pipe or device" };
    let message = format!("found {found}, expected a regular file");
    Err(Error::Data { path: path.to_owned(), line: None, column: None, message, help: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(bytes: &[u8]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, bytes).unwrap();
        let mut lines = Lines::open(&path)?;
        let mut out = Vec::new();
        while let Some((number, line)) = lines.next_line()? {
            out.push(format!("{number}:{}", String::from_utf8_lossy(line)));
        }
        Ok(out)
    }

    #[test]
    fn line_ends_marks_and_a_missing_last_end_do_not_matter() {
        for text in ["a\nb\n", "a\r\nb\r\n", "\u{feff}a\nb", "a\nb\r\n"] {
            assert_eq!(lines_of(text.as_bytes()).unwrap(), ["1:a", "2:b"], "{text:?}");
        }
        assert_eq!(lines_of(b"a\n\nb").unwrap(), ["1:a", "2:", "3:b"]);
        assert!(lines_of(b"").unwrap().is_empty());
    }

    #[test]
    fn lines_longer_than_what_is_buffered_at_once_stay_whole() {
        let text: String = (0..400_000).map(|n| format!("{n},{}\n", n * 7)).collect();
        let lines = lines_of(text.as_bytes()).unwrap();
        assert_eq!((lines.len(), lines[399_999].as_str()), (400_000, "400000:399999,2799993"));
        let longest = "x".repeat(MAX_LINE);
        assert_eq!(lines_of(format!("{longest}\r\nb").as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn an_endless_line_is_refused_with_its_number() {
        for length in [MAX_LINE + 1, 3 * MAX_LINE] {
            let error = lines_of(format!("a\n{}", "x".repeat(length)).as_bytes()).unwrap_err().to_string();
            assert!(error.contains(":2: found a line of more than 1048576 bytes"), "{error}");
        }
    }

    #[test]
    fn folders_pipes_and_other_encodings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            Lines::open(folder.path()).unwrap_err().to_string().contains("found a folder, expected a regular file")
        );
        let device = Lines::open(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(device, "/dev/zero: found a pipe or device, expected a regular file");
        assert!(lines_of(b"\xff\xfea\0").unwrap_err().to_string().contains("1:1: found UTF-16 text, expected UTF-8"));
        assert!(matches!(Lines::open(&folder.path().join("none")), Err(Error::Io { .. })));
    }
}
