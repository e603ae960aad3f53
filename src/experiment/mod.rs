//! Experiments: a TOML file, read, checked and typed. Everything that can be wrong with a file is found here, before any work.
//!
//! `load` follows `extends` and `--set` and gathers the problems of all files; `read` turns the tables into kinds with their options.

mod data;
mod load;
mod names;
mod params;
mod read;
mod seeds;
mod stackers;
mod statistics;
mod study;
mod training;

pub use data::Data;
pub use load::{files, load};
pub use seeds::parse as parse_seeds;
pub use statistics::Statistics;
pub use study::{Ab, Discount, Study};
pub use training::Training;

use crate::evaluation::Setting;
use crate::features::StatsFrom;
use crate::models::BaseModel;
use crate::protocols::Protocol;
use crate::segments::Segmentation;
use crate::splits::Split;
use crate::stackers::Stacker;
use std::collections::BTreeMap;

/// The arm that averages the scores of all base models as they are.
pub const SIMPLE_AVERAGE: &str = "simple-average";

/// What `rexp init` writes: every section with its defaults and a comment.
pub const TEMPLATE: &str = include_str!("template.toml");

/// One experiment, ready to run.
#[derive(Debug)]
pub struct Experiment {
    /// Its name, in the store and for reports.
    pub name: String,
    /// What it asks, in the words of its author.
    pub about: String,
    /// One trial each; distinct, in the order given.
    pub seeds: Vec<u64>,
    /// The ratings.
    pub data: Data,
    /// Which rating is learned from and which one judges.
    pub split: SplitPlan,
    /// Base models in order of their names, then the floors that the file does not mention.
    pub models: Vec<NamedModel>,
    /// Where user and item statistics come from.
    pub stats_from: StatsFrom,
    /// Which rows stackers learn from.
    pub training: Training,
    /// Stackers as listed, the first being the experiment's answer, then the simple average.
    pub stackers: Vec<NamedStacker>,
    /// How arms are judged.
    pub evaluation: EvaluationPlan,
    /// How intervals are made.
    pub statistics: Statistics,
    /// The question that was written down before.
    pub study: Study,
    /// When to ship.
    pub ab: Ab,
    /// Every option with its value as JSON, defaults included, by dotted name.
    pub params: BTreeMap<String, String>,
    /// The TOML with `extends` and `--set` applied.
    pub config_toml: String,
    /// The TOML as written.
    pub config_source: String,
    /// The file's name as given.
    pub config_path: String,
}

/// How the ratings are split.
#[derive(Debug)]
pub struct SplitPlan {
    /// Name of the kind.
    pub kind: &'static str,
    /// The rule.
    pub split: Box<dyn Split>,
    /// Whether test rows are scored by models fitted on `train_full` instead of `base_train`.
    pub refit: bool,
    /// Folds of `train_full` that base models are fitted without, each in turn, so that stackers learn from all of it; 0: they learn from the meta part.
    pub cross_fit: usize,
}

/// A base model under its name.
#[derive(Debug)]
pub struct NamedModel {
    /// The arm's name; its scores are the feature `score_<name>`.
    pub name: String,
    /// Name of the kind.
    pub kind: &'static str,
    /// Its hyperparameters.
    pub model: Box<dyn BaseModel>,
    /// Whether it is a floor: an arm to compare with, unless the file lists it, no feature.
    pub is_floor: bool,
    /// Whether the file lists it, so that its score is a feature.
    pub is_listed: bool,
}

/// A stacker under its name.
#[derive(Debug)]
pub struct NamedStacker {
    /// The arm's name.
    pub name: String,
    /// Name of the kind.
    pub kind: &'static str,
    /// Its hyperparameters.
    pub stacker: Box<dyn Stacker>,
    /// The features it sees, in the order of the columns.
    pub features: Vec<String>,
    /// The segments of users who get a stacker of their own.
    pub segmentation: Option<&'static Segmentation>,
    /// Places of the stackers whose scores it takes in place of features; none of them takes those of others.
    pub of: Vec<usize>,
}

/// How arms are judged.
#[derive(Debug)]
pub struct EvaluationPlan {
    /// Protocols by name, in the order given.
    pub protocols: Vec<(&'static str, Box<dyn Protocol>)>,
    /// Per protocol: places of the models that propose its candidates, ascending.
    pub generators: Vec<Vec<usize>>,
    /// Cutoffs, ascending.
    pub cutoffs: Vec<usize>,
    /// A rating of this or more is relevant.
    pub threshold: f64,
    /// Subsets of users and items that are reported separately.
    pub segments: Vec<&'static Segmentation>,
}

impl EvaluationPlan {
    /// As a text that is equal exactly when the evaluation is.
    pub fn fingerprint(&self) -> String {
        let protocols: Vec<_> = self.protocols.iter().map(|(name, protocol)| (name, protocol.parameters())).collect();
        let segments: Vec<_> = self.segments.iter().map(|segmentation| segmentation.name).collect();
        serde_json::json!([protocols, self.cutoffs, self.threshold, segments]).to_string()
    }

    /// Puts the ratings of a trial under this plan.
    pub fn setting<'a>(&'a self, trial: TrialData<'a>) -> Setting<'a> {
        let TrialData { dataset, train_full, test, generators, seed } = trial;
        let Self { protocols, cutoffs, threshold, segments, .. } = self;
        Setting { dataset, train_full, test, protocols, generators, cutoffs, threshold: *threshold, segments, seed }
    }
}

/// The ratings of one trial.
#[derive(Clone, Copy)]
pub struct TrialData<'a> {
    /// Catalog and rating range.
    pub dataset: &'a crate::dataset::Dataset,
    /// Base and meta part.
    pub train_full: &'a crate::dataset::Interactions,
    /// What judges.
    pub test: &'a crate::dataset::Interactions,
    /// Per protocol: the models that propose its candidates.
    pub generators: &'a [Vec<crate::protocols::Generator<'a>>],
    /// Seed of the trial.
    pub seed: u64,
}

#[cfg(test)]
mod tests;
