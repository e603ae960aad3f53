//! Each arm's mean in each segment, with its interval.
//!
//! Bars from zero as long as they can be told apart. Where all values are far from zero beside their differences, a bar would have to begin elsewhere, and
//! such a bar lies; the axis then leaves zero out and dots stand for the bars. Segments that do not fit side by side go to further panels with the same axis.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, NAME, SMALL, Spot};
use super::heat_map::number;
use super::legend::{Entry, Sign, draw_legend};
use super::metric_at_k::weight;
use super::panel::{Panel, draw_note, tick_room};
use super::theme::{self, Axis, Color, INK, MUTED, PAPER, Role, Weight};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SegmentBarsData {
    /// Title and caption.
    pub heading: Heading,
    /// The metric with its unit.
    pub y_name: String,
    /// The arms, in the order of their bars.
    pub arms: Vec<SegmentArm>,
    /// The segments, from left to right; those after the twenty-fourth are counted, not drawn.
    pub segments: Vec<Segment>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentArm {
    /// Its name.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// What it is to the reader.
    pub role: Role,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// Users in it whom the means are over.
    pub n_users: usize,
    /// One value per arm, in the order of the arms; `None`, one that is not finite, or one too few is shown as missing.
    pub values: Vec<Option<SegmentValue>>,
}

/// A mean and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentValue {
    /// Mean.
    pub mean: f64,
    /// Lower end of the interval; without a finite interval, the mean stands alone.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 190.0;
/// Segments drawn.
const MOST: usize = 24;
/// Widest bar.
const BAR: f64 = 26.0;
/// Narrowest place of an arm.
const PLACE: f64 = 9.0;
/// Narrowest and widest room that a segment takes for its name.
const ROOM: (f64, f64) = (84.0, 160.0);
/// Lines of a name.
const LINES: usize = 3;

/// Bars are given up where the value nearest to zero is this share of the farthest or more.
const FAR_FROM_ZERO: f64 = 0.75;

/// What stands for a mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A bar from zero.
    Bar,
    /// A dot, on an axis without zero.
    Dot,
}

/// Lays the figure out.
pub fn draw(data: &SegmentBarsData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let segments = &data.segments[..data.segments.len().min(MOST)];
    let (y, shape) = axis(data, segments);
    let entries: Vec<Entry> = data.arms.iter().map(|arm| entry(arm, shape)).collect();
    let mut top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &entries) + 32.0;
    let (left, right) = (MARGIN + tick_room(&y), WIDTH - MARGIN);
    let x = theme::axis(0.0, 1.0, 1);
    if segments.is_empty() || data.arms.is_empty() {
        let panel = Panel { left, top, right, bottom: top + HEIGHT / 2.0, x, y };
        panel.draw_y_axis(&mut canvas, &data.y_name);
        draw_note(&mut canvas, &panel, "nothing to compare");
        canvas.set_height(panel.bottom + 20.0);
        return canvas;
    }
    let most =
        ((right - left) / name_room(segments).max(PLACE * (data.arms.len() + 1) as f64)).floor().max(1.0) as usize;
    // Panels of about the same length: five segments of which four fit are three and two.
    let n_panels = segments.len().div_ceil(most);
    let per_panel = segments.len().div_ceil(n_panels);
    let room = (right - left) / per_panel as f64;
    for row in segments.chunks(per_panel) {
        let panel = Panel { left, top, right, bottom: top + HEIGHT, x, y };
        let n_lines = draw_panel(&mut canvas, &panel, data, row, (room, shape));
        top = panel.bottom + 14.0 * (n_lines + 1) as f64 + 46.0;
    }
    let mut bottom = top - 34.0;
    if data.segments.len() > MOST {
        let note = format!("{} more segments are not shown", theme::grouped((data.segments.len() - MOST) as f64));
        canvas.text((MARGIN, bottom + 4.0), &note, SMALL);
        bottom += 16.0;
    }
    canvas.set_height(bottom);
    canvas
}

/// Room that the names of the segments want: for their longest word, and for all words in two lines and a bit.
fn name_room(segments: &[Segment]) -> f64 {
    let width = |text: &str| theme::text_width(text, NAME.size, NAME.weight);
    let wanted = |segment: &Segment| {
        let name = theme::fit_text(&segment.name, NAME.size, NAME.weight, 2.0 * LINES as f64 * ROOM.1);
        name.split_whitespace().map(width).fold(width(&name) / 2.2, f64::max) + 5.0
    };
    segments.iter().map(wanted).fold(ROOM.0, f64::max).min(ROOM.1)
}

