//! Draws a block of bootstrap resamples: which units are drawn, an exact multinomial, at a byte of random bits a draw.
//!
//! A resample is n draws of n units with equal probability. Drawing n indices one by one costs a random access to memory each; instead units
//! stand in groups of 256, and (1) every group gets an independent Poisson(256 λ) number of draws, λ slightly below 1, each of which is
//! one of its units by one random byte: that gives every unit an independent Poisson(λ) count; (2) given their total T, such counts *are*
//! multinomial with T draws; (3) each of the n − T missing draws goes to the group of a uniform unit, as one more of the draws whose unit a byte
//! chooses. If T > n, which takes 1.5 standard deviations, the numbers are drawn again: whether that happens depends on T alone, so what is kept is
//! still multinomial given T. The result is exactly the bootstrap of Efron (1979), not the Poisson bootstrap, up to the 2⁻⁶⁴ resolution of a generator.
//!
//! A block goes through the groups once, all resamples of a group together, so that the values of 256 units stay in the fastest cache.

use crate::rng;
use rand_core::Rng;
use std::ops::Range;

/// Units of a group: as many as a byte tells apart.
pub(super) const GROUP: usize = 256;
/// Draws of a group at most; more have a probability of 1e-42 and are not told apart from 2⁻⁶⁴ by a generator.
const MOST: usize = 2 * GROUP;
/// Entries of the table that [`Poisson::draw`] starts from.
const GUIDES: usize = 1024;

/// What a resampling of n units needs to know before any draw.
pub(super) struct Plan {
    /// Units drawn from, and draws per resample.
    pub n_units: usize,
    /// Law of the draws of a group; `None` with less than a group of units, which are drawn one by one.
    law: Option<Poisson>,
}

impl Plan {
    pub(super) fn new(n_units: usize) -> Self {
        let rate = 1.0 - 1.5 / (n_units as f64).sqrt();
        Self { n_units, law: (n_units >= GROUP).then(|| Poisson::new(rate * GROUP as f64)) }
    }

    /// Whole groups; the units beyond them are drawn like single ones.
    pub(super) fn n_groups(&self) -> usize {
        self.n_units / GROUP
    }
}

/// The Poisson distribution, by inversion.
struct Poisson {
    /// Probability of all numbers up to each, in units of 2⁻⁶⁴.
    cumulative: Vec<u64>,
    /// For the upper ten bits of a draw, the smallest number it can be.
    guides: Vec<u16>,
}

impl Poisson {
    /// With a mean from 200 to 256.
    fn new(mean: f64) -> Self {
        let (mut probability, mut sum) = (libm::exp(-mean), 0.0);
        let mut cumulative = Vec::with_capacity(MOST);
        for number in 0..MOST {
            sum += probability;
            cumulative.push((sum * 18_446_744_073_709_551_616.0) as u64);
            probability *= mean / (number + 1) as f64;
        }
        let first = |guide: usize| cumulative.partition_point(|&end| end <= (guide as u64) << 54) as u16;
        let guides = (0..GUIDES).map(first).collect();
        Self { cumulative, guides }
    }

    fn draw(&self, bits: &mut Bits) -> usize {
        let word = bits.next();
        let mut number = usize::from(self.guides[(word >> 54) as usize]);
        // What rounding leaves above the last end, some 1e-16, goes to the largest number.
        while number < MOST - 1 && self.cumulative[number] <= word {
            number += 1;
        }
        number
    }
}

/// The draws of a block of resamples.
pub(super) struct Block {
    /// Where the generator of each resample stands.
    generators: Vec<Bits>,
    /// `[n_groups × n_resamples]`: draws of each group.
    counts: Vec<u16>,
    n_groups_done: usize,
    /// Draws of units beyond the last whole group, of all resamples.
    singles: Vec<u32>,
    /// One past the last of `singles`, per resample.
    ends: Vec<usize>,
}

/// Which of its units a group draws.
#[derive(Default)]
pub(super) struct GroupDraws {
    units: Vec<u8>,
    /// Start and number in `units` of each resample.
    places: Vec<(u32, u16)>,
}

impl GroupDraws {
    /// Units of the group, one per draw, resample by resample.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|&(start, n)| &self.units[start as usize..][..usize::from(n)])
    }
}

impl Block {
    /// Draws these resamples; each depends on the seed and its own number alone, not on the block.
    pub(super) fn draw(plan: &Plan, seed: u64, resamples: Range<usize>) -> Self {
        let n_resamples = resamples.len();
        let mut block = Self {
            generators: Vec::with_capacity(n_resamples),
            counts: vec![0; plan.n_groups() * n_resamples],
            n_groups_done: 0,
            singles: Vec::new(),
            ends: Vec::with_capacity(n_resamples),
        };
        for (row, resample) in resamples.enumerate() {
            let mut bits = Bits::of_resample(seed, resample);
            let n_drawn = plan.law.as_ref().map_or(0, |law| block.draw_numbers(plan, law, row, n_resamples, &mut bits));
            let n_units = plan.n_units as u32;
            for unit in (n_drawn..plan.n_units).map(|_| bits.below(n_units)) {
                match block.counts.get_mut(unit as usize / GROUP * n_resamples + row) {
                    Some(count) => *count += 1,
                    None => block.singles.push(unit),
                }
            }
            block.ends.push(block.singles.len());
            block.generators.push(bits);
        }
        block
    }

    pub(super) fn n_resamples(&self) -> usize {
        self.generators.len()
    }

