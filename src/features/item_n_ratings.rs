//! `item_n_ratings`: how many ratings an item got: its popularity.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "item_n_ratings",
    about: "ratings of the item",
    is_basic: true,
    needs: Needs::Ratings,
    subject: Subject::Item,
    value: |row| row.item_n() as f32,
};
