//! Draws a block of bootstrap resamples: which units are drawn, an exact multinomial, at some seven random bits a draw.
//!
//! A resample is n draws of n units with equal probability. Drawing n indices one by one costs a random access to memory each; instead units
//! stand in groups of 16, and (1) every group gets an independent Poisson(16 λ) number of draws, λ slightly below 1, each of which is
//! one of its units by four random bits: that gives every unit an independent Poisson(λ) count; (2) given their total T, such counts *are*
//! multinomial with T draws; (3) each of the n − T missing draws goes to a uniform unit, or, where T > n, which takes a standard deviation, T − n draws chosen
//! uniformly are taken back: either leaves n independent draws. The result is exactly the bootstrap of Efron (1979), not the Poisson bootstrap, up to rounding
//! of the Poisson probabilities, 10⁻¹⁵.
//!
//! The 32 resamples of a block go through the groups together ([`super::lanes`]).

use super::lanes::{GROUP, LANES, STEPS, UnitBits, Units};
use crate::rng;
use rand_core::Rng;

/// Draws of a group at most; more have a probability below 1e-60.
const MOST: usize = 128;
/// Entries of the tables that [`Poisson::draw`] starts from.
const GUIDES: usize = 4096;
/// In place of a number that twelve bits do not tell, or that is above [`STEPS`].
const UNSURE: u8 = 0xff;
/// The bit that [`UNSURE`] has and no number, in each of eight bytes.
const UNSURE_BITS: u64 = 0x8080_8080_8080_8080;

/// What a resampling of n units needs to know before any draw.
pub(super) struct Plan {
    /// Units drawn from, and draws per resample.
    pub n_units: usize,
    /// Law of the draws of a group; `None` with less than a group of units, which are drawn one by one.
    law: Option<Poisson>,
}

impl Plan {
    pub(super) fn new(n_units: usize) -> Self {
        let rate = 1.0 - 1.0 / (n_units as f64).sqrt();
        Self { n_units, law: (n_units >= GROUP).then(|| Poisson::new(rate * GROUP as f64)) }
    }

    /// Whole groups; the units beyond them are drawn one by one.
    pub(super) fn n_groups(&self) -> usize {
        self.n_units / GROUP
    }
}

/// The Poisson distribution, by inversion.
struct Poisson {
    /// Probability of all numbers up to each, times 2⁶⁴.
    cumulative: Vec<u64>,
    /// For the upper twelve bits of a draw, the number, or [`UNSURE`].
    sure: [u8; GUIDES],
    /// For the upper twelve bits of a draw, the smallest number it can be.
    first: [u8; GUIDES],
}

impl Poisson {
    /// With a mean of at most [`GROUP`].
    fn new(mean: f64) -> Self {
        let (mut probability, mut sum) = (libm::exp(-mean), 0.0);
        let mut cumulative = Vec::with_capacity(MOST);
        for number in 0..MOST {
            sum += probability;
            cumulative.push((sum * 18_446_744_073_709_551_616.0) as u64);
            probability *= mean / (number + 1) as f64;
        }
        let number_at = |word: u64| cumulative.partition_point(|&end| end <= word);
        let (mut sure, mut first) = ([UNSURE; GUIDES], [0; GUIDES]);
        for guide in 0..GUIDES {
            let word = (guide as u64) << 52;
            let (low, high) = (number_at(word), number_at(word | ((1 << 52) - 1)));
            first[guide] = low as u8;
            if low == high && low <= STEPS {
                sure[guide] = low as u8;
            }
        }
        Self { cumulative, sure, first }
    }

    /// The numbers of some guides, where they are sure.
    fn look_up(&self, guides: &[u16; LANES], numbers: &mut [u8; LANES]) {
        for (numbers, guides) in numbers.as_chunks_mut::<8>().0.iter_mut().zip(guides.as_chunks::<8>().0) {
            for (number, &guide) in numbers.iter_mut().zip(guides) {
                *number = self.sure[usize::from(guide) % GUIDES];
            }
        }
    }

    /// The number whose upper twelve bits are given; the others are drawn.
    #[cold]
    fn resolve(&self, guide: usize, bits: &mut Bits) -> usize {
        let guide = guide % GUIDES;
        let word = (guide as u64) << 52 | bits.next() >> 12;
        let mut number = usize::from(self.first[guide]);
        // What rounding leaves above the last end, some 1e-16, goes to the largest number.
        while number < MOST - 1 && self.cumulative[number] <= word {
            number += 1;
        }
        number
    }

