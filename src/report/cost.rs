//! What quality costs: the time that fitting an arm takes, with all that it is made of.
//!
//! Only what the store has by arm is counted: fits, those of models that propose candidates among them, and the rows that stackers learn from. Scoring and judging are one stage for all arms, because users are taken once for
//! all of them: whoever wants to know what serving costs has to measure that alone.

use super::figures::{Draft, Place};
use super::files::slug;
use super::numbers::{decimal, label};
use super::records::{Arm, RunFacts, Work};
use super::tables::{Board, role};
use crate::plots::trade_off::{self, ArmPoint, TradeOffData};
use crate::plots::{Color, Heading};
use crate::suggest::matches;
use std::collections::BTreeSet;

/// The headline metric against the seconds that an arm's fits take; `None` with fewer than two arms whose times are known.
pub fn figure(board: &Board<'_>, protocol: &str) -> Option<Draft> {
    let (metric, k) = board.headline?;
    let point = |(arm, &color): (&Arm, &Color)| {
        let y = board.mark(protocol, metric.id, k, arm.id)?;
        Some(ArmPoint {
            name: arm.name.clone(),
            color,
            role: role(arm),
            x: milliseconds(board.facts, arm, protocol).ok()? / 1e3,
            y,
        })
    };
    let points: Vec<ArmPoint> = board.facts.arms.iter().zip(&board.colors).filter_map(point).collect();
    if points.len() < 2 {
        return None;
    }
    let name = label(&metric.name, Some(k));
    let missing = board.ranked(protocol).len().saturating_sub(points.len());
    let is_unclear = |arm: &&Arm| milliseconds(board.facts, arm, protocol) == Err(Missing::Unclear);
    let unclear = board.facts.arms.iter().filter(is_unclear).count();
    let why = if unclear > 0 { format!(" ({unclear}: fits of one name, and no telling whose)") } else { String::new() };
    let missing = if missing > 0 { format!(" {missing} without times{why}.") } else { String::new() };
    let interval = board.level().map_or_else(|| "range over seeds".to_owned(), |level| format!("{level} % interval"));
    let heading = Heading {
        title: format!("{name} against time to fit, {protocol}"),
        caption: format!(
            "{}. Wall clock of fits, others beside them: it depends on machine and threads. Stackers: with what they learn from; candidates: with \
             their generators; without scoring, one stage for all.{missing} Line: {interval}; gray: none beats these in both.",
            board.conditions(protocol)
        ),
    };
    let told = points.iter().map(|own| format!("{} {} in {} s", own.name, decimal(own.y.mean), decimal(own.x)));
    let alt = format!("{}. {} {}", heading.title, heading.caption, told.collect::<Vec<_>>().join(", "));
    let data = TradeOffData {
        heading,
        x_name: "fitting, seconds per seed".into(),
        y_name: name,
        is_less_better: true,
        points,
    };
    let file = format!("trade-off-time-{}", slug(protocol));
    Some(Draft::new(Place::Protocol(protocol.to_owned()), &file, &alt, trade_off::draw(&data)))
}

/// Why the time of an arm is not known.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Missing {
    /// The store does not have a part of it.
    Unknown,
    /// A fit bears a name that can be that of another.
    Unclear,
}

/// Mean time per seed of all that an arm needs fitted.
fn milliseconds(facts: &RunFacts, arm: &Arm, protocol: &str) -> Result<f64, Missing> {
    let names = needs(facts, arm, protocol).ok_or(Missing::Unknown)?;
    let works = names.iter().map(|name| facts.work.get(name).ok_or(Missing::Unknown));
    let works: Vec<&Work> = works.collect::<Result<_, Missing>>()?;
    let (mut all, mut seen) = (0.0, BTreeSet::new());
    for work in works {
        // Two models that are the same but for their names are fitted once.
        if seen.insert(&work.keys) {
            all += work.mean_ms.ok_or(if work.is_ambiguous { Missing::Unclear } else { Missing::Unknown })?;
        }
    }
    Ok(all)
}

