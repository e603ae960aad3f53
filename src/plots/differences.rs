//! How a difference is spread over users: a histogram and the empirical distribution function of one value per user.
//!
//! A mean uplift hides who pays for it. Users with exactly no difference, often most of them, have a bar of their own over zero,
//! because a bin around zero would hide them among the small differences; bins therefore never hold both signs. Where the tied would press all
//! other bars flat, their bar is cut and says so.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, SMALL, Spot};
use super::forest::number;
use super::legend::{Entry, Sign, draw_legend};
use super::panel::{Panel, draw_note, draw_zero, tick_room};
use super::theme::{self, Axis, Color, INK, PAPER};
use super::verdict::{Better, Verdict};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DifferencesData {
    /// Title and caption.
    pub heading: Heading,
    /// The difference with its unit, e.g. `NDCG@10 of gbstack − logistic, per user`.
    pub x_name: String,
    /// Which direction is good.
    pub better: Better,
    /// What each difference is of.
    pub unit: Unit,
    /// One difference per user, in any order; those that are not finite are left out and counted.
    pub differences: Vec<f64>,
}

/// What has a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Users.
    #[default]
    Users,
    /// Replays of a test.
    Tests,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Tests => "test",
        }
    }
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 210.0;
/// Bins of the histogram, about.
const BINS: usize = 30;
/// Width of the bar of ties, and of the gap that sets it off from the bins behind it.
const TIES: f64 = 6.0;
const GAP: f64 = 1.0;
/// Opacity of bars.
const OPACITY: f64 = 0.85;
/// Steps of each half of the distribution function; with more users than that, they are joined by slopes, for steps of less than a pixel look rough.
const MOST_STEPS: usize = 120;
/// The outermost users may be this many times as far from zero as 99 % are, before the outermost bins take them in.
const FAR: f64 = 3.0;

/// The differences, sorted, and what is known of them.
struct Users {
    /// Finite differences, ascending; without negative zeros.
    sorted: Vec<f64>,
    n_left_out: usize,
    n_below: usize,
    n_tied: usize,
    n_above: usize,
    mean: f64,
}

/// Bars left and right of zero, from zero outward, in percent of users.
struct Bins {
    width: f64,
    below: Vec<f64>,
    above: Vec<f64>,
    /// Users beyond the outermost edges, who are counted in the outermost bins.
    n_beyond: usize,
}

/// Lays the figure out.
pub fn draw(data: &DifferencesData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let users = Users::of(&data.differences);
    let bins = Bins::of(&users);
    let mut top = draw_legend(&mut canvas, top, (MARGIN, WIDTH - MARGIN), &legend(&users, &bins, data.better));
    for note in notes(&users, &bins, data.unit) {
        canvas.text((MARGIN, top + 8.0), &note, SMALL);
        top += 16.0;
    }
    let top = top + 32.0;
    let (x, bars_y, curve_y) = (bins.axis(), bins.height(&users), theme::axis(0.0, 100.0, 5));
    let (left, middle, right) = (MARGIN + tick_room(&bars_y), WIDTH / 2.0, WIDTH - MARGIN - 18.0);
    let bars = Panel { left, top, right: middle - 20.0, bottom: top + HEIGHT, x, y: bars_y };
    let curve = Panel { left: middle + 20.0 + tick_room(&curve_y), right, y: curve_y, ..bars };
    let unit = data.unit.name();
    bars.draw_y_axis(&mut canvas, &format!("% of {unit}s"));
    curve.draw_y_axis(&mut canvas, &format!("% of {unit}s with at most this difference"));
    if users.sorted.is_empty() {
        draw_note(&mut canvas, &bars, &format!("no {unit}s"));
        draw_note(&mut canvas, &curve, &format!("no {unit}s"));
    } else {
        draw_histogram(&mut canvas, &bars, &users, &bins, data.better);
        note_bars(&mut canvas, &bars, &users, &bins, data.unit);
        draw_distribution(&mut canvas, &curve, &users, data.better);
    }
    // One name for both: each panel alone is too narrow for long ones.
    let name = theme::fit_text(&data.x_name, SMALL.size, SMALL.weight, WIDTH - 2.0 * MARGIN);
    canvas.text((middle, bars.bottom + 32.0), &name, SMALL.at(Anchor::Middle));
    canvas.set_height(bars.bottom + 46.0);
    canvas
}

