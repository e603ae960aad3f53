//! Derivatives rounded to fixed point once per tree, so that every sum of them is an integer sum and therefore exact.
//!
//! The scales come from the largest gradient and Hessian of the tree: the largest gradient becomes 2³⁰. A row's Hessian and the row itself (a count of one) share one
//! word: the lower bits sum Hessians, the upper ones count. Sums of either part cannot reach the other, so that one addition does for both.

use super::Derivatives;
use rayon::prelude::*;

const BLOCK: usize = 16 * 1024;

/// Bits of the largest rounded gradient, and of the largest Hessian where the number of rows leaves room.
const BITS: u32 = 30;

/// What a set of rows sums to: gradients, and Hessians with a count. One cell of a histogram, 16 bytes.
pub type Cell = [i64; 2];

/// Derivatives of all rows, in fixed point.
#[derive(Debug, Clone, Default)]
pub struct FixedPoint {
    rows: Vec<[i32; 2]>,
    units: Units,
}

/// What one unit of the integers is worth.
#[derive(Debug, Clone, Copy, Default)]
pub struct Units {
    gradient: f64,
    hessian: f64,
    count_shift: u32,
}

/// A [`Cell`] read as numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sums {
    /// Sum of gradients.
    pub gradient: f64,
    /// Sum of Hessians.
    pub hessian: f64,
    /// Number of rows.
    pub n_rows: f64,
}

impl FixedPoint {
    /// Room for `n_rows` rows, fewer than [`super::MAX_ROWS`].
    pub fn new(n_rows: usize) -> Self {
        Self { rows: vec![[0; 2]; n_rows], units: Units::default() }
    }

    /// Rounds the derivatives of all rows. The largest values decide the scale; a maximum does not depend on the order it is taken in.
    pub fn round(&mut self, derivatives: &[Derivatives]) {
        debug_assert_eq!(derivatives.len(), self.rows.len());
        // Bits of numbers that are not negative compare as the numbers do, and integers compare in one step.
        let largest = |block: &[Derivatives]| {
            block
                .iter()
                .fold([0_u64; 2], |[g, h], d| [g.max(d.gradient.abs().to_bits()), h.max(d.hessian.abs().to_bits())])
        };
        debug_assert!(derivatives.iter().all(|d| d.gradient.is_finite() && d.hessian.is_finite() && d.hessian >= 0.0));
        let blocks: Vec<[u64; 2]> = derivatives.par_chunks(BLOCK).map(largest).collect();
        let bits = blocks.iter().fold([0_u64; 2], |[g, h], block| [g.max(block[0]), h.max(block[1])]);
        let [gradient, hessian] = bits.map(f64::from_bits);
        // n < 2^count_bits rows of at most 2^bits each sum to less than 2^(63 - count_bits).
        let count_bits = (usize::BITS - self.rows.len().leading_zeros()).max(1);
        let bits = BITS.min(63_u32.saturating_sub(2 * count_bits));
        let (to_gradient, to_hessian) = (scale(BITS, gradient), scale(bits, hessian));
        self.units = Units {
            gradient: gradient / f64::from(1 << BITS),
            hessian: hessian / f64::from(1 << bits),
            count_shift: 63 - count_bits,
        };
        self.rows.par_chunks_mut(BLOCK).zip(derivatives.par_chunks(BLOCK)).for_each(|(rows, derivatives)| {
            for (row, d) in rows.iter_mut().zip(derivatives) {
                *row = [nearest(d.gradient * to_gradient), nearest(d.hessian * to_hessian)];
            }
        });
    }

    /// Rounded gradient and Hessian of each row, `[n_rows]`.
    pub fn rows(&self) -> &[[i32; 2]] {
        &self.rows
    }

    /// What the integers are worth.
    pub fn units(&self) -> Units {
        self.units
    }
}

impl Units {
    /// What one row adds to the second word beside its Hessian.
    #[inline]
    pub fn one_row(self) -> i64 {
        1 << self.count_shift
    }

    /// Number of rows in a cell.
    #[inline]
    pub fn n_rows(self, cell: Cell) -> usize {
        (cell[1] >> self.count_shift) as usize
    }

    /// A cell in the derivatives' own units.
    #[inline]
    pub fn sums(self, cell: Cell) -> Sums {
        Sums {
            gradient: cell[0] as f64 * self.gradient,
            hessian: (cell[1] & (self.one_row() - 1)) as f64 * self.hessian,
            n_rows: (cell[1] >> self.count_shift) as f64,
        }
    }
}

/// Factor that takes `largest` to 2^bits; 0 where all are zero.
fn scale(bits: u32, largest: f64) -> f64 {
    // Division by a subnormal could overflow; such derivatives are zero for every purpose.
    if largest > f64::MIN_POSITIVE * f64::from(1 << BITS) { f64::from(1 << bits) / largest } else { 0.0 }
}

/// Nearest whole number, ties to even: adding and subtracting 1.5·2⁵² rounds without a call.
#[inline]
fn nearest(x: f64) -> i32 {
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    ((x + SHIFT) - SHIFT) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(derivatives: &[Derivatives]) -> FixedPoint {
        let mut fixed = FixedPoint::new(derivatives.len());
        fixed.round(derivatives);
        fixed
    }

    fn sum(fixed: &FixedPoint) -> Cell {
        let one = fixed.units().one_row();
        fixed.rows().iter().fold([0; 2], |cell, row| [cell[0] + i64::from(row[0]), cell[1] + one + i64::from(row[1])])
    }

    #[test]
    fn the_largest_gradient_becomes_two_to_the_thirty() {
        let fixed =
            rounded(&[Derivatives { gradient: -0.5, hessian: 0.25 }, Derivatives { gradient: 0.25, hessian: 0.125 }]);
        assert_eq!(fixed.rows(), [[-(1 << 30), 1 << 30], [1 << 29, 1 << 29]]);
        let sums = fixed.units().sums(sum(&fixed));
        assert_eq!(sums, Sums { gradient: -0.25, hessian: 0.375, n_rows: 2.0 });
    }

    #[test]
    fn counts_and_hessians_never_meet() {
        for n in [1, 2, 3, 255, 256, 70_000] {
            let fixed = rounded(&vec![Derivatives { gradient: 1.0, hessian: 0.1 }; n]);
            let cell = sum(&fixed);
            let sums = fixed.units().sums(cell);
            assert_eq!(fixed.units().n_rows(cell), n);
            assert!((sums.hessian / (0.1 * n as f64) - 1.0).abs() < 1e-7, "{n}: {sums:?}");
        }
    }

    #[test]
    fn all_zero_and_tiny_derivatives_sum_to_zero() {
        for tiny in [0.0, f64::MIN_POSITIVE] {
            let fixed = rounded(&[Derivatives { gradient: tiny, hessian: tiny }; 3]);
            let sums = fixed.units().sums(sum(&fixed));
            assert_eq!((sums.gradient, sums.hessian, sums.n_rows), (0.0, 0.0, 3.0));
        }
    }

    #[test]
    fn rounding_is_to_the_nearest() {
        assert_eq!([1.4, 1.6, -1.6, 2.5, 3.5, -0.4].map(nearest), [1, 2, -2, 2, 4, 0]);
    }
}
