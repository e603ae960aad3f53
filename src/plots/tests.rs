//! Every figure, with ordinary and with hostile numbers. `REXP_FIGURES=<folder>` writes the pictures for a look.

use super::importance::ImportanceData;
use super::leaderboard_bars::{ArmValue, LeaderboardBarsData};
use super::learning_curve::{Curve, LearningCurveData};
use super::metric_at_k::{ArmLine, MetricAtKData};
use super::*;

fn heading(title: &str) -> Heading {
    let caption = "protocol rated · 610 users with a relevant test item · mean of 5 seeds, lines from the lowest to the highest seed";
    Heading { title: title.into(), caption: caption.into() }
}

fn spread(mean: f64, half: f64) -> Spread {
    Spread { mean, lowest: mean - half, highest: mean + half }
}

fn arms(n: usize) -> Vec<(String, Role)> {
    let names =
        ["gb-stack", "logistic-stack", "simple-average-4", "bias", "mf", "itemknn", "genre", "ease", "bpr", "external"];
    let mut out: Vec<(String, Role)> = names.iter().map(|name| ((*name).to_owned(), Role::Contender)).collect();
    out[0].1 = Role::Primary;
    out.extend(["popularity", "random"].map(|name| (name.to_owned(), Role::Floor)));
    if n < out.len() {
        out.truncate(n);
    }
    out
}

fn at_k(arms: &[(String, Role)], value: impl Fn(usize, usize) -> Spread, ks: &[usize]) -> Canvas {
    let colors = arm_colors(&arms.iter().map(|(_, role)| *role).collect::<Vec<_>>());
    let lines = arms.iter().zip(colors).enumerate().map(|(i, ((name, role), color))| ArmLine {
        name: name.clone(),
        color,
        role: *role,
        points: ks.iter().map(|&k| (k, value(i, k))).collect(),
    });
    metric_at_k::draw(&MetricAtKData {
        heading: heading("NDCG@k, rated"),
        y_name: "NDCG@k".into(),
        lines: lines.collect(),
    })
}

fn bars(arms: &[(String, Role)], value: impl Fn(usize) -> Option<Spread>) -> Canvas {
    let colors = arm_colors(&arms.iter().map(|(_, role)| *role).collect::<Vec<_>>());
    let arms = arms.iter().zip(colors).enumerate().map(|(i, ((name, role), color))| ArmValue {
        name: name.clone(),
        color,
        role: *role,
        value: value(i),
    });
    let heading = heading("NDCG@10, rated");
    leaderboard_bars::draw(&LeaderboardBarsData {
        heading,
        x_name: "NDCG@10".into(),
        is_lower_better: false,
        arms: arms.collect(),
    })
}

fn features(values: &[(&str, Spread)]) -> Canvas {
    let color = arm_colors(&[Role::Primary])[0];
    let features = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let x_name = "permutation importance, increase of log-loss in nats".into();
    importance::draw(&ImportanceData { heading: heading("What gb-stack looks at"), x_name, color, features })
}

fn curve(seeds: Vec<Vec<(u64, f64)>>) -> Canvas {
    let color = arm_colors(&[Role::Contender])[0];
    let curves = vec![Curve { name: "train".into(), color, seeds }];
    let heading = heading("mf: RMSE while fitting");
    learning_curve::draw(&LearningCurveData { heading, x_name: "epoch".into(), y_name: "RMSE, stars".into(), curves })
}

