//! LambdaRank against LightGBM (`tests/golden/models/lambdarank.json`, `lambdarank_orders.json`): the derivatives of one group exactly, fitted trees by their NDCG@10.

use super::{Derivatives, LambdaRank, Loss, Rows, Settings, SplitGain, Targets, fit};

const N_FEATURES: usize = 8;

struct Golden {
    features: Vec<f32>,
    grades: Vec<f32>,
    groups: Vec<usize>,
}

impl Golden {
    fn read(part: &str) -> Self {
        let path = format!("{}/tests/golden/models/lambdarank_{part}.csv", env!("CARGO_MANIFEST_DIR"));
        let mut out = Self { features: Vec::new(), grades: Vec::new(), groups: Vec::new() };
        let mut last = String::new();
        for (row, record) in csv::Reader::from_path(path).unwrap().records().enumerate() {
            let record = record.unwrap();
            if record[0] != last {
                out.groups.push(row);
                last = record[0].to_owned();
            }
            out.grades.push(record[1].parse().unwrap());
            out.features.extend(record.iter().skip(2).map(|field| field.parse::<f32>().unwrap()));
        }
        out.groups.push(out.grades.len());
        out
    }

    fn binary(mut self) -> Self {
        self.grades.iter_mut().for_each(|grade| *grade = f32::from(u8::from(*grade >= 2.0)));
        self
    }

    fn targets(&self) -> Targets<'_> {
        Targets { labels: &self.grades, groups: &self.groups, weights: &[] }
    }

    fn rows(&self) -> Rows<'_> {
        Rows { features: &self.features, n_features: N_FEATURES, targets: self.targets() }
    }
}

fn golden(file: &str) -> serde_json::Value {
    let path = format!("{}/tests/golden/models/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(json: &serde_json::Value) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn derivatives_of_one_group_are_those_of_the_formula_and_steps_those_of_lightgbm() {
    let cases = golden("lambdarank.json")["single_group_newton_steps"].as_array().unwrap().clone();
    assert_eq!(cases.len(), 6);
    let mut n_steps = 0;
    for case in cases {
        let labels: Vec<f32> = numbers(&case["grade"]).iter().map(|&grade| grade as f32).collect();
        let scores = numbers(&case["score"]);
        let loss = LambdaRank {
            truncation: case["truncation_level"].as_u64().unwrap() as usize,
            normalize: case["lambdarank_norm"].as_bool().unwrap(),
            ..LambdaRank::default()
        };
        let mut out = vec![Derivatives::default(); labels.len()];
        let targets = Targets { labels: &labels, groups: &[0, labels.len()], weights: &[] };
        loss.derivatives(&targets, &scores, &mut out);
        let close = |ours: f64, theirs: f64| (ours - theirs).abs() < 1e-9 * theirs.abs() + 1e-12;
        for (row, ours) in out.iter().enumerate() {
            let of = |key: &str| case[key][row].as_f64();
            assert!(close(ours.gradient, of("gradient").unwrap()), "{loss:?} row {row}: {ours:?} {case}");
            assert!(close(ours.hessian, of("hessian").unwrap()), "{loss:?} row {row}: {ours:?} {case}");
            if let Some(theirs) = of("lightgbm_step") {
                n_steps += 1;
                let step = -ours.gradient / ours.hessian;
                assert!((step / theirs - 1.0).abs() < 5e-3, "{loss:?} row {row}: {step} {theirs}");
            }
        }
    }
    assert!(n_steps > 20, "{n_steps}");
}

/// Mean NDCG@10 of train and test lists over fits that differ in the order of tied scores.
fn mean_ndcg(train: &Golden, test: &Golden) -> [f64; 2] {
    const N_SEEDS: u64 = 12;
    let settings = Settings {
        n_trees: 50,
        learning_rate: 0.1,
        max_depth: 3,
        max_leaves: 8,
        min_leaf: 5,
        split: SplitGain::Newton,
        ..Settings::default()
    };
    let at_10 = LambdaRank { truncation: 10, ..LambdaRank::default() };
    let mut sums = [0.0; 2];
    for tie_seed in 0..N_SEEDS {
        let loss = LambdaRank { tie_seed, ..LambdaRank::default() };
        let boosted = fit(&train.rows(), &loss, &settings, 1).unwrap();
        for (sum, part) in sums.iter_mut().zip([train, test]) {
            let mut scores = vec![0.0; part.grades.len()];
            boosted.ensemble.score(&part.features, &mut scores);
            *sum += 1.0 - at_10.value(&part.targets(), &scores);
        }
    }
    sums.map(|sum| sum / N_SEEDS as f64)
}

#[test]
fn trees_rank_as_well_as_those_of_lightgbm() {
    // Which rows of equal score rank first (before the first tree all are equal) moves LightGBM's test NDCG by 0.004, one standard deviation, and ours alike: the
    // one order of lambdarank.json says little, so means over orders are compared. Measured, ours and theirs: graded .9462 .9451 (train), .8825 .8823 (test); binary
    // .9539 .9544, .9099 .9097.
    let orders = golden("lambdarank_orders.json");
    let given = golden("lambdarank.json");
    for (key, [train, test]) in [
        ("graded", ["train", "test"].map(Golden::read)),
        ("binary", ["train", "test"].map(|part| Golden::read(part).binary())),
    ] {
        for (ours, name) in mean_ndcg(&train, &test).into_iter().zip(["train", "test"]) {
            let theirs = numbers(&orders[key][&format!("{name}_ndcg10")]);
            let staged = numbers(&given[key][&format!("lightgbm_{name}_ndcg10_staged")]);
            assert!((theirs[0] - staged[49]).abs() < 1e-12, "the first order is that of lambdarank.json");
            let mean = theirs[1..].iter().sum::<f64>() / 12.0;
            assert!(ours >= mean - 0.003, "{key} {name}: {ours} {mean}");
        }
    }
}
