//! Popularity at the user's time: what others rated while the user was around, not what was rated most since the data began.
//!
//! A film of 1997 is popular to somebody who left in 1998 and old news to somebody who came in 2015. It is the fairer floor for data that spans years, and
//! a signal that a stack cannot get from counts.

use super::{BaseModel, FittedModel, TrainData, stored};
use crate::dataset::{Interactions, ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};

crate::options! {
    /// Items by their share of the ratings around the user's own. Source: Ji et al. (2020), who revisit popularity as a baseline in time.
    pub struct TimelyPopularity {
        /// Days before the user's first and after the user's latest known rating that are looked at too.
        pub days: f64 = 365.0, in 0.0..=100_000.0;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: "timely-popularity",
    about: "share of the ratings around the time of the user's own",
    read: |reader: &Reader<'_>| Box::new(TimelyPopularity::read(reader)),
    options: TimelyPopularity::describe,
};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

impl BaseModel for TimelyPopularity {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        let ratings = train.interactions;
        let margin = (self.days * DAY) as i64;
        let span = |user: u32| {
            let times = ratings.times_of_user(UserIndex(user));
            let (first, last) = (times.iter().min()?, times.iter().max()?);
            Some((first.saturating_sub(margin), last.saturating_add(margin)))
        };
        let spans: Vec<Option<(i64, i64)>> = (0..ratings.n_users() as u32).map(span).collect();
        let times = times_of_items(ratings);
        let mut all: Vec<i64> = times.iter().flatten().copied().collect();
        all.sort_unstable();
        let counts = (0..ratings.n_items()).map(|item| ratings.by_item.row_len(item)).collect();
        Ok(Box::new(FittedTimelyPopularity { times, all, spans, counts, n_rows: ratings.n_rows() }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// When each item was rated, ascending, `[n_items]`; nothing without timestamps.
fn times_of_items(ratings: &Interactions) -> Vec<Vec<i64>> {
    let mut out = vec![Vec::new(); ratings.n_items()];
    for user in (0..ratings.n_users() as u32).map(UserIndex) {
        let own = ratings.of_user(user).0.iter().zip(ratings.times_of_user(user));
        own.for_each(|(&item, &time)| out[item as usize].push(time));
    }
    out.iter_mut().for_each(|times: &mut Vec<i64>| times.sort_unstable());
    out
}

/// When items were rated, and when users were around.
struct FittedTimelyPopularity {
    /// Per item, ascending.
    times: Vec<Vec<i64>>,
    /// Of all items, ascending.
    all: Vec<i64>,
    /// First and last second that counts for each user; `None` for a user without timestamps.
    spans: Vec<Option<(i64, i64)>>,
    /// Ratings of each item, at any time.
    counts: Vec<usize>,
    n_rows: usize,
}

/// How many of some times, ascending, lie in a span.
fn within(times: &[i64], (first, last): (i64, i64)) -> usize {
    times.partition_point(|&time| time <= last) - times.partition_point(|&time| time < first)
}

impl FittedModel for FittedTimelyPopularity {
    /// Ratings of the item per thousand ratings in the user's span. For a user without known times the span is all time, and every score a fallback.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let span = self.spans.get(user.at()).copied().flatten();
        let all = span.map_or(self.n_rows, |span| within(&self.all, span));
        for (score, item) in out.iter_mut().zip(items) {
            let own = match span {
                Some(span) => self.times.get(item.at()).map_or(0, |times| within(times, span)),
                None => self.counts.get(item.at()).copied().unwrap_or(0),
            };
            *score = stored(1000.0 * own as f64 / all.max(1) as f64);
        }
        if span.is_some() { 0 } else { items.len() }
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;

    const YEAR: i64 = 365 * 86_400;

    #[test]
    fn ratings_around_the_users_own_count() {
        // User 1 was there in the years 10 and 11; a was rated in year 10, b in year 12 and 20, c in year 8.
        let rows = [("1", "x", 4.0, 10 * YEAR), ("1", "y", 4.0, 11 * YEAR), ("2", "a", 1.0, 10 * YEAR)];
        let others = [("3", "b", 4.0, 12 * YEAR), ("4", "b", 4.0, 20 * YEAR), ("2", "c", 4.0, 8 * YEAR)];
        let data = golden::timed(&[rows, others].concat());
        let scores = |days, user| {
            let fitted = TimelyPopularity { days }.fit(&data.train()).unwrap();
            let mut out = vec![f32::NAN; 3];
            let n_fallbacks = fitted.score(data.user(user), &["a", "b", "c"].map(|id| data.item(id)), &mut out);
            (out, n_fallbacks)
        };
        // With a year at both ends: x, y, a and one b; with none x, y and a.
        assert_eq!(scores(365.0, "1"), (vec![250.0, 250.0, 0.0], 0));
        let third = (1000.0_f64 / 3.0) as f32;
        assert_eq!(scores(0.0, "1"), (vec![third, 0.0, 0.0], 0));
        // Somebody unknown is told what was rated at any time, of six ratings.
        let sixth = (1000.0_f64 / 6.0) as f32;
        assert_eq!(scores(365.0, "99"), (vec![sixth, 2.0 * sixth, sixth], 3));
    }

    #[test]
    fn without_timestamps_it_is_popularity() {
        let data = golden::without_times(&[("1", "a", 5.0), ("2", "a", 4.0), ("2", "b", 4.0), ("1", "c", 1.0)]);
        let fitted = TimelyPopularity::default().fit(&data.train()).unwrap();
        let mut out = vec![f32::NAN; 2];
        assert_eq!(fitted.score(data.user("1"), &[data.item("a"), data.item("b")], &mut out), 2);
        assert_eq!(out, [500.0, 250.0]);
    }
}
