//! A reliability diagram: of what an arm calls relevant with 30 %, how much is relevant?
//!
//! Both axes run from 0 to 1 and the panel is square, so that the diagonal, where words and deeds agree, is at 45°. Below it an arm promises too much. Dots grow
//! with the square root of their pairs, so that their areas compare and a bin of ten pairs does not look like one of ten thousand.

use super::Heading;
use super::canvas::{Anchor, Canvas, MARGIN, NAME, SMALL, Spot};
use super::leaderboard_bars::shown;
use super::legend::{Entry, Sign, draw_legend};
use super::metric_at_k::weight;
use super::panel::{Panel, draw_note, tick_room};
use super::theme::{self, Color, MUTED, PAPER, Role, Weight};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CalibrationData {
    /// Title and caption.
    pub heading: Heading,
    /// The arms that give probabilities; those without a bin that can be drawn have their name in the key only.
    pub arms: Vec<ArmCalibration>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmCalibration {
    /// Its name.
    pub name: String,
    /// Its color.
    pub color: Color,
    /// What it is to the reader.
    pub role: Role,
    /// `[n_bins]`, in any order.
    pub bins: Vec<CalibrationBin>,
    /// Expected calibration error, from 0 to 1; one that is not finite is shown as missing.
    pub error: f64,
}

/// Pairs of user and item whose predicted probabilities are about the same.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CalibrationBin {
    /// Mean predicted probability of relevance, from 0 to 1.
    pub predicted: f64,
    /// Share of the pairs that are relevant, from 0 to 1.
    pub observed: f64,
    /// Pairs in the bin; a bin without any, or with a number that is not finite, is left out.
    pub n: u64,
}

const WIDTH: f64 = 560.0;
const SIDE: f64 = 268.0;
/// Radius of the fullest bin's dot, and the least that can be seen.
const RADIUS: (f64, f64) = (7.0, 1.5);
/// Height of a line of the key.
const LINE: f64 = 18.0;

/// Lays the figure out.
pub fn draw(data: &CalibrationData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let share = theme::axis(0.0, 1.0, 5);
    let (left, top) = (MARGIN + tick_room(&share), top + 32.0);
    let panel = Panel { left, top, right: left + SIDE, bottom: top + SIDE, x: share, y: share };
    panel.draw_y_axis(&mut canvas, "observed share of relevant items");
    panel.draw_x_grid(&mut canvas, "mean predicted P(relevant)");
    let key = draw_key(&mut canvas, &data.arms, (panel.right + 18.0, WIDTH - MARGIN), top);
    canvas.set_height((panel.bottom + 46.0).max(key + MARGIN));

    let lines: Vec<Vec<CalibrationBin>> = data.arms.iter().map(cleaned).collect();
    let most = lines.iter().flatten().map(|bin| bin.n).max().unwrap_or(0);
    if most == 0 {
        draw_note(&mut canvas, &panel, "no probabilities");
    } else {
        canvas.line([panel.at(0.0, 0.0), panel.at(1.0, 1.0)], MUTED, 1.0);
    }
    // The primary arm goes on top.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|&i| match data.arms[i].role {
        Role::Floor => 0,
        Role::Contender => 1,
        Role::Primary => 2,
    });
    for &i in &order {
        draw_arm(&mut canvas, &panel, &data.arms[i], &lines[i], most);
    }
    canvas
}

/// Bins that can be drawn, from the lowest prediction to the highest.
fn cleaned(arm: &ArmCalibration) -> Vec<CalibrationBin> {
    let is_whole = |bin: &CalibrationBin| bin.n > 0 && bin.predicted.is_finite() && bin.observed.is_finite();
    let mut bins: Vec<CalibrationBin> = arm.bins.iter().copied().filter(is_whole).collect();
    bins.sort_by(|a, b| a.predicted.total_cmp(&b.predicted));
    bins
}

/// Names with their errors in two columns, and what the diagonal is. Returns the first free y below.
fn draw_key(canvas: &mut Canvas, arms: &[ArmCalibration], (left, right): (f64, f64), top: f64) -> f64 {
    let error = |arm: &ArmCalibration| {
        if arm.error.is_finite() { format!("ECE {}", shown(arm.error)) } else { "ECE –".to_owned() }
    };
    let widths = arms.iter().map(|arm| theme::text_width(&error(arm), NAME.size, Weight::Bold));
    let room = widths.fold(0.0, f64::max) + 8.0;
    let mut y = top;
    for arm in arms {
        let sign = if arm.role == Role::Floor { Sign::Ring(arm.color) } else { Sign::Dot(arm.color) };
        let entry = Entry { sign, text: arm.name.clone(), weight: weight(arm.role) };
        draw_legend(canvas, y, (left, right - room), &[entry]);
        canvas.text((right, y + LINE / 2.0), &error(arm), NAME.at(Anchor::End).weighing(weight(arm.role)));
        let place = Spot::Rectangle { from: (left, y), to: (right, y + LINE) };
        canvas.note(place, &format!("{}: {}", arm.name, error(arm)));
        y += LINE;
    }
    y = draw_legend(canvas, y, (left, right), &[Entry::of(Sign::Line(MUTED), "perfectly calibrated".to_owned())]);
    let about = "ECE: expected calibration error";
    for line in theme::wrap_text(about, SMALL.size, right - left, 3) {
        canvas.text((left, y + 10.0), &line, SMALL);
        y += 14.0;
    }
    y + 4.0
}

