//! Ratings and catalog in memory: struct of arrays, in canonical order, named by the hash of their content.
//!
//! Reading a file in any row order, with any line ends, gives the same [`Dataset`]: users and items are numbered in the natural order of their ids, rows
//! stand in (user, item) order, and the hash covers exactly what models can see.

pub mod builder;
pub mod catalog;
pub mod ids;
pub mod interactions;
pub mod popularity;
pub mod scale;

pub use builder::{DatasetBuilder, Duplicates};
pub use catalog::{Catalog, Tag, split_title};
pub use ids::{IdMap, ItemIndex, UserIndex};
pub use interactions::Interactions;
pub use scale::Scale;

use crate::key::Key;
use serde::Serialize;

/// All ratings of a data set, one entry per row, rows in (user, item) order; every (user, item) pair occurs once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ratings {
    /// Who rated, `[n_rows]`.
    pub users: Vec<UserIndex>,
    /// What was rated, `[n_rows]`.
    pub items: Vec<ItemIndex>,
    /// Rating in the data's own units (stars), `[n_rows]`; always finite.
    pub values: Vec<f32>,
    /// Seconds since 1970, `[n_rows]`; 0 throughout when the data has none.
    pub timestamps: Vec<i64>,
    /// 0-based data row of the rating in the file it was read from, `[n_rows]`: what a `file` split refers to.
    pub source_rows: Vec<u32>,
}

/// Whether a rating counts as relevant: at or above the threshold, both in the precision of ratings, so that 4.1 is at 4.1.
pub fn is_relevant(rating: f32, threshold: f64) -> bool {
    rating >= threshold as f32
}

impl Ratings {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Smallest and largest rating; `(0, 0)` for no rows.
    pub fn range(&self) -> (f32, f32) {
        let bounds = self
            .values
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
        if self.is_empty() { (0.0, 0.0) } else { bounds }
    }
}

/// Something a reader must know about how the data came to be, counted: duplicates, ratings of items that the catalog lacks, ….
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Short stable name, e.g. `duplicate-pairs`.
    pub code: &'static str,
    /// How many rows, users or items it is about.
    pub count: u64,
    /// One sentence, with the remedy if there is one.
    pub message: String,
}

/// A data set, ready to be split.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Name in the store and in reports, e.g. `ml-latest-small`.
    pub name: String,
    /// The ratings.
    pub ratings: Ratings,
    /// External id of each user.
    pub user_ids: IdMap,
    /// External id of each item: all of the catalog and all that was rated.
    pub item_ids: IdMap,
    /// Titles, genres and tags, by item index.
    pub catalog: Catalog,
    /// Whether the data has timestamps.
    pub has_timestamps: bool,
    /// SHA-256 of the content: ids, ratings, timestamps and whether there are any, titles, genres, tags with their taggers; independent of path, format, row order and line ends.
    pub hash: Key,
    /// Rows of the source file that gave way to another of the same (user, item): `(dropped, kept)`.
    pub dropped_rows: Vec<(u32, u32)>,
    /// What was noticed while reading.
    pub notes: Vec<Note>,
}

impl Dataset {
    /// Number of users with at least one rating.
    pub fn n_users(&self) -> usize {
        self.user_ids.len()
    }

    /// Number of items in the catalog or in the ratings.
    pub fn n_items(&self) -> usize {
        self.item_ids.len()
    }

    /// Number of ratings.
    pub fn n_rows(&self) -> usize {
        self.ratings.len()
    }
}

#[cfg(test)]
mod tests {
    use super::is_relevant;

    #[test]
    fn a_rating_at_the_threshold_is_relevant_whatever_its_digits() {
        for tenths in 0..=100 {
            let threshold = f64::from(tenths) / 10.0;
            let rating: f32 = format!("{threshold}").parse().unwrap();
            assert!(is_relevant(rating, threshold), "{threshold}");
            assert!(!is_relevant(rating - 0.1, threshold), "{threshold}");
        }
    }
}
