//! Matrix factorization: users and items as vectors whose dot product says how well they fit, on top of the biases.
//!
//! Plain SGD on explicit ratings, one rating at a time in one thread: lock-free parallel SGD would be faster and never give the same bits twice.

use super::factorization::{self, Factorization, LANES, Side};
use super::{BaseModel, Epoch, FittedModel, TrainData};
use crate::dataset::{Interactions, Scale};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::{SparseRows, dense, widest};
use crate::{parallel, rng};

/// The kind's name.
const NAME: &str = "mf";

crate::options! {
    /// Biased matrix factorization by SGD. Source: Koren, Bell & Volinsky (2009); defaults and updates as in Surprise `SVD` (Funk 2006).
    pub struct MatrixFactorization {
        /// Length of the user and item vectors.
        pub factors: usize = 100, in 1..=4096;
        /// Passes over the training ratings.
        pub epochs: usize = 20, in 1..=10_000;
        /// Step size of SGD.
        pub learning_rate: f64 = 0.005, in 1e-9..=10.0;
        /// L2 penalty on biases and factors.
        pub reg: f64 = 0.02, in 0.0..=1e3;
        /// Mean of the normal distribution that factors start from.
        pub init_mean: f64 = 0.0, in -10.0..=10.0;
        /// Standard deviation of the normal distribution that factors start from.
        pub init_scale: f64 = 0.1, in 0.0..=10.0;
        /// In which order an epoch visits the ratings.
        pub order: Order = Order::Shuffled;
    }
}

