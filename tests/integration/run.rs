//! Running: everything is stored, once, the same at any number of threads.

use crate::support::{Home, SMALL, rows};

const METRICS: &str = "SELECT run.id, trial.seed, arm.name, protocol, metric.name, k, segment, value, n, n_left_out FROM metric_value
    JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id JOIN run ON run.id = trial.run_id JOIN metric ON metric.id = metric_id
    ORDER BY 1, 2, 3, 4, 5, 6, 7";
const USERS: &str = "SELECT run.id, trial.seed, arm.name, protocol, metric.name, k, user_list.hash, hex(value_blob) FROM user_value
    JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id JOIN run ON run.id = trial.run_id JOIN metric ON metric.id = metric_id
    JOIN user_list ON user_list.id = user_list_id ORDER BY 1, 2, 3, 4, 5, 6";
const LISTS: &str = "SELECT run.id, trial.seed, arm.name, protocol, hex(list_blob) FROM ranking
    JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id JOIN run ON run.id = trial.run_id ORDER BY 1, 2, 3, 4";
const LEARNED: &str =
    "SELECT trial.seed, source, series, step, value FROM history JOIN trial ON trial.id = trial_id ORDER BY 1, 2, 3, 4";

#[test]
fn threads_do_not_move_a_bit() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml", "--db", "one.sqlite", "--threads", "1"]);
    home.ok(&["run", "e.toml", "--db", "two.sqlite", "--threads", "2"]);
    home.ok(&["run", "e.toml", "--db", "eight.sqlite", "--threads", "8"]);
    for sql in [METRICS, USERS, LISTS, LEARNED] {
        let one = rows(&home.db("one.sqlite"), sql);
        assert!(one.len() >= 30, "{} rows: {sql}", one.len());
        assert_eq!(one, rows(&home.db("two.sqlite"), sql));
        assert_eq!(one, rows(&home.db("eight.sqlite"), sql));
    }
}

#[test]
fn other_experiments_in_the_plan_move_nothing_and_share_their_base_models() {
    let home = Home::new();
    home.write("base.toml", SMALL.split("[[stackers]]").next().unwrap());
    for (name, kind) in [("a", "logistic"), ("b", "gradient-boosting")] {
        home.write(&format!("{name}.toml"), format!("extends = \"base.toml\"\n[[stackers]]\nkind = \"{kind}\"\n"));
    }
    home.ok(&["run", "a.toml", "--db", "alone.sqlite"]);
    home.ok(&["run", "a.toml", "b.toml", "--db", "both.sqlite"]);
    let of_a = "SELECT trial.seed, arm.name, protocol, metric_id, k, segment, value FROM metric_value JOIN trial ON trial.id = trial_id
        JOIN arm ON arm.id = arm_id JOIN run ON run.id = trial.run_id JOIN experiment ON experiment.id = experiment_id
        WHERE experiment.name = 'a' ORDER BY 1, 2, 3, 4, 5, 6";
    assert_eq!(rows(&home.db("alone.sqlite"), of_a), rows(&home.db("both.sqlite"), of_a));
    let computed = "SELECT trial.seed, stage.name, sum(is_shared = 0), count(*) FROM stage JOIN trial ON trial.id = trial_id
        WHERE stage.name IN ('fit bias', 'fit itemknn', 'fit mf', 'fit genre', 'fit popularity', 'fit random') GROUP BY 1, 2";
    let stages = rows(&home.db("both.sqlite"), computed);
    assert_eq!(stages.len(), 12);
    assert!(stages.iter().all(|row| row.ends_with("Integer(1)|Integer(2)")), "{stages:#?}");
}

#[test]
fn a_second_run_does_nothing_and_force_makes_a_new_attempt() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml"]);
    let again = home.ok(&["run", "e.toml"]);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    let count = "SELECT count(*) FROM trial";
    assert_eq!(rows(&home.db("results/rexp.sqlite"), count), ["Integer(2)"]);
    home.ok(&["run", "e.toml", "--force"]);
    assert_eq!(rows(&home.db("results/rexp.sqlite"), count), ["Integer(4)"]);
    let runs = home.json(&["list", "--json"]);
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert!(runs.as_array().unwrap().iter().all(|run| run["state"] == "complete"));
    let values = "SELECT count(DISTINCT value) FROM metric_value JOIN metric ON metric.id = metric_id WHERE metric.name = 'ndcg' AND k = 10
        AND segment = 'all' GROUP BY protocol, (SELECT name FROM arm WHERE arm.id = arm_id), (SELECT seed FROM trial WHERE trial.id = trial_id)";
    assert!(
        rows(&home.db("results/rexp.sqlite"), values).iter().all(|n| n == "Integer(1)"),
        "an attempt repeats every number"
    );
}

#[test]
fn a_run_leaves_a_store_and_a_report_and_nothing_else() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    let answer = home.ok(&["run", "e.toml", "--set", "stackers.gbstack.n_trees=5", "--seeds", "7"]);
    assert!(answer.stdout.contains("protocol rated") && answer.stdout.contains("protocol full"), "{}", answer.stdout);
    assert!(answer.stdout.contains("random (floor)") && answer.stdout.contains("gbstack *"), "{}", answer.stdout);
    let names = |folder: &str| {
        let mut names: Vec<String> = std::fs::read_dir(home.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("results"), ["reports", "rexp.sqlite"]);
    assert_eq!(names("results/reports"), ["e"]);
    let page = std::fs::read_to_string(home.path("results/reports/e/index.html")).unwrap();
    assert!(page.contains("Content-Security-Policy") && !page.contains("<script"), "no scripts");
    let db = home.db("results/rexp.sqlite");
    assert_eq!(rows(&db, "SELECT value FROM param WHERE name = 'stackers.gbstack.n_trees'"), ["Text([53])"]);
    assert_eq!(rows(&db, "SELECT seed FROM trial"), ["Integer(7)"]);
    assert_eq!(rows(&db, "PRAGMA integrity_check"), ["Text([111, 107])"]);
    assert_eq!(home.ok(&["db", "check"]).code, 0);
    let before = std::fs::read(home.path("results/reports/e/index.html")).unwrap();
    home.ok(&["report", "e"]);
    assert_eq!(
        before,
        std::fs::read(home.path("results/reports/e/index.html")).unwrap(),
        "the store alone makes the same page"
    );
}
