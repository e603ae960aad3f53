//! Reads `tests/golden`: what other implementations answer, and the comparison with ours.

use super::{Compute, ItemFacts, Metric, UserList};
use crate::dataset::popularity::tail_items;
use crate::dataset::{Catalog, ItemIndex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A CSV file of the golden directory.
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a file, named from `tests/golden`.
    pub fn read(name: &str) -> Self {
        let mut reader = csv::Reader::from_path(path(name)).unwrap();
        let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { columns, rows }
    }

    /// A whole column; an empty field is `None`.
    pub fn optional(&self, column: &str) -> Vec<Option<f64>> {
        let at = self.columns.iter().position(|name| name == column).unwrap();
        self.rows.iter().map(|row| (!row[at].is_empty()).then(|| row[at].parse().unwrap())).collect()
    }

    /// A whole column of numbers.
    pub fn numbers(&self, column: &str) -> Vec<f64> {
        self.optional(column).into_iter().map(Option::unwrap).collect()
    }

    /// A whole column of whole numbers.
    pub fn integers(&self, column: &str) -> Vec<u32> {
        self.numbers(column).into_iter().map(|number| number as u32).collect()
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }
}

/// Reads a JSON file, named from `tests/golden`.
pub fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).join(name)
}

/// The golden tolerance: relative 1e-9, absolute 1e-12.
#[track_caller]
pub fn assert_close(found: f64, expected: f64, what: &str) {
    let allowed = 1e-12_f64.max(1e-9 * expected.abs());
    assert!((found - expected).abs() <= allowed, "{what}: found {found}, expected {expected}");
}

/// One user of `ranking/`.
#[derive(Default)]
pub struct RankingUser {
    /// Relevant items, ranked or not.
    pub n_relevant: usize,
    /// Score and label of each candidate, best first, equal scores by their key.
    pub ranked: Vec<(f64, u8)>,
}

impl RankingUser {
    /// Labels in rank order.
    pub fn relevance(&self) -> Vec<u8> {
        self.ranked.iter().map(|&(_, label)| label).collect()
    }
}

/// All users of `ranking/`, also those without candidates or without relevant items.
pub fn ranking_users() -> BTreeMap<u32, RankingUser> {
    let truth = Table::read("ranking/truth.csv");
    let mut users: BTreeMap<u32, RankingUser> = BTreeMap::new();
    let mut relevant = std::collections::BTreeSet::new();
    let judged = truth.integers("user").into_iter().zip(truth.integers("item")).zip(truth.numbers("grade"));
    for ((user, item), grade) in judged {
        let entry = users.entry(user).or_default();
        if grade >= 4.0 {
            entry.n_relevant += 1;
            relevant.insert((user, item));
        }
    }
    let table = Table::read("ranking/candidates.csv");
    let pairs = table.integers("user").into_iter().zip(table.integers("item"));
    let mut rows: Vec<_> = pairs.zip(table.numbers("score")).zip(table.integers("tie_key")).collect();
    rows.sort_by(|((_, a), a_key), ((_, b), b_key)| b.total_cmp(a).then(a_key.cmp(b_key)));
    for ((pair, score), _) in rows {
        users.entry(pair.0).or_default().ranked.push((score, u8::from(relevant.contains(&pair))));
    }
    users
}

/// Compares a kernel `(relevance, n_relevant, k)` with a column of `ranking/`: every user, the mean, and the mean over tie orders.
pub fn check_ranking(column: &str, kernel: fn(&[u8], usize, usize) -> f64) {
    let users = ranking_users();
    let table = Table::read("ranking/per_user.csv");
    let cells = table.integers("user").into_iter().zip(table.integers("k")).zip(table.numbers(column));
    let mut sums: BTreeMap<u32, (f64, u32)> = BTreeMap::new();
    for ((user, k), expected) in cells {
        let RankingUser { n_relevant, .. } = users[&user];
        if n_relevant == 0 {
            continue;
        }
        let found = kernel(&users[&user].relevance(), n_relevant, k as usize);
        assert_close(found, expected, &format!("{column} of user {user} at {k}"));
        let (sum, n) = sums.entry(k).or_default();
        *sum += found;
        *n += 1;
    }
    let aggregate = json("ranking/aggregate.json");
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [1, 5, 10, 20]);
    for (k, (sum, n)) in sums {
        assert_eq!(u64::from(n), aggregate["n_users_with_relevant"]);
        let expected = aggregate[format!("k={k}")]["mean_over_users_with_relevant"][column].as_f64().unwrap();
        assert_close(sum / f64::from(n), expected, &format!("mean {column} at {k}"));
    }
    check_over_ties(column, kernel, &users);
}

