//! Scores of all arms for one user: every column is made once, and every stacker takes from them what it looks at.
//!
//! A stacker that learned from the candidates of generators is asked about such candidates only, also where a protocol offers the whole catalog: what it says of
//! an item that no generator proposed rests on nothing, and a rank among thousands is not what it learned a rank to be.

use super::ahead::Ahead;
use super::columns::{Column, Scratch, UserRows, View};
use super::per_segment::FittedStack;
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::error::{Error, Result};
use crate::evaluation::{Asked, Scorer};
use crate::features::Form;
use crate::key::Key;
use crate::models::FittedModel;
use crate::parallel;
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
        /// Its place among those of the cell.
        stack: usize,
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

    fn score(
        &self,
        users: &[(UserIndex, &[ItemIndex])],
        asked: Asked,
        fallbacks: &mut [u64],
        judge: &mut dyn FnMut(usize, &[&[f32]]),
    ) -> Result<()> {
        let narrowings = if asked == Asked::Candidates { &self.narrowings[..] } else { &[] };
        let is_narrowed = |narrowing: &Option<usize>| narrowing.is_some_and(|place| place < narrowings.len());
        let whole = |arm: &Arm<'_>| !matches!(arm, Arm::Stacker { narrowing, .. } if is_narrowed(narrowing));
        let slots = (0..self.view.models.len()).filter(|&slot| self.is_shown(slot));
        let mut ahead = Ahead::new(&self.view.models, slots, users);
        let mut buffers = Buffers::new(self);
        for (at, &(user, items)) in users.iter().enumerate() {
            parallel::check()?;
            buffers.forget();
            for (slot, scores, n_fallbacks) in ahead.take(at) {
                buffers.columns.put(slot, scores);
                buffers.n_fallbacks[slot] += n_fallbacks;
            }
            self.arms_of(user, items, whole, &mut buffers)?;
            for (place, narrowing) in narrowings.iter().enumerate() {
                let chosen = narrowing.of(user, items);
                let own = |arm: &Arm<'_>| matches!(arm, Arm::Stacker { narrowing, .. } if *narrowing == Some(place));
                let mut narrowed = Buffers::new(self);
                self.arms_of(user, &chosen.items, own, &mut narrowed)?;
                let stacked = self.arms.iter().zip(&mut buffers.stacked).zip(&narrowed.stacked);
                let stacked = stacked.filter(|((arm, _), _)| own(arm));
                stacked.for_each(|((_, out), scores)| place_first(items, &chosen.items, scores, out));
            }
            for (arm, fallbacks) in self.arms.iter().zip(&mut *fallbacks) {
                *fallbacks += if let Arm::Model { slot, .. } = arm { buffers.n_fallbacks[*slot] } else { 0 };
            }
            judge(at, &self.shown(&buffers));
        }
        Ok(())
    }
}

/// What one user's scores are made in, kept from user to user.
struct Buffers {
    /// Scores of models.
    columns: Scratch,
    /// Columns that are no raw scores of models, by place.
    made: Vec<Vec<f32>>,
    /// Fallbacks by slot.
    n_fallbacks: Vec<u64>,
    /// The columns of a stacker, one after the other.
    features: Vec<f32>,
    /// Scores of stackers, by arm.
    stacked: Vec<Vec<f32>>,
}

impl Buffers {
    fn new(scorer: &CellScorer<'_>) -> Self {
        let mut out = Self {
            columns: Scratch::default(),
            made: vec![Vec::new(); scorer.columns.len()],
            n_fallbacks: vec![0; scorer.view.models.len()],
            features: Vec::new(),
            stacked: vec![Vec::new(); scorer.arms.len()],
        };
        out.forget();
        out
    }

    /// Forgets the user before.
    fn forget(&mut self) {
        self.n_fallbacks.fill(0);
        self.columns.forget(self.n_fallbacks.len());
    }

