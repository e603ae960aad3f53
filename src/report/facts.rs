//! Plain tables: data, split, trials, stages, importances, notes, and under which circumstances.

use super::numbers::{Cell, MISSING, counts, decimal, duration, memory, over_seeds, seeds, whole};
use super::records::{Event, Importance, RunFacts};
use super::tables::Board;
use serde::Serialize;
use std::collections::BTreeMap;

/// A table with a name in its first column and numbers or text in the others.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FactTable {
    /// What it shows.
    pub caption: String,
    /// Names of all columns.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<FactRow>,
}

/// A row of a [`FactTable`].
#[derive(Debug, Clone, Serialize)]
pub struct FactRow {
    /// First column.
    pub name: String,
    /// The others.
    pub cells: Vec<Cell>,
}

/// How many ratings there are of one value.
#[derive(Debug, Clone, Serialize)]
pub struct RatingBar {
    /// Stars.
    pub rating: String,
    /// Rows.
    pub n_rows: String,
    /// Length of its bar, in percent of the longest.
    pub percent: String,
}

/// A note or warning.
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    /// `note` or `warning`.
    pub level: String,
    /// Short stable name.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// How many rows, users or items, and in how many trials.
    pub extent: String,
}

/// What a thing is called, and what it is.
pub type Pair = (String, String);

