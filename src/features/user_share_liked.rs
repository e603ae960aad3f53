//! `user_share_liked`: how much of it a user likes.

use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "user_share_liked",
    about: "share of the user's ratings at or above the threshold, with 10 ratings of the average share added",
    is_basic: false,
    needs: Needs::Ratings,
    subject: Subject::User,
    value: |row| row.of_likes(|likes, user, _, own| likes.of_user(user, own)) as f32,
};
