//! The page of a comparison: its verdict, figures, tables and methods.

use super::comparison_figures;
use super::figures::Figure;
use super::files::{Folder, folder_name};
use super::numbers::minus;
use super::page::{STYLE, rendered};
use crate::compare::comparison::{Comparison, PairReport};
use crate::compare::examples::{ListedItem, MOST_RANKS, UserExample};
use crate::compare::paired::Paired;
use crate::compare::topic::Rows;
use crate::compare::verdict::{caution, fixed, interval, p_text, short, signed};
use crate::error::{Result, plural};
use serde::Serialize;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("comparison.html");

/// All that the template shows; it escapes every text, except the SVG of figures.
#[derive(Serialize)]
pub(super) struct ComparisonPage<'a> {
    pub style: &'a str,
    pub kind: &'a str,
    pub title: String,
    pub verdict: &'a str,
    pub lines: Vec<String>,
    pub caution: String,
    pub meta: String,
    pub figures: &'a [Figure],
    pub tables: Vec<PlainTable>,
    pub examples: Vec<ExampleView>,
    /// What else is known of the items in the lists of examples.
    pub the_rest: &'a str,
    pub changes: Option<PlainTable>,
    pub notes: Vec<String>,
    pub methods: Vec<String>,
}

/// A table of texts.
#[derive(Serialize)]
pub(super) struct PlainTable {
    pub caption: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A user with the lists of two sides.
#[derive(Serialize)]
pub(super) struct ExampleView {
    pub who: String,
    pub about: String,
    pub sides: [String; 2],
    /// Per rank the item of each side; `None` below the end of its list.
    pub ranks: Vec<[Option<ListedItem>; 2]>,
}

/// Writes the page of a comparison with its figures into a folder below `reports`. Returns the path of `index.html`.
///
/// # Errors
/// [`crate::Error::Io`] if a file cannot be written.
pub fn write_comparison(found: &Comparison, reports: &Path) -> Result<PathBuf> {
    let figures = comparison_figures::figures(found)?;
    let names: Vec<&str> = found.sides.iter().map(|side| side.name.as_str()).collect();
    let page = page(found, &figures, &names);
    write_page(&page_name("compare", &names, &found.asked), &page, &figures, reports)
}

/// What the folder of a page is named by: its sides, and what was asked of them.
pub(super) fn page_name(kind: &str, sides: &[&str], asked: &[String]) -> String {
    let mut name = format!("{kind}-{}", sides.join("-vs-"));
    asked.iter().for_each(|option| name += &format!(" {option}"));
    name
}

/// Puts a page and its figures into its folder.
pub(super) fn write_page(name: &str, page: &ComparisonPage<'_>, figures: &[Figure], reports: &Path) -> Result<PathBuf> {
    let text = rendered("comparison.html", TEMPLATE, page)?;
    let folder = Folder::open(reports.join(folder_name(name)))?;
    for figure in figures {
        folder.write(&figure.file, &figure.png)?;
    }
    let index = folder.write("index.html", text.as_bytes())?;
    folder.sweep(&figures.iter().map(|figure| figure.file.as_str()).collect::<Vec<_>>());
    Ok(index)
}

fn page<'a>(found: &'a Comparison, figures: &'a [Figure], names: &[&str]) -> ComparisonPage<'a> {
    let lines =
        if found.pairs.len() > 1 { found.pairs.iter().map(|pair| pair.sentence.clone()).collect() } else { vec![] };
    ComparisonPage {
        style: STYLE,
        kind: "Comparison",
        title: names.join(" against "),
        verdict: &found.verdict,
        lines,
        caution: caution(&found.looks),
        meta: format!(
            "Protocol {} on {}{}, seeds {}{}; {}",
            found.protocol,
            found.dataset,
            if found.segment == "all" { String::new() } else { format!(", only {}", found.segment) },
            found.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
            asked(&found.asked),
            found
                .sides
                .iter()
                .map(|side| format!("{}: run {}, arm {}", side.name, side.run, side.arm))
                .collect::<Vec<_>>()
                .join("; ")
        ),
        figures,
        tables: tables(found),
        examples: found.pairs.iter().flat_map(examples).collect(),
        the_rest: if found.protocol == "rated" { "; the rest was rated lower" } else { "" },
        changes: changes(found, names),
        notes: found.notes.clone(),
        methods: methods(found),
    }
}

/// Whom the difference concerns most, with what both sides show to them.
fn examples(pair: &PairReport) -> Vec<ExampleView> {
    let sides = [&pair.candidate, &pair.baseline];
    let view = |example: &UserExample| {
        let n_ranks = example.lists.iter().map(Vec::len).max().unwrap_or(0);
        let how = if example.is_better { "better" } else { "worse" };
        ExampleView {
            who: format!(
                "Whom {} serves {how} than {} under seed {}, by the most of {}",
                sides[0],
                sides[1],
                example.seed,
                plural(example.n_among, "user")
            ),
            about: format!(
                "User {}. {} under this seed: {} {}, {} {}. Mean difference over the seeds of the comparison: {}.{}",
                example.user,
                pair.primary.topic.label_in_segment(),
                sides[0],
                minus(&fixed(example.candidate)),
                sides[1],
                minus(&fixed(example.baseline)),
                minus(&signed(example.over_seeds)),
                beyond(pair.primary.topic.k, n_ranks)
            ),
            sides: sides.map(Clone::clone),
            ranks: (0..n_ranks).map(|rank| example.lists.each_ref().map(|list| list.get(rank).cloned())).collect(),
        }
    };
    pair.examples.iter().map(view).collect()
}

/// What of the metric the lists do not show.
fn beyond(k: u64, n_ranks: usize) -> String {
    match k {
        0 => " The metric is of the whole order, of which the lists are the top.".to_owned(),
        _ if n_ranks == MOST_RANKS && k > MOST_RANKS as u64 => format!(" The lists are the first {MOST_RANKS} of {k}."),
        _ => String::new(),
    }
}

/// Options that differ; `None` where none do.
fn changes(found: &Comparison, names: &[&str]) -> Option<PlainTable> {
    (!found.changes.is_empty()).then(|| PlainTable {
        caption: "Options that differ; those of the arms themselves begin with arm.".into(),
        columns: std::iter::once("option").chain(names.iter().copied()).map(str::to_owned).collect(),
        rows: found
            .changes
            .iter()
            .map(|(name, values)| std::iter::once(name).chain(values).cloned().collect())
            .collect(),
    })
}

/// What was asked, for the line under the title.
pub(super) fn asked(options: &[String]) -> String {
    if options.is_empty() { String::new() } else { format!("; asked with {}", options.join(" ")) }
}

fn tables(found: &Comparison) -> Vec<PlainTable> {
    let mut out = Vec::new();
    if let Some(ranks) = &found.ranks {
        let mut average = ranks.average.clone();
        average.sort_by(|a, b| a.1.total_cmp(&b.1));
        out.push(PlainTable {
            caption: format!(
                "Average ranks over {} users: p {} (Friedman's test by Iman and Davenport's F); ranks further apart than {:.3} differ (Nemenyi).",
                ranks.n_users,
                p_text(ranks.p),
                ranks.critical_difference
            ),
            columns: vec!["side".into(), "rank".into()],
            rows: average.into_iter().map(|(side, rank)| vec![side, format!("{rank:.3}")]).collect(),
        });
    }
    if let [pair] = &found.pairs[..] {
        let family = format!("Metrics; p corrected over {} tests (Holm).", pair.primary.family_size);
        let segments = pair.segments.first().map_or(0, |first| first.family_size);
        for (of, caption, rows) in [
            (Rows::Metrics, family, &pair.family),
            (Rows::Metrics, "Other metrics: exploratory, not corrected.".into(), &pair.exploratory),
            (
                Rows::Segments,
                format!("Segments of {}: exploratory, corrected over {segments} (Holm).", pair.primary.topic.label()),
                &pair.segments,
            ),
            (Rows::Metrics, "The lists, user by user: exploratory, not corrected.".into(), &pair.lists),
        ] {
            if !rows.is_empty() {
                out.push(paired(of, caption, rows, [&pair.candidate, &pair.baseline]));
            }
        }
        out.push(catalog(pair, &found.segment));
        out.push(seeds(pair));
        out.retain(|table| !table.rows.is_empty());
    }
    with_minus(out)
}

/// The same tables with minus signs in their numbers, as figures have them; the first column names things.
pub(super) fn with_minus(mut tables: Vec<PlainTable>) -> Vec<PlainTable> {
    let cells = tables.iter_mut().flat_map(|table| table.rows.iter_mut()).flat_map(|row| row.iter_mut().skip(1));
    cells.for_each(|cell| *cell = minus(cell));
    tables
}

pub(super) fn paired(of: Rows, caption: String, rows: &[Paired], sides: [&str; 2]) -> PlainTable {
    let row = |found: &Paired| {
        let number = |value: Option<f64>| value.map_or_else(|| "–".into(), |value| format!("{value:+.3}"));
        let p = |value: f64| p_text(value).trim_start_matches("= ").to_owned();
        vec![
            of.name(&found.topic),
            fixed(found.candidate),
            fixed(found.baseline),
            signed(found.uplift),
            interval((found.lower, found.upper)),
            p(found.p_value()),
            found.wilcoxon_p.map_or_else(|| "–".into(), p),
            found.t_p.map_or_else(|| "–".into(), p),
            number(found.d),
            format!("{} / {} / {}", found.n_better, found.n_tied, found.n_worse),
            found.n_users.to_string(),
        ]
    };
    let columns = [
        match of {
            Rows::Metrics => "metric",
            Rows::Segments => "segment",
        },
        sides[0],
        sides[1],
        "difference",
        "interval",
        "p",
        "Wilcoxon",
        "paired t",
        "d_z",
        "+ / = / −",
        "users",
    ];
    PlainTable { caption, columns: columns.map(str::to_owned).to_vec(), rows: rows.iter().map(row).collect() }
}

fn catalog(pair: &PairReport, segment: &str) -> PlainTable {
    let rows = pair.catalog.iter().map(|row| {
        let interval = row.interval.map_or_else(|| "–".into(), interval);
        vec![row.label(), fixed(row.candidate), fixed(row.baseline), signed(row.uplift), interval]
    });
    let columns = ["metric", &pair.candidate, &pair.baseline, "difference", "interval over seeds"];
    PlainTable {
        caption: format!(
            "All lists together{}, over seeds (Student's t).",
            if segment == "all" { "" } else { ", of everybody and not of the segment alone" }
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn seeds(pair: &PairReport) -> PlainTable {
    let number = |value: Option<f64>| value.map_or_else(|| "–".into(), fixed);
    let rows = pair.seeds.iter().map(|row| {
        let uplift = row.uplift.map_or_else(|| "–".into(), signed);
        vec![row.seed.to_string(), number(row.candidate), number(row.baseline), uplift]
    });
    PlainTable {
        caption: format!("{} seed by seed.", pair.primary.topic.label_in_segment()),
        columns: ["seed", &pair.candidate, &pair.baseline, "difference"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// Which methods made the numbers, with their sources.
fn methods(found: &Comparison) -> Vec<String> {
    let n = found.rules.n_resamples;
    let two_way = found.pairs.iter().any(|pair| pair.primary.interval_method == "two-way");
    let interval = if two_way {
        format!("Intervals: bootstrap over users and seeds together, {n} resamples, percentiles (Owen & Eckles 2012).")
    } else {
        format!(
            "Intervals: bootstrap over users, {n} resamples, bias-corrected and accelerated (Efron 1987); with five seeds or more seeds are resampled too."
        )
    };
    vec![
        "Every difference is paired: the same user, in the same seeds, under both sides. A user's difference is its mean over the seeds in which it was judged; \
         users are the units of every test."
            .into(),
        interval,
        format!("p: sign-flip permutation test of the mean, two-sided, {n} flips (all of them up to 20 users), (hits + 1)/(flips + 1) (Phipson & Smyth 2010); corrected within its family by Holm (1979). \
                 Beside it Wilcoxon's signed ranks with Pratt's zeros and Student's paired t. A difference is called real only where the corrected p and the interval agree."),
        format!("d_z: mean difference over its standard deviation (Cohen 1988). Equivalence: two one-sided t tests over users against ±{} (Schuirmann 1987); from five seeds on the interval over users and seeds must lie \
                 within it too.", short(found.rules.margin)),
        "Ties: values are stored with 24 bits, so that differences of users nearer than 5e-7 of the largest value count as equal.".into(),
        "Power: paired t test, noncentral t (Cohen 1988), of one test, uncorrected, with users as the only source of chance. Ranks of three or more sides: Friedman (1937), \
         p by the F of Iman & Davenport (1980), with Nemenyi's critical difference (Demšar 2006)."
            .into(),
    ]
}