/// The data set in a few numbers.
pub fn data(facts: &RunFacts) -> Vec<Pair> {
    let data = &facts.dataset;
    let cells = data.n_users as f64 * data.n_items_rated as f64;
    let density = if cells > 0.0 { format!("{:.2} %", 100.0 * data.n_rows as f64 / cells) } else { MISSING.to_owned() };
    let stars = format!("{} to {}, mean {}", short(data.rating_min), short(data.rating_max), decimal(data.rating_mean));
    let mut pairs = vec![
        ("data set", data.name.clone()),
        ("ratings", whole(data.n_rows)),
        ("users", whole(data.n_users)),
        ("items", format!("{}, {} of them rated", whole(data.n_items), whole(data.n_items_rated))),
        ("density", density),
        ("stars", stars),
    ];
    pairs.extend(data.timestamps.map(|(first, last)| ("time", format!("{} to {}", day(first), day(last)))));
    pairs.push(("SHA-256", data.hash.clone()));
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// How often each rating was given.
pub fn ratings(facts: &RunFacts) -> Vec<RatingBar> {
    // A store with a broken object shows no bars; the numbers above do not depend on it.
    let counts: BTreeMap<String, f64> = serde_json::from_str(&facts.dataset.rating_counts).unwrap_or_default();
    let mut bars: Vec<(f64, f64)> = counts.iter().filter_map(|(stars, n)| Some((stars.parse().ok()?, *n))).collect();
    bars.sort_by(|a, b| a.0.total_cmp(&b.0));
    let longest = bars.iter().fold(0.0, |longest: f64, bar| longest.max(bar.1));
    let percent =
        |n: f64| if longest > 0.0 { format!("{:.1}", (100.0 * n / longest).clamp(0.0, 100.0)) } else { "0".into() };
    let bar = |(stars, n): (f64, f64)| RatingBar { rating: short(stars), n_rows: whole(n as i64), percent: percent(n) };
    bars.into_iter().map(bar).collect()
}

/// A number as short as it can be: `3.5`, `5`.
fn short(value: f64) -> String {
    if value.abs() < 1e6 { format!("{value}") } else { decimal(value) }
}

/// A timestamp's day, UTC.
fn day(timestamp: i64) -> String {
    jiff::Timestamp::from_second(timestamp)
        .map_or_else(|_| whole(timestamp), |time| time.strftime("%Y-%m-%d").to_string())
}

/// What the split left in each part, over seeds.
pub fn split(facts: &RunFacts) -> Option<FactTable> {
    let first = facts.splits.first()?;
    let mut parts: Vec<&str> = Vec::new();
    for split in &facts.splits {
        if !parts.contains(&split.part.as_str()) {
            parts.push(&split.part);
        }
    }
    let order = ["base_train", "meta_train", "train_full", "test"];
    parts.sort_by_key(|part| order.iter().position(|name| name == part).unwrap_or(order.len()));
    let rows = parts.iter().map(|part| {
        let of_part: Vec<_> = facts.splits.iter().filter(|split| split.part == *part).collect();
        let column = |i: usize| Cell::count(&of_part.iter().map(|split| split.counts[i]).collect::<Vec<_>>());
        FactRow { name: (*part).to_owned(), cells: (0..6).map(column).collect() }
    });
    let columns = ["part", "rows", "users", "items", "cold users", "cold items", "relevant rows"];
    Some(FactTable {
        caption: format!(
            "Split {}{}. Cold: without a row in base_train. Means over seeds, with their range below where seeds differ.",
            first.kind,
            options(&first.parameters)
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    })
}

/// A JSON object of options as text: `, test 0.2, meta 0.2`.
fn options(parameters: &str) -> String {
    let options: BTreeMap<String, serde_json::Value> = serde_json::from_str(parameters).unwrap_or_default();
    let set = options.iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| format!(", {} {}", name.replace('_', " "), plain(value))).collect()
}

/// Where the time went.
pub fn stages(facts: &RunFacts) -> FactTable {
    let rows = facts.stages.iter().map(|stage| FactRow {
        name: stage.name.clone(),
        cells: vec![
            Cell::text(stage.mean_ms.map_or_else(|| MISSING.to_owned(), duration)),
            Cell::text(stage.mean_cpu_ms.map_or_else(|| MISSING.to_owned(), duration)),
            Cell::text(whole(stage.n_computed)),
            Cell::text(whole(stage.n_shared)),
            Cell::text(memory(stage.peak_memory_bytes)),
        ],
    });
    let columns = ["stage", "mean time", "CPU", "computed", "shared", "peak memory"];
    FactTable {
        caption: "Stages in order. Time is wall clock, the mean over the trials that computed the stage. CPU time and peak memory are of \
                  the whole process, so stages that ran side by side count each other's, and a thread that waits for a stage does the work of others: \
                  --threads 1 tells them apart."
            .to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// The trials, one per seed.
pub fn trials(facts: &RunFacts) -> FactTable {
    let rows = facts.trials.iter().map(|trial| FactRow {
        name: trial.seed.to_string(),
        cells: vec![
            Cell::text(duration(trial.elapsed_ms)),
            Cell::text(whole(trial.n_threads)),
            Cell::text(memory(trial.peak_memory_bytes)),
            Cell::text(trial.split_hash.chars().take(12).collect::<String>()),
        ],
    });
    let columns = ["seed", "stages", "threads", "peak memory", "split"];
    FactTable {
        caption: "Trials, one per seed. Time is that of all stages added up, more than the clock shows where they ran side by side.".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// Columns of an importance table, in this order; others follow.
const MEASURES: &[&str] = &["permutation", "permutation-train", "gain", "coefficient", "weight", "mean", "scale"];

/// What the fit of each arm says about its features: one table per arm that says anything.
pub fn importances(board: &Board<'_>) -> Vec<FactTable> {
    let arms = board.facts.arms.iter();
    arms.filter_map(|arm| {
        let of_arm: Vec<_> = board.facts.importances.iter().filter(|row| row.arm_id == arm.id).collect();
        importance_table(&arm.name, &of_arm)
    })
    .collect()
}

fn importance_table(arm: &str, rows: &[&Importance]) -> Option<FactTable> {
    let mut measures: Vec<&str> = rows.iter().map(|row| row.measure.as_str()).collect();
    measures.dedup();
    measures
        .sort_by_key(|name| MEASURES.iter().position(|known| *known == plain_measure(name)).unwrap_or(MEASURES.len()));
    // `gain@cold` is the gain in the fit for cold users; sorting is stable, so that it follows `gain`.
    let has_segments = measures.iter().any(|name| name.contains('@'));
    let first = *measures.first()?;
    let find = |feature: &str, measure: &str| {
        let row = rows.iter().find(|row| row.feature == feature && row.measure == measure);
        row.and_then(|row| over_seeds(&row.values))
    };
    let mut features: Vec<&str> = rows.iter().map(|row| row.feature.as_str()).collect();
    features.sort_unstable();
    features.dedup();
    // Largest first; the intercept, which is no feature, last.
    let size = |feature: &str| find(feature, first).map_or(-1.0, |value| value.mean.abs());
    features.sort_by(|a, b| (*a == "intercept").cmp(&(*b == "intercept")).then(size(b).total_cmp(&size(a))));
    let row = |feature: &&str| FactRow {
        name: (*feature).to_owned(),
        cells: measures.iter().map(|measure| Cell::estimate(find(feature, measure))).collect(),
    };
    let plain = measures.iter().filter(|measure| !measure.contains('@'));
    let mut explained: Vec<String> = plain.map(|measure| format!("{measure}: {}", meaning(measure))).collect();
    explained.extend(has_segments.then(|| "@ before a segment: the same in the fit for its users".to_owned()));
    let has_several = rows.iter().any(|row| row.values.len() > 1);
    let interval = if has_several { ", in brackets its 95 % interval (Student's t over seeds)" } else { "" };
    Some(FactTable {
        caption: format!("Features of {arm}, mean over seeds{interval}. {}.", explained.join("; ")),
        columns: std::iter::once("feature").chain(measures.iter().copied()).map(str::to_owned).collect(),
        rows: features.iter().map(row).collect(),
    })
}

/// A measure without the segment it is of.
fn plain_measure(measure: &str) -> &str {
    measure.split('@').next().unwrap_or(measure)
}

/// What a measure of importance is.
pub fn meaning(measure: &str) -> &str {
    match measure {
        "permutation" => {
            "increase of the loss (log-loss in nats; 1 - NDCG of a ranker) when the column is shuffled, on meta rows not learned from"
        }
        "permutation-train" => {
            "increase of the loss (log-loss in nats; 1 - NDCG of a ranker) when the column is shuffled, on the rows that were learned from (validation = 0), where over-fitting counts too"
        }
        "gain" => "share of what all splits gained",
        "coefficient" => "change of the log-odds (of a pair, for a ranker) per standard deviation",
        "weight" => "share of the column in the blend",
        "mean" => "mean of the column in meta training",
        "scale" => "its standard deviation there",
        _ => "as the arm defines it",
    }
}

/// `2 warnings`, for the head of the page; `None` without any.
pub fn n_warnings(facts: &RunFacts) -> Option<String> {
    let n = facts.events.iter().filter(|event| event.level == "warning").count();
    (n > 0).then(|| crate::error::plural(n, "warning"))
}

/// Notes and warnings, warnings first.
pub fn notices(facts: &RunFacts) -> Vec<Notice> {
    let notice = |event: &Event| {
        let trials = if event.n_trials > 0 {
            format!(", in {}", seeds(usize::try_from(event.n_trials).unwrap_or(0)))
        } else {
            String::new()
        };
        Notice {
            level: event.level.clone(),
            code: event.code.clone(),
            message: event.message.clone(),
            extent: format!("{}{trials}", counts(event.lowest, event.highest)),
        }
    };
    facts.events.iter().map(notice).collect()
}

/// With what and where it ran; what is unknown is left out.
pub fn environment(facts: &RunFacts) -> Vec<Pair> {
    let run = &facts.run;
    let mut pairs: Vec<Pair> = vec![("run".into(), run.id.clone()), ("started".into(), run.started_at.clone())];
    pairs.push(("attempt".into(), whole(run.attempt)));
    pairs.push(("key".into(), run.key.clone()));
    pairs.push(("configuration".into(), run.config_path.clone()));
    pairs.extend(run.environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let machine: BTreeMap<String, serde_json::Value> = serde_json::from_str(&run.machine).unwrap_or_default();
    pairs.extend(machine.into_iter().map(|(name, value)| (name.replace('_', " "), plain(&value))));
    pairs.retain(|(_, value)| !value.is_empty());
    pairs
}

/// A JSON value as a person would write it.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
