//! Puts the page together and writes it with its figures.

use super::cutoffs;
use super::examples::{self, ExampleView};
use super::facts::{self, FactTable, Notice, Pair, RatingBar};
use super::figures::{self, Figure, Place};
use super::files::{Folder, folder_name};
use super::left_out;
use super::protocols;
use super::queries::{Query, queries};
use super::read::{Extent, run_facts};
use super::records::RunFacts;
use super::scores;
use super::tables::{self, ArmTable, Board};
use super::variation;
use super::verdict::{Verdict, caution, verdicts};
use crate::compare::standing::{Standings, standings};
use crate::error::{Error, Result, is_unsafe};
use crate::store::Store;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value};
use rayon::prelude::*;
use rusqlite::Connection;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("page.html");
pub(super) const STYLE: &str = include_str!("style.css");
/// The one script of every page. Pages are whole without it.
const SCRIPT: &str = include_str!("page.js");

/// All that the template shows. Every text in it is escaped there, except the SVG of figures, which `plots` has escaped.
#[derive(Serialize)]
struct Page<'a> {
    style: &'a str,
    title: &'a str,
    about: &'a str,
    run_id: &'a str,
    started_at: &'a str,
    first_seed: Option<i64>,
    dataset: &'a str,
    liked_order: &'a str,
    damaged: Option<String>,
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
    data_figures: Vec<&'a Figure>,
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
    segment_figures: Vec<&'a Figure>,
    leaderboards: Vec<ArmTable>,
    candidates: Option<FactTable>,
    variation: Option<ArmTable>,
    by_cutoff: Option<ArmTable>,
    other_cutoffs: Vec<ArmTable>,
    segments: Vec<ArmTable>,
    score_figures: Vec<&'a Figure>,
    likeness: Option<FactTable>,
    examples: Vec<ExampleView>,
}

/// Writes the page of a run, and its figures as PNG files, into a folder of its experiment below `reports`. Returns the path of `index.html`.
///
/// Figures are written before the page, each whole or not at all: a page that is there has its figures.
///
/// # Errors
/// [`Error::Name`] without such a run, [`Error::Store`] if the store cannot be read, [`Error::Io`] if a file cannot be written.
pub fn write(store: &Store, run_id: &str, reports: &Path) -> Result<PathBuf> {
    write_judged(store.connection(), run_id, reports, |protocol, metric, k| {
        standings(store, run_id, protocol, metric, k)
    })
}

/// The same with somebody else's word on where the arms stand: of a protocol, and a metric at k.
pub(super) fn write_judged(
    connection: &Connection,
    run_id: &str,
    reports: &Path,
    judge: impl Fn(&str, &str, u64) -> Result<Standings>,
) -> Result<PathBuf> {
    let facts = run_facts(connection, run_id, tables::headline, Extent::Page)?;
    let board = judged(&facts, judge)?;
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

/// What is known of a run, with a word on where its arms stand.
pub(super) fn judged(facts: &RunFacts, judge: impl Fn(&str, &str, u64) -> Result<Standings>) -> Result<Board<'_>> {
    let mut board = Board::new(facts);
    if let Some((metric, k)) = board.headline {
        for protocol in board.protocols.clone() {
            let Standings { all, rules, ranks, variations } = judge(protocol, &metric.name, k.unsigned_abs())?;
            board.standings.insert(protocol, all);
            board.ranks.extend(ranks.map(|ranks| (protocol, ranks)));
            board.variations.insert(protocol, variations);
            board.rules = Some(rules);
        }
    }
    Ok(board)
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
        first_seed: facts.trials.first().map(|trial| trial.seed),
        dataset: &facts.dataset.name,
        liked_order: if facts.dataset.timestamps.is_some() { "the latest" } else { "the best rated" },
        damaged: examples::damaged(facts),
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
                segment_figures: at(&Place::Segments((*protocol).to_owned())),
                leaderboards: tables::leaderboards(board, protocol),
                candidates: protocols::candidates(board, protocol),
                variation: variation::table(board, protocol),
                by_cutoff: cutoffs::by_cutoff(board, protocol),
                other_cutoffs: cutoffs::others(board, protocol),
                segments: tables::segments(board, protocol),
                score_figures: at(&Place::Scores((*protocol).to_owned())),
                likeness: scores::likeness(board, protocol),
                examples: examples::examples(board, protocol),
            })
            .collect(),
        agreement: protocols::agreement(board),
        importance_figures: at(&Place::Importance),
        importances: facts::importances(board),
        learning_figures: at(&Place::Learning),
        data: facts::data(facts),
        data_figures: at(&Place::Data),
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

/// A template filled with values. Besides them it knows `script`, and `policy`, which lets that script run and no other.
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
    environment.add_global("script", SCRIPT);
    environment.add_global("policy", policy());
    environment.render_named_str(name, template, page)
}

/// The content security policy: nothing from outside, and of scripts only the page's own, known by its hash. A script that came in with a name or
/// a message has another hash: it would not run even where escaping failed.
fn policy() -> String {
    let hash = base64(&Sha256::digest(SCRIPT));
    format!("default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'sha256-{hash}'")
}

/// Base64 with padding. Source: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648, section 10.
        let coded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(coded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn the_script_reaches_the_page_byte_by_byte() {
        // Else its hash would not be that of the policy: nothing is spelled out, and nothing ends it early.
        assert!(SCRIPT.is_ascii() && !SCRIPT.contains('\r') && visible(SCRIPT) == SCRIPT);
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
    }
}
