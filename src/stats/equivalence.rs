//! Equivalence: is a difference so small that it does not matter? Two one-sided tests.

use super::student;
use super::t_test::Moments;

/// Two one-sided t tests of a mean difference against ± margin.
///
/// `p = max(P(T > (mean + margin)/se), P(T < (mean − margin)/se))`, `df = n − 1`: small when the mean is shown to lie within the margin.
///
/// - `margin`: in the units of the differences, positive. Without variance the answer is certain: 0 or 1.
/// - Returns the p-value; `None` below two values.
/// - Source: Schuirmann (1987); fixed by `tests/golden/statistics/`, key `tost`.
pub fn tost(differences: &[f64], margin: f64) -> Option<f64> {
    let moments = Moments::of(differences.iter().copied())?;
    let standard_error = (moments.variance / moments.n as f64).sqrt();
    if standard_error > 0.0 {
        let df = (moments.n - 1) as f64;
        let above = student::upper_tail((moments.mean + margin) / standard_error, df);
        let below = student::upper_tail((margin - moments.mean) / standard_error, df);
        return Some(above.max(below));
    }
    Some(if moments.mean.abs() < margin { 0.0 } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{STUDIES, close_p, differences, study};

    #[test]
    fn agrees_with_statsmodels() {
        let mut n_margins = 0;
        for name in STUDIES {
            let (values, golden) = (differences(name), study(name));
            for (key, answer) in golden["tost"].as_object().unwrap() {
                let margin = key.trim_start_matches("margin_").parse().unwrap();
                close_p(tost(&values, margin).unwrap(), &answer["p"], 1e-9);
                n_margins += 1;
            }
        }
        assert!(n_margins >= 12);
    }

    #[test]
    fn without_variance_the_answer_is_certain() {
        assert_eq!(tost(&[0.0; 20], 0.005), Some(0.0));
        assert_eq!(tost(&[0.1; 20], 0.005), Some(1.0));
        assert_eq!(tost(&[0.1], 0.005), None);
    }
}
