//! `is_power_user`: a user of whom much is known.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "is_power_user",
    about: "1 for users of user-activity:power by their known ratings, else 0",
    is_basic: false,
    needs: Needs::Ratings,
    subject: Subject::User,
    value: |row| row.of_labels(|labels, user, _| labels.of_user(user) == Some("power")) as f32,
};
