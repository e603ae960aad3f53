//! Catalog coverage: how much of the catalog anybody gets to see.

use super::exposure::exposure;
use super::{Compute, Direction, Metric};

/// Catalog coverage at k.
pub const COVERAGE: Metric = Metric {
    name: "coverage",
    about: "share of the catalog that is among the first k of at least one user",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::AllListsAtK(|lists, k| exposure(lists, k).map(|counts| coverage(&counts))),
};

/// Catalog coverage: the share of all items that are listed at least once.
///
/// - `counts`: how often each item of the catalog is listed, `[n_items]`, `n_items > 0` (debug-asserted).
/// - Returns a value in `[0, 1]`. Grows with the number of users: compare arms on the same users only.
/// - Cost: O(n_items), no allocation.
/// - Source: Herlocker et al. (2004); rectools. Fixed by `tests/golden/beyond_accuracy/expected.json`, key `catalog_coverage`.
pub fn coverage(counts: &[u32]) -> f64 {
    debug_assert!(!counts.is_empty());
    counts.iter().filter(|&&count| count > 0).count() as f64 / counts.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden::BeyondAccuracy;

    #[test]
    fn counts_items_listed_at_least_once() {
        assert_eq!(coverage(&[3, 0, 1, 0]), 0.5);
        assert_eq!(coverage(&[1]), 1.0);
    }

    #[test]
    fn agrees_with_golden_file() {
        BeyondAccuracy::check_all_lists(&COVERAGE, "catalog_coverage");
    }
}
