//! Hit rate: the share of users who find something relevant in their list.
//!
//! The coarsest metric there is: with many relevant items or a large k it saturates, and then says little about order.

use super::{Compute, Direction, Metric};

/// Hit rate at k.
pub const HIT_RATE: Metric = Metric {
    name: "hit-rate",
    about: "share of users with a relevant item among the first k",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::RelevantAtK(|list, k| (list.n_relevant > 0).then(|| hit(list.relevance, list.n_relevant, k))),
};

/// Hit of one user's list at k: 1 if a relevant item is among the first k, else 0.
///
/// - `relevance`: `[n]`, rank order, 0 or 1. `n_relevant`: all relevant test items of the user, ranked or not.
/// - Returns 0 or 1; the mean over users is the hit rate. A list shorter than k is taken as it is, an empty one gives 0.
///   Needs `n_relevant > 0` and `k > 0` (debug-asserted): callers leave such users out and count them.
/// - Cost: O(min(k, n)), no allocation.
/// - Source: Deshpande & Karypis (2004); trec_eval `success_k`. Fixed by `tests/golden/ranking/per_user.csv`, column `hit`.
pub fn hit(relevance: &[u8], n_relevant: usize, k: usize) -> f64 {
    debug_assert!(n_relevant > 0 && k > 0);
    if relevance.iter().take(k).any(|&relevant| relevant != 0) { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn counts_only_the_first_k() {
        assert_eq!(hit(&[0, 0, 1, 1], 2, 2), 0.0);
        assert_eq!(hit(&[0, 0, 1, 1], 2, 3), 1.0);
    }

    #[test]
    fn an_empty_or_short_list_is_taken_as_it_is() {
        assert_eq!(hit(&[], 3, 10), 0.0);
        assert_eq!(hit(&[1], 3, 10), 1.0);
        assert_eq!(hit(&[0], 3, 10), 0.0);
    }

    #[test]
    fn agrees_with_golden_file() {
        golden::check_ranking("hit", hit);
    }
}
