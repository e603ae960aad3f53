//! Users whom one of two sides serves much better than the other, and what both show to them, so that a person can judge with their own eyes.

use super::bench::Bench;
use super::paired::TIE;
use super::topic::Topic;
use crate::error::Result;
use crate::store::values::TopLists;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Ranks shown at most.
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
/// where several are alike. None where users do not differ, or their lists were not kept.
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
    let n_among = defined.iter().filter(|&&is_defined| is_defined).count();
    let farthest = |sign: f64| {
        let mut best: Option<(usize, f64)> = None;
        for (user, &value) in values.iter().enumerate().filter(|&(user, _)| defined[user]) {
            if sign * value > best.map_or(smallest, |(_, most)| most) {
                best = Some((user, sign * value));
            }
        }
        best
    };
    let mut out = Vec::new();
    for (is_better, sign) in [(true, topic.sign()), (false, -topic.sign())] {
        let Some((user, _)) = farthest(sign) else { continue };
        let id = &bench.users().ids[user];
        let lists = [listed(bench, topic, candidate, seed, user)?, listed(bench, topic, baseline, seed, user)?];
        let [Some(own), Some(other)] = lists else { continue };
        out.push(UserExample {
            is_better,
            seed,
            user: id.clone(),
            n_among,
            candidate: ours.of_seed(0).0[user],
            baseline: theirs.of_seed(0).0[user],
            lists: [own, other],
        });
    }
    Ok(out)
}

/// What a side shows to a user; `None` where that was not kept.
fn listed(bench: &Bench<'_>, topic: &Topic, side: usize, seed: u64, user: usize) -> Result<Option<Vec<ListedItem>>> {
    let side = &bench.sides[side];
    let all = bench.store.top_lists(&side.run.run, &side.arm, bench.protocol)?;
    let of_user = |top: TopLists| {
        let place = bench.users().of(top.user_list).iter().position(|&other| other == user)?;
        top.lists.into_iter().nth(place)
    };
    let Some(mut list) = all.into_iter().find(|top| top.seed == seed).and_then(of_user) else { return Ok(None) };
    let cutoff = usize::try_from(topic.k).unwrap_or(RANKS);
    list.truncate(if cutoff == 0 { RANKS } else { cutoff.min(RANKS) });
    let wanted: BTreeSet<u32> = list.iter().map(|&(item, _, _)| item).collect();
    let known = bench.store.items(&side.run.run, &wanted)?;
    let item = |(item, _, relevance): (u32, f32, u8)| {
        let named = known.get(&item).ok_or_else(|| bench.store.unreadable("a ranking names an unknown item"))?;
        Ok(ListedItem { title: named.shown(), genres: named.genres.replace('|', ", "), is_relevant: relevance > 0 })
    };
    list.into_iter().map(item).collect::<Result<Vec<ListedItem>>>().map(Some)
}
