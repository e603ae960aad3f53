//! What users like and which items are liked: shares of ratings at or above the threshold, and the years of what was liked.

use crate::dataset::{Dataset, Interactions, ItemIndex, UserIndex, is_relevant};

/// Ratings of average liking added to each share, so that one rating says little.
const SMOOTHING: f64 = 10.0;

/// Number of some ratings, and how many of them are of something liked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Share {
    n: f64,
    n_liked: f64,
}

impl Share {
    fn add(&mut self, is_liked: bool) {
        self.n += 1.0;
        self.n_liked += f64::from(u8::from(is_liked));
    }

    fn without(self, own: Option<bool>) -> Self {
        let less = |is_liked| Self { n: self.n - 1.0, n_liked: self.n_liked - f64::from(u8::from(is_liked)) };
        own.map_or(self, less)
    }

    /// `(n_liked + 10 p) / (n + 10)`, p being the share of all ratings.
    fn smoothed(self, all: Self) -> f64 {
        let prior = if all.n > 0.0 { all.n_liked / all.n } else { 0.0 };
        (self.n_liked + SMOOTHING * prior) / (self.n + SMOOTHING)
    }
}

/// What is liked, among the known ratings.
#[derive(Debug, Clone)]
pub struct Likes {
    threshold: f64,
    users: Vec<Share>,
    items: Vec<Share>,
    all: Share,
    /// Year in the title of each item, `[n_items]`.
    years: Vec<Option<u16>>,
    /// Mean of those there are; 0 without any.
    mean_year: f64,
    /// Number and sum of the years of what each user liked, `[n_users]`.
    liked_years: Vec<(f64, f64)>,
}

impl Likes {
    /// Counts what is rated at or above the threshold.
    pub fn new(dataset: &Dataset, known: &Interactions, threshold: f64) -> Self {
        let years: Vec<Option<u16>> = (0..dataset.n_items()).map(|item| dataset.catalog.year(item)).collect();
        let n_dated = years.iter().flatten().count();
        let sum: f64 = years.iter().flatten().map(|&year| f64::from(year)).sum();
        let mut out = Self {
            threshold,
            users: vec![Share::default(); dataset.n_users()],
            items: vec![Share::default(); dataset.n_items()],
            all: Share::default(),
            mean_year: if n_dated > 0 { sum / n_dated as f64 } else { 0.0 },
            liked_years: vec![(0.0, 0.0); dataset.n_users()],
            years,
        };
        for (user, item, rating) in known.by_user.triples() {
            let (user, item, is_liked) = (user as usize, item as usize, is_relevant(rating, threshold));
            out.users[user].add(is_liked);
            out.items[item].add(is_liked);
            out.all.add(is_liked);
            if let Some(year) = out.years[item].filter(|_| is_liked) {
                let (n, sum) = &mut out.liked_years[user];
                (*n, *sum) = (*n + 1.0, *sum + f64::from(year));
            }
        }
        out
    }

    fn is_liked(&self, own: Option<f64>) -> Option<bool> {
        own.map(|rating| is_relevant(rating as f32, self.threshold))
    }

    /// Share of a user's ratings that like, smoothed; `own`: a rating to leave out.
    pub fn of_user(&self, user: UserIndex, own: Option<f64>) -> f64 {
        let own = self.is_liked(own);
        self.users[user.at()].without(own).smoothed(self.all.without(own))
    }

    /// Share of an item's ratings that like it, smoothed; `own`: a rating to leave out.
    pub fn of_item(&self, item: ItemIndex, own: Option<f64>) -> f64 {
        let own = self.is_liked(own);
        self.items[item.at()].without(own).smoothed(self.all.without(own))
    }

    /// Year of an item; the mean of all years for an item without one.
    pub fn year(&self, item: ItemIndex) -> f64 {
        self.years[item.at()].map_or(self.mean_year, f64::from)
    }

    /// Year of an item less the mean year of what the user liked; 0 where either is unknown. `own`: the user's rating of the item, to leave out.
    pub fn year_distance(&self, user: UserIndex, item: ItemIndex, own: Option<f64>) -> f64 {
        let Some(year) = self.years[item.at()].map(f64::from) else { return 0.0 };
        let (mut n, mut sum) = self.liked_years[user.at()];
        if self.is_liked(own) == Some(true) {
            (n, sum) = (n - 1.0, sum - year);
        }
        if n > 0.0 { year - sum / n } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};

    #[test]
    fn shares_are_smoothed_and_years_compared_with_what_was_liked() {
        let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
        for (user, item, rating) in [("a", "x", 5.0), ("a", "y", 4.0), ("a", "z", 1.0), ("b", "x", 2.0)] {
            builder.rating(user, item, rating, 0);
        }
        for (item, title) in [("x", "X (1990)"), ("y", "Y (2000)"), ("z", "Z"), ("w", "W (2010)")] {
            builder.item(item, title, [""; 0].into_iter());
        }
        let dataset = builder.finish("t", Duplicates::Last).unwrap();
        let likes = Likes::new(&dataset, &Interactions::new(&dataset, &[0, 1, 2, 3]), 4.0);
        // Half of all ratings like. a likes 2 of 3: (2 + 5) / 13; x is liked by 1 of 2: (1 + 5) / 12; w, item 0, by nobody.
        let (a, b, [w, x, y, z]) = (UserIndex(0), UserIndex(1), [0, 1, 2, 3].map(ItemIndex));
        assert!((likes.of_user(a, None) - 7.0 / 13.0).abs() < 1e-15);
        assert_eq!((likes.of_item(x, None), likes.of_item(w, None)), (0.5, 0.5));
        // Without a's 5 of x: 1 of 3 like; a likes 1 of 2: (1 + 10/3) / 12; x 0 of 1: (10/3) / 11.
        assert!((likes.of_user(a, Some(5.0)) - (1.0 + 10.0 / 3.0) / 12.0).abs() < 1e-15);
        assert!((likes.of_item(x, Some(5.0)) - 10.0 / 33.0).abs() < 1e-15);
        // a liked 1990 and 2000; without x, 2000. z has no year, b liked nothing.
        assert_eq!((likes.year_distance(a, w, None), likes.year_distance(a, y, None)), (15.0, 5.0));
        assert_eq!((likes.year_distance(a, x, Some(5.0)), likes.year_distance(a, x, Some(3.0))), (-10.0, -5.0));
        assert_eq!((likes.year_distance(a, z, None), likes.year_distance(b, w, None)), (0.0, 0.0));
        assert_eq!((likes.year(y), likes.year(z)), (2000.0, 2000.0));
    }
}
