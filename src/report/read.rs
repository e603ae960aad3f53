//! Everything the page needs, read from the store into plain structs.
//!
//! Values come ordered by seed and are averaged here, not in SQL, so that a mean is the same sum in the same order on every machine.

use super::records::{
    Arm, Dataset, Event, HistoryPoint, Importance, Interval, Metric, Omission, Run, RunFacts, Split, Stage, Trial,
    Values,
};
use super::work::work;
use crate::error::{Error, Result};
use crate::store::agreement::{self, AgreementRow};
use crate::store::exhibits::{self, Exhibits};
use crate::store::items::{Item, items as store_items};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ARMS: &str = "SELECT id, name, role, kind, is_primary FROM arm WHERE run_id = ?1 ORDER BY position, id";
const METRICS: &str = "SELECT id, name, direction, unit, about FROM metric ORDER BY id";
const TRIALS: &str = "SELECT seed, elapsed_ms, peak_memory_bytes, n_threads, split.hash
    FROM trial JOIN split ON split.id = trial.split_id WHERE run_id = ?1 ORDER BY seed";
// As data sets, splits are kept once by their content; how this run came to its own is among its options.
const SPLITS: &str = "SELECT coalesce((SELECT json_extract(value, '$') FROM param WHERE run_id = ?1 AND name = 'split.kind'), kind),
        coalesce((SELECT json_group_object(substr(name, 7), json(value)) FROM (SELECT name, value FROM param
            WHERE run_id = ?1 AND name LIKE 'split.%' AND name NOT IN ('split.kind', 'split.refit') ORDER BY name) HAVING count(*) > 0), parameters),
        part, n_rows, n_users, n_items, n_cold_users, n_cold_items, n_relevant
    FROM trial JOIN split ON split.id = trial.split_id JOIN split_part ON split_part.split_id = split.id
    WHERE run_id = ?1 ORDER BY seed, part";
const VALUES: &str = "SELECT protocol, metric_id, k, segment, arm_id, value, n, n_left_out
    FROM metric_value JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id
    WHERE trial.run_id = ?1 AND segment = 'all' ORDER BY protocol, metric_id, k, segment, arm.position, arm_id, seed";
const SEGMENTS: &str = "SELECT protocol, metric_id, k, segment, arm_id, value, n, n_left_out
    FROM metric_value JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id
    WHERE trial.run_id = ?1 AND segment <> 'all' AND metric_id = ?2 AND k = ?3
    ORDER BY protocol, metric_id, k, segment, arm.position, arm_id, seed";
// The last of several methods counts: users and seeds together say more than users alone.
const INTERVALS: &str =
    "SELECT protocol, metric_id, k, segment, arm_id, lower, upper, level, method, estimate FROM interval
    WHERE run_id = ?1 AND (segment = 'all' OR (metric_id = ?2 AND k = ?3)) ORDER BY method = 'two-way'";
const OMISSIONS: &str =
    "SELECT protocol, metric.name, reason, arm.name, count(DISTINCT trial.id), min(count), max(count)
    FROM omission JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id
    WHERE trial.run_id = ?1 AND segment = 'all'
    GROUP BY protocol, metric.id, reason, arm.id ORDER BY protocol, metric.id, reason, arm.position, arm.id";
const HISTORY: &str = "SELECT source, series, seed, step, value FROM history JOIN trial ON trial.id = trial_id
    WHERE run_id = ?1 ORDER BY source, series, seed, step";
const IMPORTANCES: &str = "SELECT arm_id, measure, feature, value
    FROM importance JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id
    WHERE trial.run_id = ?1 ORDER BY arm.position, arm_id, measure, feature, seed";
const STAGES: &str = "SELECT name, sum(is_shared = 0), sum(is_shared <> 0),
        avg(CASE WHEN is_shared = 0 THEN stage.elapsed_ms END), avg(cpu_ms), max(stage.peak_memory_bytes)
    FROM stage JOIN trial ON trial.id = trial_id WHERE run_id = ?1 GROUP BY name ORDER BY min(position), name";
const PARAMS: &str = "SELECT name, value FROM param WHERE run_id = ?1";
const EVENTS: &str = "SELECT level, code, message, count(DISTINCT trial_id), min(count), max(count) FROM event
    WHERE run_id = ?1 GROUP BY level, code, message ORDER BY level = 'warning' DESC, min(id)";

const ITEM_COUNTS: &str = "SELECT n_ratings FROM item WHERE dataset_id = ?1 AND n_ratings > 0 ORDER BY n_ratings DESC";

/// How much of a run is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that its page shows.
    Page,
    /// The same without what trials left to be looked at, which no text has room for.
    Tables,
}

