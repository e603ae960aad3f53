//! Fitted trees that add up to a score.

use super::shallow::{self, Shallow};
use super::tree::Tree;
use rayon::prelude::*;

/// A start score and the trees that correct it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// Score before the first tree.
    pub start: f64,
    /// Columns it was fitted on.
    pub n_features: usize,
    trees: Vec<Tree>,
    /// All trees, completed; `None` where one is too deep.
    shallow: Option<Vec<Shallow>>,
}

impl Ensemble {
    /// - `trees`: in the order in which they were fitted; leaf values include the learning rate.
    pub fn new(start: f64, trees: Vec<Tree>, n_features: usize) -> Self {
        let shallow = trees.iter().map(Shallow::of).collect();
        Self { start, n_features, trees, shallow }
    }

    /// In the order in which they were fitted.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Scores of rows: `start + Σ tree(row)`, summed in the order of the trees.
    ///
    /// - `features`: `[n_rows × n_features]`, row-major; infinite or not a number is allowed and ends at some leaf. `out`: `[n_rows]`.
    /// - Cost: O(n_rows · Σ depth), one buffer per thread; all trees pass over a block of rows before the next, so that its features and sums stay in the
    ///   first-level cache; parallel over blocks of rows; the same bits for a row whatever stands beside it.
    pub fn score(&self, features: &[f32], out: &mut [f64]) {
        debug_assert_eq!(features.len(), out.len() * self.n_features);
        if self.n_features == 0 {
            return out.fill(self.start);
        }
        // At least 16 blocks per task: a user's few hundred candidates are not worth another thread.
        out.par_chunks_mut(shallow::ROWS)
            .zip(features.par_chunks(shallow::ROWS * self.n_features))
            .with_min_len(16)
            .for_each_init(
                || vec![shallow::Column::default(); self.n_features],
                |columns, (out, features)| match &self.shallow {
                    Some(trees) => {
                        shallow::transpose(features, columns);
                        self.score_block(trees, columns, out);
                    }
                    None => self.walk(features, out),
                },
            );
    }

    /// The same of features column by column, `[n_features × n_rows]`: the bits of [`Ensemble::score`], without turning rows into columns.
    pub fn score_columns(&self, features: &[f32], out: &mut [f64]) {
        debug_assert_eq!(features.len(), out.len() * self.n_features);
        let n_rows = out.len();
        if self.n_features == 0 || n_rows == 0 {
            return out.fill(self.start);
        }
        let scratch = || (vec![shallow::Column::default(); self.n_features], Vec::new());
        out.par_chunks_mut(shallow::ROWS).enumerate().with_min_len(16).for_each_init(
            scratch,
            |(columns, rows), (block, out)| {
                let own = block * shallow::ROWS..block * shallow::ROWS + out.len();
                let own = features.chunks_exact(n_rows).map(|column| &column[own.clone()]);
                if let Some(trees) = &self.shallow {
                    for (to, column) in columns.iter_mut().zip(own) {
                        to.as_flattened_mut()[..column.len()].copy_from_slice(column);
                    }
                    self.score_block(trees, columns, out);
                } else {
                    rows.clear();
                    rows.resize(out.len() * self.n_features, 0.0);
                    for (feature, column) in own.enumerate() {
                        let cells = rows.iter_mut().skip(feature).step_by(self.n_features);
                        cells.zip(column).for_each(|(cell, &x)| *cell = x);
                    }
                    self.walk(rows, out);
                }
            },
        );
    }

    /// Scores a block by shallow trees. The last may have fewer rows than columns have room for: what else stands there is scored too, and forgotten.
    fn score_block(&self, trees: &[Shallow], columns: &[shallow::Column], out: &mut [f64]) {
        let mut sums = [self.start; shallow::ROWS];
        shallow::add_all(trees, columns, &mut sums);
        out.copy_from_slice(&sums[..out.len()]);
    }

    /// Scores a block row by row.
    fn walk(&self, features: &[f32], out: &mut [f64]) {
        out.fill(self.start);
        self.trees.iter().for_each(|tree| tree.add_to(features, self.n_features, out));
    }

    /// Share of each feature in the gain of all splits, `[n_features]`: sums to 1, or all 0 where nothing was split. Source: Breiman et al. (1984).
    pub fn gain_shares(&self) -> Vec<f64> {
        let mut gains = vec![0.0; self.n_features];
        for tree in &self.trees {
            for branch in (0..tree.n_nodes()).filter_map(|node| tree.branch(node)) {
                gains[branch.feature] += branch.gain;
            }
        }
        let total: f64 = gains.iter().sum();
        if total > 0.0 {
            gains.iter_mut().for_each(|gain| *gain /= total);
        }
        gains
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump(feature: u16, gain: f64, values: [f64; 2]) -> Tree {
        let mut tree = Tree::leaf();
        let left = tree.split(0, 0, feature, 0.0, gain);
        tree.set_value(left, values[0]);
        tree.set_value(left + 1, values[1]);
        tree
    }

    fn ensemble() -> Ensemble {
        Ensemble::new(0.5, vec![stump(0, 3.0, [1.0, 2.0]), stump(2, 1.0, [10.0, 20.0])], 3)
    }

    #[test]
    fn scores_are_the_start_plus_every_tree() {
        let mut out = [0.0; 2];
        ensemble().score(&[-1.0, 0.0, 5.0, 1.0, 0.0, -5.0], &mut out);
        assert_eq!(out, [21.5, 12.5]);
    }

    #[test]
    fn a_row_scores_the_same_alone_and_among_others() {
        let features: Vec<f32> = (0..3 * 1000).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
        let (mut together, mut alone) = (vec![0.0; 1000], vec![0.0; 1000]);
        ensemble().score(&features, &mut together);
        for (row, out) in features.chunks(3).zip(alone.chunks_mut(1)) {
            ensemble().score(row, out);
        }
        assert_eq!(together, alone);
    }

    #[test]
    fn rows_and_columns_score_the_same() {
        let mut leaf = 0;
        let mut tree = Tree::leaf();
        for depth in 0..5 {
            leaf = tree.split(leaf, depth, 1, 10.0 * depth as f32 - 20.0, 1.0) + 1;
            tree.set_value(leaf, 0.1 + depth as f64);
        }
        let deep = Ensemble::new(0.5, [ensemble().trees, vec![tree]].concat(), 3);
        for ensemble in [ensemble(), deep] {
            for n_rows in [0, 1, 64, 1000] {
                let columns: Vec<f32> = (0..3 * n_rows).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
                let rows: Vec<f32> = (0..n_rows)
                    .flat_map(|row| (0..3).map(move |at| (at, row)))
                    .map(|(at, row)| columns[at * n_rows + row])
                    .collect();
                let (mut by_row, mut by_column) = (vec![0.0; n_rows], vec![0.0; n_rows]);
                ensemble.score(&rows, &mut by_row);
                ensemble.score_columns(&columns, &mut by_column);
                assert_eq!(by_row, by_column);
            }
        }
    }

    #[test]
    fn gain_shares_sum_to_one_or_are_zero() {
        assert_eq!(ensemble().gain_shares(), [0.75, 0.0, 0.25]);
        let bare = Ensemble::new(1.0, vec![Tree::leaf()], 2);
        assert_eq!(bare.gain_shares(), [0.0, 0.0]);
        let mut out = [0.0; 2];
        Ensemble { n_features: 0, ..bare }.score(&[], &mut out);
        assert_eq!(out, [1.0, 1.0]);
    }
}
