//! Bad input: one clear message, exit code 2, nothing written, never a panic.

use crate::support::{Answer, Home, SMALL};

/// Runs what must be refused: exit 2, no database, no backtrace, at most 40 lines.
fn refused(home: &Home, arguments: &[&str]) -> Answer {
    let answer = home.rexp(arguments);
    assert_eq!(answer.code, 2, "{arguments:?}\n{}\n{}", answer.stdout, answer.stderr);
    assert!(answer.stderr.starts_with("error: ") || answer.stderr.contains("\nerror: "), "{}", answer.stderr);
    assert!(!answer.stderr.contains("panicked") && answer.stderr.lines().count() <= 40, "{}", answer.stderr);
    answer
}

fn with(home: &Home, toml: &str) -> String {
    home.write("e.toml", toml);
    let stderr = refused(home, &["run", "e.toml"]).stderr;
    assert!(!home.path("results").exists(), "a wrong file must not make a store: {stderr}");
    stderr
}

#[test]
fn a_wrong_file_is_shown_with_line_column_caret_and_the_nearest_name() {
    let home = Home::new();
    let stderr = with(&home, "[data]\nname = \"synth\"\n[models.mf]\nfactor = 8\n");
    let expected = "error: unknown key \"factor\" in [models.mf]
 --> e.toml:4:1
  |
4 | factor = 8
  | ^^^^^^
  |
  = help: allowed: epochs, factors, init_mean, init_scale, kind, learning_rate, order, reg; did you mean \"factors\"?
";
    assert_eq!(stderr, expected);
}

#[test]
fn syntax_types_ranges_and_kinds_are_checked_before_anything_runs() {
    let home = Home::new();
    for (toml, expected) in [
        ("seeds = [1, 1]\n", "found the seed 1 twice"),
        ("seeds = []\n", "found no seeds"),
        ("seeds = [-1]\n", "found the seed -1, expected 0 or more"),
        ("name = 3\n", "found 3, expected a string"),
        ("[split]\nkind = \"tempral\"\n", "did you mean \"temporal\"?"),
        ("[split]\ntest = 1.5\n", "found 1.5, expected a number from 0.001 to 0.9"),
        ("[models.mf]\nreg = inf\n", "found inf, expected a number from 0.0 to 1000.0"),
        ("[[stackers]]\nkind = \"gradient-bosting\"\n", "did you mean \"gradient-boosting\"?"),
        ("[split]\nkind = \"file\"\npath = \"none.csv\"\n", "none.csv cannot be read: "),
        ("[models.theirs]\nkind = \"external\"\npath = \".\"\n", "is no regular file"),
        ("[[stackers]]\nname = \"x\"\n", "has no \"kind\""),
        ("[[stackers]]\nkind = \"blend\"\n", "a blend needs two stackers or more"),
        (
            "[models.bias]\n[[stackers]]\nkind = \"blend\"\nof = [\"simple-average\"]\n",
            "a blend needs two stackers or more",
        ),
        ("[[stackers]]\nkind = \"blend\"\nof = [\"blend\", \"l\"]\n", "a blend cannot blend itself"),
        (
            "[models.mf]\n[[stackers]]\nkind = \"blend\"\nof = [\"mf\", \"l\"]\n",
            "it is a base model, and a blend takes",
        ),
        (
            "[models.bias]\n[[stackers]]\nkind = \"blend\"\nof = [\"simple-avrage\"]\n",
            "did you mean \"simple-average\"?",
        ),
        ("[[stackers]]\nkind = \"blend\"\nof = [\"a\"]\nfeatures = [\"*\"]\n", "other stackers, no features"),
        ("[stackers]\nkind = \"logistic\"\n", "write [[stackers]]"),
        ("[evaluation]\nprotocols = [\"rated\", 3]\n", "found 3, expected a protocol"),
        ("[[stackers]]\nkind = \"gradient-boosting\"\npatience = 5\n", "patience needs held-out rows to watch"),
        ("[statistics]\nlevel = 1.0\n", "found 1, expected a number from 0.5 to 0.9999"),
        ("[statistics]\nresamples = 1\n", "found 1, expected a whole number from"),
        ("[study]\ncontrast = [\"a\", \"b\"]\n", "a study needs a primary metric"),
        ("[study]\nprimary = \"ndgc@10\"\ncontrast = [\"a\", \"b\"]\n", "did you mean \"ndcg\"?"),
        ("[study]\nprimary = \"ndcg@0\"\ncontrast = [\"a\", \"b\"]\n", "expected a whole number from 1"),
        ("[study]\nprimary = \"ndcg@10\"\ncontrast = [\"a\"]\n", "found 1 names, expected the two sides"),
        ("[study]\nprimary = \"ndcg@10\"\ncontrast = [\"a\", \"b\"]\nprotocol = \"fll\"\n", "did you mean \"full\"?"),
        ("[study]\nprimry = \"ndcg@10\"\n", "did you mean \"primary\"?"),
        (
            "[study]\nprimary = \"coverage@10\"\ncontrast = [\"a\", \"b\"]\n",
            "coverage is of all lists or rows together",
        ),
        ("[ab]\nprimary = \"engagment\"\n", "or \"engagement\""),
        ("[ab]\nprimary = \"rmse\"\n", "rmse is of all lists or rows together"),
        ("[ab]\nsegments = [\"user-activity:cool\"]\n", "did you mean \"user-activity:cold\"?"),
        ("[ab]\nprimary = \"novelty\"\n", "novelty is neither good nor bad in itself"),
        ("[ab]\ndiscount = \"log\"\n", "found \"log\", expected \"log2\" (1 / log2(rank + 1)), "),
        ("[ab]\nguardrails = [\"recall@10 > -1\"]\n", "expected a metric, >= and a number"),
        ("[ab]\nminimum_uplift = -1\n", "found -1, expected a number from"),
        ("x = = 3\n", "e.toml:1:5"),
        ("a = 1\na = 2\n", "e.toml:2:1"),
    ] {
        let stderr = with(&home, toml);
        assert!(stderr.contains(expected), "{toml}\n{stderr}");
    }
}

