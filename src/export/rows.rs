//! The columns of each table: every row names all that it belongs to, so that tables need no join.

use serde::Serialize;

/// A row of `runs`.
#[derive(Debug, Default, Serialize)]
pub struct RunLine<'a> {
    pub run: &'a str,
    pub experiment: &'a str,
    pub dataset: &'a str,
    pub dataset_hash: &'a str,
    pub started_at: &'a str,
    pub attempt: u64,
    pub n_seeds_asked: u64,
    pub n_seeds: u64,
    /// Seeds in the store, joined by spaces.
    pub seeds: String,
    pub primary_arm: &'a str,
    pub about: &'a str,
    pub config_path: &'a str,
    pub rexp_version: &'a str,
    pub rexp_source: &'a str,
    pub rexp_commit: &'a str,
    pub git_commit: &'a str,
    pub machine: &'a str,
    /// Every option by its dotted name, as one JSON object.
    pub params: String,
    pub config_toml: &'a str,
}

/// A row of `metrics`.
#[derive(Debug, Default, Serialize)]
pub struct MetricLine<'a> {
    pub run: &'a str,
    pub experiment: &'a str,
    pub dataset: &'a str,
    pub seed: u64,
    pub arm: &'a str,
    pub role: &'a str,
    pub kind: &'a str,
    pub is_primary: bool,
    pub protocol: &'a str,
    pub metric: &'a str,
    /// Missing for a metric without a cutoff.
    pub k: Option<u64>,
    pub segment: &'a str,
    pub value: f64,
    pub n: u64,
    pub n_left_out: u64,
    pub direction: &'a str,
    pub unit: &'a str,
}

/// A row of `intervals`.
#[derive(Debug, Default, Serialize)]
pub struct IntervalLine<'a> {
    pub run: &'a str,
    pub experiment: &'a str,
    pub dataset: &'a str,
    pub arm: &'a str,
    pub protocol: &'a str,
    pub metric: &'a str,
    /// Missing for a metric without a cutoff.
    pub k: Option<u64>,
    pub segment: &'a str,
    pub method: &'a str,
    pub level: f64,
    pub estimate: f64,
    pub lower: f64,
    pub upper: f64,
    pub n: u64,
    pub n_resamples: u64,
    /// Missing for one seed.
    pub seed_sd: Option<f64>,
    pub n_seeds: u64,
}

/// A row of `users`.
#[derive(Debug, Default, Serialize)]
pub struct UserLine<'a> {
    pub run: &'a str,
    pub experiment: &'a str,
    pub seed: u64,
    pub arm: &'a str,
    pub protocol: &'a str,
    pub metric: &'a str,
    /// Missing for a metric without a cutoff.
    pub k: Option<u64>,
    pub segment: &'a str,
    pub user: &'a str,
    pub value: f32,
}

/// A row of `rankings`.
#[derive(Debug, Default, Serialize)]
pub struct RankingLine<'a> {
    pub run: &'a str,
    pub experiment: &'a str,
    pub seed: u64,
    pub arm: &'a str,
    pub protocol: &'a str,
    pub user: &'a str,
    /// From 1.
    pub rank: u64,
    pub item: &'a str,
    pub score: f32,
    /// 1 if it is a relevant test item of the user, else 0.
    pub relevance: u8,
}
