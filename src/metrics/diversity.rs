//! Intra-list diversity: how different the genres within one list are.

use super::{Compute, Direction, Metric};
use crate::dataset::ItemIndex;

/// Intra-list diversity at k.
pub const DIVERSITY: Metric = Metric {
    name: "diversity",
    about: "mean genre distance (1 - cosine) of the pairs of items among the first k",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::ListAtK(|list, k| {
        // In data without any genre all distances would be 1: the metric would praise every list alike.
        (!list.items.catalog.genre_names.is_empty())
            .then(|| diversity(list.top(k), &list.items.catalog.genres))
            .flatten()
    }),
};

/// Intra-list diversity of one list: mean distance of the genres of its pairs.
///
/// `(2 / (n (n - 1))) Σ_{i<j} (1 - |G_i ∩ G_j| / √(|G_i| |G_j|))`: one minus the cosine of the multi-hot genre vectors.
///
/// - `items`: the list, already cut at k, `[n]`. `genres`: ascending genre numbers of each item, `[n_items]`.
/// - Returns a value in `[0, 1]`; `None` below two items. An item without genres is at distance 1 from every other.
/// - Cost: O(n² g) for g genres per item, no allocation. Sums in f64, in rank order of the pairs.
/// - Source: Ziegler et al. (2005), Smyth & McClave (2001); rectools `IntraListDiversity`. Fixed by
///   `tests/golden/beyond_accuracy/per_user.csv`, column `intra_list_diversity`.
pub fn diversity(items: &[ItemIndex], genres: &[Vec<u16>]) -> Option<f64> {
    let mut sum = 0.0;
    for (at, first) in items.iter().enumerate() {
        for second in &items[at + 1..] {
            sum += distance(&genres[first.at()], &genres[second.at()]);
        }
    }
    let n = items.len();
    (n >= 2).then(|| sum / (n * (n - 1) / 2) as f64)
}

/// One minus the cosine of two sets as 0/1 vectors.
fn distance(a: &[u16], b: &[u16]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    1.0 - n_common(a, b) as f64 / ((a.len() * b.len()) as f64).sqrt()
}

/// Size of the intersection of two ascending slices, by merging.
fn n_common(a: &[u16], b: &[u16]) -> usize {
    debug_assert!(a.is_sorted() && b.is_sorted());
    let (mut i, mut j, mut n) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        n += usize::from(a[i] == b[j]);
        let (left, right) = (a[i], b[j]);
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden::{BeyondAccuracy, assert_close};

    fn genres() -> Vec<Vec<u16>> {
        vec![vec![0, 1], vec![1], vec![2, 5], vec![], vec![0, 1]]
    }

    #[test]
    fn is_the_mean_distance_of_all_pairs() {
        // (0,1): 1 - 1/√2; (0,2) and (1,2): 1. Sum 3 - 1/√2, over 3 pairs.
        let value = diversity(&[ItemIndex(0), ItemIndex(1), ItemIndex(2)], &genres()).unwrap();
        assert_close(value, (3.0 - 0.5_f64.sqrt()) / 3.0, "three items");
    }

    #[test]
    fn the_same_genres_are_at_distance_zero_and_no_genres_at_distance_one() {
        assert_eq!(diversity(&[ItemIndex(0), ItemIndex(4)], &genres()), Some(0.0));
        assert_eq!(diversity(&[ItemIndex(0), ItemIndex(3)], &genres()), Some(1.0));
        assert_eq!(diversity(&[ItemIndex(3), ItemIndex(3)], &genres()), Some(1.0));
    }

    #[test]
    fn is_undefined_below_two_items() {
        assert_eq!(diversity(&[], &genres()), None);
        assert_eq!(diversity(&[ItemIndex(0)], &genres()), None);
    }

    #[test]
    fn common_genres_are_counted_wherever_they_stand() {
        assert_eq!(n_common(&[1, 3, 5, 7], &[3, 4, 7, 9]), 2);
        assert_eq!(n_common(&[1, 2], &[]), 0);
    }

    #[test]
    fn agrees_with_golden_file() {
        BeyondAccuracy::check_lists(&DIVERSITY, "intra_list_diversity", "intra_list_diversity_lists_of_2_or_more");
    }
}
