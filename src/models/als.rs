//! Alternating least squares: with the items' vectors fixed every user's vector is a ridge regression, and the other way round.
//!
//! From implicit signals it models the whole matrix, cells without a signal as weak zeros: exact and without sampling, because what those zeros add is the
//! same for everybody. From ratings it models the cells there are. No step size, nothing to diverge, and the same bits on any number of threads.

use super::als_sweep::{Reached, Sweep, gram};
use super::bias::Bias;
use super::factorization::{self, Factorization, Side};
use super::signal::Signal;
use super::{BaseModel, Epoch, FittedModel, TrainData};
use crate::dataset::{Interactions, Scale};
use crate::error::{Error, Result};
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use crate::{parallel, rng};

/// The kind's name.
const NAME: &str = "als";

crate::options! {
    /// Matrix factorization by alternating least squares. Source: Hu, Koren & Volinsky (2008) on signals, Zhou et al. (2008) on ratings; penalties scaled by
    /// counts as in Rendle, Krichene, Zhang & Koren (2021).
    pub struct AlternatingLeastSquares {
        /// What is modeled.
        pub signal: Target = Target::Positive;
        /// Ratings of this or more are positive, in rating units; with signal = "positive".
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// Length of the user and item vectors.
        pub factors: usize = 64, in 1..=1024;
        /// Alternations, users first.
        pub epochs: usize = 15, in 1..=10_000;
        /// L2 penalty on vectors.
        pub reg: f64 = 0.2, in 1e-9..=1e9;
        /// How the penalty grows with the data of a user or item: reg (n + zeros / weight)^reg_exponent, n its signals or ratings, zeros (with signals) all items or users that have any; 0: the same for all.
        pub reg_exponent: f64 = 1.0, in 0.0..=2.0;
        /// How much a signal counts beyond a cell without one, which counts 1; not with signal = "rating".
        pub weight: f64 = 8.0, in 1e-6..=1e9;
        /// Standard deviation of the normal distribution that item vectors start from.
        pub init_scale: f64 = 0.1, in 1e-6..=10.0;
    }
}

crate::choices! {
    /// What is modeled.
    pub enum Target {
        Positive = "positive", "ratings of liked_from or more, as signals";
        All = "all", "every rating, whatever its value, as a signal";
        Rating = "rating", "ratings, beyond what the kind bias explains";
    }
}

impl Target {
    /// Which ratings are signals; `None` when ratings count for what they are.
    fn signal(self) -> Option<Signal> {
        match self {
            Self::Positive => Some(Signal::Positive),
            Self::All => Some(Signal::All),
            Self::Rating => None,
        }
    }

    /// Refuses options that nothing reads.
    fn check(self, reader: &Reader<'_>) {
        if let Some(signal) = self.signal() {
            return signal.check(reader);
        }
        for key in ["liked_from", "weight"] {
            if reader.entry(key).is_some() {
                let help = format!("leave {key} out, or signal = \"positive\"");
                reader.refuse_key(key, "with signal = \"rating\" there are no signals".into(), Some(help));
            }
        }
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "matrix factorization by alternating least squares, on signals or on ratings",
    read: |reader: &Reader<'_>| {
        let options = AlternatingLeastSquares::read(reader);
        options.signal.check(reader);
        Box::new(options)
    },
    options: AlternatingLeastSquares::describe,
};

