//! The tables, each from the store to its lines.

use super::lines::{Format, Lines};
use super::rows::{IntervalLine, MetricLine, RankingLine, RunLine, UserLine};
use crate::error::Result;
use crate::store::Store;
use crate::store::identity::RunIdentity;
use std::io::Write;
use std::path::Path;

/// What can be written as rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// One row per run.
    Runs,
    /// One row per run, arm, protocol, metric, cutoff, segment and seed.
    Metrics,
    /// One row per run, arm, protocol, metric, cutoff, segment and method.
    Intervals,
    /// One row per user of every metric that users have.
    Users,
    /// One row per item of every list.
    Rankings,
}

/// Writes a table of the runs named, in their order, as of one moment.
///
/// - `path`: what `out` is called in errors.
///
/// # Errors
/// [`crate::Error::Store`] when the store cannot be read or is damaged, [`crate::Error::Io`] when `out` refuses.
pub fn write<W: Write>(
    store: &Store,
    table: Table,
    runs: &[String],
    format: Format,
    out: W,
    path: &Path,
) -> Result<()> {
    let _moment = store.snapshot()?;
    match table {
        Table::Runs => each(store, runs, Lines::begin::<RunLine<'_>>(format, out, path)?, run),
        Table::Metrics => each(store, runs, Lines::begin::<MetricLine<'_>>(format, out, path)?, metrics),
        Table::Intervals => each(store, runs, Lines::begin::<IntervalLine<'_>>(format, out, path)?, intervals),
        Table::Users => each(store, runs, Lines::begin::<UserLine<'_>>(format, out, path)?, users),
        Table::Rankings => each(store, runs, Lines::begin::<RankingLine<'_>>(format, out, path)?, rankings),
    }
}

fn each<W: Write>(
    store: &Store,
    runs: &[String],
    mut lines: Lines<W>,
    one: impl Fn(&Store, &RunIdentity, &mut Lines<W>) -> Result<()>,
) -> Result<()> {
    for run in runs {
        one(store, &store.identity(run)?, &mut lines)?;
    }
    lines.end()
}

/// A cutoff, if there is one.
fn cutoff(k: u64) -> Option<u64> {
    (k > 0).then_some(k)
}

fn run<W: Write>(store: &Store, own: &RunIdentity, lines: &mut Lines<W>) -> Result<()> {
    let row = store.run_row(&own.run)?;
    let seeds: Vec<String> = store.seeds(&own.run)?.iter().map(u64::to_string).collect();
    let params: serde_json::Map<String, serde_json::Value> = own
        .params
        .iter()
        .map(|(name, json)| (name.clone(), serde_json::from_str(json).unwrap_or_else(|_| json.as_str().into())))
        .collect();
    lines.row(&RunLine {
        run: &own.run,
        experiment: &own.experiment,
        dataset: &own.dataset,
        dataset_hash: &own.dataset_hash,
        started_at: &own.started_at,
        attempt: row.attempt,
        n_seeds_asked: row.n_trials as u64,
        n_seeds: seeds.len() as u64,
        seeds: seeds.join(" "),
        primary_arm: own.arms.iter().find(|arm| arm.is_primary).map_or("", |arm| &arm.name),
        about: &row.about,
        config_path: &row.config_path,
        rexp_version: &row.environment.rexp_version,
        rexp_source: &row.environment.rexp_source,
        rexp_commit: &row.environment.rexp_commit,
        git_commit: &row.environment.git_commit,
        machine: &row.environment.machine,
        params: serde_json::Value::Object(params).to_string(),
        config_toml: &row.config_toml,
    })
}

fn metrics<W: Write>(store: &Store, own: &RunIdentity, lines: &mut Lines<W>) -> Result<()> {
    store.each_value(&own.run, |value| {
        lines.row(&MetricLine {
            run: &own.run,
            experiment: &own.experiment,
            dataset: &own.dataset,
            seed: value.seed,
            arm: value.arm,
            role: value.role,
            kind: value.kind,
            is_primary: value.is_primary,
            protocol: value.protocol,
            metric: value.metric,
            k: cutoff(value.k),
            segment: value.segment,
            value: value.value,
            n: value.n,
            n_left_out: value.n_left_out,
            direction: value.direction,
            unit: value.unit,
        })
    })
}

fn intervals<W: Write>(store: &Store, own: &RunIdentity, lines: &mut Lines<W>) -> Result<()> {
    for row in store.intervals(&own.run, "")? {
        lines.row(&IntervalLine {
            run: &own.run,
            experiment: &own.experiment,
            dataset: &own.dataset,
            arm: &row.arm,
            protocol: &row.protocol,
            metric: &row.metric,
            k: cutoff(row.k),
            segment: &row.segment,
            method: &row.method,
            level: row.level,
            estimate: row.estimate,
            lower: row.lower,
            upper: row.upper,
            n: row.n,
            n_resamples: row.n_resamples,
            seed_sd: row.seed_sd,
            n_seeds: row.n_seeds,
        })?;
    }
    Ok(())
}

fn users<W: Write>(store: &Store, own: &RunIdentity, lines: &mut Lines<W>) -> Result<()> {
    let lists = store.user_lists(&own.run)?;
    // One measure at a time: all values of a run may be more than memory holds.
    for measure in store.measures(&own.run)? {
        for row in store.by_user(&own.run, &measure, None)? {
            let list = lists.get(&row.user_list).ok_or_else(|| store.unreadable("a list of users"))?;
            for (user, &value) in list.iter().zip(&row.values) {
                lines.row(&UserLine {
                    run: &own.run,
                    experiment: &own.experiment,
                    seed: row.seed,
                    arm: &row.arm,
                    protocol: &measure.protocol,
                    metric: &measure.metric,
                    k: cutoff(measure.k),
                    segment: &row.segment,
                    user,
                    value,
                })?;
            }
        }
    }
    Ok(())
}

fn rankings<W: Write>(store: &Store, own: &RunIdentity, lines: &mut Lines<W>) -> Result<()> {
    let (lists, items) = (store.user_lists(&own.run)?, store.item_ids(&own.run)?);
    for (arm, protocol) in ranked(own) {
        for top in store.top_lists(&own.run, arm, &protocol, None)? {
            let users = lists.get(&top.user_list).ok_or_else(|| store.unreadable("a list of users"))?;
            for (user, list) in users.iter().zip(&top.lists) {
                for (place, &(item, score, relevance)) in list.iter().enumerate() {
                    lines.row(&RankingLine {
                        run: &own.run,
                        experiment: &own.experiment,
                        seed: top.seed,
                        arm,
                        protocol: &protocol,
                        user,
                        rank: place as u64 + 1,
                        item: item_id(store, &items, item)?,
                        score,
                        relevance,
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// Every arm under every protocol, in the order of tables.
pub fn ranked(own: &RunIdentity) -> Vec<(&str, String)> {
    let protocols = protocols(own);
    own.arms.iter().flat_map(|arm| protocols.iter().map(|protocol| (arm.name.as_str(), protocol.clone()))).collect()
}

/// Protocols in the order of the experiment.
pub fn protocols(own: &RunIdentity) -> Vec<String> {
    own.params.get("evaluation.protocols").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The id of an item of a list.
pub fn item_id<'a>(store: &Store, ids: &'a [String], item: u32) -> Result<&'a str> {
    ids.get(item as usize).map(String::as_str).ok_or_else(|| store.unreadable("a ranking names an unknown item"))
}
