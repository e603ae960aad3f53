//! How much of everything the few hold: a cumulative share against a cumulative share, and the diagonal that it would be if all had the same.
//!
//! Either order can be drawn: from the largest, the curve lies above the diagonal; from the smallest it is Lorenz' and lies below.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, NAME, Spot};
use super::legend::{Entry, Sign, draw_legend};
use super::panel::{Panel, draw_note, tick_room};
use super::theme::{self, INK, MUTED, PAPER};

/// What the figure shows. Shares run from 0 to 1 and are drawn as percent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LongTailData {
    /// Title and caption.
    pub heading: Heading,
    /// What runs to the right, without its unit, e.g. `items, most rated first`.
    pub x_name: String,
    /// What runs up, without its unit, e.g. `ratings`.
    pub y_name: String,
    /// `(share, share)` along the curve, in any order; points that are not finite are left out, others moved into the panel.
    pub points: Vec<(f64, f64)>,
    /// Points that are named, with their text, e.g. `20 % of items: 83 %`; those after the eighth are not drawn.
    pub marks: Vec<(f64, f64, String)>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
/// Points closer than a line is wide make it rough: they are not drawn.
const NEAR: f64 = 3.0;
/// Marks drawn.
const MOST_MARKS: usize = 8;
/// Distance of their texts.
const LINE: f64 = 17.0;

/// Lays the figure out.
pub fn draw(data: &LongTailData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let entries = [Entry::of(Sign::Line(MUTED), "if all had the same".to_owned())];
    let top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &entries) + 32.0;
    let percent = theme::axis(0.0, 100.0, 5);
    let (left, right) = (MARGIN + tick_room(&percent), WIDTH - MARGIN - 18.0);
    let panel = Panel { left, top, right, bottom: top + HEIGHT, x: percent, y: percent };
    panel.draw_y_axis(&mut canvas, &format!("{}, %", data.y_name));
    panel.draw_x_grid(&mut canvas, &format!("{}, %", data.x_name));
    canvas.set_height(panel.bottom + 46.0);
    let points = cleaned(&data.points);
    if points.is_empty() {
        draw_note(&mut canvas, &panel, "no shares");
    } else {
        canvas.line([panel.at(0.0, 0.0), panel.at(100.0, 100.0)], MUTED, 1.0);
    }
    canvas.line(smooth(points.iter().map(|&(x, y)| panel.at(100.0 * x, 100.0 * y))), theme::SHADE, 2.0);
    if let [(x, y)] = points[..] {
        canvas.dot(panel.at(100.0 * x, 100.0 * y), 3.0, theme::SHADE);
    }
    note_curve(&mut canvas, &panel, data, &points);
    draw_marks(&mut canvas, &panel, &data.marks);
    canvas
}

/// Finite points from left to right.
fn cleaned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let is_finite = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    let mut points: Vec<(f64, f64)> = points.iter().copied().filter(is_finite).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
    points
}

/// Pixels that are apart, the first and the last one kept.
fn smooth(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut skipped = None;
    for point in points {
        let is_near = |last: &(f64, f64)| (point.0 - last.0).hypot(point.1 - last.1) < NEAR;
        skipped = kept.last().is_some_and(is_near).then_some(point);
        if skipped.is_none() {
            kept.push(point);
        }
    }
    kept.extend(skipped);
    kept
}

/// Height of the curve, linear between its points; `None` left and right of them.
fn height(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = points.partition_point(|point| point.0 < x);
    let right = points.get(after)?;
    let left = points.get(after.wrapping_sub(1)).filter(|_| right.0 > x).unwrap_or(right);
    let share = if right.0 > left.0 { (x - left.0) / (right.0 - left.0) } else { 0.0 };
    (x >= left.0).then_some(left.1 + share * (right.1 - left.1))
}

/// The curve's height at every whole percent, said over the whole column.
fn note_curve(canvas: &mut Canvas, panel: &Panel, data: &LongTailData, points: &[(f64, f64)]) {
    for percent in 0..=100 {
        let x = f64::from(percent);
        if let Some(y) = height(points, x / 100.0) {
            let place =
                Spot::Rectangle { from: (panel.at_x(x - 0.5), panel.top), to: (panel.at_x(x + 0.5), panel.bottom) };
            canvas.note(place, &format!("{} {percent} %: {} {:.1} %", data.x_name, data.y_name, 100.0 * y));
        }
    }
}

