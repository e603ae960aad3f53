//! `user_mean_rating`: how generous a user is.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "user_mean_rating",
    about: "mean rating of the user, in stars; the global mean for a user without ratings",
    is_basic: true,
    needs: Needs::Ratings,
    subject: Subject::User,
    value: |row| row.user_mean() as f32,
};
