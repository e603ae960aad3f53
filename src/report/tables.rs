//! Tables of arms × metrics and arms × segments, and what both need to find a value.

use super::numbers::{Cell, MISSING, brackets, counts, label, seeds, whole};
use super::records::{Arm, Metric, RunFacts, Values};
use super::standing;
use crate::compare::comparison::Ranks;
use crate::compare::paired::Rules;
use crate::compare::standing::Standing;
use crate::compare::variation::Variation;
use crate::plots::{Color, Role, Spread, arm_colors};
use serde::Serialize;
use std::collections::BTreeMap;

/// A table with one row per arm.
#[derive(Debug, Clone, Serialize)]
pub struct ArmTable {
    /// What it shows.
    pub title: String,
    /// Under which conditions.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, in the order of arms.
    pub rows: Vec<ArmRow>,
    /// In a table with the headline metric: the best floor, below whose row a line is drawn, because what stands there is no better.
    pub best_floor: Option<String>,
    /// For a leaderboard whose numbers are at a cutoff: which, and which tables of other cutoffs can stand in its place.
    pub cutoff: Option<Cutoff>,
}

/// At which cutoff a leaderboard is.
#[derive(Debug, Clone, Serialize)]
pub struct Cutoff {
    /// The cutoff.
    pub k: i64,
    /// What tables of one protocol have in common that differ in their cutoff only.
    pub slot: &'static str,
}

/// A column of an [`ArmTable`].
#[derive(Debug, Clone, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Which way is better: `↑`, `↓` or nothing.
    pub arrow: &'static str,
    /// What it means, for those who ask.
    pub about: String,
    /// A second line of the head: a unit, or a number of users.
    pub note: String,
}

/// A row of an [`ArmTable`].
#[derive(Debug, Clone, Serialize)]
pub struct ArmRow {
    /// Its arm.
    pub arm: ArmName,
    /// One per column.
    pub cells: Vec<Cell>,
    /// Whether it is the best floor, in a table with the headline metric: what stands below is no better.
    pub is_bar: bool,
}

/// An arm as tables name it.
#[derive(Debug, Clone, Serialize)]
pub struct ArmName {
    /// Its name.
    pub name: String,
    /// What it is: `stacker, primary`, `base model`.
    pub role: String,
    /// Its kind, where neither name nor role say it.
    pub kind: String,
    /// `#D55E00`.
    pub color: String,
    /// Whether it is the experiment's answer.
    pub is_primary: bool,
    /// Whether it is a floor.
    pub is_floor: bool,
}

/// Metrics of one table: its name, what values are the mean over, and the metrics' names. Metrics named nowhere go to a last table.
const GROUPS: &[(&str, &str, &[&str])] = &[
    ("Ranking", "users", &["ndcg", "map", "mrr", "precision", "recall", "hit-rate", "auc"]),
    (
        "Ratings and probabilities",
        "test rows",
        &["rmse", "mae", "log-loss", "brier", "ece", "roc-auc", "average-precision"],
    ),
    (
        "What the lists are like",
        "users",
        &["coverage", "gini", "entropy", "novelty", "diversity", "tail-share", "popularity-lift"],
    ),
];

/// Protocols in the order of the page, the cheapest question first; others follow in the order of their names.
const PROTOCOLS: &[&str] = &["rated", "sampled", "two-stage", "full"];

/// Segments in the order of their columns; others follow in the order of their names.
const SEGMENTS: &[&str] = &["cold", "regular", "power", "head", "mid", "tail"];

/// The facts of a run, with what is looked up often.
#[derive(Clone)]
pub struct Board<'a> {
    /// The facts.
    pub facts: &'a RunFacts,
    /// Color of each arm.
    pub colors: Vec<Color>,
    /// The metric and k that the page is about.
    pub headline: Option<(&'a Metric, i64)>,
    /// Protocols with values.
    pub protocols: Vec<&'a str>,
    /// Where the other arms stand against the primary one, by protocol; empty where that was not asked.
    pub standings: BTreeMap<&'a str, Vec<Standing>>,
    /// The rules that they were judged by.
    pub rules: Option<Rules>,
    /// Average ranks of the arms, by protocol, where there are values per user.
    pub ranks: BTreeMap<&'a str, Ranks>,
    /// Where the values of the arms differ, by protocol.
    pub variations: BTreeMap<&'a str, Vec<Variation>>,
}

