//! Every command does what its help says, for people and for machines.

use crate::support::{Home, SMALL, rows};

const COMMANDS: &[&[&str]] = &[
    &["run"],
    &["check"],
    &["init"],
    &["list"],
    &["show"],
    &["compare"],
    &["ab"],
    &["users"],
    &["report"],
    &["export"],
    &["export", "trec"],
    &["export", "mlflow"],
    &["data"],
    &["data", "list"],
    &["data", "inspect"],
    &["data", "fetch"],
    &["data", "synth"],
    &["data", "split"],
    &["kinds"],
    &["db"],
    &["db", "check"],
    &["db", "backup"],
    &["completions"],
];

const VALUES: &str = "SELECT trial.seed, arm.name, protocol, metric.name, k, segment, value FROM metric_value JOIN trial ON trial.id = trial_id
    JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id ORDER BY 1, 2, 3, 4, 5, 6";

fn ran() -> Home {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml"]);
    home
}

#[test]
fn every_command_explains_itself() {
    let home = Home::new();
    for command in COMMANDS {
        let words: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = home.ok(&words).stdout;
        assert!(help.contains("Usage: rexp") && help.contains("--db"), "{help}");
    }
    assert!(home.ok(&["--version"]).stdout.starts_with("rexp "));
}

#[test]
fn a_database_is_the_file_of_that_name_whatever_sqlite_would_make_of_it() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    for name in [":memory:", "file:e.sqlite?mode=memory"] {
        home.ok(&["run", "e.toml", "--db", name]);
        assert!(home.path(name).is_file());
        assert_eq!(home.json(&["list", "--json", "--db", name]).as_array().map(Vec::len), Some(1));
        home.ok(&["db", "backup", &format!("{name}.copy"), "--db", name]);
    }
}

#[test]
fn what_init_writes_passes_the_check_and_runs() {
    let home = Home::new();
    home.ok(&["init", "mine.toml"]);
    assert_eq!(home.rexp(&["init", "mine.toml"]).code, 2, "nothing is overwritten");
    assert!(home.ok(&["check", "mine.toml"]).stdout.contains("mine.toml: ok"));
    let params = &home.json(&["check", "mine.toml", "--json"])[0]["params"];
    assert_eq!(params["models.mf.factors"], 100);
    assert!(home.ok(&["run", "mine.toml"]).stdout.contains("gbstack *"));
    assert_eq!(home.ok(&["init", "-"]).stdout, std::fs::read_to_string(home.path("mine.toml")).unwrap());
}

#[test]
fn machines_get_json_and_pipes_no_escapes() {
    let home = ran();
    let run = home.json(&["run", "e.toml", "--json"]);
    assert_eq!((run["runs"][0]["trials_made"].as_u64(), run["runs"][0]["trials_kept"].as_u64()), (Some(0), Some(2)));
    let show = home.json(&["show", "e", "--json"]);
    for key in ["run", "experiment", "dataset", "seeds", "arms", "values", "split", "stages", "events", "params"] {
        assert!(!show[key].is_null(), "{key}");
    }
    let list = home.json(&["list", "--json"]);
    for key in [
        "run",
        "experiment",
        "dataset",
        "started_at",
        "n_trials",
        "n_done",
        "state",
        "primary_arm",
        "protocol",
        "k",
        "ndcg",
    ] {
        assert!(!list[0][key].is_null(), "{key}");
    }
    for arguments in [&["list"][..], &["show", "e"], &["kinds"], &["data", "list"], &["users", "e"]] {
        let answer = home.ok(arguments);
        assert!(
            !answer.stdout.is_empty() && !answer.stdout.contains('\u{1b}') && !answer.stderr.contains('\u{1b}'),
            "{arguments:?}"
        );
    }
}

#[test]
fn users_are_listed_with_means_that_make_the_mean() {
    let home = ran();
    let show = home.json(&["show", "e", "--json"]);
    let is = |value: &&serde_json::Value| {
        value["metric"] == "ndcg" && value["k"] == 5 && value["arm"] == "bias" && value["protocol"] == "full"
    };
    let expected = show["values"].as_array().unwrap().iter().find(is).unwrap()["values"][0].as_f64().unwrap();
    let users = home.json(&[
        "users",
        "e",
        "--metric",
        "ndcg",
        "--k",
        "5",
        "--arm",
        "bias",
        "--protocol",
        "full",
        "--by-seed",
        "--json",
    ]);
    let own: Vec<f64> = users
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["seed"] == 1)
        .map(|row| row["value"].as_f64().unwrap())
        .collect();
    assert!((own.iter().sum::<f64>() / own.len() as f64 - expected).abs() < 1e-6);
    let csv = home.ok(&["users", "e"]).stdout;
    assert!(csv.starts_with("user,value,n_seeds\n") && csv.lines().count() > 30, "{csv}");
    let answer = home.rexp(&["users", "e", "--arm", "bais"]);
    assert!(answer.code == 2 && answer.stderr.contains("did you mean \"bias\"?"), "{}", answer.stderr);
    assert!(home.rexp(&["show", "eee"]).stderr.contains("unknown experiment or run"));
}

#[test]
fn every_kind_is_listed_with_its_options() {
    let home = Home::new();
    let all = home.json(&["kinds", "--json"]);
    let sets: Vec<&str> = all.as_array().unwrap().iter().map(|set| set["set"].as_str().unwrap()).collect();
    assert_eq!(sets, ["formats", "splits", "models", "features", "stackers", "protocols", "segments", "metrics"]);
    let mf = home.ok(&["kinds", "mf"]).stdout;
    assert!(
        mf.contains("factors = 100") && mf.contains("a whole number from 1 to 4096") && !mf.contains("itemknn"),
        "{mf}"
    );
}

