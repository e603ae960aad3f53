//! Metrics that are not a mean over users: of all lists together, and of all test rows together.

use super::groups::{Group, Groups};
use super::users::{Judged, JudgedUser};
use super::{Omission, Setting, Value};
use crate::dataset::{ItemIndex, Scale, is_relevant};
use crate::metrics::{Compute, METRICS, Rows, UserList};

/// A value, or why there is none.
pub enum Entry {
    /// There is one.
    Value(Value),
    /// There is none.
    Omission(Omission),
}

impl Entry {
    /// Sorts it to its own.
    pub fn add_to(self, values: &mut Vec<Value>, omissions: &mut Vec<Omission>) {
        match self {
            Self::Value(value) => values.push(value),
            Self::Omission(omission) => omissions.push(omission),
        }
    }

    fn new(metric: usize, k: usize, segment: usize, value: Option<f64>, n: usize) -> Self {
        let n = n as u64;
        match value.filter(|value| value.is_finite()) {
            Some(value) => Self::Value(Value { metric, k, segment, value, n, n_left_out: 0 }),
            None if n == 0 => Self::omitted(metric, k, segment, "nothing of the segment is in the test part", n),
            None => Self::omitted(metric, k, segment, "undefined for these rows or lists", n),
        }
    }

    fn omitted(metric: usize, k: usize, segment: usize, reason: &'static str, count: u64) -> Self {
        Self::Omission(Omission { metric, k, segment, reason, count })
    }
}

/// Items and relevance of one user's top list.
type Top = (Vec<ItemIndex>, Vec<u8>);

/// Metrics of all lists together, over everybody and per user group.
pub fn lists(setting: &Setting<'_>, groups: &Groups, judged: &Judged, arm: usize) -> Vec<Entry> {
    let top = |user: &JudgedUser| -> Top { user.arms[arm].top.iter().map(|&(item, _, label)| (item, label)).unzip() };
    let tops: Vec<Top> = judged.users.iter().map(top).collect();
    let facts = judged.items(setting);
    let everybody = judged.users.iter().zip(&tops).map(|(user, (ranked, relevance))| UserList {
        ranked,
        relevance,
        n_relevant: user.n_relevant,
        n_reachable: 0,
        scores: &[],
        labels: &[],
        profile_popularity: user.profile_popularity,
        items: &facts,
    });
    let everybody: Vec<UserList<'_>> = everybody.collect();
    let members = |group: &Group| -> Vec<UserList<'_>> {
        let lists = judged.users.iter().zip(&everybody);
        lists.filter(|(user, _)| group.has[user.user.at()]).map(|(_, list)| *list).collect()
    };
    let segments = groups.users.iter().enumerate().map(|(at, group)| (groups.user_segment(at), members(group)));
    let mut out = Vec::new();
    for (segment, lists) in std::iter::once((0, everybody.clone())).chain(segments) {
        for (metric, definition) in METRICS.iter().enumerate() {
            let Compute::AllListsAtK(compute) = definition.compute else { continue };
            for &k in setting.cutoffs {
                let value = if lists.is_empty() { None } else { compute(&lists, k) };
                out.push(Entry::new(metric, k, segment, value, lists.len()));
            }
        }
    }
    out
}

/// Scores, ratings and labels of test rows.
#[derive(Default)]
pub(super) struct Table {
    pub scores: Vec<f32>,
    pub ratings: Vec<f32>,
    pub labels: Vec<u8>,
}

/// Metrics of all test rows together, over everything, per user group and per item group. Only for arms on the metric's scale.
pub fn rows(setting: &Setting<'_>, groups: &Groups, judged: &Judged, arm: usize, scale: Scale) -> Vec<Entry> {
    let range = setting.dataset.ratings.range();
    let mut tables = vec![(0, table(setting, &judged.users, arm, |_, _| true))];
    for (at, group) in groups.users.iter().enumerate() {
        tables.push((groups.user_segment(at), table(setting, &judged.users, arm, |user, _| group.has[user])));
    }
    for (at, group) in groups.items.iter().enumerate() {
        tables.push((groups.item_segment(at), table(setting, &judged.users, arm, |_, item| group.has[item])));
    }
    let mut out = Vec::new();
    for (metric, definition) in METRICS.iter().enumerate() {
        let Compute::Rows(needed, compute) = definition.compute else { continue };
        if needed.is_some_and(|needed| needed != scale) {
            let reason = match needed {
                Some(Scale::Rating) => "the arm's scores are not on the rating scale",
                _ => "the arm's scores are not probabilities",
            };
            let omitted = |(segment, table): &(usize, Table)| {
                Entry::omitted(metric, 0, *segment, reason, table.scores.len() as u64)
            };
            out.extend(tables.iter().map(omitted));
            continue;
        }
        for (segment, Table { scores, ratings, labels }) in &tables {
            let rows = Rows { scores, ratings, labels, rating_range: range };
            let value = if scores.is_empty() { None } else { compute(&rows) };
            out.push(Entry::new(metric, 0, *segment, value, scores.len()));
        }
    }
    out
}

/// That there are no metrics of test rows where the candidates are not the test rows; counts the test rows.
pub fn no_rows(setting: &Setting<'_>) -> Vec<Entry> {
    let reason = "the protocol does not score the test rows as such";
    let of_rows = METRICS.iter().enumerate().filter(|(_, metric)| matches!(metric.compute, Compute::Rows(..)));
    of_rows.map(|(metric, _)| Entry::omitted(metric, 0, 0, reason, setting.test.n_rows() as u64)).collect()
}

/// The test rows of some users and items, in order of user and item, with an arm's scores.
pub(super) fn table(
    setting: &Setting<'_>,
    users: &[JudgedUser],
    arm: usize,
    takes: impl Fn(usize, usize) -> bool,
) -> Table {
    let mut table = Table::default();
    for user in users {
        let (items, ratings) = setting.test.of_user(user.user);
        for ((&item, &rating), &score) in items.iter().zip(ratings).zip(&user.arms[arm].row_scores) {
            if takes(user.user.at(), item as usize) {
                table.scores.push(score);
                table.ratings.push(rating);
                table.labels.push(u8::from(is_relevant(rating, setting.threshold)));
            }
        }
    }
    table
}
