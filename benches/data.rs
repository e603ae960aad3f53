//! Reading and inventing ratings: rows per second of the row reader, of a whole data set, and of the generator.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rexp::dataset::Duplicates;
use rexp::formats::rows::{self, Columns, Encoding, Layout};
use rexp::formats::synth::Synth;
use rexp::formats::{Format, movielens::MovieLensCsv, synth_files};
use std::hint::black_box;

/// The size of ml-latest-small.
fn small() -> Synth {
    Synth { users: 610, items: 9_742, ratings: 100_836, ..Synth::default() }
}

fn data(criterion: &mut Criterion) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join("small");
    let n_rows = synth_files::write(&small(), &folder).expect("room for 4 MB").n_ratings;
    let mut group = criterion.benchmark_group("data");
    group.throughput(Throughput::Elements(n_rows));
    group.bench_function("rows", |bencher| {
        let columns = Columns::Named(&["userId", "movieId", "rating", "timestamp"]);
        let layout = Layout { separator: ",", quotes: true, encoding: Encoding::Utf8, columns };
        bencher.iter(|| {
            rows::read(&folder.join("ratings.csv"), &layout, |row| {
                black_box((row.id(0)?, row.id(1)?, row.rating(2)?, row.timestamp(3)?));
                Ok(())
            })
        });
    });
    group.bench_function("movielens-csv", |bencher| {
        bencher.iter(|| Format::read(&MovieLensCsv {}, &folder, "small", Duplicates::Last).map(|data| data.hash));
    });
    group.bench_function("synth-files", |bencher| {
        let mut number = 0;
        let fresh = || {
            number += 1;
            home.path().join(number.to_string())
        };
        bencher.iter_batched(fresh, |folder| synth_files::write(&small(), &folder), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, data);
criterion_main!(benches);
