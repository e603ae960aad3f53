//! The two ways to solve EASE: over pairs of items, as published, or over pairs of users, which is the same model and cheaper where users are fewer.
//!
//! With `X` `[users × items]`, `P = (XᵀX + λI)⁻¹` and `K = (XXᵀ + λI)⁻¹`, the identity `P = (I − XᵀKX) / λ` (Woodbury 1950) gives `XP = KX`. So the score
//! `Σ_i x_ui B_ij` with `B_ij = −P_ij / P_jj` and a zero diagonal is `x_uj − (KX)_uj / P_jj`, where `(KX)_uj` is a sum over the users of item j alone.

use super::signal::Signals;
use super::stored;
use crate::error::Result;
use crate::linalg::SparseRows;
use crate::parallel;
use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Par, Side};
use rayon::prelude::*;

/// Columns of an inverse that are solved for at once.
const BLOCK: usize = 256;
/// Bytes per pair while solving: Gram matrix and factor in f64, what is kept in f32 (items) or f64 (users).
pub const BYTES: usize = 8 + 8 + 8;

/// A solved model.
pub enum Form {
    /// Weights `[n × n]` of the kept items: row j, column i is what item i, if chosen, adds to the score of item j.
    Items {
        /// Row-major.
        weights: Vec<f32>,
        /// Kept items.
        n: usize,
    },
    /// The user side.
    Users {
        /// `K` `[n_users × n_users]`, row-major.
        inverse: Vec<f64>,
        /// `P_jj` of each item, `[n_items]`; `1 / λ` for an item without signals.
        diagonal: Vec<f64>,
    },
}

/// The Gram matrix cannot be factorized.
pub struct NotPositiveDefinite;

/// Which side a model is solved on: the smaller.
pub fn is_cheaper_by_users(signals: &Signals, n_kept: usize) -> bool {
    signals.by_user.n_rows() < n_kept
}

/// Solves over pairs of items. `kept`: their numbers, ascending; `place`: where each item is among them.
///
/// # Errors
/// [`crate::Error::Interrupted`] when asked to stop; inside, [`NotPositiveDefinite`].
pub fn by_items(
    signals: &Signals,
    kept: &[usize],
    place: &[Option<u32>],
    reg: f64,
) -> Result<Result<Form, NotPositiveDefinite>> {
    let n = kept.len();
    let mut gram = Mat::<f64>::zeros(n, n);
    for (at, &item) in kept.iter().enumerate() {
        for (user, x) in cells(&signals.by_item, item) {
            for (other, y) in cells(&signals.by_user, user) {
                if let Some(other) = place[other] {
                    gram[(other as usize, at)] += x * y;
                }
            }
        }
        gram[(at, at)] += reg;
    }
    let Some(factor) = factor(&gram)? else { return Ok(Err(NotPositiveDefinite)) };
    let mut weights = vec![0.0_f32; n * n];
    let columns = |first: usize, rows: &mut [f32]| {
        let inverse = inverse_columns(&factor, first, rows.len() / n);
        for (at, row) in rows.chunks_exact_mut(n).enumerate() {
            let diagonal = inverse[(first + at, at)];
            for (other, weight) in row.iter_mut().enumerate() {
                *weight = if other == first + at { 0.0 } else { stored(-inverse[(other, at)] / diagonal) };
            }
        }
    };
    in_blocks(&mut weights, n, columns)?;
    Ok(Ok(Form::Items { weights, n }))
}

/// Solves over pairs of users.
///
/// # Errors
/// As [`by_items`].
pub fn by_users(signals: &Signals, reg: f64) -> Result<Result<Form, NotPositiveDefinite>> {
    let n = signals.by_user.n_rows();
    let mut gram = Mat::<f64>::zeros(n, n);
    for user in 0..n {
        for (item, x) in cells(&signals.by_user, user) {
            for (other, y) in cells(&signals.by_item, item) {
                gram[(other, user)] += x * y;
            }
        }
        gram[(user, user)] += reg;
    }
    let Some(factor) = factor(&gram)? else { return Ok(Err(NotPositiveDefinite)) };
    let mut inverse = vec![0.0_f64; n * n];
    let columns = |first: usize, rows: &mut [f64]| {
        let block = inverse_columns(&factor, first, rows.len() / n);
        for (at, row) in rows.chunks_exact_mut(n).enumerate() {
            row.iter_mut().enumerate().for_each(|(other, cell)| *cell = block[(other, at)]);
        }
    };
    in_blocks(&mut inverse, n, columns)?;
    let of_item = |item: usize| {
        let users = || cells(&signals.by_item, item);
        let pairs = users().flat_map(|(u, x)| users().map(move |(v, y)| (u * n + v, x * y)));
        (1.0 - pairs.map(|(at, xy)| xy * inverse[at]).sum::<f64>()) / reg
    };
    let diagonal = (0..signals.by_item.n_rows()).into_par_iter().map(of_item).collect();
    Ok(Ok(Form::Users { inverse, diagonal }))
}

/// Columns and values of a row.
fn cells(matrix: &SparseRows, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
    let (columns, values) = matrix.row(row);
    columns.iter().zip(values).map(|(&column, &value)| (column as usize, f64::from(value)))
}

fn factor(gram: &Mat<f64>) -> Result<Option<Llt<f64>>> {
    parallel::check()?;
    // One core: how work is divided would change the last bits.
    faer::set_global_parallelism(Par::Seq);
    Ok(Llt::new(gram.as_ref(), Side::Lower).ok())
}

fn inverse_columns(factor: &Llt<f64>, first: usize, width: usize) -> Mat<f64> {
    let mut out = Mat::<f64>::from_fn(width.max(factor.L().nrows()), width, |row, column| {
        f64::from(u8::from(row == first + column))
    });
    factor.solve_in_place(out.as_mut());
    out
}

/// Fills the rows of a square matrix, some at a time; `fill` is told the first.
fn in_blocks<T: Send>(rows: &mut [T], n: usize, fill: impl Fn(usize, &mut [T]) + Sync) -> Result<()> {
    rows.par_chunks_mut((BLOCK * n).max(1)).enumerate().try_for_each(|(block, rows)| {
        parallel::check()?;
        fill(block * BLOCK, rows);
        Ok(())
    })
}
