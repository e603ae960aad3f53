//! What holds for every statistic, and the values of those that need more than totals.

use super::*;
use crate::dataset::{DatasetBuilder, Duplicates, ItemIndex, UserIndex};
use crate::splits::{Part, Parts};

const DAY: i64 = 86_400;
/// Tuesday, 29 February 2000, 15:00 UTC.
const MOMENT: i64 = 951_782_400 + 15 * 3_600;

/// Users u and v; items a (1990), b (2000), c (no year). In base: u rates b 4 stars at MOMENT, a 2 stars 100 days before; v rates a 5 stars 10 days before and c
/// 1 star 500 days after. In meta: u rates c, 40 days after. In test: v rates b, a day after.
fn world(timestamps: bool) -> (Dataset, Parts) {
    let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
    if !timestamps {
        builder.without_timestamps();
    }
    for (item, title) in [("a", "A (1990)"), ("b", "B (2000)"), ("c", "C")] {
        builder.item(item, title, [""; 0].into_iter());
    }
    let rows = [
        ("u", "a", 2.0, -100),
        ("u", "b", 4.0, 0),
        ("u", "c", 5.0, 40),
        ("v", "a", 5.0, -10),
        ("v", "b", 3.0, 1),
        ("v", "c", 1.0, 500),
    ];
    rows.iter().for_each(|&(user, item, rating, days)| builder.rating(user, item, rating, MOMENT + days * DAY));
    let dataset = builder.finish("t", Duplicates::Last).unwrap();
    let parts = vec![Part::Base, Part::Base, Part::Meta, Part::Base, Part::Test, Part::Base];
    let parts = Parts::new(&dataset, parts);
    (dataset, parts)
}

fn statistics((dataset, parts): &(Dataset, Parts), from: StatsFrom) -> Statistics {
    Statistics::new(dataset, parts, from).with_more(dataset, parts, 4.0)
}

fn value(statistics: &Statistics, name: &str, user: u32, item: u32, own: Option<f32>) -> f32 {
    let feature = FEATURES.iter().find(|feature| feature.name == name).unwrap();
    (feature.value)(&statistics.row(UserIndex(user), ItemIndex(item), own))
}

#[test]
fn what_is_about_users_or_items_depends_on_nothing_else() {
    let base = statistics(&world(true), StatsFrom::BaseTrain);
    for feature in FEATURES {
        let of = |user, item| value(&base, feature.name, user, item, None);
        let pairs = (0..2).flat_map(|user| (0..3).map(move |item| (user, item)));
        match feature.subject {
            Subject::User => pairs.for_each(|(user, item)| assert_eq!(of(user, item), of(user, 0), "{}", feature.name)),
            Subject::Item => pairs.for_each(|(user, item)| assert_eq!(of(user, item), of(0, item), "{}", feature.name)),
            Subject::Row => {}
        }
    }
}

#[test]
fn a_users_rows_are_seen_at_the_moment_of_the_latest_known_rating() {
    let base = statistics(&world(true), StatsFrom::BaseTrain);
    let of = |name, user, item| value(&base, name, user, item, None);
    assert_eq!((of("user_hour", 0, 2), of("user_weekday", 0, 2)), (15.0, 1.0));
    // v is seen 500 days later, 71 weeks and 3 days: a Friday.
    assert_eq!((of("user_weekday", 1, 1), of("user_days_active", 1, 1)), (4.0, 510.0));
    assert_eq!(of("user_days_active", 0, 2), 100.0);
    // a was first rated 100 days before u's moment, c comes 500 days after it; v sees b 500 days old.
    assert_eq!([of("item_age", 0, 0), of("item_age", 0, 2), of("item_age", 1, 1)], [100.0, -500.0, 500.0]);
    // Of a's ratings one is 10 days before u's moment; none within 30 days of v's. The span of u with a year around reaches from -465 to 365.
    assert_eq!([of("item_recent_ratings", 0, 0), of("item_recent_ratings", 1, 0)], [1.0, 0.0]);
    assert_eq!(
        [of("item_near_ratings", 0, 0), of("item_near_ratings", 0, 2), of("item_near_ratings", 1, 2)],
        [2.0, 0.0, 1.0]
    );
    assert_eq!([of("item_year", 0, 0), of("item_year", 0, 2)], [1990.0, 1995.0]);
    assert_eq!([of("year_distance", 0, 0), of("year_distance", 1, 1)], [-10.0, 10.0]);
}

#[test]
fn the_rows_own_rating_is_not_near_it_and_not_known_over_base_train() {
    let world = world(true);
    let near = |from| value(&statistics(&world, from), "item_near_ratings", 0, 2, Some(5.0));
    // train_full: u's span ends 40 days later, a year more is 405: still no rating of c by v, and u's own does not count.
    assert_eq!([StatsFrom::BaseTrain, StatsFrom::LeaveOneOut, StatsFrom::TrainFull].map(near), [0.0; 3]);
    let liked = |from| value(&statistics(&world, from), "user_share_liked", 0, 2, Some(5.0));
    // base: 1 of u's 2, 2 of all 4 like: (1 + 5) / 12. train_full: 2 of 3 and 3 of 5: (2 + 6) / 13.
    assert_eq!([StatsFrom::BaseTrain, StatsFrom::LeaveOneOut].map(liked), [0.5; 2]);
    assert_eq!(liked(StatsFrom::TrainFull), (8.0_f64 / 13.0) as f32);
}

