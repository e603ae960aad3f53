//! Golden files, what a store holds of the same quantities, and the comparison of both.

use crate::support::{Home, repository};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// A golden JSON file.
pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(repository("tests/golden").join(name)).unwrap()).unwrap()
}

/// The entry of an object whose key starts so: keys of golden files go on to say which call made the numbers.
pub fn entry<'a>(object: &'a serde_json::Value, start: &str) -> &'a serde_json::Value {
    let found = object.as_object().unwrap().iter().find(|(key, _)| key.starts_with(start));
    found.unwrap_or_else(|| panic!("no key starts with {start:?}")).1
}

/// The text of a gzipped file.
pub fn unzipped(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap_or_else(|reason| panic!("{}: {reason}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// What one experiment measured over everybody: (value, number of users or rows) by arm, protocol and metric.
pub struct Measured(BTreeMap<(String, String, String), (f64, u64)>);

impl Measured {
    /// Reads the one trial of an experiment.
    pub fn read(home: &Home, db: &str, experiment: &str) -> Self {
        let db = home.db(db);
        let sql = "SELECT arm.name, protocol, metric.name, value, n FROM metric_value JOIN arm ON arm.id = arm_id
            JOIN metric ON metric.id = metric_id JOIN run ON run.id = arm.run_id JOIN experiment ON experiment.id = experiment_id
            WHERE segment = 'all' AND experiment.name = ?1";
        let mut statement = db.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            Ok(((row.get(0)?, row.get(1)?, row.get(2)?), (row.get(3)?, row.get::<_, i64>(4)? as u64)))
        };
        let all: Vec<_> = statement.query_map([experiment], row).unwrap().map(|row| row.unwrap()).collect();
        let n = all.len();
        let out = Self(all.into_iter().collect());
        assert_eq!((out.0.len(), n > 0), (n, true), "{experiment}: one seed and one cutoff");
        out
    }

    /// A value, and the number of users or rows it is taken over.
    pub fn get(&self, arm: &str, protocol: &str, metric: &str) -> (f64, u64) {
        let key = (arm.to_owned(), protocol.to_owned(), metric.to_owned());
        *self.0.get(&key).unwrap_or_else(|| panic!("no {metric} of {arm} under {protocol}"))
    }
}

/// Comparisons, all made before any fails: a mismatch is understood from its neighbors.
#[derive(Default)]
pub struct Comparison {
    n: usize,
    misses: Vec<String>,
}

impl Comparison {
    /// Compares one value; `expected` must be a number.
    pub fn near(&mut self, what: &str, found: f64, expected: &serde_json::Value, tolerance: f64) {
        let expected = expected.as_f64().unwrap_or_else(|| panic!("{what}: the golden file has no number"));
        let difference = found - expected;
        self.n += 1;
        // Written so that a NaN misses.
        let is_near = difference.abs() <= tolerance;
        if !is_near {
            self.misses.push(format!(
                "{what}: found {found:.5}, expected {expected:.5} ± {tolerance}, off by {difference:+.5}"
            ));
        }
    }

    /// Fails with all misses; also when fewer comparisons were made than meant.
    pub fn finish(self, n: usize) {
        assert!(
            self.misses.is_empty(),
            "{} of {} comparisons missed:\n{}",
            self.misses.len(),
            self.n,
            self.misses.join("\n")
        );
        assert_eq!(self.n, n, "comparisons made");
    }
}
