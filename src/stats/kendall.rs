//! Kendall's τ-b: do two orders agree?

use super::normal;

/// A rank correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kendall {
    /// τ-b, from −1 to 1.
    pub tau: f64,
    /// Two-sided p-value by the normal approximation with ties; loose below about ten values.
    pub p: f64,
}

/// Kendall's τ-b of two series.
///
/// `τ_b = (C − D) / √((m − T_x)(m − T_y))`: concordant and discordant among the m = n(n−1)/2 pairs, T pairs tied in x or y.
///
/// - Returns `None` for fewer than two values, series of different length, or all values of a series tied.
/// - Cost: O(n²). - Source: Kendall (1945); fixed by `tests/golden/statistics/correlation.json`.
pub fn kendall(x: &[f64], y: &[f64]) -> Option<Kendall> {
    let n = x.len();
    if n < 2 || n != y.len() {
        return None;
    }
    let (mut agree, mut tied_x, mut tied_y) = (0_i64, 0_i64, 0_i64);
    for i in 0..n {
        for j in 0..i {
            let (a, b) = (x[i].partial_cmp(&x[j])? as i64, y[i].partial_cmp(&y[j])? as i64);
            agree += a * b;
            tied_x += i64::from(a == 0);
            tied_y += i64::from(b == 0);
        }
    }
    let pairs = (n * (n - 1) / 2) as i64;
    let scale = ((pairs - tied_x) as f64).sqrt() * ((pairs - tied_y) as f64).sqrt();
    if scale <= 0.0 {
        return None;
    }
    let variance = variance(n as f64, &ties(x), &ties(y));
    let p = if variance > 0.0 { 2.0 * normal::cdf(-(agree as f64).abs() / variance.sqrt()) } else { 1.0 };
    // Two roots and a product may end a bit beyond.
    Some(Kendall { tau: (agree as f64 / scale).clamp(-1.0, 1.0), p })
}

/// Sizes of groups of equal values.
fn ties(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|group| group.len() as f64).collect()
}

/// Variance of C − D under the null (Kendall 1970, chapter 4).
fn variance(n: f64, x: &[f64], y: &[f64]) -> f64 {
    let sum = |groups: &[f64], of: fn(f64) -> f64| groups.iter().map(|&t| of(t)).sum::<f64>();
    let pairs = |t: f64| t * (t - 1.0);
    let triples = |t: f64| t * (t - 1.0) * (t - 2.0);
    let skew = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let mut out = (skew(n) - sum(x, skew) - sum(y, skew)) / 18.0 + sum(x, pairs) * sum(y, pairs) / (2.0 * pairs(n));
    if n > 2.0 {
        out += sum(x, triples) * sum(y, triples) / (9.0 * triples(n));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{answers, close, close_p};

    #[test]
    fn agrees_with_scipy() {
        let golden = answers("correlation.json");
        for key in ["no_ties", "ties"] {
            let series = |name: &str| -> Vec<f64> {
                golden[key][name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
            };
            let found = kendall(&series("x"), &series("y")).unwrap();
            close(found.tau, &golden[key]["kendall_tau_b"], 1e-12);
            close_p(found.p, &golden[key]["kendall_p"], 1e-9);
        }
    }

    #[test]
    fn reversing_negates_and_constants_have_none() {
        let (x, y) = ([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 3.0]);
        let reversed: Vec<f64> = y.iter().map(|value| -value).collect();
        assert_eq!(kendall(&x, &y).unwrap().tau, -kendall(&x, &reversed).unwrap().tau);
        assert_eq!(kendall(&x, &[1.0; 4]), None);
        assert_eq!(kendall(&x, &y[..3]), None);
    }
}
