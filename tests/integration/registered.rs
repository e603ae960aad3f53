//! Studies that were written down before anybody looked: what counts as the registered question, and what the reader is told.

use crate::compare::{BOOSTING, LOGISTIC, ran};
use serde_json::Value;

const STUDY: &str =
    "[study]\nprimary = \"recall@5\"\ncontrast = [\"a\", \"b\"]\nfamily = [\"recall@5\", \"ndcg@10\"]\n";

fn notes(json: &Value) -> String {
    json["notes"].to_string()
}

fn is_registered(json: &Value) -> bool {
    let (has_study, notes) = (!json["study"].is_null(), notes(json));
    assert_eq!(has_study, notes.contains("were registered in [study]"), "{notes}");
    assert_eq!(has_study, !notes.contains("no [study] registers this question"), "{notes}");
    has_study
}

#[test]
fn a_registered_study_is_the_corrected_family_and_all_else_is_exploratory() {
    let study = "[study]\nprimary = \"recall@5\"\ncontrast = [\"a\", \"b\"]\nfamily = [\"recall@5\", \"ndcg@10\"]\n";
    let home = ran(&[("a", &format!("{BOOSTING}{study}")), ("b", LOGISTIC)]);
    let json = home.json(&["compare", "a", "b", "--json"]);
    let topics = |name: &str| -> Vec<String> {
        let all = json["pairs"][0][name].as_array().unwrap().iter();
        all.map(|test| format!("{}@{}", test["metric"].as_str().unwrap(), test["k"])).collect()
    };
    assert_eq!(topics("family"), ["recall@5", "ndcg@10"]);
    assert!(
        topics("exploratory").contains(&"ndcg@5".to_owned()) && !topics("exploratory").contains(&"recall@5".to_owned())
    );
    assert_eq!(json["study"]["primary"], "recall@5");
    let notes = json["notes"].to_string();
    assert!(
        notes.contains("registered in [study] before any other run or comparison on these test ratings"),
        "{notes}"
    );
    for other in [&["compare", "a", "b", "--metric", "mrr@5", "--json"][..], &["compare", "a", "b/mf", "--json"]] {
        let json = home.json(other);
        assert!(json["study"].is_null() && json["notes"].to_string().contains("no [study] registers this question"));
    }
    // The same study once more, after looking.
    home.write(
        "late.toml",
        format!("extends = \"base.toml\"\n{LOGISTIC}[study]\nprimary = \"mrr@5\"\ncontrast = [\"late\", \"a\"]\n"),
    );
    std::thread::sleep(std::time::Duration::from_millis(1100));
    home.ok(&["run", "late.toml"]);
    let notes = home.json(&["compare", "late", "a", "--json"])["notes"].to_string();
    assert!(notes.contains("after 2 runs and 3 comparisons on these test ratings, which weakens it"), "{notes}");
}

#[test]
fn protocol_and_level_are_registered_too() {
    let home = ran(&[("a", &format!("{BOOSTING}{STUDY}")), ("b", LOGISTIC)]);
    let json = home.json(&["compare", "a", "b", "--json"]);
    assert!(is_registered(&json));
    // The study names no protocol: it means the first of its experiment.
    assert_eq!((&json["study"]["protocol"], &json["protocol"]), (&"rated".into(), &"rated".into()));
    assert!(is_registered(&home.json(&["compare", "a", "b", "--protocol", "rated", "--level", "0.95", "--json"])));
    let other = home.json(&["compare", "a", "b", "--protocol", "full", "--metric", "recall@5", "--json"]);
    assert!(!is_registered(&other), "the same metric under another protocol is another question");
    assert_eq!(other["pairs"][0]["family"].as_array().unwrap().len(), 7);
    let said = "(registered of these sides: recall@5 under rated at level 0.95)";
    assert!(notes(&other).contains(said), "{}", notes(&other));
    let level = home.json(&["compare", "a", "b", "--level", "0.9", "--json"]);
    assert!(!is_registered(&level) && level["pairs"][0]["primary"]["metric"] == "recall", "{}", notes(&level));
    assert!(!is_registered(&home.json(&["compare", "a", "b", "--segment", "user-activity:cold", "--json"])));
}

#[test]
fn the_level_of_the_experiment_that_registers_is_the_one_that_counts() {
    let study = format!("{LOGISTIC}[statistics]\nlevel = 0.9\nresamples = 200\n{STUDY}");
    let home = ran(&[("a", BOOSTING), ("b", &study)]);
    let json = home.json(&["compare", "a", "b", "--json"]);
    assert!(is_registered(&json));
    assert_eq!((&json["rules"]["level"], &json["study"]["level"]), (&0.9.into(), &0.9.into()));
    assert!(!is_registered(&home.json(&["compare", "a", "b", "--level", "0.95", "--json"])));
}

#[test]
fn a_side_that_was_run_after_others_had_looked_is_named() {
    let home = ran(&[("a", &format!("{BOOSTING}{STUDY}"))]);
    home.ok(&["compare", "a", "a/random"]);
    home.write("b.toml", format!("extends = \"base.toml\"\n{LOGISTIC}"));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    home.ok(&["run", "b.toml"]);
    let notes = notes(&home.json(&["compare", "a", "b", "--json"]));
    assert!(notes.contains("registered in [study] before any other run or comparison"), "{notes}");
    let late =
        "b was run after 0 runs and 1 comparison besides on these test ratings: what they showed may have shaped it";
    assert!(notes.contains(late), "{notes}");
}
