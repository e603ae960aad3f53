//! Scores of all arms for one user: every column is made once, and every stacker takes from them what it looks at.
//!
//! A stacker that learned from the candidates of generators is asked about such candidates only, also where a protocol offers the whole catalog: what it says of
//! an item that no generator proposed rests on nothing, and a rank among thousands is not what it learned a rank to be.

use super::columns::{Column, Scratch, UserRows, View};
use super::per_segment::FittedStack;
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::evaluation::{Asked, Scorer};
use crate::key::Key;
use crate::models::FittedModel;
use crate::protocols::{Candidates, Generator, Offer, Protocol};
use ndarray::{ArrayView2, ShapeBuilder};

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
        /// Place of what chooses its candidates out of a catalog: for a stacker that learned from drawn candidates.
        narrowing: Option<usize>,
    },
}

/// What chooses the candidates of stackers.
pub struct Narrowing<'a> {
    /// Names it.
    pub key: Key,
    /// The rule.
    pub protocol: &'a dyn Protocol,
    /// What it may look at, generators aside.
    pub offer: Offer<'a>,
    /// The models that propose.
    pub generators: Vec<Generator<'a>>,
}

impl Narrowing<'_> {
    /// The candidates among some items; all of them where the rule does not choose.
    fn of(&self, user: UserIndex, items: &[ItemIndex]) -> Candidates {
        let offer = Offer { generators: &self.generators, ..self.offer };
        let all = || Candidates { items: items.to_vec(), proposals: Vec::new() };
        self.protocol.narrowed(&offer, user, items).unwrap_or_else(all)
    }
}

/// Arms that are judged together.
pub struct CellScorer<'a> {
    /// What columns are made from.
    pub view: View<'a>,
    /// All columns that arms look at.
    pub columns: Vec<Column>,
    /// The arms.
    pub arms: Vec<Arm<'a>>,
    /// What arms name as theirs.
    pub narrowings: Vec<Narrowing<'a>>,
}

impl<'a> CellScorer<'a> {
    /// Nothing to score yet.
    pub fn empty(view: View<'a>) -> Self {
        Self { view, columns: Vec::new(), arms: Vec::new(), narrowings: Vec::new() }
    }
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
            // Among drawn candidates, the share of relevant ones is that of the drawing, and so are the probabilities.
            Arm::Stacker { narrowing: Some(_), .. } => Scale::Order,
            Arm::Stacker { fitted, .. } => fitted.shared.scale(),
        }
    }

    fn score(&self, user: UserIndex, items: &[ItemIndex], asked: Asked, out: &mut [Vec<f32>], fallbacks: &mut [u64]) {
        let narrowings = if asked == Asked::Candidates { &self.narrowings[..] } else { &[] };
        let is_narrowed = |narrowing: &Option<usize>| narrowing.is_some_and(|place| place < narrowings.len());
        let whole = |arm: &Arm<'_>| !matches!(arm, Arm::Stacker { narrowing, .. } if is_narrowed(narrowing));
        self.arms_of(user, items, whole, out, fallbacks);
        for (place, narrowing) in narrowings.iter().enumerate() {
            let chosen = narrowing.of(user, items);
            let mut scores = vec![Vec::new(); self.arms.len()];
            let own = |arm: &Arm<'_>| matches!(arm, Arm::Stacker { narrowing, .. } if *narrowing == Some(place));
            self.arms_of(user, &chosen.items, own, &mut scores, fallbacks);
            let narrowed = self.arms.iter().zip(&mut *out).zip(&scores).filter(|((arm, _), _)| own(arm));
            narrowed.for_each(|((_, out), scores)| place_first(items, &chosen.items, scores, out));
        }
    }
}

/// Spreads the scores of some items, ascending, over all of them; the others stand behind, all alike.
fn place_first(items: &[ItemIndex], chosen: &[ItemIndex], scores: &[f32], out: &mut Vec<f32>) {
    let lowest = scores.iter().copied().fold(f32::INFINITY, f32::min);
    // One less is no less where numbers are so large that their neighbors are further apart.
    let behind = if lowest.is_finite() { (lowest - 1.0).min(lowest.next_down()).max(f32::MIN) } else { 0.0 };
    let mut own = chosen.iter().zip(scores).peekable();
    out.clear();
    out.extend(items.iter().map(|item| own.next_if(|(other, _)| *other == item).map_or(behind, |(_, &score)| score)));
}

impl CellScorer<'_> {
    /// Scores some items for the arms that are wanted.
    fn arms_of(
        &self,
        user: UserIndex,
        items: &[ItemIndex],
        is_wanted: impl Fn(&Arm<'_>) -> bool,
        out: &mut [Vec<f32>],
        fallbacks: &mut [u64],
    ) {
        let mut is_needed = vec![false; self.columns.len()];
        for arm in self.arms.iter().filter(|arm| is_wanted(arm)) {
            match arm {
                Arm::Model { column, .. } => is_needed[*column] = true,
                Arm::Stacker { columns, .. } => columns.iter().for_each(|&column| is_needed[column] = true),
            }
        }
        let needed: Vec<usize> = (0..self.columns.len()).filter(|&column| is_needed[column]).collect();
        let wanted: Vec<Column> = needed.iter().map(|&column| self.columns[column]).collect();
        let (mut made, mut n_fallbacks) = (vec![Vec::new(); wanted.len()], vec![0; self.view.models.len()]);
        let rows = UserRows { user, candidates: items, chosen: None, own: None };
        self.view.fill(&wanted, rows, &mut Scratch::default(), &mut made, &mut n_fallbacks);
        let mut columns = vec![&[][..]; self.columns.len()];
        needed.iter().zip(&made).for_each(|(&column, made)| columns[column] = made);
        let mut features = Vec::new();
        for ((arm, out), fallbacks) in self.arms.iter().zip(out).zip(fallbacks).filter(|((arm, _), _)| is_wanted(arm)) {
            out.clear();
            match arm {
                Arm::Model { slot, column } => {
                    out.extend_from_slice(columns[*column]);
                    *fallbacks += n_fallbacks[*slot];
                }
                Arm::Stacker { fitted, columns: places, .. } => {
                    // Column after column, as they were made, and as most stackers look at them.
                    features.clear();
                    places.iter().for_each(|&place| features.extend_from_slice(columns[place]));
                    out.resize(items.len(), 0.0);
                    if let Ok(rows) = ArrayView2::from_shape((items.len(), places.len()).f(), &features) {
                        fitted.of(user).score(rows, out);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_chosen_stands_behind_all_that_was() {
        let items = [0, 2, 3, 7].map(ItemIndex);
        let spread = |scores: [f32; 2]| {
            let mut out = vec![9.0];
            place_first(&items, &[ItemIndex(2), ItemIndex(7)], &scores, &mut out);
            out
        };
        assert_eq!(spread([0.5, -1.0]), [-2.0, 0.5, -2.0, -1.0]);
        let large = spread([3e38, 3e38]);
        assert!(large[0] < large[1] && large[0].is_finite());
        let mut out = Vec::new();
        place_first(&items, &[], &[], &mut out);
        assert_eq!(out, [0.0; 4]);
    }
}
