//! What statistics leave in the store: the intervals of a run, and comparisons with the test sets they looked at.

use super::open::{Store, failed};
use super::read::all;
use crate::error::Result;
use rusqlite::{TransactionBehavior, params};
use serde::{Deserialize, Serialize};

/// An interval of one value of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntervalRow {
    /// Name of the arm.
    pub arm: String,
    /// Protocol.
    pub protocol: String,
    /// Metric.
    pub metric: String,
    /// Cutoff; 0 for none.
    pub k: u64,
    /// `all`, or a segment.
    pub segment: String,
    /// `bca-users`, `two-way` or `t-seeds`.
    pub method: String,
    /// e.g. 0.95.
    pub level: f64,
    /// The value that the ends stand around.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Users; seeds for `t-seeds`, pairs of both for `two-way`.
    pub n: u64,
    /// 0 where nothing is resampled.
    pub n_resamples: u64,
    /// Standard deviation of the value over seeds; `None` for one seed.
    pub seed_sd: Option<f64>,
    /// Seeds.
    pub n_seeds: u64,
}

/// A comparison that was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonRow {
    /// Hash of what was asked and of the trials it was asked about.
    pub key: String,
    /// `compare` or `ab`.
    pub kind: String,
    /// When it was first asked; UTC, ISO 8601.
    pub made_at: String,
    /// Names of the sides.
    pub sides: Vec<String>,
    /// The first line.
    pub verdict: String,
    /// Everything, as JSON.
    #[serde(skip)]
    pub result: String,
    /// Hashes of the splits whose test sets it looked at.
    #[serde(skip)]
    pub splits: Vec<String>,
}

/// What a comparison was about, as far as one can tell without understanding all that it found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Protocol.
    pub protocol: String,
    /// Data set.
    pub dataset: String,
    /// What was asked beyond the sides, as options of the command line.
    pub asked: Vec<String>,
}

impl ComparisonRow {
    /// What it was about; empty where another version has kept it in another form.
    pub fn setting(&self) -> Setting {
        serde_json::from_str(&self.result).unwrap_or_default()
    }
}

impl Setting {
    /// Protocol, and what was asked beyond it: `full --metric recall@20`.
    pub fn words(&self) -> String {
        let asked = self.asked.iter().filter(|option| !option.starts_with("--protocol"));
        std::iter::once(&self.protocol).chain(asked).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// How often test sets have been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    /// Runs judged on them.
    pub n_runs: u64,
    /// Arms judged on them, each run's counted.
    pub n_arms: u64,
    /// Comparisons made on them.
    pub n_comparisons: u64,
}

const INSERT: &str = "INSERT INTO interval (run_id, arm_id, protocol, metric_id, k, segment, method, level, estimate, lower, upper, n, n_resamples, seed_sd, n_seeds)
    SELECT ?1, arm.id, ?3, metric.id, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15 FROM arm, metric
    WHERE arm.run_id = ?1 AND arm.name = ?2 AND metric.name = ?4 ON CONFLICT DO NOTHING";

const INTERVALS: &str = "SELECT arm.name, protocol, metric.name, k, segment, method, level, estimate, lower, upper, n, n_resamples, seed_sd, n_seeds
    FROM interval JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id
    WHERE interval.run_id = ?1 AND (?2 = '' OR segment = ?2) ORDER BY protocol, metric.id, k, segment, arm.position, method";

const SPLITS: &str = "WITH asked (hash) AS (SELECT value FROM json_each(?1)),
        judged AS (SELECT DISTINCT run_id FROM trial JOIN split ON split.id = split_id WHERE split.hash IN (SELECT hash FROM asked))
    SELECT (SELECT count(*) FROM judged), (SELECT count(*) FROM arm WHERE run_id IN (SELECT run_id FROM judged)),
        (SELECT count(DISTINCT comparison_id) FROM comparison_split WHERE split_hash IN (SELECT hash FROM asked))";

impl Store {
    /// Seeds that the intervals of a run are over; `None` while there are none.
    ///
    /// # Errors
    /// [`crate::Error::Store`]; so for all functions here.
    pub fn interval_seeds(&self, run: &str) -> Result<Option<u64>> {
        let sql = "SELECT max(n_seeds) FROM interval WHERE run_id = ?1";
        let found: Option<i64> = self.connection.query_row(sql, [run], |row| row.get(0)).map_err(failed(&self.path))?;
        Ok(found.map(|n| n as u64))
    }

    /// Stores the intervals of a run in place of those that it had.
    ///
    /// # Errors
    /// [`crate::Error::Store`]; then none is stored.
    pub fn write_intervals(&mut self, run: &str, rows: &[IntervalRow]) -> Result<()> {
        let path = self.path.clone();
        let write = |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM interval WHERE run_id = ?1", [run])?;
            let mut insert = transaction.prepare_cached(INSERT)?;
            for row in rows {
                insert.execute(params![
                    run,
                    row.arm,
                    row.protocol,
                    row.metric,
                    row.k as i64,
                    row.segment,
                    row.method,
                    row.level,
                    row.estimate,
                    row.lower,
                    row.upper,
                    row.n as i64,
                    row.n_resamples as i64,
                    row.seed_sd,
                    row.n_seeds as i64
                ])?;
            }
            drop(insert);
            transaction.commit()
        };
        write(&mut self.connection).map_err(failed(&path))
    }

