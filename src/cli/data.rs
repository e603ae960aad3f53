//! `rexp data`: which data sets there are, what is in them, and where to get them.

use super::data_split::{self, SplitArgs};
use super::print;
use crate::dataset::Duplicates;
use crate::error::{Error, Result, shown};
use crate::formats::fetch::{Fetch, Fetched};
use crate::formats::inspect::{Inspection, Spread};
use crate::formats::registry::{self, DATASETS, Known};
use crate::formats::synth::Synth;
use crate::formats::synth_files;
use crate::suggest;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Data sets: list, inspect, fetch, invent, split.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DataCommand,
}

/// What `rexp data` can do.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the data sets rexp knows: which are here and where, and their licenses
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Count what is in a data set: users, items, ratings, gaps
    Inspect {
        /// A known data set, a folder of ratings, or `synth`
        #[arg(value_name = "NAME_OR_PATH")]
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Download a known data set into the data folder
    Fetch {
        /// One of `rexp data list`
        name: String,
        /// Another address of its archive: https, or http on this machine
        #[arg(long)]
        url: Option<String>,
        /// Replace it if it is there already
        #[arg(long)]
        force: bool,
    },
    /// Write invented ratings in the shape of MovieLens as CSV files
    Synth(SynthArgs),
    /// Write which part each rating is in, as a CSV that the split kind `file` reads
    Split(SplitArgs),
}

/// The size of an invented data set.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Users
    #[arg(long, default_value_t = Synth::default().users, value_name = "N")]
    pub users: usize,
    /// Items in the catalog
    #[arg(long, default_value_t = Synth::default().items, value_name = "N")]
    pub items: usize,
    /// Ratings in total
    #[arg(long, default_value_t = Synth::default().ratings, value_name = "N")]
    pub ratings: usize,
    /// Chooses the world among all of the same shape
    #[arg(long, default_value_t = Synth::default().seed)]
    pub seed: u64,
    /// Folder to make; default: `synth` in the data folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Runs `rexp data`.
///
/// - `data_dir`: what `--data-dir` said.
///
/// # Errors
/// Those of the library call behind each subcommand.
pub fn run(args: &DataArgs, data_dir: Option<&Path>) -> Result<()> {
    match &args.command {
        DataCommand::List { json } => list(data_dir, *json),
        DataCommand::Inspect { name, json } => inspect(name, data_dir, *json),
        DataCommand::Fetch { name, url, force } => fetch(name, url.as_deref(), *force, data_dir),
        DataCommand::Synth(args) => synth(args, data_dir),
        DataCommand::Split(args) => data_split::run(args, data_dir),
    }
}

/// A line of `rexp data list`.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: &'static str,
    format: &'static str,
    /// Where it is; absent when it is not here.
    folder: Option<PathBuf>,
    /// Bytes of its files here.
    size_bytes: Option<u64>,
    url: &'static str,
    license: &'static str,
    license_url: &'static str,
    citation: &'static str,
}

impl Listed {
    fn of(known: &'static Known, dirs: &[PathBuf]) -> Self {
        let folder = known.find(dirs);
        let size = |folder: &PathBuf| {
            let files = known.required.iter().chain(known.optional);
            files.filter_map(|file| folder.join(file).metadata().ok()).map(|metadata| metadata.len()).sum()
        };
        let Known { name, about, format, url, license, license_url, citation, .. } = *known;
        Self { name, about, format, size_bytes: folder.as_ref().map(size), folder, url, license, license_url, citation }
    }
}

