//! A linear score that puts each user's relevant rows before the others: what logistic regression would be if it had to order lists and not to name probabilities.
//!
//! A column that is the same for all candidates of a user cannot order them, and gets no coefficient; logistic regression spends one on it.

use super::linear::{Linear, Standard};
use super::meta_rows::refused;
use super::pairs::{Draw, PairLoss};
use super::{FittedStacker, Importance, MetaRows, Stacker};
use crate::dataset::Scale;
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::newton::{self, Domain};
use crate::rng;
use ndarray::ArrayView2;

/// The kind's name, and that of its random stream.
const NAME: &str = "pairwise-logistic";

/// Largest partial derivative at the optimum, per user.
const TOLERANCE: f64 = 1e-10;

crate::options! {
    /// `C Σ_users mean over pairs of ln(1 + exp(s_irrelevant - s_relevant)) + ½ ‖w‖²`, s linear in standardized columns, by Newton's method. Source: Herbrich, Graepel &
    /// Obermayer (1999); Joachims (2002); the loss of Burges et al. (2005).
    pub struct PairwiseLogistic {
        /// Weight of the data against the L2 penalty, per user.
        pub c: f64 = 1.0, in 1e-9..=1e9;
        /// Irrelevant rows that each relevant one is compared with at most, drawn from the same user's; 0: all.
        pub partners: usize = 0, in 0..=1_000_000;
        /// Newton steps at most.
        pub max_iterations: usize = 100, in 1..=10_000;
        /// A fixed seed of the drawn partners, in place of the trial's.
        pub seed: Option<u64> = None;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn Stacker> = Kind {
    name: NAME,
    about: "linear score fitted to pairs of a relevant and an irrelevant row of one user",
    read: |reader: &Reader<'_>| Box::new(PairwiseLogistic::read(reader)),
    options: PairwiseLogistic::describe,
};

impl Stacker for PairwiseLogistic {
    fn fit(&self, rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        rows.check_pairs(NAME)?;
        let n_features = rows.features.ncols();
        let mut cells: Vec<f64> = rows.features.iter().map(|&x| f64::from(x)).collect();
        let standard = Standard::take(&mut cells, n_features, n_features);
        let mut rng = rng::stream(self.seed.unwrap_or(rows.seed), NAME, 0);
        let draw = if self.partners == 0 { Draw::All } else { Draw::AtMost(self.partners, &mut rng) };
        let loss = PairLoss::new(rows, &cells, draw);
        let Some(coefficients) = minimize(&loss, n_features, self.c, Domain::Free, self.max_iterations)? else {
            let message = format!("no optimum after {} Newton steps", self.max_iterations);
            return Err(refused(NAME, message, "lower c, or raise max_iterations"));
        };
        let linear = Linear { names: rows.names.to_vec(), standard, coefficients, intercept: 0.0 };
        Ok(Box::new(FittedPairwiseLogistic { linear }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// The weights that minimize the loss and its penalty; `None` when Newton's method does not get there.
pub fn minimize(loss: &PairLoss, n: usize, c: f64, domain: Domain, max_steps: usize) -> Result<Option<Vec<f64>>> {
    let limit = TOLERANCE * (c * loss.n_users() as f64).max(1.0);
    newton::minimize(n, domain, (limit, max_steps), |weights| {
        let mut at = loss.at(weights, c);
        at.penalize(weights);
        at
    })
}

/// A linear function of which only differences mean something.
struct FittedPairwiseLogistic {
    linear: Linear,
}

impl FittedStacker for FittedPairwiseLogistic {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        self.linear.score(rows, out, |_| ());
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }

    fn importances(&self) -> Vec<Importance> {
        self.linear.importances()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::error::Error;
    use ndarray::Array2;

    /// Lists to learn from.
    pub struct Lists {
        pub features: Array2<f32>,
        pub names: Vec<String>,
        pub labels: Vec<u8>,
        pub groups: Vec<usize>,
    }

    impl Lists {
        /// The golden lists; grades of 2 or more are relevant.
        pub fn golden() -> Self {
            let text = std::fs::read_to_string("tests/golden/models/lambdarank_train.csv").unwrap();
            let mut lines = text.lines();
            let names: Vec<String> = lines.next().unwrap().split(',').skip(2).map(str::to_owned).collect();
            let rows: Vec<Vec<f32>> =
                lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
            let is_first = |&row: &usize| row == 0 || rows[row][0] != rows[row - 1][0];
            let groups = (0..rows.len()).filter(is_first).chain([rows.len()]).collect();
            let labels = rows.iter().map(|row| u8::from(row[1] >= 2.0)).collect();
            let features = rows.iter().flat_map(|row| row[2..].to_vec()).collect();
            let features = Array2::from_shape_vec((rows.len(), names.len()), features).unwrap();
            Self { features, names, labels, groups }
        }

        pub fn fit(&self, stacker: &dyn Stacker) -> Result<Box<dyn FittedStacker>> {
            stacker.fit(&MetaRows {
                features: self.features.view(),
                names: &self.names,
                labels: &self.labels,
                groups: &self.groups,
                seed: 1,
            })
        }

        /// Importances of one measure.
        pub fn values(&self, stacker: &dyn Stacker, measure: &str) -> Vec<f64> {
            let importances = self.fit(stacker).unwrap().importances();
            importances.into_iter().filter(|x| x.measure == measure).map(|x| x.value).collect()
        }
    }

    /// A list of numbers of the golden file.
    pub fn golden(key: &str, list: &str) -> Vec<f64> {
        let text = std::fs::read_to_string("tests/golden/models/pairwise.json").unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json[key][list].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    #[test]
    fn coefficients_are_those_of_logistic_regression_on_differences() {
        let lists = Lists::golden();
        for (key, c) in [("C=1", 1.0), ("C=0.01", 0.01), ("C=100", 100.0)] {
            let ours = lists.values(&PairwiseLogistic { c, ..PairwiseLogistic::default() }, "coefficient");
            let theirs = golden(key, "coef");
            assert_eq!((ours.len(), theirs.len()), (8, 8));
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!((ours - theirs).abs() < 1e-9, "{key}: {ours} {theirs}");
            }
            // The sixth column is one number per group: it cannot order a list.
            assert!(ours[5].abs() < 1e-12, "{ours:?}");
        }
    }

    #[test]
    fn scores_of_a_list_follow_the_coefficients_and_only_differences_count() {
        let lists = Lists::golden();
        let fitted = lists.fit(&PairwiseLogistic::default()).unwrap();
        let importances = fitted.importances();
        let of = |measure: &'static str| importances.iter().filter(move |x| x.measure == measure).map(|x| x.value);
        let mut out = vec![0.0; lists.labels.len()];
        fitted.score(lists.features.view(), &mut out);
        let moved: Vec<f32> = lists.features.row(7).to_vec();
        let columns = of("coefficient").zip(of("mean")).zip(of("scale"));
        let expected: f64 = columns.zip(moved).map(|(((w, mean), sd), x)| w * (f64::from(x) - mean) / sd).sum();
        assert!((f64::from(out[7]) - expected).abs() < 1e-6, "{} {expected}", out[7]);
        assert_eq!(fitted.scale(), Scale::Order);
    }

    #[test]
    fn drawn_partners_come_near_all_of_them_and_move_with_the_seed() {
        let lists = Lists::golden();
        let fit = |partners, seed| {
            lists.values(&PairwiseLogistic { partners, seed, ..PairwiseLogistic::default() }, "coefficient")
        };
        let all = fit(0, None);
        let drawn = fit(3, None);
        assert!(drawn != all && drawn.iter().zip(&all).all(|(a, b)| (a - b).abs() < 0.3), "{drawn:?} {all:?}");
        assert!(drawn == fit(3, Some(1)) && drawn != fit(3, Some(2)));
        assert!(fit(1000, Some(2)) == all);
    }

    #[test]
    fn too_few_steps_are_an_error() {
        let hasty = PairwiseLogistic { max_iterations: 1, ..PairwiseLogistic::default() };
        assert!(matches!(Lists::golden().fit(&hasty), Err(Error::Model { help: Some(_), .. })));
    }
}
