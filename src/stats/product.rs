//! Draws times values: the sums of many series over a block of resamples.
//!
//! Values are whole numbers and so small that every sum is exact ([`super::resample`]): no order of additions, no vector width and no fused
//! multiplication moves a bit, and so the cheapest way can be taken.
//! - Few series: values less the smallest are written in base 64; a digit of 32 draws is looked up and added in two instructions ([`super::lanes`]). Groups of
//!   16 units go in batches whose draws stay in the fastest cache while the digits of all series pass over them. Where there is no such instruction, one
//!   look-up and one addition per draw and series.
//! - Many: draws are counted, and a matrix of counts is multiplied with one of values.

use super::draw::{Block, Plan};
#[cfg(target_arch = "x86_64")]
use super::lanes::TOGETHER;
use super::lanes::{self, GROUP, LANES, STEPS};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};
use std::ops::Range;

/// Series from which counting pays; measured at 600 and at 100,000 units.
pub(super) const MANY: usize = 24;
/// Groups whose counts are held at once, 1 MB for [`BLOCKS`].
const COUNTED: usize = 64;
/// Blocks that are summed by one task: enough that a product of matrices is worth its preparation, and few enough that tasks go round.
pub(super) const BLOCKS: usize = 4;

/// All series, the way they are summed.
pub(super) struct Columns {
    way: Way,
    /// What a value of 1 stands for, per series.
    steps: Vec<f64>,
}

enum Way {
    Few(Few),
    /// `[n_units × n_series]`.
    Many(Array2<f64>),
}

struct Few {
    n_series: usize,
    /// Smallest value of each series.
    least: Vec<i64>,
    /// Values less the smallest, `[n_units × n_series]`: a single draw reads those of all series at once.
    values: Vec<i64>,
    /// `None` on a machine without the instruction.
    #[cfg(target_arch = "x86_64")]
    digits: Option<Digits>,
}

/// Values of whole groups as digits.
#[cfg(target_arch = "x86_64")]
struct Digits {
    adder: lanes::DigitSums,
    /// Where the digits of each series stand, the lowest first.
    of_series: Vec<Range<usize>>,
    /// `[n_digits / TOGETHER][n_groups]`
    tables: Vec<Vec<lanes::Tables>>,
}

impl Columns {
    /// - `column`: values of a series by its number, `[n_units]`, whole numbers of which `n_units`, repeated or not, add up to at most 2⁵³, and what a value of 1
    ///   stands for, a power of two.
    pub(super) fn new(n_units: usize, n_series: usize, column: impl Fn(usize) -> (Vec<f64>, f64)) -> Self {
        let mut steps = Vec::with_capacity(n_series);
        let mut values = Array2::zeros((n_units, n_series));
        for (at, mut to) in values.columns_mut().into_iter().enumerate() {
            let (column, step) = column(at);
            to.iter_mut().zip(column).for_each(|(to, value)| *to = value);
            steps.push(step);
        }
        let way = if n_series < MANY { Way::Few(Few::new(&values)) } else { Way::Many(values) };
        Self { way, steps }
    }

    /// Sums of all series over some blocks of a seed, `[n_series][n_blocks × LANES]`.
    pub(super) fn sums(&self, plan: &Plan, seed: u64, blocks: Range<usize>) -> Vec<Vec<f64>> {
        let mut all = match &self.way {
            Way::Many(values) => by_count(plan, values.view(), seed, blocks),
            Way::Few(few) => {
                let mut all = vec![Vec::with_capacity(blocks.len() * LANES); self.steps.len()];
                let mut block = Block::new(plan);
                for number in blocks {
                    block.draw(seed, number);
                    for (all, sums) in all.iter_mut().zip(few.sums(plan, &mut block)) {
                        all.extend(sums.map(|sum| sum as f64));
                    }
                }
                all
            }
        };
        for (sums, step) in all.iter_mut().zip(&self.steps) {
            sums.iter_mut().for_each(|sum| *sum *= step);
        }
        all
    }
}

