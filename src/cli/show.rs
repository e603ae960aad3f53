//! `rexp show`: one run in full.

use super::style::Style;
use super::{leaderboard, list, print};
use crate::error::{Error, Result, plural, shown};
use crate::store::Store;
use crate::store::agreement::AgreementRow;
use crate::store::details::RunDetails;
use crate::store::read::RunSummary;
use crate::suggest;
use clap::Args;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// What to show.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// An experiment (its latest run) or the first digits of a run's id
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Only the leaderboard of this protocol
    #[arg(long, value_name = "NAME")]
    pub protocol: Option<String>,
    /// Print JSON: leaderboard, split, stages, events, options
    #[arg(long)]
    pub json: bool,
    /// Print CSV: every value over all users
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// Shows a run.
///
/// # Errors
/// [`Error::Name`] for an unknown run or protocol, and those of the store.
pub fn run(args: &ShowArgs, db: &Path) -> Result<()> {
    let store = Store::open_read(db)?;
    let id = store.find_run(&args.run)?;
    let board = store.leaderboard(&id)?;
    if let Some(protocol) = args.protocol.as_ref().filter(|name| !board.protocols.contains(name)) {
        let help = suggest::allowed(protocol, board.protocols.iter().map(String::as_str));
        return Err(Error::Name { what: "protocol", found: shown(protocol), help: Some(help) });
    }
    if args.csv {
        return leaderboard::csv(&board, args.protocol.as_deref());
    }
    let details = store.details(&id)?;
    if args.json {
        let mut out = leaderboard::json(&board);
        out["split"] = json!(details.split);
        out["stages"] = json!(details.stages);
        out["agreement"] = json!(store.agreements(&id)?);
        out["events"] = json!(details.events);
        out["params"] = details
            .params
            .iter()
            .map(|(name, value)| (name.clone(), serde_json::from_str::<serde_json::Value>(value).unwrap_or_default()))
            .collect();
        return print::json(&out);
    }
    let summary = store.runs()?.into_iter().find(|run| run.run == id);
    let mut out = summary.map_or_else(String::new, |run| heading(&run, &details, db));
    out += &leaderboard::text(&board, args.protocol.as_deref(), Style::of_stdout());
    out += &agreement(&store.agreements(&id)?);
    out += &rest(&details);
    print::text(&out)
}

fn heading(run: &RunSummary, details: &RunDetails, db: &Path) -> String {
    format!(
        "{} · run {} · {} · started {} · {} of {} seeds, {}\n{}from {} with rexp {}\n\n",
        run.experiment,
        run.run,
        run.dataset,
        run.started_at,
        run.n_done,
        run.n_trials,
        list::state(run, db),
        if details.about.is_empty() { String::new() } else { format!("{}\n", shown_lines(&details.about)) },
        details.config_path,
        details.rexp_version,
    )
}

/// Text of a file, safe for a terminal, its lines kept.
fn shown_lines(text: &str) -> String {
    text.lines()
        .map(|line| line.chars().filter(|&c| !crate::error::is_unsafe(c)).collect::<String>())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether protocols order the arms alike, by NDCG at the cutoff nearest 10, or by what there is.
fn agreement(rows: &[AgreementRow]) -> String {
    let far = |row: &&AgreementRow| (row.metric != "ndcg", row.k.abs_diff(10), row.k);
    let Some(nearest) = rows.iter().min_by_key(far).map(|row| (row.metric.clone(), row.k)) else {
        return String::new();
    };
    let own = rows.iter().filter(|row| row.metric == nearest.0 && row.k == nearest.1);
    let words =
        own.map(|row| format!("  {} and {}: {:.2} over {} arms\n", row.protocol, row.other, row.tau, row.n_arms));
    let at = if nearest.1 > 0 { format!("@{}", nearest.1) } else { String::new() };
    format!("\ndo protocols order the arms alike? Kendall's τ by {}{at}\n{}", nearest.0, words.collect::<String>())
}

fn rest(details: &RunDetails) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "\nsplit (seed {})     ratings    users    items  cold users  cold items  relevant",
        details.split_seed
    );
    for part in &details.split {
        let _ = writeln!(
            out,
            "  {:<16} {:>9} {:>8} {:>8} {:>11} {:>11} {:>9}",
            part.part, part.n_rows, part.n_users, part.n_items, part.n_cold_users, part.n_cold_items, part.n_relevant
        );
    }
    let _ = writeln!(out, "\nstage                                computed  shared   mean ms    CPU ms");
    for stage in &details.stages {
        let shown = |ms: Option<f64>| ms.map_or_else(|| "–".into(), |ms| format!("{ms:.1}"));
        let (mean, cpu) = (shown(stage.mean_ms), shown(stage.mean_cpu_ms));
        let _ = writeln!(out, "  {:<34} {:>8} {:>7} {mean:>9} {cpu:>9}", stage.name, stage.n_computed, stage.n_shared);
    }
    if details.stages.iter().any(|stage| stage.mean_cpu_ms.is_some()) {
        out += "CPU: of the whole process while the stage ran, so stages side by side count each other's\n";
    }
    if !details.events.is_empty() {
        let _ = writeln!(out);
    }
    for event in &details.events {
        let count = match (event.n_trials, event.least == event.most) {
            (0, _) => String::new(),
            (n, true) => format!(": {} in {}", event.least, plural(n as usize, "seed")),
            (n, false) => format!(": {} to {} in {}", event.least, event.most, plural(n as usize, "seed")),
        };
        let _ = writeln!(out, "{}: {}{count}", event.level, shown_lines(&event.message));
    }
    out
}
