//! When a data set was made: a bar of counts per calendar period, in order.
//!
//! Gaps and bursts are what it is for: a split by time on ratings that came in one summer is another experiment than on ten even years. Labels are
//! thinned to those that fit, at round places: years of months, tens of years.

use super::Heading;
use super::canvas::{Canvas, MARGIN, SMALL, Spot};
use super::panel::{Panel, draw_note, tick_room};
use super::theme;

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimelineData {
    /// Title and caption.
    pub heading: Heading,
    /// What is counted, e.g. `ratings per month`.
    pub y_name: String,
    /// Every period with its count, in order, those of no count too; those after the six hundredth are counted, not drawn. Labels such as `1998`,
    /// `1998-Q1` and `1998-01` are thinned to round ones.
    pub periods: Vec<(String, u64)>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 160.0;
/// Bars drawn.
const MOST: usize = 600;
/// Places that say their number; with more bars, neighbors share one.
const SPEAKING: usize = 150;
/// Bars narrower than this stand without gaps.
const NARROW: f64 = 4.0;

/// Lays the figure out.
pub fn draw(data: &TimelineData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let periods = &data.periods[..data.periods.len().min(MOST)];
    let highest = periods.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let mut y = theme::axis(0.0, (highest as f64 * 1.04).max(1.0), 5);
    y.step = y.step.max(1.0); // no half ratings
    let (left, top) = (MARGIN + tick_room(&y), top + 32.0);
    let x = theme::axis(0.0, periods.len().max(1) as f64, 1);
    let panel = Panel { left, top, right: WIDTH - MARGIN - 18.0, bottom: top + HEIGHT, x, y };
    panel.draw_y_axis(&mut canvas, &data.y_name);
    if periods.is_empty() {
        draw_note(&mut canvas, &panel, "no dates");
    }
    draw_bars(&mut canvas, &panel, periods);
    panel.draw_x_axis(&mut canvas, &ticks(periods, panel.right - panel.left), "");
    note_bars(&mut canvas, &panel, periods);
    let mut bottom = panel.bottom + 28.0;
    if data.periods.len() > MOST {
        let note = format!("{} later periods are not shown", theme::grouped((data.periods.len() - MOST) as f64));
        canvas.text((MARGIN, bottom + 4.0), &note, SMALL);
        bottom += 18.0;
    }
    canvas.set_height(bottom);
    canvas
}

/// Bars; narrow ones as one area, for neighbors would show seams.
fn draw_bars(canvas: &mut Canvas, panel: &Panel, periods: &[(String, u64)]) {
    let width = panel.at_x(1.0) - panel.left;
    let corner = |place: usize, n: u64| panel.at(place as f64, n as f64);
    // Not thinner than can be seen, however few they are.
    let height = |n: u64| if n > 0 { corner(0, n).1.min(panel.bottom - 1.0) } else { panel.bottom };
    if width < NARROW {
        let tops =
            periods.iter().enumerate().flat_map(|(i, (_, n))| [i, i + 1].map(|at| (corner(at, 0).0, height(*n))));
        let ends = [(panel.right, panel.bottom), (panel.left, panel.bottom)];
        canvas.area(tops.chain(ends), theme::SHADE, 1.0);
        return;
    }
    let gap = (width * 0.1).clamp(0.5, 3.0);
    let most = 40.0_f64.min(width - 2.0 * gap) / 2.0;
    for (i, (_, n)) in periods.iter().enumerate().filter(|(_, (_, n))| *n > 0) {
        let middle = panel.at_x(i as f64 + 0.5);
        let (a, b) = (middle - most, middle + most);
        canvas.area([(a, panel.bottom), (a, height(*n)), (b, height(*n)), (b, panel.bottom)], theme::SHADE, 1.0);
    }
}

/// Labels that fit, at the middle of their bars.
fn ticks(periods: &[(String, u64)], width: f64) -> Vec<(f64, String)> {
    let labels: Vec<String> =
        periods.iter().map(|(label, _)| theme::fit_name(label, SMALL.size, SMALL.weight, 110.0)).collect();
    let widest = labels.iter().map(|label| theme::text_width(label, SMALL.size, SMALL.weight)).fold(0.0, f64::max);
    let fits = ((widest + 12.0) * labels.len() as f64 / width).ceil().max(1.0) as usize;
    let (first, every) = thinning(periods, fits);
    let kept = labels.into_iter().enumerate().skip(first).step_by(every);
    kept.map(|(i, label)| (i as f64 + 0.5, label)).collect()
}

/// Which labels are kept, one in `at_least` or fewer: the first, and the distance of the next. Months from January, quarters from the first, years from round
/// ones.
fn thinning(periods: &[(String, u64)], at_least: usize) -> (usize, usize) {
    let first = periods.first().map_or("", |(label, _)| label.as_str());
    let steps: &[usize] = match first.split_once('-') {
        Some((_, rest)) if rest.starts_with('Q') => &[1, 2, 4, 8, 20, 40, 80, 200],
        Some((_, rest)) if rest.len() == 2 => &[1, 2, 3, 6, 12, 24, 60, 120, 240],
        _ => &[1, 2, 5, 10, 20, 50, 100, 200, 500],
    };
    let every = steps.iter().copied().find(|&step| step >= at_least).unwrap_or(at_least);
    let is_round = |label: &str| match label.split_once('-') {
        Some((_, rest)) => rest == "01" || rest == "Q1",
        None => label.parse::<usize>().is_ok_and(|year| year % every == 0),
    };
    let round = periods.iter().position(|(label, _)| is_round(label)).unwrap_or(0);
    (round % every, every)
}

/// What the bars say when pointed at, over their whole columns.
fn note_bars(canvas: &mut Canvas, panel: &Panel, periods: &[(String, u64)]) {
    let shared = periods.len().div_ceil(SPEAKING).max(1);
    for (i, some) in periods.chunks(shared).enumerate() {
        let said: Vec<String> =
            some.iter().map(|(label, n)| format!("{label}: {}", theme::grouped(*n as f64))).collect();
        let (from, to) = (panel.at_x((i * shared) as f64), panel.at_x((i * shared + some.len()) as f64));
        canvas.note(Spot::Rectangle { from: (from, panel.top), to: (to, panel.bottom) }, &said.join(", "));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn months(n: usize) -> Vec<String> {
        (0..n).map(|i| 8 + i).map(|month| format!("{}-{:02}", 1996 + month / 12, month % 12 + 1)).collect()
    }

    fn counted(labels: Vec<String>, count: impl Fn(usize) -> u64) -> Vec<(String, u64)> {
        labels.into_iter().enumerate().map(|(i, label)| (label, count(i))).collect()
    }

    fn figure(periods: Vec<(String, u64)>) -> Canvas {
        let caption = "100,836 ratings from 1996-03-29 to 2018-09-24, by the calendar in UTC";
        let heading = Heading { title: "When the ratings were given".into(), caption: caption.into() };
        draw(&TimelineData { heading, y_name: "ratings per period".into(), periods })
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        let wavy = |i: usize| (400.0 + 300.0 * (i as f64 * 0.9).sin() + 37.0 * (i * i % 17) as f64) as u64;
        let years = |n: usize| (0..n).map(|i| (1996 + i).to_string()).collect::<Vec<_>>();
        let quarters = (0..60).map(|i| format!("{}-Q{}", 2001 + i / 4, i % 4 + 1)).collect();
        let days = (0..45).map(|i| format!("2001-{:02}-{:02}", 1 + i / 30, 1 + i % 30)).collect();
        let long =
            (0..12).map(|i| format!("the {i}th period, whose name is far too long to stand under a bar")).collect();
        let wild = [u64::MAX, 0, 1, u64::MAX / 2, 0, 3];
        vec![
            ("timeline", figure(counted(years(23), |i| 1000 + 7 * wavy(i)))),
            ("timeline-months", figure(counted(months(271), |i| if i % 40 == 7 { 0 } else { wavy(i) }))),
            ("timeline-30", figure(counted(months(30), wavy))),
            ("timeline-600", figure(counted(months(600), wavy))),
            ("timeline-700", figure(counted(months(700), wavy))),
            ("timeline-quarters", figure(counted(quarters, wavy))),
            ("timeline-days", figure(counted(days, wavy))),
            ("timeline-one", figure(vec![("1997".into(), 12)])),
            ("timeline-few", figure(counted(years(3), |i| i as u64))),
            ("timeline-zero", figure(counted(years(9), |_| 0))),
            ("timeline-wild", figure(counted(long, |i| wild[i % 6]))),
            ("timeline-none", figure(vec![])),
        ]
    }

    #[test]
    fn labels_are_kept_at_round_places() {
        let kept = |labels: Vec<String>, at_least: usize| {
            let periods = counted(labels, |_| 1);
            let (first, every) = thinning(&periods, at_least);
            (periods[first].0.clone(), every)
        };
        // Months begin in September 1996: the first January is the fifth, the first of a quarter October.
        assert_eq!(kept(months(100), 7), ("1997-01".into(), 12));
        assert_eq!(kept(months(100), 3), ("1996-10".into(), 3));
        assert_eq!(kept(months(100), 1), ("1996-09".into(), 1));
        assert_eq!(kept((1996..2018).map(|year| year.to_string()).collect(), 3), ("2000".into(), 5));
        assert_eq!(kept(vec![String::new(), "x".into()], 9), (String::new(), 10));
    }

    #[test]
    fn neighbors_share_a_note_where_bars_are_many() {
        let few = figure(counted(months(2), |i| 1000 * i as u64));
        assert_eq!(few.notes().collect::<Vec<_>>(), ["1996-09: 0", "1996-10: 1,000"]);
        let many = figure(counted(months(600), |_| 1));
        assert_eq!(many.notes().next(), Some("1996-09: 1, 1996-10: 1, 1996-11: 1, 1996-12: 1"));
        assert_eq!(many.notes().count(), 150);
    }
}
