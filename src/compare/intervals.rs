//! Intervals on every run: each value of each arm gets one, made from what the store holds of every user.
//!
//! - A metric that every user has: BCa bootstrap over users, a user's value being the mean over the seeds in which it was evaluated. Users are drawn once for all arms.
//! - With five seeds or more also the two-way bootstrap over users and seeds, over everybody at the cutoff nearest 10; of the same mean over users.
//! - A metric of all lists or rows together (coverage, RMSE) has no value per user: Student's t over the seeds, from two on.

use super::agreement;
use super::users::{Grid, PerUser, Users};
use crate::error::Result;
use crate::key::{Key, KeyBuilder};
use crate::parallel;
use crate::stats::bootstrap::{self, Interval, Method};
use crate::stats::resample::{Resampler, Series};
use crate::stats::{t_test, two_way};
use crate::store::Store;
use crate::store::inference::IntervalRow;
use crate::store::values::{Measure, Members};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Stream of the resamples; one for all, so that a value has the same interval wherever it stands.
pub const SEED: u64 = 0;

/// Measures that are looked at together at most, and the values of an arm that may be held for that.
const MEASURES: usize = 16;
const HELD: usize = 1 << 21;

/// Seeds from which on seeds are resampled too.
pub const TWO_WAY_FROM: usize = 5;

/// Name of the interval over users and seeds.
pub const TWO_WAY: &str = "two-way";

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Level, in (0, 1).
    pub level: f64,
    /// Resamples.
    pub n_resamples: usize,
}

/// Intervals that are known already: runs share arms, and an arm its values.
#[derive(Debug, Default)]
pub struct Known(BTreeMap<Key, Option<Interval>>);

/// Stores the intervals of a complete run that has none, and how far its protocols agree. Returns whether there was anything to do.
///
/// # Errors
/// Those of the store, and [`crate::Error::Interrupted`].
pub fn complete(store: &mut Store, run: &str, known: &mut Known) -> Result<bool> {
    let seeds = store.seeds(run)?;
    let is_complete = !seeds.is_empty() && seeds.len() as u64 >= store.n_trials(run)?;
    // Seeds that came later make other intervals.
    if !is_complete || store.interval_seeds(run)? == Some(seeds.len() as u64) {
        return Ok(false);
    }
    let rows = Maker::new(store, run, seeds, known)?.rows()?;
    agreement::complete(store, run)?;
    // Last: a run with intervals has everything.
    store.write_intervals(run, &rows)?;
    Ok(true)
}

/// Level and resamples that a run asks for.
pub fn settings(store: &Store, run: &str) -> Result<Settings> {
    let params = store.details(run)?.params;
    let number = |name: &str| params.get(name).and_then(|value| value.parse::<f64>().ok());
    let level = number("statistics.level").unwrap_or(0.95);
    Ok(Settings { level, n_resamples: number("statistics.resamples").map_or(Resampler::DEFAULT, |n| n as usize) })
}

struct Maker<'a> {
    store: &'a Store,
    run: &'a str,
    seeds: Vec<u64>,
    settings: Settings,
    users: Users,
    /// Who is in which segment of users in which trial: 1 where a member.
    segments: Vec<(String, Grid)>,
    known: &'a mut Known,
}

/// Values that want intervals.
struct Line<'a> {
    measure: &'a Measure,
    arm: String,
    /// `all`, or a segment of items.
    segment: String,
    grid: Grid,
}

impl<'a> Maker<'a> {
    fn new(store: &'a Store, run: &'a str, seeds: Vec<u64>, known: &'a mut Known) -> Result<Self> {
        let users = Users::new(&store.user_lists(run)?);
        let segments = segments(&store.members(run)?, &users, &seeds);
        Ok(Self { store, run, settings: settings(store, run)?, seeds, users, segments, known })
    }

    fn rows(mut self) -> Result<Vec<IntervalRow>> {
        let (mut out, measures) = (Vec::new(), self.store.measures(self.run)?);
        let is_headline = |measure: &Measure| {
            let same = |other: &&Measure| (&other.protocol, &other.metric) == (&measure.protocol, &measure.metric);
            measures.iter().filter(same).min_by_key(|other| (other.k.abs_diff(10), other.k)) == Some(measure)
        };
        let n_together = (HELD / (self.users.n().max(1) * self.seeds.len().max(1))).clamp(1, MEASURES);
        for some in measures.chunks(n_together) {
            parallel::check()?;
            let mut table = Vec::new();
            for measure in some {
                let grids = grids(self.store, self.run, measure, None, &self.users, &self.seeds)?;
                table.extend(grids.into_iter().map(|((arm, segment), grid)| Line { measure, arm, segment, grid }));
            }
            self.of_users(&table, is_headline, &mut out)?;
        }
        self.over_seeds(&measures, &mut out)?;
        Ok(out)
    }

