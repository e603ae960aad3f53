//! Fusion of rankings: only the order in each column counts, not how far its scores lie apart, and nothing is learned.
//!
//! Reciprocal ranks listen to whoever puts an item near the top; Borda counts listen to all places alike, and order as `average` with `scale = "rank"` does.

use super::{FittedStacker, MetaRows, Stacker, linear};
use crate::dataset::Scale;
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg;
use ndarray::{ArrayView2, Axis};

crate::choices! {
    /// What a rank is worth, r from 1 among a user's n candidates; equal scores share the mean of their ranks.
    pub enum Method {
        ReciprocalRank = "rrf", "1 / (rrf_k + r)";
        Borda = "borda", "n - r: the candidates below";
    }
}

crate::options! {
    /// Sum over the columns of what an item's rank in each is worth. Source: Cormack, Clarke & Büttcher (2009); Borda count: Aslam & Montague (2001).
    pub struct RankFusion {
        /// What a rank is worth.
        pub method: Method = Method::ReciprocalRank;
        /// Ranks below it count little: the larger, the less the first places stand out.
        pub rrf_k: f64 = 60.0, in 0.0..=1e6;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn Stacker> = Kind {
    name: "rank-fusion",
    about: "sum of reciprocal ranks or Borda counts over the columns, learned from nothing",
    read: |reader: &Reader<'_>| {
        let options = RankFusion::read(reader);
        if options.method == Method::Borda && reader.entry("rrf_k").is_some() {
            let help = "leave rrf_k out, or choose method = \"rrf\"";
            reader.refuse_key("rrf_k", "Borda counts have no rrf_k".into(), Some(help.into()));
        }
        Box::new(options)
    },
    options: RankFusion::describe,
};

impl Stacker for RankFusion {
    fn fit(&self, _rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        Ok(Box::new(self.clone()))
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

/// Nothing was learned: the options are all there is.
impl FittedStacker for RankFusion {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        let n = out.len() as f64;
        let mut sums = vec![0.0_f64; out.len()];
        let (mut column, mut ranks) = (Vec::new(), Vec::new());
        for cells in rows.axis_iter(Axis(1)) {
            column.clear();
            column.extend(cells);
            linalg::ranks(&column, &mut ranks);
            let worth = |rank: f64| match self.method {
                Method::ReciprocalRank => 1.0 / (self.rrf_k + rank),
                Method::Borda => n - rank,
            };
            sums.iter_mut().zip(&ranks).for_each(|(sum, &rank)| *sum += worth(rank));
        }
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = linear::finite(sum));
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn scores(options: &RankFusion, rows: &ndarray::Array2<f32>) -> Vec<f32> {
        let mut out = vec![0.0; rows.nrows()];
        options.score(rows.view(), &mut out);
        out
    }

    #[test]
    fn reciprocal_ranks_are_summed() {
        // Ranks in the first column 1, 2, 3; in the second 2.5, 1, 2.5.
        let rows = array![[9.0, 0.0], [8.0, 5.0], [7.0, 0.0]];
        let out = scores(&RankFusion::default(), &rows);
        let expected = [1.0 / 61.0 + 1.0 / 62.5, 1.0 / 62.0 + 1.0 / 61.0, 1.0 / 63.0 + 1.0 / 62.5];
        assert_eq!(out, expected.map(|x: f64| x as f32));
        // At 0: 1 + 1/2.5, 1/2 + 1, 1/3 + 1/2.5.
        let steep = scores(&RankFusion { rrf_k: 0.0, ..RankFusion::default() }, &rows);
        assert_eq!(steep, [1.4, 1.5, 1.0 / 3.0 + 0.4].map(|x: f64| x as f32));
    }

    #[test]
    fn a_borda_count_is_the_number_of_candidates_below_ties_half() {
        let rows = array![[9.0, 0.0], [8.0, 5.0], [7.0, 0.0]];
        let borda = RankFusion { method: Method::Borda, ..RankFusion::default() };
        assert_eq!(scores(&borda, &rows), [2.5, 3.0, 0.5]);
        assert_eq!(scores(&borda, &array![[1.0, 2.0]]), [0.0]);
        assert_eq!(scores(&RankFusion::default(), &ndarray::Array2::zeros((0, 2))), [0.0; 0]);
    }

    #[test]
    fn only_the_order_within_a_column_counts() {
        let rows = array![[0.1, 3.0], [0.2, 2.0], [0.9, 1.0]];
        let cubed = rows.mapv(|x: f32| x.powi(3) * 1e6);
        for method in [Method::ReciprocalRank, Method::Borda] {
            let options = RankFusion { method, ..RankFusion::default() };
            assert_eq!(scores(&options, &rows), scores(&options, &cubed));
        }
    }
}
