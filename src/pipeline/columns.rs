//! Feature columns inside a cell: scores of fitted models and statistics, by number instead of by name.

use crate::dataset::{ItemIndex, UserIndex};
use crate::experiment::{Experiment, NamedStacker};
use crate::features::{self, FEATURES, Statistics};

/// Where a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The score of a model: its place in the cell.
    Score(usize),
    /// A statistic: its place in [`FEATURES`].
    Statistic(usize),
}

/// The columns a stacker looks at; `place` finds a model of the experiment in the cell.
pub fn of(experiment: &Experiment, stacker: &NamedStacker, place: impl Fn(usize) -> usize) -> Vec<Column> {
    let column = |name: &String| {
        let model = experiment.models.iter().position(|model| features::score_column(&model.name) == *name);
        let statistic = || FEATURES.iter().position(|feature| feature.name == name);
        model.map(|model| Column::Score(place(model))).or_else(|| statistic().map(Column::Statistic))
    };
    // Every name was checked against models and FEATURES when the file was read.
    stacker.features.iter().filter_map(column).collect()
}

/// The statistics of one user's items: `[n_items]` per feature, in the order of [`FEATURES`].
///
/// - `own`: the rows' own ratings, for rows that the statistics contain; `None` for candidates.
pub fn statistics(statistics: &Statistics, user: UserIndex, items: &[ItemIndex], own: Option<&[f32]>) -> Vec<Vec<f32>> {
    let mut out = vec![Vec::with_capacity(items.len()); FEATURES.len()];
    for (at, &item) in items.iter().enumerate() {
        let row = statistics.row(user, item, own.map(|ratings| ratings[at]));
        for (feature, column) in FEATURES.iter().zip(&mut out) {
            column.push((feature.value)(&row));
        }
    }
    out
}

/// Writes the chosen columns of one user's rows, row-major: `out` `[n_rows × columns.len()]`.
pub fn gather(columns: &[Column], scores: &[impl AsRef<[f32]>], statistics: &[Vec<f32>], out: &mut [f32]) {
    let width = columns.len();
    for (at, column) in columns.iter().enumerate() {
        let from = match *column {
            Column::Score(model) => scores[model].as_ref(),
            Column::Statistic(feature) => &statistics[feature],
        };
        for (row, &value) in from.iter().enumerate() {
            out[row * width + at] = value;
        }
    }
}
