//! Progress of long work: bars on a terminal, plain lines in a pipe. Everything goes to stderr; results have stdout for themselves.

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Progress of a plan of trials.
#[derive(Debug, Clone)]
pub struct Progress {
    /// `None` where stderr is no terminal.
    bars: Option<(MultiProgress, ProgressBar)>,
}

/// One thing that is being worked on.
#[derive(Debug)]
pub struct Task {
    bar: Option<ProgressBar>,
    name: String,
}

impl Progress {
    /// Progress towards `n_trials`.
    pub fn new(n_trials: usize) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bars: None };
        }
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let total = bars.add(ProgressBar::new(n_trials as u64));
        // The template is a constant that indicatif accepts; a plain bar stands in should that change.
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} trials, {elapsed} so far{msg}");
        total.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        total.enable_steady_tick(Duration::from_millis(200));
        Self { bars: Some((bars, total)) }
    }

    /// Begins something; it ends when the task is dropped.
    pub fn task(&self, name: &str) -> Task {
        let bar = self.bars.as_ref().map(|(bars, total)| {
            let bar = bars.insert_before(total, ProgressBar::new_spinner());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Task { bar, name: name.to_owned() }
    }

    /// Takes trials that need no work out of the count.
    pub fn skip(&self, n: usize) {
        if let Some((_, total)) = &self.bars {
            total.set_length(total.length().unwrap_or(0).saturating_sub(n as u64));
        }
    }

    /// Counts finished trials.
    pub fn done(&self, n: usize) {
        if let Some((_, total)) = &self.bars {
            total.inc(n as u64);
            let (done, len) = (total.position(), total.length().unwrap_or(0));
            // Trials of one plan take about the same time; before the first is finished nothing is known.
            let left = total.elapsed().mul_f64(len.saturating_sub(done) as f64 / done.max(1) as f64);
            total.set_message(format!(", about {} left", HumanDuration(left)));
        }
    }

    /// Prints a line above the bars.
    pub fn line(&self, text: &str) {
        let print = || {
            // A reader of stderr that has gone misses nothing that is not in the store.
            let _ = writeln!(io::stderr().lock(), "{text}");
        };
        match &self.bars {
            Some((bars, _)) => bars.suspend(print),
            None => print(),
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        if let Some((bars, total)) = &self.bars {
            total.finish_and_clear();
            // The terminal may have gone; there is nothing to clear then.
            let _ = bars.clear();
        }
    }
}

impl Task {
    /// Says what is being worked on.
    pub fn say(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {what}", self.name));
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_there_are_lines_and_no_bars() {
        if io::stderr().is_terminal() {
            eprintln!("skipped: stderr is a terminal");
            return;
        }
        let progress = Progress::new(3);
        assert!(progress.bars.is_none());
        let task = progress.task("t");
        task.say("nothing is drawn");
        progress.done(1);
        progress.finish();
    }
}