impl<'a> Board<'a> {
    /// Looks around in the facts.
    pub fn new(facts: &'a RunFacts) -> Self {
        let roles: Vec<Role> = facts.arms.iter().map(role).collect();
        let mut protocols: Vec<&str> = facts.values.iter().map(|values| values.protocol.as_str()).collect();
        protocols.dedup();
        protocols.sort_by_key(|name| PROTOCOLS.iter().position(|known| known == name).unwrap_or(PROTOCOLS.len()));
        let headline = headline(&facts.metrics, &facts.values)
            .and_then(|(id, k)| facts.metrics.iter().find(|metric| metric.id == id).map(|metric| (metric, k)));
        let (standings, ranks, variations) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let colors = arm_colors(&roles);
        Self { facts, colors, headline, protocols, standings, rules: None, ranks, variations }
    }

    /// The standing of an arm under a protocol.
    pub fn standing(&self, protocol: &str, arm: &str) -> Option<&Standing> {
        self.standings.get(protocol)?.iter().find(|standing| standing.arm == arm)
    }

    /// Values over all users of an arm.
    pub fn values(&self, protocol: &str, metric: i64, k: i64, arm: i64) -> Option<&'a Values> {
        // Values are in order of protocol, metric, k: the block is found by halving, the arm inside it by looking.
        let key = (protocol, metric, k);
        let start = self.facts.values.partition_point(|v| (v.protocol.as_str(), v.metric_id, v.k) < key);
        self.facts.values[start..]
            .iter()
            .take_while(|v| (v.protocol.as_str(), v.metric_id, v.k) == key)
            .find(|v| v.arm_id == arm)
    }

    /// Value of an arm and its range over seeds.
    pub fn spread(&self, protocol: &str, metric: i64, k: i64, arm: i64) -> Option<Spread> {
        self.values(protocol, metric, k, arm).and_then(Values::spread)
    }

    /// Mean of an arm between the ends of its interval, or of its seeds where there is none.
    pub fn mark(&self, protocol: &str, metric: i64, k: i64, arm: i64) -> Option<Spread> {
        let spread = self.spread(protocol, metric, k, arm)?;
        let interval = self.values(protocol, metric, k, arm).and_then(|values| values.interval.as_ref());
        Some(interval.map_or(spread, |own| Spread { lowest: own.lower, highest: own.upper, ..spread }))
    }

    /// Level of the intervals of the run in percent; `None` where it has none.
    pub fn level(&self) -> Option<f64> {
        let interval = self.facts.values.iter().find_map(|values| values.interval.as_ref());
        interval.map(|interval| (interval.level * 1e6).round() / 1e4)
    }

    /// Cutoffs of a metric under a protocol, ascending.
    pub fn cutoffs(&self, protocol: &str, metric: i64) -> Vec<i64> {
        let of_metric = |v: &&Values| v.protocol == protocol && v.metric_id == metric;
        let mut ks: Vec<i64> = self.facts.values.iter().filter(of_metric).map(|v| v.k).collect();
        ks.dedup();
        ks
    }

    /// `610 users (33 left out), 5 seeds`: over what the headline metric of a protocol is a mean.
    pub fn conditions(&self, protocol: &str) -> String {
        let Some((metric, k)) = self.headline else { return String::new() };
        let of = |v: &&Values| v.protocol == protocol && v.metric_id == metric.id && v.k == k;
        let values: Vec<&Values> = self.facts.values.iter().filter(of).collect();
        let n_seeds = values.iter().map(|v| v.values.len()).max().unwrap_or(0);
        let users = extent(values.iter().flat_map(|v| &v.n).copied()).unwrap_or_default();
        let left_out = extent(values.iter().flat_map(|v| &v.n_left_out).copied()).filter(|n| n != "0");
        let left_out = left_out.map_or_else(String::new, |n| format!(" ({n} left out)"));
        format!("{users} users{left_out}, {}", seeds(n_seeds))
    }

    /// An arm as tables name it.
    pub fn arm_name(&self, index: usize) -> ArmName {
        let (arm, color) = (&self.facts.arms[index], self.colors[index]);
        ArmName {
            name: arm.name.clone(),
            role: role_name(arm),
            kind: if arm.kind == arm.name || arm.kind == arm.role { String::new() } else { arm.kind.clone() },
            color: format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2),
            is_primary: arm.is_primary,
            is_floor: arm.role == "floor",
        }
    }

    /// Arms with the headline metric under a protocol, best first; equals in the order of arms.
    pub fn ranked(&self, protocol: &str) -> Vec<(&'a Arm, Spread)> {
        let Some((metric, k)) = self.headline else { return Vec::new() };
        let value = |arm: &'a Arm| Some((arm, self.spread(protocol, metric.id, k, arm.id)?));
        let mut ranked: Vec<(&Arm, Spread)> = self.facts.arms.iter().filter_map(value).collect();
        let sign = if metric.direction == "lower" { 1.0 } else { -1.0 };
        ranked.sort_by(|a, b| (sign * a.1.mean).total_cmp(&(sign * b.1.mean)));
        ranked
    }

    /// A cell with a value and its interval, or without one the range of seeds; it says so where the arm has a value in some seeds only.
    fn cell(&self, values: Option<&Values>) -> Cell {
        let mut cell = Cell::of(values.and_then(Values::spread));
        if let Some(interval) = values.and_then(|values| values.interval.as_ref()) {
            cell.range = brackets(interval.lower, interval.upper);
        }
        let (n, n_trials) = (values.map_or(0, |values| values.values.len()), self.facts.trials.len());
        if n > 0 && n < n_trials {
            let range = if cell.range.is_empty() { String::new() } else { format!("{}, ", cell.range) };
            cell.range = format!("{range}{n} of {} only", seeds(n_trials));
        }
        cell
    }

    /// A table's body: one row per arm, best first by the headline metric, arms without it last. `values` are those of an arm, one per column.
    fn rows(
        &self,
        protocol: &str,
        metrics: &[&Metric],
        values: impl Fn(&Arm) -> Vec<Option<&'a Values>>,
    ) -> Vec<ArmRow> {
        let found: Vec<Vec<Option<&Values>>> = self.facts.arms.iter().map(values).collect();
        let mut rows: Vec<ArmRow> = found
            .iter()
            .enumerate()
            .map(|(at, found)| ArmRow {
                arm: self.arm_name(at),
                cells: found.iter().map(|values| self.cell(*values)).collect(),
                is_bar: false,
            })
            .collect();
        for (at, metric) in metrics.iter().enumerate() {
            let mean = |found: &Vec<Option<&Values>>| found[at].and_then(Values::spread);
            let means: Vec<_> = found.iter().map(|found| mean(found).map(|value| value.mean)).collect();
            mark_best(&mut rows, at, &means, &metric.direction);
        }
        let ranked = self.ranked(protocol);
        let place = |arm: &Arm| ranked.iter().position(|(other, _)| other.id == arm.id).unwrap_or(ranked.len());
        let mut order: Vec<(usize, ArmRow)> = self.facts.arms.iter().map(place).zip(rows).collect();
        order.sort_by_key(|(place, _)| *place);
        order.into_iter().map(|(_, row)| row).collect()
    }
}

