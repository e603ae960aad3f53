//! Log-loss: the mean negative log-likelihood of 0/1 labels, in nats, of scores that are log-odds.

use super::{Derivatives, Loss, Targets};
use crate::parallel;
use rayon::prelude::*;

/// Rows per parallel block; its value is part of no result except through the order in which block sums are added.
const BLOCK: usize = 4096;

/// Rows whose factors `1 + exp(-|score|)`, each at most 2, are multiplied before one logarithm is taken: 2^512 is far from overflow.
const FACTORS: usize = 512;

/// Binary log-loss `-(y·ln p + (1 - y)·ln(1 - p))` with `p = 1 / (1 + exp(-score))`, averaged over rows (by their weights, where they have some). Source: Friedman (2001),
/// algorithm 5.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogLoss;

/// `1 / (1 + exp(-score))`, without overflow at either end.
#[inline]
pub fn sigmoid(score: f64) -> f64 {
    let odds = libm::exp(-score.abs());
    let upper = 1.0 / (1.0 + odds);
    if score >= 0.0 { upper } else { odds * upper }
}

/// Replaces scores by their sigmoids.
pub fn sigmoid_all(scores: &mut [f64]) {
    scores.iter_mut().for_each(|score| *score = sigmoid(*score));
}

impl Loss for LogLoss {
    /// Log-odds of the base rate, which is kept `1e-12` away from 0 and 1.
    fn start(&self, targets: &Targets<'_>) -> f64 {
        if targets.labels.is_empty() {
            return 0.0;
        }
        let rows = targets.labels.iter().enumerate();
        let positive: f64 = rows.map(|(row, &label)| targets.weight(row) * f64::from(label)).sum();
        let rate = (positive / total_weight(targets)).clamp(1e-12, 1.0 - 1e-12);
        libm::log(rate / (1.0 - rate))
    }

    /// Gradient `p - y`, Hessian `p (1 - p)`: of the sum over rows, not of the mean, so that they do not shrink with the number of rows.
    fn derivatives(&self, targets: &Targets<'_>, scores: &[f64], out: &mut [Derivatives]) -> f64 {
        debug_assert_eq!((targets.labels.len(), scores.len()), (out.len(), out.len()));
        if !targets.weights.is_empty() {
            return weighted_derivatives(targets, scores, out);
        }
        let blocks: Vec<f64> = (out.par_chunks_mut(BLOCK), scores.par_chunks(BLOCK), targets.labels.par_chunks(BLOCK))
            .into_par_iter()
            .map(|(out, scores, labels)| {
                let mut sum = LossSum::default();
                for ((out, &score), &label) in out.iter_mut().zip(scores).zip(labels) {
                    let probability = sum.add(score, f64::from(label));
                    out.gradient = probability - f64::from(label);
                    out.hessian = probability * (1.0 - probability);
                }
                sum.finish()
            })
            .collect();
        mean(&blocks, scores.len())
    }

    fn value(&self, targets: &Targets<'_>, scores: &[f64]) -> f64 {
        debug_assert_eq!(targets.labels.len(), scores.len());
        if !targets.weights.is_empty() {
            return weighted_value(targets, scores);
        }
        let blocks: Vec<f64> = (scores.par_chunks(BLOCK), targets.labels.par_chunks(BLOCK))
            .into_par_iter()
            .map(|(scores, labels)| {
                let mut sum = LossSum::default();
                for (&score, &label) in scores.iter().zip(labels) {
                    sum.add(score, f64::from(label));
                }
                sum.finish()
            })
            .collect();
        mean(&blocks, scores.len())
    }
}

fn mean(blocks: &[f64], n_rows: usize) -> f64 {
    if n_rows == 0 { 0.0 } else { blocks.iter().sum::<f64>() / n_rows as f64 }
}

/// How many rows the rows count for.
fn total_weight(targets: &Targets<'_>) -> f64 {
    if targets.weights.is_empty() {
        targets.labels.len() as f64
    } else {
        targets.weights.iter().map(|&weight| f64::from(weight)).sum()
    }
}

/// Loss and probability of one row.
#[inline]
fn row_loss(score: f64, label: f64) -> (f64, f64) {
    (score.max(0.0) - label * score + libm::log1p(libm::exp(-score.abs())), sigmoid(score))
}

