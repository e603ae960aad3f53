//! What holds for every stacker.

use super::*;
use crate::error::Source;
use crate::kind::{OptionInfo, Reader, with_defaults};
use crate::tree::{self, Value};
use crate::{parallel, rng};
use ndarray::Array2;
use std::cell::RefCell;
use std::sync::Arc;

struct Meta {
    features: Array2<f32>,
    names: Vec<String>,
    labels: Vec<u8>,
    groups: Vec<usize>,
}

/// 400 rows of 40 users: one column that says something, one of noise, a constant one, and one of counts.
fn meta() -> Meta {
    let mut rng = rng::stream(5, "test", 0);
    let mut features = Array2::zeros((400, 4));
    let mut labels = Vec::new();
    for mut row in features.rows_mut() {
        row[0] = rng::normal(&mut rng) as f32;
        row[1] = rng::normal(&mut rng) as f32;
        row[2] = 3.5;
        row[3] = rng::below(&mut rng, 50) as f32;
        labels.push(u8::from(f64::from(row[0]) + rng::normal(&mut rng) > 0.0));
    }
    let names = ["score_a", "score_b", "score_c", "user_n_ratings"].map(str::to_owned).to_vec();
    Meta { features, names, labels, groups: (0..=400).step_by(10).collect() }
}

/// Options under which a kind goes another way than by default.
const OTHER_WAYS: &[(&str, &str)] = &[
    ("average", "weights = \"fitted\""),
    ("average", "scale = \"zscore\""),
    ("average", "scale = \"rank\"\nweights = \"fitted\""),
    ("rank-fusion", "method = \"borda\""),
    ("logistic", "class_weight = \"balanced\""),
    ("pairwise-logistic", "partners = 2"),
    ("gradient-boosting", "class_weight = 30\nvalidation = 0.2"),
    ("gradient-boosting", "bags = 3\nsubsample = 0.5\nfeature_fraction = 0.5"),
    ("lambdamart", "bags = 3\nvalidation = 0.3\nfeature_fraction = 0.5"),
    ("blend", "of = [\"a\", \"b\"]\nscale = \"raw\""),
    ("blend", "of = [\"a\", \"b\"]\nscale = \"rank\""),
    ("lambdamart", "normalize = false\nmin_leaf = 1\nreg = 0"),
];

/// Every kind as it comes, and in its other ways, with a name for messages.
fn all() -> Vec<(String, Box<dyn Stacker>)> {
    let other = OTHER_WAYS.iter().map(|(name, toml)| {
        let kind = STACKERS.iter().find(|kind| kind.name == *name).unwrap();
        (format!("{name} with {toml}"), read(kind, toml))
    });
    STACKERS.iter().map(|kind| (kind.name.to_owned(), with_defaults(kind))).chain(other).collect()
}

impl Meta {
    fn rows(&self) -> MetaRows<'_> {
        MetaRows {
            features: self.features.view(),
            names: &self.names,
            labels: &self.labels,
            groups: &self.groups,
            seed: 3,
        }
    }
}

fn score(fitted: &dyn FittedStacker, rows: &Array2<f32>) -> Vec<f32> {
    let mut out = vec![f32::NAN; rows.nrows()];
    fitted.score(rows.view(), &mut out);
    out
}

#[test]
fn scores_are_finite_even_for_extreme_features() {
    let meta = meta();
    let extreme = ndarray::array![[1e30, -1e30, 0.0, 1e9], [-1e30, 1e30, 3.5, 0.0], [0.0, 0.0, 1e30, -1e9]];
    for (name, stacker) in all() {
        let fitted = stacker.fit(&meta.rows()).unwrap();
        for rows in [&meta.features, &extreme, &Array2::zeros((0, 4)), &Array2::zeros((1, 4))] {
            assert!(score(&*fitted, rows).iter().all(|score| score.is_finite()), "{name}");
        }
        if fitted.scale() == Scale::Probability {
            assert!(score(&*fitted, &extreme).iter().all(|score| (0.0..=1.0).contains(score)), "{name}");
        }
    }
}

#[test]
fn fitting_on_extreme_features_gives_finite_scores() {
    type Change = fn(usize, f32) -> f32;
    let ways: [(&str, Change); 6] = [
        ("constant", |_, _| 1e30),
        ("two ends", |row, _| if row % 2 == 0 { 1e30 } else { -1e30 }),
        ("two outliers", |row, x| [f32::MAX, f32::MIN].get(row).copied().unwrap_or(x)),
        ("subnormal", |_, x| x * 1e-44),
        ("constant but for the last bit", |row, _| if row % 7 == 0 { 3.5 } else { 3.5_f32.next_up() }),
        ("a copy of the first column", |_, _| f32::NAN),
    ];
    for (name, stacker) in all() {
        for (way, change) in ways {
            let mut meta = meta();
            let first = meta.features.column(0).to_owned();
            for (row, x) in meta.features.column_mut(1).iter_mut().enumerate() {
                let changed = change(row, *x);
                *x = if changed.is_nan() { first[row] } else { changed };
            }
            let fitted = stacker.fit(&meta.rows()).unwrap_or_else(|error| panic!("{name}: {way}: {error}"));
            let scores = score(&*fitted, &meta.features);
            assert!(scores.iter().all(|score| score.is_finite()), "{name}: {way}");
            assert!(fitted.importances().iter().all(|one| one.value.is_finite()), "{name}: {way}");
        }
    }
}

