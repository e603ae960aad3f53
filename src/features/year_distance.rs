//! `year_distance`: whether an item is from the user's time.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "year_distance",
    about: "year in the item's title less the mean year of what the user rated at or above the threshold; 0 where either is unknown",
    is_basic: false,
    needs: Needs::Years,
    subject: Subject::Row,
    value: |row| row.of_likes(|likes, user, item, own| likes.year_distance(user, item, own)) as f32,
};
