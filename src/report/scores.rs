//! How an arm's scores are spread, whether its probabilities are honest, and how alike arms order a user's test rows.

use super::facts::{FactRow, FactTable};
use super::figures::{Draft, Place, drawn};
use super::files::slug;
use super::numbers::{Cell, MISSING, counts, decimal, seeds, whole};
use super::records::Arm;
use super::tables::{Board, role};
use crate::plots::calibration::{self, ArmCalibration, CalibrationBin, CalibrationData};
use crate::plots::score_ranges::{self, ArmScores, ScoreRangesData};
use crate::plots::{Heading, Spread};
use crate::store::exhibits::CalibrationBin as Bin;
use std::collections::BTreeMap;

/// The figures of a protocol's scores.
pub fn figures(board: &Board<'_>, protocol: &str) -> Vec<Draft> {
    reliability(board, protocol).into_iter().chain(ranges(board, protocol)).collect()
}

/// What came of predicted probabilities, over all seeds.
fn reliability(board: &Board<'_>, protocol: &str) -> Option<Draft> {
    let arm = |at: usize| {
        let arm = &board.facts.arms[at];
        let own = board.facts.exhibits.calibration.iter().filter(|bin| bin.protocol == protocol && bin.arm == arm.id);
        let bins = pooled(own);
        (!bins.is_empty()).then(|| ArmCalibration {
            name: arm.name.clone(),
            color: board.colors[at],
            role: role(arm),
            error: expected_error(board, protocol, arm),
            bins,
        })
    };
    let arms: Vec<ArmCalibration> = drawn(board, protocol).into_iter().filter_map(arm).collect();
    if arms.is_empty() {
        return None;
    }
    let heading = Heading {
        title: format!("Calibration of P(relevant), {protocol}"),
        caption: format!(
            "{} test rows of {} together. Dot: rows whose probability lies in one of ten bins, larger for more rows; on the gray line a probability of 0.7 comes true in 70 % of them. ECE: mean distance of a seed's rows from it, mean over seeds as in the table.",
            whole(arms[0].bins.iter().map(|bin| bin.n).sum::<u64>() as i64),
            seeds(board.facts.trials.len())
        ),
    };
    let errors: Vec<String> = arms.iter().map(|arm| format!("{} ECE {}", arm.name, decimal(arm.error))).collect();
    let alt = format!("{}. {} {}", heading.title, heading.caption, errors.join(", "));
    let file = format!("calibration-{}", slug(protocol));
    Some(Draft::new(
        Place::Scores(protocol.to_owned()),
        &file,
        &alt,
        calibration::draw(&CalibrationData { heading, arms }),
    ))
}

/// Bins of all seeds together.
fn pooled<'a>(bins: impl Iterator<Item = &'a Bin>) -> Vec<CalibrationBin> {
    let mut sums: BTreeMap<u64, (f64, f64, u64)> = BTreeMap::new();
    for bin in bins {
        let (predicted, observed, n) = sums.entry(bin.bin).or_default();
        *predicted += bin.predicted * bin.n as f64;
        *observed += bin.observed * bin.n as f64;
        *n += bin.n;
    }
    let mean = |(p, y, n): (f64, f64, u64)| CalibrationBin { predicted: p / n as f64, observed: y / n as f64, n };
    sums.into_values().filter(|sum| sum.2 > 0).map(mean).collect()
}

/// The expected calibration error as the table has it. That of the pooled bins is another number, and a smaller one: what one seed promises too much, another can
/// promise too little.
fn expected_error(board: &Board<'_>, protocol: &str, arm: &Arm) -> f64 {
    let metric = board.facts.metrics.iter().find(|metric| metric.name == "ece");
    let value = metric.and_then(|metric| board.spread(protocol, metric.id, 0, arm.id));
    value.map_or(f64::NAN, |value| value.mean)
}

