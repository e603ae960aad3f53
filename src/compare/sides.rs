//! Sides of a comparison: what a name on the command line means, and whether the sides can be compared at all.

use crate::error::{Error, Result, plural, shown};
use crate::store::Store;
use crate::store::identity::RunIdentity;
use crate::store::read::BoardArm;
use crate::suggest;
use std::collections::BTreeMap;

/// One arm of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What it is called in sentences: as it was asked for.
    pub name: String,
    /// Its arm.
    pub arm: String,
    /// Its run.
    pub run: RunIdentity,
}

/// Finds the sides of a comparison.
///
/// A text means, in this order: an experiment (the primary arm of its latest run); `experiment/arm`; the first digits of a run's id, also with `/arm`; an arm, of a
/// run that is a side already or else of the latest run that has it.
///
/// # Errors
/// [`Error::Name`] for a text that means nothing, [`Error::Usage`] for fewer than two sides or one that stands there twice.
pub fn resolve(store: &Store, texts: &[String]) -> Result<Vec<Side>> {
    if texts.len() < 2 {
        return Err(Error::usage(
            format!("found {}, expected two or more", plural(texts.len(), "side")),
            "rexp compare gbstack logistic; see `rexp list` for what there is",
        ));
    }
    let runs: Vec<(String, String)> =
        store.runs()?.into_iter().filter(|run| run.n_done > 0).map(|run| (run.experiment, run.run)).collect();
    let finder = Finder { store, runs };
    let mut out: Vec<Option<Side>> = texts.iter().map(|text| finder.run_or_arm(text)).collect::<Result<_>>()?;
    // Arms last: those of runs that are sides already come first.
    for at in 0..texts.len() {
        if out[at].is_none() {
            let known: Vec<&Side> = out.iter().flatten().collect();
            out[at] = Some(finder.arm(&texts[at], &known)?);
        }
    }
    let sides: Vec<Side> = out.into_iter().flatten().collect();
    for (at, side) in sides.iter().enumerate() {
        if let Some(other) = sides[..at].iter().find(|other| (&other.run.run, &other.arm) == (&side.run.run, &side.arm))
        {
            return Err(Error::usage(
                format!("{:?} and {:?} are the same arm of the same run", other.name, side.name),
                "name two different arms or runs",
            ));
        }
    }
    Ok(sides)
}

struct Finder<'a> {
    store: &'a Store,
    /// `(experiment, run)`, newest first; with at least one trial.
    runs: Vec<(String, String)>,
}

impl Finder<'_> {
    /// The run that a text means, if it is an experiment or the beginning of an id.
    fn run(&self, text: &str) -> Result<Option<RunIdentity>> {
        let by_name = self.runs.iter().find(|(experiment, run)| experiment == text || run == text);
        if let Some((_, run)) = by_name {
            return self.store.identity(run).map(Some);
        }
        if text.len() < 4 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let matching: Vec<&str> =
            self.runs.iter().map(|(_, run)| run.as_str()).filter(|run| run.starts_with(text)).collect();
        match matching[..] {
            [] => Ok(None),
            [run] => self.store.identity(run).map(Some),
            _ => Err(Error::Name {
                what: "run",
                found: shown(text),
                help: Some(format!("it is the beginning of {}", matching.join(", "))),
            }),
        }
    }

    fn run_or_arm(&self, text: &str) -> Result<Option<Side>> {
        if let Some(run) = self.run(text)? {
            let primary = run.arms.iter().find(|arm| arm.is_primary).or(run.arms.first());
            let arm = primary.map(|arm| arm.name.clone()).unwrap_or_default();
            return Ok(Some(Side { name: shown(text), arm, run }));
        }
        let Some((run, arm)) = text.split_once('/') else { return Ok(None) };
        let Some(run) = self.run(run)? else {
            return Err(self.unknown("experiment or run", run, &[]));
        };
        if !run.arms.iter().any(|other| other.name == arm) {
            let help = suggest::allowed(arm, run.arms.iter().map(|arm| arm.name.as_str()));
            return Err(Error::Name { what: "arm", found: shown(arm), help: Some(help) });
        }
        Ok(Some(Side { name: shown(text), arm: arm.to_owned(), run }))
    }

    fn arm(&self, text: &str, known: &[&Side]) -> Result<Side> {
        let has = |run: &RunIdentity| run.arms.iter().any(|arm| arm.name == text);
        let side = |run: RunIdentity| Side { name: shown(text), arm: text.to_owned(), run };
        if let Some(other) = known.iter().find(|other| has(&other.run)) {
            return Ok(side(other.run.clone()));
        }
        let mut arms: Vec<String> = Vec::new();
        for (_, run) in &self.runs {
            let run = self.store.identity(run)?;
            if has(&run) {
                return Ok(side(run));
            }
            arms.extend(run.arms.into_iter().map(|arm| arm.name));
        }
        Err(self.unknown("side", text, &arms))
    }

    fn unknown(&self, what: &'static str, text: &str, arms: &[String]) -> Error {
        let mut names: Vec<&str> =
            self.runs.iter().map(|(experiment, _)| experiment).chain(arms).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let help = if names.is_empty() {
            "the store has no finished trial; run an experiment first".into()
        } else {
            suggest::allowed(text, names)
        };
        Error::Name { what, found: shown(text), help: Some(help) }
    }
}

