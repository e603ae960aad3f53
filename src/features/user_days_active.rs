//! `user_days_active`: for how long a user has been rating.

use super::moments::days;
use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "user_days_active",
    about: "days from the user's first to the latest known rating; 0 without timestamps",
    is_basic: false,
    needs: Needs::Times,
    subject: Subject::User,
    value: |row| {
        row.of_times(|moments, user, _| {
            let (first, latest) = moments.span(user);
            days(first, latest)
        }) as f32
    },
};
