//! Shares: Wilson's interval of one, and the difference of two independent ones with Newcombe's interval.

use super::normal;

/// A share and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Hits / n.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Wilson's interval of a share.
///
/// The p that a score test does not refuse: `(p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)`.
///
/// - Returns `None` for n = 0. Never leaves `[0, 1]`, and has width also at 0 and n hits.
/// - Source: Wilson (1927); fixed by `tests/golden/statistics/two_proportions.json`.
pub fn wilson(n_hits: usize, n: usize, level: f64) -> Option<Share> {
    if n == 0 || n_hits > n {
        return None;
    }
    let (n, z) = (n as f64, normal::quantile(f64::midpoint(1.0, level)));
    let estimate = n_hits as f64 / n;
    let center = estimate + z * z / (2.0 * n);
    let margin = z * (estimate * (1.0 - estimate) / n + z * z / (4.0 * n * n)).sqrt();
    let denominator = 1.0 + z * z / n;
    let lower = if n_hits == 0 { 0.0 } else { (center - margin) / denominator };
    let upper = if estimate >= 1.0 { 1.0 } else { (center + margin) / denominator };
    Some(Share { estimate, lower, upper })
}

/// The difference of two independent shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoShares {
    /// Treatment − baseline, with Newcombe's interval.
    pub difference: Share,
    /// z statistic with the pooled share; `None` when both are 0 or both 1.
    pub z: Option<f64>,
    /// Its two-sided p-value.
    pub p: Option<f64>,
}

/// Compares the shares of two independent groups, given as (hits, n): z test with pooled share, Newcombe's interval.
///
/// Interval: `d − √((p_t − l_t)² + (u_b − p_b)²)` to `d + √((u_t − p_t)² + (p_b − l_b)²)`, with the Wilson ends l, u of each.
///
/// - Returns `None` for an empty group. For independent groups only: the same users under two arms are paired.
/// - Source: Newcombe (1998), method 10; fixed by `tests/golden/statistics/two_proportions.json`.
pub fn two_shares(baseline: (usize, usize), treatment: (usize, usize), level: f64) -> Option<TwoShares> {
    let b = wilson(baseline.0, baseline.1, level)?;
    let t = wilson(treatment.0, treatment.1, level)?;
    let estimate = t.estimate - b.estimate;
    let lower = estimate - (t.estimate - t.lower).hypot(b.upper - b.estimate);
    let upper = estimate + (t.upper - t.estimate).hypot(b.estimate - b.lower);
    let pooled = (baseline.0 + treatment.0) as f64 / (baseline.1 + treatment.1) as f64;
    let variance = pooled * (1.0 - pooled) * (1.0 / baseline.1 as f64 + 1.0 / treatment.1 as f64);
    let z = (variance > 0.0).then(|| estimate / variance.sqrt());
    let p = z.map(|z| 2.0 * normal::cdf(-z.abs()));
    Some(TwoShares { difference: Share { estimate, lower, upper }, z, p })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{answers, close, close_p};

    #[test]
    fn agrees_with_statsmodels_also_at_the_edges() {
        let golden = answers("two_proportions.json");
        let cases = golden["two_proportions"].as_array().unwrap();
        assert!(cases.len() >= 5);
        for case in cases {
            let count = |key: &str| case[key].as_u64().unwrap() as usize;
            let (one, two) = ((count("x1"), count("n1")), (count("x2"), count("n2")));
            let found = two_shares(two, one, 0.95).unwrap();
            close(found.difference.lower, &case["newcombe_ci95"][0], 1e-9);
            close(found.difference.upper, &case["newcombe_ci95"][1], 1e-9);
            match found.z {
                Some(z) => close(z, &case["z_pooled"], 1e-9),
                None => assert!(case["z_pooled"].is_null()),
            }
            match found.p {
                Some(p) => close_p(p, &case["p_two_sided_pooled"], 1e-9),
                None => assert!(case["p_two_sided_pooled"].is_null()),
            }
            for (side, key) in [(one, "wilson_ci95_1"), (two, "wilson_ci95_2")] {
                let share = wilson(side.0, side.1, 0.95).unwrap();
                close(share.lower, &case[key][0], 1e-9);
                close(share.upper, &case[key][1], 1e-9);
            }
        }
    }

    #[test]
    fn of_nobody_there_is_no_share() {
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(two_shares((0, 0), (1, 2), 0.95), None);
    }
}
