//! Power of a comparison against its number of users: how many it takes to see a difference four times out of five.
//!
//! Users run on a logarithmic axis, because power depends on their square root. All curves end at one, so their names stand in a key and not at their
//! ends. Simulated power wobbles: a curve counts as having reached 80 % only where it stays there.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, NAME, Spot};
use super::legend::{Entry, Sign, draw_legend};
use super::panel::{Panel, draw_note, tick_room};
use super::theme::{self, Axis, Color, INK, MUTED, PAPER, Weight};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PowerCurveData {
    /// Title and caption.
    pub heading: Heading,
    /// The curves.
    pub curves: Vec<PowerCurve>,
    /// Users that the comparison has now; `None`, or zero, draws no line.
    pub n_users: Option<usize>,
}

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerCurve {
    /// What is to be seen, e.g. a metric or a size of the difference.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// `(users, power)` in any order, power from 0 to 1; points without users, or not finite, are left out, others moved into that range.
    pub points: Vec<(usize, f64)>,
    /// Users from whom on power is 80 %, where that is known: it is then not read off the points.
    pub n_needed: Option<usize>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 230.0;
/// Power that is enough.
const ENOUGH: f64 = 0.8;
/// Pixels between points that say their number, while curves are few; and such points of all curves together, about.
const SPEAKING: (f64, f64) = (8.0, 180.0);

/// Where a curve reaches [`ENOUGH`].
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reached {
    /// At its first point already: at this many users or fewer.
    Before(f64),
    /// At this many users, between two points.
    At(f64),
    /// Not yet at its last point, of this many users.
    Beyond(f64),
}

/// Lays the figure out.
pub fn draw(data: &PowerCurveData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let curves: Vec<PowerCurve> = data.curves.iter().map(cleaned).filter(|curve| !curve.points.is_empty()).collect();
    let n_users = data.n_users.filter(|&n| n > 0);
    let mut entries: Vec<Entry> = curves.iter().map(|curve| entry(curve, curves.len())).collect();
    if let Some(n) = n_users {
        entries.push(Entry::of(Sign::Upright(INK), format!("{} now", users(n as f64))));
    }
    let top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &entries) + 32.0;
    let y = theme::axis(0.0, 1.0, 5);
    let counts = curves.iter().flat_map(|curve| &curve.points).map(|(n, _)| *n).chain(n_users);
    let x = axis(counts);
    let (left, right) = (MARGIN + tick_room(&y), WIDTH - MARGIN - 24.0);
    let panel = Panel { left, top, right, bottom: top + HEIGHT, x, y };
    panel.draw_y_axis(&mut canvas, "power");
    panel.draw_x_axis(&mut canvas, &ticks(&x), "users (log scale)");
    canvas.set_height(panel.bottom + 46.0);
    if curves.is_empty() {
        draw_note(&mut canvas, &panel, "no power to show");
        return canvas;
    }
    let enough = panel.at(x.low, ENOUGH).1;
    draw_dashed(&mut canvas, (left, enough), (right, enough));
    if let Some(n) = n_users {
        let now = panel.at_x((n as f64).ln());
        canvas.line([(now, panel.top), (now, panel.bottom)], INK, 1.0);
    }
    for curve in &curves {
        draw_curve(&mut canvas, &panel, curve);
        note_curve(&mut canvas, &panel, curve, curves.len());
    }
    for curve in &curves {
        draw_crossing(&mut canvas, &panel, curve, curves.len());
    }
    canvas
}

/// A curve with ascending points that can be drawn; of several at one number of users, the first.
fn cleaned(curve: &PowerCurve) -> PowerCurve {
    let is_usable = |(n, power): &&(usize, f64)| *n > 0 && power.is_finite();
    let usable = curve.points.iter().filter(is_usable);
    let mut points: Vec<(usize, f64)> = usable.map(|(n, power)| (*n, power.clamp(0.0, 1.0))).collect();
    points.sort_by_key(|(n, _)| *n);
    points.dedup_by_key(|(n, _)| *n);
    PowerCurve { points, ..curve.clone() }
}

