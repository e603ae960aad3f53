//! Plain tables on a terminal: names left, numbers right.

use super::style::Style;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table with a head, after an empty line; nothing without rows.
pub fn text(head: &[&str], rows: Vec<Vec<String>>, style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if style.has_color() {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table.set_header(head.iter().copied());
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{}\n", table.trim_fmt())
}
