//! Writing: one trial, whole or not at all.

use super::blob;
use super::exhibits;
use super::open::{Store, failed};
use super::rows::{EventRow, RunBundle, SplitRow, TrialRow};
use crate::error::{Error, Result};
use crate::key::KeyBuilder;
use rusqlite::{OptionalExtension, Params, Transaction, TransactionBehavior, params};
use std::path::Path;

/// What was computed before the transaction begins.
struct Encoded {
    /// Hash and JSON of each user list.
    user_lists: Vec<(String, String)>,
    /// Per user-value row.
    values: Vec<Vec<u8>>,
    /// Per user fact.
    facts: Vec<Vec<u8>>,
    /// Per ranking.
    lists: Vec<Vec<u8>>,
    /// Of the split.
    relevant: Option<Vec<u8>>,
}

/// Numbers that the store gave to what a trial refers to.
struct Ids {
    split: i64,
    trial: i64,
    arms: Vec<i64>,
    metrics: Vec<i64>,
    user_lists: Vec<i64>,
}

impl Store {
    /// Stores one finished trial, and with the first one of a run the run itself.
    ///
    /// - Returns `false` when it was there already: another process was faster.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be written, holds a number that is not finite, or lists of another length than their users; then nothing of it is stored.
    pub fn write_trial(&mut self, bundle: &RunBundle, split: &SplitRow, trial: &TrialRow) -> Result<bool> {
        let path = self.path.clone();
        sound(trial, &path)?;
        let encoded = Encoded::new(trial);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(&path))?;
        let is_new = write(&transaction, bundle, split, trial, &encoded).map_err(failed(&path))?;
        transaction.commit().map_err(failed(&path))?;
        Ok(is_new)
    }
}

fn sound(trial: &TrialRow, path: &Path) -> Result<()> {
    let refuse = |what| Err(Error::Store { path: path.to_owned(), message: format!("refused a trial with {what}") });
    let values = trial.values.iter().map(|row| row.value).chain(trial.history.iter().map(|row| row.3));
    let bins = trial.exhibits.calibration.iter().flat_map(|bin| [bin.predicted, bin.observed]);
    let spread = trial.exhibits.score_ranges.iter().flat_map(|range| range.at);
    let values = values.chain(bins).chain(spread).chain(trial.exhibits.likenesses.iter().map(|row| row.rho));
    let numbers = values.chain(trial.importances.iter().map(|row| row.3));
    let facts = trial.user_facts.iter().flat_map(|row| &row.values);
    let users = trial.user_values.iter().flat_map(|row| &row.values).chain(facts).copied();
    let scores = trial.rankings.iter().flat_map(|row| row.lists.iter().flatten()).map(|entry| entry.1);
    if !numbers.chain(users.chain(scores).map(f64::from)).all(f64::is_finite) {
        return refuse("a number that is not finite");
    }
    let n_users = |list: usize| trial.user_lists.get(list).map(Vec::len);
    let fits = trial.user_values.iter().all(|row| n_users(row.user_list) == Some(row.values.len()))
        && trial.user_facts.iter().all(|row| n_users(row.user_list) == Some(row.values.len()))
        && trial.rankings.iter().all(|row| n_users(row.user_list) == Some(row.lists.len()))
        && trial.relevant.iter().all(|row| n_users(row.user_list) == Some(row.items.len()))
        && trial.user_segments.iter().all(|(_, list)| n_users(*list).is_some());
    if fits { Ok(()) } else { refuse("values for another number of users than it names") }
}

impl Encoded {
    fn new(trial: &TrialRow) -> Self {
        let list = |ids: &Vec<String>| {
            let json = serde_json::json!(ids).to_string();
            (KeyBuilder::new("user list 1").text(&json).finish().to_string(), json)
        };
        Self {
            user_lists: trial.user_lists.iter().map(list).collect(),
            values: trial.user_values.iter().map(|row| blob::encode_values(&row.values)).collect(),
            facts: trial.user_facts.iter().map(|row| blob::encode_values(&row.values)).collect(),
            lists: trial.rankings.iter().map(|row| blob::encode_lists(&row.lists)).collect(),
            relevant: trial.relevant.as_ref().map(|row| blob::encode_items(&row.items)),
        }
    }
}

