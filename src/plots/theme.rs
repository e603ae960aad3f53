//! One look for all figures: colors, text, axes.
//!
//! Colors are Okabe & Ito (2008), told apart under every common color vision, extended by Tol's muted set; yellow is left out, being unreadable on white.
//! The primary arm has vermilion, floors are gray, and an arm keeps its color on the whole page.

use crate::error::{Error, Result, is_unsafe};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBColor, register_font};
use std::io;
use std::path::Path;
use std::sync::OnceLock;

/// A color, without transparency.
pub type Color = RGBColor;

/// Font of all text; SVG viewers without DejaVu fall back to Verdana, which is as wide.
pub const FONT: &str = "DejaVu Sans, Verdana, sans-serif";
/// Text and axis lines. The page's style sheet turns this exact value light in dark mode, as it does the next three.
pub const INK: Color = RGBColor(0x1F, 0x29, 0x33);
/// Captions and tick labels.
pub const MUTED: Color = RGBColor(0x5F, 0x6B, 0x76);
/// Grid lines.
pub const GRID: Color = RGBColor(0xE3, 0xE7, 0xEB);
/// Background.
pub const PAPER: Color = RGBColor(0xFF, 0xFF, 0xFF);

/// What shades of one color are mixed from: the first of the contenders' colors.
pub(super) const SHADE: Color = RGBColor(0x00, 0x72, 0xB2);

/// The experiment's answer.
const PRIMARY: Color = RGBColor(0xD5, 0x5E, 0x00);
/// Arms between the answer and the floors, in order of their places in tables.
const CONTENDERS: &[Color] = &[
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x6A, 0x4C, 0x93),
    RGBColor(0x99, 0x99, 0x33),
    RGBColor(0x88, 0x22, 0x55),
    RGBColor(0x44, 0xAA, 0x99),
    RGBColor(0x8C, 0x6D, 0x46),
];
/// Floors: grays of different lightness.
const FLOORS: &[Color] = &[RGBColor(0x7A, 0x85, 0x8F), RGBColor(0xA3, 0xAC, 0xB4), RGBColor(0x8B, 0x8B, 0x8B)];

/// What an arm is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The experiment's answer.
    Primary,
    /// Anything that is compared with it.
    Contender,
    /// What any method must beat.
    Floor,
}

/// One color per arm, in the order of tables. More arms than colors: they come round again, names still tell the arms apart.
pub fn arm_colors(roles: &[Role]) -> Vec<Color> {
    let (mut contenders, mut floors) = (CONTENDERS.iter().cycle(), FLOORS.iter().cycle());
    roles
        .iter()
        .map(|role| match role {
            Role::Primary => PRIMARY,
            Role::Contender => contenders.next().copied().unwrap_or(INK),
            Role::Floor => floors.next().copied().unwrap_or(MUTED),
        })
        .collect()
}

/// Makes the embedded font known to plotters, once per process.
///
/// # Errors
/// [`Error::Io`] if the embedded bytes are not a font, which no build that passes its tests has.
pub fn register() -> Result<()> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let is_done = *DONE.get_or_init(|| {
        register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok()
            && register_font(FONT, FontStyle::Bold, dejavu::sans::bold()).is_ok()
    });
    if is_done { Ok(()) } else { Err(Error::io(Path::new(FONT), "read")(io::Error::other("not a font"))) }
}

/// Weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Regular.
    Regular,
    /// Bold.
    Bold,
}

/// The font at a size in pixels per em. plotters' size is the line height: 1.24 em.
pub(super) fn font(size: f64, weight: Weight) -> FontDesc<'static> {
    let style = match weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    FontDesc::new(FontFamily::Name(FONT), size * 1.24, style)
}

/// Width of a text in pixels, as the PNG has it (SVG text is a little narrower).
pub fn text_width(text: &str, size: f64, weight: Weight) -> f64 {
    // A tenth of the size is lost by rounding to whole pixels, so it is measured ten times larger; without a font, a generous guess.
    let measured = register().ok().and_then(|()| font(size * 10.0, weight).box_size(text).ok());
    measured.map_or(text.chars().count() as f64 * size * 0.7, |(width, _)| f64::from(width) / 10.0)
}

/// Text without characters that cannot be drawn, cut with an ellipsis so that it fits into `width` pixels.
pub fn fit_text(text: &str, size: f64, weight: Weight, width: f64) -> String {
    let mut text: String = text.chars().take(400).map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect();
    if text_width(&text, size, weight) <= width {
        return text;
    }
    while !text.is_empty() {
        text.pop();
        let cut = format!("{}…", text.trim_end());
        if text_width(&cut, size, weight) <= width {
            return cut;
        }
    }
    "…".to_owned()
}

/// A name cut in its middle so that it fits: names that differ at their ends stay different.
pub fn fit_name(name: &str, size: f64, weight: Weight, width: f64) -> String {
    let whole = fit_text(name, size, weight, f64::INFINITY);
    if text_width(&whole, size, weight) <= width {
        return whole;
    }
    let letters: Vec<char> = whole.chars().collect();
    for kept in (2..letters.len()).rev() {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let cut: String = letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect();
        if text_width(&cut, size, weight) <= width {
            return cut;
        }
    }
    "…".to_owned()
}

/// Text broken into lines of at most `width` pixels; at most `n_lines`, the last one cut.
pub fn wrap_text(text: &str, size: f64, width: f64, n_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while words.peek().is_some() && lines.len() < n_lines {
        let mut line = String::new();
        let is_last = lines.len() + 1 == n_lines;
        while let Some(&word) = words.peek() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && !is_last && text_width(&longer, size, Weight::Regular) > width {
                break;
            }
            line = longer;
            words.next();
        }
        lines.push(fit_text(&line, size, Weight::Regular, width));
    }
    lines
}