    /// Draws the units of the next group, in order.
    pub(super) fn next_group(&mut self, draws: &mut GroupDraws) {
        let n = self.generators.len();
        let counts = &self.counts[self.n_groups_done * n..][..n];
        draws.places.clear();
        let mut start = 0;
        // Whole words: up to seven bytes beyond a count are drawn and not used.
        let n_words = |count: u16| usize::from(count).div_ceil(8);
        draws.units.resize(counts.iter().map(|&count| 8 * n_words(count)).sum(), 0);
        for (bits, &count) in self.generators.iter_mut().zip(counts) {
            draws.places.push((start as u32, count));
            let end = start + 8 * n_words(count);
            let mut local = *bits;
            for word in draws.units[start..end].as_chunks_mut::<8>().0 {
                *word = local.next().to_le_bytes();
            }
            *bits = local;
            start = end;
        }
        self.n_groups_done += 1;
    }

    /// Draws the units of the next group, in order, and adds them up at once, resample by resample, without writing them down: a word of eight units for `add`,
    /// and how many of them count.
    #[inline]
    pub(super) fn fold_next_group<S: Copy>(
        &mut self,
        zero: S,
        add: impl Fn(&mut S, [u8; 8], usize),
        mut finish: impl FnMut(usize, S),
    ) {
        let n = self.generators.len();
        let counts = &self.counts[self.n_groups_done * n..][..n];
        for (row, (bits, &count)) in self.generators.iter_mut().zip(counts).enumerate() {
            let (mut local, mut sum) = (*bits, zero);
            for _ in 0..count / 8 {
                add(&mut sum, local.next().to_le_bytes(), 8);
            }
            if count % 8 > 0 {
                add(&mut sum, local.next().to_le_bytes(), usize::from(count % 8));
            }
            *bits = local;
            finish(row, sum);
        }
        self.n_groups_done += 1;
    }

    /// Units beyond the last whole group that each resample draws.
    pub(super) fn singles(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.singles[start..end])
    }

    /// How many draws each group has in one resample, drawn until their total is at most n; returns the total.
    fn draw_numbers(&mut self, plan: &Plan, law: &Poisson, row: usize, n_resamples: usize, bits: &mut Bits) -> usize {
        let n_before = self.singles.len();
        let first = plan.n_groups() * GROUP;
        loop {
            self.singles.truncate(n_before);
            let mut n_drawn = 0;
            for counts in self.counts.chunks_exact_mut(n_resamples) {
                let number = law.draw(bits);
                counts[row] = number as u16;
                n_drawn += number;
            }
            // Units beyond the last whole group: those of a group of their own, of which the others are not there.
            let beyond = (0..law.draw(bits)).map(|_| first + (bits.next() >> 56) as usize);
            self.singles.extend(beyond.filter(|&unit| unit < plan.n_units).map(|unit| unit as u32));
            n_drawn += self.singles.len() - n_before;
            if n_drawn <= plan.n_units {
                return n_drawn;
            }
        }
    }
}

/// A multiplicative congruential generator of 128 bits, of which the upper half is taken: a bootstrap of 100,000 users takes 1 GB of random bits, for which
/// ChaCha is too slow, and a generator of a few additions and rotations still takes as long as the look-ups.
///
/// Multiplier from Steele & Vigna (2022), "Computationally easy, spectrally good multipliers for congruential pseudorandom number generators"; period 2¹²⁶.
#[derive(Clone, Copy)]
struct Bits(u128);

impl Bits {
    /// The generator of one resample, seeded from its stream.
    fn of_resample(seed: u64, resample: usize) -> Self {
        let mut stream = rng::stream(seed, "bootstrap", resample as u64);
        // Odd, for the longest period.
        Self(u128::from(stream.next_u64()) << 64 | u128::from(stream.next_u64()) | 1)
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0xda94_2042_e4dd_58b5);
        (self.0 >> 64) as u64
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
pub(super) mod tests {
    use super::*;

    /// Counts of all units, `[n_resamples × n_units]`.
    pub(in crate::stats) fn counts(n_units: usize, seed: u64, resamples: Range<usize>) -> Vec<Vec<u32>> {
        let plan = Plan::new(n_units);
        let mut block = Block::draw(&plan, seed, resamples);
        let mut counts = vec![vec![0; n_units]; block.n_resamples()];
        let mut draws = GroupDraws::default();
        for group in 0..plan.n_groups() {
            block.next_group(&mut draws);
            for (counts, units) in counts.iter_mut().zip(draws.iter()) {
                units.iter().for_each(|&unit| counts[group * GROUP + usize::from(unit)] += 1);
            }
        }
        for (counts, singles) in counts.iter_mut().zip(block.singles()) {
            singles.iter().for_each(|&unit| counts[unit as usize] += 1);
        }
        counts
    }

    #[test]
    fn shares_are_the_poisson_probabilities() {
        let law = Poisson::new(230.0);
        let share = |number: usize| (law.cumulative[number] - law.cumulative[number - 1]) as f64 / 2.0_f64.powi(64);
        for number in [180_usize, 229, 230, 260, 300] {
            let logarithm =
                number as f64 * 230.0_f64.ln() - 230.0 - statrs::function::gamma::ln_gamma(number as f64 + 1.0);
            assert!((share(number) / logarithm.exp() - 1.0).abs() < 1e-9, "{number}");
        }
        let mut bits = Bits::of_resample(1, 0);
        for _ in 0..1000 {
            let word = Bits(bits.0).next();
            assert_eq!(law.draw(&mut bits), law.cumulative.partition_point(|&end| end <= word), "by inversion");
        }
    }

    #[test]
    fn every_resample_has_n_draws() {
        for n_units in [1, 2, 3, 15, 255, 256, 257, 300, 511, 512, 513, 1000, 5000] {
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
        for n_units in [30_usize, 256, 301] {
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
