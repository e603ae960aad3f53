//! `rexp compare`: is it real, how large, for whom.

use super::style::Style;
use super::{Shared, print, tables};
use crate::compare::comparison::{self, Comparison, PairReport};
use crate::compare::paired::Paired;
use crate::compare::question::Question;
use crate::compare::topic::{Rows, heads};
use crate::compare::verdict::{caution, fixed, interval, p_text, short, signed};
use crate::error::Result;
use crate::report;
use crate::store::Store;
use crate::store::inference::ComparisonRow;
use clap::Args;
use std::fmt::Write;

/// What to compare.
#[derive(Debug, Args)]
#[command(after_help = "\
A side is an experiment (the first stacker of its latest run), EXPERIMENT/ARM, an arm of a side that is named already, or the first digits of a run's id.
The difference is the first side less the second, or less --baseline.

Examples:
  rexp compare gbstack logistic
  rexp compare gbstack gbstack/bias --protocol full --metric recall@20
  rexp compare gbstack logistic recipe --baseline recipe
  rexp compare gbstack logistic --segment user-activity:cold --json")]
pub struct CompareArgs {
    /// Sides: two, or more to compare each with each
    #[arg(value_name = "SIDE", required_unless_present = "list")]
    pub sides: Vec<String>,
    /// Metric that decides, e.g. ndcg@10; default: that of [study], else ndcg at the cutoff nearest 10
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<String>,
    /// Protocol; default: the first of the experiments
    #[arg(long, value_name = "NAME")]
    pub protocol: Option<String>,
    /// Cutoff of metrics that are named without one
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pub k: Option<u64>,
    /// Only this segment of users or items, e.g. user-activity:cold
    #[arg(long, value_name = "SEGMENT")]
    pub segment: Option<String>,
    /// A difference smaller than this does not matter [default: 0.005]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub margin: Option<f64>,
    /// Level of intervals and tests [default: that of [study], else of the first side, 0.95]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub level: Option<f64>,
    /// Compare every other side with this one only
    #[arg(long, value_name = "SIDE")]
    pub baseline: Option<String>,
    /// Print JSON: every number
    #[arg(long)]
    pub json: bool,
    /// Print CSV: every paired difference
    #[arg(long, conflicts_with_all = ["json", "html", "list"])]
    pub csv: bool,
    /// Print only the path of the page
    #[arg(long, conflicts_with = "json")]
    pub html: bool,
    /// List the comparisons made so far
    #[arg(long, conflicts_with_all = ["sides", "html"])]
    pub list: bool,
}

/// Compares, stores the comparison, and writes its page.
///
/// # Errors
/// Those of [`comparison::compare`], and [`crate::Error::Io`] when the page cannot be written.
pub fn run(args: &CompareArgs, shared: &Shared) -> Result<()> {
    let store = Store::open_read(&shared.db)?;
    if args.list {
        return list(&store, args.json);
    }
    super::signals::watch()?;
    let question = Question {
        metric: args.metric.clone(),
        protocol: args.protocol.clone(),
        k: args.k,
        segment: args.segment.clone(),
        margin: args.margin,
        baseline: args.baseline.clone(),
        level: args.level,
    };
    let found = comparison::compare(&store, &args.sides, &question)?;
    keep(shared, &found.row(now()));
    // The answer comes first: a folder that cannot be written costs the page alone.
    let page = report::write_comparison(&found, &shared.reports())
        .and_then(|page| report::write_index(&Store::open_read(&shared.db)?, &shared.reports()).map(|_| page));
    match &page {
        _ if args.json => print::json(&found)?,
        _ if args.csv => csv(&found)?,
        Ok(page) if args.html => print::text(&format!("{}\n", page.display()))?,
        Ok(page) => print::text(&format!("{}\npage: {}\n", text(&found, Style::of_stdout()), page.display()))?,
        Err(_) => print::text(&text(&found, Style::of_stdout()))?,
    }
    page.map(|_| ())
}

