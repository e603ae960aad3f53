//! What arms cost, on the page of a small store made by hand.

use super::tests::page_after;

#[test]
fn what_an_arm_costs_has_all_that_it_is_made_of() {
    let sql = "UPDATE stage SET name = 'stack rows' WHERE name = 'features';
        INSERT INTO param VALUES ('0123456789ab', 'stackers.gb.features', '[\"score_bias\", \"score_mf@rank\", \"user_n_ratings\"]');";
    let html = page_after(sql);
    // 12.5 ms times their place: fit mf 2; gb has fit gb 4, stack rows 3, fit bias 1, fit mf 2. Of the others no fit is there.
    assert!(html.contains("6 without times."));
    assert!(html.contains("gb 0.812 in 0.125 s, ") && html.contains("mf 0.799 in 0.025 s\""));
    // What another run computed took what it took there.
    let shared = "INSERT INTO run SELECT 'ffffffffffff', experiment_id, dataset_id, 'other', attempt, about, started_at, n_trials, config_toml, config_source,
            config_path, rexp_version, rexp_source, rexp_commit, git_commit, sqlite_version, machine FROM run;
        INSERT INTO trial VALUES (100, 'ffffffffffff', 41, 1, 'now', 1.0, 1, 2);
        UPDATE stage SET key = 'of mf', is_shared = 1, elapsed_ms = 0 WHERE name = 'fit mf';
        INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes) VALUES (100, 0, 'fit another name', 'of mf', 0, 80.0, 1);";
    let html = page_after(&format!("{sql}{shared}"));
    assert!(html.contains("gb 0.812 in 0.180 s, ") && html.contains("mf 0.799 in 0.080 s\""));
    // Refitted models score the test as they are then.
    let html = page_after(&format!(
        "{sql} INSERT INTO param VALUES ('0123456789ab', 'split.refit', 'true');
         INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes)
             SELECT trial_id, 20, 'fit mf on train_full', 'full ' || trial_id, 0, 100.0, 1 FROM stage WHERE name = 'fit mf'"
    ));
    assert!(html.contains("gb 0.812 in 0.225 s, mf 0.799 in 0.100 s\"") && html.contains("7 without times."));
}

/// What `gb` costs beside `fit mf`, for the tests below: 12.5 ms times their place, fit mf 2; gb has fit gb 4, stack rows 3, fit bias 1, fit mf 2.
const COSTS: &str = "UPDATE stage SET name = 'stack rows' WHERE name = 'features';
    INSERT INTO param VALUES ('0123456789ab', 'stackers.gb.features', '[\"score_bias\", \"score_mf\"]');
    INSERT INTO param VALUES ('0123456789ab', 'models.mf.factors', '20');";

#[test]
fn a_fit_whose_name_can_be_that_of_another_has_no_time() {
    // Two fits of one name in a trial: the mean of both would be the time of neither.
    let html = page_after(&format!(
        "{COSTS} INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes)
             SELECT trial_id, 30, 'fit mf', 'other ' || trial_id, 0, 1000.0, 1 FROM stage WHERE name = 'fit gb'"
    ));
    assert!(!html.contains("mf 0.799 in") && !html.contains("gb 0.812 in"));
    // One, but it is that of another run's model of this name.
    let shared = |factors: &str| {
        format!(
            "{COSTS} INSERT INTO run SELECT 'ffffffffffff', experiment_id, dataset_id, 'other', attempt, about, started_at, n_trials, config_toml,
                config_source, config_path, rexp_version, rexp_source, rexp_commit, git_commit, sqlite_version, machine FROM run;
            INSERT INTO trial VALUES (100, 'ffffffffffff', 41, 1, 'now', 1.0, 1, 2);
            INSERT INTO param VALUES ('ffffffffffff', 'models.mf.factors', '{factors}');
            UPDATE stage SET key = 'of mf', is_shared = 1, elapsed_ms = 0 WHERE name = 'fit mf';
            INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes) VALUES (100, 0, 'fit mf', 'of mf', 0, 80.0, 1);
            INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes)
                SELECT trial_id, 31, 'fit itemknn', 'knn ' || trial_id, 0, 1.0, 1 FROM stage WHERE name = 'fit gb'"
        )
    };
    let html = page_after(&shared("20"));
    assert!(html.contains("gb 0.812 in 0.180 s, ") && html.contains("mf 0.799 in 0.080 s"));
    let html = page_after(&shared("40"));
    assert!(
        !html.contains("mf 0.799 in") && !html.contains("gb 0.812 in") && html.contains("itemknn 0.781 in 0.001 s")
    );
    let caption = "7 without times (2: fits of one name, and no telling whose).";
    assert!(
        html.contains(caption) && !html.split(caption).nth(1).unwrap().split("</svg>").next().unwrap().contains('…')
    );
}

