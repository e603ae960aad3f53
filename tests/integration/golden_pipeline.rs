//! The whole recipe on ml-latest-small against the same recipe in pandas, Surprise and scikit-learn (`tests/golden/pipeline/`), on the same split.

use crate::golden::{Comparison, Measured, json, unzipped};
use crate::support::{Home, real_data, repository};
use ndarray::Array2;
use rexp::stackers::{FittedStacker, MetaRows, STACKERS};
use std::path::Path;

const EXPERIMENT: &str = r#"
seeds = [42]
[data]
name = "ml-latest-small"
[split]
kind = "file"
path = "split.csv"
[models.bias]
[models.itemknn]
norm = "common"
fallback = "global"
[models.mf]
[models.genre]
[[stackers]]
kind = "gradient-boosting"
[[stackers]]
kind = "logistic"
[evaluation]
k = [10]
segments = []
"#;

/// Where statistics come from: ours and the key of the golden file.
const STATS_FROM: [(&str, &str); 2] =
    [("train_full", "stats_from=train_full"), ("base_train", "stats_from=base_train")];

/// The same metric here and there.
const RANKING: [(&str, &str); 3] = [("ndcg", "ndcg@10"), ("precision", "precision@10"), ("recall", "recall@10")];

/// What the recipe measures on the golden split, with these statistics and under one protocol.
fn run(data: &Path, protocol: &str, stats_from: &str) -> Measured {
    let home = Home::new();
    home.write("split.csv", unzipped(&repository("tests/golden/pipeline/split.csv.gz")));
    home.write(
        "recipe.toml",
        format!("{EXPERIMENT}protocols = [\"{protocol}\"]\n[features]\nstats_from = \"{stats_from}\"\n"),
    );
    home.ok(&["run", "recipe.toml", "--db", "s.sqlite", "--offline", "--data-dir", data.to_str().unwrap()]);
    Measured::read(&home, "s.sqlite", "recipe")
}

#[test]
fn rated_rankings_are_those_of_the_recipe_in_python() {
    let Some(data) = real_data("rated_rankings_are_those_of_the_recipe_in_python", "ml-latest-small") else { return };
    let golden = json("pipeline/expected.json");
    let mut comparison = Comparison::default();
    for (ours, theirs) in STATS_FROM {
        let measured = run(&data, "rated", ours);
        // Tolerances of rankings and of what is pooled over rows, where ties play no part. Closed forms differ by ties alone, and those only in rankings;
        // kNN also by ties at the 40th neighbor; MF by its random start; stacks by all of that.
        for (arm, model, tolerance, rows_tolerance) in [
            ("bias", "BiasModel", 0.003, 1e-4),
            ("genre", "GenreContent", 0.003, 1e-4),
            ("itemknn", "ItemKNNModel", 0.02, 0.003),
            ("mf", "MFModel", 0.01, 0.005),
            ("simple-average", "SimpleAverage4", 0.01, 0.003),
            ("gradient-boosting", "GBStack", 0.01, 0.005),
            ("logistic", "LogisticStack", 0.01, 0.003),
        ] {
            let expected = &golden[theirs]["models"][model]["rated_only"];
            for (metric, key) in RANKING {
                let (value, n) = measured.get(arm, "rated", metric);
                assert_eq!(n, expected["users_with_relevant"].as_u64().unwrap(), "{arm} {metric}");
                comparison.near(&format!("{ours} {arm} {metric}"), value, &expected[key], tolerance);
            }
            let rows = match arm {
                "bias" | "itemknn" | "mf" => vec![("roc-auc", "auc"), ("rmse", "rmse")],
                "gradient-boosting" | "logistic" => vec![("roc-auc", "auc"), ("log-loss", "logloss")],
                // The reference gives these an RMSE that means nothing: a cosine stretched to stars.
                _ => vec![("roc-auc", "auc")],
            };
            for (metric, key) in rows {
                let (value, n) = measured.get(arm, "rated", metric);
                assert_eq!(n, 20_168, "{arm} {metric}: all test rows");
                comparison.near(&format!("{ours} {arm} {metric}"), value, &expected[key], rows_tolerance);
            }
        }
    }
    comparison.finish(2 * (7 * 3 + 5 * 2 + 2));
}

