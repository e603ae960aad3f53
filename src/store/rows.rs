//! What goes into the store and comes out of it: plain numbers and names.

use super::exhibits::Exhibits;
use std::collections::BTreeMap;

/// Facts about a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetRow {
    /// SHA-256 of its content.
    pub hash: String,
    /// Its name.
    pub name: String,
    /// Users with a rating.
    pub n_users: usize,
    /// Items in the catalog or rated.
    pub n_items: usize,
    /// Items with a rating.
    pub n_items_rated: usize,
    /// Ratings.
    pub n_rows: usize,
    /// Smallest, largest and mean rating, in stars.
    pub rating_min: f64,
    /// Largest rating, in stars.
    pub rating_max: f64,
    /// Mean rating, in stars.
    pub rating_mean: f64,
    /// First and last timestamp, in seconds since 1970; `None` without timestamps.
    pub timestamps: Option<(i64, i64)>,
    /// Rows per rating value, ascending: `(stars, rows)`.
    pub rating_counts: Vec<(f64, u64)>,
    /// Rows per month of the calendar (UTC), ascending: `(2001-05, rows)`; empty without timestamps.
    pub month_counts: Vec<(String, u64)>,
}

/// One item of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Id in the data.
    pub item_id: String,
    /// Title; empty if unknown.
    pub title: String,
    /// Genres, joined by `|`.
    pub genres: String,
    /// Ratings in the whole data set.
    pub n_ratings: u64,
}

/// A split, by the hash of the part of every row.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitRow {
    /// SHA-256 of the assignment.
    pub hash: String,
    /// Ratings at or above it count as relevant.
    pub threshold: f64,
    /// Kind.
    pub kind: String,
    /// Options as a JSON object.
    pub parameters: String,
    /// What is in each part.
    pub parts: Vec<PartRow>,
}

/// What one part of a split holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    /// `base_train`, `meta_train`, `train_full`, `test` or `unused`.
    pub part: String,
    /// Ratings.
    pub n_rows: u64,
    /// Users with a rating in it.
    pub n_users: u64,
    /// Items with a rating in it.
    pub n_items: u64,
    /// Of those users, the ones without a rating in `base_train`.
    pub n_cold_users: u64,
    /// Of those items, the ones without a rating in `base_train`.
    pub n_cold_items: u64,
    /// Ratings at or above the relevance threshold.
    pub n_relevant: u64,
}

/// A run: one execution of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// 12 hexadecimal digits.
    pub id: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Hash of name, configuration, data and code version.
    pub key: String,
    /// 1; more with `--force`.
    pub attempt: u64,
    /// What the TOML says about itself.
    pub about: String,
    /// UTC, ISO 8601.
    pub started_at: String,
    /// Seeds asked for.
    pub n_trials: usize,
    /// TOML with `extends` and `--set` applied.
    pub config_toml: String,
    /// TOML as written.
    pub config_source: String,
    /// Its file name.
    pub config_path: String,
    /// Where and with what it ran.
    pub environment: Environment,
}

/// Versions and machine of a run. No host or user name: a store can be passed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Version of rexp.
    pub rexp_version: String,
    /// Fingerprint of rexp's source.
    pub rexp_source: String,
    /// Commit rexp was built from.
    pub rexp_commit: String,
    /// Commit of the folder the run was started in.
    pub git_commit: String,
    /// Version of SQLite.
    pub sqlite_version: String,
    /// JSON object: os, arch, cpu, cpu_features, n_cpus.
    pub machine: String,
}

/// An arm of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmRow {
    /// Its name, unique in the run.
    pub name: String,
    /// `stacker`, `average`, `base` or `floor`.
    pub role: String,
    /// Kind of model or stacker.
    pub kind: String,
    /// `rating`, `probability` or `order`.
    pub scale: String,
    /// Whether it is the experiment's answer.
    pub is_primary: bool,
}

/// A metric's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricRow {
    /// Name without cutoff.
    pub name: String,
    /// `higher`, `lower` or `neutral`.
    pub direction: String,
    /// Unit; empty for a share.
    pub unit: String,
    /// One line.
    pub about: String,
}