/// Lowest to highest count; `None` without any.
pub fn extent(values: impl Iterator<Item = i64> + Clone) -> Option<String> {
    Some(counts(values.clone().min()?, values.max()?))
}

/// What an arm is in a figure.
pub fn role(arm: &Arm) -> Role {
    match arm.role.as_str() {
        _ if arm.is_primary => Role::Primary,
        "floor" => Role::Floor,
        _ => Role::Contender,
    }
}

/// `base model`, `stacker, primary`.
fn role_name(arm: &Arm) -> String {
    let role = if arm.role == "base" { "base model" } else { &arm.role };
    format!("{role}{}", if arm.is_primary { ", primary" } else { "" })
}

/// The metric and k a page is about: NDCG@10 where there is one, else the first metric that is better when higher, at the largest k up to 10.
pub fn headline(metrics: &[Metric], values: &[Values]) -> Option<(i64, i64)> {
    let has_values = |metric: &&Metric| values.iter().any(|v| v.metric_id == metric.id);
    let metric = metrics
        .iter()
        .filter(has_values)
        .min_by_key(|metric| (metric.name != "ndcg", metric.direction != "higher", metric.id))?;
    let ks = values.iter().filter(|v| v.metric_id == metric.id).map(|v| v.k);
    // 10, else the nearest below, else the smallest above.
    ks.min_by_key(|&k| if k <= 10 { 10 - k } else { k }).map(|k| (metric.id, k))
}

