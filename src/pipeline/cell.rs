//! A cell: the trials that share data, split and seed, made together. Everything a cell needs is in its arguments, and everything it makes is in what it returns.

use super::contexts::{Context, On};
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
    /// Per model: its slot.
    pub slots: Vec<usize>,
    /// Per model: place of the fit that scores test candidates.
    pub test: Vec<usize>,
    /// Places of all fits that it uses, each once.
    pub fits: Vec<usize>,
    /// Place of the rows that its stackers learn from.
    pub training: usize,
    /// Per stacker: place of its fit.
    pub stacks: Vec<usize>,
    /// Place of its judgement.
    pub judgement: usize,
}

/// The ratings of the parts.
pub struct SplitRatings {
    /// Part of every row.
    pub parts: Parts,
    /// What stackers learn in: the split itself first, then folds.
    pub contexts: Vec<Context>,
    /// Base and meta part.
    pub train_full: Interactions,
    /// What judges.
    pub test: Interactions,
}

impl SplitRatings {
    /// A context in which stackers learn; the split itself for one that was not asked for.
    pub fn context(&self, on: On) -> &Context {
        self.contexts.iter().find(|context| context.on == on).unwrap_or(&self.contexts[0])
    }

    /// What models are fitted on.
    pub fn learned(&self, on: On) -> &Interactions {
        if on == On::TrainFull { &self.train_full } else { &self.context(on).base }
    }
}
