//! One paired comparison: the same users under two arms, one metric.

use super::users::Grid;
use crate::error::Result;
use crate::stats::bootstrap::{self, Estimate, Interval, Method};
use crate::stats::effect_size::effect_size;
use crate::stats::resample::{Resampler, Series};
use crate::stats::sign_test::sign_test;
use crate::stats::wilcoxon::{Zeros, wilcoxon};
use crate::stats::{equivalence, permutation, power, t_test, two_way};
use rayon::prelude::*;
use serde::Serialize;

/// Stream of all resamples and sign flips of comparisons.
pub const SEED: u64 = 1;

/// Fewest users a comparison is made of.
pub const FEWEST: usize = 10;

/// Power that "enough users" means.
pub const POWER: f64 = 0.8;

/// How differences are tested.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rules {
    /// Level of intervals; 1 − level is that of tests.
    pub level: f64,
    /// Bootstrap resamples, and sign flips.
    pub n_resamples: usize,
    /// A difference smaller than this does not matter.
    pub margin: f64,
}

/// What is compared: a metric at a cutoff over some users or items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Metric.
    pub metric: String,
    /// Cutoff; 0 for none.
    pub k: u64,
    /// `all`, or a segment.
    pub segment: String,
    /// `higher`, `lower` or `neutral`.
    pub direction: String,
}

impl Topic {
    /// 1 where more is better, −1 where less is, 0 where neither.
    pub fn sign(&self) -> f64 {
        match self.direction.as_str() {
            "higher" => 1.0,
            "lower" => -1.0,
            _ => 0.0,
        }
    }

    /// As people write it: `NDCG@10`, `recall@10`.
    pub fn label(&self) -> String {
        let name = match self.metric.as_str() {
            name @ ("ndcg" | "map" | "mrr" | "auc") => name.to_uppercase(),
            name => name.to_owned(),
        };
        if self.k == 0 { name } else { format!("{name}@{}", self.k) }
    }
}

/// What is to be compared: the values of both arms.
pub struct Pair<'a> {
    /// Of what.
    pub topic: Topic,
    /// The arm that is asked about.
    pub candidate: &'a Grid,
    /// The arm it is compared with.
    pub baseline: &'a Grid,
}

/// A paired difference: candidate − baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paired {
    /// Of what.
    #[serde(flatten)]
    pub topic: Topic,
    /// Users with a value under both arms.
    pub n_users: usize,
    /// Seeds in which any has one.
    pub n_seeds: usize,
    /// Mean of the candidate over these users.
    pub candidate: f64,
    /// Mean of the baseline.
    pub baseline: f64,
    /// Mean difference, each user's being the mean over the seeds in which it was judged.
    pub uplift: f64,
    /// The same as a share of the baseline; `None` where that is 0.
    pub relative: Option<f64>,
    /// Ends of the interval.
    pub lower: f64,
    /// See `lower`.
    pub upper: f64,
    /// `two-way` (users and seeds) from five seeds on, else `bca-users`.
    pub interval_method: &'static str,
    /// Two-sided p-value of the sign-flip test over users.
    pub p: f64,
    /// The same, adjusted within its family (Holm).
    pub p_adjusted: Option<f64>,
    /// Tests of the family; 0 outside one.
    pub family_size: usize,
    /// Wilcoxon's signed ranks (Pratt); `None` when all users tie.
    pub wilcoxon_p: Option<f64>,
    /// Student's paired t.
    pub t_p: Option<f64>,
    /// Sign test.
    pub sign_p: f64,
    /// Cohen's d_z.
    pub d: Option<f64>,
    /// Hedges' g.
    pub g: Option<f64>,
    /// p-value of the two one-sided tests against ± the margin: small when the difference is shown not to matter.
    pub equivalence_p: Option<f64>,
    /// Users for whom the candidate is better (greater, for a metric without direction).
    pub n_better: usize,
    /// Users without a difference.
    pub n_tied: usize,
    /// Users for whom it is worse.
    pub n_worse: usize,
    /// Users that would show this difference with 80 % power; `None` without one, or beyond 10¹².
    pub users_needed: Option<u64>,
    /// Smallest difference that this many users show with 80 % power.
    pub detectable: Option<f64>,
    /// Mean difference in each seed; `None` where nobody was judged.
    pub by_seed: Vec<Option<f64>>,
    /// Difference of every user that has one, in the order of ids.
    #[serde(skip)]
    pub differences: Vec<f64>,
}

