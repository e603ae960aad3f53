//! Ranking a catalog: cross-fitting, negatives, candidates from generators, features among the user's candidates.

use crate::support::{Home, rows};

const RANKING: &str = r#"
name = "ranking"
seeds = [1, 2]
[data]
name = "synth"
users = 80
items = 120
ratings = 3000
min_ratings = 10
[split]
cross_fit = 3
[training]
negatives = 4
[models.bias]
[models.ease]
[models.genre]
[features]
columns = ["*", "*@rank", "*@z"]
[[stackers]]
name = "both"
kind = "blend"
of = ["boosted", "logistic"]
[[stackers]]
kind = "logistic"
[[stackers]]
name = "raw"
kind = "logistic"
features = ["score_*"]
[[stackers]]
name = "boosted"
kind = "gradient-boosting"
n_trees = 10
[evaluation]
protocols = ["two-stage", "full", "sampled"]
k = [5, 10]
[evaluation.two-stage]
generators = ["ease", "popularity"]
per_generator = 15
[evaluation.sampled]
negatives = 20
"#;

const VALUES: &str = "SELECT trial.seed, arm.name, protocol, metric.name, k, segment, value, n FROM metric_value
    JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id ORDER BY 1, 2, 3, 4, 5, 6";

/// Mean over the trials of one number.
fn mean(home: &Home, arm: &str, protocol: &str, metric: &str, k: u32) -> f64 {
    let sql = "SELECT avg(value) FROM metric_value JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id
        WHERE arm.name = ?1 AND protocol = ?2 AND metric.name = ?3 AND k = ?4 AND segment = 'all'";
    let db = home.db("results/rexp.sqlite");
    db.query_row(sql, (arm, protocol, metric, k), |row| row.get::<_, Option<f64>>(0)).unwrap().unwrap_or(f64::NAN)
}

#[test]
fn cross_fitted_stacks_are_the_same_bits_on_any_number_of_threads() {
    let home = Home::new();
    home.write("e.toml", RANKING);
    home.ok(&["run", "e.toml", "--db", "one.sqlite", "--threads", "1"]);
    home.ok(&["run", "e.toml", "--db", "eight.sqlite", "--threads", "8"]);
    let one = rows(&home.db("one.sqlite"), VALUES);
    assert!(one.len() > 500, "{}", one.len());
    assert_eq!(one, rows(&home.db("eight.sqlite"), VALUES));
}

#[test]
fn candidates_limit_what_arms_can_find_and_the_store_says_by_how_much() {
    let home = Home::new();
    home.write("e.toml", RANKING);
    let answer = home.ok(&["run", "e.toml"]);
    let reach = |arm: &str| mean(&home, arm, "two-stage", "candidate-recall", 0);
    let noted = "SELECT message FROM event WHERE code = 'meta-not-used'";
    assert!(!rows(&home.db("results/rexp.sqlite"), noted).is_empty(), "the default meta part is for nothing");
    let noted = "SELECT 1 FROM event WHERE code = 'ranks-candidates' AND message LIKE '%candidates of two-stage and rank no others: under full%'";
    assert!(!rows(&home.db("results/rexp.sqlite"), noted).is_empty());
    let compared = |other: &str| home.ok(&["compare", "ranking/logistic", other, "--protocol", "full"]).stdout;
    let note = "AUC: what generators did not propose is one tie for ranking/logistic, but not for ranking/ease";
    assert!(compared("ranking/ease").contains(note) && !compared("ranking/raw").contains("AUC: what"));
    // What says nothing is not among the tests that are corrected together.
    assert!(compared("ranking/ease").contains("(Holm over 6)") && compared("ranking/raw").contains("(Holm over 7)"));
    // Among drawn candidates there is no rest that nobody proposed.
    home.write("drawn.toml", RANKING.replace("\"full\", ", "").replace("name = \"ranking\"", "name = \"drawn\""));
    home.ok(&["run", "drawn.toml", "--seeds", "1", "--db", "drawn.sqlite"]);
    let noted = "SELECT message FROM event WHERE code = 'ranks-candidates'";
    assert!(rows(&home.db("drawn.sqlite"), noted).is_empty());
    let own = ["users", "ranking", "--metric", "candidate-recall", "--protocol", "two-stage", "--arm", "ease"];
    assert!(home.ok(&own).stdout.lines().count() > 30, "a metric without a cutoff needs none");
    // The union holds what each generator proposes, and not everything.
    let union = reach("logistic");
    assert_eq!(union, reach("bias"));
    assert!(reach("ease") < union && reach("popularity") < union && union < 0.95, "{union}");
    assert!(reach("ease") > 0.1 && reach("popularity") > 0.1);
    // A generator cannot find more than it proposes; lists of 10 come from its 15.
    assert!(mean(&home, "ease", "full", "recall", 10) <= reach("ease"));
    assert!(mean(&home, "logistic", "full", "candidate-recall", 0).is_nan(), "only generators make a reach");
    // Few drawn candidates flatter everybody.
    assert!(mean(&home, "ease", "sampled", "ndcg", 10) > mean(&home, "ease", "full", "ndcg", 10) + 0.05);
    assert!(answer.stderr.contains("can put arms in another order than the whole catalog"), "{}", answer.stderr);
    // What was learned with negatives ranks; the features among the candidates are looked at.
    assert!(mean(&home, "boosted", "full", "ndcg", 10) > 2.0 * mean(&home, "random", "full", "ndcg", 10));
    let looked_at =
        "SELECT count(DISTINCT feature) FROM importance WHERE feature IN ('score_ease@rank', 'score_genre@z')";
    assert_eq!(rows(&home.db("results/rexp.sqlite"), looked_at), ["Integer(2)"]);
}

