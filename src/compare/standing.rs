//! Where the other arms of a run stand against its primary one: the same paired tests as those of a comparison, corrected over all arms together.

use super::bench::Bench;
use super::comparison::Ranks;
use super::paired::{self, FEWEST, Pair, Paired, Rules};
use super::plan::average_ranks;
use super::question::{MARGIN, Question, rules};
use super::sides::{self, Side};
use super::topic::Topic;
use super::users::Grid;
use super::variation::Variation;
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

/// What the values of users say of the arms of a run under one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Standings {
    /// The other arms against the primary one.
    pub all: Vec<Standing>,
    /// The rules that they were judged by.
    pub rules: Rules,
    /// Average ranks of three arms or more, of all that have values per user.
    pub ranks: Option<Ranks>,
    /// Where the values of each arm differ, with two seeds or more.
    pub variations: Vec<Variation>,
}

impl Standings {
    /// Of a run whose users nobody has asked.
    pub fn none(rules: Rules) -> Self {
        Self { all: Vec::new(), rules, ranks: None, variations: Vec::new() }
    }
}

/// The standings of a run under one protocol; nothing without a primary arm with values. One question among
/// arms that stand there anyway: no look at the test ratings is counted.
///
/// - Cost: that of comparing as many pairs as there are other arms.
///
/// # Errors
/// [`crate::Error::Store`] when the store cannot be read, and [`crate::Error::Interrupted`].
pub fn standings(store: &Store, run: &str, protocol: &str, metric: &str, k: u64) -> Result<Standings> {
    let run = store.identity(run)?;
    let side = |arm: &str| Side { name: arm.to_owned(), arm: arm.to_owned(), run: run.clone() };
    let primary = run.arms.iter().filter(|arm| arm.is_primary);
    let others = run.arms.iter().filter(|arm| !arm.is_primary);
    let sides: Vec<Side> = primary.chain(others).map(|arm| side(&arm.name)).collect();
    let question = Question { margin: Some(MARGIN), ..Question::default() };
    let Some(first) = sides.first() else {
        return Ok(Standings::none(Rules { level: 0.95, n_resamples: 0, margin: MARGIN }));
    };
    let rules = rules(std::slice::from_ref(first), None, &question)?;
    if run.splits.is_empty() || !run.arms.iter().any(|arm| arm.is_primary) {
        return Ok(Standings::none(rules));
    }
    let ground = sides::common_ground(&sides, protocol)?;
    let bench = Bench::new(store, &sides, &ground, protocol)?;
    let mut grids = Vec::new();
    for (at, side) in sides.iter().enumerate() {
        if let Some(grid) = bench.over(at, metric, k, "all")? {
            grids.push((side.arm.clone(), grid));
        } else if at == 0 {
            return Ok(Standings::none(rules));
        }
    }
    let topic = bench.topic(metric, k, "all");
    Ok(Standings {
        ranks: ranks(&grids, topic.sign(), rules.level),
        variations: grids.iter().filter_map(|(arm, grid)| Variation::of(arm, grid)).collect(),
        all: against_first(&grids, &topic, rules)?,
        rules,
    })
}

/// The other arms against the first.
fn against_first(grids: &[(String, Grid)], topic: &Topic, rules: Rules) -> Result<Vec<Standing>> {
    let Some(((_, own), grids)) = grids.split_first() else { return Ok(Vec::new()) };
    let pairs: Vec<Pair<'_>> =
        grids.iter().map(|(_, grid)| Pair { topic: topic.clone(), candidate: own, baseline: grid }).collect();
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
    Ok(all.collect())
}

/// Average ranks as a comparison makes them, of all arms: of some that were chosen by the same values the critical difference would be too small.
fn ranks(grids: &[(String, Grid)], sign: f64, level: f64) -> Option<Ranks> {
    let names: Vec<&str> = grids.iter().map(|(name, _)| name.as_str()).collect();
    let grids: Vec<&Grid> = grids.iter().map(|(_, grid)| grid).collect();
    let found = if grids.len() < 3 { None } else { average_ranks(&names, &grids, sign, level) };
    found.filter(|found| found.n_users >= FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An arm whose users all have one value, but for a bit of their own.
    fn arm(name: &str, value: f64) -> (String, Grid) {
        let mut grid = Grid::new(&[1, 2], 12);
        for seed in [1, 2] {
            grid.fill(seed, &(0..12).collect::<Vec<_>>(), (0..12).map(|user| value + f64::from(user)));
        }
        (name.to_owned(), grid)
    }

    #[test]
    fn ranks_and_their_critical_difference_are_of_all_arms() {
        let mut arms = vec![arm("primary", 0.0)];
        arms.extend((1..=25).map(|n| arm(&format!("n{n}"), f64::from(n))));
        let found = ranks(&arms, 1.0, 0.95).unwrap();
        assert_eq!((found.average.len(), found.n_users), (26, 12));
        // 25 is the best, the primary arm the last.
        assert_eq!((&found.average[0], &found.average[25]), (&("primary".into(), 26.0), &("n25".into(), 1.0)));
        // q(0.05; 26, ∞) = 5.20085 (the integral by another program), / √2 · √(26 · 27 / (6 · 12)).
        let expected = 5.200_85 / 2_f64.sqrt() * (26.0 * 27.0 / 72.0_f64).sqrt();
        assert!((found.critical_difference - expected).abs() < 1e-3, "{}", found.critical_difference);
        // Where less is better the low ones are.
        let found = ranks(&arms, -1.0, 0.95).unwrap();
        assert_eq!((&found.average[0], &found.average[1]), (&("primary".into(), 1.0), &("n1".into(), 2.0)));
    }

    #[test]
    fn two_arms_or_few_users_have_no_ranks() {
        assert_eq!(ranks(&[arm("a", 1.0), arm("b", 2.0)], 1.0, 0.95), None);
        let mut few = arm("c", 3.0);
        few.1 = Grid::new(&[1, 2], 12);
        few.1.fill(1, &[0, 1, 2], [1.0, 2.0, 3.0].into_iter());
        assert_eq!(ranks(&[arm("a", 1.0), arm("b", 2.0), few], 1.0, 0.95), None);
    }
}