impl Paired {
    /// Whether no user differs.
    pub fn is_identical(&self) -> bool {
        self.n_better + self.n_worse == 0
    }

    /// The p-value that counts: adjusted where it is one of a family.
    pub fn p_value(&self) -> f64 {
        self.p_adjusted.unwrap_or(self.p)
    }

    /// Whether the interval lies on one side of 0 and the test says the same.
    pub fn is_real(&self, level: f64) -> bool {
        self.p_value() < 1.0 - level && (self.lower > 0.0 || self.upper < 0.0)
    }
}

/// Compares many pairs under the same draws; `None` for a pair with fewer than two users. All grids have the same seeds and users.
///
/// # Errors
/// Those of the bootstrap.
pub fn compare(pairs: Vec<Pair<'_>>, rules: Rules) -> Result<Vec<Option<Paired>>> {
    let grids: Vec<Grid> = pairs.iter().map(|pair| pair.candidate.minus(pair.baseline)).collect();
    let users: Vec<_> = grids.iter().map(Grid::over_seeds).collect();
    let Some(first) = users.first() else { return Ok(Vec::new()) };
    let n_seeds = grids[0].seeds.len();
    let resampler = Resampler { n_units: first.values.len(), n_resamples: rules.n_resamples, seed: SEED };
    let intervals: Vec<Option<Interval>> = if n_seeds >= super::intervals::TWO_WAY_FROM {
        over_users_and_seeds(&resampler, &grids, rules.level)?
    } else {
        let series: Vec<Series<'_>> = users.iter().map(super::users::PerUser::series).collect();
        bootstrap::intervals(&resampler, &series, rules.level, Method::Bca)?
    };
    let method = if n_seeds >= super::intervals::TWO_WAY_FROM { "two-way" } else { "bca-users" };
    // A user without a value has a 0, whose flip changes nothing.
    let flipped: Vec<Vec<f64>> = users.iter().map(|user| user.values.clone()).collect();
    let flips = permutation::sign_flip(&flipped, rules.n_resamples, SEED);
    let all = pairs.into_iter().zip(&grids).zip(&users).zip(intervals.into_iter().zip(flips));
    Ok(all
        .map(|(((pair, grid), users), (interval, flip))| {
            let differences = users.present();
            let (interval, n) = (interval?, differences.len());
            let signed: Vec<f64> = if pair.topic.sign() < 0.0 {
                differences.iter().map(|difference| -difference).collect()
            } else {
                differences.clone()
            };
            let sign = sign_test(&signed, rules.level);
            let t = t_test::paired(&differences, rules.level);
            let effect = effect_size(&differences, rules.level);
            let uplift = users.mean()?;
            let baseline = pair.baseline.within(grid).over_seeds().mean()?;
            let alpha = 1.0 - rules.level;
            let sd = t_test::Moments::of(differences.iter().copied()).map_or(0.0, |moments| moments.sd());
            Some(Paired {
                topic: pair.topic,
                n_users: n,
                n_seeds: grid.by_seed().iter().flatten().count(),
                candidate: pair.candidate.within(grid).over_seeds().mean()?,
                baseline,
                uplift,
                relative: (baseline != 0.0).then(|| uplift / baseline.abs()),
                lower: interval.lower,
                upper: interval.upper,
                interval_method: method,
                p: flip.p,
                p_adjusted: None,
                family_size: 0,
                wilcoxon_p: wilcoxon(&differences, Zeros::Pratt).map(|test| test.p),
                t_p: t.map(|test| test.p),
                sign_p: sign.p,
                d: effect.as_ref().map(|effect| effect.d),
                g: effect.as_ref().map(|effect| effect.g),
                equivalence_p: equivalence::tost(&differences, rules.margin),
                n_better: sign.n_better,
                n_tied: sign.n_tied,
                n_worse: sign.n_worse,
                users_needed: effect.as_ref().and_then(|effect| power::required_n(effect.d, alpha, POWER)),
                detectable: (sd > 0.0).then(|| power::minimum_detectable(n as f64, alpha, POWER) * sd),
                by_seed: grid.by_seed(),
                differences,
            })
        })
        .collect())
}

