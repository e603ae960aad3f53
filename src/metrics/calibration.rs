//! Calibration: Brier score and expected calibration error of predicted probabilities.
//!
//! The Brier score is proper: it rewards probabilities that are both honest and sharp. The calibration error looks at honesty alone,
//! through bins, and can be 0 for a model that always predicts the base rate; read it beside a metric of order.

use super::{Compute, Direction, Metric};
use crate::dataset::Scale;

/// Brier score.
pub const BRIER: Metric = Metric {
    name: "brier",
    about: "mean squared difference of predicted probability and label",
    direction: Direction::Lower,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::Rows(Some(Scale::Probability), |rows| brier(rows.scores, rows.labels)),
};

/// Expected calibration error, 10 equal-width bins.
pub const ECE: Metric = Metric {
    name: "ece",
    about: "mean gap of predicted probability and share of relevant rows over 10 equal-width bins, weighted by rows",
    direction: Direction::Lower,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::Rows(Some(Scale::Probability), |rows| ece(rows.scores, rows.labels, &UPPER_EDGES)),
};

/// Number of bins of [`ECE`].
const N_BINS: usize = 10;

/// Upper ends of the bins in f32, the precision of scores: a probability of 0.7 at rest is below the f64 number 0.7, and one of 0.6 above 0.6.
const UPPER_EDGES: [f32; N_BINS] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// Brier score of predicted probabilities: their mean squared error.
///
/// `(1/n) Σ (p - y)²`
///
/// - `probabilities`: `[n]`, in `[0, 1]`. `labels`: `[n]`, 0 or 1.
/// - Returns a value in `[0, 1]`; `None` for no rows.
/// - Cost: O(n), no allocation. Sums in f64, in row order.
/// - Source: Brier (1950), the form for two classes; sklearn `brier_score_loss`. Fixed by `tests/golden/probabilities/`.
pub fn brier<P: Copy + Into<f64>>(probabilities: &[P], labels: &[u8]) -> Option<f64> {
    debug_assert_eq!(probabilities.len(), labels.len());
    let rows = probabilities.iter().zip(labels);
    let sum: f64 = rows.map(|(&probability, &label)| (probability.into() - truth(label)).powi(2)).sum();
    (!labels.is_empty()).then(|| sum / labels.len() as f64)
}

/// Expected calibration error: how far, bin by bin, the predicted probability is from the share of relevant rows.
///
/// `ECE = Σ_b (n_b / n) |mean p - mean y|` over the non-empty bins; bin b holds `(edge_{b-1}, edge_b]`, and 0 lies in the first.
///
/// - `probabilities`: `[n]`, in `[0, 1]`. `labels`: `[n]`, 0 or 1. `upper_edges`: ends of the bins, ascending, the last 1, in the
///   precision of the probabilities so that a value on an edge is recognized.
/// - Returns a value in `[0, 1]`; `None` for no rows.
/// - Cost: O(n log B), no allocation. Sums in f64, in row order, then bin order.
/// - Source: Naeini et al. (2015), with the bins of sklearn `calibration_curve`. Fixed by `tests/golden/probabilities/`.
pub fn ece<P: Copy + PartialOrd + Into<f64>>(
    probabilities: &[P],
    labels: &[u8],
    upper_edges: &[P; N_BINS],
) -> Option<f64> {
    debug_assert_eq!(probabilities.len(), labels.len());
    // Predicted minus true, summed: n_b |mean p - mean y| is its absolute value, so counts need not be kept.
    let mut gaps = [0.0_f64; N_BINS];
    for (&probability, &label) in probabilities.iter().zip(labels) {
        gaps[bin(probability, upper_edges)] += probability.into() - truth(label);
    }
    let sum: f64 = gaps.iter().map(|gap| gap.abs()).sum();
    (!labels.is_empty()).then(|| sum / labels.len() as f64)
}

/// What came of the probabilities in one bin of [`ECE`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Which of the ten, from 0.
    pub number: usize,
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share of relevant rows.
    pub observed: f64,
    /// Rows.
    pub n: u64,
}

/// The non-empty bins of [`ECE`], ascending: the points of a reliability diagram. Both `[n]`, as in [`ece`].
pub fn bins(probabilities: &[f32], labels: &[u8]) -> Vec<Bin> {
    let mut sums = [(0.0, 0.0, 0_u64); N_BINS];
    for (&probability, &label) in probabilities.iter().zip(labels) {
        let (predicted, observed, n) = &mut sums[bin(probability, &UPPER_EDGES)];
        *predicted += f64::from(probability);
        *observed += truth(label);
        *n += 1;
    }
    let filled = sums.into_iter().enumerate().filter(|(_, sum)| sum.2 > 0);
    filled.map(|(number, (p, y, n))| Bin { number, predicted: p / n as f64, observed: y / n as f64, n }).collect()
}