    /// A column that was made. Raw scores of models stand where the models wrote them.
    fn column(&self, place: usize, column: Column) -> &[f32] {
        match column {
            Column::Score { slot, form: Form::Raw } => self.columns.scores(slot),
            _ => &self.made[place],
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
    /// Whether a model is an arm itself, so that all candidates of every user are scored by it.
    fn is_shown(&self, slot: usize) -> bool {
        self.arms.iter().any(|arm| matches!(arm, Arm::Model { slot: own, .. } if *own == slot))
    }

    /// Whether an arm takes the scores of other arms.
    fn is_blend(&self, arm: &Arm<'_>) -> bool {
        let is_stack = |&place: &usize| matches!(self.columns[place], Column::Stack { .. });
        matches!(arm, Arm::Stacker { columns, .. } if columns.iter().any(is_stack))
    }

    /// The arm of a stacker of the cell.
    fn arm_of(&self, stack: usize) -> Result<usize> {
        let arm = self.arms.iter().position(|arm| matches!(arm, Arm::Stacker { stack: own, .. } if *own == stack));
        // Every stacker of an experiment is an arm of it.
        arm.ok_or_else(|| Error::usage("a stacker was blended that is not judged", "report this"))
    }

    /// The scores of all arms.
    fn shown<'b>(&self, buffers: &'b Buffers) -> Vec<&'b [f32]> {
        let of_arm = |(arm, stacked): (&Arm<'_>, &'b Vec<f32>)| match arm {
            Arm::Model { column, .. } => buffers.column(*column, self.columns[*column]),
            Arm::Stacker { .. } => stacked,
        };
        self.arms.iter().zip(&buffers.stacked).map(of_arm).collect()
    }

    /// Makes the columns of the arms that are wanted, and the scores of the stackers among them.
    fn arms_of(
        &self,
        user: UserIndex,
        items: &[ItemIndex],
        is_wanted: impl Fn(&Arm<'_>) -> bool,
        buffers: &mut Buffers,
    ) -> Result<()> {
        let mut is_needed = vec![false; self.columns.len()];
        for arm in self.arms.iter().filter(|arm| is_wanted(arm)) {
            match arm {
                Arm::Model { column, .. } => is_needed[*column] = true,
                Arm::Stacker { columns, .. } => columns.iter().for_each(|&column| is_needed[column] = true),
            }
        }
        let rows = UserRows { user, candidates: items, chosen: None, own: None };
        for place in (0..self.columns.len()).filter(|&place| is_needed[place]) {
            let (scratch, n_fallbacks) = (&mut buffers.columns, &mut buffers.n_fallbacks);
            match self.columns[place] {
                Column::Stack { .. } => {}
                Column::Score { slot, form: Form::Raw } => self.view.score(slot, &rows, scratch, n_fallbacks),
                column => self.view.fill(&[column], rows, scratch, &mut buffers.made[place..=place], n_fallbacks),
            }
        }
        let mut last: Option<&[usize]> = None;
        let arms_that = |blend: bool| {
            let arms = self.arms.iter().enumerate();
            arms.filter(move |(_, arm)| self.is_blend(arm) == blend)
        };
        // Blends after those that they blend.
        for (at, arm) in arms_that(false).chain(arms_that(true)).filter(|(_, arm)| is_wanted(arm)) {
            let Arm::Stacker { fitted, columns: places, .. } = arm else { continue };
            let mut features = std::mem::take(&mut buffers.features);
            // Most stackers look at the same columns as the one before.
            if last.replace(places) != Some(places) {
                // Column after column, as they were made, and as most stackers look at them.
                features.clear();
                for &place in places {
                    features.extend_from_slice(match self.columns[place] {
                        Column::Stack { stack } => &buffers.stacked[self.arm_of(stack)?],
                        column => buffers.column(place, column),
                    });
                }
            }
            let out = &mut buffers.stacked[at];
            out.clear();
            out.resize(items.len(), 0.0);
            debug_assert_eq!(features.len(), items.len() * places.len());
            if let Ok(rows) = ArrayView2::from_shape((items.len(), places.len()).f(), &features) {
                fitted.of(user).score(rows, out);
            }
            buffers.features = features;
        }
        Ok(())
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
