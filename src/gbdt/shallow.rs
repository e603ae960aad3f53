//! Trees of three levels at most, for many rows at once: every comparison is made, none is waited for.
//!
//! Walking a tree loads a node, then a feature, then the next node, each after the other. A complete tree of three levels has seven comparisons; made for a block
//! of rows side by side, column by column, they are a few vector instructions, and what remains is to look up the value of the leaf. With AVX2 eight rows look
//! theirs up in two instructions, one for each half of the bits of a value; elsewhere row by row. Sums are added in the order of the trees either way.

use super::tree::Tree;
use crate::linalg::widest;

/// Levels of splits at most.
pub const DEPTH: usize = 3;

/// Rows of a block.
pub const ROWS: usize = 64;

/// Rows side by side.
const LANES: usize = 8;
const BLOCKS: usize = ROWS / LANES;

/// A feature of a block of rows.
pub type Column = [[f32; LANES]; BLOCKS];

/// Inner nodes of the complete tree, in breadth-first order.
const NODES: usize = (1 << DEPTH) - 1;

/// Leaves of the complete tree.
const LEAVES: usize = 1 << DEPTH;

/// Adds the values of all trees, in their order, to the scores of a block of rows.
///
/// - `columns`: `[n_features × ROWS]`: each feature of all rows, then the next. A row goes right where its feature is above the threshold.
pub fn add_all(trees: &[Shallow], columns: &[Column], out: &mut [f64; ROWS]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return simd.vectorize(avx2::AddAll { simd, trees, columns, out });
    }
    add_all_portably(trees, columns, out);
}

#[cfg_attr(target_arch = "x86_64", cold)]
fn add_all_portably(trees: &[Shallow], columns: &[Column], out: &mut [f64; ROWS]) {
    widest(
        #[inline(always)]
        || {
            // A loop, not `for_each`: what a closure of a library function calls is compiled for the narrowest unit.
            for tree in trees {
                tree.add_to(columns, out);
            }
        },
    );
}

/// A tree, completed: below a leaf that comes early, every row goes left and finds its value again.
#[derive(Debug, Clone, PartialEq)]
pub struct Shallow {
    features: [usize; NODES],
    thresholds: [f32; NODES],
    values: [f64; LEAVES],
    /// The lower and the upper halves of the bits of values: that of the leaf whose negative, modulo 8, is the place.
    halves: [[u32; LEAVES]; 2],
}

impl Shallow {
    /// A tree; `None` for one that is deeper.
    pub fn of(tree: &Tree) -> Option<Self> {
        if tree.depth() > DEPTH {
            return None;
        }
        let (features, thresholds) = ([0; NODES], [f32::INFINITY; NODES]);
        let mut out = Self { features, thresholds, values: [0.0; LEAVES], halves: [[0; LEAVES]; 2] };
        out.fill(tree, 0, 0);
        for (leaf, value) in out.values.into_iter().enumerate() {
            let place = (LEAVES - leaf) % LEAVES;
            (out.halves[0][place], out.halves[1][place]) = (value.to_bits() as u32, (value.to_bits() >> 32) as u32);
        }
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
    #[inline(always)]
    fn add_to(&self, columns: &[Column], out: &mut [f64; ROWS]) {
        let node = |place: usize| (columns[self.features[place]].as_flattened(), self.thresholds[place]);
        let [a, b, c, d, e, f, g] = std::array::from_fn(node);
        let mut leaves = [0_u32; ROWS];
        for row in 0..ROWS {
            let is_right = |(column, threshold): (&[f32], f32)| column[row] > threshold;
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

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{BLOCKS, Column, LANES, ROWS, Shallow};
    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast};
    use std::arch::x86_64::{__m256, __m256d, __m256i, _CMP_LT_OQ};

    pub(super) struct AddAll<'a> {
        pub simd: V3,
        pub trees: &'a [Shallow],
        pub columns: &'a [Column],
        pub out: &'a mut [f64; ROWS],
    }

    impl NullaryFnOnce for AddAll<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self { simd, trees, columns, out } = self;
            // Sums stand as the halves of values come together: of eight rows the first and second of either four, then the others.
            let mut sums: [[__m256d; 2]; BLOCKS] = cast(to_halves(*out, [0, 1, 4, 5, 2, 3, 6, 7]));
            for tree in trees {
                // Written out: what `map` calls would stay compiled for the narrowest unit.
                let node = |place: usize| -> (&Column, __m256) {
                    (&columns[tree.features[place]], simd.avx._mm256_set1_ps(tree.thresholds[place]))
                };
                let (a, b, c, d, e, f, g) = (node(0), node(1), node(2), node(3), node(4), node(5), node(6));
                let [low, high]: [__m256i; 2] = cast(tree.halves);
                for (block, sums) in sums.iter_mut().enumerate() {
                    let is_right = |(column, threshold): (&Column, __m256)| -> __m256 {
                        simd.avx._mm256_cmp_ps::<_CMP_LT_OQ>(threshold, cast(column[block]))
                    };
                    let choose = |right: __m256, if_left: __m256, if_right: __m256| -> __m256 {
                        simd.avx._mm256_blendv_ps(if_left, if_right, right)
                    };
                    let (first, on_left, on_right) = (is_right(a), is_right(b), is_right(c));
                    let second = choose(first, on_left, on_right);
                    let left = choose(on_left, is_right(d), is_right(e));
                    let right = choose(on_right, is_right(f), is_right(g));
                    let third = choose(first, left, right);
                    // A comparison that holds is −1: four times the first, twice the second and the third are the negative of the leaf, whose last three bits choose.
                    let [first, second, third]: [__m256i; 3] = cast([first, second, third]);
                    let twice = simd.avx2._mm256_add_epi32(simd.avx2._mm256_add_epi32(first, first), second);
                    let leaf = simd.avx2._mm256_add_epi32(simd.avx2._mm256_add_epi32(twice, twice), third);
                    let low = simd.avx2._mm256_permutevar8x32_epi32(low, leaf);
                    let high = simd.avx2._mm256_permutevar8x32_epi32(high, leaf);
                    let values: [__m256d; 2] =
                        cast([simd.avx2._mm256_unpacklo_epi32(low, high), simd.avx2._mm256_unpackhi_epi32(low, high)]);
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = simd.avx._mm256_add_pd(*sum, value);
                    }
                }
            }
            // The order is its own inverse.
            *out = to_halves(cast(sums), [0, 1, 4, 5, 2, 3, 6, 7]);
        }
    }

    /// Eight after the other, in another order.
    #[inline(always)]
    fn to_halves(values: [f64; ROWS], order: [usize; LANES]) -> [f64; ROWS] {
        std::array::from_fn(|row| values[row / LANES * LANES + order[row % LANES]])
    }
}

