//! What a comparison says, in words.

use super::paired::{Paired, Rules};
use crate::error::plural;
use crate::store::inference::Looks;
use serde::Serialize;

/// What a paired difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The candidate is better, beyond chance.
    Better,
    /// It is worse, beyond chance.
    Worse,
    /// They differ beyond chance, where neither direction is better.
    Different,
    /// The same for every user.
    Identical,
    /// The difference is shown to be smaller than the margin.
    Equivalent,
    /// The data do not say.
    Undecided,
}

/// Decides: the test after correction and the interval must agree before a difference is called real.
pub fn decide(paired: &Paired, rules: Rules) -> Decision {
    if paired.is_identical() {
        return Decision::Identical;
    }
    if paired.is_real(rules.level) {
        let gain = paired.topic.sign() * paired.uplift;
        return match () {
            () if gain > 0.0 => Decision::Better,
            () if gain < 0.0 => Decision::Worse,
            () => Decision::Different,
        };
    }
    if paired.equivalence_p.is_some_and(|p| p < 1.0 - rules.level) { Decision::Equivalent } else { Decision::Undecided }
}

/// The first line of a comparison.
pub fn sentence(candidate: &str, baseline: &str, paired: &Paired, rules: Rules) -> String {
    let label = if paired.topic.segment == "all" {
        paired.topic.label()
    } else {
        format!("{} in {}", paired.topic.label(), paired.topic.segment)
    };
    let people =
        format!("{} users × {} seed{}", paired.n_users, paired.n_seeds, if paired.n_seeds == 1 { "" } else { "s" });
    let decision = decide(paired, rules);
    if decision == Decision::Identical {
        return format!(
            "{candidate} and {baseline} are identical on every user: {label} {}; {people}",
            fixed(paired.baseline)
        );
    }
    let margin = short(rules.margin);
    let claim = match decision {
        Decision::Better => format!("{candidate} beats {baseline}"),
        Decision::Worse => format!("{candidate} loses to {baseline}"),
        Decision::Different => format!("{candidate} and {baseline} differ"),
        Decision::Equivalent => format!("{candidate} and {baseline} are equivalent within ±{margin}"),
        Decision::Identical | Decision::Undecided => format!("{candidate} and {baseline} cannot be told apart"),
    };
    let mut out = format!("{claim}: {label} {}, p {}", uplift(paired), p_text(paired.p_value()));
    if paired.p_adjusted.is_some() && paired.family_size > 1 {
        out += &format!(" (Holm over {})", paired.family_size);
    }
    if let Some(d) = paired.d {
        out += &format!(", d = {d:.2}");
    }
    let percent = |n: usize| format!("{:.0} %", 100.0 * n as f64 / paired.n_users.max(1) as f64);
    let (better, worse) = if paired.topic.sign() == 0.0 { ("higher", "lower") } else { ("better", "worse") };
    out += &format!("; {} of users {better}, {} {worse}; {people}", percent(paired.n_better), percent(paired.n_worse));
    match decision {
        Decision::Undecided => match paired.users_needed {
            Some(n) if n > paired.n_users as u64 => {
                out += &format!("; a difference of this size needs about {n} users to be seen");
            }
            _ => {}
        },
        Decision::Better | Decision::Worse if paired.equivalence_p.is_some_and(|p| p < 1.0 - rules.level) => {
            out += &format!("; but it is smaller than ±{margin}");
        }
        _ => {}
    }
    out
}

/// How often the test ratings have been looked at, and why that matters.
pub fn caution(looks: &Looks) -> String {
    format!(
        "These test ratings have judged {} of {} and were looked at by {}, this one included: the more looks, the less a small p means.",
        plural(looks.n_arms as usize, "arm"),
        plural(looks.n_runs as usize, "run"),
        plural(looks.n_comparisons as usize, "comparison")
    )
}

/// `+0.0061 [+0.0012, +0.0110] (+0.8 %)`.
pub fn uplift(paired: &Paired) -> String {
    let percent = |share: f64| format!("{:+.1}", 100.0 * share).replace("-0.0", "0.0").replace("+0.0", "0.0");
    let relative = paired.relative.map_or_else(String::new, |share| format!(" ({} %)", percent(share)));
    format!("{} [{}, {}]{relative}", signed(paired.uplift), signed(paired.lower), signed(paired.upper))
}

/// Four decimals with a sign; 0 has none.
pub fn signed(value: f64) -> String {
    let text = format!("{value:+.4}");
    if text.trim_start_matches(['+', '-']).bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        "0.0000".into()
    } else {
        text
    }
}

/// Four decimals.
pub fn fixed(value: f64) -> String {
    format!("{value:.4}")
}

/// As few digits as say it.
pub fn short(value: f64) -> String {
    format!("{value}")
}

/// `= 0.014`, or `< 0.001`.
pub fn p_text(p: f64) -> String {
    if p < 0.0005 { "< 0.001".into() } else { format!("= {p:.3}") }
}
