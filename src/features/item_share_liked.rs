//! `item_share_liked`: how many like an item.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "item_share_liked",
    about: "share of the item's ratings at or above the threshold, with 10 ratings of the average share added",
    is_basic: false,
    needs: Needs::Ratings,
    subject: Subject::Item,
    value: |row| row.of_likes(|likes, _, item, own| likes.of_item(item, own)) as f32,
};
