//! `rexp users`: one metric user by user, for whoever wants to look closer or use other statistics.

use super::print;
use crate::error::Result;
use crate::metrics::metric;
use crate::store::Store;
use crate::store::people::{Asked, over_seeds};
use clap::Args;
use std::path::Path;

/// Which values.
#[derive(Debug, Args)]
pub struct UsersArgs {
    /// An experiment (its latest run) or the first digits of a run's id
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Metric
    #[arg(long, default_value = "ndcg")]
    pub metric: String,
    /// Cutoff, where the metric has one
    #[arg(long, default_value_t = 10)]
    pub k: u64,
    /// Arm; default: the experiment's answer
    #[arg(long)]
    pub arm: Option<String>,
    /// Protocol; default: the experiment's first
    #[arg(long)]
    pub protocol: Option<String>,
    /// Every seed by itself instead of the mean over seeds
    #[arg(long)]
    pub by_seed: bool,
    /// Print JSON instead of CSV
    #[arg(long)]
    pub json: bool,
}

/// Prints the values.
///
/// # Errors
/// [`crate::Error::Name`] for what the run does not have, and those of the store.
pub fn run(args: &UsersArgs, db: &Path) -> Result<()> {
    let store = Store::open_read(db)?;
    let run = store.find_run(&args.run)?;
    let (arm, protocol) = (args.arm.as_deref(), args.protocol.as_deref());
    let has_cutoff = metric(&args.metric).is_none_or(|metric| metric.compute.has_cutoff());
    let k = if has_cutoff { args.k } else { 0 };
    let values = store.user_values(&Asked { run: &run, arm, protocol, metric: &args.metric, k })?;
    if args.by_seed {
        if args.json {
            return print::json(&values);
        }
        let rows = values.iter().map(|row| format!("{},{},{}\n", print::field(&row.user), row.seed, row.value));
        return print::text(&format!("user,seed,value\n{}", rows.collect::<String>()));
    }
    let means = over_seeds(&values);
    if args.json {
        let rows: Vec<_> = means
            .iter()
            .map(|(user, value, n)| serde_json::json!({ "user": user, "value": value, "n_seeds": n }))
            .collect();
        return print::json(&rows);
    }
    let rows = means.iter().map(|(user, value, n)| format!("{},{value},{n}\n", print::field(user)));
    print::text(&format!("user,value,n_seeds\n{}", rows.collect::<String>()))
}
