//! The page's first sentences: where the experiment's answer stands, per protocol. Numbers only; whether a difference means anything is for a comparison to say.

use super::numbers::{decimal, label, range, seeds};
use super::read::Arm;
use super::tables::Board;
use crate::plots::Spread;
use serde::Serialize;

/// One protocol's sentence, in parts.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Protocol.
    pub protocol: String,
    /// The arm it is about.
    pub arm: String,
    /// `NDCG@10`.
    pub metric: String,
    /// Mean over seeds.
    pub value: String,
    /// `0.806–0.818 over 5 seeds`, or `1 seed`.
    pub spread: String,
    /// `0.004 below the best base model, bias (0.816)`.
    pub against: Vec<String>,
}

/// One sentence per protocol in which the arm has the headline metric.
pub fn verdicts(board: &Board<'_>) -> Vec<Verdict> {
    board.protocols.iter().filter_map(|protocol| verdict(board, protocol)).collect()
}

fn verdict(board: &Board<'_>, protocol: &str) -> Option<Verdict> {
    let (metric, k) = board.headline?;
    let spread = |arm: &Arm| board.spread(protocol, metric.id, k, arm.id);
    let is_lower_better = metric.direction == "lower";
    let best = |choose: &dyn Fn(&Arm) -> bool| -> Option<(&Arm, Spread)> {
        let known = board.facts.arms.iter().filter(|arm| choose(arm)).filter_map(|arm| Some((arm, spread(arm)?)));
        // The first of equals, in the order of tables.
        known.reduce(|best, next| {
            let is_better = if is_lower_better { next.1.mean < best.1.mean } else { next.1.mean > best.1.mean };
            if is_better { next } else { best }
        })
    };
    let (arm, value) = best(&|arm| arm.is_primary).or_else(|| best(&|_| true))?;
    let n_seeds = board.values(protocol, metric.id, k, arm.id).map_or(0, |values| values.values.len());
    let rivals = [("base model", "base"), ("floor", "floor")];
    let against = rivals.iter().filter_map(|(noun, role)| {
        let (rival, other) = best(&|other| other.role == *role && other.id != arm.id)?;
        Some(format!("{} the best {noun}, {} ({})", distance(value.mean - other.mean), rival.name, decimal(other.mean)))
    });
    Some(Verdict {
        protocol: protocol.to_owned(),
        arm: arm.name.clone(),
        metric: label(&metric.name, Some(k)),
        value: decimal(value.mean),
        spread: [range(value), seeds(n_seeds)]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" over "),
        against: against.collect(),
    })
}

/// `0.004 above`, `0.120 below`, `level with`.
fn distance(difference: f64) -> String {
    let size = decimal(difference.abs());
    match difference {
        _ if size == "0.000" => "level with".to_owned(),
        d if d > 0.0 => format!("{size} above"),
        _ => format!("{size} below"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_that_rounds_to_nothing_is_level() {
        assert_eq!([0.0042, -0.12, 0.0004].map(distance), ["0.004 above", "0.120 below", "level with"]);
    }
}
