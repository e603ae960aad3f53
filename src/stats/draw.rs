//! Draws a block of bootstrap resamples: how often each unit is drawn, an exact multinomial, at about a nanosecond a unit.
//!
//! A resample is n draws of n units with equal probability. Drawing n indices costs a random access each; instead
//! (1) every unit gets an independent Poisson(λ) count, λ slightly below 1; (2) given their total T, such counts *are* multinomial
//! with T draws; (3) the n − T missing draws follow one by one. If T > n, which takes 2.5 standard deviations, the resample is
//! drawn again: whether that happens depends on T alone, so what is kept is still multinomial given T. The result is exactly the
//! bootstrap of Efron (1979), not the Poisson bootstrap, up to the 2⁻⁶⁴ resolution of a generator.
//!
//! A block holds the counts as one byte per cell of three units (`law`), in slabs of 64 cells, resample after resample in a slab, which is
//! the order `product` reads them in; and a list of units per resample for all draws outside the cells.

use super::law::{CELL, ESCAPE, Law, N_PATTERNS};
use crate::rng;
use rand_core::Rng;
use std::ops::Range;

/// Cells of a slab: a cache line.
pub(super) const SLAB: usize = 64;
/// The highest bit of each byte: set in [`ESCAPE`] and in no pattern of the table.
const HIGH_BITS: u32 = 0x8080_8080;
/// Fewer units are drawn one by one.
const MIN_CELLED: usize = 64;

/// What a resampling of n units needs to know before any draw.
pub(super) struct Plan {
    /// Units drawn from, and draws per resample.
    pub n_units: usize,
    /// Law of the cells; `None` if all draws are made one by one.
    pub law: Option<Law>,
}

impl Plan {
    pub(super) fn new(n_units: usize) -> Self {
        let rate = 1.0 - 2.5 / (n_units as f64).sqrt();
        Self { n_units, law: (n_units >= MIN_CELLED).then(|| Law::new(rate)) }
    }

    /// Whole cells; up to two units remain.
    pub(super) fn n_cells(&self) -> usize {
        if self.law.is_some() { self.n_units / CELL } else { 0 }
    }

    pub(super) fn n_slabs(&self) -> usize {
        self.n_cells().div_ceil(SLAB)
    }
}

/// The counts of a block of resamples.
pub(super) struct Block {
    n_resamples: usize,
    /// `[n_slabs × n_resamples × SLAB]`: the pattern of each cell.
    patterns: Vec<u8>,
    /// Units drawn besides, of all resamples.
    singles: Vec<u32>,
    /// One past the last of `singles`, per resample.
    ends: Vec<usize>,
}

impl Block {
    /// Draws these resamples; each depends on the seed and its own number alone, not on the block.
    pub(super) fn draw(plan: &Plan, seed: u64, resamples: Range<usize>) -> Self {
        let n_resamples = resamples.len();
        let mut block = Self {
            n_resamples,
            patterns: vec![0; plan.n_slabs() * n_resamples * SLAB],
            singles: Vec::new(),
            ends: Vec::with_capacity(n_resamples),
        };
        for (row, resample) in resamples.enumerate() {
            let mut bits = Bits::of_resample(seed, resample);
            let mut n_drawn = 0;
            if let Some(law) = &plan.law {
                n_drawn = block.draw_cells(plan, law, row, &mut bits);
            }
            let n_units = plan.n_units as u32;
            block.singles.extend((n_drawn..plan.n_units).map(|_| bits.below(n_units)));
            block.ends.push(block.singles.len());
        }
        block
    }

    pub(super) fn n_resamples(&self) -> usize {
        self.n_resamples
    }

    /// Patterns of one slab, `[n_resamples × SLAB]`.
    pub(super) fn slab(&self, slab: usize) -> &[u8] {
        &self.patterns[slab * self.n_resamples * SLAB..][..self.n_resamples * SLAB]
    }

    /// Units that each resample draws besides its cells.
    pub(super) fn singles(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.singles[start..end])
    }

    /// Poisson counts of all units for one resample, drawn until their total is at most n; returns the total.
    fn draw_cells(&mut self, plan: &Plan, law: &Law, row: usize, bits: &mut Bits) -> usize {
        let n_before = self.singles.len();
        loop {
            self.singles.truncate(n_before);
            let mut n_drawn = 0;
            for slab in 0..plan.n_slabs() {
                let cells = slab * SLAB..((slab + 1) * SLAB).min(plan.n_cells());
                let at = (slab * self.n_resamples + row) * SLAB;
                n_drawn += fill(law, &mut self.patterns[at..at + SLAB], cells, bits, &mut self.singles);
            }
            // The one or two units beyond the last whole cell: the first counts of a cell of their own.
            push(plan.n_cells() * CELL..plan.n_units, law.pattern(law.settle(bits.next())), &mut self.singles);
            n_drawn += self.singles.len() - n_before;
            if n_drawn <= plan.n_units {
                return n_drawn;
            }
        }
    }
}

