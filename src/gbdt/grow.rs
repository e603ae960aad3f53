//! One tree, grown best-first: of all leaves that may be split, the one that gains most is split next, until depth, leaves or gains run out.
//!
//! With `max_leaves = 0` the order changes nothing but the numbers of the nodes, and the tree is that of depth-first or level-wise growth.

use super::binning::{Binned, Cuts};
use super::fixed_point::{Cell, FixedPoint};
use super::histogram::{Histograms, Slot};
use super::split::{Rule, Split};
use super::tree::Tree;
use super::{MAX_LEAVES, Settings};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

/// Grows trees on one matrix; keeps its buffers between them.
pub struct Grower<'a> {
    data: &'a Binned,
    cuts: &'a Cuts,
    look: Option<Look>,
    rule: Rule,
    step: Step,
    max_depth: usize,
    max_leaves: usize,
    histograms: Histograms,
    spare: Slot,
    open: BinaryHeap<Open>,
    right_rows: Vec<u32>,
    leaves: Vec<Range<usize>>,
    values: Vec<f64>,
}

/// Some of the columns, close together: a tree that looks at few of them reads no others.
struct Look {
    columns: Vec<u16>,
    data: Binned,
    cuts: Cuts,
}

/// How a leaf's sums become its value.
#[derive(Debug, Clone, Copy)]
struct Step {
    learning_rate: f64,
    reg: f64,
}

/// A part of the tree that is a leaf so far.
#[derive(Debug, Clone)]
struct Leaf {
    node: usize,
    depth: usize,
    rows: Range<usize>,
    total: Cell,
}

/// A leaf that can be split, with the best way to do so.
#[derive(Debug, Clone)]
struct Open {
    leaf: Leaf,
    split: Split,
    slot: Option<Slot>,
}

