//! A leaderboard on a terminal: arms × metrics, one table per protocol.

use super::style::Style;
use super::{print, tables};
use crate::error::{Result, plural};
use crate::metrics;
use crate::store::read::{BoardArm, BoardValue, Leaderboard};
use comfy_table::{Attribute, Cell, CellAlignment, Table};
use serde_json::{Value, json};
use std::fmt::Write;

/// Metrics of the table, in order, with those that have a cutoff at the chosen one.
const SHOWN: &[&str] =
    &["ndcg", "precision", "recall", "hit-rate", "auc", "rmse", "log-loss", "coverage", "tail-share"];

/// The leaderboards of all protocols, or of one.
pub fn text(board: &Leaderboard, protocol: Option<&str>, style: Style) -> String {
    let mut out = String::new();
    for (number, name) in board.protocols.iter().enumerate() {
        if protocol.is_none_or(|only| only == name) {
            out += &one(board, number, name, style);
        }
    }
    out
}

/// A column of the table.
struct Column {
    metric: usize,
    k: u64,
    heading: String,
}

fn one(board: &Leaderboard, protocol: usize, name: &str, style: Style) -> String {
    let columns = columns(board, protocol);
    let value = columns.first().and_then(|column| {
        (0..board.arms.len()).find_map(|arm| board.values.get(&(protocol, column.metric, column.k, arm)))
    });
    let n = value.map_or(0.0, BoardValue::mean_n);
    // What the first column is a mean of.
    let name_of = |column: &Column| metrics::metric(&board.metrics[column.metric].name);
    let of_rows = columns.first().and_then(name_of).is_some_and(|metric| !metric.compute.is_of_users());
    let unit = if of_rows { "test ratings" } else { "users" };
    let each = if board.seeds.len() > 1 { " a seed" } else { "" };
    let mut out = String::new();
    let seeds = plural(board.seeds.len(), "seed");
    let missing = board.n_trials.saturating_sub(board.seeds.len() as u64);
    let missing =
        if missing > 0 { format!(", {} still to run", plural(missing as usize, "seed")) } else { String::new() };
    // Writing to a string cannot fail.
    let interval = columns.first().and_then(|column| interval_heading(board, protocol, column)).unwrap_or_default();
    let _ = writeln!(
        out,
        "protocol {name} on {}: mean{interval}{} over {seeds}{missing}, {n:.0} {unit}{each}",
        board.dataset,
        if board.seeds.len() > 1 { " ± standard deviation" } else { "" }
    );
    out += &tables::fitted(columns.len(), tables::room(), |n| {
        format!("{}\n", table(board, protocol, &columns[..n], style).trim_fmt())
    });
    out
}

