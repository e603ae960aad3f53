//! `rexp run`: experiments become runs in the store, a leaderboard on the terminal and a report.

use super::style::Style;
use super::{Shared, leaderboard, print, problems};
use crate::compare::{self, intervals::Known};
use crate::error::{Error, Result};
use crate::experiment;
use crate::parallel;
use crate::pipeline::{self, Outcome, Request};
use crate::progress::Progress;
use crate::report;
use crate::store::Store;
use crate::store::read::Leaderboard;
use clap::Args;
use rayon::prelude::*;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// What to run, and how.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Experiment files, or folders of them; together they are one plan
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change an option in every file, e.g. models.mf.factors=64 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds instead of those in the files: 1..10 (both ends included) or 1,2,5
    #[arg(long, value_name = "SEEDS")]
    pub seeds: Option<String>,
    /// Threads; default: one per processor. Results do not depend on it
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub threads: u16,
    /// Never fetch a data set that is missing
    #[arg(long)]
    pub offline: bool,
    /// Run again what is in the store already, as a new attempt
    #[arg(long)]
    pub force: bool,
    /// Print JSON: runs with their leaderboards, and what failed
    #[arg(long)]
    pub json: bool,
}

/// Runs the plan.
///
/// # Errors
/// [`Error::Config`] before anything is run, [`Error::Plan`] when experiments failed, or the one error that stopped them all.
pub fn run(args: &RunArgs, shared: &Shared) -> Result<()> {
    let seeds = args.seeds.as_deref().map(experiment::parse_seeds).transpose()?;
    let experiments = experiment::load(&experiment::files(&args.files)?, &args.set, seeds.as_deref())?;
    super::signals::watch()?;
    let total = experiments.len();
    let n_trials = experiments.iter().map(|experiment| experiment.seeds.len()).sum();
    let progress = Progress::new(n_trials);
    let request = Request {
        experiments,
        db: shared.db.clone(),
        data_dir: shared.data_dir.clone(),
        n_threads: usize::from(args.threads),
        offline: args.offline,
        force: args.force,
    };
    let outcome = pipeline::run(&request, &progress)
        .and_then(|outcome| intervals(&outcome, &request, &progress).map(|()| outcome));
    progress.finish();
    let outcome = outcome?;
    show(&outcome, shared, args.json)?;
    failed(outcome, total)
}

/// Gives every value of the finished runs its interval.
fn intervals(outcome: &Outcome, request: &Request, progress: &Progress) -> Result<()> {
    let mut store = Store::open(&request.db)?;
    let mut known = Known::default();
    parallel::with_threads(request.n_threads, || {
        for run in &outcome.finished {
            let _task = progress.task(&format!("{}: intervals", run.experiment));
            compare::intervals::complete(&mut store, &run.run_id, &mut known)?;
        }
        Ok(())
    })?
}

/// Prints the leaderboard of every run and writes its report.
fn show(outcome: &Outcome, shared: &Shared, as_json: bool) -> Result<()> {
    let store = Store::open_read(&shared.db)?;
    let folder = shared.reports();
    let boards = outcome.finished.iter().map(|run| store.leaderboard(&run.run_id)).collect::<Result<Vec<_>>>()?;
    // Every page reads the store through a connection of its own.
    let pages = outcome.finished.par_iter().map(|run| {
        let store = Store::open_read(&shared.db)?;
        report::write(&store, &run.run_id, &folder)
    });
    let pages: Vec<Result<PathBuf>> = pages.collect();
    let index = report::write_index(&store, &folder);
    // The numbers come first: a folder that cannot be written costs the pages alone.
    print_boards(outcome, shared, &boards, &pages, as_json)?;
    pages.into_iter().chain([index]).try_for_each(|page| page.map(|_| ()))
}

fn print_boards(
    outcome: &Outcome,
    shared: &Shared,
    boards: &[Leaderboard],
    pages: &[Result<PathBuf>],
    as_json: bool,
) -> Result<()> {
    if as_json {
        let runs = outcome.finished.iter().zip(boards).zip(pages).map(|((run, board), page)| {
            json!({
                "experiment": run.experiment,
                "run": run.run_id,
                "trials_made": run.n_made,
                "trials_kept": run.n_kept,
                "report": page.as_ref().ok(),
                "leaderboard": leaderboard::json(board),
            })
        });
        let failures = outcome
            .failures
            .iter()
            .map(|failure| json!({ "experiments": failure.experiments, "error": failure.error.to_string() }));
        return print::json(
            &json!({ "db": shared.db, "runs": runs.collect::<Vec<_>>(), "failures": failures.collect::<Vec<_>>() }),
        );
    }
    let mut out = String::new();
    for ((run, board), page) in outcome.finished.iter().zip(boards).zip(pages) {
        let kept = if run.n_made == 0 { " (nothing to do: all trials were in the store)" } else { "" };
        out += &format!("\n{} · run {}{kept}\n", run.experiment, run.run_id);
        out += &leaderboard::text(board, None, Style::of_stdout());
        if let Ok(page) = page {
            out += &format!("report: {}\n", page.display());
        }
    }
    print::text(&out)
}

/// Says what failed and whom it stopped.
fn failed(outcome: Outcome, total: usize) -> Result<()> {
    let names: Vec<String> = outcome.failures.iter().flat_map(|failure| failure.experiments.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut failures = outcome.failures;
    if names.len() == total && failures.len() == 1 {
        // One error stopped everything: it is the answer, with its own exit code.
        return failures
            .pop()
            .map_or(Ok(()), |only| Err(Arc::try_unwrap(only.error).unwrap_or_else(|error| copy(&error))));
    }
    for failure in &failures {
        eprintln!("in {}:", failure.experiments.join(", "));
        problems::print(&failure.error);
    }
    Err(Error::Plan { failed: names.len(), total, names })
}

/// An error that somebody else still holds, with the same message and exit code.
fn copy(error: &Error) -> Error {
    match error.exit_code() {
        2 => Error::Usage { message: error.to_string(), help: None },
        _ => Error::Plan { failed: 1, total: 1, names: vec![error.to_string()] },
    }
}
