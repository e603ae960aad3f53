//! How numbers and names are written on the page.

use super::records::Metric;
use crate::plots::Spread;
use crate::plots::theme::grouped;
use crate::stats::student;
use crate::stats::t_test::Moments;
use serde::Serialize;

/// What stands for a value that is not there.
pub const MISSING: &str = "–";

/// A number in a table cell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Cell {
    /// Mean over seeds.
    pub text: String,
    /// The interval, or lowest to highest seed; empty for one seed without an interval.
    pub range: String,
    /// Whether no arm is better.
    pub is_best: bool,
}

impl Cell {
    /// A value over seeds, three decimals.
    pub fn of(spread: Option<Spread>) -> Self {
        match spread {
            Some(value) => Self { text: decimal(value.mean), range: range(value), is_best: false },
            None => Self { text: MISSING.to_owned(), ..Self::default() },
        }
    }

    /// A value over seeds with its interval in brackets, where it has one.
    pub fn estimate(spread: Option<Spread>) -> Self {
        let own = spread.filter(|own| own.lowest < own.highest);
        Self { range: own.map_or_else(String::new, |own| brackets(own.lowest, own.highest)), ..Self::of(spread) }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A count over seeds, without decimals.
    pub fn count(values: &[i64]) -> Self {
        let (Some(&low), Some(&high)) = (values.iter().min(), values.iter().max()) else { return Self::of(None) };
        let mean = values.iter().map(|&value| value as f64).sum::<f64>() / values.len() as f64;
        let range = if low == high { String::new() } else { counts(low, high) };
        Self { text: grouped(mean), range, is_best: false }
    }
}

/// `0.812`, `−0.003`; never `−0.000`.
pub fn decimal(value: f64) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    if value.abs() >= 1e6 {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.3}");
    if text == "-0.000" { "0.000".to_owned() } else { text.replace('-', "−") }
}

/// The mean of some values between the ends of its 95 % interval, from two values on; `None` without values, or if one is not finite.
///
/// `mean ± t(0.975; n − 1) sd / √n`. - Source: Student (1908).
pub fn over_seeds(values: &[f64]) -> Option<Spread> {
    let Spread { mean, .. } = Spread::of(values)?;
    let margin = Moments::of(values.iter().copied()).map_or(0.0, |own| {
        let df = (own.n - 1) as f64;
        student::quantile(0.975, df) * (own.variance / own.n as f64).sqrt()
    });
    Some(Spread { mean, lowest: mean - margin, highest: mean + margin })
}

/// `[0.806, 0.818]`.
pub fn brackets(lower: f64, upper: f64) -> String {
    format!("[{}, {}]", decimal(lower), decimal(upper))
}

/// `0.806–0.818`, `−0.046 to −0.034`; empty when there is no spread.
pub fn range(value: Spread) -> String {
    if value.lowest >= value.highest {
        return String::new();
    }
    let between = if value.lowest < 0.0 { " to " } else { "–" };
    format!("{}{between}{}", decimal(value.lowest), decimal(value.highest))
}

/// `604`, or `604–610`.
pub fn counts(low: i64, high: i64) -> String {
    if low == high { grouped(low as f64) } else { format!("{}–{}", grouped(low as f64), grouped(high as f64)) }
}

/// A whole number: `20,168`.
pub fn whole(value: i64) -> String {
    grouped(value as f64)
}

/// `1 seed`, `5 seeds`.
pub fn seeds(n: usize) -> String {
    crate::error::plural(n, "seed")
}

/// A metric's name as people write it, with its cutoff: `NDCG@10`, `Hit rate@10`, `ROC-AUC`.
pub fn label(name: &str, k: Option<i64>) -> String {
    const INITIALS: &[&str] = &["ndcg", "map", "mrr", "auc", "rmse", "mae", "ece", "roc-auc"];
    let written = if INITIALS.contains(&name) {
        name.to_uppercase()
    } else {
        let name = name.replace(['-', '_'], " ");
        match name.split_once(' ') {
            Some((first, rest)) if INITIALS.contains(&first) => format!("{} {rest}", first.to_uppercase()),
            _ => {
                let mut letters = name.chars();
                letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
            }
        }
    };
    match k {
        Some(k) if k > 0 => format!("{written}@{k}"),
        _ => written,
    }
}

