//! A quantity recorded while a model was fitted, against the step: one thin line per seed, their mean on top.

use super::Heading;
use super::canvas::{Canvas, MARGIN, Spot};
use super::leaderboard_bars::shown;
use super::panel::{EndLabel, Panel, end_label_height, end_label_room};
use super::theme::{self, Color, Weight};
use std::collections::BTreeMap;

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearningCurveData {
    /// Title and caption.
    pub heading: Heading,
    /// What a step is: `epoch`, `tree`.
    pub x_name: String,
    /// The quantity with its unit.
    pub y_name: String,
    /// One curve per quantity.
    pub curves: Vec<Curve>,
}

/// One quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// Per seed: `(step, value)`, ascending in steps; a value that is not finite is left out.
    pub seeds: Vec<Vec<(u64, f64)>>,
}

const WIDTH: f64 = 560.0;
/// Points kept per line: more than one per pixel shows nothing.
const MOST_POINTS: usize = 400;
/// Points per curve that say their number, and of all curves together.
const SPEAKING: (usize, usize) = (60, 180);

/// Lays the figure out.
pub fn draw(data: &LearningCurveData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let curves: Vec<Curve> = data.curves.iter().map(thinned).filter(|curve| !curve.seeds.is_empty()).collect();
    let means: Vec<Vec<(u64, f64)>> = curves.iter().map(mean).collect();
    let mut names: Vec<String> = curves
        .iter()
        .zip(&means)
        .map(|(curve, mean)| format!("{} {}", curve.name, mean.last().map_or_else(String::new, |(_, v)| shown(*v))))
        .collect();
    let room = end_label_room(&mut names, 150.0);
    let points = || curves.iter().flat_map(|curve| curve.seeds.iter().flatten());
    let y = theme::axis_of(points().map(|(_, value)| *value), 5);
    let first = points().map(|(step, _)| *step).min().unwrap_or(0);
    let last = points().map(|(step, _)| *step).max().unwrap_or(1);
    let mut x = theme::axis(first as f64, last as f64, 6);
    x.step = x.step.max(1.0); // no half epochs
    let widest = y.ticks().iter().map(|&t| theme::text_width(&y.label(t), 11.0, Weight::Regular)).fold(0.0, f64::max);
    let (left, top) = (MARGIN + widest + 10.0, top + 32.0);
    let height = end_label_height(curves.len()).max(190.0);
    let panel = Panel { left, top, right: WIDTH - room, bottom: top + height, x, y };
    panel.draw_y_axis(&mut canvas, &data.y_name);
    let mut ticks = x.ticks();
    ticks.retain(|&tick| tick != 0.0 || first == 0);
    let labels: Vec<_> = ticks.iter().map(|&tick| (tick, x.label(tick))).collect();
    panel.draw_x_axis(&mut canvas, &labels, &data.x_name);
    canvas.set_height(panel.bottom + 46.0);

    for curve in curves.iter().filter(|curve| curve.seeds.len() > 1) {
        for seed in &curve.seeds {
            canvas.line(seed.iter().map(|&(step, value)| panel.at(step as f64, value)), lighter(curve.color), 0.5);
        }
    }
    let mut labels = Vec::new();
    for ((curve, mean), text) in curves.iter().zip(&means).zip(names) {
        canvas.line(mean.iter().map(|&(step, value)| panel.at(step as f64, value)), curve.color, 2.0);
        if let Some(&(step, value)) = mean.last() {
            let end = panel.at(step as f64, value);
            canvas.dot(end, 3.0, curve.color);
            let most = SPEAKING.0.min(SPEAKING.1 / curves.len()).max(1);
            let every = mean.len().div_ceil(most);
            // Counted from the end, which is the number one asks for.
            for &(step, value) in mean.iter().rev().step_by(every) {
                let place = Spot::Disc { center: panel.at(step as f64, value), radius: 7.0 };
                let step = theme::grouped(step as f64);
                canvas.note(place, &format!("{}, {} {step}: {}", curve.name, data.x_name, shown(value)));
            }
            labels.push(EndLabel { text, weight: Weight::Regular, color: curve.color, end });
        }
    }
    panel.draw_end_labels(&mut canvas, labels);
    canvas
}

/// A curve without values that are not finite, and with at most [`MOST_POINTS`] steps, the last one kept.
fn thinned(curve: &Curve) -> Curve {
    let thin = |seed: &Vec<(u64, f64)>| {
        let finite: Vec<_> = seed.iter().copied().filter(|(_, value)| value.is_finite()).collect();
        let every = finite.len().div_ceil(MOST_POINTS).max(1);
        let n = finite.len();
        finite.into_iter().enumerate().filter(|(i, _)| (n - 1 - i) % every == 0).map(|(_, point)| point).collect()
    };
    let mut seeds: Vec<Vec<(u64, f64)>> = curve.seeds.iter().map(thin).collect();
    seeds.retain(|seed| !seed.is_empty());
    Curve { seeds, ..curve.clone() }
}

/// Mean per step over the seeds, at the steps that every seed reached: where some stop early, a mean of the rest would jump.
fn mean(curve: &Curve) -> Vec<(u64, f64)> {
    let mut sums: BTreeMap<u64, (f64, usize)> = BTreeMap::new();
    for &(step, value) in curve.seeds.iter().flatten() {
        let sum = sums.entry(step).or_default();
        *sum = (sum.0 + value, sum.1 + 1);
    }
    let is_whole = |n: usize| n == curve.seeds.len();
    sums.into_iter().filter(|(_, (_, n))| is_whole(*n)).map(|(step, (sum, n))| (step, sum / n as f64)).collect()
}

/// Half way to white: what a transparent line would look like, without darker spots at its joints.
fn lighter(color: Color) -> Color {
    let half = |channel: u8| channel / 2 + 128;
    plotters::style::RGBColor(half(color.0), half(color.1), half(color.2))
}