fn weighted_derivatives(targets: &Targets<'_>, scores: &[f64], out: &mut [Derivatives]) -> f64 {
    let (labels, weights) = (targets.labels.par_chunks(BLOCK), targets.weights.par_chunks(BLOCK));
    let blocks: Vec<f64> = (out.par_chunks_mut(BLOCK), scores.par_chunks(BLOCK), labels, weights)
        .into_par_iter()
        .map(|(out, scores, labels, weights)| {
            let mut sum = 0.0;
            for (((out, &score), &label), &weight) in out.iter_mut().zip(scores).zip(labels).zip(weights) {
                let (label, weight) = (f64::from(label), f64::from(weight));
                let (loss, probability) = row_loss(score, label);
                out.gradient = weight * (probability - label);
                out.hessian = weight * (probability * (1.0 - probability));
                sum += weight * loss;
            }
            sum
        })
        .collect();
    weighted_mean(&blocks, targets)
}

fn weighted_value(targets: &Targets<'_>, scores: &[f64]) -> f64 {
    let blocks = parallel::map_blocks(scores.len(), BLOCK, |rows| {
        rows.map(|row| targets.weight(row) * row_loss(scores[row], f64::from(targets.labels[row])).0).sum::<f64>()
    });
    weighted_mean(&blocks, targets)
}

fn weighted_mean(blocks: &[f64], targets: &Targets<'_>) -> f64 {
    let weight = total_weight(targets);
    if weight > 0.0 { blocks.iter().sum::<f64>() / weight } else { 0.0 }
}

/// A sum of log-losses. The loss of a row is `max(score, 0) - y·score + ln(1 + exp(-|score|))`; the logarithms are taken of products.
struct LossSum {
    sum: f64,
    product: f64,
    n_factors: usize,
}

impl Default for LossSum {
    fn default() -> Self {
        Self { sum: 0.0, product: 1.0, n_factors: 0 }
    }
}

impl LossSum {
    /// Adds one row's loss and returns its probability, which shares the exponential.
    #[inline]
    fn add(&mut self, score: f64, label: f64) -> f64 {
        let odds = libm::exp(-score.abs());
        let upper = 1.0 / (1.0 + odds);
        self.sum += score.max(0.0) - label * score;
        self.product *= 1.0 + odds;
        self.n_factors += 1;
        if self.n_factors == FACTORS {
            self.sum += libm::log(self.product);
            (self.product, self.n_factors) = (1.0, 0);
        }
        if score >= 0.0 { upper } else { odds * upper }
    }

