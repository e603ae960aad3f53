//! The sign-flip permutation test: if two arms were alike, the sign of each unit's difference would be a coin.
//!
//! All series see the same flips, as all see the same resamples. The sum over a flip is looked up four units at a time: of four
//! differences all sixteen signed sums are known beforehand, so that a flip of n units costs n/4 additions.

use super::ties::Rounded;
use crate::error::Result;
use crate::{parallel, rng};
use rand_core::Rng;

/// Up to this many units that differ, all assignments of signs are enumerated.
const EXACT: usize = 20;
/// Flips per block.
const BLOCK: usize = 64;
/// Sums that differ by less than this share of the sum of sizes are equal: the same terms in another order.
const SAME: f64 = 1e-12;

/// A sign-flip test of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Permutation {
    /// Two-sided p-value: flips whose sum is at least as far from 0.
    pub p: f64,
    /// One-sided p-value for the mean being greater than 0.
    pub p_greater: f64,
    /// One-sided p-value for the mean being less than 0.
    pub p_less: f64,
    /// Flips looked at; 2^n when all.
    pub n_flips: u64,
    /// Whether all assignments were enumerated.
    pub is_exact: bool,
}

/// Hits of the three questions.
#[derive(Debug, Clone, Copy, Default)]
struct Hits {
    two_sided: u64,
    greater: u64,
    less: u64,
}

impl Hits {
    fn add(&mut self, sum: f64, observed: f64, margin: f64) {
        self.two_sided += u64::from(sum.abs() >= observed.abs() - margin);
        self.greater += u64::from(sum >= observed - margin);
        self.less += u64::from(sum <= observed + margin);
    }
}

/// Tests of every series whether its mean is 0, under the same flips of the same units; in order.
///
/// - `series`: `[n_units]` each, finite; 0 for a unit without a difference or without a value: its flip changes nothing. Sums that the resolution of a series does
///   not tell apart are equal: each of n values that differ may be off by half of it.
/// - Exact up to 20 units that differ: `p = hits / 2^n`. Else `p = (hits + 1) / (n_flips + 1)` (Phipson & Smyth 2010), flip r of a seed
///   being the same whatever else is computed.
/// - All zero: `p = 1`. - Cost: `n_flips × n_units / 4` additions per series.
/// - Source: Fisher (1935), Pitman (1937); fixed by `tests/golden/statistics/`, key `permutation`.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn sign_flip(series: &[Rounded], n_flips: usize, seed: u64) -> Result<Vec<Permutation>> {
    let sampled: Vec<usize> = (0..series.len()).filter(|&at| n_nonzero(&series[at].values) > EXACT).collect();
    let tables: Vec<Table> = sampled.iter().map(|&at| Table::new(&series[at])).collect();
    let n_words = tables.iter().map(|table| table.sums.len().div_ceil(16)).max().unwrap_or(0);
    let blocks = if tables.is_empty() { 0 } else { n_flips };
    let hits = parallel::map_blocks(blocks, BLOCK, |flips| {
        parallel::check()?;
        let mut hits = vec![Hits::default(); tables.len()];
        let mut words = vec![0_u64; n_words];
        for flip in flips {
            let mut stream = rng::stream(seed, "sign flips", flip as u64);
            words.iter_mut().for_each(|word| *word = stream.next_u64());
            for (hits, table) in hits.iter_mut().zip(&tables) {
                hits.add(table.sum(&words), table.observed, table.margin);
            }
        }
        Ok(hits)
    });
    let mut totals = vec![Hits::default(); tables.len()];
    for block in hits {
        for (total, hits) in totals.iter_mut().zip(block?) {
            total.two_sided += hits.two_sided;
            total.greater += hits.greater;
            total.less += hits.less;
        }
    }
    let mut out = Vec::with_capacity(series.len());
    for one in series {
        parallel::check()?;
        out.push(exact(one));
    }
    for (&at, hits) in sampled.iter().zip(totals) {
        let share = |hits: u64| (hits + 1) as f64 / (n_flips + 1) as f64;
        out[at] = Permutation {
            p: share(hits.two_sided),
            p_greater: share(hits.greater),
            p_less: share(hits.less),
            n_flips: n_flips as u64,
            is_exact: false,
        };
    }
    Ok(out)
}

