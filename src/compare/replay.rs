//! Replayed A/B tests: users assigned at random to one of two arms, each seen under its own arm only, again and again.
//!
//! What an online test would have shown, had the logged test ratings been what users do: how far the observed uplift strays, how often it points to the wrong arm.

use super::users::Grid;
use crate::error::Result;
use crate::stats::cuped::cuped;
use crate::stats::t_test::{Moments, welch};
use crate::{parallel, rng};
use serde::{Deserialize, Serialize};

/// Replays per block of work.
const BLOCK: usize = 32;

/// How a test is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Users of the test; drawn with replacement where that is not all of them. `None`: everybody, once.
    pub n_users: Option<usize>,
    /// Replays.
    pub n_replays: usize,
    /// Share of the users that sees the candidate.
    pub share: f64,
    /// Level of intervals.
    pub level: f64,
}

/// What the replays showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replays {
    /// Replays that could be analysed.
    pub n_replays: usize,
    /// Mean number of users in both groups together.
    pub mean_users: f64,
    /// Mean of the observed uplifts.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// Quantiles 0.025, 0.5 and 0.975 of the observed uplifts.
    pub quantiles: [f64; 3],
    /// Share of replays in which Welch's test is significant, whichever side is ahead.
    pub significant: f64,
    /// What there is to say where one side truly is ahead.
    pub against_truth: Option<AgainstTruth>,
    /// Share of the variance that the covariate explains, mean over replays.
    pub explained: f64,
    /// Every observed uplift.
    pub uplifts: Vec<f64>,
}

/// Replays judged by the uplift over all users under both arms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AgainstTruth {
    /// Share of replays in which Welch's test sees the uplift on the right side.
    pub power: f64,
    /// The same after CUPED.
    pub power_cuped: f64,
    /// Share in which the arm that is behind was ahead.
    pub wrong: f64,
    /// Share in which it was significantly ahead.
    pub wrong_significant: f64,
}

/// One replay.
struct One {
    n: usize,
    uplift: f64,
    p: f64,
    p_cuped: f64,
    explained: f64,
}

/// Replays a test.
///
/// - `truth`: the uplift over all users, whose sign is the right one. `covariate`: known of every user before the test.
/// - A replay takes one seed, as an online test sees one fitted model.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn replays(
    candidate: &Grid,
    baseline: &Grid,
    covariate: &Grid,
    truth: f64,
    design: Design,
) -> Result<Option<Replays>> {
    let both = candidate.minus(baseline);
    let worlds: Vec<Vec<[f64; 3]>> = (0..both.seeds.len())
        .map(|seed| {
            let (mark, a, b, x) =
                (both.of_seed(seed), candidate.of_seed(seed), baseline.of_seed(seed), covariate.of_seed(seed));
            let users = mark.1.iter().enumerate().filter(|(_, is_defined)| **is_defined);
            users.map(|(user, _)| [a.0[user], b.0[user], x.0[user]]).collect()
        })
        .filter(|world: &Vec<[f64; 3]>| world.len() >= 4)
        .collect();
    if worlds.is_empty() {
        return Ok(None);
    }
    let blocks = parallel::map_blocks(design.n_replays, BLOCK, |replays| {
        parallel::check()?;
        Ok(replays.filter_map(|replay| one(&worlds, replay, design)).collect::<Vec<One>>())
    });
    let mut all: Vec<One> = Vec::with_capacity(design.n_replays);
    for block in blocks {
        all.extend(block?);
    }
    Ok(summary(&all, truth, 1.0 - design.level))
}

fn one(worlds: &[Vec<[f64; 3]>], replay: usize, design: Design) -> Option<One> {
    let mut rng = rng::stream(super::paired::SEED, "ab replay", replay as u64);
    let world = &worlds[rng::below(&mut rng, worlds.len() as u64) as usize];
    let mut users: Vec<usize> = match design.n_users {
        Some(n) => (0..n).map(|_| rng::below(&mut rng, world.len() as u64) as usize).collect(),
        None => (0..world.len()).collect(),
    };
    rng::shuffle(&mut rng, &mut users);
    let n = users.len();
    let n_candidate = ((n as f64 * design.share).round() as usize).clamp(2, n.saturating_sub(2).max(2));
    let values: Vec<f64> =
        users.iter().enumerate().map(|(at, &user)| world[user][usize::from(at >= n_candidate)]).collect();
    let covariate: Vec<f64> = users.iter().map(|&user| world[user][2]).collect();
    let test = |values: &[f64]| {
        let (candidate, baseline) = values.split_at(n_candidate.min(values.len()));
        let (candidate, baseline) = (Moments::of(candidate.iter().copied())?, Moments::of(baseline.iter().copied())?);
        let p = welch(&baseline, &candidate, design.level).map_or(1.0, |test| test.p);
        Some((candidate.mean - baseline.mean, p))
    };
    let (uplift, p) = test(&values)?;
    let adjusted = cuped(&values, &covariate);
    let p_cuped = adjusted.as_ref().and_then(|(values, _)| test(values)).map_or(p, |(_, p)| p);
    Some(One { n, uplift, p, p_cuped, explained: adjusted.map_or(0.0, |(_, explained)| explained) })
}

