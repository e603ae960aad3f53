//! `delimited`: any file with one rating per line.

use super::rows::{Columns, Encoding, Layout, MAX_COLUMNS};
use super::tables::{ItemFields, Tables};
use super::{Format, parameters_of};
use crate::dataset::{Dataset, Duplicates};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use std::path::Path;

crate::options! {
    /// A file of ratings and, if `items_path` is set, one of items. Columns are named as in the header, or numbered from 1 when there is none.
    pub struct Delimited {
        /// File of ratings, relative to the folder of the data set.
        pub path: String = "ratings.csv".into();
        /// What stands between two fields, e.g. "," or "\t" or "::".
        pub separator: String = ",".into();
        /// Whether the first line of each file names its columns.
        pub header: bool = true;
        /// Whether a field that starts with " is quoted, with "" for a quote inside.
        pub quotes: bool = true;
        /// How bytes become characters.
        pub encoding: Encoding = Encoding::Utf8;
        /// Column of the user's id.
        pub user: String = "user".into();
        /// Column of the item's id.
        pub item: String = "item".into();
        /// Column of the rating.
        pub rating: String = "rating".into();
        /// Column of the timestamp in seconds; "" when there is none.
        pub timestamp: String = "timestamp".into();
        /// File of items, relative to the folder of the data set.
        pub items_path: Option<String> = None;
        /// Column of the item's id in the file of items.
        pub items_item: String = "item".into();
        /// Column of the title in the file of items; "" when there is none.
        pub title: String = "title".into();
        /// Column of the genres in the file of items; "" when there is none.
        pub genres: String = "genres".into();
        /// What stands between two genres.
        pub genre_separator: String = "|".into();
    }
}

/// The entry in [`super::FORMATS`].
pub const KIND: Kind<dyn Format> = Kind {
    name: "delimited",
    about: "any text file with one rating per line, and optionally one of items",
    read: |reader| Box::new(read(reader)),
    options: Delimited::describe,
};

/// Reads the options, and refuses those that cannot go together before any file is opened.
fn read(reader: &Reader<'_>) -> Delimited {
    let options = <Delimited as Options>::read(reader);
    for (key, separator) in [("separator", &options.separator), ("genre_separator", &options.genre_separator)] {
        if separator.is_empty() || separator.contains(['"', '\n', '\r']) {
            let message = format!("found {separator:?}, expected text without quotes and line ends");
            reader.refuse_key(key, message, Some(format!("e.g. {key} = \"::\"")));
        }
    }
    let rating_columns = [
        ("user", &options.user),
        ("item", &options.item),
        ("rating", &options.rating),
        ("timestamp", &options.timestamp),
    ];
    let item_columns = [("items_item", &options.items_item), ("title", &options.title), ("genres", &options.genres)];
    let used = if options.items_path.is_some() { item_columns.as_slice() } else { &[] };
    for (at, &(key, column)) in rating_columns.iter().enumerate() {
        if let Some((other, _)) = rating_columns[..at].iter().find(|(_, other)| *other == column && !column.is_empty())
        {
            let message = format!("found {column:?}, which is the column of {other:?} already");
            reader.refuse_key(key, message, Some("every role has a column of its own".into()));
        }
    }
    if options.header {
        return options;
    }
    for &(key, column) in rating_columns.iter().chain(used) {
        let optional = matches!(key, "timestamp" | "title" | "genres");
        if position(column).is_none() && !(optional && column.is_empty()) {
            let message = format!("found {column:?}, expected the number of a column, \"1\" to \"{MAX_COLUMNS}\"");
            reader.refuse_key(key, message, Some("header = false: columns are numbered, not named".into()));
        }
    }
    options
}

/// 0-based position of a column given by its 1-based number.
fn position(column: &str) -> Option<usize> {
    column.parse().ok().filter(|number| (1..=MAX_COLUMNS).contains(number)).map(|number| number - 1)
}

impl Delimited {
    /// The layout of a file of which these columns are wanted.
    fn with_layout<T>(&self, columns: &[&str], then: impl FnOnce(&Layout<'_>) -> T) -> T {
        // A column that is no number was refused with the options; one made in code is then found missing in the first row.
        let wanted: Vec<(usize, &str)> =
            columns.iter().map(|&column| (position(column).unwrap_or(MAX_COLUMNS), column)).collect();
        let columns =
            if self.header { Columns::Named(columns) } else { Columns::Numbered { wanted: &wanted, width: None } };
        then(&Layout { separator: &self.separator, quotes: self.quotes, encoding: self.encoding, columns })
    }
}

impl Format for Delimited {
    fn read(&self, folder: &Path, name: &str, duplicates: Duplicates) -> Result<Dataset> {
        let mut tables = Tables::new(folder, &self.path);
        let mut columns = vec![self.user.as_str(), &self.item, &self.rating];
        let with_timestamps = !self.timestamp.is_empty();
        if with_timestamps {
            columns.push(&self.timestamp);
        }
        self.with_layout(&columns, |layout| tables.ratings(&self.path, layout, with_timestamps))?;
        if let Some(path) = &self.items_path {
            let mut columns = vec![self.items_item.as_str()];
            let title = want(&mut columns, &self.title);
            let genres = want(&mut columns, &self.genres).map(|field| (field, self.genre_separator.as_str()));
            self.with_layout(&columns, |layout| tables.items(path, layout, ItemFields { title, genres }))?;
        }
        tables.finish(name, duplicates)
    }

    fn files(&self) -> Vec<String> {
        std::iter::once(&self.path).chain(&self.items_path).cloned().collect()
    }

    fn parameters(&self) -> serde_json::Value {
        parameters_of(self)
    }
}

/// Adds an optional column to the wanted ones and returns its field number.
fn want<'a>(columns: &mut Vec<&'a str>, column: &'a str) -> Option<usize> {
    if column.is_empty() {
        return None;
    }
    columns.push(column);
    Some(columns.len() - 1)
}
