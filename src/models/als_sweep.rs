//! One half of an epoch of alternating least squares: the best vector of every user while the items stand still, or of every item while the users do.
//!
//! Each row is a small ridge regression, alone with what it reads, so rows are solved in parallel, in fixed blocks. What was given up: conjugate gradients
//! (Takács, Pilászy & Tikk 2011), which are faster from some hundred factors on, but whose answer depends on where they start.

use super::factorization::Side;
use super::stored;
use crate::error::{Error, Result};
use crate::linalg::{SparseRows, cholesky};
use crate::parallel;
use std::ops::Range;

/// Rows that are solved as one piece of work.
const ROWS: usize = 64;
/// Vectors that are added up as one piece of work.
const VECTORS: usize = 1024;
/// Vectors whose products are added to a matrix in one pass over it.
const BATCH: usize = 4;

/// One side's rows, to be solved while the other side stands still.
pub struct Sweep<'a> {
    /// The model's kind, for errors.
    pub model: &'static str,
    /// `t`, `[n_rows × n_others]`.
    pub cells: &'a SparseRows,
    /// `q`: the side that stands still.
    pub others: &'a Side,
    /// Numbers of a vector, without padding.
    pub factors: usize,
    /// `Σ_c q_c q_cᵀ` over all of `others`, from [`gram`], when cells that are not there count as 0; all zeros when they do not count.
    pub gram: &'a [f64],
    /// How much more a cell counts than one that is not there.
    pub weight: f64,
    /// How much a cell counts in all: `weight + 1` beside a Gram matrix, `weight` without.
    pub gain: f64,
    /// `λ` of each row, `[n_rows]`.
    pub penalties: &'a [f64],
}

/// What a sweep reached, added up over its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reached {
    /// The least value of the objective, penalties of this side included.
    pub minimum: f64,
    /// `Σ λ |x|²`.
    pub penalty: f64,
}

/// `Σ_c q_c q_cᵀ`, lower triangle, `[factors × factors]`: what all rows of a sweep have in common.
///
/// - Cost: O(n factors² / 2), in parallel over blocks of vectors, which are added up in order.
///
/// # Errors
/// [`Error::Interrupted`] when asked to stop.
pub fn gram(side: &Side, factors: usize) -> Result<Vec<f64>> {
    let blocks = parallel::map_blocks(side.is_known.len(), VECTORS, |rows| -> Result<Vec<f64>> {
        parallel::check()?;
        let (mut sum, mut batch) = (vec![0.0; factors * factors], vec![0.0; BATCH * factors]);
        for first in rows.clone().step_by(BATCH) {
            read(side, first as u32..rows.end.min(first + BATCH) as u32, &mut batch);
            add_products(&mut sum, factors, &batch, 1.0);
        }
        Ok(sum)
    });
    let mut out = vec![0.0; factors * factors];
    for block in blocks {
        out.iter_mut().zip(block?).for_each(|(sum, cell)| *sum += cell);
    }
    Ok(out)
}

/// Reads up to [`BATCH`] vectors in f64; zeros behind them.
fn read(side: &Side, rows: impl Iterator<Item = u32>, batch: &mut [f64]) {
    let factors = batch.len() / BATCH;
    let mut vectors = batch.chunks_exact_mut(factors);
    for (row, vector) in rows.zip(&mut vectors) {
        vector.iter_mut().zip(side.vector(row)).for_each(|(out, &factor)| *out = f64::from(factor));
    }
    vectors.for_each(|vector| vector.fill(0.0));
}

/// Adds `weight Σ q qᵀ` of a batch to the lower triangle of a matrix.
fn add_products(matrix: &mut [f64], factors: usize, batch: &[f64], weight: f64) {
    let [q0, q1, q2, q3] = [0, 1, 2, 3].map(|at| &batch[at * factors..][..factors]);
    for (row, cells) in matrix.chunks_exact_mut(factors).enumerate() {
        let [x0, x1, x2, x3] = [q0, q1, q2, q3].map(|q| weight * q[row]);
        for ((((cell, y0), y1), y2), y3) in cells[..=row].iter_mut().zip(q0).zip(q1).zip(q2).zip(q3) {
            *cell += (x0 * y0 + x1 * y1) + (x2 * y2 + x3 * y3);
        }
    }
}

/// What a worker writes on.
struct Scratch {
    /// `[factors × factors]`
    matrix: Vec<f64>,
    /// `[factors]`
    right: Vec<f64>,
    /// `[factors]`
    solution: Vec<f64>,
    /// `[BATCH × factors]`
    batch: Vec<f64>,
}

