//! Content and context: tags that nobody is scored with twice, columns about times and tastes, stackers of segments.

use crate::support::{Home, rows};

const CONTEXT: &str = r#"
name = "context"
seeds = [1, 2]
[data]
name = "synth"
users = 80
items = 120
ratings = 3000
min_ratings = 10
taggers = 0.5
[split]
cross_fit = 3
[training]
negatives = 4
[models.ease]
[models.tags]
[features]
columns = ["*", "user_*_*", "is_*", "user_hour", "user_weekday", "item_age", "item_recent_ratings", "item_near_ratings", "*_share_liked", "*_year", "year_*"]
[[stackers]]
kind = "logistic"
[[stackers]]
name = "few"
kind = "logistic"
features = ["score_*", "item_age"]
[evaluation]
protocols = ["full"]
k = [5, 10]
"#;

const VALUES: &str = "SELECT trial.seed, arm.name, protocol, metric.name, k, segment, value, n FROM metric_value
    JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id ORDER BY 1, 2, 3, 4, 5, 6";

fn strings(home: &Home, sql: &str) -> Vec<String> {
    let text = |cell: &String| cell.trim_start_matches("Text(\"").trim_end_matches("\")").to_owned();
    let db = home.db("results/rexp.sqlite");
    let mut statement = db.prepare(sql).unwrap();
    let found = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    found.map(|cell| text(&cell.unwrap())).collect()
}

/// Numbers of an arm, as bits would show them, of those that a condition in SQL holds for.
fn values(home: &Home, arm: &str, condition: &str) -> Vec<String> {
    let sql = format!(
        "SELECT trial.seed, protocol, metric.name, k, segment, value, n FROM metric_value JOIN trial ON trial.id = trial_id
         JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id WHERE arm.name = '{arm}' AND {condition} ORDER BY 1, 2, 3, 4, 5"
    );
    let found = rows(&home.db("results/rexp.sqlite"), &sql);
    assert!(!found.is_empty(), "{sql}");
    found
}

#[test]
fn every_named_column_is_learned_from_at_any_number_of_threads() {
    let home = Home::new();
    home.write("e.toml", CONTEXT);
    home.ok(&["run", "e.toml", "--threads", "1"]);
    home.ok(&["run", "e.toml", "--threads", "8", "--db", "eight.sqlite"]);
    assert_eq!(rows(&home.db("results/rexp.sqlite"), VALUES), rows(&home.db("eight.sqlite"), VALUES));
    let looked_at = strings(
        &home,
        "SELECT DISTINCT feature FROM importance JOIN arm ON arm.id = arm_id WHERE arm.name = 'logistic'",
    );
    let kinds = home.json(&["kinds", "features", "--json"]);
    let features = kinds[0]["kinds"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap());
    let known: Vec<&str> = features.filter(|name| !name.starts_with("score_")).collect();
    assert_eq!(known.len(), 18);
    assert!(looked_at.contains(&"score_tags".to_owned()), "{looked_at:?}");
    // `user_*_*` adds basic columns alone, so that this one stays out.
    let missing: Vec<&&str> = known.iter().filter(|name| !looked_at.contains(&(**name).to_owned())).collect();
    assert_eq!(missing, [&"user_days_active"]);
    // What is measured says something.
    let used = "SELECT count(*) FROM importance JOIN arm ON arm.id = arm_id
        WHERE arm.name = 'logistic' AND measure = 'scale' AND value = 1.0 AND feature NOT LIKE 'is_%'";
    assert_eq!(rows(&home.db("results/rexp.sqlite"), used), ["Integer(0)"], "no column is constant");
}

#[test]
fn a_star_means_what_it_has_always_meant() {
    let home = Home::new();
    home.write("e.toml", CONTEXT);
    home.ok(&["run", "e.toml", "--set", "features.columns=[\"*\"]", "--set", "stackers=[{kind=\"logistic\"}]"]);
    let looked_at = strings(&home, "SELECT DISTINCT feature FROM importance ORDER BY 1");
    let expected = [
        "intercept",
        "item_mean_rating",
        "item_n_ratings",
        "score_ease",
        "score_tags",
        "user_mean_rating",
        "user_n_ratings",
    ];
    assert_eq!(looked_at, expected);
}