/// Draws the patterns of these cells into their slab; returns how many draws the patterns hold.
fn fill(law: &Law, out: &mut [u8], cells: Range<usize>, bits: &mut Bits, singles: &mut Vec<u32>) -> usize {
    let n_cells = cells.len();
    // Random words first, then look-ups: each loop's state fits the registers.
    let mut words = [0; SLAB / 4];
    let mut local = Bits(bits.0);
    words.iter_mut().for_each(|word| *word = local.next());
    *bits = local;
    let (mut n_drawn, mut any) = (0, 0_u32);
    for (at, (four, word)) in out.chunks_exact_mut(4).zip(words).enumerate() {
        let ids = [word, word >> 16, word >> 32, word >> 48].map(|top| law.slots[usize::from(top as u16)]);
        let [a, b, c, d] = ids.map(|id| usize::from(law.totals[usize::from(id)]));
        four.copy_from_slice(&ids);
        n_drawn += (a + b) + (c + d);
        any |= u32::from(u32::from_le_bytes(ids) & HIGH_BITS != 0) << at;
    }
    // Beyond the last cell there is nothing to draw.
    for pattern in &mut out[n_cells..] {
        n_drawn -= usize::from(law.totals[usize::from(*pattern)]);
        *pattern = 0;
    }
    while any != 0 {
        let first = any.trailing_zeros() as usize * 4;
        any &= any - 1;
        for (at, pattern) in out.iter_mut().enumerate().skip(first).take(4) {
            if *pattern == ESCAPE {
                *pattern = escape(law, cells.start + at, bits, singles);
                n_drawn += usize::from(law.totals[usize::from(*pattern)]);
            }
        }
    }
    n_drawn
}

/// The pattern of a cell that 16 bits did not settle; one that is not in the table becomes single draws.
#[cold]
fn escape(law: &Law, cell: usize, bits: &mut Bits, singles: &mut Vec<u32>) -> u8 {
    // Given that the 16 bits were some that do not settle it, each such value is as probable as another.
    let (top, from, to) = law.escapes[bits.below(law.escapes.len() as u32) as usize];
    let id = law.settle_among(u64::from(top) << 48 | bits.next() >> 16, from, to);
    if id < N_PATTERNS {
        return id as u8;
    }
    push(cell * CELL..(cell + 1) * CELL, law.pattern(id), singles);
    0
}

fn push(units: Range<usize>, counts: [u8; CELL], singles: &mut Vec<u32>) {
    for (unit, count) in units.zip(counts) {
        singles.extend((0..count).map(|_| unit as u32));
    }
}

/// xoshiro256++ (Blackman & Vigna 2021): a bootstrap of 100,000 users takes 0.7 GB of random bits, for which ChaCha is too slow.
struct Bits([u64; 4]);

impl Bits {
    /// The generator of one resample, seeded from its stream.
    fn of_resample(seed: u64, resample: usize) -> Self {
        let mut stream = rng::stream(seed, "bootstrap", resample as u64);
        // Four words of ChaCha are all 0, the one bad state, with probability 2⁻²⁵⁶.
        Self(std::array::from_fn(|_| stream.next_u64()))
    }