fn table(board: &Leaderboard, protocol: usize, columns: &[Column], style: Style) -> Table {
    let mut table = tables::plain(style);
    table.set_header(std::iter::once("arm").chain(columns.iter().map(|column| column.heading.as_str())));
    for (arm, about) in board.arms.iter().enumerate() {
        let cells = columns.iter().enumerate().map(|(at, column)| cell(board, protocol, column, arm, at == 0));
        table.add_row(std::iter::once(arm_name(about)).chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What marks an arm in the table.
fn arm_name(arm: &BoardArm) -> Cell {
    match (arm.is_primary, arm.role.as_str()) {
        (true, _) => Cell::new(format!("{} *", arm.name)).add_attribute(Attribute::Bold),
        (false, "floor") => Cell::new(format!("{} (floor)", arm.name)).add_attribute(Attribute::Dim),
        _ => Cell::new(&arm.name),
    }
}

/// The columns that have a value for any arm; where metrics have cutoffs, at 10 or at the one nearest to it.
fn columns(board: &Leaderboard, protocol: usize) -> Vec<Column> {
    let mut out = Vec::new();
    for name in SHOWN {
        let Some(metric) = board.metrics.iter().position(|metric| metric.name == *name) else { continue };
        let cutoffs = board.values.keys().filter(|key| (key.0, key.1) == (protocol, metric)).map(|key| key.2);
        let Some(k) = cutoffs.min_by_key(|k| (k.abs_diff(10), *k)) else { continue };
        let heading = if k == 0 { (*name).to_owned() } else { format!("{name}@{k}") };
        out.push(Column { metric, k, heading });
    }
    out
}

/// What the brackets of a column mean.
fn interval_heading(board: &Leaderboard, protocol: usize, column: &Column) -> Option<String> {
    let mut values =
        (0..board.arms.len()).filter_map(|arm| board.values.get(&(protocol, column.metric, column.k, arm)));
    let interval = values.find_map(|value| value.interval.as_ref())?;
    let over = match interval.method.as_str() {
        "two-way" => "users and seeds",
        "bca-users" => "users",
        _ => "seeds",
    };
    Some(format!(" [{} % interval over {over}]", (interval.level * 1e6).round() / 1e4))
}

fn cell(board: &Leaderboard, protocol: usize, column: &Column, arm: usize, with_interval: bool) -> Cell {
    let value = |arm: usize| board.values.get(&(protocol, column.metric, column.k, arm));
    let Some(own) = value(arm) else { return Cell::new("–") };
    let mut text = format!("{:.3}", own.shown());
    if let Some(interval) = own.interval.as_ref().filter(|_| with_interval) {
        let _ = write!(text, " [{:.3}, {:.3}]", interval.lower, interval.upper);
    }
    if let Some(sd) = own.sd() {
        let _ = write!(text, " ±{}", format!("{sd:.3}").trim_start_matches('0'));
    }
    let sign = match board.metrics[column.metric].direction.as_str() {
        "higher" => 1.0,
        "lower" => -1.0,
        _ => return Cell::new(text),
    };
    let best =
        (0..board.arms.len()).filter_map(value).map(|other| sign * other.shown()).fold(f64::NEG_INFINITY, f64::max);
    let cell = Cell::new(text);
    if sign * own.shown() >= best { cell.add_attribute(Attribute::Bold) } else { cell }
}

/// Every value over all users as CSV, of one protocol or of all.
///
/// # Errors
/// [`crate::Error::Io`] when stdout cannot be written.
pub fn csv(board: &Leaderboard, protocol: Option<&str>) -> Result<()> {
    let head = ["protocol", "metric", "k", "arm", "value", "lower", "upper", "level", "method", "seed_sd", "n_seeds"];
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let wanted = board.values.iter().filter(|(key, _)| protocol.is_none_or(|only| board.protocols[key.0] == only));
    let rows = wanted.map(|(&(protocol, metric, k, arm), value)| {
        let interval = value.interval.as_ref();
        vec![
            board.protocols[protocol].clone(),
            board.metrics[metric].name.clone(),
            k.to_string(),
            board.arms[arm].name.clone(),
            value.shown().to_string(),
            number(interval.map(|own| own.lower)),
            number(interval.map(|own| own.upper)),
            number(interval.map(|own| own.level)),
            interval.map_or_else(String::new, |own| own.method.clone()),
            number(value.sd()),
            value.values.len().to_string(),
        ]
    });
    print::csv(&head, rows)
}

/// Every value over all users, for machines.
pub fn json(board: &Leaderboard) -> Value {
    let values = board.values.iter().map(|(&(protocol, metric, k, arm), value)| {
        json!({
            "protocol": board.protocols[protocol],
            "metric": board.metrics[metric].name,
            "k": k,
            "arm": board.arms[arm].name,
            "mean": value.mean(),
            "sd": value.sd(),
            "interval": value.interval,
            "values": value.values,
            "n": value.mean_n(),
        })
    });
    let arms = board.arms.iter().map(|arm| json!({ "name": arm.name, "role": arm.role, "is_primary": arm.is_primary }));
    json!({
        "run": board.run,
        "experiment": board.experiment,
        "dataset": board.dataset,
        "seeds": board.seeds,
        "n_trials": board.n_trials,
        "arms": arms.collect::<Vec<_>>(),
        "values": values.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::read::{BoardInterval, BoardMetric};
    use std::collections::BTreeMap;

    fn board(seeds: &[u64]) -> Leaderboard {
        let arm = |name: &str, role: &str, is_primary| BoardArm { name: name.into(), role: role.into(), is_primary };
        let metric = |name: &str, direction: &str| BoardMetric {
            name: name.into(),
            direction: direction.into(),
            unit: String::new(),
        };
        let value = |mean: f64| BoardValue {
            values: seeds.iter().map(|&seed| mean + seed as f64 / 100.0).collect(),
            n: vec![599; seeds.len()],
            interval: Some(BoardInterval {
                estimate: mean + 0.021,
                lower: 0.7,
                upper: 0.9,
                level: 0.95,
                method: "two-way".into(),
            }),
        };
        Leaderboard {
            run: "abc".into(),
            experiment: "e".into(),
            dataset: "d".into(),
            n_trials: 3,
            seeds: seeds.to_vec(),
            arms: vec![arm("stack", "stacker", true), arm("bias", "base", false), arm("random", "floor", false)],
            metrics: vec![metric("ndcg", "higher"), metric("rmse", "lower")],
            protocols: vec!["rated".into()],
            values: BTreeMap::from([
                ((0, 0, 5, 0), value(0.9)),
                ((0, 0, 10, 0), value(0.8)),
                ((0, 0, 10, 1), value(0.7)),
                ((0, 1, 0, 1), value(0.9)),
            ]),
        }
    }

    #[test]
    fn a_table_says_protocol_cutoff_users_seeds_and_what_is_missing() {
        let text = text(&board(&[1, 3]), None, Style::plain());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "protocol rated on d: mean [95 % interval over users and seeds] ± standard deviation over 2 seeds, 1 seed still to run, 599 users a seed"
        );
        assert!(lines[1].contains("ndcg@10") && lines[1].contains("rmse") && !lines[1].contains("recall"), "{text}");
        // The estimate of the interval, and not (0.81 + 0.83) / 2, which it is not of; sd 0.0141.
        assert!(
            lines[2].starts_with(" stack *")
                && lines[2].contains("0.821 [0.700, 0.900] ±.014")
                && lines[2].ends_with('–'),
            "{text}"
        );
        assert!(lines[4].contains("random (floor)"), "{text}");
        // Errors of predicted ratings are means over ratings.
        let mut of_rows = board(&[1]);
        of_rows.values.retain(|key, _| key.1 == 1);
        let text = super::text(&of_rows, None, Style::plain());
        assert!(text.lines().next().is_some_and(|title| title.ends_with(", 599 test ratings")), "{text}");
    }

    #[test]
    fn the_best_of_each_column_is_bold_where_there_is_color() {
        let text = text(&board(&[0]), None, Style::colored());
        assert!(
            text.contains("\u{1b}[1m 0.821 [0.700, 0.900] \u{1b}[0m") && !text.contains("\u{1b}[1m 0.721 ["),
            "{text:?}"
        );
        assert!(!text.contains('±'));
    }

    #[test]
    fn json_has_every_value() {
        let json = json(&board(&[1, 3]));
        assert_eq!(json["values"].as_array().unwrap().len(), 4);
        assert_eq!(json["values"][0]["metric"], "ndcg");
    }
}
