//! RP3beta: a random walk of three steps from a user over what the user chose to other users and on to what they chose, with popular ends held back.
//!
//! The walk is computed and not sampled: its last two steps are a matrix of item by item, made once, and the first adds up the rows of the user's signals.

use super::kept_rows::{Keep, RowSums, kept_rows};
use super::signal::{Signal, Signals};
use super::{BaseModel, FittedModel, TrainData, signal_sums};
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use crate::rng;
use rand_core::Rng;

/// The kind's name.
const NAME: &str = "rp3beta";

crate::options! {
    /// Three-step random walk with a popularity penalty. Source: Paudel et al. (2017); P3alpha, with `beta = 0`: Cooper et al. (2014).
    pub struct Rp3Beta {
        /// Power of the walk's transition probabilities: below 1, steps into crowds count for more.
        pub alpha: f64 = 0.6, in 0.0..=10.0;
        /// Scores are divided by the item's number of signals to this power.
        pub beta: f64 = 0.5, in 0.0..=10.0;
        /// Items reached from each item that are kept: those with the largest weight; 0: all of them.
        pub neighbors: usize = 0, in 0..=100_000;
        /// What counts as a signal.
        pub signal: Signal = Signal::Positive;
        /// Ratings of this or more are positive, in rating units.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// A fit stops with an error when the item weights need more memory than this, in MB of 2^20 bytes; a run keeps one fit per part of cross_fit.
        pub memory_limit_mb: usize = 4096, in 1..=16_777_216;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "three-step random walk over signals with a popularity penalty",
    read: |reader: &Reader<'_>| {
        let options = Rp3Beta::read(reader);
        options.signal.check(reader);
        Box::new(options)
    },
    options: Rp3Beta::describe,
};

