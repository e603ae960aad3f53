//! A store under everything that happens to files: other processes, damage, other programs.

use super::agreement::AgreementRow;
use super::inference::{ComparisonRow, IntervalRow, Looks};
use super::read::Attempt;
use super::rows::*;
use super::values::Measure;
use super::*;
use crate::error::Error;
use std::fs;
use std::path::Path;

pub(super) fn bundle(experiment: &str) -> RunBundle {
    let run = RunRow {
        id: format!("{:0<12}", format!("{:x}", experiment.len())),
        experiment: experiment.into(),
        key: format!("key of {experiment}"),
        attempt: 1,
        about: "a \"question\"".into(),
        started_at: "2026-01-01T00:00:00Z".into(),
        n_trials: 2,
        config_toml: String::new(),
        config_source: String::new(),
        config_path: "e.toml".into(),
        environment: Environment::default(),
    };
    let dataset = DatasetRow {
        hash: "d".into(),
        name: "data".into(),
        n_users: 2,
        n_items: 2,
        n_items_rated: 1,
        n_rows: 3,
        rating_min: 0.5,
        rating_max: 5.0,
        rating_mean: 3.0,
        timestamps: None,
        rating_counts: vec![(0.5, 1), (5.0, 2)],
        month_counts: Vec::new(),
    };
    let item = |id: &str| ItemRow { item_id: id.into(), title: "Title".into(), genres: "A|B".into(), n_ratings: 1 };
    let arm = |name: &str, is_primary| ArmRow {
        name: name.into(),
        role: "base".into(),
        kind: "bias".into(),
        scale: "rating".into(),
        is_primary,
    };
    RunBundle {
        run,
        dataset,
        items: vec![item("1"), item("2")],
        params: [("evaluation.protocols".into(), "[\"rated\"]".into())].into(),
        arms: vec![arm("stack", true), arm("bias", false)],
        metrics: vec![MetricRow {
            name: "ndcg".into(),
            direction: "higher".into(),
            unit: String::new(),
            about: "x".into(),
        }],
        events: vec![EventRow { level: "note".into(), code: "c".into(), count: 1, message: "m".into() }],
    }
}

pub(super) fn split() -> SplitRow {
    SplitRow { hash: "s".into(), threshold: 4.0, kind: "random".into(), parameters: "{}".into(), parts: Vec::new() }
}

pub(super) fn trial(seed: u64) -> TrialRow {
    let value = |arm, value| ValueRow {
        arm,
        protocol: "rated".into(),
        metric: 0,
        k: 10,
        segment: "all".into(),
        value,
        n: 2,
        n_left_out: 1,
    };
    TrialRow {
        seed,
        values: vec![value(0, 0.5 + seed as f64 / 10.0), value(1, 0.25)],
        user_lists: vec![vec!["u1".into(), "u2".into()]],
        user_values: vec![UserValueRow {
            segment: "all".into(),
            arm: 0,
            protocol: "rated".into(),
            metric: 0,
            k: 10,
            user_list: 0,
            values: vec![0.5, seed as f32],
        }],
        rankings: vec![RankingRow {
            arm: 0,
            protocol: "rated".into(),
            k: 10,
            user_list: 0,
            lists: vec![vec![(1, 0.5, 1)], vec![]],
        }],
        relevant: Some(RelevantRow { user_list: 0, items: vec![vec![0, 1], vec![]] }),
        history: vec![("mf".into(), "train_rmse".into(), 1, 0.9)],
        importances: vec![(0, "score_mf".into(), "gain".into(), 1.0)],
        ..TrialRow::default()
    }
}

pub(super) fn filled(path: &Path) -> Store {
    let mut store = Store::open(path).unwrap();
    for seed in [1, 2] {
        assert!(store.write_trial(&bundle("gbstack"), &split(), &trial(seed)).unwrap());
    }
    store
}

