//! Bootstrap intervals of a mean from its resampled means: percentile, and BCa (bias-corrected and accelerated).
//!
//! BCa is the default of a comparison: it corrects for the skewness of per-user metrics, which are mostly 0, at the price of
//! a little more noise in its ends. Both are undefined below two values. Ends are quantiles with linear interpolation (type 7 of
//! Hyndman & Fan 1996), the upper one taken from above, so that negating all values negates the interval to the bit: swapping two
//! arms changes nothing but the sign.

use super::normal;
use super::resample::{Resampler, Series};
use crate::error::{Error, Result};
use rayon::prelude::*;

/// Series whose resampled sums are held at once, 80 KB each at 10,000 resamples.
const TOGETHER: usize = 256;

/// Means that lie nearer to the estimate than this share of their range are equal to it.
const EQUAL: f64 = 1e-5;

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Quantiles of the resampled means.
    Percentile,
    /// The same, at levels corrected for bias and skewness.
    Bca,
}

/// A mean and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean of the sample itself.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// The share of such intervals that should contain the true mean, such as 0.95.
    pub level: f64,
    /// How it was made.
    pub method: Method,
    /// Units with a value.
    pub n: usize,
    /// Resamples with a mean, which those without a defined unit lack.
    pub n_resamples: usize,
}

/// A sample mean with what an interval needs besides resampled means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// `Σ v / n`, taken about the first value: exact for a constant sample.
    pub mean: f64,
    /// Acceleration from the jackknife, `Σ d³ / (6 (Σ d²)^{3/2})` with `d_i` = mean of the leave-one-out means − the one without i.
    /// For a mean `d_i = (v_i − v̄) / (n − 1)`, and the denominators cancel. 0 for a constant sample.
    pub acceleration: f64,
    /// Values.
    pub n: usize,
}

impl Estimate {
    /// The estimate from the defined values of a series; `None` below two.
    ///
    /// - Cost: O(n), three passes, summed in unit order. Values must be finite ([`Resampler::means`] refuses others).
    /// - Source: Efron (1987), equation 6.6 with the jackknife; fixed by `tests/golden/statistics/`, key `acceleration`.
    pub fn of(series: &Series<'_>) -> Option<Self> {
        let center = series.center();
        let (mut sum, mut n) = (0.0, 0_usize);
        for value in series.defined() {
            sum += value - center;
            n += 1;
        }
        if n < 2 {
            return None;
        }
        let from_center = sum / n as f64;
        let deviation = |value: f64| (value - center) - from_center;
        // Scaled by the largest, so that neither cubes overflow nor squares vanish.
        let scale = series.defined().map(|value| deviation(value).abs()).fold(0.0, f64::max);
        let (mut squares, mut cubes) = (0.0, 0.0);
        for value in series.defined() {
            let scaled = if scale > 0.0 { deviation(value) / scale } else { 0.0 };
            squares += scaled * scaled;
            cubes += scaled * scaled * scaled;
        }
        let acceleration = if squares > 0.0 { cubes / (6.0 * squares * squares.sqrt()) } else { 0.0 };
        Some(Self { mean: center + from_center, acceleration, n })
    }
}

/// Intervals of the means of many series under the same resamples, in order; `None` where a series has fewer than two values.
///
/// To compare two arms, give [`Series::difference`] of their per-unit values: its resampled means are the paired differences.
///
/// # Errors
/// [`Error::Usage`] for a level outside (0, 1), and those of [`Resampler::means`].
pub fn intervals(
    resampler: &Resampler,
    series: &[Series<'_>],
    level: f64,
    method: Method,
) -> Result<Vec<Option<Interval>>> {
    check_level(level)?;
    let mut out = Vec::with_capacity(series.len());
    for some in series.chunks(TOGETHER) {
        let totals = resampler.checked_totals(some)?;
        let interval = |(at, series): (usize, &Series<'_>)| {
            let (estimate, means) = (Estimate::of(series)?, Sorted::new(totals.means(at).flatten().collect())?);
            Some(match method {
                Method::Bca => means.bca(&estimate, level),
                Method::Percentile => means.percentile(&estimate, level),
            })
        };
        let intervals: Vec<Option<Interval>> = some.par_iter().enumerate().map(interval).collect();
        out.extend(intervals);
    }
    Ok(out)
}

/// The percentile interval: the quantiles of the resampled means at `(1 ∓ level) / 2`.
///
/// - `means`: `[n_resamples]`, of [`Resampler::means`] or `two_way`. Returns `None` if none is defined, or for a level outside (0, 1).
/// - Cost: O(B log B) for the sort.
/// - Source: Efron (1979); fixed by `tests/golden/statistics/`, key `bootstrap_mean`.
pub fn percentile(means: &[Option<f64>], estimate: &Estimate, level: f64) -> Option<Interval> {
    check_level(level).ok()?;
    Some(Sorted::new(means.iter().flatten().copied().collect())?.percentile(estimate, level))
}

/// The BCa interval: quantiles of the resampled means at levels corrected for bias (z0) and skewness (a).
///
/// `α_1 = Φ(z0 + (z0 + z) / (1 − a (z0 + z)))` with `z = Φ⁻¹((1 − level) / 2)`, and α_2 the same with −z; `z0 = Φ⁻¹` of the share of
/// resampled means below the estimate, equal ones counted half.
///
/// - "Equal" is within 1e-5 of the range of the means: sums of tied values differ in their last digits, by 10⁻⁷ of that range where values were stored as
///   f32; where nothing ties it moves z0 by as little. If all means lie on one side, half a resample is put on the other. If a is so large that a
///   denominator is not positive, that end is the outermost mean.
/// - Returns `None` as [`percentile`] does; an interval of width 0 for a constant sample.
/// - Source: Efron (1987); fixed by `tests/golden/statistics/`, key `bootstrap_mean`.
pub fn bca(means: &[Option<f64>], estimate: &Estimate, level: f64) -> Option<Interval> {
    check_level(level).ok()?;
    Some(Sorted::new(means.iter().flatten().copied().collect())?.bca(estimate, level))
}

/// Share of the resampled means to leave out on the side of `z < 0`.
fn corrected(z0: f64, z: f64, acceleration: f64) -> f64 {
    let denominator = 1.0 - acceleration * (z0 + z);
    let beyond = if z0 + z < 0.0 { 0.0 } else { 1.0 };
    if denominator > 0.0 { normal::cdf(z0 + (z0 + z) / denominator) } else { beyond }
}

pub(super) fn check_level(level: f64) -> Result<()> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(Error::usage(format!("an interval cannot have level {level}"), "choose one between 0 and 1, such as 0.95"))
}

