//! `item_mean_rating`: how well an item is liked.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "item_mean_rating",
    about: "mean rating of the item, in stars; the global mean for an item without ratings",
    is_basic: true,
    needs: Needs::Ratings,
    subject: Subject::Item,
    value: |row| row.item_mean() as f32,
};
