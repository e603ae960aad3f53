//! Base models of a cell: each distinct one is fitted once per context, whatever it is called and however many experiments use it.

use super::contexts::On;
use super::stage::Stage;
use crate::dataset::{Dataset, Interactions};
use crate::error::Result;
use crate::experiment::NamedModel;
use crate::key::{Key, KeyBuilder};
use crate::models::{FittedModel, TrainData};
use crate::parallel;
use rayon::prelude::*;

/// A distinct model: kind, hyperparameters and inputs.
pub struct Slot<'a> {
    /// Hash of those.
    pub key: Key,
    model: &'a NamedModel,
}

/// A model to be fitted.
pub struct Job {
    /// Hash of the slot, the ratings and the seed.
    pub key: Key,
    /// The model.
    pub slot: usize,
    /// What it is fitted on.
    pub on: On,
}

/// The distinct models of a cell and their fits.
#[derive(Default)]
pub struct Jobs<'a> {
    /// The models.
    pub slots: Vec<Slot<'a>>,
    /// Their fits.
    pub fits: Vec<Job>,
}

impl<'a> Jobs<'a> {
    /// The slot of a model; added if it is new.
    ///
    /// # Errors
    /// When a file that the model reads cannot be read.
    pub fn slot(&mut self, model: &'a NamedModel) -> Result<usize> {
        let mut key = KeyBuilder::new("model 1").text(model.kind).text(&model.model.parameters().to_string());
        if let Some(inputs) = model.model.inputs()? {
            key = key.key(&inputs);
        }
        let key = key.finish();
        if let Some(slot) = self.slots.iter().position(|slot| slot.key == key) {
            return Ok(slot);
        }
        self.slots.push(Slot { key, model });
        Ok(self.slots.len() - 1)
    }

    /// The place of a fit; added if it is new.
    pub fn add(&mut self, slot: usize, on: On, split: &Key, seed: u64) -> usize {
        if let Some(place) = self.place(slot, on) {
            return place;
        }
        let key = KeyBuilder::new("fit 2").key(split).number(seed).key(&self.slots[slot].key);
        let key = on.numbers().into_iter().fold(key, KeyBuilder::number).finish();
        self.fits.push(Job { key, slot, on });
        self.fits.len() - 1
    }

    /// The place of a fit, if there is one.
    pub fn place(&self, slot: usize, on: On) -> Option<usize> {
        self.fits.iter().position(|job| job.slot == slot && job.on == on)
    }

    /// Fits everything, in parallel. `ratings` finds what a context learns from.
    pub fn fit<'r>(
        &self,
        dataset: &Dataset,
        ratings: impl Fn(On) -> &'r Interactions + Sync,
        seed: u64,
        say: impl Fn(&str) + Sync,
    ) -> Vec<Stage<Box<dyn FittedModel>>> {
        let one = |job: &Job| {
            let model = self.slots[job.slot].model;
            let name = job.on.stage(&model.name);
            Stage::run(name.clone(), job.key, || {
                parallel::check()?;
                say(&name);
                model.model.fit(&TrainData { dataset, interactions: ratings(job.on), seed })
            })
        };
        self.fits.par_iter().map(one).collect()
    }
}
