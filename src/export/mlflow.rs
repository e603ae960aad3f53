//! Runs for MLflow: a database that `mlflow ui` opens.
//!
//! MLflow 3 keeps its runs in `sqlite:///mlflow.db` and refuses the folders of files of earlier versions, so this writes `DIR/mlflow.db`. Its tables change with every
//! few weeks' release, and MLflow opens only the newest; but a database that lacks a table it brings forward itself, on opening. So this writes the tables of
//! 2019: small, fixed, and open to every MLflow since (tried with 3.17.2). The price is that the first opening takes some seconds more.
//!
//! - One MLflow experiment per experiment, under its name. One MLflow run per run and arm, because arms are what one wants side by side in its table.
//! - Params: every option of the run. Tags: `rexp.run`, `rexp.arm`, `rexp.role`, `rexp.kind`, `rexp.dataset`, `rexp.is_primary`, `rexp.version`.
//! - Metrics over all users: `<protocol>.<metric>_at_<k>` is the mean over seeds, `by_seed/<protocol>.<metric>_at_<k>` the value of each seed, with the seed as step.
//! - A run that lacks seeds is RUNNING. What it leaves out: segments, intervals and lists; they are in the tables of `rexp export`.

use super::tables::protocols;
use super::whole::WholeFile;
use crate::error::{Error, Result};
use crate::key::KeyBuilder;
use crate::store::Store;
use crate::store::identity::RunIdentity;
use crate::store::read::BoardArm;
use crate::store::rows::RunRow;
use rusqlite::{Connection, OpenFlags, Transaction, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SCHEMA: &str = include_str!("mlflow.sql");

/// The name that MLflow looks for in its folder.
const NAME: &str = "mlflow.db";

/// A run as MLflow is told of it.
struct Source<'a> {
    own: &'a RunIdentity,
    row: &'a RunRow,
    is_complete: bool,
    started_ms: i64,
    /// When each seed was finished, in milliseconds since 1970.
    finished_ms: &'a BTreeMap<u64, i64>,
}

/// One metric of an arm: its name, and its value by seed.
type BySeed = BTreeMap<String, Vec<(u64, f64)>>;

/// Writes every run of the store into a new `mlflow.db` in a folder; returns its path.
///
/// # Errors
/// [`Error::Usage`] if there is one already: it may hold what others logged. [`Error::Store`] and [`Error::Io`].
pub fn write(store: &Store, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(NAME);
    if path.symlink_metadata().is_ok() {
        let help = "name another folder, or remove the file: runs that others logged there would be lost";
        return Err(Error::usage(format!("{} is there already", path.display()), help));
    }
    let _moment = store.snapshot()?;
    let file = WholeFile::begin(&path)?;
    let failed = |reason: rusqlite::Error| Error::Store { path: path.clone(), message: reason.to_string() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(file.temporary(), flags).map_err(failed)?;
    db.execute_batch(SCHEMA).map_err(failed)?;
    let transaction = db.transaction().map_err(failed)?;
    for summary in store.runs()?.iter().rev() {
        let (own, row) = (store.identity(&summary.run)?, store.run_row(&summary.run)?);
        let finished = store.finished_at(&summary.run)?;
        let finished_ms = finished.into_iter().map(|(seed, at)| (seed, milliseconds(&at))).collect();
        let is_complete = summary.n_done >= summary.n_trials;
        let started_ms = milliseconds(&own.started_at);
        let source = Source { own: &own, row: &row, is_complete, started_ms, finished_ms: &finished_ms };
        let experiment = experiment(&transaction, &own.experiment).map_err(failed)?;
        let kinds = store.arm_kinds(&own.run)?;
        for arm in &own.arms {
            let values = values(store, &own, &arm.name)?;
            let kind = kinds.get(&arm.name).map_or("", String::as_str);
            source.arm(&transaction, experiment, arm, kind, &values).map_err(failed)?;
        }
    }
    default_experiment(&transaction).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    db.close().map_err(|(_, reason)| failed(reason))?;
    file.finish()
}

fn milliseconds(time: &str) -> i64 {
    // Times are written by rexp; one that is none is shown as 1970 rather than stopping an export.
    time.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond)
}

/// The values of an arm over all users, by MLflow's name of the metric.
fn values(store: &Store, own: &RunIdentity, arm: &str) -> Result<BySeed> {
    let mut out = BySeed::new();
    for protocol in protocols(own) {
        for ((metric, k, seed), value) in store.values_by_seed(&own.run, arm, &protocol)? {
            let at = if k > 0 { format!("_at_{k}") } else { String::new() };
            out.entry(format!("{protocol}.{metric}{at}")).or_default().push((seed, value));
        }
    }
    Ok(out)
}