#[test]
fn files_that_are_no_experiments_are_refused() {
    let home = Home::new();
    home.write("large.toml", "# ".repeat(600_000));
    home.write("latin.toml", b"about = \"\xe9\"");
    home.write("loop.toml", "extends = \"loop.toml\"");
    std::fs::create_dir(home.path("empty")).unwrap();
    for (file, expected) in [
        ("none.toml", "cannot read: No such file"),
        ("large.toml", "larger than 1 MiB"),
        ("latin.toml", "byte 10 is not UTF-8"),
        ("loop.toml", "extends itself"),
        ("empty", "holds no .toml file"),
        ("/dev/zero", "not a regular file"),
    ] {
        let stderr = refused(&home, &["run", file]).stderr;
        assert!(stderr.contains(expected), "{file}: {stderr}");
    }
}

#[test]
fn all_problems_of_all_files_are_told_at_once() {
    let home = Home::new();
    home.write("a.toml", "[data]\nname = \"synth\"\n[models.bias]\nepoch = 1\n");
    home.write("b.toml", "[data]\nname = \"synt\"\n[models.bias]\n");
    home.write("c.toml", SMALL);
    home.write("c2.toml", format!("name = \"c\"\n{SMALL}"));
    let stderr = refused(&home, &["run", "a.toml", "b.toml", "c.toml", "c2.toml"]).stderr;
    for expected in ["a.toml:4:1", "b.toml:2:8", "did you mean \"synth\"?", "c.toml and c2.toml are both named \"c\""] {
        assert!(stderr.contains(expected), "no {expected} in\n{stderr}");
    }
    assert!(!home.path("results").exists());
}

