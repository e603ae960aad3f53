//! Reading how a run was made: split, stages, events, options.

use super::open::{Store, failed};
use super::read::all;
use super::rows::Params;
use crate::error::Result;
use rusqlite::Row;
use serde::Serialize;

/// How a run was made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetails {
    /// What the TOML says about itself.
    pub about: String,
    /// Its file.
    pub config_path: String,
    /// Version that ran it.
    pub rexp_version: String,
    /// Seed of the split below: the first.
    pub split_seed: u64,
    /// What the split left.
    pub split: Vec<Part>,
    /// Stages in order, over all trials.
    pub stages: Vec<StageSummary>,
    /// Notes and warnings, over all trials.
    pub events: Vec<EventSummary>,
    /// Every option with its value as JSON.
    pub params: Params,
}

/// What one part of a split holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name.
    pub part: String,
    /// Ratings.
    pub n_rows: i64,
    /// Users.
    pub n_users: i64,
    /// Items.
    pub n_items: i64,
    /// Users without a rating in `base_train`.
    pub n_cold_users: i64,
    /// Items without a rating in `base_train`.
    pub n_cold_items: i64,
    /// Relevant ratings.
    pub n_relevant: i64,
}

/// A stage over all trials of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageSummary {
    /// Its name.
    pub name: String,
    /// Trials that computed it.
    pub n_computed: i64,
    /// Trials that took it from another trial of the plan.
    pub n_shared: i64,
    /// Wall clock where it was computed.
    pub mean_ms: Option<f64>,
    /// CPU time of the whole process meanwhile, where it was computed and is known.
    pub mean_cpu_ms: Option<f64>,
}

/// A note or warning over all trials of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventSummary {
    /// `note` or `warning`.
    pub level: String,
    /// Short stable name.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Trials that say so; 0 for one about the run as a whole.
    pub n_trials: i64,
    /// Smallest number of rows, users or items it is about in those.
    pub least: i64,
    /// Largest.
    pub most: i64,
}

const PARTS: &str = "SELECT trial.seed, part, n_rows, n_users, n_items, n_cold_users, n_cold_items, n_relevant
    FROM trial JOIN split_part ON split_part.split_id = trial.split_id
    WHERE trial.run_id = ?1 AND trial.seed = (SELECT min(seed) FROM trial WHERE run_id = ?1)
    ORDER BY CASE part WHEN 'base_train' THEN 1 WHEN 'meta_train' THEN 2 WHEN 'train_full' THEN 3 WHEN 'test' THEN 4 ELSE 5 END";
const STAGES: &str = "SELECT name, sum(is_shared = 0), sum(is_shared = 1), avg(CASE is_shared WHEN 0 THEN stage.elapsed_ms END), avg(cpu_ms)
    FROM trial JOIN stage ON stage.trial_id = trial.id WHERE trial.run_id = ?1 GROUP BY name ORDER BY min(position), name";
const EVENTS: &str =
    "SELECT level, code, message, count(DISTINCT trial_id), min(count), max(count) FROM event WHERE run_id = ?1
    GROUP BY level, code, message ORDER BY level = 'warning' DESC, min(id)";

impl Store {
    /// How a run was made.
    ///
    /// # Errors
    /// [`crate::Error::Store`] when the store cannot be read.
    pub fn details(&self, run: &str) -> Result<RunDetails> {
        self.read_details(run).map_err(failed(&self.path))
    }

    fn read_details(&self, run: &str) -> rusqlite::Result<RunDetails> {
        let db = &self.connection;
        let parts: Vec<(i64, Part)> = all(db, PARTS, [run], |row| Ok((row.get(0)?, part(row)?)))?;
        let stages = all(db, STAGES, [run], |row| {
            Ok(StageSummary {
                name: row.get(0)?,
                n_computed: row.get(1)?,
                n_shared: row.get(2)?,
                mean_ms: row.get(3)?,
                mean_cpu_ms: row.get(4)?,
            })
        })?;
        let events = all(db, EVENTS, [run], |row| {
            Ok(EventSummary {
                level: row.get(0)?,
                code: row.get(1)?,
                message: row.get(2)?,
                n_trials: row.get(3)?,
                least: row.get(4)?,
                most: row.get(5)?,
            })
        })?;
        let params =
            all(db, "SELECT name, value FROM param WHERE run_id = ?1", [run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let sql = "SELECT about, config_path, rexp_version FROM run WHERE id = ?1";
        let (about, config_path, rexp_version) =
            db.query_row(sql, [run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(RunDetails {
            about,
            config_path,
            rexp_version,
            split_seed: parts.first().map_or(0, |(seed, _)| *seed as u64),
            split: parts.into_iter().map(|(_, part)| part).collect(),
            stages,
            events,
            params: params.into_iter().collect(),
        })
    }
}

fn part(row: &Row<'_>) -> rusqlite::Result<Part> {
    Ok(Part {
        part: row.get(1)?,
        n_rows: row.get(2)?,
        n_users: row.get(3)?,
        n_items: row.get(4)?,
        n_cold_users: row.get(5)?,
        n_cold_items: row.get(6)?,
        n_relevant: row.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::{StageRow, TrialRow};
    use crate::store::tests::{bundle, split, trial};

    #[test]
    fn cpu_time_is_read_where_it_is_known() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s.sqlite");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/v5.sqlite"), &path).unwrap();
        let mut store = Store::open(&path).unwrap();
        let old = store.details(&store.find_run("tiny").unwrap()).unwrap().stages;
        assert!(old.iter().all(|stage| stage.mean_ms.is_some() && stage.mean_cpu_ms.is_none()), "of the fifth version");
        let stage = |key: &str, cpu_ms| StageRow {
            name: "fit mf".into(),
            key: key.into(),
            is_shared: false,
            elapsed_ms: 4.0,
            cpu_ms,
            peak_memory_bytes: 1,
        };
        let bundle = bundle("another");
        for (seed, cpu_ms) in [(1, Some(3.0)), (2, Some(5.0)), (3, None)] {
            let row = TrialRow { stages: vec![stage(&seed.to_string(), cpu_ms)], ..trial(seed) };
            store.write_trial(&bundle, &split(), &row).unwrap();
        }
        let new = store.details(&bundle.run.id).unwrap().stages;
        assert_eq!((new[0].n_computed, new[0].mean_ms, new[0].mean_cpu_ms), (3, Some(4.0), Some(4.0)));
    }
}
