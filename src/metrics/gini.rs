//! Gini index of exposure: how unevenly the places of all lists are shared among the items.

use super::exposure::exposure;
use super::{Compute, Direction, Metric};

/// Gini index of exposure at k.
pub const GINI: Metric = Metric {
    name: "gini",
    about: "inequality of how often the items of the catalog are among the first k: 0 all alike, 1 one item takes all",
    direction: Direction::Lower,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::AllListsAtK(|lists, k| {
        let mut counts = exposure(lists, k)?;
        counts.sort_unstable();
        Some(gini(&counts))
    }),
};

/// Gini index of counts.
///
/// `G = Σ_{j=1..n} (2j - n - 1) x_(j) / (n Σ x)`, `x_(j)` the counts in ascending order.
///
/// - `counts`: `[n]`, ascending, not all 0 (both debug-asserted).
/// - Returns a value in `[0, 1 - 1/n]`. Over **all** items of the catalog: leaving out those never listed would reward hiding them.
/// - Cost: O(n), no allocation. Sums in whole numbers, so the order of equal counts does not matter.
/// - Source: Gini (1912); for recommenders Fleder & Hosanagar (2009). Fixed by `tests/golden/beyond_accuracy/expected.json`, key
///   `gini_all_catalog`.
pub fn gini(counts: &[u32]) -> f64 {
    debug_assert!(counts.is_sorted() && counts.last().is_some_and(|&largest| largest > 0));
    let n = counts.len() as i128;
    let total: i128 = counts.iter().map(|&count| i128::from(count)).sum();
    let weighted: i128 = counts.iter().zip(1..).map(|(&count, j)| (2 * j - n - 1) * i128::from(count)).sum();
    weighted as f64 / (n * total) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden::BeyondAccuracy;

    #[test]
    fn weights_counts_by_their_place() {
        // n = 3, weights -2, 0, 2: (-2·1 + 0·2 + 2·3) / (3 · 6) = 4/18.
        assert_eq!(gini(&[1, 2, 3]), 4.0 / 18.0);
    }

    #[test]
    fn is_zero_for_equal_counts_and_largest_when_one_item_takes_all() {
        assert_eq!(gini(&[7, 7, 7]), 0.0);
        assert_eq!(gini(&[5]), 0.0);
        assert_eq!(gini(&[0, 0, 0, 9]), 0.75);
    }

    #[test]
    fn agrees_with_golden_file() {
        BeyondAccuracy::check_all_lists(&GINI, "gini_all_catalog");
    }
}
