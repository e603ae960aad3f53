//! `rexp data split`: writes which part each rating is in, for other programs and for the split kind `file`.

use super::print;
use crate::dataset::{Dataset, Duplicates};
use crate::error::{Error, Place, Result, Source};
use crate::formats::registry;
use crate::kind::Reader;
use crate::splits::{Part, Parts, SPLITS, Split};
use crate::tree::{self, Table};
use clap::Args;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to split, and how.
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// A known data set, a folder of ratings, or `synth`
    #[arg(value_name = "NAME_OR_PATH")]
    pub name: String,
    /// Kind of split, see `rexp kinds splits`
    #[arg(long, default_value = "random")]
    pub kind: String,
    /// An option of the split, e.g. test=0.1 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of the split
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// File to write: CSV with the columns row (0-based data row of the ratings file) and part
    #[arg(long, default_value = "split.csv", value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

/// Writes the split.
///
/// # Errors
/// [`Error::Config`] for a wrong kind or option, those of reading the data and of the split, [`Error::Io`] for the file.
pub fn run(args: &SplitArgs, data_dir: Option<&Path>) -> Result<()> {
    if args.out.exists() && !args.force {
        return Err(Error::usage(
            format!("{} is there already", args.out.display()),
            "name another file, or replace it with --force",
        ));
    }
    let split = read_split(args)?;
    let dataset = registry::resolve(&args.name, data_dir)?.read(Duplicates::Last)?;
    let parts = Parts::new(&dataset, split.assign(&dataset, args.seed)?);
    write_whole(&args.out, csv(&dataset, &parts).as_bytes())?;
    let mut told = format!("{}: ", args.out.display());
    let counts = parts.counts(&dataset, f64::INFINITY).into_iter().filter(|part| part.part != "train_full");
    told += &counts
        .map(|part| format!("{} {} ratings of {} users", part.part, part.n_rows, part.n_users))
        .collect::<Vec<_>>()
        .join("; ");
    print::text(&format!("{told}\nuse it with kind = \"file\" and path = \"{}\" in [split]\n", args.out.display()))
}

/// The split that the command line describes, read as a TOML would be.
fn read_split(args: &SplitArgs) -> Result<Box<dyn Split>> {
    let mut table = Table::new();
    tree::set(&mut table, &format!("kind={}", args.kind))?;
    for set in &args.set {
        tree::set(&mut table, set)?;
    }
    let source = Arc::new(Source { name: "--kind".into(), text: args.kind.clone() });
    let problems = RefCell::default();
    let reader = Reader::new(&table, Place { source, start: 0, end: args.kind.len() }, "split", &problems);
    let found = reader.kind("kind", "split", None, SPLITS);
    match (found, problems.into_inner()) {
        (Some((_, split)), problems) if problems.is_empty() => Ok(split),
        (_, problems) => Err(Error::Config(problems)),
    }
}

/// Rows in the order of the ratings file.
fn csv(dataset: &Dataset, parts: &Parts) -> String {
    let mut rows: Vec<(u32, Part)> =
        dataset.ratings.source_rows.iter().copied().zip(parts.of_row.iter().copied()).collect();
    rows.sort_unstable();
    let mut out = "row,part\n".to_owned();
    for (row, part) in rows {
        let part = match part {
            Part::Base => "base",
            Part::Meta => "meta",
            Part::Test => "test",
            Part::Unused => continue,
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{row},{part}");
    }
    out
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    let placed = written.and_then(|()| fs::rename(&temporary, path));
    placed.map_err(|reason| {
        let _ = fs::remove_file(&temporary);
        Error::io(path, "write")(reason)
    })
}