/// Resampled means, at least one, of which only those near the ends of an interval are put in order.
struct Sorted(Vec<f64>);

impl Sorted {
    fn new(means: Vec<f64>) -> Option<Self> {
        (!means.is_empty()).then_some(Self(means))
    }

    fn percentile(self, estimate: &Estimate, level: f64) -> Interval {
        let tail = (1.0 - level) / 2.0;
        self.interval(tail, tail, estimate, level, Method::Percentile)
    }

    fn bca(self, estimate: &Estimate, level: f64) -> Interval {
        let z0 = self.bias(estimate.mean);
        let z = normal::quantile((1.0 - level) / 2.0);
        let lower = corrected(z0, z, estimate.acceleration);
        // The upper tail is the lower one of the mirrored sample, whose bias and skewness are the negatives.
        let upper = corrected(-z0, z, -estimate.acceleration);
        self.interval(lower, upper, estimate, level, Method::Bca)
    }

    /// z0. Antisymmetric to the bit, because [`normal::quantile`] is and the counts are whole numbers.
    fn bias(&self, estimate: f64) -> f64 {
        let n = self.0.len();
        let (low, high) = self
            .0
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &mean| (low.min(mean), high.max(mean)));
        let margin = EQUAL * (high - low);
        let (least, most) = (estimate - margin, estimate + margin);
        let (mut n_below, mut n_above) = (0, 0);
        for &mean in &self.0 {
            n_below += usize::from(mean < least);
            n_above += usize::from(mean > most);
        }
        // In half resamples, of which there are 2n: the share below, or above if that is smaller.
        let n_equal = n - n_below - n_above;
        let (below, above) = (2 * n_below + n_equal, 2 * n_above + n_equal);
        let share = below.min(above).max(1) as f64 / (2 * n) as f64;
        let z0 = normal::quantile(share);
        if below <= above { z0 } else { -z0 }
    }

    /// The value that leaves `lower` of the means below it and the one that leaves `upper` above it, between neighbors by linear interpolation; the second is the
    /// first of the negatives, negated.
    fn ends(mut self, lower: f64, upper: f64) -> (f64, f64) {
        let low = self.lower_end(lower);
        self.0.iter_mut().for_each(|mean| *mean = -*mean);
        (low, -self.lower_end(upper))
    }

    fn lower_end(&self, share: f64) -> f64 {
        let last = self.0.len() - 1;
        let position = share.clamp(0.0, 1.0) * last as f64;
        let at = (position.floor() as usize).min(last);
        let mut least = self.least(at + 2);
        let (_, here, above) = least.select_nth_unstable_by(at, f64::total_cmp);
        let next = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*here);
        *here + (next - *here) * (position - at as f64)
    }

    /// At least so many of the means, the smallest among them: those left of where a normal distribution would have them, if they are enough, else all.
    fn least(&self, n_wanted: usize) -> Vec<f64> {
        let n = self.0.len() as f64;
        let mean = self.0.iter().sum::<f64>() / n;
        let sd = (self.0.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        // A tail half as large again as wanted.
        let bound = mean + normal::quantile((1.5 * n_wanted as f64 / n).clamp(1e-9, 0.999)) * sd;
        let least: Vec<f64> = self.0.iter().copied().filter(|&value| value <= bound).collect();
        if least.len() >= n_wanted { least } else { self.0.clone() }
    }

    fn interval(self, lower: f64, upper: f64, estimate: &Estimate, level: f64, method: Method) -> Interval {
        let n_resamples = self.0.len();
        let (lower, upper) = self.ends(lower, upper);
        Interval { estimate: estimate.mean, lower, upper, level, method, n: estimate.n, n_resamples }
    }
}
