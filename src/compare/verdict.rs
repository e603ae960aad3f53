//! What a comparison says, in words.

use super::paired::{Paired, Rules};
use crate::error::plural;
use crate::store::inference::Looks;
use serde::{Deserialize, Serialize};

/// What a paired difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    if paired.is_equivalent(rules) { Decision::Equivalent } else { Decision::Undecided }
}

/// The first line of a comparison.
pub fn sentence(candidate: &str, baseline: &str, paired: &Paired, rules: Rules) -> String {
    let label = paired.topic.label_in_segment();
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
        Decision::Undecided => {
            out += doubt(paired, rules);
            if let Some(n) = paired.users_needed.filter(|&n| n > paired.n_users as u64) {
                out += &format!(
                    "; one uncorrected test over users needs about {n} of them to see a difference of this size"
                );
            }
        }
        Decision::Better | Decision::Worse if paired.is_equivalent(rules) => {
            out += &format!("; but it is smaller than ±{margin}");
        }
        _ => {}
    }
    out
}

/// Why a difference is not called real although one of test and interval sees it.
fn doubt(paired: &Paired, rules: Rules) -> &'static str {
    let is_outside = paired.lower > 0.0 || paired.upper < 0.0;
    match (paired.p_value() < 1.0 - rules.level, is_outside) {
        (true, false) if paired.interval_method == "two-way" => {
            "; the test over users sees a difference, the interval over users and seeds does not"
        }
        (true, false) => "; the test sees a difference, the interval does not",
        (false, true) if paired.p < 1.0 - rules.level => {
            "; seen alone it would be a difference, among so many tests it is not"
        }
        (false, true) => "; the interval sees a difference, the test does not",
        (false, false) if paired.is_equivalent_over_users(rules) => {
            "; over users the difference is smaller than the margin, over users and seeds that is not shown"
        }
        _ => "",
    }
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
    format!("{} {}{relative}", signed(paired.uplift), interval((paired.lower, paired.upper)))
}

/// `[+0.0012, +0.0110]`.
pub fn interval((lower, upper): (f64, f64)) -> String {
    format!("[{}, {}]", signed(lower), signed(upper))
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
    let text = format!("{value:.4}");
    if text == "-0.0000" { "0.0000".to_owned() } else { text }
}

/// As few digits as say it.
pub fn short(value: f64) -> String {
    if value == 0.0 || (1e-6..1e9).contains(&value.abs()) { format!("{value}") } else { format!("{value:e}") }
}

/// `= 0.014`, or `< 0.001`.
pub fn p_text(p: f64) -> String {
    if p < 0.0005 { "< 0.001".into() } else { format!("= {p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { level: 0.95, n_resamples: 1000, margin: 0.005 };

    fn said(paired: &Paired) -> String {
        sentence("a", "b", paired, RULES)
    }

    #[test]
    fn a_difference_is_real_where_test_and_interval_agree() {
        let clear = Paired::example(0.02, (0.01, 0.03), 0.01);
        assert_eq!(decide(&clear, RULES), Decision::Better);
        assert_eq!(decide(&Paired::example(-0.02, (-0.03, -0.01), 0.01), RULES), Decision::Worse);
        for doubtful in [
            Paired::example(0.02, (-0.001, 0.03), 0.01),
            Paired::example(0.02, (0.01, 0.03), 0.06),
            Paired { p_adjusted: Some(0.06), ..clear.clone() },
        ] {
            assert_eq!(decide(&doubtful, RULES), Decision::Undecided);
        }
    }

    #[test]
    fn the_direction_of_the_metric_decides_who_wins() {
        let mut paired = Paired::example(0.02, (0.01, 0.03), 0.01);
        for (direction, decision) in
            [("higher", Decision::Better), ("lower", Decision::Worse), ("neutral", Decision::Different)]
        {
            paired.topic.direction = direction.into();
            assert_eq!(decide(&paired, RULES), decision);
        }
        assert!(said(&paired).contains("41 % of users higher, 37 % lower"));
    }

    #[test]
    fn no_difference_is_told_apart_from_no_answer() {
        let open = Paired::example(0.001, (-0.004, 0.006), 0.7);
        assert_eq!(decide(&open, RULES), Decision::Undecided);
        let small = Paired { equivalence_p: Some(0.01), ..open.clone() };
        assert_eq!(decide(&small, RULES), Decision::Undecided, "seeds make it reach beyond the margin");
        let because = "; over users the difference is smaller than the margin, over users and seeds that is not shown";
        assert!(said(&small).contains(because), "{}", said(&small));
        assert_eq!(decide(&Paired { upper: 0.0045, ..small.clone() }, RULES), Decision::Equivalent);
        assert_eq!(decide(&Paired { interval_method: "bca-users".into(), ..small }, RULES), Decision::Equivalent);
        let none = Paired { n_better: 0, n_worse: 0, n_tied: 100, ..open };
        assert_eq!(decide(&none, RULES), Decision::Identical);
    }

    #[test]
    fn sentences_carry_size_interval_test_effect_users_and_seeds() {
        let mut paired = Paired::example(0.0061, (0.0012, 0.011), 0.003);
        (paired.p_adjusted, paired.family_size) = (Some(0.014), 6);
        let expected = "a beats b: NDCG@10 +0.0061 [+0.0012, +0.0110] (+1.2 %), p = 0.014 (Holm over 6), d = 0.10; \
                        41 % of users better, 37 % worse; 100 users × 5 seeds";
        assert_eq!(said(&paired), expected);
        paired.equivalence_p = Some(0.01);
        assert_eq!(said(&paired), expected, "over users and seeds it may be as large as 0.011");
        paired.upper = 0.0049;
        assert!(said(&paired).ends_with("; but it is smaller than ±0.005"));
        let undecided = said(&Paired::example(0.001, (-0.004, 0.006), 0.7));
        assert!(undecided.starts_with("a and b cannot be told apart: "), "{undecided}");
        assert!(
            undecided.ends_with("100 users × 5 seeds; one uncorrected test over users needs about 800 of them to see a difference of this size"),
            "{undecided}"
        );
        let seeds_differ = said(&Paired::example(0.02, (-0.001, 0.03), 0.01));
        assert!(
            seeds_differ
                .contains("; the test over users sees a difference, the interval over users and seeds does not")
        );
        let alone = said(&Paired { p_adjusted: Some(0.08), ..Paired::example(0.02, (0.001, 0.03), 0.02) });
        assert!(alone.contains("; seen alone it would be a difference, among so many tests it is not"), "{alone}");
        let mut segment = Paired::example(0.0, (0.0, 0.0), 1.0);
        (segment.n_better, segment.n_worse, segment.topic.segment) = (0, 0, "user-activity:cold".into());
        let same = "a and b are identical on every user: NDCG@10 in user-activity:cold 0.5000; 100 users × 5 seeds";
        assert_eq!(said(&segment), same);
    }

    #[test]
    fn numbers_have_no_negative_zero() {
        assert_eq!(
            (signed(-0.00004), signed(0.0), signed(-0.00006)),
            ("0.0000".into(), "0.0000".into(), "-0.0001".into())
        );
        assert_eq!(uplift(&Paired::example(-0.00001, (-0.1, 0.1), 1.0)), "0.0000 [-0.1000, +0.1000] (0.0 %)");
        assert_eq!([0.005, 0.0, 1e300].map(short), ["0.005", "0", "1e300"]);
        assert_eq!((p_text(0.0004), p_text(0.0005)), ("< 0.001".into(), "= 0.001".into()));
    }
}