fn by_count(plan: &Plan, values: ArrayView2<'_, f64>, seed: u64, blocks: Range<usize>) -> Vec<Vec<f64>> {
    let n_resamples = blocks.len() * LANES;
    let mut blocks: Vec<Block<'_>> = blocks
        .map(|number| {
            let mut block = Block::new(plan);
            block.draw(seed, number);
            block
        })
        .collect();
    let mut totals = Array2::zeros((n_resamples, values.ncols()));
    let mut counts = Array2::zeros((COUNTED * GROUP, n_resamples));
    let mut units = vec![[[0; LANES]; STEPS]; COUNTED];
    let singles = singles_of_parts(plan, &blocks);
    for (part, singles) in singles.iter().enumerate() {
        let first = part * COUNTED;
        let some = COUNTED.min(plan.n_groups() - first);
        counts.slice_mut(s![some * GROUP.., ..]).fill(0.0);
        for (block, mut counts) in blocks.iter_mut().zip(counts.axis_chunks_iter_mut(Axis(1), LANES)) {
            block.next_groups(&mut units[..some]);
            for (units, mut counts) in units[..some].iter().zip(counts.axis_chunks_iter_mut(Axis(0), GROUP)) {
                for (mut counts, of_unit) in counts.rows_mut().into_iter().zip(lanes::count(units)) {
                    counts.iter_mut().zip(of_unit).for_each(|(count, n)| *count = f64::from(n));
                }
            }
        }
        singles.iter().for_each(|&(unit, resample)| counts[[unit, resample]] += 1.0);
        let values = values.slice(s![first * GROUP..plan.n_units.min((first + COUNTED) * GROUP), ..]);
        general_mat_mul(1.0, &counts.slice(s![..values.nrows(), ..]).t(), &values, 1.0, &mut totals);
    }
    totals.columns().into_iter().map(|column| column.to_vec()).collect()
}

