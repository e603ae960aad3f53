//! What factorizations have in common: users and items as vectors beside their biases, and the score `μ + b_u + b_i + p_u · q_i`.
//!
//! How vectors are learned is each kind's own: by SGD on ratings (`mf`) or on pairs (`bpr`), or by least squares (`als`). What they score with is the same.

use super::{Epoch, FittedModel, stored};
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::error::Error;
use crate::linalg::{SparseRows, dense, widest};

/// Vectors are padded with zeros to a multiple of this, so that no kernel has a remainder.
pub const LANES: usize = 8;

/// Bytes of item vectors that one user after another is compared with: an eighth of a second-level cache, which also holds what goes on beside.
const TILE: usize = 64 * 1024;

/// Vectors and biases of all users, or of all items.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// `[n × width]`, zeros behind the factors.
    pub factors: Vec<f32>,
    /// Factors with their padding.
    pub width: usize,
    /// In rating units, `[n]`.
    pub bias: Vec<f64>,
    /// Whether there was something to learn from, `[n]`.
    pub is_known: Vec<bool>,
}

impl Side {
    /// Biases of 0, and vectors of `factors` numbers drawn for the known, row by row; those of the others stay 0.
    pub fn new(is_known: Vec<bool>, factors: usize, mut draw: impl FnMut() -> f64) -> Self {
        let width = factors.next_multiple_of(LANES);
        let mut vectors = vec![0.0_f32; is_known.len() * width];
        for (vector, _) in vectors.chunks_exact_mut(width).zip(&is_known).filter(|(_, known)| **known) {
            vector[..factors].iter_mut().for_each(|factor| *factor = draw() as f32);
        }
        Self { factors: vectors, width, bias: vec![0.0; is_known.len()], is_known }
    }

    /// The vector of a row.
    #[inline]
    pub fn vector(&self, row: u32) -> &[f32] {
        &self.factors[row as usize * self.width..][..self.width]
    }

    /// Vector and bias of a row, to be changed.
    #[inline(always)]
    pub fn row_mut(&mut self, row: u32) -> (&mut [f32], &mut f64) {
        let start = row as usize * self.width;
        (&mut self.factors[start..start + self.width], &mut self.bias[row as usize])
    }

    /// Vector and bias of a known row.
    #[inline(always)]
    fn known(&self, row: usize) -> Option<(&[f32], f64)> {
        let start = row.checked_mul(self.width)?;
        if *self.is_known.get(row)? { Some((&self.factors[start..start + self.width], self.bias[row])) } else { None }
    }

    fn is_finite(&self) -> bool {
        self.factors.iter().all(|factor| factor.is_finite()) && self.bias.iter().all(|bias| bias.is_finite())
    }

    fn largest_factor(&self) -> f64 {
        self.factors.iter().fold(0.0, |largest, factor| f64::from(factor.abs()).max(largest))
    }
}

/// Which rows of a matrix have cells.
pub fn known(rows: &SparseRows) -> Vec<bool> {
    (0..rows.n_rows()).map(|row| rows.row_len(row) > 0).collect()
}

/// `μ + b_u + b_i + p_u · q_i`.
#[derive(Debug, Clone, PartialEq)]
pub struct Factorization {
    /// μ, 0 where scores are no ratings.
    pub mean: f64,
    /// `b_u` and `p_u`.
    pub users: Side,
    /// `b_i` and `q_i`.
    pub items: Side,
    /// What scores mean.
    pub scale: Scale,
    /// Learning curves.
    pub history: Vec<Epoch>,
}

impl Factorization {
    /// Whether every dot product is finite whatever the order of its sums, and so are the biases.
    pub fn is_bounded(&self) -> bool {
        let bound = self.users.largest_factor() * self.items.largest_factor() * self.users.width as f64;
        self.users.is_finite() && self.items.is_finite() && bound < f64::from(f32::MAX) / 2.0
    }
}

impl FittedModel for Factorization {
    /// An unknown user or item contributes neither bias nor vector, and makes the score a fallback.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let user = self.users.known(user.at());
        let of_user = self.mean + user.map_or(0.0, |(_, bias)| bias);
        widest(
            #[inline(always)]
            || {
                let mut n_fallbacks = 0;
                for (score, item) in out.iter_mut().zip(items) {
                    let item = self.items.known(item.at());
                    let fit = if let (Some((p, _)), Some((q, _))) = (user, item) {
                        f64::from(dense::dot(p, q))
                    } else {
                        n_fallbacks += 1;
                        0.0
                    };
                    *score = stored(of_user + item.map_or(0.0, |(_, bias)| bias) + fit);
                }
                n_fallbacks
            },
        )
    }

    /// Nearly all that is read are item vectors, a few megabytes of them.
    fn tile(&self) -> Option<usize> {
        Some((TILE / (size_of::<f32>() * self.items.width)).max(1))
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn history(&self) -> &[Epoch] {
        &self.history
    }
}

/// The error of a gradient descent whose steps were too large.
pub fn diverged(model: &str, epoch: usize, learning_rate: f64) -> Error {
    Error::Model {
        model: model.into(),
        message: format!("diverged in epoch {epoch} with learning_rate = {learning_rate}"),
        help: Some(format!("try a smaller learning_rate, e.g. {}", learning_rate / 10.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Factorization {
        let mut numbers = [0.5, 2.0, 3.0, -1.0].into_iter();
        let mut draw = || numbers.next().unwrap();
        Factorization {
            mean: 3.0,
            users: Side::new(vec![true, false], 2, &mut draw),
            items: Side::new(vec![false, true], 2, &mut draw),
            scale: Scale::Rating,
            history: Vec::new(),
        }
    }

    #[test]
    fn unknown_users_and_items_contribute_nothing() {
        let mut fitted = small();
        (fitted.users.bias, fitted.items.bias) = (vec![0.25, 9.0], vec![9.0, 0.5]);
        let mut out = [0.0; 3];
        let items = [ItemIndex(1), ItemIndex(0), ItemIndex(u32::MAX)];
        // 3 + 0.25 + 0.5 + 0.5 · 3 − 2 · 1 = 3.25; without the item 3 + 0.25; without the user 3 + 0.5.
        assert_eq!((fitted.score(UserIndex(0), &items, &mut out), out), (2, [3.25, 3.25, 3.25]));
        assert_eq!((fitted.score(UserIndex(1), &items, &mut out), out), (3, [3.5, 3.0, 3.0]));
        assert_eq!((fitted.score(UserIndex(u32::MAX), &items, &mut out), out), (3, [3.5, 3.0, 3.0]));
    }

    #[test]
    fn what_could_score_infinity_is_seen() {
        assert!(small().is_bounded());
        for bad in [f32::NAN, f32::INFINITY, f32::MAX] {
            let mut broken = small();
            broken.items.factors[LANES] = bad;
            broken.users.factors[0] = 1.0;
            assert!(!broken.is_bounded(), "{bad}");
        }
        let mut broken = small();
        broken.users.bias[0] = f64::NAN;
        assert!(!broken.is_bounded());
    }
}
