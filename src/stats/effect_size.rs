//! Effect sizes of paired differences: how large is the mean, measured in how much units differ?

use super::student::Noncentral;
use super::t_test::Moments;
use statrs::function::gamma::ln_gamma;

/// Standardized mean differences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSize {
    /// Cohen's `d_z = mean / sd`.
    pub d: f64,
    /// Hedges' g: `d_z` without its bias.
    pub g: f64,
    /// Interval of `d_z`.
    pub lower: f64,
    /// See `lower`.
    pub upper: f64,
}

/// Effect size of paired differences.
///
/// `g = d_z Γ(df/2) / (√(df/2) Γ((df − 1)/2))`, `df = n − 1`. Interval: the `d_z = δ/√n` under whose noncentral t the observed t lies at the outer
/// quantiles.
///
/// - Returns `None` below three values or without variance.
/// - Source: Cohen (1988), Hedges (1981), Steiger & Fouladi (1997); fixed by `tests/golden/statistics/`, key `effect_size`.
pub fn effect_size(differences: &[f64], level: f64) -> Option<EffectSize> {
    let moments = Moments::of(differences.iter().copied())?;
    let sd = moments.sd();
    if moments.n < 3 || sd <= 0.0 || !(level > 0.0 && level < 1.0) {
        return None;
    }
    let (n, df) = (moments.n as f64, (moments.n - 1) as f64);
    let d = moments.mean / sd;
    let correction = (ln_gamma(df / 2.0) - ln_gamma((df - 1.0) / 2.0)).exp() / (df / 2.0).sqrt();
    let t = d * n.sqrt();
    let tail = (1.0 - level) / 2.0;
    let distribution = Noncentral::new(df);
    let shift = |p: f64| shift_at(t, &distribution, p) / n.sqrt();
    Some(EffectSize { d, g: d * correction, lower: shift(1.0 - tail), upper: shift(tail) })
}

/// The noncentrality under which P(T ≤ t) = p; it falls as the shift grows.
fn shift_at(t: f64, distribution: &Noncentral, p: f64) -> f64 {
    let reach = 10.0 + 3.0 * t.abs();
    let (mut low, mut high) = (t - reach, t + reach);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if distribution.cdf(t, middle) > p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{STUDIES, close, differences, study};

    #[test]
    fn agrees_with_the_formulas_and_with_noncentral_t() {
        for name in STUDIES {
            let (found, golden) = (effect_size(&differences(name), 0.95).unwrap(), &study(name)["effect_size"]);
            close(found.d, &golden["cohen_dz"], 1e-9);
            close(found.g, &golden["hedges_gz_exact"], 1e-9);
            close(found.lower, &golden["dz_ci95_noncentral_t"][0], 1e-8);
            close(found.upper, &golden["dz_ci95_noncentral_t"][1], 1e-8);
        }
    }

    #[test]
    fn without_variance_there_is_none() {
        assert_eq!(effect_size(&[0.1; 10], 0.95), None);
        assert_eq!(effect_size(&[0.1, 0.2], 0.95), None);
    }
}
