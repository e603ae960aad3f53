//! How many ratings a user and an item have, and their means: over ratings that no stacker learns from, unless told otherwise.
//!
//! A row that a stacker learns from is itself one of its user's ratings. If the statistics contain it, they carry the label, and the stacker learns to read it
//! there; for test rows there is nothing to read, and what was learned is wrong. Leaving out just the row's own rating turns the leak round: among the rows of one
//! user, whom the counts point out, the mean of the others is the lower the higher the own rating is (the known fault of leave-one-out target encoding;
//! Prokhorenkova et al. 2018, CatBoost, section 3.2). Over `base_train` all rows of a user see the same, and so do the candidates of the test.

use crate::dataset::{Dataset, ItemIndex, UserIndex};
use crate::splits::{Part, Parts};

crate::choices! {
    /// Which ratings user and item statistics are taken from.
    pub enum StatsFrom {
        BaseTrain = "base_train", "base_train, which holds no row that stackers learn from";
        LeaveOneOut = "leave-one-out", "train_full less the row's own rating: leaks the labels, turned round";
        TrainFull = "train_full", "train_full with the row's own rating: leaks the labels";
    }
}

impl StatsFrom {
    /// Whether rows that stackers learn from find their own label in the statistics.
    pub fn leaks(self) -> bool {
        self != Self::BaseTrain
    }
}

/// What is known of the user and the item of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowStatistics {
    /// Ratings of the user.
    pub user_n: f64,
    /// Their mean, in stars; the global mean without any.
    pub user_mean: f64,
    /// Ratings of the item.
    pub item_n: f64,
    /// Their mean, in stars; the global mean without any.
    pub item_mean: f64,
}

/// Number and sum of some ratings.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Total {
    n: f64,
    sum: f64,
}

impl Total {
    fn add(&mut self, rating: f64) {
        self.n += 1.0;
        self.sum += rating;
    }

    fn without(self, own: Option<f64>) -> Self {
        own.map_or(self, |rating| Self { n: self.n - 1.0, sum: self.sum - rating })
    }

    fn mean_or(self, other: f64) -> f64 {
        if self.n > 0.0 { self.sum / self.n } else { other }
    }
}

/// Totals of users, items and everything.
#[derive(Debug, Clone)]
pub struct Statistics {
    from: StatsFrom,
    users: Vec<Total>,
    items: Vec<Total>,
    all: Total,
}

impl Statistics {
    /// Counts the ratings of the chosen parts, in the order of the rows.
    pub fn new(dataset: &Dataset, parts: &Parts, from: StatsFrom) -> Self {
        let mut out = Self {
            from,
            users: vec![Total::default(); dataset.n_users()],
            items: vec![Total::default(); dataset.n_items()],
            all: Total::default(),
        };
        let ratings = &dataset.ratings;
        for (row, part) in parts.of_row.iter().enumerate() {
            if *part == Part::Base || *part == Part::Meta && from != StatsFrom::BaseTrain {
                let rating = f64::from(ratings.values[row]);
                out.users[ratings.users[row].at()].add(rating);
                out.items[ratings.items[row].at()].add(rating);
                out.all.add(rating);
            }
        }
        out
    }

    /// What a row sees.
    ///
    /// - `own`: the rating of the row itself if it is a row of the meta part, so that it can be left out; `None` for candidates.
    pub fn row(&self, user: UserIndex, item: ItemIndex, own: Option<f32>) -> RowStatistics {
        let own = own.map(f64::from).filter(|_| self.from == StatsFrom::LeaveOneOut);
        let mean = self.all.without(own).mean_or(0.0);
        let (user, item) = (self.users[user.at()].without(own), self.items[item.at()].without(own));
        RowStatistics { user_n: user.n, user_mean: user.mean_or(mean), item_n: item.n, item_mean: item.mean_or(mean) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};

    /// User 0 rated items 0 (2 stars, base), 1 (4, meta) and 2 (5, test); user 1 rated item 1 (3, base).
    fn world(from: StatsFrom) -> Statistics {
        let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
        for (user, item, rating) in [("0", "0", 2.0), ("0", "1", 4.0), ("0", "2", 5.0), ("1", "1", 3.0)] {
            builder.rating(user, item, rating, 0);
        }
        let dataset = builder.finish("t", Duplicates::Last).unwrap();
        let parts = Parts::new(&dataset, vec![Part::Base, Part::Meta, Part::Test, Part::Base]);
        Statistics::new(&dataset, &parts, from)
    }

    fn meta_row(from: StatsFrom) -> RowStatistics {
        world(from).row(UserIndex(0), ItemIndex(1), Some(4.0))
    }

    #[test]
    fn the_rows_own_rating_is_left_out() {
        // Without the 4: user 0 has the 2, item 1 has the 3.
        let expected = RowStatistics { user_n: 1.0, user_mean: 2.0, item_n: 1.0, item_mean: 3.0 };
        assert_eq!(meta_row(StatsFrom::LeaveOneOut), expected);
        assert_eq!(meta_row(StatsFrom::BaseTrain), expected);
        // With it: user 0 has 2 and 4, item 1 has 4 and 3.
        let leaking = RowStatistics { user_n: 2.0, user_mean: 3.0, item_n: 2.0, item_mean: 3.5 };
        assert_eq!(meta_row(StatsFrom::TrainFull), leaking);
    }

    #[test]
    fn test_ratings_are_never_seen_and_the_unknown_get_the_global_mean() {
        let row = world(StatsFrom::LeaveOneOut).row(UserIndex(0), ItemIndex(2), None);
        // train_full holds 2, 4 and 3: mean 3; item 2 has nothing there.
        assert_eq!(row, RowStatistics { user_n: 2.0, user_mean: 3.0, item_n: 0.0, item_mean: 3.0 });
    }

    #[test]
    fn rows_of_one_user_and_item_differ_in_what_they_see_only_where_it_leaks() {
        for from in [StatsFrom::BaseTrain, StatsFrom::LeaveOneOut, StatsFrom::TrainFull] {
            let statistics = world(from);
            // A meta row of the same pair with another label, and the candidate of the test that it will be asked about.
            let seen = [Some(4.0), Some(1.0), None].map(|own| statistics.row(UserIndex(0), ItemIndex(1), own));
            let all_alike = seen[0] == seen[1] && seen[0] == seen[2];
            let has_meta = statistics.all.n > 2.0;
            assert_eq!(from.leaks(), has_meta || !all_alike, "{from:?}: {seen:?}");
        }
    }
}