fn n_nonzero(values: &[f64]) -> usize {
    values.iter().filter(|&&value| value != 0.0).count()
}

/// How far two sums of signed values may lie apart and be equal all the same.
fn margin(series: &Rounded) -> f64 {
    let sizes: f64 = series.values.iter().map(|value| value.abs()).sum();
    SAME * sizes + n_nonzero(&series.values) as f64 * series.resolution / 2.0
}

/// The test over all assignments, for few units that differ; a placeholder of p = 1 for many.
fn exact(series: &Rounded) -> Permutation {
    let margin = margin(series);
    let values: Vec<f64> = series.values.iter().copied().filter(|&value| value != 0.0).collect();
    let n = values.len();
    if n > EXACT {
        return Permutation { p: 1.0, p_greater: 1.0, p_less: 1.0, n_flips: 0, is_exact: false };
    }
    // Every sum is one of the first half of the units plus one of the second, so that no error builds up.
    let (first, second) = values.split_at(n / 2);
    let (first, second) = (signed_sums(first), signed_sums(second));
    // All signs kept is the last entry of both.
    let observed = first[first.len() - 1] + second[second.len() - 1];
    let mut hits = Hits::default();
    for a in &first {
        second.iter().for_each(|b| hits.add(a + b, observed, margin));
    }
    let n_flips = 1_u64 << n;
    let share = |hits: u64| hits as f64 / n_flips as f64;
    Permutation {
        p: share(hits.two_sided),
        p_greater: share(hits.greater),
        p_less: share(hits.less),
        n_flips,
        is_exact: true,
    }
}

/// The sums under all assignments of signs: bit i set keeps value i, else it is negated.
fn signed_sums(values: &[f64]) -> Vec<f64> {
    let sum = |signs: usize| {
        values.iter().enumerate().map(|(at, value)| if signs >> at & 1 == 1 { *value } else { -value }).sum()
    };
    (0..1_usize << values.len()).map(sum).collect()
}

/// Signed sums of every four units.
struct Table {
    sums: Vec<[f64; 16]>,
    observed: f64,
    margin: f64,
}

impl Table {
    fn new(series: &Rounded) -> Self {
        let four = |values: &[f64]| {
            let sums = signed_sums(values);
            std::array::from_fn(|signs| sums[signs % sums.len()])
        };
        let sums: Vec<[f64; 16]> = series.values.chunks(4).map(four).collect();
        let observed = sums.iter().map(|sums| sums[15]).sum();
        Self { sums, observed, margin: margin(series) }
    }

