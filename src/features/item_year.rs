//! `item_year`: how old an item is.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "item_year",
    about: "year in the item's title; the mean of all years for an item without one",
    is_basic: false,
    needs: Needs::Years,
    subject: Subject::Item,
    value: |row| row.of_likes(|likes, _, item, _| likes.year(item)) as f32,
};
