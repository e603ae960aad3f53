//! Shannon entropy of exposure: how spread out the places of all lists are over the items.

use super::exposure::exposure;
use super::{Compute, Direction, Metric};

/// Entropy of exposure at k.
pub const ENTROPY: Metric = Metric {
    name: "entropy",
    about: "entropy of the share of places among the first k that each item takes",
    direction: Direction::Higher,
    unit: "bits",
    range: (0.0, f64::INFINITY),
    compute: Compute::AllListsAtK(|lists, k| exposure(lists, k).map(|counts| entropy(&counts))),
};

/// Shannon entropy of the shares that counts make up, in bits.
///
/// `H = Σ_i p_i log2(1 / p_i)`, `p_i = x_i / Σ x`; items with `x_i = 0` add nothing.
///
/// - `counts`: `[n]`, not all 0 (debug-asserted).
/// - Returns a value in `[0, log2 n]`: 2^H items, listed equally often, would give the same.
/// - Cost: O(n), no allocation. Sums in f64, in the given order.
/// - Source: Shannon (1948); scipy `entropy(base=2)`. Fixed by `tests/golden/beyond_accuracy/expected.json`, key `entropy_bits`.
pub fn entropy(counts: &[u32]) -> f64 {
    let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    debug_assert!(total > 0.0);
    // log2(1/p), not -log2(p): one item alone gives 0, never -0.
    let listed = counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count));
    listed.map(|count| count / total * libm::log2(total / count)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden::BeyondAccuracy;

    #[test]
    fn is_the_mean_surprise_in_bits() {
        // Shares 1/2, 1/4, 1/4: 0.5·1 + 2·0.25·2 = 1.5.
        assert_eq!(entropy(&[2, 1, 0, 1]), 1.5);
        assert_eq!(entropy(&[3, 3, 3, 3]), 2.0);
    }

    #[test]
    fn one_item_alone_has_none() {
        assert_eq!(entropy(&[0, 9]).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn agrees_with_golden_file() {
        BeyondAccuracy::check_all_lists(&ENTROPY, "entropy_bits");
    }
}
