//! Puts the page together and writes it with its figures.

use super::facts::{self, FactTable, Notice, Pair, RatingBar};
use super::figures::{self, Figure, Place};
use super::files::{folder_name, write_whole};
use super::queries::{Query, queries};
use super::read::{RunFacts, run_facts};
use super::tables::{self, ArmTable, Board};
use super::verdict::{Verdict, verdicts};
use crate::error::{Error, Result};
use minijinja::{AutoEscape, Environment, Value};
use rusqlite::Connection;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

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
    protocols: Vec<Section<'a>>,
    importance_figures: Vec<&'a Figure>,
    importances: Vec<FactTable>,
    learning_figures: Vec<&'a Figure>,
    data: Vec<Pair>,
    ratings: Vec<RatingBar>,
    split: Option<FactTable>,
    notices: Vec<Notice>,
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
    let folder = reports.join(folder_name(&facts.run.experiment));
    fs::create_dir_all(&folder).map_err(Error::io(&folder, "create"))?;
    for figure in &figures {
        write_whole(&folder.join(&figure.file), &figure.png)?;
    }
    let index = folder.join("index.html");
    write_whole(&index, page.as_bytes())?;
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
        protocols: board
            .protocols
            .iter()
            .map(|protocol| Section {
                name: protocol,
                conditions: board.conditions(protocol),
                figures: at(&Place::Protocol((*protocol).to_owned())),
                leaderboards: tables::leaderboards(board, protocol),
                by_cutoff: tables::by_cutoff(board, protocol),
                segments: tables::segments(board, protocol),
            })
            .collect(),
        importance_figures: at(&Place::Importance),
        importances: facts::importances(board),
        learning_figures: at(&Place::Learning),
        data: facts::data(facts),
        ratings: facts::ratings(facts),
        split: facts::split(facts),
        notices: facts::notices(facts),
        omissions: facts::omissions(facts),
        stages: facts::stages(facts),
        trials: facts::trials(facts),
        environment: facts::environment(facts),
        config_source: &facts.run.config_source,
        config_toml: &facts.run.config_toml,
        queries: queries(&facts.run.id, board.headline.map(|(metric, k)| (metric.name.as_str(), k))),
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment
        .render_named_str("page.html", TEMPLATE, Value::from_serialize(&page))
        .map_err(|error| Error::io(Path::new("page.html"), "render")(io::Error::other(error.to_string())))
}
