//! When users rated and items were rated.
//!
//! The candidates of a catalog have no time of their own: nobody rated them yet. So all rows of a user are seen at one moment, that of the user's latest known rating,
//! those that a stacker learns from as well. The time at which a row was rated would tell the rows of the test from all other candidates.

use crate::dataset::{Interactions, ItemIndex, UserIndex};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Times of the known ratings. Without timestamps there is none of it.
#[derive(Debug, Clone)]
pub struct Moments {
    /// First and latest known rating of each user, `[n_users]`; of a user without any, twice the latest of all.
    spans: Vec<(i64, i64)>,
    /// Where the times of each item begin, `[n_items + 1]`.
    starts: Vec<usize>,
    /// Times of all ratings by item, ascending within each.
    times: Vec<i64>,
}

impl Moments {
    /// Gathers the times; `None` when there are none.
    pub fn new(known: &Interactions) -> Option<Self> {
        if !known.has_times() {
            return None;
        }
        let users = || (0..known.n_users()).map(|user| UserIndex(user as u32));
        let latest = users().filter_map(|user| known.times_of_user(user).iter().max()).max().copied().unwrap_or(0);
        let span = |user| {
            let times = known.times_of_user(user);
            (times.iter().min().copied().unwrap_or(latest), times.iter().max().copied().unwrap_or(latest))
        };
        let mut starts = vec![0];
        starts.extend((0..known.n_items()).scan(0, |end, item| {
            *end += known.by_item.row_len(item);
            Some(*end)
        }));
        let (mut next, mut times) = (starts.clone(), vec![0; known.n_rows()]);
        for user in users() {
            for (&item, &time) in known.of_user(user).0.iter().zip(known.times_of_user(user)) {
                let place = &mut next[item as usize];
                times[*place] = time;
                *place += 1;
            }
        }
        for item in starts.windows(2) {
            times[item[0]..item[1]].sort_unstable();
        }
        Some(Self { spans: users().map(span).collect(), starts, times })
    }

    /// First and latest known rating of a user, in seconds since 1970.
    #[inline]
    pub fn span(&self, user: UserIndex) -> (i64, i64) {
        self.spans[user.at()]
    }

    /// The moment at which a user's rows are seen.
    #[inline]
    pub fn of(&self, user: UserIndex) -> i64 {
        self.span(user).1
    }

    /// Times of an item's ratings, ascending.
    #[inline]
    pub fn of_item(&self, item: ItemIndex) -> &[i64] {
        &self.times[self.starts[item.at()]..self.starts[item.at() + 1]]
    }

    /// How many ratings an item got from one time to another, both included.
    #[inline]
    pub fn n_between(&self, item: ItemIndex, first: i64, last: i64) -> usize {
        let times = self.of_item(item);
        times.partition_point(|&time| time <= last).saturating_sub(times.partition_point(|&time| time < first))
    }
}

/// Days from one time to another.
pub fn days(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / DAY as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};

    #[test]
    fn times_stand_by_item_and_a_stranger_is_seen_at_the_end() {
        let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
        for (user, item, time) in [("a", "x", 50), ("a", "y", 10), ("b", "x", 20), ("b", "y", 90), ("c", "x", 99)] {
            builder.rating(user, item, 4.0, time);
        }
        let dataset = builder.finish("t", Duplicates::Last).unwrap();
        // All but c's.
        let moments = Moments::new(&Interactions::new(&dataset, &[0, 1, 2, 3])).unwrap();
        assert_eq!(moments.of_item(ItemIndex(0)), [20, 50]);
        assert_eq!(moments.of_item(ItemIndex(1)), [10, 90]);
        assert_eq!([0, 1, 2].map(|user| moments.span(UserIndex(user))), [(10, 50), (20, 90), (90, 90)]);
        let counts =
            [(20, 50), (21, 50), (20, 49), (51, 99), (60, 10)].map(|(a, b)| moments.n_between(ItemIndex(0), a, b));
        assert_eq!(counts, [2, 1, 1, 0, 0]);
        assert!(Moments::new(&Interactions::from_triples(1, 1, [(0, 0, 4.0)].into_iter())).is_none());
        assert!((days(0, i64::MAX) - i64::MAX as f64 / 86_400.0).abs() < 1.0 && days(DAY, 0) == -1.0);
    }
}
