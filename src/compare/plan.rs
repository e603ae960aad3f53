//! What is computed of every pair of sides: the family that decides, and what is only looked at.

use super::bench::Bench;
use super::comparison::Ranks;
use super::paired::{self, FEWEST, Pair, Paired, Rules, TIE};
use super::question::{self, Question, Study};
use super::sides::{self, Side};
use super::topic::Topic;
use super::users::Grid;
use crate::error::{Error, Result, shown};
use crate::metrics::{Compute, METRICS};
use crate::stats::friedman::friedman;
use crate::stats::ties::Rounded;
use crate::suggest;
use std::borrow::Borrow;

/// What is to be computed of every pair.
pub struct Plan {
    /// The metric that decides: `(metric, cutoff)`; so everywhere here.
    pub primary: (String, u64),
    /// Metrics whose tests are corrected together, the primary one first.
    pub family: Vec<(String, u64)>,
    /// Other metrics of relevance.
    exploratory: Vec<(String, u64)>,
    /// Properties of lists.
    lists: Vec<(String, u64)>,
    /// Cutoff that properties of lists are taken at; 0 for none.
    pub k: u64,
    /// `all`, or the one segment that is asked about.
    pub segment: String,
    /// Whether the question is the one that was registered: metric, sides, family, protocol and level.
    pub is_registered: bool,
    /// Segments that are looked at besides.
    segments: Vec<String>,
}

/// What was computed of a pair.
pub struct Found {
    /// The family, the primary metric first.
    pub family: Vec<Paired>,
    /// Other metrics of relevance.
    pub exploratory: Vec<Paired>,
    /// Properties of lists.
    pub lists: Vec<Paired>,
    /// The primary metric by segment.
    pub segments: Vec<Paired>,
    /// Means of candidate and baseline in each seed.
    pub seeds: (Vec<Option<f64>>, Vec<Option<f64>>),
}

impl Plan {
    /// From what was asked and what had been registered.
    ///
    /// # Errors
    /// [`Error::Name`] and [`Error::Usage`] for a metric, cutoff or segment that there is not.
    pub fn new(bench: &Bench<'_>, study: Option<&Study>, question: &Question, rules: Rules) -> Result<Self> {
        let available = bench.available();
        let study = match study.filter(|study| study.protocol == bench.protocol) {
            Some(study) => Some((study, question::metric(&study.primary, None, available)?)),
            None => None,
        };
        let asked = question.metric.as_deref();
        let primary = match &study {
            Some((_, primary)) if asked.is_none() && question.k.is_none() => primary.clone(),
            _ => question::metric(asked.unwrap_or("ndcg"), question.k, available)?,
        };
        let segment = question.segment.clone().unwrap_or_else(|| "all".into());
        let registered = study
            .filter(|(study, registered)| *registered == primary && segment == "all" && study.level == rules.level);
        let k = if primary.1 == 0 {
            question::metric("ndcg", question.k, available).map_or(0, |(_, k)| k)
        } else {
            primary.1
        };
        let is = |name: &str, wanted: fn(&Compute) -> bool| {
            METRICS.iter().any(|metric| metric.name == name && wanted(&metric.compute))
        };
        let at_k = |(_, own): &&(String, u64)| *own == k || *own == 0;
        let relevance: Vec<(String, u64)> = available
            .iter()
            .filter(at_k)
            .filter(|(name, _)| is(name, |compute| matches!(compute, Compute::RelevantAtK(_) | Compute::Relevant(_))))
            .cloned()
            .collect();
        let mut family = vec![primary.clone()];
        let others = match &registered {
            Some((study, _)) => study
                .family
                .iter()
                .map(|text| question::metric(text, Some(k).filter(|&k| k > 0), available))
                .collect::<Result<Vec<_>>>()?,
            // A difference that says nothing is no test to correct the others for; whoever asks for it by name gets it.
            None => {
                let is_empty = sides::is_auc_uneven(bench.sides, bench.protocol);
                relevance.iter().filter(|(name, _)| !(is_empty && name == "auc")).cloned().collect()
            }
        };
        for other in others {
            if !family.contains(&other) {
                family.push(other);
            }
        }
        let lists = available
            .iter()
            .filter(at_k)
            .filter(|(name, _)| is(name, |compute| matches!(compute, Compute::ListAtK(_))))
            .filter(|metric| !family.contains(metric));
        let mut segments: Vec<String> = bench.segments().iter().map(|(name, _)| name.clone()).collect();
        let items = bench.values(0, &primary.0, primary.1)?;
        segments.extend(items.into_iter().map(|(name, _)| name).filter(|name| name != "all"));
        if segment != "all" && !segments.contains(&segment) {
            let help = suggest::allowed(&segment, segments.iter().map(String::as_str));
            return Err(Error::Name { what: "segment", found: shown(&segment), help: Some(help) });
        }
        Ok(Self {
            exploratory: relevance.iter().filter(|metric| !family.contains(metric)).cloned().collect(),
            lists: lists.cloned().collect(),
            k,
            segments: if segment == "all" { segments } else { Vec::new() },
            primary,
            family,
            segment,
            is_registered: registered.is_some(),
        })
    }

    /// Tests that are corrected together when so many pairs of sides are compared.
    pub fn n_tests(&self, n_pairs: usize) -> usize {
        n_pairs * self.family.len().max(self.segments.len())
    }

