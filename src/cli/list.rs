//! `rexp list`: the runs in the store.

use super::style::Style;
use super::{print, tables};
use crate::error::Result;
use crate::store::read::RunSummary;
use crate::store::{Store, lock};
use clap::Args;
use serde_json::json;
use std::path::Path;

/// How to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print JSON: run, experiment, dataset, `started_at`, `n_trials`, `n_done`, state, `primary_arm`, protocol, k, ndcg of each run
    #[arg(long)]
    pub json: bool,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// Lists the runs, newest first.
///
/// # Errors
/// Those of the store.
pub fn run(args: &ListArgs, db: &Path) -> Result<()> {
    let runs = Store::open_read(db)?.runs()?;
    if args.json {
        let row = |run: &RunSummary| {
            let mut row = json!(run);
            row["state"] = json!(state(run, db));
            row
        };
        return print::json(&runs.iter().map(row).collect::<Vec<_>>());
    }
    let head = ["experiment", "primary arm", "value", "data set", "seeds", "state", "run", "started"];
    if args.csv {
        return print::csv(&head, runs.iter().map(|run| cells(run, db)));
    }
    let table = |n: usize| {
        let rows = runs.iter().map(|run| cells(run, db)[..n].to_vec()).collect();
        tables::left(&head[..n], rows, Style::of_stdout())
    };
    let mut out = tables::fitted(head.len(), tables::room(), table);
    if runs.is_empty() {
        out = format!("{} has no runs yet\n", db.display());
    }
    print::text(&out)
}

/// A run as a row.
fn cells(run: &RunSummary, db: &Path) -> Vec<String> {
    let value = match (run.ndcg, run.k) {
        (Some(ndcg), Some(k)) => format!("{} NDCG@{k} {ndcg:.3}", run.protocol),
        _ => "–".to_owned(),
    };
    vec![
        run.experiment.clone(),
        run.primary_arm.clone(),
        value,
        run.dataset.clone(),
        format!("{}/{}", run.n_done, run.n_trials),
        state(run, db).to_owned(),
        run.run.clone(),
        run.started_at.clone(),
    ]
}

/// Complete exactly if all trials are there; live exactly if somebody holds its lock.
pub fn state(run: &RunSummary, db: &Path) -> &'static str {
    match (run.n_done >= run.n_trials, lock::is_live(db, &run.run)) {
        (true, _) => "complete",
        (false, true) => "live",
        (false, false) => "incomplete",
    }
}