/// The key of an arm; floors are hollow where dots are drawn, as in other figures.
fn entry(arm: &SegmentArm, shape: Shape) -> Entry {
    let sign = match (shape, arm.role) {
        (Shape::Bar, _) => Sign::Square(arm.color, 0.85),
        (Shape::Dot, Role::Floor) => Sign::Ring(arm.color),
        (Shape::Dot, _) => Sign::Dot(arm.color),
    };
    Entry { sign, text: theme::fit_name(&arm.name, NAME.size, Weight::Bold, 200.0), weight: weight(arm.role) }
}

/// A value that can be drawn, its interval included.
fn value(segment: &Segment, arm: usize) -> Option<SegmentValue> {
    let value = segment.values.get(arm).copied().flatten().filter(|value| value.mean.is_finite())?;
    let (lower, upper) = (value.lower.min(value.upper), value.lower.max(value.upper));
    let is_whole = value.lower.is_finite() && value.upper.is_finite();
    Some(if is_whole {
        SegmentValue { lower, upper, ..value }
    } else {
        SegmentValue { lower: value.mean, upper: value.mean, ..value }
    })
}

/// The vertical axis of all panels, and whether it has zero.
fn axis(data: &SegmentBarsData, segments: &[Segment]) -> (Axis, Shape) {
    let values = segments.iter().flat_map(|segment| (0..data.arms.len()).filter_map(|arm| value(segment, arm)));
    let (low, high) = values
        .flat_map(|value| [value.mean, value.lower, value.upper])
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return (theme::axis(0.0, 1.0, 5), Shape::Bar);
    }
    let (near, far) = if low > 0.0 {
        (low, high)
    } else if high < 0.0 {
        (-high, -low)
    } else {
        (0.0, 1.0)
    };
    if near > FAR_FROM_ZERO * far && low < high {
        return (theme::axis_of([low, high], 6), Shape::Dot);
    }
    let (low, high) = (low.clamp(-1e12, 0.0), high.clamp(0.0, 1e12));
    let air = (high - low) * 0.05;
    let y = match (low, high) {
        (0.0, 0.0) => theme::axis(0.0, 1.0, 5),
        _ => theme::axis(if low < 0.0 { low - air } else { 0.0 }, if high > 0.0 { high + air } else { 0.0 }, 6),
    };
    (y, Shape::Bar)
}

/// Draws some segments side by side. Returns the number of lines of their names.
fn draw_panel(
    canvas: &mut Canvas,
    panel: &Panel,
    data: &SegmentBarsData,
    segments: &[Segment],
    (room, shape): (f64, Shape),
) -> usize {
    panel.draw_y_axis(canvas, &data.y_name);
    let base = if shape == Shape::Bar { panel.at(0.0, 0.0).1 } else { panel.bottom };
    let place = ((room - 16.0) / data.arms.len() as f64).min(BAR + 4.0);
    let mut n_lines = 1;
    for (i, segment) in segments.iter().enumerate() {
        let middle = panel.left + room * (i as f64 + 0.5);
        let first = middle - place * data.arms.len() as f64 / 2.0;
        for (j, arm) in data.arms.iter().enumerate() {
            let x = first + place * (j as f64 + 0.5);
            match value(segment, j) {
                Some(value) => {
                    draw_value(canvas, panel, arm, value, (x, place, base), shape);
                    let half = place / 2.0;
                    let column = Spot::Rectangle { from: (x - half, panel.top), to: (x + half, panel.bottom) };
                    canvas.note(column, &format!("{}, {}: {}", arm.name, segment.name, said(value)));
                }
                None => canvas.text((x, base - 8.0), "–", SMALL.at(Anchor::Middle)),
            }
        }
        // Cut in its middle first, for lines that do not fit are cut at their end, where names differ.
        let name = theme::fit_name(&segment.name, NAME.size, NAME.weight, 0.85 * LINES as f64 * room);
        let lines = theme::wrap_text(&name, NAME.size, room - 4.0, LINES);
        for (j, line) in lines.iter().enumerate() {
            canvas.text((middle, panel.bottom + 14.0 * (j + 1) as f64), line, NAME.at(Anchor::Middle));
        }
        n_lines = n_lines.max(lines.len());
    }
    for (i, segment) in segments.iter().enumerate() {
        let users = if segment.n_users == 1 { "user" } else { "users" };
        let count = format!("{} {users}", theme::grouped(segment.n_users as f64));
        let count = theme::fit_text(&count, SMALL.size, SMALL.weight, room - 4.0);
        let middle = panel.left + room * (i as f64 + 0.5);
        canvas.text((middle, panel.bottom + 14.0 * (n_lines + 1) as f64), &count, SMALL.at(Anchor::Middle));
    }
    canvas.line([(panel.left, base), (panel.right, base)], if shape == Shape::Bar { INK } else { MUTED }, 0.5);
    n_lines
}

