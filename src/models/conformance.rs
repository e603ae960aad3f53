//! What every base model promises, checked for all of [`MODELS`]: listing a kind is enough to be tested here.

use super::golden::{self, Data};
use super::{BaseModel, FittedModel, MODELS};
use crate::dataset::{ItemIndex, UserIndex};
use crate::kind::Kind;
use crate::{parallel, rng};
use std::path::Path;

/// Calls `check` with each kind, its model with default options, and the data to fit it on.
fn for_each_kind(check: impl Fn(&Kind<dyn BaseModel>, &dyn BaseModel, &Data)) {
    let data = golden::generated(60, 300);
    let folder = tempfile::tempdir().unwrap();
    write_scores(&data, &folder.path().join("scores.csv"));
    for kind in MODELS {
        let text = if kind.name == "external" { "path = \"scores.csv\"" } else { "" };
        let toml = folder.path().join("experiment.toml").display().to_string();
        check(kind, &*golden::read(&toml, text, kind.read).unwrap(), &data);
    }
}

/// A score file that lacks every third pair.
fn write_scores(data: &Data, path: &Path) {
    let mut text = "user,item,score\n".to_owned();
    for user in data.dataset.user_ids.iter() {
        for (number, item) in data.dataset.item_ids.iter().enumerate().filter(|(number, _)| number % 3 != 0) {
            text.push_str(&format!("{user},{item},{}\n", rng::tie_hash(5, user.len() as u32, number as u32) % 1000));
        }
    }
    std::fs::write(path, text).unwrap();
}

/// Users of the data, and two that it does not have.
fn users(data: &Data) -> Vec<UserIndex> {
    (0..data.dataset.n_users() as u32 + 1).chain([u32::MAX]).map(UserIndex).collect()
}

/// Items of the data, and two that it does not have.
fn items(data: &Data) -> Vec<ItemIndex> {
    (0..data.dataset.n_items() as u32 + 1).chain([u32::MAX]).map(ItemIndex).collect()
}

fn bits(fitted: &dyn FittedModel, user: UserIndex, items: &[ItemIndex]) -> Vec<u32> {
    let mut out = vec![f32::NAN; items.len()];
    let n_fallbacks = fitted.score(user, items, &mut out);
    assert!(n_fallbacks <= items.len());
    out.iter().map(|score| score.to_bits()).collect()
}

#[test]
fn scores_of_all_pairs_are_finite() {
    for_each_kind(|kind, model, data| {
        let fitted = model.fit(&data.train()).unwrap();
        for user in users(data) {
            let scores = bits(&*fitted, user, &items(data));
            assert!(scores.iter().all(|&bits| f32::from_bits(bits).is_finite()), "{} {user:?}", kind.name);
            assert!(bits(&*fitted, user, &[]).is_empty());
        }
    });
}

#[test]
fn a_score_depends_neither_on_the_order_of_items_nor_on_which_are_asked_for() {
    for_each_kind(|kind, model, data| {
        let fitted = model.fit(&data.train()).unwrap();
        let mut rng = rng::stream(3, "test", 0);
        for user in users(data) {
            let mut asked = items(data);
            let all = bits(&*fitted, user, &asked);
            let of = |item: ItemIndex| all[item.at().min(data.dataset.n_items())];
            rng::shuffle(&mut rng, &mut asked);
            for some in [&asked[..], &asked[..40], &asked[..1], &[asked[0], asked[1], asked[0]]] {
                let expected: Vec<u32> = some.iter().map(|&item| of(item)).collect();
                let found = bits(&*fitted, user, some);
                // The last two items are unknown; a random model tells them apart, all others need not.
                for ((found, expected), item) in found.iter().zip(&expected).zip(some) {
                    let is_known = item.at() < data.dataset.n_items();
                    assert!(!is_known || found == expected, "{} {user:?} {item:?}", kind.name);
                }
            }
        }
    });
}

#[test]
fn bits_are_the_same_on_one_and_eight_threads_and_in_a_second_fit() {
    for_each_kind(|kind, model, data| {
        let all = |n_threads| {
            parallel::with_threads(n_threads, || {
                let fitted = model.fit(&data.train()).unwrap();
                let scores: Vec<Vec<u32>> =
                    users(data).into_iter().map(|user| bits(&*fitted, user, &items(data))).collect();
                (scores, fitted.history().to_vec())
            })
            .unwrap()
        };
        let one = all(1);
        assert_eq!(one, all(8), "{}", kind.name);
        assert_eq!(one, all(1), "{}", kind.name);
    });
}

#[test]
fn parameters_name_every_option() {
    for_each_kind(|kind, model, _| {
        let parameters = model.parameters();
        let mut found: Vec<&str> = parameters.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected: Vec<&str> = (kind.options)().iter().map(|option| option.name).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{}", kind.name);
    });
}

#[test]
fn a_training_part_without_ratings_gives_finite_fallbacks() {
    for_each_kind(|kind, model, data| {
        let empty = crate::dataset::Interactions::new(&data.dataset, &[]);
        let fitted = model.fit(&super::TrainData { interactions: &empty, ..data.train() }).unwrap();
        let scores = bits(&*fitted, UserIndex(0), &items(data));
        assert!(scores.iter().all(|&bits| f32::from_bits(bits).is_finite()), "{}", kind.name);
    });
}