impl Sweep<'_> {
    /// Sets the vector of every row that has cells to `argmin_x Σ_c gain (t_c − x·q_c)² + Σ_other (x·q)² + λ |x|²`, the second sum, over the cells
    /// that are not there, with a Gram matrix `G` only: the solution of `(G + weight Σ_c q_c q_cᵀ + λ I) x = gain Σ_c t_c q_c`.
    ///
    /// - Cost: O(cells factors² / 2 + rows factors³ / 6); the result depends on no number of threads.
    ///
    /// # Errors
    /// [`Error::Model`] when a row's system is not positive definite to working precision, [`Error::Interrupted`] when asked to stop.
    pub fn solve(&self, rows: &mut Side) -> Result<Reached> {
        let width = rows.width;
        let blocks = parallel::map_blocks(self.cells.n_rows(), ROWS, |range| self.block(range, width));
        let mut out = Reached::default();
        for (block, factors) in blocks.into_iter().zip(rows.factors.chunks_mut(ROWS * width)) {
            let (vectors, reached) = block?;
            factors.copy_from_slice(&vectors);
            out.minimum += reached.minimum;
            out.penalty += reached.penalty;
        }
        Ok(out)
    }

    fn block(&self, rows: Range<usize>, width: usize) -> Result<(Vec<f32>, Reached)> {
        parallel::check()?;
        let zeros = |n: usize| vec![0.0; n * self.factors];
        let mut scratch =
            Scratch { matrix: zeros(self.factors), right: zeros(1), solution: zeros(1), batch: zeros(BATCH) };
        let (mut vectors, mut out) = (vec![0.0_f32; rows.len() * width], Reached::default());
        for (row, vector) in rows.zip(vectors.chunks_exact_mut(width)) {
            if self.cells.row_len(row) > 0 {
                let reached = self.row(row, &mut scratch).ok_or_else(|| self.unsolvable())?;
                vector.iter_mut().zip(&scratch.solution).for_each(|(out, &x)| *out = stored(x));
                out.minimum += reached.minimum;
                out.penalty += reached.penalty;
            }
        }
        Ok((vectors, out))
    }

    /// Solves one row; `None` when it cannot be.
    fn row(&self, row: usize, scratch: &mut Scratch) -> Option<Reached> {
        let Scratch { matrix, right, solution, batch } = scratch;
        matrix.copy_from_slice(self.gram);
        right.fill(0.0);
        let (columns, values) = self.cells.row(row);
        let mut constant = 0.0;
        for (columns, values) in columns.chunks(BATCH).zip(values.chunks(BATCH)) {
            read(self.others, columns.iter().copied(), batch);
            add_products(matrix, self.factors, batch, self.weight);
            for (vector, &value) in batch.chunks_exact(self.factors).zip(values) {
                let said = self.gain * f64::from(value);
                right.iter_mut().zip(vector).for_each(|(sum, factor)| *sum += said * factor);
                constant += said * f64::from(value);
            }
        }
        matrix.iter_mut().step_by(self.factors + 1).for_each(|cell| *cell += self.penalties[row]);
        solution.copy_from_slice(right);
        // At A x = b the objective c − 2 b·x + x·A x is c − b·x.
        let is_solved = cholesky::solve(matrix, solution);
        is_solved.then(|| Reached {
            minimum: constant - right.iter().zip(&*solution).map(|(b, x)| b * x).sum::<f64>(),
            penalty: self.penalties[row] * solution.iter().map(|x| x * x).sum::<f64>(),
        })
    }

    fn unsolvable(&self) -> Error {
        Error::Model {
            model: self.model.into(),
            message: "the equations of a user or item cannot be solved to working precision".into(),
            help: Some("raise reg, or lower weight".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// q_0 = (1, 0), q_1 = (0, 2), q_2 unknown.
    fn others() -> Side {
        let mut numbers = [1.0, 0.0, 0.0, 2.0].into_iter();
        Side::new(vec![true, true, false], 2, || numbers.next().unwrap())
    }

    fn solve(cells: &[(u32, u32, f32)], gram: &[f64], (weight, gain): (f64, f64)) -> Result<(Side, Reached)> {
        let cells = SparseRows::from_triples(2, 3, cells.iter().copied());
        let mut rows = Side::new(vec![true, true], 2, || 9.0);
        let others = others();
        let sweep = Sweep {
            model: "als",
            cells: &cells,
            others: &others,
            factors: 2,
            gram,
            weight,
            gain,
            penalties: &[1.0, 2.0],
        };
        let reached = sweep.solve(&mut rows)?;
        Ok((rows, reached))
    }

    #[test]
    fn signals_by_hand() {
        // G = diag(1, 4), only below the diagonal.
        let gram = gram(&others(), 2).unwrap();
        assert_eq!([gram[0], gram[2], gram[3]], [1.0, 0.0, 4.0]);
        // Row 0 has a signal on q_0: diag(1 + 3 + 1, 4 + 1) x = (4, 0), so x = (0.8, 0), objective 4 · 0.2² + 1 · 0.8² = 0.8, penalty 0.64.
        // Row 1 has none: its vector is 0.
        let (rows, reached) = solve(&[(0, 0, 1.0)], &gram, (3.0, 4.0)).unwrap();
        assert_eq!((rows.vector(0)[..2].to_vec(), rows.vector(1)), (vec![0.8, 0.0], &[0.0; 8][..]));
        assert!((reached.minimum - 0.8).abs() < 1e-12 && (reached.penalty - 0.64).abs() < 1e-12, "{reached:?}");
    }

    #[test]
    fn ratings_by_hand() {
        // Row 1, λ = 2: diag(1 + 2, 4 + 2) x = (1.5, 2 · −3), so x = (0.5, −1); errors 1.5 − 0.5 and −3 + 2, objective 1 + 1 + 2 · 1.25 = 4.5.
        let (rows, reached) = solve(&[(1, 0, 1.5), (1, 1, -3.0)], &[0.0; 4], (1.0, 1.0)).unwrap();
        assert_eq!((rows.vector(1)[..2].to_vec(), rows.vector(0)), (vec![0.5, -1.0], &[0.0; 8][..]));
        assert!((reached.minimum - 4.5).abs() < 1e-12 && (reached.penalty - 2.5).abs() < 1e-12, "{reached:?}");
    }

    #[test]
    fn what_cannot_be_solved_is_an_error() {
        let message = solve(&[(0, 0, 1.0)], &[f64::NAN; 4], (1.0, 1.0)).unwrap_err().to_string();
        assert!(message.contains("als: the equations of a user or item cannot be solved"), "{message}");
    }
}
