//! `rexp report`: makes the pages again, from the store alone.

use super::{Shared, leaderboard, print};
use crate::error::{Error, Result};
use crate::report::{self, Markup};
use crate::store::Store;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FORMATS: [&str; 4] = ["html", "md", "latex", "json"];

/// Which runs.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// An experiment (its latest run) or the first digits of a run's id; none: all of them
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    /// The latest run of every experiment, and every comparison
    #[arg(long, conflicts_with = "experiment")]
    pub all: bool,
    /// Folder that gets one folder per experiment; default: `reports` beside the database
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// html writes pages; the others print: leaderboards and verdicts as Markdown or LaTeX, every value as JSON
    #[arg(long, value_name = "FORMAT", default_value = "html", value_parser = PossibleValuesParser::new(FORMATS))]
    pub format: String,
    /// Open the page in a browser; of several, the page over all pages
    #[arg(long)]
    pub open: bool,
    /// Print JSON: run and page of each; the page over all pages has no run
    #[arg(long)]
    pub json: bool,
}

/// Writes the pages.
///
/// # Errors
/// [`crate::Error::Name`] for an unknown experiment or run, those of the store and of the disk.
pub fn run(args: &ReportArgs, shared: &Shared) -> Result<()> {
    let store = Store::open_read(&shared.db)?;
    let folder = args.out.clone().unwrap_or_else(|| shared.reports());
    let (runs, comparisons) = match &args.experiment {
        Some(name) => (vec![store.find_run(name)?], Vec::new()),
        None => (store.latest_runs()?, store.comparisons()?),
    };
    match args.format.as_str() {
        "md" => return print_all(&runs, |run| report::text(&store, run, Markup::Markdown)),
        "latex" => return print_all(&runs, |run| report::text(&store, run, Markup::Latex)),
        "json" => {
            let boards = runs.iter().map(|run| Ok(leaderboard::json(&store.leaderboard(run)?)));
            return print::json(&boards.collect::<Result<Vec<_>>>()?);
        }
        _ => {}
    }
    let write = |run: String| Ok((report::write(&store, &run, &folder)?, run));
    let mut pages = runs.into_iter().map(write).collect::<Result<Vec<(PathBuf, String)>>>()?;
    // Oldest first: where two share a page, the later one stays.
    for row in comparisons.iter().rev() {
        match report::write_stored(row, &folder)? {
            Some(page) => {
                pages.retain(|(other, _)| *other != page);
                pages.push((page, row.key.clone()));
            }
            None => eprintln!("note: {} was compared by another version of rexp; ask again", row.sides.join(" and ")),
        }
    }
    let mut pages: Vec<(PathBuf, Option<String>)> = pages.into_iter().map(|(page, run)| (page, Some(run))).collect();
    // Every page links to it, and it to all others.
    let index = report::write_index(&store, &folder)?;
    if args.experiment.is_none() {
        pages.push((index, None));
    }
    if args.open {
        pages.last().map_or(Ok(()), |(page, _)| open(page))?;
    }
    if args.json {
        let rows: Vec<_> = pages.iter().map(|(page, run)| json!({ "run": run, "report": page })).collect();
        return print::json(&rows);
    }
    print::text(&pages.iter().map(|(page, _)| format!("{}\n", page.display())).collect::<String>())
}

fn print_all(runs: &[String], text: impl Fn(&str) -> Result<String>) -> Result<()> {
    let texts = runs.iter().map(|run| text(run)).collect::<Result<Vec<String>>>()?;
    print::text(&texts.join("\n"))
}

/// Hands a page to whatever opens pages here.
fn open(page: &Path) -> Result<()> {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let page = page.canonicalize().map_err(Error::io(page, "find"))?;
    let mut command = Command::new(program);
    command.arg(&page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(|_| ()).map_err(|error| {
        Error::usage(format!("cannot start {program}: {error}"), format!("open {} yourself", page.display()))
    })
}
