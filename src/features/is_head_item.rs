//! `is_head_item`: an item that everybody knows.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "is_head_item",
    about: "1 for items of item-popularity:head by their known ratings, else 0",
    is_basic: false,
    needs: Needs::Ratings,
    subject: Subject::Item,
    value: |row| row.of_labels(|labels, _, item| labels.of_item(item) == Some("head")) as f32,
};
