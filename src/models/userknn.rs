//! User–user neighborhood: an item is worth to a user what it was worth to the most similar users who have it.
//!
//! Similarities are those of [`super::itemknn_similarity`] with users and items exchanged. At fit each user's neighbors are put into order, the most similar
//! first; a score walks them in that order and lets an item take its first `neighbors`. So who counts for an item is decided among those who have it, and
//! nothing is selected item by item. The price is a pass over all ratings per user, and memory for all pairs of users, which has a stated limit.

use super::itemknn::{Center, Norm, means};
use super::itemknn_similarity::{CELL_BYTES, Cosine, SEGMENT, SimilarityRows, similarities};
use super::knn_signal::KnnSignal;
use super::{BaseModel, FittedModel, TrainData, stored};
use crate::dataset::{Interactions, ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use crate::{parallel, rng};
use rand_core::Rng;
use std::cell::RefCell;

/// The kind's name.
const NAME: &str = "userknn";
/// Users of one parallel block.
const BLOCK: usize = 32;

crate::options! {
    /// User–user cosine neighborhood. Source: Resnick et al. (1994) for ratings; Sarwar et al. (2000) for signals.
    pub struct UserKnn {
        /// Neighbors per score: the most similar users among those who have the item; 0: all of them.
        pub neighbors: usize = 30, in 0..=100_000;
        /// What users are compared by, and what a score is.
        pub signal: KnnSignal = KnnSignal::Positive;
        /// Ratings of this or more are positive, in rating units.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// Similarities are multiplied by n / (n + shrink), n items being common to both users.
        pub shrink: f64 = 0.0, in 0.0..=1e6;
        /// Pairs of users with fewer common items have no similarity.
        pub min_overlap: usize = 1, in 1..=1_000_000;
        /// A fit stops with an error when the similarities need more memory than this, in MB of 2^20 bytes; a run keeps one fit per part of cross_fit.
        pub memory_limit_mb: usize = 4096, in 1..=16_777_216;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "user–user cosine neighborhood, on positives, on all ratings or on rating values",
    read: |reader: &Reader<'_>| {
        let options = UserKnn::read(reader);
        options.signal.check(reader);
        Box::new(options)
    },
    options: UserKnn::describe,
};

impl BaseModel for UserKnn {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(self.neighborhoods(train.interactions, train.seed)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl UserKnn {
    fn neighborhoods(&self, interactions: &Interactions, seed: u64) -> Result<FittedUserKnn> {
        let (by_user, averages) = match self.signal.implicit() {
            Some(signal) => (signal.of(interactions, self.liked_from).by_user, None),
            None => (interactions.by_user.clone(), Some(Averages::new(interactions))),
        };
        let tie_seed = rng::stream(seed, NAME, 0).next_u64();
        Ok(FittedUserKnn {
            neighbors: if self.neighbors == 0 { u32::MAX } else { self.neighbors as u32 },
            ordered: ordered(&self.similarities(&by_user)?, tie_seed)?,
            by_user,
            averages,
        })
    }

    /// Cosines of users: of their signals, or of their ratings less their mean, over all of a user's items.
    fn similarities(&self, by_user: &SparseRows) -> Result<SimilarityRows> {
        let cosine = Cosine {
            model: NAME,
            sides: ["user", "item"],
            // Users stand where items do.
            center: if self.signal == KnnSignal::Rating { Center::Item } else { Center::None },
            norm: Norm::Full,
            shrink: self.shrink,
            min_overlap: self.min_overlap,
            memory_limit_mb: self.memory_limit_mb,
            cell_bytes: CELL_BYTES + size_of::<Neighbor>(),
        };
        let exchanged = by_user.triples().map(|(user, item, value)| (item, user, value));
        similarities(&cosine, &Interactions::from_triples(by_user.n_columns(), by_user.n_rows(), exchanged))
    }
}

/// A similar user.
#[derive(Debug, Clone, Copy)]
struct Neighbor {
    user: u32,
    similarity: f32,
}

/// The similar users of each user, the most similar first; equal ones by seeded hash of both users.
fn ordered(similarities: &SimilarityRows, tie_seed: u64) -> Result<Vec<Box<[Neighbor]>>> {
    let of_user = |user: usize| {
        let mut out = Vec::with_capacity(similarities.row_len(user));
        for (segment, start) in similarities.row(user).iter().zip((0..).step_by(SEGMENT)) {
            let cells = segment.items.iter().zip(&segment.similarities);
            out.extend(cells.map(|(&other, &similarity)| Neighbor { user: start + u32::from(other), similarity }));
        }
        let hash = |neighbor: &Neighbor| (rng::tie_hash(tie_seed, user as u32, neighbor.user), neighbor.user);
        out.sort_unstable_by(|a, b| b.similarity.total_cmp(&a.similarity).then_with(|| hash(a).cmp(&hash(b))));
        out.into_boxed_slice()
    };
    let blocks = parallel::map_blocks(similarities.n_items(), BLOCK, |users| {
        parallel::check()?;
        Ok(users.map(of_user).collect::<Vec<_>>())
    });
    let blocks: Result<Vec<_>> = blocks.into_iter().collect();
    Ok(blocks?.into_iter().flatten().collect())
}

/// What averages of ratings are taken from, and what is said without neighbors.
struct Averages {
    user_means: Vec<Option<f64>>,
    item_means: Vec<Option<f64>>,
    mean: f64,
}

impl Averages {
    fn new(interactions: &Interactions) -> Self {
        Self {
            user_means: means(&interactions.by_user),
            item_means: means(&interactions.by_item),
            mean: interactions.mean,
        }
    }

    fn of_user(&self, user: u32) -> f64 {
        self.user_means.get(user as usize).copied().flatten().unwrap_or(0.0)
    }

    fn without_neighbors(&self, user: UserIndex, item: ItemIndex) -> f64 {
        let of_user = self.user_means.get(user.at()).copied().flatten();
        of_user.or_else(|| self.item_means.get(item.at()).copied().flatten()).unwrap_or(self.mean)
    }
}

/// Everybody's neighbors in order, and what they have.
struct FittedUserKnn {
    ordered: Vec<Box<[Neighbor]>>,
    /// `[n_users × n_items]`, signals or ratings.
    by_user: SparseRows,
    /// With ratings only.
    averages: Option<Averages>,
    /// Most neighbors per score; at least 1.
    neighbors: u32,
}

/// What the neighbors who have an item say, so far.
#[derive(Clone, Copy, Default)]
struct Cell {
    n: u32,
    weight: f64,
    sum: f64,
}

thread_local! {
    static CELLS: RefCell<Vec<Cell>> = RefCell::default();
}

impl FittedUserKnn {
    /// Lets every item take its most similar users, and adds up their similarities and their offsets times similarity.
    fn walk(&self, user: UserIndex, cells: &mut Vec<Cell>) {
        cells.clear();
        cells.resize(self.by_user.n_columns(), Cell::default());
        for neighbor in self.ordered.get(user.at()).map_or(&[][..], |ordered| ordered) {
            let (items, values) = self.by_user.row(neighbor.user as usize);
            let similarity = f64::from(neighbor.similarity);
            let mean = self.averages.as_ref().map_or(0.0, |averages| averages.of_user(neighbor.user));
            for (&item, &value) in items.iter().zip(values) {
                let cell = &mut cells[item as usize];
                if cell.n < self.neighbors {
                    cell.n += 1;
                    cell.weight += similarity;
                    cell.sum += similarity * (f64::from(value) - mean);
                }
            }
        }
    }
}

impl FittedModel for FittedUserKnn {
    /// Over the `neighbors` users `v ≠ u` most similar to `u` among those who have the item, `s_uv > 0`: `Σ s_uv` for signals, `mean_u + Σ s_uv (r_vi - mean_v)
    /// / Σ s_uv` for ratings. Without any: 0 for signals; the user's mean, else the item's, else the global mean for ratings.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        // Never borrowed twice: nothing below scores.
        CELLS.with_borrow_mut(|cells| {
            self.walk(user, cells);
            let mut n_fallbacks = 0;
            for (score, &item) in out.iter_mut().zip(items) {
                let cell = cells.get(item.at()).copied().unwrap_or_default();
                n_fallbacks += usize::from(cell.n == 0);
                *score = stored(match &self.averages {
                    None => cell.weight,
                    Some(averages) if cell.n == 0 => averages.without_neighbors(user, item),
                    Some(averages) => averages.of_user(user.0) + cell.sum / cell.weight,
                });
            }
            n_fallbacks
        })
    }

    fn scale(&self) -> Scale {
        if self.averages.is_some() { Scale::Rating } else { Scale::Order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden::{self, Data};

    /// Users 1 to 4 like {a, b}, {a, b, c}, {a, c, d} and {b}; user 1 rated d with 1 star, user 2 rated e with 2.
    fn data() -> Data {
        let liked = [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b"), ("2", "c"), ("3", "a"), ("3", "c"), ("3", "d")];
        let mut rows: Vec<(&str, &str, f32)> = liked.into_iter().map(|(user, item)| (user, item, 4.0)).collect();
        rows.extend([("4", "b", 5.0), ("1", "d", 1.0), ("2", "e", 2.0)]);
        golden::small(&rows)
    }

    /// Scores of a user for all five items.
    fn scores(options: &UserKnn, data: &Data, user: &str) -> (Vec<f32>, usize) {
        let fitted = options.neighborhoods(&data.interactions, 1).unwrap();
        let mut out = vec![f32::NAN; 5];
        let items = ["a", "b", "c", "d", "e"].map(|id| data.item(id));
        let n_fallbacks = fitted.score(data.user(user), &items, &mut out);
        (out, n_fallbacks)
    }

    fn assert_close(found: &[f32], expected: [f64; 5]) {
        let close = |(&found, expected): (&f32, f64)| (f64::from(found) - expected).abs() < 1e-6;
        assert!(found.iter().zip(expected).all(close), "{found:?} {expected:?}");
    }

    #[test]
    fn sums_of_similarities_by_hand() {
        // s12 = 2 / √6, s13 = 1 / √6, s14 = 1 / √2: user 1's neighbors are 2, 4, 3.
        let (root, half) = (6.0_f64.sqrt(), 2.0_f64.sqrt().recip());
        let all = UserKnn { neighbors: 0, ..UserKnn::default() };
        let (found, n_fallbacks) = scores(&all, &data(), "1");
        assert_close(&found, [3.0 / root, 2.0 / root + half, 3.0 / root, 1.0 / root, 0.0]);
        assert_eq!(n_fallbacks, 1);
        // One per item, and not one per user: d still has user 3.
        let (found, _) = scores(&UserKnn { neighbors: 1, ..all.clone() }, &data(), "1");
        assert_close(&found, [2.0 / root, 2.0 / root, 2.0 / root, 1.0 / root, 0.0]);
        assert_close(
            &scores(&UserKnn { min_overlap: 2, ..all.clone() }, &data(), "1").0,
            [2.0 / root, 2.0 / root, 2.0 / root, 0.0, 0.0],
        );
        // n / (n + 1): 2/3, 1/2, 1/2.
        let shrunk = scores(&UserKnn { shrink: 1.0, ..all.clone() }, &data(), "1").0;
        let (s12, s13, s14) = (4.0 / 3.0 / root, 0.5 / root, half / 2.0);
        assert_close(&shrunk, [s12 + s13, s12 + s14, s12 + s13, s13, 0.0]);
        assert_eq!(scores(&all, &data(), "unknown"), (vec![0.0; 5], 5));
    }

    #[test]
    fn low_ratings_are_signals_only_with_all() {
        // Users 1 and 2 have {a, b, d} and {a, b, c, e}; s12 = 2 / √12, s13 = 2 / 3, s14 = 1 / √3.
        let all = UserKnn { neighbors: 0, signal: KnnSignal::All, ..UserKnn::default() };
        let (s12, s13, s14) = (12.0_f64.sqrt().recip() * 2.0, 2.0 / 3.0, 3.0_f64.sqrt().recip());
        assert_close(&scores(&all, &data(), "1").0, [s12 + s13, s12 + s14, s12 + s13, s13, s12]);
        let low = UserKnn { signal: KnnSignal::Positive, liked_from: 1.0, ..all.clone() };
        assert_eq!(scores(&low, &data(), "1"), scores(&all, &data(), "1"));
    }

    #[test]
    fn averages_of_offsets_by_hand() {
        // Means 3, 3, 2. Offsets of 1: a +2, b -2; of 2: a +1, b -1, c +1, d -1; of 3: a -1, b +1, c -1, d +1. s12 = 4 / (√8 · 2), s13 < 0.
        let rows =
            [("1", "a", 5.0), ("1", "b", 1.0), ("2", "a", 4.0), ("2", "b", 2.0), ("2", "c", 4.0), ("2", "d", 2.0)];
        let opposed = [("3", "a", 1.0), ("3", "b", 3.0), ("3", "c", 1.0), ("3", "d", 3.0), ("4", "e", 4.5)];
        let data = golden::small(&[&rows[..], &opposed[..]].concat());
        let options = UserKnn { signal: KnnSignal::Rating, ..UserKnn::default() };
        // User 2 is the only neighbor of user 1; nobody similar rated e, so user 1's mean.
        let (found, n_fallbacks) = scores(&options, &data, "1");
        assert_close(&found, [4.0, 2.0, 4.0, 2.0, 3.0]);
        assert_eq!(n_fallbacks, 1);
        // Unknown users get the items' means; unknown items as well, the mean of all: 30.5 / 11.
        let (found, n_fallbacks) = scores(&options, &data, "unknown");
        assert_close(&found, [10.0 / 3.0, 2.0, 2.5, 2.5, 4.5]);
        assert_eq!(n_fallbacks, 5);
        let fitted = options.neighborhoods(&data.interactions, 1).unwrap();
        assert_eq!(fitted.scale(), Scale::Rating);
        assert!((golden::score(&fitted, UserIndex(99), ItemIndex(99)) - 30.5 / 11.0).abs() < 1e-6);
    }

    #[test]
    fn scores_equal_the_formula_on_cosines_of_scikit_learn() {
        let data = golden::ratings();
        let check = |signal, neighbors, column: &str| {
            let mut rows = golden::table("neighborhood_signals.csv");
            rows.retain(|row| row.get(&format!("{column}_tie_at_border")).is_none_or(|tie| tie == "0"));
            let options = UserKnn { signal, neighbors, ..UserKnn::default() };
            let fitted = options.neighborhoods(&data.interactions, 1).unwrap();
            let found = golden::largest_difference(&data, &rows, column, &fitted);
            assert!(found < 1e-6, "{column}: {found}");
        };
        check(KnnSignal::Positive, 0, "userknn_positive");
        check(KnnSignal::All, 5, "userknn_all_5");
        check(KnnSignal::Rating, 5, "userknn_rating_5");
    }

    #[test]
    fn equal_similarities_favor_no_user() {
        // Users 1 to 40 are equally similar to user 0, and have an item each in common with user 41, who is not: who is first?
        let rows = (0..41).map(|user| (user, 0, 4.0));
        let part = Interactions::from_triples(41, 1, rows);
        let mut wins = [0; 41];
        for seed in 0..2000 {
            let fitted = UserKnn::default().neighborhoods(&part, seed).unwrap();
            wins[fitted.ordered[0][0].user as usize] += 1;
        }
        assert!(wins[0] == 0 && wins[1..].iter().all(|n| (20..90).contains(n)), "{wins:?}");
    }

    #[test]
    fn more_similarities_than_the_limit_are_an_error() {
        // 1 MB holds 74,898 cells of 14 bytes; 280 users with one item in common make 280 · 279 = 78,120.
        let ratings = Interactions::from_triples(280, 1, (0..280).map(|user| (user, 0, 4.0)));
        let options = UserKnn { memory_limit_mb: 1, ..UserKnn::default() };
        let message = options.neighborhoods(&ratings, 1).err().unwrap().to_string();
        assert!(
            message.contains("user similarities") && message.contains("common items: min_overlap = 2"),
            "{message}"
        );
        assert!(UserKnn { memory_limit_mb: 2, ..options }.neighborhoods(&ratings, 1).is_ok());
    }
}
