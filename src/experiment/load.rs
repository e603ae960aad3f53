//! From files on the command line to experiments: `extends`, `--set`, and the problems of all files together.

use super::{Experiment, read};
use crate::error::{Error, Place, Problem, Result, Source, shown};
use crate::tree::{self, Entry, Node, Table, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest TOML read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Longest chain of `extends`.
const MOST_PARENTS: usize = 8;

/// The TOML files that command-line arguments name: a folder stands for the `.toml` files in it, by name.
///
/// # Errors
/// [`Error::Usage`] for a folder without any, [`Error::Io`] for what cannot be read.
pub fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut out: Vec<PathBuf> = Vec::new();
    for argument in arguments {
        if !argument.is_dir() {
            out.push(argument.clone());
            continue;
        }
        let entries = fs::read_dir(argument).map_err(Error::io(argument, "read"))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>();
        let mut paths = paths.map_err(Error::io(argument, "read"))?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml") && path.is_file());
        if paths.is_empty() {
            return Err(Error::usage(
                format!("{} holds no .toml file", argument.display()),
                "name a file or a folder with some",
            ));
        }
        paths.sort();
        out.extend(paths);
    }
    let mut seen = Vec::new();
    out.retain(|path| {
        let is_new = !seen.contains(path);
        seen.push(path.clone());
        is_new
    });
    Ok(out)
}

/// Reads and checks experiments.
///
/// - `sets`: `path.to.key=value` of `--set`, applied to every file. `seeds`: of `--seeds`, instead of those in the files.
///
/// # Errors
/// [`Error::Config`] with every problem of every file, [`Error::Usage`] for a `--set` that cannot be applied.
pub fn load(paths: &[PathBuf], sets: &[String], seeds: Option<&[u64]>) -> Result<Vec<Experiment>> {
    let mut problems = Vec::new();
    let mut experiments: Vec<Experiment> = Vec::new();
    for path in paths {
        match one(path, sets, seeds) {
            Ok(experiment) => match experiments.iter().find(|other| other.name == experiment.name) {
                Some(other) => problems.push(Problem {
                    place: None,
                    message: format!(
                        "{} and {} are both named {:?}",
                        other.config_path,
                        path.display(),
                        shown(&experiment.name)
                    ),
                    help: Some("give each experiment a name of its own".into()),
                }),
                None => experiments.push(experiment),
            },
            Err(Error::Config(more)) => problems.extend(more),
            Err(error @ Error::Usage { .. }) => return Err(error),
            Err(error) => problems.push(Problem { place: None, message: error.to_string(), help: None }),
        }
    }
    problems.dedup();
    if problems.is_empty() { Ok(experiments) } else { Err(Error::Config(problems)) }
}

fn one(path: &Path, sets: &[String], seeds: Option<&[u64]>) -> Result<Experiment> {
    let (mut table, place) = merged(path, &mut Vec::new())?;
    for set in sets {
        tree::set(&mut table, set)?;
    }
    read::experiment(&table, &place, path, seeds)
}

/// A file laid over the one it extends. Name and description are a file's own.
fn merged(path: &Path, children: &mut Vec<PathBuf>) -> Result<(Table, Place)> {
    let source = source(path)?;
    let Node { value, place } = tree::parse(&source)?;
    // A document is a table.
    let Value::Table(mut table) = value else { return Ok((Table::new(), place)) };
    let Some(Entry { node, .. }) = table.remove("extends") else { return Ok((table, place)) };
    let refuse = |message: String| {
        let help = Some("extends = \"base.toml\", relative to this file".to_owned());
        Err(Error::Config(vec![Problem { place: Some(node.place.clone()), message, help }]))
    };
    let Value::Text(parent) = &node.value else {
        return refuse(format!("found {}, expected the name of a file", node.value.describe()));
    };
    children.push(path.to_owned());
    let parent = path.parent().unwrap_or(Path::new("")).join(parent);
    if children.len() > MOST_PARENTS || children.contains(&parent) {
        return refuse(format!("{} extends itself, or more than {MOST_PARENTS} files", path.display()));
    }
    if !parent.is_file() {
        return refuse(format!("found no file {}", shown(&parent.to_string_lossy())));
    }
    let (mut base, _) = merged(&parent, children)?;
    base.remove("name");
    base.remove("about");
    Ok((tree::merge(base, table), place))
}

/// The text of a file: a regular one, of a size that a person could have written.
fn source(path: &Path) -> Result<Arc<Source>> {
    let about = fs::metadata(path).map_err(Error::io(path, "read"))?;
    let refuse = |message: &str| {
        let message = format!("{}: {message}", path.display());
        Err(Error::Config(vec![Problem {
            place: None,
            message,
            help: Some("expected a TOML file of at most 1 MiB".into()),
        }]))
    };
    if !about.is_file() {
        return refuse("it is not a regular file");
    }
    if about.len() > MOST_BYTES {
        return refuse("it is larger than 1 MiB");
    }
    let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            Ok(Arc::new(Source { name: path.to_string_lossy().into_owned(), text: text.replace("\r\n", "\n") }))
        }
        Err(error) => refuse(&format!("byte {} is not UTF-8", error.valid_up_to() + 1)),
    }
}
