//! Baseline predictor: how generous a user is, plus how good an item is thought to be.
//!
//! Two small regularised means explain most of the variance of ratings, cost nothing and never diverge, so every other model is measured against this one.

use super::{BaseModel, FittedModel, TrainData, stored};
use crate::dataset::{Interactions, ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use crate::parallel;

crate::options! {
    /// Baseline estimates by alternating regularised means. Source: Koren (2010), eq. 1; alternation as in Surprise `BaselineOnly` (ALS).
    pub struct Bias {
        /// Ratings of 0 added to each item before its mean offset is taken: shrinks items with few ratings.
        pub reg_item: f64 = 10.0, in 0.0..=1e6;
        /// Ratings of 0 added to each user before the mean offset is taken: shrinks users with few ratings.
        pub reg_user: f64 = 15.0, in 0.0..=1e6;
        /// Alternations, items first.
        pub epochs: usize = 10, in 1..=10_000;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: "bias",
    about: "mean rating plus user and item bias",
    read: |reader: &Reader<'_>| Box::new(Bias::read(reader)),
    options: Bias::describe,
};

impl BaseModel for Bias {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(self.biases(train.interactions)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl Bias {
    /// Alternates `b_i = Σ_u (r - μ - b_u) / (reg_item + n_i)` and `b_u = Σ_i (r - μ - b_i) / (reg_user + n_u)`, from 0.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`] when asked to stop.
    pub fn biases(&self, interactions: &Interactions) -> Result<FittedBias> {
        let mut fitted = FittedBias {
            mean: interactions.mean,
            user_bias: vec![0.0; interactions.n_users()],
            item_bias: vec![0.0; interactions.n_items()],
            user_is_known: (0..interactions.n_users()).map(|user| interactions.by_user.row_len(user) > 0).collect(),
            item_is_known: (0..interactions.n_items()).map(|item| interactions.by_item.row_len(item) > 0).collect(),
        };
        for _ in 0..self.epochs {
            parallel::check()?;
            update(&interactions.by_item, fitted.mean, &fitted.user_bias, self.reg_item, &mut fitted.item_bias);
            update(&interactions.by_user, fitted.mean, &fitted.item_bias, self.reg_user, &mut fitted.user_bias);
        }
        Ok(fitted)
    }
}

/// One half of an alternation: sets `bias[row]` from the ratings of each row and the other side's biases.
fn update(ratings: &SparseRows, mean: f64, other_bias: &[f64], reg: f64, bias: &mut [f64]) {
    for (row, bias) in bias.iter_mut().enumerate() {
        let (columns, values) = ratings.row(row);
        if columns.is_empty() {
            continue;
        }
        let sum: f64 = columns.iter().zip(values).map(|(&c, &r)| f64::from(r) - mean - other_bias[c as usize]).sum();
        *bias = sum / (reg + columns.len() as f64);
    }
}

/// μ, b_u and b_i, in rating units.
#[derive(Debug, Clone)]
pub struct FittedBias {
    /// μ
    pub mean: f64,
    /// b_u, `[n_users]`; 0 for an unknown user.
    pub user_bias: Vec<f64>,
    /// b_i, `[n_items]`; 0 for an unknown item.
    pub item_bias: Vec<f64>,
    user_is_known: Vec<bool>,
    item_is_known: Vec<bool>,
}

impl FittedModel for FittedBias {
    /// `μ + b_u + b_i`; an unknown part is 0 and makes the score a fallback.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let of_user = self.mean + self.user_bias.get(user.at()).copied().unwrap_or(0.0);
        let user_is_known = self.user_is_known.get(user.at()).is_some_and(|&known| known);
        let mut n_fallbacks = 0;
        for (score, item) in out.iter_mut().zip(items) {
            *score = stored(of_user + self.item_bias.get(item.at()).copied().unwrap_or(0.0));
            let item_is_known = self.item_is_known.get(item.at()).is_some_and(|&known| known);
            n_fallbacks += usize::from(!(user_is_known && item_is_known));
        }
        n_fallbacks
    }

    fn scale(&self) -> Scale {
        Scale::Rating
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;

    /// Largest difference from a column of `bias_predictions.csv` (Surprise 1.1 `BaselineOnly`, ALS).
    fn difference(options: &Bias, column: &str) -> f64 {
        let data = golden::ratings();
        let fitted = options.biases(&data.interactions).unwrap();
        golden::largest_difference(&data, &golden::table("bias_predictions.csv"), column, &fitted)
    }

    #[test]
    fn predictions_equal_surprise() {
        assert!(difference(&Bias::default(), "default") < 1e-5);
        assert!(difference(&Bias { epochs: 1, ..Bias::default() }, "one_epoch") < 1e-5);
        assert!(difference(&Bias { epochs: 100, ..Bias::default() }, "long") < 1e-5);
        assert!(difference(&Bias { reg_user: 2.0, reg_item: 5.0, epochs: 10 }, "other_reg") < 1e-5);
        assert!(difference(&Bias { reg_user: 0.0, reg_item: 0.0, epochs: 2000 }, "no_reg_long") < 1e-5);
    }

    #[test]
    fn biases_equal_surprise() {
        let data = golden::ratings();
        let fitted = Bias::default().biases(&data.interactions).unwrap();
        let expected = &golden::json("bias.json")["default"];
        assert!((fitted.mean - expected["mu"].as_f64().unwrap()).abs() < 1e-9);
        for (user, bias) in expected["user_bias"].as_object().unwrap() {
            assert!((fitted.user_bias[data.user(user).at()] - bias.as_f64().unwrap()).abs() < 1e-9, "user {user}");
        }
        for (item, bias) in expected["item_bias"].as_object().unwrap() {
            assert!((fitted.item_bias[data.item(item).at()] - bias.as_f64().unwrap()).abs() < 1e-9, "item {item}");
        }
    }

    #[test]
    fn one_alternation_by_hand() {
        // μ = 3; b_0 = (4 - 3) / (1 + 1) = 0.5; b_1 = (2 - 3) / (1 + 1) = -0.5; b_u = (1 - 0.5 - 1 + 0.5) / (1 + 2) = 0.
        let ratings = Interactions::from_triples(1, 3, [(0, 0, 4.0), (0, 1, 2.0)].into_iter());
        let fitted = Bias { reg_item: 1.0, reg_user: 1.0, epochs: 1 }.biases(&ratings).unwrap();
        let mut out = [0.0; 3];
        let n_fallbacks = fitted.score(UserIndex(0), &[ItemIndex(0), ItemIndex(1), ItemIndex(2)], &mut out);
        assert_eq!((out, n_fallbacks), ([3.5, 2.5, 3.0], 1));
    }
}