#[test]
fn what_the_data_lacks_is_noted() {
    let home = Home::new();
    let ratings = (0..400).map(|n| format!("{},{},{}\n", n % 20, n / 20 * 7 % 40 + n % 3, 1 + n * 7 % 5));
    home.write("data/ratings.csv", ratings.fold("user,item,rating\n".to_owned(), |all, line| all + &line));
    let text = "[data]\nname = \"mine\"\nformat = \"delimited\"\nfolder = \"data\"\ntimestamp = \"\"\n[models.bias]\n\
        [features]\ncolumns = [\"*\", \"item_age\", \"user_hour\", \"item_year\"]\n[[stackers]]\nkind = \"logistic\"\n";
    home.write("e.toml", text);
    let answer = home.ok(&["run", "e.toml"]);
    assert!(answer.stderr.contains("lacks, are 0 everywhere: user_hour, item_age"), "{}", answer.stderr);
    let codes = strings(
        &home,
        "SELECT code || ' ' || count FROM event WHERE code LIKE 'features-%' OR code LIKE 'items-without%'",
    );
    assert_eq!(codes[0], "features-without-times 2");
    assert!(codes[1].starts_with("items-without-year "), "{codes:?}");
    let refused = home.rexp(&["run", "e.toml", "--set", "models.tags.fields=[\"tags\"]"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("tags: found no item of mine with \"tags\""), "{}", refused.stderr);
}

#[test]
fn stackers_of_segments_rank_their_own_users_and_the_shared_one_the_rest() {
    let home = Home::new();
    let segments = "[[stackers]]\nname = \"own\"\nkind = \"logistic\"\nfeatures = [\"score_*\", \"item_age\"]\nper_segment = true\n[evaluation]";
    home.write("e.toml", CONTEXT.replace("[evaluation]", segments));
    home.ok(&["run", "e.toml"]);
    // The same columns and rows: only the segments differ.
    let of = |arm: &str| values(&home, arm, "segment = 'user-activity:power' AND metric.name = 'ndcg'");
    assert_ne!(of("few"), of("own"));
    let measures = strings(
        &home,
        "SELECT DISTINCT measure FROM importance JOIN arm ON arm.id = arm_id WHERE arm.name = 'own' AND measure LIKE 'coefficient%' ORDER BY 1",
    );
    assert!(
        measures.contains(&"coefficient".to_owned()) && measures.contains(&"coefficient@power".to_owned()),
        "{measures:?}"
    );
    // The shared stacker is the one that is fitted without segments.
    let shared = |arm: &str| {
        let sql = format!(
            "SELECT trial_id, feature, value FROM importance JOIN arm ON arm.id = arm_id WHERE arm.name = '{arm}' AND measure = 'coefficient' ORDER BY 1, 2"
        );
        rows(&home.db("results/rexp.sqlite"), &sql)
    };
    assert_eq!(shared("own"), shared("few"));
    home.ok(&["report", "context"]);
}

#[test]
fn segments_without_rows_enough_are_ranked_by_the_shared_stacker() {
    let home = Home::new();
    let text = CONTEXT.replace("cross_fit = 3", "meta = 0.05").replace("negatives = 4", "negatives = 1");
    home.write(
        "e.toml",
        text.replace(
            "kind = \"logistic\"\n[[",
            "kind = \"logistic\"\nper_segment = true\nfeatures = [\"score_*\", \"item_age\"]\n[[",
        ),
    );
    home.ok(&["run", "e.toml"]);
    let notes = strings(&home, "SELECT DISTINCT message FROM event WHERE code = 'segments-without-stacker'");
    assert_eq!(
        notes,
        [
            "logistic: segments with too few rows of either class, whose users the shared stacker ranks for: cold, regular, power"
        ]
    );
    let plain = |arm: &str| values(&home, arm, "1");
    assert_eq!(plain("logistic"), plain("few"));
}

#[test]
fn segments_that_make_no_sense_are_refused_before_the_work() {
    let home = Home::new();
    let stacker = |lines: &str| CONTEXT.replace("name = \"few\"", &format!("name = \"few\"\n{lines}"));
    for (text, expected) in [
        (stacker("segment = \"user-activity\""), "without per_segment there is one stacker for all users"),
        (
            stacker("per_segment = true\nsegment = \"item-popularity\""),
            "found \"item-popularity\", expected a segmentation of users",
        ),
        (stacker("per_segment = 1"), "found 1, expected true or false"),
        (
            stacker("per_segment = true").replace(
                "name = \"few\"\nper_segment = true\nkind = \"logistic\"",
                "name = \"few\"\nper_segment = true\nkind = \"average\"",
            ),
            "average learns nothing, so that it would be the same for every segment",
        ),
    ] {
        home.write("e.toml", &text);
        let answer = home.rexp(&["run", "e.toml"]);
        assert_eq!(answer.code, 2, "{}", answer.stderr);
        assert!(answer.stderr.contains(expected), "{expected}: {}", answer.stderr);
        assert!(!home.path("results").exists());
    }
}