/// Reads a run. `headline` picks, from the values over all users, the metric and k that segments are shown for.
pub fn run_facts(
    connection: &Connection,
    run_id: &str,
    headline: impl Fn(&[Metric], &[Values]) -> Option<(i64, i64)>,
    extent: Extent,
) -> Result<RunFacts> {
    // One read transaction: a trial that is committed meanwhile is in all tables of the page or in none.
    let snapshot = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose();
    let _snapshot = snapshot.map_err(|error| failed(connection, &error))?;
    let run = run(connection, run_id)?;
    let metrics = all(connection, METRICS, [], |row| {
        Ok(Metric { id: row.get(0)?, name: row.get(1)?, direction: row.get(2)?, unit: row.get(3)?, about: row.get(4)? })
    })?;
    let mut values = gathered(all(connection, VALUES, [run_id], value)?);
    let (metric, k) = headline(&metrics, &values).unwrap_or((-1, -1));
    let mut segments = gathered(all(connection, SEGMENTS, (run_id, metric, k), value)?);
    let intervals: BTreeMap<_, Interval> =
        all(connection, INTERVALS, (run_id, metric, k), interval)?.into_iter().collect();
    for value in values.iter_mut().chain(&mut segments) {
        let key = (value.protocol.clone(), value.metric_id, value.k, value.segment.clone(), value.arm_id);
        value.interval = intervals.get(&key).cloned();
    }
    let exhibits = match extent {
        Extent::Page => exhibits::read(connection, run_id).map_err(|error| failed(connection, &error))?,
        Extent::Tables => Exhibits::default(),
    };
    let params = all(connection, PARAMS, [run_id], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect();
    Ok(RunFacts {
        items: items(connection, run.dataset_id, &exhibits)?,
        item_counts: all(connection, ITEM_COUNTS, [run.dataset_id], |row| row.get(0))?,
        exhibits,
        dataset: dataset(connection, run.dataset_id, run_id)?,
        arms: all(connection, ARMS, [run_id], |row| {
            let is_primary = row.get::<_, i64>(4)? != 0;
            Ok(Arm { id: row.get(0)?, name: row.get(1)?, role: row.get(2)?, kind: row.get(3)?, is_primary })
        })?,
        metrics,
        trials: all(connection, TRIALS, [run_id], trial)?,
        splits: all(connection, SPLITS, [run_id], split)?,
        values,
        segments,
        omissions: all(connection, OMISSIONS, [run_id], omission)?,
        agreements: all(connection, agreement::SELECT, [run_id], AgreementRow::read)?,
        history: all(connection, HISTORY, [run_id], history_point)?,
        importances: importances(connection, run_id)?,
        stages: all(connection, STAGES, [run_id], stage)?,
        work: work(connection, run_id, &params)?,
        params,
        events: all(connection, EVENTS, [run_id], event)?,
        run,
    })
}

fn run(connection: &Connection, run_id: &str) -> Result<Run> {
    let read = |row: &Row<'_>| {
        Ok(Run {
            id: row.get("id")?,
            experiment: row.get("name")?,
            about: row.get("about")?,
            started_at: row.get("started_at")?,
            n_trials: row.get("n_trials")?,
            attempt: row.get("attempt")?,
            key: row.get("key")?,
            config_toml: row.get("config_toml")?,
            config_source: row.get("config_source")?,
            config_path: row.get("config_path")?,
            environment: vec![
                ("rexp", row.get("rexp_version")?),
                ("source of rexp", row.get("rexp_source")?),
                ("commit of rexp", row.get("rexp_commit")?),
                ("commit of the experiments", row.get("git_commit")?),
                ("SQLite", row.get("sqlite_version")?),
            ],
            machine: row.get("machine")?,
            dataset_id: row.get("dataset_id")?,
        })
    };
    let sql =
        "SELECT run.*, experiment.name FROM run JOIN experiment ON experiment.id = experiment_id WHERE run.id = ?1";
    let found = connection.query_row(sql, [run_id], read).optional().map_err(|error| failed(connection, &error))?;
    if let Some(run) = found {
        return Ok(run);
    }
    let sql = "SELECT id FROM run ORDER BY started_at DESC, rowid DESC LIMIT 5";
    let latest: Vec<String> = all(connection, sql, [], |row| row.get(0))?;
    let help =
        if latest.is_empty() { "the store has no runs".into() } else { format!("latest: {}", latest.join(", ")) };
    Err(Error::Name { what: "run", found: run_id.to_owned(), help: Some(help) })
}

fn dataset(connection: &Connection, id: i64, run_id: &str) -> Result<Dataset> {
    let read = |row: &Row<'_>| {
        let (first, last): (Option<i64>, Option<i64>) = (row.get("first_timestamp")?, row.get("last_timestamp")?);
        Ok(Dataset {
            hash: row.get("hash")?,
            name: row.get("own_name")?,
            n_users: row.get("n_users")?,
            n_items: row.get("n_items")?,
            n_items_rated: row.get("n_items_rated")?,
            n_rows: row.get("n_rows")?,
            rating_min: row.get("rating_min")?,
            rating_max: row.get("rating_max")?,
            rating_mean: row.get("rating_mean")?,
            timestamps: first.zip(last),
            rating_counts: row.get("rating_counts")?,
            month_counts: row.get("month_counts")?,
        })
    };
    let sql = "SELECT *, coalesce((SELECT json_extract(value, '$') FROM param WHERE run_id = ?2 AND name = 'data.name'), name) AS own_name
        FROM dataset WHERE id = ?1";
    connection.query_row(sql, (id, run_id), read).map_err(|error| failed(connection, &error))
}

