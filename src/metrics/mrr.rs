//! Mean reciprocal rank: how far down the first relevant item stands.

use super::{Compute, Direction, Metric};

/// Mean reciprocal rank at k.
pub const MRR: Metric = Metric {
    name: "mrr",
    about: "1 / rank of the first relevant item, 0 if it is below k",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::RelevantAtK(|list, k| {
        (list.n_relevant > 0).then(|| reciprocal_rank(list.relevance, list.n_relevant, k))
    }),
};

/// Reciprocal rank of one user's list at k: 1 / rank of its first relevant item.
///
/// `RR@k = 1 / r*`, r* the smallest r <= min(k, n) with `rel_r = 1`; 0 if there is none.
///
/// - `relevance`: `[n]`, rank order, 0 or 1. `n_relevant`: all relevant test items of the user, ranked or not.
/// - Returns 0 or a value in `[1/k, 1]`; the mean over users is MRR@k. Needs `n_relevant > 0` and `k > 0` (debug-asserted).
/// - Cost: O(min(k, n)), no allocation.
/// - Source: Voorhees (1999); ranx `mrr@k`, ir_measures `RR@k`. Fixed by `tests/golden/ranking/per_user.csv`, column `rr`.
pub fn reciprocal_rank(relevance: &[u8], n_relevant: usize, k: usize) -> f64 {
    debug_assert!(n_relevant > 0 && k > 0);
    relevance.iter().take(k).position(|&relevant| relevant != 0).map_or(0.0, |above| 1.0 / (above + 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn is_one_over_the_rank_of_the_first_relevant_item() {
        assert_eq!(reciprocal_rank(&[0, 0, 1, 1], 2, 4), 1.0 / 3.0);
        assert_eq!(reciprocal_rank(&[1, 0], 2, 1), 1.0);
    }

    #[test]
    fn a_first_relevant_item_below_k_counts_as_not_found() {
        assert_eq!(reciprocal_rank(&[0, 0, 1, 1], 2, 2), 0.0);
        assert_eq!(reciprocal_rank(&[], 2, 10), 0.0);
    }

    #[test]
    fn agrees_with_golden_file() {
        golden::check_ranking("rr", reciprocal_rank);
    }
}
