//! Tests of [`super`]: hand-computed pairs, finite differences, and what must not change a bit.

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
