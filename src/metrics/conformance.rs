//! Invariants of every metric: looped over [`METRICS`], so that a new one is tested the moment it is listed.

use super::*;
use crate::dataset::popularity::tail_items;
use crate::rng::{below, shuffle, stream, uniform};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Cutoffs that are tried; the last is longer than every list.
const CUTOFFS: [usize; 5] = [1, 2, 5, 20, 1000];

/// Distance that rounding may cause when the same numbers are summed in another order.
const ROUNDING: f64 = 1e-12;

/// One user's candidates, best first.
#[derive(Clone, Default)]
struct User {
    ranked: Vec<ItemIndex>,
    scores: Vec<f32>,
    labels: Vec<u8>,
    n_relevant: usize,
    profile_popularity: f64,
}

/// Lists of some users, facts about the items, and rated rows: all that any metric asks for.
#[derive(Clone, Default)]
struct World {
    users: Vec<User>,
    counts: Vec<u32>,
    n_users: usize,
    catalog: Catalog,
    probabilities: Vec<f32>,
    ratings: Vec<f32>,
    labels: Vec<u8>,
}

impl World {
    /// A random world; scores lie on a coarse grid, so that many are equal.
    fn random(seed: u64) -> Self {
        let rng = &mut stream(seed, "metric conformance", 0);
        let (n_items, n_rows) = (1 + below(rng, 40) as usize, below(rng, 50) as usize);
        let n_users = 1 + below(rng, 30);
        let catalog = Catalog {
            genre_names: (0..6).map(|genre| format!("genre {genre}")).collect(),
            genres: (0..n_items).map(|_| (0..6).filter(|_| below(rng, 3) == 0).collect()).collect(),
            ..Catalog::default()
        };
        Self {
            users: (0..below(rng, 8)).map(|_| User::random(rng, n_items)).collect(),
            counts: (0..n_items).map(|_| below(rng, n_users + 1) as u32).collect(),
            n_users: n_users as usize,
            catalog,
            probabilities: (0..n_rows).map(|_| below(rng, 21) as f32 / 20.0).collect(),
            ratings: (0..n_rows).map(|_| 0.5 + below(rng, 10) as f32 / 2.0).collect(),
            labels: (0..n_rows).map(|_| below(rng, 2) as u8).collect(),
        }
    }

    /// All values of a metric: of each user, or one; at each cutoff.
    fn values(&self, metric: &Metric) -> Vec<Option<f64>> {
        let is_tail = tail_items(&self.counts);
        let items =
            ItemFacts { counts: &self.counts, n_users: self.n_users, is_tail: &is_tail, catalog: &self.catalog };
        let lists: Vec<UserList<'_>> = self.users.iter().map(|user| user.list(&items)).collect();
        let rows = Rows {
            scores: &self.probabilities,
            ratings: &self.ratings,
            labels: &self.labels,
            rating_range: (0.5, 5.0),
        };
        let at_cutoffs = || CUTOFFS.iter().flat_map(|&k| lists.iter().map(move |list| (list, k)));
        match metric.compute {
            Compute::RelevantAtK(compute) | Compute::ListAtK(compute) => {
                at_cutoffs().map(|(list, k)| compute(list, k)).collect()
            }
            Compute::Relevant(compute) | Compute::Reach(compute) => lists.iter().map(compute).collect(),
            Compute::AllListsAtK(compute) => CUTOFFS.iter().map(|&k| compute(&lists, k)).collect(),
            Compute::Rows(_, compute) => vec![compute(&rows)],
        }
    }
}

impl User {
    fn random(rng: &mut ChaCha8Rng, n_items: usize) -> Self {
        let mut ranked: Vec<ItemIndex> = (0..n_items as u32).map(ItemIndex).collect();
        shuffle(rng, &mut ranked);
        ranked.truncate(below(rng, n_items as u64 + 1) as usize);
        let mut scores: Vec<f32> = ranked.iter().map(|_| below(rng, 6) as f32 - 3.0).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let share = uniform(rng);
        let labels: Vec<u8> = ranked.iter().map(|_| u8::from(uniform(rng) < share)).collect();
        let n_found = labels.iter().filter(|&&label| label == 1).count();
        let profile_popularity = [0.0, 1.0, 7.5][below(rng, 3) as usize];
        Self { ranked, scores, labels, n_relevant: n_found + below(rng, 3) as usize, profile_popularity }
    }