fn write(
    db: &Transaction<'_>,
    bundle: &RunBundle,
    split: &SplitRow,
    trial: &TrialRow,
    encoded: &Encoded,
) -> rusqlite::Result<bool> {
    let run = &bundle.run;
    let sql = "SELECT 1 FROM trial WHERE run_id = ?1 AND seed = ?2";
    if db.query_row(sql, params![run.id, trial.seed as i64], |_| Ok(())).optional()?.is_some() {
        return Ok(false);
    }
    let dataset = dataset(db, bundle)?;
    let split_id = split_row(db, dataset, split)?;
    run_row(db, dataset, bundle)?;
    let ids = Ids {
        split: split_id,
        trial: trial_row(db, &run.id, split_id, trial)?,
        arms: bundle
            .arms
            .iter()
            .map(|arm| id(db, "SELECT id FROM arm WHERE run_id = ?1 AND name = ?2", (&run.id, &arm.name)))
            .collect::<rusqlite::Result<_>>()?,
        metrics: metric_rows(db, bundle)?,
        user_lists: user_list_rows(db, trial, encoded)?,
    };
    stage_rows(db, &ids, trial)?;
    value_rows(db, &ids, trial)?;
    people_rows(db, &ids, trial, encoded)?;
    learned_rows(db, &ids, trial)?;
    exhibits::write(db, ids.trial, &ids.arms, &trial.exhibits)?;
    event_rows(db, &run.id, Some(ids.trial), &trial.events)?;
    Ok(true)
}

fn id(db: &Transaction<'_>, sql: &str, params: impl Params) -> rusqlite::Result<i64> {
    db.prepare_cached(sql)?.query_row(params, |row| row.get(0))
}

fn dataset(db: &Transaction<'_>, bundle: &RunBundle) -> rusqlite::Result<i64> {
    let row = &bundle.dataset;
    let counts: serde_json::Map<String, serde_json::Value> =
        row.rating_counts.iter().map(|(stars, n)| (stars.to_string(), (*n).into())).collect();
    let (first, last) = row.timestamps.unzip();
    let is_new = db.execute(
        "INSERT INTO dataset (hash, name, n_users, n_items, n_items_rated, n_rows, rating_min, rating_max, rating_mean, first_timestamp, last_timestamp, rating_counts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING",
        params![
            row.hash, row.name, row.n_users as i64, row.n_items as i64, row.n_items_rated as i64, row.n_rows as i64, row.rating_min,
            row.rating_max, row.rating_mean, first, last, serde_json::Value::Object(counts).to_string()
        ],
    )? > 0;
    let id = id(db, "SELECT id FROM dataset WHERE hash = ?1", [&row.hash])?;
    if !row.month_counts.is_empty() {
        // A data set that came with an older version has none yet.
        let months = serde_json::Map::from_iter(row.month_counts.iter().map(|(month, n)| (month.clone(), (*n).into())));
        let sql = "UPDATE dataset SET month_counts = ?2 WHERE id = ?1 AND month_counts IS NULL";
        db.execute(sql, params![id, serde_json::Value::Object(months).to_string()])?;
    }
    if is_new {
        let mut insert = db.prepare_cached("INSERT INTO item (dataset_id, item_index, item_id, title, genres, n_ratings) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for (number, item) in bundle.items.iter().enumerate() {
            insert.execute(params![id, number as i64, item.item_id, item.title, item.genres, item.n_ratings as i64])?;
        }
    }
    Ok(id)
}

fn split_row(db: &Transaction<'_>, dataset: i64, split: &SplitRow) -> rusqlite::Result<i64> {
    let is_new = db.execute(
        "INSERT INTO split (hash, threshold, dataset_id, kind, parameters) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![split.hash, split.threshold, dataset, split.kind, split.parameters],
    )? > 0;
    let id = id(db, "SELECT id FROM split WHERE hash = ?1 AND threshold = ?2", params![split.hash, split.threshold])?;
    if is_new {
        for part in &split.parts {
            db.execute(
                "INSERT INTO split_part (split_id, part, n_rows, n_users, n_items, n_cold_users, n_cold_items, n_relevant) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    id, part.part, part.n_rows as i64, part.n_users as i64, part.n_items as i64, part.n_cold_users as i64, part.n_cold_items as i64,
                    part.n_relevant as i64
                ],
            )?;
        }
    }
    Ok(id)
}