    fn draw(&self, bits: &mut Bits) -> usize {
        let guide = (bits.next() >> 52) as usize;
        match self.sure[guide] {
            UNSURE => self.resolve(guide, bits),
            number => usize::from(number),
        }
    }
}

/// The draws of the resamples `LANES × number ..` of a seed.
pub(super) struct Block<'a> {
    plan: &'a Plan,
    /// Draws of each group, `[n_groups]`, up to [`STEPS`] per resample.
    counts: Vec<[u8; LANES]>,
    n_groups_done: usize,
    unit_bits: UnitBits,
    /// Units of the other draws of each resample.
    pub singles: [Vec<u32>; LANES],
}

impl<'a> Block<'a> {
    /// Room for a block, in which nothing is drawn yet.
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            counts: vec![[0; LANES]; plan.n_groups()],
            n_groups_done: 0,
            unit_bits: UnitBits::default(),
            singles: std::array::from_fn(|_| Vec::new()),
        }
    }

    /// Draws a block, which depends on the seed and its number alone.
    pub(super) fn draw(&mut self, seed: u64, number: usize) {
        let mut stream = rng::stream(seed, "bootstrap", number as u64);
        self.unit_bits = UnitBits::new(&mut stream);
        self.n_groups_done = 0;
        self.singles.iter_mut().for_each(Vec::clear);
        let mut bits = Bits::new(&mut stream);
        let n_units = self.plan.n_units;
        let n_drawn = self.plan.law.as_ref().map_or([0; LANES], |law| self.draw_numbers(law, &mut bits));
        for (lane, n_drawn) in n_drawn.into_iter().enumerate() {
            (n_units..n_drawn).for_each(|_| self.undo_one(lane, &mut bits));
            self.singles[lane].extend((n_drawn..n_units).map(|_| bits.below(n_units as u32)));
        }
    }

    /// Draws the units of as many of the next groups as there is room for; returns how many draws each has.
    pub(super) fn next_groups(&mut self, units: &mut [Units]) -> &[[u8; LANES]] {
        let counts = &self.counts[self.n_groups_done..][..units.len()];
        self.unit_bits.draw(counts, units);
        self.n_groups_done += units.len();
        counts
    }

    /// How many draws each group has in all resamples; returns their totals.
    fn draw_numbers(&mut self, law: &Poisson, bits: &mut Bits) -> [usize; LANES] {
        let mut n_drawn = [0; LANES];
        // Some groups at a time, so that what was written is no longer on its way to memory when it is read in other widths.
        let mut guides = [[0; LANES]; 8];
        for (batch, some) in self.counts.chunks_mut(guides.len()).enumerate() {
            bits.fill(guides.as_flattened_mut());
            some.iter_mut().zip(&guides).for_each(|(counts, guides)| law.look_up(guides, counts));
            for ((group, counts), guides) in (guides.len() * batch..).zip(some.iter_mut()).zip(&guides) {
                for (at, eight) in counts.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                    let mut unsure = u64::from_le_bytes(*eight) & UNSURE_BITS;
                    while unsure != 0 {
                        let within = unsure.trailing_zeros() as usize / 8;
                        let lane = 8 * at + within;
                        let number = law.resolve(guides[lane].into(), bits);
                        eight[within] = keep(number, group, &mut self.singles[lane], bits);
                        unsure &= unsure - 1;
                    }
                }
            }
            // Eight counts of at most 24 add up within a byte.
            let sums =
                some.iter().fold([0_u8; LANES], |sums, counts| std::array::from_fn(|lane| sums[lane] + counts[lane]));
            n_drawn.iter_mut().zip(sums).for_each(|(n, sum)| *n += usize::from(sum));
        }
        for (singles, n_drawn) in self.singles.iter_mut().zip(&mut n_drawn) {
            draw_beyond(self.plan, law, singles, bits);
            *n_drawn += singles.len();
        }
        n_drawn
    }

    /// Takes back a draw of a resample, each with equal probability.
    fn undo_one(&mut self, lane: usize, bits: &mut Bits) {
        // Every draw has a place of its own: the first of those of its group, or behind those of all groups.
        let singles = &mut self.singles[lane];
        let n_places = self.counts.len() * STEPS;
        loop {
            let place = bits.below((n_places + singles.len()) as u32) as usize;
            match self.counts.get_mut(place / STEPS) {
                Some(counts) if place % STEPS < usize::from(counts[lane]) => return counts[lane] -= 1,
                Some(_) => {}
                None => {
                    singles.swap_remove(place - n_places);
                    return;
                }
            }
        }
    }
}

