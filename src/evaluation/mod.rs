//! Evaluation: every arm ranks every user's candidates, and every metric is taken of that, over all and per segment.
//!
//! Users are worked through in blocks of fixed size; per-user values are averaged in user order afterwards, so that no sum depends on the number of threads.
//! An arm is a column of scores here: this module knows neither models nor stackers, only a [`Scorer`].

mod average;
mod groups;
mod pooled;
pub mod seen;
mod slots;
mod top;
mod users;

use crate::dataset::{Dataset, Interactions, ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::metrics::METRICS;
use crate::protocols::{Generator, Protocol};
use crate::segments::Segmentation;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Scores candidates for all arms of a task at once, so that features are made once per user.
pub trait Scorer: Sync {
    /// Number of arms.
    fn n_arms(&self) -> usize;

    /// What the scores of an arm mean.
    fn scale(&self, arm: usize) -> Scale;

    /// Scores the candidates of some users, each user's ascending, and gives them to `judge`, one user after the other: the user's place, and `[n_arms][n_candidates]`
    /// finite scores. `fallbacks[arm]` grows by how many of them are fallbacks.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`] when asked to stop.
    fn score(
        &self,
        users: &[(UserIndex, &[ItemIndex])],
        asked: Asked,
        fallbacks: &mut [u64],
        judge: &mut dyn FnMut(usize, &[&[f32]]),
    ) -> Result<()>;
}

/// What an arm is asked about some items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The user's own test rows: a score for each of them, to be compared with its rating.
    Rows,
    /// Candidates: which to show first.
    Candidates,
}

/// What is evaluated, and how.
pub struct Setting<'a> {
    /// Catalog and rating range.
    pub dataset: &'a Dataset,
    /// Base and meta part.
    pub train_full: &'a Interactions,
    /// What judges.
    pub test: &'a Interactions,
    /// Protocols, by name.
    pub protocols: &'a [(&'static str, Box<dyn Protocol>)],
    /// Per protocol: the models that propose its candidates.
    pub generators: &'a [Vec<Generator<'a>>],
    /// Cutoffs k, ascending, distinct, 1 or more.
    pub cutoffs: &'a [usize],
    /// A test rating of this or more is relevant.
    pub threshold: f64,
    /// Subsets to report separately.
    pub segments: &'a [&'static Segmentation],
    /// Seed of the trial: for ties and for protocols that draw.
    pub seed: u64,
}

/// Everything measured in one trial.
pub struct Evaluation {
    /// Names of the segments that [`Value::segment`] counts; the first is `all`.
    pub segments: Vec<String>,
    /// One outcome per protocol, in the order of the setting.
    pub protocols: Vec<Outcome>,
    /// Who was judged.
    pub users: JudgedUsers,
}

/// Who was judged, and what is known of them before the test.
pub struct JudgedUsers {
    /// Everybody with a test row, ascending.
    pub all: Vec<UserIndex>,
    /// Of those, the members of each segment of users: `(place of its name, users)`.
    pub members: Vec<(usize, Vec<UserIndex>)>,
    /// Ratings of each in `train_full`.
    pub n_ratings: Vec<f32>,
    /// Their mean, in stars; the mean of all ratings for a user without any.
    pub mean_rating: Vec<f32>,
}

/// Everything measured under one protocol.
pub struct Outcome {
    /// Name of the protocol.
    pub protocol: &'static str,
    /// Lists of users that values and rankings refer to; the first holds everybody who was evaluated, ascending.
    pub user_lists: Vec<Vec<UserIndex>>,
    /// Of those, the ones without a relevant test item.
    pub n_without_relevant: u64,
    /// Of the others, the ones whose candidates are all relevant: every order of them is as good.
    pub n_without_choice: u64,
    /// Length that top lists are cut at.
    pub longest: usize,
    /// Candidates of all users together.
    pub n_candidates: u64,
    /// Per generator of candidates: its name, and the users for whom it had nothing to propose.
    pub silent: Vec<(String, u64)>,
    /// Per arm, in the order of the scorer.
    pub arms: Vec<ArmOutcome>,
    /// The scores behind the lists of some users, ascending.
    pub seen: Vec<seen::Seen>,
    /// How alike arms order the test rows; empty where these are not what is ranked.
    pub likenesses: Vec<seen::Likeness>,
}

