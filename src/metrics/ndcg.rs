//! NDCG: rewards relevant items high in the list, with a logarithmic discount.

use super::{Compute, Direction, Metric};

/// Normalized discounted cumulative gain at k.
pub const NDCG: Metric = Metric {
    name: "ndcg",
    about: "discounted gain of the first k, divided by the best possible",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::RelevantAtK(|list, k| (list.n_relevant > 0).then(|| ndcg(list.relevance, list.n_relevant, k))),
};

/// NDCG@k of one user's list: how much of the best possible discounted gain its order keeps.
///
/// `NDCG@k = DCG@k / IDCG@k`, `DCG@k = Σ_{r=1..min(k,n)} rel_r / log2(r + 1)`, `IDCG@k = Σ_{r=1..min(k,R)} 1 / log2(r + 1)`.
///
/// - `relevance`: `[n]`, rank order, 0 or 1. `n_relevant`: R, all relevant test items of the user, ranked or not.
/// - Returns a value in `[0, 1]`. The ideal list holds relevant items that were never ranked: leaving them out of the candidates
///   costs (sklearn `ndcg_score` sees ranked items only). Needs `n_relevant > 0` and `k > 0` (debug-asserted).
/// - Cost: O(k), no allocation. Sums in f64, in rank order.
/// - Source: Järvelin & Kekäläinen (2002), binary gain, log2 discount from rank 1; trec_eval `ndcg_cut_k`, ranx. Fixed by
///   `tests/golden/ranking/per_user.csv`, column `ndcg`.
pub fn ndcg(relevance: &[u8], n_relevant: usize, k: usize) -> f64 {
    debug_assert!(n_relevant > 0 && k > 0);
    // Both sums add the same terms in the same order, so that a perfect list gives 1 to the last bit.
    let found = relevance.iter().take(k).enumerate().filter(|&(_, &relevant)| relevant != 0);
    let dcg: f64 = found.map(|(above, _)| discount(above)).sum();
    let ideal: f64 = (0..k.min(n_relevant)).map(discount).sum();
    dcg / ideal
}

/// `1 / log2(r + 1)` for rank r = `above` + 1.
fn discount(above: usize) -> f64 {
    1.0 / libm::log2((above + 2) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn discounts_by_the_logarithm_of_the_rank() {
        // DCG = 1/log2(3) + 1/log2(4) = 0.6309297535714575 + 0.5; IDCG = 1 + 0.6309297535714575.
        close(ndcg(&[0, 1, 1], 2, 3), 1.1309297535714575 / 1.6309297535714575);
        // The second relevant place is cut off, but the ideal list still has two: 0.6309… / 1.6309….
        close(ndcg(&[0, 1, 1], 2, 2), 0.6309297535714575 / 1.6309297535714575);
    }

    #[test]
    fn a_relevant_item_that_was_never_ranked_lowers_it() {
        // One found at rank 1, of two: 1 / (1 + 1/log2(3)).
        close(ndcg(&[1, 0], 2, 10), 1.0 / 1.6309297535714575);
    }

    #[test]
    fn a_perfect_list_is_exactly_one_and_an_empty_one_zero() {
        assert_eq!(ndcg(&[1, 1, 1, 0], 3, 10), 1.0);
        assert_eq!(ndcg(&[1; 20], 30, 20), 1.0);
        assert_eq!(ndcg(&[], 3, 10), 0.0);
    }

    #[test]
    fn agrees_with_golden_file() {
        golden::check_ranking("ndcg", ndcg);
    }
}
