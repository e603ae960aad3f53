//! The bootstrap as a whole: values of other implementations, coverage over simulated studies, and what must not change a bit.

use super::bootstrap::{Estimate, Interval, Method, bca, intervals, percentile};
use super::product::MANY;
use super::resample::{Resampler, Series};
use super::two_way;
use crate::{parallel, rng};
use serde_json::Value;

const STUDIES: [&str; 6] = ["n15_smooth", "n15_tied", "n600_smooth", "n600_tied", "n5000_smooth", "n5000_tied"];

fn golden(study: &str) -> (Vec<f64>, Value) {
    let path = format!("{}/tests/golden/statistics/paired_{study}", env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(format!("{path}.csv")).unwrap();
    let differences = table.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect();
    let answers: Value = serde_json::from_str(&std::fs::read_to_string(format!("{path}.json")).unwrap()).unwrap();
    (differences, answers["bootstrap_mean"].clone())
}

fn resampler(n_units: usize, seed: u64) -> Resampler {
    Resampler { n_units, n_resamples: Resampler::DEFAULT, seed }
}

/// Normal draws of one stream.
fn draws(seed: u64, part: u64, n: usize) -> Vec<f64> {
    let mut stream = rng::stream(seed, "test", part);
    (0..n).map(|_| rng::normal(&mut stream)).collect()
}

fn interval(values: &[f64], seed: u64, method: Method) -> Interval {
    intervals(&resampler(values.len(), seed), &[Series::new(values)], 0.95, method).unwrap()[0].unwrap()
}

fn bits(interval: &Interval) -> [u64; 3] {
    [interval.estimate, interval.lower, interval.upper].map(f64::to_bits)
}

#[test]
fn ends_agree_with_scipy_within_monte_carlo_noise() {
    for study in STUDIES {
        let (values, golden) = golden(study);
        let series = Series::new(&values);
        let estimate = Estimate::of(&series).unwrap();
        let means = resampler(values.len(), 20).means(&[series]).unwrap().remove(0);
        // On a lattice an end moves by whole steps.
        let step = if study.ends_with("tied") { 0.1 / values.len() as f64 } else { 0.0 };
        for (percent, level) in [(90, 0.90), (95, 0.95), (99, 0.99)] {
            let end = golden["tolerance_4sd"]["10000_resamples"][format!("ci{percent}_end")].as_f64().unwrap();
            let bca95 = golden["tolerance_4sd_bca_ci95_end"]["10000_resamples"].as_f64().unwrap();
            // The noise of z0, known at 95 %, moves all quantiles by about as much.
            let end95 = golden["tolerance_4sd"]["10000_resamples"]["ci95_end"].as_f64().unwrap();
            let corrected = (end * end + bca95 * bca95 - end95 * end95).sqrt().max(end);
            let found = [
                ("percentile", percentile(&means, &estimate, level).unwrap(), end),
                ("bca", bca(&means, &estimate, level).unwrap(), corrected),
            ];
            for (name, interval, tolerance) in found {
                let ends = &golden[format!("ci{percent}")][name];
                for (end, side) in [(interval.lower, 0), (interval.upper, 1)] {
                    let expected = ends[side].as_f64().unwrap();
                    assert!(
                        (end - expected).abs() <= tolerance + step + 1e-12,
                        "{study} {name} {level}: {end}, {expected} ± {tolerance}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_bootstrap_spread_and_the_acceleration_are_those_of_scipy() {
    for study in STUDIES {
        let (values, golden) = golden(study);
        let expected = golden["bca"]["acceleration"].as_f64().unwrap();
        let found = Estimate::of(&Series::new(&values)).unwrap().acceleration;
        assert!((found - expected).abs() <= 1e-12_f64.max(1e-9 * expected.abs()), "{study}: {found} {expected}");
        let means: Vec<f64> =
            resampler(values.len(), 21).means(&[Series::new(&values)]).unwrap()[0].iter().flatten().copied().collect();
        let center = means.iter().sum::<f64>() / means.len() as f64;
        let variance = means.iter().map(|mean| (mean - center).powi(2)).sum::<f64>() / means.len() as f64;
        let analytic = golden["analytic_bootstrap_se"].as_f64().unwrap();
        // Four standard errors of a standard deviation from 10,000 draws: 4 / √20,000.
        assert!((variance.sqrt() / analytic - 1.0).abs() < 0.0283, "{study}: {} {analytic}", variance.sqrt());
    }
}

#[test]
fn means_that_rounding_parts_from_the_estimate_are_equal_to_it() {
    // Tenths and the same stored as f32: a tenth of the resampled means tie with the estimate, and z0 counts them half.
    let tenths: Vec<f64> = (0..40).map(|at| 0.1 * f64::from(at % 4)).collect();
    let stored: Vec<f64> = tenths.iter().map(|&tenth| f64::from(tenth as f32)).collect();
    let (exact, found) = (interval(&tenths, 22, Method::Bca), interval(&stored, 22, Method::Bca));
    assert!(
        (exact.lower - found.lower).abs() < 1e-7 && (exact.upper - found.upper).abs() < 1e-7,
        "{exact:?} {found:?}"
    );
}

/// Share of studies of `n` skewed values whose interval contains the true mean, per method.
fn coverage(n_studies: u64, n: usize, n_resamples: usize) -> [f64; 2] {
    let hits = parallel::map_blocks(n_studies as usize, 1, |study| {
        // Squared normals, a quarter of them: the skewness of a per-user metric; mean 1/4 + 1.
        let mut values = draws(77, study.start as u64, n);
        values.iter_mut().for_each(|value| *value = 1.0 + *value + 0.25 * *value * *value);
        let series = Series::new(&values);
        let estimate = Estimate::of(&series).unwrap();
        let means = Resampler { n_units: n, n_resamples, seed: study.start as u64 }.means(&[series]).unwrap().remove(0);
        [percentile(&means, &estimate, 0.95).unwrap(), bca(&means, &estimate, 0.95).unwrap()]
            .map(|interval| u32::from(interval.lower <= 1.25 && 1.25 <= interval.upper))
    });
    [0, 1].map(|method| f64::from(hits.iter().map(|hit| hit[method]).sum::<u32>()) / n_studies as f64)
}

#[test]
fn intervals_cover_the_true_mean_in_simulated_studies() {
    for share in coverage(400, 150, 1_000) {
        // Five standard errors of 400 studies are 5.4 points; the narrow range is tested below.
        assert!((0.90..=0.985).contains(&share), "{share}");
    }
}

#[test]
#[ignore = "two thousand studies: some seconds"]
fn intervals_cover_in_93_to_97_percent_of_two_thousand_studies() {
    for share in coverage(2_000, 200, 2_000) {
        assert!((0.93..=0.97).contains(&share), "{share}");
    }
}

#[test]
fn swapping_the_arms_negates_the_interval_to_the_bit() {
    let (a, b) = (draws(1, 0, 333), draws(1, 1, 333));
    let defined: Vec<bool> = (0..333).map(|unit| unit % 5 != 2).collect();
    let (a, b) = (Series::new(&a), Series::partial(&b, &defined));
    let both = [Series::difference(&a, &b), Series::difference(&b, &a)];
    for method in [Method::Percentile, Method::Bca] {
        let found = intervals(&resampler(333, 3), &both, 0.95, method).unwrap();
        let (one, other) = (found[0].unwrap(), found[1].unwrap());
        assert_eq!(one.n, 266);
        assert_eq!((one.estimate, one.lower, one.upper), (-other.estimate, -other.upper, -other.lower), "{method:?}");
    }
}

#[test]
fn a_difference_is_resampled_with_the_same_draws_as_its_arms() {
    let (a, b) = (draws(2, 0, 200), draws(2, 1, 200));
    let series = [Series::new(&a), Series::new(&b), Series::difference(&Series::new(&a), &Series::new(&b))];
    let means = resampler(200, 4).means(&series).unwrap();
    for ((a, b), difference) in means[0].iter().zip(&means[1]).zip(&means[2]) {
        assert!((b.unwrap() - a.unwrap() - difference.unwrap()).abs() < 1e-13);
    }
}

#[test]
fn shifting_all_values_shifts_the_interval() {
    let values = draws(3, 0, 250);
    let shifted: Vec<f64> = values.iter().map(|value| value + 8.0).collect();
    for method in [Method::Percentile, Method::Bca] {
        let (one, other) = (interval(&values, 5, method), interval(&shifted, 5, method));
        for (a, b) in [(one.lower, other.lower), (one.upper, other.upper), (one.estimate, other.estimate)] {
            assert!((a + 8.0 - b).abs() < 1e-12);
        }
    }
}

#[test]
fn neither_threads_nor_other_series_change_a_bit() {
    let columns: Vec<Vec<f64>> = (0..MANY as u64 + 5).map(|part| draws(4, part, 1_111)).collect();
    let defined: Vec<bool> = (0..1_111).map(|unit| unit % 3 > 0).collect();
    let series: Vec<Series<'_>> = (0..)
        .zip(&columns)
        .map(|(at, values)| if at % 4 == 3 { Series::partial(values, &defined) } else { Series::new(values) })
        .collect();
    let all = resampler(1_111, 6).means(&series).unwrap();
    let eight = parallel::with_threads(8, || resampler(1_111, 6).means(&series)).unwrap().unwrap();
    let one = parallel::with_threads(1, || resampler(1_111, 6).means(&series)).unwrap().unwrap();
    assert!(all == eight && all == one);
    // Alone, as a pair, few and many: those add up in other ways.
    for range in [0..1, 3..4, 7..9, 16..19, 2..8, 1..MANY + 1] {
        assert!(resampler(1_111, 6).means(&series[range.clone()]).unwrap() == all[range]);
    }
    // Fewer resamples are the first of more.
    let fewer = Resampler { n_resamples: 700, ..resampler(1_111, 6) }.means(&series[..1]).unwrap();
    assert!(fewer[0] == all[0][..700]);
}

#[test]
fn units_without_a_value_are_not_looked_at() {
    let mut values = draws(5, 0, 90);
    let defined: Vec<bool> = (0..90).map(|unit| unit < 2).collect();
    values[50] = f64::NAN;
    let means = resampler(90, 7).means(&[Series::partial(&values, &defined)]).unwrap().remove(0);
    let (low, high) = (values[0].min(values[1]), values[0].max(values[1]));
    assert!(means.iter().flatten().all(|mean| (low..=high).contains(mean)));
    // Neither of two units is drawn with probability (88/90)⁹⁰ = 0.1324; five standard errors of 10,000 are 0.017.
    let n_undefined = means.iter().filter(|mean| mean.is_none()).count();
    assert!((1_154..=1_494).contains(&n_undefined), "{n_undefined}");
}

#[test]
fn a_constant_series_has_an_interval_of_width_0() {
    for n in [2, 15, 700] {
        for method in [Method::Percentile, Method::Bca] {
            let found = interval(&vec![0.1; n], 8, method);
            assert_eq!(bits(&found), [0.1_f64.to_bits(); 3], "{n} {method:?}");
        }
    }
}

#[test]
fn too_few_values_have_no_interval_and_bad_requests_are_refused() {
    let values = [1.0, 2.0, 4.0];
    let one = Series::partial(&values, &[false, true, false]);
    let ask = |n_units, n_resamples, series: &Series<'_>, level| {
        intervals(&Resampler { n_units, n_resamples, seed: 1 }, std::slice::from_ref(series), level, Method::Bca)
    };
    assert_eq!(ask(3, 100, &one, 0.95).unwrap(), [None]);
    assert_eq!(ask(0, 100, &Series::new(&[]), 0.95).unwrap(), [None]);
    let fine = Series::new(&values);
    assert!(ask(3, 1, &fine, 0.95).unwrap()[0].is_some());
    for (n_units, n_resamples, level) in
        [(4, 100, 0.95), (3, 0, 0.95), (3, 100, 0.0), (3, 100, 1.0), (3, 100, f64::NAN)]
    {
        assert!(ask(n_units, n_resamples, &fine, level).is_err(), "{n_units} {n_resamples} {level}");
    }
    for bad in [f64::NAN, f64::INFINITY, 1e308] {
        assert!(ask(2, 100, &Series::new(&[1.0, bad]), 0.95).is_err(), "{bad}");
    }
}

#[test]
fn huge_and_tiny_values_have_finite_intervals() {
    for scale in [1e300, 1e-300] {
        let values: Vec<f64> = draws(6, 0, 100).iter().map(|value| value * scale).collect();
        let found = interval(&values, 9, Method::Bca);
        assert!(found.lower.is_finite() && found.lower < found.estimate && found.estimate < found.upper);
    }
}

#[test]
fn one_seed_repeated_gives_the_interval_over_users() {
    let values = draws(7, 0, 120);
    let grid = values.repeat(4);
    let two_way = two_way::intervals(&resampler(120, 10), 4, &[Series::new(&grid)], 0.95).unwrap()[0].unwrap();
    let users = interval(&values, 10, Method::Percentile);
    assert!((two_way.lower - users.lower).abs() < 1e-12 && (two_way.upper - users.upper).abs() < 1e-12);
}

#[test]
fn two_way_spread_holds_the_variance_of_users_and_of_seeds() {
    // v_us = a_u + b_s: both are drawn on their own and add up: of users n of n, of seeds m − 1 of m.
    let (n_users, n_seeds) = (100, 12);
    let (users, seeds) = (draws(8, 0, n_users), draws(8, 1, n_seeds));
    let grid: Vec<f64> = seeds.iter().flat_map(|b| users.iter().map(move |a| a + 0.5 * b)).collect();
    let means = two_way::means(&resampler(n_users, 11), n_seeds, &[Series::new(&grid)]).unwrap().remove(0);
    let spread = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
    };
    let found = spread(&means.into_iter().flatten().collect::<Vec<_>>());
    let expected = spread(&users) / n_users as f64 + 0.25 * spread(&seeds) / (n_seeds - 1) as f64;
    // Five standard errors of a variance from 10,000 draws: 5 √(2 / 10,000).
    assert!((found / expected - 1.0).abs() < 0.071, "{found} {expected}");
}

#[test]
fn two_way_needs_two_seeds_and_skips_pairs_without_a_value() {
    let values = draws(9, 0, 60);
    let first = [vec![true; 20], vec![false; 40]].concat();
    let ask = |n_seeds, grid: &Series<'_>| {
        let resampler = Resampler { n_units: 60 / n_seeds, n_resamples: 500, seed: 12 };
        two_way::intervals(&resampler, n_seeds, std::slice::from_ref(grid), 0.9).map(|found| found[0])
    };
    assert_eq!(ask(1, &Series::new(&values)).unwrap(), None);
    assert_eq!(ask(3, &Series::partial(&values, &first)).unwrap(), None);
    let holes: Vec<bool> = (0..60).map(|pair| pair % 7 != 0).collect();
    let found = ask(3, &Series::partial(&values, &holes)).unwrap().unwrap();
    assert_eq!(found.n, 51);
    assert!(found.lower < found.estimate && found.estimate < found.upper);
    // Twenty users whose values in three seeds are `values[user]`, `values[20 + user]`, `values[40 + user]`, less the holes.
    let of_user = |user: usize| -> f64 {
        let own: Vec<f64> = (0..3).map(|seed| seed * 20 + user).filter(|&at| holes[at]).map(|at| values[at]).collect();
        own.iter().sum::<f64>() / own.len() as f64
    };
    assert!((found.estimate - (0..20).map(of_user).sum::<f64>() / 20.0).abs() < 1e-12, "the mean over users");
    assert!(two_way::means(&resampler(5, 1), 0, &[]).is_err());
}

#[test]
fn two_way_intervals_count_users_alike_however_many_seeds_they_have() {
    // Every other user has one seed of five and the value 1, the rest all five and the value 0: over pairs the mean would be 1/6.
    let (n_users, n_seeds) = (100, 5);
    let mut grid = vec![0.0; n_users * n_seeds];
    let mut defined = vec![true; n_users * n_seeds];
    for user in (0..n_users).step_by(2) {
        for seed in 0..n_seeds {
            (grid[seed * n_users + user], defined[seed * n_users + user]) = (1.0, user / 2 % n_seeds == seed);
        }
    }
    let series = [Series::partial(&grid, &defined)];
    let found = two_way::intervals(&resampler(n_users, 13), n_seeds, &series, 0.95).unwrap()[0].unwrap();
    assert!((found.estimate - 0.5).abs() < 1e-12 && found.n == 300, "{found:?}");
    assert!(found.lower > 0.2 && found.lower < 0.45 && found.upper > 0.55 && found.upper < 0.8, "{found:?}");
    // What does not vary has no width, to the bit, whatever its digits.
    let same = vec![0.1; n_users * n_seeds];
    let found =
        two_way::intervals(&resampler(n_users, 13), n_seeds, &[Series::partial(&same, &defined)], 0.95).unwrap();
    assert_eq!(bits(&found[0].unwrap()), [0.1_f64.to_bits(); 3]);
}