    fn list<'a>(&'a self, items: &'a ItemFacts<'a>) -> UserList<'a> {
        UserList {
            ranked: &self.ranked,
            relevance: &self.labels,
            n_relevant: self.n_relevant,
            n_reachable: self.labels.iter().filter(|&&label| label == 1).count(),
            scores: &self.scores,
            labels: &self.labels,
            profile_popularity: self.profile_popularity,
            items,
        }
    }

    /// The same candidates with the relevant ones first, by strictly falling scores.
    fn perfect(&self) -> Self {
        let mut order: Vec<usize> = (0..self.ranked.len()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(self.labels[at]));
        Self {
            ranked: order.iter().map(|&at| self.ranked[at]).collect(),
            scores: (0..order.len()).map(|above| -(above as f32)).collect(),
            labels: order.iter().map(|&at| self.labels[at]).collect(),
            ..*self
        }
    }
}

/// Whether a metric rewards putting what is relevant first.
fn is_of_relevance(metric: &Metric) -> bool {
    matches!(metric.compute, Compute::RelevantAtK(_) | Compute::Relevant(_))
}

#[track_caller]
fn assert_same(metric: &Metric, found: &[Option<f64>], expected: &[Option<f64>]) {
    assert_eq!(found.len(), expected.len(), "{}", metric.name);
    for (found, expected) in found.iter().zip(expected) {
        let same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= ROUNDING * expected.abs().max(1.0),
            _ => found == expected,
        };
        assert!(same, "{}: {found:?}, {expected:?}", metric.name);
    }
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), METRICS.len());
    for entry in METRICS {
        assert!(entry.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", entry.name);
        assert!(!entry.about.is_empty() && !entry.about.ends_with('.'), "{}", entry.name);
        assert!(entry.range.0 < entry.range.1, "{}", entry.name);
        assert_eq!(metric(entry.name).map(|found| found.name), Some(entry.name));
    }
    assert!(metric("no-such-metric").is_none());
}

#[test]
fn values_are_numbers_inside_the_range() {
    for seed in 0..300 {
        let world = World::random(seed);
        for metric in METRICS {
            for value in world.values(metric).into_iter().flatten() {
                let (low, high) = (metric.range.0 - ROUNDING, metric.range.1 + ROUNDING);
                assert!(value.is_finite() && low <= value && value <= high, "{}: {value}, seed {seed}", metric.name);
            }
        }
    }
}

#[test]
fn every_metric_is_defined_somewhere() {
    let worlds: Vec<World> = (0..20).map(World::random).collect();
    for metric in METRICS {
        assert!(worlds.iter().any(|world| world.values(metric).iter().any(Option::is_some)), "{}", metric.name);
    }
}

#[test]
fn nothing_at_all_is_undefined_not_nan() {
    for metric in METRICS {
        assert!(World::default().values(metric).iter().all(Option::is_none), "{}", metric.name);
    }
}

#[test]
fn users_without_relevant_items_have_no_value_of_relevance() {
    for seed in 0..50 {
        let mut world = World::random(seed);
        for user in &mut world.users {
            user.labels.fill(0);
            user.n_relevant = 0;
        }
        for metric in METRICS.iter().filter(|metric| is_of_relevance(metric)) {
            assert!(world.values(metric).iter().all(Option::is_none), "{}", metric.name);
        }
    }
}

