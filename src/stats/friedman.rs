//! Friedman's test: do several arms rank the same on every unit? And Nemenyi's critical difference between their average ranks.

use super::studentized_range;
use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

/// A share of the largest χ² that it may lack and be the largest all the same.
const ALIKE: f64 = 1e-10;

/// Ranks of several arms over many blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Friedman {
    /// Average rank of each arm; 1 is best.
    pub average_ranks: Vec<f64>,
    /// Friedman's statistic, corrected for ties.
    pub chi2: f64,
    /// Its p-value, by χ² with k − 1 degrees of freedom.
    pub p: f64,
    /// Iman and Davenport's F.
    pub f: f64,
    /// Its p-value: less conservative.
    pub f_p: f64,
    /// Blocks.
    pub n_blocks: usize,
}

/// Tests whether arms rank alike.
///
/// `χ² = (12 Σ R_j² / (b k (k+1)) − 3 b (k+1)) / (1 − Σ(t³ − t) / (b k (k² − 1)))`, `F = (b − 1) χ² / (b (k − 1) − χ²)`.
///
/// - `arms`: `[k][b]`, the values of every arm over the same blocks, larger is better; mean ranks for ties.
/// - Returns `None` for fewer than two arms or blocks, or when all values of all blocks tie.
/// - Where all blocks agree on one order, ties in the same places included, `χ² = b (k − 1)` and F is infinite: its p-value is 0, and `f` the largest number.
/// - Source: Friedman (1937), Iman & Davenport (1980); fixed by `tests/golden/statistics/friedman_nemenyi.json`.
pub fn friedman(arms: &[Vec<f64>]) -> Option<Friedman> {
    let (k, b) = (arms.len(), arms.first()?.len());
    if k < 2 || b < 2 || arms.iter().any(|arm| arm.len() != b) {
        return None;
    }
    let mut sums = vec![0.0; k];
    let mut ties = 0.0;
    for block in 0..b {
        for (arm, sum) in sums.iter_mut().enumerate() {
            let own = arms[arm][block];
            let n_better = arms.iter().filter(|other| other[block] > own).count() as f64;
            let n_equal = arms.iter().filter(|other| other[block] == own).count() as f64;
            *sum += n_better + f64::midpoint(n_equal, 1.0);
            // Each member of a tie of t adds t² − 1, all of them t³ − t.
            ties += n_equal * n_equal - 1.0;
        }
    }
    let (k_, b_) = (k as f64, b as f64);
    let correction = 1.0 - ties / (b_ * k_ * (k_ * k_ - 1.0));
    if correction <= 0.0 {
        return None;
    }
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let chi2 = ((12.0 * squares / (b_ * k_ * (k_ + 1.0)) - 3.0 * b_ * (k_ + 1.0)) / correction).max(0.0);
    let most = b_ * (k_ - 1.0);
    let p = ChiSquared::new(k_ - 1.0).map_or(1.0, |law| law.sf(chi2));
    let rest = most - chi2;
    // One block of another order leaves a share of 1/b or so; less is the rounding of chi2.
    let (f, f_p) = if rest > ALIKE * most {
        let f = (b_ - 1.0) * chi2 / rest;
        (f, FisherSnedecor::new(k_ - 1.0, (k_ - 1.0) * (b_ - 1.0)).map_or(1.0, |law| law.sf(f)))
    } else {
        (f64::MAX, 0.0)
    };
    Some(Friedman { average_ranks: sums.iter().map(|sum| sum / b_).collect(), chi2, p, f, f_p, n_blocks: b })
}

impl Friedman {
    /// Nemenyi's critical difference: average ranks further apart than this differ at the level of the family.
    ///
    /// `CD = q_α √(k (k+1) / 6b)`, q_α the studentized range over √2. - Source: Nemenyi (1963), Demšar (2006).
    pub fn critical_difference(&self, alpha: f64) -> f64 {
        let k = self.average_ranks.len();
        studentized_range::quantile(alpha, k) / std::f64::consts::SQRT_2 * self.unit()
    }

    /// Nemenyi's p-value of two arms.
    pub fn nemenyi_p(&self, a: usize, b: usize) -> f64 {
        let apart = (self.average_ranks[a] - self.average_ranks[b]).abs() / self.unit();
        studentized_range::upper_tail(apart * std::f64::consts::SQRT_2, self.average_ranks.len())
    }

    fn unit(&self) -> f64 {
        let k = self.average_ranks.len() as f64;
        (k * (k + 1.0) / (6.0 * self.n_blocks as f64)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{answers, close, close_p, column, within};

    #[test]
    fn agrees_with_scipy_and_scikit_posthocs() {
        let golden = answers("friedman_nemenyi.json");
        for (key, file) in [("no_ties", "friedman_no_ties.csv"), ("ties", "friedman_ties.csv")] {
            let golden = &golden[key];
            let k = golden["n_arms"].as_u64().unwrap() as usize;
            let arms: Vec<Vec<f64>> = (0..k).map(|arm| column(file, arm)).collect();
            let found = friedman(&arms).unwrap();
            close(found.chi2, &golden["chi2"], 1e-9);
            close_p(found.p, &golden["p"], 1e-9);
            close(found.f, &golden["iman_davenport_F"], 1e-9);
            close_p(found.f_p, &golden["iman_davenport_p"], 1e-9);
            close(found.critical_difference(0.05), &golden["nemenyi_cd"]["alpha_0.05"], 1e-7);
            for a in 0..k {
                close(found.average_ranks[a], &golden["average_ranks_best_is_1"][a], 1e-12);
                (0..k).for_each(|b| within(found.nemenyi_p(a, b), golden["nemenyi_p"][a][b].as_f64().unwrap(), 1e-4));
            }
        }
    }

    #[test]
    fn arms_that_tie_everywhere_have_no_test() {
        assert_eq!(friedman(&[vec![1.0; 5], vec![1.0; 5]]), None);
        assert_eq!(friedman(&[vec![1.0, 2.0]]), None);
    }

    #[test]
    fn blocks_that_all_agree_are_certain_whether_arms_tie_in_them_or_not() {
        for values in [&[3.0, 2.0, 1.0][..], &[3.0, 1.0, 1.0], &[2.0, 2.0, 1.0], &[0.1, 0.1, 0.3, 0.3, 0.2]] {
            for n_blocks in [2, 7, 610] {
                let arms: Vec<Vec<f64>> = values.iter().map(|&value| vec![value; n_blocks]).collect();
                let found = friedman(&arms).unwrap();
                let most = (n_blocks * (values.len() - 1)) as f64;
                assert!((found.chi2 - most).abs() < 1e-9 * most && found.f_p == 0.0, "{found:?}");
                assert!(found.p < 1.0 && found.critical_difference(0.05).is_finite());
            }
        }
    }

    #[test]
    fn one_block_that_disagrees_leaves_a_number() {
        for n_blocks in [3, 100, 100_000] {
            let mut arms: Vec<Vec<f64>> = [3.0, 2.0, 1.0].iter().map(|&value| vec![value; n_blocks]).collect();
            (arms[0][1], arms[1][1]) = (2.0, 3.0);
            let found = friedman(&arms).unwrap();
            assert!(found.f < 1e12 && (0.0..0.2).contains(&found.f_p), "{found:?}");
        }
    }
}
