//! `rexp check`: reads experiments and says what is wrong with them, without running anything.

use super::print;
use crate::error::{Result, plural};
use crate::experiment::{self, Experiment};
use clap::Args;
use std::path::PathBuf;

/// Which files.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Experiment files, or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change an option in every file, e.g. models.mf.factors=64 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print JSON: name, path and every option with its value
    #[arg(long)]
    pub json: bool,
}

/// Checks the files.
///
/// # Errors
/// [`crate::Error::Config`] with every problem of every file.
pub fn run(args: &CheckArgs) -> Result<()> {
    let experiments = experiment::load(&experiment::files(&args.files)?, &args.set, None)?;
    if args.json {
        let rows: Vec<serde_json::Value> = experiments.iter().map(json).collect();
        return print::json(&rows);
    }
    let line = |experiment: &Experiment| {
        let arms: Vec<&str> = experiment.stackers.iter().map(|stacker| stacker.name.as_str()).collect();
        let models: Vec<&str> = experiment.models.iter().map(|model| model.name.as_str()).collect();
        format!(
            "{}: ok, {} on {}, models {}, stackers {}, {}\n",
            experiment.config_path,
            experiment.name,
            experiment.data.name,
            models.join(" "),
            arms.join(" "),
            plural(experiment.seeds.len(), "seed")
        )
    };
    print::text(&experiments.iter().map(line).collect::<String>())
}

fn json(experiment: &Experiment) -> serde_json::Value {
    let params: serde_json::Map<String, serde_json::Value> = experiment
        .params
        .iter()
        .map(|(name, value)| (name.clone(), serde_json::from_str(value).unwrap_or_default()))
        .collect();
    serde_json::json!({ "name": experiment.name, "path": experiment.config_path, "seeds": experiment.seeds, "params": params })
}