#[test]
fn an_empty_list_fails_its_user_and_describes_nothing() {
    let mut world = World::random(1);
    world.users = vec![User { n_relevant: 3, profile_popularity: 2.0, ..User::default() }];
    for metric in METRICS {
        let expected = match metric.compute {
            Compute::RelevantAtK(_) | Compute::Reach(_) => Some(0.0),
            Compute::Rows(..) => continue,
            _ => None,
        };
        assert!(world.values(metric).iter().all(|&value| value == expected), "{}", metric.name);
    }
}

#[test]
fn a_list_of_one_relevant_item_is_perfect() {
    let mut world = World::random(2);
    let ranked = vec![ItemIndex(0)];
    world.users = vec![User { ranked, scores: vec![1.0], labels: vec![1], n_relevant: 1, profile_popularity: 1.0 }];
    for metric in METRICS.iter().filter(|metric| matches!(metric.compute, Compute::RelevantAtK(_))) {
        // The first value is at k = 1.
        assert_eq!(world.values(metric)[0], Some(1.0), "{}", metric.name);
    }
    assert_eq!(world.values(metric("auc").unwrap()), [None]);
}

#[test]
fn no_order_beats_the_perfect_one() {
    for seed in 0..200 {
        let world = World::random(seed);
        let perfect = World { users: world.users.iter().map(User::perfect).collect(), ..world.clone() };
        for metric in METRICS.iter().filter(|metric| is_of_relevance(metric)) {
            assert_eq!(metric.direction, Direction::Higher, "{}", metric.name);
            for (best, value) in perfect.values(metric).into_iter().zip(world.values(metric)) {
                assert!(best >= value, "{}: {best:?} {value:?}, seed {seed}", metric.name);
            }
        }
    }
}

#[test]
fn the_perfect_order_reaches_the_end_of_the_range() {
    // Five relevant items, then two others: at k = 5 all places and all relevant items are found.
    let labels = vec![1, 1, 1, 1, 1, 0, 0];
    let ranked = (0..7).map(ItemIndex).collect();
    let scores = (0..7).map(|above| -(above as f32)).collect();
    let mut world = World { counts: vec![1; 7], n_users: 1, ..World::random(3) };
    world.users = vec![User { ranked, scores, labels, n_relevant: 5, profile_popularity: 1.0 }];
    let at_5 = CUTOFFS.iter().position(|&k| k == 5).unwrap();
    for metric in METRICS.iter().filter(|metric| is_of_relevance(metric)) {
        let values = world.values(metric);
        assert_eq!(values.get(at_5).unwrap_or(&values[0]), &Some(1.0), "{}", metric.name);
    }
}

#[test]
fn perfect_rows_reach_the_end_of_the_range() {
    let (labels, ratings) = (vec![1, 0, 1, 0, 0], vec![4.0, 3.0, 5.0, 0.5, 1.0]);
    for metric in METRICS {
        let Compute::Rows(scale, _) = metric.compute else { continue };
        let as_scores = labels.iter().map(|&label| f32::from(label)).collect();
        let probabilities = if scale == Some(Scale::Rating) { ratings.clone() } else { as_scores };
        let (labels, ratings) = (labels.clone(), ratings.clone());
        let value = World { probabilities, labels, ratings, ..World::default() }.values(metric)[0].unwrap();
        let best = if metric.direction == Direction::Higher { metric.range.1 } else { metric.range.0 };
        assert!((value - best).abs() < ROUNDING, "{}: {value}", metric.name);
    }
}

#[test]
fn equal_scores_say_nothing() {
    for seed in 0..50 {
        let mut world = World::random(seed);
        world.users.iter_mut().for_each(|user| user.scores.fill(0.25));
        world.probabilities.fill(0.25);
        let base_rate = world.labels.iter().map(|&label| f64::from(label)).sum::<f64>() / world.labels.len() as f64;
        for (name, expected) in [("auc", 0.5), ("roc-auc", 0.5), ("average-precision", base_rate)] {
            for value in world.values(metric(name).unwrap()).into_iter().flatten() {
                assert!((value - expected).abs() < ROUNDING, "{name}: {value} {expected}");
            }
        }
    }
}

