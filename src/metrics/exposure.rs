//! How often each item of the catalog is listed: what coverage, Gini and entropy are made of.

use super::UserList;

/// Number of lists that hold each item among their first k.
///
/// - Returns `[n_items]`, all items of the catalog, zeros included; `None` if nothing is listed at all.
/// - Cost: O(n_items + Σ min(k, n)), one buffer.
pub fn exposure(lists: &[UserList<'_>], k: usize) -> Option<Vec<u32>> {
    let mut counts = vec![0_u32; lists.first()?.items.counts.len()];
    for item in lists.iter().flat_map(|list| list.top(k)) {
        counts[item.at()] += 1;
    }
    counts.iter().any(|&count| count > 0).then_some(counts)
}
