//! Users whom one of two sides serves much better than the other, and what both show to them, so that a person can judge with their own eyes.

use super::bench::Bench;
use super::paired::TIE;
use super::topic::Topic;
use crate::error::Result;
use crate::store::items::Item;
use crate::store::values::TopLists;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Ranks shown at most.
pub const MOST_RANKS: usize = 20;
/// Ranks shown of a metric without a cutoff.
const RANKS: usize = 10;

/// A user and two lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserExample {
    /// Whether the candidate serves this user better than the baseline.
    pub is_better: bool,
    /// The seed, the first that both sides have.
    pub seed: u64,
    /// External id.
    pub user: String,
    /// Users among whom this one has the largest difference.
    pub n_among: usize,
    /// The user's mean difference over all seeds in which both have a value.
    pub over_seeds: f64,
    /// Primary metric of the candidate for this user under this seed.
    pub candidate: f64,
    /// That of the baseline.
    pub baseline: f64,
    /// What the candidate and the baseline show, best first.
    pub lists: [Vec<ListedItem>; 2],
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedItem {
    /// Title; without one the id.
    pub title: String,
    /// Genres, with commas.
    pub genres: String,
    /// Whether the test finds it relevant for the user.
    pub is_relevant: bool,
}

/// The user that the candidate serves better than the baseline by the most, and the one that it serves worse by the most, under the first seed: those of smallest id
/// where several are alike but for the rounding of the store. None where users do not differ, or their lists were not kept.
///
/// # Errors
/// [`crate::Error::Store`].
pub fn examples(bench: &Bench<'_>, topic: &Topic, (candidate, baseline): (usize, usize)) -> Result<Vec<UserExample>> {
    let Some(&seed) = bench.seeds.first() else { return Ok(Vec::new()) };
    let side = |side| bench.over(side, &topic.metric, topic.k, &topic.segment);
    let (Some(ours), Some(theirs)) = (side(candidate)?, side(baseline)?) else { return Ok(Vec::new()) };
    let difference = ours.minus(&theirs);
    let (values, defined) = difference.of_seed(0);
    let smallest = TIE * ours.largest(&theirs).max(theirs.largest(&ours));
    let users = [(true, topic.sign()), (false, -topic.sign())]
        .into_iter()
        .filter_map(|(is_better, sign)| Some((is_better, farthest(values, defined, sign, smallest)?)));
    let users: Vec<(bool, usize)> = users.collect();
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let tops = [top(bench, candidate, seed)?, top(bench, baseline, seed)?];
    let over_seeds = difference.over_seeds().values;
    let mut out = Vec::new();
    for (is_better, user) in users {
        let lists = [
            listed(bench, topic, candidate, tops[0].as_ref(), user)?,
            listed(bench, topic, baseline, tops[1].as_ref(), user)?,
        ];
        let [Some(own), Some(other)] = lists else { continue };
        out.push(UserExample {
            is_better,
            seed,
            user: bench.users().ids[user].clone(),
            n_among: defined.iter().filter(|&&is_defined| is_defined).count(),
            over_seeds: over_seeds[user],
            candidate: ours.of_seed(0).0[user],
            baseline: theirs.of_seed(0).0[user],
            lists: [own, other],
        });
    }
    Ok(out)
}

/// The first user whose value, times a sign, is the largest; what is nearer than `smallest` to 0 or to another is alike.
fn farthest(values: &[f64], defined: &[bool], sign: f64, smallest: f64) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (user, value) in values.iter().map(|value| sign * value).enumerate().filter(|&(user, _)| defined[user]) {
        if value > best.map_or(0.0, |(_, most)| most) + smallest {
            best = Some((user, value));
        }
    }
    best.map(|(user, _)| user)
}

/// The lists of a side under one seed, if they were kept.
fn top(bench: &Bench<'_>, side: usize, seed: u64) -> Result<Option<TopLists>> {
    let side = &bench.sides[side];
    Ok(bench.store.top_lists(&side.run.run, &side.arm, bench.protocol, Some(seed))?.pop())
}

/// What a side shows to a user; `None` where that was not kept.
fn listed(
    bench: &Bench<'_>,
    topic: &Topic,
    side: usize,
    top: Option<&TopLists>,
    user: usize,
) -> Result<Option<Vec<ListedItem>>> {
    let of_user = |top: &TopLists| {
        let place = bench.users().of(top.user_list).iter().position(|&other| other == user)?;
        top.lists.get(place).cloned()
    };
    let Some(mut list) = top.and_then(of_user) else { return Ok(None) };
    let cutoff = usize::try_from(topic.k).unwrap_or(MOST_RANKS);
    list.truncate(if cutoff == 0 { RANKS } else { cutoff.min(MOST_RANKS) });
    let wanted: BTreeSet<u32> = list.iter().map(|&(item, _, _)| item).collect();
    let known = bench.store.items(&bench.sides[side].run.run, &wanted)?;
    let item = |(item, _, relevance): (u32, f32, u8)| {
        // An illustration: an item that a damaged store has lost costs no answer.
        let named = known.get(&item);
        ListedItem {
            title: named.map_or_else(|| format!("item {item}"), Item::shown),
            genres: named.map_or_else(String::new, |named| named.genres.replace('|', ", ")),
            is_relevant: relevance > 0,
        }
    };
    Ok(Some(list.into_iter().map(item).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_users_who_differ_alike_the_first_is_taken() {
        let (values, all) = ([0.0, 0.2, 0.5, 0.500_000_01, -0.3, 0.9], [true, true, true, true, true, false]);
        assert_eq!(farthest(&values, &all, 1.0, 1e-6), Some(2));
        assert_eq!(farthest(&values, &all, 1.0, 1e-9), Some(3));
        assert_eq!(farthest(&values, &all, -1.0, 1e-6), Some(4));
        assert_eq!(farthest(&values, &all, 1.0, 0.6), None);
        assert_eq!(farthest(&values, &all, 0.0, 1e-6), None);
        assert_eq!(farthest(&[], &[], 1.0, 0.0), None);
    }
}
