//! What tests of statistics read: the studies under `tests/golden/statistics/` and the answers of other implementations.

use serde_json::Value;

/// Paired studies.
pub const STUDIES: [&str; 6] = ["n15_smooth", "n15_tied", "n600_smooth", "n600_tied", "n5000_smooth", "n5000_tied"];

fn text(file: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/golden/statistics/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A column of a CSV file with a header.
pub fn column(file: &str, at: usize) -> Vec<f64> {
    text(file).lines().skip(1).map(|line| line.split(',').nth(at).unwrap().parse().unwrap()).collect()
}

/// Treatment − baseline of a study, as rounded there.
pub fn differences(study: &str) -> Vec<f64> {
    column(&format!("paired_{study}.csv"), 2)
}

/// A JSON file.
pub fn answers(file: &str) -> Value {
    serde_json::from_str(&text(file)).unwrap()
}

/// The answers to a study.
pub fn study(study: &str) -> Value {
    answers(&format!("paired_{study}.json"))
}

/// Fails unless a number is within a relative `tolerance` of what another implementation says, or within 1e-12 where that is near 0.
#[track_caller]
pub fn close(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    within(found, expected, (tolerance * expected.abs()).max(1e-12));
}

/// The same of a p-value, whose digits count however small it is: relative only.
#[track_caller]
pub fn close_p(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    within(found, expected, tolerance * expected.abs());
}

/// Fails unless a number is that near to what another implementation says.
#[track_caller]
pub fn within(found: f64, expected: f64, distance: f64) {
    assert!((found - expected).abs() <= distance, "found {found:e}, expected {expected:e}");
}
