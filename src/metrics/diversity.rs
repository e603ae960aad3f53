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
/// - Cost: O(n²), or O(n² g) for g genres per item where there are more than 64 of them. Sums in f64, in rank order of the pairs.
/// - Source: Ziegler et al. (2005), Smyth & McClave (2001); rectools `IntraListDiversity`. Fixed by
///   `tests/golden/beyond_accuracy/per_user.csv`, column `intra_list_diversity`.
pub fn diversity(items: &[ItemIndex], genres: &[Vec<u16>]) -> Option<f64> {
    let sets: Vec<&[u16]> = items.iter().map(|item| &genres[item.at()][..]).collect();
    let bits: Option<Vec<u64>> = sets.iter().map(|set| bits(set)).collect();
    let sum = match bits {
        Some(bits) => sum(&sets, |a, b| (bits[a] & bits[b]).count_ones() as usize),
        None => sum(&sets, |a, b| n_common(sets[a], sets[b])),
    };
    let n = items.len();
    (n >= 2).then(|| sum / (n * (n - 1) / 2) as f64)
}

/// The sum of the distances of all pairs: one minus the cosine of two sets as 0/1 vectors.
///
/// - `n_common`: how much two of the sets, by place, have in common.
fn sum(sets: &[&[u16]], n_common: impl Fn(usize, usize) -> usize) -> f64 {
    let mut sum = 0.0;
    for (at, first) in sets.iter().enumerate() {
        for (other, second) in sets.iter().enumerate().skip(at + 1) {
            let is_apart = first.is_empty() || second.is_empty();
            let product = (first.len() * second.len()) as f64;
            sum += if is_apart { 1.0 } else { 1.0 - n_common(at, other) as f64 / product.sqrt() };
        }
    }
    sum
}

/// A set as bits; `None` if it has a member beyond.
fn bits(set: &[u16]) -> Option<u64> {
    set.iter().try_fold(0, |bits, &genre| Some(bits | 1_u64.checked_shl(genre.into())?))
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
    fn more_genres_than_bits_are_compared_one_by_one() {
        let few: Vec<Vec<u16>> = vec![vec![0, 3, 63], vec![3, 63], vec![], vec![1, 3]];
        let many: Vec<Vec<u16>> = few.iter().map(|set| set.iter().map(|genre| genre + 40).collect()).collect();
        let items = [3, 0, 2, 1].map(ItemIndex);
        assert_eq!((bits(&few[0]), bits(&many[0])), (Some(1 << 63 | 9), None));
        assert_eq!(diversity(&items, &few), diversity(&items, &many));
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
