//! Where the other arms of a run stand against its primary one: the same paired tests as those of a comparison, corrected over all arms together.

use super::bench::Bench;
use super::paired::{self, FEWEST, Pair, Paired, Rules};
use super::question::{MARGIN, Question, rules};
use super::sides::{self, Side};
use super::verdict::{Decision, decide};
use crate::error::Result;
use crate::stats::multiple::holm;
use crate::store::Store;

/// One arm against the primary one.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The other arm.
    pub arm: String,
    /// The primary arm's value less the other's.
    pub difference: Paired,
    /// What that says of the primary arm.
    pub decision: Decision,
}

/// The standings of a run under one protocol, and the rules that they were judged by; nothing without a primary arm, another one, or users enough. One question among
/// arms that stand there anyway: no look at the test ratings is counted.
///
/// - Cost: that of comparing as many pairs as there are other arms.
///
/// # Errors
/// [`crate::Error::Store`] when the store cannot be read, and [`crate::Error::Interrupted`].
pub fn standings(store: &Store, run: &str, protocol: &str, metric: &str, k: u64) -> Result<(Vec<Standing>, Rules)> {
    let run = store.identity(run)?;
    let side = |arm: &str| Side { name: arm.to_owned(), arm: arm.to_owned(), run: run.clone() };
    let primary = run.arms.iter().filter(|arm| arm.is_primary);
    let others = run.arms.iter().filter(|arm| !arm.is_primary);
    let sides: Vec<Side> = primary.chain(others).map(|arm| side(&arm.name)).collect();
    let question = Question { margin: Some(MARGIN), ..Question::default() };
    let Some(first) = sides.first() else {
        return Ok((Vec::new(), Rules { level: 0.95, n_resamples: 0, margin: MARGIN }));
    };
    let rules = rules(std::slice::from_ref(first), None, &question)?;
    if run.splits.is_empty() || !run.arms.iter().any(|arm| arm.is_primary) {
        return Ok((Vec::new(), rules));
    }
    let ground = sides::common_ground(&sides, protocol)?;
    let bench = Bench::new(store, &sides, &ground, protocol)?;
    let Some(own) = bench.over(0, metric, k, "all")? else { return Ok((Vec::new(), rules)) };
    let mut grids = Vec::new();
    for (at, side) in sides.iter().enumerate().skip(1) {
        if let Some(grid) = bench.over(at, metric, k, "all")? {
            grids.push((side.arm.clone(), grid));
        }
    }
    let topic = bench.topic(metric, k, "all");
    let pairs: Vec<Pair<'_>> =
        grids.iter().map(|(_, grid)| Pair { topic: topic.clone(), candidate: &own, baseline: grid }).collect();
    let n_tests = pairs.len();
    let found = paired::compare(pairs, rules, n_tests)?;
    let named = grids.iter().map(|(arm, _)| arm.clone()).zip(found);
    let mut named: Vec<(String, Paired)> = named.filter_map(|(arm, found)| Some((arm, found?))).collect();
    named.retain(|(_, found)| found.n_users >= FEWEST);
    let adjusted = holm(&named.iter().map(|(_, found)| found.p).collect::<Vec<f64>>());
    let n = named.len();
    let all = named.into_iter().zip(adjusted).map(|((arm, mut difference), p)| {
        (difference.p_adjusted, difference.family_size) = (Some(p), n);
        Standing { arm, decision: decide(&difference, rules), difference }
    });
    Ok((all.collect(), rules))
}
