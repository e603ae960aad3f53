//! Averages of scores: hard to beat, without learning anything; or with weights, which are all there is to learn.
//!
//! Fitted weights minimize the loss over pairs of [`super::pairs`] of the blend `β Σ_k w_k x_k` over w on the simplex and its steepness β > 0 together: with β alone fixed
//! the loss of small differences is nearly linear, and the best weights then lie in a corner. `v = β w` may be anything that is not negative, so that one convex problem
//! answers for both (Breiman 1996b found that such weights need no other restraint). The penalty is that of `pairwise-logistic` with `c = 1`.

use super::linear::Standard;
use super::meta_rows::refused;
use super::pairs::{Draw, PairLoss};
use super::{FittedStacker, Importance, MetaRows, Stacker, pairwise_logistic};
use crate::dataset::Scale;
use crate::error::Result;
use crate::features::Form;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::newton::Domain;
use ndarray::{ArrayView2, Axis};

/// The kind's name.
const NAME: &str = "average";

/// Newton steps at most; ten or so are usual.
const MAX_STEPS: usize = 200;

crate::choices! {
    /// What is done to each column before it is averaged, within the candidates of one user.
    pub enum ScoreScale {
        Raw = "raw", "nothing";
        Zscore = "zscore", "less the mean, by the standard deviation";
        Rank = "rank", "the share of the other candidates that it is above";
    }
}

crate::choices! {
    /// How much each column counts.
    pub enum Weights {
        Equal = "equal", "all the same";
        Fitted = "fitted", "learned: 0 or more, sum 1, those that order pairs of the meta rows best";
    }
}