/// The leaderboards of a protocol, one per group of metrics that has values.
pub fn leaderboards(board: &Board<'_>, protocol: &str) -> Vec<ArmTable> {
    let mut metrics: Vec<(&Metric, i64)> = Vec::new();
    for metric in &board.facts.metrics {
        let ks = board.cutoffs(protocol, metric.id);
        let wanted = board.headline.map_or(10, |(_, k)| k);
        let k = if ks.contains(&wanted) { Some(wanted) } else { ks.last().copied() };
        metrics.extend(k.map(|k| (metric, k)));
    }
    let listed = |name: &str| GROUPS.iter().any(|(_, _, names)| names.contains(&name));
    let groups = GROUPS.iter().map(|&(title, noun, names)| (title, noun, Some(names)));
    let table = |(title, noun, names): (&'static str, &str, Option<&[&str]>)| {
        let is_in = |name: &str| names.map_or(!listed(name), |names| names.contains(&name));
        let chosen: Vec<_> = metrics.iter().copied().filter(|(metric, _)| is_in(&metric.name)).collect();
        let k = board.headline.map(|(_, k)| k).filter(|own| *own > 0 && chosen.iter().any(|(_, k)| k == own));
        let table = leaderboard(board, protocol, (title, noun), &chosen)?;
        Some(ArmTable { cutoff: k.map(|k| Cutoff { k, slot: title }), ..table })
    };
    groups.chain(std::iter::once(("More", "users or rows", None))).filter_map(table).collect()
}

/// One table of metrics, each at a cutoff.
pub fn leaderboard(
    board: &Board<'_>,
    protocol: &str,
    (title, noun): (&str, &str),
    metrics: &[(&Metric, i64)],
) -> Option<ArmTable> {
    if metrics.is_empty() {
        return None;
    }
    let columns = metrics
        .iter()
        .map(|(metric, k)| Column {
            // A head breaks at spaces only.
            name: label(&metric.name, Some(*k)).replace('-', "\u{2011}"),
            arrow: arrow(metric),
            about: metric.about.clone(),
            note: metric.unit.clone(),
        })
        .collect();
    let of = |arm: &Arm| metrics.iter().map(|(metric, k)| board.values(protocol, metric.id, *k, arm.id)).collect();
    let mut rows = board.rows(protocol, &metrics.iter().map(|(metric, _)| *metric).collect::<Vec<_>>(), of);
    let mut columns: Vec<Column> = columns;
    let has_headline =
        board.headline.is_some_and(|(headline, _)| metrics.iter().any(|(metric, _)| metric.id == headline.id));
    let floor = rows.iter_mut().find(|row| row.arm.is_floor && has_headline);
    let best_floor = floor.map(|row| {
        row.is_bar = true;
        row.arm.name.clone()
    });
    let tested = if has_headline { standing::add_column(board, protocol, &mut columns, &mut rows) } else { "" };
    let used: Vec<&Values> = metrics
        .iter()
        .flat_map(|(metric, k)| board.facts.arms.iter().filter_map(|arm| board.values(protocol, metric.id, *k, arm.id)))
        .collect();
    let n = extent(used.iter().flat_map(|v| &v.n).copied()).unwrap_or_default();
    let n_seeds = used.iter().map(|v| v.values.len()).max().unwrap_or(0);
    let below = below(&used, n_seeds);
    let caption = format!("n = {n} {noun}, {}{below}. Best value in bold.{tested}", seeds(n_seeds));
    let title = format!("{title}, protocol {protocol}");
    Some(ArmTable { title, caption, columns, rows, best_floor, cutoff: None })
}

/// What stands below each mean.
fn below(used: &[&Values], n_seeds: usize) -> String {
    let Some(interval) = used.iter().find_map(|values| values.interval.as_ref()) else {
        return if n_seeds > 1 { "; below each mean the lowest and highest seed".into() } else { String::new() };
    };
    let is_there =
        |method: &str| used.iter().any(|values| values.interval.as_ref().is_some_and(|own| own.method == method));
    let over = match (is_there("two-way"), is_there("bca-users")) {
        (true, _) => "users and seeds (Student's t over seeds for what has no value per user)",
        (false, true)
            if used.iter().any(|values| values.interval.as_ref().is_some_and(|own| own.method != "bca-users")) =>
        {
            "users (Student's t over seeds for what has no value per user)"
        }
        (false, true) => "users",
        (false, false) => "seeds",
    };
    format!("; in brackets the {} % interval over {over}", (interval.level * 1e6).round() / 1e4)
}

