//! How large a page gets: of a run as large as a study makes one, through the store, as `rexp report` writes it.

use super::files::is_ours;
use crate::compare::intervals::{self, Known};
use crate::store::Store;
use crate::store::exhibits::{CalibrationBin, Example, Exhibits, Likeness, ScoreRange};
use crate::store::rows::{
    ArmRow, DatasetRow, Environment, EventRow, ItemRow, MetricRow, RunBundle, RunRow, SplitRow, StageRow, TrialRow,
    UserValueRow, ValueRow,
};
use std::fs;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;
const PROTOCOLS: [&str; 5] = ["rated", "sampled", "two-stage", "full", "full-again"];
const CUTOFFS: [usize; 3] = [5, 10, 20];
const STACKERS: usize = 4;
const N_USERS: usize = 40;
const ARMS: [&str; 12] = [
    "gbstack",
    "logistic",
    "lambdamart",
    "pairwise",
    "simple-average",
    "bias",
    "matrix-factorization",
    "itemknn",
    "genre",
    "als",
    "popularity",
    "random",
];
/// Name, and whether it is at a cutoff and has values per user.
const METRICS: [(&str, bool); 14] = [
    ("ndcg", true),
    ("map", true),
    ("mrr", true),
    ("precision", true),
    ("recall", true),
    ("hit-rate", true),
    ("auc", false),
    ("rmse", false),
    ("mae", false),
    ("log-loss", false),
    ("coverage", true),
    ("novelty", true),
    ("diversity", true),
    ("tail-share", true),
];
const SEGMENTS: [&str; 6] = ["cold", "regular", "power", "head", "mid", "tail"];

fn role(arm: usize) -> &'static str {
    match arm {
        0..STACKERS => "stacker",
        STACKERS => "average",
        10.. => "floor",
        _ => "base",
    }
}

fn bundle() -> RunBundle {
    let run = RunRow {
        id: "0123456789ab".into(),
        experiment: "large".into(),
        key: "key".into(),
        attempt: 1,
        about: "Twelve arms under five protocols.".into(),
        started_at: "2026-01-01T00:00:00Z".into(),
        n_trials: SEEDS.count(),
        config_toml: "seeds = [1]\n".repeat(100),
        config_source: "seeds = [1]\n".repeat(50),
        config_path: "large.toml".into(),
        environment: Environment::default(),
    };
    let dataset = DatasetRow {
        hash: "d".into(),
        name: "data".into(),
        n_users: N_USERS,
        n_items: 1,
        n_items_rated: 1,
        n_rows: 3,
        rating_min: 0.5,
        rating_max: 5.0,
        rating_mean: 3.0,
        timestamps: None,
        rating_counts: (1..=10_u64).map(|half| (half as f64 / 2.0, half)).collect(),
        month_counts: (0..100).map(|month| (format!("{}-{:02}", 2000 + month / 12, month % 12 + 1), 500)).collect(),
    };
    let arm = |(at, name): (usize, &&str)| ArmRow {
        name: (*name).into(),
        role: role(at).into(),
        kind: "gradient-boosting".into(),
        scale: "order".into(),
        is_primary: at == 0,
    };
    let metric = |(name, _): &(&str, bool)| MetricRow {
        name: (*name).into(),
        direction: "higher".into(),
        unit: String::new(),
        about: "how much of the best possible discounted gain its order keeps".into(),
    };
    let features = serde_json::json!(ARMS[5..10].iter().map(|name| format!("score_{name}")).collect::<Vec<_>>());
    let mut params = crate::store::rows::Params::from([("statistics.resamples".into(), "200".into())]);
    params.extend(ARMS[..=STACKERS].iter().map(|arm| (format!("stackers.{arm}.features"), features.to_string())));
    RunBundle {
        run,
        dataset,
        items: (0..200).map(item).collect(),
        params,
        arms: ARMS.iter().enumerate().map(arm).collect(),
        metrics: METRICS.iter().map(metric).collect(),
        events: Vec::new(),
    }
}

