//! Student's t distribution, central and noncentral.
//!
//! The central one is statrs's incomplete beta function, taken in the tail so that small p-values keep their digits. The
//! noncentral one is integrated numerically: with `s = sqrt(χ²_df / df) = e^x` the integrand falls off at both ends
//! faster than exponentially, where the trapezoidal rule converges faster than any power of the step.

use super::normal;
use statrs::function::beta::beta_reg;

/// Nodes of the trapezoidal rule.
const NODES: u32 = 1200;
/// Logarithm of what the integrand may be, relative to its peak, where it is cut off.
const NEGLIGIBLE: f64 = -46.0;

/// Degrees of freedom from which on the normal distribution stands in: it differs by less than 1/df.
const MANY: f64 = 1e8;

/// P(T > t) for `df` degrees of freedom, with relative accuracy in the tail.
pub fn upper_tail(t: f64, df: f64) -> f64 {
    if df > MANY {
        return normal::cdf(-t);
    }
    let beyond = 0.5 * beta_reg(df / 2.0, 0.5, df / (df + t * t));
    if t < 0.0 { 1.0 - beyond } else { beyond }
}

/// The number that a t variable is at most with probability `p`, `0 < p < 1`; `quantile(1 − p) = −quantile(p)`.
///
/// - By bisection of the tail: some sixty incomplete beta functions. statrs's own inverse can run for minutes where df is large.
pub fn quantile(p: f64, df: f64) -> f64 {
    if p < 0.5 {
        return -quantile(1.0 - p, df);
    }
    let (mut low, mut high) = (0.0, 2.0);
    while upper_tail(high, df) > 1.0 - p && high < f64::MAX / 2.0 {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle, df) > 1.0 - p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// P(T ≤ t) for a noncentral t variable: `(Z + ncp) / sqrt(χ²_df / df)`.
///
/// `P = ∫ Φ(t s − ncp) f(s) ds`, f the density of `sqrt(χ²_df / df)`. Absolute error below 1e-11 for `df` from 1 to 10⁷.
///
/// - Cost: 1,200 values of Φ.
/// - Source: the definition; fixed by `tests/golden/statistics/power.json`.
pub fn noncentral_cdf(t: f64, df: f64, ncp: f64) -> f64 {
    Noncentral::new(df).cdf(t, ncp)
}

/// Noncentral t distributions of one number of degrees of freedom: what all t and shifts share of [`noncentral_cdf`], to ask it many times.
pub struct Noncentral {
    /// s and its weight at each node.
    nodes: Vec<(f64, f64)>,
    /// Sum of the weights.
    total: f64,
}

impl Noncentral {
    /// The nodes of the integral.
    pub fn new(df: f64) -> Self {
        let (low, high) = (edge(df, -60.0), edge(df, 30.0));
        let step = (high - low) / f64::from(NODES);
        let mut out = Self { nodes: Vec::with_capacity(NODES as usize + 1), total: 0.0 };
        for node in 0..=NODES {
            let x = low + f64::from(node) * step;
            let weight = log_weight(df, x).exp();
            out.total += weight;
            out.nodes.push((x.exp(), weight));
        }
        out
    }

    /// P(T ≤ t) with a shift.
    ///
    /// - Cost: 1,200 values of Φ.
    pub fn cdf(&self, t: f64, ncp: f64) -> f64 {
        let sum: f64 = self.nodes.iter().map(|&(s, weight)| weight * normal::cdf(t * s - ncp)).sum();
        sum / self.total
    }
}

/// Logarithm of the density of x = ln s relative to its peak at 0.
fn log_weight(df: f64, x: f64) -> f64 {
    df * (x - 0.5 * (2.0 * x).exp_m1())
}

/// Where the integrand becomes negligible on the side of `far`.
fn edge(df: f64, mut far: f64) -> f64 {
    let mut near = 0.0;
    for _ in 0..80 {
        let middle = f64::midpoint(near, far);
        if log_weight(df, middle) > NEGLIGIBLE { near = middle } else { far = middle }
    }
    far
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of SciPy 1.15 `stats.t` and `stats.nct`.
    #[test]
    fn agrees_with_published_values() {
        assert!((upper_tail(1.342_544_266_305_59, 14.0) - 0.100_392_216_151_441_66).abs() < 1e-13);
        // t(0.975; 14) = 2.1447866879 (tables).
        assert!((quantile(0.975, 14.0) - 2.144_786_687_917_804_4).abs() < 1e-11, "{}", quantile(0.975, 14.0));
        assert!((quantile(0.975, 1e6) - 1.959_966_355_946_763).abs() < 1e-8, "{}", quantile(0.975, 1e6));
        assert_eq!(quantile(0.025, 7.0), -quantile(0.975, 7.0));
    }

    #[test]
    fn without_a_shift_the_noncentral_distribution_is_the_central_one() {
        for df in [1.0, 2.0, 4.0, 14.0, 599.0, 1e5] {
            for t in [-3.0, -0.4, 0.0, 1.1, 2.5] {
                let (found, expected) = (noncentral_cdf(t, df, 0.0), 1.0 - upper_tail(t, df));
                // The central one is off by 3e-11 at 10⁵ degrees of freedom.
                assert!((found - expected).abs() < 1e-10, "{df} {t}: {found} {expected}");
            }
        }
    }

    #[test]
    fn at_zero_only_the_shift_counts() {
        // P(T ≤ 0) = Φ(−ncp), whatever df is.
        for (df, ncp) in [(3.0, 0.7), (600.0, -2.0)] {
            assert!((noncentral_cdf(0.0, df, ncp) - normal::cdf(-ncp)).abs() < 1e-12);
        }
    }
}
