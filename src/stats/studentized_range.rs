//! The studentized range with infinite degrees of freedom: how far apart the extremes of k standard normal numbers lie.

use super::normal;

/// Nodes of the trapezoidal rule, whose integrand vanishes at both ends.
const NODES: u32 = 800;

/// P(Q > q) for k numbers.
///
/// `P(Q ≤ q) = k ∫ φ(z) (Φ(z) − Φ(z − q))^{k−1} dz`. Absolute error below 1e-12.
///
/// - Source: Pearson & Hartley (1942); fixed by `tests/golden/statistics/friedman_nemenyi.json`.
pub fn upper_tail(q: f64, k: usize) -> f64 {
    if q <= 0.0 {
        return 1.0;
    }
    let (low, high) = (-9.0, 9.0 + q.min(30.0));
    let step = (high - low) / f64::from(NODES);
    let mut sum = 0.0;
    for node in 0..=NODES {
        let z = low + f64::from(node) * step;
        let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        sum += density * (normal::cdf(z) - normal::cdf(z - q)).powi(k as i32 - 1);
    }
    (1.0 - k as f64 * sum * step).clamp(0.0, 1.0)
}

/// The q with P(Q > q) = `alpha`.
pub fn quantile(alpha: f64, k: usize) -> f64 {
    let (mut low, mut high) = (0.0, 60.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle, k) > alpha { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{answers, close};

    #[test]
    fn agrees_with_the_table() {
        let golden = answers("friedman_nemenyi.json");
        let table = golden["q_alpha_over_sqrt2"].as_object().unwrap();
        assert_eq!(table.len(), 19);
        for (k, row) in table {
            let k = k.trim_start_matches("k=").parse().unwrap();
            for (alpha, key) in [(0.05, "alpha_0.05"), (0.1, "alpha_0.1")] {
                close(quantile(alpha, k) / std::f64::consts::SQRT_2, &row[key], 1e-8);
            }
        }
    }
}
