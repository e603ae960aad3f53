//! A forest plot: differences from a baseline with their intervals, one per row, around a line at zero.
//!
//! Color says what an interval that excludes zero means, which is not its side: a metric may be better when lower. Intervals that include zero are gray
//! and hollow. All rows of one figure share a unit. The axis holds every estimate, but an interval much wider than the others ends in an arrow, for it
//! would press all other rows into the line at zero; its ends are printed beside it as all are.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, NAME, SMALL};
use super::legend::{Entry, Sign, draw_legend};
use super::panel::{Panel, draw_note, draw_zero};
use super::theme::{self, Axis, Color, GRID, INK, MUTED, PAPER, Weight};
use super::verdict::{Better, Verdict};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForestData {
    /// Title and caption.
    pub heading: Heading,
    /// What the numbers are, with their unit, e.g. `uplift of gbstack over logistic, NDCG@10`.
    pub x_name: String,
    /// Half width of the shaded band around zero, inside which a difference does not matter; `None`, or one that is not positive, draws none.
    pub margin: Option<f64>,
    /// The rows, from top to bottom; those after the sixtieth are counted, not drawn.
    pub rows: Vec<ForestRow>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForestRow {
    /// Its name.
    pub label: String,
    /// The difference; one that is not finite is shown as missing.
    pub estimate: f64,
    /// Lower end of its interval; an interval with an end that is not a number is left out.
    pub lower: f64,
    /// Upper end of its interval.
    pub upper: f64,
    /// Whether the row stands out: bold and shaded.
    pub is_emphasized: bool,
    /// Which direction is good.
    pub better: Better,
}

const WIDTH: f64 = 720.0;
/// Rows drawn.
const MOST: usize = 60;
/// An interval reaches at most this many times as far as estimates and usual intervals do.
const REACH: f64 = 4.0;
/// Space between columns.
const GAP: f64 = 14.0;

/// What is printed beside a row.
struct Printed {
    label: String,
    estimate: String,
    interval: String,
    weight: Weight,
}

/// Lays the figure out.
pub fn draw(data: &ForestData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let rows = &data.rows[..data.rows.len().min(MOST)];
    let margin = data.margin.filter(|margin| margin.is_finite() && *margin > 0.0);
    let x = axis(rows, margin);
    let printed: Vec<Printed> = rows.iter().map(|row| print(row, &x)).collect();
    let widest = |column: fn(&Printed) -> &String| {
        printed.iter().map(|row| theme::text_width(column(row), NAME.size, row.weight)).fold(0.0, f64::max)
    };
    let interval_left = WIDTH - MARGIN - widest(|row| &row.interval);
    let estimate_right = interval_left - if interval_left < WIDTH - MARGIN { 8.0 } else { 0.0 };
    let left = MARGIN + widest(|row| &row.label) + GAP;
    let right = estimate_right - widest(|row| &row.estimate).max(20.0) - GAP;
    let legend = legend(rows, margin, &x);
    let top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &legend) + 8.0;
    let height = if rows.len() > 16 { 18.0 } else { 24.0 };
    let bottom = top + height * rows.len().max(2) as f64;
    let panel = Panel { left, top, right, bottom, x, y: theme::axis(0.0, 1.0, 1) };
    if let Some(margin) = margin {
        let (low, high) = (panel.at_x(-margin), panel.at_x(margin));
        canvas.area([(low, top), (high, top), (high, bottom), (low, bottom)], MUTED, 0.14);
    }
    panel.draw_x_grid(&mut canvas, &data.x_name);
    draw_zero(&mut canvas, &panel);
    for (i, (row, printed)) in rows.iter().zip(&printed).enumerate() {
        let y = top + height * (i as f64 + 0.5);
        draw_row(&mut canvas, &panel, row, printed, (y, height));
        canvas.text((estimate_right, y), &printed.estimate, NAME.at(Anchor::End).weighing(printed.weight));
        canvas.text((WIDTH - MARGIN, y), &printed.interval, NAME.at(Anchor::End).weighing(printed.weight));
    }
    let mut end = bottom + 46.0;
    if data.rows.is_empty() {
        draw_note(&mut canvas, &panel, "nothing to compare");
    }
    if data.rows.len() > MOST {
        let note = format!("{} more rows are not shown", theme::grouped((data.rows.len() - MOST) as f64));
        canvas.text((MARGIN, end), &note, SMALL);
        end += 16.0;
    }
    canvas.set_height(end);
    canvas
}