/// Compares the rankings of the whole catalog, and how many users they are of.
fn compare_full(stats_from: (&str, &str), measured: &Measured, comparison: &mut Comparison) {
    let (ours, theirs) = stats_from;
    let golden = json("pipeline/expected.json");
    for (arm, model, tolerance) in [
        ("bias", "BiasModel", 0.003),
        // Hundreds of items have the same genres and so the same cosine. The reference takes the lowest ids of them, which are the popular ones; ours
        // draws them by hash. Measured: NDCG 0.0059 instead of 0.0094, recall 0.0043 instead of 0.0083.
        ("genre", "GenreContent", 0.005),
        // A rating of 5 by a single neighbor beats everything: both fill the lists with items hardly anybody knows, and find next to nothing.
        ("itemknn", "ItemKNNModel", 0.003),
        ("mf", "MFModel", 0.01),
        ("simple-average", "SimpleAverage4", 0.01),
        ("gradient-boosting", "GBStack", 0.01),
        ("logistic", "LogisticStack", 0.01),
    ] {
        let expected = &golden[theirs]["models"][model]["full"];
        for (metric, key) in RANKING {
            let (value, n) = measured.get(arm, "full", metric);
            assert_eq!(n, expected["users_with_relevant"].as_u64().unwrap(), "{arm} {metric}");
            // One random start against another: over eight starts ours is 0.035 to 0.044, the reference's only one 0.048.
            let tolerance = if (arm, metric) == ("mf", "recall") { 0.015 } else { tolerance };
            comparison.near(&format!("{ours} {arm} {metric}"), value, &expected[key], tolerance);
        }
    }
}

#[test]
fn full_rankings_are_those_of_the_recipe_in_python() {
    let Some(data) = real_data("full_rankings_are_those_of_the_recipe_in_python", "ml-latest-small") else { return };
    let measured = run(&data, "full", "train_full");
    let mut comparison = Comparison::default();
    compare_full(STATS_FROM[0], &measured, &mut comparison);
    comparison.finish(7 * 3);
}

#[test]
fn full_rankings_without_the_leak_are_those_of_the_recipe_in_python() {
    let test = "full_rankings_without_the_leak_are_those_of_the_recipe_in_python";
    let Some(data) = real_data(test, "ml-latest-small") else { return };
    let measured = run(&data, "full", "base_train");
    let mut comparison = Comparison::default();
    compare_full(STATS_FROM[1], &measured, &mut comparison);
    // The floor is fitted on base_train whatever the statistics come from; the reference counts where its statistics come from.
    let expected = &json("pipeline/expected.json")["stats_from=base_train"]["models"]["Popularity"]["full"];
    for (metric, key) in RANKING {
        comparison.near(metric, measured.get("popularity", "full", metric).0, &expected[key], 0.003);
    }
    comparison.finish(7 * 3 + 3);
}

#[test]
fn refitted_popularity_is_that_of_all_training_ratings() {
    let Some(data) = real_data("refitted_popularity_is_that_of_all_training_ratings", "ml-latest-small") else {
        return;
    };
    let home = Home::new();
    home.write("split.csv", unzipped(&repository("tests/golden/pipeline/split.csv.gz")));
    let text = "[data]\nname = \"ml-latest-small\"\n[split]\nkind = \"file\"\npath = \"split.csv\"\nrefit = true\n[models.bias]\n\
        [evaluation]\nprotocols = [\"full\"]\nk = [10]\nsegments = []\n";
    home.write("refit.toml", text);
    home.ok(&["run", "refit.toml", "--db", "s.sqlite", "--offline", "--data-dir", data.to_str().unwrap()]);
    let measured = Measured::read(&home, "s.sqlite", "refit");
    let expected = &json("pipeline/expected.json")["stats_from=train_full"]["models"]["Popularity"]["full"];
    let mut comparison = Comparison::default();
    for (metric, key) in RANKING {
        comparison.near(metric, measured.get("popularity", "full", metric).0, &expected[key], 0.003);
    }
    comparison.finish(3);
}

