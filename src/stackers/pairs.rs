//! Logistic loss over pairs of a relevant and an irrelevant row of one user, for linear scores: smooth, convex, and an upper bound of what ranking gets wrong.
//!
//! `-log2 sigmoid(s_relevant - s_irrelevant)` is at least 1 where the irrelevant row is ahead, so that a user's mean over pairs bounds 1 - AUC of that user's list. Every
//! user counts once, as in the metrics, however long the list. Derivatives take a number per pair and not a matrix: of `Σ h_rn (z_r - z_n)(z_r - z_n)ᵀ` only
//! `Σ_n h_rn z_n` has to be summed over pairs, the rest over rows; and a sigmoid of a difference is a ratio of exponentials taken once per row.

use super::MetaRows;
use crate::linalg::newton::Derivatives;
use crate::{parallel, rng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Users per block: sums over blocks are added in order.
const BLOCK: usize = 16;

/// Margin below the user's best beyond which a row counts as lying there when two such rows are compared: `exp(-600)` squared away from nothing.
const DEEPEST: f64 = -600.0;

/// Factors of at least ½ each that are multiplied before one logarithm is taken.
const FACTORS: usize = 512;

/// `Σ_users mean over pairs of ln(1 + exp(w·z_n - w·z_r))`, r relevant and n not, over users with both.
/// Source: Herbrich, Graepel & Obermayer (1999); Joachims (2002), with the logistic loss of Burges et al. (2005).
pub struct PairLoss {
    /// Columns of users with both kinds of rows, relevant rows before the others, `[n_rows × n_columns]`, row-major.
    cells: Vec<f64>,
    users: Vec<User>,
}

struct User {
    rows: Range<usize>,
    n_relevant: usize,
    /// Places among the irrelevant rows that each relevant row is compared with, `[n_relevant × n_drawn]`; empty: with all.
    drawn: Vec<u32>,
}

/// How many irrelevant rows each relevant one is compared with.
pub enum Draw<'a> {
    /// All.
    All,
    /// At most so many, drawn without replacement.
    AtMost(usize, &'a mut ChaCha8Rng),
}

impl PairLoss {
    /// Pairs of the meta rows, whose `cells` `[n_rows × n_columns]` need not be their features as they are.
    pub fn new(rows: &MetaRows<'_>, cells: &[f64], mut draw: Draw<'_>) -> Self {
        let n_columns = cells.len().checked_div(rows.labels.len()).unwrap_or(0);
        let mut out = Self { cells: Vec::new(), users: Vec::new() };
        for ends in rows.groups.windows(2) {
            let of = |is_relevant: bool| (ends[0]..ends[1]).filter(move |&row| (rows.labels[row] > 0) == is_relevant);
            let (n_relevant, n_others) = (of(true).count(), of(false).count());
            if n_relevant == 0 || n_others == 0 {
                continue;
            }
            let start = out.cells.len().checked_div(n_columns).unwrap_or(0);
            for row in of(true).chain(of(false)) {
                out.cells.extend_from_slice(&cells[row * n_columns..(row + 1) * n_columns]);
            }
            let drawn = draw.partners(n_relevant, n_others);
            out.users.push(User { rows: start..start + n_relevant + n_others, n_relevant, drawn });
        }
        out
    }

    /// Users that have a pair.
    pub fn n_users(&self) -> usize {
        self.users.len()
    }

    /// The loss at `weights` `[n_columns]`, times `scale`, with its derivatives.
    pub fn at(&self, weights: &[f64], scale: f64) -> Derivatives {
        let blocks = parallel::map_blocks(self.users.len(), BLOCK, |users| {
            let mut block = Block::new(weights);
            self.users[users].iter().for_each(|user| block.add(self, user));
            block.sum
        });
        Derivatives::sum(weights.len(), &blocks, scale)
    }
}

impl Draw<'_> {
    /// Partners of each relevant row: a shuffle is begun anew on the order that the last one left, which is as random as any.
    fn partners(&mut self, n_relevant: usize, n_others: usize) -> Vec<u32> {
        let Self::AtMost(limit, rng) = self else { return Vec::new() };
        if *limit >= n_others {
            return Vec::new();
        }
        let mut order: Vec<u32> = (0..n_others as u32).collect();
        let mut out = Vec::with_capacity(n_relevant * *limit);
        for _ in 0..n_relevant {
            for at in 0..*limit {
                order.swap(at, at + rng::below(*rng, (n_others - at) as u64) as usize);
            }
            out.extend_from_slice(&order[..*limit]);
        }
        out
    }
}

