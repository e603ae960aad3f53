//! `rexp export`: what the store holds, for other programs.

use super::print;
use crate::error::{Error, Result};
use crate::export::{self, Format, Table, WholeFile};
use crate::store::Store;
use clap::{Args, Subcommand, ValueEnum};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  rexp export metrics gbstack                        every metric of the latest run, as CSV
  rexp export metrics --format jsonl --out all.jsonl every metric of every run
  rexp export users gbstack --out users.csv          what statistics programs want: one row per user
  rexp export trec gbstack trec/                     judge our lists with trec_eval, pytrec_eval, ranx
  rexp export mlflow mlf/ && cd mlf && mlflow ui     look at all runs in MLflow

Texts are written as they are. Before a CSV file goes into a spreadsheet, import columns of ids and names as text: one that begins with = would be a formula.";

const TREC: &str = "\
Files, in DIR (made if there is none; files of the same names are replaced):
  <experiment>.<protocol>.<seed>.<arm>.run   user Q0 item rank score tag
  <experiment>.<protocol>.<seed>.qrels       user 0 item 1
Names in them are slugs: lower-case letters, digits and dashes, with eight digits of a hash where the name had others.

Scores are n + 1 - rank, n the length of the list, not the arm's own: these programs sort by score and break ties by item id, rexp by a seeded hash. The arm's scores are in `rexp export rankings`.
In ids, white space, control characters and % are written as %XX, byte by byte, and an empty id as %.

ndcg_cut_k, P_k, recall_k and map_cut_k of trec_eval are ndcg@k, precision@k, recall@k and map@k of rexp (segment all), for k up to the longest stored list. For a user with relevant items but no list rexp counts 0, as trec_eval does with -c; pytrec_eval leaves such a user out.";

const MLFLOW: &str = "\
Writes DIR/mlflow.db, which `cd DIR && mlflow ui` and MlflowClient(\"sqlite:///DIR/mlflow.db\") open; MLflow brings its tables forward on the first opening. A file that is there already is left alone.

One MLflow experiment per experiment, one MLflow run per run and arm. Params: the options of the run. Tags: rexp.run, rexp.arm, rexp.role, rexp.kind, rexp.dataset, rexp.is_primary, rexp.version. Metrics, over all users: full.ndcg_at_10 is the mean over seeds, by_seed/full.ndcg_at_10 the value of each seed, the seed as step.";

/// What to export.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// What to export
    #[command(subcommand)]
    pub what: What,
}

/// What `rexp export` can write.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Rows: one per run, with its options and where it ran
    Runs(TableArgs),
    /// Rows: one per run, arm, protocol, metric, cutoff, segment and seed
    Metrics(TableArgs),
    /// Rows: one per run, arm, protocol, metric, cutoff, segment and method
    Intervals(TableArgs),
    /// Rows: one per user of every metric that users have, by seed
    Users(RunTableArgs),
    /// Rows: one per item of every user's list, by seed, with score and relevance
    Rankings(RunTableArgs),
    /// Run and relevance files for trec_eval, pytrec_eval, ir_measures, ranx
    #[command(after_help = TREC)]
    Trec(TrecArgs),
    /// A database that MLflow opens, with all runs
    #[command(after_help = MLFLOW)]
    Mlflow(MlflowArgs),
}

/// A table of one run or of all.
#[derive(Debug, Args)]
pub struct TableArgs {
    /// An experiment (its latest run) or the first digits of a run's id; none: every run
    #[arg(value_name = "RUN_OR_EXPERIMENT")]
    pub run: Option<String>,
    #[command(flatten)]
    pub to: To,
}

/// A table of one run.
#[derive(Debug, Args)]
pub struct RunTableArgs {
    /// An experiment (its latest run) or the first digits of a run's id
    #[arg(value_name = "RUN_OR_EXPERIMENT")]
    pub run: String,
    #[command(flatten)]
    pub to: To,
}

/// Where rows go.
#[derive(Debug, Args)]
pub struct To {
    /// CSV with a header, or one JSON object a line
    #[arg(long, value_enum, default_value_t = FormatName::Csv)]
    pub format: FormatName,
    /// New file; default: stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The formats by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FormatName {
    /// Comma-separated values
    Csv,
    /// JSON lines
    Jsonl,
}

/// Of which run, and where to.
#[derive(Debug, Args)]
pub struct TrecArgs {
    /// An experiment (its latest run) or the first digits of a run's id
    #[arg(value_name = "RUN_OR_EXPERIMENT")]
    pub run: String,
    /// Folder
    pub dir: PathBuf,
}

/// Where to.
#[derive(Debug, Args)]
pub struct MlflowArgs {
    /// Folder
    pub dir: PathBuf,
}

/// Writes it.
///
/// # Errors
/// [`Error::Name`] for an unknown experiment or run, [`Error::Usage`] for a file that is there already and for a run that lacks what is asked for, those of the store and the disk.
pub fn run(args: &ExportArgs, db: &Path) -> Result<()> {
    let store = Store::open_read(db)?;
    match &args.what {
        What::Runs(args) => table(&store, Table::Runs, args.run.as_deref(), &args.to),
        What::Metrics(args) => table(&store, Table::Metrics, args.run.as_deref(), &args.to),
        What::Intervals(args) => table(&store, Table::Intervals, args.run.as_deref(), &args.to),
        What::Users(args) => table(&store, Table::Users, Some(&args.run), &args.to),
        What::Rankings(args) => table(&store, Table::Rankings, Some(&args.run), &args.to),
        What::Trec(args) => {
            let files = export::write_trec(&store, &store.find_run(&args.run)?, &args.dir)?;
            print::text(&files.iter().map(|file| format!("{}\n", file.display())).collect::<String>())
        }
        What::Mlflow(args) => print::text(&format!("{}\n", export::write_mlflow(&store, &args.dir)?.display())),
    }
}

fn table(store: &Store, table: Table, run: Option<&str>, to: &To) -> Result<()> {
    let runs = match run {
        Some(text) => vec![store.find_run(text)?],
        // Oldest first, so that a later export of the same store begins as an earlier one did.
        None => store.runs()?.into_iter().rev().map(|run| run.run).collect(),
    };
    let format = match to.format {
        FormatName::Csv => Format::Csv,
        FormatName::Jsonl => Format::Jsonl,
    };
    let Some(path) = &to.out else {
        let stdout = BufWriter::new(io::stdout().lock());
        return match export::write(store, table, &runs, format, stdout, Path::new("stdout")) {
            // A reader that has seen enough is no error.
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written,
        };
    };
    if path.symlink_metadata().is_ok() {
        return Err(Error::usage(format!("{} is there already", path.display()), "name a new file, or remove it"));
    }
    let mut file = WholeFile::begin(path)?;
    export::write(store, table, &runs, format, &mut file, path)?;
    print::text(&format!("{}\n", file.finish()?.display()))
}
