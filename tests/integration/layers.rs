//! Imports go down only: every `crate::` in `src/` against the table of layers.

use crate::support::repository;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules that everybody may import.
const GROUND: &[&str] = &["error", "key", "kind", "parallel", "progress", "rng", "suggest", "tree", "value"];

/// What each module may import besides the ground.
const TABLE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("key", &[]),
    ("suggest", &[]),
    ("progress", &[]),
    ("parallel", &["error"]),
    ("rng", &["key"]),
    ("tree", &["error"]),
    ("value", &["error", "tree"]),
    ("kind", &["error", "suggest", "tree", "value"]),
    ("linalg", &[]),
    ("stats", &["linalg"]),
    ("gbdt", &["linalg"]),
    ("store", &[]),
    ("plots", &[]),
    ("dataset", &["linalg"]),
    ("formats", &["dataset"]),
    ("splits", &["dataset"]),
    ("segments", &["dataset"]),
    ("models", &["linalg", "dataset"]),
    ("metrics", &["linalg", "dataset"]),
    ("compare", &["stats", "store", "metrics"]),
    ("features", &["linalg", "dataset", "splits", "segments", "models"]),
    ("stackers", &["linalg", "gbdt", "features", "dataset"]),
    ("protocols", &["linalg", "dataset", "splits", "models"]),
    ("evaluation", &["linalg", "dataset", "splits", "segments", "protocols", "metrics"]),
    (
        "experiment",
        &[
            "dataset",
            "formats",
            "splits",
            "models",
            "features",
            "stackers",
            "protocols",
            "segments",
            "metrics",
            "evaluation",
        ],
    ),
    (
        "pipeline",
        &[
            "dataset",
            "formats",
            "splits",
            "models",
            "features",
            "stackers",
            "protocols",
            "segments",
            "metrics",
            "evaluation",
            "experiment",
            "store",
        ],
    ),
    ("report", &["stats", "store", "plots", "compare"]),
    ("export", &["store", "report"]),
    (
        "cli",
        &[
            "dataset",
            "formats",
            "splits",
            "models",
            "features",
            "stackers",
            "protocols",
            "segments",
            "metrics",
            "experiment",
            "pipeline",
            "store",
            "compare",
            "report",
            "export",
        ],
    ),
];

/// Every Rust file of `src/` with the module it belongs to.
fn files() -> Vec<(String, PathBuf)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(repository("src")).unwrap().map(|entry| entry.unwrap().path()) {
        let module = entry.file_stem().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() {
            for file in fs::read_dir(&entry).unwrap().map(|file| file.unwrap().path()) {
                assert!(
                    !file.is_dir() || file.ends_with("migrations"),
                    "{} is deeper than src/folder/file",
                    file.display()
                );
                if file.extension().is_some_and(|extension| extension == "rs") {
                    out.push((module.clone(), file));
                }
            }
        } else if !matches!(module.as_str(), "lib" | "main" | "build") {
            out.push((module, entry));
        }
    }
    out.sort();
    out
}

/// The modules that a text names after `crate::`, also inside braces.
fn imports(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let list = &list[..list.find("};").unwrap_or(0)];
            let (mut depth, mut name) = (0, String::new());
            for c in list.chars().chain([',']) {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => out.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(c),
                    _ => {}
                }
            }
        } else {
            out.push(rest.to_owned());
        }
    }
    let first =
        |path: &String| path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    out.iter().map(first).filter(|name| !name.is_empty()).collect()
}

/// Tests may look further down than the code they stand beside.
fn without_tests(text: &str, path: &Path) -> String {
    let is_test = ["conformance", "golden", "tests", "reference"].iter().any(|name| path.file_stem().unwrap() == *name);
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    if is_test { String::new() } else { lines.collect::<Vec<_>>().join("\n") }
}

#[test]
fn imports_go_down_only() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let modules: Vec<String> = files().into_iter().map(|(module, _)| module).collect();
    let mut wrong = Vec::new();
    for (module, path) in files() {
        let Some(allowed) = table.get(module.as_str()) else {
            panic!("{module} is not in the table of layers");
        };
        let text = without_tests(&fs::read_to_string(&path).unwrap(), &path);
        for import in imports(&text) {
            let is_ground = GROUND.contains(&import.as_str()) && !GROUND.contains(&module.as_str());
            let is_module = modules.contains(&import);
            if is_module && import != module && !is_ground && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_goes_down_only() {
    let order: Vec<&str> = TABLE.iter().map(|(module, _)| *module).collect();
    for (place, (module, allowed)) in TABLE.iter().enumerate() {
        for import in *allowed {
            let below = order.iter().position(|other| other == import);
            assert!(
                below.is_some_and(|below| below < place),
                "{module} may not import {import}, which stands above it"
            );
        }
    }
}

#[test]
fn an_upward_import_would_be_seen() {
    assert_eq!(
        imports("use crate::models::X;\nuse crate::{cli, store::{A, B}, Error};"),
        ["models", "cli", "store", "Error"]
    );
    assert_eq!(imports("let x = crate::pipeline::run();"), ["pipeline"]);
}

#[test]
fn files_hold_one_concept_each() {
    for (_, path) in files() {
        let n = fs::read_to_string(&path).unwrap().lines().count();
        assert!(n <= 500, "{} has {n} lines", path.display());
    }
    assert!(fs::read_to_string(repository("src/main.rs")).unwrap().lines().count() < 30);
}
