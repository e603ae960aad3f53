//! Comparing: the verdict first, every number as JSON, the same bits always, and clear words for what cannot be compared.

use crate::support::{Home, SMALL, rows};
use serde_json::Value;
use std::collections::BTreeMap;

/// What follows the shared part of every experiment here.
pub const BOOSTING: &str = "[[stackers]]\nkind = \"gradient-boosting\"\nn_trees = 20\n";
pub const LOGISTIC: &str = "[[stackers]]\nkind = \"logistic\"\n";

/// Runs experiments of the given names over one base, each with its own lines.
pub fn ran(experiments: &[(&str, &str)]) -> Home {
    let home = Home::new();
    home.write("base.toml", SMALL.split("[[stackers]]").next().unwrap());
    let mut arguments = vec!["run".to_owned()];
    for (name, lines) in experiments {
        home.write(&format!("{name}.toml"), format!("extends = \"base.toml\"\n{lines}"));
        arguments.push(format!("{name}.toml"));
    }
    home.ok(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    home
}

pub fn a_and_b() -> Home {
    ran(&[("a", BOOSTING), ("b", LOGISTIC)])
}

pub fn first_line(home: &Home, arguments: &[&str]) -> String {
    home.ok(arguments).stdout.lines().next().unwrap().to_owned()
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The values of an arm user by user, as `rexp users` prints them.
fn by_user(home: &Home, run: &str, arm: &str) -> BTreeMap<String, f64> {
    let csv = home.ok(&["users", run, "--arm", arm, "--by-seed"]).stdout;
    let head: Vec<String> = csv.lines().next().unwrap().split(',').map(str::to_owned).collect();
    let column = |name: &str| head.iter().position(|column| column == name).unwrap();
    let (user, seed, value) = (column("user"), column("seed"), column("value"));
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        (format!("{} {}", fields[user], fields[seed]), fields[value].parse().unwrap())
    };
    csv.lines().skip(1).map(line).collect()
}

/// Mean over users of their mean differences over seeds, straight from the values user by user.
fn mean_difference(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> f64 {
    let mut of_user: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (key, value) in a {
        of_user.entry(key.split(' ').next().unwrap()).or_default().push(value - b[key]);
    }
    let means: Vec<f64> = of_user.values().map(|all| all.iter().sum::<f64>() / all.len() as f64).collect();
    means.iter().sum::<f64>() / means.len() as f64
}

#[test]
fn the_first_line_is_the_verdict_and_the_rest_carries_it() {
    let home = a_and_b();
    let answer = home.ok(&["compare", "a", "random"]);
    let verdict = answer.stdout.lines().next().unwrap();
    assert!(verdict.starts_with("a beats random: NDCG@10 +0."), "{verdict}");
    for part in [" %), p = 0.0", "(Holm over 7), d = 0.", "% of users better, ", " × 2 seeds"] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    for part in [
        "metrics (Holm over 7)",
        "segments (exploratory, Holm over 6)",
        "user-activity:cold",
        "item-popularity:tail",
        "tail-share",
        "lists together (t over seeds)",
        "coverage@10",
        "popularity-lift@10",
        "better or more",
        "seed, NDCG@10",
        "With 80 % power, ",
        "of one test, uncorrected, with users as the only source of chance",
        "what differs between the configurations:",
        "looked at by 1 comparison, this one included",
    ] {
        assert!(answer.stdout.contains(part), "{part}\n{}", answer.stdout);
    }
    assert!(answer.stderr.is_empty(), "{}", answer.stderr);
    let folder = home.path("results/reports/compare-a-vs-random");
    let page = std::fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(page.contains("a beats random: NDCG@10 +0."), "the verdict is on the page");
    for figure in ["forest-metrics", "differences-users", "segments-difference", "power-users"] {
        let png = std::fs::read(folder.join(format!("{figure}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG") && page.contains(&format!("{figure}.png")), "{figure}");
    }
    assert!(!page.contains("NaN") && page.matches("<script").count() == 1);
}

#[test]
fn numbers_are_those_of_the_users_in_the_store() {
    let home = a_and_b();
    let json = home.json(&["compare", "a", "b", "--json"]);
    let primary = &json["pairs"][0]["primary"];
    let (a, b) = (by_user(&home, "a", "gradient-boosting"), by_user(&home, "b", "logistic"));
    assert!((number(&primary["uplift"]) - mean_difference(&a, &b)).abs() < 1e-6, "{primary}");
    assert!(number(&primary["lower"]) < number(&primary["uplift"]));
    assert!(number(&primary["upper"]) > number(&primary["uplift"]));
    let sides = number(&primary["candidate"]) - number(&primary["baseline"]);
    assert!((number(&primary["uplift"]) - sides).abs() < 1e-9, "both sides over the same users");
    let n = |name: &str| primary[name].as_u64().unwrap();
    assert_eq!(n("n_better") + n("n_tied") + n("n_worse"), n("n_users"));
    let family = json["pairs"][0]["family"].as_array().unwrap();
    assert_eq!(family.len(), 7);
    for test in family {
        assert!(number(&test["p_adjusted"]) >= number(&test["p"]), "{test}");
    }
    let seeds = json["pairs"][0]["seeds"].as_array().unwrap();
    assert_eq!(seeds.iter().map(|row| row["seed"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn examples_are_the_users_who_differ_most_with_the_lists_they_were_shown() {
    let home = a_and_b();
    let json = home.json(&["compare", "a", "b", "--json"]);
    let examples = json["pairs"][0]["examples"].as_array().unwrap();
    let (a, b) = (by_user(&home, "a", "gradient-boosting"), by_user(&home, "b", "logistic"));
    let of_first_seed = a.iter().filter(|(key, _)| key.ends_with(" 1"));
    let differences: Vec<f64> = of_first_seed.map(|(key, value)| value - b[key]).collect();
    let farthest =
        [differences.iter().copied().fold(f64::MIN, f64::max), differences.iter().copied().fold(f64::MAX, f64::min)];
    assert!(farthest[0] > 0.0 && farthest[1] < 0.0, "{farthest:?}");
    assert_eq!(examples.iter().map(|example| &example["is_better"]).collect::<Vec<_>>(), [true, false]);
    for (example, farthest) in examples.iter().zip(farthest) {
        let difference = number(&example["candidate"]) - number(&example["baseline"]);
        assert!((difference - farthest).abs() < 1e-6, "{example}");
        assert_eq!(
            (&example["seed"], example["n_among"].as_u64().unwrap()),
            (&Value::from(1), differences.len() as u64)
        );
        let user = example["user"].as_str().unwrap();
        assert!((a[&format!("{user} 1")] - number(&example["candidate"])).abs() < 1e-6);
        for (list, (run, arm)) in
            example["lists"].as_array().unwrap().iter().zip([("a", "gradient-boosting"), ("b", "logistic")])
        {
            let exported = home.ok(&["export", "rankings", run, "--format", "jsonl"]).stdout;
            let lines = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let mut own: Vec<Value> = lines
                .filter(|line| {
                    line["seed"] == 1 && line["arm"] == arm && line["protocol"] == "rated" && line["user"] == user
                })
                .collect();
            own.sort_by_key(|line| line["rank"].as_u64());
            own.truncate(10);
            let shown: Vec<(bool, String)> = list
                .as_array()
                .unwrap()
                .iter()
                .map(|item| (item["is_relevant"].as_bool().unwrap(), item["title"].as_str().unwrap().to_owned()))
                .collect();
            assert!(!own.is_empty() && own.len() == shown.len(), "{list}");
            for (line, (is_relevant, title)) in own.iter().zip(&shown) {
                assert_eq!(
                    (line["relevance"] == 1, &title_of(&home, line["item"].as_str().unwrap())),
                    (*is_relevant, title)
                );
            }
        }
    }
    let page = std::fs::read_to_string(home.path("results/reports/compare-a-vs-b/index.html")).unwrap();
    for part in [
        "<h2>Examples</h2>",
        "Whom a serves better than b under seed 1, by the most of ",
        "Whom a serves worse than b under seed 1",
        "Mean difference over the seeds of the comparison: ",
        "relevant for the user; the rest was rated lower.",
        "<td class=\"hit\">",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let first = examples[0]["lists"][0][0]["title"].as_str().unwrap();
    assert!(page.contains(first), "{first}");
}

#[test]
fn a_page_that_cannot_be_written_costs_no_answer() {
    let home = a_and_b();
    std::fs::remove_dir_all(home.path("results/reports")).unwrap();
    home.write("results/reports", "a file in the place of the folder");
    for (words, expected) in [
        (&["compare", "a", "b"][..], "NDCG@10"),
        (&["compare", "a", "b", "--json"], "\"verdict\""),
        (&["compare", "a", "b", "--csv"], "candidate,baseline"),
        (&["ab", "a", "b", "--replays", "100"], "engagement@10"),
        (&["run", "a.toml"], "protocol rated on synth"),
        (&["run", "a.toml", "--json"], "\"leaderboard\""),
    ] {
        let answer = home.rexp(words);
        assert_eq!(answer.code, 1, "{words:?}: {}", answer.stderr);
        assert!(answer.stdout.contains(expected), "{words:?}: {}", answer.stdout);
        assert!(answer.stderr.contains("reports"), "{words:?}: {}", answer.stderr);
    }
}

/// The title of an item in the store.
fn title_of(home: &Home, item: &str) -> String {
    let sql = "SELECT title FROM item WHERE item_id = ?1";
    home.db("results/rexp.sqlite").query_row(sql, [item], |row| row.get(0)).unwrap()
}

#[test]
fn the_same_question_has_the_same_bits_at_any_number_of_threads() {
    let home = ran(&[("a", BOOSTING), ("b", LOGISTIC), ("c", "seeds = [1, 2, 3, 4, 5]\n")]);
    let answer = |words: &[&str], threads: &str| {
        let output = home.command(words).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for (words, page, method) in [
        (&["compare", "a", "b", "--json"][..], "compare-a-vs-b", "bca-users"),
        (&["ab", "a", "b", "--replays", "300", "--json"], "ab-a-vs-b", "bca-users"),
        // From five seeds on seeds are drawn too.
        (&["compare", "c", "c/random", "--json"], "compare-c-vs-c-random", "two-way"),
        (&["ab", "c", "c/random", "--replays", "300", "--json"], "ab-c-vs-c-random", "two-way"),
    ] {
        let first = answer(words, "1");
        assert!(first.len() > 3000, "{first}");
        assert_eq!(first, answer(words, "8"));
        let json: Value = serde_json::from_str(&first).unwrap();
        let primary = if words[0] == "ab" { &json["primary"] } else { &json["pairs"][0]["primary"] };
        assert_eq!(primary["interval_method"], method);
        assert_eq!(primary["n_seeds"], if method == "two-way" { 5 } else { 2 });
        assert!(number(&primary["lower"]) < number(&primary["uplift"]), "{primary}");
        assert!(number(&primary["upper"]) > number(&primary["uplift"]), "{primary}");
        // A name with a slash is followed by a hash.
        let folders = std::fs::read_dir(home.path("results/reports")).unwrap().map(|entry| entry.unwrap().path());
        let is_own = |folder: &std::path::PathBuf| folder.file_name().unwrap().to_string_lossy().starts_with(page);
        let page = folders.into_iter().find(is_own).unwrap().join("index.html");
        let before = std::fs::read(&page).unwrap();
        answer(words, "2");
        assert_eq!(before, std::fs::read(&page).unwrap());
    }
    let n = rows(&home.db("results/rexp.sqlite"), "SELECT count(*) FROM comparison");
    assert_eq!(n, ["Integer(4)"], "asking again is no further comparison");
}

#[test]
fn swapping_the_sides_negates_and_keeps_every_p() {
    let home = a_and_b();
    let there = home.json(&["compare", "a", "b", "--json"]);
    let back = home.json(&["compare", "b", "a", "--json"]);
    for (one, other) in
        there["pairs"][0]["family"].as_array().unwrap().iter().zip(back["pairs"][0]["family"].as_array().unwrap())
    {
        assert_eq!(number(&one["uplift"]), -number(&other["uplift"]));
        for p in ["p", "p_adjusted", "t_p", "wilcoxon_p", "sign_p", "equivalence_p"] {
            assert_eq!(one[p], other[p], "{p}");
        }
        assert_eq!((&one["n_better"], &one["n_worse"]), (&other["n_worse"], &other["n_better"]));
    }
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_difference_named() {
    let home = ran(&[
        ("a", BOOSTING),
        ("b", LOGISTIC),
        ("few", &format!("[data]\nname = \"synth\"\nusers = 8\nratings = 300\n{LOGISTIC}")),
        ("data", &format!("[data]\nname = \"synth\"\nusers = 50\n{LOGISTIC}")),
        ("split", &format!("[split]\ntest = 0.3\n{LOGISTIC}")),
        ("threshold", &format!("[evaluation]\nthreshold = 3.5\n{LOGISTIC}")),
        ("seeds", &format!("seeds = [8]\n{LOGISTIC}")),
    ]);
    for (words, expected) in [
        (&["compare"][..], "required arguments were not provided"),
        (&["compare", "a"], "found 1 side, expected two or more"),
        (&["compare", "a", "a"], "\"a\" and \"a\" are the same arm of the same run"),
        (&["compare", "a", "a/gradient-boosting"], "are the same arm of the same run"),
        (&["compare", "a", "bb"], "unknown side \"bb\""),
        (&["compare", "a", "gradient-bosting"], "did you mean \"gradient-boosting\"?"),
        (&["compare", "a", "b", "--metric", "ndgc"], "did you mean \"ndcg\"?"),
        (&["compare", "a", "b", "--metric", "coverage"], "coverage has no value per user"),
        (&["compare", "a", "b", "--metric", "ndcg@x"], "expected a whole number from 1"),
        (&["compare", "a", "b", "--k", "7"], "ndcg was not measured at the cutoff 7\n  allowed: 5, 10, 20"),
        (&["compare", "a", "b", "--segment", "user-activity:colt"], "did you mean \"user-activity:cold\"?"),
        (&["compare", "a", "b", "--protocol", "fll"], "did you mean \"full\"?"),
        (&["compare", "a", "b", "--baseline", "c"], "unknown baseline \"c\"\n  allowed: a, b"),
        (&["compare", "a", "b", "--level", "1"], "found the level 1, expected a number between 0 and 1"),
        (&["compare", "a", "b", "--level", "nan"], "found the level NaN, expected a number between 0 and 1"),
        (&["compare", "a", "b", "--margin", "0"], "found the margin 0, expected a positive number"),
        (&["compare", "a", "b", "--margin", "-1"], "found the margin -1, expected a positive number"),
        (&["compare", "a", "data"], "the sides were judged on different data"),
        (&["compare", "a", "split"], "were not split alike for seed 1 (split.test: 0.2 and 0.3)"),
        (&["compare", "a", "threshold"], "evaluation.threshold is 4.0 for a and 3.5 for threshold"),
        (&["compare", "a", "seeds"], "no seed in common (a: 1, 2; seeds: 8)"),
        (&["compare", "few", "few/random"], "8 users have a value of NDCG@10"),
        (&["ab", "few", "few/random"], "fewer than 10 users have a value of engagement@10"),
        (&["ab", "a", "a"], "are the same arm of the same run"),
        (&["ab", "a", "b", "--split", "50/60"], "50 and 60 do not add up to 100"),
        (&["ab", "a", "b", "--split", "half"], "expected two shares"),
        (&["ab", "a", "b", "--split", "0/100"], "expected two shares"),
        (&["ab", "a", "b", "--users", "3"], "3 is not in 4.."),
        (&["ab", "a", "b", "--fail-unless", "win"], "[possible values: ship, keep, equivalent, undecided]"),
        (&["ab", "a", "b", "--metric", "engagment"], "unknown metric \"engagment\""),
        (&["ab", "a", "b", "--k", "1000"], "the lists of a hold "),
        (&["ab", "a", "seeds"], "no seed in common"),
    ] {
        let answer = home.rexp(words);
        assert_eq!(answer.code, 2, "{words:?}\n{}{}", answer.stdout, answer.stderr);
        assert!(answer.stderr.contains(expected) && answer.stdout.is_empty(), "{words:?}\n{}", answer.stderr);
    }
    assert_eq!(rows(&home.db("results/rexp.sqlite"), "SELECT count(*) FROM comparison"), ["Integer(0)"]);
    let nowhere = home.rexp(&["compare", "a", "b", "--db", "none.sqlite"]);
    assert!(nowhere.code != 0 && !home.path("none.sqlite").exists(), "{}", nowhere.stderr);
}

#[test]
fn sides_without_a_difference_are_identical_and_no_number_is_undefined() {
    let home = ran(&[("a", BOOSTING), ("copy", &format!("{BOOSTING}seed = 7\n"))]);
    let verdict = first_line(&home, &["compare", "a", "copy"]);
    assert!(verdict.starts_with("a and copy are identical on every user: NDCG@10 0."), "{verdict}");
    let json = home.json(&["compare", "a", "copy", "--json"]);
    let primary = &json["pairs"][0]["primary"];
    assert_eq!((number(&primary["uplift"]), number(&primary["p"]), &primary["d"]), (0.0, 1.0, &Value::Null));
    assert_eq!(json["changes"][0][0], "arm.seed", "{}", json["changes"]);
    assert_eq!(json["pairs"][0]["examples"].as_array().unwrap().len(), 0, "nobody differs");
    let page = std::fs::read_to_string(home.path("results/reports/compare-a-vs-copy/index.html")).unwrap();
    assert!(!page.contains("NaN") && !page.contains("inf"), "undefined numbers on the page");
    let verdict = first_line(&home, &["ab", "a", "copy", "--replays", "100"]);
    assert!(verdict.starts_with("equivalent: a and copy: engagement@10 0.0000 [0.0000, 0.0000]"), "{verdict}");
    assert!(verdict.contains("the two are identical on every user"), "{verdict}");
}

#[test]
fn sides_with_other_seeds_are_compared_on_the_common_ones_and_it_says_so() {
    let home = ran(&[("a", BOOSTING), ("b", &format!("seeds = [2, 3]\n{LOGISTIC}"))]);
    let answer = home.ok(&["compare", "a", "b"]);
    assert!(answer.stdout.contains("seeds 2;") && answer.stdout.contains(" × 1 seed"), "{}", answer.stdout);
    let json = home.json(&["compare", "a", "b", "--json"]);
    assert_eq!(json["seeds"], serde_json::json!([2]));
    for (at, note) in [
        "a has the seeds 1 besides, which are left out: not every side has them",
        "b has the seeds 3 besides, which are left out: not every side has them",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(json["notes"][at], note);
        assert!(answer.stdout.contains(&format!("\nnote: {note}\n")), "{}", answer.stdout);
    }
}

/// The first line of a comparison of each with each, from what was decided of its pairs.
fn leader(json: &Value, names: &[&str]) -> String {
    let pairs = json["pairs"].as_array().unwrap();
    let wins = |name: &str| {
        let is_win = |pair: &&Value| {
            pair["candidate"] == name && pair["decision"] == "better"
                || pair["baseline"] == name && pair["decision"] == "worse"
        };
        pairs.iter().filter(is_win).count()
    };
    let most = names.iter().map(|name| wins(name)).max().unwrap();
    let first = names.iter().find(|name| wins(name) == most).unwrap();
    let (n_others, family) = (names.len() - 1, &pairs[0]["primary"]["family_size"]);
    let claim = match most {
        0 => "no side is better than another beyond chance".to_owned(),
        most if most == n_others => format!("{first} beats all {most} others"),
        most => format!("{first} beats {most} of {n_others} others, none beats more"),
    };
    format!("{claim}: NDCG@10, {} pairs, Holm over {family}", pairs.len())
}

/// The first line of a comparison with a baseline puts every other side where its pair was decided.
fn says_who_beats(json: &Value, baseline: &str, ending: &str) {
    let verdict = json["verdict"].as_str().unwrap();
    let said = verdict
        .strip_prefix(&format!("against {baseline}: "))
        .and_then(|said| said.strip_suffix(&format!(": {ending}")));
    let said = said.unwrap_or_else(|| panic!("{verdict}"));
    for pair in json["pairs"].as_array().unwrap() {
        let name = pair["candidate"].as_str().unwrap();
        let part = said.split("; ").find(|part| part.split([' ', ',']).any(|word| word == name)).unwrap();
        let endings: &[&str] = match pair["decision"].as_str().unwrap() {
            "better" => &[" beats it", " beat it"],
            "worse" => &[" loses to it", " lose to it"],
            "equivalent" => &[" equivalent to it"],
            "identical" => &[" identical to it on every user"],
            _ => &[" cannot be told apart from it"],
        };
        assert!(endings.iter().any(|ending| part.ends_with(ending)), "{name}: {verdict}");
    }
}

#[test]
fn three_sides_are_compared_pair_by_pair_or_with_one() {
    let home = a_and_b();
    let answer = home.ok(&["compare", "a", "b", "random"]);
    let verdict = answer.stdout.lines().next().unwrap();
    for part in ["average rank over users", "users, by Iman and Davenport's F: p ", "differ (Nemenyi)"] {
        assert!(answer.stdout.contains(part), "{part}\n{}", answer.stdout);
    }
    let json = home.json(&["compare", "a", "b", "random", "--json"]);
    assert_eq!(verdict, leader(&json, &["a", "b", "random"]));
    assert_eq!(json["pairs"].as_array().unwrap().len(), 3);
    assert_eq!(json["pairs"][0]["primary"]["family_size"], 21, "seven metrics of three pairs");
    let ranks: f64 = json["ranks"]["average"].as_array().unwrap().iter().map(|rank| number(&rank[1])).sum();
    assert!((ranks - 6.0).abs() < 1e-9, "1 + 2 + 3");
    let json = home.json(&["compare", "a", "b", "random", "--baseline", "random", "--json"]);
    let pairs = json["pairs"].as_array().unwrap();
    assert!(pairs.len() == 2 && pairs.iter().all(|pair| pair["baseline"] == "random"));
    says_who_beats(&json, "random", "NDCG@10, 2 pairs, Holm over 14");
    // The baseline may win more than anybody else, as it plays more, and is not crowned for that.
    let json = home.json(&["compare", "random", "a/popularity", "a", "b", "--baseline", "a", "--json"]);
    says_who_beats(&json, "a", "NDCG@10, 3 pairs, Holm over 21");
    for file in ["forest-pairs.png", "ranks.png"] {
        assert!(home.path("results/reports/compare-a-vs-b-vs-random").join(file).is_file(), "{file}");
    }
}

#[test]
fn a_segment_is_compared_alone_and_every_row_keeps_its_name() {
    let home = a_and_b();
    let words = ["compare", "a", "random", "--segment", "user-activity:cold"];
    let answer = home.ok(&words).stdout;
    assert!(answer.lines().next().unwrap().contains(": NDCG@10 in user-activity:cold "), "{answer}");
    assert!(answer.contains("\nprotocol rated on synth, only user-activity:cold, seeds 1, 2;"), "{answer}");
    let row = |name: &str| answer.lines().filter(|line| line.trim_start().starts_with(name)).count();
    for name in ["NDCG@10 ", "MAP@10 ", "MRR@10 ", "recall@10 ", "AUC ", "tail-share@10 ", "popularity-lift@10 "] {
        assert_eq!(row(name), 1, "{name}\n{answer}");
    }
    assert_eq!(row("user-activity:cold "), 0, "no row is named by the segment they all share\n{answer}");
    for part in ["lists together of everybody (t over seeds)", "seed, NDCG@10 in user-activity:cold"] {
        assert!(answer.contains(part), "{part}\n{answer}");
    }
    assert!(!answer.contains("segments (exploratory"), "{answer}");
    let all = home.json(&["compare", "a", "random", "--json"]);
    let json = home.json(&[&words[..], &["--json"]].concat());
    let of_all = |json: &Value| json["pairs"][0]["segments"].as_array().unwrap().clone();
    let cold = of_all(&all).into_iter().find(|test| test["segment"] == "user-activity:cold").unwrap();
    let primary = &json["pairs"][0]["primary"];
    for name in ["uplift", "lower", "upper", "p", "n_users", "n_better"] {
        assert_eq!(primary[name], cold[name], "{name}: the same as among the segments");
    }
    assert_eq!(json["pairs"][0]["catalog"], all["pairs"][0]["catalog"], "lists together are everybody's");
    assert_eq!((&json["segment"], &all["segment"]), (&"user-activity:cold".into(), &"all".into()));
    let page = home.ok(&[&words[..], &["--html"]].concat()).stdout;
    let page = std::fs::read_to_string(home.path(page.trim())).unwrap();
    for part in [
        "only user-activity:cold, seeds 1, 2;",
        "<th scope=\"row\">recall@10</th>",
        "of everybody and not of the segment alone",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let tail = home.ok(&["compare", "a", "random", "--segment", "item-popularity:tail"]).stdout;
    assert!(tail.contains("NDCG@10 in item-popularity:tail") && tail.contains("recall@10"), "{tail}");
}

#[test]
fn a_list_metric_that_decides_stands_there_once() {
    let home = a_and_b();
    let json = home.json(&["compare", "a", "random", "--metric", "tail-share", "--json"]);
    let has = |name: &str| json["pairs"][0][name].as_array().unwrap().iter().any(|test| test["metric"] == "tail-share");
    assert!(has("family") && !has("lists"), "{json}");
    assert!(json["pairs"][0]["lists"].as_array().unwrap().iter().any(|test| test["metric"] == "novelty"));
    assert!(!json["pairs"][0]["catalog"].as_array().unwrap().is_empty());
}

#[test]
fn comparisons_are_kept_and_counted() {
    let home = a_and_b();
    assert!(home.ok(&["compare", "--list"]).stdout.contains("no comparison was made yet"));
    assert_eq!(home.json(&["compare", "a", "b", "--json"])["looks"]["n_comparisons"], 1);
    assert_eq!(home.json(&["compare", "a", "b", "--json"])["looks"]["n_comparisons"], 1);
    let other = home.json(&["compare", "a", "b", "--metric", "recall@20", "--json"]);
    assert_eq!((&other["looks"]["n_comparisons"], &other["looks"]["n_runs"]), (&2.into(), &2.into()));
    assert_eq!(other["pairs"][0]["primary"]["metric"], "recall");
    home.ok(&["ab", "a", "b", "--replays", "10"]);
    let list = home.json(&["compare", "--list", "--json"]);
    let kinds: Vec<&str> = list.as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ab", "compare", "compare"]);
    let lines = home.ok(&["compare", "--list"]).stdout;
    assert_eq!(lines.lines().count(), 3);
    assert!(lines.lines().all(|line| line.contains(" rated ")), "{lines}");
}
