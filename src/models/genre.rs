//! Content profile: the genres of what a user liked, against the genres of an item.
//!
//! Knows nothing of other users, so it can score an item that nobody has rated yet; coarse, because a catalog has some twenty genres.

use super::{BaseModel, FittedModel, TrainData};
use crate::dataset::{Catalog, Interactions, ItemIndex, Scale, UserIndex, is_relevant};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use std::collections::BTreeMap;

crate::options! {
    /// Cosine of user profile and item genres. Source: Pazzani & Billsus (2007), content-based profiles.
    pub struct Genre {
        /// Items rated this or higher, in rating units, make up the user's profile.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: "genre",
    about: "cosine of liked genres and the item's genres",
    read: |reader: &Reader<'_>| Box::new(Genre::read(reader)),
    options: Genre::describe,
};

impl BaseModel for Genre {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(self.profiles(train.interactions, &train.dataset.catalog)))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl Genre {
    /// The profile is the mean multi-hot vector of liked items, scaled to length 1. The division by their number falls out of the scaling.
    fn profiles(&self, interactions: &Interactions, catalog: &Catalog) -> FittedGenre {
        let n_genres = catalog.genre_names.len();
        let mut profiles = vec![0.0_f32; interactions.n_users() * n_genres];
        let mut counts = vec![0.0_f64; n_genres];
        for (user, profile) in profiles.chunks_exact_mut(n_genres.max(1)).enumerate() {
            counts.fill(0.0);
            let (items, ratings) = interactions.by_user.row(user);
            for (&item, _) in items.iter().zip(ratings).filter(|&(_, &rating)| is_relevant(rating, self.liked_from)) {
                for &genre in catalog.genres.get(item as usize).into_iter().flatten() {
                    counts[usize::from(genre)] += 1.0;
                }
            }
            let length = counts.iter().map(|count| count * count).sum::<f64>().sqrt();
            if length > 0.0 {
                profile.iter_mut().zip(&counts).for_each(|(part, count)| *part = (count / length) as f32);
            }
        }
        let (sets, set_of) = sets(&catalog.genres);
        FittedGenre { profiles, n_genres, sets, set_of }
    }
}

/// The different lists of genres, and which of them is each item's: those of ml-latest-small have 951 for 9,742 items.
fn sets(genres: &[Vec<u16>]) -> (Vec<Vec<u16>>, Vec<u32>) {
    let mut places: BTreeMap<&[u16], u32> = BTreeMap::new();
    let mut sets: Vec<Vec<u16>> = Vec::new();
    let mut set_of = Vec::with_capacity(genres.len());
    for own in genres {
        let next = places.len() as u32;
        set_of.push(*places.entry(own).or_insert_with(|| {
            sets.push(own.clone());
            next
        }));
    }
    (sets, set_of)
}

/// Profiles `[n_users × n_genres]`, each of length 1 or 0, and the genres of items.
struct FittedGenre {
    profiles: Vec<f32>,
    n_genres: usize,
    /// Different lists of genres, each ascending.
    sets: Vec<Vec<u16>>,
    /// The list of each item.
    set_of: Vec<u32>,
}

impl FittedGenre {
    /// The user's profile; empty when there is none to compare with.
    fn profile(&self, user: UserIndex) -> &[f32] {
        let start = user.at().saturating_mul(self.n_genres);
        let profile = self.profiles.get(start..start.saturating_add(self.n_genres)).unwrap_or(&[]);
        if profile.iter().any(|&part| part != 0.0) { profile } else { &[] }
    }
}

/// `Σ p_g / √n` over an item's n genres, whose vector has n ones and so the length √n; `None` without a profile or without genres.
fn cosine(profile: &[f32], genres: &[u16]) -> Option<f32> {
    if profile.is_empty() || genres.is_empty() {
        return None;
    }
    let sum: f64 = genres.iter().map(|&genre| f64::from(profile[usize::from(genre)])).sum();
    Some((sum / (genres.len() as f64).sqrt()) as f32)
}

/// Writes scores, 0 for those that there are not; returns how many these are.
fn spell(scores: impl Iterator<Item = Option<f32>>, out: &mut [f32]) -> usize {
    let mut n_fallbacks = 0;
    for (out, score) in out.iter_mut().zip(scores) {
        *out = score.unwrap_or(0.0);
        n_fallbacks += usize::from(score.is_none());
    }
    n_fallbacks
}

impl FittedModel for FittedGenre {
    /// Cosine in `[0, 1]`; 0, a fallback, without a profile or without genres.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let profile = self.profile(user);
        if items.len() < self.sets.len() {
            let of_item = |item: &ItemIndex| self.set_of.get(item.at()).map(|&set| &self.sets[set as usize][..]);
            return spell(items.iter().map(|item| cosine(profile, of_item(item).unwrap_or(&[]))), out);
        }
        // Few lists, many items: each list once.
        let of_set: Vec<Option<f32>> = self.sets.iter().map(|genres| cosine(profile, genres)).collect();
        let of_item = |item: &ItemIndex| self.set_of.get(item.at()).and_then(|&set| of_set[set as usize]);
        spell(items.iter().map(of_item), out)
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;

    #[test]
    fn profiles_equal_scikit_learn() {
        let data = golden::ratings();
        let fitted = Genre::default().profiles(&data.interactions, &data.dataset.catalog);
        for row in golden::table("genre_profiles.csv") {
            let profile = fitted.profile(data.user(&row["user"]));
            for (genre, name) in data.dataset.catalog.genre_names.iter().enumerate() {
                let expected: f64 = row[name].parse().unwrap();
                let found = profile.get(genre).copied().unwrap_or(0.0);
                assert!((f64::from(found) - expected).abs() < 1e-6, "user {} {name}: {found} {expected}", row["user"]);
            }
        }
    }

    #[test]
    fn scores_equal_scikit_learn() {
        let data = golden::ratings();
        let fitted = Genre::default().profiles(&data.interactions, &data.dataset.catalog);
        assert!(golden::largest_difference(&data, &golden::table("genre_scores.csv"), "score", &fitted) < 1e-6);
    }

    #[test]
    fn what_counts_as_liked_changes_the_profile() {
        let data = golden::ratings();
        let scores = |liked_from| {
            let fitted = Genre { liked_from }.profiles(&data.interactions, &data.dataset.catalog);
            let mut out = vec![0.0; 20];
            let n_fallbacks = fitted.score(UserIndex(0), &(0..20).map(ItemIndex).collect::<Vec<_>>(), &mut out);
            (out, n_fallbacks)
        };
        assert_ne!(scores(4.0).0, scores(1.0).0);
        assert_eq!(scores(6.0), (vec![0.0; 20], 20));
    }
}
