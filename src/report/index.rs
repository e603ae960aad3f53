//! The page over all pages: every experiment with its answer, every comparison with its verdict, newest first.

use super::files::{Folder, folder_name};
use super::numbers::{brackets, decimal, label};
use super::page::{STYLE, rendered};
use super::stored;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::read::RunSummary;
use rusqlite::OptionalExtension;
use serde::Serialize;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("index.html");

/// Size of a sparkline, in CSS pixels, and the room around its line.
const SPARK: (f64, f64) = (84.0, 22.0);
const ROOM: f64 = 3.0;

const ABOUT: &str = "SELECT about FROM run WHERE id = ?1";
const INTERVAL: &str = "SELECT estimate, lower, upper FROM interval JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id
    WHERE interval.run_id = ?1 AND is_primary = 1 AND metric.name = 'ndcg' AND protocol = ?2 AND k = ?3 AND segment = 'all'
    ORDER BY method = 'two-way' DESC LIMIT 1";

/// All that the template shows; it escapes every text, except the sparklines, which hold numbers only.
#[derive(Serialize)]
struct Index {
    style: &'static str,
    experiments: Vec<ExperimentRow>,
    comparisons: Vec<ComparisonLine>,
}

/// The latest run of an experiment.
#[derive(Serialize)]
struct ExperimentRow {
    name: String,
    /// Where its page is; empty where it is not.
    page: String,
    about: String,
    dataset: String,
    state: String,
    is_complete: bool,
    arm: String,
    metric: String,
    value: String,
    interval: String,
    n_runs: usize,
    spark: String,
    started_at: String,
    run: String,
}

/// A comparison that was made.
#[derive(Serialize)]
struct ComparisonLine {
    page: String,
    kind: &'static str,
    sides: String,
    setting: String,
    dataset: String,
    verdict: String,
    made_at: String,
}

/// Writes `index.html` into `reports`. A page that is not there is named and not linked.
///
/// # Errors
/// [`Error::Store`] if the store cannot be read, [`Error::Io`] if the file cannot be written.
pub fn write_index(store: &Store, reports: &Path) -> Result<PathBuf> {
    let runs = store.runs()?;
    let mut experiments = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        if runs[..at].iter().all(|newer| newer.experiment != run.experiment) {
            experiments.push(experiment(store, reports, &runs, run)?);
        }
    }
    let mut comparisons = Vec::new();
    for row in store.comparisons()? {
        let setting = row.setting();
        comparisons.push(ComparisonLine {
            page: link(reports, &stored::folder(&row, &setting)),
            kind: if row.kind == "ab" { "offline A/B" } else { "comparison" },
            sides: row.sides.join(if row.kind == "ab" { " in place of " } else { " against " }),
            setting: setting.words(),
            dataset: setting.dataset,
            verdict: row.verdict,
            made_at: row.made_at,
        });
    }
    let page = rendered("index.html", TEMPLATE, &Index { style: STYLE, experiments, comparisons })?;
    Folder::open(reports.to_owned())?.write("index.html", page.as_bytes())
}

/// The relative address of a page, if it is there.
fn link(reports: &Path, folder: &str) -> String {
    let page = format!("{folder}/index.html");
    if reports.join(&page).is_file() { page } else { String::new() }
}

fn experiment(store: &Store, reports: &Path, runs: &[RunSummary], run: &RunSummary) -> Result<ExperimentRow> {
    let failed = |error: rusqlite::Error| Error::Store {
        path: store.path().to_owned(),
        message: format!("cannot read: {error}"),
    };
    let connection = store.connection();
    let about: String = connection.query_row(ABOUT, [&run.run], |row| row.get(0)).map_err(failed)?;
    let k = run.k.unwrap_or(0) as i64;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found: Option<(f64, f64, f64)> =
        connection.query_row(INTERVAL, (&run.run, &run.protocol, k), read).optional().map_err(failed)?;
    let is_complete = run.n_done >= run.n_trials;
    let same = |other: &&RunSummary| {
        (&other.experiment, &other.dataset, &other.protocol, other.k)
            == (&run.experiment, &run.dataset, &run.protocol, run.k)
    };
    let history: Vec<f64> = runs.iter().rev().filter(same).filter_map(|other| other.ndcg).collect();
    let value = found.map(|(estimate, ..)| estimate).or(run.ndcg);
    Ok(ExperimentRow {
        name: run.experiment.clone(),
        page: link(reports, &folder_name(&run.experiment)),
        about,
        dataset: run.dataset.clone(),
        state: if is_complete { "complete".into() } else { format!("{} of {} seeds", run.n_done, run.n_trials) },
        is_complete,
        arm: run.primary_arm.clone(),
        metric: run.k.map_or_else(String::new, |k| format!("{}, {}", label("ndcg", Some(k as i64)), run.protocol)),
        value: value.map_or_else(|| "–".to_owned(), decimal),
        interval: found.map_or_else(String::new, |(_, lower, upper)| brackets(lower, upper)),
        n_runs: runs.iter().filter(|other| other.experiment == run.experiment).count(),
        spark: spark(&history),
        started_at: run.started_at.clone(),
        run: run.run.clone(),
    })
}

/// The course of a value over runs, oldest first, as SVG; empty for fewer than two.
fn spark(values: &[f64]) -> String {
    if values.len() < 2 {
        return String::new();
    }
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let place = |(at, &value): (usize, &f64)| {
        let x = ROOM + (SPARK.0 - 2.0 * ROOM) * at as f64 / (values.len() - 1) as f64;
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        (x, SPARK.1 - ROOM - (SPARK.1 - 2.0 * ROOM) * share)
    };
    let points: Vec<(f64, f64)> = values.iter().enumerate().map(place).collect();
    let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let (x, y) = points[points.len() - 1];
    let alt = format!("{} runs, from {} to {}", values.len(), decimal(values[0]), decimal(values[values.len() - 1]));
    format!(
        "<svg class=\"spark\" role=\"img\" aria-label=\"{alt}\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\"><title>{alt}</title>\
         <polyline points=\"{2}\"/><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/></svg>",
        SPARK.0,
        SPARK.1,
        line.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_runs_from_the_oldest_to_the_newest_and_higher_is_up() {
        let svg = spark(&[0.1, 0.3, 0.2]);
        assert!(svg.contains("points=\"3.0,19.0 42.0,3.0 81.0,11.0\""), "{svg}");
        assert!(svg.contains("cx=\"81.0\" cy=\"11.0\"") && svg.contains("3 runs, from 0.100 to 0.200"), "{svg}");
        assert_eq!(spark(&[0.1]), "");
        assert!(spark(&[0.2, 0.2]).contains("points=\"3.0,11.0 81.0,11.0\""));
    }
}
