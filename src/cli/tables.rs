//! Plain tables on a terminal: names left, numbers right.

use super::style::Style;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::io::{self, IsTerminal};

/// A table without lines, as wide as its cells.
pub fn plain(style: Style) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if style.has_color() {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

/// A table with a head, after an empty line; nothing without rows.
pub fn text(head: &[&str], rows: Vec<Vec<String>>, style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = plain(style);
    table.set_header(head.iter().copied());
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{}\n", table.trim_fmt())
}

/// A table of texts, all to the left, its head first; as lines.
pub fn left(head: &[&str], rows: Vec<Vec<String>>, style: Style) -> String {
    let mut table = plain(style);
    table.set_header(head.iter().copied());
    table.add_rows(rows);
    format!("{}\n", table.trim_fmt())
}

/// Columns of the terminal; `None` in a pipe, where every column stands.
pub fn room() -> Option<usize> {
    io::stdout().is_terminal().then(|| Table::new().width().map_or(80, usize::from))
}

/// A table with as many of its columns as fit, the first ones, and a line that says how many do not; `build` makes it with that many.
pub fn fitted(n_columns: usize, room: Option<usize>, build: impl Fn(usize) -> String) -> String {
    let width = |text: &str| text.lines().map(visible_width).max().unwrap_or(0);
    let fits = |text: &str| room.is_none_or(|room| width(text) <= room);
    let all = build(n_columns);
    if fits(&all) {
        return all;
    }
    let (mut n, mut text) = (n_columns, all);
    while n > 1 && !fits(&text) {
        n -= 1;
        text = build(n);
    }
    let left = crate::error::plural(n_columns - n, "column");
    format!("{text}({left} more in a wider window, in a pipe, and with --json)\n")
}

/// Letters of a line, without the marks of a terminal.
fn visible_width(line: &str) -> usize {
    let mut is_mark = false;
    line.chars()
        .filter(|&c| {
            is_mark |= c == '\u{1b}';
            let is_shown = !is_mark;
            is_mark &= c != 'm';
            is_shown
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_do_not_fit_are_left_out_and_counted() {
        let build = |n: usize| format!("{}\n", vec!["\u{1b}[1m12345678\u{1b}[0m"; n].join(" "));
        let shown = |room| fitted(4, room, build);
        assert_eq!(shown(None), build(4));
        assert_eq!(shown(Some(35)), build(4));
        assert_eq!(
            shown(Some(34)),
            format!("{}(1 column more in a wider window, in a pipe, and with --json)\n", build(3))
        );
        assert!(shown(Some(2)).starts_with(&build(1)) && shown(Some(2)).contains("(3 columns more"));
    }
}
