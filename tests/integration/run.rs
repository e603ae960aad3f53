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

const LOOKED_AT: &str = "SELECT trial.seed, arm.name, feature, measure, value FROM importance
    JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id ORDER BY 1, 2, 3, 4";
const UNDEFINED: &str =
    "SELECT trial.seed, arm.name, protocol, metric.name, k, segment, reason, count FROM omission
    JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id ORDER BY 1, 2, 3, 4, 5, 6";
const SAID: &str = "SELECT coalesce((SELECT seed FROM trial WHERE trial.id = trial_id), -1) AS seed, level, code, count, message FROM event
    ORDER BY 1, 2, 3, 5";

const INTERVALS: &str = "SELECT arm.name, protocol, metric.name, k, segment, method, level, estimate, lower, upper, n, n_resamples, seed_sd, n_seeds
    FROM interval JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id ORDER BY 1, 2, 3, 4, 5, 6";

const EXAMPLES: &str =
    "SELECT trial.seed, protocol, position, content FROM example JOIN trial ON trial.id = trial_id
    JOIN run ON run.id = run_id JOIN experiment ON experiment.id = experiment_id WHERE experiment.name IN ('e', 'a') ORDER BY 1, 2, 3";
const SCORES: &str = "SELECT trial.seed, protocol, arm.name, is_relevant, n, q05, q25, q50, q75, q95 FROM score_range
    JOIN arm ON arm.id = arm_id JOIN trial ON trial.id = trial_id JOIN run ON run.id = trial.run_id
    JOIN experiment ON experiment.id = experiment_id WHERE experiment.name IN ('e', 'a') ORDER BY 1, 2, 3, 4";
const CALIBRATED: &str = "SELECT trial.seed, protocol, arm.name, bin, n, predicted, observed FROM calibration_bin
    JOIN arm ON arm.id = arm_id JOIN trial ON trial.id = trial_id JOIN run ON run.id = trial.run_id
    JOIN experiment ON experiment.id = experiment_id WHERE experiment.name IN ('e', 'a') ORDER BY 1, 2, 3, 4";
const ALIKE: &str = "SELECT trial.seed, protocol, arm.name, other.name, rho, n FROM score_likeness
    JOIN arm ON arm.id = arm_id JOIN arm AS other ON other.id = other_id JOIN trial ON trial.id = trial_id JOIN run ON run.id = trial.run_id
    JOIN experiment ON experiment.id = experiment_id WHERE experiment.name IN ('e', 'a') ORDER BY 1, 2, 3, 4";

#[test]
fn threads_do_not_move_a_bit() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml", "--db", "one.sqlite", "--threads", "1"]);
    home.ok(&["run", "e.toml", "--db", "two.sqlite", "--threads", "2"]);
    home.ok(&["run", "e.toml", "--db", "eight.sqlite", "--threads", "8"]);
    for (sql, n_least) in [
        (METRICS, 30),
        (USERS, 30),
        (LISTS, 30),
        (LEARNED, 30),
        (LOOKED_AT, 10),
        (UNDEFINED, 30),
        (SAID, 3),
        (INTERVALS, 300),
        (EXAMPLES, 12),
        (SCORES, 30),
        (CALIBRATED, 10),
        (ALIKE, 30),
    ] {
        let one = rows(&home.db("one.sqlite"), sql);
        assert!(one.len() >= n_least, "{} rows: {sql}", one.len());
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
    for sql in [of_a, EXAMPLES, SCORES, CALIBRATED, ALIKE] {
        let alone = rows(&home.db("alone.sqlite"), sql);
        assert!(alone.len() > 3, "{sql}");
        assert_eq!(alone, rows(&home.db("both.sqlite"), sql), "{sql}");
    }
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
fn a_seed_more_is_a_trial_more_of_the_same_run() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml", "--seeds", "1"]);
    let before = rows(&home.db("results/rexp.sqlite"), METRICS);
    home.ok(&["run", "e.toml", "--seeds", "1..2"]);
    let runs = home.json(&["list", "--json"]);
    let states: Vec<_> = runs.as_array().unwrap().iter().map(|run| (&run["n_done"], &run["n_trials"])).collect();
    assert_eq!(states, [(&2.into(), &2.into())]);
    let seeds = "SELECT DISTINCT n_seeds FROM interval";
    assert_eq!(rows(&home.db("results/rexp.sqlite"), seeds), ["Integer(2)"], "intervals over the new seed too");
    let after = rows(&home.db("results/rexp.sqlite"), METRICS);
    assert_eq!(after.len(), 2 * before.len());
    assert!(before.iter().all(|row| after.contains(row)));
    home.ok(&["run", "e.toml", "--seeds", "2"]);
    home.ok(&["run", "e.toml", "--seeds", "2,1"]);
    assert_eq!(rows(&home.db("results/rexp.sqlite"), "SELECT count(*) FROM trial"), ["Integer(2)"]);
    assert_eq!(home.ok(&["db", "check"]).code, 0);
}