#[test]
fn a_wrong_command_line_is_told() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    for (arguments, expected) in [
        (&["rum", "e.toml"][..], "unrecognized subcommand 'rum'"),
        (&["run"], "required arguments were not provided"),
        (&["run", "e.toml", "--seeds", "5..1"], "holds no seed"),
        (&["run", "e.toml", "--threads", "100000"], "is not in 0..=1024"),
        (&["run", "e.toml", "--set", "models.mf"], "has no \"=\""),
        (&["run", "e.toml", "--set", "models.mf.factrs=2"], "did you mean \"factors\"?"),
        (&["run", "e.toml", "--set", "stackers.none.kind=x"], "the array has no \"none\""),
        (&["kinds", "boosting"], "unknown kind \"boosting\""),
        (&["data", "inspect", "ml-1n"], "did you mean \"ml-1m\"?"),
        (&["list"], "there is no database results/rexp.sqlite"),
    ] {
        let answer = home.rexp(arguments);
        assert!(
            answer.code == 2 && answer.stderr.contains(expected),
            "{arguments:?}: {} {}",
            answer.code,
            answer.stderr
        );
    }
}

const OWN: &str = "seeds = [1]\n[data]\nname = \"own\"\nformat = \"movielens-csv\"\nfolder = \"own\"\n[models.bias]\n";

/// Thirty good rows, and then some.
fn ratings(more: &str) -> String {
    let rows = (0..30).map(|n| format!("{},{},{},{}\n", n % 5, n / 5, 1 + n % 5, 1000 + n));
    format!("userId,movieId,rating,timestamp\n{}{more}", rows.collect::<String>())
}

#[test]
fn broken_ratings_name_the_line_and_the_row() {
    let home = Home::new();
    home.write("e.toml", OWN);
    for (text, expected) in [
        (ratings("1,9,x,5\n"), "ratings.csv:32:5: found \"x\""),
        (ratings("1,9,nan,5\n"), "ratings.csv:32:5: found \"nan\""),
        (ratings("1,9,1e999,5\n"), "ratings.csv:32:5: found \"1e999\""),
        (ratings("1,9\n"), "ratings.csv:32"),
        (ratings("1,9,\"4,5\n"), "ratings.csv:32"),
        (ratings("").replace("rating,", "stars,"), "ratings.csv:1"),
        (String::new(), "ratings.csv"),
        ("userId,movieId,rating,timestamp\n".into(), "found no ratings"),
    ] {
        home.write("own/ratings.csv", &text);
        let stderr = refused(&home, &["run", "e.toml"]).stderr;
        assert!(stderr.contains(expected), "expected {expected}\n{stderr}");
    }
}

#[test]
fn duplicates_follow_the_policy_and_are_counted() {
    let home = Home::new();
    home.write("own/ratings.csv", ratings("0,0,5,9999\n"));
    home.write("e.toml", OWN);
    let told = home.ok(&["run", "e.toml"]).stderr;
    assert!(told.contains("1 "), "{told}");
    let events = home.json(&["show", "e", "--json"]);
    assert!(events["events"].as_array().unwrap().iter().any(|event| event["code"] == "duplicate-pairs"), "{events:#}");
    home.write("strict.toml", OWN.replace("name = \"own\"", "name = \"own\"\nduplicates = \"error\""));
    let stderr = refused(&home, &["run", "strict.toml"]).stderr;
    assert!(
        stderr.contains("found two ratings of item \"0\" by user \"0\" (data rows 0 and 30, counted from 0)"),
        "{stderr}"
    );
}

#[test]
fn data_that_is_not_here_says_which_files_to_put_where() {
    let home = Home::new();
    home.write("e.toml", "[data]\nname = \"ml-1m\"\n[models.bias]\n");
    let stderr = refused(&home, &["run", "e.toml", "--offline"]).stderr;
    assert!(stderr.contains("put ratings.dat") && stderr.contains("data/ml-1m"), "{stderr}");
}