#[test]
fn generators_are_part_of_what_an_arm_costs() {
    let html = page_after(&format!(
        "{COSTS} INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes)
             SELECT trial_id, 30, 'fit itemknn', 'knn ' || trial_id, 0, 30.0, 1 FROM stage WHERE name = 'fit gb';
         INSERT INTO param VALUES ('0123456789ab', 'training.protocol', '\"full\"');
         INSERT INTO param VALUES ('0123456789ab', 'evaluation.full.generators', '[\"item*\", \"bias\"]');"
    ));
    // 50 + 37.5 + 12.5 + 25 and the 30 of itemknn, which gb does not look at but learned to rank the candidates of; bias is counted once.
    let figure = |protocol: &str| {
        let rest = html.split_once(&format!("NDCG@10 against time to fit, {protocol}")).unwrap().1;
        rest.split_once("</svg>").unwrap().0.to_owned()
    };
    assert!(figure("rated").contains("gb 0.812 in 0.155 s, ") && figure("rated").contains("mf 0.799 in 0.025 s"));
    // Whoever ranks candidates of generators needs them: 25 + 30 + 12.5.
    assert!(!figure("full").contains('…'), "its caption is whole");
    assert!(figure("full").contains("gb 0.244 in 0.155 s, ") && figure("full").contains("mf 0.240 in 0.068 s"));
}

#[test]
fn a_blend_costs_what_it_is_made_of() {
    let sql = |of: &str| {
        let role = "UPDATE arm SET role = 'stacker' WHERE name = 'average';";
        let param = |arm: &str, option: &str, value: &str| {
            format!("INSERT INTO param VALUES ('0123456789ab', 'stackers.{arm}.{option}', '{value}');")
        };
        let stage = "INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes)
            SELECT trial_id, 40, 'fit average', 'blend ' || trial_id, 0, 1.0, 1 FROM stage WHERE name = 'fit gb';";
        format!("{COSTS} {role} {stage} {}{}", param("average", "features", "[]"), param("average", "of", of))
    };
    // 1 ms of its own beside the 125 of gb; nothing is said where a part is no arm.
    assert!(page_after(&sql("[\"gb\"]")).contains("average 0.797 in 0.126 s"));
    assert!(!page_after(&sql("[\"gb\", \"gone\"]")).contains("average 0.797 in"));
}

#[test]
fn an_average_needs_only_the_fits_for_the_test() {
    let stage = |place: u64, name: &str, ms: f64| {
        format!(
            "INSERT INTO stage (trial_id, position, name, key, is_shared, elapsed_ms, peak_memory_bytes)
                 SELECT trial_id, {place}, '{name}', '{name} ' || trial_id, 0, {ms}, 1 FROM stage WHERE name = 'fit gb';"
        )
    };
    let html = page_after(&format!(
        "{COSTS} {} {} {} {} {}
         INSERT INTO param VALUES ('0123456789ab', 'split.cross_fit', '2');
         INSERT INTO param VALUES ('0123456789ab', 'stackers.average.features', '[\"score_bias\", \"score_mf\"]');",
        stage(30, "fit mf on train_full", 20.0),
        stage(31, "fit mf without fold 1 of 2", 400.0),
        stage(32, "fit bias on train_full", 10.0),
        stage(33, "fit bias without fold 1 of 2", 200.0),
        stage(34, "fit average", 7.0),
    ));
    // The stacker beside it needs the fits on folds too: 50 + 37.5 + 25 + 12.5 + 630.
    assert!(html.contains("average 0.797 in 0.037 s") && html.contains("gb 0.812 in 0.755 s"));
}