/// The first number of users from which on power is enough: the one that is known, where the axis has it, else between points, linear in the logarithm of users.
fn reached(points: &[(usize, f64)], n_needed: Option<usize>) -> Option<Reached> {
    let (first, last) = (points.first()?, points.last()?);
    if let Some(n) = n_needed.filter(|n| (first.0..=last.0).contains(n)) {
        return Some(Reached::At(n as f64));
    }
    let Some(below) = points.iter().rposition(|(_, power)| *power < ENOUGH) else {
        return Some(Reached::Before(first.0 as f64));
    };
    let (Some(&(n, power)), Some(&(more, higher))) = (points.get(below), points.get(below + 1)) else {
        return Some(Reached::Beyond(last.0 as f64));
    };
    let (from, to) = ((n as f64).ln(), (more as f64).ln());
    let share = (ENOUGH - power) / (higher - power);
    // Whole users; rounding in the twelfth digit must not ask for one more, nor leave the interval.
    let exact = (from + share * (to - from)).exp();
    Some(Reached::At((exact * (1.0 - 1e-12)).ceil().clamp(n as f64, more as f64)))
}

/// A number of users; more than there are people, with an exponent.
fn count(n: f64) -> String {
    if n < 1e10 { theme::grouped(n) } else { format!("{n:.0e}") }
}

fn users(n: f64) -> String {
    format!("{} {}", count(n), if n == 1.0 { "user" } else { "users" })
}

/// Where a curve reaches enough power, in words.
fn crossing(curve: &PowerCurve) -> Option<String> {
    Some(match reached(&curve.points, curve.n_needed)? {
        Reached::Before(n) => format!("80 % at {} or fewer", users(n)),
        Reached::At(n) => format!("80 % at {}", users(n)),
        Reached::Beyond(n) => format!("below 80 % at {}", users(n)),
    })
}

/// A curve's name in the key; among several, with its crossing, which beside the curves would stand in the way of the others.
fn entry(curve: &PowerCurve, n_curves: usize) -> Entry {
    let name = theme::fit_name(&curve.name, NAME.size, NAME.weight, 240.0);
    let text = match crossing(curve) {
        Some(crossing) if n_curves > 1 => format!("{name}: {crossing}"),
        _ => name,
    };
    Entry::of(Sign::Line(curve.color), text)
}

/// The axis of the logarithms of numbers of users.
fn axis(counts: impl Iterator<Item = usize>) -> Axis {
    let (low, high) = counts
        .map(|n| (n as f64).ln())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), n| (low.min(n), high.max(n)));
    match high - low {
        // Nothing to show: from ten to a thousand.
        _ if low > high => theme::axis(10_f64.ln(), 1000_f64.ln(), 5),
        // One number of users, or about: half as many and twice as many.
        range if range < 0.1 => theme::axis(low - 2_f64.ln(), high + 2_f64.ln(), 5),
        // A little air, so that a line at the last number is not the frame.
        range => theme::axis(low - 0.02 * range, high + 0.02 * range, 5),
    }
}

/// Round numbers of users on the axis: one, two and five of each power of ten while they fit; on long axes only powers.
fn ticks(x: &Axis) -> Vec<(f64, String)> {
    let decades = (x.high - x.low) / 10_f64.ln();
    let digits: &[f64] = if decades > 3.2 {
        &[1.0]
    } else if decades > 1.0 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
    };
    let every = if decades > 6.0 { 3 } else { 1 };
    let numbers = (0..=20).step_by(every).flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)));
    let is_inside = |n: &f64| n.ln() >= x.low - 1e-9 && n.ln() <= x.high + 1e-9;
    numbers.filter(|n| n.fract() == 0.0).filter(is_inside).map(|n| (n.ln(), count(n))).collect()
}

fn draw_dashed(canvas: &mut Canvas, from: (f64, f64), to: (f64, f64)) {
    let mut x = from.0;
    while x < to.0 {
        canvas.line([(x, from.1), ((x + 5.0).min(to.0), from.1)], MUTED, 1.0);
        x += 9.0;
    }
}