#[test]
fn no_statistic_sees_the_test() {
    let (dataset, parts) = world(true);
    let mut other = dataset.clone();
    (other.ratings.values[4], other.ratings.timestamps[4]) = (5.0, MOMENT + 9_000 * DAY);
    let all = |dataset: &Dataset| {
        let statistics = statistics(&(dataset.clone(), parts.clone()), StatsFrom::TrainFull);
        let row = |user, item| FEATURES.iter().map(move |feature| (feature.name, user, item));
        let rows = (0..2).flat_map(|user| (0..3).flat_map(move |item| row(user, item)));
        rows.map(|(name, user, item)| value(&statistics, name, user, item, None)).collect::<Vec<f32>>()
    };
    assert_eq!(all(&dataset), all(&other));
}

#[test]
fn indicators_follow_the_segments_of_the_known_ratings() {
    let (dataset, parts) = world(true);
    let base = statistics(&(dataset.clone(), parts.clone()), StatsFrom::BaseTrain);
    // Item a has 2 of 4 ratings and is the head alone; b ends at 3 of 4, the middle; c starts at 75 %, below 80 %: the middle too.
    let item = |name, item| value(&base, name, 0, item, None);
    assert_eq!([0, 1, 2].map(|at| item("is_head_item", at)), [1.0, 0.0, 0.0]);
    assert_eq!([0, 1, 2].map(|at| item("is_tail_item", at)), [0.0, 0.0, 0.0]);
    // Both users have two ratings: nobody stands out. With the meta part u has three of five: v is the colder half, u the warmer.
    let user = |statistics: &Statistics, name, user| value(statistics, name, user, 0, None);
    assert_eq!([0, 1].map(|at| user(&base, "is_cold_user", at) + user(&base, "is_power_user", at)), [0.0, 0.0]);
    let all = statistics(&(dataset, parts), StatsFrom::TrainFull);
    assert_eq!([0, 1].map(|at| user(&all, "is_cold_user", at)), [0.0, 1.0]);
    assert_eq!([0, 1].map(|at| user(&all, "is_power_user", at)), [1.0, 0.0]);
}

#[test]
fn what_the_data_lacks_is_a_documented_constant_and_a_counted_note() {
    let untimed = world(false);
    let base = statistics(&untimed, StatsFrom::BaseTrain);
    let columns: Vec<String> = FEATURES.iter().map(|feature| feature.name.to_owned()).collect();
    for feature in FEATURES.iter().filter(|feature| feature.needs == Needs::Times) {
        assert_eq!(value(&base, feature.name, 0, 0, None), 0.0, "{}", feature.name);
    }
    let codes = |columns: &[String], dataset: &Dataset| -> Vec<(&'static str, u64)> {
        notes(columns, dataset).iter().map(|note| (note.code, note.count)).collect()
    };
    assert_eq!(codes(&columns, &untimed.0), [("features-without-times", 6), ("items-without-year", 1)]);
    assert_eq!(codes(&columns, &world(true).0), [("items-without-year", 1)]);
    assert!(codes(&columns[..4], &untimed.0).is_empty());
}

#[test]
fn values_of_strangers_and_of_extreme_times_are_finite() {
    let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
    for (user, time) in [("u", i64::MIN), ("v", i64::MAX), ("w", 0)] {
        builder.rating(user, "a", 4.0, time);
        builder.rating(user, "b", 4.0, i64::MAX);
    }
    let dataset = builder.finish("t", Duplicates::Last).unwrap();
    // Nothing is known of w; of b by nobody but u and v; the second split knows nothing at all.
    for known in [Part::Base, Part::Unused] {
        let parts = vec![known, known, known, known, Part::Test, Part::Test];
        let statistics = statistics(&(dataset.clone(), Parts::new(&dataset, parts)), StatsFrom::BaseTrain);
        for feature in FEATURES {
            for (user, item) in [(0, 0), (1, 1), (2, 0), (2, 1)] {
                assert!(value(&statistics, feature.name, user, item, None).is_finite(), "{}", feature.name);
            }
        }
    }
}

#[test]
fn the_basic_statistics_come_first_and_need_nothing_more() {
    let (dataset, parts) = world(true);
    let plain = Statistics::new(&dataset, &parts, StatsFrom::BaseTrain);
    let full = statistics(&(dataset, parts), StatsFrom::BaseTrain);
    let basic: Vec<&str> = FEATURES.iter().filter(|feature| feature.is_basic).map(|feature| feature.name).collect();
    assert_eq!(basic, ["user_n_ratings", "user_mean_rating", "item_n_ratings", "item_mean_rating"]);
    for name in basic {
        assert_eq!(value(&plain, name, 0, 1, None), value(&full, name, 0, 1, None));
    }
}
