//! What accuracy costs: one mark per arm, how good its lists are against how much of the catalog they show, how novel they are, or how long they take.
//!
//! Arms that no other beats in both are joined by a line, the Pareto front: anything off it is a worse choice for everybody who wants nothing but these two.

use super::canvas::{Anchor, Canvas, MARGIN, NAME, Spot};
use super::leaderboard_bars::{shown, with_range};
use super::legend::{Entry, Sign, draw_legend};
use super::metric_at_k::weight;
use super::panel::{Panel, draw_note, tick_room};
use super::theme::{self, Color, MUTED, PAPER, Role};
use super::{Heading, Spread};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TradeOffData {
    /// Title and caption.
    pub heading: Heading,
    /// What runs to the right, with its unit.
    pub x_name: String,
    /// What runs up.
    pub y_name: String,
    /// Whether less of x is better, as of time.
    pub is_less_better: bool,
    /// One per arm; those without a finite number are left out.
    pub points: Vec<ArmPoint>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmPoint {
    /// Its name.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// What it is to the reader.
    pub role: Role,
    /// Where it stands to the right.
    pub x: f64,
    /// Where it stands upward, with its interval.
    pub y: Spread,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 250.0;

/// Lays the figure out.
pub fn draw(data: &TradeOffData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let points: Vec<&ArmPoint> =
        data.points.iter().filter(|point| point.x.is_finite() && point.y.is_finite()).collect();
    let entry = |point: &&ArmPoint| Entry {
        sign: if point.role == Role::Floor { Sign::Ring(point.color) } else { Sign::Dot(point.color) },
        text: point.name.clone(),
        weight: weight(point.role),
    };
    let entries: Vec<Entry> = points.iter().map(entry).collect();
    let top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &entries) + 32.0;
    let x = theme::axis_of(points.iter().map(|point| point.x), 5);
    let y = theme::axis_of(points.iter().flat_map(|point| [point.y.lowest, point.y.highest]), 5);
    let panel = Panel { left: MARGIN + tick_room(&y), top, right: WIDTH - MARGIN - 18.0, bottom: top + HEIGHT, x, y };
    panel.draw_y_axis(&mut canvas, &data.y_name);
    panel.draw_x_grid(&mut canvas, &data.x_name);
    if points.is_empty() {
        draw_note(&mut canvas, &panel, "no arm has both");
    }
    let front: Vec<(f64, f64)> =
        front(&points, data.is_less_better).into_iter().map(|point| panel.at(point.x, point.y.mean)).collect();
    canvas.line(front, MUTED, 1.0);
    for point in &points {
        let (at_x, at_y) = panel.at(point.x, point.y.mean);
        let ends = [point.y.lowest, point.y.highest].map(|end| panel.at(point.x, end));
        canvas.line(ends, point.color, 1.5);
        let radius = if point.role == Role::Primary { 6.0 } else { 4.5 };
        canvas.dot((at_x, at_y), radius + 1.0, PAPER);
        canvas.dot((at_x, at_y), radius, point.color);
        if point.role == Role::Floor {
            canvas.dot((at_x, at_y), radius - 1.5, PAPER);
        }
        let said =
            format!("{}: {} {}; {} {}", point.name, data.x_name, shown(point.x), data.y_name, with_range(point.y));
        canvas.note(Spot::Disc { center: (at_x, at_y), radius: 10.0 }, &said);
        if point.role == Role::Primary {
            name_beside(&mut canvas, &panel, point, (at_x, at_y));
        }
    }
    canvas.set_height(panel.bottom + 46.0);
    canvas
}

/// The primary arm's name, on the side that has room.
fn name_beside(canvas: &mut Canvas, panel: &Panel, point: &ArmPoint, (x, y): (f64, f64)) {
    let name = theme::fit_name(&point.name, NAME.size, weight(point.role), 150.0);
    let width = theme::text_width(&name, NAME.size, weight(point.role));
    let look = NAME.weighing(weight(point.role));
    if x + 10.0 + width <= panel.right {
        canvas.text((x + 10.0, y - 10.0), &name, look);
    } else {
        canvas.text((x - 10.0, y - 10.0), &name, look.at(Anchor::End));
    }
}

/// Arms that no other reaches in both and beats in one, from left to right.
fn front<'a>(points: &[&'a ArmPoint], is_less_better: bool) -> Vec<&'a ArmPoint> {
    let x = |point: &ArmPoint| if is_less_better { -point.x } else { point.x };
    let is_beaten = |point: &ArmPoint| {
        points.iter().any(|other| {
            let (right, up) = (x(other) - x(point), other.y.mean - point.y.mean);
            right >= 0.0 && up >= 0.0 && (right > 0.0 || up > 0.0)
        })
    };
    let mut front: Vec<&ArmPoint> = points.iter().copied().filter(|point| !is_beaten(point)).collect();
    front.sort_by(|a, b| a.x.total_cmp(&b.x));
    front
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plots::arm_colors;

    fn figure(points: &[(&str, Role, f64, f64)], is_less_better: bool) -> Canvas {
        let colors = arm_colors(&points.iter().map(|point| point.1).collect::<Vec<_>>());
        let heading = Heading {
            title: "NDCG@10 against coverage@10, full".into(),
            caption: "594 users, 5 seeds. Line: arms that no other beats in both.".into(),
        };
        let points = points.iter().zip(colors).map(|(&(name, role, x, mean), color)| ArmPoint {
            name: name.into(),
            color,
            role,
            x,
            y: Spread { mean, lowest: mean - 0.02, highest: mean + 0.02 },
        });
        draw(&TradeOffData {
            heading,
            x_name: "coverage@10, share of the catalog".into(),
            y_name: "NDCG@10".into(),
            is_less_better,
            points: points.collect(),
        })
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        use Role::{Contender, Floor, Primary};
        let usual = [
            ("gbstack", Primary, 0.095, 0.126),
            ("logistic", Contender, 0.048, 0.029),
            ("ease", Contender, 0.21, 0.303),
            ("bias", Contender, 0.004, 0.086),
            ("popularity", Floor, 0.006, 0.17),
            ("random", Floor, 0.461, 0.002),
        ];
        let wild = [
            ("an arm with a name so long that it has to be cut somewhere in its middle to fit", Primary, 1e300, 1.0),
            ("x", Contender, f64::NAN, 1.0),
            ("y", Contender, -1e300, f64::INFINITY),
            ("z", Floor, 0.0, -1e9),
        ];
        vec![
            ("trade-off", figure(&usual, false)),
            ("trade-off-less", figure(&usual, true)),
            ("trade-off-wild", figure(&wild, false)),
            ("trade-off-none", figure(&[], false)),
            ("trade-off-one", figure(&usual[..1], false)),
        ]
    }

    #[test]
    fn the_front_holds_whom_nobody_beats_in_both() {
        let point = |name: &str, x: f64, mean: f64| ArmPoint {
            name: name.into(),
            color: MUTED,
            role: Role::Contender,
            x,
            y: Spread { mean, lowest: mean, highest: mean },
        };
        let all = [point("best", 1.0, 9.0), point("beaten", 1.0, 8.0), point("wide", 5.0, 2.0), point("low", 4.0, 1.0)];
        let all: Vec<&ArmPoint> = all.iter().collect();
        let names = |less| front(&all, less).iter().map(|point| point.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(false), ["best", "wide"]);
        assert_eq!(names(true), ["best"]);
    }
}
