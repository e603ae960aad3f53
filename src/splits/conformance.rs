//! What every split promises: a part for every row, the same for the same seed, and a base model that knows each test user where it says so.

use super::*;
use crate::dataset::{DatasetBuilder, Duplicates};
use crate::kind::Reader;
use crate::rng;
use crate::tree::Table;
use std::cell::RefCell;
use std::sync::Arc;

fn dataset() -> Dataset {
    let mut builder = DatasetBuilder::new(Path::new("r"));
    let mut rng = rng::stream(1, "test", 0);
    for user in 0..40_u32 {
        for item in 0..10 + user % 7 {
            builder.rating(&user.to_string(), &item.to_string(), 3.0, rng::below(&mut rng, 1000) as i64);
        }
    }
    builder.finish("t", Duplicates::Last).unwrap()
}

fn default_of(kind: &Kind<dyn Split>) -> Box<dyn Split> {
    let problems = RefCell::default();
    let source = Arc::new(crate::error::Source { name: String::new(), text: String::new() });
    let table = Table::new();
    (kind.read)(&Reader::new(&table, crate::error::Place { source, start: 0, end: 0 }, "split", &problems))
}

fn without_file() -> impl Iterator<Item = &'static Kind<dyn Split>> {
    SPLITS.iter().filter(|kind| kind.name != "file")
}

#[test]
fn every_split_repeats_and_fills_all_parts() {
    let dataset = dataset();
    for kind in without_file() {
        let split = default_of(kind);
        let parts = split.assign(&dataset, 7).unwrap();
        assert_eq!(parts, split.assign(&dataset, 7).unwrap(), "{}", kind.name);
        for part in [Part::Base, Part::Meta, Part::Test] {
            assert!(parts.contains(&part), "{} has no {part:?}", kind.name);
        }
        assert!(split.parameters().is_object());
    }
}

#[test]
fn shares_are_those_asked_for() {
    let dataset = dataset();
    for kind in without_file().filter(|kind| !matches!(kind.name, "leave-last" | "cold-start")) {
        let parts = default_of(kind).assign(&dataset, 7).unwrap();
        let share = |part| parts.iter().filter(|&&p| p == part).count() as f64 / parts.len() as f64;
        assert!((share(Part::Test) - 0.2).abs() < 0.03 && (share(Part::Meta) - 0.16).abs() < 0.03, "{}", kind.name);
    }
}

#[test]
fn per_user_kinds_leave_everybody_known() {
    let dataset = dataset();
    for kind in without_file().filter(|kind| kind.name.starts_with("per-user") || kind.name == "leave-last") {
        let parts = Parts::new(&dataset, default_of(kind).assign(&dataset, 7).unwrap());
        let counts = parts.counts(&dataset, 4.0);
        let test = counts.iter().find(|counts| counts.part == "test").unwrap();
        assert_eq!((test.n_users, test.n_cold_users), (40, 0), "{}", kind.name);
    }
}

#[test]
fn temporal_kinds_never_learn_from_the_future() {
    let dataset = dataset();
    let (times, users) = (&dataset.ratings.timestamps, &dataset.ratings.users);
    let global = default_of(SPLITS.iter().find(|kind| kind.name == "temporal").unwrap()).assign(&dataset, 7).unwrap();
    let latest_learned = (0..times.len()).filter(|&row| global[row] != Part::Test).map(|row| times[row]).max();
    let earliest_judged = (0..times.len()).filter(|&row| global[row] == Part::Test).map(|row| times[row]).min();
    assert!(latest_learned <= earliest_judged);
    let own =
        default_of(SPLITS.iter().find(|kind| kind.name == "per-user-temporal").unwrap()).assign(&dataset, 7).unwrap();
    for user in 0..40 {
        let rows = || (0..times.len()).filter(move |&row| users[row].0 == user);
        let learned = rows().filter(|&row| own[row] != Part::Test).map(|row| times[row]).max();
        assert!(learned <= rows().filter(|&row| own[row] == Part::Test).map(|row| times[row]).min());
    }
}
