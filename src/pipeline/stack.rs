//! Stackers of a cell: each distinct one is fitted once.

use super::columns::Column;
use super::stage::{Shared, Stage};
use super::training::{Plan, Rows};
use crate::error::{Error, Result};
use crate::experiment::NamedStacker;
use crate::key::{Key, KeyBuilder};
use crate::stackers::{FittedStacker, MetaRows};
use ndarray::Array2;
use std::sync::Arc;

/// A stacker to be fitted.
pub struct Job<'a> {
    /// Hash of kind, hyperparameters, columns, rows and seed.
    pub key: Key,
    /// The stacker.
    pub stacker: &'a NamedStacker,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Place of the rows it learns from.
    pub training: usize,
}

impl<'a> Job<'a> {
    /// A job, named by everything that could change its outcome. `models`: keys of the slots.
    pub fn new(
        stacker: &'a NamedStacker,
        columns: Vec<Column>,
        (training, rows): (usize, &Key),
        models: impl Fn(usize) -> Key,
    ) -> Self {
        let mut key = KeyBuilder::new("stack 3").key(rows);
        key = key.text(stacker.kind).text(&stacker.stacker.parameters().to_string());
        for (column, name) in columns.iter().zip(&stacker.features) {
            key = match *column {
                Column::Score { slot, .. } => key.text(name).key(&models(slot)),
                Column::Statistic { source, .. } => key.text(name).text(&serde_json::json!(source).to_string()),
            };
        }
        Self { key: key.finish(), stacker, columns, training }
    }
}

/// Fits one stacker.
pub fn fit(job: &Job<'_>, plan: &Plan<'_>, rows: &Stage<Rows>, seed: u64) -> Stage<Box<dyn FittedStacker>> {
    let name = format!("fit {}", job.stacker.name);
    // A model that failed stops only the stackers that look at it.
    let columns = rows.get().and_then(|rows| {
        let own = job.columns.iter().filter_map(|column| plan.columns.iter().position(|other| other == column));
        let columns = own.map(|place| rows.columns[place].as_ref().map(Vec::as_slice).map_err(Arc::clone));
        Ok((rows, columns.collect::<Shared<Vec<&[f32]>>>()?))
    });
    match columns {
        Ok((rows, columns)) => Stage::run(name, job.key, || learn(job, rows, &columns, seed)),
        Err(failed) => Stage { name, key: job.key, outcome: Err(failed), elapsed_ms: 0.0, peak_memory_bytes: 0 },
    }
}

fn learn(job: &Job<'_>, rows: &Rows, columns: &[&[f32]], seed: u64) -> Result<Box<dyn FittedStacker>> {
    crate::parallel::check()?;
    if rows.labels.is_empty() && job.stacker.stacker.needs_meta() {
        return Err(Error::Model {
            model: job.stacker.name.clone(),
            message: "there are no rows to learn from: the meta part is empty, or no candidate is relevant".into(),
            help: Some("give meta a share in [split], or more candidates to [training]".into()),
        });
    }
    let (n, width) = (rows.labels.len(), columns.len());
    let mut features = vec![0.0_f32; n * width];
    for (row, cells) in features.chunks_exact_mut(width.max(1)).enumerate() {
        cells.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[row]);
    }
    // The matrix was filled row by row for exactly these rows and columns.
    let features = Array2::from_shape_vec((n, width), features).unwrap_or_default();
    let rows = MetaRows {
        features: features.view(),
        names: &job.stacker.features,
        labels: &rows.labels,
        groups: &rows.groups,
        seed,
    };
    job.stacker.stacker.fit(&rows).map_err(|error| match error {
        Error::Model { message, help, .. } => Error::Model { model: job.stacker.name.clone(), message, help },
        other => other,
    })
}
