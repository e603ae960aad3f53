//! Logistic regression: the linear stacker, with coefficients one can read.

use super::{FittedStacker, Importance, MetaRows, Stacker};
use crate::dataset::Scale;
use crate::error::{Error, Result};
use crate::gbdt::log_loss::sigmoid;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::cholesky;
use crate::parallel;
use ndarray::{ArrayView2, Axis};

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
        let refuse =
            |message: String, help: &str| Error::Model { model: NAME.into(), message, help: Some(help.into()) };
        let n_relevant = rows.labels.iter().filter(|&&label| label != 0).count();
        if rows.names.is_empty() {
            return Err(refuse("found no features to learn from".into(), "name some in features"));
        }
        if n_relevant == 0 || n_relevant == rows.labels.len() {
            let message =
                format!("{n_relevant} of {} meta rows are relevant, expected some of each", rows.labels.len());
            return Err(refuse(message, "change the threshold in [evaluation] or the shares in [split]"));
        }
        let problem = Problem::new(rows, self.c);
        let weights = problem.minimize(self.max_iterations).ok_or_else(|| {
            let message = format!("no optimum after {} Newton steps", self.max_iterations);
            refuse(message, "lower c, or raise max_iterations")
        })?;
        let Problem { means, scales, .. } = problem;
        Ok(Box::new(FittedLogistic { names: rows.names.to_vec(), means, scales, weights }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// `C Σ_i log-loss(y_i, b + w·z_i) + ½ ‖w‖²` over standardized rows z; weights are `[w, b]`, `[n_features + 1]`.
struct Problem<'a> {
    /// Standardized columns and a last column of ones, `[n_rows × (n_features + 1)]`, row-major.
    rows: Vec<f64>,
    labels: &'a [u8],
    means: Vec<f64>,
    scales: Vec<f64>,
    c: f64,
}

/// Objective with its derivatives.
struct Derivatives {
    objective: f64,
    gradient: Vec<f64>,
    /// Lower triangle, `[n × n]`.
    hessian: Vec<f64>,
}

impl<'a> Problem<'a> {
    fn new(rows: &MetaRows<'a>, c: f64) -> Self {
        let (n_rows, n_features) = rows.features.dim();
        let (mut means, mut scales) = (Vec::new(), Vec::new());
        let mut standardized = vec![1.0; n_rows * (n_features + 1)];
        for (number, column) in rows.features.axis_iter(Axis(1)).enumerate() {
            let mean = column.iter().map(|&x| f64::from(x)).sum::<f64>() / n_rows as f64;
            let variance = column.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n_rows as f64;
            // A constant column keeps its scale of 1; its coefficient becomes 0.
            let sd = variance.sqrt();
            let scale = if sd > 1e-12 * mean.abs() && sd > 0.0 { sd } else { 1.0 };
            for (row, &x) in column.iter().enumerate() {
                standardized[row * (n_features + 1) + number] = (f64::from(x) - mean) / scale;
            }
            means.push(mean);
            scales.push(scale);
        }
        Self { rows: standardized, labels: rows.labels, means, scales, c }
    }

    /// Newton's method; a step that raises the objective is halved. `None` when it does not get there.
    fn minimize(&self, max_iterations: usize) -> Option<Vec<f64>> {
        let n = self.means.len() + 1;
        let mut weights = vec![0.0; n];
        let mut at = self.derivatives(&weights);
        let limit = TOLERANCE * (self.c * self.labels.len() as f64).max(1.0);
        for _ in 0..max_iterations {
            if at.gradient.iter().all(|slope| slope.abs() <= limit) {
                return Some(weights);
            }
            let mut step = at.gradient.clone();
            if !cholesky::solve(&mut at.hessian, &mut step) {
                return None;
            }
            let slope: f64 = step.iter().zip(&at.gradient).map(|(step, slope)| step * slope).sum();
            let mut share = 1.0;
            let (next_weights, next) = loop {
                let next_weights: Vec<f64> = weights.iter().zip(&step).map(|(w, step)| w - share * step).collect();
                let next = self.derivatives(&next_weights);
                // At the optimum rounding may raise the objective by an ulp or so.
                let slack = 1e-12 * at.objective.abs();
                if next.objective <= at.objective - 1e-4 * share * slope + slack {
                    break (next_weights, next);
                }
                share /= 2.0;
                if share < 1e-10 {
                    return None;
                }
            };
            let moved =
                next_weights.iter().zip(&weights).any(|(new, old)| (new - old).abs() > 1e-14 * old.abs().max(1e-3));
            (weights, at) = (next_weights, next);
            if !moved {
                return Some(weights);
            }
        }
        None
    }

    fn derivatives(&self, weights: &[f64]) -> Derivatives {
        let n = weights.len();
        let blocks = parallel::map_blocks(self.labels.len(), BLOCK, |rows| self.block(weights, rows));
        let mut out = Derivatives { objective: 0.0, gradient: vec![0.0; n], hessian: vec![0.0; n * n] };
        for block in blocks {
            out.objective += block.objective;
            out.gradient.iter_mut().zip(block.gradient).for_each(|(sum, x)| *sum += x);
            out.hessian.iter_mut().zip(block.hessian).for_each(|(sum, x)| *sum += x);
        }
        out.objective *= self.c;
        out.gradient.iter_mut().for_each(|x| *x *= self.c);
        out.hessian.iter_mut().for_each(|x| *x *= self.c);
        // All but the intercept, which is last.
        for (number, weight) in weights.iter().enumerate().take(n - 1) {
            out.objective += 0.5 * weight * weight;
            out.gradient[number] += weight;
            out.hessian[number * n + number] += 1.0;
        }
        out
    }

    fn block(&self, weights: &[f64], rows: std::ops::Range<usize>) -> Derivatives {
        let n = weights.len();
        let mut out = Derivatives { objective: 0.0, gradient: vec![0.0; n], hessian: vec![0.0; n * n] };
        for row in rows {
            let z = &self.rows[row * n..(row + 1) * n];
            let margin: f64 = z.iter().zip(weights).map(|(z, w)| z * w).sum();
            let label = f64::from(self.labels[row]);
            let p = sigmoid(margin);
            // log(1 + e^margin) - y margin, without overflow.
            out.objective += margin.max(0.0) + libm::log1p(libm::exp(-margin.abs())) - label * margin;
            let (slope, curvature) = (p - label, p * (1.0 - p));
            for (i, &zi) in z.iter().enumerate() {
                out.gradient[i] += slope * zi;
                let scaled = curvature * zi;
                out.hessian[i * n..=i * n + i].iter_mut().zip(z).for_each(|(sum, &zj)| *sum += scaled * zj);
            }
        }
        out
    }
}

/// Coefficients per standard deviation, and the intercept last.
struct FittedLogistic {
    names: Vec<String>,
    means: Vec<f64>,
    scales: Vec<f64>,
    weights: Vec<f64>,
}

impl FittedStacker for FittedLogistic {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        let (coefficients, intercept) = self.weights.split_at(self.means.len());
        for (row, out) in rows.axis_iter(Axis(0)).zip(out) {
            let mut margin = intercept[0];
            for (feature, &x) in row.iter().enumerate() {
                margin += coefficients[feature] * ((f64::from(x) - self.means[feature]) / self.scales[feature]);
            }
            *out = sigmoid(margin) as f32;
        }
    }

    fn scale(&self) -> Scale {
        Scale::Probability
    }

    fn importances(&self) -> Vec<Importance> {
        let measures = [("coefficient", &self.weights), ("mean", &self.means), ("scale", &self.scales)];
        let one = |feature: &str, measure, value| Importance { feature: feature.to_owned(), measure, value };
        let mut out = Vec::new();
        for (measure, values) in measures {
            out.extend(self.names.iter().zip(values).map(|(name, &value)| one(name, measure, value)));
        }
        out.extend(self.weights.last().map(|&intercept| one("intercept", "coefficient", intercept)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