/// Turns a block of rows, row-major, into columns.
pub fn transpose(rows: &[f32], columns: &mut [Column]) {
    let n_features = columns.len();
    for (place, row) in rows.chunks_exact(n_features.max(1)).enumerate() {
        columns.iter_mut().zip(row).for_each(|(column, &x)| column.as_flattened_mut()[place] = x);
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
        let mut columns = vec![Column::default(); 3];
        transpose(&rows, &mut columns);
        for seed in 0..40 {
            let tree = random(seed, 1 + seed as usize % NODES);
            let (mut walked, mut found) = (vec![0.5; ROWS], [0.5; ROWS]);
            tree.add_to(&rows, 3, &mut walked);
            add_all(&[Shallow::of(&tree).unwrap()], &columns, &mut found);
            assert_eq!(walked, found, "{tree:?}");
        }
    }

    #[test]
    fn trees_add_up_alike_with_and_without_vectors() {
        let mut stream = rng::stream(5, "test", 2);
        let mut columns = vec![Column::default(); 3];
        let cells = columns.as_flattened_mut().as_flattened_mut();
        cells.iter_mut().for_each(|cell| *cell = rng::normal(&mut stream) as f32);
        // Values with all their bits, whose sums depend on the order.
        let mut draw = |seed| {
            let mut tree = random(seed, NODES);
            (0..tree.n_nodes()).for_each(|node| tree.set_value(node, rng::normal(&mut stream)));
            Shallow::of(&tree).unwrap()
        };
        let trees: Vec<Shallow> = (0..40).map(&mut draw).collect();
        let (mut found, mut portable) = ([0.1; ROWS], [0.1; ROWS]);
        add_all(&trees, &columns, &mut found);
        add_all_portably(&trees, &columns, &mut portable);
        assert_eq!(found.map(f64::to_bits), portable.map(f64::to_bits));
    }

    #[test]
    fn a_leaf_is_a_shallow_tree_and_four_levels_are_not() {
        let mut out = [1.0; ROWS];
        add_all(&[Shallow::of(&Tree::leaf()).unwrap()], &[Column::default()], &mut out);
        assert_eq!(out, [1.0; ROWS]);
        let (mut tree, mut leaf) = (Tree::leaf(), 0);
        for depth in 0..=DEPTH {
            leaf = tree.split(leaf, depth, 0, 0.0, 1.0);
        }
        assert_eq!(Shallow::of(&tree), None);
    }
}
