//! The page of a small store made by hand. `REXP_PAGES=<folder>` keeps the pages for a look.

use super::page::write_judged;
use crate::compare::paired::Rules;
use crate::compare::standing::Standings;
use crate::error::{Error, Result};
use rusqlite::{Connection, params};
use std::fs;
use std::path::{Path, PathBuf};

const SCHEMA: &str = concat!(
    include_str!("../store/migrations/0001_first.sql"),
    include_str!("../store/migrations/0002_statistics.sql"),
    include_str!("../store/migrations/0003_agreement.sql"),
    include_str!("../store/migrations/0004_relevant.sql"),
    include_str!("../store/migrations/0005_exhibits.sql"),
    include_str!("../store/migrations/0006_cpu.sql")
);

/// The page of a run that nobody has judged.
fn write(db: &Connection, run: &str, reports: &Path) -> Result<PathBuf> {
    let rules = Rules { level: 0.95, n_resamples: 0, margin: 0.005 };
    write_judged(db, run, reports, |_, _, _| Ok(Standings::none(rules)))
}

/// What a test's store is like.
pub(super) struct Store {
    experiment: &'static str,
    about: &'static str,
    primary: &'static str,
    message: &'static str,
    seeds: &'static [i64],
}

pub(super) const USUAL: Store = Store {
    experiment: "gb-stack",
    about: "A boosted stack of four base models on MovieLens, without the leak of the recipe.",
    primary: "gb",
    message: "per-user split would keep 582 more users; this one leaves 28 without a training row",
    seeds: &[41, 42, 43, 44, 45],
};

/// `(name, role, kind, NDCG@10 in thousandths)`.
pub(super) const ARMS: &[(&str, &str, &str, f64)] = &[
    ("gb", "stacker", "gradient-boosting", 812.0),
    ("logistic", "stacker", "logistic", 806.0),
    ("average", "average", "average", 797.0),
    ("bias", "base", "bias", 802.0),
    ("mf", "base", "mf", 799.0),
    ("itemknn", "base", "itemknn", 781.0),
    ("genre", "base", "genre", 712.0),
    ("popularity", "floor", "popularity", 694.0),
    ("random", "floor", "random", 590.0),
];
const METRICS: &[(&str, &str, &str)] = &[
    ("ndcg", "higher", ""),
    ("map", "higher", ""),
    ("mrr", "higher", ""),
    ("precision", "higher", ""),
    ("recall", "higher", ""),
    ("hit-rate", "higher", ""),
    ("auc", "higher", ""),
    ("rmse", "lower", "stars"),
    ("mae", "lower", "stars"),
    ("log-loss", "lower", "nats"),
    ("coverage", "higher", ""),
    ("novelty", "neutral", "bits"),
];
const SEGMENTS: &[&str] = &[
    "all",
    "user-activity:cold",
    "user-activity:regular",
    "user-activity:power",
    "item-popularity:head",
    "item-popularity:mid",
    "item-popularity:tail",
];

pub(super) fn store(of: &Store) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(SCHEMA).unwrap();
    let counts =
        r#"{"0.5":1370,"1":2811,"1.5":1791,"2":7551,"2.5":5550,"3":20047,"3.5":13136,"4":26818,"4.5":8551,"5":13211}"#;
    db.execute(
        "INSERT INTO dataset VALUES (1, 'd41d8cd98f00b204', 'ml-latest-small', 610, 9742, 9724, 100836, 0.5, 5.0, 3.501, 828124615, 1537799250, ?1, NULL)",
        [counts],
    )
    .unwrap();
    db.execute("INSERT INTO split VALUES (1, 'b0b1b2b3b4b5b6b7', 4.0, 1, 'random', '{\"test\":0.2}')", []).unwrap();
    for (part, n) in [("base_train", 64_536), ("meta_train", 16_132), ("train_full", 80_668), ("test", 20_168)] {
        db.execute("INSERT INTO split_part VALUES (1, ?1, ?2, 610, 5000, 3, 812, ?3)", params![part, n, n / 2])
            .unwrap();
    }
    db.execute("INSERT INTO experiment VALUES (1, ?1)", [of.experiment]).unwrap();
    db.execute(
        "INSERT INTO run VALUES ('0123456789ab', 1, 1, 'key', 1, ?1, '2026-11-23T10:00:00Z', 5, ?2, ?2, 'experiments/gb.toml', '0.1.0', 'feed', '', '', '3.54.1', ?3)",
        params![of.about, "name = \"gb-stack\"\n[data]\nname = \"ml-latest-small\"\n# </pre><script>alert(1)</script>\n", r#"{"arch":"x86_64","cpu_features":["avx2","fma"],"n_cpus":2}"#],
    )
    .unwrap();
    for (i, (name, role, kind, _)) in ARMS.iter().enumerate() {
        let name = if i == 0 { of.primary } else { name };
        db.execute(
            "INSERT INTO arm VALUES (?1, '0123456789ab', ?2, ?3, ?4, 'rating', ?1, ?5)",
            params![i as i64, name, role, kind, i == 0],
        )
        .unwrap();
    }
    for (i, (name, direction, unit)) in METRICS.iter().enumerate() {
        db.execute(
            "INSERT INTO metric VALUES (?1, ?2, ?3, ?4, 'what it is')",
            params![i as i64, name, direction, unit],
        )
        .unwrap();
    }
    for (at, seed) in of.seeds.iter().enumerate() {
        trial(&db, at as i64, *seed);
    }
    db.execute(
        "INSERT INTO event VALUES (1, '0123456789ab', NULL, 'warning', 'split-leaves-few', 28, ?1)",
        [of.message],
    )
    .unwrap();
    db.execute(
        "INSERT INTO event VALUES (2, '0123456789ab', NULL, 'note', 'duplicates', 0, 'no duplicates of (user, item)')",
        [],
    )
    .unwrap();
    db
}

