//! `item_near_ratings`: how much an item was rated while the user was about.

use super::moments::DAY;
use super::{Feature, Needs, Subject};

/// A year.
const NEAR: i64 = 365 * DAY;

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "item_near_ratings",
    about: "known ratings of the item by others from a year before the user's first known rating to a year after the latest; 0 without timestamps",
    is_basic: false,
    needs: Needs::Times,
    subject: Subject::Row,
    value: |row| {
        row.of_times(|moments, user, item| {
            let (first, latest) = moments.span(user);
            let n = moments.n_between(item, first.saturating_sub(NEAR), latest.saturating_add(NEAR));
            // The user's own rating lies within the user's span.
            n.saturating_sub(usize::from(row.contains_own())) as f64
        }) as f32
    },
};