fn list(data_dir: Option<&Path>, json: bool) -> Result<()> {
    let dirs = registry::data_dirs(data_dir);
    let rows: Vec<Listed> = DATASETS.iter().map(|known| Listed::of(known, &dirs)).collect();
    if json {
        return print::json(&rows);
    }
    let mut out = String::new();
    for row in &rows {
        let place = match (&row.folder, row.size_bytes) {
            (Some(folder), Some(size)) => format!("{} ({:.1} MB)", folder.display(), size as f64 / 1e6),
            _ => "not here".into(),
        };
        line(&mut out, format_args!("{:<16} {:<46} {place}", row.name, row.about));
        line(&mut out, format_args!("{:<16} {} ({})", "", row.license, row.license_url));
    }
    line(&mut out, format_args!("\n`rexp data fetch NAME` gets one; `rexp data synth` invents one."));
    print::text(&out)
}

/// An inspection, and where it was read from.
#[derive(Serialize)]
struct Inspected<'a> {
    folder: &'a Path,
    #[serde(flatten)]
    facts: Inspection,
}

fn inspect(name: &str, data_dir: Option<&Path>, json: bool) -> Result<()> {
    let located = registry::resolve(name, data_dir)?;
    let facts = Inspection::of(&located.read(Duplicates::Last)?);
    if json {
        return print::json(&Inspected { folder: &located.folder, facts });
    }
    let mut out = String::new();
    let mut row = |label: &str, text: String| line(&mut out, format_args!("{label:<18} {text}"));
    row("data set", shown(&facts.name));
    if !located.folder.as_os_str().is_empty() {
        row("folder", located.folder.display().to_string());
    }
    row("content hash", facts.hash.clone());
    row("users", facts.n_users.to_string());
    row("items", format!("{} rated, {} in all", facts.n_items_rated, facts.n_items));
    row("ratings", facts.n_ratings.to_string());
    let (rated, catalog) = (100.0 * facts.density_rated_items, 100.0 * facts.density_catalog);
    row("density", format!("{rated:.3} % of rated items, {catalog:.3} % of all"));
    let (mean, sd, high) = (facts.mean_rating, facts.sd_rating, facts.share_at_least_4);
    row("rating", format!("mean {mean:.3}, standard deviation {sd:.3}, share of 4 or more {high:.3}"));
    row("ratings per user", spread(facts.ratings_per_user));
    row("ratings per item", spread(facts.ratings_per_item));
    row("timestamps", timestamps(facts.timestamps));
    let (unrated, untitled, genreless) =
        (facts.n_items_never_rated, facts.n_items_without_title, facts.n_items_without_genre);
    row("catalog gaps", format!("items: {unrated} never rated, {untitled} without title, {genreless} without genre"));
    row("genres, tags", format!("{}, {}", facts.n_genres, facts.n_tags));
    for note in &facts.notes {
        row("note", format!("{}: {}", note.code, note.message));
    }
    out.push('\n');
    chart(&mut out, &facts);
    print::text(&out)
}

fn spread(spread: Spread) -> String {
    format!("min {}, median {}, max {}", spread.min, spread.median, spread.max)
}

fn timestamps(range: Option<(i64, i64)>) -> String {
    let Some((first, last)) = range else { return "none".into() };
    let date = |seconds: i64| {
        jiff::Timestamp::from_second(seconds).map_or_else(|_| "beyond the calendar".into(), |time| time.to_string())
    };
    format!("{} to {} ({first} to {last})", date(first), date(last))
}

/// The histogram of ratings as bars of at most 40 characters.
fn chart(out: &mut String, facts: &Inspection) {
    let most = facts.histogram.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    for bar in &facts.histogram {
        let label = if bar.low == bar.high { bar.low.to_string() } else { format!("{} to {}", bar.low, bar.high) };
        // Rounded up, so that a rating that occurs has a bar.
        let length = (bar.count * 40).div_ceil(most);
        let share = 100.0 * bar.count as f64 / facts.n_ratings as f64;
        line(out, format_args!("{label:>10} {:<40} {:>9} {share:5.1} %", "█".repeat(length), bar.count));
    }
}

