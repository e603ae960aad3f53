//! Features cut into at most 255 bins each, once, before the first tree.
//!
//! A feature with no more distinct values than bins is cut at the midpoints between neighbors: splitting its bins is then the same as splitting its values.
//! Otherwise bins hold about equally many rows, and a value that alone fills a bin gets one.

use rayon::prelude::*;

/// Rows binned per parallel block.
const BLOCK: usize = 16 * 1024;

/// Where each feature is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Cuts(Vec<FeatureCuts>);

/// The bins of one feature.
#[derive(Debug, Clone, Default, PartialEq)]
struct FeatureCuts {
    /// Smallest and largest value of each bin.
    bins: Vec<[f32; 2]>,
    /// Between each two bins, ascending.
    cuts: Vec<f32>,
}

/// Features as bin numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Binned {
    /// `[n_rows × n_features]`, row-major: one leaf's pass over its rows touches one cache line per row. Bin b holds `cuts[b-1] < x <= cuts[b]`.
    pub bins: Vec<u8>,
    /// Columns.
    pub n_features: usize,
}

impl Cuts {
    /// Cuts of each column of `features` `[n_rows × n_features]`, row-major: at most `max_bins - 1` of them, strictly ascending.
    ///
    /// - `max_bins`: `2..=255`; anything else is taken as the nearest of these.
    /// - Cost: one sort per feature, in parallel over features.
    pub fn of(features: &[f32], n_features: usize, max_bins: usize) -> Self {
        let column = |feature: usize| {
            let mut values: Vec<f32> =
                features.iter().skip(feature).step_by(n_features.max(1)).map(|&x| x + 0.0).collect();
            values.sort_unstable_by(f32::total_cmp);
            cuts(&values, max_bins.clamp(2, 255))
        };
        Self((0..n_features).into_par_iter().map(column).collect())
    }

    /// The cuts of one feature, ascending: rows with `x <= cuts[b]` and not `x <= cuts[b-1]` are in bin b.
    pub fn feature(&self, feature: usize) -> &[f32] {
        &self.0[feature].cuts
    }

    /// Where to split rows whose values lie in bins up to `left` and from `right` on, none between: the midpoint of the nearest values, as in exact
    /// splitting. A value `x` belongs to the left if `x <= threshold`.
    pub fn threshold(&self, feature: usize, left: u8, right: u8) -> f32 {
        let bins = &self.0[feature].bins;
        midpoint(bins[usize::from(left)][1], bins[usize::from(right)][0])
    }

    /// The cuts of some features, in the order given.
    pub fn of_columns(&self, columns: &[u16]) -> Self {
        Self(columns.iter().map(|&column| self.0[usize::from(column)].clone()).collect())
    }

    /// How many features there are.
    pub fn n_features(&self) -> usize {
        self.0.len()
    }

    /// The bin of every value of `features` `[n_rows × n_features]`, row-major.
    pub fn bin(&self, features: &[f32]) -> Binned {
        let n_features = self.n_features();
        let mut bins = vec![0_u8; features.len()];
        let width = (n_features * BLOCK).max(1);
        bins.par_chunks_mut(width).zip(features.par_chunks(width)).for_each(|(bins, features)| {
            for (bins, row) in bins.chunks_mut(n_features.max(1)).zip(features.chunks(n_features.max(1))) {
                for ((bin, feature), &x) in bins.iter_mut().zip(&self.0).zip(row) {
                    // At most 254 cuts, so at most 254.
                    *bin = feature.cuts.partition_point(|&cut| cut < x) as u8;
                }
            }
        });
        Binned { bins, n_features }
    }
}

/// Cuts of one feature whose values are sorted.
fn cuts(sorted: &[f32], max_bins: usize) -> FeatureCuts {
    let runs = || sorted.chunk_by(|a, b| a == b);
    let few = runs().take(max_bins + 1).count() <= max_bins;
    // The rows that are left are shared evenly among the bins that are left; a bin closes where that brings its size nearest to its share.
    let (mut rows_left, mut in_bin, mut lowest) = (sorted.len(), 0, sorted.first().copied().unwrap_or(0.0));
    let mut out = FeatureCuts::default();
    for (low, high) in runs().zip(runs().skip(1)) {
        in_bin += low.len();
        let bins_left = max_bins - out.cuts.len();
        let is_full = in_bin as f64 + 0.5 * high.len() as f64 > rows_left as f64 / bins_left as f64;
        if few || (is_full && bins_left > 1) {
            out.bins.push([lowest, low[0]]);
            out.cuts.push(midpoint(low[0], high[0]));
            lowest = high[0];
            rows_left -= in_bin;
            in_bin = 0;
        }
    }
    out.bins.push([lowest, sorted.last().copied().unwrap_or(0.0)]);
    out
}