#[test]
fn a_written_split_repeats_the_numbers() {
    let home = Home::new();
    home.ok(&["data", "synth", "--users", "60", "--items", "120", "--ratings", "2400", "--out", "mine"]);
    let toml = SMALL
        .replace(
            "name = \"synth\"\nusers = 60\nitems = 120\nratings = 2400",
            "name = \"mine\"\nfolder = \"mine\"\nformat = \"movielens-csv\"",
        )
        .replace("[1, 2]", "[7]");
    home.write("e.toml", &toml);
    home.ok(&["data", "split", "mine", "--kind", "per-user", "--set", "test=0.3", "--seed", "7", "--out", "split.csv"]);
    assert_eq!(home.rexp(&["data", "split", "mine", "--out", "split.csv"]).code, 2, "nothing is overwritten");
    assert!(
        home.rexp(&["data", "split", "mine", "--kind", "per-usr", "--out", "x.csv"])
            .stderr
            .contains("did you mean \"per-user\"?")
    );
    home.ok(&["run", "e.toml", "--set", "split.kind=per-user", "--set", "split.test=0.3", "--db", "a/a.sqlite"]);
    home.ok(&["run", "e.toml", "--set", "split={kind=\"file\",path=\"split.csv\"}", "--db", "b/b.sqlite"]);
    assert!(rows(&home.db("a/a.sqlite"), VALUES) == rows(&home.db("b/b.sqlite"), VALUES));
}

#[test]
fn order_line_ends_quotes_paths_and_locale_change_no_number() {
    let home = Home::new();
    home.ok(&["data", "synth", "--users", "40", "--items", "60", "--ratings", "1200", "--out", "one"]);
    let ratings = std::fs::read_to_string(home.path("one/ratings.csv")).unwrap();
    let (header, body) = ratings.split_once('\n').unwrap();
    let mut lines: Vec<&str> = body.lines().collect();
    lines.reverse();
    let quoted = lines
        .iter()
        .map(|line| line.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",") + "\r\n")
        .collect::<String>();
    home.write("two/deep/ratings.csv", format!("\u{feff}{header}\r\n{quoted}"));
    std::fs::copy(home.path("one/movies.csv"), home.path("two/deep/movies.csv")).unwrap();
    for (name, folder) in [("a", "one"), ("b", "two/deep")] {
        let data = format!("name = \"mine\"\nfolder = \"{folder}\"\nformat = \"movielens-csv\"");
        home.write(
            &format!("{name}/e.toml"),
            SMALL
                .replace("name = \"synth\"\nusers = 60\nitems = 120\nratings = 2400", &data)
                .replace("folder = \"", "folder = \"../"),
        );
    }
    home.ok(&["run", "a/e.toml", "--db", "a.sqlite"]);
    let mut command = home.command(&["run", "b/e.toml", "--db", "b.sqlite"]);
    assert!(command.env("TZ", "Asia/Kathmandu").env("LC_ALL", "tr_TR.UTF-8").output().unwrap().status.success());
    let values = rows(&home.db("a.sqlite"), VALUES);
    assert!(values.len() > 500 && values == rows(&home.db("b.sqlite"), VALUES));
}

#[test]
fn hostile_titles_and_names_stay_text() {
    let home = Home::new();
    let rows = (0..60).map(|n| format!("{},{},{},1\n", n % 6, n / 6, 1 + n % 5)).collect::<String>();
    home.write("own/ratings.csv", format!("userId,movieId,rating,timestamp\n{rows}"));
    home.write("own/movies.csv", "movieId,title,genres\n0,<script>alert(1)</script>,\u{1b}[2J|Drama\n");
    home.write("e.toml", "about = \"<img src=x onerror=alert(1)> \\u001b[31m\"\nseeds = [1]\n[data]\nname = \"own\"\nformat = \"movielens-csv\"\nfolder = \"own\"\n[models.bias]\n");
    let answer = home.ok(&["run", "e.toml"]);
    assert!(!answer.stdout.contains('\u{1b}') && !answer.stderr.contains('\u{1b}'));
    assert!(!home.ok(&["show", "e"]).stdout.contains('\u{1b}'));
    let page = std::fs::read_to_string(home.path("results/reports/e/index.html")).unwrap();
    assert!(
        page.matches("<script").count() == 1
            && !page.contains("<script>")
            && !page.contains("<img src=x")
            && !page.contains('\u{1b}')
    );
    assert!(page.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"), "the examples name the item");
}

#[test]
fn the_store_can_be_checked_and_copied() {
    let home = ran();
    assert!(home.ok(&["db", "check"]).stdout.contains("whole"));
    home.ok(&["db", "backup", "copy.sqlite"]);
    assert_eq!(home.rexp(&["db", "backup", "copy.sqlite"]).code, 2);
    let (own, copy) = (home.ok(&["list"]).stdout, home.ok(&["list", "--db", "copy.sqlite"]).stdout);
    assert_eq!(own, copy);
    let out = home.json(&["report", "--db", "copy.sqlite", "--out", "pages", "--json"]);
    assert!(home.path(out[0]["report"].as_str().unwrap()).is_file());
    home.db("copy.sqlite").execute("UPDATE ranking SET list_blob = x'00'", []).unwrap();
    let damaged = home.rexp(&["db", "check", "--db", "copy.sqlite"]);
    assert!(damaged.code == 1 && damaged.stdout.contains("top lists are damaged"), "{}", damaged.stdout);
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.ok(&["completions", shell]).stdout.contains("rexp"));
    }
}