fn trial(db: &Connection, at: i64, seed: i64) {
    let trial = at + 1;
    db.execute("INSERT INTO trial VALUES (?1, '0123456789ab', ?2, 1, 'now', 1234.5, 104857600, 2)", [trial, seed])
        .unwrap();
    for (position, name) in
        ["split", "fit bias", "fit mf", "features", "fit gb", "evaluate rated", "evaluate full"].iter().enumerate()
    {
        let is_shared = at > 0 && position < 1;
        db.execute(
            "INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes) VALUES (?1, ?2, ?3, ?6, ?4, ?5, 52428800)",
            params![
                trial,
                position as i64,
                name,
                is_shared,
                12.5 * position as f64,
                if position < 1 { (*name).to_owned() } else { format!("{name} {trial}") }
            ],
        )
        .unwrap();
    }
    for (arm, (_, role, _, base)) in ARMS.iter().enumerate() {
        for protocol in ["rated", "full"] {
            for (metric, (name, ..)) in METRICS.iter().enumerate() {
                // Floors have no rating error: the page shows a dash.
                let needs_ratings = ["rmse", "mae", "log-loss"].contains(name);
                if needs_ratings && (*role == "floor" || protocol == "full") {
                    continue;
                }
                let (ks, segments): (&[i64], _) = if metric < 6 || *name == "coverage" {
                    (&[1, 5, 10, 20], SEGMENTS)
                } else {
                    (&[0], &SEGMENTS[..1])
                };
                for k in ks {
                    for (s, segment) in segments.iter().enumerate() {
                        let share = if protocol == "full" { 0.3 } else { 1.0 };
                        let value = base / 1000.0 * share - 0.01 * s as f64 - 0.03 * metric as f64
                            + 0.012 * (*k as f64 + 1.0).ln()
                            - 0.0288
                            + 0.002 * (at - 2) as f64;
                        db.execute(
                            "INSERT INTO metric_value VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 33)",
                            params![trial, arm as i64, protocol, metric as i64, k, segment, value, 577 - 60 * s as i64],
                        )
                        .unwrap();
                    }
                }
            }
        }
        if *role == "floor" {
            db.execute("INSERT INTO omission VALUES (?1, ?2, 'rated', 7, 0, 'all', 'scores are not on the ratings scale', 20168)", [trial, arm as i64]).unwrap();
        }
    }
    for (i, feature) in [
        "score_bias",
        "score_mf",
        "score_itemknn",
        "score_genre",
        "user_n_ratings",
        "user_mean_rating",
        "item_n_ratings",
        "item_mean_rating",
    ]
    .iter()
    .enumerate()
    {
        for (arm, measure, value) in [
            (0, "gain", 0.4 / (i + 1) as f64),
            (0, "permutation-train", 0.03 / (i + 1) as f64 - 0.005),
            (1, "coefficient", 0.6 - 0.1 * i as f64),
            (1, "mean", 3.5),
            (1, "scale", 0.9),
        ] {
            db.execute(
                "INSERT INTO importance VALUES (?1, ?2, ?3, ?4, ?5)",
                params![trial, arm, feature, measure, value * (1.0 + 0.04 * at as f64)],
            )
            .unwrap();
        }
    }
    db.execute("INSERT INTO importance VALUES (?1, 1, 'intercept', 'coefficient', -0.12)", [trial]).unwrap();
    for step in 1..=20_i64 {
        db.execute(
            "INSERT INTO history VALUES (?1, 'mf', 'train_rmse', ?2, ?3)",
            params![trial, step, 0.7 + 0.3 / step as f64 + 0.002 * at as f64],
        )
        .unwrap();
        db.execute(
            "INSERT INTO history VALUES (?1, 'gb', 'train_log_loss', ?2, ?3)",
            params![trial, step, 0.5 + 0.2 / step as f64],
        )
        .unwrap();
    }
}

