//! Gradient boosting: fitting and scoring at the sizes of a meta part, on one thread.
//!
//! Features and labels are drawn from a seeded stream; labels depend on four of the eight features, so that trees have something to split. LambdaRank sees lists of 250
//! rows of which about 3 % are relevant, and lists of 200 with grades of 0 to 4.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rexp::gbdt::{LambdaRank, LogLoss, Loss, Rows, Settings, Targets, fit};
use rexp::{parallel, rng};
use std::hint::black_box;

const N_FEATURES: usize = 8;

struct Table {
    features: Vec<f32>,
    labels: Vec<f32>,
    groups: Vec<usize>,
}

impl Table {
    fn random(n_rows: usize) -> Self {
        let mut rng = rng::stream(7, "bench", 0);
        let features: Vec<f32> = (0..n_rows * N_FEATURES).map(|_| rng::normal(&mut rng) as f32).collect();
        let label = |row: &[f32]| {
            let log_odds = f64::from(row[0] + row[1] * row[2] - 0.5 * row[3].abs());
            f32::from(u8::from(rng::uniform(&mut rng) < 1.0 / (1.0 + libm::exp(-log_odds))))
        };
        let labels = features.chunks(N_FEATURES).map(label).collect();
        Self { features, labels, groups: Vec::new() }
    }

    /// Lists of `size` rows; a row's grade is the number of `cuts` below its log-odds with noise.
    fn ranked(n_rows: usize, size: usize, cuts: &[f64]) -> Self {
        let mut out = Self::random(n_rows);
        let mut rng = rng::stream(7, "bench", 1);
        for (row, label) in out.features.chunks(N_FEATURES).zip(&mut out.labels) {
            let log_odds = f64::from(row[0] + row[1] * row[2] - 0.5 * row[3].abs()) + rng::normal(&mut rng);
            *label = cuts.iter().filter(|&&cut| log_odds > cut).count() as f32;
        }
        out.groups = (0..n_rows).step_by(size).chain([n_rows]).collect();
        out
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            n_features: N_FEATURES,
            targets: Targets { labels: &self.labels, groups: &self.groups, weights: &[] },
        }
    }
}

fn benches(criterion: &mut Criterion) {
    let leaves31 =
        Settings { max_depth: 0, max_leaves: 31, split: rexp::gbdt::SplitGain::Newton, ..Settings::default() };
    let cases = [
        ("fit 16k x 8, 100 trees, depth 3", 16_000, 20, Settings::default()),
        ("fit 500k x 8, 100 trees, depth 3", 500_000, 10, Settings::default()),
        ("fit 500k x 8, 100 trees, 31 leaves", 500_000, 10, leaves31),
    ];
    for (name, n_rows, samples, settings) in cases {
        let table = Table::random(n_rows);
        criterion.benchmark_group("gbdt").sample_size(samples).bench_function(name, |bencher| {
            let run = |()| parallel::with_threads(1, || fit(&table.rows(), &LogLoss, &settings, 1).is_ok());
            bencher.iter_batched(|| (), |unit| black_box(run(unit).is_ok()), BatchSize::PerIteration);
        });
        if n_rows == 500_000
            && let Ok(boosted) = fit(&table.rows(), &LogLoss, &settings, 1)
        {
            let mut out = vec![0.0; n_rows];
            criterion.benchmark_group("gbdt").sample_size(10).bench_function(name.replace("fit", "score"), |bencher| {
                bencher
                    .iter(|| parallel::with_threads(1, || boosted.ensemble.score(&table.features, &mut out)).is_ok());
            });
        }
    }
}

/// Newton trees of 31 leaves on lists, as LightGBM's ranker has them, and what one pass over all pairs costs without a tree.
fn ranking(criterion: &mut Criterion) {
    let settings = Settings {
        max_depth: 0,
        max_leaves: 31,
        min_leaf: 20,
        split: rexp::gbdt::SplitGain::Newton,
        ..Settings::default()
    };
    let loss = LambdaRank::default();
    for (name, size, cuts) in [("binary", 250, &[3.2][..]), ("graded", 200, &[0.0, 1.0, 2.0, 3.0])] {
        let table = Table::ranked(500_000, size, cuts);
        let mut group = criterion.benchmark_group("gbdt");
        group.sample_size(10).bench_function(format!("lambdarank {name} 500k x 8, 100 trees, 31 leaves"), |bencher| {
            let run = |()| parallel::with_threads(1, || fit(&table.rows(), &loss, &settings, 1).is_ok());
            bencher.iter_batched(|| (), |unit| black_box(run(unit).is_ok()), BatchSize::PerIteration);
        });
        let mut rng = rng::stream(7, "bench", 2);
        let scores: Vec<f64> = table.labels.iter().map(|&y| f64::from(y) + 2.0 * rng::normal(&mut rng)).collect();
        let mut out = vec![Default::default(); scores.len()];
        group.bench_function(format!("lambdarank {name} derivatives of 500k"), |bencher| {
            let targets = table.rows().targets;
            bencher.iter(|| parallel::with_threads(1, || loss.derivatives(&targets, &scores, &mut out)).is_ok());
        });
    }
}

criterion_group!(all, benches, ranking);
criterion_main!(all);
