//! Reading what tables and commands show: runs, leaderboards, splits, stages, events.

use super::open::{Store, failed};
use crate::error::{Error, Result, shown};
use crate::suggest;
use rusqlite::{Connection, Params, Row};
use serde::Serialize;
use std::collections::BTreeMap;

/// One attempt at a run, and the seeds it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// 1; more with `--force`.
    pub attempt: u64,
    /// Seeds in the store.
    pub seeds: Vec<u64>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its id.
    pub run: String,
    /// Its experiment.
    pub experiment: String,
    /// Its data set.
    pub dataset: String,
    /// UTC, ISO 8601.
    pub started_at: String,
    /// Seeds asked for.
    pub n_trials: u64,
    /// Seeds in the store.
    pub n_done: u64,
    /// The arm that is its answer.
    pub primary_arm: String,
    /// The protocol of the value below: the first of the experiment.
    pub protocol: String,
    /// The primary arm's NDCG at the cutoff nearest 10, as leaderboards show it ([`BoardValue::shown`]).
    pub ndcg: Option<f64>,
    /// That cutoff.
    pub k: Option<u64>,
}

/// All that a table of arms and metrics needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaderboard {
    /// The run.
    pub run: String,
    /// Its experiment.
    pub experiment: String,
    /// Its data set.
    pub dataset: String,
    /// Seeds asked for.
    pub n_trials: u64,
    /// Seeds in the store, ascending.
    pub seeds: Vec<u64>,
    /// Arms in the order of tables.
    pub arms: Vec<BoardArm>,
    /// Metrics in the order of their table.
    pub metrics: Vec<BoardMetric>,
    /// Protocols in the order of the experiment.
    pub protocols: Vec<String>,
    /// Values over all users, by (protocol, metric, k, arm).
    pub values: BTreeMap<(usize, usize, u64, usize), BoardValue>,
}

/// An arm of a leaderboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardArm {
    /// Its name.
    pub name: String,
    /// `stacker`, `average`, `base` or `floor`.
    pub role: String,
    /// Whether it is the experiment's answer.
    pub is_primary: bool,
}

/// A metric of a leaderboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardMetric {
    /// Its name.
    pub name: String,
    /// `higher`, `lower` or `neutral`.
    pub direction: String,
    /// Unit; empty for a share.
    pub unit: String,
}

/// One metric of one arm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BoardValue {
    /// Per seed, ascending.
    pub values: Vec<f64>,
    /// Users, or rows, per seed.
    pub n: Vec<u64>,
    /// How far the value may be off; `None` while the run is not complete, or where there is no telling.
    pub interval: Option<BoardInterval>,
}

/// An interval of a leaderboard's value: over users and seeds where there is one, else over users, else over seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoardInterval {
    /// The value that it is of: the mean over users of their means over seeds; over seeds where users have no values.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// e.g. 0.95.
    pub level: f64,
    /// `two-way`, `bca-users` or `t-seeds`.
    pub method: String,
}

impl BoardValue {
    /// The value that tables show: the one that the interval is of, where there is one, else the mean over seeds. They differ where users have not the same seeds.
    pub fn shown(&self) -> f64 {
        self.interval.as_ref().map_or_else(|| self.mean(), |interval| interval.estimate)
    }

    /// Mean over seeds.
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len().max(1) as f64
    }

    /// Standard deviation over seeds (n − 1); `None` for one seed.
    pub fn sd(&self) -> Option<f64> {
        let n = self.values.len();
        let mean = self.mean();
        let squares: f64 = self.values.iter().map(|value| (value - mean).powi(2)).sum();
        (n > 1).then(|| (squares / (n - 1) as f64).sqrt())
    }

    /// Mean number of users or rows over seeds.
    pub fn mean_n(&self) -> f64 {
        self.n.iter().sum::<u64>() as f64 / self.n.len().max(1) as f64
    }
}

// Data sets are kept once by their content, so that the name of one is what its first run called it; a run's own name for it is among its options.
const RUNS: &str = "SELECT run.id, experiment.name,
        coalesce((SELECT json_extract(value, '$') FROM param WHERE param.run_id = run.id AND name = 'data.name'), dataset.name), run.started_at, run.n_trials,
        (SELECT count(*) FROM trial WHERE trial.run_id = run.id),
        coalesce((SELECT name FROM arm WHERE arm.run_id = run.id AND is_primary = 1), ''),
        coalesce((SELECT json_extract(value, '$[0]') FROM param WHERE param.run_id = run.id AND name = 'evaluation.protocols'), '')
    FROM run JOIN experiment ON experiment.id = run.experiment_id JOIN dataset ON dataset.id = run.dataset_id
    ORDER BY run.started_at DESC, run.rowid DESC";