    #[inline]
    fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let out = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        out
    }

    /// A uniform whole number in `0..n` without bias (Lemire 2019), from 32 bits; `n` must be positive.
    #[inline]
    fn below(&mut self, n: u32) -> u32 {
        loop {
            let product = (self.next() >> 32) * u64::from(n);
            // The division is needed only when the low half is below n.
            if product as u32 >= n || product as u32 >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts of all units, `[n_resamples × n_units]`.
    fn counts(n_units: usize, seed: u64, resamples: Range<usize>) -> Vec<Vec<u32>> {
        let plan = Plan::new(n_units);
        let block = Block::draw(&plan, seed, resamples);
        let of_row = |(row, singles): (usize, &[u32])| {
            let mut counts = vec![0; n_units];
            singles.iter().for_each(|&unit| counts[unit as usize] += 1);
            if let Some(law) = &plan.law {
                for cell in 0..plan.n_cells() {
                    let pattern = block.slab(cell / SLAB)[row * SLAB + cell % SLAB];
                    for (at, count) in law.pattern(usize::from(pattern)).into_iter().enumerate() {
                        counts[cell * CELL + at] += u32::from(count);
                    }
                }
            }
            counts
        };
        block.singles().enumerate().map(of_row).collect()
    }

    #[test]
    fn every_resample_has_n_draws() {
        for n_units in [1, 2, 3, 15, 63, 64, 65, 66, 191, 192, 193, 1000, 5000] {
            for row in counts(n_units, 7, 0..40) {
                assert_eq!(row.iter().sum::<u32>() as usize, n_units);
            }
        }
    }

    #[test]
    fn a_resample_does_not_depend_on_its_block() {
        let all = counts(500, 3, 0..20);
        assert_eq!(all[7..13], counts(500, 3, 7..13));
        assert_ne!(all[0], all[1]);
        assert_ne!(all[0], counts(500, 4, 0..1)[0]);
    }

    /// Multinomial: E c = 1, Var c = 1 − 1/n, Cov(c_u, c_v) = −1/n, and the third and fourth moments of Binomial(n, 1/n).
    #[test]
    fn counts_have_the_moments_of_the_multinomial() {
        for n_units in [30_usize, 64, 100, 301] {
            let n_rows = 40_000;
            let rows = counts(n_units, 11, 0..n_rows);
            let n = n_units as f64;
            let moment = |power: i32, units: &[usize]| {
                let of_row = |row: &Vec<u32>| units.iter().map(|&u| (f64::from(row[u]) - 1.0).powi(power)).sum::<f64>();
                rows.iter().map(of_row).sum::<f64>() / (n_rows * units.len()) as f64
            };
            let units: Vec<usize> = (0..n_units).collect();
            let sd = |spread: f64| 5.0 * (spread / (n_rows as f64 * n)).sqrt();
            let q = 1.0 - 1.0 / n;
            assert!((moment(2, &units) - q).abs() < sd(3.0), "{n_units}: {}", moment(2, &units));
            assert!((moment(3, &units) - q * (1.0 - 2.0 / n)).abs() < sd(41.0), "{n_units}");
            assert!((moment(4, &units) - q * (3.0 * q + 1.0 - 6.0 / n * q)).abs() < sd(900.0), "{n_units}");
            // First, middle and last unit, in a cell and beyond the last one, are alike.
            for unit in [0, 1, n_units / 2, n_units - 2, n_units - 1] {
                assert!(moment(1, &[unit]).abs() < 5.0 / (n_rows as f64).sqrt(), "{n_units} {unit}");
                assert!((moment(2, &[unit]) - q).abs() < 5.0 * (3.0 / n_rows as f64).sqrt(), "{n_units} {unit}");
            }
            for (u, v) in [(0, 1), (0, n_units - 1), (4, 40 % n_units)] {
                let product = |row: &Vec<u32>| (f64::from(row[u]) - 1.0) * (f64::from(row[v]) - 1.0);
                let covariance = rows.iter().map(product).sum::<f64>() / n_rows as f64;
                assert!((covariance + 1.0 / n).abs() < 5.0 / (n_rows as f64).sqrt(), "{n_units} {u} {v}: {covariance}");
            }
        }
    }

    /// The number of distinct units of a resample, whose law differs clearly between multinomial and Poisson counts:
    /// mean n (1 − (1 − 1/n)ⁿ), variance about n e⁻¹ (1 − 2/e) against n e⁻¹ (1 − 1/e).
    #[test]
    fn distinct_units_vary_as_in_a_multinomial() {
        let n_units = 300_usize;
        let rows = counts(n_units, 5, 0..20_000);
        let distinct: Vec<f64> = rows.iter().map(|row| row.iter().filter(|&&c| c > 0).count() as f64).collect();
        let n = n_units as f64;
        let missing = |k: f64| (1.0 - k / n).powf(n);
        let mean = distinct.iter().sum::<f64>() / 20_000.0;
        let variance = distinct.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 19_999.0;
        let expected = n * (n - 1.0) * missing(2.0) + n * missing(1.0) - (n * missing(1.0)).powi(2);
        assert!((mean - n * (1.0 - missing(1.0))).abs() < 5.0 * (expected / 20_000.0).sqrt(), "{mean}");
        assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / 20_000.0_f64).sqrt(), "{variance} {expected}");
    }
}