crate::options! {
    /// Mean of the columns.
    pub struct Average {
        /// What is done to each column before, within the candidates of one user.
        pub scale: ScoreScale = ScoreScale::Raw;
        /// How much each column counts.
        pub weights: Weights = Weights::Equal;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn Stacker> = Kind {
    name: NAME,
    about: "mean of the columns, learned from nothing or with fitted weights",
    read: |reader: &Reader<'_>| Box::new(Average::read(reader)),
    options: Average::describe,
};

impl ScoreScale {
    pub(super) fn form(self) -> Form {
        match self {
            Self::Raw => Form::Raw,
            Self::Zscore => Form::Zscore,
            Self::Rank => Form::Rank,
        }
    }
}

impl Stacker for Average {
    fn fit(&self, rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        let form = self.scale.form();
        let weights = match self.weights {
            Weights::Equal => None,
            Weights::Fitted => Some(rows.names.iter().cloned().zip(fitted_weights(rows, form)?).collect()),
        };
        Ok(Box::new(FittedAverage { form, weights }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn needs_meta(&self) -> bool {
        self.weights == Weights::Fitted
    }

    fn default_features(&self) -> &'static [&'static str] {
        &["score_*"]
    }
}

/// Weights of the columns, `[n_features]`: 0 or more, sum 1. Equal where no column puts relevant rows ahead.
fn fitted_weights(rows: &MetaRows<'_>, form: Form) -> Result<Vec<f64>> {
    rows.check_pairs(NAME)?;
    let (n_rows, n) = rows.features.dim();
    let mut cells = vec![0.0; n_rows * n];
    let (mut column, mut values) = (Vec::new(), Vec::new());
    for ends in rows.groups.windows(2) {
        for (number, cells_of) in rows.features.axis_iter(Axis(1)).enumerate() {
            column.clear();
            column.extend(cells_of.iter().skip(ends[0]).take(ends[1] - ends[0]));
            form.apply_exactly(&column, &mut values);
            for (row, value) in (ends[0]..).zip(&values) {
                cells[row * n + number] = *value;
            }
        }
    }
    let standard = Standard::take(&mut cells, n, n);
    let loss = PairLoss::new(rows, &cells, Draw::All);
    let Some(steep) = pairwise_logistic::minimize(&loss, n, 1.0, Domain::NonNegative, MAX_STEPS)? else {
        let help = "use weights = \"equal\", or scale = \"rank\"";
        return Err(refused(NAME, format!("no optimum of the weights after {MAX_STEPS} Newton steps"), help));
    };
    let steep: Vec<f64> = steep.iter().zip(&standard.scales).map(|(weight, scale)| weight / scale).collect();
    let total: f64 = steep.iter().sum();
    let is_some = total > 0.0 && total.is_finite();
    Ok(steep.iter().map(|weight| if is_some { weight / total } else { 1.0 / n as f64 }).collect())
}

/// The form of the columns and their weights, `None` for equal ones.
pub(super) struct FittedAverage {
    pub(super) form: Form,
    pub(super) weights: Option<Vec<(String, f64)>>,
}

impl FittedStacker for FittedAverage {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        let mut sums = vec![0.0_f64; out.len()];
        let (mut column, mut values) = (Vec::new(), Vec::new());
        for (number, cells) in rows.axis_iter(Axis(1)).enumerate() {
            let cells = cells.to_slice().unwrap_or_else(|| {
                column.clear();
                column.extend(cells);
                &column
            });
            let weight = self.weights.as_ref().map_or(1.0, |weights| weights[number].1);
            if self.form == Form::Raw {
                sums.iter_mut().zip(cells).for_each(|(sum, &cell)| *sum += weight * f64::from(cell));
            } else {
                self.form.apply_exactly(cells, &mut values);
                sums.iter_mut().zip(&values).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        let total = if self.weights.is_some() { 1.0 } else { rows.ncols().max(1) as f64 };
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = super::linear::finite(sum / total));
    }

    /// The mean of scores on different scales has none; that of predicted ratings alone is not known to be one here.
    fn scale(&self) -> Scale {
        Scale::Order
    }

    fn importances(&self) -> Vec<Importance> {
        let one =
            |(name, value): &(String, f64)| Importance { feature: name.clone(), measure: "weight", value: *value };
        self.weights.iter().flatten().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use ndarray::{Array2, array};

    fn scores(scale: ScoreScale, rows: &Array2<f32>) -> Vec<f32> {
        let mut out = vec![0.0; rows.nrows()];
        FittedAverage { form: scale.form(), weights: None }.score(rows.view(), &mut out);
        out
    }

    #[test]
    fn raw_is_the_mean_of_the_columns() {
        assert_eq!(scores(ScoreScale::Raw, &array![[4.0, 0.5], [3.0, 1.0]]), [2.25, 2.0]);
    }

    #[test]
    fn zscores_give_every_column_one_voice_and_a_constant_one_none() {
        // Columns (1, 3) and (10, 30) both become (-1, 1); the constant third counts as 0.
        let out = scores(ScoreScale::Zscore, &array![[1.0, 10.0, 0.1], [3.0, 30.0, 0.1]]);
        assert!((out[0] + 2.0 / 3.0).abs() < 1e-6 && (out[1] - 2.0 / 3.0).abs() < 1e-6, "{out:?}");
    }

    #[test]
    fn ranks_share_ties() {
        // 5 is above both others; the two 1s are above half of each other.
        assert_eq!(scores(ScoreScale::Rank, &array![[1.0], [5.0], [1.0]]), [0.25, 1.0, 0.25]);
        assert_eq!(scores(ScoreScale::Rank, &array![[7.0]]), [0.5]);
    }

    struct Meta {
        features: Array2<f32>,
        labels: Vec<u8>,
        groups: Vec<usize>,
    }

    /// 60 users of 20 rows, relevant where `2 a + b` is large; `b` in units a hundred times as large, `c` turned away from relevance, `d` noise.
    fn meta() -> Meta {
        let mut rng = rng::stream(8, "test", 0);
        let mut features = Array2::zeros((1200, 4));
        let mut labels = Vec::new();
        for mut row in features.rows_mut() {
            let [a, b, c, d, noise] = [(); 5].map(|()| rng::normal(&mut rng));
            let signal = 2.0 * a + b;
            labels.push(u8::from(signal + noise > 2.5));
            let columns = [a, 100.0 * b, c - signal, d].map(|x| x as f32);
            row.iter_mut().zip(columns).for_each(|(cell, x)| *cell = x);
        }
        Meta { features, labels, groups: (0..=1200).step_by(20).collect() }
    }

    impl Meta {
        fn weights(&self, scale: ScoreScale) -> Vec<f64> {
            let names = ["a", "b", "c", "d"].map(str::to_owned);
            let rows = MetaRows {
                features: self.features.view(),
                names: &names,
                labels: &self.labels,
                groups: &self.groups,
                seed: 1,
            };
            let options = Average { scale, weights: Weights::Fitted };
            let importances = options.fit(&rows).unwrap().importances();
            assert!(importances.iter().all(|x| x.measure == "weight") && importances[3].feature == "d");
            importances.iter().map(|x| x.value).collect()
        }
    }

    #[test]
    fn fitted_weights_lie_on_the_simplex_and_follow_what_a_column_is_worth() {
        let meta = meta();
        for (scale, unit) in [(ScoreScale::Raw, 100.0), (ScoreScale::Zscore, 1.0), (ScoreScale::Rank, 1.0)] {
            let w = meta.weights(scale);
            assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12 && w.iter().all(|&w| w >= 0.0), "{scale:?}: {w:?}");
            let ratio = w[0] / (w[1] * unit);
            assert!((1.4..2.8).contains(&ratio) && w[2] == 0.0 && w[3] < 0.1 * w[0], "{scale:?}: {w:?}");
        }
    }

    #[test]
    fn fitted_weights_are_the_bounded_optimum_of_another_solver() {
        let options = Average { weights: Weights::Fitted, ..Average::default() };
        let ours = pairwise_logistic::tests::Lists::golden().values(&options, "weight");
        let theirs = pairwise_logistic::tests::golden("average_fitted_raw", "weights");
        assert!(ours.len() == 8 && ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-6), "{ours:?} {theirs:?}");
    }

    #[test]
    fn columns_that_all_mislead_weigh_the_same() {
        let mut meta = meta();
        for (mut row, &label) in meta.features.rows_mut().into_iter().zip(&meta.labels) {
            row.fill(-f32::from(label));
        }
        assert_eq!(meta.weights(ScoreScale::Raw), [0.25; 4]);
    }

    #[test]
    fn a_blend_is_the_weighted_mean() {
        let weights = Some(vec![("a".to_owned(), 0.75), ("b".to_owned(), 0.25)]);
        let mut out = [0.0; 2];
        FittedAverage { form: Form::Raw, weights }.score(array![[4.0, 8.0], [0.0, -4.0]].view(), &mut out);
        assert_eq!(out, [5.0, -1.0]);
    }

    #[test]
    fn only_fitted_weights_need_rows_to_learn_from() {
        assert!(!Average::default().needs_meta());
        assert!(Average { weights: Weights::Fitted, ..Average::default() }.needs_meta());
    }
}
