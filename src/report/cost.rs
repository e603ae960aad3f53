//! What quality costs: the time that fitting an arm takes, with all that it is made of.
//!
//! Only what the store has by arm is counted: fits, and the rows that stackers learn from. Scoring and judging are one stage for all arms, because users are taken once for
//! all of them: whoever wants to know what serving costs has to measure that alone.

use super::figures::{Draft, Place};
use super::files::slug;
use super::numbers::{decimal, label};
use super::records::{Arm, RunFacts};
use super::tables::{Board, role};
use crate::plots::trade_off::{self, ArmPoint, TradeOffData};
use crate::plots::{Color, Heading};

/// The headline metric against the seconds that an arm's fits take; `None` with fewer than two arms whose times are known.
pub fn figure(board: &Board<'_>, protocol: &str) -> Option<Draft> {
    let (metric, k) = board.headline?;
    let point = |(arm, &color): (&Arm, &Color)| {
        let y = board.mark(protocol, metric.id, k, arm.id)?;
        Some(ArmPoint { name: arm.name.clone(), color, role: role(arm), x: milliseconds(board.facts, arm)? / 1e3, y })
    };
    let points: Vec<ArmPoint> = board.facts.arms.iter().zip(&board.colors).filter_map(point).collect();
    if points.len() < 2 {
        return None;
    }
    let name = label(&metric.name, Some(k));
    let missing = board.ranked(protocol).len().saturating_sub(points.len());
    let missing = if missing > 0 { format!(" {missing} without times.") } else { String::new() };
    let interval = board.level().map_or_else(|| "range over seeds".to_owned(), |level| format!("{level} % interval"));
    let heading = Heading {
        title: format!("{name} against time to fit, {protocol}"),
        caption: format!(
            "{}. Wall clock of fits, others beside them: it depends on machine and threads. Stackers: with what they learn from. Scoring, \
             one stage for all arms, is not in it.{missing} Line: {interval}; gray: none beats these in both.",
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

/// Mean time per seed of all that an arm needs fitted; `None` where a part of it is not known, e.g. because it was fitted under another name.
///
/// A base model needs its fit for the test. A stacker needs its own, the rows that it learns from (as made for all stackers of the run), and every fit of the models whose
/// scores it looks at, those on folds among them; the simple average learns from no rows.
fn milliseconds(facts: &RunFacts, arm: &Arm) -> Option<f64> {
    let fit = |name: &str| facts.work.get(&format!("fit {name}")).copied();
    if matches!(arm.role.as_str(), "base" | "floor") {
        return fit(&format!("{}{}", arm.name, of_test(facts)));
    }
    let features: Vec<String> =
        serde_json::from_str(facts.params.get(&format!("stackers.{}.features", arm.name))?).ok()?;
    let mut models: Vec<&str> = features.iter().filter_map(|feature| model(facts, feature)).collect();
    models.sort_unstable();
    models.dedup();
    let mut all = fit(&arm.name)?;
    if arm.role == "stacker" {
        all += facts.work.get("stack rows")?;
    }
    for model in models {
        let own: Vec<f64> = facts.work.iter().filter(|(stage, _)| is_fit_of(stage, model)).map(|(_, ms)| *ms).collect();
        if own.is_empty() {
            return None;
        }
        all += own.iter().sum::<f64>();
    }
    Some(all)
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
