//! `item_recent_ratings`: whether an item was in fashion.

use super::moments::DAY;
use super::{Feature, Needs, Subject};

/// How far back that is.
const RECENT: i64 = 30 * DAY;

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "item_recent_ratings",
    about: "known ratings of the item in the 30 days up to the user's latest; 0 without timestamps",
    is_basic: false,
    needs: Needs::Times,
    subject: Subject::Row,
    value: |row| {
        row.of_times(|moments, user, item| {
            let moment = moments.of(user);
            moments.n_between(item, moment.saturating_sub(RECENT), moment) as f64
        }) as f32
    },
};