/// The ends of a row's interval in order, unless one is not a number.
fn interval(row: &ForestRow) -> Option<(f64, f64)> {
    let is_whole = row.estimate.is_finite() && !row.lower.is_nan() && !row.upper.is_nan();
    is_whole.then(|| (row.lower.min(row.upper), row.lower.max(row.upper)))
}

fn verdict(row: &ForestRow) -> Verdict {
    interval(row).map_or(Verdict::Undecided, |(lower, upper)| row.better.verdict_of_interval(lower, upper))
}

/// The axis: zero, all estimates, and all intervals but those far beyond the usual.
fn axis(rows: &[ForestRow], margin: Option<f64>) -> Axis {
    let estimates = || rows.iter().map(|row| row.estimate).filter(|estimate| estimate.is_finite());
    let ends = || rows.iter().filter_map(interval).flat_map(|(lower, upper)| [lower, upper]).filter(|v| v.is_finite());
    let mut sizes: Vec<f64> = ends().map(f64::abs).collect();
    sizes.sort_by(f64::total_cmp);
    let usual = sizes.get(sizes.len() / 2).copied().unwrap_or(0.0);
    let reach = REACH * estimates().map(f64::abs).fold(usual, f64::max);
    let mut values: Vec<f64> = ends().map(|end| end.clamp(-reach, reach)).chain(estimates()).collect();
    values.push(0.0);
    // A band far wider than all differences fills the panel rather than pressing them together.
    let extent = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    if let Some(margin) = margin.filter(|&margin| margin <= REACH * extent || extent == 0.0) {
        values.extend([-margin * 1.1, margin * 1.1]);
    }
    let (low, high) = values.iter().fold((0.0_f64, 0.0_f64), |(low, high), &v| (low.min(v), high.max(v)));
    // Air on both sides, so that the line at zero is never the frame.
    let air = (high.min(1e12) - low.max(-1e12)) * 0.06;
    theme::axis(low - air, high + air, 5)
}

fn legend(rows: &[ForestRow], margin: Option<f64>, x: &Axis) -> Vec<Entry> {
    let mut verdicts: Vec<Verdict> = rows.iter().filter(|row| interval(row).is_some()).map(verdict).collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    let sign = |verdict: Verdict| match verdict {
        Verdict::Undecided => Sign::Ring(verdict.color()),
        _ => Sign::Dot(verdict.color()),
    };
    let mut entries: Vec<Entry> =
        verdicts.iter().map(|&verdict| Entry { sign: sign(verdict), text: verdict.name().to_owned() }).collect();
    if let Some(margin) = margin {
        let text = format!("within ±{}", number(margin, x).trim_start_matches('+'));
        entries.push(Entry { sign: Sign::Square(MUTED, 0.3), text });
    }
    entries
}

fn print(row: &ForestRow, x: &Axis) -> Printed {
    let weight = if row.is_emphasized { Weight::Bold } else { Weight::Regular };
    let label = theme::fit_name(&row.label, NAME.size, weight, 220.0);
    let estimate = if row.estimate.is_finite() { number(row.estimate, x) } else { "–".to_owned() };
    let interval = interval(row).map_or_else(String::new, |(l, u)| format!("[{}, {}]", number(l, x), number(u, x)));
    Printed { label, estimate, interval, weight }
}

