//! `ml-100k`: the files of MovieLens 100K (1998): tab-separated ratings, movies in ISO 8859-1 with one 0/1 flag per genre.

use super::rows::{self, Columns, Encoding, Fault, Layout};
use super::tables::Tables;
use super::{Format, parameters_of};
use crate::dataset::{Dataset, Duplicates};
use crate::error::Result;
use crate::kind::{Kind, Options};
use std::path::Path;

crate::options! {
    /// A folder with `u.data` and, if they are there, `u.item` and `u.genre` (whose order the flags follow).
    pub struct MovieLens100k {}
}

/// The entry in [`super::FORMATS`].
pub const KIND: Kind<dyn Format> = Kind {
    name: "ml-100k",
    about: "u.data, u.item and u.genre of MovieLens 100K",
    read: |reader| Box::new(<MovieLens100k as Options>::read(reader)),
    options: MovieLens100k::describe,
};

/// The genres of `u.genre`, for folders without that file.
const GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

/// Columns of `u.item` before the flags: id, title, two dates, address.
const BEFORE_FLAGS: usize = 5;

fn layout<'a>(separator: &'a str, wanted: &'a [(usize, &'a str)], width: usize) -> Layout<'a> {
    let columns = Columns::Numbered { wanted, width: Some(width) };
    Layout { separator, quotes: false, encoding: Encoding::Latin1, columns }
}

impl Format for MovieLens100k {
    fn read(&self, folder: &Path, name: &str, duplicates: Duplicates) -> Result<Dataset> {
        let mut tables = Tables::new(folder, "u.data");
        let wanted = [(0, "user id"), (1, "item id"), (2, "rating"), (3, "timestamp")];
        tables.ratings("u.data", &layout("\t", &wanted, 4), true)?;
        if tables.has("u.item") {
            let genres = if tables.has("u.genre") {
                genre_names(&folder.join("u.genre"))?
            } else {
                GENRES.map(str::to_owned).to_vec()
            };
            let mut wanted = vec![(0, "movie id"), (1, "movie title")];
            wanted.extend(genres.iter().enumerate().map(|(flag, genre)| (BEFORE_FLAGS + flag, genre.as_str())));
            tables.items_with("u.item", &layout("|", &wanted, BEFORE_FLAGS + genres.len()), |row, builder| {
                let mut list = Vec::with_capacity(4);
                for (flag, genre) in genres.iter().enumerate() {
                    match row.text(flag + 2) {
                        "0" => {}
                        "1" => list.push(genre.as_str()),
                        _ => return Err(Fault { field: flag + 2, expected: "0 or 1" }),
                    }
                }
                Ok(builder.item(row.id(0)?, row.text(1), list.into_iter()))
            })?;
        }
        tables.finish(name, duplicates)
    }

    fn files(&self) -> Vec<String> {
        ["u.data", "u.item", "u.genre"].map(str::to_owned).to_vec()
    }

    fn parameters(&self) -> serde_json::Value {
        parameters_of(self)
    }
}

/// Genres by the number of their flag. The file must number them 0, 1, 2, … in order, as the published one does.
fn genre_names(path: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    rows::read(path, &layout("|", &[(0, "genre"), (1, "number")], 2), |row| {
        let genre = row.id(0).map_err(|fault| Fault { expected: "a genre", ..fault })?;
        if row.text(1) != names.len().to_string() || names.len() + BEFORE_FLAGS >= rows::MAX_COLUMNS {
            return Err(Fault { field: 1, expected: "genres numbered 0, 1, 2, … in order, at most 59" });
        }
        names.push(genre.to_owned());
        Ok(())
    })?;
    Ok(names)
}
