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
#[path = "lambda_rank_tests.rs"]
mod tests;