/// Writes a store's page and returns it with its folder.
fn page(of: &Store) -> (String, PathBuf, tempfile::TempDir) {
    page_of(&store(of))
}

fn page_of(db: &Connection) -> (String, PathBuf, tempfile::TempDir) {
    let reports = tempfile::tempdir().unwrap();
    let index = write(db, "0123456789ab", reports.path()).unwrap();
    let folder = index.parent().unwrap().to_owned();
    if let Some(keep) = std::env::var_os("REXP_PAGES") {
        let keep = Path::new(&keep).join(folder.file_name().unwrap());
        fs::create_dir_all(&keep).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), keep.join(entry.file_name())).unwrap();
        }
    }
    (fs::read_to_string(&index).unwrap(), folder, reports)
}

#[test]
fn the_verdict_and_the_numbers_are_on_the_page() {
    let (html, folder, _reports) = page(&USUAL);
    assert_eq!(folder.file_name().unwrap(), "gb-stack");
    // 0.812 − 0.0288 + 0.012 ln 11 = 0.8120 for seed 43; the others lie 0.002 apart.
    for expected in [
        "<strong>gb</strong> has the best NDCG@10, <strong class=\"value\">0.812</strong>",
        "(0.808–0.816 over 5 seeds)",
        "0.006 above the next, logistic, 0.010 above the best base model, bias, and 0.118 above the best floor, popularity.",
        "Ranges run from the lowest to the highest seed. Whether a difference is more than chance is not tested here: rexp compare does.",
        "<strong title=\"best\">0.812</strong><small>0.808–0.816</small>",
        "577 users (33 left out), 5 seeds",
        "RMSE&nbsp;<span class=\"arrow\">↓</span><small>stars</small>",
        "base_train",
        "64,536",
        "split-leaves-few",
        "scores are not on the ratings scale",
        "<td>NDCG, MAP, MRR, Precision, Recall, Hit rate, AUC, Coverage, Novelty</td><td class=\"number\">577</td><td class=\"number\">33</td>",
        "href=\"#notes\">1 warning</a>",
        "FROM leaderboard",
        "100,836",
        "1996-03-29 to 2018-09-24",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
    assert!(html.contains("<td class=\"number\">–</td>"), "missing values are dashes");
    let policy = "Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src ";
    let scripts = html.split_once(policy).unwrap().1.split_once('"').unwrap().0;
    // The hash alone: 43 digits and one sign of padding for 32 bytes.
    assert!(scripts.starts_with("'sha256-") && scripts.ends_with("='") && scripts.len() == 53, "{scripts}");
    let files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(files.iter().all(|name| name == "index.html" || html.contains(&format!("href=\"{name}\""))), "{files:?}");
    assert!(files.iter().any(|name| name == "ndcg-at-k-rated.png") && !files.iter().any(|name| name.contains("tmp")));
}

#[test]
fn values_with_an_interval_show_it() {
    let db = store(&USUAL);
    db.execute(
        "INSERT INTO interval SELECT '0123456789ab', arm.id, 'rated', metric.id, 10, 'all', ?1, 0.9, 0.8134, ?2, 0.9, 610, 1000, 0.01, 5
         FROM arm, metric WHERE arm.name = 'gb' AND metric.name = 'ndcg'",
        params!["two-way", 0.75],
    )
    .unwrap();
    let (html, _folder, _reports) = page_of(&db);
    for expected in [
        // The value that the interval is of, not the mean over seeds, 0.812.
        "<strong title=\"best\">0.813</strong><small>[0.750, 0.900]</small>",
        "<strong>gb</strong> has the best NDCG@10, <strong class=\"value\">0.813</strong>",
        "in brackets the 90 % interval over users and seeds",
        "line: 90 % interval",
        "Brackets are 90 % intervals: of single arms",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
}

#[test]
fn the_same_store_gives_the_same_bytes() {
    let (first, folder, _a) = page(&USUAL);
    let (second, again, _b) = page(&USUAL);
    assert_eq!(first, second);
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name();
        assert_eq!(fs::read(folder.join(&name)).unwrap(), fs::read(again.join(&name)).unwrap(), "{name:?}");
    }
}

#[test]
fn hostile_names_are_text() {
    let hostile = Store {
        experiment: "<script>alert('name')</script>/../..",
        about: "<img src=x onerror=alert(2)>",
        primary: "\"><script>alert('arm')</script>",
        message: "</li><script>alert('event')</script>\u{1b}[2J",
        seeds: &[1],
    };
    let (html, folder, reports) = page(&hostile);
    assert!(!html.contains('\u{1b}') && html.contains("\\u{1b}[2J"), "control characters are spelled out");
    let without_own = html.replacen(&format!("<script type=\"module\">{}</script>", include_str!("page.js")), "", 1);
    assert!(without_own.len() < html.len(), "the page's own script is there, as it was written");
    for tag in ["<script", "<img", "onerror=alert(2)>", "'arm')</", "\">\"&gt;"] {
        assert!(!without_own.contains(tag), "{tag}");
    }
    assert!(html.contains("&lt;script&gt;alert("));
    assert_eq!(folder.parent().unwrap(), reports.path());
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'), "{name}");
    }
}