/// A range that can be drawn, with round ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Left or lower end.
    pub low: f64,
    /// Right or upper end; larger than `low`.
    pub high: f64,
    /// Distance of ticks.
    pub step: f64,
}

/// Largest number an axis can hold: beyond it, plotters and tick arithmetic lose their footing.
const LIMIT: f64 = 1e12;

/// An axis that holds a range, whatever the range is: not finite, empty, reversed and huge ones all give a finite, non-empty axis.
///
/// plotters panics on a NaN range and never comes back from an infinite one, so every range goes through here.
pub fn axis(low: f64, high: f64, n_ticks: usize) -> Axis {
    let end = |value: f64, other: f64| if value.is_nan() { other } else { value.clamp(-LIMIT, LIMIT) };
    let (low, high) = (end(low, 0.0), end(high, 1.0));
    let (mut low, mut high) = (low.min(high), low.max(high));
    // All values equal: room on both sides, so that the mark stands in the middle.
    if high - low < 1e-9 * high.abs().max(low.abs()).max(1e-3) {
        let room = (high.abs() * 0.05).max(1e-3);
        (low, high) = (low - room, high + room);
    }
    let rough = (high - low) / n_ticks.max(1) as f64;
    let magnitude = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * magnitude).find(|&s| s >= rough * 0.999).unwrap_or(rough);
    Axis { low, high, step }
}

/// The axis of some values with a little air at both ends; values that are not finite are passed over.
pub fn axis_of(values: impl IntoIterator<Item = f64>, n_ticks: usize) -> Axis {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return axis(0.0, 1.0, n_ticks);
    }
    let air = (high.min(LIMIT) - low.max(-LIMIT)) * 0.06;
    // Air must not suggest that a share could be negative.
    let lower = if low >= 0.0 { (low - air).max(0.0) } else { low - air };
    axis(lower, high + air, n_ticks)
}

impl Axis {
    /// Ticks inside the range.
    pub fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step - 1e-6).ceil();
        (0..64)
            .map(|i| (first + f64::from(i)) * self.step)
            .take_while(|&tick| tick <= self.high + self.step * 1e-6)
            .map(|tick| if tick.abs() < self.step * 1e-6 { 0.0 } else { tick })
            .collect()
    }

    /// Where a value lies: 0 at `low`, 1 at `high`; values outside are moved to the end.
    pub fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// A tick's label: all labels of an axis have the same number of decimals, as few as tell them apart.
    pub fn label(&self, value: f64) -> String {
        if self.step >= 1e6 || self.step < 1e-6 {
            return if value == 0.0 { "0".to_owned() } else { format!("{value:.1e}").replace('-', "−") };
        }
        let decimals = (-self.step.log10() - 1e-9).ceil().clamp(0.0, 7.0) as usize;
        if decimals == 0 { grouped(value) } else { format!("{value:.decimals$}").replace('-', "−") }
    }
}

/// A whole number with thousands set apart: `20,168`.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if value <= -0.5 { format!("−{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_becomes_finite_and_not_empty() {
        let hostile = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.7e308, -1.7e308, 0.0, -0.0, 1.0, 5e-324, 1e12];
        for low in hostile {
            for high in hostile {
                for axis in [axis(low, high, 5), axis_of([low, high], 5)] {
                    assert!(
                        axis.low.is_finite() && axis.high.is_finite() && axis.low < axis.high,
                        "{low} {high} {axis:?}"
                    );
                    assert!((1..=12).contains(&axis.ticks().len()), "{low} {high} {axis:?} {:?}", axis.ticks());
                    assert!(axis.share(low.max(high)).is_finite() || low.is_nan() || high.is_nan());
                }
            }
        }
    }

    #[test]
    fn tick_labels_have_even_decimals() {
        let axis = axis(0.78, 0.83, 5);
        let labels: Vec<String> = axis.ticks().into_iter().map(|tick| axis.label(tick)).collect();
        assert_eq!(labels, ["0.78", "0.79", "0.80", "0.81", "0.82", "0.83"]);
        assert_eq!(super::axis(-1.0, 1.0, 4).label(-0.5), "−0.5");
        assert_eq!(super::axis(0.0, 40_000.0, 4).label(20_000.0), "20,000");
    }

    #[test]
    fn a_long_name_is_cut_to_its_width() {
        let cut = fit_text(&"gradient".repeat(9), 12.0, Weight::Regular, 100.0);
        assert!(cut.ends_with('…') && text_width(&cut, 12.0, Weight::Regular) <= 100.0, "{cut}");
        let names = ["a", "b"].map(|end| fit_name(&("gradient".repeat(9) + end), 12.0, Weight::Regular, 100.0));
        assert!(names[0].ends_with('a') && names[1].ends_with('b') && names[0].contains('…'), "{names:?}");
        assert_eq!(fit_text("bias", 12.0, Weight::Regular, 100.0), "bias");
        assert!(!fit_text("a\u{1b}[2J", 12.0, Weight::Regular, 100.0).contains('\u{1b}'));
    }

    #[test]
    fn arms_of_one_page_have_different_colors() {
        let mut roles = vec![Role::Primary];
        roles.extend([Role::Contender; 10]);
        roles.extend([Role::Floor; 2]);
        let colors = arm_colors(&roles);
        for (i, a) in colors.iter().enumerate() {
            assert!(!colors[..i].contains(a));
        }
    }
}
