//! `rexp report`: makes the pages again, from the store alone.

use super::{Shared, print};
use crate::error::Result;
use crate::report;
use crate::store::Store;
use clap::Args;
use std::path::PathBuf;

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
    /// Print JSON: run and page of each
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
    let write = |run: String| Ok((report::write(store.connection(), &run, &folder)?, run));
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
    if args.experiment.is_none() {
        report::write_index(&store, &folder)?;
    }
    if args.json {
        let rows: Vec<_> = pages.iter().map(|(page, run)| serde_json::json!({ "run": run, "report": page })).collect();
        return print::json(&rows);
    }
    print::text(&pages.iter().map(|(page, _)| format!("{}\n", page.display())).collect::<String>())
}