/// The ground that sides share.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// Seeds that all sides have, ascending.
    pub seeds: Vec<u64>,
    /// Hash of the split of each of those seeds.
    pub splits: Vec<String>,
    /// What the reader must know about it.
    pub notes: Vec<String>,
}

/// Refuses sides that were not judged on the same test ratings in the same way.
///
/// # Errors
/// [`Error::Usage`] with the first difference.
pub fn common_ground(sides: &[Side], protocol: &str) -> Result<Ground> {
    let first = &sides[0];
    let mut seeds: Vec<u64> = first.run.splits.keys().copied().collect();
    for side in &sides[1..] {
        if side.run.dataset_hash != first.run.dataset_hash {
            let (one, other) = (&first.run.dataset, &side.run.dataset);
            let what = if one == other {
                format!("{one:?} with other content than that of {}", first.name)
            } else {
                format!("{other:?}, {} on {one:?}", first.name)
            };
            return Err(Error::usage(
                format!("the sides were judged on different data: {} on {what}", side.name),
                "compare runs on the same data",
            ));
        }
        for name in first.run.params.keys().chain(side.run.params.keys()) {
            let counts = name == "evaluation.threshold" || name.starts_with(&format!("evaluation.{protocol}."));
            let values = [first, side].map(|side| side.run.params.get(name).map_or("unset", String::as_str));
            if counts && values[0] != values[1] {
                let message = format!("{name} is {} for {} and {} for {}", values[0], first.name, values[1], side.name);
                return Err(Error::usage(message, "compare runs that were judged alike"));
            }
        }
        seeds.retain(|seed| side.run.splits.contains_key(seed));
    }
    if seeds.is_empty() {
        let of =
            |side: &Side| format!("{}: {}", side.name, listed(&side.run.splits.keys().copied().collect::<Vec<_>>()));
        let all: Vec<String> = sides.iter().map(of).collect();
        return Err(Error::usage(
            format!("the sides have no seed in common ({})", all.join("; ")),
            "run them with the same seeds, e.g. --seeds 1..5",
        ));
    }
    for seed in &seeds {
        for side in &sides[1..] {
            if side.run.splits.get(seed) != first.run.splits.get(seed) {
                return Err(Error::usage(
                    format!(
                        "{} and {} were not split alike for seed {seed}{}",
                        first.name,
                        side.name,
                        split_difference(first, side)
                    ),
                    "compare runs with the same [split]",
                ));
            }
        }
    }
    let splits = seeds.iter().filter_map(|seed| first.run.splits.get(seed).cloned()).collect();
    let notes = left_out(sides, &seeds).into_iter().chain(uneven_auc(sides, protocol)).collect();
    Ok(Ground { notes, seeds, splits })
}

/// Whether some sides rank candidates alone and others the whole catalog: the AUC of the ones counts ties that the others do not have.
pub fn is_auc_uneven(sides: &[Side], protocol: &str) -> bool {
    let n = sides.iter().filter(|side| ranks_candidates(side, protocol)).count();
    n > 0 && n < sides.len()
}

