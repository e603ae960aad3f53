//! Gradient boosting of regression trees over binned features, stand-alone: it knows numbers, names and groups of rows, no recommender.
//!
//! Features are cut into at most 255 bins once ([`binning`]); a tree is grown best-first from histograms of the loss's derivatives ([`histogram`], [`split`],
//! [`grow`]); trees are added one after another ([`boost`]) and packed for prediction ([`tree`], [`ensemble`]). The loss is a trait: [`log_loss`] sees rows alone,
//! [`lambda_rank`] pairs of a group. Several fits to samples of the groups make a [`bagging`] of models.
//!
//! Why this way: derivatives are rounded once per tree to fixed point ([`fixed_point`]), so that every sum in a histogram is an integer sum. Integers can be added
//! in any order, cut over any number of threads and subtracted from each other without changing one bit. Given up: splits inside a bin (where a
//! feature has more than 255 distinct values), missing values, categorical features, sparse columns, more than 2²⁶ rows.
//!
//! Sources: Friedman (2001), the method; Friedman (2002), `subsample`; Chen & Guestrin (2016), second-order gains and `reg`; Ke et al. (2017), histograms,
//! subtraction and best-first growth.

pub mod bagging;
pub mod binning;
pub mod boost;
pub mod ensemble;
pub mod fixed_point;
pub mod grow;
pub mod histogram;
pub mod lambda_rank;
pub mod log_loss;
pub mod sampling;
pub mod shallow;
pub mod split;
pub mod tree;

pub use boost::{Boosted, Round, fit};
pub use ensemble::Ensemble;
pub use lambda_rank::LambdaRank;
pub use log_loss::LogLoss;

use crate::choices;

/// Leaves of one tree at most, also where `max_leaves` is 0: nodes are numbered with 16 bits.
pub const MAX_LEAVES: usize = 1 << 15;

/// Rows that can be learned from: fewer than this, so that a row count and a Hessian sum share 63 bits.
pub const MAX_ROWS: usize = 1 << 26;

choices! {
    /// What a split is judged by; leaf values are Newton steps `-Σ gradient / (Σ Hessian + reg)` in either case.
    pub enum SplitGain {
        Friedman = "friedman", "variance of the gradients removed, as in scikit-learn";
        Newton = "newton", "second-order gain of the loss, as in XGBoost and LightGBM";
    }
}

/// How to boost.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Trees at most; early stopping keeps fewer.
    pub n_trees: usize,
    /// Share of each leaf's step that is taken, `(0, 1]`.
    pub learning_rate: f64,
    /// Splits between root and leaf at most; 0: unlimited.
    pub max_depth: usize,
    /// Leaves per tree at most, the most useful first; 0: unlimited (that is, [`MAX_LEAVES`]).
    pub max_leaves: usize,
    /// Rows in a leaf at least.
    pub min_leaf: usize,
    /// L2 penalty, added to the Hessian of a leaf value and, for [`SplitGain::Newton`], of a gain.
    pub reg: f64,
    /// Probability with which a row takes part in a tree; 1: all rows in every tree.
    pub subsample: f64,
    /// Share of the features that each tree may split by; one at least. 1: all.
    pub feature_fraction: f64,
    /// Bins per feature at most, `2..=255`.
    pub max_bins: usize,
    /// What a split is judged by.
    pub split: SplitGain,
    /// Share of the rows that is held out to choose the number of trees, by whole groups where there are groups; 0: none.
    pub validation: f64,
    /// Stop after so many trees without a better validation loss; 0: never. Only with `validation`.
    pub patience: usize,
}

impl Default for Settings {
    /// The defaults of scikit-learn's `GradientBoostingClassifier`.
    fn default() -> Self {
        Self {
            n_trees: 100,
            learning_rate: 0.1,
            max_depth: 3,
            max_leaves: 0,
            min_leaf: 1,
            reg: 0.0,
            subsample: 1.0,
            feature_fraction: 1.0,
            max_bins: 255,
            split: SplitGain::Friedman,
            validation: 0.0,
            patience: 10,
        }
    }
}

/// What is to be learned: one label per row, and which rows belong together.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// `[n_rows]`; finite.
    pub labels: &'a [f32],
    /// First row of each group, then `n_rows`; empty where rows stand alone. A group is what a ranking loss compares within: one user's rows.
    pub groups: &'a [usize],
    /// `[n_rows]`, more than 0: how many rows each counts for in the loss, though not in `min_leaf`; empty where each counts for one. With
    /// [`SplitGain::Friedman`] trees are fitted to the weighted gradients by plain least squares, as in Friedman (2001); scikit-learn weighs the squares too.
    pub weights: &'a [f32],
}

impl Targets<'_> {
    /// The weight of a row.
    #[inline]
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.get(row).map_or(1.0, |&weight| f64::from(weight))
    }
}

/// Rows to learn from.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// `[n_rows × n_features]`, row-major; finite.
    pub features: &'a [f32],
    /// Columns.
    pub n_features: usize,
    /// What is to be learned of each row.
    pub targets: Targets<'a>,
}

/// First and second derivative of the loss by one row's score.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Derivatives {
    /// First derivative; the score should move against it.
    pub gradient: f64,
    /// Second derivative, 0 or more.
    pub hessian: f64,
}

/// What is minimised. A loss sees all rows at once, with their groups, so that it may compare rows: log-loss does not, LambdaRank does.
///
/// To add one: a file with its struct and this trait, its derivatives tested against finite differences, and a stacker that uses it. Results must be the
/// same bits at any number of threads: work on blocks or groups, add floats in their order ([`crate::parallel`]).
pub trait Loss: Sync {
    /// The score that every row starts from; finite.
    fn start(&self, targets: &Targets<'_>) -> f64;

    /// Writes the derivatives of all rows at `scores` `[n_rows]` to `out` `[n_rows]` and returns the loss there, as [`Loss::value`] does: it costs little
    /// beside them.
    fn derivatives(&self, targets: &Targets<'_>, scores: &[f64], out: &mut [Derivatives]) -> f64;

    /// The loss at `scores` `[n_rows]`; lower is better. 0 for no rows.
    fn value(&self, targets: &Targets<'_>, scores: &[f64]) -> f64;

    /// Whether rows of one group are compared with each other: a sample that the loss is measured on then needs whole groups.
    fn is_within_groups(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_rank;
#[cfg(test)]
mod reference;
