//! What the page knows of a run: the store's rows as plain structs, named as the schema names them.

use crate::plots::Spread;
use crate::store::agreement::AgreementRow;
use crate::store::exhibits::Exhibits;
use crate::store::items::Item;
use std::collections::{BTreeMap, BTreeSet};

/// A run with all that hangs on it.
#[derive(Debug, Clone)]
pub struct RunFacts {
    pub run: Run,
    pub dataset: Dataset,
    pub arms: Vec<Arm>,
    pub metrics: Vec<Metric>,
    pub trials: Vec<Trial>,
    pub splits: Vec<Split>,
    /// Values over all users, in order of protocol, metric, k, arm.
    pub values: Vec<Values>,
    /// Values of the headline metric per segment, in the same order.
    pub segments: Vec<Values>,
    pub omissions: Vec<Omission>,
    /// Of protocols, by metric and cutoff.
    pub agreements: Vec<AgreementRow>,
    pub history: Vec<HistoryPoint>,
    pub importances: Vec<Importance>,
    pub stages: Vec<Stage>,
    /// What each stage took, whoever computed it, by name.
    pub work: BTreeMap<String, Work>,
    /// Every option with its value as JSON.
    pub params: BTreeMap<String, String>,
    pub events: Vec<Event>,
    /// What trials left to be looked at.
    pub exhibits: Exhibits,
    /// Items that exhibits name, by number.
    pub items: BTreeMap<u32, Item>,
    /// Ratings of every rated item, most first.
    pub item_counts: Vec<i64>,
}

/// The run itself, its TOML, and with what it ran.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: String,
    pub experiment: String,
    pub about: String,
    pub started_at: String,
    pub n_trials: i64,
    pub attempt: i64,
    pub key: String,
    pub config_toml: String,
    pub config_source: String,
    pub config_path: String,
    /// `(what, value)`, as shown.
    pub environment: Vec<(&'static str, String)>,
    /// JSON object.
    pub machine: String,
    pub dataset_id: i64,
}

/// Facts about the data set.
#[derive(Debug, Clone)]
pub struct Dataset {
    pub hash: String,
    pub name: String,
    pub n_users: i64,
    pub n_items: i64,
    pub n_items_rated: i64,
    pub n_rows: i64,
    pub rating_min: f64,
    pub rating_max: f64,
    pub rating_mean: f64,
    pub timestamps: Option<(i64, i64)>,
    /// JSON object.
    pub rating_counts: String,
    /// JSON object of rows by month; `None` without timestamps, and in older stores.
    pub month_counts: Option<String>,
}

/// Anything that ranks.
#[derive(Debug, Clone)]
pub struct Arm {
    pub id: i64,
    pub name: String,
    pub role: String,
    pub kind: String,
    pub is_primary: bool,
}

/// What is measured.
#[derive(Debug, Clone)]
pub struct Metric {
    pub id: i64,
    pub name: String,
    pub direction: String,
    pub unit: String,
    pub about: String,
}

/// One seed of the run.
#[derive(Debug, Clone)]
pub struct Trial {
    pub seed: i64,
    pub elapsed_ms: f64,
    pub peak_memory_bytes: i64,
    pub n_threads: i64,
    pub split_hash: String,
}

/// One part of the split of one seed.
#[derive(Debug, Clone)]
pub struct Split {
    pub kind: String,
    pub parameters: String,
    pub part: String,
    /// Rows, users, items, cold users, cold items, relevant rows.
    pub counts: [i64; 6],
}

/// One metric of one arm, over seeds.
#[derive(Debug, Clone)]
pub struct Values {
    pub protocol: String,
    pub metric_id: i64,
    pub k: i64,
    pub segment: String,
    pub arm_id: i64,
    /// `[n_seeds]`
    pub values: Vec<f64>,
    /// `[n_seeds]`, users or rows.
    pub n: Vec<i64>,
    /// `[n_seeds]`, users.
    pub n_left_out: Vec<i64>,
    /// Its interval, where the run has one.
    pub interval: Option<Interval>,
}

impl Values {
    /// What is shown: the value that the interval is of, where there is one, else the mean over seeds; between the lowest and the highest seed. The two differ where
    /// users have not the same seeds.
    pub fn spread(&self) -> Option<Spread> {
        let spread = Spread::of(&self.values)?;
        Some(self.interval.as_ref().map_or(spread, |own| Spread { mean: own.estimate, ..spread }))
    }
}

/// An interval of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The value that the ends stand around.
    pub estimate: f64,
    pub lower: f64,
    pub upper: f64,
    pub level: f64,
    pub method: String,
}

/// Why a metric is undefined, for one arm.
#[derive(Debug, Clone)]
pub struct Omission {
    pub protocol: String,
    pub metric: String,
    pub reason: String,
    pub arm: String,
    pub n_seeds: i64,
    pub lowest: i64,
    pub highest: i64,
}

/// One step of something that learned.
#[derive(Debug, Clone)]
pub struct HistoryPoint {
    pub source: String,
    pub series: String,
    pub seed: i64,
    pub step: i64,
    pub value: f64,
}

/// One number about one feature, over seeds.
#[derive(Debug, Clone)]
pub struct Importance {
    pub arm_id: i64,
    pub measure: String,
    pub feature: String,
    pub values: Vec<f64>,
}

/// One step of the plan, over trials.
#[derive(Debug, Clone)]
pub struct Stage {
    pub name: String,
    pub n_computed: i64,
    pub n_shared: i64,
    /// Over the trials that computed it; `None` if another run did.
    pub mean_ms: Option<f64>,
    /// CPU time of the whole process meanwhile, where it is known.
    pub mean_cpu_ms: Option<f64>,
    pub peak_memory_bytes: i64,
}

/// What a step of the plan took, whoever computed it.
#[derive(Debug, Clone)]
pub struct Work {
    /// What it made in each seed.
    pub keys: BTreeSet<String>,
    /// Mean milliseconds over seeds; `None` where the store does not tell those of every seed.
    pub mean_ms: Option<f64>,
    /// Whether its name can be that of something else.
    pub is_ambiguous: bool,
}

/// A note or warning, over trials.
#[derive(Debug, Clone)]
pub struct Event {
    pub level: String,
    pub code: String,
    pub message: String,
    pub n_trials: i64,
    pub lowest: i64,
    pub highest: i64,
}
