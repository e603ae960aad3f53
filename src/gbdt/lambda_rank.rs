//! LambdaRank: pairs of rows within a group, each weighed by what exchanging the two would do to NDCG. With trees it is LambdaMART.
//!
//! Formulas are LightGBM's (`lambdarank`, version 4), which `tests/golden/models/lambdarank.json` fixes; ties are ours. Time goes into sorting a group and into its pairs:
//! a sigmoid is `odds / (odds + odds)` of exponentials taken once per row, so that a pair costs one division and no table is needed; rows of the lowest grade,
//! nearly all of a list, are not compared with each other.

use super::{Derivatives, Loss, Targets};
use crate::rng;
use rayon::prelude::*;
use std::ops::Range;

/// Rows after which a block of whole groups is full: its value is part of no result except through the order in which block sums are added.
const BLOCK: usize = 4096;

/// Pairs computed side by side; fixed, so that sums have one order on every machine.
const LANES: usize = 4;

/// Log-odds below the best score of its group beyond which a row sinks no further: `exp(-600)` times itself is still a number.
const DEEPEST: f64 = -600.0;

/// Grades above it count as it: gains double per grade.
const HIGHEST_GRADE: f32 = 31.0;

/// Scores nearer than this do not raise the weight of a pair further, where pairs are weighed by their distance.
const NEAREST: f64 = 0.01;

/// Cost whose gradient raises NDCG: `C = Σ |ΔNDCG_ij| · ln(1 + exp(-σ (s_i - s_j)))` over pairs of a group with `label_i > label_j` and one of the two among the
/// first `truncation`, the weights held fixed while derivatives are taken.
///
/// `ΔNDCG_ij = (2^label_i - 2^label_j) · |1/log2(r_i + 1) - 1/log2(r_j + 1)| / IDCG@truncation`, with ranks r from 1 that are not cut off. Labels are grades of 0 or
/// more (below 0: as 0; above 31: as 31). Equal scores are ranked by a seeded hash of group and place, which knows no label. With `normalize` a pair's weight is
/// divided by `0.01 + |s_i - s_j|` (unless all scores of the group are equal), and the derivatives of a group by `Σ / log2(1 + Σ)`, Σ the sum of `|gradient|`
/// over both ends of its pairs. A group weighs as its first row does.
///
/// The value is 1 - NDCG@truncation, the mean over groups that have a label above 0; the others, which no order can serve, are left out. It is what one wants to
/// lower, not what is differentiated: NDCG has no gradient.
///
/// - Cost: O(n log n + n · p + truncation · p) for n rows of a group of which p are not of the lowest grade; no allocation but scratch per block.
/// - Source: Burges et al. (2006); Burges (2010); normalization and truncation as in LightGBM (Ke et al. 2017).
#[derive(Debug, Clone, PartialEq)]
pub struct LambdaRank {
    /// Ranks that count, from the top: a pair needs one of its rows there. 1 or more.
    pub truncation: usize,
    /// Steepness of the sigmoid, more than 0.
    pub sigma: f64,
    /// Whether pairs are weighed by their distance and groups by the size of their gradient.
    pub normalize: bool,
    /// Seed of the hash that orders equal scores.
    pub tie_seed: u64,
}

impl Default for LambdaRank {
    /// LightGBM's defaults.
    fn default() -> Self {
        Self { truncation: 30, sigma: 1.0, normalize: true, tie_seed: 0 }
    }
}

impl Loss for LambdaRank {
    /// 0: only differences of scores matter.
    fn start(&self, _targets: &Targets<'_>) -> f64 {
        0.0
    }

    fn derivatives(&self, targets: &Targets<'_>, scores: &[f64], out: &mut [Derivatives]) -> f64 {
        debug_assert_eq!((targets.labels.len(), scores.len()), (out.len(), out.len()));
        out.fill(Derivatives::default());
        self.pass(targets, scores, out)
    }

    fn value(&self, targets: &Targets<'_>, scores: &[f64]) -> f64 {
        debug_assert_eq!(targets.labels.len(), scores.len());
        self.pass(targets, scores, &mut [])
    }

