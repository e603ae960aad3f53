//! Base models: anything that scores (user, item) pairs from ratings and catalog alone.
//!
//! The hyperparameters fit; what is fitted is another type, so "not fitted yet" is not a state. To add a kind: one file with its options, its [`BaseModel`] and
//! a `KIND`, and one line in [`MODELS`]. The conformance tests below then cover it, and its scores become the feature `score_<name>`.

mod als;
mod als_sweep;
mod bias;
mod bpr;
mod ease;
mod ease_forms;
mod external;
mod external_csv;
mod factorization;
mod genre;
mod itemknn;
mod itemknn_border;
mod itemknn_dense;
mod itemknn_lanes;
mod itemknn_neighbors;
mod itemknn_rows;
mod itemknn_signals;
mod itemknn_similarity;
mod itemknn_twins;
mod kept_rows;
mod knn_signal;
mod mf;
mod popularity;
mod random;
mod rp3beta;
mod sequence;
mod signal;
mod signal_sums;
mod tags;
mod tags_terms;
mod timely_popularity;
mod userknn;

use crate::dataset::{Dataset, Interactions, ItemIndex, Note, Scale, UserIndex};
use crate::error::Result;
use crate::key::Key;
use crate::kind::Kind;
use std::fmt::Debug;

/// Every base model there is.
pub const MODELS: &[Kind<dyn BaseModel>] = &[
    bias::KIND,
    itemknn::KIND,
    userknn::KIND,
    rp3beta::KIND,
    ease::KIND,
    als::KIND,
    bpr::KIND,
    sequence::KIND,
    mf::KIND,
    genre::KIND,
    tags::KIND,
    popularity::KIND,
    timely_popularity::KIND,
    random::KIND,
    external::KIND,
];

/// The floors: models that every run carries as arms, so that a number can be seen against knowing nothing.
pub const FLOORS: &[&str] = &["random", "popularity"];

/// What a base model may learn from.
#[derive(Clone, Copy)]
pub struct TrainData<'a> {
    /// The data set: catalog, ids, rating range. Its ratings are not to be read: they include the test part.
    pub dataset: &'a Dataset,
    /// The ratings to learn from.
    pub interactions: &'a Interactions,
    /// Seed of the trial; streams are derived from it with [`crate::rng::stream`] under the kind's name.
    pub seed: u64,
}

/// The hyperparameters of a base model, ready to fit.
pub trait BaseModel: Debug + Send + Sync {
    /// What can be said against fitting on a data set before any work starts, whatever the split: that it lacks what the model needs.
    ///
    /// # Errors
    /// [`crate::Error::Model`], with what is missing. A run asks all models of its plan and tells all that is missing.
    fn check(&self, _dataset: &Dataset) -> Result<()> {
        Ok(())
    }

    /// Fits on the given ratings.
    ///
    /// # Errors
    /// Those of [`BaseModel::check`], [`crate::Error::Model`] when fitting fails (diverged, out of memory), [`crate::Error::Data`] or [`crate::Error::Io`] for a bad input file,
    /// [`crate::Error::Interrupted`] when asked to stop.
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>>;

    /// All hyperparameters with their values, for the store and for stage keys.
    fn parameters(&self) -> serde_json::Value;

    /// Hash of what is read besides the ratings (a score file); part of the stage key.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn inputs(&self) -> Result<Option<Key>> {
        Ok(None)
    }
}

/// A base model after fitting.
pub trait FittedModel: Send + Sync {
    /// Scores items for one user into `out` (`[items.len()]`): finite for every pair, also for unknown users and items. Returns how many of the scores are
    /// fallbacks: what the model says when it knows too little of the pair. The order of `items` does not change any score.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize;

    /// Items to be asked about at a time where several users are to be scored: as many as a cache holds of what the model reads of each, so that memory gives it
    /// once for all of them. `None`: ask for one user after the other, because most of what is read is the user's own.
    fn tile(&self) -> Option<usize> {
        None
    }

    /// What the scores mean.
    fn scale(&self) -> Scale;

    /// Curves recorded while fitting, e.g. train RMSE per epoch.
    fn history(&self) -> &[Epoch] {
        &[]
    }

    /// What a reader must know about the fit, counted: score rows of unknown users or items, ….
    fn notes(&self) -> &[Note] {
        &[]
    }
}

/// One point of a learning curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Epoch {
    /// 1-based.
    pub epoch: usize,
    /// What was measured, e.g. `train_rmse`.
    pub series: &'static str,
    /// Its value.
    pub value: f64,
}

/// A score as it is stored: sums run in f64, and what f32 cannot hold becomes its largest number, because a score is always finite.
fn stored(score: f64) -> f32 {
    score.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod golden;
