//! CUPED: what is known of a unit before an experiment takes away noise that the experiment did not make.

use super::t_test::Moments;

/// Values of the units of both groups, adjusted by a covariate from before the experiment.
///
/// `y' = y − θ (x − x̄)`, `θ = Cov(x, y) / Var(x)` over all units of both groups: the mean stays, the variance falls by the share ρ².
///
/// - `values`, `covariate`: `[n]` each, both groups together. Returns the adjusted values and ρ²; `None` when either does not vary.
/// - Source: Deng, Xu, Kohavi & Walker (2013).
pub fn cuped(values: &[f64], covariate: &[f64]) -> Option<(Vec<f64>, f64)> {
    let (y, x) = (Moments::of(values.iter().copied())?, Moments::of(covariate.iter().copied())?);
    if values.len() != covariate.len() || x.variance <= 0.0 || y.variance <= 0.0 {
        return None;
    }
    let products = values.iter().zip(covariate).map(|(value, known)| (value - y.mean) * (known - x.mean));
    let covariance = products.sum::<f64>() / (x.n - 1) as f64;
    let theta = covariance / x.variance;
    let adjusted = values.iter().zip(covariate).map(|(value, known)| value - theta * (known - x.mean)).collect();
    Some((adjusted, (covariance * covariance / (x.variance * y.variance)).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_stays_and_the_variance_falls_by_the_squared_correlation() {
        // x̄ = 2.5, ȳ = 5, Cov = 10/3 / … : by hand Σxy' = 8, Var(x) = 5/3, θ = (8/3) / (5/3) = 1.6.
        let (y, x) = ([3.0, 4.0, 5.0, 8.0], [1.0, 2.0, 3.0, 4.0]);
        let (adjusted, share) = cuped(&y, &x).unwrap();
        let (before, after) = (Moments::of(y.into_iter()).unwrap(), Moments::of(adjusted.iter().copied()).unwrap());
        assert!((before.mean - after.mean).abs() < 1e-12);
        assert!((after.variance - before.variance * (1.0 - share)).abs() < 1e-12);
        assert!((adjusted[0] - (3.0 + 1.6 * 1.5)).abs() < 1e-12, "{adjusted:?}");
    }

    #[test]
    fn a_covariate_that_does_not_vary_is_of_no_use() {
        assert_eq!(cuped(&[1.0, 2.0], &[3.0, 3.0]), None);
        assert_eq!(cuped(&[1.0, 1.0], &[3.0, 4.0]), None);
    }
}