fn draw_arm(canvas: &mut Canvas, panel: &Panel, arm: &ArmCalibration, bins: &[CalibrationBin], most: u64) {
    let width = match arm.role {
        Role::Primary => 2.5,
        Role::Contender => 1.5,
        Role::Floor => 1.0,
    };
    canvas.line(bins.iter().map(|bin| panel.at(bin.predicted, bin.observed)), arm.color, width);
    for bin in bins {
        let at = panel.at(bin.predicted, bin.observed);
        let radius = (RADIUS.0 * (bin.n as f64 / most as f64).sqrt()).max(RADIUS.1);
        canvas.dot(at, radius + 1.0, PAPER);
        canvas.dot(at, radius, arm.color);
        if arm.role == Role::Floor {
            canvas.dot(at, radius - 1.5, PAPER);
        }
        let (predicted, observed, n) = (shown(bin.predicted), shown(bin.observed), theme::grouped(bin.n as f64));
        let said = format!("{}: predicted {predicted}, observed {observed}, n = {n}", arm.name);
        canvas.note(Spot::Disc { center: at, radius: radius.max(6.0) }, &said);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plots::arm_colors;

    fn bin(predicted: f64, observed: f64, n: u64) -> CalibrationBin {
        CalibrationBin { predicted, observed, n }
    }

    fn figure(arms: &[(&str, Role, Vec<CalibrationBin>, f64)]) -> Canvas {
        let colors = arm_colors(&arms.iter().map(|arm| arm.1).collect::<Vec<_>>());
        let arms = arms.iter().zip(colors).map(|((name, role, bins, error), color)| ArmCalibration {
            name: (*name).into(),
            color,
            role: *role,
            bins: bins.clone(),
            error: *error,
        });
        let caption = "protocol full · 594 users, 5 seeds · ten bins of equal width, dots grow with their pairs";
        let heading = Heading { title: "Are probabilities kept?".into(), caption: caption.into() };
        draw(&CalibrationData { heading, arms: arms.collect() })
    }

    /// Ten bins bent away from the diagonal, with ever fewer pairs.
    fn bent(power: f64, n: f64) -> Vec<CalibrationBin> {
        (0..10)
            .map(|i| 0.05 + 0.1 * f64::from(i))
            .map(|p| bin(p, p.powf(power), (n * (-5.0 * p).exp()) as u64))
            .collect()
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        use Role::{Contender, Floor, Primary};
        let usual = [
            ("gbstack", Primary, bent(1.1, 50_000.0), 0.031),
            ("logistic", Contender, bent(1.6, 40_000.0), 0.094),
            ("simple-average-4", Contender, bent(0.7, 45_000.0), 0.12),
        ];
        let long = "an arm with a name so long that it has to be cut somewhere in its middle to fit";
        let names: Vec<String> = (0..20).map(|i| format!("{long}, {i}")).collect();
        let many: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(i, name)| (name.as_str(), Contender, bent(0.5 + 0.1 * i as f64, 500.0), 0.01 * i as f64))
            .collect();
        let wild = vec![
            bin(f64::NAN, 0.5, 10),
            bin(0.5, f64::INFINITY, 10),
            bin(-3.0, 1e300, u64::MAX),
            bin(0.4, 0.6, 0),
            bin(0.2, 0.1, 1),
        ];
        vec![
            ("calibration", figure(&usual)),
            ("calibration-one", figure(&[("gbstack", Primary, vec![bin(0.21, 0.2, 610)], 0.01)])),
            ("calibration-20", figure(&many)),
            (
                "calibration-wild",
                figure(&[
                    (long, Primary, wild.clone(), f64::NAN),
                    ("<b>", Floor, wild, 1e300),
                    ("x", Contender, vec![], 0.0),
                ]),
            ),
            ("calibration-none", figure(&[])),
        ]
    }

    #[test]
    fn bins_without_pairs_are_left_out_and_the_rest_is_in_order() {
        let bins = vec![bin(0.9, 0.8, 3), bin(0.5, 0.5, 0), bin(f64::NAN, 0.5, 4), bin(0.1, 0.2, 9)];
        let arm = ArmCalibration { name: "x".into(), color: MUTED, role: Role::Contender, bins, error: 0.1 };
        assert_eq!(cleaned(&arm), [bin(0.1, 0.2, 9), bin(0.9, 0.8, 3)]);
    }

    #[test]
    fn a_dot_says_its_numbers() {
        let canvas = figure(&[("gbstack", Role::Primary, vec![bin(0.25, 0.2, 1234)], 0.05)]);
        let notes: Vec<&str> = canvas.notes().collect();
        assert_eq!(notes, ["gbstack: ECE 0.050", "gbstack: predicted 0.250, observed 0.200, n = 1,234"]);
    }
}
