//! Stackers of a cell: each distinct one is fitted once on the meta part.

use super::columns::{self, Column};
use super::stage::{Shared, Stage};
use crate::dataset::{Interactions, ItemIndex, UserIndex, is_relevant};
use crate::error::{Error, Result};
use crate::experiment::NamedStacker;
use crate::features::{Statistics, StatsFrom};
use crate::key::{Key, KeyBuilder};
use crate::stackers::{FittedStacker, MetaRows};
use ndarray::Array2;

/// A stacker to be fitted.
pub struct Job<'a> {
    /// Hash of kind, hyperparameters, columns, labels and seed.
    pub key: Key,
    /// The stacker.
    pub stacker: &'a NamedStacker,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Place of its statistics in the cell.
    pub statistics: usize,
    /// A rating of this or more is labelled 1.
    pub threshold: f64,
}

/// What a job's key depends on besides the stacker.
pub struct JobInput<'m> {
    /// Columns of the stacker.
    pub columns: Vec<Column>,
    /// Place of the statistics in the cell.
    pub statistics: usize,
    /// Where those come from.
    pub stats_from: StatsFrom,
    /// Keys of the cell's fitted models.
    pub models: &'m [Key],
    /// Hash of the split.
    pub split: &'m Key,
    /// Seed of the trial.
    pub seed: u64,
}

impl<'a> Job<'a> {
    /// A job, named by everything that could change its outcome.
    pub fn new(stacker: &'a NamedStacker, input: JobInput<'_>, threshold: f64) -> Self {
        let mut key = KeyBuilder::new("stack 1").key(input.split).number(input.seed).number(threshold.to_bits());
        key = key.text(stacker.kind).text(&stacker.stacker.parameters().to_string());
        for (column, name) in input.columns.iter().zip(&stacker.features) {
            key = match *column {
                Column::Score(model) => key.text(name).key(&input.models[model]),
                Column::Statistic(_) => key.text(name).text(&serde_json::json!(input.stats_from).to_string()),
            };
        }
        Self { key: key.finish(), stacker, columns: input.columns, statistics: input.statistics, threshold }
    }
}

/// What stackers learn from.
pub struct Meta<'a> {
    /// The meta part.
    pub part: &'a Interactions,
    /// Scores of the cell's models on its rows; empty for models that are no feature.
    pub scores: &'a [Option<Stage<Vec<f32>>>],
    /// Statistics of the cell.
    pub statistics: &'a [Statistics],
    /// Seed of the trial.
    pub seed: u64,
}

/// Fits one stacker.
pub fn fit(job: &Job<'_>, meta: &Meta<'_>) -> Stage<Box<dyn FittedStacker>> {
    let name = format!("fit {}", job.stacker.name);
    // A model that failed stops only the stackers that look at it.
    let scores = meta.scores.iter().enumerate().map(|(place, stage)| match stage {
        Some(stage) if job.columns.contains(&Column::Score(place)) => stage.get().map(Vec::as_slice),
        _ => Ok(&[][..]),
    });
    match scores.collect::<Shared<Vec<&[f32]>>>() {
        Ok(scores) => Stage::run(name, job.key, || learn(job, meta, &scores)),
        Err(failed) => Stage { name, key: job.key, outcome: Err(failed), elapsed_ms: 0.0, peak_memory_bytes: 0 },
    }
}

fn learn(job: &Job<'_>, meta: &Meta<'_>, scores: &[&[f32]]) -> Result<Box<dyn FittedStacker>> {
    crate::parallel::check()?;
    let (part, width) = (meta.part, job.columns.len());
    if part.n_rows() == 0 && job.stacker.stacker.needs_meta() {
        return Err(Error::Model {
            model: job.stacker.name.clone(),
            message: "the meta part is empty: there is nothing to learn from".into(),
            help: Some("give meta a share in [split]".into()),
        });
    }
    let mut features = vec![0.0_f32; part.n_rows() * width];
    let mut labels = Vec::with_capacity(part.n_rows());
    let mut groups = vec![0];
    for user in (0..part.n_users() as u32).map(UserIndex) {
        let (items, ratings) = part.of_user(user);
        if items.is_empty() {
            continue;
        }
        let start = labels.len();
        let items: Vec<ItemIndex> = items.iter().map(|&item| ItemIndex(item)).collect();
        let statistics = columns::statistics(&meta.statistics[job.statistics], user, &items, Some(ratings));
        let own: Vec<&[f32]> =
            scores.iter().map(|all| if all.is_empty() { *all } else { &all[start..start + items.len()] }).collect();
        columns::gather(&job.columns, &own, &statistics, &mut features[start * width..(start + items.len()) * width]);
        labels.extend(ratings.iter().map(|&rating| u8::from(is_relevant(rating, job.threshold))));
        groups.push(labels.len());
    }
    // The matrix was filled row by row for exactly these rows and columns.
    let features = Array2::from_shape_vec((labels.len(), width), features).unwrap_or_default();
    let rows = MetaRows {
        features: features.view(),
        names: &job.stacker.features,
        labels: &labels,
        groups: &groups,
        seed: meta.seed,
    };
    job.stacker.stacker.fit(&rows).map_err(|error| match error {
        Error::Model { message, help, .. } => Error::Model { model: job.stacker.name.clone(), message, help },
        other => other,
    })
}
