//! Puts the page together and writes it with its figures.

use super::facts::{self, FactTable, Notice, Pair, RatingBar};
use super::figures::{self, Figure, Place};
use super::files::{Folder, folder_name};
use super::left_out;
use super::protocols;
use super::queries::{Query, queries};
use super::read::run_facts;
use super::records::RunFacts;
use super::tables::{self, ArmTable, Board};
use super::verdict::{Verdict, caution, verdicts};
use crate::error::{Error, Result, is_unsafe};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value};
use rayon::prelude::*;
use rusqlite::Connection;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("page.html");
pub(super) const STYLE: &str = include_str!("style.css");

/// All that the template shows. Every text in it is escaped there, except the SVG of figures, which `plots` has escaped.
#[derive(Serialize)]
struct Page<'a> {
    style: &'a str,
    title: &'a str,
    about: &'a str,
    run_id: &'a str,
    started_at: &'a str,
    incomplete: Option<String>,
    verdicts: Vec<Verdict>,
    caution: String,
    warnings: Option<String>,
    protocols: Vec<Section<'a>>,
    agreement: Option<FactTable>,
    importance_figures: Vec<&'a Figure>,
    importances: Vec<FactTable>,
    learning_figures: Vec<&'a Figure>,
    data: Vec<Pair>,
    ratings: Vec<RatingBar>,
    split: Option<FactTable>,
    notices: Vec<Notice>,
    left_out: FactTable,
    omissions: FactTable,
    stages: FactTable,
    trials: FactTable,
    environment: Vec<Pair>,
    config_source: &'a str,
    config_toml: &'a str,
    queries: Vec<Query>,
}

/// What one protocol has to show.
#[derive(Serialize)]
struct Section<'a> {
    name: &'a str,
    conditions: String,
    figures: Vec<&'a Figure>,
    leaderboards: Vec<ArmTable>,
    candidates: Option<FactTable>,
    by_cutoff: Option<ArmTable>,
    segments: Vec<ArmTable>,
}

/// Writes the page of a run, and its figures as PNG files, into a folder of its experiment below `reports`. Returns the path of `index.html`.
///
/// Figures are written before the page, each whole or not at all: a page that is there has its figures.
///
/// # Errors
/// [`Error::Name`] without such a run, [`Error::Store`] if the store cannot be read, [`Error::Io`] if a file cannot be written.
pub fn write(connection: &Connection, run_id: &str, reports: &Path) -> Result<PathBuf> {
    let facts = run_facts(connection, run_id, tables::headline)?;
    let board = Board::new(&facts);
    let figures = figures::figures(&board)?;
    let page = render(&board, &figures)?;
    let folder = Folder::open(reports.join(folder_name(&facts.run.experiment)))?;
    // Together, because each waits for the disk; the first error in the page's order is the one that is told.
    let written: Vec<Result<PathBuf>> =
        figures.par_iter().map(|figure| folder.write(&figure.file, &figure.png)).collect();
    written.into_iter().collect::<Result<Vec<PathBuf>>>()?;
    let index = folder.write("index.html", page.as_bytes())?;
    folder.sweep(&figures.iter().map(|figure| figure.file.as_str()).collect::<Vec<_>>());
    Ok(index)
}

fn render(board: &Board<'_>, figures: &[Figure]) -> Result<String> {
    let facts: &RunFacts = board.facts;
    let at = |place: &Place| figures.iter().filter(|figure| figure.place == *place).collect::<Vec<_>>();
    let page = Page {
        style: STYLE,
        title: &facts.run.experiment,
        about: &facts.run.about,
        run_id: &facts.run.id,
        started_at: &facts.run.started_at,
        incomplete: tables::incomplete(facts),
        verdicts: verdicts(board),
        caution: caution(board),
        warnings: facts::n_warnings(facts),
        protocols: board
            .protocols
            .iter()
            .map(|protocol| Section {
                name: protocol,
                conditions: board.conditions(protocol),
                figures: at(&Place::Protocol((*protocol).to_owned())),
                leaderboards: tables::leaderboards(board, protocol),
                candidates: protocols::candidates(board, protocol),
                by_cutoff: tables::by_cutoff(board, protocol),
                segments: tables::segments(board, protocol),
            })
            .collect(),
        agreement: protocols::agreement(board),
        importance_figures: at(&Place::Importance),
        importances: facts::importances(board),
        learning_figures: at(&Place::Learning),
        data: facts::data(facts),
        ratings: facts::ratings(facts),
        split: facts::split(facts),
        notices: facts::notices(facts),
        left_out: left_out::left_out(board),
        omissions: left_out::omissions(facts),
        stages: facts::stages(facts),
        trials: facts::trials(facts),
        environment: facts::environment(facts),
        config_source: &facts.run.config_source,
        config_toml: &facts.run.config_toml,
        queries: queries(&facts.run.id, board.headline.map(|(metric, k)| (metric.name.as_str(), k))),
    };
    rendered("page.html", TEMPLATE, &page)
}

/// A template filled with values.
pub(super) fn rendered(name: &str, template: &str, page: &impl Serialize) -> Result<String> {
    filled(name, template, Value::from(Serde(page)))
        .map(|page| visible(&page))
        .map_err(|error| Error::io(Path::new(name), "render")(io::Error::other(error.to_string())))
}

/// The template with its values: every text is escaped, whatever its name, but for what the template itself calls safe.
fn filled(name: &str, template: &str, page: Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.render_named_str(name, template, page)
}

/// The page without characters that nobody sees but that change what is seen: control characters and marks that reorder text are spelled out.
fn visible(page: &str) -> String {
    let is_hidden = |c: char| is_unsafe(c) && !matches!(c, '\n' | '\t' | '\r');
    let mut out = String::with_capacity(page.len());
    for c in page.chars() {
        if is_hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}