/// A difference with its sign, one decimal more than the ticks have.
fn number(value: f64, x: &Axis) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    let size = value.abs();
    let decimals = (1.0 - x.step.log10() - 1e-9).ceil().clamp(0.0, 8.0) as usize;
    if size.is_infinite() {
        return format!("{sign}∞");
    }
    if size >= 1e6 || x.step < 1e-7 {
        return if size == 0.0 { "0".to_owned() } else { format!("{sign}{size:.2e}") };
    }
    let text = format!("{size:.decimals$}");
    // What rounds to zero has no sign.
    if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) { text } else { format!("{sign}{text}") }
}

fn draw_row(canvas: &mut Canvas, panel: &Panel, row: &ForestRow, printed: &Printed, (y, height): (f64, f64)) {
    let (left, right) = (panel.left, panel.right);
    if row.is_emphasized {
        let (high, low) = (y - height / 2.0, y + height / 2.0);
        let edge = (MARGIN - 6.0, WIDTH - MARGIN + 6.0);
        canvas.area([(edge.0, high), (edge.1, high), (edge.1, low), (edge.0, low)], INK, 0.06);
    }
    canvas.line([(left, y), (right, y)], GRID, 0.5);
    canvas.text((left - 10.0, y), &printed.label, NAME.at(Anchor::End).weighing(printed.weight));
    if !row.estimate.is_finite() {
        return;
    }
    let verdict = verdict(row);
    let color = verdict.color();
    let (width, radius) = if row.is_emphasized { (3.0, 5.5) } else { (2.0, 4.5) };
    if let Some((lower, upper)) = interval(row) {
        canvas.line([(panel.at_x(lower), y), (panel.at_x(upper), y)], color, width);
        draw_end(canvas, panel.at_x(lower), y, if lower < panel.x.low { -1.0 } else { 0.0 }, color);
        draw_end(canvas, panel.at_x(upper), y, if upper > panel.x.high { 1.0 } else { 0.0 }, color);
    }
    let center = (panel.at_x(row.estimate), y);
    canvas.dot(center, radius, color);
    if verdict == Verdict::Undecided {
        canvas.dot(center, radius - 1.5, PAPER);
    }
}

