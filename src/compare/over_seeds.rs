//! Metrics of all lists or rows together, such as coverage: no user has a value of them, so that two sides are compared seed by seed, over everybody.

use super::bench::Bench;
use crate::error::Result;
use crate::metrics::{Compute, METRICS};
use crate::stats::t_test;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric without values per user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// Metric.
    pub metric: String,
    /// Cutoff; 0 for none.
    pub k: u64,
    /// Mean of the candidate.
    pub candidate: f64,
    /// Mean of the baseline.
    pub baseline: f64,
    /// Mean difference over seeds.
    pub uplift: f64,
    /// Student's interval over seeds; `None` for one seed or without variance.
    pub interval: Option<(f64, f64)>,
    /// Seeds in which both sides have a value.
    pub n_seeds: usize,
}

impl OverSeeds {
    /// `coverage@10`.
    pub fn label(&self) -> String {
        if self.k == 0 { self.metric.clone() } else { format!("{}@{}", self.metric, self.k) }
    }

    /// Ends of the interval; those of a difference that is the same in all of several seeds are that difference. `None` for one seed.
    pub fn ends(&self) -> Option<(f64, f64)> {
        self.interval.or((self.n_seeds > 1).then_some((self.uplift, self.uplift)))
    }
}

/// The values of two sides by metric, cutoff and seed.
pub struct SeedValues {
    sides: [BTreeMap<(String, u64, u64), f64>; 2],
    seeds: Vec<u64>,
}

impl SeedValues {
    /// Reads the values of candidate and baseline, by their places.
    ///
    /// # Errors
    /// Those of the store.
    pub fn read(bench: &Bench<'_>, (candidate, baseline): (usize, usize)) -> Result<Self> {
        let of = |side: usize| {
            let side = &bench.sides[side];
            bench.store.values_by_seed(&side.run.run, &side.arm, bench.protocol)
        };
        Ok(Self { sides: [of(candidate)?, of(baseline)?], seeds: bench.seeds.to_vec() })
    }

    /// Cutoffs at which both sides have a metric, ascending; 0 for none.
    pub fn cutoffs(&self, metric: &str) -> Vec<u64> {
        let [candidate, baseline] = &self.sides;
        let own = candidate.keys().filter(|key| key.0 == metric && self.seeds.contains(&key.2));
        let mut cutoffs: Vec<u64> = own.filter(|key| baseline.contains_key(*key)).map(|key| key.1).collect();
        cutoffs.sort_unstable();
        cutoffs.dedup();
        cutoffs
    }

    /// The difference in a metric; `None` where no seed has it of both sides.
    ///
    /// - Student's t of the differences, one per seed: seeds are the units. - Source: Student (1908).
    pub fn difference(&self, metric: &str, k: u64, level: f64) -> Option<OverSeeds> {
        let value = |side: usize, seed: u64| self.sides[side].get(&(metric.to_owned(), k, seed)).copied();
        let both = self.seeds.iter().filter_map(|&seed| Some((value(0, seed)?, value(1, seed)?)));
        let both: Vec<(f64, f64)> = both.collect();
        if both.is_empty() {
            return None;
        }
        let n = both.len() as f64;
        let differences: Vec<f64> = both.iter().map(|(candidate, baseline)| candidate - baseline).collect();
        let test = t_test::paired(&differences, level);
        Some(OverSeeds {
            metric: metric.to_owned(),
            k,
            candidate: both.iter().map(|pair| pair.0).sum::<f64>() / n,
            baseline: both.iter().map(|pair| pair.1).sum::<f64>() / n,
            uplift: differences.iter().sum::<f64>() / n,
            interval: test.map(|test| (test.lower, test.upper)),
            n_seeds: both.len(),
        })
    }

    /// Every metric of all lists together, at a cutoff.
    pub fn catalog(&self, k: u64, level: f64) -> Vec<OverSeeds> {
        let of_lists = METRICS.iter().filter(|metric| matches!(metric.compute, Compute::AllListsAtK(_)));
        of_lists.filter_map(|metric| self.difference(metric.name, k, level)).collect()
    }
}

#[cfg(test)]
impl SeedValues {
    /// Values of one metric at 10 in seeds from 1 on.
    pub(super) fn example(metric: &str, candidate: &[f64], baseline: &[f64]) -> Self {
        let of = |values: &[f64]| (1..).zip(values).map(|(seed, &value)| ((metric.into(), 10, seed), value)).collect();
        Self { sides: [of(candidate), of(baseline)], seeds: (1..=candidate.len() as u64).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_taken_seed_by_seed_where_both_sides_have_one() {
        // Differences 0.1, 0.3, 0.2: mean 0.2, standard error 0.1 / √3, t(0.975; 2) = 4.30265: ± 0.248414.
        let values = SeedValues::example("coverage", &[0.5, 0.6, 0.4, 0.9], &[0.4, 0.3, 0.2]);
        let found = values.difference("coverage", 10, 0.95).unwrap();
        assert!((found.uplift - 0.2).abs() < 1e-12 && (found.candidate - 0.5).abs() < 1e-12, "{found:?}");
        let (lower, upper) = found.ends().unwrap();
        assert!(
            (lower + 0.048_414).abs() < 1e-6 && (upper - 0.448_414).abs() < 1e-6 && found.n_seeds == 3,
            "{found:?}"
        );
        assert_eq!(
            (found.label().as_str(), values.cutoffs("coverage"), values.cutoffs("gini")),
            ("coverage@10", vec![10], vec![])
        );
        assert!(values.difference("coverage", 5, 0.95).is_none());
        assert_eq!(values.catalog(10, 0.95), [found]);
    }

    #[test]
    fn one_seed_has_no_ends_and_seeds_that_agree_have_their_difference() {
        let one = SeedValues::example("coverage", &[0.5], &[0.25]).difference("coverage", 10, 0.95).unwrap();
        assert_eq!((one.uplift, one.interval, one.ends()), (0.25, None, None));
        let two = SeedValues::example("coverage", &[0.5, 0.75], &[0.25, 0.5]).difference("coverage", 10, 0.95).unwrap();
        assert_eq!((two.interval, two.ends()), (None, Some((0.25, 0.25))));
    }
}
