//! The two-sample view of an A/B test: users under one side each, in numbers that need no replay.

use super::ab::Primary;
use super::paired::{POWER, Paired, Rules};
use super::users::Grid;
use crate::stats::power::{self, Groups};
use crate::stats::proportions::{TwoShares, two_shares};
use crate::stats::t_test::Moments;
use serde::Serialize;

/// Two independent groups: the share of users who were shown something relevant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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

/// Every other user under the candidate, the rest under the baseline: who was shown anything relevant in the first seed.
pub fn hits(primary: &Primary, rules: Rules) -> Option<Hits> {
    if primary.topic.metric != "engagement" {
        return None;
    }
    let both = primary.candidate.minus(&primary.baseline);
    let (defined, a, b) = (both.of_seed(0).1, primary.candidate.of_seed(0).0, primary.baseline.of_seed(0).0);
    let users: Vec<usize> = (0..defined.len()).filter(|&user| defined[user]).collect();
    let count = |half: usize, values: &[f64]| {
        let half = users.iter().skip(half).step_by(2);
        (half.clone().filter(|&&user| values[user] > 0.0).count(), half.count())
    };
    let TwoShares { difference, p, .. } = two_shares(count(1, b), count(0, a), rules.level)?;
    let share = |(n_hits, n): (usize, usize)| n_hits as f64 / n.max(1) as f64;
    Some(Hits {
        candidate: share(count(0, a)),
        baseline: share(count(1, b)),
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
