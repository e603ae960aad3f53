//! ml-100k, official fold u1, against Surprise, MyMediaLite and closed forms. Needs the ratings (`REXP_DATA_DIR`).

use crate::support::{Home, real_data, repository};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

const EXPERIMENT: &str = r#"
seeds = [42]
[data]
name = "ml-100k"
[split]
kind = "file"
path = "u1.csv"
[models.bias]
[models.itemknn]
norm = "common"
fallback = "global"
[models.mf]
order = "user"
[evaluation]
k = [10]
segments = []
protocols = ["rated"]
"#;

/// The fold as a split file: all of u1.base is learned from.
fn fold(folder: &Path) -> String {
    let mut out = "user,item,part\n".to_owned();
    for (file, part) in [("u1.base", "base"), ("u1.test", "test")] {
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines() {
            let mut fields = line.split('\t');
            writeln!(out, "{},{},{part}", fields.next().unwrap(), fields.next().unwrap()).unwrap();
        }
    }
    out
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(repository("tests/golden/ml-100k.json")).unwrap()).unwrap()
}

/// The entry whose name starts like this.
fn entry<'a>(section: &'a Value, start: &str) -> &'a Value {
    section.as_object().unwrap().iter().find(|(name, _)| name.starts_with(start)).unwrap().1
}

#[test]
fn rating_errors_agree_with_surprise() {
    let Some(data) = real_data("rating_errors_agree_with_surprise", "ml-100k") else { return };
    let home = Home::new();
    home.write("u1.csv", fold(&data.join("ml-100k")));
    home.write("u1.toml", EXPERIMENT);
    let data = data.to_string_lossy().into_owned();
    let out = home.json(&["run", "u1.toml", "--offline", "--data-dir", &data, "--json"]);
    let values = out["runs"][0]["leaderboard"]["values"].as_array().unwrap();
    let expected = expected();
    let surprise = entry(&expected, "surprise");
    // Ties at the 40th neighbor go by a seeded hash here and by position there: in ten seeds this lies at 1.0465–1.0471, and with their rule at 1.04905.
    for (arm, theirs, tolerance) in
        [("bias", "BaselineOnly als", 1e-4), ("itemknn", "KNNBasic cosine", 3e-3), ("mf", "SVD (100", 0.01)]
    {
        for metric in ["rmse", "mae"] {
            let ours = values.iter().find(|value| value["arm"] == arm && value["metric"] == metric).unwrap()["mean"]
                .as_f64()
                .unwrap();
            let theirs = entry(surprise, theirs)[metric].as_f64().unwrap();
            assert!((ours - theirs).abs() < tolerance, "{arm} {metric}: {ours}, expected {theirs} ± {tolerance}");
        }
    }
}

/// Ratings of a file of the fold: user, item, rating.
fn ratings(path: &Path) -> Vec<(usize, usize, f64)> {
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let fields: Vec<usize> = line.split('\t').map(|field| field.parse().unwrap()).collect();
        (fields[0], fields[1], fields[2] as f64)
    };
    text.lines().map(row).collect()
}

/// User means through the external arm: scores of another program are judged like a model's own.
#[test]
fn user_means_agree_with_my_media_lite() {
    let Some(data) = real_data("user_means_agree_with_my_media_lite", "ml-100k") else { return };
    let (base, test) = (ratings(&data.join("ml-100k/u1.base")), ratings(&data.join("ml-100k/u1.test")));
    let mean = |user: usize| {
        let own: Vec<f64> = base.iter().filter(|row| row.0 == user).map(|row| row.2).collect();
        own.iter().sum::<f64>() / own.len() as f64
    };
    let means: Vec<f64> = (0..=943).map(mean).collect();
    let scores = test
        .iter()
        .fold("user,item,score\n".to_owned(), |out, row| format!("{out}{},{},{}\n", row.0, row.1, means[row.0]));
    let home = Home::new();
    home.write("means.csv", scores);
    home.write("u1.csv", fold(&data.join("ml-100k")));
    let model = "[models.means]\nkind = \"external\"\npath = \"means.csv\"\nscale = \"rating\"\n";
    home.write("u1.toml", EXPERIMENT.replace("[models.bias]", model).replace("[models.mf]\norder = \"user\"\n", ""));
    let data = data.to_string_lossy().into_owned();
    let out = home.json(&["run", "u1.toml", "--offline", "--data-dir", &data, "--json"]);
    let values = out["runs"][0]["leaderboard"]["values"].as_array().unwrap();
    for metric in ["rmse", "mae"] {
        let ours = values.iter().find(|value| value["arm"] == "means" && value["metric"] == metric).unwrap()["mean"]
            .as_f64()
            .unwrap();
        let theirs = expected()["MyMediaLite"]["UserAverage"][metric].as_f64().unwrap();
        assert!((ours - theirs).abs() < 1e-4, "{metric}: {ours}, expected {theirs}");
    }
}