#[test]
fn the_order_of_candidates_changes_no_score() {
    let meta = meta();
    let mut order: Vec<usize> = (0..400).collect();
    rng::shuffle(&mut rng::stream(1, "test", 0), &mut order);
    let shuffled = meta.features.select(Axis(0), &order);
    for (name, stacker) in all() {
        let fitted = stacker.fit(&meta.rows()).unwrap();
        let (straight, other) = (score(&*fitted, &meta.features), score(&*fitted, &shuffled));
        assert!(order.iter().zip(other).all(|(&from, score)| straight[from].to_bits() == score.to_bits()), "{name}");
    }
}

#[test]
fn threads_do_not_move_a_bit() {
    let meta = meta();
    for (name, stacker) in all() {
        let fit = || stacker.fit(&meta.rows()).unwrap();
        let bits = |threads| parallel::with_threads(threads, || score(&*fit(), &meta.features)).unwrap();
        assert_eq!(bits(1), bits(8), "{name}");
    }
}

#[test]
fn importances_and_history_are_finite_and_name_known_features() {
    let meta = meta();
    for (name, stacker) in all() {
        let fitted = stacker.fit(&meta.rows()).unwrap();
        for importance in fitted.importances() {
            assert!(importance.value.is_finite(), "{name}: {importance:?}");
            assert!(importance.feature == "intercept" || meta.names.contains(&importance.feature));
        }
        assert!(fitted.history().iter().all(|(_, step, value)| *step >= 1 && value.is_finite()));
    }
}

#[test]
fn who_learns_needs_labels_of_both_kinds_and_who_does_not_needs_none() {
    let one_class = Meta { labels: vec![1; 400], ..meta() };
    let nothing = Meta { features: Array2::zeros((0, 4)), labels: vec![], groups: vec![0], ..meta() };
    for (name, stacker) in all() {
        for rows in [one_class.rows(), nothing.rows()] {
            assert_eq!(stacker.fit(&rows).is_err(), stacker.needs_meta(), "{name}");
        }
        assert!(stacker.parameters().is_object() && !stacker.default_features().is_empty());
    }
    for kind in STACKERS {
        let parameters = with_defaults(kind).parameters();
        assert_eq!(parameters.as_object().unwrap().len(), (kind.options)().len(), "{}", kind.name);
    }
}

/// Values of an option as help describes it: the ends of its range, or every choice.
fn values(option: &OptionInfo) -> Vec<String> {
    if option.allowed == "a whole number" {
        vec!["1".into(), "2".into()]
    } else if let Some((_, range)) = option.allowed.split_once(" from ") {
        range.split(" to ").map(str::to_owned).collect()
    } else if option.allowed.starts_with('"') {
        option.allowed.split('"').skip(1).step_by(2).map(|choice| format!("{choice:?}")).collect()
    } else if option.allowed.starts_with("an array") {
        vec!["[\"a\", \"b\"]".into(), "[\"b\", \"c\"]".into()]
    } else {
        vec!["true".into(), "false".into()]
    }
}

/// A stacker with the options of a TOML.
fn read(kind: &Kind<dyn Stacker>, toml: &str) -> Box<dyn Stacker> {
    let root = tree::parse(&Arc::new(Source { name: "t.toml".into(), text: toml.into() })).unwrap();
    let Value::Table(table) = &root.value else { panic!("{toml}") };
    let problems = RefCell::default();
    let stacker = (kind.read)(&Reader::new(table, root.place.clone(), "stackers.t", &problems));
    assert!(problems.borrow().is_empty(), "{}: {toml}: {:?}", kind.name, problems.borrow());
    stacker
}

/// Its hyperparameters.
fn parameters(kind: &Kind<dyn Stacker>, toml: &str) -> serde_json::Map<String, serde_json::Value> {
    read(kind, toml).parameters().as_object().unwrap().clone()
}

#[test]
fn who_compares_rows_of_a_user_needs_a_user_with_both_kinds() {
    // The first half of the users likes everything, the second nothing.
    let labels = (0..400).map(|row| u8::from(row < 200)).collect();
    let apart = Meta { labels, ..meta() };
    for (name, stacker) in all() {
        let compares = name.starts_with("pairwise") || name.starts_with("lambdamart") || name.contains("fitted");
        let fit = stacker.fit(&apart.rows());
        assert_eq!(fit.is_err_and(|error| error.to_string().contains("pairs")), compares, "{name}");
    }
}

#[test]
fn every_option_changes_its_own_parameter_and_no_other() {
    for kind in STACKERS {
        for option in (kind.options)() {
            let mut n_changes = 0;
            let beside = match (kind.name, option.name) {
                // Patience is refused where there is nothing to watch, and a blend of nothing.
                (_, "patience") => "validation = 0.2\n",
                ("blend", _) => "of = [\"a\", \"b\"]\n",
                _ => "",
            };
            let defaults = parameters(kind, beside);
            let beside = if option.name == "of" { "" } else { beside };
            for value in values(&option) {
                let changed = parameters(kind, &format!("{beside}{} = {value}", option.name));
                assert!(changed.keys().eq(defaults.keys()), "{}: {}", kind.name, option.name);
                let differing: Vec<&String> = changed.keys().filter(|key| changed[*key] != defaults[*key]).collect();
                assert!(differing.iter().all(|key| *key == option.name), "{}: {differing:?}", kind.name);
                n_changes += differing.len();
            }
            assert!(n_changes > 0, "{}: no value of {} has an effect", kind.name, option.name);
        }
    }
}