/// A mean with its interval, where it has one, in three digits that matter: `0.210 [0.204, 0.216]`.
fn said(value: SegmentValue) -> String {
    let mean = number(value.mean);
    if value.upper > value.lower { format!("{mean} [{}, {}]", number(value.lower), number(value.upper)) } else { mean }
}

fn draw_value(
    canvas: &mut Canvas,
    panel: &Panel,
    arm: &SegmentArm,
    value: SegmentValue,
    (x, place, base): (f64, f64, f64),
    shape: Shape,
) {
    let pixel = |v: f64| panel.at(0.0, v).1;
    let half = (place.min(BAR) - 1.5) / 2.0;
    let (mean, lower, upper) = (pixel(value.mean), pixel(value.lower), pixel(value.upper));
    let (color, cap) = match shape {
        Shape::Bar => (INK, (half * 0.5).min(4.0)),
        Shape::Dot => (arm.color, half.min(4.0)),
    };
    if shape == Shape::Bar {
        canvas.area([(x - half, base), (x - half, mean), (x + half, mean), (x + half, base)], arm.color, 0.85);
    }
    if value.upper > value.lower {
        canvas.line([(x, lower), (x, upper)], color, if shape == Shape::Bar { 1.0 } else { 2.0 });
        for y in [lower, upper] {
            canvas.line([(x - cap, y), (x + cap, y)], color, 1.0);
        }
    }
    if shape == Shape::Dot {
        canvas.dot((x, mean), half.min(5.0), arm.color);
        if arm.role == Role::Floor {
            canvas.dot((x, mean), half.min(5.0) - 1.5, PAPER);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plots::arm_colors;

    fn arms(n: usize, long: bool) -> Vec<SegmentArm> {
        let names = ["gb-stack", "logistic-stack", "simple-average-4", "bias", "mf", "itemknn", "genre", "popularity"];
        let role = |i: usize| match i {
            0 => Role::Primary,
            7 => Role::Floor,
            _ => Role::Contender,
        };
        let roles: Vec<Role> = (0..n).map(role).collect();
        let name = |i: usize| {
            if long { format!("{} with a name that never ends, number {i}", names[i % 8]) } else { names[i % 8].into() }
        };
        let arm = |(i, color): (usize, Color)| SegmentArm { name: name(i), color, role: roles[i] };
        arm_colors(&roles).into_iter().enumerate().map(arm).collect()
    }

    fn spread(mean: f64, half: f64) -> Option<SegmentValue> {
        Some(SegmentValue { mean, lower: mean - half, upper: mean + half })
    }

    fn segments(names: &[&str], n_arms: usize, value: impl Fn(usize, usize) -> Option<SegmentValue>) -> Vec<Segment> {
        let values = |i: usize| (0..n_arms).map(|j| value(i, j)).collect();
        let segment = |(i, name): (usize, &&str)| Segment {
            name: (*name).into(),
            n_users: [20_168, 610, 1, 0][i % 4],
            values: values(i),
        };
        names.iter().enumerate().map(segment).collect()
    }

    fn figure(arms: Vec<SegmentArm>, segments: Vec<Segment>) -> Canvas {
        let caption = "protocol full · 20,168 users · mean of 5 seeds, 95 % BCa intervals over users";
        let heading = Heading { title: "NDCG@10 by activity of users".into(), caption: caption.into() };
        draw(&SegmentBarsData { heading, y_name: "NDCG@10".into(), arms, segments })
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        let names = ["all users", "cold users", "regular users", "power users"];
        let usual = |i: usize, j: usize| spread(0.21 - 0.03 * i as f64 - 0.012 * j as f64, 0.006 + 0.008 * i as f64);
        let near = |i: usize, j: usize| spread(0.81 - 0.01 * i as f64 - 0.006 * j as f64, 0.003 + 0.003 * i as f64);
        let signed = |i: usize, j: usize| spread(0.02 * (i as f64 - 1.5) - 0.01 * j as f64, 0.006);
        let genres = [
            "Action",
            "Adventure",
            "Animation",
            "Children",
            "Comedy",
            "Crime",
            "Documentary",
            "Drama",
            "Fantasy",
            "Film-Noir",
            "Horror",
            "IMAX",
            "Musical",
            "Mystery",
        ];
        let long: Vec<String> =
            (0..6).map(|i| format!("users who joined in the {i}th year and rated little")).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        let nan = SegmentValue { mean: f64::NAN, lower: 0.0, upper: 1.0 };
        let open = SegmentValue { mean: 0.5, lower: f64::NEG_INFINITY, upper: f64::NAN };
        let wild = |i: usize, j: usize| {
            [Some(nan), Some(open), spread(1.7e308, 1.7e308), None, spread(-3.0, 1.0)][(i + j) % 5]
        };
        let thirty = vec!["Film-Noir"; 30];
        vec![
            ("segments", figure(arms(3, false), segments(&names, 3, usual))),
            ("segments-8", figure(arms(8, false), segments(&names, 8, usual))),
            ("segments-near", figure(arms(8, false), segments(&names, 8, near))),
            ("segments-signed", figure(arms(3, false), segments(&names, 3, signed))),
            (
                "segments-genres",
                figure(
                    arms(4, false),
                    segments(&genres, 4, |i, j| spread(0.2 - 0.01 * ((i * 5) % 7) as f64 - 0.01 * j as f64, 0.012)),
                ),
            ),
            ("segments-30", figure(arms(2, false), segments(&thirty, 2, |_, j| spread(0.2 + 0.1 * j as f64, 0.012)))),
            ("segments-long", figure(arms(8, true), segments(&long, 8, usual))),
            ("segments-one", figure(arms(2, false), segments(&names[..1], 2, usual))),
            ("segments-none", figure(arms(2, false), vec![])),
            ("segments-no-arms", figure(vec![], segments(&names, 0, usual))),
            ("segments-equal", figure(arms(3, false), segments(&names, 3, |_, _| spread(0.0, 0.0)))),
            ("segments-wild", figure(arms(5, false), segments(&names, 4, wild))),
            ("segments-tiny", figure(arms(2, false), segments(&names, 2, |_, j| spread(1e-9 * (j + 1) as f64, 2e-10)))),
        ]
    }

    #[test]
    fn bars_begin_at_zero_or_are_not_bars() {
        let shape = |value: fn(usize, usize) -> Option<SegmentValue>| {
            let data = SegmentBarsData {
                arms: arms(2, false),
                segments: segments(&["a", "b"], 2, value),
                ..SegmentBarsData::default()
            };
            axis(&data, &data.segments)
        };
        let (y, bars) = shape(|i, j| spread(0.2 - 0.05 * (i + j) as f64, 0.01));
        assert_eq!((bars, y.low), (Shape::Bar, 0.0));
        let (y, bars) = shape(|i, j| spread(-0.2 + 0.05 * (i + j) as f64, 0.01));
        assert_eq!((bars, y.high), (Shape::Bar, 0.0));
        let (y, dots) = shape(|i, j| spread(0.82 - 0.01 * (i + j) as f64, 0.002));
        assert!(dots == Shape::Dot && y.low > 0.7, "{y:?}");
        // One value, or equal ones, are no differences to be told apart.
        assert_eq!(shape(|_, _| spread(0.8, 0.0)).1, Shape::Bar);
    }

    #[test]
    fn a_value_without_an_interval_keeps_its_mean() {
        let open = SegmentValue { mean: 0.5, lower: f64::NAN, upper: 1.0 };
        let segment = Segment { values: vec![Some(open), None], ..Segment::default() };
        assert_eq!(value(&segment, 0), Some(SegmentValue { mean: 0.5, lower: 0.5, upper: 0.5 }));
        assert_eq!((value(&segment, 1), value(&segment, 2)), (None, None));
    }
}
