//! The sign test: how many units are better, how many worse, and whether that could be a coin.

use super::proportions::{self, Share};
use statrs::distribution::{Binomial, DiscreteCDF};

/// Better, tied and worse units, and the exact binomial test of the first against the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignTest {
    /// Units with a positive difference.
    pub n_better: usize,
    /// Units without a difference.
    pub n_tied: usize,
    /// Units with a negative difference.
    pub n_worse: usize,
    /// Two-sided p-value.
    pub p: f64,
    /// One-sided p-value for more better than worse units.
    pub p_greater: f64,
    /// Share of better units among those that differ, with a Wilson interval; `None` if none differ.
    pub share: Option<Share>,
}

/// Tests whether positive and negative differences are equally likely; ties are set aside and counted.
///
/// Under the null the number of positive ones is Binomial(n, ½). Two-sided: twice the smaller tail, at most 1.
///
/// - All ties: `p = 1`. - Source: Arbuthnot (1710), Dixon & Mood (1946); fixed by `tests/golden/statistics/`, key `sign_test`.
pub fn sign_test(differences: &[f64], level: f64) -> SignTest {
    let n_better = differences.iter().filter(|&&value| value > 0.0).count();
    let n_worse = differences.iter().filter(|&&value| value < 0.0).count();
    let n = n_better + n_worse;
    let at_least = |count: usize| {
        // P(X ≥ count) = 1 − P(X ≤ count − 1), from the other side where that has more digits.
        let law = Binomial::new(0.5, n as u64);
        match (count, law) {
            (0, _) | (_, Err(_)) => 1.0,
            (_, Ok(law)) => law.cdf((n - count) as u64),
        }
    };
    let (p_greater, p_less) = (at_least(n_better), at_least(n_worse));
    SignTest {
        n_better,
        n_tied: differences.len() - n,
        n_worse,
        p: (2.0 * p_greater.min(p_less)).min(1.0),
        p_greater,
        share: proportions::wilson(n_better, n, level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{STUDIES, close, close_p, differences, study};

    #[test]
    fn agrees_with_scipy_and_statsmodels() {
        for name in STUDIES {
            let (found, golden) = (sign_test(&differences(name), 0.95), &study(name)["sign_test"]);
            assert_eq!(found.n_better as u64, golden["n_positive"].as_u64().unwrap());
            assert_eq!((found.n_better + found.n_worse) as u64, golden["n_used"].as_u64().unwrap());
            close_p(found.p, &golden["p_two_sided"], 1e-9);
            close_p(found.p_greater, &golden["p_greater"], 1e-9);
            let share = found.share.unwrap();
            close(share.lower, &golden["share_positive_ci95_wilson"][0], 1e-9);
            close(share.upper, &golden["share_positive_ci95_wilson"][1], 1e-9);
        }
    }

    #[test]
    fn ties_alone_say_nothing() {
        let found = sign_test(&[0.0; 12], 0.95);
        assert_eq!((found.n_tied, found.p, found.share), (12, 1.0, None));
        assert_eq!(sign_test(&[], 0.95).p, 1.0);
    }

    #[test]
    fn three_heads_of_three() {
        let found = sign_test(&[1.0, 2.0, 3.0], 0.95);
        assert!((found.p - 0.25).abs() < 1e-12 && (found.p_greater - 0.125).abs() < 1e-12, "{found:?}");
    }
}
