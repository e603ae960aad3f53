//! Recall: how much of what is relevant the list found.

use super::{Compute, Direction, Metric};

/// Recall at k.
pub const RECALL: Metric = Metric {
    name: "recall",
    about: "relevant items among the first k, divided by all relevant items of the user",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::RelevantAtK(|list, k| (list.n_relevant > 0).then(|| recall(list.relevance, list.n_relevant, k))),
};

/// Recall@k of one user's list: the share of the user's relevant items among its first k.
///
/// `R@k = Σ_{r=1..min(k,n)} rel_r / R`
///
/// - `relevance`: `[n]`, rank order, 0 or 1. `n_relevant`: R, all relevant test items of the user, ranked or not.
/// - Returns a value in `[0, 1]`; at most k / R, because we divide by R as trec_eval does and not by min(R, k) as LensKit does.
///   Needs `n_relevant > 0` and `k > 0` (debug-asserted).
/// - Cost: O(min(k, n)), no allocation.
/// - Source: Cleverdon et al. (1966); trec_eval `recall_k`, ranx. Fixed by `tests/golden/ranking/per_user.csv`, column `recall`.
pub fn recall(relevance: &[u8], n_relevant: usize, k: usize) -> f64 {
    debug_assert!(n_relevant > 0 && k > 0);
    let n_found = relevance.iter().take(k).filter(|&&relevant| relevant != 0).count();
    n_found as f64 / n_relevant as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn divides_by_all_relevant_items_ranked_or_not() {
        // 2 of 5 relevant items among the first 3; the other two relevant items were never ranked.
        assert_eq!(recall(&[1, 0, 1, 1], 5, 3), 2.0 / 5.0);
        assert_eq!(recall(&[1, 0, 1, 1], 5, 99), 3.0 / 5.0);
    }

    #[test]
    fn a_list_of_one_cannot_recall_more_than_one_item() {
        assert_eq!(recall(&[1], 5, 1), 0.2);
        assert_eq!(recall(&[], 5, 1), 0.0);
    }

    #[test]
    fn agrees_with_golden_file() {
        golden::check_ranking("recall", recall);
    }
}