/// Single draws by part of the units: which unit within it, and the resample. In the order of their draws each would read a row of values from far away.
fn singles_of_parts(plan: &Plan, blocks: &[Block<'_>]) -> Vec<Vec<(usize, usize)>> {
    let mut parts = vec![Vec::new(); plan.n_units.div_ceil(COUNTED * GROUP)];
    for (resample, singles) in blocks.iter().flat_map(|block| &block.singles).enumerate() {
        for &unit in singles {
            parts[unit as usize / (COUNTED * GROUP)].push((unit as usize % (COUNTED * GROUP), resample));
        }
    }
    parts
}

impl Few {
    fn new(values: &Array2<f64>) -> Self {
        let mut values = values.map(|&value| value as i64);
        let least: Vec<i64> = values.columns().into_iter().map(|own| own.iter().copied().min().unwrap_or(0)).collect();
        values.columns_mut().into_iter().zip(&least).for_each(|(mut own, least)| own -= *least);
        Self {
            n_series: least.len(),
            least,
            #[cfg(target_arch = "x86_64")]
            digits: lanes::DigitSums::new().map(|adder| Digits::new(adder, &values)),
            values: values.into_iter().collect(),
        }
    }

    /// Sums of all series over a block.
    fn sums(&self, plan: &Plan, block: &mut Block<'_>) -> Vec<[i64; LANES]> {
        #[cfg(target_arch = "x86_64")]
        let mut sums = match &self.digits {
            Some(digits) => digits.sums(plan, block),
            None => self.one_by_one(plan, block),
        };
        #[cfg(not(target_arch = "x86_64"))]
        let mut sums = self.one_by_one(plan, block);
        self.add_singles(plan, block, &mut sums);
        sums
    }

    /// Sums over whole groups, draw by draw.
    #[cfg_attr(target_arch = "x86_64", cold)]
    fn one_by_one(&self, plan: &Plan, block: &mut Block<'_>) -> Vec<[i64; LANES]> {
        let mut sums = vec![[0; LANES]; self.n_series];
        let mut units = [[[0; LANES]; STEPS]];
        for group in 0..plan.n_groups() {
            let n_draws = block.next_groups(&mut units)[0];
            let values = &self.values[group * GROUP * self.n_series..][..GROUP * self.n_series];
            for (at, sums) in sums.iter_mut().enumerate() {
                let values: [i64; GROUP] = std::array::from_fn(|unit| values[unit * self.n_series + at]);
                for (lane, (sum, &n)) in sums.iter_mut().zip(&n_draws).enumerate() {
                    let drawn = units[0].iter().take(usize::from(n));
                    drawn.for_each(|row| *sum += values[usize::from(row[lane]) % GROUP]);
                }
            }
        }
        sums
    }

    /// What the draws of whole groups lack: those of single units, and the smallest value in each of the n.
    fn add_singles(&self, plan: &Plan, block: &Block<'_>, sums: &mut [[i64; LANES]]) {
        let mut of_lane = vec![0; self.n_series];
        for (lane, singles) in block.singles.iter().enumerate() {
            of_lane.fill(0);
            for &unit in singles {
                let values = &self.values[unit as usize * self.n_series..][..self.n_series];
                of_lane.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
            for ((sums, sum), least) in sums.iter_mut().zip(&of_lane).zip(&self.least) {
                sums[lane] += sum + plan.n_units as i64 * least;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Digits {
    /// - `values`: `[n_units × n_series]`, none negative.
    fn new(adder: lanes::DigitSums, values: &Array2<i64>) -> Self {
        use lanes::{BITS, DIGIT};
        let n_groups = values.nrows() / GROUP;
        let (mut of_series, mut n_digits) = (Vec::with_capacity(values.ncols()), 0);
        for own in values.columns() {
            let largest = own.iter().copied().max().unwrap_or(0);
            let n_own = (0..).take_while(|digit| largest >> (BITS * digit) > 0).count();
            of_series.push(n_digits..n_digits + n_own);
            n_digits += n_own;
        }
        let mut tables = vec![vec![[[0; GROUP]; TOGETHER]; n_groups]; n_digits.div_ceil(TOGETHER)];
        for (column, digits) in values.columns().into_iter().zip(&of_series) {
            for (place, digit) in digits.clone().enumerate() {
                for (unit, value) in column.iter().enumerate().take(n_groups * GROUP) {
                    tables[digit / TOGETHER][unit / GROUP][digit % TOGETHER][unit % GROUP] =
                        (value >> (BITS * place)) as u8 & DIGIT;
                }
            }
        }
        Self { adder, of_series, tables }
    }

    /// Sums over whole groups.
    fn sums(&self, plan: &Plan, block: &mut Block<'_>) -> Vec<[i64; LANES]> {
        let mut digits = vec![[0_i64; LANES]; self.tables.len() * TOGETHER];
        let mut units = vec![[[0; LANES]; STEPS]; lanes::GROUPS];
        for first in (0..plan.n_groups()).step_by(lanes::GROUPS) {
            let some = first..(first + lanes::GROUPS).min(plan.n_groups());
            let units = &mut units[..some.len()];
            block.next_groups(units);
            for (tables, digits) in self.tables.iter().zip(digits.as_chunks_mut::<TOGETHER>().0) {
                for (to, sums) in digits.iter_mut().zip(self.adder.of(units, &tables[some.clone()])) {
                    to.iter_mut().zip(sums).for_each(|(to, sum)| *to += i64::from(sum));
                }
            }
        }
        let of_lane = |own: &[[i64; LANES]], lane: usize| {
            own.iter().rev().fold(0, |sum, digit| (sum << lanes::BITS) + digit[lane])
        };
        self.of_series.iter().map(|own| std::array::from_fn(|lane| of_lane(&digits[own.clone()], lane))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::draw::tests::counts;

    /// Whole numbers, whose sums are exact: a draw too many or too few shows.
    #[test]
    fn every_way_adds_each_draw_once() {
        for n_units in [10_usize, 16, 100, 256, 700] {
            let plan = Plan::new(n_units);
            let counts = counts(n_units, 5, 2 * LANES);
            // From one digit to eight, some of them constant.
            let column = |at: usize| -> Vec<f64> {
                let value = |unit: usize| match at % 5 {
                    4 => 3.0,
                    _ => ((unit * (at + 3) % 101) as f64 - 40.0) * 64_f64.powi(at as i32 % 7),
                };
                (0..n_units).map(value).collect()
            };
            let columns = |n_series| Columns::new(n_units, n_series, |at| (column(at), 0.25));
            for n_series in [1, 2, 3, 5, 9, MANY + 1] {
                let sums = columns(n_series).sums(&plan, 5, 0..2);
                assert_eq!(sums.len(), n_series);
                for (at, sums) in sums.into_iter().enumerate() {
                    let by_hand = |counts: &Vec<u32>| {
                        counts.iter().zip(column(at)).map(|(&n, value)| 0.25 * f64::from(n) * value).sum::<f64>()
                    };
                    let by_hand: Vec<f64> = counts.iter().map(by_hand).collect();
                    assert_eq!(sums, by_hand, "{n_units} units, {n_series} series");
                }
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn draws_add_up_alike_one_by_one_and_digit_by_digit() {
        let n_units = 700;
        let plan = Plan::new(n_units);
        let value = |(unit, at): (usize, usize)| (unit * unit * (at + 5) % 12_345) as f64 - 99.0;
        let few = Few::new(&Array2::from_shape_fn((n_units, 5), value));
        let mut block = Block::new(&plan);
        block.draw(5, 1);
        let Some(digits) = &few.digits else {
            eprintln!("skipped: this machine has no AVX2");
            return;
        };
        let by_digit = digits.sums(&plan, &mut block);
        block.draw(5, 1);
        let by_one = few.one_by_one(&plan, &mut block);
        assert_eq!(by_digit, by_one);
    }
}
