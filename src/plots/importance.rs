//! How much each feature matters to an arm, one measure per figure: bars from zero, largest first, with the range over seeds.

use super::canvas::{Anchor, Canvas, MARGIN, NAME, Spot};
use super::leaderboard_bars::{draw_range, shown};
use super::panel::{Panel, draw_zero};
use super::theme::{self, Color, Weight};
use super::{Heading, Spread};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportanceData {
    /// Title and caption.
    pub heading: Heading,
    /// The measure with its unit.
    pub x_name: String,
    /// The arm's color.
    pub color: Color,
    /// `(feature, value)`; a value that is not finite is left out.
    pub features: Vec<(String, Spread)>,
}

const WIDTH: f64 = 560.0;
const ROW: f64 = 22.0;
/// Room for names of features; longer ones are cut in their middle.
const NAMES: f64 = 280.0;
/// Features shown; the table beside the figure has all of them.
const MOST: usize = 30;

/// Lays the figure out.
pub fn draw(data: &ImportanceData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let mut features: Vec<&(String, Spread)> = data.features.iter().filter(|(_, value)| value.is_finite()).collect();
    features.sort_by(|a, b| b.1.mean.abs().total_cmp(&a.1.mean.abs()).then_with(|| a.0.cmp(&b.0)));
    features.truncate(MOST);

    let names: Vec<String> =
        features.iter().map(|(name, _)| theme::fit_name(name, NAME.size, NAME.weight, NAMES)).collect();
    let widest = names.iter().map(|name| theme::text_width(name, NAME.size, NAME.weight)).fold(0.0, f64::max);
    let ends = features.iter().flat_map(|(_, value)| [value.lowest, value.highest]);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let x = if low == high { theme::axis(0.0, 1.0, 5) } else { theme::axis(low, high, 5) };
    let decimals = decimals(features.iter().map(|(_, value)| value.mean));
    let value_room = features
        .iter()
        .map(|(_, value)| theme::text_width(&label(value.mean, decimals), NAME.size, Weight::Regular))
        .fold(20.0, f64::max);
    let top = top + 4.0;
    let bottom = top + ROW * features.len().max(1) as f64;
    let (left, right) = (MARGIN + widest + 14.0, WIDTH - MARGIN - value_room - 14.0);
    let panel = Panel { left, top, right, bottom, x, y: theme::axis(0.0, 1.0, 1) };
    panel.draw_x_grid(&mut canvas, &data.x_name);
    canvas.set_height(bottom + 46.0);

    let zero = panel.at_x(0.0);
    for (row, ((feature, value), name)) in features.iter().zip(&names).enumerate() {
        let y = top + ROW * (row as f64 + 0.5);
        let end = panel.at_x(value.mean);
        canvas.area([(zero, y - 6.0), (end, y - 6.0), (end, y + 6.0), (zero, y + 6.0)], data.color, 0.8);
        if value.highest > value.lowest {
            draw_range(&mut canvas, (panel.at_x(value.lowest), panel.at_x(value.highest)), y);
        }
        canvas.text((left - 8.0, y), name, NAME.at(Anchor::End));
        canvas.text((WIDTH - MARGIN, y), &label(value.mean, decimals), NAME.at(Anchor::End));
        let place = Spot::Rectangle { from: (MARGIN, y - ROW / 2.0), to: (WIDTH - MARGIN, y + ROW / 2.0) };
        canvas.note(place, &format!("{feature}: {}", with_range(*value, decimals)));
    }
    draw_zero(&mut canvas, &panel);
    canvas
}

/// Decimals that show two digits of the largest value, and three at least: a loss of a few percent relevant rows moves by thousandths.
fn decimals(values: impl Iterator<Item = f64>) -> usize {
    let largest = values.map(f64::abs).fold(0.0, f64::max);
    if largest > 0.0 { (1.0 - largest.log10().floor()).clamp(3.0, 9.0) as usize } else { 3 }
}

fn label(value: f64, decimals: usize) -> String {
    if value.abs() >= 1e6 {
        return shown(value);
    }
    let text = format!("{value:.decimals$}");
    let is_zero = !text.contains(|digit| matches!(digit, '1'..='9'));
    if is_zero { text.replace('-', "") } else { text.replace('-', "−") }
}

/// A mean with its range, where it has one.
fn with_range(value: Spread, decimals: usize) -> String {
    let mean = label(value.mean, decimals);
    if value.highest > value.lowest {
        return format!("{mean} [{}, {}]", label(value.lowest, decimals), label(value.highest, decimals));
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_importances_keep_two_digits_of_the_largest() {
        let of = |values: &[f64]| {
            let decimals = decimals(values.iter().copied());
            values.iter().map(|&value| label(value, decimals)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[0.00581, -0.0013, -0.00001]), ["0.0058", "−0.0013", "0.0000"]);
        assert_eq!(of(&[0.62, 0.004]), ["0.620", "0.004"]);
        assert_eq!(of(&[0.0, 2e6]), ["0.000", "2.00e6"]);
        let spread = Spread { mean: 0.0042, lowest: 0.0, highest: 0.01 };
        assert_eq!(with_range(spread, 4), "0.0042 [0.0000, 0.0100]");
    }
}
