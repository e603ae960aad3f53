//! Popular and unpopular items: where the catalog is cut into head and tail.

/// The share of all interactions that the head takes.
const HEAD_SHARE: f64 = 0.8;

/// Items of the long tail: those after the most popular ones that take 80 % of all interactions.
///
/// - `counts`: interactions of each item, `[n_items]`.
/// - Returns `[n_items]`. See [`popularity_cut`].
/// - Source: Abdollahpouri et al. (2019). Fixed by `tests/golden/beyond_accuracy/expected.json`, key `tail_items`.
pub fn tail_items(counts: &[u32]) -> Vec<bool> {
    popularity_cut(counts, HEAD_SHARE)
}

/// Items after a cut by popularity: in falling order of count, all that do not start below `share` of all interactions.
///
/// Item j of that order is before the cut if `Σ_{i<j} c_i < share · Σ_i c_i`; the item that crosses the share is still before it.
///
/// - `counts`: interactions of each item, `[n_items]`. `share`: in `[0, 1]`.
/// - Returns `[n_items]`, true after the cut. Equal counts go by item index, so that a cut does not depend on chance. Items without
///   interactions are always after it, and so are all if there are no interactions.
/// - Cost: O(n log n), one buffer.
pub fn popularity_cut(counts: &[u32], share: f64) -> Vec<bool> {
    debug_assert!((0.0..=1.0).contains(&share));
    let mut order: Vec<usize> = (0..counts.len()).collect();
    // Stable: equal counts stay in order of their index.
    order.sort_by_key(|&item| std::cmp::Reverse(counts[item]));
    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let limit = share * total as f64;
    let mut is_after = vec![true; counts.len()];
    let mut before = 0_u64;
    for item in order {
        if before as f64 >= limit {
            break;
        }
        is_after[item] = false;
        before += u64::from(counts[item]);
    }
    is_after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_item_that_crosses_the_share_is_still_in_the_head() {
        // Order by count: items 1 (6), 0 (3), 2 (1); 80 % of 10 is 8. Item 0 starts at 6 < 8, item 2 at 9.
        assert_eq!(tail_items(&[3, 6, 1]), [false, false, true]);
        // An item that starts exactly at the share is behind the cut: 8 of 10.
        assert_eq!(tail_items(&[8, 1, 1]), [false, true, true]);
    }

    #[test]
    fn equal_counts_go_by_item_index() {
        // 60 % of 4 is 2.4: items 0, 1, 2 start at 0, 1, 2.
        assert_eq!(popularity_cut(&[1, 1, 1, 1], 0.6), [false, false, false, true]);
    }

    #[test]
    fn shares_of_zero_and_one_put_all_items_and_only_unrated_items_after_the_cut() {
        assert_eq!(popularity_cut(&[2, 0, 1], 0.0), [true, true, true]);
        assert_eq!(popularity_cut(&[2, 0, 1], 1.0), [false, true, false]);
    }

    #[test]
    fn without_interactions_everything_is_tail() {
        assert_eq!(tail_items(&[0, 0]), [true, true]);
        assert_eq!(tail_items(&[]), [false; 0]);
    }
}
