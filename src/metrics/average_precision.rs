//! Average precision over the pooled rows of all users: the area under the precision–recall curve, as steps.
//!
//! Says more than ROC AUC where relevant rows are rare. For the mean over users of a list's average precision see [`map`](super::map).

use super::{Compute, Direction, Metric};

/// Average precision of all test rows.
pub const AVERAGE_PRECISION: Metric = Metric {
    name: "average-precision",
    about: "area under the precision-recall curve of the test rows of all users, step-wise",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::Rows(None, |rows| average_precision(rows.scores, rows.labels)),
};

/// Average precision of pooled rows: precision at each score threshold, weighted by the recall gained there.
///
/// `AP = Σ_t (R_t - R_{t-1}) P_t`, t over the distinct scores from high to low, P and R of all rows with a score >= t.
///
/// - `scores`: `[n]`, finite, any order. `labels`: `[n]`, 0 or 1.
/// - Returns a value in `(0, 1]`; `None` if no row is relevant. Equal scores are one step. The trapezoid under the same points
///   (golden key `pr_auc_trapezoid`) is too optimistic and not ours.
/// - Cost: O(n log n), one sorted copy. Sums in f64, from high to low score.
/// - Source: Davis & Goadrich (2006); sklearn `average_precision_score`. Fixed by `tests/golden/probabilities/`.
pub fn average_precision<S: Copy + Into<f64>>(scores: &[S], labels: &[u8]) -> Option<f64> {
    debug_assert_eq!(scores.len(), labels.len());
    let mut rows: Vec<(f64, bool)> = scores.iter().map(|&s| s.into()).zip(labels.iter().map(|&l| l != 0)).collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut n_above, mut n_found, mut sum) = (0_usize, 0_usize, 0.0);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let gained = tied.iter().filter(|row| row.1).count();
        n_above += tied.len();
        n_found += gained;
        sum += gained as f64 * (n_found as f64 / n_above as f64);
    }
    (n_found > 0).then(|| sum / n_found as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn weights_precision_by_the_recall_gained() {
        // Relevant at ranks 1 and 3 of 4: (1/1 + 2/3) / 2 = 5/6.
        let value = average_precision(&[0.1, 0.9, 0.5, 0.7], &[0, 1, 1, 0]).unwrap();
        assert!((value - 5.0 / 6.0).abs() < 1e-15, "{value}");
    }

    #[test]
    fn equal_scores_are_one_step() {
        assert_eq!(average_precision(&[0.5_f32; 4], &[1, 0, 0, 0]), Some(0.25));
        assert_eq!(average_precision(&[0.5_f32; 4], &[0, 0, 0, 1]), Some(0.25));
    }

    #[test]
    fn is_undefined_without_a_relevant_row() {
        assert_eq!(average_precision::<f32>(&[], &[]), None);
        assert_eq!(average_precision(&[0.1, 0.2], &[0, 0]), None);
        assert_eq!(average_precision(&[0.1, 0.2], &[1, 1]), Some(1.0));
    }

    #[test]
    fn agrees_with_golden_files() {
        golden::check_probabilities("average_precision", average_precision);
    }
}
