//! A forest plot: differences from a baseline with their intervals, one per row, around a line at zero.
//!
//! Color says what an interval that excludes zero means, which is not its side: a metric may be better when lower. Intervals that include zero are gray
//! and hollow. All rows of one figure share a unit. The axis holds every estimate, but an interval much wider than the others ends in an arrow, for it
//! would press all other rows into the line at zero; its ends are printed beside it as all are.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, NAME, SMALL, Spot};
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
    let digits = decimals(rows);
    let printed: Vec<Printed> = rows.iter().map(|row| print(row, digits)).collect();
    let widest = |column: fn(&Printed) -> &String| {
        printed.iter().map(|row| theme::text_width(column(row), NAME.size, row.weight)).fold(0.0, f64::max)
    };
    let interval_left = WIDTH - MARGIN - widest(|row| &row.interval);
    let estimate_right = interval_left - if interval_left < WIDTH - MARGIN { 8.0 } else { 0.0 };
    let left = MARGIN + widest(|row| &row.label) + GAP;
    let right = estimate_right - widest(|row| &row.estimate).max(20.0) - GAP;
    let legend = legend(rows, margin);
    let top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &legend) + 8.0;
    let height = if rows.len() > 16 { 18.0 } else { 24.0 };
    let bottom = top + height * rows.len().max(2) as f64;
    let panel = Panel { left, top, right, bottom, x, y: theme::axis(0.0, 1.0, 1) };
    if let Some(margin) = margin.filter(|_| !rows.is_empty()) {
        let (low, high) = (panel.at_x(-margin), panel.at_x(margin));
        canvas.area([(low, top), (high, top), (high, bottom), (low, bottom)], MUTED, 0.14);
    }
    panel.draw_x_grid(&mut canvas, &data.x_name);
    let middle = |i: usize| top + height * (i as f64 + 0.5);
    for (i, row) in rows.iter().enumerate() {
        draw_ground(&mut canvas, &panel, row, (middle(i), height));
    }
    if rows.is_empty() {
        draw_note(&mut canvas, &panel, "nothing to compare");
    } else {
        draw_zero(&mut canvas, &panel);
    }
    for (i, (row, printed)) in rows.iter().zip(&printed).enumerate() {
        let y = middle(i);
        draw_row(&mut canvas, &panel, row, y);
        canvas.text((left - 10.0, y), &printed.label, NAME.at(Anchor::End).weighing(printed.weight));
        canvas.text((estimate_right, y), &printed.estimate, NAME.at(Anchor::End).weighing(printed.weight));
        canvas.text((WIDTH - MARGIN, y), &printed.interval, NAME.at(Anchor::End).weighing(printed.weight));
        let said = format!("{}: {} {}", row.label, printed.estimate, printed.interval);
        let place = Spot::Rectangle { from: (MARGIN, y - height / 2.0), to: (WIDTH - MARGIN, y + height / 2.0) };
        canvas.note(place, said.trim_end());
    }
    let mut end = bottom + 46.0;
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
    theme::axis(low - air, high + air, 6)
}

fn legend(rows: &[ForestRow], margin: Option<f64>) -> Vec<Entry> {
    let mut verdicts: Vec<Verdict> = rows.iter().filter(|row| interval(row).is_some()).map(verdict).collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    let sign = |verdict: Verdict| match verdict {
        Verdict::Undecided => Sign::Ring(verdict.color()),
        _ => Sign::Dot(verdict.color()),
    };
    let mut entries: Vec<Entry> =
        verdicts.iter().map(|&verdict| Entry::of(sign(verdict), verdict.name().to_owned())).collect();
    if let Some(margin) = margin {
        entries.push(Entry::of(Sign::Square(MUTED, 0.3), format!("within ±{}", shortest(margin))));
    }
    entries
}

