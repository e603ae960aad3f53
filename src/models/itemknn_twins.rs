//! Items that the same users rated alike. To every other item they are equally similar, so that one column of similarities serves all of them: in a long
//! tail, where many items have one rating, that is a good part of a catalog.

use crate::dataset::Interactions;
use crate::linalg::SparseRows;
use std::cmp::Ordering;

/// Classes of items with equal ratings of equal users, those with the most ratings first; items without ratings are in none.
#[derive(Debug)]
pub(super) struct Twins {
    /// By item: its class, [`NONE`] without ratings.
    class_of: Vec<u32>,
    /// Where the items of each class begin in `members`, and where the last ends: `[n_classes + 1]`.
    starts: Vec<usize>,
    /// Items, class after class, ascending in each.
    members: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Twins {
    /// Finds them in the ratings of each item.
    pub(super) fn of(by_item: &SparseRows) -> Self {
        let mut members: Vec<u32> =
            (0..by_item.n_rows() as u32).filter(|&item| by_item.row_len(item as usize) > 0).collect();
        members.sort_unstable_by(|&a, &b| compare(by_item, a, b).then(a.cmp(&b)));
        let mut class_of = vec![NONE; by_item.n_rows()];
        let mut starts = Vec::new();
        for (at, &item) in members.iter().enumerate() {
            if at == 0 || compare(by_item, members[at - 1], item) != Ordering::Equal {
                starts.push(at);
            }
            class_of[item as usize] = starts.len() as u32 - 1;
        }
        starts.push(members.len());
        Self { class_of, starts, members }
    }

    pub(super) fn n_classes(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn n_items(&self) -> usize {
        self.class_of.len()
    }

    /// An item's class; `None` without ratings.
    #[inline]
    pub(super) fn class_of(&self, item: usize) -> Option<usize> {
        self.class_of.get(item).filter(|&&class| class != NONE).map(|&class| class as usize)
    }

    /// The items of a class, ascending.
    #[inline]
    pub(super) fn members(&self, class: usize) -> &[u32] {
        &self.members[self.starts[class]..self.starts[class + 1]]
    }

    /// Whether a class has more than one item.
    pub(super) fn is_shared(&self, class: usize) -> bool {
        self.members(class).len() > 1
    }

    /// The ratings of one item of each class: `[n_users × n_classes]`.
    pub(super) fn reduced(&self, by_user: &SparseRows) -> Interactions {
        let of_first = |(user, item, rating): (u32, u32, f32)| {
            let class = self.class_of(item as usize)?;
            (self.members(class)[0] == item).then_some((user, class as u32, rating))
        };
        Interactions::from_triples(by_user.n_rows(), self.n_classes(), by_user.triples().filter_map(of_first))
    }
}

/// More ratings first, then by users and ratings: equal for twins alone.
fn compare(by_item: &SparseRows, a: u32, b: u32) -> Ordering {
    let ((users, ratings), (others, theirs)) = (by_item.row(a as usize), by_item.row(b as usize));
    let by_rating = || ratings.iter().map(|x| x.to_bits()).cmp(theirs.iter().map(|x| x.to_bits()));
    others.len().cmp(&users.len()).then_with(|| users.cmp(others)).then_with(by_rating)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_equal_ratings_of_equal_users_are_one_class() {
        // Items 0 and 3 by user 0 with 4 stars, 1 with 3 stars; 2 by nobody; 4 by both users, 5 by user 1.
        let rows = [(0, 0, 4.0), (0, 1, 3.0), (0, 3, 4.0), (0, 4, 4.0), (1, 4, 4.0), (1, 5, 4.0)];
        let part = Interactions::from_triples(2, 6, rows.into_iter());
        let twins = Twins::of(&part.by_item);
        assert_eq!((twins.n_classes(), twins.n_items()), (4, 6));
        let classes: Vec<_> = (0..7).map(|item| twins.class_of(item)).collect();
        assert_eq!(classes, [Some(2), Some(1), None, Some(2), Some(0), Some(3), None]);
        assert_eq!(twins.members(2), [0, 3]);
        assert!(twins.is_shared(2) && !twins.is_shared(0));
        let reduced = twins.reduced(&part.by_user);
        assert_eq!((reduced.n_users(), reduced.n_items(), reduced.n_rows()), (2, 4, 5));
        assert_eq!(reduced.by_item.row(2), (&[0][..], &[4.0][..]));
    }
}