#[test]
fn a_run_without_trials_still_has_a_page() {
    let (html, ..) = page(&Store { experiment: "empty", seeds: &[], ..USUAL });
    assert!(html.contains("0 of 5 trials are in the store") && html.contains("no value of this run yet"));
}

#[test]
fn an_unknown_run_is_named_with_those_that_exist() {
    let reports = tempfile::tempdir().unwrap();
    let error = write(&store(&USUAL), "nope", reports.path()).unwrap_err();
    assert!(
        matches!(&error, Error::Name { what: "run", help: Some(help), .. } if help.contains("0123456789ab")),
        "{error}"
    );
    assert_eq!(fs::read_dir(reports.path()).unwrap().count(), 0);
}

#[test]
fn the_queries_run_and_give_the_tables() {
    let db = store(&USUAL);
    for query in super::queries::queries("0123456789ab", Some(("ndcg", 10))) {
        let n_rows = db.prepare(&query.sql).unwrap().query_map([], |_| Ok(())).unwrap().count();
        assert!(n_rows > 0, "{}", query.about);
    }
    let queries = super::queries::queries("0123456789ab", Some(("ndcg", 10)));
    let sql = format!(
        "SELECT mean FROM ({}) WHERE protocol = 'rated' AND metric = 'ndcg' AND k = 10 AND arm = 'gb'",
        queries[0].sql.trim_end_matches(';')
    );
    let mean: f64 = db.query_row(&sql, [], |row| row.get(0)).unwrap();
    assert!((mean - 0.812).abs() < 5e-4, "{mean}");
}

/// A page of the usual store after some changes to it.
pub(super) fn page_after(sql: &str) -> String {
    let db = store(&USUAL);
    db.execute_batch(sql).unwrap();
    page_of(&db).0
}

#[test]
fn a_floor_that_leads_is_named_and_the_primary_arm_has_its_place() {
    let html = page_after("UPDATE metric_value SET value = value + 0.1 WHERE arm_id = 7 AND protocol = 'full'");
    // full: 0.3 * 0.812 = 0.2436; popularity 0.3 * 0.694 + 0.1 = 0.3082; bias 0.3 * 0.802 = 0.2406.
    let expected = "<strong>popularity</strong>, a floor, has the best NDCG@10, <strong class=\"value\">0.308</strong> \
        <span class=\"spread\">(0.304–0.312 over 5 seeds)</span>. The primary arm, gb, is number 2 of 9 with 0.244 \
        (0.240–0.248 over 5 seeds): 0.065 below it, and 0.003 above the best base model, bias.";
    assert!(html.contains(expected));
    // Tables follow: the floor's row, with its line, is the first of the table of `full`, and none is that of `rated`.
    let first_row =
        |title: &str| html.split_once(title).and_then(|(_, rest)| rest.split_once("<tr data-arm=\"")).unwrap().1;
    assert!(first_row("<b>Ranking, protocol full</b>").starts_with("popularity\" class=\"floor bar\">"));
    assert!(first_row("<b>Ranking, protocol rated</b>").starts_with("gb\" class=\"primary\">"));
}

#[test]
fn a_value_of_some_seeds_says_so_and_a_missing_primary_is_told() {
    let html = page_after("DELETE FROM metric_value WHERE arm_id = 3 AND trial_id > 3 AND metric_id = 0");
    // Bias is left with seeds 41 to 43: 0.798, 0.800, 0.802.
    assert!(html.contains("0.800<small>0.798–0.802, 3 of 5 seeds only</small>"));
    let html = page_after("DELETE FROM metric_value WHERE arm_id = 0 AND metric_id = 0");
    assert!(
        html.contains("<strong>logistic</strong> has the best NDCG@10")
            && html.contains("The primary arm, gb, has no value.")
    );
}

