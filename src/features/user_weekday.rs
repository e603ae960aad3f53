//! `user_weekday`: on which day of the week a user rates.

use super::moments::DAY;
use super::{Feature, Needs, Subject};

/// The entry in [`super::FEATURES`].
pub const FEATURE: Feature = Feature {
    name: "user_weekday",
    about: "weekday of the user's latest known rating, UTC, Monday 0 to Sunday 6; 0 without timestamps",
    is_basic: false,
    needs: Needs::Times,
    subject: Subject::User,
    value: |row| row.of_times(|moments, user, _| weekday(moments.of(user))) as f32,
};

/// 1970 began on a Thursday, which is 3.
fn weekday(moment: i64) -> f64 {
    (moment.div_euclid(DAY) + 3).rem_euclid(7) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_also_before_1970() {
        // 29 February 2000 was a Tuesday, 31 December 1969 a Wednesday; the latter ends a second before 0.
        assert_eq!([951_782_400, 0, -1, -DAY, -DAY - 1].map(weekday), [1.0, 3.0, 2.0, 2.0, 1.0]);
        assert!(weekday(i64::MAX) <= 6.0 && weekday(i64::MIN) >= 0.0);
    }
}
