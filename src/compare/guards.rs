//! What must not suffer: the guardrails and segments of `[ab]`. Both are judged alike: a guard holds where the whole interval is on the allowed side of its limit, is
//! broken where the whole interval is on the other, and is open between, which holds a verdict back.
//!
//! The limit of a guardrail is written in it. That of a segment that may not lose is the margin, below which a difference does not matter: no segment of a hundred
//! users could show that it loses nothing at all. A loss beyond chance breaks it at zero already, unless all of it lies within the margin.

use super::over_seeds::OverSeeds;
use super::paired::Paired;
use super::verdict::{interval, signed, uplift};
use serde::{Deserialize, Serialize};

/// A guardrail, or a segment that may not lose, with what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// As written.
    pub text: String,
    /// The worst difference that it allows, in units of the metric.
    pub limit: f64,
    /// What was found.
    pub found: Evidence,
    /// What that says.
    pub state: State,
}

/// A difference that a guard looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Evidence {
    /// Of users.
    Users(Box<Paired>),
    /// Of all lists or rows together, by seed.
    Seeds(OverSeeds),
}

impl Evidence {
    /// The difference.
    pub fn uplift(&self) -> f64 {
        match self {
            Self::Users(found) => found.uplift,
            Self::Seeds(found) => found.uplift,
        }
    }

    /// Mean of the baseline.
    fn baseline(&self) -> f64 {
        match self {
            Self::Users(found) => found.baseline,
            Self::Seeds(found) => found.baseline,
        }
    }

    /// Ends of the interval; `None` where one seed says nothing about others.
    pub fn ends(&self) -> Option<(f64, f64)> {
        match self {
            Self::Users(found) if found.is_identical() => Some((0.0, 0.0)),
            Self::Users(found) => Some((found.lower, found.upper)),
            Self::Seeds(found) => found.ends(),
        }
    }

    /// `-0.0300 [-0.0500, -0.0100] (-6.0 %)`, or without an interval.
    fn words(&self) -> String {
        match self {
            Self::Users(found) => uplift(found),
            Self::Seeds(found) => match found.ends() {
                Some(ends) => format!("{} {} over {} seeds", signed(found.uplift), interval(ends), found.n_seeds),
                None => format!("{} in one seed, which has no interval", signed(found.uplift)),
            },
        }
    }
}

/// Whether a guard holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Shown to hold.
    Held,
    /// Shown not to.
    Broken,
    /// Not shown either way.
    Open,
}

impl State {
    /// Held where the whole interval is at `limit` or above, broken where it is below `broken`.
    fn of(ends: Option<(f64, f64)>, limit: f64, broken: f64) -> Self {
        match ends {
            Some((lower, _)) if lower >= limit => Self::Held,
            Some((_, upper)) if upper < broken => Self::Broken,
            _ => Self::Open,
        }
    }

    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken => "broken",
            Self::Open => "open",
        }
    }
}

impl Guard {
    /// A guardrail: the difference must not be below a limit, in units of the metric or as a share of the baseline.
    pub fn guardrail(text: &str, limit: f64, is_relative: bool, found: Evidence) -> Self {
        let limit = if is_relative { limit * found.baseline().abs() } else { limit };
        Self { text: text.to_owned(), limit, state: State::of(found.ends(), limit, limit), found }
    }

    /// A segment that may not lose by `margin` or more in the primary metric.
    pub fn segment(found: Paired, margin: f64) -> Self {
        let (text, sign) = (format!("{} may not lose", found.topic.segment), found.topic.sign());
        let found = Evidence::Users(Box::new(found));
        // As if more were better, whatever the metric.
        let ends = found.ends().map(|(lower, upper)| if sign < 0.0 { (-upper, -lower) } else { (lower, upper) });
        let limit = if sign < 0.0 { margin } else { -margin };
        Self { text, limit, state: State::of(ends, -margin, 0.0), found }
    }

    /// The segment that it is about, if it is about one.
    fn segment_name(&self) -> Option<&str> {
        match &self.found {
            Evidence::Users(found) if found.topic.segment != "all" => Some(&found.topic.segment),
            _ => None,
        }
    }

