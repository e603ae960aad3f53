//! Figures: plain numbers in, a [`Canvas`] out, which renders as SVG text and as PNG bytes.
//!
//! A figure knows no store and no model: names, numbers and colors are handed to it, so that any page can use it and a test needs three lines. Each
//! figure first becomes a list of marks in CSS pixels; the two renderings come from the same list and cannot drift apart. Layout is our own, because
//! labels must never be cut and plotters measures nothing; the drawing itself is plotters', with an embedded font, so that no machine needs one.
//!
//! To add a figure: one file with its `…Data` and its `draw`, and one line in [`PLOTS`].

pub mod calibration;
pub mod canvas;
pub mod differences;
pub mod forest;
pub mod heat_map;
pub mod importance;
pub mod leaderboard_bars;
pub mod learning_curve;
mod legend;
pub mod long_tail;
pub mod metric_at_k;
pub mod panel;
pub mod power_curve;
pub mod ranks;
pub mod score_ranges;
pub mod segment_bars;
pub mod theme;
pub mod timeline;
pub mod trade_off;
pub mod verdict;

pub use canvas::Canvas;
pub use theme::{Color, Role, arm_colors};
pub use verdict::{Better, Verdict};

/// Every figure there is: name and one line about it.
pub const PLOTS: &[(&str, &str)] = &[
    ("leaderboard-bars", "every arm's mean with its range over seeds, best first"),
    ("metric-at-k", "a metric against the length of the judged list, one line per arm"),
    ("importance", "how much each feature matters to an arm"),
    ("learning-curve", "a quantity recorded while fitting, one thin line per seed and their mean"),
    ("differences", "how a difference is spread over users: winners, tied, losers"),
    ("forest", "differences from a baseline with their intervals around zero"),
    ("segment-bars", "every arm's mean in each segment, with its interval"),
    ("heat-map", "arms against segments, every cell with its number and a shade"),
    ("trade-off", "what accuracy costs: arms between two metrics, and those that none beats in both"),
    ("ranks", "average ranks with their critical difference: whose lines overlap cannot be told apart"),
    ("power-curve", "power against the number of users, and where it reaches 80 %"),
    ("calibration", "predicted probabilities against what came true, one line per arm"),
    ("score-ranges", "where an arm's scores of relevant items lie, and where those of others"),
    ("timeline", "counts per calendar period"),
    ("long-tail", "how much of everything the few hold, and the diagonal if all had the same"),
];

/// Text that every figure carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heading {
    /// What is shown, e.g. `NDCG@10, rated`.
    pub title: String,
    /// Under which conditions: protocol, number of users and seeds, what the intervals are.
    pub caption: String,
}

/// A mean and its range over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Smallest.
    pub lowest: f64,
    /// Largest.
    pub highest: f64,
}

impl Spread {
    /// Mean, smallest and largest of some values, summed in their order; `None` without values, or if one is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let (lowest, highest) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
        Some(Self { mean: values.iter().sum::<f64>() / values.len() as f64, lowest, highest })
    }

    /// Whether a figure can show it.
    pub fn is_finite(&self) -> bool {
        self.mean.is_finite() && self.lowest.is_finite() && self.highest.is_finite()
    }
}

#[cfg(test)]
mod tests;
