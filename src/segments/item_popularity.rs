//! `item-popularity`: head, mid and tail items, by the share of all ratings that they take.

use super::{Of, SegmentInput, Segmentation};
use crate::dataset::popularity::popularity_cut;

/// Shares of all train_full ratings at which head and mid end.
const HEAD_SHARE: f64 = 0.5;
const MID_SHARE: f64 = 0.8;

/// The entry in [`super::SEGMENTS`].
pub const SEGMENTATION: Segmentation = Segmentation {
    name: "item-popularity",
    about: "items by falling popularity in train_full: those that take the first 50 % of ratings, up to 80 %, the rest",
    of: Of::Items,
    labels: &["head", "mid", "tail"],
    assign,
};

fn assign(input: &SegmentInput<'_>) -> Vec<Option<u8>> {
    let by_item = &input.train_full.by_item;
    let counts: Vec<u32> = (0..input.train_full.n_items()).map(|item| by_item.row_len(item) as u32).collect();
    let (after_head, after_mid) = (popularity_cut(&counts, HEAD_SHARE), popularity_cut(&counts, MID_SHARE));
    after_head
        .iter()
        .zip(after_mid)
        .map(|(&after_head, after_mid)| Some(u8::from(after_head) + u8::from(after_mid)))
        .collect()
}