impl BaseModel for Rp3Beta {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        let signals = self.signal.of(train.interactions, self.liked_from);
        let tie_seed = rng::stream(train.seed, NAME, 0).next_u64();
        let weights = self.weights(&signals, tie_seed)?;
        let first_step = powers(&signals.by_user, -self.alpha);
        Ok(Box::new(FittedRp3Beta { weights, by_user: signals.by_user, first_step }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl Rp3Beta {
    /// `W_ij = d_i^-α d_j^-β Σ_{v has i and j} d_v^-α`, `[n_items × n_items]` without a diagonal, d counting the signals of an item or a user: from i to one of
    /// its users and on to one of that user's items, each probability to the power α.
    ///
    /// - Cost: Σ over users of d_v² additions, 8 bytes per kept cell.
    fn weights(&self, signals: &Signals, tie_seed: u64) -> Result<SparseRows> {
        let from_user = powers(&signals.by_user, -self.alpha);
        let (from_item, penalty) = (powers(&signals.by_item, -self.alpha), powers(&signals.by_item, -self.beta));
        let keep = Keep { model: NAME, per_row: self.neighbors, tie_seed, memory_limit_mb: self.memory_limit_mb };
        let add = |item: usize, sums: &mut RowSums| {
            for &user in signals.by_item.row(item).0 {
                let step = from_user[user as usize];
                signals.by_user.row(user as usize).0.iter().for_each(|&other| sums.add(other, step));
            }
        };
        let weigh = |item: usize, other: usize, sum: f64| from_item[item] * penalty[other] * sum;
        kept_rows(signals.by_item.n_rows(), &keep, add, weigh)
    }
}

/// The number of signals of each row to a power; 0 for a row without any.
fn powers(signals: &SparseRows, exponent: f64) -> Vec<f64> {
    let power = |row| match signals.row_len(row) {
        0 => 0.0,
        n => libm::pow(n as f64, exponent),
    };
    (0..signals.n_rows()).map(power).collect()
}

/// Where the walk leads from each item, and where each user starts.
struct FittedRp3Beta {
    /// `[n_items × n_items]`
    weights: SparseRows,
    /// `[n_users × n_items]`
    by_user: SparseRows,
    /// `d_u^-α`, `[n_users]`
    first_step: Vec<f64>,
}

impl FittedModel for FittedRp3Beta {
    /// `d_u^-α Σ_{i of u} W_ij`, without steps back to where the walk came from; 0, a fallback, for an item that the walk does not reach.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let own = self.by_user.row(user.at()).0;
        signal_sums::scores(self.weights.n_columns(), items, out, |sums| {
            signal_sums::add_rows(own, &self.weights, sums);
            // A user with signals is a known one.
            if let Some(&step) = self.first_step.get(user.at()) {
                sums.iter_mut().for_each(|sum| *sum *= step);
            }
        })
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;

    /// Scores of user 1 for items a, b, c and d. Users 1 to 3 like {a}, {a, b}, {a, b, c}; user 1 rated d with 1 star, and so did user 3.
    fn scores(options: &Rp3Beta) -> Vec<f32> {
        let liked = [("1", "a"), ("2", "a"), ("2", "b"), ("3", "a"), ("3", "b"), ("3", "c")];
        let mut rows: Vec<(&str, &str, f32)> = liked.into_iter().map(|(user, item)| (user, item, 4.0)).collect();
        rows.extend([("1", "d", 1.0), ("3", "d", 1.0)]);
        let data = golden::small(&rows);
        let fitted = options.fit(&data.train()).unwrap();
        let mut out = vec![f32::NAN; 4];
        let n_fallbacks = fitted.score(data.user("1"), &["a", "b", "c", "d"].map(|id| data.item(id)), &mut out);
        assert_eq!(n_fallbacks, out.iter().filter(|&&score| score == 0.0).count());
        out
    }

    fn assert_close(found: &[f32], expected: [f64; 4]) {
        let close = |(&found, expected): (&f32, f64)| (f64::from(found) - expected).abs() < 1e-6;
        assert!(found.iter().zip(expected).all(close), "{found:?} {expected:?}");
    }

    #[test]
    fn the_walk_by_hand() {
        // From user 1 surely to a; from a to user 1, 2 or 3, each 1/3; from 2 to b with 1/2, from 3 to b or c with 1/3 each.
        let (b, c) = ((1.0 / 2.0 + 1.0 / 3.0) / 3.0, 1.0 / 9.0);
        let walk = Rp3Beta { alpha: 1.0, beta: 0.0, ..Rp3Beta::default() };
        assert_close(&scores(&walk), [0.0, b, c, 0.0]);
        // Two users like b, one likes c.
        assert_close(&scores(&Rp3Beta { beta: 1.0, ..walk.clone() }), [0.0, b / 2.0, c, 0.0]);
        // Each probability squared: 1/9 of 1/4 + 1/9 and of 1/9.
        let squared = Rp3Beta { alpha: 2.0, ..walk.clone() };
        assert_close(&scores(&squared), [0.0, (1.0 / 4.0 + 1.0 / 9.0) / 9.0, 1.0 / 81.0, 0.0]);
        assert_close(&scores(&Rp3Beta { neighbors: 1, ..walk }), [0.0, b, 0.0, 0.0]);
    }

    #[test]
    fn scores_equal_products_of_dense_matrices() {
        let data = golden::ratings();
        let check = |options: Rp3Beta, column: &str| {
            let mut rows = golden::table("neighborhood_signals.csv");
            rows.retain(|row| row.get(&format!("{column}_tie_at_border")).is_none_or(|tie| tie == "0"));
            let found = golden::largest_difference(&data, &rows, column, &*options.fit(&data.train()).unwrap());
            assert!(found < 1e-7, "{column}: {found}");
        };
        check(Rp3Beta { alpha: 1.0, beta: 0.6, ..Rp3Beta::default() }, "rp3beta_positive");
        let all = Rp3Beta { alpha: 0.7, beta: 0.3, signal: Signal::All, ..Rp3Beta::default() };
        check(all.clone(), "rp3beta_all");
        check(Rp3Beta { neighbors: 5, ..all }, "rp3beta_all_5");
    }

    #[test]
    fn low_ratings_are_signals_only_with_all() {
        // User 1 has a and d, users 1 and 3 have d, user 3 all four. From user 1 with 1/2 to a: on to 1, 2, 3 with 1/3 each, from 1 to d with 1/2, from 3 to
        // all with 1/4, from 2 to b with 1/2; with 1/2 to d: on to 1 or 3 with 1/2 each.
        let options = Rp3Beta { alpha: 1.0, beta: 0.0, signal: Signal::All, ..Rp3Beta::default() };
        let a = 0.5 * (0.5 * 0.5 + 0.5 * 0.25);
        let d = 0.5 * (0.5 + 0.25) / 3.0;
        let (from_a, from_d) = (0.5 / 3.0, 0.5 / 2.0);
        let expected = [a, from_a * (0.5 + 0.25) + from_d * 0.25, from_a * 0.25 + from_d * 0.25, d];
        assert_close(&scores(&options), expected);
        assert_eq!(scores(&Rp3Beta { signal: Signal::Positive, liked_from: 0.5, ..options.clone() }), scores(&options));
    }

    #[test]
    fn weights_have_a_limit() {
        let data = golden::generated(60, 800);
        let message = Rp3Beta { memory_limit_mb: 1, signal: Signal::All, ..Rp3Beta::default() }.fit(&data.train());
        assert!(message.err().unwrap().to_string().contains("rp3beta"), "the error names the model");
    }
}