/// A number `m` with `low <= m < high`, half way where f32 has one there.
fn midpoint(low: f32, high: f32) -> f32 {
    let middle = 0.5 * low + 0.5 * high;
    if middle < high && middle >= low { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_cut_at_their_midpoints() {
        let cuts = Cuts::of(&[3.0, 1.0, 1.0, 2.0, 7.0], 1, 255);
        assert_eq!(cuts.feature(0), [1.5, 2.5, 5.0]);
        assert_eq!(cuts.bin(&[3.0, 1.0, 2.0, 7.0, 2.5, 2.6, -9.0, 99.0]).bins, [2, 0, 1, 3, 1, 2, 0, 3]);
    }

    #[test]
    fn many_values_are_cut_into_bins_of_equal_size() {
        let features: Vec<f32> = (0..1000).map(|i| ((i * 389) % 1000) as f32).collect();
        let cuts = Cuts::of(&features, 1, 10);
        assert_eq!(cuts.feature(0), [99.5, 199.5, 299.5, 399.5, 499.5, 599.5, 699.5, 799.5, 899.5]);
        assert_eq!(Cuts::of(&features, 1, 255).feature(0).len(), 254);
    }

    #[test]
    fn a_frequent_value_has_a_bin_of_its_own_and_takes_no_share_from_others() {
        let mut features = vec![500.25_f32; 9000];
        features.extend((0..1000).map(|i| i as f32));
        let cuts = Cuts::of(&features, 1, 11);
        let bins = cuts.bin(&[500.0, 500.25, 501.0]).bins;
        assert!(bins[0] < bins[1] && bins[1] < bins[2], "{bins:?} {cuts:?}");
        assert!(cuts.feature(0).len() <= 10);
    }

    #[test]
    fn neighboring_floats_are_told_apart_and_constants_are_not_cut() {
        let next = f32::from_bits(1_f32.to_bits() + 1);
        let cuts = Cuts::of(&[1.0, 5.0, next, 5.0], 2, 255);
        assert_eq!((cuts.feature(0), cuts.feature(1)), (&[1.0][..], &[][..]));
        assert_eq!(cuts.bin(&[1.0, 5.0, next, 5.0]).bins, [0, 0, 1, 0]);
        assert_eq!(Cuts::of(&[f32::MIN, f32::MAX], 1, 255).feature(0), [0.0]);
        assert_eq!(Cuts::of(&[-0.0, 0.0], 1, 255).feature(0), [] as [f32; 0]);
    }

    #[test]
    fn a_threshold_lies_half_way_between_the_nearest_values_on_both_sides() {
        let cuts = Cuts::of(&[1.0, 2.0, 4.0, 8.0], 1, 255);
        assert_eq!((cuts.threshold(0, 0, 1), cuts.threshold(0, 0, 2), cuts.threshold(0, 1, 3)), (1.5, 2.5, 5.0));
        let halves = Cuts::of(&[1.0, 2.0, 4.0, 8.0], 1, 2);
        assert_eq!((halves.feature(0), halves.threshold(0, 0, 1)), (&[3.0][..], 3.0));
    }

    #[test]
    fn cuts_ascend_whatever_the_values() {
        let mut rng = crate::rng::stream(5, "test", 0);
        for max_bins in [2, 3, 17, 255] {
            let features: Vec<f32> = (0..3000).map(|_| crate::rng::normal(&mut rng).powi(3) as f32).collect();
            let cuts = Cuts::of(&features, 1, max_bins);
            assert_eq!(cuts.feature(0).len(), max_bins - 1);
            assert!(cuts.feature(0).windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(Cuts::of(&[], 0, 255).n_features(), 0);
        assert_eq!(Cuts::of(&[], 3, 255).n_features(), 3);
    }
}