#[test]
fn data_without_what_a_model_needs_are_refused_before_any_work() {
    let home = Home::new();
    let rows = (0..60).map(|n| format!("{},{},{}\n", n % 6, n / 6, 1 + n % 5)).collect::<String>();
    home.write("own/r.csv", format!("user,item,rating\n{rows}"));
    let data = "seeds = [1, 2, 3]\n[data]\nname = \"own\"\nformat = \"delimited\"\nfolder = \"own\"\npath = \"r.csv\"\ntimestamp = \"\"\n[models.bias]\n";
    for (model, expected) in [
        ("[models.sequence]\n", "own has no timestamps, and without them no order of time"),
        ("[models.tags]\n", "found no item of own with "),
    ] {
        home.write("e.toml", format!("{data}{model}"));
        let stderr = refused(&home, &["run", "e.toml"]).stderr;
        assert!(stderr.contains(expected) && stderr.matches(expected).count() == 1, "{stderr}");
        assert!(!stderr.contains("seed"), "no trial was begun: {stderr}");
    }
    // All that is missing anywhere in the plan is told before its first experiment begins.
    home.write("good.toml", data);
    home.write("e.toml", format!("{data}[models.sequence]\n[models.tags]\n"));
    let stderr = refused(&home, &["run", "good.toml", "e.toml"]).stderr;
    assert!(stderr.contains("has no timestamps") && stderr.contains("found no item of own"), "{stderr}");
    assert!(!home.path("results").exists(), "nothing was stored: {stderr}");
}

#[test]
fn a_split_that_leaves_nothing_is_refused() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    let stderr = refused(&home, &["run", "e.toml", "--set", "split.meta=0"]).stderr;
    assert!(stderr.contains("the meta part is empty"), "{stderr}");
    home.write("split.csv", "row,part\n0,base\n1,base\n");
    let stderr = refused(&home, &["run", "e.toml", "--set", "split={kind=\"file\",path=\"split.csv\"}"]).stderr;
    assert!(stderr.contains("found 0 ratings in test"), "{stderr}");
    home.write("bad.csv", "row,part\n0,base\n1,basis\n");
    let stderr = refused(&home, &["run", "e.toml", "--set", "split={kind=\"file\",path=\"bad.csv\"}"]).stderr;
    assert!(stderr.contains("bad.csv:3"), "{stderr}");
}

#[test]
fn one_experiment_that_fails_does_not_stop_the_others() {
    let home = Home::new();
    home.write("good.toml", SMALL);
    home.write("bad.toml", "extends = \"good.toml\"\n[models.mf]\nlearning_rate = 10\n");
    let answer = home.rexp(&["run", "bad.toml", "good.toml"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("diverged") && answer.stderr.contains("1 of 2 experiments failed: bad"),
        "{}",
        answer.stderr
    );
    assert!(answer.stdout.contains("good · run"), "{}", answer.stdout);
    let runs = home.json(&["list", "--json"]);
    assert_eq!(runs.as_array().unwrap().len(), 1);
}

#[test]
fn hard_but_legal_worlds_run() {
    let home = Home::new();
    home.write("e.toml", SMALL.split("[[stackers]]").next().unwrap());
    for sets in [
        ["evaluation.threshold=9", "split.refit=true"],
        ["data.users=1", "data.ratings=60"],
        ["evaluation.k=[1000]", "split.test=0.9"],
    ] {
        let stderr = home.ok(&["run", "e.toml", "--set", sets[0], "--set", sets[1]]).stderr;
        let is_warned = stderr.contains("warning: e: no rating reaches evaluation.threshold = 9 (the highest is 5)");
        assert_eq!(is_warned, sets[0].starts_with("evaluation.threshold"), "{stderr}");
    }
    let equal = (0..60).map(|n| format!("{},{},3,{n}\n", n % 6, n / 6)).collect::<String>();
    home.write("own/ratings.csv", format!("userId,movieId,rating,timestamp\n{equal}"));
    home.write("equal.toml", OWN);
    home.ok(&["run", "equal.toml"]);
    let db = home.db("results/rexp.sqlite");
    let bad: i64 = db
        .query_row("SELECT count(*) FROM metric_value WHERE value IS NULL OR abs(value) > 1e6", [], |row| row.get(0))
        .unwrap();
    assert_eq!(bad, 0);
}
