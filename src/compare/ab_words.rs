//! What an offline A/B test found, in words and rows that the terminal and the page share.

use super::ab::AbTest;
use super::guards::{Evidence, Guard};
use super::paired::Paired;
use super::verdict::{fixed, interval, p_text, short, signed};
use crate::stats::power;

/// One way to analyse a test.
pub struct Analysis {
    /// What it is called.
    pub name: &'static str,
    /// Chance to see the uplift with the users there are; `None` where there is no uplift to see.
    pub power: Option<f64>,
    /// Users that see it with 80 % power.
    pub users_needed: Option<u64>,
}

/// The ways to analyse the test, the least able first.
pub fn designs(found: &AbTest) -> [Analysis; 3] {
    let judged = found.replays.as_ref().and_then(|replays| replays.against_truth);
    let n_users = found.design.n_users.unwrap_or(found.primary.n_users) as f64;
    let paired = found.primary.d.filter(|&d| d != 0.0).map(|d| power::paired(d, n_users, 1.0 - found.rules.level));
    [
        Analysis {
            name: "each user under one side",
            power: judged.map(|judged| judged.power),
            users_needed: found.users_needed,
        },
        Analysis {
            name: "the same with CUPED",
            power: judged.map(|judged| judged.power_cuped),
            users_needed: found.users_needed_cuped,
        },
        Analysis { name: "each user under both sides", power: paired, users_needed: found.users_needed_paired },
    ]
}

/// Heads of a table of guards.
pub const GUARD_HEADS: [&str; 5] = ["guardrails and segments", "state", "difference", "interval", "limit"];

/// Guardrails, then segments that may not lose: what it is, its state, difference, interval and limit.
pub fn guards(found: &AbTest) -> Vec<Vec<String>> {
    let row = |guard: &Guard| {
        vec![
            guard.text.clone(),
            guard.state.name().to_owned(),
            signed(guard.found.uplift()),
            guard.found.ends().map_or_else(|| "–".into(), interval),
            signed(guard.limit),
        ]
    };
    found.guardrails.iter().chain(&found.segments).map(row).collect()
}

/// The primary metric in the segments that may not lose.
pub fn segments(found: &AbTest) -> Vec<Paired> {
    let paired = |guard: &Guard| match &guard.found {
        Evidence::Users(found) => Some(Paired::clone(found)),
        Evidence::Seeds(_) => None,
    };
    found.segments.iter().filter_map(paired).collect()
}

/// What was tested, and how.
pub fn setting(found: &AbTest) -> String {
    let primary = if found.primary.topic.metric == "engagement" {
        format!(
            "engagement: relevant items among the {} shown, discount {}, protocol {} on {}",
            found.primary.topic.k, found.discount, found.protocol, found.dataset
        )
    } else {
        format!("{}, protocol {} on {}", found.primary.topic.label(), found.protocol, found.dataset)
    };
    let percent = |share: f64| (share * 1e4).round() / 100.0;
    format!(
        "{primary}; split {}/{}, minimum uplift {}, {} % intervals, margin ±{}, seeds {}",
        percent(found.design.share),
        percent(1.0 - found.design.share),
        found.minimum_uplift,
        percent(found.rules.level),
        short(found.rules.margin),
        found.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    )
}

/// What replays, covariate and pairing showed, a sentence or two each.
pub fn findings(found: &AbTest) -> Vec<String> {
    let Some(replays) = &found.replays else {
        return vec!["Too few users to replay a test.".into()];
    };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let mut seen = format!(
        "{} replayed tests of {:.0} users, each under one side: observed uplift {} on average, standard deviation {}, 95 of 100 between {} and {}.",
        replays.n_replays,
        replays.mean_users,
        signed(replays.mean),
        fixed(replays.sd),
        signed(replays.quantiles[0]),
        signed(replays.quantiles[2])
    );
    seen += &match replays.against_truth {
        Some(judged) => format!(
            " The side that is behind was ahead in {}, significantly in {}.",
            percent(judged.wrong),
            percent(judged.wrong_significant)
        ),
        None => {
            format!(" No side is ahead; {} of the tests are significant all the same.", percent(replays.significant))
        }
    };
    let mut out = vec![
        seen,
        format!(
            "CUPED: a user's mean rating in train_full explains {} of the variance of {} (Deng et al. 2013).",
            percent(replays.explained),
            found.primary.topic.label()
        ),
    ];
    if let Some(hits) = &found.hits {
        out.push(format!(
            "Users shown anything relevant, one half of them under each side: {} and {}, difference {} [{}, {}]{}.",
            fixed(hits.candidate),
            fixed(hits.baseline),
            signed(hits.difference),
            signed(hits.lower),
            signed(hits.upper),
            hits.p.map_or_else(String::new, |p| format!(", p {}", p_text(p)))
        ));
    }
    if let (Some(apart), Some(together)) = (found.users_needed, found.users_needed_paired) {
        out.push(format!(
            "Showing both sides to the same users, which only an offline test can, needs {together} users where a test with users needs {apart}."
        ));
    }
    out
}
