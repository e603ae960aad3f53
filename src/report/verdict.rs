//! The page's first sentences: who leads, per protocol, where the experiment's answer stands, and what paired tests against it say.

use super::numbers::{brackets, decimal, label, range, seeds};
use super::records::Arm;
use super::tables::Board;
use crate::compare::verdict::{Decision, p_text, short, uplift};
use crate::error::plural;
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
    /// What paired tests say of the primary arm, a sentence each; empty where none were made.
    pub tested: Vec<String>,
}

/// One verdict per protocol in which an arm has the headline metric.
pub fn verdicts(board: &Board<'_>) -> Vec<Verdict> {
    board.protocols.iter().filter_map(|protocol| verdict(board, protocol)).collect()
}

/// What the verdicts do not say.
pub fn caution(board: &Board<'_>) -> String {
    let ranges = if board.facts.trials.len() > 1 { "Ranges run from the lowest to the highest seed. " } else { "" };
    let intervals = board.level().map_or_else(
        || ranges.to_owned(),
        |level| format!("Brackets are {level} % intervals: of single arms, which may overlap where a paired difference is clear, and of differences with their sign. "),
    );
    let tested = if board.standings.values().any(|all| !all.is_empty()) {
        "Tested is the primary arm, user by user (sign flips, corrected by Holm over the arms of a protocol), and called better or worse only where the p-value and the interval (from five \
         seeds on over users and seeds) agree: exploratory, unless the question was fixed before looking. rexp compare says more; it corrects over metrics, so that its p is another. \
         A value is the mean over users of each one's mean over the seeds that judged it: it need not lie between the means of seeds."
    } else {
        "Whether a difference is more than chance is not tested here: rexp compare does."
    };
    format!("{intervals}{tested}")
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
        Some(_) if board.standings.get(protocol).is_some_and(|all| !all.is_empty()) => String::new(),
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
        tested: primary.map_or_else(Vec::new, |primary| tested(board, protocol, &ranked, primary)),
    })
}

/// The primary arm against its nearest rival and against the best base model, and how many it beats.
fn tested(board: &Board<'_>, protocol: &str, ranked: &[(&Arm, Spread)], primary: &Arm) -> Vec<String> {
    let (Some(all), Some(rules)) = (board.standings.get(protocol).filter(|all| !all.is_empty()), board.rules) else {
        return Vec::new();
    };
    let others = || ranked.iter().map(|(arm, _)| *arm).filter(|arm| arm.id != primary.id);
    let rival = others().next();
    let base = others().find(|arm| arm.role == "base").filter(|base| rival.is_some_and(|rival| rival.id != base.id));
    let about = |arm: &Arm| {
        let found = board.standing(protocol, &arm.name)?;
        let what = if arm.role == "base" && Some(arm.id) != rival.map(|rival| rival.id) {
            "the best base model, "
        } else {
            ""
        };
        let claim = match found.decision {
            Decision::Better => format!("beats {what}{}", arm.name),
            Decision::Worse => format!("loses to {what}{}", arm.name),
            Decision::Different => format!("differs from {what}{}", arm.name),
            Decision::Identical => format!("is identical to {what}{} on every user", arm.name),
            Decision::Equivalent => format!("is equivalent to {what}{} within ±{}", arm.name, short(rules.margin)),
            Decision::Undecided => format!("cannot be told from {what}{}", arm.name),
        };
        let p = p_text(found.difference.p_value());
        Some(format!("{} {claim}: {}, p {p}.", primary.name, uplift(&found.difference).replace('-', "−")))
    };
    let mut out: Vec<String> = rival.into_iter().chain(base).filter_map(about).collect();
    let count = |decision: Decision| all.iter().filter(|standing| standing.decision == decision).count();
    let unclear = count(Decision::Undecided);
    let alike = count(Decision::Equivalent) + count(Decision::Identical);
    let mut parts = vec![format!("beats {}", count(Decision::Better)), format!("loses to {}", count(Decision::Worse))];
    if alike > 0 {
        parts.push(format!("is as good as {alike}"));
    }
    if count(Decision::Different) > 0 {
        parts.push(format!("differs from {}", count(Decision::Different)));
    }
    if unclear > 0 {
        parts.push(format!("cannot be told from {unclear}"));
    }
    out.push(format!("Of {} it {}.", plural(all.len(), "other arm"), parts.join(", ")));
    out
}

/// Where the primary arm stands when another one leads.
fn follower(board: &Board<'_>, protocol: &str, ranked: &[(&Arm, Spread)], primary: &Arm) -> String {
    let Some(place) = ranked.iter().position(|(arm, _)| arm.id == primary.id) else {
        return format!(". The primary arm, {}, has no value", primary.name);
    };
    let value = ranked[place].1;
    let range = over_seeds(board, protocol, primary, value);
    // Where differences are tested, they are told there.
    let is_tested = board.standings.get(protocol).is_some_and(|all| !all.is_empty());
    let against = compared(ranked, primary, value).filter(|_| !is_tested);
    let against = against.map_or_else(String::new, |text| format!(": {text}"));
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

/// `[0.806, 0.818], 5 seeds`: the interval that the value is the estimate of; without one the lowest and highest seed.
fn over_seeds(board: &Board<'_>, protocol: &str, arm: &Arm, value: Spread) -> String {
    let values = board.headline.and_then(|(metric, k)| board.values(protocol, metric.id, k, arm.id));
    let n = seeds(values.map_or(0, |values| values.values.len()));
    if let Some(interval) = values.and_then(|values| values.interval.as_ref()) {
        return format!("{}, {n}", brackets(interval.lower, interval.upper));
    }
    let parts = [range(value), n];
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
