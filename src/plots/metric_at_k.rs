//! A metric against the length of the judged list: one line per arm, with the range over seeds behind it.
//!
//! k runs on a logarithmic axis, because lists are judged at 1, 5, 10, 20, 50 and the first places matter most. Names stand at the ends of the lines.

use super::canvas::{Canvas, MARGIN, Spot};
use super::leaderboard_bars::with_range;
use super::panel::{EndLabel, Panel, end_label_height, end_label_room};
use super::theme::{self, Color, PAPER, Role, Weight};
use super::{Heading, Spread};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricAtKData {
    /// Title and caption.
    pub heading: Heading,
    /// The metric with its unit, e.g. `NDCG@k`.
    pub y_name: String,
    /// One line per arm.
    pub lines: Vec<ArmLine>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmLine {
    /// Its name.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// What it is to the reader.
    pub role: Role,
    /// `(k, value)`, ascending in k; a value that is not finite is left out.
    pub points: Vec<(usize, Spread)>,
}

const WIDTH: f64 = 560.0;

/// Lays the figure out.
pub fn draw(data: &MetricAtKData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let mut lines: Vec<ArmLine> = data.lines.clone();
    for line in &mut lines {
        line.points.retain(|(k, value)| *k > 0 && value.is_finite());
    }
    lines.retain(|line| !line.points.is_empty());
    let mut names: Vec<String> = lines.iter().map(|line| line.name.clone()).collect();
    let room = end_label_room(&mut names, 150.0);
    let values = lines.iter().flat_map(|line| &line.points).flat_map(|(_, v)| [v.lowest, v.highest]);
    let y = theme::axis_of(values, 5);
    let mut ks: Vec<usize> = lines.iter().flat_map(|line| &line.points).map(|(k, _)| *k).collect();
    ks.sort_unstable();
    ks.dedup();
    let x = match (ks.first(), ks.last()) {
        (Some(&first), Some(&last)) => theme::axis((first as f64).ln(), (last as f64).ln(), 5),
        _ => theme::axis(0.0, 1.0, 5),
    };
    let widest = y.ticks().iter().map(|&t| theme::text_width(&y.label(t), 11.0, Weight::Regular)).fold(0.0, f64::max);
    let height = end_label_height(lines.len()).max(230.0);
    let (left, top) = (MARGIN + widest + 10.0, top + 32.0);
    let panel = Panel { left, top, right: WIDTH - room, bottom: top + height, x, y };
    panel.draw_y_axis(&mut canvas, &data.y_name);
    let ticks: Vec<(f64, String)> = ks.iter().map(|&k| ((k as f64).ln(), theme::grouped(k as f64))).collect();
    panel.draw_x_axis(&mut canvas, &ticks, "k, length of the judged list (log scale)");
    canvas.set_height(panel.bottom + 46.0);

    // The primary arm goes on top.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|&i| match lines[i].role {
        Role::Floor => 0,
        Role::Contender => 1,
        Role::Primary => 2,
    });
    for &i in &order {
        draw_line(&mut canvas, &panel, &lines[i]);
    }
    let labels = lines.iter().zip(names).filter_map(|(line, text)| {
        let (k, value) = line.points.last()?;
        let end = panel.at((*k as f64).ln(), value.mean);
        Some(EndLabel { text, weight: weight(line.role), color: line.color, end })
    });
    panel.draw_end_labels(&mut canvas, labels.collect());
    canvas
}

fn draw_line(canvas: &mut Canvas, panel: &Panel, line: &ArmLine) {
    let at = |k: usize, value: f64| panel.at((k as f64).ln(), value);
    let upper = line.points.iter().map(|(k, value)| at(*k, value.highest));
    let lower = line.points.iter().rev().map(|(k, value)| at(*k, value.lowest));
    if line.points.iter().any(|(_, value)| value.highest > value.lowest) {
        canvas.area(upper.chain(lower), line.color, 0.16);
    }
    let (width, radius) = match line.role {
        Role::Primary => (2.5, 4.0),
        Role::Contender => (1.5, 3.0),
        Role::Floor => (1.0, 2.5),
    };
    canvas.line(line.points.iter().map(|(k, value)| at(*k, value.mean)), line.color, width);
    for (k, value) in &line.points {
        canvas.dot(at(*k, value.mean), radius + 1.0, PAPER);
        canvas.dot(at(*k, value.mean), radius, line.color);
        let place = Spot::Disc { center: at(*k, value.mean), radius: 8.0 };
        canvas.note(place, &format!("{} at {}: {}", line.name, theme::grouped(*k as f64), with_range(*value)));
    }
}

/// Weight of an arm's name.
pub(super) fn weight(role: Role) -> Weight {
    match role {
        Role::Primary => Weight::Bold,
        Role::Contender | Role::Floor => Weight::Regular,
    }
}