fn draw_curve(canvas: &mut Canvas, panel: &Panel, curve: &PowerCurve) {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (i, (n, power)) in curve.points.iter().enumerate() {
        let point = panel.at((*n as f64).ln(), *power);
        // Points closer than a line is wide make it rough.
        let is_near = points.last().is_some_and(|last| point.0 < last.0 + 3.0);
        if !is_near || i + 1 == curve.points.len() {
            points.push(point);
        }
    }
    canvas.line(points.iter().copied(), curve.color, 2.0);
    // Points are marked while they can be told apart; one alone is no line.
    if points.len() <= 16 {
        for point in points {
            canvas.dot(point, 2.5, curve.color);
        }
    }
}

fn note_curve(canvas: &mut Canvas, panel: &Panel, curve: &PowerCurve, n_curves: usize) {
    let distance = SPEAKING.0.max((panel.right - panel.left) * n_curves as f64 / SPEAKING.1);
    let mut free_from = f64::NEG_INFINITY;
    for &(n, power) in &curve.points {
        let center = panel.at((n as f64).ln(), power);
        if center.0 < free_from {
            continue;
        }
        free_from = center.0 + distance;
        let place = Spot::Disc { center, radius: 7.0 };
        canvas.note(place, &format!("{}, {}: power {power:.2}", curve.name, users(n as f64)));
    }
}

/// A ring where a curve reaches enough power, and under it a thin line to the users it takes; a curve that is alone has it in words too.
fn draw_crossing(canvas: &mut Canvas, panel: &Panel, curve: &PowerCurve, n_curves: usize) {
    let reached = reached(&curve.points, curve.n_needed);
    let place = match reached {
        Some(Reached::At(n)) => Some(panel.at(n.ln(), ENOUGH)),
        _ => None,
    };
    if let Some((x, y)) = place {
        canvas.line([(x, y), (x, panel.bottom)], curve.color, 0.5);
        canvas.dot((x, y), 5.0, curve.color);
        canvas.dot((x, y), 3.0, PAPER);
    }
    if let (1, Some(text)) = (n_curves, crossing(curve)) {
        draw_words(canvas, panel, place, &text);
    }
}

