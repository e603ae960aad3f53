//! What is known of users and items: over ratings that no stacker learns from, unless told otherwise.
//!
//! A row that a stacker learns from is itself one of its user's ratings. If the statistics contain it, they carry the label, and the stacker learns to read it
//! there; for test rows there is nothing to read, and what was learned is wrong. Leaving out just the row's own rating turns the leak round: among the rows of one
//! user, whom the counts point out, the mean of the others is the lower the higher the own rating is (the known fault of leave-one-out target encoding;
//! Prokhorenkova et al. 2018, CatBoost, section 3.2). Over `base_train` all rows of a user see the same, and so do the candidates of the test.
//!
//! Leave-one-out leaves out ratings, not the moments at which they were given nor the segments they led to: it is there to show what a leak costs.

use super::labels::Labels;
use super::likes::Likes;
use super::moments::Moments;
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
    /// The parts whose ratings are known.
    pub fn parts(self) -> &'static [Part] {
        if self == Self::BaseTrain { &[Part::Base] } else { &[Part::Base, Part::Meta] }
    }

    /// Whether rows that stackers learn from find their own label in the statistics.
    pub fn leaks(self) -> bool {
        self != Self::BaseTrain
    }
}

/// Where statistics come from, and what counts as liked in them.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Source {
    /// Which ratings.
    pub from: StatsFrom,
    /// A rating of this or more is liked.
    pub threshold: f64,
}

/// What is known of the user and the item of one row, worked out when it is asked for.
#[derive(Clone, Copy)]
pub struct RowStatistics<'a> {
    of: &'a Statistics,
    user: UserIndex,
    item: ItemIndex,
    /// The row's own rating, if the statistics contain it.
    own: Option<f64>,
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

/// Totals of users, items and everything, and what else features look at.
#[derive(Debug, Clone)]
pub struct Statistics {
    from: StatsFrom,
    users: Vec<Total>,
    items: Vec<Total>,
    all: Total,
    more: Option<More>,
}

/// What only features outside the basic ones look at, so that it is made only for them.
#[derive(Debug, Clone)]
struct More {
    moments: Option<Moments>,
    likes: Likes,
    labels: Labels,
}

impl Statistics {
    /// Counts the ratings of the chosen parts, in the order of the rows.
    pub fn new(dataset: &Dataset, parts: &Parts, from: StatsFrom) -> Self {
        let mut out = Self {
            from,
            more: None,
            users: vec![Total::default(); dataset.n_users()],
            items: vec![Total::default(); dataset.n_items()],
            all: Total::default(),
        };
        let ratings = &dataset.ratings;
        for (row, part) in parts.of_row.iter().enumerate() {
            if from.parts().contains(part) {
                let rating = f64::from(ratings.values[row]);
                out.users[ratings.users[row].at()].add(rating);
                out.items[ratings.items[row].at()].add(rating);
                out.all.add(rating);
            }
        }
        out
    }

    /// Adds what features outside the basic ones look at.
    pub fn with_more(mut self, dataset: &Dataset, parts: &Parts, threshold: f64) -> Self {
        let known = parts.interactions(dataset, self.from.parts());
        let (moments, labels) = (Moments::new(&known), Labels::new(dataset, &known));
        self.more = Some(More { moments, likes: Likes::new(dataset, &known, threshold), labels });
        self
    }

    /// Items in the catalog.
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// What a row sees.
    ///
    /// - `own`: the rating of the row itself if it is a row of the meta part, so that it can be left out; `None` for candidates.
    pub fn row(&self, user: UserIndex, item: ItemIndex, own: Option<f32>) -> RowStatistics<'_> {
        let own = own.map(f64::from).filter(|_| self.from != StatsFrom::BaseTrain);
        RowStatistics { of: self, user, item, own }
    }
}

impl<'a> RowStatistics<'a> {
    /// The row's own rating, where it is to be left out.
    fn left_out(&self) -> Option<f64> {
        self.own.filter(|_| self.of.from == StatsFrom::LeaveOneOut)
    }

    fn global_mean(&self) -> f64 {
        self.of.all.without(self.left_out()).mean_or(0.0)
    }