/// Where each arm's scores lie, for relevant test rows and for the others.
fn ranges(board: &Board<'_>, protocol: &str) -> Option<Draft> {
    let arm = |at: usize| {
        let arm = &board.facts.arms[at];
        let of = |is_relevant| {
            let mut all = board.facts.exhibits.score_ranges.iter();
            let own = all.find(|own| (own.arm, own.is_relevant) == (arm.id, is_relevant) && own.protocol == protocol);
            own.map(|own| own.at)
        };
        let (relevant, others) = (of(true), of(false));
        (relevant.is_some() || others.is_some()).then(|| ArmScores {
            name: arm.name.clone(),
            color: board.colors[at],
            role: role(arm),
            relevant,
            others,
        })
    };
    let arms: Vec<ArmScores> = drawn(board, protocol).into_iter().filter_map(arm).collect();
    let seed = board.facts.trials.first()?.seed;
    if arms.is_empty() {
        return None;
    }
    let heading = Heading {
        title: format!("Scores of the test rows, {protocol}"),
        caption: format!(
            "Seed {seed}. Above, in color: relevant rows; below, gray: the others. Line: 5 to 95 %, thick: 25 to 75 %, mark: median. Every arm has a scale of its own. Rows of all users together: how an arm ranks for one user is told by AUC and NDCG, not by how far the bars lie apart."
        ),
    };
    let alt = format!("{}. {}", heading.title, heading.caption);
    let canvas = score_ranges::draw(&ScoreRangesData { heading, arms });
    Some(Draft::new(Place::Scores(protocol.to_owned()), &format!("scores-{}", slug(protocol)), &alt, canvas))
}

/// How alike all pairs of arms order a user's test rows.
pub fn likeness(board: &Board<'_>, protocol: &str) -> Option<FactTable> {
    let own: Vec<_> = board.facts.exhibits.likenesses.iter().filter(|own| own.protocol == protocol).collect();
    let rho = |a: i64, b: i64| {
        let of_pair = own.iter().filter(|own| (own.arm, own.other) == (a.min(b), a.max(b)));
        Spread::of(&of_pair.map(|own| own.rho).collect::<Vec<f64>>()).map(|rho| rho.mean)
    };
    let is_in = |arm: &&Arm| own.iter().any(|pair| pair.arm == arm.id || pair.other == arm.id);
    let arms: Vec<&Arm> = board.facts.arms.iter().filter(is_in).collect();
    let cell = |a: &Arm, b: &Arm| match rho(a.id, b.id) {
        _ if a.id == b.id => String::new(),
        Some(rho) => decimal(rho),
        None => MISSING.to_owned(),
    };
    let row = |a: &&Arm| FactRow { name: a.name.clone(), cells: arms.iter().map(|b| Cell::text(cell(a, b))).collect() };
    let n = || own.iter().map(|own| own.n as i64);
    let n_users = counts(n().min()?, n().max()?);
    (arms.len() > 1).then(|| FactTable {
        caption: format!(
            "Rank correlation of two arms' scores of a user's test rows: Spearman's ρ, mean over users and seeds; n = {} users. 1: the same order; 0: nothing in common.",
            n_users
        ),
        columns: std::iter::once("arm").chain(arms.iter().map(|arm| arm.name.as_str())).map(str::to_owned).collect(),
        rows: arms.iter().map(row).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_of_seeds_are_pooled_by_rows() {
        let bin = |bin, n, predicted, observed| Bin { arm: 1, protocol: "rated".into(), bin, n, predicted, observed };
        let bins = [bin(1, 10, 0.15, 0.2), bin(7, 5, 0.75, 0.6), bin(1, 30, 0.19, 0.1)];
        let found = pooled(bins.iter());
        assert_eq!(found.iter().map(|bin| bin.n).collect::<Vec<_>>(), [40, 5]);
        assert!((found[0].predicted - 0.18).abs() < 1e-12 && (found[0].observed - 0.125).abs() < 1e-12, "{found:?}");
    }
}