    /// The intervals of some lines, over everybody and every segment: many at once, because they share the drawing of users.
    fn of_users(
        &mut self,
        table: &[Line<'_>],
        is_headline: impl Fn(&Measure) -> bool,
        out: &mut Vec<IntervalRow>,
    ) -> Result<()> {
        let values: Vec<PerUser> = table.par_iter().map(|line| line.grid.over_seeds()).collect();
        let found = self.bca(&values)?;
        put(out, table.iter().map(|line| (line, line.segment.as_str())), found, "bca-users");
        let whole: Vec<&Line<'_>> = table.iter().filter(|line| line.segment == "all").collect();
        if self.seeds.len() >= TWO_WAY_FROM {
            let lines: Vec<&Line<'_>> = whole.iter().copied().filter(|line| is_headline(line.measure)).collect();
            let found = self.two_way(&lines.iter().map(|line| &line.grid).collect::<Vec<_>>())?;
            put(out, lines.into_iter().map(|line| (line, "all")), found, TWO_WAY);
        }
        for at in 0..self.segments.len() {
            let (name, members) = self.segments[at].clone();
            let present = members.over_seeds().defined;
            let within = |line: &&Line<'_>| line.grid.within(&members).over_seeds().only(&present);
            let found = self.bca(&whole.par_iter().map(within).collect::<Vec<_>>())?;
            put(out, whole.iter().map(|line| (*line, name.as_str())), found, "bca-users");
        }
        Ok(())
    }

    /// BCa intervals under the same draws of the same users.
    fn bca(&mut self, values: &[PerUser]) -> Result<Vec<Option<Interval>>> {
        let settings = self.settings;
        let Some(n_units) = values.first().map(|values| values.values.len()) else { return Ok(Vec::new()) };
        let series: Vec<Series<'_>> = values.iter().map(|values| values.series()).collect();
        let keys: Vec<Key> =
            values.par_iter().map(|values| key("bca", &values.values, &values.defined, 1, settings)).collect();
        self.known.or_make(&keys, |wanted| {
            let resampler = Resampler { n_units, n_resamples: settings.n_resamples, seed: SEED };
            let series: Vec<Series<'_>> = wanted.iter().map(|&at| series[at].clone()).collect();
            bootstrap::intervals(&resampler, &series, settings.level, Method::Bca)
        })
    }

    fn two_way(&mut self, grids: &[&Grid]) -> Result<Vec<Option<Interval>>> {
        let (settings, n_seeds, n_units) = (self.settings, self.seeds.len(), self.users.n());
        let keys: Vec<Key> = grids.iter().map(|grid| grid.key(TWO_WAY, settings)).collect();
        self.known.or_make(&keys, |wanted| {
            let resampler = Resampler { n_units, n_resamples: settings.n_resamples, seed: SEED };
            let series: Vec<Series<'_>> = wanted.iter().map(|&at| grids[at].series()).collect();
            two_way::intervals(&resampler, n_seeds, &series, settings.level)
        })
    }

    /// Spreads over seeds; for what has no value per user also the interval.
    fn over_seeds(&self, measures: &[Measure], out: &mut Vec<IntervalRow>) -> Result<()> {
        let n_seeds = self.seeds.len() as u64;
        let values = self.store.values(self.run)?;
        for row in out.iter_mut() {
            let key = (row.protocol.clone(), row.metric.clone(), row.k, row.arm.clone(), row.segment.clone());
            row.seed_sd = values.get(&key).and_then(|values| sd(values));
            row.n_seeds = n_seeds;
        }
        for ((protocol, metric, k, arm, segment), values) in values {
            let measure = Measure { protocol, metric, k };
            if measures.contains(&measure) {
                continue;
            }
            if let Some(test) = t_test::paired(&values, self.settings.level) {
                let interval = Interval {
                    estimate: test.estimate,
                    lower: test.lower,
                    upper: test.upper,
                    level: self.settings.level,
                    method: Method::Percentile,
                    n: values.len(),
                    n_resamples: 0,
                };
                let row = row(&measure, &arm, &segment, "t-seeds", &interval);
                out.push(IntervalRow { seed_sd: sd(&values), n_seeds, ..row });
            }
        }
        Ok(())
    }
}

fn sd(values: &[f64]) -> Option<f64> {
    t_test::Moments::of(values.iter().copied()).map(|moments| moments.sd())
}

fn put<'a>(
    out: &mut Vec<IntervalRow>,
    places: impl Iterator<Item = (&'a Line<'a>, &'a str)>,
    found: Vec<Option<Interval>>,
    method: &str,
) {
    for ((line, segment), interval) in places.zip(found) {
        if let Some(interval) = interval {
            out.push(row(line.measure, &line.arm, segment, method, &interval));
        }
    }
}

fn row(measure: &Measure, arm: &str, segment: &str, method: &str, interval: &Interval) -> IntervalRow {
    IntervalRow {
        arm: arm.to_owned(),
        protocol: measure.protocol.clone(),
        metric: measure.metric.clone(),
        k: measure.k,
        segment: segment.to_owned(),
        method: method.to_owned(),
        level: interval.level,
        estimate: interval.estimate,
        lower: interval.lower,
        upper: interval.upper,
        n: interval.n as u64,
        n_resamples: interval.n_resamples as u64,
        seed_sd: None,
        n_seeds: 0,
    }
}

/// The values of one measure by (arm, segment of items), in the order of tables; of one arm, or of all.
pub fn grids(
    store: &Store,
    run: &str,
    measure: &Measure,
    arm: Option<&str>,
    users: &Users,
    seeds: &[u64],
) -> Result<Vec<((String, String), Grid)>> {
    let mut out: Vec<((String, String), Grid)> = Vec::new();
    for trial in store.by_user(run, measure, arm)? {
        let name = (trial.arm, trial.segment);
        if out.last().is_none_or(|last| last.0 != name) {
            out.push((name, Grid::new(seeds, users.n())));
        }
        if let Some((_, grid)) = out.last_mut() {
            grid.fill(trial.seed, users.of(trial.user_list), trial.values.iter().map(|&value| f64::from(value)));
        }
    }
    Ok(out)
}

/// Membership of every segment of users, by seed.
pub fn segments(members: &[Members], users: &Users, seeds: &[u64]) -> Vec<(String, Grid)> {
    let mut out: Vec<(String, Grid)> = Vec::new();
    for Members { seed, segment, user_list } in members {
        if out.last().is_none_or(|(last, _)| last != segment) {
            out.push((segment.clone(), Grid::new(seeds, users.n())));
        }
        if let Some((_, grid)) = out.last_mut() {
            grid.fill(*seed, users.of(*user_list), std::iter::repeat(1.0));
        }
    }
    out
}

impl Grid {
    fn key(&self, what: &str, settings: Settings) -> Key {
        let (values, defined) = self.parts();
        key(what, values, defined, self.seeds.len(), settings)
    }
}

/// What an interval depends on.
fn key(what: &str, values: &[f64], defined: &[bool], n_seeds: usize, settings: Settings) -> Key {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let marks: Vec<u8> = defined.iter().map(|&is_defined| u8::from(is_defined)).collect();
    let key = KeyBuilder::new("interval 1").text(what).number(n_seeds as u64).number(settings.level.to_bits());
    key.number(settings.n_resamples as u64).bytes(&bytes).bytes(&marks).finish()
}

impl Known {
    /// The intervals of some keys; those that are not known are made in one go, each once.
    fn or_make(
        &mut self,
        keys: &[Key],
        make: impl FnOnce(&[usize]) -> Result<Vec<Option<Interval>>>,
    ) -> Result<Vec<Option<Interval>>> {
        let mut wanted: Vec<usize> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            if !self.0.contains_key(key) && !wanted.iter().any(|&other| keys[other] == *key) {
                wanted.push(at);
            }
        }
        if !wanted.is_empty() {
            for (&at, interval) in wanted.iter().zip(make(&wanted)?) {
                self.0.insert(keys[at], interval);
            }
        }
        Ok(keys.iter().map(|key| self.0.get(key).copied().flatten()).collect())
    }
}