fn print(row: &ForestRow, decimals: Option<usize>) -> Printed {
    let weight = if row.is_emphasized { Weight::Bold } else { Weight::Regular };
    let label = theme::fit_name(&row.label, NAME.size, weight, 220.0);
    let estimate = if row.estimate.is_finite() { number(row.estimate, decimals) } else { "–".to_owned() };
    let interval =
        interval(row).map_or_else(String::new, |(l, u)| format!("[{}, {}]", number(l, decimals), number(u, decimals)));
    Printed { label, estimate, interval, weight }
}

/// Decimals that give the usual interval's half width two digits; `None` where numbers need an exponent.
fn decimals(rows: &[ForestRow]) -> Option<usize> {
    let mut sizes: Vec<f64> = rows.iter().filter_map(interval).map(|(lower, upper)| (upper - lower) / 2.0).collect();
    // Without intervals, the estimates say how fine the numbers are.
    sizes.extend(rows.iter().filter(|row| interval(row).is_none()).map(|row| row.estimate.abs()));
    sizes.retain(|size| size.is_finite() && *size > 0.0);
    sizes.sort_by(f64::total_cmp);
    let usual = sizes.get(sizes.len().saturating_sub(1) / 2).copied().unwrap_or(0.01);
    let wanted = (1.0 - usual.log10().floor()).max(0.0);
    (wanted <= 8.0).then_some(wanted as usize)
}

/// A difference with its sign, which a small number keeps when it is rounded to zeros: no sign means exactly zero.
pub(super) fn number(value: f64, decimals: Option<usize>) -> String {
    let sign = match value {
        0.0 => "",
        _ if value < 0.0 => "−",
        _ => "+",
    };
    let size = value.abs();
    match decimals {
        _ if size.is_infinite() => format!("{sign}∞"),
        Some(decimals) if size < 1e6 => format!("{sign}{size:.decimals$}"),
        _ if size == 0.0 => "0".to_owned(),
        _ => format!("{sign}{size:.1e}").replace('-', "−"),
    }
}

/// A margin as it was given, in as few digits as that takes.
fn shortest(value: f64) -> String {
    if (1e-5..1e6).contains(&value) { value.to_string() } else { format!("{value:e}").replace('-', "−") }
}

/// What lies behind a row's marks.
fn draw_ground(canvas: &mut Canvas, panel: &Panel, row: &ForestRow, (y, height): (f64, f64)) {
    if row.is_emphasized {
        let (left, right) = (MARGIN - 6.0, WIDTH - MARGIN + 6.0);
        let (high, low) = (y - height / 2.0, y + height / 2.0);
        canvas.area([(left, high), (right, high), (right, low), (left, low)], INK, 0.06);
    }
    canvas.line([(panel.left, y), (panel.right, y)], GRID, 0.5);
}

fn draw_row(canvas: &mut Canvas, panel: &Panel, row: &ForestRow, y: f64) {
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
    fn numbers_show_two_digits_of_the_usual_half_width() {
        // Half widths 0.0049, 0.010 and 0.5: the middle one needs three decimals for two digits, the smallest four.
        let rows = [row("a", 0.0061, 0.0012, 0.0110), row("b", 0.01, 0.0, 0.02), row("c", 0.0, -0.5, 0.5)];
        assert_eq!(decimals(&rows), Some(3));
        assert_eq!(decimals(&rows[..1]), Some(4));
        assert_eq!(decimals(&[row("a", 3e-12, 2e-12, 4e-12)]), None);
        assert_eq!(number(0.0061, Some(4)), "+0.0061");
        assert_eq!(number(f64::NEG_INFINITY, Some(4)), "−∞");
        assert_eq!(number(-12.34, Some(0)), "−12");
        assert_eq!(number(-1.7e308, Some(4)), "−1.7e308");
    }

    #[test]
    fn a_number_that_rounds_to_zero_keeps_its_sign() {
        assert_eq!(number(0.00004, Some(3)), "+0.000");
        assert_eq!(number(-0.00004, Some(3)), "−0.000");
        assert_eq!(number(-0.0, Some(3)), "0.000");
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