    fn is_within_groups(&self) -> bool {
        true
    }
}

/// A sum of weighted losses of groups, and of the weights.
type Mean = [f64; 2];

impl LambdaRank {
    /// Looks at every group once: its loss, and its derivatives where `out` is not empty.
    fn pass(&self, targets: &Targets<'_>, scores: &[f64], mut out: &mut [Derivatives]) -> f64 {
        let longest = targets.groups.windows(2).map(|ends| ends[1] - ends[0]).max().unwrap_or(0);
        let discounts: Vec<f64> = (0..longest).map(|rank| 1.0 / libm::log2(rank as f64 + 2.0)).collect();
        let mut blocks = Vec::new();
        for groups in blocks_of(targets.groups) {
            let n_rows = targets.groups[groups.end] - targets.groups[groups.start];
            let (own, rest) = out.split_at_mut(n_rows.min(out.len()));
            blocks.push((groups, own));
            out = rest;
        }
        let block = |(groups, out): (Range<usize>, &mut [Derivatives])| {
            let mut list = List { discounts: &discounts, ..List::default() };
            self.block(targets, scores, groups, &mut list, out)
        };
        let means: Vec<Mean> = blocks.into_par_iter().map(block).collect();
        let [sum, weight] = means.iter().fold([0.0; 2], |[sum, weight], mean| [sum + mean[0], weight + mean[1]]);
        if weight > 0.0 { sum / weight } else { 0.0 }
    }

    fn block(
        &self,
        targets: &Targets<'_>,
        scores: &[f64],
        groups: Range<usize>,
        list: &mut List<'_>,
        out: &mut [Derivatives],
    ) -> Mean {
        let (first, mut mean) = (targets.groups[groups.start], [0.0; 2]);
        for group in groups {
            let rows = targets.groups[group]..targets.groups[group + 1];
            let (labels, scores) = (&targets.labels[rows.clone()], &scores[rows.clone()]);
            if list.grade(labels, self.truncation) {
                list.rank(self, group, scores);
                let weight = targets.weight(rows.start);
                let loss = 1.0 - list.dcg(&list.gain, self.truncation) / list.ideal;
                mean = [mean[0] + weight * loss, mean[1] + weight];
                if !out.is_empty() {
                    list.compare(self);
                    list.write(self, weight, &mut out[rows.start - first..rows.end - first]);
                }
            }
        }
        mean
    }
}

/// Numbers of whole groups, in blocks of about [`BLOCK`] rows.
fn blocks_of(groups: &[usize]) -> Vec<Range<usize>> {
    let (mut out, mut start) = (Vec::new(), 0);
    for group in 1..groups.len() {
        if groups[group] - groups[start] >= BLOCK || group + 1 == groups.len() {
            out.push(start..group);
            start = group;
        }
    }
    out
}

/// What a grade is worth: `2^grade - 1`.
#[inline]
fn gain_of(label: f32) -> f64 {
    match label {
        label if label <= 0.0 => 0.0,
        1.0 => 1.0,
        label => libm::exp2(f64::from(label.min(HIGHEST_GRADE))) - 1.0,
    }
}

/// A number whose ascending order is that of descending scores; equal ones by `tie`, then by place.
#[inline]
fn sort_key(score: f64, tie: u32, place: usize) -> u128 {
    // Adding 0 takes -0 to 0. Bits of floats ascend with them once those of negative ones are turned over.
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    u128::from(!ascending) << 64 | u128::from(tie) << 32 | place as u128
}

/// A group in the order of its scores; kept from group to group for its buffers.
#[derive(Default)]
struct List<'a> {
    /// `1 / log2(rank + 2)` from rank 0, as long as the longest group.
    discounts: &'a [f64],
    /// Gains by place.
    gains: Vec<f64>,
    /// Gains above 0, best first, and their DCG.
    best: Vec<f64>,
    ideal: f64,
    /// Sort keys in rank order; the lower half word is the place.
    order: Vec<u128>,
    /// From here on by rank: score, `exp(σ (score - best score))`, gain, and the sums over pairs.
    score: Vec<f64>,
    odds: Vec<f64>,
    gain: Vec<f64>,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// Ranks of rows above the lowest grade, ascending.
    upper: Vec<u32>,
    /// Sum of `|gradient|` over pairs, one end each.
    size: f64,
}