/// A metric's name with its unit: `RMSE, stars`.
pub fn with_unit(metric: &Metric, label: &str) -> String {
    if metric.unit.is_empty() { label.to_owned() } else { format!("{label}, {}", metric.unit) }
}

/// Milliseconds, in a unit that keeps them short.
pub fn duration(ms: f64) -> String {
    if !ms.is_finite() {
        MISSING.to_owned()
    } else if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 10_000.0 {
        format!("{} ms", grouped(ms))
    } else if ms < 600_000.0 {
        format!("{:.1} s", ms / 1e3)
    } else {
        format!("{:.1} min", ms / 6e4)
    }
}

/// Bytes in binary megabytes.
pub fn memory(bytes: i64) -> String {
    format!("{} MiB", grouped(bytes as f64 / f64::from(1 << 20)))
}

/// A text with minus signs in place of the hyphens before numbers: `[-0.1, +0.2]` becomes `[−0.1, +0.2]`, and `mf-2` or `1e-9` stay.
pub fn minus(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut before, mut rest) = (' ', text.chars().peekable());
    while let Some(c) = rest.next() {
        let is_sign =
            c == '-' && !before.is_alphanumeric() && before != '-' && rest.peek().is_some_and(char::is_ascii_digit);
        out.push(if is_sign { '−' } else { c });
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphens_of_numbers_become_minus_signs() {
        for (found, expected) in [
            ("-0.1", "−0.1"),
            ("NDCG@10 -0.02 [-0.1, +0.2] (-3 %)", "NDCG@10 −0.02 [−0.1, +0.2] (−3 %)"),
            ("mf-2 beats item-knn: p = 1e-9", "mf-2 beats item-knn: p = 1e-9"),
            ("--k -x - 5 é-1", "--k -x - 5 é-1"),
            ("", ""),
        ] {
            assert_eq!(minus(found), expected);
        }
    }

    #[test]
    fn the_interval_over_seeds_is_students() {
        // 1, 2, 3: mean 2, sd 1; t(0.975; 2) = 4.302653 (tables), / √3 = 2.484138.
        let found = over_seeds(&[1.0, 2.0, 3.0]).unwrap();
        assert!((found.lowest + 0.484_138).abs() < 1e-6 && (found.highest - 4.484_138).abs() < 1e-6, "{found:?}");
        assert_eq!(over_seeds(&[0.5]), Some(Spread { mean: 0.5, lowest: 0.5, highest: 0.5 }));
        assert_eq!(Cell::estimate(over_seeds(&[0.5])).range, "");
        assert_eq!(over_seeds(&[]), None);
    }

    #[test]
    fn numbers_have_three_decimals_and_a_real_minus() {
        assert_eq!([0.8124, -0.0031, -0.0001, f64::NAN].map(decimal), ["0.812", "−0.003", "0.000", "–"]);
        assert_eq!(Cell::of(None).text, "–");
        assert_eq!(range(Spread { mean: 0.5, lowest: 0.25, highest: 0.75 }), "0.250–0.750");
        assert_eq!(range(Spread { mean: -0.25, lowest: -0.5, highest: 0.0 }), "−0.500 to 0.000");
    }

    #[test]
    fn names_read_like_words() {
        assert_eq!(label("ndcg", Some(10)), "NDCG@10");
        assert_eq!(label("hit-rate", Some(5)), "Hit rate@5");
        assert_eq!(label("ndcg_loss", None), "NDCG loss");
        assert_eq!(label("roc-auc", Some(0)), "ROC-AUC");
        assert_eq!(label("", None), "");
    }

    #[test]
    fn counts_keep_their_range() {
        // (604 + 610) / 2 = 607
        assert_eq!(Cell::count(&[604, 610]), Cell { text: "607".into(), range: "604–610".into(), is_best: false });
        assert_eq!(Cell::count(&[20_168]).text, "20,168");
    }
}