#[test]
fn a_cutoff_beyond_the_list_asks_for_the_whole_list() {
    // Precision alone divides by k; everything else must not notice.
    for seed in 0..50 {
        let world = World::random(seed);
        let is_tail = tail_items(&world.counts);
        let items =
            ItemFacts { counts: &world.counts, n_users: world.n_users, is_tail: &is_tail, catalog: &world.catalog };
        let lists: Vec<UserList<'_>> = world.users.iter().map(|user| user.list(&items)).collect();
        // As long as the longest list and the longest ideal list.
        let enough = world.users.iter().map(|user| user.ranked.len() + 2).max().unwrap_or(1);
        for metric in METRICS.iter().filter(|metric| metric.name != "precision") {
            let at = |k| match metric.compute {
                Compute::RelevantAtK(compute) | Compute::ListAtK(compute) => {
                    lists.iter().map(|list| compute(list, k)).collect()
                }
                Compute::AllListsAtK(compute) => vec![compute(&lists, k)],
                Compute::Relevant(_) | Compute::Reach(_) | Compute::Rows(..) => vec![],
            };
            assert_eq!(at(enough), at(usize::MAX), "{}", metric.name);
        }
    }
}

#[test]
fn what_lies_below_the_cutoff_does_not_matter() {
    for seed in 0..50 {
        let world = World::random(seed);
        let mut cut = world.clone();
        for user in &mut cut.users {
            user.ranked.truncate(2);
            user.labels.truncate(2);
            user.scores.truncate(2);
        }
        for metric in METRICS
            .iter()
            .filter(|metric| !matches!(metric.compute, Compute::Relevant(_) | Compute::Reach(_) | Compute::Rows(..)))
        {
            // Values come cutoff by cutoff: those at 1 and 2 stand first.
            let (whole, cut) = (world.values(metric), cut.values(metric));
            let n_short = whole.len() / CUTOFFS.len() * 2;
            assert_eq!(whole[..n_short], cut[..n_short], "{}", metric.name);
        }
    }
}

#[test]
fn numbers_of_items_do_not_matter() {
    for seed in 0..100 {
        let world = World::random(seed);
        // Equal counts at the border of the tail go by index, by definition; here that border is drawn between different counts.
        let counts: Vec<u32> = (0..world.counts.len() as u32).map(|item| 1 + (item * 7) % 41).collect();
        let world = World { counts, n_users: 100, ..world };
        let mut renamed: Vec<u32> = (0..world.counts.len() as u32).collect();
        shuffle(&mut stream(seed, "renamed items", 0), &mut renamed);
        let mut other = world.clone();
        for (item, &name) in renamed.iter().enumerate() {
            other.counts[name as usize] = world.counts[item];
            other.catalog.genres[name as usize] = world.catalog.genres[item].clone();
        }
        for user in &mut other.users {
            user.ranked.iter_mut().for_each(|item| *item = ItemIndex(renamed[item.at()]));
        }
        for metric in METRICS {
            assert_same(metric, &other.values(metric), &world.values(metric));
        }
    }
}

#[test]
fn the_order_of_users_rows_and_candidates_does_not_matter() {
    for seed in 0..100 {
        let world = World::random(seed);
        let rng = &mut stream(seed, "other order", 0);
        let mut order: Vec<usize> = (0..world.labels.len()).collect();
        shuffle(rng, &mut order);
        let mut other = World {
            probabilities: order.iter().map(|&row| world.probabilities[row]).collect(),
            ratings: order.iter().map(|&row| world.ratings[row]).collect(),
            labels: order.iter().map(|&row| world.labels[row]).collect(),
            ..world.clone()
        };
        other.users.reverse();
        for metric in METRICS {
            let (mut found, expected) = (other.values(metric), world.values(metric));
            if !matches!(metric.compute, Compute::AllListsAtK(_) | Compute::Rows(..)) {
                let n_users = world.users.len().max(1);
                found.chunks_mut(n_users).for_each(<[_]>::reverse);
            }
            assert_same(metric, &found, &expected);
        }
    }
}