#[test]
fn a_stack_that_learned_from_candidates_ranks_them_first_in_a_whole_catalog() {
    let home = Home::new();
    home.write("e.toml", RANKING);
    home.ok(&["run", "e.toml"]);
    for arm in ["logistic", "boosted"] {
        for (metric, k) in [("ndcg", 5), ("recall", 10)] {
            let of = |protocol| mean(&home, arm, protocol, metric, k);
            assert_eq!(of("full"), of("two-stage"), "{arm} {metric}@{k}");
        }
    }
    let is_probability = "SELECT count(*) FROM arm WHERE role = 'stacker' AND scale <> 'order'";
    assert_eq!(
        rows(&home.db("results/rexp.sqlite"), is_probability),
        ["Integer(0)"],
        "among drawn candidates nothing is a probability"
    );
    // What learned from the whole catalog ranks all of it.
    let other = Home::new();
    other.write("e.toml", RANKING);
    other.ok(&["run", "e.toml", "--set", "training.protocol=\"full\""]);
    assert_ne!(mean(&other, "boosted", "full", "ndcg", 10), mean(&other, "boosted", "two-stage", "ndcg", 10));
}

#[test]
fn a_blend_ranks_by_the_mean_of_stackers_that_stand_anywhere_in_the_file() {
    let home = Home::new();
    let more = "[[stackers]]\nname = \"twin\"\nkind = \"logistic\"\n[[stackers]]\nname = \"alone\"\nkind = \"blend\"\nof = [\"logistic\", \"twin\"]\n[[stackers]]\nname = \"last\"\nkind = \"blend\"\nof = [\"boosted\", \"logistic\"]\n[evaluation]\n";
    home.write("e.toml", RANKING.replace("[evaluation]\n", more));
    let answer = home.ok(&["run", "e.toml"]);
    assert!(answer.stdout.contains("both *"), "{}", answer.stdout);
    let of = |arm: &str, protocol: &str| [5, 10].map(|k| mean(&home, arm, protocol, "ndcg", k));
    for protocol in ["full", "two-stage", "sampled"] {
        // One stacker twice orders as it does alone.
        assert_eq!(of("alone", protocol), of("logistic", protocol), "{protocol}");
        // Wherever it stands.
        assert_eq!(of("last", protocol), of("both", protocol), "{protocol}");
        assert!(of("both", protocol) != of("logistic", protocol) && of("both", protocol) != of("boosted", protocol));
    }
    // What it is made of decides what it is: its options are in the store, and another part makes another stage.
    let key = "SELECT key FROM stage JOIN trial ON trial.id = trial_id WHERE name = 'fit both' ORDER BY seed";
    let before = rows(&home.db("results/rexp.sqlite"), key);
    let stored = "SELECT 1 FROM param WHERE name = 'stackers.both.of' AND value = '[\"boosted\",\"logistic\"]'";
    assert_eq!(rows(&home.db("results/rexp.sqlite"), stored).len(), 1);
    home.ok(&["run", "e.toml", "--set", "stackers.boosted.n_trees=9", "--db", "other.sqlite"]);
    let after = rows(&home.db("other.sqlite"), key);
    // What differs between two blends is what differs between those that they are made of.
    home.write(
        "few.toml",
        RANKING.replace("n_trees = 10", "n_trees = 9").replace("name = \"ranking\"", "name = \"few\""),
    );
    home.ok(&["run", "few.toml"]);
    let compared = home.ok(&["compare", "ranking/both", "few/both", "--protocol", "full"]).stdout;
    assert!(compared.contains("arm.of.boosted.n_trees") && !compared.contains("nothing but"), "{compared}");
    assert!(before.len() == 2 && after.len() == 2 && before.iter().all(|key| !after.contains(key)));
}