fn fetch(name: &str, url: Option<&str>, force: bool, data_dir: Option<&Path>) -> Result<()> {
    let Some(known) = registry::known(name) else {
        let help = Some(suggest::allowed(name, DATASETS.iter().map(|known| known.name)));
        return Err(Error::Name { what: "data set", found: shown(name), help });
    };
    let target = registry::target_dir(data_dir);
    match (Fetch { known, data_dir: &target, url, force }).run()? {
        Fetched::Present(folder) => {
            print::text(&format!("{name} is in {} already (--force fetches it again)\n", folder.display()))
        }
        Fetched::New(folder, files) => print::text(&format!(
            "{name} is in {}: {}\nsee what is in it: rexp data inspect {name}\ncite: {}\n",
            folder.display(),
            files.join(", "),
            known.citation
        )),
    }
}

fn synth(args: &SynthArgs, data_dir: Option<&Path>) -> Result<()> {
    let options =
        Synth { users: args.users, items: args.items, ratings: args.ratings, seed: args.seed, ..Synth::default() };
    in_range(&options)?;
    let folder = args.out.clone().unwrap_or_else(|| registry::target_dir(data_dir).join("synth"));
    let start = Instant::now();
    let written = synth_files::write(&options, &folder)?;
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{:.2} s, {:.2} million ratings/s", seconds, written.n_ratings as f64 / seconds / 1e6);
    print::text(&format!(
        "{}: {} ratings, {} items, {} tags\nsee what is in it: rexp data inspect {}\n",
        folder.display(),
        written.n_ratings,
        written.n_items,
        written.n_tags,
        folder.display()
    ))
}

/// The ranges that the options have in a TOML.
fn in_range(options: &Synth) -> Result<()> {
    let limits = [
        ("users", options.users, 1, 10_000_000),
        ("items", options.items, 2, 10_000_000),
        ("ratings", options.ratings, 1, 2_000_000_000),
    ];
    match limits.into_iter().find(|(_, value, low, high)| !(*low..=*high).contains(value)) {
        Some((name, value, low, high)) => {
            Err(Error::usage(format!("found --{name} {value}, expected {low} to {high}"), "see rexp data synth --help"))
        }
        None => Ok(()),
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, FromArgMatches, Parser};

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        data: DataArgs,
    }

    fn run_words(words: &[&str], data_dir: &Path) -> Result<()> {
        let matches = Program::command().get_matches_from(std::iter::once(&"data").chain(words));
        run(&Program::from_arg_matches(&matches).unwrap().data, Some(data_dir))
    }

    #[test]
    fn the_commands_are_well_formed() {
        Program::command().debug_assert();
    }

    #[test]
    fn an_invented_data_set_can_be_inspected_by_name_and_by_path() {
        let home = tempfile::tempdir().unwrap();
        run_words(&["synth", "--users", "30", "--items", "90", "--ratings", "900"], home.path()).unwrap();
        run_words(&["inspect", "synth"], home.path()).unwrap();
        run_words(&["inspect", "--json", &home.path().join("synth").to_string_lossy()], home.path()).unwrap();
        run_words(&["list"], home.path()).unwrap();
        run_words(&["list", "--json"], home.path()).unwrap();
        let error = run_words(&["synth", "--items", "1"], home.path()).unwrap_err();
        assert_eq!(error.to_string(), "found --items 1, expected 2 to 10000000\n  see rexp data synth --help");
        let error = run_words(&["fetch", "ml1m"], home.path()).unwrap_err().to_string();
        assert!(error.contains("did you mean \"ml-1m\"?"), "{error}");
    }

    #[test]
    fn times_are_shown_as_dates() {
        assert_eq!(
            timestamps(Some((828_124_615, 1_537_799_250))),
            "1996-03-29T18:36:55Z to 2018-09-24T14:27:30Z (828124615 to 1537799250)"
        );
        assert!(timestamps(Some((i64::MIN, 0))).starts_with("beyond the calendar to 1970"));
        assert_eq!(timestamps(None), "none");
    }
}
