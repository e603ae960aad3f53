//! Scores candidates for all arms of a cell: every model once per user, then every stacker on its columns.

use super::columns::{self, Column};
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::evaluation::Scorer;
use crate::features::Statistics;
use crate::models::FittedModel;
use crate::stackers::FittedStacker;
use ndarray::ArrayView2;

/// What an arm's scores are.
pub enum Arm<'a> {
    /// The scores of a model: its place.
    Model(usize),
    /// A stacker over columns.
    Stacker {
        /// The fitted stacker.
        fitted: &'a dyn FittedStacker,
        /// Its columns; scores by place of the model.
        columns: &'a [Column],
        /// Place of its statistics.
        statistics: usize,
    },
}

/// Arms that are judged together.
pub struct CellScorer<'a> {
    /// Models that score test candidates; `None` where no arm needs one.
    pub models: Vec<Option<&'a dyn FittedModel>>,
    /// Statistics by place.
    pub statistics: &'a [Statistics],
    /// The arms.
    pub arms: Vec<Arm<'a>>,
}

impl Scorer for CellScorer<'_> {
    fn n_arms(&self) -> usize {
        self.arms.len()
    }

    fn scale(&self, arm: usize) -> Scale {
        match &self.arms[arm] {
            Arm::Model(model) => self.models[*model].map_or(Scale::Order, FittedModel::scale),
            Arm::Stacker { fitted, .. } => fitted.scale(),
        }
    }

    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [Vec<f32>], fallbacks: &mut [u64]) {
        let mut scores = vec![Vec::new(); self.models.len()];
        let mut n_fallbacks = vec![0; self.models.len()];
        for ((model, scores), n) in self.models.iter().zip(&mut scores).zip(&mut n_fallbacks) {
            if let Some(model) = model {
                scores.resize(items.len(), 0.0);
                *n = model.score(user, items, scores) as u64;
            }
        }
        let mut statistics: Vec<Option<Vec<Vec<f32>>>> = vec![None; self.statistics.len()];
        let mut features = Vec::new();
        for ((arm, out), fallbacks) in self.arms.iter().zip(out).zip(fallbacks) {
            out.clear();
            match arm {
                Arm::Model(model) => {
                    out.extend_from_slice(&scores[*model]);
                    *fallbacks += n_fallbacks[*model];
                }
                Arm::Stacker { fitted, columns, statistics: place } => {
                    let make = || columns::statistics(&self.statistics[*place], user, items, None);
                    let own = statistics[*place].get_or_insert_with(make);
                    features.clear();
                    features.resize(items.len() * columns.len(), 0.0);
                    columns::gather(columns, &scores, own, &mut features);
                    out.resize(items.len(), 0.0);
                    if let Ok(rows) = ArrayView2::from_shape((items.len(), columns.len()), &features) {
                        fitted.score(rows, out);
                    }
                }
            }
        }
    }
}
