//! `is_cold_user`: a user of whom little is known.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "is_cold_user",
    about: "1 for users of user-activity:cold by their known ratings, else 0",
    is_basic: false,
    needs: Needs::Ratings,
    subject: Subject::User,
    value: |row| row.of_labels(|labels, user, _| labels.of_user(user) == Some("cold")) as f32,
};
