//! What the linear stackers share: standardized columns, and coefficients one can read.

use super::Importance;
use ndarray::{ArrayView2, s};

/// Where each column lies and how wide it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    /// Means, `[n_columns]`.
    pub means: Vec<f64>,
    /// Population standard deviations; 1 for a constant column, whose coefficient then becomes 0.
    pub scales: Vec<f64>,
}

impl Standard {
    /// Takes the first `n_columns` columns of `rows` `[n_rows × width]`, row-major, to mean 0 and deviation 1.
    pub fn take(rows: &mut [f64], width: usize, n_columns: usize) -> Self {
        let n_rows = rows.len().checked_div(width).unwrap_or(0) as f64;
        let mut out = Self { means: Vec::new(), scales: Vec::new() };
        for column in 0..n_columns {
            let values = || rows.iter().skip(column).step_by(width);
            let mean = values().sum::<f64>() / n_rows;
            let variance = values().map(|&x| (x - mean).powi(2)).sum::<f64>() / n_rows;
            let sd = variance.sqrt();
            let scale = if sd > 1e-12 * mean.abs() && sd > 0.0 { sd } else { 1.0 };
            rows.iter_mut().skip(column).step_by(width).for_each(|x| *x = (*x - mean) / scale);
            out.means.push(mean);
            out.scales.push(scale);
        }
        out
    }
}

/// Rows that are summed side by side.
const BLOCK: usize = 256;

/// A fitted linear function of standardized columns.
pub struct Linear {
    /// Names of the columns.
    pub names: Vec<String>,
    /// How they were standardized.
    pub standard: Standard,
    /// Coefficients per standard deviation, `[n_columns]`.
    pub coefficients: Vec<f64>,
    /// What is added.
    pub intercept: f64,
}

impl Linear {
    /// Writes the function's value of each row, seen through `link`, which is given the values of some rows. A row's sum runs in the order of the columns,
    /// side by side with those of other rows, because columns lie together.
    pub fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32], link: impl Fn(&mut [f64])) {
        let mut buffer = [0.0; BLOCK];
        for (number, out) in out.chunks_mut(BLOCK).enumerate() {
            let sums = &mut buffer[..out.len()];
            let start = number * BLOCK;
            let rows = rows.slice(s![start..start + out.len(), ..]);
            sums.fill(self.intercept);
            for (feature, column) in rows.columns().into_iter().enumerate() {
                let part = |x: f32| {
                    self.coefficients[feature]
                        * ((f64::from(x) - self.standard.means[feature]) / self.standard.scales[feature])
                };
                match column.as_slice() {
                    Some(column) => sums.iter_mut().zip(column).for_each(|(sum, &x)| *sum += part(x)),
                    None => sums.iter_mut().zip(column).for_each(|(sum, &x)| *sum += part(x)),
                }
            }
            link(sums);
            out.iter_mut().zip(&*sums).for_each(|(out, &sum)| *out = finite(sum));
        }
    }

    /// Coefficient, mean and deviation of each column.
    pub fn importances(&self) -> Vec<Importance> {
        let Standard { means, scales } = &self.standard;
        let measures = [("coefficient", &self.coefficients), ("mean", means), ("scale", scales)];
        let of = |(measure, values): (&'static str, &Vec<f64>)| {
            let one = move |(name, &value): (&String, &f64)| Importance { feature: name.clone(), measure, value };
            self.names.iter().zip(values).map(one).collect::<Vec<Importance>>()
        };
        measures.into_iter().flat_map(of).collect()
    }
}

/// The nearest finite `f32`.
pub fn finite(score: f64) -> f32 {
    score.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_mean_0_and_deviation_1_and_a_constant_0() {
        let mut rows = [1.0, 5.0, 9.0, 3.0, 5.0, 8.0];
        let standard = Standard::take(&mut rows, 3, 2);
        assert_eq!(rows, [-1.0, 0.0, 9.0, 1.0, 0.0, 8.0]);
        assert_eq!(standard, Standard { means: vec![2.0, 5.0], scales: vec![1.0, 1.0] });
        assert_eq!(Standard::take(&mut [], 3, 2).scales, [1.0, 1.0]);
    }

    #[test]
    fn a_score_is_the_sum_of_its_parts() {
        let standard = Standard { means: vec![2.0, 0.0], scales: vec![4.0, 1.0] };
        let names = vec!["a".to_owned(), "b".to_owned()];
        let linear = Linear { names, standard, coefficients: vec![3.0, -1.0], intercept: 0.5 };
        let mut out = [0.0; 2];
        // 0.5 + 3 (6 - 2) / 4 - 1 = 2.5
        linear.score(ndarray::array![[6.0, 1.0], [2.0, 0.0]].view(), &mut out, |_| ());
        assert_eq!(out, [2.5, 0.5]);
        assert_eq!([1e300, -1e300, 0.25].map(finite), [f32::MAX, f32::MIN, 0.25]);
    }

    #[test]
    fn a_score_does_not_depend_on_the_layout_of_rows() {
        let standard = Standard { means: vec![0.3, -1.0, 7.0], scales: vec![0.7, 3.0, 1.0] };
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let linear = Linear { names, standard, coefficients: vec![0.1, -0.2, 0.3], intercept: 0.4 };
        // More rows than are summed side by side, and one more.
        let value = |(row, column): (usize, usize)| ((row * 31 + column * 17) % 101) as f32 / 7.0;
        let rows = ndarray::Array2::from_shape_fn((2 * BLOCK + 1, 3), value);
        let columns = rows.t().as_standard_layout().into_owned();
        let (mut by_row, mut by_column) = (vec![0.0; rows.nrows()], vec![0.0; rows.nrows()]);
        linear.score(rows.view(), &mut by_row, |_| ());
        linear.score(columns.t(), &mut by_column, |_| ());
        assert_eq!(by_row, by_column);
        let of_row = |row: usize| {
            let part = |at: usize| {
                linear.coefficients[at]
                    * ((f64::from(rows[[row, at]]) - linear.standard.means[at]) / linear.standard.scales[at])
            };
            (0..3).fold(linear.intercept, |sum, at| sum + part(at)) as f32
        };
        assert_eq!(by_row, (0..rows.nrows()).map(of_row).collect::<Vec<f32>>());
    }
}