#[test]
fn every_value_of_a_complete_run_has_an_interval() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    let set = ["--set", "statistics.level=0.9", "--set", "statistics.resamples=500"];
    let answer = home.ok(&[&["run", "e.toml", "--seeds", "1..5"][..], &set[..]].concat());
    assert!(
        answer.stdout.contains("mean [90 % interval over users and seeds] ± standard deviation"),
        "{}",
        answer.stdout
    );
    let db = home.db("results/rexp.sqlite");
    // Every value with two units or more: users with their own values, or seeds.
    let without = "SELECT count(*) FROM (SELECT arm_id, protocol, metric_id, k, segment FROM metric_value
        GROUP BY 1, 2, 3, 4, 5 HAVING count(*) = 5 AND min(value) < max(value) AND min(n) > 1
        EXCEPT SELECT arm_id, protocol, metric_id, k, segment FROM interval)";
    assert_eq!(rows(&db, without), ["Integer(0)"]);
    let wrong = "SELECT count(*) FROM interval WHERE NOT (lower <= estimate AND estimate <= upper) OR level <> 0.9 OR n_seeds <> 5";
    assert_eq!(rows(&db, wrong), ["Integer(0)"]);
    let methods =
        rows(&db, "SELECT method, n_resamples FROM interval WHERE segment = 'all' GROUP BY 1, 2 ORDER BY 1, 2 DESC");
    let text = |method: &str, n: usize| format!("Text({:?})|Integer({n})", method.as_bytes());
    assert_eq!(methods, [text("bca-users", 500), text("t-seeds", 0), text("two-way", 500)]);
}

#[test]
fn with_one_seed_only_metrics_of_all_lists_or_rows_together_have_no_interval() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml", "--seeds", "1"]);
    let db = home.db("results/rexp.sqlite");
    let without = "SELECT DISTINCT metric.name FROM (SELECT arm_id, protocol, metric_id, k, segment FROM metric_value WHERE n > 1
        EXCEPT SELECT arm_id, protocol, metric_id, k, segment FROM interval) JOIN metric ON metric.id = metric_id ORDER BY metric.id";
    let names: Vec<String> = [
        "rmse",
        "mae",
        "log-loss",
        "brier",
        "ece",
        "roc-auc",
        "average-precision",
        "coverage",
        "gini",
        "entropy",
        "popularity-lift",
    ]
    .map(|name| format!("Text({:?})", name.as_bytes()))
    .to_vec();
    assert_eq!(rows(&db, without), names);
    let methods = "SELECT method, min(n_seeds), max(n_seeds) FROM interval GROUP BY 1";
    assert_eq!(rows(&db, methods), [format!("Text({:?})|Integer(1)|Integer(1)", b"bca-users")]);
}

#[test]
fn leaderboard_and_intervals_are_of_the_same_value() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    // A fifth of few ratings: many users have a relevant test item in some seeds only, and the mean over seeds is not the mean over users.
    let set = ["--set", "data.ratings=600", "--set", "data.users=50", "--set", "data.min_ratings=10"];
    home.ok(&[&["run", "e.toml", "--seeds", "1..5"][..], &set[..]].concat());
    let board = home.json(&["show", "e", "--json"]);
    let shown = home.ok(&["show", "e"]).stdout;
    let mut n_apart = 0;
    for value in
        board["values"].as_array().unwrap().iter().filter(|value| value["k"] == 10 && value["metric"] == "ndcg")
    {
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let (interval, mean) = (&value["interval"], number(&value["mean"]));
        let (estimate, lower, upper) =
            (number(&interval["estimate"]), number(&interval["lower"]), number(&interval["upper"]));
        assert!(interval["method"] == "two-way" && lower <= estimate && estimate <= upper, "{value}");
        assert!(shown.contains(&format!("{estimate:.3} [{lower:.3}, {upper:.3}]")), "{value}\n{shown}");
        n_apart += usize::from((estimate - mean).abs() > 1e-4);
    }
    assert!(n_apart > 3, "the two means differ, or this tests nothing");
}

#[test]
fn another_first_stacker_is_another_answer() {
    let home = Home::new();
    let (base, stackers) = SMALL.split_at(SMALL.find("[[stackers]]").unwrap());
    let more = "[[stackers]]\nname = \"other\"\nkind = \"logistic\"\n";
    home.write("e.toml", format!("{base}{more}{stackers}"));
    home.ok(&["run", "e.toml", "--seeds", "1"]);
    home.write("e.toml", format!("{base}{stackers}\n{more}"));
    home.ok(&["run", "e.toml", "--seeds", "1"]);
    let first = "SELECT arm.name FROM arm JOIN run ON run.id = run_id WHERE is_primary = 1 ORDER BY run.rowid";
    let names = rows(&home.db("results/rexp.sqlite"), first);
    assert_eq!(names.len(), 2);
    assert_ne!(names[0], names[1]);
}