/// The note of it.
fn uneven_auc(sides: &[Side], protocol: &str) -> Option<String> {
    let (some, others): (Vec<&Side>, Vec<&Side>) = sides.iter().partition(|side| ranks_candidates(side, protocol));
    let names = |sides: &[&Side]| sides.iter().map(|side| side.name.as_str()).collect::<Vec<_>>().join(", ");
    is_auc_uneven(sides, protocol).then(|| {
        format!(
            "AUC: what generators did not propose is one tie for {}, but not for {}: a difference in AUC says nothing of their orders",
            names(&some),
            names(&others)
        )
    })
}

/// Whether a side is a stack that learned from the candidates of generators, judged on the whole catalog: it ranks these and has all else behind them.
fn ranks_candidates(side: &Side, protocol: &str) -> bool {
    let option = |name: &str| -> Option<serde_json::Value> { serde_json::from_str(side.run.params.get(name)?).ok() };
    let is_stack = |arm: &BoardArm| arm.name == side.arm && matches!(arm.role.as_str(), "stacker" | "average");
    let named = option("training.protocol").filter(|name| name != "");
    let first = || option("evaluation.protocols")?.as_array()?.iter().find(|&name| name != "rated").cloned();
    protocol == "full"
        && side.run.arms.iter().any(is_stack)
        && option("training.negatives").is_some_and(|n| n != 0)
        && named.or_else(first).is_some_and(|drawn| drawn == "two-stage")
}

fn split_difference(one: &Side, other: &Side) -> String {
    let changed: Vec<String> = changes(&[one, other])
        .into_iter()
        .filter(|(name, _)| name.starts_with("split."))
        .map(|(name, values)| format!("{name}: {}", values.join(" and ")))
        .collect();
    if changed.is_empty() { String::new() } else { format!(" ({})", changed.join("; ")) }
}

/// A note for every side with seeds that another lacks.
fn left_out(sides: &[Side], seeds: &[u64]) -> Vec<String> {
    let note = |side: &Side| {
        let others: Vec<u64> = side.run.splits.keys().copied().filter(|seed| !seeds.contains(seed)).collect();
        (!others.is_empty()).then(|| {
            format!(
                "{} has the seeds {} besides, which are left out: not every side has them",
                side.name,
                listed(&others)
            )
        })
    };
    sides.iter().filter_map(note).collect()
}

fn listed(seeds: &[u64]) -> String {
    seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Options that differ between sides: name, and the value of each side. Options of other stackers than a side's own do not count.
pub fn changes(sides: &[&Side]) -> Vec<(String, Vec<String>)> {
    let own: Vec<BTreeMap<String, &str>> = sides.iter().map(|side| own_options(side)).collect();
    let mut names: Vec<&String> = own.iter().flat_map(BTreeMap::keys).collect();
    names.sort_unstable();
    names.dedup();
    let values = |name: &String| -> Vec<String> {
        own.iter().map(|options| options.get(name).map_or("unset", |value| *value).to_owned()).collect()
    };
    let all = names.into_iter().map(|name| (name.clone(), values(name)));
    all.filter(|(_, values)| values.iter().any(|value| *value != values[0])).collect()
}

/// The options that matter to a side: its arm's own under the name `arm`, those of the stackers that it blends under `arm.of`, and all that is not a stacker's.
fn own_options(side: &Side) -> BTreeMap<String, &str> {
    let blended = side.run.params.get(&format!("stackers.{}.of", side.arm));
    let blended: Vec<String> = blended.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let own = |name: &str| {
        let (section, rest) = name.split_once('.')?;
        if section == "stackers" {
            let of = |stacker: &str| rest.strip_prefix(&format!("{stacker}."));
            let of_blended = || blended.iter().find_map(|name| Some(format!("arm.of.{name}.{}", of(name)?)));
            return of(&side.arm).map(|option| format!("arm.{option}")).or_else(of_blended);
        }
        (!matches!(name, "stackers") && !matches!(section, "statistics" | "study" | "ab")).then(|| name.to_owned())
    };
    side.run.params.iter().filter_map(|(name, value)| Some((own(name)?, value.as_str()))).collect()
}
