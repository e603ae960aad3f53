//! A score among the scores of the same user's candidates: models whose scores live on different scales, and users for whom one model is bold, become comparable.

use crate::linalg::ranks;

/// What is done to the scores of one model for one user's candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing.
    Raw,
    /// The share of the other candidates that a score is above, ties half: `score_<model>@rank`.
    Rank,
    /// Less the mean, by the standard deviation: `score_<model>@z`.
    Zscore,
}

/// Every form, in the order of columns.
pub const FORMS: [Form; 3] = [Form::Raw, Form::Rank, Form::Zscore];

impl Form {
    /// What follows the name of the score's column.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Raw => "",
            Self::Rank => "@rank",
            Self::Zscore => "@z",
        }
    }

    /// Writes the form of all scores of one user to `out` (replaced).
    ///
    /// Sums run over the sorted scores, so that the order of the candidates does not change a bit.
    pub fn apply(self, scores: &[f32], out: &mut Vec<f32>) {
        out.clear();
        if self == Self::Raw {
            return out.extend_from_slice(scores);
        }
        let mut exact = Vec::new();
        self.apply_exactly(scores, &mut exact);
        out.extend(exact.iter().map(|&score| score as f32));
    }

    /// The same before it is rounded, for those who go on reckoning.
    pub fn apply_exactly(self, scores: &[f32], out: &mut Vec<f64>) {
        match self {
            Self::Raw => {
                out.clear();
                out.extend(scores.iter().map(|&score| f64::from(score)));
            }
            Self::Rank => {
                ranks(scores, out);
                let n = scores.len() as f64;
                // 0.5 for a single candidate.
                out.iter_mut().for_each(|rank| *rank = if n > 1.0 { (n - *rank) / (n - 1.0) } else { 0.5 });
            }
            Self::Zscore => zscores(scores, out),
        }
    }
}

/// With the population's standard deviation; 0 for constant scores.
fn zscores(scores: &[f32], out: &mut Vec<f64>) {
    out.clear();
    let mut sorted: Vec<f32> = scores.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    // Compared as they are: however close to constant the scores are, they say something.
    if sorted.first() == sorted.last() {
        out.resize(scores.len(), 0.0);
        return;
    }
    let n = sorted.len() as f64;
    let mean = sorted.iter().map(|&score| f64::from(score)).sum::<f64>() / n;
    let variance = sorted.iter().map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>() / n;
    let sd = variance.sqrt();
    out.extend(scores.iter().map(|&score| (f64::from(score) - mean) / sd));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(form: Form, scores: &[f32]) -> Vec<f32> {
        let mut out = vec![7.0];
        form.apply(scores, &mut out);
        out
    }

    #[test]
    fn ranks_share_ties() {
        assert_eq!(form(Form::Rank, &[1.0, 5.0, 1.0]), [0.25, 1.0, 0.25]);
        assert_eq!(form(Form::Rank, &[0.0, -0.0]), [0.5, 0.5]);
        assert_eq!(form(Form::Rank, &[7.0]), [0.5]);
        assert_eq!(form(Form::Rank, &[]), [0.0; 0]);
    }

    #[test]
    fn a_score_that_differs_in_one_bit_is_not_constant() {
        let mut scores = vec![4.0_f32; 20_000];
        scores[7] = 4.0_f32.next_up();
        let out = form(Form::Zscore, &scores);
        // One of n stands out: its z-score is sqrt(n - 1), that of the others -1 / sqrt(n - 1).
        let expected = 19_999.0_f64.sqrt();
        assert!((f64::from(out[7]) / expected - 1.0).abs() < 1e-3, "{} {expected}", out[7]);
        assert!((f64::from(out[0]) * expected + 1.0).abs() < 1e-3, "{}", out[0]);
    }

    #[test]
    fn zscores_have_mean_0_and_deviation_1_and_a_constant_says_nothing() {
        assert_eq!(form(Form::Zscore, &[1.0, 3.0]), [-1.0, 1.0]);
        assert_eq!(form(Form::Zscore, &[0.1, 0.1, 0.1]), [0.0; 3]);
    }

    #[test]
    fn the_order_of_candidates_changes_no_bit() {
        let scores = [0.1_f32, 7.3, -2.2, 0.1, 5.5];
        let backwards: Vec<f32> = scores.iter().rev().copied().collect();
        for kind in FORMS {
            let mut turned = form(kind, &backwards);
            turned.reverse();
            assert_eq!(form(kind, &scores), turned, "{kind:?}");
        }
    }
}
