//! One paired comparison: the same users under two arms, one metric.

use super::intervals::{TWO_WAY, TWO_WAY_FROM};
use super::topic::Topic;
use super::users::{Grid, PerUser};
use crate::error::Result;
use crate::stats::bootstrap::{self, Interval, Method};
use crate::stats::effect_size::effect_size;
use crate::stats::resample::{Resampler, Series};
use crate::stats::sign_test::sign_test;
use crate::stats::ties::Rounded;
use crate::stats::wilcoxon::{Zeros, wilcoxon};
use crate::stats::{equivalence, permutation, power, t_test, two_way};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Stream of all resamples and sign flips of comparisons.
pub const SEED: u64 = 1;

/// Fewest users a comparison is made of.
pub const FEWEST: usize = 10;

/// Sign flips at most, however many tests are corrected together.
const MOST_FLIPS: usize = 200_000;

/// Power that "enough users" means.
pub const POWER: f64 = 0.8;

/// Differences of users that are nearer than this share of the largest value tie. Values are stored as f32, which moves each by up to 2⁻²⁴ of its size, a
/// difference by 2⁻²³ of the largest, and two differences that were equal apart by 2⁻²² or 2.4e-7; this is twice that.
pub const TIE: f64 = 5e-7;

/// How differences are tested.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Level of intervals; 1 − level is that of tests.
    pub level: f64,
    /// Bootstrap resamples, and sign flips.
    pub n_resamples: usize,
    /// A difference smaller than this does not matter.
    pub margin: f64,
}

