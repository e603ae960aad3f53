//! Segments: named subsets of users or items, for whom every metric is reported separately.
//!
//! To add one: a file with its rule and a `SEGMENTATION`, and one line in [`SEGMENTS`].

mod item_history;
mod item_popularity;
mod user_activity;
mod user_history;

use crate::dataset::{Dataset, Interactions};

/// Every segmentation there is.
pub const SEGMENTS: &[Segmentation] = &[
    user_activity::SEGMENTATION,
    item_popularity::SEGMENTATION,
    user_history::SEGMENTATION,
    item_history::SEGMENTATION,
];

/// Those that are reported where the TOML names none: the others say something only of splits that hold out users or items.
pub const USUAL: &[&str] = &[user_activity::SEGMENTATION.name, item_popularity::SEGMENTATION.name];

/// The segmentation of a name.
pub fn segmentation(name: &str) -> Option<&'static Segmentation> {
    SEGMENTS.iter().find(|segmentation| segmentation.name == name)
}

/// What is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Users: a metric is averaged over the members.
    Users,
    /// Items: only members count as relevant, in the list that was shown.
    Items,
}

/// What a segmentation may look at: nothing of the test part.
#[derive(Clone, Copy)]
pub struct SegmentInput<'a> {
    /// Catalog and ids.
    pub dataset: &'a Dataset,
    /// The ratings to go by: in the evaluation base and meta part.
    pub train_full: &'a Interactions,
}

/// A way to divide users or items.
#[derive(Debug)]
pub struct Segmentation {
    /// Name, `kebab-case`; a segment is `name:label` in the store.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// What it divides.
    pub of: Of,
    /// Names of its segments.
    pub labels: &'static [&'static str],
    /// The label of every user (or item) by number; `None`: in no segment.
    pub assign: fn(&SegmentInput<'_>) -> Vec<Option<u8>>,
}

#[cfg(test)]
mod conformance;
