//! The page's first sentences: who leads, per protocol, and where the experiment's answer stands. Numbers only; whether a difference means anything is for a
//! comparison to say, and the page says that it has not been asked.

use super::numbers::{decimal, label, range, seeds};
use super::records::Arm;
use super::tables::Board;
use crate::plots::Spread;
use serde::Serialize;

/// One protocol's sentences, in parts.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Protocol.
    pub protocol: String,
    /// The arm with the best value.
    pub leader: String,
    /// Whether that arm is a floor: then nothing here beats having no model.
    pub is_floor: bool,
    /// `has the best NDCG@10`, or `reaches NDCG@10` where nothing else has a value.
    pub claim: String,
    /// Mean over seeds.
    pub value: String,
    /// `0.806–0.818 over 5 seeds`, or `1 seed`.
    pub spread: String,
    /// What follows on the leader, or on the primary arm if another one leads; empty without anything to compare.
    pub rest: String,
}

/// One verdict per protocol in which an arm has the headline metric.
pub fn verdicts(board: &Board<'_>) -> Vec<Verdict> {
    board.protocols.iter().filter_map(|protocol| verdict(board, protocol)).collect()
}

/// What the verdicts do not say.
pub fn caution(board: &Board<'_>) -> String {
    let ranges = if board.facts.trials.len() > 1 { "Ranges run from the lowest to the highest seed. " } else { "" };
    let intervals = board.level().map_or_else(String::new, |level| {
        format!("Brackets in the tables are {level} % intervals of single arms, which may overlap where a paired difference is clear. ")
    });
    format!("{ranges}{intervals}Whether a difference is more than chance is not tested here: rexp compare does.")
}

fn verdict(board: &Board<'_>, protocol: &str) -> Option<Verdict> {
    let (metric, k) = board.headline?;
    let ranked = board.ranked(protocol);
    let &(leader, best) = ranked.first()?;
    let name = label(&metric.name, Some(k));
    let claim = if ranked.len() > 1 { format!("has the best {name},") } else { format!("reaches {name}") };
    let primary = board.facts.arms.iter().find(|arm| arm.is_primary);
    let rest = match primary {
        Some(primary) if primary.id != leader.id => follower(board, protocol, &ranked, primary),
        _ => compared(&ranked, leader, best).map_or_else(String::new, |text| format!(": {text}")),
    };
    Some(Verdict {
        protocol: protocol.to_owned(),
        leader: leader.name.clone(),
        is_floor: leader.role == "floor",
        claim,
        value: decimal(best.mean),
        spread: over_seeds(board, protocol, leader, best),
        rest: format!("{rest}."),
    })
}

/// Where the primary arm stands when another one leads.
fn follower(board: &Board<'_>, protocol: &str, ranked: &[(&Arm, Spread)], primary: &Arm) -> String {
    let Some(place) = ranked.iter().position(|(arm, _)| arm.id == primary.id) else {
        return format!(". The primary arm, {}, has no value", primary.name);
    };
    let value = ranked[place].1;
    let range = over_seeds(board, protocol, primary, value);
    let against = compared(ranked, primary, value).map_or_else(String::new, |text| format!(": {text}"));
    let (n, mean) = (ranked.len(), decimal(value.mean));
    format!(". The primary arm, {}, is number {} of {n} with {mean} ({range}){against}", primary.name, place + 1)
}

/// `0.004 above the next, logistic, and 0.118 above the best floor, popularity`; `None` without another arm.
fn compared(ranked: &[(&Arm, Spread)], arm: &Arm, value: Spread) -> Option<String> {
    let others = || ranked.iter().filter(|(other, _)| other.id != arm.id);
    let of_role = |role: &str| others().find(|(other, _)| other.role == role);
    let is_leader = ranked.first().is_some_and(|(first, _)| first.id == arm.id);
    let nearest = others().next().map(|rival| if is_leader { ("the next", rival) } else { ("it", rival) });
    let best = [("the best base model", of_role("base")), ("the best floor", of_role("floor"))];
    let mut named: Vec<i64> = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    for (what, (other, spread)) in
        nearest.into_iter().chain(best.into_iter().filter_map(|(what, rival)| Some((what, rival?))))
    {
        if named.contains(&other.id) {
            continue;
        }
        named.push(other.id);
        let name = if what == "it" { String::new() } else { format!(", {}", other.name) };
        parts.push(format!("{} {what}{name}", distance(value.mean - spread.mean)));
    }
    let last = parts.pop()?;
    Some(if parts.is_empty() { last } else { format!("{}, and {last}", parts.join(", ")) })
}

fn over_seeds(board: &Board<'_>, protocol: &str, arm: &Arm, value: Spread) -> String {
    let n = board
        .headline
        .and_then(|(metric, k)| board.values(protocol, metric.id, k, arm.id))
        .map_or(0, |values| values.values.len());
    let parts = [range(value), seeds(n)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" over ")
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