/// Every paired difference, a row each.
fn csv(found: &Comparison) -> Result<()> {
    let head = [
        "candidate",
        "baseline",
        "family",
        "metric",
        "k",
        "segment",
        "candidate_value",
        "baseline_value",
        "uplift",
        "lower",
        "upper",
        "p",
        "p_adjusted",
        "d",
        "n_better",
        "n_tied",
        "n_worse",
        "n_users",
        "n_seeds",
    ];
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let row = |pair: &PairReport, family: &str, test: &Paired| {
        let texts = [&pair.candidate, &pair.baseline, family, &test.topic.metric].map(str::to_owned);
        let topic = [test.topic.k.to_string(), test.topic.segment.clone()];
        let numbers =
            [test.candidate, test.baseline, test.uplift, test.lower, test.upper, test.p].map(|x| x.to_string());
        let counts = [test.n_better, test.n_tied, test.n_worse, test.n_users, test.n_seeds].map(|n| n.to_string());
        texts
            .into_iter()
            .chain(topic)
            .chain(numbers)
            .chain([number(test.p_adjusted), number(test.d)])
            .chain(counts)
            .collect()
    };
    let rows = found.pairs.iter().flat_map(|pair| {
        let all = [
            ("corrected", &pair.family),
            ("exploratory", &pair.exploratory),
            ("segments", &pair.segments),
            ("lists", &pair.lists),
        ];
        all.into_iter().flat_map(move |(family, tests)| tests.iter().map(move |test| row(pair, family, test)))
    });
    print::csv(&head, rows.collect::<Vec<Vec<String>>>())
}

/// Now, in whole seconds of UTC.
pub fn now() -> String {
    jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default().to_string()
}

/// Puts a comparison into the store; where that cannot be written, says so and goes on: the answer is the same.
pub fn keep(shared: &Shared, row: &ComparisonRow) {
    if let Err(error) = Store::open(&shared.db).and_then(|mut store| store.write_comparison(row)) {
        eprintln!("note: the comparison is not in the store: {error}");
    }
}

fn list(store: &Store, as_json: bool) -> Result<()> {
    let rows = store.comparisons()?;
    if as_json {
        return print::json(&rows);
    }
    if rows.is_empty() {
        return print::text("no comparison was made yet: rexp compare gbstack logistic\n");
    }
    let lines =
        rows.iter().map(|row| format!("{}  {}  {}  {}\n", row.made_at, row.kind, row.setting().words(), row.verdict));
    print::text(&lines.collect::<String>())
}

/// The whole answer; the first line is the verdict.
pub fn text(found: &Comparison, style: Style) -> String {
    let mut out = format!("{}\n", style.bold(&found.verdict));
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "\nprotocol {} on {}{}, seeds {}; {} % intervals, margin ±{}",
        found.protocol,
        found.dataset,
        if found.segment == "all" { String::new() } else { format!(", only {}", found.segment) },
        found.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
        (found.rules.level * 1e6).round() / 1e4,
        short(found.rules.margin)
    );
    for side in &found.sides {
        let _ = writeln!(out, "  {}: arm {} of {}, run {}", side.name, side.arm, side.experiment, side.run);
    }
    match &found.pairs[..] {
        [only] => out += &one(only, &found.segment, style),
        many => out += &several(found, many, style),
    }
    out += &changes(found);
    let _ = writeln!(out, "\n{}", caution(&found.looks));
    for note in &found.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out
}

