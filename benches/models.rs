//! Fitting every base model, and scoring the whole catalog with it, on generated ratings with a long tail.
//!
//! `cargo bench --bench models`. One thread, so that a figure is CPU time; about the size of ml-latest-small's training part.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rexp::dataset::{Dataset, DatasetBuilder, Duplicates, Interactions, ItemIndex, UserIndex};
use rexp::error::Source;
use rexp::kind::Reader;
use rexp::models::{BaseModel, MODELS, TrainData};
use rexp::rng;
use rexp::tree::{self, Value};
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

const N_USERS: u32 = 600;
const N_ITEMS: u32 = 9_000;

/// Users rate from 20 to 1,000 items, popular ones first of all: the square of a uniform number picks the item.
fn ratings() -> Dataset {
    let mut builder = DatasetBuilder::new(Path::new("generated"));
    for user in 0..N_USERS {
        let mut stream = rng::stream(1, "bench", u64::from(user));
        let share = rng::uniform(&mut stream);
        let mut items: Vec<u32> = (0..20 + (share * share * share * 450.0) as usize)
            .map(|_| (rng::uniform(&mut stream).powi(3) * f64::from(N_ITEMS)) as u32)
            .collect();
        items.sort_unstable();
        items.dedup();
        for item in items {
            let rating = (rng::below(&mut stream, 10) + 1) as f32 / 2.0;
            builder.rating(&user.to_string(), &item.to_string(), rating, 0);
        }
    }
    let genres = ["Action", "Comedy", "Drama", "Horror", "War"];
    for item in 0..N_ITEMS {
        let of_item = (0..1 + item % 3).map(|at| genres[((item + at) % 5) as usize]);
        builder.item(&item.to_string(), "", of_item);
    }
    builder.finish("generated", Duplicates::Error).expect("generated pairs are distinct and there are some")
}

/// The model of a kind with these options.
fn model(kind: &str, options: &str) -> Box<dyn BaseModel> {
    let source = Arc::new(Source { name: "bench".into(), text: options.into() });
    let root = tree::parse(&source).expect("the options below are TOML");
    let Value::Table(table) = &root.value else { unreachable!("a document is a table") };
    let problems = RefCell::default();
    let kind = MODELS.iter().find(|entry| entry.name == kind).expect("the kinds below are listed");
    (kind.read)(&Reader::new(table, root.place.clone(), "models", &problems))
}

fn models(criterion: &mut Criterion) {
    let dataset = ratings();
    let rows: Vec<u32> = (0..dataset.n_rows() as u32).collect();
    let interactions = Interactions::new(&dataset, &rows);
    let train = TrainData { dataset: &dataset, interactions: &interactions, seed: 42 };
    let catalog: Vec<ItemIndex> = (0..dataset.n_items() as u32).map(ItemIndex).collect();
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread can be started");
    println!("{} ratings, {} users, {} items", dataset.n_rows(), dataset.n_users(), dataset.n_items());
    let mut group = criterion.benchmark_group("models");
    group.sample_size(10);
    for (kind, options) in [
        ("bias", ""),
        ("itemknn", ""),
        ("itemknn", "norm = \"common\""),
        ("itemknn", "signal = \"positive\""),
        ("userknn", ""),
        ("userknn", "signal = \"rating\""),
        ("rp3beta", ""),
        ("mf", ""),
        ("genre", ""),
        ("popularity", ""),
    ] {
        let (name, model) = (format!("{kind} {options}"), model(kind, options));
        let fit = || one_thread.install(|| model.fit(&train).expect("generated ratings can be fitted"));
        group.bench_function(format!("fit {name}"), |bencher| {
            bencher.iter_batched(|| (), |()| fit(), BatchSize::PerIteration)
        });
        let fitted = fit();
        let mut out = vec![0.0; catalog.len()];
        let mut score_all =
            || (0..N_USERS).map(|user| fitted.score(UserIndex(user), &catalog, &mut out)).sum::<usize>();
        group.bench_function(format!("score all pairs {name}"), |bencher| bencher.iter(&mut score_all));
    }
    group.finish();
}

criterion_group!(benches, models);
criterion_main!(benches);