/// The mean over random orders of equal scores must approach the mean over all of them.
fn check_over_ties(column: &str, kernel: fn(&[u8], usize, usize) -> f64, users: &BTreeMap<u32, RankingUser>) {
    const N_ORDERS: usize = 2000;
    let table = Table::read("ranking/expected_over_ties.csv");
    if !table.has(column) {
        return;
    }
    let mut rng = crate::rng::stream(42, "golden ties", 0);
    let cells = table.integers("user").into_iter().zip(table.integers("k")).zip(table.numbers(column));
    for ((user, k), expected) in cells {
        let RankingUser { n_relevant, ranked } = &users[&user];
        let mut values = Vec::with_capacity(N_ORDERS);
        let mut order = ranked.clone();
        for _ in 0..N_ORDERS {
            order.chunk_by_mut(|a, b| a.0 == b.0).for_each(|tied| crate::rng::shuffle(&mut rng, tied));
            let relevance: Vec<u8> = order.iter().map(|&(_, label)| label).collect();
            values.push(kernel(&relevance, *n_relevant, k as usize));
        }
        let mean = values.iter().sum::<f64>() / N_ORDERS as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / N_ORDERS as f64;
        // Five standard errors; a rare order that never came up must not make the variance 0.
        let allowed = 5.0 * (variance.max(1.0 / N_ORDERS as f64) / N_ORDERS as f64).sqrt();
        assert!((mean - expected).abs() < allowed, "{column} of user {user} at {k} over ties: {mean}, {expected}");
    }
}

/// Compares a kernel `(probabilities, labels)` with a key of all files of `probabilities/`.
pub fn check_probabilities(key: &str, kernel: impl Fn(&[f64], &[u8]) -> Option<f64>) {
    for name in ["small", "smooth", "tied"] {
        let table = Table::read(&format!("probabilities/{name}.csv"));
        let labels: Vec<u8> = table.numbers("label").iter().map(|&label| label as u8).collect();
        let found = kernel(&table.numbers("probability"), &labels).unwrap();
        let expected = json(&format!("probabilities/{name}.json"));
        let expected = expected.get(key).unwrap_or(&expected["uniform_10_bins"][key]).as_f64().unwrap();
        assert_close(found, expected, &format!("{key} of {name}"));
    }
}

/// `beyond_accuracy/`: lists, profiles and facts about the items.
pub struct BeyondAccuracy {
    /// Ratings of each item; item n of the file has number n - 1.
    pub counts: Vec<u32>,
    /// Users with a rating.
    pub n_users: usize,
    /// Genres.
    pub catalog: Catalog,
    /// Each user's list, best first, and the mean count of the user's profile.
    pub users: BTreeMap<u32, (Vec<ItemIndex>, f64)>,
}

