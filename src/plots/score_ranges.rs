//! How far an arm's scores of relevant items lie above those of others: a row per arm, two ranges per row.
//!
//! Arms score on scales of their own, stars, probabilities or sums of similarities, so every row has its own axis, whose ends are written beside it. What
//! compares across rows is how much the two ranges overlap, not where they stand.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, NAME, SMALL, Spot};
use super::heat_map::number;
use super::legend::{Entry, Sign, draw_legend};
use super::metric_at_k::weight;
use super::panel::Panel;
use super::theme::{self, Color, GRID, MUTED, PAPER, Role};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreRangesData {
    /// Title and caption.
    pub heading: Heading,
    /// The arms, from top to bottom; those after the thirtieth are counted, not drawn.
    pub arms: Vec<ArmScores>,
}

/// One arm. Five numbers are the 5, 25, 50, 75 and 95 % quantiles, in the arm's own unit; without any, or with one that is not finite, they are shown as
/// missing.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmScores {
    /// Its name.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// What it is to the reader.
    pub role: Role,
    /// Quantiles of the scores of relevant items.
    pub relevant: Option<[f64; 5]>,
    /// Quantiles of the scores of the other candidates.
    pub others: Option<[f64; 5]>,
}

const WIDTH: f64 = 560.0;
const ROW: f64 = 36.0;
/// Rows drawn.
const MOST: usize = 30;
/// Distance of the two ranges from the middle of their row.
const APART: f64 = 7.0;
/// Half the height of the thick part.
const HALF: f64 = 4.0;

/// Lays the figure out.
pub fn draw(data: &ScoreRangesData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let arms = &data.arms[..data.arms.len().min(MOST)];
    let entries = key(arms);
    let top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &entries) + 6.0;
    let rows: Vec<Row> = arms.iter().map(Row::of).collect();
    let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
    let small = |text: &String| theme::text_width(text, SMALL.size, SMALL.weight);
    let names = widest(&mut rows.iter().map(|row| theme::text_width(&row.name, NAME.size, weight(row.arm.role))));
    let lows = widest(&mut rows.iter().map(|row| small(&row.ends.0)));
    let highs = widest(&mut rows.iter().map(|row| small(&row.ends.1)));
    let (left, right) = (MARGIN + names + 14.0 + lows + 10.0, WIDTH - MARGIN - highs - 10.0);
    for (at, row) in rows.iter().enumerate() {
        draw_row(&mut canvas, row, (left, right), top + ROW * (at as f64 + 0.5));
    }
    let mut bottom = top + ROW * rows.len().max(1) as f64;
    if rows.is_empty() {
        canvas.text((WIDTH / 2.0, top + ROW / 2.0), "no scores", SMALL.at(Anchor::Middle));
    }
    let about = "score, every row on its own axis · thin line: 5 % to 95 %, thick: 25 % to 75 %, dot: median";
    let about = theme::fit_text(about, SMALL.size, SMALL.weight, WIDTH - 2.0 * MARGIN);
    canvas.text((WIDTH / 2.0, bottom + 16.0), &about, SMALL.at(Anchor::Middle));
    if data.arms.len() > MOST {
        bottom += 16.0;
        let note = format!("{} more arms are not shown", theme::grouped((data.arms.len() - MOST) as f64));
        canvas.text((MARGIN, bottom + 16.0), &note, SMALL);
    }
    canvas.set_height(bottom + 30.0);
    canvas
}

/// The key, with the primary arm's color as the example, or the first one's.
fn key(arms: &[ArmScores]) -> Vec<Entry> {
    let Some(arm) = arms.iter().find(|arm| arm.role == Role::Primary).or(arms.first()) else {
        return Vec::new();
    };
    vec![
        Entry::of(Sign::Square(arm.color, 1.0), "relevant items, in the arm's color".to_owned()),
        Entry::of(Sign::Square(MUTED, 1.0), "others".to_owned()),
    ]
}

/// An arm with what can be drawn of it.
struct Row<'a> {
    arm: &'a ArmScores,
    name: String,
    relevant: Option<[f64; 5]>,
    others: Option<[f64; 5]>,
    /// Smallest and largest of all numbers, in words.
    ends: (String, String),
}

impl<'a> Row<'a> {
    fn of(arm: &'a ArmScores) -> Self {
        let (relevant, others) = (cleaned(arm.relevant), cleaned(arm.others));
        let name = theme::fit_name(&arm.name, NAME.size, weight(arm.role), 150.0);
        let mut row = Self { arm, name, relevant, others, ends: (String::new(), String::new()) };
        if let Some((low, high)) = row.range() {
            row.ends = (number(low), number(high));
        }
        row
    }

    fn range(&self) -> Option<(f64, f64)> {
        let numbers = || self.relevant.iter().chain(&self.others).flatten().copied();
        let low = numbers().reduce(f64::min)?;
        Some((low, numbers().fold(low, f64::max)))
    }
}

/// Quantiles in order, if all are finite.
fn cleaned(quantiles: Option<[f64; 5]>) -> Option<[f64; 5]> {
    let mut quantiles = quantiles.filter(|five| five.iter().all(|value| value.is_finite()))?;
    quantiles.sort_by(f64::total_cmp);
    Some(quantiles)
}

