//! The best split of one leaf, read off its histogram.

use super::SplitGain;
use super::binning::Cuts;
use super::fixed_point::{Cell, Sums, Units};
use super::histogram::FeatureCells;

/// A gain below this share of the parent's own term is rounding, not information.
const LEAST_GAIN: f64 = 1e-12;

/// What makes a split good and what makes it allowed.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What it is judged by.
    pub gain: SplitGain,
    /// L2 penalty; used by [`SplitGain::Newton`].
    pub reg: f64,
    /// Rows on each side at least.
    pub min_leaf: usize,
}

/// A split: rows in bins up to `left_bin` go left; `right_bin` is the first bin of the leaf's other rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Column.
    pub feature: u16,
    /// Last bin of the left rows.
    pub left_bin: u8,
    /// First bin of the right rows.
    pub right_bin: u8,
    /// What it gains, more than 0.
    pub gain: f64,
    /// Sums of the left rows.
    pub left: Cell,
}

impl Rule {
    /// The split of a leaf with the largest gain, if any gains anything; of equal ones that of the lowest feature, then of the lowest bin.
    ///
    /// `gain = G_L² / W_L + G_R² / W_R - G² / W` with sums of gradients `G`. `W` is the number of rows for `friedman`, which makes the gain the variance removed
    /// (Friedman 2001, eq. 35), and the sum of Hessians plus `reg` for `newton` (Chen & Guestrin 2016, eq. 7, without the factor ½).
    ///
    /// - `cells`: `[n_features]`, the leaf's histogram. `total`: the sums of all its rows.
    /// - Cost: O(bins), no allocation; a bin without rows costs no division.
    pub fn best(&self, cells: &[FeatureCells], cuts: &Cuts, total: Cell, units: Units) -> Option<Split> {
        match self.gain {
            SplitGain::Friedman => self.search(cells, cuts, total, units, |sums| sums.n_rows),
            SplitGain::Newton => self.search(cells, cuts, total, units, |sums| sums.hessian + self.reg),
        }
    }

    fn search(
        &self,
        cells: &[FeatureCells],
        cuts: &Cuts,
        total: Cell,
        units: Units,
        weight: impl Fn(Sums) -> f64 + Copy,
    ) -> Option<Split> {
        let all = units.sums(total);
        let parent = all.gradient * all.gradient / weight(all);
        let min_rows = self.min_leaf.max(1) as f64;
        // Also refuses a parent without weight: its term is not a number, or infinite.
        let mut best_children = parent + parent * LEAST_GAIN;
        let mut best = None;
        for (feature, cells) in cells.iter().enumerate() {
            let mut left = [0; 2];
            for (bin, cell) in cells[..cuts.feature(feature).len()].iter().enumerate() {
                if cell[1] == 0 {
                    continue;
                }
                left = [left[0] + cell[0], left[1] + cell[1]];
                let low = units.sums(left);
                let high = units.sums([total[0] - left[0], total[1] - left[1]]);
                if high.n_rows < min_rows {
                    break;
                }
                let (low_weight, high_weight) = (weight(low), weight(high));
                let enough = (low.n_rows >= min_rows) & (low_weight > 0.0) & (high_weight > 0.0);
                // One division: a/b + c/d = (a d + c b) / (b d).
                let children = (low.gradient * low.gradient * high_weight + high.gradient * high.gradient * low_weight)
                    / (low_weight * high_weight);
                if enough && children > best_children {
                    best_children = children;
                    best = Some((feature, bin, left));
                }
            }
        }
        best.map(|(feature, bin, left)| Split {
            // Features are counted in 16 bits and bins in 8: checked where a fit begins.
            feature: feature as u16,
            left_bin: bin as u8,
            right_bin: next_bin(&cells[feature], bin),
            gain: best_children - parent,
            left,
        })
    }
}

/// The first bin after `bin` that has rows.
fn next_bin(cells: &FeatureCells, bin: usize) -> u8 {
    let after = cells.iter().enumerate().skip(bin + 1).find(|(_, cell)| cell[1] != 0);
    after.map_or(bin, |(next, _)| next) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::Derivatives;
    use crate::gbdt::fixed_point::FixedPoint;
    use crate::gbdt::histogram::Histograms;

    const RULE: Rule = Rule { gain: SplitGain::Friedman, reg: 0.0, min_leaf: 1 };

    fn best(rule: Rule, features: &[f32], n_features: usize, derivatives: &[Derivatives]) -> Option<Split> {
        let cuts = Cuts::of(features, n_features, 255);
        let data = cuts.bin(features);
        let mut fixed = FixedPoint::new(derivatives.len());
        fixed.round(derivatives);
        let mut histograms = Histograms::new(n_features, derivatives.len());
        let slot = histograms.take().unwrap();
        let rows: Vec<u32> = (0..derivatives.len() as u32).collect();
        histograms.build(slot, &data, &fixed, &rows);
        rule.best(histograms.get(slot), &cuts, histograms.total(slot), fixed.units())
    }

    fn gradients(values: &[f64]) -> Vec<Derivatives> {
        values.iter().map(|&gradient| Derivatives { gradient, hessian: 0.25 }).collect()
    }

    #[test]
    fn hand_computed_gains() {
        let features = [1.0, 2.0, 3.0, 4.0];
        let derivatives = gradients(&[1.0, 1.0, -1.0, -0.5]);
        // friedman, cut after 2: 2²/2 + 1.5²/2 - 0.5²/4 = 3.0625; newton with reg 0.5: 2²/1 + 1.5²/1 - 0.5²/1.5 = 6.0833…
        let split = best(RULE, &features, 1, &derivatives).unwrap();
        assert_eq!((split.left_bin, split.right_bin), (1, 2));
        assert!((split.gain - 3.0625).abs() < 1e-8, "{split:?}");
        let newton = Rule { gain: SplitGain::Newton, reg: 0.5, ..RULE };
        let split = best(newton, &features, 1, &derivatives).unwrap();
        assert!((split.gain - (6.25 - 0.25 / 1.5)).abs() < 1e-8, "{split:?}");
    }

    #[test]
    fn each_side_keeps_its_least_number_of_rows() {
        let derivatives = gradients(&[9.0, 1.0, 1.0, 1.0, 1.0]);
        let features = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(best(RULE, &features, 1, &derivatives).unwrap().left_bin, 0);
        assert_eq!(best(Rule { min_leaf: 2, ..RULE }, &features, 1, &derivatives).unwrap().left_bin, 1);
        assert_eq!(best(Rule { min_leaf: 3, ..RULE }, &features, 1, &derivatives), None);
    }

    #[test]
    fn nothing_is_gained_from_constant_features_or_equal_gradients() {
        assert_eq!(best(RULE, &[1.0; 6], 2, &gradients(&[1.0, -1.0, 2.0])), None);
        assert_eq!(best(RULE, &[1.0, 2.0, 3.0], 1, &gradients(&[0.1; 3])), None);
        assert_eq!(best(RULE, &[1.0, 2.0, 3.0], 1, &gradients(&[0.0; 3])), None);
        let flat = [1.0, -1.0, 1.0].map(|gradient| Derivatives { gradient, hessian: 0.0 });
        assert_eq!(best(Rule { gain: SplitGain::Newton, ..RULE }, &[1.0, 2.0, 3.0], 1, &flat), None);
    }

    #[test]
    fn equal_gains_go_to_the_lowest_feature_and_bin() {
        let derivatives = gradients(&[1.0, -1.0, 1.0]);
        let split = best(RULE, &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0], 2, &derivatives).unwrap();
        assert_eq!((split.feature, split.left_bin), (0, 0));
    }
}
