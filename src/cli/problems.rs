//! Errors on a terminal: what was found, where, what is allowed, and what to do next.

use crate::error::{Error, Problem, plural, shown};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::io::{self, IsTerminal, Write};

/// Most lines of a message: who has more problems mends these first.
const MOST_LINES: usize = 40;

/// Longest line that is shown with a caret, in bytes.
const LONGEST_LINE: usize = 400;

/// Prints an error to stderr.
pub fn print(error: &Error) {
    let mut stderr = io::stderr().lock();
    // There is no one left to tell that stderr is closed.
    let _ = writeln!(stderr, "{}", render(error, use_color()));
}

/// Whether stderr takes colors.
pub fn use_color() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// An error as text.
pub fn render(error: &Error, color: bool) -> String {
    let Error::Config(problems) = error else { return format!("error: {error}") };
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let (mut lines, mut n_shown) = (Vec::new(), 0);
    for problem in problems {
        let mut text: Vec<String> = one(problem, &renderer).lines().map(str::to_owned).collect();
        if lines.len() + text.len() > MOST_LINES - 1 {
            text = vec![short(problem)];
        }
        if lines.len() >= MOST_LINES - 1 {
            break;
        }
        lines.extend(text);
        n_shown += 1;
    }
    if n_shown < problems.len() {
        lines.push(format!("error: {} not shown", plural(problems.len() - n_shown, "more problem")));
    }
    lines.join("\n")
}

/// A problem with the line it stands on.
fn one(problem: &Problem, renderer: &Renderer) -> String {
    let Some(place) = &problem.place else {
        let help = problem.help.as_ref().map_or_else(String::new, |help| format!("\n  {help}"));
        return format!("error: {}{help}", problem.message);
    };
    let text = place.source.text.as_str();
    let start = floor_boundary(text, place.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = &text[line_start..line_end];
    if line.len() > LONGEST_LINE {
        return short(problem);
    }
    let end = floor_boundary(text, place.end.clamp(start, line_end));
    let (number, _) = place.line_column();
    let name = shown_path(&place.source.name);
    let snippet = Snippet::source(line)
        .path(name)
        .line_start(number)
        .annotation(AnnotationKind::Primary.span(start - line_start..end - line_start));
    let mut report = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
    if let Some(help) = &problem.help {
        report = report.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[report])
}

/// A problem on one line.
fn short(problem: &Problem) -> String {
    let place = problem.place.as_ref().map_or_else(String::new, |place| {
        let (line, column) = place.line_column();
        format!("{}:{line}:{column}: ", shown_path(&place.source.name))
    });
    let help = problem.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    format!("error: {place}{}{help}", problem.message)
}

fn shown_path(name: &str) -> String {
    if name.chars().count() > 80 {
        name.chars().filter(|&c| !crate::error::is_unsafe(c)).collect()
    } else {
        shown(name)
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Place, Source};
    use std::sync::Arc;

    fn problem(text: &str, start: usize, end: usize) -> Problem {
        let source = Arc::new(Source { name: "e.toml".into(), text: text.into() });
        Problem {
            place: Some(Place { source, start, end }),
            message: "unknown key \"x\"".into(),
            help: Some("allowed: y".into()),
        }
    }

    #[test]
    fn a_problem_names_its_line_and_column_and_points_at_it() {
        let text = render(&Error::Config(vec![problem("a = 1\nb.x = 2\n", 8, 9)]), false);
        assert!(text.contains("--> e.toml:2:3") && text.contains("b.x = 2") && text.contains("allowed: y"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let caret = lines.iter().find(|line| line.contains('^')).unwrap();
        let code = lines.iter().find(|line| line.contains("b.x")).unwrap();
        assert_eq!(caret.find('^'), code.find('x'));
    }

    #[test]
    fn a_flood_of_problems_is_cut() {
        let text = render(&Error::Config((0..200).map(|_| problem("x = 1", 0, 1)).collect()), false);
        assert!(text.lines().count() <= MOST_LINES && text.ends_with("not shown"), "{text}");
        assert!(render(&Error::Config(vec![problem(&"é".repeat(999), 3, 4)]), false).lines().count() == 1);
    }
}
