//! What a data set is made of: the counts to compare with its documentation before trusting a result on it.

use crate::dataset::{Dataset, Note};
use serde::Serialize;

/// Facts of a data set, after duplicates were resolved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// What it is called.
    pub name: String,
    /// Hash of its content, 64 hexadecimal digits.
    pub hash: String,
    /// Users with a rating.
    pub n_users: usize,
    /// Items with a rating.
    pub n_items_rated: usize,
    /// Items rated or in the catalog.
    pub n_items: usize,
    /// Ratings.
    pub n_ratings: usize,
    /// Share of the pairs of users and rated items that have a rating.
    pub density_rated_items: f64,
    /// Share of the pairs of users and items that have a rating.
    pub density_catalog: f64,
    /// Mean rating, in stars.
    pub mean_rating: f64,
    /// Standard deviation of all ratings (divided by n), in stars.
    pub sd_rating: f64,
    /// Share of ratings of 4 or more.
    pub share_at_least_4: f64,
    /// How often each rating was given, ascending.
    pub histogram: Vec<Bar>,
    /// First and last timestamp, in seconds since 1970; absent when the data has none.
    pub timestamps: Option<(i64, i64)>,
    /// Ratings per user.
    pub ratings_per_user: Spread,
    /// Ratings per rated item.
    pub ratings_per_item: Spread,
    /// Items of the catalog that nobody rated.
    pub n_items_never_rated: usize,
    /// Items without a title.
    pub n_items_without_title: usize,
    /// Items without a genre.
    pub n_items_without_genre: usize,
    /// Genres.
    pub n_genres: usize,
    /// Tags.
    pub n_tags: usize,
    /// What was noticed while reading.
    pub notes: Vec<Note>,
}

/// How many ratings lie in a range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bar {
    /// Lowest rating counted.
    pub low: f32,
    /// Highest rating counted; equal to `low` where ratings have few distinct values.
    pub high: f32,
    /// How many.
    pub count: usize,
}

/// Least, median and most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Least.
    pub min: u32,
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// Most.
    pub max: u32,
}

/// Most bars of a histogram before neighbors are put together.
const MAX_BARS: usize = 20;

impl Inspection {
    /// Counts; O(rows).
    pub fn of(data: &Dataset) -> Self {
        let ratings = &data.ratings;
        let per_user = counts(ratings.users.iter().map(|user| user.at()), data.n_users());
        let mut per_item = counts(ratings.items.iter().map(|item| item.at()), data.n_items());
        let n_items_never_rated = per_item.iter().filter(|&&count| count == 0).count();
        per_item.retain(|&count| count > 0);
        let n = data.n_rows() as f64;
        let mean = ratings.values.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
        let variance = ratings.values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / n;
        let high = ratings.values.iter().filter(|&&value| value >= 4.0).count();
        let cells = |n_items: usize| data.n_users() as f64 * n_items as f64;
        let first_last = ratings.timestamps.iter().min().zip(ratings.timestamps.iter().max());
        Self {
            name: data.name.clone(),
            hash: data.hash.to_string(),
            n_users: data.n_users(),
            n_items_rated: per_item.len(),
            n_items: data.n_items(),
            n_ratings: data.n_rows(),
            density_rated_items: n / cells(per_item.len()),
            density_catalog: n / cells(data.n_items()),
            mean_rating: mean,
            sd_rating: variance.sqrt(),
            share_at_least_4: high as f64 / n,
            histogram: histogram(&ratings.values),
            timestamps: first_last.filter(|_| data.has_timestamps).map(|(&first, &last)| (first, last)),
            ratings_per_user: Spread::of(per_user),
            ratings_per_item: Spread::of(per_item),
            n_items_never_rated,
            n_items_without_title: data.catalog.titles.iter().filter(|title| title.is_empty()).count(),
            n_items_without_genre: data.catalog.genres.iter().filter(|genres| genres.is_empty()).count(),
            n_genres: data.catalog.genre_names.len(),
            n_tags: data.catalog.tags.len(),
            notes: data.notes.clone(),
        }
    }
}