crate::choices! {
    /// In which order an epoch visits the ratings.
    pub enum Order {
        Shuffled = "shuffled", "a new random order each epoch, from the seed";
        User = "user", "user by user, items ascending, as Surprise does";
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "biased matrix factorization by SGD",
    read: |reader: &Reader<'_>| Box::new(MatrixFactorization::read(reader)),
    options: MatrixFactorization::describe,
};

impl BaseModel for MatrixFactorization {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(self.factorization(train.interactions, train.seed)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl MatrixFactorization {
    fn factorization(&self, interactions: &Interactions, seed: u64) -> Result<Factorization> {
        let mut fitted = Factorization {
            mean: interactions.mean,
            users: self.side(&interactions.by_user, seed, 0),
            items: self.side(&interactions.by_item, seed, 1),
            scale: Scale::Rating,
            history: Vec::with_capacity(self.epochs),
        };
        let mut ratings: Vec<(u32, u32, f32)> = interactions.by_user.triples().collect();
        let mut rng = rng::stream(seed, NAME, 2);
        for epoch in 1..=self.epochs {
            parallel::check()?;
            if self.order == Order::Shuffled {
                rng::shuffle(&mut rng, &mut ratings);
            }
            let squared_error = self.pass(&ratings, &mut fitted);
            let value = (squared_error / ratings.len().max(1) as f64).sqrt();
            if !value.is_finite() {
                return Err(factorization::diverged(NAME, epoch, self.learning_rate));
            }
            // Of the predictions made during the epoch, each before the update it causes.
            fitted.history.push(Epoch { epoch, series: "train_rmse", value });
        }
        let is_bounded = fitted.is_bounded();
        if is_bounded { Ok(fitted) } else { Err(factorization::diverged(NAME, self.epochs, self.learning_rate)) }
    }

    /// Vectors and biases of one side at the start; those of users or items without ratings stay 0.
    fn side(&self, ratings: &SparseRows, seed: u64, part: u64) -> Side {
        let mut rng = rng::stream(seed, NAME, part);
        let draw = || self.init_mean + self.init_scale * rng::normal(&mut rng);
        Side::new(factorization::known(ratings), self.factors, draw)
    }

    /// One epoch. Returns the sum of squared errors, each taken just before its own update: what is learned from it costs no second pass.
    fn pass(&self, ratings: &[(u32, u32, f32)], fitted: &mut Factorization) -> f64 {
        let (rate, keep) = (self.learning_rate, 1.0 - self.learning_rate * self.reg);
        widest(
            #[inline(always)]
            || {
                let mut squared_error = 0.0;
                for &(user, item, rating) in ratings {
                    let (user_factors, user_bias) = fitted.users.row_mut(user);
                    let (item_factors, item_bias) = fitted.items.row_mut(item);
                    let fit = f64::from(dense::dot(user_factors, item_factors));
                    let error = f64::from(rating) - (fitted.mean + *user_bias + *item_bias + fit);
                    squared_error += error * error;
                    *user_bias = keep * *user_bias + rate * error;
                    *item_bias = keep * *item_bias + rate * error;
                    step(user_factors, item_factors, keep as f32, (rate * error) as f32);
                }
                squared_error
            },
        )
    }
}

/// `p ← keep p + step q`, `q ← keep q + step p`, both from the old values: `p += γ (e q - λ p)` with `keep = 1 - γ λ`, `step = γ e`. Zeros stay zeros.
#[inline(always)]
fn step(p: &mut [f32], q: &mut [f32], keep: f32, step: f32) {
    for (p, q) in p.chunks_exact_mut(LANES).zip(q.chunks_exact_mut(LANES)) {
        for lane in 0..LANES {
            let (old_p, old_q) = (p[lane], q[lane]);
            p[lane] = keep * old_p + step * old_q;
            q[lane] = keep * old_q + step * old_p;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{ItemIndex, UserIndex};
    use crate::models::golden;

    fn fit(options: MatrixFactorization) -> Factorization {
        options.factorization(&golden::generated(60, 80).interactions, 1).unwrap()
    }

    #[test]
    fn one_step_by_hand() {
        // One rating of 4 by user 0 and one of 2 by user 1 on item 0: μ = 3. First user 0: e = 4 - 3 - 0.5 · 0.5 · 2 = 0.5, rate 0.1, reg 0.2, so
        // keep = 0.98 and step = 0.05: b = 0.05, p = q = 0.98 · 0.5 + 0.05 · 0.5 = 0.515.
        // Then user 1: e = 2 - 3 - 0.05 - 2 · 0.5 · 0.515 = -1.565, step = -0.1565: b_u = -0.1565, b_i = 0.98 · 0.05 - 0.1565 = -0.1075,
        // p = 0.98 · 0.5 - 0.1565 · 0.515 = 0.4094025, q = 0.98 · 0.515 - 0.1565 · 0.5 = 0.42645. Train RMSE √((0.25 + 2.449225) / 2).
        let ratings = Interactions::from_triples(2, 1, [(0, 0, 4.0), (1, 0, 2.0)].into_iter());
        let options = MatrixFactorization {
            factors: 2,
            epochs: 1,
            learning_rate: 0.1,
            reg: 0.2,
            init_mean: 0.5,
            init_scale: 0.0,
            order: Order::User,
        };
        let fitted = options.factorization(&ratings, 1).unwrap();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        close(fitted.users.bias[0], 0.05);
        close(fitted.users.bias[1], -0.1565);
        close(fitted.items.bias[0], -0.1075);
        close(f64::from(fitted.users.factors[1]), 0.515);
        close(f64::from(fitted.users.factors[LANES + 1]), 0.409_402_5);
        close(f64::from(fitted.items.factors[0]), 0.42645);
        assert_eq!(fitted.items.factors[2], 0.0);
        close(fitted.history[0].value, (2.699_225_f64 / 2.0).sqrt());
        close(
            f64::from(golden::score(&fitted, UserIndex(0), ItemIndex(0))),
            3.0 + 0.05 - 0.1075 + 2.0 * 0.515 * 0.42645,
        );
    }

    #[test]
    fn every_option_has_an_effect() {
        let default = fit(MatrixFactorization::default());
        let others = [
            MatrixFactorization { factors: 99, ..Default::default() },
            MatrixFactorization { epochs: 19, ..Default::default() },
            MatrixFactorization { learning_rate: 0.006, ..Default::default() },
            MatrixFactorization { reg: 0.03, ..Default::default() },
            MatrixFactorization { init_mean: 0.01, ..Default::default() },
            MatrixFactorization { init_scale: 0.2, ..Default::default() },
            MatrixFactorization { order: Order::User, ..Default::default() },
        ];
        for options in others {
            assert_ne!(fit(options.clone()), default, "{options:?}");
        }
        assert_eq!(fit(MatrixFactorization::default()), default);
    }

    #[test]
    fn the_training_error_falls() {
        let history = fit(MatrixFactorization { epochs: 30, learning_rate: 0.02, ..Default::default() }).history;
        assert_eq!(history.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
        assert!(history.windows(2).all(|pair| pair[1].value < pair[0].value), "{history:?}");
    }

    #[test]
    fn unknown_users_and_items_have_no_vector() {
        let data = golden::generated(20, 30);
        let fitted = MatrixFactorization::default().factorization(&data.interactions, 1).unwrap();
        let mut out = [0.0; 3];
        // Item 29 is in the catalog without a rating, item 999 is not there at all.
        let n_fallbacks = fitted.score(UserIndex(0), &[ItemIndex(0), ItemIndex(29), ItemIndex(999)], &mut out);
        assert_eq!((n_fallbacks, out[1]), (2, out[2]));
        assert_eq!(out[1], (fitted.mean + fitted.users.bias[0]) as f32);
        assert_eq!(fitted.score(UserIndex(999), &[ItemIndex(29)], &mut out[..1]), 1);
        assert_eq!(out[0], fitted.mean as f32);
    }

    #[test]
    fn divergence_is_an_error_that_says_what_to_do() {
        let options = MatrixFactorization { learning_rate: 5.0, epochs: 200, ..Default::default() };
        let message = options.factorization(&golden::generated(60, 80).interactions, 1).unwrap_err().to_string();
        assert!(message.contains("mf: diverged in epoch") && message.contains("try a smaller learning_rate, e.g. 0.5"));
        assert!(!message.contains("epoch 200"), "seen at once, not at the end: {message}");
    }
}
