//! What figures say, on the page of a small store made by hand.

use super::page::write_judged;
use super::tests::{ARMS, USUAL, page_after, store};
use crate::compare::comparison::Ranks;
use crate::compare::paired::Rules;
use crate::compare::standing::Standings;
use std::fs;

#[test]
fn of_many_arms_the_best_ranks_are_shown_and_all_are_ranked() {
    let db = store(&USUAL);
    db.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 9 UNION ALL SELECT i + 1 FROM n WHERE i < 39)
           INSERT INTO arm SELECT i, '0123456789ab', 'extra' || i, 'base', 'mf', 'rating', i, 0 FROM n",
    )
    .unwrap();
    let names: Vec<String> =
        ARMS.iter().map(|arm| arm.0.to_owned()).chain((9..40).map(|n| format!("extra{n}"))).collect();
    // The later an arm, the better it ranks; the primary one, the first, ranks last.
    let average: Vec<(String, f64)> =
        names.into_iter().enumerate().map(|(at, name)| (name, 40.0 - at as f64)).collect();
    let rules = Rules { level: 0.95, n_resamples: 0, margin: 0.005 };
    let reports = tempfile::tempdir().unwrap();
    let index = write_judged(&db, "0123456789ab", reports.path(), |_, _, _| {
        let ranks = Ranks { average: average.clone(), critical_difference: 2.345, p: 0.01, n_users: 577 };
        Ok(Standings { ranks: Some(ranks), ..Standings::none(rules) })
    });
    let html = fs::read_to_string(index.unwrap()).unwrap();
    let figure = html.split_once("Average ranks by NDCG@10, rated").unwrap().1.split_once("</svg>").unwrap().0;
    assert!(figure.contains("ranked: all 40 arms.") && figure.contains("2.345") && !figure.contains('…'), "{figure}");
    for (name, is_shown) in [("gb", true), ("extra39", true), ("extra21", true), ("extra20", false), ("random", false)]
    {
        assert_eq!(figure.contains(&format!("{name}: average rank")), is_shown, "{name}");
    }
}

#[test]
fn no_label_of_importances_is_cut() {
    let html = page_after(
        "UPDATE importance SET feature = 'score_timely-popularity@rank-of-all' WHERE feature = 'score_itemknn'",
    );
    assert!(html.contains("change of the log-odds per standard deviation"));
    for figure in html.split("<svg").filter(|figure| figure.contains("importance") || figure.contains("coefficients")) {
        assert!(!figure.split("</svg>").next().unwrap().contains('…'), "{figure}");
    }
}

#[test]
fn the_calibration_figure_has_the_error_of_the_table() {
    // Seeds that err by 0.1 each, but in opposite directions, so that all rows together are off by nothing.
    let html = page_after(
        "INSERT INTO metric VALUES (20, 'ece', 'lower', '', 'calibration');
         INSERT INTO metric_value SELECT id, 1, 'rated', 20, 0, 'all', 0.1, 100, 0 FROM trial;
         INSERT INTO calibration_bin SELECT id, 1, 'rated', 5, 100, 0.55, CASE WHEN id % 2 = 0 THEN 0.45 ELSE 0.65 END FROM trial;
         DELETE FROM calibration_bin WHERE trial_id = 5",
    );
    assert!(html.contains("logistic ECE 0.100") && html.contains("mean over seeds as in the table"));
}
