//! `user_hour`: when in the day a user rates.

use super::moments::DAY;
use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "user_hour",
    about: "hour of the user's latest known rating, UTC, 0 to 23; 0 without timestamps",
    is_basic: false,
    needs: Needs::Times,
    subject: Subject::User,
    value: |row| row.of_times(|moments, user, _| (moments.of(user).rem_euclid(DAY) / 3_600) as f64) as f32,
};
