//! The one error type: few variants, told apart by what the reader must do next.
//!
//! Context is fields, not prose, so that a message can be laid out once, here. Everything that came from a file is cut to 80
//! characters and stripped of control characters before it is shown: a movie title must not drive a terminal.

use std::{fmt, io, path::Path, path::PathBuf, sync::Arc};

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A text that configuration was read from: a TOML file, or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// File name as the user wrote it, or `--set`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Where something stands in a [`Source`]: byte offsets into its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Place {
    /// 1-based line and column (in characters) of the first byte.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text.as_bytes()[..self.start.min(self.source.text.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
    }
}

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, if a text can be pointed at.
    pub place: Option<Place>,
    /// What was found, as a lower-case fragment.
    pub message: String,
    /// What would have been accepted, and the nearest name.
    pub help: Option<String>,
}

/// Everything that can go wrong, by what the reader must do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fix the command line.
    #[error("{message}{}", next_step(.help))]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do instead.
        help: Option<String>,
    },
    /// Fix the TOML: all problems of all files.
    #[error("{}", plural(.0.len(), "problem"))]
    Config(Vec<Problem>),
    /// Fix the data.
    #[error("{}: {message}{}", location(.path, *.line, *.column), next_step(.help))]
    Data {
        /// The file.
        path: PathBuf,
        /// 1-based line, if one line is at fault.
        line: Option<u64>,
        /// 1-based column, if known.
        column: Option<u64>,
        /// `found X, expected Y`.
        message: String,
        /// One next step.
        help: Option<String>,
    },
    /// Fix a name: an experiment, a data set, a run.
    #[error("unknown {what} {found:?}{}", next_step(.help))]
    Name {
        /// What kind of thing was named.
        what: &'static str,
        /// The name that nothing has.
        found: String,
        /// What exists, and the nearest.
        help: Option<String>,
    },
    /// Fix the hyperparameters: a model could not be fitted.
    #[error("{model}: {message}{}", next_step(.help))]
    Model {
        /// The model or stacker.
        model: String,
        /// What happened.
        message: String,
        /// One next step.
        help: Option<String>,
    },
    /// Fix the database.
    #[error("{}: {message}", .path.display())]
    Store {
        /// The database file.
        path: PathBuf,
        /// What happened.
        message: String,
    },
    /// Fix the disk or the network.
    #[error("{}: cannot {action}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `write`, ….
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// Nothing to fix: the answer is not the one that was asked for.
    #[error("found {found:?}, expected {expected:?}")]
    Unmet {
        /// The answer.
        found: &'static str,
        /// The answer that was asked for.
        expected: String,
    },
    /// The user or the system asked to stop.
    #[error("stopped by signal {0}; finished trials are kept, run the same command again to go on")]
    Interrupted(i32),
    /// Some experiments of a plan failed; each has been reported.
    #[error("{failed} of {total} experiments failed: {}", .names.join(", "))]
    Plan {
        /// How many failed.
        failed: usize,
        /// How many there were.
        total: usize,
        /// Their names.
        names: Vec<String>,
    },
}

impl Error {
    /// A wrong request, with a next step.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// For `map_err`: what was being done to which file.
    pub fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }

    /// Exit code: 2 for a wrong request or bad input, 1 for failed work, 3 for an answer that was not asked for, 128 + signal when stopped.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Config(_) | Self::Data { .. } | Self::Name { .. } | Self::Model { .. } => 2,
            Self::Store { .. } | Self::Io { .. } | Self::Plan { .. } => 1,
            Self::Unmet { .. } => 3,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(130),
        }
    }
}

/// Text from outside, fit to print: control characters escaped, cut to 80 characters.
pub fn shown(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(80)
        .flat_map(|c| if is_unsafe(c) { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

/// Control characters, and the marks that reorder text on a terminal.
pub fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `1 problem`, `2 problems`.
pub fn plural(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn next_step(help: &Option<String>) -> String {
    help.as_ref().map_or_else(String::new, |text| format!("\n  {text}"))
}

fn location(path: &Path, line: Option<u64>, column: Option<u64>) -> String {
    struct Part(Option<u64>);
    impl fmt::Display for Part {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.map_or(Ok(()), |n| write!(f, ":{n}"))
        }
    }
    format!("{}{}{}", path.display(), Part(line), Part(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_drive_the_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(shown(&"x".repeat(81)).chars().count(), 81);
    }

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Arc::new(Source { name: "a.toml".into(), text: "é = 1\nkö = 2\n".into() });
        let at = source.text.find("= 2").unwrap();
        assert_eq!(Place { source, start: at, end: at + 1 }.line_column(), (2, 4));
    }
}
