//! Scores that add up what each of a user's signals says of all items at once.

use super::stored;
use crate::dataset::ItemIndex;
use crate::linalg::SparseRows;
use std::cell::RefCell;

thread_local! {
    static SUMS: RefCell<Vec<f64>> = RefCell::default();
}

/// Hands `add` a zero for each item, `[n_items]`, to add to, and writes the sums of the items asked for. Returns how many of those are 0, which is what an
/// item says of which no signal knows anything.
pub(super) fn scores(n_items: usize, items: &[ItemIndex], out: &mut [f32], add: impl FnOnce(&mut [f64])) -> usize {
    // Never borrowed twice: `add` only adds.
    SUMS.with_borrow_mut(|sums| {
        sums.clear();
        sums.resize(n_items, 0.0);
        add(sums);
        let mut n_fallbacks = 0;
        for (score, item) in out.iter_mut().zip(items) {
            *score = stored(sums.get(item.at()).copied().unwrap_or(0.0));
            n_fallbacks += usize::from(*score == 0.0);
        }
        n_fallbacks
    })
}

/// Adds the rows of a user's signals, in their order.
pub(super) fn add_rows(own: &[u32], weights: &SparseRows, sums: &mut [f64]) {
    for &item in own {
        let (others, weights) = weights.row(item as usize);
        for (&other, &weight) in others.iter().zip(weights) {
            sums[other as usize] += f64::from(weight);
        }
    }
}