/// Two-way intervals of the mean over users, each user's value being its mean over the seeds that it has: as users count alike, a user's seeds share its weight.
///
/// The weighted mean of a resample is the ratio of two means under the same draws, of `d / n_u` and of `1 / n_u`.
fn over_users_and_seeds(resampler: &Resampler, grids: &[Grid], level: f64) -> Result<Vec<Option<Interval>>> {
    let weights: Vec<Grid> = grids.iter().map(Grid::weights).collect();
    let weighted: Vec<Grid> = grids.iter().zip(&weights).map(|(grid, weights)| grid.times(weights)).collect();
    let series: Vec<Series<'_>> = weighted.iter().chain(&weights).map(Grid::series).collect();
    let mut of_values = two_way::means(resampler, grids[0].seeds.len(), &series)?;
    let of_weights = of_values.split_off(grids.len());
    let interval = |grid: &Grid, values: &[Option<f64>], weights: &[Option<f64>]| {
        let ratio = |(value, weight): (&Option<f64>, &Option<f64>)| Some((*value)? / (*weight)?);
        let means: Vec<Option<f64>> = values.iter().zip(weights).map(ratio).collect();
        let users = grid.over_seeds();
        bootstrap::percentile(&means, &Estimate::of(&users.series())?, level)
    };
    let all = grids.par_iter().zip(of_values.par_iter().zip(&of_weights));
    Ok(all.map(|(grid, (values, weights))| interval(grid, values, weights)).collect())
}

