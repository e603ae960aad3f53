//! Popularity lift: how much more popular the lists are than what their users rated themselves.

use super::{Compute, Direction, Metric, UserList};

/// Popularity lift at k.
pub const POPULARITY_LIFT: Metric = Metric {
    name: "popularity-lift",
    about: "mean popularity of the first k items relative to that of the users' profiles, minus 1",
    direction: Direction::Neutral,
    unit: "",
    range: (-1.0, f64::INFINITY),
    compute: Compute::AllListsAtK(|lists, k| {
        // Without a list or a profile there is nothing to lift, and nothing to lift from: both means are over the same users.
        let users = lists.iter().filter(|list| list.profile_popularity > 0.0);
        popularity_lift(users.filter_map(|list| Some((list_popularity(list, k)?, list.profile_popularity))))
    }),
};

/// Group popularity lift.
///
/// `mean_u(list popularity) / mean_u(profile popularity) - 1`, popularity = mean number of ratings of the items.
///
/// - `users`: list popularity and profile popularity of each user, the latter positive.
/// - Returns a value of at least -1: 0 if lists are as popular as profiles, 1 if twice as popular; `None` without users. A ratio of
///   means, not the mean of ratios: a user with an obscure profile must not decide it alone.
/// - Cost: O(n_users). Sums in f64, in user order.
/// - Source: Abdollahpouri et al. (2020). Fixed by `tests/golden/beyond_accuracy/expected.json`, key `popularity_lift_group`.
pub fn popularity_lift(users: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    // Both means have the same number of users, which cancels.
    let (list, profile) = users.fold((0.0, 0.0), |sums, user| (sums.0 + user.0, sums.1 + user.1));
    (profile > 0.0).then(|| list / profile - 1.0)
}

/// Mean number of ratings of a list's first k items; `None` for an empty list.
fn list_popularity(list: &UserList<'_>, k: usize) -> Option<f64> {
    let items = list.top(k);
    let sum: f64 = items.iter().map(|item| f64::from(list.items.counts[item.at()])).sum();
    (!items.is_empty()).then(|| sum / items.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden::BeyondAccuracy;

    #[test]
    fn is_a_ratio_of_means() {
        // (30 + 10) / (10 + 10) - 1.
        assert_eq!(popularity_lift([(30.0, 10.0), (10.0, 10.0)].into_iter()), Some(1.0));
        // (30 + 20) / (10 + 40) - 1; the mean of the ratios 3 and 0.5, less 1, would be 0.75.
        assert_eq!(popularity_lift([(30.0, 10.0), (20.0, 40.0)].into_iter()), Some(0.0));
    }

    #[test]
    fn is_undefined_without_users() {
        assert_eq!(popularity_lift([].into_iter()), None);
    }

    #[test]
    fn users_without_a_list_or_a_profile_are_left_out() {
        use crate::dataset::{Catalog, ItemIndex};
        let catalog = Catalog::default();
        let items =
            crate::metrics::ItemFacts { counts: &[6, 2], n_users: 6, is_tail: &[false, true], catalog: &catalog };
        let list = |ranked: &'static [ItemIndex], profile_popularity| UserList {
            ranked,
            relevance: &[0; 2][..ranked.len()],
            n_relevant: 0,
            n_reachable: 0,
            scores: &[],
            labels: &[],
            profile_popularity,
            items: &items,
        };
        let Compute::AllListsAtK(compute) = POPULARITY_LIFT.compute else { unreachable!() };
        let lists = [list(&[ItemIndex(0)], 3.0), list(&[ItemIndex(0), ItemIndex(1)], 0.0), list(&[], 100.0)];
        assert_eq!(compute(&lists, 10), Some(1.0));
        assert_eq!(compute(&lists[1..], 10), None);
    }

    #[test]
    fn agrees_with_golden_file() {
        BeyondAccuracy::check_all_lists(&POPULARITY_LIFT, "popularity_lift_group");
    }
}