fn count(store: &Store, table: &str) -> i64 {
    store.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(&home.path().join("deep/er/s.sqlite"));
    assert_eq!(store.attempts("key of gbstack").unwrap(), [Attempt { attempt: 1, seeds: vec![1, 2] }]);
    let board = store.leaderboard(&bundle("gbstack").run.id).unwrap();
    assert_eq!((board.seeds.as_slice(), board.protocols.as_slice()), (&[1, 2][..], &["rated".to_owned()][..]));
    let value = &board.values[&(0, 0, 10, 0)];
    assert!((value.mean() - 0.65).abs() < 1e-12 && (value.sd().unwrap() - 0.005_f64.sqrt()).abs() < 1e-12, "{value:?}");
    let runs = store.runs().unwrap();
    assert_eq!((runs[0].n_done, runs[0].primary_arm.as_str(), runs[0].k), (2, "stack", Some(10)));
    assert_eq!(runs[0].ndcg, Some(value.mean()));
    // An interval's value is the one that all tables show.
    let interval = "INSERT INTO interval SELECT run_id, arm.id, 'rated', metric.id, 10, 'all', ?1, 0.95, ?2, 0.5, 0.9, 2, 0, NULL, 2
        FROM arm, metric WHERE arm.name = 'stack' AND metric.name = 'ndcg'";
    for (method, estimate) in [("two-way", 0.7), ("bca-users", 0.6)] {
        store.connection().execute(interval, rusqlite::params![method, estimate]).unwrap();
    }
    let board = store.leaderboard(&runs[0].run).unwrap();
    assert_eq!((board.values[&(0, 0, 10, 0)].shown(), store.runs().unwrap()[0].ndcg), (0.7, Some(0.7)));
    let asked = people::Asked { run: &runs[0].run, arm: None, protocol: None, metric: "ndcg", k: 10 };
    let values = store.user_values(&asked).unwrap();
    assert_eq!(people::over_seeds(&values), [("u1".into(), 0.5, 2), ("u2".into(), 1.5, 2)]);
    let error = store.user_values(&people::Asked { metric: "ndgc", ..asked }).unwrap_err().to_string();
    assert!(error.contains("did you mean \"ndcg@10\"?"), "{error}");
    assert_eq!(store.check().unwrap(), [""; 0]);
}

#[test]
fn a_trial_is_stored_once_and_the_run_with_it() {
    let home = tempfile::tempdir().unwrap();
    let mut store = filled(&home.path().join("s.sqlite"));
    assert!(!store.write_trial(&bundle("gbstack"), &split(), &trial(2)).unwrap());
    let counts =
        ["run", "trial", "item", "arm", "metric_value", "user_list", "event"].map(|table| count(&store, table));
    assert_eq!(counts, [1, 2, 2, 2, 4, 1, 1]);
}

#[test]
fn a_number_that_is_not_finite_is_refused_whole() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(&home.path().join("s.sqlite")).unwrap();
    let mut bad = trial(1);
    bad.user_values[0].values[1] = f32::NAN;
    assert!(store.write_trial(&bundle("x"), &split(), &bad).is_err());
    let mut twice = trial(1);
    twice.values.push(twice.values[0].clone());
    assert!(store.write_trial(&bundle("x"), &split(), &twice).is_err(), "a key twice");
    assert_eq!(["run", "trial", "dataset", "metric_value"].map(|table| count(&store, table)), [0; 4]);
}

#[test]
fn many_writers_of_a_new_store_agree() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s.sqlite");
    std::thread::scope(|scope| {
        for worker in 0..8_usize {
            let path = &path;
            scope.spawn(move || {
                let mut store = Store::open(path).unwrap();
                for seed in 0..6 {
                    store.write_trial(&bundle(["a", "bb"][worker % 2]), &split(), &trial(seed)).unwrap();
                }
            });
        }
    });
    let store = Store::open_read(&path).unwrap();
    assert_eq!(
        ["run", "trial", "dataset", "split", "metric_value"].map(|table| count(&store, table)),
        [2, 12, 1, 1, 24]
    );
}

#[test]
fn other_files_are_refused_untouched() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s.sqlite");
    let refused = |text: &str| {
        let before = fs::read(&path).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(error.to_string().contains(text) && error.exit_code() == 1, "{error}");
        assert!(Store::open_read(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
        fs::remove_file(&path).unwrap();
    };
    fs::write(&path, "ratings,and,nothing,else\n".repeat(100)).unwrap();
    refused("not a SQLite database");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    refused("another program");
    drop(filled(&path));
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 99; PRAGMA journal_mode = DELETE;").unwrap();
    drop(newer);
    refused("use a newer rexp");
    fs::create_dir(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(Error::Store { .. })));
}

