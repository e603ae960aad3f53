//! Stackers of a cell: each distinct one is fitted once.

use super::columns::Column;
use super::per_segment::{self, FittedStack, OwnStacks, PerSegment};
use super::stage::{Shared, Stage};
use super::training::{Plan, Rows, World};
use crate::dataset::Dataset;
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
    /// The segments whose users get a stacker of their own.
    pub per_segment: Option<PerSegment>,
    /// Place of the rows it learns from.
    pub training: usize,
}

impl<'a> Job<'a> {
    /// A job, named by everything that could change its outcome. `models`: keys of the slots; `stacks`: of the other stackers.
    pub fn new(
        stacker: &'a NamedStacker,
        columns: Vec<Column>,
        per_segment: Option<PerSegment>,
        (training, rows): (usize, &Key),
        models: impl Fn(usize) -> Key,
        stacks: impl Fn(usize) -> Key,
    ) -> Self {
        let mut key = KeyBuilder::new("stack 3").key(rows);
        key = key.text(stacker.kind).text(&stacker.stacker.parameters().to_string());
        for (number, column) in columns.iter().enumerate() {
            let name = stacker.features.get(number).map_or("", String::as_str);
            key = match *column {
                Column::Score { slot, .. } => key.text(name).key(&models(slot)),
                Column::Statistic { source, .. } => key.text(name).text(&serde_json::json!(source).to_string()),
                Column::Stack { stack } => key.text("stack").key(&stacks(stack)),
            };
        }
        if let Some(segments) = &per_segment {
            key = segments.add_to(key);
        }
        Self { key: key.finish(), stacker, columns, per_segment, training }
    }
}

/// The stage that fits a stacker.
pub fn stage(stacker: &str) -> String {
    format!("fit {stacker}")
}

/// Fits one stacker, and those of segments.
pub fn fit(
    job: &Job<'_>,
    plan: &Plan<'_>,
    rows: &Stage<Rows>,
    dataset: &Dataset,
    world: World<'_>,
) -> Stage<FittedStack> {
    let name = stage(&job.stacker.name);
    // A model that failed stops only the stackers that look at it.
    let columns = rows.get().and_then(|rows| {
        let own = job.columns.iter().filter_map(|column| plan.columns.iter().position(|other| other == column));
        let columns = own.map(|place| rows.columns[place].as_ref().map(Vec::as_slice).map_err(Arc::clone));
        Ok((rows, columns.collect::<Shared<Vec<&[f32]>>>()?))
    });
    match columns {
        Ok((rows, columns)) => Stage::run(name, job.key, || learn(job, rows, &columns, dataset, world)),
        Err(failed) => Stage::failed(name, job.key, failed),
    }
}

fn learn(job: &Job<'_>, rows: &Rows, columns: &[&[f32]], dataset: &Dataset, world: World<'_>) -> Result<FittedStack> {
    if rows.labels.is_empty() && job.stacker.stacker.needs_meta() {
        return Err(Error::Model {
            model: job.stacker.name.clone(),
            message: "there are no rows to learn from: the meta part is empty, or no candidate is relevant".into(),
            help: Some("give meta a share in [split], or more candidates to [training]".into()),
        });
    }
    let all: Vec<usize> = (0..rows.owners.len()).collect();
    let shared = of_groups(job, rows, columns, &all, world.seed)?.fit()?;
    let Some(segments) = &job.per_segment else { return Ok(FittedStack { shared, own: None }) };
    let mut stacks = Vec::new();
    for groups in segments.groups(dataset, world.ratings, rows) {
        let own = of_groups(job, rows, columns, &groups, world.seed)?;
        stacks.push(if per_segment::is_enough(&own.labels) { Some(own.fit()?) } else { None });
    }
    let (labels, of_user) = (segments.segmentation.labels, segments.of_test(dataset, world.ratings));
    Ok(FittedStack { shared, own: Some(OwnStacks { labels, stacks, of_user }) })
}

/// Some of the rows as a stacker takes them.
struct Table<'a> {
    stacker: &'a NamedStacker,
    features: Array2<f32>,
    labels: Vec<u8>,
    groups: Vec<usize>,
    seed: u64,
}

/// Gathers the rows of some groups, ascending.
fn of_groups<'a>(job: &Job<'a>, rows: &Rows, columns: &[&[f32]], groups: &[usize], seed: u64) -> Result<Table<'a>> {
    crate::parallel::check()?;
    let (mut labels, mut starts) = (Vec::new(), vec![0]);
    let n_rows: usize = groups.iter().map(|&group| rows.groups[group + 1] - rows.groups[group]).sum();
    let mut features = Vec::with_capacity(n_rows * columns.len());
    for &group in groups {
        let range = rows.groups[group]..rows.groups[group + 1];
        labels.extend_from_slice(&rows.labels[range.clone()]);
        starts.push(labels.len());
        features.extend(range.flat_map(|row| columns.iter().map(move |column| column[row])));
    }
    // The matrix was filled row by row for exactly these rows and columns.
    let features = Array2::from_shape_vec((labels.len(), columns.len()), features).unwrap_or_default();
    Ok(Table { stacker: job.stacker, features, labels, groups: starts, seed })
}

impl Table<'_> {
    fn fit(&self) -> Result<Box<dyn FittedStacker>> {
        let rows = MetaRows {
            features: self.features.view(),
            names: &self.stacker.features,
            labels: &self.labels,
            groups: &self.groups,
            seed: self.seed,
        };
        self.stacker.stacker.fit(&rows).map_err(|error| match error {
            Error::Model { message, help, .. } => Error::Model { model: self.stacker.name.clone(), message, help },
            other => other,
        })
    }
}
