//! Log-loss: how surprised a probability is by what happened.

use super::{Compute, Direction, Metric};
use crate::dataset::Scale;
use std::f64::consts::LN_2;

/// Mean negative log-likelihood of the test rows.
pub const LOG_LOSS: Metric = Metric {
    name: "log-loss",
    about: "mean negative log-likelihood of the labels under the predicted probabilities",
    direction: Direction::Lower,
    unit: "nats",
    range: (0.0, 52.0 * LN_2),
    compute: Compute::Rows(Some(Scale::Probability), |rows| log_loss(rows.scores, rows.labels)),
};

/// Log-loss of predicted probabilities, in nats.
///
/// `-(1/n) Σ (y ln p + (1 - y) ln(1 - p))`, p clipped to `[2^-52, 1 - 2^-52]`.
///
/// - `probabilities`: `[n]`, in `[0, 1]`. `labels`: `[n]`, 0 or 1.
/// - Returns a value in `[0, 52 ln 2]`: the clip bounds what one certain mistake costs. `None` for no rows.
/// - Cost: O(n), no allocation. Clipped and summed in f64 whatever the precision of the input, in row order.
/// - Source: Good (1952); sklearn `log_loss`. Fixed by `tests/golden/probabilities/`.
pub fn log_loss<P: Copy + Into<f64>>(probabilities: &[P], labels: &[u8]) -> Option<f64> {
    debug_assert_eq!(probabilities.len(), labels.len());
    let rows = probabilities.iter().zip(labels);
    let sum: f64 = rows.map(|(&probability, &label)| surprise(probability.into(), label)).sum();
    (!labels.is_empty()).then(|| sum / labels.len() as f64)
}

/// `-ln` of the probability given to what happened.
fn surprise(probability: f64, label: u8) -> f64 {
    let probability = probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    -libm::log(if label != 0 { probability } else { 1.0 - probability })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn is_the_mean_negative_log_likelihood() {
        // (-ln 0.5 - ln(1 - 0.75)) / 2 = (ln 2 + 2 ln 2) / 2.
        let value = log_loss(&[0.5_f32, 0.75], &[1, 0]).unwrap();
        assert!((value - 1.5 * LN_2).abs() < 1e-15, "{value}");
    }

    #[test]
    fn a_certain_mistake_costs_the_clip_and_a_certain_hit_nearly_nothing() {
        golden::assert_close(log_loss(&[0.0_f32], &[1]).unwrap(), 52.0 * LN_2, "p = 0, y = 1");
        golden::assert_close(log_loss(&[1.0_f32], &[0]).unwrap(), 52.0 * LN_2, "p = 1, y = 0");
        let hit = log_loss(&[1.0_f32, 0.0], &[1, 0]).unwrap();
        assert!((0.0..1e-15).contains(&hit), "{hit}");
    }

    #[test]
    fn is_undefined_without_rows() {
        assert_eq!(log_loss::<f32>(&[], &[]), None);
    }

    #[test]
    fn agrees_with_golden_files() {
        golden::check_probabilities("log_loss", log_loss);
    }
}
