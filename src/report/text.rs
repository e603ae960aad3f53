//! The leaderboards of a page as text for somebody else's page: Markdown and LaTeX.

use super::page::judged;
use super::read::{Extent, run_facts};
use super::tables::{self, ArmTable, Column};
use super::verdict::verdicts;
use crate::compare::standing::standings;
use crate::error::{Result, is_unsafe};
use crate::store::Store;

/// A kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Tables with pipes, as GitHub and Pandoc read them.
    Markdown,
    /// `tabular` with the rules of `booktabs`.
    Latex,
}

/// The verdicts and leaderboards of a run.
///
/// # Errors
/// As [`super::write`], but for files.
pub fn text(store: &Store, run_id: &str, markup: Markup) -> Result<String> {
    let facts = run_facts(store.connection(), run_id, tables::headline, Extent::Tables)?;
    let board = judged(&facts, |protocol, metric, k| standings(store, run_id, protocol, metric, k))?;
    let mut out = markup.title(&facts.run.experiment);
    for verdict in verdicts(&board) {
        let floor = if verdict.is_floor { ", a floor," } else { "" };
        let line = format!(
            "{}: {}{floor} {} {} ({}){} {}",
            verdict.protocol,
            verdict.leader,
            verdict.claim,
            verdict.value,
            verdict.spread,
            verdict.rest,
            verdict.tested.join(" ")
        );
        out += &format!("{}\n\n", markup.escaped(line.trim_end()));
    }
    for protocol in &board.protocols {
        for table in tables::leaderboards(&board, protocol) {
            out += &markup.table(&table);
        }
    }
    out += &markup.escaped(&format!("rexp run {}, started {}.\n", facts.run.id, facts.run.started_at));
    Ok(out)
}

impl Markup {
    fn title(self, name: &str) -> String {
        match self {
            Self::Markdown => format!("# {}\n\n", self.escaped(name)),
            Self::Latex => format!("% {}\n", name.replace(['\n', '\r'], " ")),
        }
    }

    /// Text in which nothing is markup.
    fn escaped(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match (self, c) {
                (_, c) if is_unsafe(c) && c != '\n' => out.extend(c.escape_unicode()),
                (Self::Markdown, '\\' | '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '#') => out.extend(['\\', c]),
                (Self::Markdown, '&') => out += "&amp;",
                (Self::Latex, '&' | '%' | '$' | '#' | '_' | '{' | '}') => out.extend(['\\', c]),
                (Self::Latex, '\\') => out += "\\textbackslash{}",
                (Self::Latex, '~') => out += "\\textasciitilde{}",
                (Self::Latex, '^') => out += "\\textasciicircum{}",
                (Self::Latex, '−') => out += "$-$",
                (Self::Latex, '–') => out += "--",
                (Self::Latex, '±') => out += "$\\pm$",
                (Self::Latex, '×') => out += "$\\times$",
                (Self::Latex, '↑' | '▲') => out += "$\\uparrow$",
                (Self::Latex, '↓' | '▼') => out += "$\\downarrow$",
                (Self::Latex, '≈') => out += "$\\approx$",
                (Self::Latex, '≠') => out += "$\\neq$",
                (_, c) => out.push(c),
            }
        }
        out
    }

    fn table(self, table: &ArmTable) -> String {
        let head = |column: &Column| {
            // The hyphens of heads do not break, which no other page needs.
            let name = column.name.replace('\u{2011}', "-");
            self.escaped(format!("{name} {}", column.arrow).trim_end())
        };
        let heads: Vec<String> = std::iter::once("arm".to_owned()).chain(table.columns.iter().map(head)).collect();
        let rows = table.rows.iter().map(|row| {
            let cells = row.cells.iter().map(|cell| {
                let number = self.escaped(&cell.text);
                let number = if cell.is_best { self.bold(&number) } else { number };
                format!("{number} {}", self.escaped(&cell.range)).trim_end().to_owned()
            });
            std::iter::once(self.escaped(&row.arm.name)).chain(cells).collect::<Vec<String>>()
        });
        // A text has no line to point to: the page's stands below the best floor.
        let floor = table.best_floor.as_ref();
        let floor = floor.map_or_else(String::new, |name| format!(" Below {name}: no better than this best floor."));
        let (title, caption) = (self.escaped(&table.title), self.escaped(&(table.caption.clone() + &floor)));
        match self {
            Self::Markdown => {
                let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
                let rule = format!("|---|{}\n", "---:|".repeat(table.columns.len()));
                let rows: String = rows.map(|row| line(&row)).collect();
                format!("**{title}.** {caption}\n\n{}{rule}{rows}\n", line(&heads))
            }
            Self::Latex => {
                let line = |cells: &[String]| format!("  {} \\\\\n", cells.join(" & "));
                let rows: String = rows.map(|row| line(&row)).collect();
                format!(
                    "\\begin{{table}}\n\\caption{{{title}. {caption}}}\n\\begin{{tabular}}{{l{}}}\n  \\toprule\n{}  \\midrule\n{rows}  \\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n\n",
                    "r".repeat(table.columns.len()),
                    line(&heads)
                )
            }
        }
    }

    fn bold(self, text: &str) -> String {
        match self {
            Self::Markdown => format!("**{text}**"),
            Self::Latex => format!("\\textbf{{{text}}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{USUAL, page_after, store};
    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        assert_eq!(Markup::Markdown.escaped("a|b_*<i>&"), "a\\|b\\_\\*\\<i\\>&amp;");
        assert_eq!(Markup::Latex.escaped("50%_{x}\\−"), "50\\%\\_\\{x\\}\\textbackslash{}$-$");
        assert_eq!(Markup::Markdown.escaped("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn a_line_is_named_only_where_it_is_drawn() {
        let html = page_after("");
        let caption =
            html.split_once("<b>Ranking, protocol rated</b>").unwrap().1.split_once("</figcaption>").unwrap().0;
        assert!(
            caption.contains("Best value in bold.")
                && caption.contains("Below the thick line: no better than the best floor.")
        );
        let db = store(&USUAL);
        let facts = run_facts(&db, "0123456789ab", tables::headline, Extent::Tables).unwrap();
        let tables = tables::leaderboards(&tables::Board::new(&facts), "rated");
        let text = Markup::Markdown.table(&tables[0]);
        assert!(
            !text.contains("thick line") && text.contains("Below popularity: no better than this best floor."),
            "{text}"
        );
        assert!(!Markup::Latex.table(&tables[1]).contains("Below"));
    }
}