    /// The intervals of a run, of one segment or (with an empty name) of all.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn intervals(&self, run: &str, segment: &str) -> Result<Vec<IntervalRow>> {
        all(&self.connection, INTERVALS, [run, segment], |row| {
            Ok(IntervalRow {
                arm: row.get(0)?,
                protocol: row.get(1)?,
                metric: row.get(2)?,
                k: row.get::<_, i64>(3)? as u64,
                segment: row.get(4)?,
                method: row.get(5)?,
                level: row.get(6)?,
                estimate: row.get(7)?,
                lower: row.get(8)?,
                upper: row.get(9)?,
                n: row.get::<_, i64>(10)? as u64,
                n_resamples: row.get::<_, i64>(11)? as u64,
                seed_sd: row.get(12)?,
                n_seeds: row.get::<_, i64>(13)? as u64,
            })
        })
        .map_err(failed(&self.path))
    }

    /// Stores a comparison. Asking the same again of the same trials is no further look.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn write_comparison(&mut self, row: &ComparisonRow) -> Result<()> {
        let path = self.path.clone();
        let write = |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let sides = serde_json::json!(row.sides).to_string();
            transaction.execute(
                "INSERT INTO comparison (key, kind, made_at, sides, verdict, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (key) DO UPDATE SET verdict = excluded.verdict, result = excluded.result",
                params![row.key, row.kind, row.made_at, sides, row.verdict, row.result],
            )?;
            let id: i64 =
                transaction.query_row("SELECT id FROM comparison WHERE key = ?1", [&row.key], |row| row.get(0))?;
            for hash in &row.splits {
                let sql =
                    "INSERT INTO comparison_split (comparison_id, split_hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                transaction.prepare_cached(sql)?.execute(params![id, hash])?;
            }
            transaction.commit()
        };
        write(&mut self.connection).map_err(failed(&path))
    }

    /// Whether a comparison was made before.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn has_comparison(&self, key: &str) -> Result<bool> {
        let sql = "SELECT count(*) FROM comparison WHERE key = ?1";
        let n: i64 = self.connection.query_row(sql, [key], |row| row.get(0)).map_err(failed(&self.path))?;
        Ok(n > 0)
    }

    /// Runs judged on the test sets of some splits, and comparisons made on them, before a time; `without`: runs that do not count.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn looks_before(&self, splits: &[String], time: &str, without: &[&str]) -> Result<(u64, u64)> {
        let sql = "WITH asked (hash) AS (SELECT value FROM json_each(?1))
            SELECT (SELECT count(DISTINCT run.id) FROM run JOIN trial ON trial.run_id = run.id JOIN split ON split.id = split_id
                    WHERE run.started_at < ?2 AND split.hash IN (SELECT hash FROM asked) AND run.id NOT IN (SELECT value FROM json_each(?3))),
                (SELECT count(DISTINCT comparison_id) FROM comparison_split JOIN comparison ON comparison.id = comparison_id
                    WHERE made_at < ?2 AND split_hash IN (SELECT hash FROM asked))";
        let (asked, without) = (serde_json::json!(splits).to_string(), serde_json::json!(without).to_string());
        let count = |row: &rusqlite::Row<'_>, column| row.get::<_, i64>(column).map(|n| n as u64);
        let read = |row: &rusqlite::Row<'_>| Ok((count(row, 0)?, count(row, 1)?));
        self.connection.query_row(sql, [&asked, time, &without], read).map_err(failed(&self.path))
    }

    /// All comparisons, newest first.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn comparisons(&self) -> Result<Vec<ComparisonRow>> {
        let sql = "SELECT key, kind, made_at, sides, verdict, result FROM comparison ORDER BY made_at DESC, id DESC";
        all(&self.connection, sql, [], |row| {
            let sides: String = row.get(3)?;
            Ok(ComparisonRow {
                key: row.get(0)?,
                kind: row.get(1)?,
                made_at: row.get(2)?,
                sides: serde_json::from_str(&sides).unwrap_or_default(),
                verdict: row.get(4)?,
                result: row.get(5)?,
                splits: Vec::new(),
            })
        })
        .map_err(failed(&self.path))
    }

    /// How often the test sets of some splits have been looked at so far.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn looks(&self, splits: &[String]) -> Result<Looks> {
        let asked = serde_json::json!(splits).to_string();
        let read = |row: &rusqlite::Row<'_>| {
            let count = |column| row.get::<_, i64>(column).map(|n| n as u64);
            Ok(Looks { n_runs: count(0)?, n_arms: count(1)?, n_comparisons: count(2)? })
        };
        self.connection.query_row(SPLITS, [asked], read).map_err(failed(&self.path))
    }
}