/// The stages that an arm needs under a protocol; `None` where a part has none.
///
/// A base model needs its fit for the test. A stacker needs its own, the rows that it learns from (as made for all stackers of the run), and every fit of the models whose
/// scores it looks at and of those that propose the candidates it learned to rank, those on folds among them; the simple average learns from no rows, and so needs of these
/// only the fits for the test; a blend needs what the others need. Where the protocol has its candidates from generators, every arm needs them for the test.
fn needs(facts: &RunFacts, arm: &Arm, protocol: &str) -> Option<BTreeSet<String>> {
    let for_test = |model: &str| format!("fit {model}{}", of_test(facts));
    let mut out: BTreeSet<String> = generators(facts, protocol).into_iter().map(for_test).collect();
    if matches!(arm.role.as_str(), "base" | "floor") {
        out.insert(for_test(&arm.name));
        return Some(out);
    }
    // A blend learns nothing, and needs all that those need whom it blends.
    if let Some(blended) = list(facts, arm, "of") {
        for name in &blended {
            let other = facts.arms.iter().find(|other| other.name == *name && list(facts, other, "of").is_none())?;
            out.extend(needs(facts, other, protocol)?);
        }
        out.insert(format!("fit {}", arm.name));
        return Some(out);
    }
    let features = list(facts, arm, "features")?;
    let looked_at = features.iter().filter_map(|feature| model(facts, feature));
    let learned_under: Option<String> =
        facts.params.get("training.protocol").and_then(|json| serde_json::from_str(json).ok()).flatten();
    let proposing = learned_under.map_or_else(Vec::new, |protocol| generators(facts, &protocol));
    out.insert(format!("fit {}", arm.name));
    if arm.role == "stacker" {
        out.insert("stack rows".to_owned());
    }
    for model in looked_at.chain(proposing) {
        // What learns from no rows needs no scores of folds.
        if arm.role == "average" {
            out.insert(for_test(model));
            continue;
        }
        let own: Vec<&String> = facts.work.keys().filter(|stage| is_fit_of(stage, model)).collect();
        if own.is_empty() {
            return None;
        }
        out.extend(own.into_iter().cloned());
    }
    Some(out)
}

/// A list of names among a stacker's options; `None` where it has no such option.
fn list(facts: &RunFacts, arm: &Arm, option: &str) -> Option<Vec<String>> {
    serde_json::from_str(facts.params.get(&format!("stackers.{}.{option}", arm.name))?).ok()
}

/// The models that propose candidates under a protocol, by the patterns of its options; floors answer to their own name only.
fn generators<'a>(facts: &'a RunFacts, protocol: &str) -> Vec<&'a str> {
    let patterns = facts.params.get(&format!("evaluation.{protocol}.generators"));
    let patterns: Vec<String> = patterns.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let is_meant = |arm: &&Arm| {
        patterns.iter().any(|pattern| {
            let (glob, adds) = pattern.strip_prefix('!').map_or((pattern.as_str(), true), |rest| (rest, false));
            let is_glob = pattern.contains(['*', '?']);
            matches(glob, &arm.name) == adds && (arm.role == "base" || arm.role == "floor" && !is_glob)
        })
    };
    facts.arms.iter().filter(is_meant).map(|arm| arm.name.as_str()).collect()
}

/// How the names of the fits end that score the test.
fn of_test(facts: &RunFacts) -> &'static str {
    let is = |name: &str, plain: &str| facts.params.get(name).is_none_or(|value| value == plain);
    if is("split.cross_fit", "0") && is("split.refit", "false") { "" } else { " on train_full" }
}

/// Whether a stage is the fit of a model, on whatever part.
fn is_fit_of(stage: &str, model: &str) -> bool {
    let rest = stage.strip_prefix("fit ").and_then(|rest| rest.strip_prefix(model));
    rest.is_some_and(|rest| rest.is_empty() || rest == " on train_full" || rest.starts_with(" without fold "))
}

/// The model whose score a feature is, as it is or in another form: `score_mf`, `score_mf@rank`.
fn model<'a>(facts: &'a RunFacts, feature: &str) -> Option<&'a str> {
    let name = feature.strip_prefix("score_")?.split('@').next()?;
    let models = facts.arms.iter().filter(|arm| matches!(arm.role.as_str(), "base" | "floor"));
    models.map(|arm| arm.name.as_str()).find(|own| *own == name)
}
