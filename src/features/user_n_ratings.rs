//! `user_n_ratings`: how many ratings a user gave: how well anything about the user is known.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "user_n_ratings",
    about: "ratings of the user",
    is_basic: true,
    needs: Needs::Ratings,
    subject: Subject::User,
    value: |row| row.user_n() as f32,
};
