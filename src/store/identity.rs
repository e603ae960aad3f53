//! What a run was: enough to say whether two runs answer the same question.

use super::open::{Store, failed};
use super::read::{BoardArm, all};
use crate::error::Result;
use std::collections::BTreeMap;

/// Data, split and options of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunIdentity {
    /// Its id.
    pub run: String,
    /// Its experiment.
    pub experiment: String,
    /// When it was begun; UTC, ISO 8601.
    pub started_at: String,
    /// Hash of the content of its data.
    pub dataset_hash: String,
    /// The run's name for it.
    pub dataset: String,
    /// Arms in the order of tables.
    pub arms: Vec<BoardArm>,
    /// Hash of the split of every trial, by seed.
    pub splits: BTreeMap<u64, String>,
    /// Options by dotted name, as JSON.
    pub params: BTreeMap<String, String>,
}

impl Store {
    /// Data, split and options of a run.
    ///
    /// # Errors
    /// [`crate::Error::Store`], also when there is no such run.
    pub fn identity(&self, run: &str) -> Result<RunIdentity> {
        self.read_identity(run).map_err(failed(&self.path))
    }

    fn read_identity(&self, run: &str) -> rusqlite::Result<RunIdentity> {
        let db = &self.connection;
        let sql = "SELECT experiment.name, run.started_at, dataset.hash, dataset.name FROM run JOIN experiment ON experiment.id = experiment_id
            JOIN dataset ON dataset.id = dataset_id WHERE run.id = ?1";
        let (experiment, started_at, dataset_hash, dataset): (String, String, String, String) =
            db.query_row(sql, [run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let sql = "SELECT name, value FROM param WHERE run_id = ?1";
        let params: Vec<(String, String)> = all(db, sql, [run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let params: BTreeMap<String, String> = params.into_iter().collect();
        let own_name = params.get("data.name").and_then(|json| serde_json::from_str(json).ok());
        let sql = "SELECT seed, split.hash FROM trial JOIN split ON split.id = split_id WHERE run_id = ?1";
        let splits = all(db, sql, [run], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))?;
        Ok(RunIdentity {
            run: run.to_owned(),
            experiment,
            started_at,
            dataset_hash,
            dataset: own_name.unwrap_or(dataset),
            arms: self.arms(run)?,
            splits: splits.into_iter().collect(),
            params,
        })
    }

    /// Arms of a run in the order of tables.
    pub(super) fn arms(&self, run: &str) -> rusqlite::Result<Vec<BoardArm>> {
        let sql = "SELECT name, role, is_primary FROM arm WHERE run_id = ?1 ORDER BY position";
        all(&self.connection, sql, [run], |row| {
            Ok(BoardArm { name: row.get(0)?, role: row.get(1)?, is_primary: row.get(2)? })
        })
    }
}
