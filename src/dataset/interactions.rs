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
    /// Seconds since 1970 of each cell of `by_user`; empty when there are no timestamps.
    times: Vec<i64>,
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
        // Rows in canonical order are cells in the order of `by_user`.
        let time = |&row: &u32| ratings.timestamps[row as usize];
        let times = if dataset.has_timestamps { rows.iter().map(time).collect() } else { Vec::new() };
        Self { times, ..Self::from_triples(dataset.n_users(), dataset.n_items(), triples) }
    }

    /// Takes (user, item, rating) triples, without timestamps.
    pub fn from_triples(
        n_users: usize,
        n_items: usize,
        triples: impl Iterator<Item = (u32, u32, f32)> + Clone,
    ) -> Self {
        let by_user = SparseRows::from_triples(n_users, n_items, triples);
        let by_item = by_user.transposed();
        let sum: f64 = by_user.triples().map(|(_, _, rating)| f64::from(rating)).sum();
        let mean = if by_user.n_cells() == 0 { 0.0 } else { sum / by_user.n_cells() as f64 };
        Self { by_user, by_item, mean, times: Vec::new() }
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

    /// When a user rated each of these items, in the order of [`Self::of_user`]; empty when there are no timestamps.
    #[inline]
    pub fn times_of_user(&self, user: UserIndex) -> &[i64] {
        if self.times.is_empty() { &[] } else { &self.times[self.by_user.range(user.at())] }
    }

    /// Whether ratings carry timestamps; no rows carry none.
    pub fn has_times(&self) -> bool {
        !self.times.is_empty()
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
        assert!(!part.has_times() && part.times_of_user(UserIndex(0)).is_empty());
    }

    #[test]
    fn times_stand_beside_the_items_of_their_user() {
        let mut builder = crate::dataset::DatasetBuilder::new(std::path::Path::new("r"));
        for (user, item, time) in [("b", "y", 40), ("a", "y", 20), ("a", "x", 30), ("b", "x", 10)] {
            builder.rating(user, item, 4.0, time);
        }
        let dataset = builder.finish("t", crate::dataset::Duplicates::Last).unwrap();
        // Canonical order: a x 30, a y 20, b x 10, b y 40; the second is left out.
        let part = Interactions::new(&dataset, &[0, 2, 3]);
        assert_eq!(part.times_of_user(UserIndex(0)), [30]);
        assert_eq!(
            (part.of_user(UserIndex(1)).0, part.times_of_user(UserIndex(1))),
            (&[0_u32, 1][..], &[10_i64, 40][..])
        );
        assert!(part.times_of_user(UserIndex(9)).is_empty());
    }
}
