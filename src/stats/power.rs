//! Power: how often a study of n units would find a difference, how many units it takes, and what n units can find at all.

use super::student::{self, Noncentral};
use super::t_test::Moments;

/// Most units that are asked for; beyond, the difference is too small to be found.
const MOST: f64 = 1e12;

/// A shift from which on everything is found.
const FAR: f64 = 40.0;

/// Power of the two-sided paired t test.
///
/// `P(|T| > t(1 − α/2))`, T noncentral with `df = n − 1` and shift `d_z √n`.
///
/// - `effect`: d_z. `n`: 2 or more, need not be whole. - Source: Cohen (1988); fixed by `tests/golden/statistics/power.json`.
pub fn paired(effect: f64, n: f64, alpha: f64) -> f64 {
    two_sided(effect * n.sqrt(), n - 1.0, alpha)
}

fn two_sided(shift: f64, df: f64, alpha: f64) -> f64 {
    // Asked before the nodes are made, which takes longer than all else.
    if shift.abs() > FAR {
        return 1.0;
    }
    TwoSided::new(df, alpha).power(shift)
}

/// The two-sided t test of some degrees of freedom at a level.
struct TwoSided {
    critical: f64,
    distribution: Noncentral,
}

impl TwoSided {
    fn new(df: f64, alpha: f64) -> Self {
        Self { critical: student::quantile(1.0 - alpha / 2.0, df), distribution: Noncentral::new(df) }
    }

    /// Power against a shift.
    fn power(&self, shift: f64) -> f64 {
        if shift.abs() > FAR {
            return 1.0;
        }
        1.0 - self.distribution.cdf(self.critical, shift) + self.distribution.cdf(-self.critical, shift)
    }
}

/// Units that the paired t test needs for a power, rounded up; `None` if more than 10¹² (or the effect is 0).
pub fn required_n(effect: f64, alpha: f64, power: f64) -> Option<u64> {
    required(|n| paired(effect, n, alpha), power)
}

/// The smallest d_z that n units find with a power.
pub fn minimum_detectable(n: f64, alpha: f64, power: f64) -> f64 {
    let test = TwoSided::new(n - 1.0, alpha);
    let (mut low, mut high) = (0.0, FAR / n.sqrt());
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if middle == low || middle == high {
            break;
        }
        if test.power(middle * n.sqrt()) < power { low = middle } else { high = middle }
    }
    high
}

/// Two groups of an experiment: how their values spread, and how large they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Groups {
    /// Standard deviation of a baseline unit's value.
    pub sd_baseline: f64,
    /// Standard deviation of a treatment unit's value.
    pub sd_treatment: f64,
    /// Share of all units that see the treatment, in (0, 1).
    pub share: f64,
}

impl Groups {
    /// Spreads of two samples.
    pub fn of(baseline: &Moments, treatment: &Moments, share: f64) -> Self {
        Self { sd_baseline: baseline.sd(), sd_treatment: treatment.sd(), share }
    }

    /// Power of Welch's test for a difference of means, with n units in both groups together.
    ///
    /// - Source: as [`paired`], with Welch's standard error and degrees of freedom.
    pub fn power(&self, difference: f64, n: f64, alpha: f64) -> f64 {
        let (n_b, n_t) = (n * (1.0 - self.share), n * self.share);
        let (b, t) = (self.sd_baseline.powi(2) / n_b, self.sd_treatment.powi(2) / n_t);
        if n_b < 2.0 || n_t < 2.0 || b + t <= 0.0 {
            return if b + t <= 0.0 && difference != 0.0 { 1.0 } else { alpha };
        }
        let df = (b + t).powi(2) / (b * b / (n_b - 1.0) + t * t / (n_t - 1.0));
        two_sided(difference / (b + t).sqrt(), df, alpha)
    }

    /// Units in both groups together that a power needs; `None` if more than 10¹² (or the difference is 0).
    pub fn required_n(&self, difference: f64, alpha: f64, power: f64) -> Option<u64> {
        required(|n| self.power(difference, n, alpha), power)
    }
}

/// The smallest whole n from 2 at which a rising function reaches a power.
fn required(power_of: impl Fn(f64) -> f64, power: f64) -> Option<u64> {
    let (mut low, mut high) = (2.0, 4.0);
    while power_of(high) < power {
        (low, high) = (high, high * 2.0);
        if high > MOST {
            return None;
        }
    }
    while high - low > 1.0 {
        let middle = f64::midpoint(low, high).floor();
        if power_of(middle) < power { low = middle } else { high = middle }
    }
    Some(if power_of(low) < power { high as u64 } else { low as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{answers, close, within};

    #[test]
    fn agrees_with_statsmodels() {
        let golden = answers("power.json");
        let number = |case: &serde_json::Value, key: &str| case[key].as_f64().unwrap();
        for case in golden["power"].as_array().unwrap() {
            let found = paired(number(case, "dz"), number(case, "n"), number(case, "alpha"));
            // Where the power is 1 to the last digit, statsmodels has no number.
            if case["power"].is_null() {
                assert!((found - 1.0).abs() < 1e-12);
            } else {
                close(found, &case["power"], 1e-8);
            }
        }
        for case in golden["minimum_detectable_dz"].as_array().unwrap() {
            let found = minimum_detectable(number(case, "n"), number(case, "alpha"), number(case, "power"));
            // The root finder of statsmodels stops some 1e-6 off; the power it solves for agrees to 1e-8 above.
            within(found, number(case, "dz"), 1e-5);
        }
        for case in golden["required_n"].as_array().unwrap() {
            let found = required_n(number(case, "dz"), number(case, "alpha"), number(case, "power"));
            assert_eq!(found, case["n"].as_u64());
        }
    }

    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        assert_eq!(required_n(0.0, 0.05, 0.8), None);
        assert!((paired(0.0, 50.0, 0.05) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn two_equal_groups_need_four_times_the_pairs_of_uncorrelated_units() {
        // Var(difference of two groups of n/2) = 4 sd²/n, against sd²/n for n differences of that sd.
        let groups = Groups { sd_baseline: 1.0, sd_treatment: 1.0, share: 0.5 };
        let (two, one) = (groups.required_n(0.1, 0.05, 0.8).unwrap(), required_n(0.1, 0.05, 0.8).unwrap());
        assert!((two as f64 / one as f64 - 4.0).abs() < 0.02, "{two} {one}");
        assert!(groups.power(0.1, two as f64, 0.05) >= 0.8 && groups.power(0.1, (two - 2) as f64, 0.05) < 0.8);
    }
}
