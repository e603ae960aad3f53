//! Novelty: how unlikely a user is to know the listed items already.

use super::{Compute, Direction, Metric};
use crate::dataset::ItemIndex;

/// Novelty at k.
pub const NOVELTY: Metric = Metric {
    name: "novelty",
    about: "mean self-information of the first k items: rare items are news",
    direction: Direction::Neutral,
    unit: "bits",
    range: (0.0, f64::INFINITY),
    compute: Compute::ListAtK(|list, k| novelty(list.top(k), list.items.counts, list.items.n_users)),
};

/// Novelty of one list, in bits: mean self-information of its items.
///
/// `(1/n) Σ_i log2(n_users / max(c_i, 1))`
///
/// - `items`: the list, already cut at k, `[n]`. `counts`: users who have each item, c, `[n_items]`. `n_users`: users with any item.
/// - Returns a value in `[0, log2 n_users]`; `None` for an empty list or without users. An item nobody has counts as if one user had
///   it, since the logarithm of 0 would make one such item outweigh everything (rectools leaves this open).
/// - Cost: O(n), no allocation. Sums in f64, in rank order.
/// - Source: Castells et al. (2011), mean inverse user frequency; rectools `MeanInvUserFreq`. Fixed by
///   `tests/golden/beyond_accuracy/per_user.csv`, column `novelty`.
pub fn novelty(items: &[ItemIndex], counts: &[u32], n_users: usize) -> Option<f64> {
    if items.is_empty() || n_users == 0 {
        return None;
    }
    let n_users = n_users as f64;
    let sum: f64 = items.iter().map(|item| libm::log2(n_users / f64::from(counts[item.at()].max(1)))).sum();
    Some(sum / items.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden::BeyondAccuracy;

    const COUNTS: [u32; 4] = [8, 2, 1, 0];

    #[test]
    fn is_the_mean_self_information_of_the_items() {
        // log2(8/8) = 0, log2(8/2) = 2: mean 1.
        assert_eq!(novelty(&[ItemIndex(0), ItemIndex(1)], &COUNTS, 8), Some(1.0));
    }

    #[test]
    fn an_item_nobody_has_counts_as_one_user() {
        assert_eq!(novelty(&[ItemIndex(3)], &COUNTS, 8), novelty(&[ItemIndex(2)], &COUNTS, 8));
        assert_eq!(novelty(&[ItemIndex(3)], &COUNTS, 8), Some(3.0));
    }

    #[test]
    fn is_undefined_for_an_empty_list_or_without_users() {
        assert_eq!(novelty(&[], &COUNTS, 8), None);
        assert_eq!(novelty(&[ItemIndex(0)], &[0], 0), None);
    }

    #[test]
    fn agrees_with_golden_file() {
        BeyondAccuracy::check_lists(&NOVELTY, "novelty", "novelty_mean_of_users");
    }
}
