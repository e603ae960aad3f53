//! The command line: turns words into one library call each, and prints what comes of it.

mod ab;
mod check;
mod compare;
mod completions;
mod data;
mod data_split;
mod db;
mod export;
mod init;
mod kinds;
mod leaderboard;
mod list;
mod print;
mod problems;
mod report;
mod run;
mod show;
mod signals;
mod style;
mod tables;
mod users;

use crate::error::Result;
use clap::{Args, Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  rexp init                                 write a commented experiment.toml
  rexp run experiments/quickstart.toml      run it on invented ratings
  rexp run experiments/*.toml               one plan: shared stages are made once
  rexp list                                 what is in the store
  rexp show gbstack                         leaderboards, split, warnings, stages
  rexp compare gbstack logistic             is it real, how large, for whom
  rexp ab gbstack popularity                what a test with users would show; ship it?

Exit codes: 0 done, 1 the work failed, 2 the request or the input was wrong, 3 `rexp ab --fail-unless` was not met, 130/143 stopped by a signal.";

/// Experiments with recommenders: one TOML in, answers you can defend out
#[derive(Debug, Parser)]
#[command(name = "rexp", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// What all commands share.
#[derive(Debug, Args)]
pub struct Shared {
    /// The database; reports are written beside it
    #[arg(long, global = true, default_value = "results/rexp.sqlite", value_name = "FILE")]
    pub db: PathBuf,
    /// Folder of data sets, looked in before REXP_DATA_DIR and ./data
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl Shared {
    /// Where reports go: `reports` beside the database.
    fn reports(&self) -> PathBuf {
        self.db.parent().unwrap_or(Path::new("")).join("reports")
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run experiments: every metric into the store, a leaderboard, a report
    Run(run::RunArgs),
    /// Check experiment files without running them
    Check(check::CheckArgs),
    /// Write a commented experiment file
    Init(init::InitArgs),
    /// List the runs in the store
    List(list::ListArgs),
    /// Show a run: leaderboards, split, warnings, stages
    Show(show::ShowArgs),
    /// Compare arms: uplift, interval, p-value, for whom, and a verdict
    Compare(compare::CompareArgs),
    /// Offline A/B test: would users show the difference, and would one ship it
    Ab(ab::AbArgs),
    /// Print one metric user by user, as CSV
    Users(users::UsersArgs),
    /// Make the report of an experiment again, from the store alone
    Report(report::ReportArgs),
    /// Write tables, TREC files or an MLflow database, for other programs
    Export(export::ExportArgs),
    /// List, inspect, fetch, invent or split data sets
    Data(data::DataArgs),
    /// List everything an experiment can be made of, with options and defaults
    Kinds(kinds::KindsArgs),
    /// Check or back up the database
    Db(db::DbArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// The program: reads the command line, does what it says, and turns errors into messages and exit codes.
pub fn main() -> ExitCode {
    match dispatch(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            problems::print(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(cli: &Cli) -> Result<()> {
    let shared = &cli.shared;
    match &cli.command {
        Command::Run(args) => run::run(args, shared),
        Command::Check(args) => check::run(args),
        Command::Init(args) => init::run(args),
        Command::List(args) => list::run(args, &shared.db),
        Command::Show(args) => show::run(args, &shared.db),
        Command::Compare(args) => compare::run(args, shared),
        Command::Ab(args) => ab::run(args, shared),
        Command::Users(args) => users::run(args, &shared.db),
        Command::Report(args) => report::run(args, shared),
        Command::Export(args) => export::run(args, &shared.db),
        Command::Data(args) => data::run(args, shared.data_dir.as_deref()),
        Command::Kinds(args) => kinds::run(args),
        Command::Db(args) => db::run(args, &shared.db),
        Command::Completions(args) => completions::run(args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
