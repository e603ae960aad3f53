//! Who is good for whom: arms in rows, segments in columns, each cell with its number and a shade.
//!
//! Shades run within a column, from its lowest arm to its highest, because segments differ more among each other than arms do within one; the number says the
//! rest, and the best of a column is bold.

use super::Heading;
use super::canvas::{Anchor, Canvas, Look, MARGIN, NAME, SMALL, Spot};
use super::metric_at_k::weight;
use super::theme::{self, Color, INK, Role, Weight};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMapData {
    /// Title and caption.
    pub heading: Heading,
    /// Whether less is better.
    pub is_lower_better: bool,
    /// Columns: name, and a note below it such as the number of users.
    pub columns: Vec<(String, String)>,
    /// Rows: an arm with what it is, and a value per column; `None` where it has none.
    pub rows: Vec<HeatRow>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatRow {
    /// Its name.
    pub name: String,
    /// What it is to the reader.
    pub role: Role,
    /// `[n_columns]`.
    pub values: Vec<Option<f64>>,
}

const WIDTH: f64 = 560.0;
const ROW: f64 = 24.0;
const NAMES: f64 = 130.0;
/// The shade, at its strongest.
const SHADE: Color = theme::SHADE;
/// Light enough that the ink of numbers stands out on every cell (contrast above 6), so that one color of text serves all.
const DARKEST: f64 = 0.55;

/// Lays the figure out.
pub fn draw(data: &HeatMapData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let n_columns = data.columns.len().max(1);
    let name_of = |row: &HeatRow| theme::fit_name(&row.name, NAME.size, weight(row.role), NAMES);
    let widths = data.rows.iter().map(|row| theme::text_width(&name_of(row), NAME.size, weight(row.role)));
    let left = MARGIN + widths.fold(0.0, f64::max) + 12.0;
    let width = (WIDTH - MARGIN - left) / n_columns as f64;
    let top = top + 40.0;
    for (at, (name, note)) in data.columns.iter().enumerate() {
        let middle = left + width * (at as f64 + 0.5);
        let fit = |text: &str| theme::fit_name(text, SMALL.size, SMALL.weight, width - 6.0);
        canvas.text((middle, top - 24.0), &fit(name), SMALL.at(Anchor::Middle));
        canvas.text((middle, top - 10.0), &fit(note), SMALL.at(Anchor::Middle));
    }
    for (at, row) in data.rows.iter().enumerate() {
        let y = top + ROW * at as f64;
        canvas.text((MARGIN, y + ROW / 2.0), &name_of(row), NAME.weighing(weight(row.role)));
    }
    for column in 0..data.columns.len() {
        let x = left + width * column as f64;
        draw_column(&mut canvas, data, column, (x, x + width), top);
    }
    if data.rows.is_empty() || data.columns.is_empty() {
        canvas.text((WIDTH / 2.0, top + ROW / 2.0), "no values", SMALL.at(Anchor::Middle));
    }
    canvas.set_height(top + ROW * data.rows.len().max(1) as f64 + MARGIN);
    canvas
}

fn draw_column(canvas: &mut Canvas, data: &HeatMapData, column: usize, (left, right): (f64, f64), top: f64) {
    let value = |row: &HeatRow| row.values.get(column).copied().flatten().filter(|value| value.is_finite());
    let known: Vec<f64> = data.rows.iter().filter_map(value).collect();
    let (low, high) =
        known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let best = if data.is_lower_better { low } else { high };
    for (at, row) in data.rows.iter().enumerate() {
        let y = top + ROW * at as f64;
        let middle = (f64::midpoint(left, right), y + ROW / 2.0);
        let Some(value) = value(row) else {
            canvas.text(middle, "–", SMALL.at(Anchor::Middle));
            continue;
        };
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        let share = if data.is_lower_better { 1.0 - share } else { share };
        let (x0, x1, y0, y1) = (left + 1.0, right - 1.0, y + 1.0, y + ROW - 1.0);
        canvas.area([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], SHADE, 0.04 + (DARKEST - 0.04) * share);
        let is_best = known.len() > 1 && value.total_cmp(&best).is_eq();
        let look = Look { color: INK, ..SMALL.at(Anchor::Middle) };
        let look = look.weighing(if is_best { Weight::Bold } else { Weight::Regular });
        canvas.text(middle, &number(value), look);
        let place = Spot::Rectangle { from: (left, y), to: (right, y + ROW) };
        canvas.note(place, &format!("{}, {}: {}", row.name, data.columns[column].0, number(value)));
    }
}

/// Three digits that matter, short enough for a cell.
pub(super) fn number(value: f64) -> String {
    let text = match value.abs() {
        size if size >= 1e4 || (size > 0.0 && size < 1e-3) => format!("{value:.1e}"),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn figure(columns: &[(&str, &str)], rows: &[(&str, Role, &[Option<f64>])], is_lower_better: bool) -> Canvas {
        let heading = Heading {
            title: "NDCG@10 by segment, full".into(),
            caption: "Mean over seeds. Shade: from the lowest to the highest arm of a column.".into(),
        };
        let columns = columns.iter().map(|&(name, note)| (name.to_owned(), note.to_owned())).collect();
        let row = |&(name, role, values): &(&str, Role, &[Option<f64>])| HeatRow {
            name: name.into(),
            role,
            values: values.to_vec(),
        };
        draw(&HeatMapData { heading, is_lower_better, columns, rows: rows.iter().map(row).collect() })
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        use Role::{Contender, Floor, Primary};
        let columns = [("all", "n = 594"), ("cold", "n = 150"), ("regular", "n = 300"), ("power", "n = 144")];
        let rows: [(&str, Role, &[Option<f64>]); 4] = [
            ("boosted", Primary, &[Some(0.349), Some(0.21), Some(0.352), Some(0.46)]),
            ("ease", Contender, &[Some(0.303), Some(0.2), Some(0.31), None]),
            ("popularity", Floor, &[Some(0.159), Some(0.19), Some(0.16), Some(0.12)]),
            ("random", Floor, &[Some(0.002), Some(0.0), Some(0.0004), Some(0.01)]),
        ];
        let long = "a name that is far too long for the column it has to stand in";
        let wild: [(&str, Role, &[Option<f64>]); 2] =
            [(long, Primary, &[Some(f64::NAN), Some(1e300)]), ("x", Floor, &[Some(f64::INFINITY)])];
        vec![
            ("heat-map", figure(&columns, &rows, false)),
            ("heat-map-lower", figure(&columns, &rows, true)),
            ("heat-map-wild", figure(&[(long, long), (long, long), ("", "")], &wild, false)),
            ("heat-map-none", figure(&[], &[], false)),
        ]
    }

    #[test]
    fn numbers_can_be_read_on_the_darkest_cell() {
        // Relative luminance and contrast as WCAG 2.2 defines them; AA asks for 4.5.
        let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        let luminance =
            |parts: [f64; 3]| 0.2126 * linear(parts[0]) + 0.7152 * linear(parts[1]) + 0.0722 * linear(parts[2]);
        let parts = |color: Color| [color.0, color.1, color.2].map(|part| f64::from(part) / 255.0);
        let cell = parts(SHADE).map(|part| DARKEST * part + (1.0 - DARKEST));
        let contrast = (luminance(cell) + 0.05) / (luminance(parts(INK)) + 0.05);
        assert!(contrast > 6.0, "{contrast}");
    }

    #[test]
    fn numbers_fit_their_cell() {
        let shown = [0.3491, -0.0004, 0.0, 12.34, 123.4, -123_456.0].map(number);
        assert_eq!(shown, ["0.349", "−4.0e−4", "0.000", "12.3", "123", "−1.2e5"]);
    }
}
