//! Mean average precision: precision at each relevant place, averaged over what is relevant.
//!
//! Not to be confused with [`average_precision`](super::average_precision), which pools the rows of all users.

use super::{Compute, Direction, Metric};

/// Mean average precision at k.
pub const MAP: Metric = Metric {
    name: "map",
    about: "precision at each relevant place up to k, averaged over all relevant items of the user",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::RelevantAtK(|list, k| {
        (list.n_relevant > 0).then(|| average_precision_at(list.relevance, list.n_relevant, k))
    }),
};

/// Average precision of one user's list at k: precision at each relevant place, averaged over the relevant items.
///
/// `AP@k = (1/R) Σ_{r=1..min(k,n)} rel_r · P@r`
///
/// - `relevance`: `[n]`, rank order, 0 or 1. `n_relevant`: R, all relevant test items of the user, ranked or not.
/// - Returns a value in `[0, 1]`; the mean over users is MAP@k. Divides by R, as trec_eval does; the variant that divides by
///   min(R, k) is the golden column `ap_min` and not ours. Needs `n_relevant > 0` and `k > 0` (debug-asserted).
/// - Cost: O(min(k, n)), no allocation. Sums in f64, in rank order.
/// - Source: Buckley & Voorhees (2000); trec_eval `map_cut_k`, ranx. Fixed by `tests/golden/ranking/per_user.csv`, column `ap`.
pub fn average_precision_at(relevance: &[u8], n_relevant: usize, k: usize) -> f64 {
    debug_assert!(n_relevant > 0 && k > 0);
    let (mut n_found, mut sum) = (0.0, 0.0);
    for (above, _) in relevance.iter().take(k).enumerate().filter(|&(_, &relevant)| relevant != 0) {
        n_found += 1.0;
        sum += n_found / (above + 1) as f64;
    }
    sum / n_relevant as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn averages_precision_over_all_relevant_items() {
        // Relevant at ranks 1 and 3, four relevant in all: (1/1 + 2/3) / 4 = 5/12.
        let value = average_precision_at(&[1, 0, 1], 4, 5);
        assert!((value - 5.0 / 12.0).abs() < 1e-15, "{value}");
    }

    #[test]
    fn divides_by_all_relevant_items_not_by_k() {
        assert_eq!(average_precision_at(&[1, 1, 1, 1], 4, 2), 0.5);
    }

    #[test]
    fn an_empty_list_has_average_precision_zero() {
        assert_eq!(average_precision_at(&[], 4, 5), 0.0);
    }

    #[test]
    fn agrees_with_golden_file() {
        golden::check_ranking("ap", average_precision_at);
    }
}
