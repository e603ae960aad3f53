//! What a trial leaves for people to look at: a few users with what every arm shows to them, and how scores are spread, calibrated and alike.

use super::rows::relevant_items;
use crate::dataset::{Dataset, Interactions, ItemIndex, UserIndex, is_relevant};
use crate::evaluation::seen::{SHOWN, Seen};
use crate::evaluation::{Evaluation, Outcome};
use crate::metrics::METRICS;
use crate::rng;
use crate::store::exhibits::{CalibrationBin, Example, Exhibits, Likeness, ScoreRange};
use crate::store::rows::ArmRow;
use std::collections::BTreeMap;

/// Liked items of an example, at most.
const LIKED: usize = 10;
/// The metric that tells winners from losers.
const METRIC: &str = "ndcg";
/// The segmentation whose segments have an example each.
const SEGMENTATION: &str = "user-activity:";

/// A trial and what was measured in it.
pub struct Source<'a> {
    pub dataset: &'a Dataset,
    pub train_full: &'a Interactions,
    pub test: &'a Interactions,
    pub evaluation: &'a Evaluation,
    /// The arms of the trial's run, in the order of its tables.
    pub arms: &'a [ArmRow],
    /// Places of these arms in the evaluation.
    pub places: &'a [usize],
    /// Cutoffs of the experiment.
    pub cutoffs: &'a [usize],
    pub threshold: f64,
    pub seed: u64,
}

/// Values of one arm by user.
type Values = BTreeMap<UserIndex, f32>;

