//! Item–item neighborhood: an item is worth to a user what the most similar items they rated were worth.
//!
//! All similarities are computed once, at fit, and the positive ones are kept: exact, no cut to a number of neighbors per item, because which neighbors count
//! depends on what the user rated. The price is memory, which has a stated limit: 4 to 16 bytes a cell ([`super::itemknn_rows`]).
//!
//! With implicit signals the same similarities, of binary columns, are summed and not averaged ([`super::itemknn_signals`]): an average of likes knows
//! nothing but likes.

use super::itemknn_neighbors::{Combine, Neighborhood};
use super::itemknn_rows::ItemSimilarities;
use super::itemknn_signals::FittedItemSignals;
use super::itemknn_similarity::{CELL_BYTES, Cosine};
use super::knn_signal::KnnSignal;
use super::signal::Signal;
use super::{BaseModel, FittedModel, TrainData, stored};
use crate::dataset::{Interactions, ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use crate::rng;
use rand_core::Rng;

crate::options! {
    /// Item–item cosine neighborhood. Source: Sarwar et al. (2001); Deshpande & Karypis (2004).
    pub struct ItemKnn {
        /// Neighbors per score: the most similar items among those the user rated or has signals for; 0: all of them.
        pub neighbors: usize = 40, in 0..=100_000;
        /// What items are compared by, and what a score is.
        pub signal: KnnSignal = KnnSignal::Rating;
        /// Ratings of this or more are positive, in rating units.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// What is subtracted from ratings before the cosine; with "item" the score averages offsets from item means.
        pub center: Center = Center::None;
        /// Which ratings make up the length of an item's vector.
        pub norm: Norm = Norm::Full;
        /// Similarities are multiplied by n / (n + shrink), n users having rated both items.
        pub shrink: f64 = 0.0, in 0.0..=1e6;
        /// Pairs of items rated together by fewer users have no similarity.
        pub min_overlap: usize = 1, in 1..=1_000_000;
        /// What an item without neighbors scores.
        pub fallback: Fallback = Fallback::ItemUserGlobal;
        /// A fit stops with an error when the similarities need more memory than this, in MB of 2^20 bytes; a run keeps one fit per part of cross_fit.
        pub memory_limit_mb: usize = 4096, in 1..=16_777_216;
    }
}

crate::choices! {
    /// What is subtracted from ratings before similarities are computed.
    pub enum Center {
        None = "none", "nothing";
        Item = "item", "each item's mean";
        User = "user", "each user's mean: adjusted cosine";
    }
}

crate::choices! {
    /// The norms in the cosine's denominator.
    pub enum Norm {
        Full = "full", "all ratings of the item";
        Common = "common", "ratings of users who rated both items, as Surprise does";
    }
}

crate::choices! {
    /// What an item without neighbors scores.
    pub enum Fallback {
        ItemUserGlobal = "item-user-global", "the item's mean, else the user's, else the global mean";
        Global = "global", "the global mean";
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: "itemknn",
    about: "item–item cosine neighborhood",
    read: |reader: &Reader<'_>| {
        let options = ItemKnn::read(reader);
        options.check(reader);
        Box::new(options)
    },
    options: ItemKnn::describe,
};

impl BaseModel for ItemKnn {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        match self.signal.implicit() {
            None => Ok(Box::new(self.neighborhoods(train.interactions, train.seed)?)),
            Some(signal) => Ok(Box::new(self.sums(signal, train.interactions, train.seed)?)),
        }
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl ItemKnn {
    /// Refuses options that nothing reads.
    fn check(&self, reader: &Reader<'_>) {
        self.signal.check(reader);
        if self.signal != KnnSignal::Rating {
            self.signal.refuse(reader, &["center", "fallback"]);
            if self.norm == Norm::Common {
                let message = "between signals of users who have both, every cosine is 1";
                reader.refuse_key("norm", message.into(), Some("norm = \"full\", or signal = \"rating\"".into()));
            }
        }
    }

    pub(super) fn cosine(&self) -> Cosine {
        Cosine {
            model: "itemknn",
            sides: ["item", "user"],
            center: self.center,
            norm: self.norm,
            shrink: self.shrink,
            min_overlap: self.min_overlap,
            memory_limit_mb: self.memory_limit_mb,
            cell_bytes: CELL_BYTES,
        }
    }

    /// Most neighbors per score.
    fn most(&self) -> usize {
        if self.neighbors == 0 { usize::MAX } else { self.neighbors }
    }

    pub(super) fn sums(&self, signal: Signal, interactions: &Interactions, seed: u64) -> Result<FittedItemSignals> {
        let signals = signal.of(interactions, self.liked_from).by_user;
        let binary = Interactions::from_triples(signals.n_rows(), signals.n_columns(), signals.triples());
        Ok(FittedItemSignals {
            similarities: ItemSimilarities::of(&self.cosine(), &binary)?,
            by_user: signals,
            neighbors: self.most(),
            tie_seed: rng::stream(seed, "itemknn", 0).next_u64(),
        })
    }

    fn neighborhoods(&self, interactions: &Interactions, seed: u64) -> Result<FittedItemKnn> {
        let similarities = ItemSimilarities::of(&self.cosine(), interactions)?;
        let item_means = means(&interactions.by_item);
        let base = match self.center {
            // With user centring, mean_u + Σ s (r - mean_u) / Σ s is Σ s r / Σ s.
            Center::None | Center::User => vec![0.0; interactions.n_items()],
            Center::Item => item_means.iter().map(|mean| mean.unwrap_or(0.0)).collect(),
        };
        Ok(FittedItemKnn {
            similarities,
            by_user: interactions.by_user.clone(),
            base,
            item_means,
            user_means: means(&interactions.by_user),
            mean: interactions.mean,
            neighbors: self.most(),
            fallback: self.fallback,
            tie_seed: rng::stream(seed, "itemknn", 0).next_u64(),
        })
    }
}

/// Mean rating of each row; `None` for a row without ratings.
pub(super) fn means(ratings: &SparseRows) -> Vec<Option<f64>> {
    let mean = |row| match ratings.row(row).1 {
        [] => None,
        values => Some(values.iter().copied().map(f64::from).sum::<f64>() / values.len() as f64),
    };
    (0..ratings.n_rows()).map(mean).collect()
}

/// Similarities, the ratings to be averaged, and what is said without neighbors.
struct FittedItemKnn {
    similarities: ItemSimilarities,
    by_user: SparseRows,
    /// What an item's ratings are measured from, `[n_items]`: its mean or 0.
    base: Vec<f64>,
    item_means: Vec<Option<f64>>,
    user_means: Vec<Option<f64>>,
    mean: f64,
    neighbors: usize,
    fallback: Fallback,
    tie_seed: u64,
}

impl FittedItemKnn {
    fn without_neighbors(&self, user: UserIndex, item: ItemIndex) -> f64 {
        let known = match self.fallback {
            Fallback::Global => None,
            Fallback::ItemUserGlobal => {
                let of_item = self.item_means.get(item.at()).copied().flatten();
                of_item.or_else(|| self.user_means.get(user.at()).copied().flatten())
            }
        };
        known.unwrap_or(self.mean)
    }
}

impl FittedModel for FittedItemKnn {
    /// `base_i + Σ s_ij (r_uj - base_j) / Σ s_ij` over the `neighbors` items `j ≠ i` most similar to `i` among those the user rated, `s_ij > 0`; base is
    /// the item's mean when items are centred, else 0. Equal similarities at the border go by seeded hash of (i, j).
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let (rated, ratings) = self.by_user.row(user.at());
        let offsets: Vec<f64> =
            rated.iter().zip(ratings).map(|(&item, &rating)| f64::from(rating) - self.base[item as usize]).collect();
        let neighborhood = Neighborhood {
            similarities: &self.similarities,
            rated,
            combine: Combine::Average(&offsets),
            neighbors: self.neighbors,
            tie_seed: self.tie_seed,
        };
        let mut n_fallbacks = 0;
        neighborhood.scores(items, |at, average| {
            let item = items[at];
            out[at] = match average {
                Some(average) => stored(self.base[item.at()] + average),
                None => {
                    n_fallbacks += 1;
                    stored(self.without_neighbors(user, item))
                }
            };
        });
        n_fallbacks
    }

    fn scale(&self) -> Scale {
        Scale::Rating
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden::{self, Data};

    fn golden_options() -> ItemKnn {
        ItemKnn { neighbors: 5, ..ItemKnn::default() }
    }

    /// Largest difference from the columns of one variant in `itemknn_predictions.csv`; rows with a tie at the border are left out.
    fn difference(fitted: &FittedItemKnn, data: &Data, variant: &str, column: &str) -> f64 {
        let mut rows = golden::table("itemknn_predictions.csv");
        rows.retain(|row| row[&format!("{variant}_tie_at_border")] == "0");
        for row in &rows {
            let mut out = [0.0];
            let n_fallbacks = fitted.score(data.user(&row["user"]), &[data.item(&row["item"])], &mut out);
            assert_eq!(n_fallbacks == 1, !row[&format!("{variant}_fallback")].is_empty(), "{row:?}");
        }
        golden::largest_difference(data, &rows, column, fitted)
    }

    #[test]
    fn predictions_equal_surprise_and_lenskit() {
        let data = golden::ratings();
        let check = |options: ItemKnn, variant| {
            let fitted = options.neighborhoods(&data.interactions, 1).unwrap();
            let found = difference(&fitted, &data, variant, variant);
            assert!(found < 1e-5, "{variant}: {found}");
        };
        check(golden_options(), "raw_full");
        check(ItemKnn { norm: Norm::Common, ..golden_options() }, "raw_common");
        check(ItemKnn { center: Center::User, ..golden_options() }, "user_centred_full");
    }

    #[test]
    fn with_centred_items_offsets_are_averaged() {
        let data = golden::ratings();
        let options = ItemKnn { center: Center::Item, ..golden_options() };
        let mut fitted = options.neighborhoods(&data.interactions, 1).unwrap();
        assert!(difference(&fitted, &data, "item_centred_full", "item_centred_full_offset") < 1e-5);
        // The same similarities, averaging ratings: not an option, but other programs do it.
        fitted.base.fill(0.0);
        assert!(difference(&fitted, &data, "item_centred_full", "item_centred_full") < 1e-5);
    }

    #[test]
    fn similarities_equal_scikit_learn_and_surprise() {
        let data = golden::ratings();
        let check = |options: ItemKnn, name: &str| {
            let rows = ItemSimilarities::of(&options.cosine(), &data.interactions).unwrap();
            for golden in golden::table(&format!("itemknn_similarity_{name}.csv")) {
                let item = data.item(&golden["item"]);
                for (id, expected) in golden.iter().filter(|&(id, _)| *id != golden["item"] && id != "item") {
                    let found = rows.of_pair(item.at(), data.item(id).at());
                    let expected = expected.parse::<f64>().unwrap().max(0.0);
                    assert!((f64::from(found) - expected).abs() < 1e-6, "{name} {item:?} {id}: {found} {expected}");
                }
            }
        };
        check(golden_options(), "raw_full");
        check(ItemKnn { norm: Norm::Common, ..golden_options() }, "raw_common");
        check(ItemKnn { center: Center::User, ..golden_options() }, "user_centred_full");
        check(ItemKnn { center: Center::Item, ..golden_options() }, "item_centred_full");
    }

    #[test]
    fn shrinkage_and_overlap_by_hand() {
        // Items a and b: users 1 and 2 rated both, (3, 4) and (4, 3); user 3 rated only a with 5. s = 24 / (√50 · 5) · 2 / (2 + 2).
        let rows = [("1", "a", 3.0), ("1", "b", 4.0), ("2", "a", 4.0), ("2", "b", 3.0), ("3", "a", 5.0)];
        let data = golden::small(&rows);
        let similarity = |options: &ItemKnn| {
            let rows = ItemSimilarities::of(&options.cosine(), &data.interactions).unwrap();
            assert_eq!(rows.of_pair(0, 1), rows.of_pair(1, 0));
            Some(rows.of_pair(0, 1)).filter(|&similarity| similarity > 0.0)
        };
        let shrunk = similarity(&ItemKnn { shrink: 2.0, ..ItemKnn::default() }).unwrap();
        assert!((f64::from(shrunk) - 24.0 / (50.0_f64.sqrt() * 5.0) / 2.0).abs() < 1e-7);
        assert!(similarity(&ItemKnn { min_overlap: 2, ..ItemKnn::default() }).is_some());
        assert_eq!(similarity(&ItemKnn { min_overlap: 3, ..ItemKnn::default() }), None);
    }

    #[test]
    fn fallbacks_follow_the_option() {
        let data = golden::small(&[("1", "a", 1.0), ("2", "b", 5.0)]);
        let score = |fallback, user, item| {
            let fitted = ItemKnn { fallback, ..ItemKnn::default() }.neighborhoods(&data.interactions, 1).unwrap();
            golden::score(&fitted, data.user(user), data.item(item))
        };
        assert_eq!(score(Fallback::ItemUserGlobal, "1", "b"), 5.0);
        assert_eq!(score(Fallback::ItemUserGlobal, "1", "unknown"), 1.0);
        assert_eq!(score(Fallback::ItemUserGlobal, "unknown", "unknown"), 3.0);
        assert_eq!(score(Fallback::Global, "1", "b"), 3.0);
    }

    #[test]
    fn more_similarities_than_the_limit_are_an_error() {
        // 1 MB holds 2^18 places of 4 bytes; one user who rated 514 items, each its own way, makes 514 · 576, at any number of threads.
        let ratings = Interactions::from_triples(1, 514, (0..514).map(|item| (0, item, 1.0 + item as f32 / 128.0)));
        let options = ItemKnn { memory_limit_mb: 1, ..ItemKnn::default() };
        for n_threads in [1, 8] {
            let fitted = crate::parallel::with_threads(n_threads, || options.neighborhoods(&ratings, 1)).unwrap();
            let message = fitted.err().unwrap().to_string();
            assert!(
                message.contains("more than memory_limit_mb = 1") && message.contains("min_overlap = 2"),
                "{message}"
            );
        }
        assert!(ItemKnn { memory_limit_mb: 2, ..options }.neighborhoods(&ratings, 1).is_ok());
    }
}
