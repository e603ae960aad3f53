//! The page's figures: which there are, what they show, and their two renderings.

use super::cost;
use super::facts::meaning;
use super::files::slug;
use super::numbers::{decimal, label, over_seeds, seeds, with_unit};
use super::profile;
use super::records::{HistoryPoint, Metric};
use super::relations;
use super::scores;
use super::svg;
use super::tables::{Board, role};
use crate::error::Result;
use crate::plots::importance::{self, ImportanceData};
use crate::plots::leaderboard_bars::{self, ArmValue, LeaderboardBarsData};
use crate::plots::learning_curve::{self, Curve, LearningCurveData};
use crate::plots::metric_at_k::{self, ArmLine, MetricAtKData};
use crate::plots::{Canvas, Heading, Role, Spread, arm_colors};
use rayon::prelude::*;
use serde::Serialize;

/// A figure before it is rendered.
pub struct Draft {
    place: Place,
    file: String,
    alt: String,
    canvas: Canvas,
}

impl Draft {
    /// A draft whose description is a text.
    pub fn new(place: Place, file: &str, alt: &str, canvas: Canvas) -> Self {
        Self { place, file: file.to_owned(), alt: alt.to_owned(), canvas }
    }
}

/// Where on the page a figure stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// With the tables of a protocol.
    Protocol(String),
    /// With the segments of a protocol.
    Segments(String),
    /// With the scores of a protocol.
    Scores(String),
    /// With the data set.
    Data,
    /// With the importances.
    Importance,
    /// With the learning curves.
    Learning,
    /// On the page of a comparison.
    Comparison,
}

/// A figure, rendered.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Where it stands.
    #[serde(skip)]
    pub place: Place,
    /// Name of its PNG file beside the page.
    pub file: String,
    /// The `<svg>` element.
    pub svg: String,
    /// Bytes of the PNG.
    #[serde(skip)]
    pub png: Vec<u8>,
}

/// Metrics whose curves over k are drawn, as far as they have values; the headline metric comes first.
const CURVES: &[&str] = &["recall", "precision"];
/// Lines that one figure can carry.
const MOST_LINES: usize = 12;
/// Arms named in a figure's description.
const DESCRIBED: usize = 12;

/// All figures of the page, drawn on all cores. Their order is that of the page, whatever core was faster.
pub fn figures(board: &Board<'_>) -> Result<Vec<Figure>> {
    let mut drafts = Vec::new();
    for protocol in &board.protocols {
        drafts.extend(bars(board, protocol));
        drafts.extend(relations::average_ranks(board, protocol));
        drafts.extend(curves(board, protocol));
        drafts.extend(cost::figure(board, protocol));
        drafts.extend(relations::trade_offs(board, protocol));
        drafts.extend(relations::heat_maps(board, protocol));
        drafts.extend(scores::figures(board, protocol));
    }
    drafts.extend(importances(board));
    drafts.extend(learning(board));
    drafts.extend(profile::figures(board.facts));
    rendered(drafts)
}

/// Renders drafts, each under a file name of its own.
pub(super) fn rendered(mut drafts: Vec<Draft>) -> Result<Vec<Figure>> {
    let mut names: Vec<String> = Vec::new();
    for draft in &mut drafts {
        // Two names can have one slug.
        let mut file = format!("{}.png", draft.file);
        for number in 2.. {
            if !names.contains(&file) {
                break;
            }
            file = format!("{}-{number}.png", draft.file);
        }
        names.push(file.clone());
        draft.file = file;
    }
    drafts.into_par_iter().map(render).collect()
}

fn render(draft: Draft) -> Result<Figure> {
    let svg = svg::compact(&draft.canvas.svg(&draft.alt)?);
    Ok(Figure { place: draft.place, file: draft.file, svg, png: draft.canvas.png()? })
}

/// The headline metric of all arms under a protocol.
fn bars(board: &Board<'_>, protocol: &str) -> Option<Draft> {
    let (metric, k) = board.headline?;
    let arms: Vec<ArmValue> = board
        .facts
        .arms
        .iter()
        .zip(&board.colors)
        .map(|(arm, &color)| ArmValue {
            name: arm.name.clone(),
            color,
            role: role(arm),
            value: board.mark(protocol, metric.id, k, arm.id),
        })
        .collect();
    let name = label(&metric.name, Some(k));
    let heading = Heading {
        title: format!("{name}, {protocol}"),
        caption: match board.level() {
            Some(level) => {
                let marks = format!("Dot: mean; line: {level} % interval; hollow: floor.");
                caption(board, protocol, &marks, &marks)
            }
            None => caption(board, protocol, "Dot: mean; line: range over seeds; hollow: floor.", "Hollow: floor."),
        },
    };
    let alt = describe(&heading, arms.iter().map(|arm| (arm.name.as_str(), arm.value)));
    let is_lower_better = metric.direction == "lower";
    let data = LeaderboardBarsData { heading, x_name: with_unit(metric, &name), is_lower_better, arms };
    Some(Draft {
        place: Place::Protocol(protocol.to_owned()),
        file: format!("leaderboard-{}", slug(protocol)),
        alt,
        canvas: leaderboard_bars::draw(&data),
    })
}