impl Users {
    fn of(differences: &[f64]) -> Self {
        // Adding zero turns −0 into 0, which would otherwise sort before it.
        let mut sorted: Vec<f64> = differences.iter().filter(|d| d.is_finite()).map(|d| d + 0.0).collect();
        let n = sorted.len() as f64;
        // Divided first: the sum of finite numbers need not be finite. Summed in the order of users, as elsewhere.
        let mean = sorted.iter().map(|d| d / n).sum();
        sorted.sort_by(f64::total_cmp);
        let n_below = sorted.partition_point(|&d| d < 0.0);
        let n_above = sorted.len() - sorted.partition_point(|&d| d <= 0.0);
        let n_tied = sorted.len() - n_below - n_above;
        Self { n_left_out: differences.len() - sorted.len(), sorted, n_below, n_tied, n_above, mean }
    }

    /// A number of users in percent of all.
    fn percent(&self, n: usize) -> f64 {
        100.0 * n as f64 / self.sorted.len().max(1) as f64
    }
}

impl Bins {
    fn of(users: &Users) -> Self {
        let (Some(&low), Some(&high)) = (users.sorted.first(), users.sorted.last()) else {
            return Self { width: 1.0, below: Vec::new(), above: Vec::new(), n_beyond: 0 };
        };
        let mut sizes: Vec<f64> = users.sorted.iter().map(|d| d.abs()).filter(|&d| d > 0.0).collect();
        sizes.sort_by(f64::total_cmp);
        let usual = sizes.get((sizes.len().saturating_sub(1) * 99).div_ceil(100)).copied().unwrap_or(0.0);
        let limit = (FAR * usual).min(9e11);
        let (low, high) = (low.clamp(-limit, 0.0), high.clamp(0.0, limit));
        if low == high {
            return Self { width: 1.0, below: Vec::new(), above: Vec::new(), n_beyond: 0 };
        }
        let width = theme::axis(low, high, BINS).step;
        // However small next to the width of a bin, a difference needs one.
        let n_bins = |size: f64| if size > 0.0 { (size / width - 1e-6).ceil().max(1.0) as usize } else { 0 };
        let (mut below, mut above) = (vec![0_usize; n_bins(-low)], vec![0_usize; n_bins(high)]);
        let mut n_beyond = 0;
        for &difference in &users.sorted {
            let side = if difference < 0.0 { &mut below } else { &mut above };
            if difference == 0.0 || side.is_empty() {
                continue;
            }
            n_beyond += usize::from(difference.abs() > limit);
            // Bins hold their outer edge: (0, w], (w, 2w], … A little slack, for 0.3 is not three times 0.1.
            let bin = (difference.abs() / width - 1e-6).ceil() as usize;
            let outermost = side.len();
            side[bin.clamp(1, outermost) - 1] += 1;
        }
        let percent = |side: Vec<usize>| side.into_iter().map(|n| users.percent(n)).collect();
        Self { width, below: percent(below), above: percent(above), n_beyond }
    }

    /// All bins, and one empty one at each end, so that neither zero nor a bar stands at the frame.
    fn axis(&self) -> Axis {
        let [low, high] = [&self.below, &self.above].map(|side| self.width * (side.len() + 1) as f64);
        theme::axis(-low, high, 5)
    }

    /// Decimals that show the width of a bin with some digits more than its first; `None` where numbers need an exponent.
    fn decimals(&self, more: f64) -> Option<usize> {
        let decimals = (more - self.width.log10().floor()).max(0.0);
        (decimals <= 8.0).then_some(decimals as usize)
    }

    /// The vertical axis: to the highest bar, unless that is the tied and far above all others.
    fn height(&self, users: &Users) -> Axis {
        let highest = self.below.iter().chain(&self.above).copied().fold(0.0, f64::max);
        let tied = users.percent(users.n_tied);
        let top = match highest {
            _ if users.sorted.is_empty() => 100.0,
            _ if highest > 0.0 && tied > 3.0 * highest => 1.25 * highest,
            _ => 1.08 * highest.max(tied),
        };
        theme::axis(0.0, top.min(100.0), 5)
    }
}