fn run_row(db: &Transaction<'_>, dataset: i64, bundle: &RunBundle) -> rusqlite::Result<()> {
    let (run, environment) = (&bundle.run, &bundle.run.environment);
    db.execute("INSERT INTO experiment (name) VALUES (?1) ON CONFLICT DO NOTHING", [&run.experiment])?;
    let experiment = id(db, "SELECT id FROM experiment WHERE name = ?1", [&run.experiment])?;
    let is_new = db.execute(
        "INSERT INTO run (id, experiment_id, dataset_id, key, attempt, about, started_at, n_trials, config_toml, config_source, config_path, rexp_version,
                          rexp_source, rexp_commit, git_commit, sqlite_version, machine)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) ON CONFLICT DO NOTHING",
        params![
            run.id, experiment, dataset, run.key, run.attempt as i64, run.about, run.started_at, run.n_trials as i64, run.config_toml,
            run.config_source, run.config_path, environment.rexp_version, environment.rexp_source, environment.rexp_commit,
            environment.git_commit, environment.sqlite_version, environment.machine
        ],
    )? > 0;
    if !is_new {
        // Seeds that were asked for later are trials of the same run.
        let sql = "UPDATE run SET n_trials = max(n_trials, ?2) WHERE id = ?1";
        db.execute(sql, params![run.id, run.n_trials as i64])?;
        return Ok(());
    }
    for (name, value) in &bundle.params {
        db.prepare_cached("INSERT INTO param (run_id, name, value) VALUES (?1, ?2, ?3)")?
            .execute((&run.id, name, value))?;
    }
    for (position, arm) in bundle.arms.iter().enumerate() {
        db.prepare_cached("INSERT INTO arm (run_id, name, role, kind, scale, position, is_primary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![run.id, arm.name, arm.role, arm.kind, arm.scale, position as i64, arm.is_primary])?;
    }
    event_rows(db, &run.id, None, &bundle.events)
}

fn metric_rows(db: &Transaction<'_>, bundle: &RunBundle) -> rusqlite::Result<Vec<i64>> {
    let one = |metric: &super::rows::MetricRow| {
        let mut insert = db.prepare_cached(
            "INSERT INTO metric (name, direction, unit, about) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET direction = excluded.direction, unit = excluded.unit, about = excluded.about",
        )?;
        insert.execute((&metric.name, &metric.direction, &metric.unit, &metric.about))?;
        id(db, "SELECT id FROM metric WHERE name = ?1", [&metric.name])
    };
    bundle.metrics.iter().map(one).collect()
}

fn trial_row(db: &Transaction<'_>, run_id: &str, split: i64, trial: &TrialRow) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO trial (run_id, seed, split_id, finished_at, elapsed_ms, peak_memory_bytes, n_threads)
         VALUES (?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?4, ?5, ?6)",
        params![
            run_id,
            trial.seed as i64,
            split,
            trial.elapsed_ms,
            trial.peak_memory_bytes as i64,
            trial.n_threads as i64
        ],
    )?;
    Ok(db.last_insert_rowid())
}

fn user_list_rows(db: &Transaction<'_>, trial: &TrialRow, encoded: &Encoded) -> rusqlite::Result<Vec<i64>> {
    let mut out = Vec::with_capacity(trial.user_lists.len());
    for (ids, (hash, json)) in trial.user_lists.iter().zip(&encoded.user_lists) {
        let sql = "INSERT INTO user_list (hash, n_users, user_ids) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        db.prepare_cached(sql)?.execute(params![hash, ids.len() as i64, json])?;
        out.push(id(db, "SELECT id FROM user_list WHERE hash = ?1", [hash])?);
    }
    Ok(out)
}

