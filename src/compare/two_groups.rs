//! The two-sample view of an A/B test: users under one side each, in numbers that need no replay.

use super::ab::Primary;
use super::paired::{POWER, Paired, Rules, SEED};
use super::users::Grid;
use crate::rng;
use crate::stats::power::{self, Groups};
use crate::stats::proportions::{TwoShares, two_shares};
use crate::stats::t_test::Moments;
use serde::{Deserialize, Serialize};

/// Two independent groups: the share of users who were shown something relevant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hits {
    /// Of those who saw the candidate.
    pub candidate: f64,
    /// Of those who saw the baseline.
    pub baseline: f64,
    /// Difference.
    pub difference: f64,
    /// Lower end of Newcombe's interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// p-value of the two-proportion z test; `None` where all or none were.
    pub p: Option<f64>,
}

/// How values of single trials spread in two groups of other users.
pub fn groups(primary: &Primary, share: f64) -> Option<Groups> {
    let both = primary.candidate.minus(&primary.baseline);
    let moments = |grid: &Grid| {
        let within = grid.within(&both);
        let (values, defined) = within.parts();
        let values: Vec<f64> = values.iter().zip(defined).filter(|(_, is)| **is).map(|(value, _)| *value).collect();
        Moments::of(values.into_iter())
    };
    Some(Groups::of(&moments(&primary.baseline)?, &moments(&primary.candidate)?, share))
}

/// One half of the users under the candidate, the rest under the baseline, by a seeded draw: who was shown anything relevant in the first seed.
pub fn hits(primary: &Primary, rules: Rules) -> Option<Hits> {
    if primary.topic.metric != "engagement" {
        return None;
    }
    let both = primary.candidate.minus(&primary.baseline);
    let (defined, a, b) = (both.of_seed(0).1, primary.candidate.of_seed(0).0, primary.baseline.of_seed(0).0);
    // By a draw, not by turns: ids may be dealt out by a rule, such as every other one to a group.
    let mut users: Vec<usize> = (0..defined.len()).filter(|&user| defined[user]).collect();
    rng::shuffle(&mut rng::stream(SEED, "ab halves", 0), &mut users);
    let (first, second) = users.split_at(users.len().div_ceil(2));
    let count = |half: &[usize], values: &[f64]| (half.iter().filter(|&&user| values[user] > 0.0).count(), half.len());
    let (of_candidate, of_baseline) = (count(first, a), count(second, b));
    let TwoShares { difference, p, .. } = two_shares(of_baseline, of_candidate, rules.level)?;
    let share = |(n_hits, n): (usize, usize)| n_hits as f64 / n.max(1) as f64;
    Some(Hits {
        candidate: share(of_candidate),
        baseline: share(of_baseline),
        difference: difference.estimate,
        lower: difference.lower,
        upper: difference.upper,
        p,
    })
}

/// Power of the two-sample test, after CUPED, and of the paired test, over users.
pub fn curves(found: &Paired, groups: Option<Groups>, cuped: Option<Groups>, alpha: f64) -> [Vec<(u64, f64)>; 3] {
    let needed =
        groups.and_then(|groups| groups.required_n(found.uplift, alpha, POWER)).unwrap_or(found.n_users as u64);
    let most = needed.clamp(found.n_users as u64, 1_000_000_000) as f64 * 3.0;
    let step = (most / 10.0).ln() / 40.0;
    let mut users: Vec<u64> = (0..=40).map(|at| (10.0 * (step * f64::from(at)).exp()).round() as u64).collect();
    users.dedup();
    let two_sample = |groups: Option<Groups>| -> Vec<(u64, f64)> {
        let Some(groups) = groups.filter(|_| found.uplift != 0.0) else { return Vec::new() };
        users.iter().map(|&n| (n, groups.power(found.uplift, n as f64, alpha))).collect()
    };
    let d = found.d.filter(|&d| d != 0.0);
    let paired = d.map_or_else(Vec::new, |d| users.iter().map(|&n| (n, power::paired(d, n as f64, alpha))).collect());
    [two_sample(groups), two_sample(cuped), paired]
}

#[cfg(test)]
mod tests {
    use super::super::topic::Topic;
    use super::*;

    #[test]
    fn halves_are_drawn_and_not_dealt_out_in_turn() {
        // Every other user is shown something relevant, by either arm: halves that took turns would see 1 and 0.
        let mut grid = Grid::new(&[1], 400);
        grid.fill(1, &(0..400).collect::<Vec<_>>(), (0..400).map(|user| f64::from(user % 2)));
        let topic = Topic { metric: "engagement".into(), k: 10, segment: "all".into(), direction: "higher".into() };
        let primary = Primary { topic, candidate: grid.clone(), baseline: grid };
        let rules = Rules { level: 0.95, n_resamples: 100, margin: 0.005 };
        let found = hits(&primary, rules).unwrap();
        assert!((found.candidate - 0.5).abs() < 0.15 && (found.baseline - 0.5).abs() < 0.15, "{found:?}");
        assert!((found.candidate + found.baseline - 1.0).abs() < 1e-12, "two halves of the same users");
        assert!(found.lower < 0.0 && found.upper > 0.0 && found.p.is_some(), "{found:?}");
        assert_eq!(hits(&primary, rules), Some(found));
    }
}
