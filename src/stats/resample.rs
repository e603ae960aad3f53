//! Resampled means of many series at once: every series sees the same draws of the same units, so that everything is paired.
//!
//! Resample r of a seed is the same whatever else is computed: it does not depend on the number of resamples, on the series beside
//! it or on the number of threads. The counts of all resamples are never held at once (100,000 users × 10,000 resamples would
//! be 1 GB): blocks of resamples are drawn (`draw`), multiplied with all series (`product`) and dropped.
//!
//! A series need not have a value for every unit (a user without relevant items has no recall): its resampled mean is
//! `Σ c_u v_u / Σ c_u` over the units it has, both sums under the same counts.

use super::draw::{Block, Plan};
use super::product::AnyTile;
use crate::error::{Error, Result};
use crate::parallel;
use rayon::prelude::*;
use std::borrow::Cow;

/// Series whose sums share one pass over the counts.
const TILE: usize = 8;
/// Resamples of a block, and the bytes its counts may take: what a thread holds.
const BLOCK: usize = 512;
const BLOCK_BYTES: usize = 1 << 24;

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

    pub(super) fn is_defined(&self, unit: usize) -> bool {
        self.defined.as_ref().is_none_or(|defined| defined[unit])
    }

    /// Values less the center, 0 where undefined.
    fn centered(&self, center: f64) -> Vec<f64> {
        let of_unit = |(unit, value): (usize, &f64)| if self.is_defined(unit) { value - center } else { 0.0 };
        self.values.iter().enumerate().map(of_unit).collect()
    }
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
    n_units: usize,
}

impl Totals {
    /// How many draws of a resample fell on units that a series has: a whole number.
    pub(super) fn drawn(&self, series: usize, resample: usize) -> f64 {
        self.drawn_of[series].map_or(self.n_units as f64, |at| self.drawn[at][resample])
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
    /// - Cost: O(n_units × n_resamples) for the counts once and a third of that in additions per series. Sums in f64, in a fixed order.
    /// - Source: Efron (1979).
    ///
    /// # Errors
    /// [`Error::Usage`] for a series of another length, a value that is not finite or beyond `f64::MAX / 4n`, no resamples, or more
    /// than 2³² units; [`Error::Interrupted`] when asked to stop.
    pub fn means(&self, series: &[Series<'_>]) -> Result<Vec<Vec<Option<f64>>>> {
        series.iter().try_for_each(|series| series.check(self.n_units))?;
        let centers: Vec<f64> = series.iter().map(Series::center).collect();
        let totals = self.totals(series, &centers)?;
        let mean = |at: usize, resample: usize| {
            let drawn = totals.drawn(at, resample);
            (drawn > 0.0).then(|| centers[at] + totals.sums[at][resample] / drawn)
        };
        Ok((0..series.len()).into_par_iter().map(|at| (0..self.n_resamples).map(|r| mean(at, r)).collect()).collect())
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
            Some(series) => series.centered(centers[at]),
            None => masks[at - series.len()].iter().map(|&is_defined| f64::from(u8::from(is_defined))).collect(),
        };
        let mut sums = self.sums(series.len() + masks.len(), column)?;
        let drawn = sums.split_off(series.len());
        Ok(Totals { sums, drawn, drawn_of, n_units: self.n_units })
    }

    /// `Σ_u c_ru x_u` of every column over every resample, `[column][n_resamples]`; columns of `n_units` finite numbers.
    fn sums(&self, n_columns: usize, column: impl Fn(usize) -> Vec<f64> + Sync) -> Result<Vec<Vec<f64>>> {
        if self.n_resamples == 0 || u32::try_from(self.n_units).is_err() {
            let found = format!("cannot draw {} resamples of {} units", self.n_resamples, self.n_units);
            return Err(Error::usage(found, "ask for at least one resample of fewer than 4,294,967,296 units"));
        }
        let plan = Plan::new(self.n_units);
        let columns: Vec<usize> = (0..n_columns).collect();
        let tile = |columns: &[usize]| AnyTile::new(&plan, &columns.iter().map(|&at| column(at)).collect::<Vec<_>>());
        let tiles: Vec<AnyTile> = columns.par_chunks(TILE).map(tile).collect();
        let block = (BLOCK_BYTES / self.n_units.div_ceil(3).max(1)).clamp(BLOCK / 8, BLOCK);
        let of_blocks = parallel::map_blocks(self.n_resamples, block, |resamples| {
            parallel::check()?;
            let block = Block::draw(&plan, self.seed, resamples);
            let mut sums = vec![Vec::new(); n_columns];
            for (tile, sums) in tiles.iter().zip(sums.chunks_mut(TILE)) {
                tile.add(&plan, &block, sums);
            }
            Ok(sums)
        });
        let mut all = vec![Vec::with_capacity(self.n_resamples); n_columns];
        for of_block in of_blocks {
            for (all, sums) in all.iter_mut().zip(of_block?) {
                all.extend(sums);
            }
        }
        Ok(all)
    }
}
