//! Whether to ship: what `[ab]` asks for against what was found.

use super::guards::{Guard, State};
use super::paired::{Paired, Rules};
use super::question;
use super::verdict::{p_text, short, signed, uplift};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// The candidate is better by enough, and nothing that was guarded suffers.
    Ship,
    /// It is worse, or harms what was guarded.
    Keep,
    /// The difference is shown not to matter.
    Equivalent,
    /// The data do not say.
    Undecided,
}

impl Advice {
    /// All, in the order of `--help`.
    pub const ALL: [Self; 4] = [Self::Ship, Self::Keep, Self::Equivalent, Self::Undecided];

    /// As `--fail-unless` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::Keep => "keep",
            Self::Equivalent => "equivalent",
            Self::Undecided => "undecided",
        }
    }
}

/// What `[ab]` of the candidate says.
pub struct Terms {
    /// `engagement` or a metric.
    pub primary: String,
    /// What a relevant item counts for by its place.
    pub discount: String,
    /// Items shown.
    pub k: u64,
    /// The uplift that is worth shipping for.
    pub minimum_uplift: f64,
    /// A difference smaller than this does not matter.
    pub margin: f64,
    /// What must not fall.
    pub guardrails: Vec<String>,
    /// Segments that may not lose.
    pub segments: Vec<String>,
}

impl Terms {
    /// From the options of the candidate's run.
    pub fn of(params: &BTreeMap<String, String>) -> Self {
        fn read<T: serde::de::DeserializeOwned>(params: &BTreeMap<String, String>, name: &str, default: T) -> T {
            params.get(&format!("ab.{name}")).and_then(|json| serde_json::from_str(json).ok()).unwrap_or(default)
        }
        Self {
            primary: read(params, "primary", "engagement".into()),
            discount: read(params, "discount", "log2".into()),
            k: read(params, "k", 10),
            minimum_uplift: read(params, "minimum_uplift", 0.0),
            margin: read(params, "margin", question::MARGIN),
            guardrails: read(params, "guardrails", Vec::new()),
            segments: read(params, "segments", Vec::new()),
        }
    }
}

/// What to do, and why. Harm comes first, then gain, then equivalence.
pub fn decide(
    found: &Paired,
    guardrails: &[Guard],
    segments: &[Guard],
    terms: &Terms,
    rules: Rules,
) -> (Advice, Vec<String>) {
    // As if more were better, whatever the metric; one without a direction is refused before.
    let is_mirrored = found.topic.sign() < 0.0;
    let (lower, upper) = if is_mirrored { (-found.upper, -found.lower) } else { (found.lower, found.upper) };
    let guards = || guardrails.iter().chain(segments);
    let mut harm: Vec<String> = guards().filter_map(Guard::harm).collect();
    if found.is_real(rules.level) && upper < 0.0 {
        harm.insert(0, format!("{} is worse", found.topic.label()));
    }
    if !harm.is_empty() {
        return (Advice::Keep, harm);
    }
    if found.is_identical() {
        return (Advice::Equivalent, vec!["the two are identical on every user".into()]);
    }
    let minimum = short(terms.minimum_uplift);
    let open: Vec<String> = guards().filter_map(Guard::doubt).collect();
    let gains = found.is_real(rules.level) && lower > terms.minimum_uplift;
    if gains && open.is_empty() {
        return (Advice::Ship, vec![format!("the whole interval is above the minimum uplift of {minimum}")]);
    }
    if terms.minimum_uplift > 0.0 && upper < terms.minimum_uplift {
        return (Advice::Keep, vec![format!("the whole interval is below the minimum uplift of {minimum}")]);
    }
    if gains {
        return (Advice::Undecided, open);
    }
    if found.is_equivalent(rules) {
        return (
            Advice::Equivalent,
            vec![format!("the difference is shown to be smaller than ±{}", short(rules.margin))],
        );
    }
    let mut why = vec![format!("the interval reaches from {} to {}", signed(found.lower), signed(found.upper))];
    why.extend(open);
    (Advice::Undecided, why)
}

