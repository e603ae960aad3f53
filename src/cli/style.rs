//! Bold and dim on a terminal, nothing in a pipe or with NO_COLOR.

use std::io::{self, IsTerminal};

/// How text is marked.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    color: bool,
}

impl Style {
    /// For stdout as it is.
    pub fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { color: wanted && io::stdout().is_terminal() }
    }

    /// No marks.
    #[cfg(test)]
    pub fn plain() -> Self {
        Self { color: false }
    }

    /// Marks.
    #[cfg(test)]
    pub fn colored() -> Self {
        Self { color: true }
    }

    /// Bold text.
    pub fn bold(self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Whether text is marked.
    pub fn has_color(self) -> bool {
        self.color
    }
}
