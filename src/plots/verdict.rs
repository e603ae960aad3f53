//! What a difference means to the reader: better, worse, different or undecided, and the color of each.
//!
//! One place for it, because a metric where smaller is better turns left into good: no figure may decide that for itself.

use super::theme::{Color, INK, MUTED};
use plotters::style::RGBColor;

/// Green of the arms' palette.
const GOOD: Color = RGBColor(0x00, 0x9E, 0x73);
/// Wine of the arms' palette: much darker than the green, so that the two differ without color vision too.
const BAD: Color = RGBColor(0x88, 0x22, 0x55);

/// Which direction of a quantity is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Better {
    /// Larger values are better.
    #[default]
    Higher,
    /// Smaller values are better.
    Lower,
    /// Neither: a difference is only a difference.
    Neutral,
}

/// What a difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Better than the baseline.
    Better,
    /// Worse than the baseline.
    Worse,
    /// Other than the baseline, neither better nor worse.
    Different,
    /// Not told apart from no difference.
    Undecided,
}

impl Better {
    /// Verdict of a difference that is known to have this sign; zero and what is not a number decide nothing.
    pub fn verdict(self, difference: f64) -> Verdict {
        match self {
            _ if difference.is_nan() || difference == 0.0 => Verdict::Undecided,
            Better::Neutral => Verdict::Different,
            Better::Higher if difference > 0.0 => Verdict::Better,
            Better::Lower if difference < 0.0 => Verdict::Better,
            Better::Higher | Better::Lower => Verdict::Worse,
        }
    }

    /// Verdict of an interval: that of its sign where it lies on one side of zero; an interval that touches zero decides nothing.
    pub fn verdict_of_interval(self, lower: f64, upper: f64) -> Verdict {
        if lower > 0.0 && upper > 0.0 {
            self.verdict(1.0)
        } else if lower < 0.0 && upper < 0.0 {
            self.verdict(-1.0)
        } else {
            Verdict::Undecided
        }
    }
}

impl Verdict {
    /// Its color in every figure.
    pub fn color(self) -> Color {
        match self {
            Verdict::Better => GOOD,
            Verdict::Worse => BAD,
            Verdict::Different => INK,
            Verdict::Undecided => MUTED,
        }
    }

    /// Its name in keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Different => "different",
            Verdict::Undecided => "interval includes 0",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_is_better_turns_the_colors_around() {
        assert_eq!(Better::Higher.verdict_of_interval(0.1, 0.2), Verdict::Better);
        assert_eq!(Better::Higher.verdict_of_interval(-0.2, -0.1), Verdict::Worse);
        assert_eq!(Better::Lower.verdict_of_interval(0.1, 0.2), Verdict::Worse);
        assert_eq!(Better::Lower.verdict_of_interval(-0.2, -0.1), Verdict::Better);
        assert_eq!(Better::Neutral.verdict_of_interval(-0.2, -0.1), Verdict::Different);
    }

    #[test]
    fn an_interval_that_touches_zero_decides_nothing() {
        for better in [Better::Higher, Better::Lower, Better::Neutral] {
            for (lower, upper) in [(-1.0, 1.0), (0.0, 1.0), (-1.0, 0.0), (0.0, 0.0), (f64::NAN, 1.0), (1.0, f64::NAN)] {
                assert_eq!(better.verdict_of_interval(lower, upper), Verdict::Undecided, "{lower} {upper}");
            }
        }
    }
}