/// Words beside a crossing, where the rising curve leaves room: right below it, else left above; without a crossing, at the right end of the line.
fn draw_words(canvas: &mut Canvas, panel: &Panel, place: Option<(f64, f64)>, text: &str) {
    let width = theme::text_width(text, NAME.size, Weight::Bold);
    let look = NAME.weighing(Weight::Bold);
    let (x, y) = place.unwrap_or((f64::INFINITY, panel.at(panel.x.low, ENOUGH).1));
    let (left, right, line) = if x + 10.0 + width <= panel.right {
        (x + 10.0, x + 10.0 + width, y + 14.0)
    } else {
        let end = (x - 10.0).min(panel.right - 4.0);
        (end - width, end, y - 12.0)
    };
    // The line of now may pass: the words stand on paper.
    let edge = (left - 2.0, right + 2.0);
    canvas.area([(edge.0, line - 8.0), (edge.1, line - 8.0), (edge.1, line + 8.0), (edge.0, line + 8.0)], PAPER, 1.0);
    canvas.text((left, line), text, look.at(Anchor::Start));
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plots::{Role, arm_colors};

    fn figure(curves: &[(&str, Vec<(usize, f64)>)], n_users: Option<usize>) -> Canvas {
        let caption = "two-sided test at 5 %, power from the variance of 610 users' differences, mean of 5 seeds";
        let heading = Heading { title: "Users it takes to see an uplift".into(), caption: caption.into() };
        let colors = arm_colors(&vec![Role::Contender; curves.len()]);
        let curves = curves.iter().zip(colors).map(|((name, points), color)| PowerCurve {
            name: (*name).into(),
            color,
            points: points.clone(),
            n_needed: None,
        });
        draw(&PowerCurveData { heading, curves: curves.collect(), n_users })
    }

    /// A curve that reaches 80 % at about `at` users.
    fn curve(at: f64, ns: &[usize]) -> Vec<(usize, f64)> {
        // A logistic curve in place of the normal one: near enough for a picture. ln 4 is where it is 0.8.
        let power = |n: usize| 1.0 / (1.0 + (-(4_f64.ln() + 3.0 * ((n as f64).sqrt() / at.sqrt() - 1.0))).exp());
        ns.iter().map(|&n| (n, power(n))).collect()
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        let ns = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
        let fine: Vec<usize> = (1..=400).map(|i| i * 50).collect();
        let names: Vec<String> = (0..8).map(|i| format!("NDCG@{}", i + 1)).collect();
        let eight: Vec<(&str, Vec<(usize, f64)>)> = names
            .iter()
            .enumerate()
            .map(|(i, name)| (name.as_str(), curve(300.0 * 2_f64.powi(i as i32), &ns)))
            .collect();
        let long = "an outcome with a name that goes on and on and then some more, measured per user";
        let wild = vec![(0, 0.5), (10, f64::NAN), (usize::MAX, 0.9), (1, -3.0), (7, 1e300)];
        vec![
            ("power", figure(&[("NDCG@10, uplift of 0.0061", curve(2430.0, &ns))], Some(610))),
            ("power-two", figure(&[("NDCG@10", curve(2430.0, &fine)), ("AUC", curve(700.0, &fine))], Some(610))),
            ("power-8", figure(&eight, Some(6040))),
            ("power-right", figure(&[("NDCG@10", curve(16_000.0, &ns))], Some(9000))),
            ("power-beyond", figure(&[("NDCG@10", curve(90_000.0, &ns))], Some(610))),
            ("power-before", figure(&[("NDCG@10", curve(20.0, &ns))], None)),
            ("power-near", figure(&[("NDCG@10", curve(500.0, &[400, 450, 500, 600]))], Some(610))),
            ("power-long", figure(&[(long, curve(500.0, &ns)), (long, curve(900.0, &ns))], Some(1))),
            ("power-one", figure(&[("NDCG@10", vec![(610, 0.42)])], Some(610))),
            ("power-none", figure(&[], None)),
            ("power-none-now", figure(&[("empty", vec![])], Some(610))),
            ("power-equal", figure(&[("NDCG@10", ns.iter().map(|&n| (n, 0.8)).collect())], Some(0))),
            ("power-wild", figure(&[("wild", wild)], Some(usize::MAX))),
        ]
    }

    #[test]
    fn a_crossing_lies_between_its_points() {
        // Half way from 0.7 to 0.9, so half way from ln 100 to ln 400: 200 users.
        assert_eq!(reached(&[(100, 0.7), (400, 0.9)], None), Some(Reached::At(200.0)));
        assert_eq!(reached(&[(100, 0.8), (400, 0.9)], None), Some(Reached::Before(100.0)));
        assert_eq!(reached(&[(100, 0.1), (400, 0.79)], None), Some(Reached::Beyond(400.0)));
        assert_eq!(reached(&[(100, 0.1), (400, 0.8)], None), Some(Reached::At(400.0)));
        assert_eq!(reached(&[], None), None);
    }

    #[test]
    fn a_number_that_is_known_is_not_read_off_the_points() {
        let points = [(100, 0.7), (400, 0.9)];
        assert_eq!(reached(&points, Some(197)), Some(Reached::At(197.0)));
        let curve = PowerCurve {
            name: String::new(),
            color: theme::INK,
            points: vec![(100, 0.1), (4000, 0.9)],
            n_needed: Some(1970),
        };
        assert_eq!(crossing(&curve).unwrap(), "80 % at 1,970 users");
        // Beyond the axis there is no place for it.
        assert_eq!(reached(&points, Some(50)), Some(Reached::At(200.0)));
    }

    #[test]
    fn a_curve_that_falls_back_has_not_reached_it_yet() {
        let wobbling = [(10, 0.5), (100, 0.81), (200, 0.7), (800, 0.9), (1000, 0.95)];
        // From 200 on: half way between ln 200 and ln 800.
        assert_eq!(reached(&wobbling, None), Some(Reached::At(400.0)));
    }

    #[test]
    fn ticks_are_round_and_neither_few_nor_many() {
        let labels = |low: f64, high: f64| {
            ticks(&theme::axis(low.ln(), high.ln(), 5)).into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(labels(100.0, 2000.0), ["100", "200", "500", "1,000", "2,000"]);
        assert_eq!(labels(1.0, 1e5), ["1", "10", "100", "1,000", "10,000", "100,000"]);
        assert_eq!(labels(400.0, 700.0), ["400", "500", "600"]);
    }
}
