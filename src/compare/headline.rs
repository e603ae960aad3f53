//! The first line of a comparison: of two sides their sentence; of more who is best, or with a baseline who beats it and who does not.

use super::comparison::PairReport;
use super::sides::Side;
use super::verdict::Decision;

/// The first line.
pub fn headline(sides: &[Side], reports: &[PairReport], baseline: Option<&str>) -> String {
    match (reports, baseline) {
        ([only], _) => only.sentence.clone(),
        (_, Some(baseline)) => against(baseline, reports),
        (_, None) => among(&sides.iter().map(|side| side.name.as_str()).collect::<Vec<_>>(), reports),
    }
}

/// What all this is about.
fn topic(reports: &[PairReport]) -> String {
    let primary = &reports[0].primary;
    format!("{}, {} pairs, Holm over {}", primary.topic.label_in_segment(), reports.len(), primary.family_size)
}

/// Every side meets every other: the one that beats most.
fn among(names: &[&str], reports: &[PairReport]) -> String {
    let wins = |name: &str| {
        let is_win = |report: &&PairReport| {
            report.candidate == name && report.decision == Decision::Better
                || report.baseline == name && report.decision == Decision::Worse
        };
        reports.iter().filter(is_win).count()
    };
    let best = names.iter().max_by_key(|name| (wins(name), std::cmp::Reverse(**name)));
    let (name, n_others) = (best.copied().unwrap_or_default(), names.len() - 1);
    match wins(name) {
        0 => format!("no side is better than another beyond chance: {}", topic(reports)),
        won if won == n_others => format!("{name} beats all {won} others: {}", topic(reports)),
        won => format!("{name} beats {won} of {n_others} others, none beats more: {}", topic(reports)),
    }
}

/// Every side meets the baseline only: those that beat it first, then those that do not.
fn against(baseline: &str, reports: &[PairReport]) -> String {
    let said = [
        (Decision::Better, "beats it", "beat it"),
        (Decision::Worse, "loses to it", "lose to it"),
        (Decision::Different, "differs from it", "differ from it"),
        (Decision::Equivalent, "is equivalent to it", "are equivalent to it"),
        (Decision::Identical, "is identical to it on every user", "are identical to it on every user"),
        (Decision::Undecided, "cannot be told apart from it", "cannot be told apart from it"),
    ];
    let part = |(decision, one, more): (Decision, &str, &str)| {
        let names = reports.iter().filter(|report| report.decision == decision);
        let names: Vec<&str> = names.map(|report| report.candidate.as_str()).collect();
        match &names[..] {
            [] => None,
            [name] => Some(format!("{name} {one}")),
            [first @ .., last] => Some(format!("{} and {last} {more}", first.join(", "))),
        }
    };
    let parts: Vec<String> = said.into_iter().filter_map(part).collect();
    format!("against {baseline}: {}: {}", parts.join("; "), topic(reports))
}

#[cfg(test)]
mod tests {
    use super::super::paired::Paired;
    use super::*;

    fn report(candidate: &str, baseline: &str, decision: Decision) -> PairReport {
        let mut primary = Paired::example(0.0, (-0.01, 0.01), 0.5);
        primary.family_size = 21;
        PairReport {
            candidate: candidate.into(),
            baseline: baseline.into(),
            decision,
            sentence: String::new(),
            primary,
            family: Vec::new(),
            exploratory: Vec::new(),
            segments: Vec::new(),
            lists: Vec::new(),
            catalog: Vec::new(),
            seeds: Vec::new(),
            examples: Vec::new(),
            power: Vec::new(),
        }
    }

    #[test]
    fn with_a_baseline_it_says_who_beats_it_and_who_does_not() {
        // The baseline wins twice, more than anybody else could, and is not crowned for it.
        let reports = [
            report("a", "z", Decision::Worse),
            report("b", "z", Decision::Better),
            report("c", "z", Decision::Worse),
            report("d", "z", Decision::Undecided),
        ];
        assert_eq!(
            headline(&[], &reports, Some("z")),
            "against z: b beats it; a and c lose to it; d cannot be told apart from it: NDCG@10, 4 pairs, Holm over 21"
        );
        let reports = ["a", "b", "c"].map(|name| report(name, "z", Decision::Better));
        assert_eq!(headline(&[], &reports, Some("z")), "against z: a, b and c beat it: NDCG@10, 3 pairs, Holm over 21");
    }

    #[test]
    fn without_one_it_names_the_side_that_beats_most() {
        let names = ["a", "b", "c"];
        let round = |decisions: [Decision; 3]| {
            let pairs = [("a", "b"), ("a", "c"), ("b", "c")];
            among(
                &names,
                &pairs.into_iter().zip(decisions).map(|((a, b), what)| report(a, b, what)).collect::<Vec<_>>(),
            )
        };
        let (better, worse, open) = (Decision::Better, Decision::Worse, Decision::Undecided);
        assert!(round([worse, better, better]).starts_with("b beats all 2 others: NDCG@10, 3 pairs, Holm over 21"));
        assert!(round([open, open, better]).starts_with("b beats 1 of 2 others, none beats more: "));
        assert!(round([better, worse, better]).starts_with("a beats 1 of 2 others, none beats more: "));
        assert!(round([open; 3]).starts_with("no side is better than another beyond chance: NDCG@10, 3 pairs"));
    }
}
