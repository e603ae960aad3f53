//! `rexp ab`: would one ship it.

use super::compare::{keep, now, table};
use super::style::Style;
use super::{Shared, print, tables};
use crate::compare::ab::{self, AbQuestion, AbTest, REPLAYS};
use crate::compare::ab_words::{GUARD_HEADS, designs, findings, guards, segments, setting};
use crate::compare::ship::Advice;
use crate::compare::topic::Rows;
use crate::compare::verdict::{caution, fixed};
use crate::error::{Error, Result};
use crate::report;
use crate::store::Store;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::fmt::Write;

/// What to test.
#[derive(Debug, Args)]
#[command(after_help = "\
The first side is the candidate, the second the baseline that it would replace. Sides are named as in `rexp compare`.
What decides, what it must gain and what must not suffer stands under [ab] in the candidate's TOML.

Examples:
  rexp ab gbstack popularity
  rexp ab gbstack logistic --users 20000 --split 10/90
  rexp ab gbstack logistic --metric ndcg@10 --fail-unless ship")]
pub struct AbArgs {
    /// What might be shipped
    #[arg(value_name = "CANDIDATE")]
    pub candidate: String,
    /// What is there
    #[arg(value_name = "BASELINE")]
    pub baseline: String,
    /// Users of the test, drawn from those there are with replacement [default: all, each once]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(4..=10_000_000))]
    pub users: Option<u32>,
    /// Times that the test is replayed with users assigned anew
    #[arg(long, value_name = "N", default_value_t = REPLAYS as u32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub replays: u32,
    /// Shares of the users that see candidate and baseline
    #[arg(long, value_name = "A/B", default_value = "50/50", value_parser = share)]
    pub split: f64,
    /// Primary metric: engagement, or e.g. ndcg@10 [default: that of [ab]]
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<String>,
    /// Protocol; default: the first of the experiments
    #[arg(long, value_name = "NAME")]
    pub protocol: Option<String>,
    /// Items shown [default: that of [ab]]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pub k: Option<u64>,
    /// Exit with code 3 unless this is the verdict
    #[arg(long, value_name = "VERDICT", value_parser = PossibleValuesParser::new(Advice::ALL.map(Advice::name)))]
    pub fail_unless: Option<String>,
    /// Print JSON: every number
    #[arg(long)]
    pub json: bool,
    /// Print only the path of the page
    #[arg(long, conflicts_with = "json")]
    pub html: bool,
}

/// Reads `50/50`: two shares that together are everybody. Returns the first, in (0, 1).
fn share(text: &str) -> Result<f64, String> {
    let wrong = || "expected two shares, e.g. 50/50 or 10/90".to_owned();
    let (a, b) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|&x| x > 0.0 && x.is_finite()).ok_or_else(wrong);
    let (a, b) = (number(a)?, number(b)?);
    if ((a + b) - 100.0).abs() > 1e-9 && ((a + b) - 1.0).abs() > 1e-9 {
        return Err(format!("{a} and {b} do not add up to 100; e.g. 50/50 or 10/90"));
    }
    Ok(a / (a + b))
}

/// Tests, stores the test, and writes its page.
///
/// # Errors
/// Those of [`ab::test`], [`Error::Unmet`] for another verdict than the one asked for, and [`Error::Io`] when the page cannot be written.
pub fn run(args: &AbArgs, shared: &Shared) -> Result<()> {
    let store = Store::open_read(&shared.db)?;
    super::signals::watch()?;
    let question = AbQuestion {
        metric: args.metric.clone(),
        protocol: args.protocol.clone(),
        k: args.k,
        n_users: args.users.map(|n| n as usize),
        n_replays: args.replays as usize,
        share: args.split,
    };
    let found = ab::test(&store, &[args.candidate.clone(), args.baseline.clone()], &question)?;
    keep(shared, &found.row(now()));
    // The answer comes first: a folder that cannot be written costs the page alone.
    let page = report::write_ab(&found, &shared.reports())
        .and_then(|page| report::write_index(&Store::open_read(&shared.db)?, &shared.reports()).map(|_| page));
    match &page {
        _ if args.json => print::json(&found)?,
        Ok(page) if args.html => print::text(&format!("{}\n", page.display()))?,
        Ok(page) => print::text(&format!("{}\npage: {}\n", text(&found, Style::of_stdout()), page.display()))?,
        Err(_) => print::text(&text(&found, Style::of_stdout()))?,
    }
    page?;
    match &args.fail_unless {
        Some(expected) if expected != found.advice.name() => {
            Err(Error::Unmet { found: found.advice.name(), expected: expected.clone() })
        }
        _ => Ok(()),
    }
}

/// The whole answer; the first line is the verdict.
pub fn text(found: &AbTest, style: Style) -> String {
    let mut out = format!("{}\n\n", style.bold(&found.verdict));
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "{}", setting(found));
    for side in &found.sides {
        let _ = writeln!(out, "  {}: arm {} of {}, run {}", side.name, side.arm, side.experiment, side.run);
    }
    let sides = [found.sides[0].name.as_str(), found.sides[1].name.as_str()];
    let primary = std::slice::from_ref(&found.primary);
    out += &table(Rows::Metrics, "same users under both", "paired, not corrected", primary, sides, style);
    let segments = segments(found);
    out += &table(Rows::Segments, "segments that may not lose", "paired, not corrected", &segments, sides, style);
    out += &tables::text(&GUARD_HEADS, guards(found), style);
    out += &tests(found, style);
    for line in findings(found) {
        let _ = writeln!(out, "\n{line}");
    }
    let _ = writeln!(out, "\n{}", caution(&found.looks));
    for note in &found.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out
}

/// What each way to analyse the test would take and see.
fn tests(found: &AbTest, style: Style) -> String {
    let rows = designs(found).into_iter().map(|design| {
        let percent = |share: Option<f64>| share.map_or_else(|| "–".into(), |share| format!("{:.0} %", 100.0 * share));
        let users = design.users_needed.map_or_else(|| "–".into(), |n| n.to_string());
        vec![design.name.to_owned(), percent(design.power), users]
    });
    let head = format!("analysis, level {}", fixed(1.0 - found.rules.level).trim_end_matches('0'));
    tables::text(&[&head, "power", "users for 80 % power"], rows.collect(), style)
}