/// The items that exhibits name.
fn items(connection: &Connection, dataset: i64, exhibits: &Exhibits) -> Result<BTreeMap<u32, Item>> {
    let examples = || exhibits.examples.iter().map(|(_, example)| example);
    let shown = examples().flat_map(|example| example.items.iter().map(|(item, _)| *item));
    let wanted: BTreeSet<u32> = shown.chain(examples().flat_map(|example| example.liked.iter().copied())).collect();
    store_items(connection, dataset, &wanted).map_err(|error| failed(connection, &error))
}

fn trial(row: &Row<'_>) -> rusqlite::Result<Trial> {
    Ok(Trial {
        seed: row.get(0)?,
        elapsed_ms: row.get(1)?,
        peak_memory_bytes: row.get(2)?,
        n_threads: row.get(3)?,
        split_hash: row.get(4)?,
    })
}

fn split(row: &Row<'_>) -> rusqlite::Result<Split> {
    let counts = [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?];
    Ok(Split { kind: row.get(0)?, parameters: row.get(1)?, part: row.get(2)?, counts })
}

/// One seed's value, as the first member of its [`Values`].
fn value(row: &Row<'_>) -> rusqlite::Result<Values> {
    Ok(Values {
        protocol: row.get(0)?,
        metric_id: row.get(1)?,
        k: row.get(2)?,
        segment: row.get(3)?,
        arm_id: row.get(4)?,
        values: vec![row.get(5)?],
        n: vec![row.get(6)?],
        n_left_out: vec![row.get(7)?],
        interval: None,
    })
}

/// What an interval is of: protocol, metric, k, segment, arm.
type Of = (String, i64, i64, String, i64);

fn interval(row: &Row<'_>) -> rusqlite::Result<(Of, Interval)> {
    let of = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let (lower, upper, estimate) = (row.get(5)?, row.get(6)?, row.get(9)?);
    Ok((of, Interval { estimate, lower, upper, level: row.get(7)?, method: row.get(8)? }))
}

/// Joins neighbors that differ in their seed only.
fn gathered(rows: Vec<Values>) -> Vec<Values> {
    let mut out: Vec<Values> = Vec::new();
    for row in rows {
        match out.last_mut() {
            Some(last)
                if (last.arm_id, last.metric_id, last.k) == (row.arm_id, row.metric_id, row.k)
                    && last.protocol == row.protocol
                    && last.segment == row.segment =>
            {
                last.values.extend(row.values);
                last.n.extend(row.n);
                last.n_left_out.extend(row.n_left_out);
            }
            _ => out.push(row),
        }
    }
    out
}

fn omission(row: &Row<'_>) -> rusqlite::Result<Omission> {
    Ok(Omission {
        protocol: row.get(0)?,
        metric: row.get(1)?,
        reason: row.get(2)?,
        arm: row.get(3)?,
        n_seeds: row.get(4)?,
        lowest: row.get(5)?,
        highest: row.get(6)?,
    })
}

fn history_point(row: &Row<'_>) -> rusqlite::Result<HistoryPoint> {
    Ok(HistoryPoint {
        source: row.get(0)?,
        series: row.get(1)?,
        seed: row.get(2)?,
        step: row.get(3)?,
        value: row.get(4)?,
    })
}

fn importances(connection: &Connection, run_id: &str) -> Result<Vec<Importance>> {
    let rows: Vec<Importance> = all(connection, IMPORTANCES, [run_id], |row| {
        Ok(Importance { arm_id: row.get(0)?, measure: row.get(1)?, feature: row.get(2)?, values: vec![row.get(3)?] })
    })?;
    let mut out: Vec<Importance> = Vec::new();
    for row in rows {
        match out.last_mut() {
            Some(last) if last.arm_id == row.arm_id && last.measure == row.measure && last.feature == row.feature => {
                last.values.extend(row.values);
            }
            _ => out.push(row),
        }
    }
    Ok(out)
}

fn stage(row: &Row<'_>) -> rusqlite::Result<Stage> {
    Ok(Stage {
        name: row.get(0)?,
        n_computed: row.get(1)?,
        n_shared: row.get(2)?,
        mean_ms: row.get(3)?,
        mean_cpu_ms: row.get(4)?,
        peak_memory_bytes: row.get(5)?,
    })
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        level: row.get(0)?,
        code: row.get(1)?,
        message: row.get(2)?,
        n_trials: row.get(3)?,
        lowest: row.get(4)?,
        highest: row.get(5)?,
    })
}

/// All rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let rows = || connection.prepare(sql)?.query_map(params, read)?.collect::<rusqlite::Result<Vec<T>>>();
    rows().map_err(|error| failed(connection, &error))
}

fn failed(connection: &Connection, error: &rusqlite::Error) -> Error {
    let path = connection.path().filter(|path| !path.is_empty()).unwrap_or("store in memory");
    Error::Store { path: Path::new(path).to_owned(), message: format!("cannot read: {error}") }
}