#[cfg(test)]
impl Paired {
    /// A difference of NDCG@10 over 100 users, for tests of what is said about one.
    pub(super) fn example(uplift: f64, (lower, upper): (f64, f64), p: f64) -> Self {
        let topic = Topic { metric: "ndcg".into(), k: 10, segment: "all".into(), direction: "higher".into() };
        Self {
            topic,
            n_users: 100,
            n_seeds: 5,
            candidate: 0.5 + uplift,
            baseline: 0.5,
            uplift,
            relative: Some(uplift / 0.5),
            lower,
            upper,
            interval_method: "two-way",
            p,
            p_adjusted: None,
            family_size: 0,
            wilcoxon_p: Some(p),
            t_p: Some(p),
            sign_p: p,
            d: Some(0.1),
            g: Some(0.1),
            equivalence_p: Some(0.5),
            n_better: 41,
            n_tied: 22,
            n_worse: 37,
            users_needed: Some(800),
            detectable: Some(0.02),
            by_seed: vec![Some(uplift); 5],
            differences: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { level: 0.95, n_resamples: 2000, margin: 0.005 };

    fn grid(values: &[&[f64]]) -> Grid {
        let seeds: Vec<u64> = (1..=values.len() as u64).collect();
        let users: Vec<usize> = (0..values[0].len()).collect();
        let mut grid = Grid::new(&seeds, users.len());
        for (&seed, values) in seeds.iter().zip(values) {
            grid.fill(seed, &users, values.iter().copied());
        }
        grid
    }

    fn topic(direction: &str) -> Topic {
        Topic { metric: "ndcg".into(), k: 10, segment: "all".into(), direction: direction.into() }
    }

    fn one(candidate: &Grid, baseline: &Grid, direction: &str) -> Paired {
        let pair = Pair { topic: topic(direction), candidate, baseline };
        compare(vec![pair], RULES).unwrap().remove(0).unwrap()
    }

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut rng = crate::rng::stream(seed, "paired test", 0);
        (0..n).map(|_| crate::rng::normal(&mut rng)).collect()
    }

    #[test]
    fn swapping_the_sides_negates_and_keeps_every_p() {
        let (a, b) = (noise(80, 1), noise(80, 2));
        let (a, b) = (grid(&[&a[..40], &a[40..]]), grid(&[&b[..40], &b[40..]]));
        let (there, back) = (one(&a, &b, "higher"), one(&b, &a, "higher"));
        assert_eq!((there.uplift, there.lower, there.upper), (-back.uplift, -back.upper, -back.lower));
        assert_eq!((there.n_better, there.n_tied, there.n_worse), (back.n_worse, back.n_tied, back.n_better));
        assert_eq!((there.p, there.t_p, there.wilcoxon_p), (back.p, back.t_p, back.wilcoxon_p));
        assert_eq!((there.users_needed, there.equivalence_p), (back.users_needed, back.equivalence_p));
    }

    #[test]
    fn less_is_better_where_the_metric_says_so() {
        let (a, b) = (grid(&[&[1.0, 2.0, 3.0]]), grid(&[&[2.0, 3.0, 3.0]]));
        let (higher, lower) = (one(&a, &b, "higher"), one(&a, &b, "lower"));
        assert_eq!((higher.n_better, higher.n_worse, higher.n_tied), (0, 2, 1));
        assert_eq!((lower.n_better, lower.n_worse, lower.uplift), (2, 0, higher.uplift));
    }

    #[test]
    fn equal_sides_are_identical_and_nothing_is_undefined() {
        let values = noise(30, 3);
        let same = one(&grid(&[&values]), &grid(&[&values]), "higher");
        assert!(same.is_identical() && !same.is_real(0.95));
        assert_eq!((same.uplift, same.lower, same.upper, same.p), (0.0, 0.0, 0.0, 1.0));
        assert_eq!((same.equivalence_p, same.users_needed, same.d), (Some(0.0), None, None));
    }

    #[test]
    fn a_user_is_one_unit_however_many_seeds_it_was_judged_in() {
        let (a, b) = (noise(50, 4), noise(50, 5));
        let once = one(&grid(&[&a]), &grid(&[&b]), "higher");
        let thrice = one(&grid(&[&a, &a, &a]), &grid(&[&b, &b, &b]), "higher");
        assert_eq!((once.n_users, once.p), (thrice.n_users, thrice.p));
        assert!((once.uplift - thrice.uplift).abs() < 1e-12 && (once.lower - thrice.lower).abs() < 1e-9);
    }

    #[test]
    fn users_count_alike_in_two_way_intervals_however_many_seeds_they_have() {
        // One half of the users has one seed and a difference of 1, the other all five and none.
        let users: Vec<usize> = (0..100).collect();
        let (mut a, mut b) = (Grid::new(&[1, 2, 3, 4, 5], 100), Grid::new(&[1, 2, 3, 4, 5], 100));
        for seed in 1..=5 {
            let there: Vec<usize> =
                users.iter().copied().filter(|user| user % 2 == 1 || user % 10 == 2 * (seed as usize - 1)).collect();
            a.fill(seed, &there, there.iter().map(|user| f64::from(u8::from(user % 2 == 0))));
            b.fill(seed, &there, there.iter().map(|_| 0.0));
        }
        let found = one(&a, &b, "higher");
        assert_eq!((found.uplift, found.interval_method, found.n_users), (0.5, "two-way", 100));
        assert!(found.lower > 0.2 && found.lower < 0.45 && found.upper > 0.55 && found.upper < 0.8, "{found:?}");
    }

    #[test]
    fn a_real_difference_needs_the_test_and_the_interval() {
        let base = noise(200, 6);
        let better: Vec<f64> = base.iter().zip(noise(200, 7)).map(|(value, noise)| value + 0.5 + 0.1 * noise).collect();
        let mut found = one(&grid(&[&better]), &grid(&[&base]), "higher");
        assert!(found.is_real(0.95) && (found.uplift - 0.5).abs() < 0.05 && found.n_better > 195);
        found.p_adjusted = Some(0.2);
        assert!(!found.is_real(0.95), "not after the correction");
    }
}