/// Sums of a block of users, and what one user needs.
struct Block<'a> {
    weights: &'a [f64],
    sum: Derivatives,
    margins: Vec<f64>,
    odds: Vec<f64>,
    /// Of each row: sum over its pairs of the first and second derivative by the difference of margins.
    forces: Vec<[f64; 2]>,
    /// `Σ_n h_rn z_n` of one relevant row.
    mixed: Vec<f64>,
}

impl<'a> Block<'a> {
    fn new(weights: &'a [f64]) -> Self {
        let n = weights.len();
        let (margins, odds, forces) = (Vec::new(), Vec::new(), Vec::new());
        Self { weights, sum: Derivatives::zero(n), margins, odds, forces, mixed: vec![0.0; n] }
    }

    fn add(&mut self, loss: &PairLoss, user: &User) {
        let n = self.weights.len();
        let cells = &loss.cells[user.rows.start * n..user.rows.end * n];
        let row = |row: usize| &cells[row * n..(row + 1) * n];
        let n_rows = user.rows.len();
        let n_others = n_rows - user.n_relevant;
        let weights = self.weights;
        let margin = |at: usize| row(at).iter().zip(weights).map(|(z, w)| z * w).sum::<f64>();
        self.margins.clear();
        self.margins.extend((0..n_rows).map(margin));
        let best = self.margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.odds.clear();
        self.odds.extend(self.margins.iter().map(|margin| libm::exp((margin - best).max(DEEPEST))));
        self.forces.clear();
        self.forces.resize(n_rows, [0.0; 2]);
        let n_partners = if user.drawn.is_empty() { n_others } else { user.drawn.len() / user.n_relevant };
        let weight = 1.0 / (user.n_relevant * n_partners) as f64;
        for relevant in 0..user.n_relevant {
            self.mixed.fill(0.0);
            let value = if user.drawn.is_empty() {
                self.compare(relevant, user.n_relevant..n_rows, row)
            } else {
                let drawn = &user.drawn[relevant * n_partners..(relevant + 1) * n_partners];
                self.compare(relevant, drawn.iter().map(|&other| user.n_relevant + other as usize), row)
            };
            self.sum.value += weight * value;
            // -(z_r m' + m z_r'), lower triangle.
            let z = row(relevant);
            for i in 0..n {
                for j in 0..=i {
                    self.sum.hessian[i * n + j] -= weight * (z[i] * self.mixed[j] + self.mixed[i] * z[j]);
                }
            }
        }
        for at in 0..n_rows {
            let (z, [slope, curvature]) = (row(at), self.forces[at].map(|force| weight * force));
            for (i, &zi) in z.iter().enumerate() {
                self.sum.gradient[i] += slope * zi;
                let scaled = curvature * zi;
                self.sum.hessian[i * n..=i * n + i].iter_mut().zip(z).for_each(|(sum, &zj)| *sum += scaled * zj);
            }
        }
    }

