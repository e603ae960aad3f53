//! ROC AUC over the pooled rows of all users: does a higher score mean a relevant row, whoever the user is?
//!
//! A model can order each user's items well and still do badly here, if its scores are not comparable between users; for the order
//! alone see [`auc`](super::auc).

use super::{Compute, Direction, Metric};

/// Area under the ROC curve of all test rows.
pub const ROC_AUC: Metric = Metric {
    name: "roc-auc",
    about: "share of (relevant, irrelevant) pairs of test rows of all users in the right order, ties half",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::Rows(None, |rows| roc_auc(rows.scores, rows.labels)),
};

/// ROC AUC of pooled rows: the share of (relevant, irrelevant) pairs in which the relevant row has the higher score.
///
/// `AUC = Σ_{p,q} ([s_p > s_q] + ½ [s_p = s_q]) / (P Q)`, p over the P relevant and q over the Q irrelevant rows.
///
/// - `scores`: `[n]`, finite, any order. `labels`: `[n]`, 0 or 1.
/// - Returns a value in `[0, 1]`; `None` if no row is relevant or none is irrelevant.
/// - Cost: O(n log n), one sorted copy. Pairs are counted in whole numbers, so the order of the rows does not matter.
/// - Source: Hanley & McNeil (1982); sklearn `roc_auc_score`. Fixed by `tests/golden/probabilities/` and `ranking/aggregate.json`.
pub fn roc_auc<S: Copy + Into<f64>>(scores: &[S], labels: &[u8]) -> Option<f64> {
    debug_assert_eq!(scores.len(), labels.len());
    let mut rows: Vec<(f64, bool)> = scores.iter().map(|&s| s.into()).zip(labels.iter().map(|&l| l != 0)).collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut n_relevant, mut n_irrelevant, mut half_wins) = (0_u64, 0_u64, 0_u64);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let relevant = tied.iter().filter(|row| row.1).count() as u64;
        let irrelevant = tied.len() as u64 - relevant;
        half_wins += relevant * (2 * n_irrelevant + irrelevant);
        n_relevant += relevant;
        n_irrelevant += irrelevant;
    }
    let n_pairs = n_relevant * n_irrelevant;
    (n_pairs > 0).then(|| half_wins as f64 / (2 * n_pairs) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn counts_pairs_with_ties_half() {
        // Relevant 0.9 beats both; relevant 0.5 ties with 0.5 and beats 0.1: 3.5 of 4 pairs.
        assert_eq!(roc_auc(&[0.5, 0.9, 0.1, 0.5], &[1, 1, 0, 0]), Some(0.875));
        assert_eq!(roc_auc(&[0.3_f32; 5], &[1, 0, 0, 1, 0]), Some(0.5));
        assert_eq!(roc_auc(&[0.0, -0.0], &[1, 0]), Some(0.5));
    }

    #[test]
    fn is_undefined_without_a_pair() {
        assert_eq!(roc_auc::<f32>(&[], &[]), None);
        assert_eq!(roc_auc(&[0.1, 0.2], &[1, 1]), None);
        assert_eq!(roc_auc(&[0.1, 0.2], &[0, 0]), None);
    }

    #[test]
    fn agrees_with_golden_files() {
        golden::check_probabilities("roc_auc", roc_auc);
    }

    #[test]
    fn agrees_with_the_pooled_golden_value_of_rankings() {
        let (scores, labels): (Vec<f64>, Vec<u8>) =
            golden::ranking_users().into_values().flat_map(|user| user.ranked).unzip();
        let expected = golden::json("ranking/aggregate.json")["auc"]["global_pooled"].as_f64().unwrap();
        golden::assert_close(roc_auc(&scores, &labels).unwrap(), expected, "pooled auc");
    }
}