#[test]
fn damage_is_found_and_never_panics() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s.sqlite");
    let store = filled(&path);
    store.connection.execute("UPDATE user_value SET value_blob = x'00'", []).unwrap();
    let found = store.check().unwrap();
    assert!(found.len() == 1 && found[0].contains(&bundle("gbstack").run.id), "{found:?}");
    store.connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
    store.connection.execute_batch("VACUUM").unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    for step in 1..40 {
        let mut bytes = whole.clone();
        let at = (step * 7919 * 64) % bytes.len();
        let end = (at + 300).min(bytes.len());
        bytes[at..end].fill(step as u8);
        fs::write(&path, &bytes[..if step % 3 == 0 { at + 1 } else { bytes.len() }]).unwrap();
        if let Ok(store) = Store::open_read(&path) {
            let _ = (store.check(), store.runs(), store.leaderboard("400000000000"));
        }
    }
}

#[test]
fn names_find_runs() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(&home.path().join("s.sqlite"));
    let id = bundle("gbstack").run.id;
    assert_eq!(store.find_run("gbstack").unwrap(), id);
    assert_eq!(store.find_run(&id[..4]).unwrap(), id);
    let error = store.find_run("gbstak").unwrap_err().to_string();
    assert!(error.contains("did you mean \"gbstack\"?"), "{error}");
    let error = Store::open_read(&home.path().join("none.sqlite")).unwrap_err();
    assert!(error.to_string().contains("none.sqlite") && error.exit_code() == 2);
}

#[test]
fn a_backup_is_a_store_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(&home.path().join("s.sqlite"));
    let copy = home.path().join("copy.sqlite");
    store.backup(&copy).unwrap();
    assert_eq!(count(&Store::open_read(&copy).unwrap(), "trial"), 2);
    assert!(store.backup(&copy).is_err());
    assert_eq!(
        fs::read_dir(home.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("tmp"))
            .count(),
        0
    );
}

#[test]
fn a_store_of_the_first_version_is_brought_forward_with_all_its_values() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s.sqlite");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/v1.sqlite"), &path).unwrap();
    let refused = Store::open_read(&path).unwrap_err().to_string();
    assert!(refused.contains("older version 1, this rexp reads ") && refused.contains("*.v1.bak"), "{refused}");
    // A copy of it is as old.
    assert!(!refused.contains("copy"), "{refused}");
    let store = Store::open(&path).unwrap();
    assert!(home.path().join("s.sqlite.v1.bak").exists());
    let run = store.find_run("tiny").unwrap();
    let measures = store.measures(&run).unwrap();
    assert!(measures.iter().any(|measure| measure.name() == "ndcg@5"));
    let asked = Measure { protocol: "rated".into(), metric: "ndcg".into(), k: 5 };
    let values = store.by_user(&run, &asked, Some("line")).unwrap();
    assert_eq!(values.iter().map(|trial| trial.seed).collect::<Vec<_>>(), [1, 2]);
    let lists = store.user_lists(&run).unwrap();
    assert!(values.iter().all(|trial| trial.segment == "all" && lists[&trial.user_list].len() == trial.values.len()));
    // Nothing of what came later is made up.
    assert!(store.members(&run).unwrap().is_empty() && store.interval_seeds(&run).unwrap().is_none());
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn a_store_of_the_second_version_keeps_its_intervals_and_comparisons() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s.sqlite");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/v2.sqlite"), &path).unwrap();
    assert!(Store::open_read(&path).unwrap_err().to_string().contains("older version 2"));
    let store = Store::open(&path).unwrap();
    assert!(home.path().join("s.sqlite.v2.bak").exists());
    let run = store.find_run("tiny").unwrap();
    assert_eq!(store.interval_seeds(&run).unwrap(), Some(2));
    assert!(store.intervals(&run, "all").unwrap().iter().any(|row| row.arm == "line" && row.metric == "ndcg"));
    assert_eq!(store.comparisons().unwrap()[0].sides, ["tiny", "tiny/bias"]);
    assert!(store.agreements(&run).unwrap().is_empty() && store.check().unwrap().is_empty());
}