/// Shares of the winners, the tied and the losers, and the mean.
fn legend(users: &Users, bins: &Bins, better: Better) -> Vec<Entry> {
    if users.sorted.is_empty() {
        return Vec::new();
    }
    let side = |sign: f64, n: usize| {
        let verdict = better.verdict(sign);
        let name = match verdict {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            _ if sign > 0.0 => "higher",
            _ => "lower",
        };
        (verdict, name, n)
    };
    let (above, below) = (side(1.0, users.n_above), side(-1.0, users.n_below));
    let (first, last) = if better == Better::Lower { (below, above) } else { (above, below) };
    let entry = |(verdict, name, n): (Verdict, &str, usize)| {
        Entry::of(Sign::Square(verdict.color(), OPACITY), format!("{name} {:.1} %", users.percent(n)))
    };
    let mean = number(users.mean, bins.decimals(2.0));
    let x = bins.axis();
    let where_to = if users.mean < x.low || users.mean > x.high { ", beyond the axis" } else { "" };
    let mean = Entry::of(Sign::Upright(INK), format!("mean {mean}{where_to}"));
    let mut tied = entry((Verdict::Undecided, "tied", users.n_tied));
    if users.percent(users.n_tied) > bins.height(users).high {
        tied.text.push_str(", bar cut");
    }
    vec![entry(first), tied, entry(last), mean]
}

/// What a reader of the bars must know.
fn notes(users: &Users, bins: &Bins, unit: Unit) -> Vec<String> {
    let unit = unit.name();
    let count = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {unit} {what}")),
        _ => Some(format!("{} {unit}s {what}", theme::grouped(n as f64))),
    };
    let beyond = count(bins.n_beyond, "beyond the ends of the axis, counted in the outermost bars");
    beyond.into_iter().chain(count(users.n_left_out, "without a finite difference, left out")).collect()
}

/// Bars from zero outward, and the tied before them at zero.
fn draw_histogram(canvas: &mut Canvas, panel: &Panel, users: &Users, bins: &Bins, better: Better) {
    let narrow = (panel.right - panel.left) / (bins.below.len() + bins.above.len()).max(1) as f64;
    let gap = if narrow > 4.0 { 0.5 } else { 0.0 };
    for (sign, side) in [(-1.0, &bins.below), (1.0, &bins.above)] {
        for (i, &share) in side.iter().enumerate() {
            let edge = |i: usize| panel.at_x(sign * i as f64 * bins.width);
            let ends = (edge(i) + sign * gap, edge(i + 1) - sign * gap);
            draw_bar(canvas, panel, ends, share, (better.verdict(sign).color(), OPACITY));
        }
    }
    let zero = panel.at_x(0.0);
    let tied = users.percent(users.n_tied);
    let half = TIES / 2.0;
    draw_bar(canvas, panel, (zero - half - GAP, zero + half + GAP), tied, (PAPER, 1.0));
    draw_bar(canvas, panel, (zero - half, zero + half), tied, (Verdict::Undecided.color(), 1.0));
    if tied > panel.y.high {
        // Two slanted cuts say that the bar goes on.
        for y in [panel.top + 12.0, panel.top + 17.0] {
            canvas.line([(zero - half - 2.0, y + 3.0), (zero + half + 2.0, y - 3.0)], PAPER, 2.0);
        }
    }
    draw_mean(canvas, panel, users);
    draw_x_axis(canvas, panel, users);
}

fn draw_bar(canvas: &mut Canvas, panel: &Panel, (left, right): (f64, f64), share: f64, (color, opacity): (Color, f64)) {
    if share > 0.0 {
        let (_, top) = panel.at(panel.x.low, share);
        // Not thinner than can be seen, however few they are.
        let top = top.min(panel.bottom - 1.0);
        canvas.area([(left, panel.bottom), (left, top), (right, top), (right, panel.bottom)], color, opacity);
    }
}