fn summary(all: &[One], truth: f64, alpha: f64) -> Option<Replays> {
    let n = all.len() as f64;
    let uplifts: Vec<f64> = all.iter().map(|one| one.uplift).collect();
    let moments = Moments::of(uplifts.iter().copied())?;
    let mut sorted = uplifts.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let share = |is: &dyn Fn(&One) -> bool| all.iter().filter(|one| is(one)).count() as f64 / n;
    let right = |one: &One| one.uplift * truth > 0.0;
    Some(Replays {
        n_replays: all.len(),
        mean_users: all.iter().map(|one| one.n as f64).sum::<f64>() / n,
        mean: moments.mean,
        sd: moments.sd(),
        quantiles: [quantile(0.025), quantile(0.5), quantile(0.975)],
        significant: share(&|one| one.p < alpha),
        against_truth: (truth != 0.0).then(|| AgainstTruth {
            power: share(&|one| right(one) && one.p < alpha),
            power_cuped: share(&|one| right(one) && one.p_cuped < alpha),
            wrong: share(&|one| one.uplift * truth < 0.0),
            wrong_significant: share(&|one| one.uplift * truth < 0.0 && one.p < alpha),
        }),
        explained: all.iter().map(|one| one.explained).sum::<f64>() / n,
        uplifts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(values: impl Iterator<Item = f64>) -> Grid {
        let values: Vec<f64> = values.collect();
        let mut grid = Grid::new(&[1], values.len());
        grid.fill(1, &(0..values.len()).collect::<Vec<_>>(), values.iter().copied());
        grid
    }

    const DESIGN: Design = Design { n_users: None, n_replays: 400, share: 0.5, level: 0.95 };

    #[test]
    fn without_a_difference_one_in_twenty_tests_is_significant_and_half_point_each_way() {
        let mut rng = rng::stream(1, "replay test", 0);
        let values: Vec<f64> = (0..300).map(|_| rng::normal(&mut rng)).collect();
        let same = grid(values.iter().copied());
        let found = replays(&same, &same, &same, 1.0, DESIGN).unwrap().unwrap();
        let judged = found.against_truth.unwrap();
        assert!((judged.wrong - 0.5).abs() < 0.08 && found.significant < 0.09, "{found:?}");
        assert!((judged.power + judged.wrong_significant - found.significant).abs() < 1e-12);
        let without_truth = replays(&same, &same, &same, 0.0, DESIGN).unwrap().unwrap();
        assert_eq!((without_truth.against_truth, without_truth.significant), (None, found.significant));
        assert!(found.mean.abs() < 0.03 && (found.sd - 2.0 / 300_f64.sqrt()).abs() < 0.02, "{found:?}");
        assert!((found.explained - 1.0).abs() < 1e-9, "the covariate is the value itself");
    }

    #[test]
    fn a_covariate_that_explains_values_makes_the_test_see_more() {
        let mut rng = rng::stream(2, "replay test", 0);
        let covariate: Vec<f64> = (0..200).map(|_| rng::normal(&mut rng)).collect();
        let noise: Vec<f64> = (0..200).map(|_| 0.3 * rng::normal(&mut rng)).collect();
        let base = || covariate.iter().zip(&noise).map(|(x, noise)| x + noise);
        let (a, b) = (grid(base().map(|value| value + 0.25)), grid(base()));
        let found = replays(&a, &b, &grid(covariate.iter().copied()), 0.25, DESIGN).unwrap().unwrap();
        let judged = found.against_truth.unwrap();
        assert!(judged.power < 0.7 && judged.power_cuped > 0.95 && found.explained > 0.8, "{found:?}");
        assert!((found.mean - 0.25).abs() < 0.03 && found.quantiles[0] < found.quantiles[1], "{found:?}");
        let more = Design { n_users: Some(2000), share: 0.2, ..DESIGN };
        let found = replays(&a, &b, &grid(covariate.iter().copied()), 0.25, more).unwrap().unwrap();
        assert!(found.against_truth.unwrap().power > 0.95 && found.mean_users == 2000.0, "{found:?}");
    }
}