fn item(number: u64) -> ItemRow {
    ItemRow {
        item_id: number.to_string(),
        title: format!("Item {number} with a title that is about as long as those of films are (1994)"),
        genres: "Adventure|Animation|Children|Comedy|Fantasy".into(),
        n_ratings: 1 + number,
    }
}

/// What a trial leaves to be looked at under one protocol: five users, and the scores of all arms.
fn exhibits(protocol: &str, seed: usize, out: &mut Exhibits) {
    let n = ARMS.len();
    for (at, why) in ["cold", "regular", "power", "winner", "loser"].into_iter().enumerate() {
        let list = |arm: usize| (0..10).map(|rank| ((rank * 7 + arm * 5) % 60) as u32).collect();
        let scores = |arm: usize| (0..60).map(|item| number(&[seed, at, arm, item]) as f32).collect();
        let example = Example {
            why: why.into(),
            rival: ARMS[5].into(),
            n_among: 1000,
            user: format!("u{at}"),
            n_ratings: 1234,
            n_liked: 567,
            liked: (100..110).collect(),
            n_relevant: 89,
            metric: "ndcg@10".into(),
            values: (0..n).map(|arm| Some(number(&[seed, at, arm]) as f32)).collect(),
            lists: (0..n).map(list).collect(),
            items: (0..60).map(|item| (item * 3, item % 4 == 0)).collect(),
            scores: (0..n).map(scores).collect(),
        };
        out.examples.push((protocol.into(), example));
    }
    for arm in 0..n as i64 {
        for is_relevant in [false, true] {
            let at = [0.1, 0.2, 0.3, 0.4, 0.5].map(|at| at + arm as f64 / 50.0);
            out.score_ranges.push(ScoreRange { arm, protocol: protocol.into(), is_relevant, n: 1000, at });
        }
        out.calibration.extend((0..10).map(|bin| CalibrationBin {
            arm,
            protocol: protocol.into(),
            bin,
            n: 100 + bin,
            predicted: 0.05 + bin as f64 / 10.0,
            observed: number(&[seed, arm as usize, bin as usize]),
        }));
        out.likenesses.extend((arm + 1..n as i64).map(|other| Likeness {
            protocol: protocol.into(),
            arm,
            other,
            rho: number(&[seed, arm as usize, other as usize]),
            n: 300,
        }));
    }
}

/// A number in (0, 1) of some places: one that no other places have.
fn number(places: &[usize]) -> f64 {
    let mixed = places.iter().fold(1.0, |sum, &place| sum * 1.7 + (place as f64 + 1.0) * 0.618_034);
    (mixed * 12.9898).sin().abs() * 0.98 + 0.01
}

fn trial(seed: u64) -> TrialRow {
    let s = seed as usize;
    let mut row =
        TrialRow { seed, user_lists: vec![(0..N_USERS).map(|n| format!("u{n}")).collect()], ..TrialRow::default() };
    for (p, protocol) in PROTOCOLS.iter().enumerate() {
        exhibits(protocol, s, &mut row.exhibits);
        for arm in 0..ARMS.len() {
            for (metric, &(name, has_users)) in METRICS.iter().enumerate() {
                let cutoffs: &[usize] = if has_users { &CUTOFFS } else { &[0] };
                for &k in cutoffs {
                    let segments = if name == "ndcg" { &SEGMENTS[..] } else { &[] };
                    for (at, segment) in std::iter::once(&"all").chain(segments).enumerate() {
                        let family = if at > 3 { "item-popularity" } else { "user-activity" };
                        row.values.push(ValueRow {
                            arm,
                            protocol: (*protocol).into(),
                            metric,
                            k,
                            segment: if at == 0 { "all".into() } else { format!("{family}:{segment}") },
                            value: number(&[s, p, arm, metric, k, at]),
                            n: N_USERS as u64,
                            n_left_out: 3,
                        });
                    }
                    if has_users && name != "coverage" {
                        row.user_values.push(UserValueRow {
                            arm,
                            protocol: (*protocol).into(),
                            metric,
                            k,
                            segment: "all".into(),
                            user_list: 0,
                            values: (0..N_USERS).map(|user| number(&[s, p, arm, metric, k, user]) as f32).collect(),
                        });
                    }
                }
            }
        }
    }
    learned(&mut row);
    row
}

