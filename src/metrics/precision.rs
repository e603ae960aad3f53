//! Precision: how much of the list is relevant.

use super::{Compute, Direction, Metric};

/// Precision at k.
pub const PRECISION: Metric = Metric {
    name: "precision",
    about: "relevant items among the first k, divided by k",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::RelevantAtK(|list, k| {
        (list.n_relevant > 0).then(|| precision(list.relevance, list.n_relevant, k))
    }),
};

/// Precision@k of one user's list: the share of its k places that hold a relevant item.
///
/// `P@k = Σ_{r=1..min(k,n)} rel_r / k`
///
/// - `relevance`: `[n]`, rank order, 0 or 1. `n_relevant`: all relevant test items of the user, ranked or not.
/// - Returns a value in `[0, 1]`. Divides by k even when the list is shorter: places left empty are not relevant, so a shorter
///   list cannot look better (LensKit divides by min(k, n)). Needs `n_relevant > 0` and `k > 0` (debug-asserted).
/// - Cost: O(min(k, n)), no allocation.
/// - Source: Cleverdon et al. (1966); trec_eval `P_k`, ranx. Fixed by `tests/golden/ranking/per_user.csv`, column `precision`.
pub fn precision(relevance: &[u8], n_relevant: usize, k: usize) -> f64 {
    debug_assert!(n_relevant > 0 && k > 0);
    let n_found = relevance.iter().take(k).filter(|&&relevant| relevant != 0).count();
    n_found as f64 / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn divides_by_k_even_when_the_list_is_shorter() {
        // 2 relevant in 3 places; in 5 places the list has only 4 items, 3 of them relevant.
        assert_eq!(precision(&[1, 0, 1, 1], 4, 3), 2.0 / 3.0);
        assert_eq!(precision(&[1, 0, 1, 1], 4, 5), 3.0 / 5.0);
    }

    #[test]
    fn an_empty_list_has_precision_zero() {
        assert_eq!(precision(&[], 4, 5), 0.0);
    }

    #[test]
    fn agrees_with_golden_file() {
        golden::check_ranking("precision", precision);
    }
}
