//! Base models of a cell: each distinct one is fitted once, whatever it is called and however many experiments use it.

use super::stage::Stage;
use crate::dataset::{Dataset, Interactions, ItemIndex, UserIndex};
use crate::error::Result;
use crate::experiment::NamedModel;
use crate::key::{Key, KeyBuilder};
use crate::models::{FittedModel, TrainData};
use crate::parallel;
use rayon::prelude::*;
use std::sync::Arc;

/// What a model is fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The base part.
    Base,
    /// Base and meta part.
    TrainFull,
}

/// A model to be fitted.
pub struct Job<'a> {
    /// Hash of kind, hyperparameters, inputs, ratings and seed.
    pub key: Key,
    model: &'a NamedModel,
    on: On,
}

/// The distinct models of a cell.
#[derive(Default)]
pub struct Jobs<'a>(pub Vec<Job<'a>>);

impl<'a> Jobs<'a> {
    /// The place of a model among the jobs; added if it is new.
    ///
    /// # Errors
    /// When a file that the model reads cannot be read.
    pub fn place(&mut self, model: &'a NamedModel, on: On, split: &Key, seed: u64) -> Result<usize> {
        let mut key = KeyBuilder::new("fit 1").key(split).number(seed).number(on as u64);
        key = key.text(model.kind).text(&model.model.parameters().to_string());
        if let Some(inputs) = model.model.inputs()? {
            key = key.key(&inputs);
        }
        let key = key.finish();
        if let Some(place) = self.0.iter().position(|job| job.key == key) {
            return Ok(place);
        }
        self.0.push(Job { key, model, on });
        Ok(self.0.len() - 1)
    }
}

/// Fits all jobs, in parallel.
pub fn fit(
    jobs: &[Job<'_>],
    dataset: &Dataset,
    base: &Interactions,
    train_full: &Interactions,
    seed: u64,
    say: impl Fn(&str) + Sync,
) -> Vec<Stage<Box<dyn FittedModel>>> {
    let one = |job: &Job<'_>| {
        let (interactions, suffix) = match job.on {
            On::Base => (base, ""),
            On::TrainFull => (train_full, " on train_full"),
        };
        let name = format!("fit {}{suffix}", job.model.name);
        Stage::run(name.clone(), job.key, || {
            parallel::check()?;
            say(&name);
            job.model.model.fit(&TrainData { dataset, interactions, seed })
        })
    };
    jobs.par_iter().map(one).collect()
}

/// Users per block when rows are scored.
const BLOCK: usize = 32;

/// Scores all rows of a part, in order of user and item.
pub fn score_rows(fit: &Stage<Box<dyn FittedModel>>, name: &str, part: &Interactions) -> Stage<Vec<f32>> {
    let key = KeyBuilder::new("score 1").key(&fit.key).text("meta_train").finish();
    let failed = match fit.get() {
        Ok(model) => {
            return Stage::run(format!("score {name}"), key, || {
                let blocks = parallel::map_blocks(part.n_users(), BLOCK, |users| block(&**model, part, users));
                let mut out = Vec::with_capacity(part.n_rows());
                for block in blocks {
                    out.extend(block?);
                }
                Ok(out)
            });
        }
        Err(failed) => failed,
    };
    let name = format!("score {name}");
    Stage { name, key, outcome: Err(Arc::clone(&failed)), elapsed_ms: 0.0, peak_memory_bytes: 0 }
}

fn block(model: &dyn FittedModel, part: &Interactions, users: std::ops::Range<usize>) -> Result<Vec<f32>> {
    parallel::check()?;
    let mut out = Vec::new();
    let mut items: Vec<ItemIndex> = Vec::new();
    for user in users {
        let user = UserIndex(user as u32);
        items.clear();
        items.extend(part.of_user(user).0.iter().map(|&item| ItemIndex(item)));
        let start = out.len();
        out.resize(start + items.len(), 0.0);
        model.score(user, &items, &mut out[start..]);
    }
    Ok(out)
}
