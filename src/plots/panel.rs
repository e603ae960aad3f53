//! The rectangle that data is drawn in: from numbers to pixels, grid, ticks, and labels beside the data that do not collide.

use super::canvas::{Anchor, Canvas, MARGIN, NAME, SMALL};
use super::theme::{self, Axis, Color, GRID, INK, MUTED, Weight};

/// A rectangle with two axes.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
}

/// A name that belongs to the end of a line.
#[derive(Debug, Clone)]
pub struct EndLabel {
    /// The name.
    pub text: String,
    /// Weight.
    pub weight: Weight,
    /// Color of its line.
    pub color: Color,
    /// Where the line ends, in pixels.
    pub end: (f64, f64),
}

/// Distance of names at line ends.
const LINE_HEIGHT: f64 = 16.0;

impl Panel {
    /// Pixels of a point.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.at_x(x), self.bottom - self.y.share(y) * (self.bottom - self.top))
    }

    /// Horizontal pixel of a number.
    pub fn at_x(&self, x: f64) -> f64 {
        self.left + self.x.share(x) * (self.right - self.left)
    }

    /// Horizontal grid lines with their labels left of the panel, and the axis' name above.
    pub(super) fn draw_y_axis(&self, canvas: &mut Canvas, name: &str) {
        for tick in self.y.ticks() {
            let (_, y) = self.at(self.x.low, tick);
            canvas.line([(self.left, y), (self.right, y)], GRID, 0.5);
            canvas.text((self.left - 8.0, y), &self.y.label(tick), SMALL.at(Anchor::End));
        }
        let start = self.left - tick_room(&self.y);
        let room = self.right - start;
        canvas.text((start, self.top - 16.0), &theme::fit_text(name, SMALL.size, SMALL.weight, room), SMALL);
    }

    /// Tick labels below the panel at the given places, thinned until they do not touch, and the axis' name under them: below the middle of the panel, or as near
    /// to it as a name that is wider than the panel can stand.
    pub(super) fn draw_x_axis(&self, canvas: &mut Canvas, ticks: &[(f64, String)], name: &str) {
        canvas.line([(self.left, self.bottom), (self.right, self.bottom)], MUTED, 0.5);
        let mut free_from = f64::NEG_INFINITY;
        for (place, label) in ticks {
            let x = self.at_x(*place);
            let half = theme::text_width(label, SMALL.size, SMALL.weight) / 2.0;
            canvas.line([(x, self.bottom), (x, self.bottom + 4.0)], MUTED, 0.5);
            if x - half > free_from {
                canvas.text((x, self.bottom + 14.0), label, SMALL.at(Anchor::Middle));
                free_from = x + half + 6.0;
            }
        }
        let (first, last) = (MARGIN, canvas.width() - MARGIN);
        let name = theme::fit_text(name, SMALL.size, SMALL.weight, last - first);
        let half = theme::text_width(&name, SMALL.size, SMALL.weight) / 2.0;
        let middle = f64::midpoint(self.left, self.right).min(last - half).max(first + half);
        canvas.text((middle, self.bottom + 32.0), &name, SMALL.at(Anchor::Middle));
    }

    /// Vertical grid lines with their labels below, and the axis' name.
    pub(super) fn draw_x_grid(&self, canvas: &mut Canvas, name: &str) {
        let ticks = self.x.ticks();
        for &tick in &ticks {
            canvas.line([(self.at_x(tick), self.top), (self.at_x(tick), self.bottom)], GRID, 0.5);
        }
        let labels: Vec<_> = ticks.iter().map(|&tick| (tick, self.x.label(tick))).collect();
        self.draw_x_axis(canvas, &labels, name);
    }

    /// Names right of the panel, each as near to the end of its line as the others allow, joined to it by a thin leader.
    pub(super) fn draw_end_labels(&self, canvas: &mut Canvas, mut labels: Vec<EndLabel>) {
        labels.sort_by(|a, b| a.end.1.total_cmp(&b.end.1).then_with(|| a.text.cmp(&b.text)));
        let wanted: Vec<f64> = labels.iter().map(|label| label.end.1).collect();
        for (label, y) in labels.iter().zip(apart(&wanted, LINE_HEIGHT, self.top, self.bottom)) {
            canvas.line([(label.end.0 + 4.0, label.end.1), (self.right + 12.0, y)], label.color, 0.5);
            canvas.dot((self.right + 16.0, y), 4.0, label.color);
            canvas.text((self.right + 25.0, y), &label.text, NAME.weighing(label.weight));
        }
    }
}

