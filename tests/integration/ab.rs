//! Offline A/B tests: what ships, what does not and why, and what the store says of engagement.

use crate::compare::{BOOSTING, LOGISTIC, first_line, number, ran};
use serde_json::Value;

#[test]
fn an_offline_test_ships_what_is_better_and_says_why_not_otherwise() {
    let terms = "[ab]\nminimum_uplift = 0.01\nguardrails = [\"novelty >= -20 %\"]\nmargin = 0.5\nsegments = [\"user-activity:cold\"]\n";
    let harmed = "[ab]\nguardrails = [\"novelty >= 0.5\"]\n";
    let home =
        ran(&[("a", &format!("{BOOSTING}{terms}")), ("harmed", &format!("{BOOSTING}{harmed}")), ("b", LOGISTIC)]);
    let answer = home.ok(&["ab", "a", "random", "--replays", "200", "--fail-unless", "ship"]);
    let verdict = answer.stdout.lines().next().unwrap();
    assert!(verdict.starts_with("ship a: engagement@10 +0."), "{verdict}");
    assert!(verdict.contains("above the minimum uplift of 0.01; 1 of 1 guardrails held"), "{verdict}");
    for part in [
        "user-activity:cold",
        "users for 80 % power",
        "200 replayed tests of ",
        "CUPED",
        "The side that is behind was ahead in",
    ] {
        assert!(answer.stdout.contains(part), "{part}\n{}", answer.stdout);
    }
    for file in ["index.html", "replays.png", "power-tests.png"] {
        assert!(home.path("results/reports/ab-a-vs-random").join(file).is_file(), "{file}");
    }
    let back = first_line(&home, &["ab", "a/random", "a", "--replays", "50"]);
    assert!(back.starts_with("keep a: ") && back.contains("engagement@10 is worse"), "{back}");
    let harm = first_line(&home, &["ab", "harmed", "random", "--replays", "50"]);
    assert!(harm.starts_with("keep random: ") && harm.contains("novelty >= 0.5 is broken: "), "{harm}");
    let unmet = home.rexp(&["ab", "b", "a", "--replays", "50", "--fail-unless", "ship"]);
    assert_eq!(unmet.code, 3, "{}", unmet.stdout);
    assert!(unmet.stdout.starts_with("undecided between b and a: "), "{}", unmet.stdout);
    assert!(unmet.stderr.contains("found \"undecided\", expected \"ship\""), "{}", unmet.stderr);
    let json = home.json(&["ab", "a", "random", "--users", "5000", "--split", "10/90", "--replays", "40", "--json"]);
    assert_eq!((&json["replays"]["mean_users"], &json["advice"]), (&5000.0.into(), &"ship".into()));
    assert_eq!((&json["design"]["share"], &json["discount"]), (&0.1.into(), &"log2".into()));
    let metric = first_line(&home, &["ab", "a", "random", "--metric", "recall@5", "--replays", "20"]);
    assert!(metric.contains("recall@5 +"), "{metric}");
}

#[test]
fn engagement_counts_relevant_items_by_their_place_as_the_toml_says() {
    let home = ran(&[
        ("plain", &format!("seeds = [1]\n{LOGISTIC}[ab]\ndiscount = \"none\"\nk = 5\n")),
        ("first", &format!("seeds = [1]\n{BOOSTING}[ab]\ndiscount = \"none\"\nk = 1\n")),
    ]);
    let test = home.json(&["ab", "plain", "random", "--replays", "10", "--json"]);
    // Without a discount it is the number of relevant items among five: five times the precision, which leaves out users with nothing relevant.
    let compared = home.json(&["compare", "plain", "random", "--metric", "precision@5", "--json"]);
    let total = |paired: &Value| number(&paired["uplift"]) * number(&paired["n_users"]);
    let (engagement, precision) = (total(&test["primary"]), 5.0 * total(&compared["pairs"][0]["primary"]));
    assert!((engagement - precision).abs() < 1e-4, "{engagement} {precision}");
    let first = home.json(&["ab", "first", "random", "--replays", "10", "--json"]);
    assert!(number(&first["primary"]["candidate"]) <= 1.0 && number(&first["hits"]["candidate"]) <= 1.0);
}

