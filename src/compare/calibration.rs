//! Simulated studies, of which the truth is known: are p-values uniform where nothing differs, and do intervals contain the truth as often as they say?

use super::paired::{Pair, Paired, Rules, compare};
use super::topic::Topic;
use super::users::Grid;
use crate::rng;
use rand_core::Rng;

/// Few resamples, so that many studies can be made: they widen the noise of single intervals, not their coverage.
const RULES: Rules = Rules { level: 0.95, n_resamples: 1000, margin: 0.005 };

/// A population that differences are drawn from.
struct World {
    n_users: usize,
    n_seeds: usize,
    /// True mean difference.
    truth: f64,
    /// Standard deviation of what a seed adds to all its users.
    seed_sd: f64,
}

/// A difference as those of ranking metrics are: a third of the users tied, the others skewed; mean 0, standard deviation about 0.15.
fn difference(rng: &mut impl Rng) -> f64 {
    if rng::uniform(rng) < 1.0 / 3.0 {
        return 0.0;
    }
    let exponential = -(1.0 - rng::uniform(rng)).ln();
    0.15 * (0.6 * rng::normal(rng) + 0.8 * (exponential - 1.0))
}

/// Makes and analyses one study.
fn study(world: &World, number: u64) -> Paired {
    let mut rng = rng::stream(11, "calibration", number);
    let seeds: Vec<u64> = (1..=world.n_seeds as u64).collect();
    let users: Vec<usize> = (0..world.n_users).collect();
    let (mut candidate, mut baseline) = (Grid::new(&seeds, users.len()), Grid::new(&seeds, users.len()));
    let own: Vec<f64> = users.iter().map(|_| difference(&mut rng)).collect();
    for &seed in &seeds {
        let common = world.truth + world.seed_sd * rng::normal(&mut rng);
        let noise = if world.n_seeds > 1 { 0.05 } else { 0.0 };
        let values: Vec<f64> = own.iter().map(|own| own + common + noise * rng::normal(&mut rng)).collect();
        let base: Vec<f64> = users.iter().map(|_| rng::uniform(&mut rng)).collect();
        candidate.fill(seed, &users, base.iter().zip(&values).map(|(base, value)| base + value));
        baseline.fill(seed, &users, base.iter().copied());
    }
    let topic = Topic { metric: "ndcg".into(), k: 10, segment: "all".into(), direction: "higher".into() };
    let pair = Pair { topic, candidate: &candidate, baseline: &baseline };
    compare(vec![pair], RULES, 1).unwrap().remove(0).unwrap()
}

fn studies(world: &World, n: u64) -> Vec<Paired> {
    (0..n).map(|number| study(world, number)).collect()
}

/// Share of the intervals that contain the truth.
fn coverage(world: &World, all: &[Paired]) -> f64 {
    let holds = |found: &&Paired| found.lower <= world.truth && world.truth <= found.upper;
    all.iter().filter(holds).count() as f64 / all.len() as f64
}

/// Kolmogorov–Smirnov distance of p-values from the uniform distribution.
fn ks_distance(mut p: Vec<f64>) -> f64 {
    p.sort_unstable_by(f64::total_cmp);
    let n = p.len() as f64;
    let distance = |(at, p): (usize, &f64)| (p - at as f64 / n).abs().max(((at + 1) as f64 / n - p).abs());
    p.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// What must hold of `n` studies; tolerances are those of the binomial and Kolmogorov distributions at one in a thousand or so.
fn check(n: u64) {
    let one_seed = World { n_users: 150, n_seeds: 1, truth: 0.0, seed_sd: 0.0 };
    let all = studies(&one_seed, n);
    let critical = 1.95 / (n as f64).sqrt();
    for (name, p) in [
        ("permutation", all.iter().map(|found| found.p).collect::<Vec<f64>>()),
        ("t", all.iter().filter_map(|found| found.t_p).collect()),
    ] {
        assert_eq!(p.len() as u64, n);
        let distance = ks_distance(p);
        assert!(distance < critical, "{name}: {distance} from uniform, {n} studies");
    }
    let slack = (3.3 * (0.95 * 0.05 / n as f64).sqrt()).max(0.02);
    let covered = coverage(&one_seed, &all);
    assert!((covered - 0.95).abs() < slack, "one seed: {covered}");
    let shifted = World { truth: 0.04, ..one_seed };
    let covered = coverage(&shifted, &studies(&shifted, n));
    assert!((covered - 0.95).abs() < slack, "with a difference: {covered}");
    let wrong = World { truth: 0.08, ..shifted };
    assert!(coverage(&wrong, &studies(&shifted, n)) < 0.5, "a value that is not the truth is seldom covered");
    // Seeds that move all users together, about half as much as the choice of users does.
    let five_seeds = World { n_users: 150, n_seeds: 5, truth: 0.01, seed_sd: 0.006 };
    let covered = coverage(&five_seeds, &studies(&five_seeds, n));
    assert!((covered - 0.95).abs() < slack, "five seeds: {covered}");
}

#[test]
fn p_values_are_uniform_and_intervals_cover_in_a_few_studies() {
    check(200);
}

#[test]
#[ignore = "two thousand studies take a minute or two: cargo test -- --ignored"]
fn p_values_are_uniform_and_intervals_cover_in_two_thousand_studies() {
    check(2000);
}
