//! Resampled means of many series at once: every series sees the same draws of the same units, so that everything is paired.
//!
//! Resample r of a seed is the same whatever else is computed: it does not depend on the number of resamples, on the series beside
//! it or on the number of threads. The draws of all resamples are never held at once (100,000 users × 10,000 resamples would
//! be 1 GB): blocks of resamples are drawn (`draw`), summed over all series (`product`) and dropped.
//!
//! Sums are exact, so that no order of additions can move a bit: values are first rounded to whole numbers of steps so small that n of them stay within the
//! 53 bits of a number. That moves a mean by less than 4n × 2⁻⁵³ of the largest value: 5 × 10⁻¹¹ of it for 100,000 users.
//!
//! A series need not have a value for every unit (a user without relevant items has no recall): its resampled mean is
//! `Σ c_u v_u / Σ c_u` over the units it has, both sums under the same counts.

use super::draw::Plan;
use super::lanes::LANES;
use super::product::{BLOCKS, Columns};
use crate::error::{Error, Result};
use crate::parallel;
use rayon::prelude::*;
use std::borrow::Cow;

/// One value per unit, of which some may be undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    values: Cow<'a, [f64]>,
    defined: Option<Cow<'a, [bool]>>,
}

impl<'a> Series<'a> {
    /// A series with a value for every unit, `[n_units]`.
    pub fn new(values: &'a [f64]) -> Self {
        Self { values: Cow::Borrowed(values), defined: None }
    }

    /// A series with values only where `defined` says so; the others are never looked at. Both `[n_units]`.
    pub fn partial(values: &'a [f64], defined: &'a [bool]) -> Self {
        Self { values: Cow::Borrowed(values), defined: Some(Cow::Borrowed(defined)) }
    }

    /// Treatment minus baseline, defined for the units that have both; units beyond the shorter of the two are dropped.
    pub fn difference(baseline: &Series<'_>, treatment: &Series<'_>) -> Series<'static> {
        let n_units = baseline.values.len().min(treatment.values.len());
        let both: Vec<bool> = (0..n_units).map(|u| baseline.is_defined(u) && treatment.is_defined(u)).collect();
        let minus = |u: usize| if both[u] { treatment.values[u] - baseline.values[u] } else { 0.0 };
        let values = (0..n_units).map(minus).collect();
        let defined = (baseline.defined.is_some() || treatment.defined.is_some()).then_some(Cow::Owned(both));
        Series { values: Cow::Owned(values), defined }
    }

    /// The defined values, in unit order.
    pub fn defined(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().enumerate().filter(|(unit, _)| self.is_defined(*unit)).map(|(_, &value)| value)
    }

    /// Units `first .. first + n_units` as a series of their own.
    pub(super) fn part(&self, first: usize, n_units: usize) -> Series<'_> {
        let range = first..first + n_units;
        let defined = self.defined.as_ref().map(|defined| Cow::Borrowed(&defined[range.clone()]));
        Series { values: Cow::Borrowed(&self.values[range]), defined }
    }

    /// What is subtracted from all values before they are summed, so that a constant series has a constant mean, to the bit.
    pub(super) fn center(&self) -> f64 {
        self.defined().next().unwrap_or(0.0)
    }

    /// Smallest and largest defined value: no mean lies beyond, whatever rounding does.
    pub(super) fn range(&self) -> (f64, f64) {
        self.defined().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    }

    /// Checks lengths, and that all defined values are finite and small enough that no resampled sum can overflow.
    pub(super) fn check(&self, n_units: usize) -> Result<()> {
        let n_defined = self.defined.as_ref().map_or(n_units, |defined| defined.len());
        if self.values.len() != n_units || n_defined != n_units {
            let found = format!("a series of {} values and {n_defined} marks for {n_units} units", self.values.len());
            return Err(Error::usage(found, "give one value and one mark per unit"));
        }
        let limit = f64::MAX / 4.0 / n_units.max(1) as f64;
        match self.defined().find(|value| value.is_nan() || value.abs() > limit) {
            Some(value) => Err(Error::usage(
                format!("cannot resample the value {value}"),
                "values must be finite; mark those of units without one as undefined",
            )),
            None => Ok(()),
        }
    }

    pub(super) fn value(&self, unit: usize) -> f64 {
        self.values[unit]
    }

    pub(super) fn is_defined(&self, unit: usize) -> bool {
        self.defined.as_ref().is_none_or(|defined| defined[unit])
    }

    /// Values less the center, 0 where undefined.
    fn centered(&self, center: f64) -> Vec<f64> {
        let of_unit = |(unit, value): (usize, &f64)| if self.is_defined(unit) { value - center } else { 0.0 };
        self.values.iter().enumerate().map(of_unit).collect()
    }
}

/// Rounds values to multiples of a power of two, and returns it, of which `n_units` of them, repeated or not, add up to at most 2⁵³; values become whole numbers of it.
fn to_steps(values: &mut [f64], n_units: usize) -> f64 {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    // Values range from its negative to it: twice as far.
    let (_, exponent) = libm::frexp(largest);
    let bits = 53 - n_units.next_power_of_two().trailing_zeros() as i32;
    // No number is smaller than 2⁻¹⁰⁷⁴.
    let step = libm::ldexp(1.0, (exponent + 1 - bits).max(-1074));
    values.iter_mut().for_each(|value| *value = (*value / step).round());
    step
}

