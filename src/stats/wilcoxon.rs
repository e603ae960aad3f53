//! The Wilcoxon signed-rank test: do differences lean to one side, by ranks instead of sizes?

use super::normal;

/// Differences that are exactly 0 carry no sign; per-user metrics have many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// They are ranked with the others, then their ranks are set aside (Pratt 1959): ours, since dropping them overstates.
    Pratt,
    /// They are dropped before ranking (Wilcoxon 1945).
    Drop,
    /// They are ranked, and their ranks count half for each side.
    Split,
}

/// How the p-value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Over all assignments of signs.
    Exact,
    /// By the normal approximation, without continuity correction.
    Normal,
}

/// A signed-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// Sum of the ranks of positive differences.
    pub w_plus: f64,
    /// Sum of the ranks of negative differences.
    pub w_minus: f64,
    /// `(w_plus − mean) / sd` under the null, the sd corrected for ties.
    pub z: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Where it comes from.
    pub law: Law,
    /// Differences that are not 0.
    pub n_nonzero: usize,
    /// Matched rank-biserial correlation, zeros dropped: `(W+ − W−) / (W+ + W−)`.
    pub rank_biserial: f64,
}

/// Up to this many nonzero differences the law is enumerated.
const EXACT: usize = 50;

/// Tests whether differences are symmetric about 0; mean ranks for ties.
///
/// `Var = (n(n+1)(2n+1) − z(z+1)(2z+1)) / 24 − Σ(t³ − t)/48` for Pratt, z zeros and tie groups of size t among the others.
///
/// - Exact up to 50 nonzero differences, ties included (dynamic program over doubled ranks; not for [`Zeros::Split`]).
/// - Returns `None` when all differences are 0. - Cost: O(n log n), exact O(n³).
/// - Source: Wilcoxon (1945), Pratt (1959), Kerby (2014); fixed by `tests/golden/statistics/`, key `wilcoxon`.
pub fn wilcoxon(differences: &[f64], zeros: Zeros) -> Option<Wilcoxon> {
    let n_zero = differences.iter().filter(|&&value| value == 0.0).count();
    let n_nonzero = differences.len() - n_zero;
    if n_nonzero == 0 {
        return None;
    }
    let own = Ranked::new(differences.iter().copied().filter(|&value| value != 0.0 || zeros != Zeros::Drop));
    let (mut w_plus, mut w_minus) = own.sums();
    let n = own.entries.len() as f64;
    let (mut mean, mut spread) = (n * (n + 1.0) / 4.0, n * (n + 1.0) * (2.0 * n + 1.0));
    let mut ties = own.ties;
    let z = n_zero as f64;
    match zeros {
        Zeros::Pratt => {
            mean -= z * (z + 1.0) / 4.0;
            spread -= z * (z + 1.0) * (2.0 * z + 1.0);
            ties -= z * z * z - z;
        }
        Zeros::Split => {
            let half = z * (z + 1.0) / 4.0;
            w_plus += half;
            w_minus += half;
        }
        Zeros::Drop => {}
    }
    let sd = ((spread - ties / 2.0) / 24.0).sqrt();
    let statistic = (w_plus - mean) / sd;
    let is_exact = n_nonzero <= EXACT && zeros != Zeros::Split;
    let p = if is_exact { own.exact() } else { (2.0 * normal::cdf(-statistic.abs())).min(1.0) };
    let dropped = Ranked::new(differences.iter().copied().filter(|&value| value != 0.0)).sums();
    Some(Wilcoxon {
        w_plus,
        w_minus,
        z: statistic,
        p,
        law: if is_exact { Law::Exact } else { Law::Normal },
        n_nonzero,
        rank_biserial: (dropped.0 - dropped.1) / (dropped.0 + dropped.1),
    })
}

/// Differences with the mean ranks of their sizes.
struct Ranked {
    /// `(difference, rank)`, smallest size first.
    entries: Vec<(f64, f64)>,
    /// Σ(t³ − t) over groups of equal size.
    ties: f64,
}

