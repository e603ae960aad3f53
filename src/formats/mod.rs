//! Where ratings come from: file formats, the data sets rexp knows by name, the generator, and fetching.
//!
//! To add a format: one file with its options, its [`Format`] and a `KIND`, and one line in [`FORMATS`]. To add a known data set: one line in [`registry::DATASETS`].

pub mod alias;
pub mod archive;
pub mod delimited;
pub mod fetch;
pub mod inspect;
pub mod lines;
pub mod ml_100k;
pub mod ml_dat;
pub mod movielens;
pub mod registry;
pub mod rows;
pub mod split;
pub mod staging;
pub mod synth;
pub mod synth_files;
pub mod synth_items;
pub mod synth_users;
pub mod tables;

use crate::dataset::{Dataset, Duplicates};
use crate::error::Result;
use crate::kind::Kind;
use std::fmt::Debug;
use std::path::Path;

/// Every format there is.
pub const FORMATS: &[Kind<dyn Format>] = &[movielens::KIND, ml_100k::KIND, ml_dat::KIND, delimited::KIND, synth::KIND];

/// A way to get a data set; holds the format's options.
pub trait Format: Debug + Send + Sync {
    /// Reads the data set.
    ///
    /// - `folder`: where its files are. A format that reads no files (the generator) ignores it.
    /// - `name`: what the data set is called from now on.
    ///
    /// # Errors
    /// [`crate::Error::Io`] for a file that cannot be read, [`crate::Error::Data`] with file, line and column for the first bad row and the number of others.
    fn read(&self, folder: &Path, name: &str, duplicates: Duplicates) -> Result<Dataset>;

    /// The files it reads, relative to the folder; the first is required. Empty for a format that reads none.
    fn files(&self) -> Vec<String>;

    /// All options with their values.
    fn parameters(&self) -> serde_json::Value;
}

/// The options of a format, for [`Format::parameters`].
fn parameters_of(options: &impl serde::Serialize) -> serde_json::Value {
    // Options are numbers, texts and flags, which always have a JSON form.
    serde_json::to_value(options).unwrap_or_default()
}

#[cfg(test)]
mod conformance;
