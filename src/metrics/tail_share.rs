//! Tail share: how much of a list comes from beyond the popular items.

use super::{Compute, Direction, Metric};
use crate::dataset::ItemIndex;

/// Tail share at k.
pub const TAIL_SHARE: Metric = Metric {
    name: "tail-share",
    about: "share of the first k items that are in the tail: outside the most popular, which take 80 % of all ratings",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::ListAtK(|list, k| tail_share(list.top(k), list.items.is_tail)),
};

/// Share of a list that is in the tail.
///
/// - `items`: the list, already cut at k, `[n]`. `is_tail`: `[n_items]`, as made by [`tail_items`](crate::dataset::popularity::tail_items).
/// - Returns a value in `[0, 1]`, relative to the items there are, not to k; `None` for an empty list.
/// - Cost: O(n), no allocation.
/// - Source: Abdollahpouri et al. (2019), average percentage of long-tail items. Fixed by `tests/golden/beyond_accuracy/per_user.csv`,
///   column `tail_share`.
pub fn tail_share(items: &[ItemIndex], is_tail: &[bool]) -> Option<f64> {
    let n_tail = items.iter().filter(|item| is_tail[item.at()]).count();
    (!items.is_empty()).then(|| n_tail as f64 / items.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden::BeyondAccuracy;

    #[test]
    fn counts_tail_items_relative_to_the_length_of_the_list() {
        let is_tail = [false, true, true];
        assert_eq!(tail_share(&[ItemIndex(0), ItemIndex(2)], &is_tail), Some(0.5));
        assert_eq!(tail_share(&[ItemIndex(1)], &is_tail), Some(1.0));
    }

    #[test]
    fn is_undefined_for_an_empty_list() {
        assert_eq!(tail_share(&[], &[true]), None);
    }

    #[test]
    fn agrees_with_golden_file() {
        BeyondAccuracy::check_lists(&TAIL_SHARE, "tail_share", "tail_share");
    }
}