fn counts(numbers: impl Iterator<Item = usize>, n: usize) -> Vec<u32> {
    let mut counts = vec![0; n];
    numbers.for_each(|number| counts[number] += 1);
    counts
}

impl Spread {
    fn of(mut counts: Vec<u32>) -> Self {
        counts.sort_unstable();
        let middle = |at: usize| f64::from(counts.get(at).copied().unwrap_or(0));
        Self {
            min: counts.first().copied().unwrap_or(0),
            median: (middle(counts.len() / 2) + middle(counts.len().saturating_sub(1) / 2)) / 2.0,
            max: counts.last().copied().unwrap_or(0),
        }
    }
}

/// One bar per distinct rating, or [`MAX_BARS`] of equal width when there are more.
fn histogram(values: &[f32]) -> Vec<Bar> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    // −0 and 0 are one rating.
    let bars: Vec<Bar> =
        sorted.chunk_by(|a, b| a == b).map(|group| Bar { low: group[0], high: group[0], count: group.len() }).collect();
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return bars };
    if bars.len() <= MAX_BARS {
        return bars;
    }
    let (low, width) = (f64::from(first.low), (f64::from(last.low) - f64::from(first.low)) / MAX_BARS as f64);
    let edge = |at: usize| (low + width * at as f64) as f32;
    let mut wide: Vec<Bar> = (0..MAX_BARS).map(|at| Bar { low: edge(at), high: edge(at + 1), count: 0 }).collect();
    for bar in &bars {
        let at = ((f64::from(bar.low) - low) / width) as usize;
        wide[at.min(MAX_BARS - 1)].count += bar.count;
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};
    use std::path::Path;

    #[test]
    fn facts_of_a_small_data_set() {
        let mut builder = DatasetBuilder::new(Path::new("x"));
        for (user, item, rating, time) in
            [("1", "a", 4.0, 9), ("1", "b", 2.0, 5), ("2", "a", 4.5, -7), ("3", "a", 2.0, 6)]
        {
            builder.rating(user, item, rating, time);
        }
        builder.item("a", "A", ["Drama"].into_iter());
        builder.item("c", "C", [""; 0].into_iter());
        let facts = Inspection::of(&builder.finish("t", Duplicates::Last).unwrap());
        assert_eq!((facts.n_users, facts.n_items_rated, facts.n_items, facts.n_ratings), (3, 2, 3, 4));
        // 4 of 3 × 2 and of 3 × 3 pairs; (4 + 2 + 4.5 + 2) / 4 = 3.125; two of four are 4 or more.
        assert_eq!((facts.density_rated_items, facts.density_catalog), (4.0 / 6.0, 4.0 / 9.0));
        assert_eq!((facts.mean_rating, facts.share_at_least_4), (3.125, 0.5));
        // (0.875² + 1.125² + 1.375² + 1.125²) / 4 = 1.296875
        assert_eq!(facts.sd_rating, 1.296_875_f64.sqrt());
        assert_eq!(facts.timestamps, Some((-7, 9)));
        assert_eq!(facts.ratings_per_user, Spread { min: 1, median: 1.0, max: 2 });
        assert_eq!(facts.ratings_per_item, Spread { min: 1, median: 2.0, max: 3 });
        assert_eq!((facts.n_items_never_rated, facts.n_items_without_title, facts.n_items_without_genre), (1, 1, 2));
        assert_eq!(facts.histogram.iter().map(|bar| bar.count).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn many_distinct_ratings_share_bars() {
        let values: Vec<f32> = (0..=1000).map(|n| n as f32 / 10.0).collect();
        let bars = histogram(&values);
        assert_eq!((bars.len(), bars.iter().map(|bar| bar.count).sum::<usize>()), (20, 1001));
        assert_eq!((bars[0].low, bars[19].high, bars[19].count), (0.0, 100.0, 51));
        assert_eq!(histogram(&[-f32::MAX, f32::MAX, 0.0]).len(), 3);
    }
}
