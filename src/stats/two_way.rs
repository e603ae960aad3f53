//! Two-way bootstrap of a mean over users × seeds: users and seeds are both drawn, because both would differ another time.
//!
//! A bootstrap over users alone treats the seeds at hand as all there are. Here resample r draws users (the same draws as the one-way
//! bootstrap of that seed) and, independently, one seed less than there are: with S − 1 of S draws the variance that comes from seeds is
//! unbiased (Rao & Wu 1988), with S it would be a fifth too small for five seeds. The value of (u, s) weighs `c_ru d_rs`, the product of how often each was drawn.
//! Owen & Eckles (2012) show that its variance errs on the safe side: it is never much too small, and up to three times the
//! per-observation part too large, which is a small part when every user is judged under every seed.
//! Intervals are percentile ones: the acceleration of a product bootstrap has no plain jackknife, and few seeds would make it noise.

use super::bootstrap::{self, Estimate, Interval};
use super::resample::{Resampler, Series};
use crate::error::{Error, Result};
use crate::{parallel, rng};
use rayon::prelude::*;

/// The mean of every grid over every resample of users and seeds, `[grid][n_resamples]`; `None` where nothing defined is drawn.
///
/// `mean_r = Σ_s d_rs Σ_u c_ru v_us / Σ_s d_rs Σ_u c_ru` over the defined pairs; `c_r` and `d_r` multinomial, independent.
///
/// - `grids`: `[n_seeds × resampler.n_units]`, one seed after the other. All see the same draws.
/// - Cost: that of [`Resampler::means`] with `n_seeds` series per grid.
/// - Source: Owen & Eckles (2012), section 3, with multinomial weights (McCullagh 2000, pigeonhole bootstrap).
///
/// # Errors
/// [`Error::Usage`] without seeds and for a grid of another size, and those of [`Resampler::means`].
pub fn means(resampler: &Resampler, n_seeds: usize, grids: &[Series<'_>]) -> Result<Vec<Vec<Option<f64>>>> {
    if n_seeds == 0 {
        return Err(Error::usage("a two-way bootstrap of no seeds", "give at least two"));
    }
    let n_units = resampler.n_units;
    grids.iter().try_for_each(|grid| grid.check(n_units.saturating_mul(n_seeds)))?;
    let mut series = Vec::with_capacity(grids.len() * n_seeds);
    let mut centers = Vec::with_capacity(grids.len() * n_seeds);
    for grid in grids {
        series.extend((0..n_seeds).map(|seed| grid.part(seed * n_units, n_units)));
        centers.extend(std::iter::repeat_n(grid.center(), n_seeds));
    }
    let totals = resampler.totals(&series, &centers)?;
    let draws = seed_draws(resampler, n_seeds);
    let ranges: Vec<(f64, f64)> = grids.iter().map(Series::range).collect();
    let mean = |grid: usize, resample: usize| {
        let (mut sum, mut drawn) = (0.0, 0.0);
        for (seed, &count) in draws[resample * n_seeds..][..n_seeds].iter().enumerate() {
            let at = grid * n_seeds + seed;
            sum += f64::from(count) * totals.sums[at][resample];
            drawn += f64::from(count) * totals.drawn(at, resample);
        }
        let (low, high) = ranges[grid];
        (drawn > 0.0).then(|| (centers[grid * n_seeds] + sum / drawn).max(low).min(high))
    };
    Ok((0..grids.len()).map(|grid| (0..resampler.n_resamples).map(|r| mean(grid, r)).collect()).collect())
}

/// Percentile intervals of the means over users of many grids, a user's value being its mean over the seeds that it has; `None` below two users or two seeds with a
/// value.
///
/// Users count alike, so the seeds of a user share its weight: the mean of a resample is the ratio of two means under the same draws, of `v_us / n_u` and of
/// `1 / n_u`, n_u the seeds of u. `n` counts pairs of user and seed.
///
/// - `grids`: as in [`means`]. For two arms give their differences.
/// - Cost: that of [`means`], with one grid more for each distinct set of defined pairs.
///
/// # Errors
/// [`Error::Usage`] for a level outside (0, 1), and those of [`means`].
pub fn intervals(
    resampler: &Resampler,
    n_seeds: usize,
    grids: &[Series<'_>],
    level: f64,
) -> Result<Vec<Option<Interval>>> {
    bootstrap::check_level(level)?;
    let n_units = resampler.n_units;
    grids.iter().try_for_each(|grid| grid.check(n_units.saturating_mul(n_seeds)))?;
    let mut weights: Vec<Weights> = Vec::new();
    let mut weights_of = Vec::with_capacity(grids.len());
    for grid in grids {
        let defined: Vec<bool> = (0..n_units * n_seeds).map(|pair| grid.is_defined(pair)).collect();
        let known = weights.iter().position(|other| other.defined == defined);
        weights_of.push(known.unwrap_or(weights.len()));
        if known.is_none() {
            weights.push(Weights::new(defined, n_units));
        }
    }
    let weighted: Vec<Vec<f64>> =
        grids.par_iter().zip(&weights_of).map(|(grid, &of)| weights[of].weighted(grid)).collect();
    let series = weighted.iter().zip(&weights_of).map(|(values, &of)| weights[of].series(values));
    let series: Vec<Series<'_>> = series.chain(weights.iter().map(|own| own.series(&own.weights))).collect();
    let mut values = means(resampler, n_seeds, &series)?;
    let totals = values.split_off(grids.len());
    let all = grids.par_iter().zip(&weights_of).zip(&values);
    Ok(all.map(|((grid, &of), values)| weights[of].interval(grid, values, &totals[of], level)).collect())
}

/// What every pair of user and seed weighs, so that users count alike.
struct Weights {
    /// `[n_seeds × n_units]`
    defined: Vec<bool>,
    /// One over the number of seeds that the user has; 0 where undefined.
    weights: Vec<f64>,
    n_units: usize,
}

impl Weights {
    fn new(defined: Vec<bool>, n_units: usize) -> Self {
        let mut n_of = vec![0_u32; n_units];
        (0..defined.len()).filter(|&pair| defined[pair]).for_each(|pair| n_of[pair % n_units] += 1);
        let weight = |pair: usize| if defined[pair] { 1.0 / f64::from(n_of[pair % n_units]) } else { 0.0 };
        Self { weights: (0..defined.len()).map(weight).collect(), defined, n_units }
    }

    fn series<'a>(&'a self, values: &'a [f64]) -> Series<'a> {
        Series::partial(values, &self.defined)
    }

    /// Values less the first, so that a constant grid is 0 everywhere, times their weights.
    fn weighted(&self, grid: &Series<'_>) -> Vec<f64> {
        let center = grid.center();
        let one = |pair: usize| if self.defined[pair] { (grid.value(pair) - center) * self.weights[pair] } else { 0.0 };
        (0..self.defined.len()).map(one).collect()
    }

    /// The interval from resampled means of weighted values and of weights.
    fn interval(
        &self,
        grid: &Series<'_>,
        values: &[Option<f64>],
        weights: &[Option<f64>],
        level: f64,
    ) -> Option<Interval> {
        let n_seeds = self.defined.chunks(self.n_units.max(1)).filter(|seed| seed.contains(&true)).count();
        let (units, n_pairs) = self.units(grid);
        if n_seeds < 2 {
            return None;
        }
        // Of all values and not of users' means: where one seed is drawn often, a mean may lie beyond all of these.
        let (center, (low, high)) = (grid.center(), grid.range());
        let mean = |(value, weight): (&Option<f64>, &Option<f64>)| {
            let ratio = (*value)? / (*weight)?;
            Some((center + ratio).max(low).min(high))
        };
        let means: Vec<Option<f64>> = values.iter().zip(weights).map(mean).collect();
        let interval = bootstrap::percentile(&means, &Estimate::of(&Series::new(&units))?, level)?;
        Some(Interval { n: n_pairs, ..interval })
    }

    /// The mean of every user that has a value, and how many values there are.
    fn units(&self, grid: &Series<'_>) -> (Vec<f64>, usize) {
        let center = grid.center();
        let (mut sums, mut counts) = (vec![0.0; self.n_units], vec![0_usize; self.n_units]);
        for pair in (0..self.defined.len()).filter(|&pair| self.defined[pair]) {
            sums[pair % self.n_units] += grid.value(pair) - center;
            counts[pair % self.n_units] += 1;
        }
        let of_unit = |(sum, &n): (&f64, &usize)| (n > 0).then(|| center + sum / n as f64);
        (sums.iter().zip(&counts).filter_map(of_unit).collect(), counts.iter().sum())
    }
}

/// How often each resample draws each seed, `[n_resamples × n_seeds]`.
fn seed_draws(resampler: &Resampler, n_seeds: usize) -> Vec<u32> {
    let of_blocks = parallel::map_blocks(resampler.n_resamples, 512, |resamples| {
        let mut draws = vec![0; resamples.len() * n_seeds];
        for (resample, counts) in resamples.zip(draws.chunks_exact_mut(n_seeds)) {
            let mut stream = rng::stream(resampler.seed, "bootstrap seeds", resample as u64);
            for _ in 0..n_seeds.saturating_sub(1).max(1) {
                counts[rng::below(&mut stream, n_seeds as u64) as usize] += 1;
            }
        }
        draws
    });
    of_blocks.concat()
}
