//! `is_tail_item`: an item that few know.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "is_tail_item",
    about: "1 for items of item-popularity:tail by their known ratings, else 0",
    is_basic: false,
    needs: Needs::Ratings,
    subject: Subject::Item,
    value: |row| row.of_labels(|labels, _, item| labels.of_item(item) == Some("tail")) as f32,
};