/// What one arm reached under one protocol.
#[derive(Default)]
pub struct ArmOutcome {
    /// Metric values, in order of metric, k and segment.
    pub values: Vec<Value>,
    /// What could not be computed, in the same order.
    pub omissions: Vec<Omission>,
    /// Values per user of the metrics that have any, in the same order.
    pub user_values: Vec<UserValues>,
    /// The first `max k` items of every user of the first user list: `(item, score, relevance)`, best first.
    pub top_lists: Vec<Vec<(ItemIndex, f32, u8)>>,
    /// Candidates whose score is a fallback.
    pub n_fallbacks: u64,
    /// How it scores the test rows; `None` where these are not what is ranked.
    pub rows: Option<seen::RowScores>,
}

/// One metric value.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Place in [`METRICS`].
    pub metric: usize,
    /// Cutoff; 0 for none.
    pub k: usize,
    /// Place in [`Evaluation::segments`].
    pub segment: usize,
    /// The value; finite.
    pub value: f64,
    /// Users, or rows, it is taken over.
    pub n: u64,
    /// Users, or rows, of the segment for which it is undefined.
    pub n_left_out: u64,
}

/// A value that there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    /// Place in [`METRICS`].
    pub metric: usize,
    /// Cutoff; 0 for none.
    pub k: usize,
    /// Place in [`Evaluation::segments`].
    pub segment: usize,
    /// Why.
    pub reason: &'static str,
    /// Users, or rows, it would have been taken over.
    pub count: u64,
}

/// One metric, user by user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserValues {
    /// Place in [`METRICS`].
    pub metric: usize,
    /// Cutoff; 0 for none.
    pub k: usize,
    /// Place in [`Evaluation::segments`]: `all`, or a segment of items.
    pub segment: usize,
    /// Place in [`Outcome::user_lists`].
    pub user_list: usize,
    /// One value per user of that list.
    pub values: Vec<f32>,
}

/// Evaluates all arms under all protocols.
///
/// # Errors
/// [`crate::Error::Interrupted`] when asked to stop.
pub fn evaluate(setting: &Setting<'_>, scorer: &dyn Scorer) -> Result<Evaluation> {
    let groups = groups::Groups::new(setting);
    let segments = groups.names();
    let protocols = setting.protocols.iter().enumerate().map(|(place, (name, protocol))| {
        let generators = setting.generators.get(place).map_or(&[][..], Vec::as_slice);
        let slots = slots::slots(METRICS, setting.cutoffs, groups.items.len(), !generators.is_empty());
        let judged = users::judge(setting, scorer, &**protocol, generators, &slots, &groups)?;
        let outcome = outcome(setting, scorer, name, &**protocol, &slots, &groups, &judged)?;
        let silent = silent(generators, &judged);
        Ok(Outcome { silent, seen: judged.users.into_iter().filter_map(|user| user.seen).collect(), ..outcome })
    });
    Ok(Evaluation { protocols: protocols.collect::<Result<_>>()?, users: judged_users(setting, &groups), segments })
}

fn judged_users(setting: &Setting<'_>, groups: &groups::Groups) -> JudgedUsers {
    let train = setting.train_full;
    let all: Vec<UserIndex> = users::with_test_rows(setting.test);
    let everyone = (0..train.n_users() as u32).map(UserIndex);
    let total: f64 = everyone.flat_map(|user| train.of_user(user).1).map(|&rating| f64::from(rating)).sum();
    let overall = total / train.n_rows().max(1) as f64;
    let mean = |user: &UserIndex| {
        let ratings = train.of_user(*user).1;
        let sum: f64 = ratings.iter().map(|&rating| f64::from(rating)).sum();
        if ratings.is_empty() { overall as f32 } else { (sum / ratings.len() as f64) as f32 }
    };
    let members = |(at, group): (usize, &groups::Group)| {
        let members = all.iter().copied().filter(|user| group.has[user.at()]).collect();
        (groups.user_segment(at), members)
    };
    JudgedUsers {
        members: groups.users.iter().enumerate().map(members).collect(),
        n_ratings: all.iter().map(|user| train.of_user(*user).0.len() as f32).collect(),
        mean_rating: all.iter().map(mean).collect(),
        all,
    }
}