impl Source<'_> {
    /// All exhibits.
    pub fn exhibits(&self) -> Exhibits {
        let mut out = Exhibits::default();
        for outcome in &self.evaluation.protocols {
            let protocol = outcome.protocol;
            out.examples.extend(self.examples(outcome).into_iter().map(|example| (protocol.to_owned(), example)));
            for (arm, &place) in self.places.iter().enumerate() {
                let Some(rows) = &outcome.arms[place].rows else { continue };
                let (arm, protocol) = (arm as i64, protocol.to_owned());
                for (is_relevant, quantiles) in [(false, rows.others), (true, rows.relevant)] {
                    out.score_ranges.extend(quantiles.map(|own| ScoreRange {
                        arm,
                        protocol: protocol.clone(),
                        is_relevant,
                        n: own.n,
                        at: own.at,
                    }));
                }
                out.calibration.extend(rows.calibration.iter().map(|own| CalibrationBin {
                    arm,
                    protocol: protocol.clone(),
                    bin: own.number as u64,
                    n: own.n,
                    predicted: own.predicted,
                    observed: own.observed,
                }));
            }
            let place = |arm: usize| self.places.iter().position(|&place| place == arm);
            out.likenesses.extend(outcome.likenesses.iter().filter_map(|own| {
                // Places in the evaluation may come in another order than the arms of the run.
                let (a, b) = (place(own.arm)?, place(own.other)?);
                let protocol = protocol.to_owned();
                Some(Likeness { protocol, arm: a.min(b) as i64, other: a.max(b) as i64, rho: own.rho, n: own.n })
            }));
        }
        out
    }

    /// A user of each segment of activity, drawn by the seed, and those whom the primary arm serves better and worse than the best base model by the most, of the users
    /// whose scores were kept.
    fn examples(&self, outcome: &Outcome) -> Vec<Example> {
        let Some((metric, k)) = self.metric() else { return Vec::new() };
        let values: Vec<Values> = self.places.iter().map(|&place| values(outcome, place, metric, k)).collect();
        let Some(own) = values.first() else { return Vec::new() };
        let candidates: Vec<&Seen> = outcome.seen.iter().filter(|seen| own.contains_key(&seen.user)).collect();
        let mut chosen: Vec<(&str, &Seen)> = Vec::new();
        let rival = self.rival(&values);
        if let Some((_, rival)) = rival {
            let gain = |seen: &Seen| rival.get(&seen.user).map_or(0.0, |other| own[&seen.user] - other);
            // The first of equals, by number.
            let winner = candidates.iter().rev().max_by(|a, b| gain(a).total_cmp(&gain(b)));
            let loser = candidates.iter().min_by(|a, b| gain(a).total_cmp(&gain(b)));
            chosen.extend(winner.filter(|seen| gain(seen) > 0.0).map(|seen| ("winner", *seen)));
            chosen.extend(loser.filter(|seen| gain(seen) < 0.0).map(|seen| ("loser", *seen)));
        }
        for (name, members) in self.activity().into_iter().rev() {
            let is_free = |seen: &&&Seen| {
                members.binary_search(&seen.user).is_ok() && chosen.iter().all(|(_, other)| other.user != seen.user)
            };
            let free = candidates.iter().filter(is_free);
            let drawn = free.min_by_key(|seen| rng::tie_hash(self.seed, seen.user.0, 1));
            chosen.splice(..0, drawn.map(|seen| (name, *seen)));
        }
        let name = format!("{METRIC}@{k}");
        let rival = rival.map_or("", |(arm, _)| arm.name.as_str());
        let example = |(why, seen): (&str, &Seen)| Example {
            why: why.to_owned(),
            rival: rival.to_owned(),
            n_among: candidates.len() as u64,
            ..self.example(outcome, seen, &name, &values)
        };
        chosen.into_iter().map(example).collect()
    }

    /// The place of the metric, and the cutoff nearest 10, from below if there is one.
    fn metric(&self) -> Option<(usize, usize)> {
        let metric = METRICS.iter().position(|metric| metric.name == METRIC)?;
        let k = self.cutoffs.iter().copied().min_by_key(|&k| if k <= 10 { 10 - k } else { k })?;
        Some((metric, k))
    }

    /// The base model with the highest mean of this trial, the primary arm aside, and its values.
    fn rival<'b>(&'b self, values: &'b [Values]) -> Option<(&'b ArmRow, &'b Values)> {
        let mean = |own: &Values| own.values().map(|&value| f64::from(value)).sum::<f64>() / own.len().max(1) as f64;
        let base = self.arms.iter().zip(values).skip(1).filter(|(arm, own)| arm.role == "base" && !own.is_empty());
        // The first of equals, in the order of tables.
        base.rev().max_by(|a, b| mean(a.1).total_cmp(&mean(b.1)))
    }

    /// Segments of activity with their users, ascending.
    fn activity(&self) -> Vec<(&str, &[UserIndex])> {
        let name = |place: usize| self.evaluation.segments[place].strip_prefix(SEGMENTATION);
        let members = self.evaluation.users.members.iter();
        members.filter_map(|(place, users)| Some((name(*place)?, users.as_slice()))).collect()
    }

    fn example(&self, outcome: &Outcome, seen: &Seen, metric: &str, values: &[Values]) -> Example {
        let at = outcome.user_lists.first().and_then(|everybody| everybody.binary_search(&seen.user).ok());
        let shown = |place: usize| at.map_or(&[][..], |at| outcome.arms[place].top_lists[at].as_slice());
        // Of this run's arms only: the evaluation is shared with other experiments of the plan.
        let tops: Vec<_> = self.places.iter().map(|&place| &shown(place)[..SHOWN.min(shown(place).len())]).collect();
        let labels: BTreeMap<ItemIndex, u8> =
            tops.iter().flat_map(|top| top.iter().map(|&(item, _, label)| (item, label))).collect();
        let items: Vec<ItemIndex> = labels.keys().copied().collect();
        let known: Vec<usize> = items.iter().filter_map(|item| seen.items.binary_search(item).ok()).collect();
        let list = |top: &&[(ItemIndex, f32, u8)]| {
            top.iter().filter_map(|(item, ..)| Some(items.binary_search(item).ok()? as u32)).collect()
        };
        let everybody = &self.evaluation.users;
        let n_ratings = everybody.all.binary_search(&seen.user).map_or(0.0, |at| everybody.n_ratings[at]);
        let (n_liked, liked) = self.liked(seen.user);
        Example {
            why: String::new(),
            rival: String::new(),
            n_among: 0,
            user: self.dataset.user_ids.id(seen.user.at()).to_owned(),
            n_ratings: n_ratings as u64,
            n_liked,
            liked,
            n_relevant: relevant_items(self.test, seen.user, self.threshold).len() as u64,
            metric: metric.to_owned(),
            values: values.iter().map(|own| own.get(&seen.user).copied()).collect(),
            lists: tops.iter().map(list).collect(),
            items: labels.iter().map(|(item, &label)| (item.0, label != 0)).collect(),
            scores: self.places.iter().map(|&place| known.iter().map(|&at| seen.scores[place][at]).collect()).collect(),
        }
    }

    /// How many items a user liked before the test, and some of them: the latest first, without timestamps the best rated.
    fn liked(&self, user: UserIndex) -> (u64, Vec<u32>) {
        let (items, ratings) = self.train_full.of_user(user);
        let times = self.train_full.times_of_user(user);
        let mut liked: Vec<usize> = (0..items.len()).filter(|&at| is_relevant(ratings[at], self.threshold)).collect();
        let time = |at: usize| times.get(at).copied().unwrap_or(0);
        liked.sort_by(|&a, &b| time(b).cmp(&time(a)).then(ratings[b].total_cmp(&ratings[a])).then(a.cmp(&b)));
        (liked.len() as u64, liked.iter().take(LIKED).map(|&at| items[at]).collect())
    }
}

/// Values of an arm by user.
fn values(outcome: &Outcome, place: usize, metric: usize, k: usize) -> Values {
    let of_metric = |own: &&crate::evaluation::UserValues| (own.metric, own.k, own.segment) == (metric, k, 0);
    let Some(own) = outcome.arms[place].user_values.iter().find(of_metric) else { return Values::new() };
    outcome.user_lists[own.user_list].iter().copied().zip(own.values.iter().copied()).collect()
}