fn one(pair: &PairReport, segment: &str, style: Style) -> String {
    let (mut out, sides) = (String::new(), [pair.candidate.as_str(), pair.baseline.as_str()]);
    let corrected = format!("Holm over {}", pair.primary.family_size);
    out += &table(Rows::Metrics, "metrics", &corrected, &pair.family, sides, style);
    out += &table(Rows::Metrics, "other metrics", "exploratory, not corrected", &pair.exploratory, sides, style);
    let corrected = pair.segments.first().map_or(0, |first| first.family_size);
    let corrected = format!("exploratory, Holm over {corrected}");
    out += &table(Rows::Segments, "segments", &corrected, &pair.segments, sides, style);
    out += &table(Rows::Metrics, "lists, user by user", "exploratory, not corrected", &pair.lists, sides, style);
    if !pair.catalog.is_empty() {
        let rows = pair.catalog.iter().map(|row| {
            let interval = row.interval.map_or_else(String::new, interval);
            vec![row.label(), fixed(row.candidate), fixed(row.baseline), signed(row.uplift), interval]
        });
        let of = if segment == "all" { "" } else { " of everybody" };
        let head =
            [&format!("lists together{of} (t over seeds)"), &pair.candidate, &pair.baseline, "difference", "interval"];
        out += &tables::text(&head, rows.collect(), style);
    }
    let number = |value: Option<f64>| value.map_or_else(|| "–".into(), fixed);
    let rows = pair.seeds.iter().map(|row| {
        vec![
            row.seed.to_string(),
            number(row.candidate),
            number(row.baseline),
            row.uplift.map_or_else(|| "–".into(), signed),
        ]
    });
    let label = pair.primary.topic.label_in_segment();
    out += &tables::text(
        &[&format!("seed, {label}"), &pair.candidate, &pair.baseline, "difference"],
        rows.collect(),
        style,
    );
    out += &power(&pair.primary);
    out
}

fn power(primary: &Paired) -> String {
    let Some(detectable) = primary.detectable else { return String::new() };
    let needed = match primary.users_needed {
        Some(n) => format!("; a difference like the one found needs {n}"),
        None => String::new(),
    };
    format!(
        "\nWith 80 % power, {} users show a difference of {} or more{needed}: of one test, uncorrected, with users as the only source of chance.\n",
        primary.n_users,
        fixed(detectable)
    )
}

/// A table of paired differences, its rows named by what they differ in.
pub fn table(of: Rows, name: &str, note: &str, rows: &[Paired], sides: [&str; 2], style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let row = |found: &Paired| {
        let percent = |n: usize| format!("{:.0} %", 100.0 * n as f64 / found.n_users.max(1) as f64);
        vec![
            of.name(&found.topic),
            fixed(found.candidate),
            fixed(found.baseline),
            signed(found.uplift),
            interval((found.lower, found.upper)),
            p_text(found.p_value()).trim_start_matches("= ").to_owned(),
            found.d.map_or_else(|| "–".into(), |d| format!("{d:+.2}")),
            percent(found.n_better),
            percent(found.n_worse),
            found.n_users.to_string(),
        ]
    };
    let name = format!("{name} ({note})");
    let [more, less] = heads(rows);
    let head = [&name, sides[0], sides[1], "difference", "interval", "p", "d", more, less, "users"];
    tables::text(&head, rows.iter().map(row).collect(), style)
}

fn several(found: &Comparison, pairs: &[PairReport], style: Style) -> String {
    let mut out = String::from("\n");
    for pair in pairs {
        out += &format!("{}\n", pair.sentence);
    }
    if let Some(ranks) = &found.ranks {
        let mut average = ranks.average.clone();
        average.sort_by(|a, b| a.1.total_cmp(&b.1));
        let rows = average.into_iter().map(|(side, rank)| vec![side, format!("{rank:.3}")]).collect();
        out += &tables::text(&["average rank over users", "rank"], rows, style);
        let _ = writeln!(
            out,
            "Friedman over {} users, by Iman and Davenport's F: p {}; ranks further apart than {:.3} differ (Nemenyi).",
            ranks.n_users,
            p_text(ranks.p),
            ranks.critical_difference
        );
    }
    out += "\nTwo sides at a time show metrics, segments and lists: rexp compare A B\n";
    out
}

fn changes(found: &Comparison) -> String {
    let mut out = String::from("\nwhat differs between the configurations:\n");
    if found.changes.is_empty() {
        out += "  nothing but the arm\n";
    }
    for (name, values) in &found.changes {
        let _ = writeln!(out, "  {name}: {}", values.join(" | "));
    }
    out
}