/// The closed forms: popularity, and item cosine over all neighbors, ranked over all items of the train part; ties by ascending id, as there.
#[test]
fn closed_forms_agree() {
    use rexp::dataset::{Catalog, ItemIndex};
    use rexp::metrics::{Compute, ItemFacts, UserList, metric};
    let Some(data) = real_data("closed_forms_agree", "ml-100k") else { return };
    let (base, test) = (ratings(&data.join("ml-100k/u1.base")), ratings(&data.join("ml-100k/u1.test")));
    let (n_users, n_items) = (944, 1683);
    let mut of_user = vec![vec![false; n_items]; n_users];
    base.iter().for_each(|row| of_user[row.0][row.1] = true);
    let counts: Vec<u32> = (0..n_items).map(|item| of_user.iter().filter(|items| items[item]).count() as u32).collect();
    let profile = |user: usize| (0..n_items).filter(|&item| of_user[user][item]).collect::<Vec<_>>();
    let mut overlap = vec![0_u32; n_items * n_items];
    for user in 0..n_users {
        let items = profile(user);
        items.iter().for_each(|&a| items.iter().for_each(|&b| overlap[a * n_items + b] += 1));
    }
    let cosine = |a: usize, b: usize| {
        if a == b {
            0.0
        } else {
            f64::from(overlap[a * n_items + b]) / (f64::from(counts[a]) * f64::from(counts[b])).sqrt()
        }
    };
    let catalog = Catalog::default();
    let facts = ItemFacts { counts: &counts, n_users, is_tail: &[], catalog: &catalog };
    let expected = expected();
    for (name, by_cosine) in [("popularity", false), ("item cosine", true)] {
        let golden = entry(entry(&expected, "closed form"), name);
        let mut sums = [0.0; 5];
        let mut n = 0;
        for (user, known) in of_user.iter().enumerate() {
            let relevant: Vec<usize> =
                test.iter().filter(|row| row.0 == user && row.2 >= 4.0 && counts[row.1] > 0).map(|row| row.1).collect();
            if relevant.is_empty() {
                continue;
            }
            let own = profile(user);
            let score = |item: usize| {
                if by_cosine {
                    (own.iter().map(|&j| cosine(item, j)).sum::<f64>() * 1e10).round()
                } else {
                    f64::from(counts[item])
                }
            };
            let mut ranked: Vec<(usize, f64)> =
                (0..n_items).filter(|&item| counts[item] > 0 && !known[item]).map(|item| (item, score(item))).collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let top: Vec<ItemIndex> = ranked.iter().take(10).map(|row| ItemIndex(row.0 as u32)).collect();
            let relevance: Vec<u8> = ranked.iter().take(10).map(|row| u8::from(relevant.contains(&row.0))).collect();
            let list = UserList {
                ranked: &top,
                relevance: &relevance,
                n_relevant: relevant.len(),
                scores: &[],
                labels: &[],
                profile_popularity: 0.0,
                items: &facts,
            };
            for (sum, metric_name) in sums.iter_mut().zip(["hit-rate", "precision", "recall", "ndcg", "mrr"]) {
                let Compute::RelevantAtK(compute) = metric(metric_name).unwrap().compute else { panic!() };
                *sum += compute(&list, 10).unwrap();
            }
            n += 1;
        }
        for (sum, column) in sums.iter().zip(["hit@10", "precision@10", "recall@10", "ndcg@10", "mrr@10"]) {
            let (ours, theirs) = (sum / f64::from(n), golden[column].as_f64().unwrap());
            assert!((ours - theirs).abs() < 1e-4, "{name} {column}: {ours}, expected {theirs}");
        }
        assert_eq!(n, 456);
    }
}