    fn user_total(&self) -> Total {
        self.of.users[self.user.at()].without(self.left_out())
    }

    fn item_total(&self) -> Total {
        self.of.items[self.item.at()].without(self.left_out())
    }

    /// Ratings of the user.
    pub fn user_n(&self) -> f64 {
        self.user_total().n
    }

    /// Their mean, in stars; the global mean without any.
    pub fn user_mean(&self) -> f64 {
        self.user_total().mean_or(self.global_mean())
    }

    /// Ratings of the item.
    pub fn item_n(&self) -> f64 {
        self.item_total().n
    }

    /// Their mean, in stars; the global mean without any.
    pub fn item_mean(&self) -> f64 {
        self.item_total().mean_or(self.global_mean())
    }

    /// A number made of the times of ratings; 0 without timestamps.
    pub fn of_times(&self, number: impl Fn(&'a Moments, UserIndex, ItemIndex) -> f64) -> f64 {
        let moments = self.of.more.as_ref().and_then(|more| more.moments.as_ref());
        moments.map_or(0.0, |moments| number(moments, self.user, self.item))
    }

    /// A number made of what is liked; the last argument is the row's own rating where it is to be left out.
    pub fn of_likes(&self, number: impl Fn(&'a Likes, UserIndex, ItemIndex, Option<f64>) -> f64) -> f64 {
        self.of.more.as_ref().map_or(0.0, |more| number(&more.likes, self.user, self.item, self.left_out()))
    }

    /// 1 or 0, by the segments of user and item.
    pub fn of_labels(&self, is: impl Fn(&'a Labels, UserIndex, ItemIndex) -> bool) -> f64 {
        self.of.more.as_ref().map_or(0.0, |more| f64::from(u8::from(is(&more.labels, self.user, self.item))))
    }

    /// Whether the user's own rating of the item is among the known ratings: only where the statistics leak.
    pub fn contains_own(&self) -> bool {
        self.own.is_some()
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

    /// Number and mean of the user's ratings, then of the item's.
    fn seen(row: RowStatistics<'_>) -> [f64; 4] {
        [row.user_n(), row.user_mean(), row.item_n(), row.item_mean()]
    }

    fn meta_row(from: StatsFrom) -> [f64; 4] {
        seen(world(from).row(UserIndex(0), ItemIndex(1), Some(4.0)))
    }

    #[test]
    fn the_rows_own_rating_is_left_out() {
        // Without the 4: user 0 has the 2, item 1 has the 3.
        let expected = [1.0, 2.0, 1.0, 3.0];
        assert_eq!(meta_row(StatsFrom::LeaveOneOut), expected);
        assert_eq!(meta_row(StatsFrom::BaseTrain), expected);
        // With it: user 0 has 2 and 4, item 1 has 4 and 3.
        assert_eq!(meta_row(StatsFrom::TrainFull), [2.0, 3.0, 2.0, 3.5]);
    }

    #[test]
    fn test_ratings_are_never_seen_and_the_unknown_get_the_global_mean() {
        let statistics = world(StatsFrom::LeaveOneOut);
        // train_full holds 2, 4 and 3: mean 3; item 2 has nothing there.
        assert_eq!(seen(statistics.row(UserIndex(0), ItemIndex(2), None)), [2.0, 3.0, 0.0, 3.0]);
    }

    #[test]
    fn rows_of_one_user_and_item_differ_in_what_they_see_only_where_it_leaks() {
        for from in [StatsFrom::BaseTrain, StatsFrom::LeaveOneOut, StatsFrom::TrainFull] {
            let statistics = world(from);
            // A meta row of the same pair with another label, and the candidate of the test that it will be asked about.
            let seen = [Some(4.0), Some(1.0), None].map(|own| seen(statistics.row(UserIndex(0), ItemIndex(1), own)));
            let all_alike = seen[0] == seen[1] && seen[0] == seen[2];
            let has_meta = statistics.all.n > 2.0;
            assert_eq!(from.leaks(), has_meta || !all_alike, "{from:?}: {seen:?}");
        }
    }
}
