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
    /// An experiment (its latest run) or the first digits of a run's id; none: the latest run of every experiment
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
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
    let runs = match &args.experiment {
        Some(name) => vec![store.find_run(name)?],
        None => store.latest_runs()?,
    };
    let write = |run: String| Ok((report::write(store.connection(), &run, &folder)?, run));
    let pages = runs.into_iter().map(write).collect::<Result<Vec<(PathBuf, String)>>>()?;
    if args.json {
        let rows: Vec<_> = pages.iter().map(|(page, run)| serde_json::json!({ "run": run, "report": page })).collect();
        return print::json(&rows);
    }
    print::text(&pages.iter().map(|(page, _)| format!("{}\n", page.display())).collect::<String>())
}
