//! Pages from the store alone, again and again; and the page over all pages.

use crate::compare::a_and_b;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder with its bytes, by path.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { out.extend(files(&path)) } else { out.push((path.clone(), fs::read(path).unwrap())) }
    }
    out.sort();
    out
}

#[test]
fn deleted_reports_are_made_again_byte_by_byte_and_every_question_has_its_own_page() {
    let home = a_and_b();
    let page = |arguments: &[&str]| home.path(home.ok(arguments).stdout.trim());
    let plain = page(&["compare", "a", "b", "--html"]);
    let other = page(&["compare", "a", "b", "--metric", "recall", "--margin", "0.01", "--html"]);
    let test = page(&["ab", "a", "b", "--replays", "50", "--html"]);
    assert_ne!(plain, other);
    assert!(plain.ends_with("compare-a-vs-b/index.html"), "{}", plain.display());
    assert!(fs::read_to_string(&other).unwrap().contains("asked with --metric recall --margin 0.01"));
    let reports = plain.parent().unwrap().parent().unwrap();
    let before = files(reports);
    let has = |path: &Path| before.iter().any(|(other, _)| other == path);
    assert!(has(&test) && has(&reports.join("index.html")) && has(&reports.join("a/index.html")));
    fs::remove_dir_all(reports).unwrap();
    home.ok(&["report", "--all"]);
    assert!(files(reports) == before, "the same files with the same bytes");
    fs::remove_dir_all(reports).unwrap();
    home.ok(&["report"]);
    assert!(files(reports) == before, "all is what is made where nothing is named");
}

#[test]
fn the_page_over_all_pages_names_every_experiment_and_comparison() {
    let home = a_and_b();
    home.ok(&["compare", "a", "b"]);
    home.ok(&["report", "--all"]);
    let index = home.path("results/reports/index.html");
    let html = fs::read_to_string(&index).unwrap();
    for link in ["href=\"a&#x2f;index.html\"", "href=\"b&#x2f;index.html\"", "href=\"compare-a-vs-b&#x2f;index.html\""]
    {
        assert!(html.contains(link), "{link}");
    }
    // What is not there is named and not linked.
    fs::remove_dir_all(home.path("results/reports/b")).unwrap();
    home.ok(&["compare", "a", "b"]);
    let html = fs::read_to_string(&index).unwrap();
    assert!(html.contains("<bdi>b</bdi>") && !html.contains("href=\"b&#x2f;index.html\""));
}

#[test]
fn a_page_says_what_paired_tests_say_and_so_do_its_texts() {
    let home = a_and_b();
    let html = fs::read_to_string(home.path("results/reports/a/index.html")).unwrap();
    assert!(html.contains("against primary") && html.contains("other arms it "), "tested on the page");
    let markdown = home.ok(&["report", "a", "--format", "md"]).stdout;
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with("| ")).collect();
    let n_cells = |row: &str| row.matches(" | ").count();
    assert!(rows.len() > 5 && markdown.starts_with("# a\n"), "{markdown}");
    assert!(rows[0].starts_with("| arm | NDCG@10 ↑ | against primary |"), "{}", rows[0]);
    assert_eq!(n_cells(rows[0]), n_cells(rows[1]), "{markdown}");
    let latex = home.ok(&["report", "a", "--format", "latex"]).stdout;
    assert_eq!(latex.matches("\\begin{tabular}").count(), latex.matches("\\end{tabular}").count());
    assert!(latex.contains("\\toprule") && latex.contains("NDCG@10 $\\uparrow$"), "{latex}");
    let json = home.json(&["report", "a", "--format", "json"]);
    assert_eq!(json[0]["experiment"], "a");
    assert_eq!(home.rexp(&["report", "a", "--format", "pdf"]).code, 2);
}

#[test]
fn tables_are_csv_too_with_every_number() {
    let home = a_and_b();
    let lines = |arguments: &[&str]| home.ok(arguments).stdout.lines().map(str::to_owned).collect::<Vec<_>>();
    let runs = lines(&["list", "--csv"]);
    assert_eq!((runs.len(), runs[0].starts_with("experiment,primary arm,value,")), (3, true));
    let values = lines(&["show", "a", "--csv"]);
    let json = home.json(&["show", "a", "--json"]);
    assert_eq!(values.len(), 1 + json["values"].as_array().unwrap().len());
    assert!(lines(&["show", "a", "--csv", "--protocol", "full"]).len() < values.len());
    let tests = lines(&["compare", "a", "b", "--csv"]);
    let json = home.json(&["compare", "a", "b", "--json"]);
    let n = |name: &str| json["pairs"][0][name].as_array().unwrap().len();
    assert_eq!(tests.len(), 1 + n("family") + n("exploratory") + n("segments") + n("lists"));
    let primary: Vec<&str> = tests[1].split(',').collect();
    assert_eq!(primary[8].parse::<f64>().unwrap(), json["pairs"][0]["primary"]["uplift"].as_f64().unwrap());
    let columns = tests[0].split(',').count();
    assert!(tests.iter().all(|line| line.split(',').count() == columns));
    assert_eq!(home.rexp(&["compare", "--list", "--csv"]).code, 2);
}
