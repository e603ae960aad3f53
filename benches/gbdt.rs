//! Gradient boosting: fitting and scoring at the sizes of a meta part, on one thread.
//!
//! Features and labels are drawn from a seeded stream; labels depend on four of the eight features, so that trees have something to split.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rexp::gbdt::{LogLoss, Rows, Settings, Targets, fit};
use rexp::{parallel, rng};
use std::hint::black_box;

const N_FEATURES: usize = 8;

struct Table {
    features: Vec<f32>,
    labels: Vec<f32>,
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
        Self { features, labels }
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            n_features: N_FEATURES,
            targets: Targets { labels: &self.labels, groups: &[] },
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

criterion_group!(all, benches);
criterion_main!(all);