fn silent(generators: &[Generator<'_>], judged: &users::Judged) -> Vec<(String, u64)> {
    let count = |at: usize| judged.users.iter().filter(|user| user.is_silent[at]).count() as u64;
    generators.iter().enumerate().map(|(at, generator)| (generator.name.to_owned(), count(at))).collect()
}

/// Turns what every user saw into what every arm reached.
fn outcome(
    setting: &Setting<'_>,
    scorer: &dyn Scorer,
    name: &'static str,
    protocol: &dyn Protocol,
    slots: &[slots::Slot],
    groups: &groups::Groups,
    judged: &users::Judged,
) -> Result<Outcome> {
    let averaged: Vec<(average::Averaged, ArmOutcome)> = (0..scorer.n_arms())
        .into_par_iter()
        .map(|arm| {
            let mut averaged = average::averages(slots, groups, judged, arm);
            let mut pooled = pooled::lists(setting, groups, judged, arm);
            if protocol.is_of_test_rows() {
                pooled.extend(pooled::rows(setting, groups, judged, arm, scorer.scale(arm)));
            } else {
                pooled.extend(pooled::no_rows(setting));
            }
            pooled.into_iter().for_each(|entry| entry.add_to(&mut averaged.values, &mut averaged.omissions));
            averaged.values.sort_by_key(|value| (value.metric, value.k, value.segment));
            averaged.omissions.sort_by_key(|omission| (omission.metric, omission.k, omission.segment));
            let top_lists = judged.users.iter().map(|user| user.arms[arm].top.clone()).collect();
            let n_fallbacks = judged.n_fallbacks[arm];
            let of_rows = protocol.is_of_test_rows();
            let rows = of_rows.then(|| seen::row_scores(setting, &judged.users, arm, scorer.scale(arm)));
            (averaged, ArmOutcome { top_lists, n_fallbacks, rows, ..ArmOutcome::default() })
        })
        .collect();
    crate::parallel::check()?;
    let mut user_lists = UserLists::new(judged);
    let arms = averaged.into_iter().map(|(averaged, arm)| ArmOutcome {
        user_values: averaged.users.into_iter().map(|values| values.named(&mut user_lists)).collect(),
        values: averaged.values,
        omissions: averaged.omissions,
        ..arm
    });
    let of_rows = protocol.is_of_test_rows();
    let likenesses = if of_rows { seen::likenesses(&judged.users, scorer.n_arms())? } else { Vec::new() };
    Ok(Outcome {
        protocol: name,
        longest: setting.cutoffs.last().copied().unwrap_or(0),
        silent: Vec::new(),
        arms: arms.collect(),
        n_without_relevant: judged.users.iter().filter(|user| user.n_relevant == 0).count() as u64,
        n_without_choice: judged.users.iter().filter(|user| user.n_relevant > 0 && !user.has_choice).count() as u64,
        n_candidates: judged.users.iter().map(|user| user.n_candidates as u64).sum(),
        seen: Vec::new(),
        likenesses,
        user_lists: user_lists.lists,
    })
}

/// The distinct lists of users for whom something is defined.
struct UserLists {
    lists: Vec<Vec<UserIndex>>,
    places: BTreeMap<Vec<UserIndex>, usize>,
}

impl UserLists {
    fn new(judged: &users::Judged) -> Self {
        let everybody: Vec<UserIndex> = judged.users.iter().map(|user| user.user).collect();
        Self { places: BTreeMap::from([(everybody.clone(), 0)]), lists: vec![everybody] }
    }

    fn place(&mut self, list: Vec<UserIndex>) -> usize {
        if let Some(&place) = self.places.get(&list) {
            return place;
        }
        self.lists.push(list.clone());
        self.places.insert(list, self.lists.len() - 1);
        self.lists.len() - 1
    }
}

#[cfg(test)]
mod tests;
