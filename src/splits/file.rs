//! A split given row by row, to repeat exactly what another program judged.
//!
//! CSV with a header: `row,part` (0-based data row of the ratings file as published) or `user,item,part` (ids). Parts: `base`, `meta`, `test`. Ratings that the
//! file does not name are unused. Where the ratings hold a pair more than once, any of its rows names the one rating that is kept.

use super::{Part, Split};
use crate::dataset::Dataset;
use crate::error::{Error, Result, shown};
use crate::key::{Key, KeyBuilder};
use crate::kind::{Kind, Options};
use crate::suggest;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

crate::options! {
    /// Reads the parts from a file.
    pub struct File {
        /// The CSV, relative to the folder of the TOML.
        pub path: String = String::new();
    }
}

impl File {
    fn read_options(reader: &crate::kind::Reader<'_>) -> Self {
        let mut file = Self::read(reader);
        if file.path.is_empty() {
            reader.refuse_key(
                "path",
                "a file split needs a path".into(),
                Some("path = \"split.csv\", with the columns row,part or user,item,part".into()),
            );
        } else {
            file.path = reader.resolve("path", &file.path);
            reader.check_file("path", Path::new(&file.path));
        }
        file
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        let path = Path::new(&self.path);
        let about = std::fs::metadata(path).map_err(Error::io(path, "read"))?;
        if !about.is_file() {
            return Err(Error::Io {
                path: path.to_owned(),
                action: "read",
                source: std::io::Error::other("it is not a regular file"),
            });
        }
        std::fs::read(path).map_err(Error::io(path, "read"))
    }
}

impl Split for File {
    fn assign(&self, dataset: &Dataset, _seed: u64) -> Result<Vec<Part>> {
        let bytes = self.bytes()?;
        SplitFile { path: PathBuf::from(&self.path), dataset }.assign(&bytes)
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn depends_on_seed(&self) -> bool {
        false
    }

    /// The parts themselves: what a row number means depends on the order of the ratings file, which the hash of the data set leaves out.
    fn inputs(&self, dataset: &Dataset) -> Result<Option<Key>> {
        let parts: Vec<u8> = self.assign(dataset, 0)?.into_iter().map(|part| part as u8).collect();
        Ok(Some(KeyBuilder::new("split file 2").bytes(&parts).finish()))
    }
}

/// The kind.
pub const KIND: Kind<dyn Split> = Kind {
    name: "file",
    about: "a part per row, given in a CSV",
    read: |reader| Box::new(File::read_options(reader)),
    options: File::describe,
};

/// A split file being read against a data set.
struct SplitFile<'a> {
    path: PathBuf,
    dataset: &'a Dataset,
}

