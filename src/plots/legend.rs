//! A key above a panel: marks with their names, set one after the other, broken into lines where the figure ends.
//!
//! For figures whose lines end in one place or whose marks stand in groups; elsewhere a name beside its mark is better.

use super::canvas::{Canvas, NAME};
use super::theme::{self, Color, PAPER, Weight};

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// What the figure draws.
    pub sign: Sign,
    /// Its name.
    pub text: String,
    /// Weight of its name.
    pub weight: Weight,
}

impl Entry {
    /// An entry in regular weight.
    pub fn of(sign: Sign, text: String) -> Self {
        Self { sign, text, weight: Weight::Regular }
    }
}

/// A mark of the figure in small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sign {
    /// A filled area of some opacity.
    Square(Color, f64),
    /// A disc.
    Dot(Color),
    /// A hollow disc.
    Ring(Color),
    /// A thick line.
    Line(Color),
    /// A vertical line.
    Upright(Color),
}

const LINE_HEIGHT: f64 = 18.0;
/// Space of the mark before its text.
const SIGN: f64 = 18.0;
/// Space between entries.
const GAP: f64 = 12.0;

/// Sets the entries between two edges; the first line is centered on `top + 9`. Returns the first free y below, which is `top` without entries.
pub(super) fn draw_legend(canvas: &mut Canvas, top: f64, (left, right): (f64, f64), entries: &[Entry]) -> f64 {
    let (mut x, mut y) = (left, top + LINE_HEIGHT / 2.0);
    for entry in entries {
        let text = theme::fit_name(&entry.text, NAME.size, entry.weight, right - left - SIGN);
        let width = SIGN + theme::text_width(&text, NAME.size, entry.weight);
        if x > left && x + width > right {
            (x, y) = (left, y + LINE_HEIGHT);
        }
        draw_sign(canvas, entry.sign, (x + 6.0, y));
        canvas.text((x + SIGN, y), &text, NAME.weighing(entry.weight));
        x += width + GAP;
    }
    if entries.is_empty() { top } else { y + LINE_HEIGHT / 2.0 }
}

fn draw_sign(canvas: &mut Canvas, sign: Sign, (x, y): (f64, f64)) {
    match sign {
        Sign::Square(color, opacity) => {
            canvas.area(
                [(x - 6.0, y - 5.0), (x + 6.0, y - 5.0), (x + 6.0, y + 5.0), (x - 6.0, y + 5.0)],
                color,
                opacity,
            );
        }
        Sign::Dot(color) => canvas.dot((x, y), 4.5, color),
        Sign::Ring(color) => {
            canvas.dot((x, y), 4.5, color);
            canvas.dot((x, y), 3.0, PAPER);
        }
        Sign::Line(color) => canvas.line([(x - 6.0, y), (x + 6.0, y)], color, 2.5),
        Sign::Upright(color) => canvas.line([(x, y - 6.0), (x, y + 6.0)], color, 1.5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::Heading;

    #[test]
    fn entries_that_do_not_fit_go_to_the_next_line() {
        let (mut canvas, _) = Canvas::with_heading(300.0, &Heading::default());
        let entry = |n: usize| Entry::of(Sign::Dot(PAPER), "m".repeat(n));
        assert_eq!(draw_legend(&mut canvas, 50.0, (10.0, 290.0), &[]), 50.0);
        assert_eq!(draw_legend(&mut canvas, 50.0, (10.0, 290.0), &[entry(3), entry(3)]), 68.0);
        assert_eq!(draw_legend(&mut canvas, 50.0, (10.0, 290.0), &[entry(3), entry(300), entry(3)]), 104.0);
        canvas.set_height(200.0);
        assert_eq!(canvas.clipped(), Vec::<&str>::new());
    }
}