/// Everything one trial leaves behind. Arms and metrics are numbered by their place in the run's lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrialRow {
    /// Seed.
    pub seed: u64,
    /// Wall clock of its stages, in milliseconds.
    pub elapsed_ms: f64,
    /// Peak memory of the process so far.
    pub peak_memory_bytes: u64,
    /// Threads it could use.
    pub n_threads: usize,
    /// Its stages, in order.
    pub stages: Vec<StageRow>,
    /// Every metric value.
    pub values: Vec<ValueRow>,
    /// Every value that is undefined.
    pub omissions: Vec<OmissionRow>,
    /// User lists that the blobs below refer to: external ids.
    pub user_lists: Vec<Vec<String>>,
    /// Values per user.
    pub user_values: Vec<UserValueRow>,
    /// Who is in which segment of users: `(segment, place of the user list)`.
    pub user_segments: Vec<(String, usize)>,
    /// Facts about users.
    pub user_facts: Vec<UserFactRow>,
    /// Top lists.
    pub rankings: Vec<RankingRow>,
    /// What the test of its split finds relevant; stored with the first trial of a split.
    pub relevant: Option<RelevantRow>,
    /// Learning curves: `(source, series, step, value)`.
    pub history: Vec<(String, String, u64, f64)>,
    /// Importances: `(arm, feature, measure, value)`.
    pub importances: Vec<(usize, String, String, f64)>,
    /// What it leaves to be looked at.
    pub exhibits: Exhibits,
    /// Notes and warnings.
    pub events: Vec<EventRow>,
}

/// One stage of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRow {
    /// e.g. `fit mf`.
    pub name: String,
    /// Hash of everything that could change its output.
    pub key: String,
    /// Whether another trial of the plan computed it.
    pub is_shared: bool,
    /// Wall clock; 0 when shared.
    pub elapsed_ms: f64,
    /// CPU time of the whole process meanwhile; `None` when shared or not known.
    pub cpu_ms: Option<f64>,
    /// Peak memory of the process so far.
    pub peak_memory_bytes: u64,
}

/// One metric value.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueRow {
    /// Place of the arm in the run's arms.
    pub arm: usize,
    /// Protocol.
    pub protocol: String,
    /// Place of the metric in the run's metrics.
    pub metric: usize,
    /// Cutoff; 0 for none.
    pub k: usize,
    /// `all`, or a segment.
    pub segment: String,
    /// The value; finite.
    pub value: f64,
    /// Users (or rows) it is the mean over.
    pub n: u64,
    /// Users left out because it is undefined for them.
    pub n_left_out: u64,
}

/// One value that is undefined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OmissionRow {
    /// Place of the arm.
    pub arm: usize,
    /// Protocol.
    pub protocol: String,
    /// Place of the metric.
    pub metric: usize,
    /// Cutoff; 0 for none.
    pub k: usize,
    /// Segment.
    pub segment: String,
    /// Why.
    pub reason: String,
    /// Users (or rows) it would have been over.
    pub count: u64,
}

/// Values of one metric for every user of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct UserValueRow {
    /// Place of the arm.
    pub arm: usize,
    /// Protocol.
    pub protocol: String,
    /// Place of the metric.
    pub metric: usize,
    /// Cutoff; 0 for none.
    pub k: usize,
    /// `all`, or a segment of items.
    pub segment: String,
    /// Place of the user list.
    pub user_list: usize,
    /// One value per user of the list.
    pub values: Vec<f32>,
}

/// Something known about every user of a list before the test.
#[derive(Debug, Clone, PartialEq)]
pub struct UserFactRow {
    /// e.g. `train_full_mean_rating`.
    pub name: String,
    /// Place of the user list.
    pub user_list: usize,
    /// One value per user of the list.
    pub values: Vec<f32>,
}

/// Top lists of one arm under one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingRow {
    /// Place of the arm.
    pub arm: usize,
    /// Protocol.
    pub protocol: String,
    /// Longest list.
    pub k: usize,
    /// Place of the user list.
    pub user_list: usize,
    /// One list per user: `(item index, score, relevance)`, best first.
    pub lists: Vec<Vec<(u32, f32, u8)>>,
}

/// Relevant test items of every user of a list, ranked or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelevantRow {
    /// Place of the user list.
    pub user_list: usize,
    /// One set per user: item numbers, ascending.
    pub items: Vec<Vec<u32>>,
}

/// Something a reader of the results must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// `note` or `warning`.
    pub level: String,
    /// Short stable name.
    pub code: String,
    /// How many rows, users or items it is about.
    pub count: u64,
    /// One sentence.
    pub message: String,
}

/// Everything that is the same for all trials of a run.
#[derive(Debug, Clone)]
pub struct RunBundle {
    /// The run.
    pub run: RunRow,
    /// Its data set.
    pub dataset: DatasetRow,
    /// The catalog, in order of item numbers.
    pub items: Vec<ItemRow>,
    /// Every option.
    pub params: Params,
    /// Its arms, in the order of tables.
    pub arms: Vec<ArmRow>,
    /// Definitions of its metrics.
    pub metrics: Vec<MetricRow>,
    /// Notes and warnings about the run as a whole.
    pub events: Vec<EventRow>,
}

/// Every option of a run with its value as JSON, by dotted name.
pub type Params = BTreeMap<String, String>;
