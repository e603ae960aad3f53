//! `movielens-csv`: the CSV files of MovieLens since 2014 (ml-latest-small, ml-20m, ml-25m, ml-32m).

use super::rows::{Columns, Encoding, Layout};
use super::tables::{ItemFields, Tables};
use super::{Format, parameters_of};
use crate::dataset::{Dataset, Duplicates};
use crate::error::Result;
use crate::kind::{Kind, Options};
use std::path::Path;

crate::options! {
    /// A folder with `ratings.csv` and, if they are there, `movies.csv` and `tags.csv`. `links.csv` names the same movies elsewhere and changes no result: it is not read.
    pub struct MovieLensCsv {}
}

/// The entry in [`super::FORMATS`].
pub const KIND: Kind<dyn Format> = Kind {
    name: "movielens-csv",
    about: "ratings.csv, movies.csv and tags.csv as MovieLens has published them since 2014",
    read: |reader| Box::new(<MovieLensCsv as Options>::read(reader)),
    options: MovieLensCsv::describe,
};

fn layout(columns: &'static [&'static str]) -> Layout<'static> {
    Layout { separator: ",", quotes: true, encoding: Encoding::Utf8, columns: Columns::Named(columns) }
}

impl Format for MovieLensCsv {
    fn read(&self, folder: &Path, name: &str, duplicates: Duplicates) -> Result<Dataset> {
        let mut tables = Tables::new(folder, "ratings.csv");
        tables.ratings("ratings.csv", &layout(&["userId", "movieId", "rating", "timestamp"]), true)?;
        if tables.has("movies.csv") {
            let fields = ItemFields { title: Some(1), genres: Some((2, "|")) };
            tables.items("movies.csv", &layout(&["movieId", "title", "genres"]), fields)?;
        }
        if tables.has("tags.csv") {
            tables.tags("tags.csv", &layout(&["userId", "movieId", "tag"]))?;
        }
        tables.finish(name, duplicates)
    }

    fn files(&self) -> Vec<String> {
        ["ratings.csv", "movies.csv", "tags.csv"].map(str::to_owned).to_vec()
    }

    fn parameters(&self) -> serde_json::Value {
        parameters_of(self)
    }
}