/// The draws of a group that are made side by side; the units of those beyond are drawn at once.
fn keep(number: usize, group: usize, singles: &mut Vec<u32>, bits: &mut Bits) -> u8 {
    singles.extend((STEPS..number).map(|_| (group * GROUP) as u32 + (bits.next() >> 60) as u32));
    number.min(STEPS) as u8
}

/// Draws of the units beyond the last whole group: those of a group of their own, of which the others are not there.
fn draw_beyond(plan: &Plan, law: &Poisson, singles: &mut Vec<u32>, bits: &mut Bits) {
    let first = plan.n_groups() * GROUP;
    let units = (0..law.draw(bits)).map(|_| first + (bits.next() >> 60) as usize);
    singles.extend(units.filter(|&unit| unit < plan.n_units).map(|unit| unit as u32));
}

/// A multiplicative congruential generator of 128 bits, of which the upper half is taken: for numbers drawn one at a time it takes half as long as [`UnitBits`], which makes four, and
/// ChaCha takes longer than all else.
///
/// Multiplier from Steele & Vigna (2022), "Computationally easy, spectrally good multipliers for congruential pseudorandom number generators"; period 2¹²⁶.
struct Bits(u128);

impl Bits {
    fn new(stream: &mut impl Rng) -> Self {
        // Odd, for the longest period.
        Self(u128::from(stream.next_u64()) << 64 | u128::from(stream.next_u64()) | 1)
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0xda94_2042_e4dd_58b5);
        (self.0 >> 64) as u64
    }

    /// Sixteen bits each.
    fn fill(&mut self, numbers: &mut [u16]) {
        // A copy, so that the state stays in registers.
        let mut local = Self(self.0);
        for four in numbers.as_chunks_mut::<4>().0 {
            let word = local.next();
            *four = std::array::from_fn(|at| (word >> (16 * at)) as u16);
        }
        *self = local;
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

    /// Counts of all units in the first resamples, `[n_resamples × n_units]`.
    pub(in crate::stats) fn counts(n_units: usize, seed: u64, n_resamples: usize) -> Vec<Vec<u32>> {
        let plan = Plan::new(n_units);
        let blocks = (0..n_resamples.div_ceil(LANES)).flat_map(|number| {
            let mut block = Block::new(&plan);
            block.draw(seed, number);
            let mut counts = vec![vec![0; n_units]; LANES];
            let mut units = vec![[[0; LANES]; STEPS]; plan.n_groups()];
            let draws = block.next_groups(&mut units).to_vec();
            for (group, (units, draws)) in units.iter().zip(&draws).enumerate() {
                for (lane, &n) in draws.iter().enumerate() {
                    units
                        .iter()
                        .take(usize::from(n))
                        .for_each(|row| counts[lane][group * GROUP + usize::from(row[lane])] += 1);
                }
            }
            for (counts, singles) in counts.iter_mut().zip(&block.singles) {
                singles.iter().for_each(|&unit| counts[unit as usize] += 1);
            }
            counts
        });
        blocks.take(n_resamples).collect()
    }

    #[test]
    fn shares_are_the_poisson_probabilities() {
        let law = Poisson::new(15.7);
        let share = |number: usize| (law.cumulative[number] - law.cumulative[number - 1]) as f64 / 2.0_f64.powi(64);
        for number in [1_usize, 8, 15, 16, 24, 25, 40] {
            let logarithm =
                number as f64 * 15.7_f64.ln() - 15.7 - statrs::function::gamma::ln_gamma(number as f64 + 1.0);
            assert!((share(number) / logarithm.exp() - 1.0).abs() < 1e-9, "{number}");
        }
        let mut bits = Bits::new(&mut rng::stream(1, "test", 0));
        let mut n_unsure = 0;
        for _ in 0..10_000 {
            let (upper, lower) = (Bits(bits.0).next() >> 52, {
                let mut next = Bits(bits.0);
                next.next();
                next.next() >> 12
            });
            n_unsure += u32::from(law.sure[upper as usize] == UNSURE);
            let number = law.cumulative.partition_point(|&end| end <= (upper << 52 | lower));
            assert_eq!(law.draw(&mut bits), number, "by inversion");
        }
        assert!((100..500).contains(&n_unsure), "both ways are taken: {n_unsure}");
    }

    #[test]
    fn every_resample_has_n_draws() {
        for n_units in [1, 2, 3, 15, 16, 17, 31, 32, 33, 300, 1000, 5000] {
            for row in counts(n_units, 7, 70) {
                assert_eq!(row.iter().sum::<u32>() as usize, n_units);
            }
        }
    }

    #[test]
    fn a_resample_depends_on_the_seed_and_its_own_number() {
        let all = counts(500, 3, 70);
        assert_eq!(all[..40], counts(500, 3, 40));
        assert!((1..70).all(|other| all[0] != all[other]));
        assert_ne!(all[0], counts(500, 4, 1)[0]);
    }

    #[test]
    fn draws_beyond_those_side_by_side_are_of_all_units_of_their_group() {
        let plan = Plan::new(96);
        let (mut of_unit, mut n_beyond) = ([0_u32; GROUP], 0);
        for number in 0..8_000 {
            let mut block = Block::new(&plan);
            let mut bits = Bits::new(&mut rng::stream(6, "test", number));
            let law = plan.law.as_ref().unwrap();
            let n_drawn = block.draw_numbers(law, &mut bits);
            for (singles, n_drawn) in block.singles.iter().zip(n_drawn) {
                singles.iter().for_each(|&unit| of_unit[unit as usize % GROUP] += 1);
                n_beyond += singles.len();
                assert!(n_drawn >= singles.len());
            }
        }
        // Six groups of 32 resamples each time; E (X − 24)⁺ of a Poisson number with mean 16 (1 − 1/√96) by its sum.
        let mean = 16.0 * (1.0 - 1.0 / 96.0_f64.sqrt());
        let (mut probability, mut expected) = ((-mean).exp(), 0.0);
        for number in 1..100 {
            probability *= mean / f64::from(number);
            expected += probability * f64::from((number - 24).max(0));
        }
        expected *= 6.0 * 32.0 * 8_000.0;
        assert!((n_beyond as f64 - expected).abs() < 0.03 * expected, "{n_beyond}, {expected}");
        let share = n_beyond as f64 / 16.0;
        assert!(of_unit.iter().all(|&n| (f64::from(n) - share).abs() < 5.0 * share.sqrt()), "{of_unit:?}");
    }

    /// Draws are part of what a seed promises: other bits are other intervals.
    #[test]
    fn draws_are_the_same_on_every_machine() {
        let sum =
            counts(333, 1, 70).iter().flatten().fold(0_u64, |sum, &n| sum.wrapping_mul(31).wrapping_add(n.into()));
        assert_eq!(sum, 16_641_803_175_598_061_024);
    }

    #[test]
    fn every_draw_is_taken_back_alike() {
        let plan = Plan::new(70);
        let mut bits = Bits::new(&mut rng::stream(2, "test", 0));
        let mut n_of = [0_u32; 5];
        for _ in 0..20_000 {
            let mut block = Block::new(&plan);
            for (counts, n) in block.counts.iter_mut().zip([24, 3, 8, 0]) {
                counts[1] = n;
            }
            block.singles[1] = vec![66; 5];
            block.undo_one(1, &mut bits);
            let left: Vec<usize> = block.counts.iter().map(|counts| usize::from(counts[1])).collect();
            let left = [left[0], left[1], left[2], left[3], block.singles[1].len()];
            let taken: Vec<usize> = (0..5).filter(|&at| left[at] < [24, 3, 8, 0, 5][at]).collect();
            assert_eq!((taken.len(), left.iter().sum::<usize>()), (1, 39));
            n_of[taken[0]] += 1;
        }
        for (n, n_draws) in n_of.into_iter().zip([24.0, 3.0, 8.0, 0.0, 5.0]) {
            // Five standard deviations of a binomial.
            let share = n_draws / 40.0;
            let sd = (20_000.0 * share * (1.0_f64 - share)).sqrt();
            assert!((f64::from(n) - 20_000.0 * share).abs() <= 5.0 * sd, "{n_of:?}");
        }
    }

    /// Multinomial: E c = 1, Var c = 1 − 1/n, Cov(c_u, c_v) = −1/n, and the third and fourth moments of Binomial(n, 1/n).
    #[test]
    fn counts_have_the_moments_of_the_multinomial() {
        for n_units in [15_usize, 30, 256, 301] {
            let n_rows = 40_000;
            let rows = counts(n_units, 11, n_rows);
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
            // First, middle and last unit, in a group and beyond the last one, are alike.
            for unit in [0, 1, n_units / 2, n_units - 2, n_units - 1] {
                assert!(moment(1, &[unit]).abs() < 5.0 / (n_rows as f64).sqrt(), "{n_units} {unit}");
                assert!((moment(2, &[unit]) - q).abs() < 5.0 * (3.0 / n_rows as f64).sqrt(), "{n_units} {unit}");
            }
            for (u, v) in [(0, 1), (0, n_units - 1), (2, 9), (4, 40 % n_units)] {
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
        let rows = counts(n_units, 5, 20_000);
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