/// What the bars say when pointed at; their whole columns do, for the smallest bars are a pixel high.
fn note_bars(canvas: &mut Canvas, panel: &Panel, users: &Users, bins: &Bins, unit: Unit) {
    let mut note = |(left, right): (f64, f64), what: String, share: f64| {
        let n = share / 100.0 * users.sorted.len() as f64;
        let plural = if n.round() == 1.0 { "" } else { "s" };
        let said = format!("{what}: {} {}{plural} ({share:.1} %)", theme::grouped(n), unit.name());
        canvas.note(Spot::Rectangle { from: (left, panel.top), to: (right, panel.bottom) }, &said);
    };
    for (sign, side) in [(-1.0, &bins.below), (1.0, &bins.above)] {
        for (i, &share) in side.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (from, to) = (sign * i as f64 * bins.width, sign * (i + 1) as f64 * bins.width);
            let [low, high] = [from.min(to), from.max(to)].map(|edge| number(edge, bins.decimals(0.0)));
            note((panel.at_x(from), panel.at_x(to)), format!("{low} to {high}"), share);
        }
    }
    if users.n_tied > 0 {
        let zero = panel.at_x(0.0);
        note((zero - TIES / 2.0, zero + TIES / 2.0), "no difference".to_owned(), users.percent(users.n_tied));
    }
}

/// A line at the mean, with a pointer where bars hide it; none at the frame, where it would be another number.
fn draw_mean(canvas: &mut Canvas, panel: &Panel, users: &Users) {
    if (panel.x.low..=panel.x.high).contains(&users.mean) {
        let (x, top) = (panel.at_x(users.mean), panel.top);
        canvas.line([(x, top - 3.0), (x, panel.bottom)], INK, 1.0);
        canvas.area([(x, top + 1.0), (x - 4.0, top - 5.0), (x + 4.0, top - 5.0)], INK, 1.0);
    }
}

/// The axis of the differences; only zero, if there is nothing else.
fn draw_x_axis(canvas: &mut Canvas, panel: &Panel, users: &Users) {
    let is_all_tied = users.n_tied == users.sorted.len();
    let ticks = panel.x.ticks().into_iter().filter(|&tick| tick == 0.0 || !is_all_tied);
    let ticks: Vec<_> = ticks.map(|tick| (tick, panel.x.label(tick))).collect();
    panel.draw_x_axis(canvas, &ticks, "");
}

/// The distribution function, in the colors of the bars; the tied are a step at zero.
fn draw_distribution(canvas: &mut Canvas, panel: &Panel, users: &Users, better: Better) {
    draw_zero(canvas, panel);
    draw_mean(canvas, panel, users);
    let (below, above) = (users.percent(users.n_below), users.percent(users.n_below + users.n_tied));
    let n = users.sorted.len();
    let losers = steps(&users.sorted[..users.n_below], 0, users);
    let winners = steps(&users.sorted[n - users.n_above..], n - users.n_above, users);
    let pixel = |&(x, y): &(f64, f64)| panel.at(x, y);
    let first = [(panel.x.low, 0.0)].into_iter().chain(losers).chain([(0.0, below)]).collect::<Vec<_>>();
    let last = [(0.0, above)].into_iter().chain(winners).chain([(panel.x.high, 100.0)]).collect::<Vec<_>>();
    canvas.line(first.iter().map(pixel), better.verdict(-1.0).color(), 2.0);
    canvas.line(last.iter().map(pixel), better.verdict(1.0).color(), 2.0);
    if above > below {
        canvas.line([panel.at(0.0, below), panel.at(0.0, above)], Verdict::Undecided.color(), 3.0);
    }
    draw_x_axis(canvas, panel, users);
}

