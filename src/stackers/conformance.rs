//! What holds for every stacker.

use super::*;
use crate::kind::with_defaults;
use crate::{parallel, rng};
use ndarray::Array2;

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

impl Meta {
    fn fit(&self, kind: &Kind<dyn Stacker>) -> Box<dyn FittedStacker> {
        with_defaults(kind).fit(&self.rows()).unwrap()
    }

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
    for kind in STACKERS {
        let fitted = meta.fit(kind);
        for rows in [&meta.features, &extreme, &Array2::zeros((0, 4)), &Array2::zeros((1, 4))] {
            assert!(score(&*fitted, rows).iter().all(|score| score.is_finite()), "{}", kind.name);
        }
        if fitted.scale() == Scale::Probability {
            assert!(score(&*fitted, &extreme).iter().all(|score| (0.0..=1.0).contains(score)), "{}", kind.name);
        }
    }
}

#[test]
fn the_order_of_candidates_changes_no_score() {
    let meta = meta();
    let mut order: Vec<usize> = (0..400).collect();
    rng::shuffle(&mut rng::stream(1, "test", 0), &mut order);
    let shuffled = meta.features.select(Axis(0), &order);
    for kind in STACKERS {
        let fitted = meta.fit(kind);
        let (straight, other) = (score(&*fitted, &meta.features), score(&*fitted, &shuffled));
        assert!(
            order.iter().zip(other).all(|(&from, score)| straight[from].to_bits() == score.to_bits()),
            "{}",
            kind.name
        );
    }
}

#[test]
fn threads_do_not_move_a_bit() {
    let meta = meta();
    for kind in STACKERS {
        let bits = |threads| parallel::with_threads(threads, || score(&*meta.fit(kind), &meta.features)).unwrap();
        assert_eq!(bits(1), bits(8), "{}", kind.name);
    }
}

#[test]
fn importances_and_history_are_finite_and_name_known_features() {
    let meta = meta();
    for kind in STACKERS {
        let fitted = meta.fit(kind);
        for importance in fitted.importances() {
            assert!(importance.value.is_finite(), "{}: {importance:?}", kind.name);
            assert!(importance.feature == "intercept" || meta.names.contains(&importance.feature));
        }
        assert!(fitted.history().iter().all(|(_, step, value)| *step >= 1 && value.is_finite()));
    }
}

#[test]
fn who_learns_needs_labels_of_both_kinds_and_who_does_not_needs_none() {
    let one_class = Meta { labels: vec![1; 400], ..meta() };
    let nothing = Meta { features: Array2::zeros((0, 4)), labels: vec![], groups: vec![0], ..meta() };
    for kind in STACKERS {
        let stacker = with_defaults(kind);
        for rows in [one_class.rows(), nothing.rows()] {
            assert_eq!(stacker.fit(&rows).is_err(), stacker.needs_meta(), "{}", kind.name);
        }
        assert!(stacker.parameters().is_object() && !stacker.default_features().is_empty());
        assert_eq!(stacker.parameters().as_object().unwrap().len(), (kind.options)().len(), "{}", kind.name);
    }
}