fn stage_rows(db: &Transaction<'_>, ids: &Ids, trial: &TrialRow) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, cpu_ms, peak_memory_bytes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (position, stage) in trial.stages.iter().enumerate() {
        insert.execute(params![
            ids.trial,
            position as i64,
            stage.name,
            stage.key,
            stage.is_shared,
            stage.elapsed_ms,
            stage.cpu_ms,
            stage.peak_memory_bytes as i64
        ])?;
    }
    Ok(())
}

fn value_rows(db: &Transaction<'_>, ids: &Ids, trial: &TrialRow) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO metric_value (trial_id, arm_id, protocol, metric_id, k, segment, value, n, n_left_out) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for row in &trial.values {
        insert.execute(params![
            ids.trial,
            ids.arms[row.arm],
            row.protocol,
            ids.metrics[row.metric],
            row.k as i64,
            row.segment,
            row.value,
            row.n as i64,
            row.n_left_out as i64
        ])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO omission (trial_id, arm_id, protocol, metric_id, k, segment, reason, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for row in &trial.omissions {
        insert.execute(params![
            ids.trial,
            ids.arms[row.arm],
            row.protocol,
            ids.metrics[row.metric],
            row.k as i64,
            row.segment,
            row.reason,
            row.count as i64
        ])?;
    }
    Ok(())
}

fn people_rows(db: &Transaction<'_>, ids: &Ids, trial: &TrialRow, encoded: &Encoded) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO user_value (trial_id, arm_id, protocol, metric_id, k, segment, user_list_id, value_blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (row, bytes) in trial.user_values.iter().zip(&encoded.values) {
        insert.execute(params![
            ids.trial,
            ids.arms[row.arm],
            row.protocol,
            ids.metrics[row.metric],
            row.k as i64,
            row.segment,
            ids.user_lists[row.user_list],
            bytes
        ])?;
    }
    let mut insert =
        db.prepare_cached("INSERT INTO user_segment (trial_id, segment, user_list_id) VALUES (?1, ?2, ?3)")?;
    for (segment, list) in &trial.user_segments {
        insert.execute(params![ids.trial, segment, ids.user_lists[*list]])?;
    }
    let mut insert =
        db.prepare_cached("INSERT INTO user_fact (trial_id, name, user_list_id, value_blob) VALUES (?1, ?2, ?3, ?4)")?;
    for (row, bytes) in trial.user_facts.iter().zip(&encoded.facts) {
        insert.execute(params![ids.trial, row.name, ids.user_lists[row.user_list], bytes])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO ranking (trial_id, arm_id, protocol, k, user_list_id, list_blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (row, bytes) in trial.rankings.iter().zip(&encoded.lists) {
        insert.execute(params![
            ids.trial,
            ids.arms[row.arm],
            row.protocol,
            row.k as i64,
            ids.user_lists[row.user_list],
            bytes
        ])?;
    }
    // A split that came with an older version has no such row yet.
    for (row, bytes) in trial.relevant.iter().zip(&encoded.relevant) {
        let sql = "INSERT INTO relevant (split_id, user_list_id, item_blob) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        db.execute(sql, params![ids.split, ids.user_lists[row.user_list], bytes])?;
    }
    Ok(())
}

fn learned_rows(db: &Transaction<'_>, ids: &Ids, trial: &TrialRow) -> rusqlite::Result<()> {
    let mut insert =
        db.prepare_cached("INSERT INTO history (trial_id, source, series, step, value) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (source, series, step, value) in &trial.history {
        insert.execute(params![ids.trial, source, series, *step as i64, value])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO importance (trial_id, arm_id, feature, measure, value) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (arm, feature, measure, value) in &trial.importances {
        insert.execute(params![ids.trial, ids.arms[*arm], feature, measure, value])?;
    }
    Ok(())
}

fn event_rows(db: &Transaction<'_>, run_id: &str, trial: Option<i64>, events: &[EventRow]) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO event (run_id, trial_id, level, code, count, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for event in events {
        insert.execute(params![run_id, trial, event.level, event.code, event.count as i64, event.message])?;
    }
    Ok(())
}