impl SplitFile<'_> {
    fn error(&self, line: u64, message: String, help: Option<String>) -> Error {
        Error::Data { path: self.path.clone(), line: Some(line), column: None, message, help }
    }

    fn assign(&self, bytes: &[u8]) -> Result<Vec<Part>> {
        // The line numbers of the CSV reader are right only where lines end in one character.
        let bytes: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b'\r').collect();
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(&*bytes);
        let malformed = |reason: csv::Error| {
            let line = reason.position().map_or(1, csv::Position::line);
            let message = match reason.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("found a malformed row of {len} fields, expected {expected_len} as in the header")
                }
                csv::ErrorKind::Utf8 { .. } => "found a malformed row that is not UTF-8".into(),
                _ => "found a malformed row".into(),
            };
            self.error(line, message, None)
        };
        let header: Vec<String> = reader
            .headers()
            .map_err(malformed)?
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        let names: Vec<&str> = header.iter().map(String::as_str).collect();
        let by_row = match names[..] {
            ["row", "part"] => true,
            ["user", "item", "part"] => false,
            _ => {
                let message =
                    format!("found the columns {}, expected row,part or user,item,part", shown(&names.join(",")));
                return Err(self.error(1, message, None));
            }
        };
        let places = self.places(by_row);
        let mut parts = vec![Part::Unused; self.dataset.n_rows()];
        let mut given: Vec<Option<String>> = vec![None; parts.len()];
        for record in reader.records() {
            let record = record.map_err(malformed)?;
            let line = record.position().map_or(0, csv::Position::line);
            let part = self.part(&record[record.len() - 1], line)?;
            let at = if by_row {
                self.row(&record[0], &places, line)?
            } else {
                self.pair(&record[0], &record[1], &places, line)?
            };
            let by = record.iter().take(record.len() - 1).collect::<Vec<_>>().join(",");
            match &given[at] {
                None => given[at] = Some(by),
                Some(before) if *before == by => {
                    return Err(self.error(line, "found a second part for one rating, expected one".into(), None));
                }
                Some(_) if parts[at] == part => {}
                Some(before) => {
                    let message = format!(
                        "found another part than in row {before} of the ratings, which is of the same user and item"
                    );
                    return Err(self.error(line, message, Some("rows of one (user, item) pair are one rating".into())));
                }
            }
            parts[at] = part;
        }
        Ok(parts)
    }

    /// Row in the data set, by row in the source file or by (user, item).
    fn places(&self, by_row: bool) -> HashMap<(u32, u32), usize> {
        let ratings = &self.dataset.ratings;
        if !by_row {
            return (0..ratings.len()).map(|row| ((ratings.users[row].0, ratings.items[row].0), row)).collect();
        }
        let mut places: HashMap<_, _> = (0..ratings.len()).map(|row| ((ratings.source_rows[row], 0), row)).collect();
        for &(dropped, kept) in &self.dataset.dropped_rows {
            if let Some(&row) = places.get(&(kept, 0)) {
                places.insert((dropped, 0), row);
            }
        }
        places
    }

    fn part(&self, text: &str, line: u64) -> Result<Part> {
        match text {
            "base" => Ok(Part::Base),
            "meta" => Ok(Part::Meta),
            "test" => Ok(Part::Test),
            other => Err(self.error(
                line,
                format!("found the part {:?}", shown(other)),
                Some(suggest::allowed(other, ["base", "meta", "test"])),
            )),
        }
    }

    fn row(&self, text: &str, places: &HashMap<(u32, u32), usize>, line: u64) -> Result<usize> {
        let row = text.parse().ok().and_then(|row: u32| places.get(&(row, 0)).copied());
        row.ok_or_else(|| {
            self.error(
                line,
                format!("found the row {:?}, expected a data row of the ratings, from 0", shown(text)),
                None,
            )
        })
    }

    fn pair(&self, user: &str, item: &str, places: &HashMap<(u32, u32), usize>, line: u64) -> Result<usize> {
        let numbers = self.dataset.user_ids.number(user).zip(self.dataset.item_ids.number(item));
        let row = numbers.and_then(|pair| places.get(&pair).copied());
        row.ok_or_else(|| {
            self.error(
                line,
                format!(
                    "found user {:?} with item {:?}, expected a pair that is in the ratings",
                    shown(user),
                    shown(item)
                ),
                None,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};

    fn dataset() -> Dataset {
        let mut builder = DatasetBuilder::new(Path::new("r"));
        for (user, item) in [("b", "1"), ("a", "2"), ("a", "1")] {
            builder.rating(user, item, 3.0, 0);
        }
        builder.finish("t", Duplicates::Last).unwrap()
    }

    fn read(text: &str) -> Result<Vec<Part>> {
        let dataset = dataset();
        SplitFile { path: "s.csv".into(), dataset: &dataset }.assign(text.as_bytes())
    }

    #[test]
    fn rows_and_pairs_name_the_same_ratings() {
        // Canonical order: (a,1) from row 2, (a,2) from row 1, (b,1) from row 0.
        let expected = [Part::Base, Part::Test, Part::Unused];
        assert_eq!(read("row,part\n1,test\n2,base\n").unwrap(), expected);
        assert_eq!(read("user,item,part\r\na,2,test\r\na,1,base").unwrap(), expected);
    }

    #[test]
    fn rows_of_a_pair_that_was_rated_again_are_one_rating() {
        let mut builder = DatasetBuilder::new(Path::new("r"));
        for (user, timestamp) in [("a", 5), ("b", 1), ("a", 9)] {
            builder.rating(user, "1", 3.0, timestamp);
        }
        for duplicates in [Duplicates::First, Duplicates::Last, Duplicates::Mean] {
            let dataset = DatasetBuilder::clone(&builder).finish("t", duplicates).unwrap();
            let read = |text: &str| SplitFile { path: "s.csv".into(), dataset: &dataset }.assign(text.as_bytes());
            let expected = [Part::Test, Part::Base];
            for rows in ["0,test\n1,base\n2,test\n", "2,test\n1,base\n", "0,test\n1,base\n"] {
                assert_eq!(read(&format!("row,part\n{rows}")).unwrap(), expected, "{rows}");
            }
            let refusal = read("row,part\n0,test\n2,base\n").unwrap_err().to_string();
            assert!(refusal.starts_with("s.csv:3: found another part than in row 0 of the ratings"), "{refusal}");
        }
    }

    #[test]
    fn the_key_follows_the_rows_that_the_file_means() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s.csv");
        std::fs::write(&path, "row,part\n0,test\n1,base\n").unwrap();
        let file = File { path: path.to_string_lossy().into_owned() };
        let dataset = |rows: [(&str, &str); 2]| {
            let mut builder = DatasetBuilder::new(Path::new("r"));
            rows.iter().for_each(|(user, item)| builder.rating(user, item, 3.0, 0));
            builder.finish("t", Duplicates::Last).unwrap()
        };
        let (one, other) = (dataset([("a", "1"), ("b", "1")]), dataset([("b", "1"), ("a", "1")]));
        assert_eq!(one.hash, other.hash);
        assert_ne!(file.inputs(&one).unwrap(), file.inputs(&other).unwrap());
    }

    #[test]
    fn bad_rows_are_refused_with_their_line() {
        for (text, message) in [
            (
                "row,part\n0,tset\n",
                "s.csv:2: found the part \"tset\"\n  allowed: base, meta, test; did you mean \"test\"?",
            ),
            ("row,part\n0,test\n9,test\n", "s.csv:3: found the row \"9\", expected a data row of the ratings, from 0"),
            ("row,part\n0,test\n0,base\n", "s.csv:3: found a second part for one rating, expected one"),
            (
                "user,item,part\na,7,base\n",
                "s.csv:2: found user \"a\" with item \"7\", expected a pair that is in the ratings",
            ),
            ("row,part\r\n0,base\r\n1,bogus\r\n", "s.csv:3: found the part \"bogus\"\n  allowed: base, meta, test"),
            ("a,b\n", "s.csv:1: found the columns a,b, expected row,part or user,item,part"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), message);
        }
        assert!(read("row,part\n1\n").unwrap_err().to_string().contains("malformed"));
    }
}
