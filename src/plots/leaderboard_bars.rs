//! Every arm's mean on one metric, best first, with its smallest and largest value over seeds.
//!
//! Dots, not bars: differences between recommenders are small beside their distance from zero, and a bar that does not start at zero lies.
//! Floors are hollow.

use super::canvas::{Anchor, Canvas, MARGIN, NAME, SMALL, Spot};
use super::metric_at_k::weight;
use super::panel::Panel;
use super::theme::{self, Color, GRID, MUTED, PAPER, Role, Weight};
use super::{Heading, Spread};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderboardBarsData {
    /// Title and caption.
    pub heading: Heading,
    /// The metric with its unit.
    pub x_name: String,
    /// Whether smaller values are better and come first.
    pub is_lower_better: bool,
    /// The arms.
    pub arms: Vec<ArmValue>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmValue {
    /// Its name.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// What it is to the reader.
    pub role: Role,
    /// Its value; `None`, or one that is not finite, is shown as missing.
    pub value: Option<Spread>,
}

const WIDTH: f64 = 560.0;
const ROW: f64 = 24.0;

/// Lays the figure out.
pub fn draw(data: &LeaderboardBarsData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let mut arms: Vec<(&ArmValue, Option<Spread>)> =
        data.arms.iter().map(|arm| (arm, arm.value.filter(Spread::is_finite))).collect();
    let sign = if data.is_lower_better { 1.0 } else { -1.0 };
    // A stable sort: arms with equal values keep the order of the tables, missing ones go last.
    let place = |value: &Option<Spread>| value.map_or(f64::INFINITY, |value| sign * value.mean);
    arms.sort_by(|a, b| place(&a.1).total_cmp(&place(&b.1)));

    let names: Vec<String> =
        arms.iter().map(|(arm, _)| theme::fit_name(&arm.name, NAME.size, Weight::Bold, 190.0)).collect();
    let widest = names.iter().map(|name| theme::text_width(name, NAME.size, Weight::Bold)).fold(0.0, f64::max);
    let x = theme::axis_of(arms.iter().filter_map(|(_, value)| *value).flat_map(|v| [v.lowest, v.highest]), 5);
    let value_room = arms
        .iter()
        .filter_map(|(_, value)| *value)
        .map(|value| theme::text_width(&shown(value.mean), NAME.size, Weight::Bold))
        .fold(20.0, f64::max);
    let (left, right) = (MARGIN + widest + 16.0, WIDTH - MARGIN - value_room - 14.0);
    let top = top + 4.0;
    let bottom = top + ROW * arms.len().max(1) as f64;
    let panel = Panel { left, top, right, bottom, x, y: theme::axis(0.0, 1.0, 1) };
    panel.draw_x_grid(&mut canvas, &data.x_name);
    canvas.set_height(bottom + 46.0);

    for (row, ((arm, value), name)) in arms.iter().zip(&names).enumerate() {
        let y = top + ROW * (row as f64 + 0.5);
        canvas.line([(left, y), (right, y)], GRID, 0.5);
        canvas.text((left - 10.0, y), name, NAME.at(Anchor::End).weighing(weight(arm.role)));
        let end = (WIDTH - MARGIN, y);
        let said = value.map_or_else(|| "–".to_owned(), with_range);
        let place = Spot::Rectangle { from: (MARGIN, y - ROW / 2.0), to: (WIDTH - MARGIN, y + ROW / 2.0) };
        canvas.note(place, &format!("{}: {said}", arm.name));
        match value {
            Some(value) => {
                draw_value(&mut canvas, &panel, arm, *value, y);
                canvas.text(end, &shown(value.mean), NAME.at(Anchor::End).weighing(weight(arm.role)));
            }
            None => canvas.text(end, "–", SMALL.at(Anchor::End)),
        }
    }
    canvas
}

fn draw_value(canvas: &mut Canvas, panel: &Panel, arm: &ArmValue, value: Spread, y: f64) {
    let (low, high) = (panel.at_x(value.lowest), panel.at_x(value.highest));
    let (width, radius) = if arm.role == Role::Primary { (3.0, 6.0) } else { (2.0, 5.0) };
    if value.highest > value.lowest {
        canvas.line([(low, y), (high, y)], arm.color, width);
        for x in [low, high] {
            canvas.line([(x, y - 4.0), (x, y + 4.0)], arm.color, 1.0);
        }
    }
    let center = (panel.at_x(value.mean), y);
    canvas.dot(center, radius, arm.color);
    if arm.role == Role::Floor {
        canvas.dot(center, radius - 1.5, PAPER);
    }
}

/// Three decimals; far from the usual size, an exponent.
pub(super) fn shown(value: f64) -> String {
    if value.abs() >= 1e6 { format!("{value:.2e}") } else { format!("{value:.3}").replace('-', "−") }
}

/// A mean with its range, where it has one: `0.812 [0.806, 0.818]`.
pub(super) fn with_range(value: Spread) -> String {
    let mean = shown(value.mean);
    if value.highest > value.lowest {
        format!("{mean} [{}, {}]", shown(value.lowest), shown(value.highest))
    } else {
        mean
    }
}

/// Draws a thin range with end marks: used by figures whose marks are bars.
pub(super) fn draw_range(canvas: &mut Canvas, (low, high): (f64, f64), y: f64) {
    canvas.line([(low, y), (high, y)], MUTED, 1.0);
    for x in [low, high] {
        canvas.line([(x, y - 3.0), (x, y + 3.0)], MUTED, 1.0);
    }
}