fn curves(board: &Board<'_>, protocol: &str) -> Vec<Draft> {
    let headline = board.headline.map(|(metric, _)| metric);
    let others = CURVES.iter().filter_map(|name| board.facts.metrics.iter().find(|metric| metric.name == *name));
    let metrics = headline.into_iter().chain(others.filter(|metric| Some(metric.id) != headline.map(|m| m.id)));
    metrics.filter_map(|metric| curve(board, protocol, metric)).collect()
}

/// Which arms a figure of lines has: all, or as many as can be told apart: the primary, the floors, and the best others. In the order of tables.
pub(super) fn drawn(board: &Board<'_>, protocol: &str) -> Vec<usize> {
    let arms = &board.facts.arms;
    if arms.len() <= MOST_LINES {
        return (0..arms.len()).collect();
    }
    let must = |at: &usize| role(&arms[*at]) != Role::Contender;
    let mut chosen: Vec<usize> = (0..arms.len()).filter(must).take(MOST_LINES).collect();
    let ranked = board.ranked(protocol);
    let best = ranked.iter().filter_map(|(arm, _)| arms.iter().position(|other| other.id == arm.id));
    let room = MOST_LINES - chosen.len();
    chosen.extend(best.filter(|at| !must(at)).take(room));
    chosen.sort_unstable();
    chosen
}

/// Under which conditions a figure holds, and what its marks mean over several seeds, or for one.
fn caption(board: &Board<'_>, protocol: &str, several: &str, one: &str) -> String {
    let marks = if board.facts.trials.len() > 1 { several } else { one };
    format!("{}. {marks}", board.conditions(protocol)).trim_end().to_owned()
}

/// A metric against k; `None` with fewer than two cutoffs.
fn curve(board: &Board<'_>, protocol: &str, metric: &Metric) -> Option<Draft> {
    let ks = board.cutoffs(protocol, metric.id);
    if ks.len() < 2 {
        return None;
    }
    let shown = drawn(board, protocol);
    let lines: Vec<ArmLine> = shown
        .iter()
        .map(|&at| {
            let (arm, color) = (&board.facts.arms[at], board.colors[at]);
            let point = |&k: &i64| Some((usize::try_from(k).ok()?, board.mark(protocol, metric.id, k, arm.id)?));
            ArmLine { name: arm.name.clone(), color, role: role(arm), points: ks.iter().filter_map(point).collect() }
        })
        .collect();
    let name = format!("{}@k", label(&metric.name, None));
    let n_arms = board.facts.arms.len();
    let choice = if shown.len() < n_arms {
        format!(" {} of {n_arms} arms: the primary, the floors and the best others.", shown.len())
    } else {
        String::new()
    };
    let band = board.level().map_or_else(
        || "Line: mean; band: lowest to highest seed.".to_owned(),
        |level| format!("Line: mean; band: {level} % interval."),
    );
    let heading =
        Heading { title: format!("{name}, {protocol}"), caption: caption(board, protocol, &band, &band) + &choice };
    let last = |line: &ArmLine| line.points.last().map(|(_, value)| *value);
    let alt = describe(&heading, lines.iter().map(|line| (line.name.as_str(), last(line))));
    let canvas = metric_at_k::draw(&MetricAtKData { heading, y_name: with_unit(metric, &name), lines });
    let file = format!("{}-at-k-{}", slug(&metric.name), slug(protocol));
    Some(Draft { place: Place::Protocol(protocol.to_owned()), file, alt, canvas })
}

/// The number of seeds, and with several what the marks mean.
fn spread_caption(board: &Board<'_>, marks: &str) -> String {
    let n = board.facts.trials.len();
    if n > 1 { format!("{}. {marks}", seeds(n)) } else { format!("{}.", seeds(n)) }
}