    /// Compares two sides, by their places.
    ///
    /// # Errors
    /// [`Error::Usage`] for too few users.
    pub fn compare(
        &self,
        bench: &Bench<'_>,
        (candidate, baseline): (usize, usize),
        rules: Rules,
        n_tests: usize,
    ) -> Result<Found> {
        let mut topics: Vec<Topic> = Vec::new();
        for (metric, k) in self.family.iter().chain(&self.exploratory).chain(&self.lists) {
            topics.push(bench.topic(metric, *k, &self.segment));
        }
        let n_plain = topics.len();
        let (metric, k) = &self.primary;
        topics.extend(self.segments.iter().map(|segment| bench.topic(metric, *k, segment)));
        let empty = || Grid::new(bench.seeds, bench.users().n());
        let mut grids = Vec::with_capacity(topics.len());
        for Topic { metric, k, segment, .. } in &topics {
            let one = |side| Ok(bench.over(side, metric, *k, segment)?.unwrap_or_else(empty));
            grids.push((one(candidate)?, one(baseline)?));
        }
        let seeds = {
            let both = grids[0].0.minus(&grids[0].1);
            (grids[0].0.within(&both).by_seed(), grids[0].1.within(&both).by_seed())
        };
        let pairs = topics.into_iter().zip(&grids);
        let pairs = pairs.map(|(topic, (candidate, baseline))| Pair { topic, candidate, baseline }).collect();
        let mut found = paired::compare(pairs, rules, n_tests)?;
        let primary = found.first().and_then(Option::as_ref);
        let n_users = primary.map_or(0, |primary| primary.n_users);
        if n_users < FEWEST {
            return Err(Error::usage(
                format!(
                    "{n_users} users have a value of {} under both {} and {}, expected {FEWEST} or more",
                    bench.topic(metric, *k, "all").label(),
                    bench.sides[candidate].name,
                    bench.sides[baseline].name
                ),
                "a difference over so few users says nothing; take more data or a larger segment",
            ));
        }
        let segments: Vec<Paired> = found.split_off(n_plain).into_iter().flatten().filter(is_enough).collect();
        let mut plain = found.into_iter();
        let mut take = |n: usize| plain.by_ref().take(n).flatten().filter(is_enough).collect::<Vec<Paired>>();
        let (family, exploratory) = (take(self.family.len()), take(self.exploratory.len()));
        Ok(Found { family, exploratory, lists: take(self.lists.len()), segments, seeds })
    }

    /// Average ranks of all sides over users; `None` without differences.
    ///
    /// # Errors
    /// Those of the store.
    pub fn ranks(&self, bench: &Bench<'_>, sides: &[Side], rules: Rules) -> Result<Option<Ranks>> {
        let (metric, k) = &self.primary;
        let mut grids = Vec::new();
        for side in 0..sides.len() {
            let Some(grid) = bench.over(side, metric, *k, &self.segment)? else { return Ok(None) };
            grids.push(grid);
        }
        let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
        Ok(average_ranks(&names, &grids, bench.topic(metric, *k, &self.segment).sign(), rules.level))
    }
}

/// Average ranks over the users that all sides have, by Friedman's test; `None` without differences. `sign`: 1 where larger is better, −1 where smaller is.
pub(super) fn average_ranks<G: Borrow<Grid>>(names: &[&str], grids: &[G], sign: f64, level: f64) -> Option<Ranks> {
    let arms = tied(grids, sign);
    friedman(&arms).map(|test| Ranks {
        average: names.iter().map(|&name| name.to_owned()).zip(test.average_ranks.iter().copied()).collect(),
        critical_difference: test.critical_difference(1.0 - level),
        p: test.f_p,
        n_users: test.n_blocks,
    })
}

/// Means of the users that all sides have, larger being better; users in whom sides are equal but for the rounding of the store have equal values.
fn tied<G: Borrow<Grid>>(grids: &[G], sign: f64) -> Vec<Vec<f64>> {
    let grids: Vec<&Grid> = grids.iter().map(Borrow::borrow).collect();
    let shared = grids.iter().skip(1).fold(grids[0].clone(), |shared, grid| shared.within(grid));
    let largest = grids.iter().map(|grid| grid.largest(&shared)).fold(0.0, f64::max);
    let means = grids.iter().map(|grid| grid.within(&shared).over_seeds().present());
    let signed: Vec<f64> = means.flatten().map(|value| sign * value).collect();
    let n_users = signed.len() / grids.len();
    Rounded::new(signed, TIE * largest).values.chunks(n_users.max(1)).map(<[f64]>::to_vec).collect()
}

/// Whether there are users enough for an interval to mean something.
fn is_enough(paired: &Paired) -> bool {
    paired.n_users >= FEWEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_that_are_equal_but_for_the_rounding_of_the_store_share_a_rank() {
        // In two seeds 0.3 and 0.6, and 0.2 and 0.7: both 0.45, but not as f32.
        let grid = |values: [f32; 2]| {
            let mut grid = Grid::new(&[1, 2], 3);
            for (seed, value) in [1, 2].into_iter().zip(values) {
                grid.fill(seed, &[0, 1, 2], [f64::from(value), 0.5, 0.0].into_iter());
            }
            grid
        };
        let mut partial = grid([0.1, 0.1]);
        partial = partial.within(&{
            let mut two = Grid::new(&[1, 2], 3);
            two.fill(1, &[0, 2], [1.0, 1.0].into_iter());
            two.fill(2, &[0, 2], [1.0, 1.0].into_iter());
            two
        });
        let (one, other) = (grid([0.3, 0.6]), grid([0.2, 0.7]));
        assert_ne!(one.over_seeds(), other.over_seeds(), "the noise is there");
        let arms = tied(&[one.clone(), other, partial], 1.0);
        assert_eq!((arms.len(), arms[0].len()), (3, 2), "users that all have");
        assert_eq!(arms[0], arms[1]);
        assert!(arms[0][0] > arms[2][0] && arms[0][1] == arms[2][1]);
        assert!(tied(&[one.clone(), one], -1.0)[0][0] < 0.0);
    }
}
