//! Stackers: from features of (user, item) pairs to one score. Label 1 if the rating is relevant, else 0.
//!
//! To add a kind: one file with its options, its [`Stacker`] and a `KIND`, and one line in [`STACKERS`]. Three ways to look at the rows: one by one (`logistic`,
//! `gradient_boosting`), as pairs of one user (`pairwise_logistic`, `lambdamart`, fitted weights of an `average`), or not at all; a `blend` looks at other stackers in place of rows. What several kinds share is beside
//! them: `boosting`, `linear`, `pairs`, `class_weight`.

mod average;
mod blend;
mod boosting;
mod class_weight;
mod gradient_boosting;
mod lambdamart;
mod linear;
mod logistic;
mod meta_rows;
mod pairs;
mod pairwise_logistic;
mod rank_fusion;

pub use blend::TOO_FEW as TOO_FEW_TO_BLEND;
pub use meta_rows::MetaRows;

use crate::dataset::Scale;
use crate::error::Result;
use crate::kind::Kind;
use ndarray::{ArrayView2, Axis};
use std::fmt::Debug;

/// Every stacker there is.
pub const STACKERS: &[Kind<dyn Stacker>] = &[
    average::KIND,
    rank_fusion::KIND,
    logistic::KIND,
    pairwise_logistic::KIND,
    gradient_boosting::KIND,
    lambdamart::KIND,
    blend::KIND,
];

/// The hyperparameters of a stacker, ready to fit.
pub trait Stacker: Debug + Send + Sync {
    /// Fits on the meta rows.
    ///
    /// # Errors
    /// [`crate::Error::Model`] when nothing can be learned (labels of one class, no features, diverged).
    fn fit(&self, rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>>;

    /// All hyperparameters with their values, for the store and for stage keys.
    fn parameters(&self) -> serde_json::Value;

    /// Whether it learns from the meta part, which then must not be empty.
    fn needs_meta(&self) -> bool {
        true
    }

    /// The stackers whose scores it takes in place of features; `None`: it takes features.
    fn of(&self) -> Option<&[String]> {
        None
    }

    /// The features it takes when the TOML names none.
    fn default_features(&self) -> &'static [&'static str] {
        &["*"]
    }
}

/// A stacker after fitting.
pub trait FittedStacker: Send + Sync {
    /// Scores the candidates of one user: `rows` `[n_candidates × n_features]`, in the columns it was fitted on; `out` `[n_candidates]`. Always finite.
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]);

    /// What the scores mean.
    fn scale(&self) -> Scale;

    /// What the fit says about each feature: importances, coefficients.
    fn importances(&self) -> Vec<Importance> {
        Vec::new()
    }

    /// Curves recorded while fitting: `(series, 1-based step, value)`.
    fn history(&self) -> Vec<(&'static str, usize, f64)> {
        Vec::new()
    }
}

/// One number about one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The feature; or `intercept`.
    pub feature: String,
    /// What the number is: `gain` (share of the total), `permutation` (increase of the loss on rows not learned from), `permutation-train` (on the rows learned from),
    /// `coefficient` (per standard deviation), `mean`, `scale`, `weight` (share of a blend).
    pub measure: &'static str,
    /// The number.
    pub value: f64,
}

/// Permutation importance (Breiman 2001; Fisher et al. 2019): how much a loss grows when one column is shuffled, its group of rows kept together.
///
/// - `score`: scores of a matrix; `loss`: of scores, lower is better. `order`: a permutation of the rows, the same for every column.
/// - Returns one increase per column.
pub fn permutation_importance(
    features: ArrayView2<'_, f32>,
    order: &[usize],
    score: impl Fn(ArrayView2<'_, f32>) -> Vec<f32>,
    loss: impl Fn(&[f32]) -> f64,
) -> Vec<f64> {
    let base = loss(&score(features));
    let mut shuffled = features.to_owned();
    let mut out = Vec::with_capacity(features.ncols());
    for column in 0..features.ncols() {
        let original = features.index_axis(Axis(1), column);
        for (row, &from) in order.iter().enumerate() {
            shuffled[[row, column]] = original[from];
        }
        out.push(loss(&score(shuffled.view())) - base);
        shuffled.index_axis_mut(Axis(1), column).assign(&original);
    }
    out
}

#[cfg(test)]
mod conformance;