#[test]
fn protocols_and_segments_stand_in_their_usual_order() {
    let html = page_after("");
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(place("<h2>Protocol rated") < place("<h2>Protocol full"));
    assert!(place("NDCG@10 by user activity") < place("NDCG@10 by item popularity"));
    // Parts of the split too: train_full comes before test.
    assert!(place("<th scope=\"row\">train_full") < place("<th scope=\"row\">test"));
    for names in [["cold", "regular", "power"], ["head", "mid", "tail"]] {
        assert!(names.map(|name| place(&format!("{name}&nbsp;"))).is_sorted(), "{names:?}");
    }
}

#[test]
fn a_run_without_importances_history_segments_and_notes_has_a_shorter_page() {
    let html = page_after(
        "DELETE FROM importance; DELETE FROM history; DELETE FROM event; DELETE FROM omission; DELETE FROM stage;
         DELETE FROM metric_value WHERE segment <> 'all' OR protocol = 'full' OR k NOT IN (0, 10)",
    );
    for gone in [
        "ranks-rated.png",
        "Where NDCG",
        "trade-off-time",
        "data-k=\"5\"",
        "What the stackers look at",
        "Learning curves",
        "Segments",
        "Protocol full",
        "Every cutoff",
        "warning</a>",
    ] {
        assert!(!html.contains(gone), "{gone}");
    }
    assert!(html.contains("leaderboard-rated.png") && !html.contains("-at-k-"));
}

#[test]
fn forty_arms_are_all_in_the_table_and_twelve_in_the_curves() {
    let html = page_after(
        "WITH RECURSIVE n(i) AS (SELECT 9 UNION ALL SELECT i + 1 FROM n WHERE i < 39)
           INSERT INTO arm SELECT i, '0123456789ab', 'extra' || i, 'base', 'mf', 'rating', i, 0 FROM n;
         INSERT INTO metric_value SELECT trial_id, arm.id, protocol, metric_id, k, segment, value - arm.id / 1000.0, n, n_left_out
           FROM metric_value JOIN arm ON arm.id >= 9 WHERE arm_id = 0",
    );
    assert_eq!(html.matches("base model<span class=\"of\"> · mf").count() % 31, 0);
    assert!(html.contains("extra39") && html.contains("12 of 40 arms: the primary, the floors and the"));
}

#[test]
fn what_leaderboards_as_text_do_not_print_is_not_read() {
    let db = store(&USUAL);
    db.execute_batch(
        "DROP TABLE example; DROP TABLE score_range; DROP TABLE calibration_bin; DROP TABLE score_likeness",
    )
    .unwrap();
    let read = |extent| super::read::run_facts(&db, "0123456789ab", super::tables::headline, extent);
    assert!(read(super::read::Extent::Page).is_err());
    assert!(read(super::read::Extent::Tables).unwrap().exhibits.examples.is_empty());
}

#[test]
fn leaderboards_of_other_cutoffs_can_stand_in_place_of_the_first() {
    let html = page_after("");
    for protocol in ["rated", "full"] {
        let place = |text: String| html.find(&text).unwrap_or_else(|| panic!("{text}"));
        let first = place(format!("<b>Ranking, protocol {protocol}</b>"));
        assert!(html[..first].ends_with("<figure class=\"table\" data-slot=\"Ranking\" data-k=\"10\">\n<figcaption>"));
        let others = [1, 5, 20].map(|k| place(format!("<b>Ranking, k = {k}, protocol {protocol}</b>")));
        assert!(first < others[0] && others.is_sorted());
    }
    // Per protocol: what ranks and what lists are like, at four cutoffs; what has none stands there once.
    assert_eq!((html.matches("data-slot=\"").count(), html.matches("data-k=\"10\"").count()), (16, 4));
    assert_eq!(html.matches("RMSE&nbsp;").count(), 1);
    // At 1: 0.812 − 0.0288 + 0.012 ln 2 = 0.792.
    let at_one = html.split_once("<b>Ranking, k = 1, protocol rated</b>").unwrap().1;
    assert!(at_one.split_once("data-arm=\"gb\"").unwrap().1.find("0.792</strong>").is_some_and(|at| at < 500));
    assert!(!at_one.split_once("</figcaption>").unwrap().0.contains("Against primary"));
}
