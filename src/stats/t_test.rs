//! Student's t tests: of a mean (paired differences), and of two independent means (Welch).

use super::student;

/// A t test with the interval that goes with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// Mean, or difference of means.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// `estimate / standard_error`.
    pub t: f64,
    /// Degrees of freedom; not whole for Welch.
    pub df: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// One-sided p-value for the mean (or difference) being greater than 0.
    pub p_greater: f64,
    /// Ends of the interval.
    pub lower: f64,
    /// See `lower`.
    pub upper: f64,
}

/// Mean and variance (n − 1) of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Number of values.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Variance with n − 1.
    pub variance: f64,
}

impl Moments {
    /// Of at least two values; in two passes, in order, and from the first value on, so that equal values have no variance at all.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let n = values.clone().count();
        if n < 2 {
            return None;
        }
        let first = values.clone().next()?;
        let shift = values.clone().map(|value| value - first).sum::<f64>() / n as f64;
        let squares: f64 = values.map(|value| (value - first) - shift).map(|from_mean| from_mean * from_mean).sum();
        Some(Self { n, mean: first + shift, variance: squares / (n - 1) as f64 })
    }

    /// Standard deviation.
    pub fn sd(&self) -> f64 {
        self.variance.sqrt()
    }
}

/// Tests whether the mean of paired differences is 0.
///
/// `t = mean / (sd / √n)`, `df = n − 1`; interval `mean ± t(level) sd / √n`.
///
/// - Returns `None` below two values or without variance.
/// - Source: Student (1908); fixed by `tests/golden/statistics/`, key `t_test`.
pub fn paired(differences: &[f64], level: f64) -> Option<TTest> {
    let moments = Moments::of(differences.iter().copied())?;
    let standard_error = (moments.variance / moments.n as f64).sqrt();
    test(moments.mean, standard_error, (moments.n - 1) as f64, level)
}

/// Tests whether two independent samples have the same mean: treatment − baseline, variances not assumed equal.
///
/// `df = (v_a/n_a + v_b/n_b)² / ((v_a/n_a)²/(n_a − 1) + (v_b/n_b)²/(n_b − 1))`.
///
/// - Returns `None` without variance in both.
/// - Source: Welch (1947), Satterthwaite (1946).
pub fn welch(baseline: &Moments, treatment: &Moments, level: f64) -> Option<TTest> {
    let (a, b) = (baseline.variance / baseline.n as f64, treatment.variance / treatment.n as f64);
    let df = (a + b) * (a + b) / (a * a / (baseline.n - 1) as f64 + b * b / (treatment.n - 1) as f64);
    test(treatment.mean - baseline.mean, (a + b).sqrt(), df, level)
}

fn test(estimate: f64, standard_error: f64, df: f64, level: f64) -> Option<TTest> {
    if !(standard_error > 0.0 && level > 0.0 && level < 1.0) {
        return None;
    }
    let t = estimate / standard_error;
    let margin = student::quantile(f64::midpoint(1.0, level), df) * standard_error;
    let p = (2.0 * student::upper_tail(t.abs(), df)).min(1.0);
    let p_greater = student::upper_tail(t, df);
    Some(TTest { estimate, standard_error, t, df, p, p_greater, lower: estimate - margin, upper: estimate + margin })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{STUDIES, close, close_p, differences, study};

    #[test]
    fn the_paired_test_agrees_with_scipy_and_statsmodels() {
        for name in STUDIES {
            let (values, golden) = (differences(name), &study(name)["t_test"]);
            let found = paired(&values, 0.95).unwrap();
            close(found.t, &golden["t"], 1e-9);
            close(found.df, &golden["df"], 0.0);
            close_p(found.p, &golden["p_two_sided"], 1e-9);
            close_p(found.p_greater, &golden["p_greater"], 1e-9);
            for (level, key) in [(0.90, "ci90"), (0.95, "ci95"), (0.99, "ci99")] {
                let found = paired(&values, level).unwrap();
                close(found.lower, &golden[key][0], 1e-9);
                close(found.upper, &golden[key][1], 1e-9);
            }
        }
    }

    #[test]
    fn welch_of_two_small_samples() {
        // Means 2 and 4, variances 1 and 4, n = 3 and 3: se = √(1/3 + 4/3) = 1.29099, t = 1.54919,
        // df = (5/3)² / ((1/9 + 16/9) / 2) = 2.94118.
        let a = Moments::of([1.0, 2.0, 3.0].into_iter()).unwrap();
        let b = Moments::of([2.0, 4.0, 6.0].into_iter()).unwrap();
        let found = welch(&a, &b, 0.95).unwrap();
        assert!((found.t - 1.549_193_338_482_967).abs() < 1e-12 && (found.df - 2.941_176_470_588_235).abs() < 1e-12);
        // SciPy 1.15: ttest_ind(equal_var=False) gives p = 0.2209.
        assert!((found.p - 0.2209).abs() < 5e-4, "{}", found.p);
    }

    #[test]
    fn without_variance_there_is_no_test() {
        assert_eq!(paired(&[0.5; 9], 0.95), None);
        assert_eq!(paired(&[0.5], 0.95), None);
        assert_eq!(paired(&[], 0.95), None);
    }

    #[test]
    fn swapping_sides_negates_and_keeps_p() {
        let (values, swapped) = ([0.3, -0.1, 0.4, 0.2], [-0.3, 0.1, -0.4, -0.2]);
        let (a, b) = (paired(&values, 0.9).unwrap(), paired(&swapped, 0.9).unwrap());
        assert_eq!((a.estimate, a.lower, a.upper, a.p), (-b.estimate, -b.upper, -b.lower, b.p));
    }
}
