//! What the README shows must work.

use crate::support::{Home, SMALL, repository, rows};

/// The blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository("README.md")).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The one TOML block that has a word.
fn block_with(word: &str) -> String {
    let mut found = blocks("toml").into_iter().filter(|block| block.contains(word));
    let first = found.next().unwrap();
    assert!(found.next().is_none(), "one block has {word}");
    first
}

#[test]
fn the_study_and_the_test_it_shows_are_read() {
    let home = Home::new();
    home.write("e.toml", format!("{SMALL}{}", block_with("[study]")));
    home.ok(&["run", "e.toml"]);
    let json = home.json(&["compare", "gbstack", "logistic", "--json"]);
    assert_eq!(json["study"]["family"], serde_json::json!(["ndcg@10", "recall@10"]));
    let json = home.json(&["ab", "gbstack", "logistic", "--replays", "20", "--json"]);
    assert_eq!((json["guardrails"].as_array().unwrap().len(), &json["minimum_uplift"]), (2, &0.02.into()));
}

#[test]
fn every_query_gives_rows() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml"]);
    let queries = blocks("sql");
    assert_eq!(queries.len(), 5);
    for query in queries {
        assert!(!rows(&home.db("results/rexp.sqlite"), &query).is_empty(), "{query}");
    }
}

#[test]
fn the_experiment_it_shows_is_the_one_that_ships() {
    let shipped = std::fs::read_to_string(repository("experiments/gbstack.toml")).unwrap();
    assert!(shipped.ends_with(&block_with("extends")), "README shows another gbstack.toml than experiments/ holds");
}

#[test]
fn the_data_section_it_shows_is_read() {
    let home = Home::new();
    home.write(
        "my-data/plays.tsv",
        (0..40)
            .map(|n| format!("u{}\tt{}\t{}\n", n % 5, n / 5, 1 + n % 3))
            .fold("listener\ttrack\tstars\n".to_owned(), |all, line| all + &line),
    );
    home.write("mine.toml", format!("{}\n[models.bias]\n[evaluation]\nthreshold = 2\n", block_with("delimited")));
    assert!(home.ok(&["run", "mine.toml"]).stdout.contains("protocol full on mine"));
}

#[test]
fn every_kind_and_command_is_named() {
    let text = std::fs::read_to_string(repository("README.md")).unwrap();
    let home = Home::new();
    for set in home.json(&["kinds", "--json"]).as_array().unwrap() {
        if set["set"] == "metrics" {
            continue;
        }
        for kind in set["kinds"].as_array().unwrap() {
            let name = kind["name"].as_str().unwrap();
            assert!(text.contains(&format!("`{name}`")), "README does not name {name}");
        }
    }
    let help = home.ok(&["--help"]).stdout;
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        assert!(text.contains(&format!("rexp {command}")), "README does not show rexp {command}");
    }
}

#[test]
fn the_table_of_kinds_names_what_there_is() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let table = readme.split("| part of the TOML |").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = |part: &str| -> Vec<String> {
        let row = table
            .lines()
            .find(|row| row.starts_with(&format!("| {part} |")))
            .unwrap_or_else(|| panic!("no row {part}"));
        let cell = row.split(" | ").nth(1).unwrap();
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let parts = [
        ("formats", "`[data]` format"),
        ("splits", "`[split]`"),
        ("models", "`[models.<name>]`"),
        ("features", "`[features]`"),
        ("stackers", "`[[stackers]]`"),
        ("protocols", "`[evaluation]` protocols"),
        ("segments", "`[evaluation]` segments"),
    ];
    let sets = Home::new().json(&["kinds", "--json"]);
    for (set, part) in parts {
        let found = sets.as_array().unwrap().iter().find(|found| found["set"] == set).unwrap();
        let kinds = found["kinds"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap().to_owned());
        assert_eq!(kinds.collect::<Vec<_>>(), names(part), "{set}");
    }
}