// As in the leaderboard: the value that the interval is of, where there is one.
const NDCG: &str = "SELECT metric_value.k, coalesce((SELECT estimate FROM interval WHERE interval.run_id = ?1 AND interval.arm_id = arm.id AND interval.protocol = ?2
        AND interval.metric_id = metric.id AND interval.k = metric_value.k AND interval.segment = 'all' ORDER BY method DESC LIMIT 1), avg(metric_value.value))
    FROM metric_value JOIN arm ON arm.id = metric_value.arm_id JOIN metric ON metric.id = metric_value.metric_id
    WHERE arm.run_id = ?1 AND arm.is_primary = 1 AND metric.name = 'ndcg' AND metric_value.protocol = ?2 AND metric_value.segment = 'all'
    GROUP BY metric_value.k ORDER BY abs(metric_value.k - 10), metric_value.k LIMIT 1";

const VALUES: &str =
    "SELECT metric_value.protocol, metric.name, metric_value.k, arm.name, metric_value.value, metric_value.n
    FROM trial JOIN metric_value ON metric_value.trial_id = trial.id JOIN arm ON arm.id = metric_value.arm_id
    JOIN metric ON metric.id = metric_value.metric_id
    WHERE trial.run_id = ?1 AND metric_value.segment = 'all' ORDER BY trial.seed";

// The last of the methods that a value has is the one that counts most: 'bca-users' and 't-seeds' come before 'two-way'.
const BOARD_INTERVALS: &str =
    "SELECT protocol, metric.name, k, arm.name, method, level, lower, upper, estimate FROM interval
    JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id
    WHERE interval.run_id = ?1 AND segment = 'all' ORDER BY method";

/// All rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params, read)?.collect()
}

impl Store {
    /// The attempts at a run of this key, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; so for all functions here.
    pub fn attempts(&self, key: &str) -> Result<Vec<Attempt>> {
        let runs = "SELECT id, attempt FROM run WHERE key = ?1 ORDER BY attempt";
        let runs: Vec<(String, i64)> =
            all(&self.connection, runs, [key], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed(&self.path))?;
        let attempts =
            runs.into_iter().map(|(id, attempt)| Ok(Attempt { attempt: attempt as u64, seeds: self.seeds(&id)? }));
        attempts.collect()
    }

    /// Seeds that a run is to have.
    ///
    /// # Errors
    /// [`Error::Store`], also when there is no such run.
    pub fn n_trials(&self, run: &str) -> Result<u64> {
        let sql = "SELECT n_trials FROM run WHERE id = ?1";
        let n: i64 = self.connection.query_row(sql, [run], |row| row.get(0)).map_err(failed(&self.path))?;
        Ok(n as u64)
    }