/// Curves, importances, stages and notes, as trials of stackers have them.
fn learned(row: &mut TrialRow) {
    let s = row.seed as usize;
    for (arm, name) in ARMS.iter().enumerate() {
        let n_steps = if arm < STACKERS { 100 } else { 30 };
        let series = ["train_log_loss", "valid_log_loss"].into_iter().take(if arm < 7 { 2 } else { 0 });
        row.history.extend(series.flat_map(|series| {
            (1..=n_steps).map(move |step| ((*name).into(), series.into(), step, number(&[s, arm, step as usize])))
        }));
        row.stages.push(StageRow {
            name: format!("fit {name}"),
            key: format!("{name} {s}"),
            is_shared: false,
            elapsed_ms: 10.0 * (arm + 1) as f64,
            cpu_ms: Some(20.0 * (arm + 1) as f64),
            peak_memory_bytes: 1,
        });
        for code in 0..3 {
            let message = format!("{name}: candidates scored by the model's fallback, which knows nothing of them");
            row.events.push(EventRow { level: "note".into(), code: format!("code-{code}"), count: 7, message });
        }
    }
    row.stages.push(StageRow {
        name: "stack rows".into(),
        key: format!("rows {s}"),
        elapsed_ms: 5.0,
        ..row.stages[0].clone()
    });
    for arm in 0..STACKERS {
        for measure in ["gain", "permutation"] {
            let feature = |n: usize| (arm, format!("score_of_some_model_{n}"), measure.into(), number(&[s, arm, n]));
            row.importances.extend((0..20).map(feature));
        }
    }
}

#[test]
fn the_page_of_a_large_run_stays_below_three_mebibytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("rexp.sqlite")).unwrap();
    let split = SplitRow {
        hash: "s".into(),
        threshold: 4.0,
        kind: "random".into(),
        parameters: "{}".into(),
        parts: Vec::new(),
    };
    for seed in SEEDS {
        assert!(store.write_trial(&bundle(), &split, &trial(seed)).unwrap());
    }
    assert!(intervals::complete(&mut store, "0123456789ab", &mut Known::default()).unwrap());
    let index = super::write(&store, "0123456789ab", folder.path()).unwrap();
    let html = fs::read_to_string(&index).unwrap();
    // Everything that makes it large is there.
    // What is left of a page that is made again without one of its figures is swept away: all begin as those of a page do.
    let files = fs::read_dir(index.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> =
        files.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".png")).collect();
    assert!(names.len() > 50 && names.iter().all(|name| is_ours(name)), "{names:?}");
    for text in [
        "<h3 id=\"examples-1\">Examples</h3>",
        "href=\"#examples-1\"",
        "href=\"#scores-4\"",
        "<h4>Rank correlation of arms</h4>",
        "Spearman",
        "long-tail.png",
        "ratings-over-time.png",
    ] {
        assert!(html.contains(text), "{text}");
    }
    for protocol in PROTOCOLS {
        for start in
            ["leaderboard", "ranks", "ndcg-at-k", "trade-off-time", "segments-user-activity", "calibration", "scores"]
        {
            assert!(html.contains(&format!("{start}-{protocol}.png")), "{start} {protocol}");
        }
        let titles = CUTOFFS.map(|k| {
            if k == 10 {
                format!("Ranking, protocol {protocol}")
            } else {
                format!("Ranking, k = {k}, protocol {protocol}")
            }
        });
        for title in titles.into_iter().chain([format!("Where NDCG@10 varies, protocol {protocol}")]) {
            assert!(html.contains(&format!("<b>{title}</b>")), "{title}");
        }
    }
    for there in [
        "against primary",
        "interval over users and seeds",
        "importance-gbstack-gain.png",
        "learning-gbstack-log-loss.png",
    ] {
        assert!(html.contains(there), "{there}");
    }
    let mebibyte = 1 << 20;
    assert!(html.len() < 3 * mebibyte, "{} bytes, {} of them figures", html.len(), of_figures(&html));
}

fn of_figures(html: &str) -> usize {
    html.split("<svg").skip(1).map(|rest| rest.find("</svg>").unwrap_or(0)).sum()
}