/// Place of the bin of a probability.
fn bin<P: PartialOrd>(probability: P, upper_edges: &[P; N_BINS]) -> usize {
    upper_edges.partition_point(|edge| *edge < probability).min(N_BINS - 1)
}

/// The probability that a perfect prophet would have given.
fn truth(label: u8) -> f64 {
    if label != 0 { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn brier_is_the_mean_squared_error() {
        // (0.5² + 0.25²) / 2 = 0.15625.
        assert_eq!(brier(&[0.5_f32, 0.25], &[1, 0]), Some(0.15625));
    }

    #[test]
    fn ece_weights_the_gap_of_each_bin_by_its_rows() {
        // (0.7, 0.8]: mean p 0.75, all relevant, gap 0.25, 2 rows; (0.2, 0.3]: p 0.25, gap 0.25, 1 row; (0.4, 0.5]: gap 0.5, 1 row.
        let value = ece(&[0.75_f32, 0.75, 0.25, 0.5], &[1, 1, 0, 0], &UPPER_EDGES);
        assert_eq!(value, Some((0.5 + 0.25 + 0.5) / 4.0));
    }

    #[test]
    fn bins_say_what_the_error_sums() {
        let (probabilities, labels) = ([0.75_f32, 0.8, 0.25, 0.5, 0.0], [1, 0, 0, 0, 1]);
        let bins = bins(&probabilities, &labels);
        assert_eq!(bins.iter().map(|bin| (bin.number, bin.n)).collect::<Vec<_>>(), [(0, 1), (2, 1), (4, 1), (7, 2)]);
        let error: f64 = bins.iter().map(|bin| bin.n as f64 * (bin.predicted - bin.observed).abs()).sum::<f64>() / 5.0;
        assert!((error - ece(&probabilities, &labels, &UPPER_EDGES).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn gaps_of_one_bin_cancel_and_gaps_of_two_bins_do_not() {
        assert_eq!(ece(&[0.5_f32, 0.5], &[1, 0], &UPPER_EDGES), Some(0.0));
        // 0.5 ends its bin and 0.50001 opens the next: |0.5 - 1| + |0.50001 - 0|, over 2.
        let apart = ece(&[0.5_f32, 0.50001], &[1, 0], &UPPER_EDGES).unwrap();
        assert!((apart - 0.500005).abs() < 1e-7, "{apart}");
    }

    #[test]
    fn a_probability_stored_in_f32_lies_in_the_bin_that_its_edge_ends() {
        for edge in [0.1_f32, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] {
            // Below the edge and on it: one bin, so the gaps e - 1 and e (nearly) add before the absolute value is taken.
            let below = edge - 0.001;
            let one_bin = ((f64::from(below) - 1.0) + f64::from(edge)).abs() / 2.0;
            golden::assert_close(ece(&[below, edge], &[1, 0], &UPPER_EDGES).unwrap(), one_bin, &format!("{edge}"));
        }
    }

    #[test]
    fn zero_and_one_lie_in_the_outer_bins() {
        assert_eq!(ece(&[0.0_f32, 1.0], &[0, 1], &UPPER_EDGES), Some(0.0));
        assert_eq!(ece(&[0.0_f32, 1.0], &[1, 0], &UPPER_EDGES), Some(1.0));
    }

    #[test]
    fn both_are_undefined_without_rows() {
        assert_eq!(brier::<f32>(&[], &[]), None);
        assert_eq!(ece::<f32>(&[], &[], &UPPER_EDGES), None);
    }

    #[test]
    fn agree_with_golden_files() {
        const EDGES: [f64; N_BINS] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
        golden::check_probabilities("brier", brier);
        golden::check_probabilities("ece", |probabilities, labels| ece(probabilities, labels, &EDGES));
    }

    #[test]
    fn rounding_to_f32_moves_no_row_to_another_bin() {
        // tied.csv lies on a 0.1 grid, so that one row in the wrong bin would show.
        let table = golden::Table::read("probabilities/tied.csv");
        let stored: Vec<f32> = table.numbers("probability").iter().map(|&probability| probability as f32).collect();
        let labels: Vec<u8> = table.numbers("label").iter().map(|&label| label as u8).collect();
        let expected = golden::json("probabilities/tied.json")["uniform_10_bins"]["ece"].as_f64().unwrap();
        let found = ece(&stored, &labels, &UPPER_EDGES).unwrap();
        assert!((found - expected).abs() < 1e-7, "{found} {expected}");
    }
}