/// One figure per arm and measure that compares features.
fn importances(board: &Board<'_>) -> Vec<Draft> {
    let mut out = Vec::new();
    for (arm, &color) in board.facts.arms.iter().zip(&board.colors) {
        for measure in ["permutation", "permutation-train", "gain", "coefficient", "weight"] {
            let is_shown = |row: &&super::records::Importance| {
                row.arm_id == arm.id && row.measure == measure && row.feature != "intercept"
            };
            let rows = board.facts.importances.iter().filter(is_shown);
            let features: Vec<(String, Spread)> =
                rows.filter_map(|row| Some((row.feature.clone(), over_seeds(&row.values)?))).collect();
            if features.is_empty() {
                continue;
            }
            let heading = Heading {
                title: format!("{}: {}", arm.name, title(measure)),
                caption: spread_caption(board, "Bar: mean; line: 95 % interval, Student's t over seeds."),
            };
            let alt = describe(&heading, features.iter().map(|(name, value)| (name.as_str(), Some(*value))));
            let data = ImportanceData { heading, x_name: axis(measure).to_owned(), color, features };
            let file = format!("importance-{}-{measure}", slug(&arm.name));
            out.push(Draft { place: Place::Importance, file, alt, canvas: importance::draw(&data) });
        }
    }
    out
}

/// What a figure of importances is called.
fn title(measure: &str) -> &str {
    match measure {
        "permutation" => "permutation importance, rows not learned from",
        "permutation-train" => "permutation importance, rows learned from",
        "gain" => "gain importance",
        "coefficient" => "coefficients",
        "weight" => "weights",
        _ => measure,
    }
}

/// What a measure of importance is, short enough for an axis.
fn axis(measure: &str) -> &str {
    match measure {
        "permutation" | "permutation-train" => "increase of the loss when the column is shuffled",
        "coefficient" => "change of the log-odds per standard deviation",
        _ => meaning(measure),
    }
}

/// One figure per thing that learned and quantity: `train_rmse` and `valid_rmse` of a model share one.
fn learning(board: &Board<'_>) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let mut groups: Vec<(&str, &str)> = Vec::new();
    for point in &board.facts.history {
        let group = (point.source.as_str(), quantity(&point.series).1);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    for (source, of) in groups {
        let is_in = |point: &&HistoryPoint| point.source == source && quantity(&point.series).1 == of;
        let points: Vec<&HistoryPoint> = board.facts.history.iter().filter(is_in).collect();
        let mut series: Vec<&str> = points.iter().map(|point| point.series.as_str()).collect();
        series.dedup();
        let colors = arm_colors(&vec![Role::Contender; series.len()]);
        let own = board.facts.arms.iter().position(|arm| arm.name == source).map(|index| board.colors[index]);
        let curves: Vec<Curve> = series
            .iter()
            .zip(colors)
            .enumerate()
            .map(|(at, (name, color))| Curve {
                name: quantity(name).0.to_owned(),
                color: own.filter(|_| at == 0).unwrap_or(color),
                seeds: by_seed(&points, name),
            })
            .collect();
        let quantity_name = of.replace('_', "-");
        let metric = board.facts.metrics.iter().find(|metric| metric.name == quantity_name);
        let written = label(&quantity_name, None);
        let heading = Heading {
            title: format!("{source}: {written} while fitting"),
            caption: spread_caption(board, "Thin lines: seeds; thick: their mean."),
        };
        let ends = curves.iter().map(|curve| {
            let ends: Vec<f64> = curve.seeds.iter().filter_map(|seed| seed.last().map(|(_, value)| *value)).collect();
            (curve.name.as_str(), Spread::of(&ends))
        });
        let alt = describe(&heading, ends);
        let y_name = metric.map_or_else(|| written.clone(), |metric| with_unit(metric, &written));
        let data = LearningCurveData { heading, x_name: "step (epoch or tree)".into(), y_name, curves };
        let file = format!("learning-{}-{}", slug(source), slug(of));
        out.push(Draft { place: Place::Learning, file, alt, canvas: learning_curve::draw(&data) });
    }
    out
}

/// Points of a series, per seed; they come ordered by seed and step.
fn by_seed(points: &[&HistoryPoint], series: &str) -> Vec<Vec<(u64, f64)>> {
    let of_series: Vec<&&HistoryPoint> = points.iter().filter(|point| point.series == series).collect();
    of_series
        .chunk_by(|a, b| a.seed == b.seed)
        .map(|seed| seed.iter().filter_map(|point| Some((u64::try_from(point.step).ok()?, point.value))).collect())
        .collect()
}

/// `train_rmse` → (`train`, `rmse`); a series without such a beginning is its own name.
fn quantity(series: &str) -> (&str, &str) {
    match series.split_once('_') {
        Some((part @ ("train" | "valid" | "validation" | "test" | "meta" | "oob"), rest)) => (part, rest),
        _ => (series, series),
    }
}

/// What a screen reader says: heading and numbers.
fn describe<'a>(heading: &Heading, values: impl Iterator<Item = (&'a str, Option<Spread>)>) -> String {
    let numbers: Vec<String> =
        values.take(DESCRIBED).filter_map(|(name, value)| Some(format!("{name} {}", decimal(value?.mean)))).collect();
    format!("{}. {} {}", heading.title, heading.caption, numbers.join(", "))
}