impl Ranked {
    fn new(differences: impl Iterator<Item = f64>) -> Self {
        let mut entries: Vec<(f64, f64)> = differences.map(|value| (value, 0.0)).collect();
        entries.sort_by(|a, b| a.0.abs().total_cmp(&b.0.abs()).then(a.0.total_cmp(&b.0)));
        let mut ties = 0.0;
        for group in entries.chunk_by_mut(|a, b| a.0.abs() == b.0.abs()) {
            let size = group.len() as f64;
            ties += size * size * size - size;
            // Places are filled in below; the group knows only its size here.
            group.iter_mut().for_each(|entry| entry.1 = size);
        }
        let mut before = 0.0;
        let mut at = 0;
        while at < entries.len() {
            let size = entries[at].1;
            let rank = before + f64::midpoint(size, 1.0);
            let end = at + size as usize;
            entries[at..end].iter_mut().for_each(|entry| entry.1 = rank);
            (before, at) = (before + size, end);
        }
        Self { entries, ties }
    }

    /// Sums of the ranks of positive and of negative differences.
    fn sums(&self) -> (f64, f64) {
        let sum = |sign: f64| self.entries.iter().filter(|entry| entry.0 * sign > 0.0).map(|entry| entry.1).sum();
        (sum(1.0), sum(-1.0))
    }

    /// Two-sided p: twice the smaller tail of the sum of positive ranks over all signs, at most 1.
    fn exact(&self) -> f64 {
        // Mean ranks are multiples of one half.
        let doubled: Vec<usize> =
            self.entries.iter().filter(|entry| entry.0 != 0.0).map(|entry| (2.0 * entry.1) as usize).collect();
        let total: usize = doubled.iter().sum();
        let mut chances = vec![0.0; total + 1];
        chances[0] = 1.0;
        let mut reached = 0;
        for rank in doubled {
            for sum in (0..=reached).rev() {
                let half = chances[sum] / 2.0;
                chances[sum] = half;
                chances[sum + rank] += half;
            }
            reached += rank;
        }
        let own = (2.0 * self.sums().0) as usize;
        let below: f64 = chances[..=own].iter().sum();
        let above: f64 = chances[own..].iter().sum();
        (2.0 * below.min(above)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{STUDIES, close, close_p, differences, study};

    #[test]
    fn statistic_and_z_agree_with_scipy_for_every_rule_of_zeros() {
        for name in STUDIES {
            let (values, golden) = (differences(name), &study(name)["wilcoxon"]);
            for (zeros, key) in [(Zeros::Drop, "wilcox"), (Zeros::Pratt, "pratt"), (Zeros::Split, "zsplit")] {
                let (found, golden) = (wilcoxon(&values, zeros).unwrap(), &golden[key]);
                close(found.w_plus, &golden["w_plus"], 1e-9);
                close(found.w_plus.min(found.w_minus), &golden["w_min"], 1e-9);
                close(-found.z.abs(), &golden["z"], 1e-9);
                if found.law == Law::Normal {
                    close_p(found.p, &golden["p_two_sided"], 1e-9);
                }
            }
            let found = wilcoxon(&values, Zeros::Pratt).unwrap();
            close(found.rank_biserial, &golden["matched_rank_biserial"], 1e-9);
        }
    }

    #[test]
    fn small_samples_are_enumerated_also_with_ties() {
        let (smooth, tied) = (study("n15_smooth"), study("n15_tied"));
        let p = |name, zeros| wilcoxon(&differences(name), zeros).unwrap().p;
        close_p(p("n15_smooth", Zeros::Pratt), &smooth["wilcoxon"]["exact"]["p_two_sided"], 1e-12);
        close_p(p("n15_tied", Zeros::Drop), &tied["wilcoxon"]["exact_with_ties_wilcox"]["p_two_sided"], 1e-12);
        close_p(p("n15_tied", Zeros::Pratt), &tied["wilcoxon"]["exact_with_ties_pratt"]["p_two_sided"], 1e-12);
    }

    #[test]
    fn swapping_sides_keeps_p() {
        let values = differences("n600_tied");
        let swapped: Vec<f64> = values.iter().map(|value| -value).collect();
        let (a, b) = (wilcoxon(&values, Zeros::Pratt).unwrap(), wilcoxon(&swapped, Zeros::Pratt).unwrap());
        assert_eq!((a.p, a.z, a.w_plus), (b.p, -b.z, b.w_minus));
    }

    #[test]
    fn ties_alone_have_no_test() {
        assert_eq!(wilcoxon(&[0.0; 5], Zeros::Pratt), None);
        assert_eq!(wilcoxon(&[], Zeros::Drop), None);
        assert_eq!(wilcoxon(&[1.0], Zeros::Pratt).unwrap().p, 1.0);
    }
}
