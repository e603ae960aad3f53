//! Scores of all arms for one user: every column is made once, and every stacker takes from them what it looks at.

use super::columns::{Column, Scratch, UserRows, View};
use super::per_segment::FittedStack;
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::evaluation::Scorer;
use crate::models::FittedModel;
use ndarray::ArrayView2;

/// What an arm's scores are.
pub enum Arm<'a> {
    /// The scores of a model.
    Model {
        /// Its slot.
        slot: usize,
        /// Place of its column.
        column: usize,
    },
    /// A stacker over columns.
    Stacker {
        /// The fitted stacker.
        fitted: &'a FittedStack,
        /// Places of its columns.
        columns: Vec<usize>,
    },
}

/// Arms that are judged together.
pub struct CellScorer<'a> {
    /// What columns are made from.
    pub view: View<'a>,
    /// All columns that arms look at.
    pub columns: Vec<Column>,
    /// The arms.
    pub arms: Vec<Arm<'a>>,
}

impl CellScorer<'_> {
    /// The place of a column; added if it is new.
    pub fn place(&mut self, column: Column) -> usize {
        if let Some(place) = self.columns.iter().position(|other| *other == column) {
            return place;
        }
        self.columns.push(column);
        self.columns.len() - 1
    }
}

impl Scorer for CellScorer<'_> {
    fn n_arms(&self) -> usize {
        self.arms.len()
    }

    fn scale(&self, arm: usize) -> Scale {
        match &self.arms[arm] {
            Arm::Model { slot, .. } => self.view.models[*slot].map_or(Scale::Order, FittedModel::scale),
            Arm::Stacker { fitted, .. } => fitted.shared.scale(),
        }
    }

    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [Vec<f32>], fallbacks: &mut [u64]) {
        let mut columns = vec![Vec::new(); self.columns.len()];
        let mut n_fallbacks = vec![0; self.view.models.len()];
        let rows = UserRows { user, candidates: items, chosen: None, own: None };
        self.view.fill(&self.columns, rows, &mut Scratch::default(), &mut columns, &mut n_fallbacks);
        let mut features = Vec::new();
        for ((arm, out), fallbacks) in self.arms.iter().zip(out).zip(fallbacks) {
            out.clear();
            match arm {
                Arm::Model { slot, column } => {
                    out.extend_from_slice(&columns[*column]);
                    *fallbacks += n_fallbacks[*slot];
                }
                Arm::Stacker { fitted, columns: places } => {
                    let width = places.len();
                    features.clear();
                    features.resize(items.len() * width, 0.0);
                    for (at, &place) in places.iter().enumerate() {
                        let cells = features.iter_mut().skip(at).step_by(width.max(1));
                        cells.zip(&columns[place]).for_each(|(cell, &value)| *cell = value);
                    }
                    out.resize(items.len(), 0.0);
                    if let Ok(rows) = ArrayView2::from_shape((items.len(), width), &features) {
                        fitted.of(user).score(rows, out);
                    }
                }
            }
        }
    }
}
