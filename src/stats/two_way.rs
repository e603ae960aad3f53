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

/// Percentile intervals of the means of many grids, in order; `None` below two users or two seeds with a value.
///
/// The estimate is the mean over all defined pairs, and `n` counts pairs. For two arms give [`Series::difference`] of their grids.
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
    let means = means(resampler, n_seeds, grids)?;
    let interval = |(grid, means): (&Series<'_>, &Vec<Option<f64>>)| {
        let seeds = (0..n_seeds)
            .filter(|&seed| grid.part(seed * resampler.n_units, resampler.n_units).defined().next().is_some());
        let units = (0..resampler.n_units)
            .filter(|&unit| (0..n_seeds).any(|seed| grid.is_defined(seed * resampler.n_units + unit)));
        if seeds.take(2).count() < 2 || units.take(2).count() < 2 {
            return None;
        }
        bootstrap::percentile(means, &Estimate::of(grid)?, level)
    };
    Ok(grids.iter().zip(&means).map(interval).collect())
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
