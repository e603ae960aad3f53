//! Averages of scores: no labels, no learning, and hard to beat.

use super::{FittedStacker, MetaRows, Stacker};
use crate::dataset::Scale;
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use ndarray::{ArrayView1, ArrayView2, Axis};

crate::choices! {
    /// What is done to each column before it is averaged, within the candidates of one user.
    pub enum ScoreScale {
        Raw = "raw", "nothing";
        Zscore = "zscore", "less the mean, by the standard deviation";
        Rank = "rank", "the share of the other candidates that it is above";
    }
}

crate::options! {
    /// Mean of the columns.
    pub struct Average {
        /// What is done to each column before, within the candidates of one user.
        pub scale: ScoreScale = ScoreScale::Raw;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn Stacker> = Kind {
    name: "average",
    about: "mean of the columns, learned from nothing",
    read: |reader: &Reader<'_>| Box::new(Average::read(reader)),
    options: Average::describe,
};

impl Stacker for Average {
    fn fit(&self, _rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        Ok(Box::new(FittedAverage { scale: self.scale }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn needs_meta(&self) -> bool {
        false
    }

    fn default_features(&self) -> &'static [&'static str] {
        &["score_*"]
    }
}

/// Nothing was learned; the scale is all there is.
struct FittedAverage {
    scale: ScoreScale,
}

impl FittedStacker for FittedAverage {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        let mut sums = vec![0.0_f64; out.len()];
        for column in rows.axis_iter(Axis(1)) {
            match self.scale {
                ScoreScale::Raw => sums.iter_mut().zip(column).for_each(|(sum, &score)| *sum += f64::from(score)),
                ScoreScale::Zscore => add_zscores(column, &mut sums),
                ScoreScale::Rank => add_ranks(column, &mut sums),
            }
        }
        let n = rows.ncols().max(1) as f64;
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = (sum / n) as f32);
    }

    /// The mean of scores on different scales has none; that of predicted ratings alone is not known to be one here.
    fn scale(&self) -> Scale {
        Scale::Order
    }
}

/// Adds `(x - mean) / sd`, with the population's standard deviation; a constant column adds 0. Sums run over the sorted column, so that the order of the candidates
/// does not change a bit.
fn add_zscores(column: ArrayView1<'_, f32>, sums: &mut [f64]) {
    let mut sorted: Vec<f32> = column.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    // Compared as they are: however close to constant a column is, it says something. There is nothing to add for no candidates either.
    if sorted.first() == sorted.last() {
        return;
    }
    let n = sorted.len() as f64;
    let mean = sorted.iter().map(|&score| f64::from(score)).sum::<f64>() / n;
    let variance = sorted.iter().map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>() / n;
    let sd = variance.sqrt();
    sums.iter_mut().zip(column).for_each(|(sum, &score)| *sum += (f64::from(score) - mean) / sd);
}

/// Adds the share of the other candidates that a score is above, ties half; 0.5 for a single candidate.
fn add_ranks(column: ArrayView1<'_, f32>, sums: &mut [f64]) {
    let mut sorted: Vec<f32> = column.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let n_others = sorted.len().saturating_sub(1);
    for (sum, &score) in sums.iter_mut().zip(column) {
        let n_below = sorted.partition_point(|&other| other < score);
        let n_equal = sorted.partition_point(|&other| other <= score) - n_below;
        let half_wins = 2 * n_below + n_equal.saturating_sub(1);
        *sum += if n_others == 0 { 0.5 } else { half_wins as f64 / (2 * n_others) as f64 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn scores(scale: ScoreScale, rows: &ndarray::Array2<f32>) -> Vec<f32> {
        let mut out = vec![0.0; rows.nrows()];
        FittedAverage { scale }.score(rows.view(), &mut out);
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
    fn a_column_that_differs_in_one_bit_of_one_candidate_is_not_constant() {
        let mut rows = ndarray::Array2::from_elem((20_000, 1), 4.0_f32);
        rows[[7, 0]] = 4.0_f32.next_up();
        let out = scores(ScoreScale::Zscore, &rows);
        // One of n stands out: its z-score is sqrt(n - 1), that of the others -1 / sqrt(n - 1).
        let expected = 19_999.0_f64.sqrt();
        assert!((f64::from(out[7]) / expected - 1.0).abs() < 1e-3, "{} {expected}", out[7]);
        assert!((f64::from(out[0]) * expected + 1.0).abs() < 1e-3, "{}", out[0]);
    }

    #[test]
    fn ranks_share_ties() {
        // 5 is above both others; the two 1s are above half of each other.
        assert_eq!(scores(ScoreScale::Rank, &array![[1.0], [5.0], [1.0]]), [0.25, 1.0, 0.25]);
        assert_eq!(scores(ScoreScale::Rank, &array![[7.0]]), [0.5]);
    }
}
