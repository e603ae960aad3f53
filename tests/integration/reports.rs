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
    let named = home.ok(&["report", "--all"]).stdout;
    let index = home.path("results/reports/index.html");
    assert!(named.lines().count() == 4 && home.path(named.lines().last().unwrap()) == index, "{named}");
    let json = home.json(&["report", "--all", "--json"]);
    let last = json.as_array().unwrap().last().unwrap();
    assert!(last["run"].is_null() && home.path(last["report"].as_str().unwrap()) == index, "{json}");
    assert!(home.ok(&["report", "a"]).stdout.trim_end().ends_with("a/index.html"));
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

/// A list of the store: `(item, score, relevance)` of every user.
fn lists(blob: &[u8]) -> Vec<Vec<(u64, f32, bool)>> {
    let mut out = Vec::new();
    let mut rest = blob;
    while let Some((n, tail)) = rest.split_first_chunk() {
        let (entries, tail) = tail.split_at(9 * u32::from_le_bytes(*n) as usize);
        let number = |bytes: &[u8]| bytes.first_chunk::<4>().copied().unwrap();
        let entry = |bytes: &[u8]| {
            (u64::from(u32::from_le_bytes(number(bytes))), f32::from_le_bytes(number(&bytes[4..])), bytes[8] != 0)
        };
        out.push(entries.chunks(9).map(entry).collect());
        rest = tail;
    }
    out
}

#[test]
fn examples_show_what_the_arms_ranked_and_what_users_liked() {
    let home = a_and_b();
    let db = home.db("results/rexp.sqlite");
    let sql = "SELECT trial.id, run.id, run.dataset_id, example.protocol, content FROM example JOIN trial ON trial.id = trial_id JOIN run ON run.id = run_id";
    let mut statement = db.prepare(sql).unwrap();
    let examples = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, String>(4)?)));
    let examples: Vec<(i64, String, i64, String, String)> = examples.unwrap().map(Result::unwrap).collect();
    assert!(examples.len() >= 12, "{}", examples.len());
    for (trial, run, dataset, protocol, content) in &examples {
        let example: serde_json::Value = serde_json::from_str(content).unwrap();
        let items = example["items"].as_array().unwrap();
        let sql = "SELECT list_blob, user_ids FROM ranking JOIN arm ON arm.id = arm_id JOIN user_list ON user_list.id = user_list_id
            WHERE trial_id = ?1 AND protocol = ?2 ORDER BY arm.position";
        let mut statement = db.prepare_cached(sql).unwrap();
        let stored =
            statement.query_map((trial, protocol), |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?)));
        for (arm, stored) in stored.unwrap().enumerate() {
            let (blob, users) = stored.unwrap();
            let users: Vec<String> = serde_json::from_str(&users).unwrap();
            let at = users.iter().position(|user| example["user"] == **user).unwrap();
            let ranked = &lists(&blob)[at];
            let shown = example["lists"][arm].as_array().unwrap();
            assert_eq!(shown.len(), ranked.len().min(10));
            for (place, (item, score, is_relevant)) in shown.iter().zip(ranked) {
                let place = place.as_u64().unwrap() as usize;
                assert_eq!(items[place], serde_json::json!([item, is_relevant]));
                assert_eq!(example["scores"][arm][place].as_f64().unwrap() as f32, *score);
            }
        }
        let titles =
            "SELECT count(*) FROM item WHERE dataset_id = ?1 AND item_index IN (SELECT value FROM json_each(?2))";
        let liked = &example["liked"];
        let known: i64 = db.query_row(titles, (dataset, liked.to_string()), |row| row.get(0)).unwrap();
        let n_liked = example["n_liked"].as_u64().unwrap() as usize;
        assert_eq!((known as usize, liked.as_array().unwrap().len()), (n_liked.min(10), n_liked.min(10)), "{run}");
    }
    winners_and_losers_are_the_extremes(&db);
    let html = fs::read_to_string(home.path("results/reports/a/index.html")).unwrap();
    for text in [
        "A user with few ratings, drawn by the seed",
        "A user with many ratings",
        "Liked in training, the latest first:",
        "The scores behind it",
        "title=\"relevant\"",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn a_page_shows_how_scores_are_spread_calibrated_and_alike_and_what_the_data_are_like() {
    let home = a_and_b();
    let folder = home.path("results/reports/a");
    for file in ["calibration-rated.png", "scores-rated.png", "ratings-over-time.png", "long-tail.png"] {
        assert!(fs::metadata(folder.join(file)).unwrap().len() > 2000, "{file}");
    }
    let html = fs::read_to_string(folder.join("index.html")).unwrap();
    for text in ["Calibration of P(relevant), rated", "Scores of the test rows, rated", "Spearman", "Ratings per"] {
        assert!(html.contains(text), "{text}");
    }
    // Under a protocol of candidates no test row is scored as such.
    assert!(!folder.join("scores-full.png").exists());
}

/// Of every user with a value: what the primary arm gains on the rival, against the example's own.
fn winners_and_losers_are_the_extremes(db: &rusqlite::Connection) {
    let sql =
        "SELECT trial_id, protocol, content FROM example WHERE json_extract(content, '$.why') IN ('winner', 'loser')";
    let mut statement = db.prepare(sql).unwrap();
    let examples = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)));
    let examples: Vec<(i64, String, String)> = examples.unwrap().map(Result::unwrap).collect();
    assert!(examples.len() >= 8, "{}", examples.len());
    for (trial, protocol, content) in examples {
        let example: serde_json::Value = serde_json::from_str(&content).unwrap();
        // Values of all users by arm, in the order of tables.
        let sql = "SELECT arm.name, arm.role, value_blob, user_ids FROM user_value JOIN arm ON arm.id = arm_id JOIN metric ON metric.id = metric_id
            JOIN user_list ON user_list.id = user_list_id WHERE trial_id = ?1 AND protocol = ?2 AND metric.name = 'ndcg' AND k = 10 AND segment = 'all'
            ORDER BY arm.position";
        let mut statement = db.prepare_cached(sql).unwrap();
        let rows = statement.query_map((trial, &protocol), |row| {
            let users: Vec<String> = serde_json::from_str(&row.get::<_, String>(3)?).unwrap();
            let values = row.get::<_, Vec<u8>>(2)?;
            let values: Vec<f32> = values.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, users, values))
        });
        let arms: Vec<(String, String, Vec<String>, Vec<f32>)> = rows.unwrap().map(Result::unwrap).collect();
        let mean = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64;
        let best = arms.iter().filter(|arm| arm.1 == "base").map(|arm| mean(&arm.3)).fold(f64::MIN, f64::max);
        let rival = arms.iter().find(|arm| arm.1 == "base" && mean(&arm.3) >= best).unwrap();
        assert_eq!(example["rival"], *rival.0);
        let own = &arms[0];
        let gains: Vec<f32> = own.3.iter().zip(&rival.3).map(|(a, b)| a - b).collect();
        let of_user = gains[own.2.iter().position(|user| example["user"] == **user).unwrap()];
        let is_extreme = |gain: &f32| if example["why"] == "winner" { *gain <= of_user } else { *gain >= of_user };
        assert!(gains.iter().all(is_extreme), "{} {protocol}", example["why"]);
        assert_eq!(example["n_among"], own.2.len());
    }
}
