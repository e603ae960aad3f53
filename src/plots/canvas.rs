//! A figure as a list of marks, and its two renderings: SVG text and PNG bytes.
//!
//! Marks are in CSS pixels; both renderings draw them at twice that, the PNG to be sharp on dense screens, the SVG because plotters' coordinates are whole
//! numbers and half a pixel is the finest step the eye wants. The SVG carries a `viewBox` only, so that a page can size it.
//!
//! Notes are what a mark says when it is pointed at: invisible areas with a `<title>` on top of the SVG. They need no script, and the PNG has none.

use super::Heading;
use super::theme::{self, Color, INK, MUTED, PAPER, Weight};
use crate::error::{Error, Result, is_unsafe};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, ShapeStyle, TextStyle};
use std::io;
use std::path::Path;

/// Device pixels per CSS pixel.
const SCALE: f64 = 2.0;
/// Largest side of a figure, in CSS pixels: bounds memory whatever is drawn.
const LARGEST_SIDE: f64 = 4000.0;
/// Notes kept: bounds the SVG, where every note is some 120 bytes.
pub(super) const MOST_NOTES: usize = 240;
/// Characters of a note kept: what a browser shows in one box.
const LONGEST_NOTE: usize = 300;
/// Space at the edges.
pub(super) const MARGIN: f64 = 12.0;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins there.
    Start,
    /// It is centered there.
    Middle,
    /// It ends there.
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Pixels per em.
    pub size: f64,
    /// Weight.
    pub weight: Weight,
    /// Color.
    pub color: Color,
    /// Anchor.
    pub anchor: Anchor,
}

/// Tick labels and captions: small and muted.
pub const SMALL: Look = Look { size: 11.0, weight: Weight::Regular, color: MUTED, anchor: Anchor::Start };
/// Names of arms and features.
pub const NAME: Look = Look { size: 12.0, weight: Weight::Regular, color: INK, anchor: Anchor::Start };
/// Titles.
const TITLE: Look = Look { size: 14.0, weight: Weight::Bold, color: INK, anchor: Anchor::Start };

impl Look {
    /// The same with another anchor.
    pub fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// The same in bold, if `weight` says so.
    pub fn weighing(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }
}

/// One thing to draw.
#[derive(Debug, Clone)]
enum Mark {
    /// A line through points.
    Line { points: Vec<(f64, f64)>, color: Color, width: f64 },
    /// A filled area.
    Area { points: Vec<(f64, f64)>, color: Color, opacity: f64 },
    /// A disc.
    Dot { center: (f64, f64), radius: f64, color: Color },
    /// A text, centered on `at.1` by the height of its capitals.
    Text { at: (f64, f64), text: String, look: Look },
}

/// Where a note answers to the pointer, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spot {
    /// A disc.
    Disc { center: (f64, f64), radius: f64 },
    /// The rectangle between two opposite corners.
    Rectangle { from: (f64, f64), to: (f64, f64) },
}

/// A figure.
#[derive(Debug, Clone)]
pub struct Canvas {
    width: f64,
    height: f64,
    marks: Vec<Mark>,
    notes: Vec<(Spot, String)>,
    title: String,
}

/// Lines of a caption at most; what is longer is cut.
const CAPTION_LINES: usize = 4;

impl Canvas {
    /// An empty figure with its heading. Returns the figure and the first free y below the heading.
    pub(super) fn with_heading(width: f64, heading: &Heading) -> (Self, f64) {
        let mut canvas =
            Self { width, height: 0.0, marks: Vec::new(), notes: Vec::new(), title: heading.title.clone() };
        let room = width - 2.0 * MARGIN;
        canvas.text((MARGIN, 20.0), &theme::fit_text(&heading.title, TITLE.size, TITLE.weight, room), TITLE);
        let mut y = 40.0;
        for line in theme::wrap_text(&heading.caption, SMALL.size, room, CAPTION_LINES) {
            canvas.text((MARGIN, y), &line, SMALL);
            y += 15.0;
        }
        (canvas, y)
    }

    /// Sets the height, once all marks are placed.
    pub(super) fn set_height(&mut self, height: f64) {
        self.height = height;
    }

    /// Width in CSS pixels.
    pub(super) fn width(&self) -> f64 {
        self.width
    }

    /// Width and height in CSS pixels.
    pub fn size(&self) -> (f64, f64) {
        (self.width.clamp(1.0, LARGEST_SIDE), self.height.clamp(1.0, LARGEST_SIDE))
    }