/// The end of an interval: a stroke, or where it goes on beyond the panel, an arrow to that side.
fn draw_end(canvas: &mut Canvas, x: f64, y: f64, side: f64, color: Color) {
    if side == 0.0 {
        canvas.line([(x, y - 4.0), (x, y + 4.0)], color, 1.0);
    } else {
        canvas.area([(x + side * 6.0, y), (x - side * 3.0, y - 4.5), (x - side * 3.0, y + 4.5)], color, 1.0);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn row(label: &str, estimate: f64, lower: f64, upper: f64) -> ForestRow {
        ForestRow { label: label.into(), estimate, lower, upper, ..ForestRow::default() }
    }

    fn figure(rows: Vec<ForestRow>, margin: Option<f64>) -> Canvas {
        let caption = "protocol rated · 610 users · 95 % BCa intervals from 10,000 resamples of users, 5 seeds";
        let heading = Heading { title: "gbstack against logistic".into(), caption: caption.into() };
        draw(&ForestData { heading, x_name: "uplift of gbstack over logistic, NDCG@10".into(), margin, rows })
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        let usual = vec![
            ForestRow { is_emphasized: true, ..row("all users", 0.0061, 0.0012, 0.0110) },
            row("cold users (1–5 ratings)", 0.0140, 0.0031, 0.0248),
            row("regular users", 0.0035, -0.0018, 0.0089),
            row("power users", -0.0047, -0.0089, -0.0006),
            row("never watched", f64::NAN, f64::NAN, f64::NAN),
            ForestRow { better: Better::Neutral, ..row("head items", 0.0093, 0.0051, 0.0135) },
        ];
        let many = |n: usize| {
            (0..n).map(|i| {
                let center = 0.006 * (f64::from(i as u32) * 1.7).sin();
                let better = if i % 5 == 4 { Better::Lower } else { Better::Higher };
                let label = format!("metric-{i:02}, segment {}", ["all", "cold", "regular", "power"][i % 4]);
                ForestRow { is_emphasized: i == 0, better, ..row(&label, center, center - 0.004, center + 0.004) }
            })
        };
        let long = "a very long name of a segment that someone thought was a good idea, number ";
        let nan = f64::NAN;
        let inf = f64::INFINITY;
        vec![
            ("forest", figure(usual.clone(), Some(0.002))),
            ("forest-plain", figure(usual[..4].to_vec(), None)),
            ("forest-40", figure(many(40).collect(), Some(0.003))),
            ("forest-70", figure(many(70).collect(), None)),
            ("forest-one", figure(vec![row("all users", 0.0061, 0.0012, 0.0110)], None)),
            ("forest-none", figure(vec![], Some(0.01))),
            ("forest-equal", figure(vec![row("a", 0.0, 0.0, 0.0), row("b", 0.0, 0.0, 0.0)], None)),
            ("forest-arrow", figure([usual, vec![row("seven users", 0.02, -0.8, 0.9)]].concat(), Some(0.002))),
            (
                "forest-long",
                figure((0..8).map(|i| row(&format!("{long}{i}"), f64::from(i), -2.0, 9.5)).collect(), Some(1e9)),
            ),
            (
                "forest-wild",
                figure(
                    vec![
                        row("estimate alone", 0.3, nan, 1.0),
                        row("infinite", 0.1, -inf, inf),
                        row("no number", nan, 0.0, 1.0),
                        row("reversed", 0.2, 0.4, 0.1),
                        row("bell\u{7}", -inf, -inf, -1.0),
                    ],
                    Some(nan),
                ),
            ),
            ("forest-huge", figure(vec![row("x", 1.7e308, -1.7e308, 1.7e308), row("y", 1.0, 0.5, 2.0)], Some(1e308))),
            ("forest-tiny", figure(vec![row("x", 3e-9, 1e-9, 5e-9), row("y", -2e-9, -4e-9, 1e-9)], Some(1e-9))),
        ]
    }

    #[test]
    fn numbers_have_one_decimal_more_than_the_ticks() {
        let x = theme::axis(-0.005, 0.012, 5); // ticks every 0.005
        assert_eq!(number(0.0061, &x), "+0.0061");
        assert_eq!(number(-0.00004, &x), "0.0000");
        assert_eq!(number(f64::NEG_INFINITY, &x), "−∞");
        assert_eq!(number(-12.34, &theme::axis(-100.0, 100.0, 5)), "−12");
    }

    #[test]
    fn one_wide_interval_does_not_press_the_others_together() {
        let mut rows = vec![row("a", 0.01, 0.005, 0.015), row("b", 0.02, 0.01, 0.03), row("c", 0.01, -9.0, 9.0)];
        let x = axis(&rows, None);
        assert!(x.high <= 0.2 && x.low >= -0.2, "{x:?}");
        // An estimate is never cut.
        rows.push(row("d", 5.0, 4.0, 6.0));
        assert!(axis(&rows, None).high >= 6.0);
    }

    #[test]
    fn the_axis_always_holds_zero() {
        for rows in [vec![row("a", 5.0, 4.0, 6.0)], vec![row("a", -5.0, -6.0, -4.0)], vec![]] {
            let x = axis(&rows, None);
            assert!(x.low < 0.0 && x.high > 0.0, "{x:?}");
        }
    }

    #[test]
    fn color_follows_the_direction_that_is_good() {
        let lower = ForestRow { better: Better::Lower, ..row("RMSE", -0.01, -0.02, -0.005) };
        assert_eq!(verdict(&lower), Verdict::Better);
        assert_eq!(verdict(&row("reversed ends", 0.2, 0.4, 0.1)), Verdict::Better);
        assert_eq!(verdict(&row("touching", 0.2, 0.0, 0.4)), Verdict::Undecided);
    }
}
