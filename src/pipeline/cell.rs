//! A cell: the trials that share data, split and seed, made together. Everything a cell needs is in its arguments, and everything it makes is in what it returns.

use crate::dataset::{Dataset, Interactions};
use crate::experiment::Experiment;
use crate::splits::Parts;

/// What a cell is made from.
pub struct Cell<'a> {
    /// The ratings.
    pub dataset: &'a Dataset,
    /// Seed of its trials.
    pub seed: u64,
    /// The experiments that have a trial here; all with the same split.
    pub members: Vec<&'a Experiment>,
}

/// What one experiment uses of its cell.
pub struct Member<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Per model: place of the fit whose scores are features, if they are.
    pub base: Vec<Option<usize>>,
    /// Per model: place of the fit that scores test candidates.
    pub test: Vec<usize>,
    /// Per stacker: place of its fit.
    pub stacks: Vec<usize>,
    /// Place of its judgement.
    pub judgement: usize,
}

/// The ratings of the parts.
pub struct SplitRatings {
    /// Part of every row.
    pub parts: Parts,
    /// What base models learn from.
    pub base: Interactions,
    /// What stackers learn from.
    pub meta: Interactions,
    /// Both.
    pub train_full: Interactions,
    /// What judges.
    pub test: Interactions,
}