    /// Draws a line; points that are not finite are left out.
    pub(super) fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, color: Color, width: f64) {
        let points: Vec<_> = points.into_iter().filter(is_finite).collect();
        if points.len() > 1 {
            self.marks.push(Mark::Line { points, color, width });
        }
    }

    /// Fills an area; points that are not finite are left out.
    pub(super) fn area(&mut self, points: impl IntoIterator<Item = (f64, f64)>, color: Color, opacity: f64) {
        let points: Vec<_> = points.into_iter().filter(is_finite).collect();
        if points.len() > 2 {
            self.marks.push(Mark::Area { points, color, opacity });
        }
    }

    /// Draws a disc.
    pub(super) fn dot(&mut self, center: (f64, f64), radius: f64, color: Color) {
        if is_finite(&center) {
            self.marks.push(Mark::Dot { center, radius, color });
        }
    }

    /// Writes a text.
    pub(super) fn text(&mut self, at: (f64, f64), text: &str, look: Look) {
        if is_finite(&at) && !text.is_empty() {
            self.marks.push(Mark::Text { at, text: text.to_owned(), look });
        }
    }

    /// Lets a place say something when it is pointed at. Where notes overlap, the later one speaks; of too many, the last are kept, for figures draw
    /// last what matters most.
    pub(super) fn note(&mut self, at: Spot, text: &str) {
        let is_whole = match at {
            Spot::Disc { center, radius } => is_finite(&center) && radius.is_finite(),
            Spot::Rectangle { from, to } => is_finite(&from) && is_finite(&to),
        };
        if is_whole && !text.is_empty() {
            let safe = |c: char| if is_unsafe(c) { '\u{fffd}' } else { c };
            self.notes.push((at, text.chars().take(LONGEST_NOTE).map(safe).collect()));
        }
    }

    /// What the figure says when it is pointed at, in the order of drawing.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.kept_notes().iter().map(|(_, text)| text.as_str())
    }

    fn kept_notes(&self) -> &[(Spot, String)] {
        &self.notes[self.notes.len().saturating_sub(MOST_NOTES)..]
    }

    /// Texts that reach over an edge: none, in a figure that is laid out well.
    pub fn clipped(&self) -> Vec<&str> {
        let (width, height) = self.size();
        let is_clipped = |at: &(f64, f64), text: &str, look: &Look| {
            let long = theme::text_width(text, look.size, look.weight);
            let left = match look.anchor {
                Anchor::Start => at.0,
                Anchor::Middle => at.0 - long / 2.0,
                Anchor::End => at.0 - long,
            };
            left < 0.0 || left + long > width || at.1 < look.size * 0.6 || at.1 + look.size * 0.6 > height
        };
        self.marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Text { at, text, look } if is_clipped(at, text, look) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The figure as an `<svg>` element, fit to stand inside HTML; `description` is what a screen reader says.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be drawn.
    pub fn svg(&self, description: &str) -> Result<String> {
        theme::register()?;
        let (width, height) = self.device_size();
        let mut drawn = String::new();
        {
            let mut backend = SVGBackend::with_string(&mut drawn, (width, height));
            // With its anchor at the top, plotters' SVG text has its baseline 0.76 em further down.
            self.render(&mut backend, 0.76).map_err(|reason| self.failed(&reason))?;
            backend.present().map_err(|error| self.failed(&error.to_string()))?;
        }
        // plotters writes the opening tag first and on a line of its own; ours replaces it.
        let inside = drawn.split_once(">\n").map_or("", |(_, rest)| rest);
        let inside = inside.trim_end().trim_end_matches("</svg>");
        let notes: String = self.kept_notes().iter().map(note_element).collect();
        Ok(format!(
            "<svg class=\"figure\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
             aria-label=\"{}\">\n{inside}{notes}</svg>\n",
            escape(description)
        ))
    }

    /// The figure as a PNG at two pixels per CSS pixel.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be drawn or encoded.
    pub fn png(&self) -> Result<Vec<u8>> {
        let (width, height) = self.device_size();
        let pixels = self.pixels()?;
        let mut bytes = Vec::with_capacity(1 << 17);
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        // Flat areas compress best unfiltered: a fifth of the size of the fast setting, for 2 ms more.
        encoder.set_compression(png::Compression::Default);
        encoder.set_filter(png::FilterType::NoFilter);
        let dense = png::PixelDimensions { xppu: 7559, yppu: 7559, unit: png::Unit::Meter }; // 192 dpi
        encoder.set_pixel_dims(Some(dense));
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&pixels).and_then(|()| writer.finish()))
            .map_err(|error| self.failed(&error.to_string()))?;
        Ok(bytes)
    }

    /// RGB pixels of the PNG, `[height × width × 3]`.
    pub(super) fn pixels(&self) -> Result<Vec<u8>> {
        theme::register()?;
        let (width, height) = self.device_size();
        let mut pixels = vec![PAPER.0; width as usize * height as usize * 3];
        let mut backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        // plotters' bitmap text has its baseline half a line height (1.24 em) below its top.
        self.render(&mut backend, 0.62).map_err(|reason| self.failed(&reason))?;
        drop(backend);
        Ok(pixels)
    }

    pub(super) fn device_size(&self) -> (u32, u32) {
        let (width, height) = self.size();
        ((width * SCALE).round() as u32, (height * SCALE).round() as u32)
    }

    fn failed(&self, reason: &str) -> Error {
        Error::io(Path::new(&self.title), "draw")(io::Error::other(reason.to_owned()))
    }

    fn render<B: DrawingBackend>(&self, backend: &mut B, baseline: f64) -> Result<(), String> {
        self.marks.iter().try_for_each(|mark| render_mark(mark, backend, baseline))
    }
}

