//! What `rexp export` writes can be read by others, and says what the store says.

use crate::support::{Home, SMALL, rows};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

fn ran() -> Home {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml"]);
    home
}

fn csv(text: &str) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
}

fn jsonl(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_form_explains_itself_and_refuses_what_it_must() {
    let home = ran();
    for what in ["runs", "metrics", "intervals", "users", "rankings", "trec", "mlflow"] {
        assert!(home.ok(&["export", what, "--help"]).stdout.contains("Usage: rexp export"), "{what}");
    }
    assert!(home.ok(&["export", "trec", "--help"]).stdout.contains("%XX"));
    for wrong in [
        &["users"][..],
        &["rankings"],
        &["users", "ee"],
        &["metrics", "ee"],
        &["trec", "e"],
        &["runs", "--format", "xml"],
    ] {
        let answer = home.rexp(&[&["export"], wrong].concat());
        assert!(answer.code == 2 && answer.stdout.is_empty(), "{wrong:?}: {}", answer.stderr);
    }
    assert_eq!(home.ok(&["export", "runs", "e", "--out", "deep/runs.csv"]).stdout, "deep/runs.csv\n");
    home.write("mine.csv", "mine");
    let answer = home.rexp(&["export", "runs", "e", "--out", "mine.csv"]);
    assert!(answer.code == 2 && answer.stderr.contains("mine.csv is there already"), "{}", answer.stderr);
    assert_eq!(fs::read_to_string(home.path("mine.csv")).unwrap(), "mine");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = ran();
    for format in ["csv", "jsonl"] {
        let mut command = home.command(&["export", "users", "e", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let answer = child.wait_with_output().unwrap();
        assert!(answer.status.success() && answer.stderr.is_empty(), "{}", String::from_utf8_lossy(&answer.stderr));
    }
}

#[test]
fn tables_equal_the_store_in_both_formats() {
    let home = ran();
    let db = home.db("results/rexp.sqlite");
    let counts = [
        ("runs", "SELECT count(*) FROM run"),
        ("metrics", "SELECT count(*) FROM metric_value"),
        ("intervals", "SELECT count(*) FROM interval"),
        ("users", "SELECT sum(n_users) FROM user_value JOIN user_list ON user_list.id = user_list_id"),
    ];
    for (table, sql) in counts {
        let n: usize = db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize;
        let text = home.ok(&["export", table, "e"]).stdout;
        let (own, json) = (csv(&text), jsonl(&home.ok(&["export", table, "e", "--format", "jsonl"]).stdout));
        assert!(n > 0 && own.len() == n && json.len() == n, "{table}: {n} {} {}", own.len(), json.len());
        for (own, json) in own.iter().zip(&json) {
            for (column, cell) in own {
                match &json[column] {
                    Value::Null => assert_eq!(cell, ""),
                    Value::String(text) => assert_eq!(cell, text),
                    Value::Number(number) => {
                        assert_eq!(cell.parse::<f64>().unwrap(), number.as_f64().unwrap(), "{column}")
                    }
                    other => assert_eq!(*cell, other.to_string()),
                }
            }
        }
    }
    let stored = "SELECT trial.seed, arm.name, protocol, metric.name, k, segment, value, n FROM metric_value JOIN trial ON trial.id = trial_id
        JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id";
    let mut statement = db.prepare(stored).unwrap();
    let key = |row: &rusqlite::Row<'_>| {
        Ok(((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?), (row.get(6)?, row.get(7)?)))
    };
    type Name = (i64, String, String, String, i64, String);
    let stored: BTreeMap<Name, (f64, i64)> = statement.query_map([], key).unwrap().map(|row| row.unwrap()).collect();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let all = jsonl(&home.ok(&["export", "metrics", "--format", "jsonl"]).stdout);
    let exported = all.iter().map(|row| {
        let (seed, k) = (row["seed"].as_i64().unwrap(), row["k"].as_i64().unwrap_or(0));
        let name = (seed, text(row, "arm"), text(row, "protocol"), text(row, "metric"), k, text(row, "segment"));
        (name, (row["value"].as_f64().unwrap(), row["n"].as_i64().unwrap()))
    });
    assert!(exported.collect::<BTreeMap<Name, (f64, i64)>>() == stored, "to the last bit");
    let run = &jsonl(&home.ok(&["export", "runs", "--format", "jsonl"]).stdout)[0];
    assert_eq!((run["seeds"].as_str(), run["primary_arm"].as_str()), (Some("1 2"), Some("gbstack")));
    let params: Value = serde_json::from_str(run["params"].as_str().unwrap()).unwrap();
    assert_eq!(params["models.mf.factors"], 8);
}

/// The metrics of one user's list in plain words: NDCG, precision, recall and average precision, all at k.
fn judged(list: &[&str], relevant: &[&str], k: usize) -> [f64; 4] {
    let (mut dcg, mut found, mut precisions) = (0.0, 0.0, 0.0);
    for (place, item) in list.iter().take(k).enumerate() {
        if relevant.contains(item) {
            found += 1.0;
            dcg += 1.0 / (place as f64 + 2.0).log2();
            precisions += found / (place as f64 + 1.0);
        }
    }
    let ideal: f64 = (0..k.min(relevant.len())).map(|place| 1.0 / (place as f64 + 2.0).log2()).sum();
    let n = relevant.len() as f64;
    [dcg / ideal, found / k as f64, found / n, precisions / n]
}

#[test]
fn trec_files_give_the_stored_metrics() {
    let home = ran();
    let files = home.ok(&["export", "trec", "e", "trec"]).stdout;
    assert_eq!(files.lines().count(), fs::read_dir(home.path("trec")).unwrap().count());
    let metrics = jsonl(&home.ok(&["export", "metrics", "e", "--format", "jsonl"]).stdout);
    let mut n_compared = 0;
    for row in metrics.iter().filter(|row| row["segment"] == "all" && row["k"].as_u64().is_some()) {
        let names = ["ndcg", "precision", "recall", "map"];
        let Some(which) = names.iter().position(|name| row["metric"] == *name) else { continue };
        let text = |name: &str| row[name].as_str().unwrap();
        let stem = format!("trec/e.{}.{}", text("protocol"), row["seed"]);
        let qrels = fs::read_to_string(home.path(&format!("{stem}.qrels"))).unwrap();
        let run = fs::read_to_string(home.path(&format!("{stem}.{}.run", text("arm")))).unwrap();
        let mut relevant: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in qrels.lines() {
            let [user, "0", item, "1"] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            relevant.entry(user).or_default().push(item);
        }
        let mut lists: BTreeMap<&str, Vec<(f64, &str)>> = BTreeMap::new();
        for line in run.lines() {
            let [user, "Q0", item, rank, score, tag] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let list = lists.entry(user).or_default();
            let score: f64 = score.parse().unwrap();
            assert!(tag == text("arm") && list.last().is_none_or(|last| last.0 > score), "{line}");
            list.push((score, item));
            assert_eq!(rank, list.len().to_string());
        }
        let k = row["k"].as_u64().unwrap() as usize;
        let values = relevant.iter().map(|(user, relevant)| {
            let list: Vec<&str> = lists.get(user).into_iter().flatten().map(|entry| entry.1).collect();
            judged(&list, relevant, k)[which]
        });
        let mean = values.sum::<f64>() / relevant.len() as f64;
        let stored = row["value"].as_f64().unwrap();
        assert!((mean - stored).abs() < 1e-9, "{row}: {mean}");
        assert_eq!(row["n"].as_u64().unwrap() as usize, relevant.len());
        n_compared += 1;
    }
    assert!(n_compared > 100, "{n_compared}");
    // Once more into the same folder: the same files.
    assert_eq!(home.ok(&["export", "trec", "e", "trec"]).stdout, files);
}

#[test]
fn rankings_are_the_lists_that_were_judged() {
    let home = ran();
    let lists = csv(&home.ok(&["export", "rankings", "e"]).stdout);
    let metrics = jsonl(&home.ok(&["export", "users", "e", "--format", "jsonl"]).stdout);
    let mut found: BTreeMap<Vec<&str>, f64> = BTreeMap::new();
    for row in lists.iter().filter(|row| row["rank"].parse::<u64>().unwrap() <= 10) {
        let name = ["seed", "arm", "protocol", "user"].map(|column| row[column].as_str()).to_vec();
        *found.entry(name).or_default() += row["relevance"].parse::<f64>().unwrap() / 10.0;
    }
    let is_precision = |row: &&Value| row["metric"] == "precision" && row["k"] == 10 && row["segment"] == "all";
    let own: Vec<&Value> = metrics.iter().filter(is_precision).collect();
    assert!(own.len() > 500, "{}", own.len());
    for row in own {
        let seed = row["seed"].to_string();
        let name = vec![
            seed.as_str(),
            row["arm"].as_str().unwrap(),
            row["protocol"].as_str().unwrap(),
            row["user"].as_str().unwrap(),
        ];
        assert!((found.get(&name).copied().unwrap_or(0.0) - row["value"].as_f64().unwrap()).abs() < 1e-6, "{row}");
    }
}

#[test]
fn a_run_without_relevant_items_is_told_to_run_again() {
    let home = ran();
    home.db("results/rexp.sqlite").execute("DELETE FROM relevant", []).unwrap();
    let answer = home.rexp(&["export", "trec", "e", "trec"]);
    assert!(answer.code == 2 && answer.stderr.contains("again with --force"), "{}", answer.stderr);
    assert!(!home.path("trec").exists());
    home.ok(&["run", "e.toml", "--force"]);
    home.ok(&["export", "trec", "e", "trec"]);
}

#[test]
fn hostile_ids_and_names_stay_in_their_cell() {
    let home = ran();
    let (name, user, item) = ("../../x <script>", "a b,\"c\"\n=1+1\t%20", "<b>;'\r\n\u{2028}i");
    let db = home.db("results/rexp.sqlite");
    db.execute("UPDATE experiment SET name = ?1", [name]).unwrap();
    db.execute("UPDATE arm SET name = ?1 WHERE name = 'bias'", ["/etc/a b\n"]).unwrap();
    db.execute("UPDATE item SET item_id = ?1 || item_id", [item]).unwrap();
    let hostile = "UPDATE user_list SET user_ids = (SELECT json_group_array(?1 || value) FROM json_each(user_ids))";
    db.execute(hostile, [user]).unwrap();
    for table in ["runs", "metrics", "intervals", "users", "rankings"] {
        let own = csv(&home.ok(&["export", table, name]).stdout);
        let json = jsonl(&home.ok(&["export", table, name, "--format", "jsonl"]).stdout);
        assert!(own.len() == json.len() && own.iter().all(|row| row["experiment"] == name), "{table}");
        if table == "rankings" {
            assert!(own.iter().all(|row| row["user"].starts_with(user) && row["item"].starts_with(item)));
            assert!(json.iter().all(|row| row["user"].as_str().unwrap().starts_with(user)));
            assert!(own.iter().any(|row| row["arm"] == "/etc/a b\n"));
        }
    }
    home.ok(&["export", "trec", name, "trec"]);
    let mut n_files = 0;
    for entry in fs::read_dir(home.path("trec")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        assert!(file.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.'), "{file}");
        let n_fields = if file.ends_with(".qrels") { 4 } else { 6 };
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().all(|line| line.split_whitespace().count() == n_fields), "{file}");
        assert!(text.contains("a%20b,\"c\"%0A=1+1%09%2520") && text.contains("<b>;'%0D%0A%E2%80%A8i"));
        n_files += 1;
    }
    assert!(n_files > 10);
    home.ok(&["export", "mlflow", "mlf"]);
    let mlflow = home.db("mlf/mlflow.db");
    let theirs = rows(&mlflow, "SELECT name FROM experiments WHERE experiment_id = 1");
    assert_eq!(theirs, rows(&db, "SELECT name FROM experiment"));
}

#[test]
fn the_mlflow_database_has_every_run_and_is_never_replaced() {
    let home = ran();
    home.write("f.toml", SMALL.replace("[1, 2]", "[3]"));
    home.ok(&["run", "f.toml"]);
    home.ok(&["export", "mlflow", "mlf"]);
    let (mlflow, db) = (home.db("mlf/mlflow.db"), home.db("results/rexp.sqlite"));
    assert_eq!(fs::read_dir(home.path("mlf")).unwrap().count(), 1, "nothing beside it");
    assert_eq!(rows(&mlflow, "PRAGMA foreign_key_check"), [""; 0]);
    assert_eq!(rows(&mlflow, "SELECT count(*) FROM runs"), rows(&db, "SELECT count(*) FROM arm"));
    assert_eq!(rows(&mlflow, "SELECT DISTINCT status FROM runs").len(), 1);
    let theirs = "SELECT experiments.name, tags.value, latest_metrics.value FROM latest_metrics JOIN runs USING (run_uuid) JOIN experiments USING (experiment_id)
        JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = 'rexp.arm' WHERE latest_metrics.key = 'full.ndcg_at_10' ORDER BY 1, 2";
    let ours = "SELECT experiment.name, arm.name, sum(value) / count(*) FROM metric_value JOIN arm ON arm.id = arm_id JOIN run ON run.id = arm.run_id
        JOIN experiment ON experiment.id = experiment_id JOIN metric ON metric.id = metric_id
        WHERE protocol = 'full' AND metric.name = 'ndcg' AND k = 10 AND segment = 'all' GROUP BY arm.id ORDER BY 1, 2";
    let (theirs, ours) = (rows(&mlflow, theirs), rows(&db, ours));
    assert!(theirs.len() > 10 && theirs == ours, "{theirs:?}\n{ours:?}");
    let steps = "SELECT DISTINCT step FROM metrics WHERE key = 'by_seed/full.ndcg_at_10' ORDER BY 1";
    assert_eq!(rows(&mlflow, steps), ["Integer(1)", "Integer(2)", "Integer(3)"]);
    let answer = home.rexp(&["export", "mlflow", "mlf"]);
    assert!(answer.code == 2 && answer.stderr.contains("mlflow.db is there already"), "{}", answer.stderr);
}
