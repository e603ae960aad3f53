//! Features of (user, item) rows: scores of base models and statistics of users and items.
//!
//! To add a statistic: a file with its [`Feature`] and one line in [`FEATURES`]. A base model becomes the feature `score_<name>` by being listed in an experiment.
//! The basic four are those that `*` has always meant; all others are made and chosen only where they are named, so that a new one changes no experiment.

mod is_cold_user;
mod is_head_item;
mod is_power_user;
mod is_tail_item;
mod item_age;
mod item_mean_rating;
mod item_n_ratings;
mod item_near_ratings;
mod item_recent_ratings;
mod item_share_liked;
mod item_year;
mod labels;
mod likes;
mod moments;
mod select;
mod statistics;
mod user_days_active;
mod user_hour;
mod user_mean_rating;
mod user_n_ratings;
mod user_share_liked;
mod user_weekday;
mod within_user;
mod year_distance;

pub use select::{Fault, select};
pub use statistics::{RowStatistics, Source, Statistics, StatsFrom};
pub use within_user::{FORMS, Form};

use crate::dataset::{Dataset, Note};

/// Every statistic there is.
pub const FEATURES: &[Feature] = &[
    user_n_ratings::FEATURE,
    user_mean_rating::FEATURE,
    item_n_ratings::FEATURE,
    item_mean_rating::FEATURE,
    user_share_liked::FEATURE,
    item_share_liked::FEATURE,
    user_hour::FEATURE,
    user_weekday::FEATURE,
    user_days_active::FEATURE,
    item_age::FEATURE,
    item_recent_ratings::FEATURE,
    item_near_ratings::FEATURE,
    item_year::FEATURE,
    year_distance::FEATURE,
    is_cold_user::FEATURE,
    is_power_user::FEATURE,
    is_tail_item::FEATURE,
    is_head_item::FEATURE,
];

/// A statistic that can be a column.
pub struct Feature {
    /// Name of the column, `snake_case`.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Whether `*` means it. Others are chosen by name, or by a glob that matches no basic column.
    pub is_basic: bool,
    /// What the data must have for it to say anything.
    pub needs: Needs,
    /// What it is about, so that it need not be worked out for every row.
    pub subject: Subject,
    /// Its value for a row; always finite.
    pub value: fn(&RowStatistics<'_>) -> f32,
}

/// What a statistic is about. Where a row's own rating is left out, all are about the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The user: the same for all items.
    User,
    /// The item: the same for all users.
    Item,
    /// Both.
    Row,
}

/// What the data must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Ratings, which all data has.
    Ratings,
    /// Timestamps.
    Times,
    /// Years in titles.
    Years,
}

/// Whether a column is a statistic that is not among the basic ones.
pub fn is_extra(column: &str) -> bool {
    FEATURES.iter().any(|feature| feature.name == column && !feature.is_basic)
}

/// What some columns lack in the data, counted.
pub fn notes(columns: &[String], dataset: &Dataset) -> Vec<Note> {
    let needing = |needs: Needs| -> Vec<&str> {
        let needing = FEATURES.iter().filter(|feature| feature.needs == needs).map(|feature| feature.name);
        needing.filter(|name| columns.iter().any(|column| column == name)).collect()
    };
    let mut out = Vec::new();
    let timed = needing(Needs::Times);
    if !timed.is_empty() && !dataset.has_timestamps {
        let message =
            format!("features that need timestamps, which the data lacks, are 0 everywhere: {}", timed.join(", "));
        out.push(Note { code: "features-without-times", count: timed.len() as u64, message });
    }
    let dated = needing(Needs::Years);
    let n_undated = (0..dataset.n_items()).filter(|&item| dataset.catalog.year(item).is_none()).count();
    if !dated.is_empty() && n_undated > 0 {
        let message = format!("items without a year in their title get the same value: {}", dated.join(", "));
        out.push(Note { code: "items-without-year", count: n_undated as u64, message });
    }
    out
}

/// Name of the column that holds a base model's score.
pub fn score_column(model: &str) -> String {
    format!("score_{model}")
}

/// Names of all columns: scores of the given models, statistics, then the scores as they stand among those of the same user.
pub fn names(models: &[String]) -> Vec<String> {
    let scores = |form: Form| models.iter().map(move |model| score_column(model) + form.suffix());
    let statistics = FEATURES.iter().map(|feature| feature.name.to_owned());
    scores(Form::Raw).chain(statistics).chain(scores(Form::Rank)).chain(scores(Form::Zscore)).collect()
}

#[cfg(test)]
mod tests;
