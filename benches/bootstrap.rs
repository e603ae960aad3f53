//! The bootstrap at the size of a large study: 10,000 resamples of the mean of 100,000 users, for one pair of arms and for 100 series.
//!
//! `cargo bench --bench bootstrap`. One thread, so that a figure is CPU time. Budget: 0.5 s for a pair (its series of differences), 20 s
//! for 100 series at once.

use criterion::{Criterion, criterion_group, criterion_main};
use rexp::stats::bootstrap::{Method, intervals};
use rexp::stats::resample::{Resampler, Series};
use rexp::{parallel, rng};
use std::hint::black_box;

const N_USERS: usize = 100_000;

fn benches(criterion: &mut Criterion) {
    let columns: Vec<Vec<f64>> = (0..100)
        .map(|part| {
            let mut stream = rng::stream(3, "bench", part);
            (0..N_USERS).map(|_| rng::normal(&mut stream)).collect()
        })
        .collect();
    let resampler = Resampler { n_units: N_USERS, n_resamples: Resampler::DEFAULT, seed: 1 };
    let mut group = criterion.benchmark_group("bootstrap");
    group.sample_size(10);
    for n_series in [1, 2, 10, 100] {
        let series: Vec<Series<'_>> = columns[..n_series].iter().map(|values| Series::new(values)).collect();
        group.bench_function(format!("BCa, 100k users x 10k resamples, {n_series} series"), |bencher| {
            let run = || intervals(&resampler, &series, 0.95, Method::Bca).is_ok();
            bencher.iter(|| black_box(parallel::with_threads(1, run).is_ok()));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
