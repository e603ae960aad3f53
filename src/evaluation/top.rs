//! The first k of a list of candidates: highest score first, equal scores by a seeded hash of (user, item).

use crate::dataset::{ItemIndex, UserIndex};
use crate::rng;
use std::cmp::Ordering;

/// Scores that are compared with the last of the list at once.
const TOGETHER: usize = 32;

/// A candidate with its score and the hash that orders it among equals.
#[derive(Clone, Copy)]
struct Place {
    score: f32,
    hash: u64,
    at: u32,
}

impl Place {
    /// `Less`: comes first. Scores are finite, so the comparison is total; 0 and −0 are equal.
    fn order(&self, other: &Self) -> Ordering {
        let by_score = other.score.partial_cmp(&self.score).unwrap_or(Ordering::Equal);
        by_score.then_with(|| self.hash.cmp(&other.hash)).then_with(|| self.at.cmp(&other.at))
    }
}

/// Places of the best `k` candidates, best first.
///
/// - `items`, `scores`: `[n]`, in any order; which order does not matter.
/// - Cost: one comparison per candidate, and O(k) for each that enters the list.
pub fn best(k: usize, seed: u64, user: UserIndex, items: &[ItemIndex], scores: &[f32]) -> Vec<usize> {
    debug_assert_eq!(items.len(), scores.len());
    let mut list: Vec<Place> = Vec::with_capacity(k.min(items.len()) + 1);
    for (block, (items, scores)) in items.chunks(TOGETHER).zip(scores.chunks(TOGETHER)).enumerate() {
        let last = list.last().filter(|_| list.len() == k).map(|last| last.score);
        // Most blocks have nothing for the list; all their scores are looked at, because leaving early would be one by one.
        if last.is_some_and(|last| scores.iter().fold(true, |are_below, &score| are_below & (score < last))) {
            continue;
        }
        for (at, (item, &score)) in items.iter().zip(scores).enumerate() {
            if list.len() == k && list.last().is_none_or(|last| score < last.score) {
                continue;
            }
            let hash = rng::tie_hash(seed, user.0, item.0);
            let place = Place { score, hash, at: (block * TOGETHER + at) as u32 };
            let to = list.partition_point(|other| other.order(&place) == Ordering::Less);
            if to < k {
                list.truncate(k - 1);
                list.insert(to, place);
            }
        }
    }
    list.into_iter().map(|place| place.at as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(list: &[u32]) -> Vec<ItemIndex> {
        list.iter().map(|&item| ItemIndex(item)).collect()
    }

    #[test]
    fn the_list_is_the_head_of_the_sorted_candidates() {
        let scores: Vec<f32> = (0..200_u32).map(|i| (i * 7919 % 50) as f32).collect();
        let all = items(&(0..200).collect::<Vec<_>>());
        let mut sorted: Vec<usize> = (0..200).collect();
        sorted.sort_by_key(|&at| (std::cmp::Reverse(scores[at] as i64), rng::tie_hash(3, 5, at as u32)));
        for k in [1, 10, 200, 500] {
            assert_eq!(best(k, 3, UserIndex(5), &all, &scores), sorted[..k.min(200)], "{k}");
        }
        assert!(best(10, 3, UserIndex(5), &[], &[]).is_empty());
    }

    #[test]
    fn ties_do_not_depend_on_item_order() {
        let ranked = |order: &[u32]| -> Vec<u32> {
            let items = items(order);
            best(3, 9, UserIndex(1), &items, &vec![1.0; order.len()]).into_iter().map(|at| items[at].0).collect()
        };
        assert_eq!(ranked(&[0, 1, 2, 3, 4, 5]), ranked(&[5, 3, 1, 0, 2, 4]));
        let first = |user| best(1, 9, UserIndex(user), &items(&[0, 1]), &[0.0, -0.0])[0];
        assert_eq!((0..1000).map(first).sum::<usize>().abs_diff(500) / 70, 0, "neither item is preferred");
    }
}