/// Corners of the steps over some of the sorted differences, of which the first has `before` users below it; thinned to what can be seen.
fn steps(sorted: &[f64], before: usize, users: &Users) -> Vec<(f64, f64)> {
    let every = sorted.len().div_ceil(MOST_STEPS).max(1);
    let mut out = Vec::with_capacity(2 * MOST_STEPS);
    let mut height = users.percent(before);
    for (i, &difference) in sorted.iter().enumerate().filter(|(i, _)| (i + 1) % every == 0 || i + 1 == sorted.len()) {
        if every == 1 {
            out.push((difference, height));
        }
        height = users.percent(before + i + 1);
        out.push((difference, height));
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn figure(differences: Vec<f64>, better: Better) -> Canvas {
        let caption = "protocol rated · 610 users · mean of 5 seeds per user";
        let heading = Heading { title: "Who gains from gbstack over logistic".into(), caption: caption.into() };
        let x_name = "difference of NDCG@10, gbstack − logistic, per user".into();
        draw(&DifferencesData { heading, x_name, better, unit: Unit::Users, differences })
    }

    /// Numbers like differences of NDCG: `n` of them, some share tied, the rest bell-shaped around a small uplift.
    fn invented(n: usize, tied: f64) -> Vec<f64> {
        let uniform = |i: usize| (i as f64 * 0.618_033_988_75).fract();
        let bell = |i: usize| (0..6).map(|j| uniform(i * 6 + j * j + 1)).sum::<f64>() / 6.0 - 0.5;
        (0..n).map(|i| if uniform(i * 7 + 3) < tied { 0.0 } else { 1.2 * bell(i) + 0.03 }).collect()
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        let wild = vec![f64::NAN, f64::INFINITY, 1.7e308, 1.6e308, -1.7e308, -0.0, 0.0, 5e-324, 1.0];
        let mut outlier = invented(2000, 0.2);
        outlier.extend([900.0, -4000.0, f64::NAN]);
        vec![
            ("differences", figure(invented(610, 0.12), Better::Higher)),
            ("differences-lower", figure(invented(20_000, 0.04), Better::Lower)),
            ("differences-tied", figure(invented(610, 0.7), Better::Neutral)),
            ("differences-outlier", figure(outlier, Better::Higher)),
            ("differences-one", figure(vec![0.25], Better::Higher)),
            ("differences-none", figure(vec![], Better::Higher)),
            ("differences-equal", figure(vec![0.0; 50], Better::Higher)),
            ("differences-few", figure(vec![0.1, 0.3, -0.2, 0.0, 0.0], Better::Higher)),
            ("differences-wild", figure(wild, Better::Higher)),
            ("differences-tiny", figure(vec![1e-13, -2e-13, 3e-13], Better::Higher)),
        ]
    }

    #[test]
    fn winners_tied_and_losers_add_up_to_everybody() {
        let users = Users::of(&[0.5, -0.0, 0.0, -0.25, f64::NAN, 0.25]);
        assert_eq!((users.n_below, users.n_tied, users.n_above, users.n_left_out), (1, 2, 2, 1));
        // (0.5 + 0 + 0 − 0.25 + 0.25) / 5 = 0.1
        assert!((users.mean - 0.1).abs() < 1e-15);
        let texts: Vec<String> =
            legend(&users, &Bins::of(&users), Better::Lower).into_iter().map(|entry| entry.text).collect();
        assert_eq!(texts[..3], ["better 20.0 %", "tied 40.0 %", "worse 40.0 %"]);
    }

    #[test]
    fn no_bin_holds_both_signs_and_none_loses_a_user() {
        for n in [1, 2, 3, 10, 1000] {
            let users = Users::of(&invented(n, 0.3));
            let bins = Bins::of(&users);
            let sum = |side: &[f64]| side.iter().sum::<f64>();
            assert!((sum(&bins.below) - users.percent(users.n_below)).abs() < 1e-9, "{n}");
            assert!((sum(&bins.above) - users.percent(users.n_above)).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn a_bin_holds_its_outer_edge() {
        // 31 hundredths over about 30 bins: bins of 0.02. 0.1 · 3 is a little more than 0.3, the edge of the fifteenth.
        let users = Users::of(&[0.1 * 3.0, 0.04, -0.01]);
        let bins = Bins::of(&users);
        assert_eq!((bins.width, bins.below.len(), bins.above.len()), (0.02, 1, 15));
        assert!(bins.above[14] > 0.0 && bins.above[1] > 0.0 && bins.below[0] > 0.0);
    }

    #[test]
    fn one_user_far_away_does_not_press_the_others_together() {
        let mut differences = invented(1000, 0.1);
        differences.push(1e6);
        let users = Users::of(&differences);
        let bins = Bins::of(&users);
        assert_eq!(bins.n_beyond, 1);
        assert!(bins.axis().high < 10.0);
        assert_eq!(
            notes(&users, &bins, Unit::Users),
            ["1 user beyond the ends of the axis, counted in the outermost bars"]
        );
    }

    #[test]
    fn the_distribution_ends_at_everybody() {
        let users = Users::of(&invented(5000, 0.0));
        let points = steps(&users.sorted[..users.n_below], 0, &users);
        assert!(points.len() <= 2 * MOST_STEPS + 2);
        assert_eq!(points.last().map(|point| point.1), Some(users.percent(users.n_below)));
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
    }
}