#[test]
fn guardrails_on_what_lists_have_only_together_are_kept_over_seeds() {
    let terms = |guardrail: &str| format!("{BOOSTING}[ab]\nguardrails = [\"{guardrail}\"]\n");
    let home = ran(&[
        ("loose", &terms("coverage >= -0.9")),
        ("strict", &terms("coverage@10 >= 0.9")),
        ("single", &format!("seeds = [1]\n{}", terms("coverage >= -0.9"))),
        ("rows", &terms("rmse >= -1")),
    ]);
    let ask = |name: &str| home.json(&["ab", name, "random", "--replays", "20", "--json"]);
    let loose = ask("loose");
    let guard = &loose["guardrails"][0];
    assert_eq!(
        (&guard["state"], &guard["found"]["metric"], &guard["found"]["n_seeds"]),
        (&"held".into(), &"coverage".into(), &2.into())
    );
    assert_eq!(loose["advice"], "ship", "{}", loose["verdict"]);
    let compared = home.json(&["compare", "loose", "random", "--json"]);
    assert_eq!(guard["found"], compared["pairs"][0]["catalog"][0], "the difference that compare shows");
    let strict = ask("strict");
    assert_eq!((&strict["guardrails"][0]["state"], &strict["advice"]), (&"broken".into(), &"keep".into()));
    let text = home.ok(&["ab", "strict", "random", "--replays", "20"]).stdout;
    assert!(text.contains("coverage@10 >= 0.9 is broken: ") && text.contains(" over 2 seeds"), "{text}");
    let single = ask("single");
    assert_eq!((&single["guardrails"][0]["state"], &single["advice"]), (&"open".into(), &"undecided".into()));
    assert!(
        single["verdict"].as_str().unwrap().contains(" in one seed, which has no interval"),
        "{}",
        single["verdict"]
    );
    let rows = home.rexp(&["ab", "rows", "random"]);
    assert_eq!(rows.code, 2);
    assert!(
        rows.stderr.contains("rmse was not measured of both sides, so that it cannot be a guardrail"),
        "{}",
        rows.stderr
    );
}

#[test]
fn a_segment_that_is_not_shown_to_keep_holds_the_verdict_back() {
    let terms = "segments = [\"user-activity:cold\", \"user-activity:power\"]\n";
    let home = ran(&[
        ("wide", &format!("{BOOSTING}[ab]\nmargin = 1\n{terms}")),
        ("narrow", &format!("{BOOSTING}[ab]\nmargin = 1e-9\n{terms}")),
    ]);
    let wide = home.json(&["ab", "wide", "random", "--replays", "20", "--json"]);
    let states = |json: &Value| -> Vec<String> {
        json["segments"].as_array().unwrap().iter().map(|guard| guard["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((states(&wide), &wide["advice"]), (vec!["held".to_owned(); 2], &"ship".into()));
    // The other way round the candidate loses, in segments as over everybody.
    let back = home.json(&["ab", "narrow/random", "narrow", "--replays", "20", "--json"]);
    assert_eq!(back["advice"], "keep");
    let narrow = home.json(&["ab", "narrow", "random", "--replays", "20", "--json"]);
    assert!(narrow["advice"] != "ship" && states(&narrow).contains(&"open".to_owned()), "{narrow}");
    assert!(narrow["verdict"].as_str().unwrap().contains("does not lose is not shown: "), "{}", narrow["verdict"]);
}

#[test]
fn the_cutoff_of_the_terms_is_that_of_a_metric_without_one() {
    let home = ran(&[("a", &format!("{BOOSTING}[ab]\nprimary = \"ndcg\"\nk = 5\n"))]);
    let k = |more: &[&str]| {
        home.json(&[&["ab", "a", "random", "--replays", "10", "--json"], more].concat())["primary"]["k"].clone()
    };
    assert_eq!(
        (k(&[]), k(&["--k", "20"]), k(&["--metric", "recall"]), k(&["--metric", "mrr@10"])),
        (5.into(), 20.into(), 5.into(), 10.into())
    );
}

#[test]
fn a_metric_without_a_direction_ships_nothing() {
    let home = ran(&[("a", BOOSTING), ("b", LOGISTIC)]);
    let answer = home.rexp(&["ab", "a", "b", "--metric", "novelty@10"]);
    assert_eq!(answer.code, 2, "{}", answer.stdout);
    assert!(answer.stderr.contains("novelty@10 is neither good nor bad in itself"), "{}", answer.stderr);
}
