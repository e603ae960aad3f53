//! Splits: which rating is learned from, by whom, and which one judges.
//!
//! Three roles: base models learn from `base_train`, stackers from `meta_train`, and `test` judges; `train_full` is the first two together. To add a kind: one
//! file with its options, its [`Split`] and a `KIND`, and one line in [`SPLITS`].

mod cold_start;
mod file;
mod leave_last;
mod parts;
mod per_user;
mod per_user_temporal;
mod random;
mod temporal;

pub use parts::{Part, PartCounts, Parts};

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::kind::Kind;
use std::fmt::Debug;
use std::path::Path;

/// Every split there is.
pub const SPLITS: &[Kind<dyn Split>] = &[
    random::KIND,
    per_user::KIND,
    temporal::KIND,
    per_user_temporal::KIND,
    leave_last::KIND,
    cold_start::KIND,
    file::KIND,
];

/// A rule that gives every rating a part.
pub trait Split: Debug + Send + Sync {
    /// The part of every row, `[n_rows]`, in the order of the data set.
    ///
    /// # Errors
    /// [`Error::Data`] when the data cannot be split this way (no timestamps, a bad split file).
    fn assign(&self, dataset: &Dataset, seed: u64) -> Result<Vec<Part>>;

    /// All options with their values.
    fn parameters(&self) -> serde_json::Value;

    /// Whether another seed gives another split.
    fn depends_on_seed(&self) -> bool;

    /// Hash of what the parts depend on besides the content of the data set; part of the stage key.
    ///
    /// # Errors
    /// When a file cannot be read or does not fit the data.
    fn inputs(&self, _dataset: &Dataset) -> Result<Option<Key>> {
        Ok(None)
    }
}

/// Splits off `share` of `n` rows, rounded up as scikit-learn's `train_test_split` does.
fn share_of(n: usize, share: f64) -> usize {
    ((n as f64 * share).ceil() as usize).min(n)
}

/// An error unless the data has timestamps.
fn needs_timestamps(dataset: &Dataset, kind: &str) -> Result<()> {
    if dataset.has_timestamps {
        return Ok(());
    }
    Err(Error::Data {
        path: Path::new(&dataset.name).to_owned(),
        line: None,
        column: None,
        message: format!("found no timestamps, expected some: the split {kind:?} cuts by time"),
        help: Some("use kind = \"random\" or \"per-user\" in [split], or name the timestamp column in [data]".into()),
    })
}

#[cfg(test)]
mod conformance;
