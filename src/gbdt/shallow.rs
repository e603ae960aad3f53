//! Trees of three levels at most, for many rows at once: every comparison is made, none is waited for.
//!
//! Walking a tree loads a node, then a feature, then the next node, each after the other. A complete tree of three levels has seven comparisons; made for a block
//! of rows side by side, column by column, they are a few vector instructions, and what remains is to look up the value of the leaf.

use super::tree::Tree;

/// Levels of splits at most.
pub const DEPTH: usize = 3;

/// Rows of a block.
pub const ROWS: usize = 64;

/// Inner nodes of the complete tree, in breadth-first order.
const NODES: usize = (1 << DEPTH) - 1;

/// Leaves of the complete tree.
const LEAVES: usize = 1 << DEPTH;

/// A tree, completed: below a leaf that comes early, every row goes left and finds its value again.
#[derive(Debug, Clone, PartialEq)]
pub struct Shallow {
    features: [usize; NODES],
    thresholds: [f32; NODES],
    values: [f64; LEAVES],
}

impl Shallow {
    /// A tree; `None` for one that is deeper.
    pub fn of(tree: &Tree) -> Option<Self> {
        if tree.depth() > DEPTH {
            return None;
        }
        let mut out = Self { features: [0; NODES], thresholds: [f32::INFINITY; NODES], values: [0.0; LEAVES] };
        out.fill(tree, 0, 0);
        Some(out)
    }

    /// Copies what is below a node of the tree to `place` of the complete tree, breadth-first: the children of p stand at 2p + 1 and 2p + 2.
    fn fill(&mut self, tree: &Tree, node: usize, place: usize) {
        if place >= NODES {
            self.values[place - NODES] = tree.value(node);
            return;
        }
        let (left, right) = match tree.branch(node) {
            Some(branch) => {
                (self.features[place], self.thresholds[place]) = (branch.feature, branch.threshold);
                (branch.left, branch.left + 1)
            }
            None => (node, node),
        };
        self.fill(tree, left, 2 * place + 1);
        self.fill(tree, right, 2 * place + 2);
    }

    /// Adds the tree's values to the scores of a block of rows.
    ///
    /// - `columns`: `[n_features × ROWS]`: each feature of all rows, then the next. A row goes right where its feature is above the threshold.
    #[inline(always)]
    pub fn add_to(&self, columns: &[[f32; ROWS]], out: &mut [f64; ROWS]) {
        let node = |place: usize| (&columns[self.features[place]], self.thresholds[place]);
        let [a, b, c, d, e, f, g] = std::array::from_fn(node);
        let mut leaves = [0_u32; ROWS];
        for row in 0..ROWS {
            let is_right = |(column, threshold): (&[f32; ROWS], f32)| column[row] > threshold;
            let choose = |right: bool, if_left: u32, if_right: u32| if right { if_right } else { if_left };
            let on_left = choose(is_right(b), choose(is_right(d), 0, 1), choose(is_right(e), 2, 3));
            let on_right = choose(is_right(c), choose(is_right(f), 4, 5), choose(is_right(g), 6, 7));
            leaves[row] = choose(is_right(a), on_left, on_right);
        }
        // Four values make a vector, so that they are added at once.
        for (out, leaves) in out.as_chunks_mut::<4>().0.iter_mut().zip(leaves.as_chunks::<4>().0) {
            let values: [f64; 4] = std::array::from_fn(|row| self.values[leaves[row] as usize % LEAVES]);
            out.iter_mut().zip(values).for_each(|(out, value)| *out += value);
        }
    }
}

/// Turns a block of rows, row-major, into columns.
pub fn transpose(rows: &[f32], columns: &mut [[f32; ROWS]]) {
    let n_features = columns.len();
    for (place, row) in rows.chunks_exact(n_features.max(1)).enumerate() {
        columns.iter_mut().zip(row).for_each(|(column, &x)| column[place] = x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    /// A tree whose leaves are split at random, `n_splits` times.
    fn random(seed: u64, n_splits: usize) -> Tree {
        let mut stream = rng::stream(seed, "test", 0);
        let (mut tree, mut leaves) = (Tree::leaf(), vec![(0, 0)]);
        for split in 0..n_splits {
            let open: Vec<usize> = (0..leaves.len()).filter(|&leaf| leaves[leaf].1 < DEPTH).collect();
            let chosen = open[rng::below(&mut stream, open.len() as u64) as usize];
            let (leaf, depth) = leaves.swap_remove(chosen);
            let feature = rng::below(&mut stream, 3) as u16;
            let left = tree.split(leaf, depth, feature, rng::normal(&mut stream) as f32, 1.0);
            tree.set_value(left, 10.0 * split as f64 + 1.0);
            tree.set_value(left + 1, 10.0 * split as f64 + 2.0);
            leaves.extend([(left, depth + 1), (left + 1, depth + 1)]);
        }
        tree
    }

    #[test]
    fn every_row_ends_where_a_walk_ends() {
        let mut stream = rng::stream(5, "test", 1);
        let mut rows: Vec<f32> = (0..3 * ROWS).map(|_| rng::normal(&mut stream) as f32).collect();
        rows[..6].copy_from_slice(&[f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::NAN, f32::INFINITY, -0.0]);
        let mut columns = vec![[0.0; ROWS]; 3];
        transpose(&rows, &mut columns);
        for seed in 0..40 {
            let tree = random(seed, 1 + seed as usize % NODES);
            let (mut walked, mut found) = (vec![0.5; ROWS], [0.5; ROWS]);
            tree.add_to(&rows, 3, &mut walked);
            Shallow::of(&tree).unwrap().add_to(&columns, &mut found);
            assert_eq!(walked, found, "{tree:?}");
        }
    }

    #[test]
    fn a_leaf_is_a_shallow_tree_and_four_levels_are_not() {
        let mut out = [1.0; ROWS];
        Shallow::of(&Tree::leaf()).unwrap().add_to(&[[0.0; ROWS]], &mut out);
        assert_eq!(out, [1.0; ROWS]);
        let (mut tree, mut leaf) = (Tree::leaf(), 0);
        for depth in 0..=DEPTH {
            leaf = tree.split(leaf, depth, 0, 0.0, 1.0);
        }
        assert_eq!(Shallow::of(&tree), None);
    }
}
