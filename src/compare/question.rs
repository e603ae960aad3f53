//! What is asked of some sides: metric, protocol, segment, margin; and what a study had written down before.

use super::paired::Rules;
use super::sides::Side;
use crate::error::{Error, Result, shown};
use crate::metrics::spec::MetricAt;
use crate::stats::resample::Resampler;
use crate::suggest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked, as far as it was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Question {
    /// Metric, e.g. `ndcg@10`.
    pub metric: Option<String>,
    /// Protocol.
    pub protocol: Option<String>,
    /// Cutoff.
    pub k: Option<u64>,
    /// Segment of users or items instead of everybody.
    pub segment: Option<String>,
    /// A difference smaller than this does not matter; unset: 0.005.
    pub margin: Option<f64>,
    /// The side that the others are compared with; unset: of two the second, of more each with each.
    pub baseline: Option<String>,
    /// Level of intervals; unset: that of the registered study, else of the first side's experiment.
    pub level: Option<f64>,
}

impl Question {
    /// As options of `rexp compare`, without what was left to its defaults.
    pub fn options(&self) -> Vec<String> {
        let text = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("--{name} {value}"));
        let number = |name: &str, value: Option<f64>| value.map(|value| format!("--{name} {value}"));
        [
            text("metric", &self.metric),
            text("protocol", &self.protocol),
            self.k.map(|k| format!("--k {k}")),
            text("segment", &self.segment),
            number("margin", self.margin),
            number("level", self.level),
            text("baseline", &self.baseline),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A difference smaller than this does not matter, unless something else is said.
pub const MARGIN: f64 = 0.005;

/// What a study had written down before it ran: `[study]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// The metric that decides.
    pub primary: String,
    /// The two arms it is about.
    pub contrast: Vec<String>,
    /// Metrics whose tests are corrected together.
    pub family: Vec<String>,
    /// Protocol: the one that was written down, else the first of the experiment.
    pub protocol: String,
    /// Level of intervals and tests: that of the experiment.
    pub level: f64,
}

impl Study {
    /// The study of a run, if it has one.
    pub fn of(params: &BTreeMap<String, String>) -> Option<Self> {
        let get = |name: &str| params.get(&format!("study.{name}"));
        let text = |name: &str| get(name).and_then(|json| serde_json::from_str::<String>(json).ok());
        let list = |name: &str| get(name).and_then(|json| serde_json::from_str::<Vec<String>>(json).ok());
        let protocol = text("protocol").filter(|protocol| !protocol.is_empty());
        Some(Self {
            primary: text("primary").filter(|primary| !primary.is_empty())?,
            contrast: list("contrast").unwrap_or_default(),
            family: list("family").unwrap_or_default(),
            protocol: protocol.or(protocols(params).into_iter().next()).unwrap_or_default(),
            level: level(params),
        })
    }