    /// Why it speaks against the candidate, if it is broken.
    pub fn harm(&self) -> Option<String> {
        let words = self.found.words();
        (self.state == State::Broken).then(|| match self.segment_name() {
            Some(segment) => format!("{segment} loses: {words}"),
            None => format!("{} is broken: {words}", self.text),
        })
    }

    /// Why it holds a verdict back, if it is open.
    pub fn doubt(&self) -> Option<String> {
        let words = self.found.words();
        (self.state == State::Open).then(|| match self.segment_name() {
            Some(segment) => format!("that {segment} does not lose is not shown: {words}"),
            None => format!("{} is not shown to hold: {words}", self.text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::over_seeds::SeedValues;

    fn users(lower: f64, upper: f64) -> Paired {
        Paired::example(f64::midpoint(lower, upper), (lower, upper), 0.01)
    }

    #[test]
    fn a_guardrail_holds_above_its_limit_breaks_below_and_is_open_between() {
        let state = |limit, is_relative, (lower, upper)| {
            Guard::guardrail("x", limit, is_relative, Evidence::Users(Box::new(users(lower, upper)))).state
        };
        assert_eq!(state(-0.02, false, (-0.02, 0.01)), State::Held);
        assert_eq!(state(-0.02, false, (-0.08, 0.01)), State::Open);
        assert_eq!(state(-0.02, false, (-0.08, -0.03)), State::Broken);
        // 4 % of a baseline of 0.5 are 0.02.
        assert_eq!([-0.021, -0.019].map(|lower| state(-0.04, true, (lower, 0.0))), [State::Open, State::Held]);
    }

    #[test]
    fn a_segment_must_be_shown_not_to_lose() {
        let guard = |(lower, upper), direction: &str| {
            let mut found = users(lower, upper);
            (found.topic.segment, found.topic.direction) = ("user-activity:cold".into(), direction.into());
            Guard::segment(found, 0.005)
        };
        for (ends, expected) in [
            ((-0.005, 0.01), State::Held),
            ((-0.004, -0.001), State::Held),
            ((-0.08, 0.01), State::Open),
            ((-0.08, -0.001), State::Broken),
        ] {
            let (higher, lower) = (guard(ends, "higher"), guard((-ends.1, -ends.0), "lower"));
            assert_eq!((higher.state, lower.state), (expected, expected), "{ends:?}");
            assert_eq!((higher.limit, lower.limit), (-0.005, 0.005));
            assert_eq!(
                (higher.harm().is_some(), higher.doubt().is_some()),
                (expected == State::Broken, expected == State::Open)
            );
        }
        let open = guard((-0.08, 0.01), "higher").doubt().unwrap();
        assert!(open.starts_with("that user-activity:cold does not lose is not shown: -0.0350 ["), "{open}");
    }

    #[test]
    fn lists_together_are_guarded_over_seeds_and_one_seed_leaves_it_open() {
        let guard = |candidate: &[f64], baseline: &[f64]| {
            let found = SeedValues::example("coverage", candidate, baseline).difference("coverage", 10, 0.95).unwrap();
            Guard::guardrail("coverage >= -0.02", -0.02, false, Evidence::Seeds(found))
        };
        assert_eq!(guard(&[0.5, 0.51, 0.49], &[0.4, 0.4, 0.4]).state, State::Held);
        assert_eq!(guard(&[0.3, 0.31, 0.29], &[0.4, 0.4, 0.4]).state, State::Broken);
        assert_eq!(guard(&[0.5, 0.1, 0.9], &[0.4, 0.4, 0.4]).state, State::Open);
        assert_eq!(guard(&[0.5, 0.5], &[0.5, 0.5]).state, State::Held);
        let one = guard(&[0.5], &[0.4]);
        assert_eq!(
            one.doubt().unwrap(),
            "coverage >= -0.02 is not shown to hold: +0.1000 in one seed, which has no interval"
        );
    }
}
