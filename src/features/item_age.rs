//! `item_age`: how long an item had been there.

use super::moments::days;
use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "item_age",
    about: "days from the item's first known rating to the user's latest, negative if the item came later; 0 for an item without ratings, or without timestamps",
    is_basic: false,
    needs: Needs::Times,
    subject: Subject::Row,
    value: |row| {
        row.of_times(|moments, user, item| {
            let first = moments.of_item(item).first();
            first.map_or(0.0, |&first| days(first, moments.of(user)))
        }) as f32
    },
};
