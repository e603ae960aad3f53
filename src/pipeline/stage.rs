//! Stages: named, timed steps whose outcome can be shared.

use super::environment::{cpu_time, peak_memory_bytes};
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
    /// CPU time of the whole process meanwhile, so that of stages beside it too; `None` where the system does not tell.
    pub cpu_ms: Option<f64>,
    /// Peak memory of the process when it was done.
    pub peak_memory_bytes: u64,
}

impl<T> Stage<T> {
    /// Does a step.
    pub fn run(name: String, key: Key, work: impl FnOnce() -> Result<T>) -> Self {
        let (start, cpu_start) = (Instant::now(), cpu_time());
        let outcome = work().map_err(Arc::new);
        let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
        let cpu_ms = cpu_time().zip(cpu_start).map(|(end, start)| end.saturating_sub(start).as_secs_f64() * 1e3);
        Self { name, key, outcome, elapsed_ms, cpu_ms, peak_memory_bytes: peak_memory_bytes() }
    }

    /// A step that was not begun, because one before it failed.
    pub fn failed(name: String, key: Key, failed: Arc<Error>) -> Self {
        Self { name, key, outcome: Err(failed), elapsed_ms: 0.0, cpu_ms: None, peak_memory_bytes: 0 }
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
        self.row_named(stage, stage.name.clone())
    }

    /// The stage as a trial's row, under the name that the trial's experiment gives to what it makes: a stage that several experiments share has the name of the
    /// first one, which another can give to something else.
    pub fn row_named<T>(&mut self, stage: &Stage<T>, name: String) -> StageRow {
        let is_shared = !self.0.insert(stage.key);
        StageRow {
            name,
            key: stage.key.to_string(),
            is_shared,
            elapsed_ms: if is_shared { 0.0 } else { stage.elapsed_ms },
            cpu_ms: stage.cpu_ms.filter(|_| !is_shared),
            peak_memory_bytes: stage.peak_memory_bytes,
        }
    }
}