/// Ratings of 40 users with 12 items each, and a split file by row; test rows get other ratings and times on demand.
fn ratings_and_parts(home: &Home, name: &str, flip_test: bool) {
    let (mut ratings, mut parts) = ("user,item,rating,timestamp\n".to_owned(), "row,part\n".to_owned());
    for row in 0..480_u64 {
        let (user, item) = (row / 12, (row * 7 + row / 12 * 5) % 31);
        let part = ["base", "base", "meta", "base", "test", "base"][(row % 6) as usize];
        let stars = 1 + (user * 3 + item * item + row) % 5;
        let (stars, time) = if flip_test && part == "test" { (6 - stars, 9_000 - row) } else { (stars, 1_000 + row) };
        ratings.push_str(&format!("{user},{item},{stars},{time}\n"));
        parts.push_str(&format!("{row},{part}\n"));
    }
    home.write(&format!("{name}/ratings.csv"), ratings);
    home.write(&format!("{name}.csv"), parts);
    let models = "[models.bias]\n[models.itemknn]\n[models.mf]\nfactors = 4\nepochs = 3\n";
    home.write(
        &format!("{name}.toml"),
        format!(
            "name = \"same\"\nseeds = [1, 2]\n[data]\nname = \"own\"\nformat = \"delimited\"\nfolder = \"{name}\"\n{models}\
             [split]\nkind = \"file\"\npath = \"{name}.csv\"\nrefit = true\n[[stackers]]\nkind = \"gradient-boosting\"\n\
             [[stackers]]\nkind = \"logistic\"\n[evaluation]\nprotocols = [\"full\", \"rated\"]\n"
        ),
    );
}

#[test]
fn what_the_test_part_says_reaches_no_list_and_no_score() {
    let home = Home::new();
    ratings_and_parts(&home, "plain", false);
    ratings_and_parts(&home, "flipped", true);
    for stats_from in ["base_train", "leave-one-out", "train_full"] {
        let set = format!("features.stats_from=\"{stats_from}\"");
        let (one, other) = (format!("{stats_from}-1.sqlite"), format!("{stats_from}-2.sqlite"));
        home.ok(&["run", "plain.toml", "--db", &one, "--set", &set]);
        home.ok(&["run", "flipped.toml", "--db", &other, "--set", &set]);
        let learned = |db: &str| rows(&home.db(db), LEARNED);
        assert_eq!(learned(&one), learned(&other), "{stats_from}: learning curves");
        let ((judged, shown), (other_judged, other_shown)) = (lists(&home.db(&one)), lists(&home.db(&other)));
        assert!(shown.len() == 32 && shown == other_shown, "{stats_from}: lists of items with their scores");
        assert_ne!(judged, other_judged, "what is relevant in them did change");
        assert_eq!(rows(&home.db(&one), LOOKED_AT), rows(&home.db(&other), LOOKED_AT), "{stats_from}: importances");
    }
}

/// The lists of a store: once as they are, once without the relevance that closes every entry of 9 bytes.
fn lists(db: &rusqlite::Connection) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let sql = "SELECT list_blob FROM ranking JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id
        ORDER BY trial.seed, arm.name, protocol";
    let mut statement = db.prepare(sql).unwrap();
    let found: Vec<Vec<u8>> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let plain = |blob: &[u8]| {
        let (mut at, mut out) = (0, Vec::new());
        while at < blob.len() {
            let n = u32::from_le_bytes(blob[at..at + 4].try_into().unwrap()) as usize;
            blob[at + 4..at + 4 + 9 * n].chunks(9).for_each(|entry| out.extend_from_slice(&entry[..8]));
            at += 4 + 9 * n;
        }
        out
    };
    let without = found.iter().map(|blob| plain(blob)).collect();
    (found, without)
}

#[test]
fn a_protocol_that_cannot_tell_arms_apart_says_so() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    let set = ["--set", "split.kind=\"leave-last\"", "--set", "evaluation.protocols=[\"rated\"]"];
    let answer = home.rexp(&[&["run", "e.toml", "--seeds", "1,2"][..], &set[..]].concat());
    let warning = "rated: most users have only relevant candidates";
    assert_eq!(answer.stderr.matches(warning).count(), 1, "{}", answer.stderr);
    let notes = "SELECT count(*) FROM event WHERE code IN ('one-split', 'nothing-to-order', 'users-without-choice', 'no-refit')";
    assert_eq!(rows(&home.db("results/rexp.sqlite"), notes), ["Integer(5)"]);
    home.ok(&["run", "e.toml", "--set", "split.seed=3", "--db", "fixed.sqlite"]);
    let notes = rows(&home.db("fixed.sqlite"), "SELECT code FROM event WHERE code = 'one-split'");
    assert_eq!(notes.len(), 1, "two seeds on one split");
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
    assert_eq!(names("results/reports"), ["e", "index.html"]);
    let page = std::fs::read_to_string(home.path("results/reports/e/index.html")).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "the page's own script");
    assert!(page.contains("script-src 'sha256-"), "known by its hash");
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
