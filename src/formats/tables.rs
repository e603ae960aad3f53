//! The three tables that text formats are made of (ratings, items, tags), read into one data set, with an account of how many rows each had.

use super::rows::{self, Fault, Layout};
use crate::dataset::{Dataset, DatasetBuilder, Duplicates, Note};
use crate::error::{Result, plural};
use std::path::{Path, PathBuf};

/// Which wanted fields of an items table, besides the id in field 0, hold what.
#[derive(Debug, Clone, Copy)]
pub struct ItemFields<'a> {
    /// The title.
    pub title: Option<usize>,
    /// The genres, and what separates them.
    pub genres: Option<(usize, &'a str)>,
}

/// Collects the tables of one data set.
pub struct Tables {
    folder: PathBuf,
    builder: DatasetBuilder,
    /// `100836 ratings in ratings.csv`, ….
    read: Vec<String>,
    n_rows: u64,
    /// Second entries of an item.
    repeated_items: usize,
    has_items: bool,
}

impl Tables {
    /// Nothing read yet; `ratings_file` is named in errors about the ratings as a whole.
    pub fn new(folder: &Path, ratings_file: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            builder: DatasetBuilder::new(&folder.join(ratings_file)),
            read: Vec::new(),
            n_rows: 0,
            repeated_items: 0,
            has_items: false,
        }
    }

    /// Whether an optional file is there. One that is there but cannot be read counts: reading it says why.
    pub fn has(&self, file: &str) -> bool {
        !matches!(self.folder.join(file).metadata(), Err(reason) if reason.kind() == std::io::ErrorKind::NotFound)
    }

    /// Reads ratings: wanted fields user, item, rating and, `with_timestamps`, timestamp.
    ///
    /// # Errors
    /// Those of [`rows::read`].
    pub fn ratings(&mut self, file: &str, layout: &Layout<'_>, with_timestamps: bool) -> Result<()> {
        let builder = &mut self.builder;
        if !with_timestamps {
            builder.without_timestamps();
        }
        let n_rows = rows::read(&self.folder.join(file), layout, |row| {
            let timestamp = if with_timestamps { row.timestamp(3)? } else { 0 };
            builder.rating(row.id(0)?, row.id(1)?, row.rating(2)?, timestamp);
            Ok(())
        })?;
        self.count(n_rows, "rating", file);
        Ok(())
    }

    /// Reads items: the id is wanted field 0.
    ///
    /// # Errors
    /// Those of [`rows::read`].
    pub fn items(&mut self, file: &str, layout: &Layout<'_>, fields: ItemFields<'_>) -> Result<()> {
        self.items_with(file, layout, |row, builder| {
            let title = fields.title.map_or("", |field| row.text(field));
            let (list, separator) = fields.genres.map_or(("", "|"), |(field, separator)| (row.text(field), separator));
            Ok(builder.item(row.id(0)?, title, list.split(separator)))
        })
    }

    /// Reads items by a rule of the format's own; `each` returns what [`DatasetBuilder::item`] returns.
    ///
    /// # Errors
    /// Those of [`rows::read`].
    pub fn items_with(
        &mut self,
        file: &str,
        layout: &Layout<'_>,
        mut each: impl FnMut(&rows::Row<'_>, &mut DatasetBuilder) -> Result<bool, Fault>,
    ) -> Result<()> {
        let (builder, repeated) = (&mut self.builder, &mut self.repeated_items);
        let n_rows = rows::read(&self.folder.join(file), layout, |row| {
            *repeated += usize::from(!each(row, builder)?);
            Ok(())
        })?;
        self.has_items = true;
        self.count(n_rows, "item", file);
        Ok(())
    }

    /// Reads tags: wanted fields user, item, tag. To be called after the other tables, which say what items there are.
    ///
    /// # Errors
    /// Those of [`rows::read`].
    pub fn tags(&mut self, file: &str, layout: &Layout<'_>) -> Result<()> {
        let builder = &mut self.builder;
        let n_rows = rows::read(&self.folder.join(file), layout, |row| {
            builder.tag(row.id(0)?, row.id(1)?, row.text(2));
            Ok(())
        })?;
        self.count(n_rows, "tag", file);
        Ok(())
    }

    fn count(&mut self, n_rows: u64, noun: &str, file: &str) {
        self.n_rows += n_rows;
        self.read.push(format!("{} in {file}", plural(usize::try_from(n_rows).unwrap_or(usize::MAX), noun)));
    }

    /// The data set; its first note says how many rows were read.
    ///
    /// # Errors
    /// Those of [`DatasetBuilder::finish`].
    pub fn finish(mut self, name: &str, duplicates: Duplicates) -> Result<Dataset> {
        let message = format!("read {}", self.read.join(", "));
        self.builder.note(Note { code: "rows-read", count: self.n_rows, message });
        if !self.has_items {
            let message = "no table of items: no titles and no genres".into();
            self.builder.note(Note { code: "no-catalog", count: 1, message });
        }
        if self.repeated_items > 0 {
            let message = format!("{} of an item that was listed before: ignored", plural(self.repeated_items, "row"));
            self.builder.note(Note { code: "repeated-items", count: self.repeated_items as u64, message });
        }
        self.builder.finish(name, duplicates)
    }
}