    /// The sum under the signs of one flip: four bits of `words` for each entry.
    fn sum(&self, words: &[u64]) -> f64 {
        let mut lanes = [0.0; 4];
        for (word, sums) in words.iter().zip(self.sums.chunks(16)) {
            for (at, sums) in sums.iter().enumerate() {
                lanes[at % 4] += sums[(word >> (4 * at) & 15) as usize];
            }
        }
        (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{close, differences, study};

    fn one(values: &[f64], seed: u64) -> Permutation {
        sign_flip(&[Rounded::exact(values.to_vec())], 10_000, seed).unwrap()[0]
    }

    #[test]
    fn small_samples_count_every_assignment() {
        for name in ["n15_smooth", "n15_tied"] {
            let (found, golden) = (one(&differences(name), 1), &study(name)["permutation"]);
            assert!(found.is_exact);
            close(found.p, &golden["p_two_sided"], 1e-12);
            close(found.p_greater, &golden["p_greater"], 1e-12);
            close(found.p_less, &golden["p_less"], 1e-12);
        }
    }

    #[test]
    fn large_samples_agree_with_scipy_within_monte_carlo_noise() {
        for name in ["n600_smooth", "n600_tied", "n5000_smooth", "n5000_tied"] {
            let (found, golden) = (one(&differences(name), 7), &study(name)["permutation"]);
            let tolerance = golden["tolerance_for_10000_flips_4sd"].as_f64().unwrap();
            let distance = (found.p - golden["p_two_sided"].as_f64().unwrap()).abs();
            assert!(!found.is_exact && distance <= tolerance.max(4e-4), "{name}: {found:?}");
        }
    }

    #[test]
    fn sampled_and_enumerated_p_agree_at_the_border() {
        let values: Vec<f64> = (0..21).map(|at| f64::from(at % 7) - 2.2).collect();
        let sampled = one(&values, 3);
        // All 2^21 by hand: twenty units enumerated, the last one kept or flipped.
        let (first, second) = (signed_sums(&values[..10]), signed_sums(&values[10..]));
        let observed: f64 = values.iter().sum();
        let hits = first.iter().flat_map(|a| second.iter().map(move |b| a + b));
        let hits = hits.filter(|sum: &f64| sum.abs() >= observed.abs() - 1e-9).count();
        let p = hits as f64 / f64::from(1 << 21);
        assert!(!sampled.is_exact && (sampled.p - p).abs() < 4.0 * (p * (1.0 - p) / 1e4).sqrt(), "{} {p}", sampled.p);
        assert!(one(&values[..20], 3).is_exact);
    }

    #[test]
    fn flips_do_not_depend_on_threads_or_on_other_series() {
        let (a, b) = (differences("n600_smooth"), differences("n600_tied"));
        let alone = one(&a, 5);
        let both = [Rounded::exact(b), Rounded::exact(a)];
        for n_threads in [1, 3] {
            let found = parallel::with_threads(n_threads, || sign_flip(&both, 10_000, 5)).unwrap().unwrap();
            assert_eq!(found[1], alone);
        }
    }

    #[test]
    fn p_values_are_uniform_under_the_null() {
        let mut p: Vec<f64> = (0..300)
            .map(|study| {
                let mut stream = rng::stream(11, "null", study);
                let values: Vec<f64> = (0..40).map(|_| rng::normal(&mut stream)).collect();
                sign_flip(&[Rounded::exact(values)], 999, study).unwrap()[0].p
            })
            .collect();
        p.sort_by(f64::total_cmp);
        // Kolmogorov's distance; 1.63 / √300 = 0.094 is exceeded by one uniform sample in a hundred.
        let distance = p.iter().enumerate().map(|(at, p)| (p - (at as f64 + 0.5) / 300.0).abs()).fold(0.0, f64::max);
        assert!(distance < 0.094, "{distance}");
    }

    #[test]
    fn ties_alone_say_nothing_and_swapping_sides_swaps_the_tails() {
        assert_eq!(one(&[0.0; 50], 1).p, 1.0);
        let values = differences("n600_smooth");
        let swapped: Vec<f64> = values.iter().map(|value| -value).collect();
        let (a, b) = (one(&values, 2), one(&swapped, 2));
        assert!((a.p - b.p).abs() < 0.02 && (a.p_greater - b.p_less).abs() < 0.02);
    }

    #[test]
    fn sums_that_rounding_parts_are_equal() {
        // Tenths, stored as f32: 0.1 + 0.2 + 0.3 and 0.6 tie, also where their last digits differ.
        for n in [16, 60] {
            let tenths: Vec<f64> = (0..n).map(|at| f64::from(at * 5 % 7 - 3)).collect();
            let exact = one(&tenths, 4);
            let stored: Vec<f64> = tenths.iter().map(|tenth| f64::from((0.1 * tenth) as f32)).collect();
            let rounded = Rounded::new(stored.clone(), 5e-7);
            let found = sign_flip(std::slice::from_ref(&rounded), 10_000, 4).unwrap()[0];
            assert_eq!((found.p, found.p_greater, found.p_less), (exact.p, exact.p_greater, exact.p_less), "{n}");
            assert!(one(&stored, 4).p < exact.p, "{n}: without a resolution ties of sums are lost");
        }
    }
}
