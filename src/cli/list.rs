//! `rexp list`: the runs in the store.

use super::print;
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
    let mut out = format!(
        "{:<12}  {:<20}  {:<18}  {:>7}  {:<10}  {:<20}  primary arm\n",
        "run", "experiment", "data set", "seeds", "state", "started"
    );
    for run in &runs {
        let reached = match (run.ndcg, run.k) {
            (Some(ndcg), Some(k)) => format!("{} ({} NDCG@{k} {ndcg:.3})", run.primary_arm, run.protocol),
            _ => run.primary_arm.clone(),
        };
        out += &format!(
            "{:<12}  {:<20}  {:<18}  {:>7}  {:<10}  {:<20}  {reached}\n",
            run.run,
            run.experiment,
            run.dataset,
            format!("{}/{}", run.n_done, run.n_trials),
            state(run, db),
            run.started_at
        );
    }
    if runs.is_empty() {
        out = format!("{} has no runs yet\n", db.display());
    }
    print::text(&out)
}

/// Complete exactly if all trials are there; live exactly if somebody holds its lock.
pub fn state(run: &RunSummary, db: &Path) -> &'static str {
    match (run.n_done >= run.n_trials, lock::is_live(db, &run.run)) {
        (true, _) => "complete",
        (false, true) => "live",
        (false, false) => "incomplete",
    }
}