impl Rules {
    /// Sign flips of each of so many tests that are corrected together: enough for Holm's smallest level, `(1 − level) / n_tests`, to be reached with room to
    /// spare, since no flip at all leaves p = 1 / (n + 1).
    pub fn n_flips(&self, n_tests: usize) -> usize {
        let wanted = (4.0 * n_tests as f64 / (1.0 - self.level)).ceil();
        self.n_resamples.max(wanted.min(MOST_FLIPS as f64) as usize)
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// `two-way` (users and seeds) from five seeds on, else `bca-users`; that too where all values are of one seed.
    pub interval_method: Cow<'static, str>,
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
    /// Difference of every user that has one, in the order of ids; written with the primary metric only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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

    /// Whether the two one-sided tests, which know users only, see the difference within the margin.
    pub fn is_equivalent_over_users(&self, rules: Rules) -> bool {
        self.equivalence_p.is_some_and(|p| p < 1.0 - rules.level)
    }

    /// Whether the difference is shown not to matter: to these tests and, where seeds are resampled too, to the interval over both.
    pub fn is_equivalent(&self, rules: Rules) -> bool {
        let is_within = self.lower > -rules.margin && self.upper < rules.margin;
        self.is_equivalent_over_users(rules) && (is_within || self.interval_method != TWO_WAY)
    }
}

/// Compares many pairs under the same draws; `None` for a pair with fewer than two users. All grids have the same seeds and users.
///
/// `n_tests`: how many tests of how many pairs are corrected together, for which the smallest possible p has to be small enough.
///
/// Users whose differences are equal but for the rounding of the store are made to tie ([`TIE`]), once and before every test.
///
/// # Errors
/// Those of the bootstrap, and [`crate::Error::Interrupted`].
pub fn compare(pairs: Vec<Pair<'_>>, rules: Rules, n_tests: usize) -> Result<Vec<Option<Paired>>> {
    let grids: Vec<Grid> = pairs.iter().map(|pair| pair.candidate.minus(pair.baseline)).collect();
    let (mut users, mut flipped) = (Vec::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
    for (pair, grid) in pairs.iter().zip(&grids) {
        let largest = pair.candidate.largest(grid).max(pair.baseline.largest(grid));
        let PerUser { values, defined } = grid.over_seeds();
        // A user without a value has a 0, whose flip changes nothing.
        let rounded = Rounded::new(values, TIE * largest);
        users.push(PerUser { values: rounded.values.clone(), defined });
        flipped.push(rounded);
    }
    let intervals = intervals(&grids, &users, rules)?;
    let flips = permutation::sign_flip(&flipped, rules.n_flips(n_tests), SEED)?;
    let all = pairs.into_iter().zip(&grids).zip(&users).zip(intervals.into_iter().zip(flips));
    let mut detectable = BTreeMap::new();
    let found = all.map(|(((pair, grid), users), (interval, flip))| {
        one(pair, grid, users, interval?, flip.p, rules, &mut detectable)
    });
    Ok(found.collect())
}

/// The interval of every mean with its method: over users and seeds from five seeds on, else, or where all values are of one seed, over users.
fn intervals(grids: &[Grid], users: &[PerUser], rules: Rules) -> Result<Vec<Option<(Interval, &'static str)>>> {
    let Some(first) = users.first() else { return Ok(Vec::new()) };
    let resampler = Resampler { n_units: first.values.len(), n_resamples: rules.n_resamples, seed: SEED };
    let mut out = vec![None; grids.len()];
    if grids[0].seeds.len() >= TWO_WAY_FROM {
        let series: Vec<Series<'_>> = grids.iter().map(Grid::series).collect();
        let found = two_way::intervals(&resampler, grids[0].seeds.len(), &series, rules.level)?;
        out = found.into_iter().map(|interval| Some((interval?, TWO_WAY))).collect();
    }
    let rest: Vec<usize> = (0..grids.len()).filter(|&at| out[at].is_none()).collect();
    let series: Vec<Series<'_>> = rest.iter().map(|&at| users[at].series()).collect();
    for (&at, interval) in rest.iter().zip(bootstrap::intervals(&resampler, &series, rules.level, Method::Bca)?) {
        out[at] = interval.map(|interval| (interval, "bca-users"));
    }
    Ok(out)
}

fn one(
    pair: Pair<'_>,
    grid: &Grid,
    users: &PerUser,
    (interval, interval_method): (Interval, &'static str),
    p: f64,
    rules: Rules,
    detectable: &mut BTreeMap<usize, f64>,
) -> Option<Paired> {
    let differences = users.present();
    let n = differences.len();
    let sign = if pair.topic.sign() < 0.0 { -1.0 } else { 1.0 };
    let signs = sign_test(&differences.iter().map(|difference| sign * difference).collect::<Vec<_>>(), rules.level);
    let effect = effect_size(&differences, rules.level);
    let uplift = users.mean()?;
    let baseline = pair.baseline.within(grid).over_seeds().mean()?;
    let alpha = 1.0 - rules.level;
    let sd = t_test::Moments::of(differences.iter().copied()).map_or(0.0, |moments| moments.sd());
    let by_seed = grid.by_seed();
    // Depends on the number of users alone, which most pairs share.
    let mut smallest = || *detectable.entry(n).or_insert_with(|| power::minimum_detectable(n as f64, alpha, POWER));
    Some(Paired {
        topic: pair.topic,
        n_users: n,
        n_seeds: by_seed.iter().flatten().count(),
        candidate: pair.candidate.within(grid).over_seeds().mean()?,
        baseline,
        uplift,
        relative: (baseline != 0.0).then(|| uplift / baseline.abs()),
        lower: interval.lower,
        upper: interval.upper,
        interval_method: interval_method.into(),
        p,
        p_adjusted: None,
        family_size: 0,
        wilcoxon_p: wilcoxon(&differences, Zeros::Pratt).map(|test| test.p),
        t_p: t_test::paired(&differences, rules.level).map(|test| test.p),
        sign_p: signs.p,
        d: effect.as_ref().map(|effect| effect.d),
        g: effect.as_ref().map(|effect| effect.g),
        equivalence_p: equivalence::tost(&differences, rules.margin),
        n_better: signs.n_better,
        n_tied: signs.n_tied,
        n_worse: signs.n_worse,
        users_needed: effect.as_ref().and_then(|effect| power::required_n(effect.d, alpha, POWER)),
        detectable: (sd > 0.0).then(|| sd * smallest()),
        by_seed,
        differences,
    })
}

#[cfg(test)]
impl Paired {
    /// A difference of NDCG@10 over 100 users, for tests of what is said about one.
    pub(crate) fn example(uplift: f64, (lower, upper): (f64, f64), p: f64) -> Self {
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
            interval_method: TWO_WAY.into(),
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
