//! Interruptions: what is finished is kept, what is missing is made, and the outcome is the same.

use crate::support::{Home, SMALL, rows};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

const VALUES: &str = "SELECT trial.seed, arm.name, protocol, metric.name, k, segment, value FROM metric_value JOIN trial ON trial.id = trial_id
    JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id ORDER BY 1, 2, 3, 4, 5, 6";
const LISTS: &str = "SELECT trial.seed, arm.name, protocol, hex(list_blob) FROM ranking JOIN trial ON trial.id = trial_id JOIN arm ON arm.id = arm_id ORDER BY 1, 2, 3";

/// Starts a run of many seeds and waits until some trials, but not all, are finished.
fn begun(home: &Home) -> Child {
    home.write("e.toml", SMALL.replace("users = 60", "users = 400").replace("ratings = 2400", "ratings = 20000"));
    let mut command = home.command(&["run", "e.toml", "--seeds", "1..40", "--threads", "2"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let finished = lines.map_while(Result::ok).filter(|line| line.contains("s of work")).take(3).count();
    assert_eq!(finished, 3);
    child
}

fn n_trials(home: &Home) -> usize {
    rows(&home.db("results/rexp.sqlite"), "SELECT id FROM trial").len()
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let home = Home::new();
    let mut child = begun(&home);
    child.kill().unwrap();
    child.wait().unwrap();
    home.ok(&["db", "check"]);
    let kept = n_trials(&home);
    assert!((3..40).contains(&kept), "{kept}");
    assert_eq!(home.json(&["list", "--json"])[0]["state"], "incomplete");
    home.ok(&["run", "e.toml", "--seeds", "1..40"]);
    assert_eq!(n_trials(&home), 40);
    home.ok(&["run", "e.toml", "--seeds", "1..40", "--db", "straight/rexp.sqlite"]);
    for sql in [VALUES, LISTS] {
        assert!(rows(&home.db("results/rexp.sqlite"), sql) == rows(&home.db("straight/rexp.sqlite"), sql), "{sql}");
    }
    let left: Vec<String> = std::fs::read_dir(home.path("results"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(left.iter().all(|name| name == "reports" || name == "rexp.sqlite"), "{left:?}");
}

#[cfg(unix)]
#[test]
fn signals_stop_a_run_and_keep_what_is_finished() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let home = Home::new();
        let child = begun(&home);
        let kill = std::process::Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert!((3..40).contains(&n_trials(&home)));
        assert_eq!(home.json(&["list", "--json"])[0]["state"], "incomplete");
    }
}

#[test]
fn two_processes_on_one_new_store_agree() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    let start = || {
        home.command(&["run", "e.toml", "--seeds", "1..6"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children = [start(), start(), start()];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(n_trials(&home), 6);
    home.ok(&["run", "e.toml", "--seeds", "1..6", "--db", "alone/rexp.sqlite"]);
    assert!(rows(&home.db("results/rexp.sqlite"), VALUES) == rows(&home.db("alone/rexp.sqlite"), VALUES));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = Home::new();
    home.write("e.toml", SMALL);
    home.ok(&["run", "e.toml"]);
    let mut child =
        home.command(&["show", "e", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{:?}", output);
}