    fn finish(self) -> f64 {
        self.sum + libm::log(self.product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [f32; 4] = [1.0, 0.0, 1.0, 0.0];

    fn targets(labels: &[f32]) -> Targets<'_> {
        Targets { labels, groups: &[], weights: &[] }
    }

    #[test]
    fn hand_computed_values() {
        // p = 3/4 at score ln 3, 1/2 at 0: -ln(3/4), -ln(1 - 1/2), -ln(1/4), -ln(1 - 1/4)
        let ln3 = 3_f64.ln();
        let mut out = [Derivatives::default(); 4];
        let value = LogLoss.derivatives(&targets(&LABELS), &[ln3, 0.0, -ln3, -ln3], &mut out);
        let expected = ((4.0 / 3.0_f64).ln() + 2_f64.ln() + 4_f64.ln() + (4.0 / 3.0_f64).ln()) / 4.0;
        assert!((value - expected).abs() < 1e-15, "{value} {expected}");
        assert!((out[0].gradient + 0.25).abs() < 1e-15 && (out[0].hessian - 3.0 / 16.0).abs() < 1e-15);
        assert!((out[2].gradient + 0.75).abs() < 1e-15 && (out[3].gradient - 0.25).abs() < 1e-15);
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let scores = [0.3, -1.7, -4.0, 6.0];
        let mut out = [Derivatives::default(); 4];
        LogLoss.derivatives(&targets(&LABELS), &scores, &mut out);
        let step = 1e-4;
        for row in 0..4 {
            let at = |delta: f64| {
                let mut moved = scores;
                moved[row] += delta;
                4.0 * LogLoss.value(&targets(&LABELS), &moved)
            };
            let gradient = (at(step) - at(-step)) / (2.0 * step);
            let hessian = (at(step) - 2.0 * at(0.0) + at(-step)) / (step * step);
            assert!((out[row].gradient - gradient).abs() < 1e-7, "row {row}: {:?} {gradient}", out[row]);
            assert!((out[row].hessian - hessian).abs() < 1e-5, "row {row}: {:?} {hessian}", out[row]);
        }
    }

    #[test]
    fn extreme_scores_stay_finite() {
        let scores = [-800.0, 800.0, 1e300, -1e300];
        let mut out = [Derivatives::default(); 4];
        let value = LogLoss.derivatives(&targets(&LABELS), &scores, &mut out);
        assert!((value - 400.0).abs() < 1e-9, "{value}");
        assert!(out.iter().all(|d| d.gradient.is_finite() && d.hessian >= 0.0));
        assert_eq!((sigmoid(-1e4), sigmoid(1e4), sigmoid(0.0)), (0.0, 1.0, 0.5));
    }

    #[test]
    fn the_product_of_many_factors_equals_the_sum_of_their_logarithms() {
        let scores: Vec<f64> = (0..10_000).map(|i| f64::from(i % 97) * 0.01 - 0.5).collect();
        let labels: Vec<f32> = (0..10_000).map(|i| (i % 3 == 0) as u8 as f32).collect();
        let naive = scores.iter().zip(&labels).map(|(s, &y)| s.max(0.0) - f64::from(y) * s + (-s.abs()).exp().ln_1p());
        let expected = naive.sum::<f64>() / 1e4;
        assert!((LogLoss.value(&targets(&labels), &scores) - expected).abs() < 1e-13);
    }

    #[test]
    fn a_row_of_weight_three_is_three_rows() {
        let (labels, scores) = ([1.0, 0.0], [0.4, -0.3]);
        let weighted = Targets { labels: &labels, groups: &[], weights: &[3.0, 1.0] };
        let (many_labels, many_scores) = ([1.0, 1.0, 1.0, 0.0], [0.4, 0.4, 0.4, -0.3]);
        let many = targets(&many_labels);
        let mut out = [Derivatives::default(); 2];
        let mut many_out = [Derivatives::default(); 4];
        let value = LogLoss.derivatives(&weighted, &scores, &mut out);
        let expected = LogLoss.derivatives(&many, &many_scores, &mut many_out);
        assert!((value - expected).abs() < 1e-15 && (LogLoss.value(&weighted, &scores) - expected).abs() < 1e-15);
        assert!((out[0].gradient - 3.0 * many_out[0].gradient).abs() < 1e-15 && out[1] == many_out[3]);
        assert!((out[0].hessian - 3.0 * many_out[0].hessian).abs() < 1e-15);
        assert!((LogLoss.start(&weighted) - LogLoss.start(&many)).abs() < 1e-15);
    }

    #[test]
    fn equal_weights_change_no_derivative() {
        let scores: Vec<f64> = (0..10_000).map(|i| f64::from(i % 97) * 0.01 - 0.5).collect();
        let labels: Vec<f32> = (0..10_000).map(|i| (i % 3 == 0) as u8 as f32).collect();
        let weights = vec![1.0; 10_000];
        let mut plain = vec![Derivatives::default(); 10_000];
        let mut weighted = plain.clone();
        let value = LogLoss.derivatives(&targets(&labels), &scores, &mut plain);
        let other = Targets { weights: &weights, ..targets(&labels) };
        assert!((value - LogLoss.derivatives(&other, &scores, &mut weighted)).abs() < 1e-13);
        assert!(plain == weighted && LogLoss.start(&targets(&labels)) == LogLoss.start(&other));
    }

    #[test]
    fn starts_from_the_log_odds_of_the_base_rate() {
        assert!((LogLoss.start(&targets(&[1.0, 1.0, 1.0, 0.0])) - 3_f64.ln()).abs() < 1e-15);
        assert!(LogLoss.start(&targets(&[1.0, 1.0])).is_finite() && LogLoss.start(&targets(&[0.0])).is_finite());
        assert_eq!((LogLoss.start(&targets(&[])), LogLoss.value(&targets(&[]), &[])), (0.0, 0.0));
    }
}