/// The row that is compared with those ranked below it.
#[derive(Clone, Copy)]
struct Top {
    score: f64,
    odds: f64,
    gain: f64,
    discount: f64,
    /// What a distance of 0 divides by, and what a unit of distance adds.
    distance: [f64; 2],
}

impl Top {
    /// Gradient and Hessian of one pair, up to the group's factor. The gradient is positive where this row has the higher grade: subtracted from its sum and
    /// added to the other's.
    #[inline]
    fn pair(self, score: f64, odds: f64, gain: f64, discount: f64) -> [f64; 2] {
        let gap = self.gain - gain;
        let distance = self.distance[0] + self.distance[1] * (self.score - score);
        let inverse = 1.0 / ((self.odds + odds) * distance);
        let (wrong, right) = if gap > 0.0 { (odds, self.odds) } else { (self.odds, odds) };
        let gradient = gap * (self.discount - discount) * (wrong * inverse);
        [gradient, gradient.abs() * (right * inverse * distance)]
    }
}

impl List<'_> {
    /// Takes the grades of a group; `false` where none is above 0.
    fn grade(&mut self, labels: &[f32], truncation: usize) -> bool {
        self.gains.clear();
        self.gains.extend(labels.iter().map(|&label| gain_of(label)));
        self.best.clear();
        self.best.extend(self.gains.iter().copied().filter(|&gain| gain > 0.0));
        self.best.sort_unstable_by(|a, b| b.total_cmp(a));
        self.ideal = self.dcg(&self.best, truncation);
        !self.best.is_empty()
    }

    /// Puts the group into the order of its scores.
    fn rank(&mut self, loss: &LambdaRank, group: usize, scores: &[f64]) {
        let tie = |place: usize| (rng::tie_hash(loss.tie_seed, group as u32, place as u32) >> 32) as u32;
        self.order.clear();
        self.order.extend(scores.iter().enumerate().map(|(place, &score)| sort_key(score, tie(place), place)));
        self.order.sort_unstable();
        let places = || self.order.iter().map(|&key| key as u32 as usize);
        self.score.clear();
        self.score.extend(places().map(|place| scores[place]));
        self.gain.clear();
        self.gain.extend(places().map(|place| self.gains[place]));
    }

    fn dcg(&self, gains: &[f64], truncation: usize) -> f64 {
        gains.iter().zip(self.discounts).take(truncation).map(|(gain, discount)| gain * discount).sum()
    }

    /// Sums over all pairs of different grades of which one is among the first.
    fn compare(&mut self, loss: &LambdaRank) {
        let n = self.score.len();
        let (best, worst) = (self.score[0], self.score[n - 1]);
        self.odds.clear();
        self.odds.extend(self.score.iter().map(|score| libm::exp((loss.sigma * (score - best)).max(DEEPEST))));
        for sums in [&mut self.gradient, &mut self.hessian] {
            sums.clear();
            sums.resize(n, 0.0);
        }
        let lowest = self.gain.iter().copied().fold(f64::INFINITY, f64::min);
        self.upper.clear();
        self.upper.extend((0..n as u32).filter(|&rank| self.gain[rank as usize] > lowest));
        self.size = 0.0;
        let distance = if loss.normalize && best != worst { [NEAREST, 1.0] } else { [1.0, 0.0] };
        let mut n_upper_above = 0;
        for rank in 0..n.min(loss.truncation) {
            let (score, odds, gain) = (self.score[rank], self.odds[rank], self.gain[rank]);
            let top = Top { score, odds, gain, discount: self.discounts[rank], distance };
            if gain > lowest {
                n_upper_above += 1;
                self.against_all(rank, top);
            } else {
                self.against_upper(rank, top, n_upper_above);
            }
        }
    }

    /// Compares a row with every row below it; pairs of one grade add 0.
    fn against_all(&mut self, rank: usize, top: Top) {
        let from = rank + 1;
        let (above, gradients) = self.gradient.split_at_mut(from);
        let hessians = &mut self.hessian[from..];
        let n = gradients.len();
        let discounts = &self.discounts[from..from + n];
        let (scores, odds, gains) = (&self.score[from..], &self.odds[from..], &self.gain[from..]);
        let (mut gradient, mut hessian, mut size) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let whole = n - n % LANES;
        for at in (0..whole).step_by(LANES) {
            let [scores, odds, gains, discounts] = [scores, odds, gains, discounts].map(|x| &x[at..at + LANES]);
            let (gradients, hessians) = (&mut gradients[at..at + LANES], &mut hessians[at..at + LANES]);
            for lane in 0..LANES {
                let [g, h] = top.pair(scores[lane], odds[lane], gains[lane], discounts[lane]);
                (gradients[lane], hessians[lane]) = (gradients[lane] + g, hessians[lane] + h);
                (gradient[lane], hessian[lane]) = (gradient[lane] + g, hessian[lane] + h);
                size[lane] += g.abs();
            }
        }
        for at in whole..n {
            let [g, h] = top.pair(scores[at], odds[at], gains[at], discounts[at]);
            (gradients[at], hessians[at]) = (gradients[at] + g, hessians[at] + h);
            (gradient[0], hessian[0]) = (gradient[0] + g, hessian[0] + h);
            size[0] += g.abs();
        }
        let [gradient, hessian, size] = [gradient, hessian, size].map(|x| (x[0] + x[2]) + (x[1] + x[3]));
        above[rank] -= gradient;
        self.hessian[rank] += hessian;
        self.size += size;
    }

    /// Compares a row of the lowest grade with the rows of higher grades below it.
    fn against_upper(&mut self, rank: usize, top: Top, n_upper_above: usize) {
        let (mut gradient, mut hessian) = (0.0, 0.0);
        for &other in &self.upper[n_upper_above..] {
            let other = other as usize;
            let [g, h] = top.pair(self.score[other], self.odds[other], self.gain[other], self.discounts[other]);
            (self.gradient[other], self.hessian[other]) = (self.gradient[other] + g, self.hessian[other] + h);
            (gradient, hessian) = (gradient + g, hessian + h);
            self.size += g.abs();
        }
        self.gradient[rank] -= gradient;
        self.hessian[rank] += hessian;
    }

    /// Writes the derivatives by place, with the factors that all pairs of the group share.
    fn write(&self, loss: &LambdaRank, weight: f64, out: &mut [Derivatives]) {
        let sigma = loss.sigma / self.ideal;
        let size = 2.0 * self.size * sigma;
        let norm = if loss.normalize && size > 0.0 { libm::log2(1.0 + size) / size } else { 1.0 };
        let (to_gradient, to_hessian) = (weight * norm * sigma, weight * norm * sigma * loss.sigma);
        for ((&key, gradient), hessian) in self.order.iter().zip(&self.gradient).zip(&self.hessian) {
            out[key as u32 as usize] = Derivatives { gradient: gradient * to_gradient, hessian: hessian * to_hessian };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::log_loss::sigmoid;
    use crate::parallel::with_threads;

    const PLAIN: LambdaRank = LambdaRank { truncation: 30, sigma: 1.0, normalize: false, tie_seed: 0 };

    fn targets<'a>(labels: &'a [f32], groups: &'a [usize]) -> Targets<'a> {
        Targets { labels, groups, weights: &[] }
    }

    fn derivatives(loss: &LambdaRank, targets: &Targets<'_>, scores: &[f64]) -> Vec<Derivatives> {
        let mut out = vec![Derivatives::default(); scores.len()];
        let value = loss.derivatives(targets, scores, &mut out);
        assert_eq!(value.to_bits(), loss.value(targets, scores).to_bits());
        out
    }

    /// Pairs `(higher, lower, weight)` of one group without ties, straight from the definition.
    fn pairs(loss: &LambdaRank, labels: &[f32], scores: &[f64]) -> Vec<(usize, usize, f64)> {
        let gain = |row: usize| f64::from(labels[row].exp2() - 1.0);
        let rank = |row: usize| scores.iter().filter(|&&score| score > scores[row]).count();
        let discount = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        let mut best: Vec<f64> = (0..labels.len()).map(gain).collect();
        best.sort_by(|a, b| b.total_cmp(a));
        let ideal: f64 = best.iter().take(loss.truncation).enumerate().map(|(rank, gain)| gain * discount(rank)).sum();
        let mut out = Vec::new();
        for (i, j) in (0..labels.len()).flat_map(|i| (0..labels.len()).map(move |j| (i, j))) {
            if labels[i] > labels[j] && rank(i).min(rank(j)) < loss.truncation {
                let swapped = (gain(i) - gain(j)) * (discount(rank(i)) - discount(rank(j))).abs() / ideal;
                let distance = if loss.normalize { 0.01 + (scores[i] - scores[j]).abs() } else { 1.0 };
                out.push((i, j, swapped / distance));
            }
        }
        out
    }

    /// Scores without ties and grades of 0 to 4, mostly 0; or 0 and 1.
    fn random(n: usize, is_binary: bool) -> (Vec<f32>, Vec<f64>) {
        let mut rng = rng::stream(n as u64, "test", 0);
        let scores = (0..n).map(|_| 2.0 * rng::normal(&mut rng)).collect();
        let mut grade = || [0, 0, 0, 0, 0, 1, 2, 3, 4][rng::below(&mut rng, 9) as usize];
        let labels = (0..n).map(|_| if is_binary { grade().min(1) } else { grade() } as f32).collect();
        (labels, scores)
    }

    #[test]
    fn a_hand_computed_pair() {
        // Two rows, the relevant one second, at scores ln 3 and 0: sigmoid(ln 3) = 3/4, ΔNDCG = 1 - 1/log2(3), IDCG = 1.
        let scores = [3_f64.ln(), 0.0];
        let targets = targets(&[0.0, 1.0], &[0, 2]);
        let out = derivatives(&PLAIN, &targets, &scores);
        let delta = 1.0 - 1.0 / 3_f64.log2();
        assert!((out[0].gradient - 0.75 * delta).abs() < 1e-15 && (out[1].gradient + 0.75 * delta).abs() < 1e-15);
        assert!((out[0].hessian - 3.0 / 16.0 * delta).abs() < 1e-15 && out[0].hessian == out[1].hessian);
        assert!((PLAIN.value(&targets, &scores) - delta).abs() < 1e-15);
        // Steeper: at sigma 2 the sigmoid is 9/10, the gradient twice and the Hessian four times that.
        let steep = derivatives(&LambdaRank { sigma: 2.0, ..PLAIN }, &targets, &scores);
        assert!((steep[0].gradient - 2.0 * 0.9 * delta).abs() < 1e-15);
        assert!((steep[0].hessian - 4.0 * 0.09 * delta).abs() < 1e-15);
    }

    #[test]
    fn gradients_are_those_of_the_implied_cost() {
        for (n, is_binary) in [(2, true), (7, false), (60, false), (61, true), (200, true)] {
            let (labels, scores) = random(n, is_binary);
            for loss in [PLAIN, LambdaRank { truncation: 5, sigma: 1.7, ..PLAIN }, LambdaRank::default()] {
                let pairs = pairs(&loss, &labels, &scores);
                let cost = |scores: &[f64]| -> f64 {
                    let cost = |i: usize, j: usize| -sigmoid(loss.sigma * (scores[i] - scores[j])).ln();
                    pairs.iter().map(|&(i, j, weight)| weight * cost(i, j)).sum()
                };
                let force = |i: usize, j: usize| loss.sigma * sigmoid(loss.sigma * (scores[j] - scores[i]));
                let size: f64 = pairs.iter().map(|&(i, j, weight)| 2.0 * weight * force(i, j)).sum();
                let norm = if loss.normalize && size > 0.0 { (1.0 + size).log2() / size } else { 1.0 };
                let out = derivatives(&loss, &targets(&labels, &[0, n]), &scores);
                let step = 1e-4;
                for row in 0..n {
                    let at = |delta: f64| {
                        let mut moved = scores.clone();
                        moved[row] += delta;
                        norm * cost(&moved)
                    };
                    let gradient = (at(step) - at(-step)) / (2.0 * step);
                    let hessian = (at(step) - 2.0 * at(0.0) + at(-step)) / (step * step);
                    assert!((out[row].gradient - gradient).abs() < 1e-6 * (1.0 + gradient.abs()), "{loss:?} {row}");
                    assert!((out[row].hessian - hessian).abs() < 1e-5 * (1.0 + hessian.abs()), "{loss:?} {row}");
                }
            }
        }
    }

    #[test]
    fn forces_within_a_group_balance_and_do_not_depend_on_where_zero_is() {
        let (labels, scores) = random(150, false);
        let groups = [0, 40, 40, 90, 150];
        let out = derivatives(&LambdaRank::default(), &targets(&labels, &groups), &scores);
        for rows in groups.windows(2) {
            let sum: f64 = out[rows[0]..rows[1]].iter().map(|d| d.gradient).sum();
            assert!(sum.abs() < 1e-12, "{sum}");
        }
        assert!(out.iter().all(|d| d.hessian >= 0.0) && out.iter().any(|d| d.gradient.abs() > 0.01));
        let moved: Vec<f64> = scores.iter().map(|score| score + 64.0).collect();
        let other = derivatives(&LambdaRank::default(), &targets(&labels, &groups), &moved);
        assert!(out.iter().zip(other).all(|(a, b)| (a.gradient - b.gradient).abs() < 1e-10));
    }

    #[test]
    fn ties_favor_no_label() {
        // Relevant rows first, last, or alternating: over many groups a tied list has the NDCG of a random order.
        let first: Vec<f32> = (0..1000 * 20).map(|row| f32::from(u8::from(row % 20 < 4))).collect();
        let last: Vec<f32> = first.iter().rev().copied().collect();
        let mixed: Vec<f32> = (0..1000 * 20).map(|row| f32::from(u8::from(row % 5 == 2))).collect();
        let groups: Vec<usize> = (0..=1000).map(|group| 20 * group).collect();
        let scores = vec![0.5; 20_000];
        let loss = LambdaRank { truncation: 10, ..LambdaRank::default() };
        let values = [&first, &last, &mixed].map(|labels| loss.value(&targets(labels, &groups), &scores));
        // Each of the first ten ranks has a relevant row with probability 1/5.
        let dcg = |n: usize| (0..n).map(|rank| 1.0 / (rank as f64 + 2.0).log2()).sum::<f64>();
        let expected = 1.0 - 0.2 * dcg(10) / dcg(4);
        assert!(values.iter().all(|value| (value - expected).abs() < 0.02), "{values:?} {expected}");
        // Tied scores are not weighed by their distance, and -0 is 0.
        let [plus, minus] = [0.0, -0.0].map(|zero| derivatives(&loss, &targets(&mixed, &groups), &vec![zero; 20_000]));
        assert!(plus == minus && plus.iter().all(|d| d.gradient.abs() < 2.0));
    }

    #[test]
    fn another_tie_seed_is_another_order() {
        let labels: Vec<f32> = (0..100).map(|row| f32::from(u8::from(row % 7 == 0))).collect();
        let out = |tie_seed| derivatives(&LambdaRank { tie_seed, ..PLAIN }, &targets(&labels, &[0, 100]), &[1.0; 100]);
        assert!(out(1) == out(1) && out(1) != out(2));
    }

    #[test]
    fn groups_without_a_choice_push_nobody() {
        let labels = [1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0];
        let scores = [0.3, 0.1, 0.9, 0.2, 0.5, 0.4, 0.6];
        // All relevant: NDCG 1. None relevant: left out. One row: 1. Only the last group has a pair, in the right order.
        let targets = targets(&labels, &[0, 2, 4, 4, 5, 6, 7]);
        assert!(derivatives(&PLAIN, &targets, &scores).iter().all(|d| *d == Derivatives::default()));
        assert_eq!(PLAIN.value(&targets, &scores), 0.0);
        let nobody = Targets { labels: &[0.0; 3], groups: &[0, 3], weights: &[] };
        assert_eq!(PLAIN.value(&nobody, &[1.0, 2.0, 3.0]), 0.0);
        let alone = Targets { labels: &labels, groups: &[], weights: &[] };
        assert!(derivatives(&PLAIN, &alone, &scores).iter().all(|d| *d == Derivatives::default()));
        assert_eq!((PLAIN.value(&alone, &scores), PLAIN.start(&alone)), (0.0, 0.0));
    }

    #[test]
    fn truncation_needs_one_row_of_a_pair_among_the_first() {
        // Ranks 1 to 4: labels 0, 0, 1, 1. With truncation 1 only the first row is compared, with both relevant ones.
        let labels = [0.0, 0.0, 1.0, 1.0];
        let loss = LambdaRank { truncation: 1, ..PLAIN };
        let out = derivatives(&loss, &targets(&labels, &[0, 4]), &[4.0, 3.0, 2.0, 1.0]);
        assert!(out[0].gradient > 0.0 && out[1].gradient == 0.0 && out[2].gradient < 0.0 && out[3].gradient < 0.0);
    }

    #[test]
    fn a_group_of_weight_two_is_two_groups() {
        let (labels, scores) = random(30, false);
        let weights: Vec<f32> = (0..30).map(|row| if row < 10 { 2.0 } else { 1.0 }).collect();
        let weighted = Targets { labels: &labels, groups: &[0, 10, 30], weights: &weights };
        let twice = |x: &[f32]| [&x[..10], x].concat();
        let (copies, copied_scores) = (twice(&labels), [&scores[..10], &scores].concat());
        let copied = targets(&copies, &[0, 10, 20, 40]);
        let loss = LambdaRank::default();
        let (one, other) = (loss.value(&weighted, &scores), loss.value(&copied, &copied_scores));
        assert!((one - other).abs() < 1e-15, "{one} {other}");
        let (one, other) = (derivatives(&loss, &weighted, &scores), derivatives(&loss, &copied, &copied_scores));
        assert!(one[..10].iter().zip(&other[..10]).all(|(a, b)| a.gradient == 2.0 * b.gradient));
        assert!(one[10..] == other[20..]);
    }

    #[test]
    fn extreme_scores_and_grades_stay_finite() {
        let labels = [0.0, 1.0, 40.0, 3e38, -5.0, 0.5];
        let targets = targets(&labels, &[0, 6]);
        for scores in [[1e9, -1e9, 0.0, 3.0, -700.0, -1e12], [-1e-300, 0.0, 1e-300, 1.0, 2.0, 3.0]] {
            let out = derivatives(&LambdaRank::default(), &targets, &scores);
            assert!(out.iter().all(|d| d.gradient.is_finite() && d.hessian.is_finite() && d.hessian >= 0.0), "{out:?}");
            assert!((0.0..=1.0).contains(&PLAIN.value(&targets, &scores)));
        }
    }

    #[test]
    fn same_bits_at_any_number_of_threads() {
        let (labels, scores) = random(30_000, true);
        let groups: Vec<usize> = (0..30_000).step_by(37).chain([30_000]).collect();
        let run = |threads| {
            let run = || derivatives(&LambdaRank::default(), &targets(&labels, &groups), &scores);
            with_threads(threads, run).unwrap()
        };
        assert!(run(1) == run(8));
        let blocks = blocks_of(&groups);
        assert!(blocks.len() > 4 && blocks[0].start == 0 && blocks[blocks.len() - 1].end == groups.len() - 1);
        assert!(blocks.windows(2).all(|pair| pair[0].end == pair[1].start) && blocks_of(&[0]).is_empty());
    }
}
