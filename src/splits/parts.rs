//! The outcome of a split: a part for every row, and what is in each part.

use crate::dataset::{Dataset, Interactions, is_relevant};
use crate::key::{Key, KeyBuilder};
use std::collections::BTreeSet;

/// The part a rating belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Base models learn from it.
    Base,
    /// Stackers learn from it.
    Meta,
    /// It judges.
    Test,
    /// Left out by a split file.
    Unused,
}

impl Part {
    /// Its name in the store and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base_train",
            Self::Meta => "meta_train",
            Self::Test => "test",
            Self::Unused => "unused",
        }
    }
}

/// A split data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Part of every row, `[n_rows]`.
    pub of_row: Vec<Part>,
    /// SHA-256 of the data set's hash and the part of every row.
    pub hash: Key,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartCounts {
    /// Name of the part, or `train_full`.
    pub part: &'static str,
    /// Ratings.
    pub n_rows: usize,
    /// Users with a rating in it.
    pub n_users: usize,
    /// Items with a rating in it.
    pub n_items: usize,
    /// Of those users, the ones without a rating in `base_train`.
    pub n_cold_users: usize,
    /// Of those items, the ones without a rating in `base_train`.
    pub n_cold_items: usize,
    /// Ratings at or above the relevance threshold.
    pub n_relevant: usize,
}

impl Parts {
    /// Names an assignment by its hash.
    pub fn new(dataset: &Dataset, of_row: Vec<Part>) -> Self {
        debug_assert_eq!(of_row.len(), dataset.n_rows());
        let bytes: Vec<u8> = of_row.iter().map(|&part| part as u8).collect();
        let hash = KeyBuilder::new("split 1").key(&dataset.hash).bytes(&bytes).finish();
        Self { of_row, hash }
    }

    /// Rows of the given parts, ascending.
    pub fn rows(&self, parts: &[Part]) -> Vec<u32> {
        (0..self.of_row.len() as u32).filter(|&row| parts.contains(&self.of_row[row as usize])).collect()
    }

    /// Ratings of the given parts.
    pub fn interactions(&self, dataset: &Dataset, parts: &[Part]) -> Interactions {
        Interactions::new(dataset, &self.rows(parts))
    }

    /// What each part holds: `base_train`, `meta_train`, `train_full`, `test`, and `unused` if there is any.
    pub fn counts(&self, dataset: &Dataset, threshold: f64) -> Vec<PartCounts> {
        let known = seen(dataset, &self.rows(&[Part::Base]));
        let groups: [(&'static str, &[Part]); 5] = [
            (Part::Base.name(), &[Part::Base]),
            (Part::Meta.name(), &[Part::Meta]),
            ("train_full", &[Part::Base, Part::Meta]),
            (Part::Test.name(), &[Part::Test]),
            (Part::Unused.name(), &[Part::Unused]),
        ];
        let counted = groups.into_iter().map(|(part, parts)| {
            let rows = self.rows(parts);
            let (users, items) = seen(dataset, &rows);
            PartCounts {
                part,
                n_rows: rows.len(),
                n_users: users.len(),
                n_items: items.len(),
                n_cold_users: users.difference(&known.0).count(),
                n_cold_items: items.difference(&known.1).count(),
                n_relevant: rows
                    .iter()
                    .filter(|&&row| is_relevant(dataset.ratings.values[row as usize], threshold))
                    .count(),
            }
        });
        counted.filter(|counts| counts.part != Part::Unused.name() || counts.n_rows > 0).collect()
    }
}

fn seen(dataset: &Dataset, rows: &[u32]) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let users = rows.iter().map(|&row| dataset.ratings.users[row as usize].0).collect();
    let items = rows.iter().map(|&row| dataset.ratings.items[row as usize].0).collect();
    (users, items)
}