/// The number of the MLflow experiment of this name.
fn experiment(db: &Transaction<'_>, name: &str) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO experiments (name, lifecycle_stage) VALUES (?1, 'active') ON CONFLICT DO NOTHING";
    db.execute(sql, [name])?;
    let id: i64 = db.query_row("SELECT experiment_id FROM experiments WHERE name = ?1", [name], |row| row.get(0))?;
    let sql = "UPDATE experiments SET artifact_location = ?2 WHERE experiment_id = ?1";
    db.execute(sql, params![id, format!("./mlruns/{id}")])?;
    Ok(id)
}

/// The experiment 0 that MLflow logs into when none is named; MLflow makes it only in a database without any.
fn default_experiment(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage)
        VALUES (0, 'Default', './mlruns/0', 'active') ON CONFLICT DO NOTHING";
    db.execute(sql, []).map(drop)
}

impl Source<'_> {
    fn arm(
        &self,
        db: &Transaction<'_>,
        experiment: i64,
        arm: &BoardArm,
        kind: &str,
        values: &BySeed,
    ) -> rusqlite::Result<()> {
        let hash = KeyBuilder::new("mlflow run").text(&self.own.run).text(&arm.name).finish().to_string();
        let id = &hash[..32];
        let ended_ms = self.finished_ms.values().max().copied();
        let status = if self.is_complete { "FINISHED" } else { "RUNNING" };
        let name = format!("{} ({})", arm.name, &self.own.run);
        db.prepare_cached(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version,
                               lifecycle_stage, artifact_uri, experiment_id)
             VALUES (?1, ?2, 'LOCAL', ?3, '', '', ?4, ?5, ?6, ?7, 'active', ?8, ?9)",
        )?
        .execute(params![
            id,
            name,
            self.row.config_path,
            status,
            self.started_ms,
            ended_ms.filter(|_| self.is_complete),
            self.row.environment.git_commit,
            format!("./mlruns/{experiment}/{id}/artifacts"),
            experiment
        ])?;
        let mut insert = db.prepare_cached("INSERT INTO params (run_uuid, key, value) VALUES (?1, ?2, ?3)")?;
        for (option, json) in &self.own.params {
            let text = serde_json::from_str::<String>(json).unwrap_or_else(|_| json.clone());
            insert.execute((id, option, text))?;
        }
        let mut insert = db.prepare_cached("INSERT INTO tags (run_uuid, key, value) VALUES (?1, ?2, ?3)")?;
        for (key, value) in self.tags(arm, kind, &name).iter().filter(|(_, value)| !value.is_empty()) {
            insert.execute((id, key, value))?;
        }
        self.metrics(db, id, values, ended_ms.unwrap_or(self.started_ms))
    }

    fn tags<'b>(&'b self, arm: &'b BoardArm, kind: &'b str, name: &'b str) -> [(&'static str, &'b str); 12] {
        [
            ("mlflow.runName", name),
            ("mlflow.source.name", &self.row.config_path),
            ("mlflow.source.type", "LOCAL"),
            ("mlflow.source.git.commit", &self.row.environment.git_commit),
            ("mlflow.note.content", &self.row.about),
            ("rexp.run", &self.own.run),
            ("rexp.arm", &arm.name),
            ("rexp.role", &arm.role),
            ("rexp.kind", kind),
            ("rexp.dataset", &self.own.dataset),
            ("rexp.is_primary", if arm.is_primary { "true" } else { "false" }),
            ("rexp.version", &self.row.environment.rexp_version),
        ]
    }

    fn metrics(&self, db: &Transaction<'_>, id: &str, values: &BySeed, ended_ms: i64) -> rusqlite::Result<()> {
        let mut insert = db.prepare_cached(
            "INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        )?;
        let mut latest = db.prepare_cached(
            "INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        )?;
        for (name, by_seed) in values {
            let mean = by_seed.iter().map(|(_, value)| value).sum::<f64>() / by_seed.len() as f64;
            insert.execute((id, name, mean, ended_ms, 0))?;
            latest.execute((id, name, mean, ended_ms, 0))?;
            let name = format!("by_seed/{name}");
            for (seed, value) in by_seed {
                let finished_ms = self.finished_ms.get(seed).copied().unwrap_or(ended_ms);
                insert.execute((id, &name, value, finished_ms, *seed as i64))?;
            }
            // The latest value of MLflow is the one with the highest step.
            if let Some((seed, value)) = by_seed.iter().max_by_key(|(seed, _)| *seed as i64) {
                let finished_ms = self.finished_ms.get(seed).copied().unwrap_or(ended_ms);
                latest.execute((id, &name, value, finished_ms, *seed as i64))?;
            }
        }
        Ok(())
    }
}
