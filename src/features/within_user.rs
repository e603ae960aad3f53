//! A score among the scores of the same user's candidates: models whose scores live on different scales, and users for whom one model is bold, become comparable.

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
        match self {
            Self::Raw => out.extend_from_slice(scores),
            Self::Rank => ranks(scores, out),
            Self::Zscore => zscores(scores, out),
        }
    }
}

/// 0.5 for a single candidate.
fn ranks(scores: &[f32], out: &mut Vec<f32>) {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| scores[a as usize].total_cmp(&scores[b as usize]));
    let n_others = scores.len().saturating_sub(1);
    out.resize(scores.len(), 0.5);
    let mut start = 0;
    while start < order.len() {
        let score = scores[order[start] as usize];
        let n_equal = order[start..].iter().take_while(|&&at| scores[at as usize] == score).count();
        if n_others > 0 {
            let share = (2 * start + n_equal - 1) as f64 / (2 * n_others) as f64;
            order[start..start + n_equal].iter().for_each(|&at| out[at as usize] = share as f32);
        }
        start += n_equal;
    }
}

/// With the population's standard deviation; 0 for constant scores.
fn zscores(scores: &[f32], out: &mut Vec<f32>) {
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
    out.extend(scores.iter().map(|&score| ((f64::from(score) - mean) / sd) as f32));
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