/// Marked points with their texts: right below the point, where a curve that rises steeply leaves room, or left above it, where the panel ends.
fn draw_marks(canvas: &mut Canvas, panel: &Panel, marks: &[(f64, f64, String)]) {
    let is_finite = |mark: &&(f64, f64, String)| mark.0.is_finite() && mark.1.is_finite();
    let mut marks: Vec<&(f64, f64, String)> = marks.iter().filter(is_finite).take(MOST_MARKS).collect();
    marks.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.total_cmp(&b.0)));
    // Texts stand below each other, from the highest mark to the lowest.
    let mut free_from = panel.top + 8.0;
    for (at, (x, y, text)) in marks.iter().enumerate() {
        let point = panel.at(100.0 * x, 100.0 * y);
        let text = theme::fit_text(text, NAME.size, NAME.weight, (panel.right - panel.left) / 2.0 - 16.0);
        let width = theme::text_width(&text, NAME.size, NAME.weight);
        let room_below = panel.bottom - 10.0 - LINE * (marks.len() - 1 - at) as f64;
        let line = (point.1 + 12.0).max(free_from).min(room_below);
        free_from = line + LINE;
        let start = if point.0 + 10.0 + width <= panel.right { point.0 + 10.0 } else { point.0 - 10.0 - width };
        let edge = (start - 2.0, start + width + 2.0);
        canvas.area(
            [(edge.0, line - 8.0), (edge.1, line - 8.0), (edge.1, line + 8.0), (edge.0, line + 8.0)],
            PAPER,
            1.0,
        );
        canvas.text((start, line), &text, NAME.at(Anchor::Start));
        if (line - point.1).abs() > LINE {
            canvas.line([point, (point.0, line)], INK, 0.5);
        }
        canvas.dot(point, 5.0, PAPER);
        canvas.dot(point, 4.0, INK);
        canvas.note(Spot::Disc { center: point, radius: 9.0 }, &text);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn figure(points: Vec<(f64, f64)>, marks: &[(f64, f64, &str)]) -> Canvas {
        let caption = "9,724 items, 100,836 ratings";
        let heading = Heading { title: "How much the popular items hold".into(), caption: caption.into() };
        let marks = marks.iter().map(|&(x, y, text)| (x, y, text.to_owned())).collect();
        let (x_name, y_name) = ("items, most rated first".into(), "ratings".into());
        draw(&LongTailData { heading, x_name, y_name, points, marks })
    }

    fn curve(n: usize, power: f64) -> Vec<(f64, f64)> {
        (0..=n).map(|i| i as f64 / n as f64).map(|x| (x, 1.0 - (1.0 - x).powf(power))).collect()
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        let at = |x: f64| 1.0 - (1.0 - x).powf(9.0);
        let usual = [
            (0.01, at(0.01), "1 % of items: 9 %"),
            (0.1, at(0.1), "10 % of items: 61 %"),
            (0.2, at(0.2), "20 % of items: 87 %"),
        ];
        let crowded: Vec<(f64, f64, &str)> = [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9, 1.0]
            .into_iter()
            .map(|x| (x, at(x), "a share of items: nearly all"))
            .collect();
        let poor = [(0.5, 0.5_f64.powi(4), "half of users: 6 %"), (0.9, 0.9_f64.powi(4), "90 % of users: 66 %")];
        let long = "a text that goes on and on until it would leave the panel at its right side, and the page too";
        let wild = [(f64::NAN, 0.5, "x"), (1e300, -1e300, long), (0.0, 1.0, long), (0.5, 0.5, "<b>"), (0.5, 0.0, "")];
        let points = vec![(f64::NAN, 0.1), (0.2, f64::INFINITY), (-5.0, 7.0), (0.4, 0.3), (1e300, -1e300), (0.4, 0.9)];
        vec![
            ("long-tail", figure(curve(9724, 9.0), &usual)),
            ("long-tail-poor", figure((0..=50).map(|i| f64::from(i) / 50.0).map(|x| (x, x.powi(4))).collect(), &poor)),
            ("long-tail-crowded", figure(curve(300, 9.0), &crowded)),
            ("long-tail-one", figure(vec![(0.2, 0.8)], &[])),
            ("long-tail-wild", figure(points, &wild)),
            ("long-tail-none", figure(vec![], &[])),
        ]
    }

    #[test]
    fn heights_are_linear_between_points() {
        let points = [(0.0, 0.0), (0.2, 0.8), (1.0, 1.0)];
        assert_eq!(height(&points, 0.0), Some(0.0));
        // A quarter of the way from 0 to 0.8.
        assert!((height(&points, 0.05).unwrap() - 0.2).abs() < 1e-15);
        assert_eq!(height(&points, 0.2), Some(0.8));
        assert_eq!(height(&points, 1.0), Some(1.0));
        assert_eq!((height(&points, 1.1), height(&points[1..], 0.1), height(&[], 0.5)), (None, None, None));
    }

    #[test]
    fn thinning_keeps_the_order_and_the_end() {
        let points = smooth(curve(9999, 2.0).into_iter().map(|(x, y)| (500.0 * x, 300.0 * y)));
        assert!((100..250).contains(&points.len()) && points.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!((points[0], points[points.len() - 1]), ((0.0, 0.0), (500.0, 300.0)));
    }
}