fn draw_row(canvas: &mut Canvas, row: &Row, (left, right): (f64, f64), y: f64) {
    let arm = row.arm;
    canvas.text((MARGIN, y), &row.name, NAME.weighing(weight(arm.role)));
    let edge = y + ROW / 2.0;
    canvas.line([(MARGIN, edge), (WIDTH - MARGIN, edge)], GRID, 0.5);
    let Some((low, high)) = row.range() else {
        canvas.text(((left + right) / 2.0, y), "no scores", SMALL.at(Anchor::Middle));
        return;
    };
    let (x, unit) = (theme::axis(low, high, 4), theme::axis(0.0, 1.0, 1));
    let panel = Panel { left, top: y - ROW / 2.0, right, bottom: edge, x, y: unit };
    canvas.text((left - 10.0, y), &row.ends.0, SMALL.at(Anchor::End));
    canvas.text((right + 10.0, y), &row.ends.1, SMALL);
    let middle = y;
    for (quantiles, color, side, what) in
        [(row.relevant, arm.color, -1.0, "relevant"), (row.others, MUTED, 1.0, "others")]
    {
        let (y, outer) = (middle + side * APART, middle + side * ROW / 2.0);
        match quantiles {
            Some(quantiles) => {
                draw_range(canvas, &panel, quantiles, (y, color));
                let place = Spot::Rectangle { from: (left, middle), to: (right, outer) };
                canvas.note(place, &said(&arm.name, what, quantiles));
            }
            None => canvas.text((left, y), "–", SMALL),
        }
    }
}

/// Five numbers in words.
fn said(arm: &str, what: &str, quantiles: [f64; 5]) -> String {
    let [a, b, median, c, d] = quantiles.map(number);
    format!("{arm}, {what}: median {median}, 25 % to 75 %: {b} to {c}, 5 % to 95 %: {a} to {d}")
}

fn draw_range(canvas: &mut Canvas, panel: &Panel, quantiles: [f64; 5], (y, color): (f64, Color)) {
    let [a, b, median, c, d] = quantiles.map(|value| panel.at_x(value));
    canvas.line([(a, y), (d, y)], color, 1.5);
    canvas.area([(b, y - HALF), (c, y - HALF), (c, y + HALF), (b, y + HALF)], color, 1.0);
    canvas.dot((median, y), 4.5, PAPER);
    canvas.dot((median, y), 3.0, color);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plots::arm_colors;

    type Five = Option<[f64; 5]>;

    fn figure(arms: &[(&str, Role, Five, Five)]) -> Canvas {
        let colors = arm_colors(&arms.iter().map(|arm| arm.1).collect::<Vec<_>>());
        let arms = arms.iter().zip(colors).map(|(&(name, role, relevant, others), color)| ArmScores {
            name: name.into(),
            color,
            role,
            relevant,
            others,
        });
        let caption = "protocol full · 594 users, first seed";
        let heading = Heading { title: "Scores of relevant items and of others".into(), caption: caption.into() };
        draw(&ScoreRangesData { heading, arms: arms.collect() })
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        use Role::{Contender, Floor, Primary};
        let usual = [
            ("gbstack", Primary, Some([0.02, 0.11, 0.24, 0.41, 0.73]), Some([0.001, 0.004, 0.01, 0.03, 0.12])),
            ("mf", Contender, Some([3.1, 3.6, 3.9, 4.2, 4.6]), Some([2.2, 2.9, 3.3, 3.6, 4.1])),
            ("itemknn", Contender, Some([12.0, 44.0, 101.0, 230.0, 512.0]), Some([0.0, 0.0, 3.0, 19.0, 90.0])),
            ("ease", Contender, Some([-0.02, 0.05, 0.13, 0.3, 0.6]), Some([-0.05, -0.01, 0.0, 0.01, 0.06])),
            ("popularity", Floor, Some([11.0, 60.0, 110.0, 182.0, 311.0]), Some([1.0, 1.0, 3.0, 9.0, 48.0])),
            ("random", Floor, Some([0.05, 0.25, 0.5, 0.75, 0.95]), None),
        ];
        let long = "an arm with a name so long that it has to be cut somewhere in its middle to fit";
        let many = [usual[1]; 35];
        let wild = [
            (long, Primary, Some([f64::NAN, 0.0, 0.0, 0.0, 1.0]), Some([0.0, 1.0, 2.0, 3.0, f64::INFINITY])),
            ("huge", Contender, Some([-1.7e308, -1e300, 0.0, 1e300, 1.7e308]), Some([0.0; 5])),
            ("equal", Contender, Some([3.5; 5]), Some([3.5; 5])),
            ("no order", Contender, Some([5.0, 1.0, 4.0, 2.0, 3.0]), None),
            ("tiny", Floor, None, Some([1e-300, 2e-300, 3e-300, 4e-300, 5e-300])),
            ("<b>", Floor, None, None),
        ];
        vec![
            ("score-ranges", figure(&usual)),
            ("score-ranges-one", figure(&usual[..1])),
            ("score-ranges-35", figure(&many)),
            ("score-ranges-wild", figure(&wild)),
            ("score-ranges-none", figure(&[])),
        ]
    }

    #[test]
    fn quantiles_are_put_in_order_and_refused_if_not_finite() {
        assert_eq!(cleaned(Some([5.0, 1.0, 4.0, 2.0, 3.0])), Some([1.0, 2.0, 3.0, 4.0, 5.0]));
        assert_eq!(cleaned(Some([1.0, 2.0, f64::NAN, 4.0, 5.0])), None);
        assert_eq!(cleaned(None), None);
    }

    #[test]
    fn a_row_reaches_from_its_smallest_to_its_largest_number() {
        let scores =
            |relevant, others| ArmScores { name: "mf".into(), color: MUTED, role: Role::Contender, relevant, others };
        let both = scores(Some([3.0, 3.5, 4.0, 4.5, 5.0]), Some([1.0, 2.0, 3.0, 4.0, 4.5]));
        assert_eq!(Row::of(&both).range(), Some((1.0, 5.0)));
        assert_eq!(Row::of(&both).ends, ("1.000".into(), "5.000".into()));
        assert_eq!(Row::of(&scores(None, None)).range(), None);
    }
}