fn render_mark<B: DrawingBackend>(mark: &Mark, backend: &mut B, baseline: f64) -> Result<(), String> {
    let drawn = match mark {
        Mark::Line { points, color, width } => {
            let style = ShapeStyle::from(color).stroke_width((width * SCALE).round().max(1.0) as u32);
            match points.as_slice() {
                [a, b] => backend.draw_line(device(a), device(b), &style),
                _ => backend.draw_path(points.iter().map(device), &style),
            }
        }
        Mark::Area { points, color, opacity } => {
            backend.fill_polygon(points.iter().map(device), &ShapeStyle::from(color.mix(*opacity)).filled())
        }
        Mark::Dot { center, radius, color } => backend.draw_circle(
            device(center),
            (radius * SCALE).round() as u32,
            &ShapeStyle::from(color).filled(),
            true,
        ),
        Mark::Text { at, text, look } => {
            let horizontal = match look.anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let style = TextStyle::from(theme::font(look.size * SCALE, look.weight))
                .color(&look.color)
                .pos(Pos::new(horizontal, VPos::Top));
            // Capitals of DejaVu are 0.73 em high: the baseline stands half of that below the middle.
            let top = at.1 + (0.365 - baseline) * look.size;
            backend.draw_text(text, &style, device(&(at.0, top)))
        }
    };
    drawn.map_err(|error| error.to_string())
}

fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

fn device(point: &(f64, f64)) -> (i32, i32) {
    let pixel = |value: f64| (value.clamp(-LARGEST_SIDE, 2.0 * LARGEST_SIDE) * SCALE).round() as i32;
    (pixel(point.0), pixel(point.1))
}

/// A note as an SVG element: transparent, which still answers to the pointer.
fn note_element((spot, text): &(Spot, String)) -> String {
    let (name, place) = match spot {
        Spot::Disc { center, radius } => {
            let (x, y) = device(center);
            ("circle", format!("cx=\"{x}\" cy=\"{y}\" r=\"{}\"", device(&(*radius, 0.0)).0.max(1)))
        }
        Spot::Rectangle { from, to } => {
            let (a, b) = (device(from), device(to));
            let (x, y) = (a.0.min(b.0), a.1.min(b.1));
            let (width, height) = ((b.0 - a.0).abs().max(1), (b.1 - a.1).abs().max(1));
            ("rect", format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\""))
        }
    };
    format!("<{name} class=\"note\" fill=\"transparent\" {place}><title>{}</title></{name}>\n", escape(text))
}

/// Text fit for an element, and for an attribute in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Canvas {
        let heading = Heading { title: "a figure".into(), caption: String::new() };
        let (mut canvas, _) = Canvas::with_heading(100.0, &heading);
        canvas.set_height(60.0);
        canvas.dot((50.0, 40.0), 4.0, INK);
        canvas
    }

    #[test]
    fn a_note_is_in_the_svg_escaped_and_not_in_the_png() {
        let mut canvas = empty();
        canvas.note(Spot::Disc { center: (50.0, 40.0), radius: 8.0 }, "a<b> & \"c\"\u{7}: 0.812");
        canvas.note(Spot::Rectangle { from: (30.0, 50.5), to: (10.0, 20.0) }, "row");
        let svg = canvas.svg("x").unwrap();
        // Twice the CSS pixels, and after the last drawn mark.
        let expected = "<circle class=\"note\" fill=\"transparent\" cx=\"100\" cy=\"80\" r=\"16\">\
                        <title>a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}: 0.812</title></circle>\n\
                        <rect class=\"note\" fill=\"transparent\" x=\"20\" y=\"40\" width=\"40\" height=\"61\">\
                        <title>row</title></rect>\n</svg>\n";
        assert!(svg.ends_with(expected), "{svg}");
        assert_eq!(svg.matches("</svg>").count(), 1);
        assert_eq!(canvas.pixels().unwrap(), empty().pixels().unwrap());
    }

    #[test]
    fn of_too_many_notes_the_last_are_kept() {
        let mut canvas = empty();
        for i in 0..MOST_NOTES + 5 {
            canvas.note(Spot::Disc { center: (1.0, 1.0), radius: 1.0 }, &i.to_string());
        }
        assert_eq!((canvas.notes().count(), canvas.notes().next()), (MOST_NOTES, Some("5")));
    }

    #[test]
    fn a_note_nowhere_is_left_out() {
        let mut canvas = empty();
        canvas.note(Spot::Disc { center: (f64::NAN, 1.0), radius: 1.0 }, "nowhere");
        canvas.note(Spot::Rectangle { from: (0.0, 0.0), to: (1.0, f64::INFINITY) }, "nowhere");
        canvas.note(Spot::Disc { center: (1.0, 1.0), radius: 1.0 }, "");
        assert_eq!(canvas.notes().count(), 0);
    }
}