#[test]
fn agreements_are_replaced_and_stay_in_their_range() {
    let home = tempfile::tempdir().unwrap();
    let mut store = filled(&home.path().join("s.sqlite"));
    let run = bundle("gbstack").run.id;
    let row = AgreementRow {
        metric: "ndcg".into(),
        k: 10,
        protocol: "full".into(),
        other: "rated".into(),
        n_arms: 4,
        tau: -0.5,
    };
    for tau in [0.25, -0.5] {
        store.write_agreements(&run, &[AgreementRow { tau, ..row.clone() }]).unwrap();
    }
    assert_eq!(store.agreements(&run).unwrap(), std::slice::from_ref(&row));
    assert!(store.write_agreements(&run, &[AgreementRow { tau: 1.5, ..row.clone() }]).is_err());
    assert_eq!(store.agreements(&run).unwrap(), [row]);
}

#[test]
fn values_segments_facts_and_lists_come_back_by_seed() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(&home.path().join("s.sqlite")).unwrap();
    let mut row = trial(1);
    row.user_lists.push(vec!["u2".into()]);
    row.user_segments = vec![("user-activity:cold".into(), 1)];
    row.user_facts = vec![UserFactRow { name: "train_full_n_ratings".into(), user_list: 0, values: vec![3.0, 1.0] }];
    store.write_trial(&bundle("gbstack"), &split(), &row).unwrap();
    let run = bundle("gbstack").run.id;
    let lists = store.user_lists(&run).unwrap();
    let members = store.members(&run).unwrap();
    assert_eq!((members.len(), &lists[&members[0].user_list]), (1, &vec!["u2".to_owned()]));
    let facts = store.user_fact(&run, "train_full_n_ratings").unwrap();
    assert_eq!((facts[0].0, &facts[0].2), (1, &vec![3.0, 1.0]));
    let top = store.top_lists(&run, "stack", "rated", None).unwrap();
    assert_eq!((top[0].k, &top[0].lists), (10, &vec![vec![(1, 0.5, 1)], vec![]]));
}

#[test]
fn intervals_and_comparisons_are_stored_once() {
    let home = tempfile::tempdir().unwrap();
    let mut store = filled(&home.path().join("s.sqlite"));
    let run = bundle("gbstack").run.id;
    let row = IntervalRow {
        arm: "stack".into(),
        protocol: "rated".into(),
        metric: "ndcg".into(),
        k: 10,
        segment: "all".into(),
        method: "bca-users".into(),
        level: 0.95,
        estimate: 0.5,
        lower: 0.4,
        upper: 0.6,
        n: 2,
        n_resamples: 10_000,
        seed_sd: None,
        n_seeds: 1,
    };
    for _ in 0..2 {
        store.write_intervals(&run, std::slice::from_ref(&row)).unwrap();
    }
    assert_eq!(store.intervals(&run, "all").unwrap(), std::slice::from_ref(&row));
    assert!(store.intervals(&run, "other").unwrap().is_empty() && store.interval_seeds(&run).unwrap().is_some());
    assert!(store.write_intervals(&run, &[IntervalRow { lower: f64::INFINITY, k: 5, ..row }]).is_err());
    let looks = |store: &Store| store.looks(&["s".into()]).unwrap();
    assert_eq!(looks(&store), Looks { n_runs: 1, n_arms: 2, n_comparisons: 0 });
    let comparison = ComparisonRow {
        key: "k".into(),
        kind: "compare".into(),
        made_at: "2026-01-01T00:00:00Z".into(),
        sides: vec!["a".into(), "b".into()],
        verdict: "a beats b".into(),
        result: "{}".into(),
        splits: vec!["s".into()],
    };
    for _ in 0..2 {
        store.write_comparison(&comparison).unwrap();
    }
    assert_eq!((looks(&store).n_comparisons, store.comparisons().unwrap().len()), (1, 1));
    assert_eq!(store.looks(&["another".into()]).unwrap(), Looks { n_runs: 0, n_arms: 0, n_comparisons: 0 });
}