impl BeyondAccuracy {
    /// Reads the files.
    pub fn read() -> Self {
        let genre_names: Vec<String> = (1..=8).map(|genre| format!("g{genre}")).collect();
        let items = Table::read("beyond_accuracy/items.csv");
        let flags: Vec<Vec<f64>> = genre_names.iter().map(|name| items.numbers(name)).collect();
        let of_item = |item| (0_u16..8).filter(|&genre| flags[usize::from(genre)][item] > 0.0).collect();
        let n_items = items.rows.len();
        assert_eq!(items.integers("item"), (1..=n_items as u32).collect::<Vec<_>>());
        let catalog = Catalog { genre_names, genres: (0..n_items).map(of_item).collect(), ..Catalog::default() };

        let table = Table::read("beyond_accuracy/interactions.csv");
        let (mut counts, mut profiles) = (vec![0; n_items], BTreeMap::<u32, Vec<usize>>::new());
        for (user, item) in table.integers("user").into_iter().zip(table.integers("item")) {
            counts[item as usize - 1] += 1;
            profiles.entry(user).or_default().push(item as usize - 1);
        }
        let table = Table::read("beyond_accuracy/recommendations.csv");
        let mut rows: Vec<_> =
            table.integers("user").into_iter().zip(table.integers("rank")).zip(table.integers("item")).collect();
        rows.sort_unstable();
        let mut users: BTreeMap<u32, (Vec<ItemIndex>, f64)> = BTreeMap::new();
        for ((user, _), item) in rows {
            let profile = &profiles[&user];
            let popularity = profile.iter().map(|&item| f64::from(counts[item])).sum::<f64>() / profile.len() as f64;
            users.entry(user).or_insert((Vec::new(), popularity)).0.push(ItemIndex(item - 1));
        }
        Self { n_users: profiles.len(), counts, catalog, users }
    }

    /// Compares a metric of single lists with a column of `per_user.csv` and, if given, its mean with a key of `expected.json`.
    pub fn check_lists(metric: &Metric, column: &str, mean_key: &str) {
        let Compute::ListAtK(compute) = metric.compute else { panic!("{} is not of single lists", metric.name) };
        let data = Self::read();
        let table = Table::read("beyond_accuracy/per_user.csv");
        let cells = table.integers("user").into_iter().zip(table.integers("k")).zip(table.optional(column));
        let mut values: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        data.with_lists(|users, lists| {
            for ((user, k), expected) in cells {
                let at = users.iter().position(|&other| other == user).unwrap();
                let found = compute(&lists[at], k as usize);
                assert_eq!(found.is_some(), expected.is_some());
                if let (Some(found), Some(expected)) = (found, expected) {
                    assert_close(found, expected, &format!("{column} of user {user} at {k}"));
                    values.entry(k).or_default().push(found);
                }
            }
        });
        let expected = json("beyond_accuracy/expected.json");
        for k in [5, 10] {
            let mean = values[&k].iter().sum::<f64>() / values[&k].len() as f64;
            assert_close(mean, expected[format!("k={k}")][mean_key].as_f64().unwrap(), mean_key);
        }
    }

    /// Compares a metric of all lists with a key of `expected.json`.
    pub fn check_all_lists(metric: &Metric, key: &str) {
        let Compute::AllListsAtK(compute) = metric.compute else { panic!("{} is not of all lists", metric.name) };
        let expected = json("beyond_accuracy/expected.json");
        Self::read().with_lists(|users, lists| {
            assert_eq!(users.len() as u64, expected["n_users_with_list"]);
            for k in [5, 10] {
                let expected = expected[format!("k={k}")][key].as_f64().unwrap();
                assert_close(compute(lists, k).unwrap(), expected, &format!("{key} at {k}"));
            }
        });
    }

    /// Hands over the users' numbers and their lists, in this order.
    fn with_lists(&self, work: impl FnOnce(&[u32], &[UserList<'_>])) {
        let is_tail = tail_items(&self.counts);
        let items =
            ItemFacts { counts: &self.counts, n_users: self.n_users, is_tail: &is_tail, catalog: &self.catalog };
        let relevance = [0; 100];
        let (mut users, mut lists) = (Vec::new(), Vec::new());
        for (&user, (ranked, profile_popularity)) in &self.users {
            users.push(user);
            lists.push(UserList {
                ranked,
                relevance: &relevance[..ranked.len()],
                n_relevant: 0,
                n_reachable: 0,
                scores: &[],
                labels: &[],
                profile_popularity: *profile_popularity,
                items: &items,
            });
        }
        work(&users, &lists);
    }
}

#[test]
fn the_tail_agrees_with_the_golden_file() {
    let data = BeyondAccuracy::read();
    let tail = tail_items(&data.counts).into_iter().zip(1_u64..).filter(|&(is_tail, _)| is_tail);
    let found: Vec<u64> = tail.map(|(_, item)| item).collect();
    assert_eq!(serde_json::json!(found), json("beyond_accuracy/expected.json")["tail_items"]);
}