impl<'a> Grower<'a> {
    /// A grower of trees on `data`, whose bins `cuts` made, and on which at most `n_rows` rows are ever taken. `histograms`: made for as many rows.
    pub fn new(
        data: &'a Binned,
        cuts: &'a Cuts,
        n_rows: usize,
        settings: &Settings,
        mut histograms: Histograms,
    ) -> Self {
        let unlimited = |limit: usize, bound: usize| if limit == 0 { bound } else { limit.min(bound) };
        Self {
            data,
            cuts,
            look: None,
            rule: Rule { gain: settings.split, reg: settings.reg, min_leaf: settings.min_leaf.max(1) },
            step: Step { learning_rate: settings.learning_rate, reg: settings.reg },
            max_depth: unlimited(settings.max_depth, usize::MAX),
            max_leaves: unlimited(settings.max_leaves, MAX_LEAVES),
            spare: histograms.reserve(),
            histograms,
            open: BinaryHeap::new(),
            right_rows: vec![0; n_rows],
            leaves: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Lets the next trees split by these columns alone, ascending, on `rows` alone. The histograms were made for as many columns.
    pub fn look_at(&mut self, columns: &[u16], rows: &[u32]) {
        let (width, n) = (self.data.n_features, columns.len());
        let mut bins = self.look.take().map_or_else(Vec::new, |look| look.data.bins);
        bins.resize(self.right_rows.len() * n, 0);
        for &row in rows {
            let from = &self.data.bins[row as usize * width..][..width];
            let to = &mut bins[row as usize * n..][..n];
            to.iter_mut().zip(columns).for_each(|(to, &column)| *to = from[usize::from(column)]);
        }
        let (data, cuts) = (Binned { bins, n_features: n }, self.cuts.of_columns(columns));
        self.look = Some(Look { columns: columns.to_vec(), data, cuts });
    }

    /// Grows a tree on `rows`, which it puts into the order of the leaves; see [`Grower::leaves`].
    pub fn grow(&mut self, fixed: &FixedPoint, rows: &mut [u32]) -> Tree {
        self.histograms.clear();
        self.leaves.clear();
        self.values.clear();
        let mut tree = Tree::leaf();
        let root = Leaf { node: 0, depth: 0, rows: 0..rows.len(), total: total(fixed, rows) };
        if self.max_leaves > 1 && self.may_split(&root) {
            self.build(root, fixed, rows, &mut tree);
        } else {
            self.close(root, fixed, &mut tree);
        }
        while tree.n_leaves() < self.max_leaves
            && let Some(open) = self.open.pop()
        {
            self.split(open, fixed, rows, &mut tree);
        }
        while let Some(open) = self.open.pop() {
            self.close(open.leaf, fixed, &mut tree);
        }
        tree
    }

    /// Of the last tree: for each leaf, its range of the rows that [`Grower::grow`] put in order, and its value.
    pub fn leaves(&self) -> impl Iterator<Item = (Range<usize>, f64)> {
        self.leaves.iter().cloned().zip(self.values.iter().copied())
    }

    fn may_split(&self, leaf: &Leaf) -> bool {
        leaf.depth < self.max_depth && leaf.rows.len() >= self.rule.min_leaf.saturating_mul(2)
    }

    /// Splits a leaf in two and finds how each of them would be split.
    fn split(&mut self, open: Open, fixed: &FixedPoint, rows: &mut [u32], tree: &mut Tree) {
        let Open { leaf, split, slot } = open;
        let (data, cuts) = seen(&self.look, self.data, self.cuts);
        let threshold = cuts.threshold(usize::from(split.feature), split.left_bin, split.right_bin);
        let feature = self.look.as_ref().map_or(split.feature, |look| look.columns[usize::from(split.feature)]);
        let node = tree.split(leaf.node, leaf.depth, feature, threshold, split.gain);
        let n_left = partition(data, &split, &mut rows[leaf.rows.clone()], &mut self.right_rows);
        let (start, middle, end) = (leaf.rows.start, leaf.rows.start + n_left, leaf.rows.end);
        let right = [leaf.total[0] - split.left[0], leaf.total[1] - split.left[1]];
        let depth = leaf.depth + 1;
        let children = [
            Leaf { node, depth, rows: start..middle, total: split.left },
            Leaf { node: node + 1, depth, rows: middle..end, total: right },
        ];
        let is_room = tree.n_leaves() < self.max_leaves;
        let may_split = [0, 1].map(|child: usize| is_room && self.may_split(&children[child]));
        let slots = if may_split == [false; 2] {
            slot.into_iter().for_each(|slot| self.histograms.give_back(slot));
            [None; 2]
        } else {
            self.divide(slot, &children, fixed, rows)
        };
        for ((leaf, may_split), slot) in children.into_iter().zip(may_split).zip(slots) {
            match slot {
                Some(slot) if may_split => self.consider(leaf, slot, Some(slot), fixed, tree),
                None if may_split => self.build(leaf, fixed, rows, tree),
                slot => {
                    slot.into_iter().for_each(|slot| self.histograms.give_back(slot));
                    self.close(leaf, fixed, tree);
                }
            }
        }
    }

    /// Histograms of both children from their parent's: the smaller child is summed, the larger is the rest. None where there is no room.
    fn divide(
        &mut self,
        parent: Option<Slot>,
        children: &[Leaf; 2],
        fixed: &FixedPoint,
        rows: &[u32],
    ) -> [Option<Slot>; 2] {
        let Some(parent) = parent else { return [None; 2] };
        let Some(slot) = self.histograms.take() else {
            self.histograms.give_back(parent);
            return [None; 2];
        };
        let is_left_smaller = children[0].rows.len() <= children[1].rows.len();
        let smaller = &children[usize::from(!is_left_smaller)];
        let (data, _) = seen(&self.look, self.data, self.cuts);
        self.histograms.build(slot, data, fixed, &rows[smaller.rows.clone()]);
        self.histograms.subtract(parent, slot);
        if is_left_smaller { [Some(slot), Some(parent)] } else { [Some(parent), Some(slot)] }
    }

    /// Sums a leaf's histogram from its rows, in a slot that it keeps or, where there is no room, in the spare one.
    fn build(&mut self, leaf: Leaf, fixed: &FixedPoint, rows: &[u32], tree: &mut Tree) {
        let kept = self.histograms.take();
        let slot = kept.unwrap_or(self.spare);
        let (data, _) = seen(&self.look, self.data, self.cuts);
        self.histograms.build(slot, data, fixed, &rows[leaf.rows.clone()]);
        self.consider(leaf, slot, kept, fixed, tree);
    }

    /// Keeps a leaf open if it has a split that gains something, otherwise closes it. `slot` has its histogram, `kept` is the slot it keeps.
    fn consider(&mut self, leaf: Leaf, slot: Slot, kept: Option<Slot>, fixed: &FixedPoint, tree: &mut Tree) {
        let (_, cuts) = seen(&self.look, self.data, self.cuts);
        match self.rule.best(self.histograms.get(slot), cuts, leaf.total, fixed.units()) {
            Some(split) => self.open.push(Open { leaf, split, slot: kept }),
            None => {
                kept.into_iter().for_each(|slot| self.histograms.give_back(slot));
                self.close(leaf, fixed, tree);
            }
        }
    }

    /// Gives a leaf its value: a Newton step, shrunken. A leaf without curvature adds nothing.
    fn close(&mut self, leaf: Leaf, fixed: &FixedPoint, tree: &mut Tree) {
        let sums = fixed.units().sums(leaf.total);
        let curvature = sums.hessian + self.step.reg;
        let value = if curvature > 0.0 { -self.step.learning_rate * sums.gradient / curvature } else { 0.0 };
        tree.set_value(leaf.node, value);
        self.leaves.push(leaf.rows);
        self.values.push(value);
    }
}

/// The columns that a tree looks at.
fn seen<'b>(look: &'b Option<Look>, data: &'b Binned, cuts: &'b Cuts) -> (&'b Binned, &'b Cuts) {
    look.as_ref().map_or((data, cuts), |look| (&look.data, &look.cuts))
}

/// What rows sum to.
fn total(fixed: &FixedPoint, rows: &[u32]) -> Cell {
    let (derivatives, one) = (fixed.rows(), fixed.units().one_row());
    rows.iter().fold([0; 2], |sum, &row| {
        let [gradient, hessian] = derivatives[row as usize];
        [sum[0] + i64::from(gradient), sum[1] + one + i64::from(hessian)]
    })
}

/// Moves the rows that go left before those that go right, both in their old order, and returns how many go left. Every row is written to both sides
/// and one of them moves on: a branch here would be mispredicted half of the time.
fn partition(data: &Binned, split: &Split, rows: &mut [u32], right_rows: &mut [u32]) -> usize {
    let bins = data.bins.get(usize::from(split.feature)..).unwrap_or_default();
    let right_rows = &mut right_rows[..rows.len()];
    let (mut n_left, mut n_right) = (0, 0);
    for at in 0..rows.len() {
        let row = rows[at];
        let goes_left = bins[row as usize * data.n_features] <= split.left_bin;
        rows[n_left] = row;
        right_rows[n_right] = row;
        n_left += usize::from(goes_left);
        n_right += usize::from(!goes_left);
    }
    rows[n_left..].copy_from_slice(&right_rows[..n_right]);
    n_left
}

/// Larger gains first; of equal ones the older node.
impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.split.gain.total_cmp(&other.split.gain).then_with(|| other.leaf.node.cmp(&self.leaf.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::{Derivatives, SplitGain};
    use crate::rng;

    struct Case {
        data: Binned,
        cuts: Cuts,
        fixed: FixedPoint,
    }

    fn case(features: &[f32], n_features: usize, gradients: &[f64]) -> Case {
        let cuts = Cuts::of(features, n_features, 255);
        let mut fixed = FixedPoint::new(gradients.len());
        let derivatives: Vec<Derivatives> =
            gradients.iter().map(|&gradient| Derivatives { gradient, hessian: 0.25 }).collect();
        fixed.round(&derivatives);
        Case { data: cuts.bin(features), cuts, fixed }
    }

    fn random(n_rows: usize, n_features: usize) -> Case {
        let mut rng = rng::stream(9, "test", 0);
        let features: Vec<f32> = (0..n_rows * n_features).map(|_| rng::below(&mut rng, 200) as f32).collect();
        let gradients: Vec<f64> = (0..n_rows).map(|_| rng::normal(&mut rng)).collect();
        case(&features, n_features, &gradients)
    }

    type Grown = (Tree, Vec<(Range<usize>, f64)>, Vec<u32>);

    fn grown(case: &Case, settings: &Settings, max_slots: usize) -> Grown {
        let n_rows = case.fixed.rows().len();
        let histograms = Histograms::with_slots(case.data.n_features, n_rows, max_slots);
        let mut grower = Grower::new(&case.data, &case.cuts, n_rows, settings, histograms);
        let mut rows: Vec<u32> = (0..n_rows as u32).collect();
        let tree = grower.grow(&case.fixed, &mut rows);
        let leaves = grower.leaves().collect();
        (tree, leaves, rows)
    }

    fn settings(max_depth: usize, max_leaves: usize) -> Settings {
        Settings { max_depth, max_leaves, learning_rate: 1.0, ..Settings::default() }
    }

    #[test]
    fn a_hand_computed_tree() {
        // Root: {2, 2 | -2, -1, -3}, then {-2, -1 | -3} gains (3²/2 + 3²/1 - 6²/3) = 1.5 and {-2 | -1, -3} nothing.
        let case = case(&[1.0, 2.0, 3.0, 4.0, 9.0], 1, &[2.0, 2.0, -2.0, -1.0, -3.0]);
        let (tree, _, rows) = grown(&case, &settings(2, 0), 9);
        let (root, right) = (tree.branch(0).unwrap(), tree.branch(2).unwrap());
        assert_eq!((root.threshold, root.left, right.threshold, right.left), (2.5, 1, 6.5, 3));
        assert!((right.gain - 1.5).abs() < 1e-7);
        // Newton steps: -(2 + 2)/0.5, 3/0.5, 3/0.25
        let values = [1, 3, 4].map(|leaf| tree.value(leaf));
        assert!(values.iter().zip([-8.0, 6.0, 12.0]).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
        assert_eq!(rows, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_leaf_that_gains_most_is_split_first() {
        // After the root split the right half gains 8 (from ±2), the left 2 (from ±1).
        let features: Vec<f32> = (0..8).map(|x| x as f32).collect();
        let case = case(&features, 1, &[9.0, 9.0, 11.0, 11.0, -8.0, -8.0, -12.0, -12.0]);
        let (tree, ..) = grown(&case, &settings(0, 3), 9);
        assert_eq!(tree.n_leaves(), 3);
        assert_eq!((tree.branch(1), tree.branch(2).unwrap().threshold), (None, 5.5));
        let (all, ..) = grown(&case, &settings(0, 0), 9);
        assert_eq!((all.n_leaves(), all.branch(1).unwrap().threshold), (4, 1.5));
    }

    #[test]
    fn depth_and_leaves_limit_together() {
        let case = random(3000, 4);
        for (max_depth, max_leaves) in [(3, 0), (3, 5), (0, 31), (2, 31), (6, 20), (0, 1), (1, 0)] {
            let (tree, leaves, mut rows) = grown(&case, &settings(max_depth, max_leaves), 99);
            assert!(max_depth == 0 || tree.depth() <= max_depth);
            let expected = match (max_depth, max_leaves) {
                (0, leaves) => leaves,
                (depth, 0) => 1 << depth,
                (depth, leaves) => leaves.min(1 << depth),
            };
            assert_eq!((tree.n_leaves(), leaves.len()), (expected, expected), "{max_depth} {max_leaves}");
            assert_eq!(leaves.iter().map(|(rows, _)| rows.len()).sum::<usize>(), 3000);
            rows.sort_unstable();
            assert!(rows.iter().enumerate().all(|(at, &row)| at == row as usize));
        }
    }

    #[test]
    fn without_room_for_histograms_the_tree_is_the_same() {
        let case = random(3000, 4);
        for split in [SplitGain::Friedman, SplitGain::Newton] {
            let settings = Settings { split, min_leaf: 3, ..settings(0, 200) };
            let (tree, leaves, rows) = grown(&case, &settings, 1000);
            for max_slots in [1, 2, 3, 7] {
                let (other, other_leaves, other_rows) = grown(&case, &settings, max_slots);
                assert!(other == tree && other_leaves == leaves && other_rows == rows, "{max_slots} slots");
            }
        }
    }

    #[test]
    fn a_tree_sees_nothing_of_the_columns_and_rows_of_the_one_before() {
        let case = random(3000, 5);
        let settings = settings(4, 0);
        let grow = |looks: &[(&[u16], usize)]| {
            let mut grower = Grower::new(&case.data, &case.cuts, 3000, &settings, Histograms::with_slots(2, 3000, 99));
            let trees = looks.iter().map(|&(columns, first)| {
                let mut rows: Vec<u32> = (first as u32..3000).step_by(2).collect();
                grower.look_at(columns, &rows);
                grower.grow(&case.fixed, &mut rows)
            });
            trees.last().unwrap()
        };
        let alone = grow(&[(&[1, 4], 1)]);
        assert!(grow(&[(&[0, 3], 0), (&[1, 4], 1)]) == alone && grow(&[(&[1, 4], 0), (&[1, 4], 1)]) == alone);
        assert!(grow(&[(&[0, 3], 1)]) != alone && grow(&[(&[1, 4], 0)]) != alone);
        let used: Vec<usize> = (0..alone.n_nodes()).filter_map(|node| Some(alone.branch(node)?.feature)).collect();
        assert!(used.contains(&1) && used.contains(&4) && used.iter().all(|feature| [1, 4].contains(feature)));
    }

    #[test]
    fn more_leaves_than_rows_are_not_made() {
        let case = random(20, 2);
        let (tree, leaves, _) = grown(&case, &settings(0, 0), 9);
        assert!(tree.n_leaves() <= 20 && leaves.iter().all(|(rows, _)| !rows.is_empty()));
        assert_eq!(grown(&random(1, 2), &settings(0, 0), 9).0.n_leaves(), 1);
        assert_eq!(grown(&random(0, 2), &settings(0, 0), 9).0.value(0), 0.0);
    }

    #[test]
    fn every_leaf_keeps_its_least_number_of_rows() {
        let (tree, leaves, _) = grown(&random(1000, 3), &Settings { min_leaf: 40, ..settings(0, 0) }, 9);
        assert!(tree.n_leaves() > 8 && leaves.iter().all(|(rows, _)| rows.len() >= 40));
    }
}
