//! `ml-dat`: the `::`-separated files of ml-1m (ISO 8859-1) and ml-10m (UTF-8), which nothing quotes.

use super::rows::{Columns, Encoding, Layout};
use super::tables::{ItemFields, Tables};
use super::{Format, parameters_of};
use crate::dataset::{Dataset, Duplicates};
use crate::error::Result;
use crate::kind::{Kind, Options};
use std::path::Path;

crate::options! {
    /// A folder with `ratings.dat` and, if they are there, `movies.dat` and `tags.dat`. A file that is not UTF-8 throughout is taken as ISO 8859-1.
    pub struct MovieLensDat {}
}

/// The entry in [`super::FORMATS`].
pub const KIND: Kind<dyn Format> = Kind {
    name: "ml-dat",
    about: "ratings.dat, movies.dat and tags.dat, separated by ::, of ml-1m and ml-10m",
    read: |reader| Box::new(<MovieLensDat as Options>::read(reader)),
    options: MovieLensDat::describe,
};

fn layout(encoding: Encoding, wanted: &'static [(usize, &'static str)], width: usize) -> Layout<'static> {
    Layout { separator: "::", quotes: false, encoding, columns: Columns::Numbered { wanted, width: Some(width) } }
}

impl Format for MovieLensDat {
    fn read(&self, folder: &Path, name: &str, duplicates: Duplicates) -> Result<Dataset> {
        let mut tables = Tables::new(folder, "ratings.dat");
        let wanted = &[(0, "UserID"), (1, "MovieID"), (2, "Rating"), (3, "Timestamp")];
        tables.ratings("ratings.dat", &layout(Encoding::Utf8, wanted, 4), true)?;
        if tables.has("movies.dat") {
            let wanted = &[(0, "MovieID"), (1, "Title"), (2, "Genres")];
            let fields = ItemFields { title: Some(1), genres: Some((2, "|")) };
            tables.items("movies.dat", &layout(Encoding::Detect, wanted, 3), fields)?;
        }
        if tables.has("tags.dat") {
            let wanted = &[(0, "UserID"), (1, "MovieID"), (2, "Tag")];
            tables.tags("tags.dat", &layout(Encoding::Detect, wanted, 4))?;
        }
        tables.finish(name, duplicates)
    }

    fn files(&self) -> Vec<String> {
        ["ratings.dat", "movies.dat", "tags.dat"].map(str::to_owned).to_vec()
    }

    fn parameters(&self) -> serde_json::Value {
        parameters_of(self)
    }
}