impl BaseModel for AlternatingLeastSquares {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(self.factorization(train.interactions, train.seed)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// What both sides are fitted to.
struct Problem {
    /// `[n_users × n_items]`: 1 for a signal, or what a rating has beyond the biases.
    by_user: SparseRows,
    /// `[n_items × n_users]`: the same.
    by_item: SparseRows,
    cells: Cells,
}

/// How cells count.
#[derive(Clone, Copy, PartialEq)]
enum Cells {
    /// Signals: `1 + weight`; cells without one are zeros that count 1.
    Signals { weight: f64 },
    /// Ratings: 1; there are no other cells.
    Ratings,
}

impl AlternatingLeastSquares {
    fn factorization(&self, interactions: &Interactions, seed: u64) -> Result<Factorization> {
        let Some(signal) = self.signal.signal() else { return self.on_ratings(interactions, seed) };
        let signals = signal.of(interactions, self.liked_from);
        let cells = Cells::Signals { weight: self.weight };
        let problem = Problem { by_user: signals.by_user, by_item: signals.by_item, cells };
        self.alternate(&problem, self.start(&problem, 0.0, Scale::Order, seed))
    }

    /// `μ + b_u + b_i` first, as the kind `bias` does by default, then vectors for what it leaves.
    fn on_ratings(&self, interactions: &Interactions, seed: u64) -> Result<Factorization> {
        let biases = Bias::default().biases(interactions)?;
        let residual = |(user, item, rating): (u32, u32, f32)| {
            let explained = biases.mean + biases.user_bias[user as usize] + biases.item_bias[item as usize];
            (user, item, (f64::from(rating) - explained) as f32)
        };
        let cells = interactions.by_user.triples().map(residual);
        let by_user = SparseRows::from_triples(interactions.n_users(), interactions.n_items(), cells);
        let problem = Problem { by_item: by_user.transposed(), by_user, cells: Cells::Ratings };
        let mut start = self.start(&problem, biases.mean, Scale::Rating, seed);
        (start.users.bias, start.items.bias) = (biases.user_bias, biases.item_bias);
        self.alternate(&problem, start)
    }

    /// Random vectors of items; those of users are solved for before anybody reads them.
    fn start(&self, problem: &Problem, mean: f64, scale: Scale, seed: u64) -> Factorization {
        let mut rng = rng::stream(seed, NAME, 0);
        let draw = || self.init_scale * rng::normal(&mut rng);
        Factorization {
            mean,
            users: Side::new(factorization::known(&problem.by_user), self.factors, || 0.0),
            items: Side::new(factorization::known(&problem.by_item), self.factors, draw),
            scale,
            history: Vec::with_capacity(self.epochs),
        }
    }

    fn alternate(&self, problem: &Problem, mut fitted: Factorization) -> Result<Factorization> {
        let of_users = self.penalties(&problem.by_user, &fitted.items, problem.cells);
        let of_items = self.penalties(&problem.by_item, &fitted.users, problem.cells);
        for epoch in 1..=self.epochs {
            parallel::check()?;
            let by_users = self.sweep(problem, &problem.by_user, &fitted.items, &of_users, &mut fitted.users)?;
            let by_items = self.sweep(problem, &problem.by_item, &fitted.users, &of_items, &mut fitted.items)?;
            let n = problem.by_user.n_cells().max(1) as f64;
            let (series, value) = match problem.cells {
                // The whole objective, for each signal.
                Cells::Signals { .. } => ("train_loss", (by_items.minimum + by_users.penalty) / n),
                // Rounding can leave less than nothing where the fit is perfect.
                Cells::Ratings => ("train_rmse", ((by_items.minimum - by_items.penalty) / n).max(0.0).sqrt()),
            };
            fitted.history.push(Epoch { epoch, series, value });
        }
        if fitted.is_bounded() { Ok(fitted) } else { Err(unbounded()) }
    }

    /// Solves one side while the other stands still.
    fn sweep(
        &self,
        problem: &Problem,
        cells: &SparseRows,
        others: &Side,
        penalties: &[f64],
        rows: &mut Side,
    ) -> Result<Reached> {
        let (gram, weight, gain) = match problem.cells {
            Cells::Signals { weight } => (gram(others, self.factors)?, weight, 1.0 + weight),
            Cells::Ratings => (vec![0.0; self.factors * self.factors], 1.0, 1.0),
        };
        Sweep { model: NAME, cells, others, factors: self.factors, gram: &gram, weight, gain, penalties }.solve(rows)
    }

    /// `λ = reg (n + α₀ N)^reg_exponent` of each row: `n` its cells, `N` all known others, `α₀ = 1 / weight` what a zero counts beside a signal (0 for ratings).
    ///
    /// The paper divides its whole objective by `weight`: its λ is `reg / weight`, and its targets are 1 where those of Hu et al. are `(1 + weight) / weight`. On ratings, exponent 1 is the penalty of Zhou et al. (2008) and LensKit.
    fn penalties(&self, rows: &SparseRows, others: &Side, cells: Cells) -> Vec<f64> {
        let zeros = match cells {
            Cells::Signals { weight } => others.is_known.iter().filter(|known| **known).count() as f64 / weight,
            Cells::Ratings => 0.0,
        };
        let penalty = |row: usize| self.reg * libm::pow(rows.row_len(row) as f64 + zeros, self.reg_exponent);
        (0..rows.n_rows()).map(penalty).collect()
    }
}

fn unbounded() -> Error {
    Error::Model {
        model: NAME.into(),
        message: "vectors have grown beyond what scores can hold".into(),
        help: Some("raise reg".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{ItemIndex, UserIndex};
    use crate::models::golden;

    fn fit(options: AlternatingLeastSquares) -> Factorization {
        options.factorization(&golden::generated(60, 80).interactions, 1).unwrap()
    }

    /// With as many factors as items every start ends in the one best matrix.
    #[test]
    fn scores_equal_those_of_implicit() {
        let data = golden::ratings();
        let rows = golden::table("als_scores.csv");
        let full = AlternatingLeastSquares { factors: 19, epochs: 3000, reg_exponent: 0.0, ..Default::default() };
        let positive = AlternatingLeastSquares { reg: 1.0, weight: 10.0, ..full.clone() };
        let all = AlternatingLeastSquares { signal: Target::All, reg: 2.0, weight: 4.0, ..full };
        for (options, column) in [(all, "all_weight_4_reg_2"), (positive, "positive_weight_10_reg_1")] {
            let fitted = options.factorization(&data.interactions, 1).unwrap();
            let difference = golden::largest_difference(&data, &rows, column, &fitted);
            assert!(difference < 1e-5, "{column}: {difference}");
        }
    }

    #[test]
    fn penalties_grow_with_signals_and_zeros() {
        let rows = SparseRows::from_triples(2, 4, [(0, 0, 1.0), (0, 2, 1.0)].into_iter());
        let others = Side::new(vec![true, true, true, false], 1, || 0.0);
        let of = |reg_exponent, cells| {
            AlternatingLeastSquares { reg: 0.5, reg_exponent, ..Default::default() }.penalties(&rows, &others, cells)
        };
        // Three of the four others are known: 0.5 (2 + 3 / 2) = 1.75 and 0.5 · 3 / 2 = 0.75; squared 0.5 · 12.25 = 6.125.
        let signals = Cells::Signals { weight: 2.0 };
        assert_eq!(of(1.0, signals), [1.75, 0.75]);
        assert_eq!(of(2.0, signals), [6.125, 1.125]);
        assert_eq!(of(0.0, signals), [0.5, 0.5]);
        assert_eq!(of(1.0, Cells::Ratings), [1.0, 0.0]);
    }

    #[test]
    fn every_option_has_an_effect() {
        let signals = AlternatingLeastSquares { factors: 8, epochs: 3, ..Default::default() };
        let ratings = AlternatingLeastSquares { signal: Target::Rating, ..signals.clone() };
        for start in [&signals, &ratings] {
            let fitted = fit(start.clone());
            for other in [
                AlternatingLeastSquares { signal: Target::All, ..start.clone() },
                AlternatingLeastSquares { factors: 9, ..start.clone() },
                AlternatingLeastSquares { epochs: 4, ..start.clone() },
                AlternatingLeastSquares { reg: start.reg * 1.1, ..start.clone() },
                AlternatingLeastSquares { reg_exponent: start.reg_exponent + 0.1, ..start.clone() },
                AlternatingLeastSquares { init_scale: 0.2, ..start.clone() },
            ] {
                assert_ne!(fit(other.clone()), fitted, "{other:?}");
            }
            assert_eq!(fit(start.clone()), fitted);
        }
        for other in [
            AlternatingLeastSquares { liked_from: 3.0, ..signals.clone() },
            AlternatingLeastSquares { weight: 11.0, ..signals.clone() },
        ] {
            assert_ne!(fit(other.clone()), fit(signals.clone()), "{other:?}");
        }
    }

    #[test]
    fn the_loss_falls_and_is_the_objective() {
        let options = AlternatingLeastSquares { factors: 5, epochs: 6, weight: 8.0, ..Default::default() };
        let ratings = golden::generated(60, 80).interactions;
        let fitted = options.factorization(&ratings, 1).unwrap();
        assert!(fitted.history.windows(2).all(|pair| pair[1].value < pair[0].value), "{:?}", fitted.history);
        let signals = Signal::Positive.of(&ratings, 4.0);
        let cells = Cells::Signals { weight: 8.0 };
        let mut sum = 0.0;
        for user in 0..60 {
            for item in 0..80 {
                let score = f64::from(golden::score(&fitted, UserIndex(user), ItemIndex(item)));
                let is_signal = signals.by_user.row(user as usize).0.contains(&item);
                sum += if is_signal { 9.0 * (1.0 - score).powi(2) } else { score * score };
            }
        }
        for (rows, side, others) in
            [(&signals.by_user, &fitted.users, &fitted.items), (&signals.by_item, &fitted.items, &fitted.users)]
        {
            for (row, penalty) in options.penalties(rows, others, cells).into_iter().enumerate() {
                sum += penalty * side.vector(row as u32).iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
            }
        }
        let expected = sum / signals.by_user.n_cells() as f64;
        let found = fitted.history[5].value;
        assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
    }

    #[test]
    fn the_training_error_falls_and_is_that_of_the_scores() {
        let ratings = golden::generated(60, 80).interactions;
        let options = AlternatingLeastSquares { signal: Target::Rating, reg: 0.02, epochs: 5, ..Default::default() };
        let fitted = options.factorization(&ratings, 1).unwrap();
        assert_eq!((fitted.scale, fitted.history.len()), (Scale::Rating, 5));
        let squared = ratings.by_user.triples().map(|(user, item, rating)| {
            (f64::from(rating) - f64::from(golden::score(&fitted, UserIndex(user), ItemIndex(item)))).powi(2)
        });
        let expected = (squared.sum::<f64>() / ratings.n_rows() as f64).sqrt();
        assert!((fitted.history[4].value - expected).abs() < 1e-5, "{:?} {expected}", fitted.history);
        assert!(fitted.history[4].value < fitted.history[0].value && expected < 0.5, "{:?}", fitted.history);
    }

    #[test]
    fn who_has_no_signals_scores_0() {
        // User 1 rated, but liked nothing; so did everybody who rated item b.
        let data = golden::small(&[("0", "a", 5.0), ("1", "b", 2.0), ("1", "a", 3.0)]);
        let fitted = AlternatingLeastSquares::default().factorization(&data.interactions, 1).unwrap();
        let mut out = [9.0; 3];
        let items = [data.item("a"), data.item("b"), ItemIndex(u32::MAX)];
        assert_eq!(fitted.score(data.user("0"), &items, &mut out), 2);
        assert!(out[0] > 0.1 && out[1..] == [0.0, 0.0], "{out:?}");
        assert_eq!((fitted.score(data.user("1"), &items, &mut out), out), (3, [0.0; 3]));
    }

    #[test]
    fn options_that_nothing_reads_are_refused() {
        let problems = |text: &str| golden::read("t.toml", text, |reader| drop((KIND.read)(reader))).err();
        let found = problems("signal = \"rating\"\nweight = 3\nliked_from = 3").unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1].message, "with signal = \"rating\" there are no signals");
        assert_eq!(problems("signal = \"all\"\nliked_from = 3").unwrap().len(), 1);
        assert_eq!(problems("signal = \"all\"\nweight = 3"), None);
        assert_eq!(problems("liked_from = 3\nweight = 3"), None);
    }
}
