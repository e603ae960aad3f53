//! Features of (user, item) rows: scores of base models and statistics of users and items.
//!
//! To add a statistic: a file with its [`Feature`] and one line in [`FEATURES`]. A base model becomes the feature `score_<name>` by being listed in an experiment.

mod item_mean_rating;
mod item_n_ratings;
mod select;
mod statistics;
mod user_mean_rating;
mod user_n_ratings;
mod within_user;

pub use select::{Fault, select};
pub use statistics::{RowStatistics, Statistics, StatsFrom};
pub use within_user::{FORMS, Form};

/// Every statistic there is.
pub const FEATURES: &[Feature] =
    &[user_n_ratings::FEATURE, user_mean_rating::FEATURE, item_n_ratings::FEATURE, item_mean_rating::FEATURE];

/// A statistic that can be a column.
pub struct Feature {
    /// Name of the column, `snake_case`.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Its value for a row.
    pub value: fn(&RowStatistics) -> f32,
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