/// Features and labels of the rows of one part, and where each user's rows start.
struct Table {
    names: Vec<String>,
    features: Array2<f32>,
    labels: Vec<u8>,
    groups: Vec<usize>,
}

impl Table {
    /// Reads `row,userId,movieId,rating,…features`; rows of a user stand together.
    fn read(path: &Path) -> Self {
        let text = unzipped(path);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names: Vec<String> = reader.headers().unwrap().iter().skip(4).map(str::to_owned).collect();
        let (mut values, mut labels, mut groups, mut last) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (at, record) in reader.records().enumerate() {
            let record = record.unwrap();
            let user: u32 = record[1].parse().unwrap();
            if last.replace(user) != Some(user) {
                groups.push(at);
            }
            labels.push(u8::from(record[3].parse::<f32>().unwrap() >= 4.0));
            values.extend(record.iter().skip(4).map(|field| field.parse::<f32>().unwrap()));
        }
        groups.push(labels.len());
        let features = Array2::from_shape_vec((labels.len(), names.len()), values).unwrap();
        Self { names, features, labels, groups }
    }
}

fn fit(kind: &str, meta: &Table) -> Box<dyn FittedStacker> {
    let stacker = rexp::kind::with_defaults(STACKERS.iter().find(|entry| entry.name == kind).unwrap());
    let Table { names, features, labels, groups } = meta;
    stacker.fit(&MetaRows { features: features.view(), names, labels, groups, seed: 42 }).unwrap()
}

#[test]
fn stackers_on_given_features_are_those_of_scikit_learn() {
    let Some(folder) = std::env::var_os("REXP_GOLDEN_DIR") else {
        eprintln!("skipped stackers_on_given_features_are_those_of_scikit_learn: REXP_GOLDEN_DIR is not set");
        return;
    };
    let table = |part: &str| Table::read(&Path::new(&folder).join(format!("pipeline/features-{part}.csv.gz")));
    let (meta, test) = (table("meta"), table("test"));
    assert_eq!((meta.labels.len(), test.labels.len(), meta.names.len()), (16_134, 20_168, 8));
    let golden = &json("pipeline/expected.json")["stats_from=base_train"];
    let mut comparison = Comparison::default();
    for (kind, model, measure, learned, tolerance) in [
        // Exact splits against 255 bins.
        ("gradient-boosting", "GBStack", "gain", "gb", 0.02),
        ("logistic", "LogisticStack", "coefficient", "logistic_standardised_coef", 1e-3),
    ] {
        let fitted = fit(kind, &meta);
        let mut scores = vec![0.0; test.labels.len()];
        fitted.score(test.features.view(), &mut scores);
        let expected = &golden["models"][model]["rated_only"];
        for (metric, key) in [("log-loss", "logloss"), ("roc-auc", "auc")] {
            let value = pooled(metric, &scores, &test.labels);
            comparison.near(&format!("{kind} {metric}"), value, &expected[key], 0.003);
        }
        for importance in fitted.importances().iter().filter(|entry| entry.measure == measure) {
            if importance.feature != "intercept" {
                let expected = &golden["feature_importance"][learned][&importance.feature];
                comparison.near(&format!("{kind} {}", importance.feature), importance.value, expected, tolerance);
            }
        }
    }
    comparison.finish(2 * (2 + 8));
}

/// What a metric of the table makes of all test rows.
fn pooled(metric: &str, scores: &[f32], labels: &[u8]) -> f64 {
    let rexp::metrics::Compute::Rows(_, compute) = rexp::metrics::metric(metric).unwrap().compute else {
        panic!("{metric} is not of rows")
    };
    compute(&rexp::metrics::Rows { scores, ratings: &[], labels, rating_range: (0.5, 5.0) }).unwrap()
}