/// Width that the labels of a vertical axis need left of its panel.
pub(super) fn tick_room(y: &Axis) -> f64 {
    let width = |tick: f64| theme::text_width(&y.label(tick), SMALL.size, SMALL.weight);
    y.ticks().into_iter().map(width).fold(0.0, f64::max) + 8.0
}

/// Width that names at line ends need, at most `most`; and the names, cut to it.
pub(super) fn end_label_room(names: &mut [String], most: f64) -> f64 {
    let mut room: f64 = 0.0;
    for name in names {
        *name = theme::fit_name(name, NAME.size, Weight::Bold, most);
        room = room.max(theme::text_width(name, NAME.size, Weight::Bold));
    }
    room + 25.0 + super::canvas::MARGIN
}

/// Lowest height of a panel whose line ends carry `n` names.
pub(super) fn end_label_height(n: usize) -> f64 {
    n as f64 * LINE_HEIGHT
}

/// Ascending places moved as little as needed so that neighbors are `distance` apart; inside `[low, high]` as far as they fit.
fn apart(wanted: &[f64], distance: f64, low: f64, high: f64) -> Vec<f64> {
    let mut places = wanted.to_vec();
    // Neighbors that overlap form a block around the mean of what its members want; blocks merge until none overlap.
    let mut blocks: Vec<(f64, usize)> = Vec::new(); // (center, members)
    for &place in &places {
        blocks.push((place, 1));
        while let [.., (upper, n), (lower, m)] = blocks[..] {
            if lower - upper >= distance * (n + m) as f64 / 2.0 {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push(((upper * n as f64 + lower * m as f64) / (n + m) as f64, n + m));
        }
    }
    let mut i = 0;
    for (center, n) in blocks {
        for j in 0..n {
            places[i] = center + (j as f64 - (n - 1) as f64 / 2.0) * distance;
            i += 1;
        }
    }
    for i in (0..places.len()).rev() {
        let limit = if i + 1 == places.len() { high } else { places[i + 1] - distance };
        places[i] = places[i].min(limit);
    }
    for i in 0..places.len() {
        let limit = if i == 0 { low } else { places[i - 1] + distance };
        places[i] = places[i].max(limit);
    }
    places
}

/// Draws a vertical line through zero, where an axis has one.
pub(super) fn draw_zero(canvas: &mut Canvas, panel: &Panel) {
    if panel.x.low <= 0.0 && panel.x.high >= 0.0 {
        let x = panel.at_x(0.0);
        canvas.line([(x, panel.top), (x, panel.bottom)], INK, 0.5);
    }
}

/// Says in the middle of a panel why it is empty.
pub(super) fn draw_note(canvas: &mut Canvas, panel: &Panel, note: &str) {
    let middle = ((panel.left + panel.right) / 2.0, (panel.top + panel.bottom) / 2.0);
    let note = theme::fit_text(note, SMALL.size, SMALL.weight, panel.right - panel.left);
    canvas.text(middle, &note, SMALL.at(Anchor::Middle));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_move_apart_and_keep_their_order() {
        let places = apart(&[10.0, 11.0, 12.0, 90.0], 10.0, 0.0, 100.0);
        assert_eq!(places, [1.0, 11.0, 21.0, 90.0]);
        let pushed = apart(&[98.0, 99.0], 10.0, 0.0, 100.0);
        assert_eq!(pushed, [90.0, 100.0]);
        let crowded = apart(&[5.0; 20], 10.0, 0.0, 100.0);
        assert!(crowded.windows(2).all(|pair| pair[1] - pair[0] >= 10.0 - 1e-9));
    }
}
