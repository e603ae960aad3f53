//! `item-history`: items that nobody has learned from, and the others. Says something of splits that hold out items, such as `cold-start`.

use super::{Of, Segmentation};

/// The entry in [`super::SEGMENTS`].
pub const SEGMENTATION: Segmentation = Segmentation {
    name: "item-history",
    about: "items without a rating in train_full, and the others",
    of: Of::Items,
    labels: &["new", "known"],
    assign: |input| {
        let by_item = &input.train_full.by_item;
        (0..by_item.n_rows()).map(|item| Some(u8::from(by_item.row_len(item) > 0))).collect()
    },
};
