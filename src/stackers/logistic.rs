//! Logistic regression: the linear stacker, with coefficients one can read.

use super::class_weight::ClassWeight;
use super::linear::{Linear, Standard};
use super::meta_rows::refused;
use super::{FittedStacker, Importance, MetaRows, Stacker};
use crate::dataset::Scale;
use crate::error::Result;
use crate::gbdt::log_loss::{sigmoid, sigmoid_all};
use crate::kind::{Kind, Options, Reader};
use crate::linalg::newton::{self, Derivatives, Domain};
use crate::parallel;
use ndarray::ArrayView2;

/// The kind's name.
const NAME: &str = "logistic";

/// Rows per block: sums over blocks are added in order.
const BLOCK: usize = 2048;

/// Largest partial derivative at the optimum, per row.
const TOLERANCE: f64 = 1e-12;

crate::options! {
    /// L2 logistic regression on standardized columns, by Newton's method. Source: Hastie, Tibshirani & Friedman (2009), section 4.4; as scikit-learn's
    /// `StandardScaler` and `LogisticRegression`.
    pub struct Logistic {
        /// Weight of the data against the L2 penalty, per row; the intercept is free.
        pub c: f64 = 1.0, in 1e-9..=1e9;
        /// How much the relevant rows count; other than "none", scores are an order and no probability.
        pub class_weight: ClassWeight = ClassWeight::None;
        /// Newton steps at most.
        pub max_iterations: usize = 100, in 1..=10_000;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn Stacker> = Kind {
    name: NAME,
    about: "L2 logistic regression on standardized features; probability of relevance",
    read: |reader: &Reader<'_>| Box::new(Logistic::read(reader)),
    options: Logistic::describe,
};

impl Stacker for Logistic {
    fn fit(&self, rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        rows.check_classes(NAME)?;
        let (problem, standard) = Problem::new(rows, self);
        let Some(mut coefficients) = problem.minimize(self.max_iterations)? else {
            let message = format!("no optimum after {} Newton steps", self.max_iterations);
            return Err(refused(NAME, message, "lower c, or raise max_iterations"));
        };
        // The last one; there is always one.
        let intercept = coefficients.pop().unwrap_or_default();
        let linear = Linear { names: rows.names.to_vec(), standard, coefficients, intercept };
        Ok(Box::new(FittedLogistic { linear, class_weight: self.class_weight }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// `C Σ_i weight_i · log-loss(y_i, b + w·z_i) + ½ ‖w‖²` over standardized rows z; weights are `[w, b]`, `[n_features + 1]`.
struct Problem<'a> {
    /// Standardized columns and a last column of ones, `[n_rows × (n_features + 1)]`, row-major.
    rows: Vec<f64>,
    labels: &'a [u8],
    n_features: usize,
    /// What a row of each label counts for.
    class_weights: [f64; 2],
    c: f64,
}

impl<'a> Problem<'a> {
    fn new(rows: &MetaRows<'a>, options: &Logistic) -> (Self, Standard) {
        let n_features = rows.features.ncols();
        let mut cells = Vec::with_capacity(rows.labels.len() * (n_features + 1));
        for row in rows.features.rows() {
            cells.extend(row.iter().map(|&x| f64::from(x)).chain([1.0]));
        }
        let standard = Standard::take(&mut cells, n_features + 1, n_features);
        let class_weights = options.class_weight.of(rows.labels);
        (Self { rows: cells, labels: rows.labels, n_features, class_weights, c: options.c }, standard)
    }

    fn minimize(&self, max_iterations: usize) -> Result<Option<Vec<f64>>> {
        let limit = TOLERANCE * (self.c * self.labels.len() as f64).max(1.0);
        newton::minimize(self.n_features + 1, Domain::Free, (limit, max_iterations), |weights| self.at(weights))
    }

    fn at(&self, weights: &[f64]) -> Derivatives {
        let blocks = parallel::map_blocks(self.labels.len(), BLOCK, |rows| self.block(weights, rows));
        let mut out = Derivatives::sum(weights.len(), &blocks, self.c);
        // All but the intercept, which is last.
        out.penalize(&weights[..self.n_features]);
        out
    }

    fn block(&self, weights: &[f64], rows: std::ops::Range<usize>) -> Derivatives {
        let n = weights.len();
        let mut out = Derivatives::zero(n);
        for row in rows {
            let z = &self.rows[row * n..(row + 1) * n];
            let margin: f64 = z.iter().zip(weights).map(|(z, w)| z * w).sum();
            let is_relevant = self.labels[row] > 0;
            let (label, weight) = (f64::from(u8::from(is_relevant)), self.class_weights[usize::from(is_relevant)]);
            let p = sigmoid(margin);
            // log(1 + e^margin) - y margin, without overflow.
            out.value += weight * (margin.max(0.0) + libm::log1p(libm::exp(-margin.abs())) - label * margin);
            let (slope, curvature) = (weight * (p - label), weight * (p * (1.0 - p)));
            for (i, &zi) in z.iter().enumerate() {
                out.gradient[i] += slope * zi;
                let scaled = curvature * zi;
                out.hessian[i * n..=i * n + i].iter_mut().zip(z).for_each(|(sum, &zj)| *sum += scaled * zj);
            }
        }
        out
    }
}

/// A linear function, seen through the sigmoid.
struct FittedLogistic {
    linear: Linear,
    class_weight: ClassWeight,
}

impl FittedStacker for FittedLogistic {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        self.linear.score(rows, out, sigmoid_all);
    }

    fn scale(&self) -> Scale {
        self.class_weight.scale()
    }

    fn importances(&self) -> Vec<Importance> {
        let feature = "intercept".to_owned();
        let intercept = Importance { feature, measure: "coefficient", value: self.linear.intercept };
        self.linear.importances().into_iter().chain([intercept]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use ndarray::Array2;

    /// A golden table: features and labels.
    fn table(part: &str) -> (Array2<f32>, Vec<u8>, Vec<String>) {
        let text = std::fs::read_to_string(format!("tests/golden/models/tabular_{part}.csv")).unwrap();
        let mut lines = text.lines();
        let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).take(8).collect();
        let cells: Vec<Vec<f32>> =
            lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
        let features = cells.iter().flat_map(|row| row[..8].to_vec()).collect();
        let labels = cells.iter().map(|row| row[8] as u8).collect();
        (Array2::from_shape_vec((cells.len(), 8), features).unwrap(), labels, names)
    }

    fn fit(
        options: &Logistic,
        (features, labels, names): &(Array2<f32>, Vec<u8>, Vec<String>),
    ) -> Box<dyn FittedStacker> {
        options
            .fit(&MetaRows { features: features.view(), names, labels, groups: &[0, labels.len()], seed: 1 })
            .unwrap()
    }

    fn numbers(json: &serde_json::Value) -> Vec<f64> {
        json.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    #[test]
    fn coefficients_agree_with_scikit_learn() {
        let text = std::fs::read_to_string("tests/golden/models/logistic.json").unwrap();
        let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
        let train = table("train");
        for (key, c) in [("C=1", 1.0), ("C=0.01", 0.01), ("C=100", 100.0)] {
            let expected = &golden[key];
            let importances = fit(&Logistic { c, ..Logistic::default() }, &train).importances();
            let ours = |measure| importances.iter().filter(move |x| x.measure == measure).map(|x| x.value);
            let mut theirs = numbers(&expected["coef"]);
            theirs.push(expected["intercept"].as_f64().unwrap());
            assert_eq!((ours("coefficient").count(), theirs.len()), (9, 9), "{key}");
            for (ours, theirs) in ours("coefficient").zip(theirs) {
                assert!((ours - theirs).abs() < 1e-6, "{key}: {ours} {theirs}");
            }
            assert_eq!((ours("mean").count(), ours("scale").count()), (8, 8), "{key}");
            for (ours, theirs) in ours("mean").zip(numbers(&golden["mean"])) {
                assert!((ours - theirs).abs() < 1e-6, "{key}: {ours} {theirs}");
            }
            for (ours, theirs) in ours("scale").zip(numbers(&golden["scale"])) {
                assert!((ours / theirs - 1.0).abs() < 1e-6, "{key}: {ours} {theirs}");
            }
        }
    }

    #[test]
    fn test_log_loss_agrees_with_scikit_learn() {
        let text = std::fs::read_to_string("tests/golden/models/logistic.json").unwrap();
        let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
        let (features, labels, _) = table("test");
        let mut scores = vec![0.0; labels.len()];
        fit(&Logistic::default(), &table("train")).score(features.view(), &mut scores);
        let loss: f64 =
            scores.iter().zip(&labels).map(|(&p, &y)| -f64::from(if y == 1 { p } else { 1.0 - p }).ln()).sum();
        let expected = golden["C=1"]["test_log_loss"].as_f64().unwrap();
        assert!((loss / labels.len() as f64 - expected).abs() < 1e-6, "{loss} {expected}");
    }

    #[test]
    fn separable_data_has_an_optimum_and_a_constant_column_no_say() {
        let features = ndarray::array![[-1.0, 7.0], [-0.5, 7.0], [0.5, 7.0], [1.0, 7.0]];
        let names = vec!["x".to_owned(), "constant".to_owned()];
        let fitted = fit(&Logistic { c: 1e6, ..Logistic::default() }, &(features, vec![0, 0, 1, 1], names));
        let importances = fitted.importances();
        assert!(importances[0].value > 5.0 && importances[1].value == 0.0, "{importances:?}");
    }

    #[test]
    fn too_few_steps_are_an_error() {
        let (features, labels, names) = table("train");
        let rows =
            MetaRows { features: features.view(), names: &names, labels: &labels, groups: &[0, labels.len()], seed: 1 };
        let hasty = Logistic { max_iterations: 1, ..Logistic::default() };
        assert!(matches!(hasty.fit(&rows), Err(Error::Model { help: Some(_), .. })));
    }

    #[test]
    fn weights_of_classes_count_as_copies_of_rows_and_make_an_order() {
        let train = table("train");
        let weighted = fit(&Logistic { class_weight: ClassWeight::Relevant(3.0), ..Logistic::default() }, &train);
        let (features, labels, names) = &train;
        let copies: Vec<usize> =
            (0..labels.len()).flat_map(|row| std::iter::repeat_n(row, if labels[row] > 0 { 3 } else { 1 })).collect();
        let copied = copies.iter().map(|&row| labels[row]).collect();
        let copied = (features.select(ndarray::Axis(0), &copies), copied, names.clone());
        // Copies move means and deviations too; the fitted function must be the same but for what that does to the penalty.
        let c = 1e6;
        let options = Logistic { c, ..Logistic::default() };
        let weighted_far = fit(&Logistic { class_weight: ClassWeight::Relevant(3.0), ..options.clone() }, &train);
        let (mut ours, mut theirs) = (vec![0.0; labels.len()], vec![0.0; labels.len()]);
        weighted_far.score(features.view(), &mut ours);
        fit(&options, &copied).score(features.view(), &mut theirs);
        assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-5));
        assert_eq!((weighted.scale(), fit(&Logistic::default(), &train).scale()), (Scale::Order, Scale::Probability));
    }

    #[test]
    fn balanced_classes_raise_the_mean_score_to_about_a_half() {
        let (features, mut labels, names) = table("train");
        (0..labels.len()).filter(|row| row % 5 > 0).for_each(|row| labels[row] = 0);
        let train = (features, labels, names);
        let mean = |class_weight| {
            let mut scores = vec![0.0; train.1.len()];
            fit(&Logistic { class_weight, ..Logistic::default() }, &train).score(train.0.view(), &mut scores);
            scores.iter().sum::<f32>() / scores.len() as f32
        };
        assert!(mean(ClassWeight::None) < 0.2 && (0.4..0.6).contains(&mean(ClassWeight::Balanced)));
    }
}