#[test]
fn protocols_and_generators_are_told_apart_in_store_page_and_terminal() {
    let home = Home::new();
    home.write("e.toml", RANKING);
    home.ok(&["run", "e.toml"]);
    let pairs = "SELECT count(*), min(n_arms), max(n_arms), min(protocol < other) FROM agreement
        JOIN metric ON metric.id = metric_id WHERE metric.name = 'ndcg' AND k = 10";
    let found = rows(&home.db("results/rexp.sqlite"), pairs);
    assert_eq!(found, ["Integer(3)|Integer(10)|Integer(10)|Integer(1)"]);
    let page = std::fs::read_to_string(home.path("results/reports/ranking/index.html")).unwrap();
    for words in
        ["Protocol sensitivity", "full and two-stage", "What generators let through", "all together, ranked by both"]
    {
        assert!(page.contains(words), "{words}");
    }
    let shown = home.ok(&["show", "ranking"]).stdout;
    assert!(shown.contains("do protocols order the arms alike? Kendall's τ by ndcg@10"), "{shown}");
    let json = home.json(&["show", "ranking", "--json"]);
    assert!(json["agreement"].as_array().unwrap().iter().any(|row| row["metric"] == "ndcg" && row["k"] == 10));
}

#[test]
fn new_users_and_items_have_numbers_of_their_own() {
    let home = Home::new();
    let cold = "[split]\nkind = \"cold-start\"\nusers = 0.2\nitems = 0.2\n";
    let toml = RANKING
        .replace("[split]\ncross_fit = 3\n", cold)
        .replace("[\"two-stage\", \"full\", \"sampled\"]", "[\"full\"]");
    let toml = toml.split("[evaluation.two-stage]").next().unwrap().to_owned();
    home.write("e.toml", toml + "segments = [\"user-history\", \"item-history\"]\n");
    home.ok(&["run", "e.toml"]);
    let of = |arm: &str, segment: &str| {
        let sql = "SELECT mean FROM leaderboard WHERE arm = ?1 AND segment = ?2 AND metric = 'ndcg' AND k = 10";
        home.db("results/rexp.sqlite").query_row(sql, (arm, segment), |row| row.get::<_, f64>(0)).unwrap()
    };
    // EASE has nothing to say to a new user; popularity has, but of no new item.
    let found = [
        of("ease", "user-history:new"),
        of("popularity", "user-history:new"),
        of("popularity", "item-history:known"),
        of("popularity", "item-history:new"),
    ];
    assert!(found[1] > 1.5 * found[0] && found[2] > 1.5 * found[3], "{found:?}");
    let page = std::fs::read_to_string(home.path("results/reports/ranking/index.html")).unwrap();
    assert!(page.contains("user-history") && page.contains("item-history"));
}

#[test]
fn more_folds_negatives_and_candidates_are_other_runs() {
    let home = Home::new();
    home.write("e.toml", RANKING);
    home.ok(&["run", "e.toml", "--seeds", "1"]);
    let before = mean(&home, "boosted", "full", "auc", 0);
    for set in ["split.cross_fit=4", "training.negatives=2", "evaluation.two-stage.per_generator=12"] {
        let other = Home::new();
        other.write("e.toml", RANKING);
        other.ok(&["run", "e.toml", "--seeds", "1", "--set", set]);
        assert_ne!(before, mean(&other, "boosted", "full", "auc", 0), "{set}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_the_work() {
    let home = Home::new();
    for (set, expected) in [
        ("split.cross_fit=1", "found 1, expected a whole number from 2 to 100"),
        ("split.cross_fit=-1", "found -1, expected a whole number from 2 to 100"),
        ("split.refit=false", "with cross_fit the test is scored by base models fitted on all of train_full"),
        ("evaluation.protocols=[\"rated\"]", "every protocol ranks only what the user rated"),
        ("training.protocol=\"rated\"", "which is no protocol of [evaluation] with unrated candidates"),
        ("features.stats_from=\"train_full\"", "with statistics that contain the labels"),
        (
            "evaluation.two-stage.per_generator=9",
            "found 9 candidates per generator under two-stage, but lists of k = 10",
        ),
        ("evaluation.two-stage.generators=[\"eas\"]", "found \"eas\", which is no base model here"),
        ("evaluation.two-stage.generators=[]", "found no base model that proposes candidates"),
        ("evaluation.two-stage.generators=[\"rand*\"]", "found no base model that proposes candidates"),
        ("features.columns=[\"*@log\"]", "found \"*@log\", which is no feature here"),
    ] {
        home.write("e.toml", RANKING);
        let answer = home.rexp(&["run", "e.toml", "--set", set]);
        assert_eq!(answer.code, 2, "{set}: {}", answer.stderr);
        assert!(answer.stderr.contains(expected), "{set}: {}", answer.stderr);
        assert!(!home.path("results").exists(), "{set}");
    }
    // What an option is when left out may be written.
    home.write("e.toml", RANKING.replace("cross_fit = 3", "cross_fit = 0"));
    home.ok(&["check", "e.toml"]);
    home.write("e.toml", RANKING.replace("negatives = 4", "protocol = \"full\""));
    assert!(home.rexp(&["run", "e.toml"]).stderr.contains("without negatives no protocol chooses candidates"));
}