/// The headline metric per segment, one table per family of segments (the part of their names before the colon).
pub fn segments(board: &Board<'_>, protocol: &str) -> Vec<ArmTable> {
    let Some((metric, k)) = board.headline else { return Vec::new() };
    let table = |(of, members): (&str, Vec<&str>)| segment_table(board, protocol, (metric, k), of, &members);
    segment_families(board, protocol).into_iter().map(table).collect()
}

/// The segments of a protocol by family, in the order of tables: users before items, and within a family as it counts.
pub fn segment_families<'a>(board: &Board<'a>, protocol: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut names: Vec<&str> = Vec::new();
    for values in board.facts.segments.iter().filter(|values| values.protocol == protocol) {
        if !names.contains(&values.segment.as_str()) {
            names.push(&values.segment);
        }
    }
    let mut families: Vec<&str> = names.iter().map(|name| family(name).0).collect();
    families.dedup();
    // Users before items.
    families.sort_by_key(|family| !family.starts_with("user"));
    names.sort_by_key(|name| SEGMENTS.iter().position(|known| *known == family(name).1).unwrap_or(SEGMENTS.len()));
    let members = |of: &str| names.iter().copied().filter(|name| family(name).0 == of).collect();
    families.into_iter().map(|of| (of, members(of))).collect()
}

fn segment_table<'a>(
    board: &Board<'a>,
    protocol: &str,
    (metric, k): (&'a Metric, i64),
    of_family: &str,
    names: &[&str],
) -> ArmTable {
    let find = |name: &str, arm: &Arm| {
        let is_it = |v: &&Values| v.protocol == protocol && v.segment == name && v.arm_id == arm.id;
        board.facts.segments.iter().find(is_it)
    };
    let mut columns =
        vec![Column { name: "all".into(), arrow: arrow(metric), about: "everyone".into(), note: String::new() }];
    columns.extend(names.iter().map(|name| {
        let n = board.facts.arms.iter().filter_map(|arm| find(name, arm)).flat_map(|v| &v.n).copied();
        let (low, high) = n.fold((i64::MAX, i64::MIN), |(low, high), n| (low.min(n), high.max(n)));
        let note = if low <= high { format!("n = {}", counts(low, high)) } else { MISSING.to_owned() };
        Column { name: family(name).1.to_owned(), arrow: arrow(metric), about: (*name).to_owned(), note }
    }));
    let of = |arm: &Arm| -> Vec<Option<&Values>> {
        let all = std::iter::once(board.values(protocol, metric.id, k, arm.id));
        all.chain(names.iter().map(|name| find(name, arm))).collect()
    };
    let used: Vec<&Values> = board.facts.arms.iter().flat_map(of).flatten().collect();
    let rows = board.rows(protocol, &vec![metric; names.len() + 1], of);
    let title =
        format!("{} by {}, protocol {protocol}", label(&metric.name, Some(k)), of_family.replace(['-', '_'], " "));
    ArmTable {
        title,
        caption: format!("n is the number of users{}. Best value in bold.", below(&used, 1)),
        columns,
        rows,
        best_floor: None,
        cutoff: None,
    }
}

/// `user-activity:cold` → (`user-activity`, `cold`).
pub fn family(segment: &str) -> (&str, &str) {
    segment.split_once(':').unwrap_or(("segment", segment))
}

/// Which way is better.
pub fn arrow(metric: &Metric) -> &'static str {
    match metric.direction.as_str() {
        "higher" => "↑",
        "lower" => "↓",
        _ => "",
    }
}

/// Marks the best of a column: every arm that reaches it, if there is more than one arm to choose from and a better way.
fn mark_best(rows: &mut [ArmRow], column: usize, means: &[Option<f64>], direction: &str) {
    let known = means.iter().flatten().copied();
    let best = match direction {
        "higher" => known.clone().reduce(f64::max),
        "lower" => known.clone().reduce(f64::min),
        _ => None,
    };
    if known.count() < 2 {
        return;
    }
    for (row, mean) in rows.iter_mut().zip(means) {
        row.cells[column].is_best = mean.is_some() && *mean == best;
    }
}

/// `3 of 5 trials are here` for a run that is not complete.
pub fn incomplete(facts: &RunFacts) -> Option<String> {
    let n_here = i64::try_from(facts.trials.len()).unwrap_or(i64::MAX);
    (n_here < facts.run.n_trials)
        .then(|| format!("Not complete: {} of {} trials are in the store.", whole(n_here), whole(facts.run.n_trials)))
}
