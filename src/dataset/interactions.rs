//! A part of the ratings, by user and by item: what a base model is fitted on.

use super::{Dataset, ItemIndex, UserIndex};
use crate::linalg::SparseRows;

/// The ratings of one part of a split, in both directions.
#[derive(Debug, Clone)]
pub struct Interactions {
    /// `[n_users × n_items]`, ratings by user.
    pub by_user: SparseRows,
    /// `[n_items × n_users]`, the same ratings by item.
    pub by_item: SparseRows,
    /// Mean rating μ; 0 for no rows.
    pub mean: f64,
}

impl Interactions {
    /// Takes the given rows of a data set.
    ///
    /// - `rows`: row numbers, ascending (canonical order).
    pub fn new(dataset: &Dataset, rows: &[u32]) -> Self {
        let ratings = &dataset.ratings;
        let triples = rows.iter().map(|&row| {
            let row = row as usize;
            (ratings.users[row].0, ratings.items[row].0, ratings.values[row])
        });
        Self::from_triples(dataset.n_users(), dataset.n_items(), triples)
    }

    /// Takes (user, item, rating) triples.
    pub fn from_triples(
        n_users: usize,
        n_items: usize,
        triples: impl Iterator<Item = (u32, u32, f32)> + Clone,
    ) -> Self {
        let by_user = SparseRows::from_triples(n_users, n_items, triples);
        let by_item = by_user.transposed();
        let sum: f64 = by_user.triples().map(|(_, _, rating)| f64::from(rating)).sum();
        let mean = if by_user.n_cells() == 0 { 0.0 } else { sum / by_user.n_cells() as f64 };
        Self { by_user, by_item, mean }
    }

    /// Number of users of the data set, with or without ratings here.
    pub fn n_users(&self) -> usize {
        self.by_user.n_rows()
    }

    /// Number of items of the data set, with or without ratings here.
    pub fn n_items(&self) -> usize {
        self.by_item.n_rows()
    }

    /// Number of ratings.
    pub fn n_rows(&self) -> usize {
        self.by_user.n_cells()
    }

    /// Items a user rated, ascending, and the ratings.
    #[inline]
    pub fn of_user(&self, user: UserIndex) -> (&[u32], &[f32]) {
        self.by_user.row(user.at())
    }

    /// Users who rated an item, ascending, and the ratings.
    #[inline]
    pub fn of_item(&self, item: ItemIndex) -> (&[u32], &[f32]) {
        self.by_item.row(item.at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_hold_the_same_ratings() {
        let part = Interactions::from_triples(2, 3, [(0, 2, 4.0), (1, 2, 2.0), (0, 0, 3.0)].into_iter());
        assert_eq!(part.of_user(UserIndex(0)), (&[0_u32, 2][..], &[3.0_f32, 4.0][..]));
        assert_eq!(part.of_item(ItemIndex(2)), (&[0_u32, 1][..], &[4.0_f32, 2.0][..]));
        assert_eq!((part.n_rows(), part.mean), (3, 3.0));
    }
}