/// The first line.
pub fn sentence(
    names: [&String; 2],
    advice: Advice,
    reasons: &[String],
    found: &Paired,
    [guardrails, segments]: [&[Guard]; 2],
) -> String {
    let [candidate, baseline] = names;
    let claim = match advice {
        Advice::Ship => format!("ship {candidate}"),
        Advice::Keep => format!("keep {baseline}"),
        Advice::Equivalent => format!("equivalent: {candidate} and {baseline}"),
        Advice::Undecided => format!("undecided between {candidate} and {baseline}"),
    };
    let mut out =
        format!("{claim}: {} {}, p {}; {}", found.topic.label(), uplift(found), p_text(found.p), reasons.join("; "));
    for (what, guards) in [("guardrails", guardrails), ("segments", segments)] {
        if !guards.is_empty() {
            let held = guards.iter().filter(|guard| guard.state == State::Held).count();
            out += &format!("; {held} of {} {what} held", guards.len());
        }
    }
    let seeds = if found.n_seeds == 1 { "seed" } else { "seeds" };
    out + &format!("; {} users × {} {seeds}", found.n_users, found.n_seeds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::guards::Evidence;

    const RULES: Rules = Rules { level: 0.95, n_resamples: 1000, margin: 0.005 };

    fn terms(minimum_uplift: f64) -> Terms {
        Terms { minimum_uplift, ..Terms::of(&BTreeMap::new()) }
    }

    /// A guardrail at 0 over an interval.
    fn guardrail(lower: f64, upper: f64) -> Guard {
        let found = Paired::example(f64::midpoint(lower, upper), (lower, upper), 0.01);
        Guard::guardrail("tail-share >= 0", 0.0, false, Evidence::Users(Box::new(found)))
    }

    fn held() -> Guard {
        guardrail(0.01, 0.02)
    }

    fn broken() -> Guard {
        guardrail(-0.02, -0.01)
    }

    fn open() -> Guard {
        guardrail(-0.01, 0.01)
    }

    /// A segment over an interval.
    fn segment(lower: f64, upper: f64) -> Guard {
        let mut found = Paired::example(f64::midpoint(lower, upper), (lower, upper), 0.01);
        found.topic.segment = "user-activity:cold".into();
        Guard::segment(found, RULES.margin)
    }

    fn advice(found: &Paired, guardrails: &[Guard], segments: &[Guard], minimum_uplift: f64) -> Advice {
        let (advice, reasons) = decide(found, guardrails, segments, &terms(minimum_uplift), RULES);
        assert!(!reasons.is_empty(), "a verdict has a reason");
        advice
    }

    #[test]
    fn what_gains_and_harms_nothing_is_shipped() {
        let gain = Paired::example(0.02, (0.01, 0.03), 0.001);
        assert_eq!(advice(&gain, &[], &[], 0.0), Advice::Ship);
        assert_eq!(advice(&gain, &[held()], &[segment(-0.004, 0.03)], 0.005), Advice::Ship);
        assert_eq!(advice(&gain, &[], &[], 0.015), Advice::Undecided, "not shown to be worth it");
        assert_eq!(advice(&gain, &[], &[], 0.04), Advice::Keep, "shown not to be worth it");
        assert_eq!(advice(&Paired { p: 0.2, ..gain.clone() }, &[], &[], 0.0), Advice::Undecided);
    }

    #[test]
    fn harm_comes_before_gain_and_doubt_holds_it_back() {
        let gain = Paired::example(0.02, (0.01, 0.03), 0.001);
        let loss = Paired::example(-0.02, (-0.03, -0.01), 0.001);
        assert_eq!(advice(&gain, &[broken()], &[], 0.0), Advice::Keep);
        assert_eq!(advice(&gain, &[open()], &[], 0.0), Advice::Undecided);
        assert_eq!(advice(&gain, &[], &[segment(-0.03, -0.01)], 0.0), Advice::Keep);
        assert_eq!(advice(&gain, &[held()], &[segment(-0.08, 0.01)], 0.0), Advice::Undecided);
        assert_eq!(advice(&loss, &[], &[], 0.0), Advice::Keep);
    }

    #[test]
    fn less_is_a_gain_where_the_metric_says_so() {
        let mut less = Paired::example(-0.02, (-0.03, -0.01), 0.001);
        less.topic.direction = "lower".into();
        assert_eq!(advice(&less, &[], &[], 0.005), Advice::Ship);
        assert_eq!(advice(&less, &[], &[], 0.04), Advice::Keep);
    }

    #[test]
    fn nothing_shown_is_undecided_and_a_small_difference_equivalent() {
        let open = Paired::example(0.001, (-0.004, 0.006), 0.7);
        assert_eq!(advice(&open, &[], &[], 0.0), Advice::Undecided);
        let small = Paired { equivalence_p: Some(0.01), ..open.clone() };
        assert_eq!(
            advice(&small, &[], &[], 0.0),
            Advice::Undecided,
            "over users and seeds it reaches beyond the margin"
        );
        assert_eq!(advice(&Paired { upper: 0.0045, ..small.clone() }, &[], &[], 0.0), Advice::Equivalent);
        let one_seed = Paired { interval_method: "bca-users".into(), ..small };
        assert_eq!(advice(&one_seed, &[], &[], 0.0), Advice::Equivalent);
        assert_eq!(advice(&Paired { n_better: 0, n_worse: 0, ..open }, &[], &[], 0.0), Advice::Equivalent);
    }

    #[test]
    fn harm_comes_before_being_identical() {
        let same = Paired { n_better: 0, n_worse: 0, n_tied: 100, ..Paired::example(0.0, (0.0, 0.0), 1.0) };
        assert_eq!(advice(&same, &[open()], &[], 0.0), Advice::Equivalent);
        let (advice, reasons) = decide(&same, &[broken()], &[], &terms(0.0), RULES);
        assert!(advice == Advice::Keep && reasons[0].starts_with("tail-share >= 0 is broken: "), "{reasons:?}");
    }

    #[test]
    fn the_first_line_counts_what_held() {
        let gain = Paired::example(0.02, (0.01, 0.03), 0.001);
        let names = [&"a".to_owned(), &"b".to_owned()];
        let line =
            sentence(names, Advice::Undecided, &["why".into()], &gain, [&[held(), open()], &[segment(-0.08, 0.01)]]);
        assert!(line.ends_with("; why; 1 of 2 guardrails held; 0 of 1 segments held; 100 users × 5 seeds"), "{line}");
    }

    #[test]
    fn what_the_toml_does_not_say_has_the_defaults_of_the_toml() {
        let defaults = terms(0.0);
        assert_eq!((defaults.primary.as_str(), defaults.discount.as_str(), defaults.k), ("engagement", "log2", 10));
        assert_eq!((defaults.minimum_uplift, defaults.margin), (0.0, 0.005));
        assert!(defaults.guardrails.is_empty() && defaults.segments.is_empty());
        let said = BTreeMap::from([("ab.k".to_owned(), "5".to_owned()), ("ab.primary".into(), "\"ndcg@5\"".into())]);
        assert_eq!((Terms::of(&said).k, Terms::of(&said).primary.as_str()), (5, "ndcg@5"));
    }
}