    /// Seeds of the trials of a run, ascending.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn seeds(&self, run: &str) -> Result<Vec<u64>> {
        let sql = "SELECT seed FROM trial WHERE run_id = ?1 ORDER BY seed";
        let seeds = all(&self.connection, sql, [run], |row| row.get::<_, i64>(0)).map_err(failed(&self.path))?;
        Ok(seeds.into_iter().map(|seed| seed as u64).collect())
    }

    /// All runs, newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn runs(&self) -> Result<Vec<RunSummary>> {
        let read = |row: &Row<'_>| {
            Ok(RunSummary {
                run: row.get(0)?,
                experiment: row.get(1)?,
                dataset: row.get(2)?,
                started_at: row.get(3)?,
                n_trials: row.get::<_, i64>(4)? as u64,
                n_done: row.get::<_, i64>(5)? as u64,
                primary_arm: row.get(6)?,
                protocol: row.get(7)?,
                ndcg: None,
                k: None,
            })
        };
        let mut runs = all(&self.connection, RUNS, [], read).map_err(failed(&self.path))?;
        for run in &mut runs {
            let found =
                all(&self.connection, NDCG, [&run.run, &run.protocol], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)));
            if let Some(&(k, mean)) = found.map_err(failed(&self.path))?.first() {
                (run.k, run.ndcg) = (Some(k as u64), Some(mean));
            }
        }
        Ok(runs)
    }

    /// The latest run of every experiment, by the experiments' names.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn latest_runs(&self) -> Result<Vec<String>> {
        let mut latest = BTreeMap::new();
        for run in self.runs()? {
            latest.entry(run.experiment).or_insert(run.run);
        }
        Ok(latest.into_values().collect())
    }

    /// The run that a text means: an experiment's name (its latest run), or the first digits of an id.
    ///
    /// # Errors
    /// [`Error::Name`] when it means none or several.
    pub fn find_run(&self, text: &str) -> Result<String> {
        let runs = self.runs()?;
        if let Some(run) = runs.iter().find(|run| run.experiment == text || run.run == text) {
            return Ok(run.run.clone());
        }
        let is_prefix = text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let matching: Vec<&str> =
            runs.iter().map(|run| run.run.as_str()).filter(|id| is_prefix && id.starts_with(text)).collect();
        let help = match matching[..] {
            [run] => return Ok(run.to_owned()),
            [] if runs.is_empty() => "the store has no runs".to_owned(),
            [] => {
                let mut names: Vec<&str> = runs.iter().map(|run| run.experiment.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                suggest::allowed(text, names)
            }
            _ => format!("it is the beginning of {}", matching.join(", ")),
        };
        Err(Error::Name { what: "experiment or run", found: shown(text), help: Some(help) })
    }

    /// Values over all users of every arm and metric.
    ///
    /// # Errors
    /// [`Error::Name`] when there is no such run.
    pub fn leaderboard(&self, run: &str) -> Result<Leaderboard> {
        let summary = self.runs()?.into_iter().find(|other| other.run == run);
        let Some(summary) = summary else {
            return Err(Error::Name { what: "run", found: shown(run), help: None });
        };
        let mut board = Leaderboard {
            run: run.to_owned(),
            experiment: summary.experiment,
            dataset: summary.dataset,
            n_trials: summary.n_trials,
            seeds: self.seeds(run)?,
            ..self.board_names(run).map_err(failed(&self.path))?
        };
        self.fill(run, &mut board).map_err(failed(&self.path))?;
        Ok(board)
    }

    fn board_names(&self, run: &str) -> rusqlite::Result<Leaderboard> {
        let arms = self.arms(run)?;
        let metrics = all(&self.connection, "SELECT name, direction, unit FROM metric ORDER BY id", [], |row| {
            Ok(BoardMetric { name: row.get(0)?, direction: row.get(1)?, unit: row.get(2)? })
        })?;
        let sql = "SELECT value FROM param WHERE run_id = ?1 AND name = 'evaluation.protocols'";
        let protocols: Vec<String> = all(&self.connection, sql, [run], |row| row.get(0))?;
        let protocols = protocols.first().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        Ok(Leaderboard {
            run: String::new(),
            experiment: String::new(),
            dataset: String::new(),
            n_trials: 0,
            seeds: Vec::new(),
            arms,
            metrics,
            protocols,
            values: BTreeMap::new(),
        })
    }

    fn fill(&self, run: &str, board: &mut Leaderboard) -> rusqlite::Result<()> {
        let place = |names: Vec<&str>| -> BTreeMap<String, usize> {
            names.into_iter().enumerate().map(|(place, name)| (name.to_owned(), place)).collect()
        };
        let arms = place(board.arms.iter().map(|arm| arm.name.as_str()).collect());
        let metrics = place(board.metrics.iter().map(|metric| metric.name.as_str()).collect());
        let protocols = place(board.protocols.iter().map(String::as_str).collect());
        let mut statement = self.connection.prepare_cached(VALUES)?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
            let places = (protocols.get(text(0)?), metrics.get(text(1)?), arms.get(text(3)?));
            if let (Some(&protocol), Some(&metric), Some(&arm)) = places {
                let key = (protocol, metric, row.get::<_, i64>(2)? as u64, arm);
                let value = board.values.entry(key).or_default();
                value.values.push(row.get(4)?);
                value.n.push(row.get::<_, i64>(5)? as u64);
            }
        }
        let mut statement = self.connection.prepare_cached(BOARD_INTERVALS)?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
            let places = (protocols.get(text(0)?), metrics.get(text(1)?), arms.get(text(3)?));
            let k = row.get::<_, i64>(2)? as u64;
            if let (Some(&protocol), Some(&metric), Some(&arm)) = places
                && let Some(value) = board.values.get_mut(&(protocol, metric, k, arm))
            {
                let (method, level) = (row.get(4)?, row.get(5)?);
                let (lower, upper, estimate) = (row.get(6)?, row.get(7)?, row.get(8)?);
                value.interval = Some(BoardInterval { estimate, lower, upper, level, method });
            }
        }
        Ok(())
    }
}