/// Draws bootstrap resamples of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampler {
    /// Units drawn from, with replacement, and draws per resample.
    pub n_units: usize,
    /// Resamples; [`Resampler::DEFAULT`] unless there is a reason.
    pub n_resamples: usize,
    /// Seed of all draws.
    pub seed: u64,
}

/// Sums over every resample: of the values of each series, and of what they are divided by.
pub(super) struct Totals {
    /// `Σ c_u (v_u − center)` per series, `[n_resamples]` each.
    pub sums: Vec<Vec<f64>>,
    /// `Σ c_u` over defined units, `[n_resamples]` per distinct set of them.
    drawn: Vec<Vec<f64>>,
    /// Which of `drawn` belongs to a series; `None` if it has all units.
    drawn_of: Vec<Option<usize>>,
    centers: Vec<f64>,
    /// Smallest and largest value of each series.
    ranges: Vec<(f64, f64)>,
    n_units: usize,
}

impl Totals {
    /// How many draws of a resample fell on units that a series has: a whole number.
    pub(super) fn drawn(&self, series: usize, resample: usize) -> f64 {
        self.drawn_of[series].map_or(self.n_units as f64, |at| self.drawn[at][resample])
    }

    /// Means of a series in the order of resamples; `None` where no defined unit is drawn.
    pub(super) fn means(&self, series: usize) -> impl Iterator<Item = Option<f64>> + '_ {
        let (center, (low, high)) = (self.centers[series], self.ranges[series]);
        self.sums[series].iter().enumerate().map(move |(resample, sum)| {
            let drawn = self.drawn(series, resample);
            (drawn > 0.0).then(|| (center + sum / drawn).max(low).min(high))
        })
    }
}

impl Resampler {
    /// Resamples of an interval unless something else is asked for.
    pub const DEFAULT: usize = 10_000;

    /// The mean of every series over every resample, `[series][n_resamples]`; `None` where a resample has no defined unit.
    ///
    /// `mean_r = Σ_u c_ru v_u / Σ_u c_ru` over the defined units; `c_r` multinomial with `n_units` draws of equal probability.
    ///
    /// - The same counts serve all series, so differences of two results are paired. A series' result depends on the seed
    ///   and its own values alone, to the last bit.
    /// - Cost: O(n_units × n_resamples) for the draws once and as many additions per series.
    /// - Source: Efron (1979).
    ///
    /// # Errors
    /// [`Error::Usage`] for a series of another length, a value that is not finite or beyond `f64::MAX / 4n`, no resamples, or more
    /// than 2³¹ units; [`Error::Interrupted`] when asked to stop.
    pub fn means(&self, series: &[Series<'_>]) -> Result<Vec<Vec<Option<f64>>>> {
        let totals = self.checked_totals(series)?;
        Ok((0..series.len()).into_par_iter().map(|at| totals.means(at).collect()).collect())
    }

    /// Sums of series, each less its own center.
    ///
    /// # Errors
    /// Those of [`Resampler::means`].
    pub(super) fn checked_totals(&self, series: &[Series<'_>]) -> Result<Totals> {
        series.iter().try_for_each(|series| series.check(self.n_units))?;
        self.totals(series, &series.iter().map(Series::center).collect::<Vec<f64>>())
    }

    /// Sums of checked series, each less its center.
    pub(super) fn totals(&self, series: &[Series<'_>], centers: &[f64]) -> Result<Totals> {
        let mut masks: Vec<&[bool]> = Vec::new();
        let mut drawn_of = Vec::with_capacity(series.len());
        for series in series {
            drawn_of.push(series.defined.as_deref().map(|mask| {
                masks.iter().position(|other| *other == mask).unwrap_or_else(|| {
                    masks.push(mask);
                    masks.len() - 1
                })
            }));
        }
        let column = |at: usize| match series.get(at) {
            Some(series) => {
                let mut values = series.centered(centers[at]);
                let step = to_steps(&mut values, self.n_units);
                (values, step)
            }
            None => (masks[at - series.len()].iter().map(|&is_defined| f64::from(u8::from(is_defined))).collect(), 1.0),
        };
        let mut sums = self.sums(series.len() + masks.len(), column)?;
        let drawn = sums.split_off(series.len());
        let ranges = series.iter().map(Series::range).collect();
        Ok(Totals { sums, drawn, drawn_of, centers: centers.to_vec(), ranges, n_units: self.n_units })
    }

    /// `Σ_u c_ru x_u` of every column over every resample, `[column][n_resamples]`; columns as [`Columns::new`] wants them.
    fn sums(&self, n_columns: usize, column: impl Fn(usize) -> (Vec<f64>, f64)) -> Result<Vec<Vec<f64>>> {
        if self.n_resamples == 0 || i32::try_from(self.n_units).is_err() {
            let found = format!("cannot draw {} resamples of {} units", self.n_resamples, self.n_units);
            return Err(Error::usage(found, "ask for at least one resample of fewer than 2,147,483,648 units"));
        }
        let plan = Plan::new(self.n_units);
        let columns = Columns::new(self.n_units, n_columns, column);
        let of_blocks = parallel::map_blocks(self.n_resamples.div_ceil(LANES), BLOCKS, |blocks| {
            parallel::check()?;
            Ok(columns.sums(&plan, self.seed, blocks))
        });
        let mut all = vec![Vec::with_capacity(self.n_resamples); n_columns];
        for of_block in of_blocks {
            for (all, sums) in all.iter_mut().zip(of_block?) {
                all.extend(sums);
            }
        }
        // Those of the last block that nobody asked for.
        all.iter_mut().for_each(|all| all.truncate(self.n_resamples));
        Ok(all)
    }
}