/// All figures, ordinary and hostile, by name.
fn all() -> Vec<(&'static str, Canvas)> {
    let long: Vec<(String, Role)> = (0..12)
        .map(|i| (format!("a-very-long-arm-name-that-someone-thought-was-a-good-idea-{i:03}"), Role::Contender))
        .collect();
    let usual = |i: usize, k: usize| spread(0.80 - 0.012 * i as f64 + 0.02 * (k as f64).ln(), 0.004);
    let nan = Spread { mean: f64::NAN, lowest: f64::NAN, highest: f64::NAN };
    let wild = |i: usize| [nan, spread(f64::INFINITY, 1.0), spread(1.7e308, 1.7e308), spread(0.5, 0.0)][i % 4];
    let ks = [1, 3, 5, 10, 20, 50];
    let learning = |n: u64, wobble: f64| {
        (0..5).map(|s| (1..=n).map(|e| (e, 0.7 + 0.4 / e as f64 + wobble * s as f64)).collect()).collect()
    };
    let mut out = vec![
        ("at-k", at_k(&arms(7), usual, &ks)),
        ("at-k-12", at_k(&arms(12), usual, &ks)),
        ("at-k-one", at_k(&arms(1), |_, _| spread(0.5, 0.0), &[10])),
        ("at-k-long", at_k(&long, usual, &[5, 10])),
        ("at-k-equal", at_k(&arms(4), |_, _| spread(0.0, 0.0), &ks)),
        ("at-k-wild", at_k(&arms(8), |i, _| wild(i), &ks)),
        ("at-k-none", at_k(&[], usual, &ks)),
        ("bars", bars(&arms(12), |i| (i != 5).then(|| spread(0.81 - 0.015 * i as f64, 0.006)))),
        ("bars-one", bars(&arms(1), |_| Some(spread(0.812, 0.0)))),
        ("bars-long", bars(&long, |i| Some(spread(i as f64, 0.4)))),
        ("bars-wild", bars(&arms(8), |i| Some(wild(i)))),
        ("bars-none", bars(&[], |_| None)),
        (
            "importance",
            features(&[
                ("score_mf", spread(0.021, 0.003)),
                ("score_bias", spread(0.043, 0.004)),
                ("user_mean_rating", spread(-0.002, 0.004)),
                ("item_n_ratings", spread(0.0, 0.0)),
            ]),
        ),
        ("importance-wild", features(&[("score_<b>", nan), ("x", spread(1e300, 1e300)), ("y", spread(-3.0, 1.0))])),
        ("importance-none", features(&[])),
        ("curve", curve(learning(20, 0.004))),
        ("curve-long", curve(learning(2000, 0.001))),
        ("curve-one", curve(vec![vec![(1, 0.9)]])),
        ("curve-wild", curve(vec![vec![(1, f64::NAN), (2, f64::INFINITY), (3, 1e308), (4, 0.1)], vec![]])),
    ];
    for samples in [
        calibration::tests::samples,
        differences::tests::samples,
        forest::tests::samples,
        heat_map::tests::samples,
        long_tail::tests::samples,
        power_curve::tests::samples,
        ranks::tests::samples,
        score_ranges::tests::samples,
        segment_bars::tests::samples,
        timeline::tests::samples,
        trade_off::tests::samples,
    ] {
        out.extend(samples());
    }
    out
}

#[test]
fn no_figure_is_blank_and_no_text_is_cut() {
    for (name, canvas) in all() {
        assert_eq!(canvas.clipped(), Vec::<&str>::new(), "{name}");
        let (width, height) = canvas.device_size();
        assert!((200..=2600).contains(&height) && [1120, 1440].contains(&width), "{name}: {width} × {height}");
        let pixels = canvas.pixels().unwrap();
        assert_eq!(pixels.len(), (width * height * 3) as usize);
        let inked = pixels.chunks(3).filter(|pixel| pixel.iter().any(|&channel| channel < 200)).count();
        assert!(inked > 500, "{name}: {inked} pixels");
        let svg = canvas.svg("what it <shows>").unwrap();
        assert!(
            svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && svg.contains("&lt;shows&gt;"),
            "{name}"
        );
        assert!(!svg.contains("NaN") && !svg.contains("<b>"), "{name}");
        if let Some(folder) = std::env::var_os("REXP_FIGURES") {
            let folder = std::path::Path::new(&folder);
            std::fs::write(folder.join(format!("{name}.png")), canvas.png().unwrap()).unwrap();
            std::fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
        }
    }
}

#[test]
fn every_figure_with_numbers_says_them_when_pointed_at() {
    let has_numbers = |name: &str| !["-none", "-none-now", "-no-arms", "-wild"].iter().any(|end| name.ends_with(end));
    for (name, canvas) in all() {
        let n_notes = canvas.notes().count();
        assert!(n_notes > 0 || !has_numbers(name), "{name}");
        assert!(n_notes <= canvas::MOST_NOTES, "{name}: {n_notes}");
        for note in canvas.notes() {
            assert!(!note.contains("NaN") && !note.contains("inf "), "{name}: {note}");
        }
    }
}

#[test]
fn a_figure_is_the_same_every_time() {
    for ((name, a), (_, b)) in all().into_iter().zip(all()) {
        assert_eq!(a.png().unwrap(), b.png().unwrap(), "{name}");
        assert_eq!(a.svg("x").unwrap(), b.svg("x").unwrap(), "{name}");
    }
}

#[test]
fn a_png_says_its_size() {
    let (_, canvas) = all().remove(0);
    let png = canvas.png().unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert_eq!((number(16), number(20)), canvas.device_size());
}

#[test]
fn a_spread_refuses_what_is_not_a_number() {
    assert_eq!(Spread::of(&[]), None);
    assert_eq!(Spread::of(&[1.0, f64::NAN]), None);
    // (0.25 + 0.75) / 2 = 0.5
    assert_eq!(Spread::of(&[0.75, 0.25]), Some(Spread { mean: 0.5, lowest: 0.25, highest: 0.75 }));
}