    /// Compares a relevant row with others: the loss, forces on both sides and the mixed sum.
    fn compare<'c>(
        &mut self,
        relevant: usize,
        others: impl Iterator<Item = usize>,
        row: impl Fn(usize) -> &'c [f64],
    ) -> f64 {
        let (margin, odds) = (self.margins[relevant], self.odds[relevant]);
        let (mut slope, mut curvature, mut value, mut product, mut n_factors) = (0.0, 0.0, 0.0, 1.0, 0);
        for other in others {
            let inverse = 1.0 / (odds + self.odds[other]);
            let wrong = self.odds[other] * inverse;
            let second = wrong * (odds * inverse);
            // ln(1 + exp(-|d|)) = -ln(larger share), and d where the irrelevant row is ahead.
            value += (self.margins[other] - margin).max(0.0);
            product *= odds.max(self.odds[other]) * inverse;
            n_factors += 1;
            if n_factors == FACTORS {
                value -= libm::log(product);
                (product, n_factors) = (1.0, 0);
            }
            let [force, bend] = &mut self.forces[other];
            (*force, *bend) = (*force + wrong, *bend + second);
            (slope, curvature) = (slope + wrong, curvature + second);
            self.mixed.iter_mut().zip(row(other)).for_each(|(sum, z)| *sum += second * z);
        }
        let [force, bend] = &mut self.forces[relevant];
        (*force, *bend) = (*force - slope, *bend + curvature);
        value - libm::log(product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::log_loss::sigmoid;
    use ndarray::Array2;

    const N_COLUMNS: usize = 3;

    /// Seven users of 0 to 12 rows, the first columns' sign the label, with noise.
    fn with_loss<T>(draw: Draw<'_>, test: impl Fn(&PairLoss, &[f64], &[u8], &[usize]) -> T) -> T {
        let mut rng = rng::stream(2, "test", 0);
        let groups = [0, 12, 12, 20, 21, 30, 40, 45];
        let cells: Vec<f64> = (0..45 * N_COLUMNS).map(|_| rng::normal(&mut rng)).collect();
        let labels: Vec<u8> = cells.chunks(N_COLUMNS).map(|z| u8::from(z[0] + rng::normal(&mut rng) > 0.3)).collect();
        let features = Array2::zeros((45, N_COLUMNS));
        let names = ["a", "b", "c"].map(str::to_owned);
        let rows = MetaRows { features: features.view(), names: &names, labels: &labels, groups: &groups, seed: 1 };
        test(&PairLoss::new(&rows, &cells, draw), &cells, &labels, &groups)
    }

    #[test]
    fn a_hand_computed_pair() {
        // Relevant at 0, the other at 1, weight ln 3: the difference is -ln 3, the loss ln(1 + 3), its slope by the weight 3/4, its curvature 3/16.
        let features = Array2::zeros((2, 1));
        let names = ["a".to_owned()];
        let rows = MetaRows { features: features.view(), names: &names, labels: &[0, 1], groups: &[0, 2], seed: 1 };
        let at = PairLoss::new(&rows, &[1.0, 0.0], Draw::All).at(&[3_f64.ln()], 2.0);
        assert!((at.value - 2.0 * 4_f64.ln()).abs() < 1e-14, "{at:?}");
        assert!((at.gradient[0] - 1.5).abs() < 1e-14 && (at.hessian[0] - 0.375).abs() < 1e-14, "{at:?}");
    }

    #[test]
    fn the_loss_is_the_mean_over_pairs_summed_over_users() {
        with_loss(Draw::All, |loss, cells, labels, groups| {
            let weights = [0.7, -0.4, 2.0];
            let margin = |row: usize| (0..N_COLUMNS).map(|i| weights[i] * cells[row * N_COLUMNS + i]).sum::<f64>();
            let (mut expected, mut n_users) = (0.0, 0);
            for ends in groups.windows(2) {
                let of = |label: u8| (ends[0]..ends[1]).filter(move |&row| labels[row] == label);
                let pairs: Vec<f64> =
                    of(1).flat_map(|r| of(0).map(move |n| -sigmoid(margin(r) - margin(n)).ln())).collect();
                if !pairs.is_empty() {
                    (expected, n_users) = (expected + pairs.iter().sum::<f64>() / pairs.len() as f64, n_users + 1);
                }
            }
            assert!((loss.at(&weights, 1.0).value - expected).abs() < 1e-12);
            assert_eq!(loss.n_users(), n_users);
        });
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        for limit in [100, 2] {
            with_loss(Draw::AtMost(limit, &mut rng::stream(1, "test", 1)), |loss, _, _, _| {
                let weights = [0.7, -0.4, 2.0];
                let here = loss.at(&weights, 3.0);
                let step = 1e-5;
                for i in 0..N_COLUMNS {
                    let moved = |delta: f64| {
                        let mut weights = weights;
                        weights[i] += delta;
                        loss.at(&weights, 3.0)
                    };
                    let (up, down) = (moved(step), moved(-step));
                    let slope = (up.value - down.value) / (2.0 * step);
                    assert!((here.gradient[i] - slope).abs() < 1e-7 * (1.0 + slope.abs()), "{i}: {slope} {here:?}");
                    for j in 0..N_COLUMNS {
                        let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
                        let ours = here.hessian[i.max(j) * N_COLUMNS + i.min(j)];
                        assert!((ours - bend).abs() < 1e-7 * (1.0 + bend.abs()), "{i} {j}: {bend} {here:?}");
                    }
                }
            });
        }
    }

    #[test]
    fn drawn_partners_are_distinct_and_as_many_as_allowed() {
        let mut rng = rng::stream(1, "test", 1);
        let partners = Draw::AtMost(3, &mut rng).partners(50, 10);
        assert_eq!(partners.len(), 150);
        let mut counts = [0; 10];
        for own in partners.chunks(3) {
            assert!(own[0] != own[1] && own[1] != own[2] && own[0] != own[2]);
            own.iter().for_each(|&other| counts[other as usize] += 1);
        }
        // 15 expected, with a deviation of 3.2.
        assert!(counts.iter().all(|&n| (3..=27).contains(&n)), "{counts:?}");
        assert!(Draw::AtMost(10, &mut rng).partners(5, 10).is_empty() && Draw::All.partners(5, 10).is_empty());
    }

    #[test]
    fn far_margins_stay_finite() {
        with_loss(Draw::All, |loss, _, _, _| {
            for scale in [1e3, 1e6, 1e100] {
                let at = loss.at(&[scale, -scale, scale], 1.0);
                assert!(at.value.is_finite() && at.gradient.iter().chain(&at.hessian).all(|x| x.is_finite()), "{at:?}");
            }
        });
    }
}