    /// Whether it is about these two sides: each is in the contrast by the name of its arm, or, as its experiment's answer, by that of its experiment.
    fn is_about(&self, sides: &[Side]) -> bool {
        let names = |side: &Side, name: &String| {
            let is_answer = side.run.arms.iter().any(|arm| arm.is_primary && arm.name == side.arm);
            *name == side.arm
                || *name == format!("{}/{}", side.run.experiment, side.arm)
                || is_answer && *name == side.run.experiment
        };
        sides.len() == 2
            && self.contrast.len() == 2
            && (0..2)
                .any(|first| names(&sides[0], &self.contrast[first]) && names(&sides[1], &self.contrast[1 - first]))
    }
}

/// The study that was registered for these sides, by either of them, with the earliest time; where the two register different ones, neither counts.
pub fn registered(sides: &[Side]) -> Option<(Study, &str)> {
    let own = |side: &'_ Side| Study::of(&side.run.params).filter(|study| study.is_about(sides));
    let mut studies = sides.iter().filter_map(|side| Some((own(side)?, side.run.started_at.as_str())));
    let first = studies.next()?;
    match studies.next() {
        Some((other, _)) if other != first.0 => None,
        Some((_, time)) => Some((first.0, time.min(first.1))),
        None => Some(first),
    }
}

/// The protocols of a run.
fn protocols(params: &BTreeMap<String, String>) -> Vec<String> {
    params.get("evaluation.protocols").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The level of a run's intervals.
fn level(params: &BTreeMap<String, String>) -> f64 {
    params.get("statistics.level").and_then(|value| value.parse().ok()).unwrap_or(0.95)
}

/// The protocol that is asked about: the one asked for, else that of the study if all sides have it, else the first that they share.
///
/// # Errors
/// [`Error::Name`] for one that not all sides have.
pub fn protocol(sides: &[Side], asked: Option<&str>, study: Option<&Study>) -> Result<String> {
    let mut shared = protocols(&sides[0].run.params);
    shared.retain(|protocol| sides[1..].iter().all(|side| protocols(&side.run.params).contains(protocol)));
    let registered = study.map(|study| &study.protocol).filter(|protocol| shared.contains(protocol));
    let default = registered.or(shared.first()).cloned();
    match asked.map(str::to_owned).or(default) {
        Some(protocol) if shared.contains(&protocol) => Ok(protocol),
        Some(other) => {
            let help = suggest::allowed(&other, shared.iter().map(String::as_str));
            Err(Error::Name { what: "protocol of these sides", found: shown(&other), help: Some(help) })
        }
        None => Err(Error::usage("the sides have no protocol in common", "run them with the same `protocols`")),
    }
}

/// Level, resamples and margin: the level asked for, else that of the study, else that of the first side.
///
/// # Errors
/// [`Error::Usage`] for a level outside (0, 1) or a margin that is not positive.
pub fn rules(sides: &[Side], study: Option<&Study>, question: &Question) -> Result<Rules> {
    let params = &sides[0].run.params;
    let level = question.level.or(study.map(|study| study.level)).unwrap_or_else(|| level(params));
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::usage(format!("found the level {level}, expected a number between 0 and 1"), "e.g. 0.95"));
    }
    let margin = question.margin.unwrap_or(MARGIN);
    if !(margin > 0.0 && margin.is_finite()) {
        return Err(Error::usage(
            format!("found the margin {margin}, expected a positive number"),
            "the difference below which it does not matter, e.g. 0.005",
        ));
    }
    let resamples = params.get("statistics.resamples").and_then(|value| value.parse::<f64>().ok());
    let n_resamples = resamples.map_or(Resampler::DEFAULT, |n| n as usize);
    Ok(Rules { level, n_resamples, margin })
}

/// Picks a metric with its cutoff among those that all sides have user by user.
///
/// - `available`: `(metric, cutoff)`.
///
/// # Errors
/// [`Error::Name`] for an unknown metric, [`Error::Usage`] for one without values per user or without that cutoff.
pub fn metric(asked: &str, k: Option<u64>, available: &[(String, u64)]) -> Result<(String, u64)> {
    let MetricAt { name, k: own } = MetricAt::parse(asked)?;
    let cutoffs: Vec<u64> = available.iter().filter(|(metric, _)| metric == name).map(|(_, k)| *k).collect();
    let nearest = cutoffs.iter().copied().min_by_key(|k| (k.abs_diff(10), *k));
    let Some(nearest) = nearest else {
        let mut names: Vec<&str> = available.iter().map(|(metric, _)| metric.as_str()).collect();
        names.dedup();
        return Err(Error::usage(
            format!("{name} has no value per user that all sides share, so that it cannot be paired"),
            suggest::allowed(asked, names),
        ));
    };
    // A cutoff asked for beside the metric means those metrics that have one.
    let wanted = own.or(k.filter(|_| nearest != 0)).unwrap_or(nearest);
    if cutoffs.contains(&wanted) {
        return Ok((name.to_owned(), wanted));
    }
    let all: Vec<String> = cutoffs.iter().map(|k| if *k == 0 { "none".into() } else { k.to_string() }).collect();
    Err(Error::usage(format!("{name} was not measured at the cutoff {wanted}"), format!("allowed: {}", all.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, json)| ((*name).to_owned(), (*json).to_owned())).collect()
    }

    #[test]
    fn a_study_without_a_protocol_means_the_first_of_its_experiment_and_every_study_the_level() {
        let registered = [("study.primary", "\"ndcg@10\""), ("evaluation.protocols", "[\"full\",\"rated\"]")];
        let study = Study::of(&params(&registered)).unwrap();
        assert_eq!((study.protocol.as_str(), study.level), ("full", 0.95));
        let empty = [&registered[..], &[("study.protocol", "\"\"")]].concat();
        assert_eq!(Study::of(&params(&empty)).unwrap(), study);
        let said = [&registered[..], &[("study.protocol", "\"rated\""), ("statistics.level", "0.9")]].concat();
        let study = Study::of(&params(&said)).unwrap();
        assert_eq!((study.protocol.as_str(), study.level), ("rated", 0.9));
        assert_eq!(Study::of(&params(&[("study.primary", "\"\"")])), None);
    }
}
