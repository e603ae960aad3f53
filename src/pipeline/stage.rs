//! Stages: named, timed steps whose outcome can be shared.

use super::environment::peak_memory_bytes;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::store::rows::StageRow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// An error that several experiments share.
pub type Shared<T> = Result<T, Arc<Error>>;

/// The outcome of a step, and what it took.
pub struct Stage<T> {
    /// e.g. `fit mf`.
    pub name: String,
    /// Hash of everything that could change the outcome.
    pub key: Key,
    /// What came of it.
    pub outcome: Shared<T>,
    /// Wall clock.
    pub elapsed_ms: f64,
    /// Peak memory of the process when it was done.
    pub peak_memory_bytes: u64,
}

impl<T> Stage<T> {
    /// Does a step.
    pub fn run(name: String, key: Key, work: impl FnOnce() -> Result<T>) -> Self {
        let start = Instant::now();
        let outcome = work().map_err(Arc::new);
        let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
        Self { name, key, outcome, elapsed_ms, peak_memory_bytes: peak_memory_bytes() }
    }

    /// The outcome, if there is one.
    pub fn get(&self) -> Shared<&T> {
        self.outcome.as_ref().map_err(Arc::clone)
    }
}

/// Which trial a stage is booked on: the first that asks.
#[derive(Default)]
pub struct Books(BTreeSet<Key>);

impl Books {
    /// The stage as a trial's row.
    pub fn row<T>(&mut self, stage: &Stage<T>) -> StageRow {
        let is_shared = !self.0.insert(stage.key);
        StageRow {
            name: stage.name.clone(),
            key: stage.key.to_string(),
            is_shared,
            elapsed_ms: if is_shared { 0.0 } else { stage.elapsed_ms },
            peak_memory_bytes: stage.peak_memory_bytes,
        }
    }
}
