//! The page of an offline A/B test.

use super::comparison::{ComparisonPage, PlainTable, asked, page_name, paired, with_minus, write_page};
use super::comparison_figures::better;
use super::figures::{Draft, Figure, Place, rendered};
use super::page::STYLE;
use crate::compare::ab::AbTest;
use crate::compare::ab_words::{GUARD_HEADS, designs, findings, guards, segments, setting};
use crate::compare::topic::Rows;
use crate::compare::verdict::{caution, signed};
use crate::error::Result;
use crate::plots::differences::{self, DifferencesData, Unit};
use crate::plots::power_curve::{self, PowerCurve, PowerCurveData};
use crate::plots::{Heading, Role, arm_colors};
use std::path::{Path, PathBuf};

/// Writes the page of a test with its figures into a folder below `reports`. Returns the path of `index.html`.
///
/// # Errors
/// [`crate::Error::Io`] if a file cannot be written.
pub fn write_ab(found: &AbTest, reports: &Path) -> Result<PathBuf> {
    let figures = figures(found)?;
    let [candidate, baseline] = [&found.sides[0].name, &found.sides[1].name];
    let page = page(found, &figures);
    write_page(&page_name("ab", &[candidate, baseline], &found.asked), &page, &figures, reports)
}

fn page<'a>(found: &'a AbTest, figures: &'a [Figure]) -> ComparisonPage<'a> {
    let [candidate, baseline] = [&found.sides[0], &found.sides[1]];
    ComparisonPage {
        style: STYLE,
        kind: "Offline A/B test",
        title: format!("{} in place of {}", candidate.name, baseline.name),
        verdict: &found.verdict,
        lines: findings(found),
        caution: caution(&found.looks),
        meta: format!(
            "{}{}; {}",
            setting(found),
            asked(&found.asked),
            found
                .sides
                .iter()
                .map(|side| format!("{}: run {}, arm {}", side.name, side.run, side.arm))
                .collect::<Vec<_>>()
                .join("; ")
        ),
        figures,
        tables: tables(found),
        examples: Vec::new(),
        the_rest: "",
        changes: None,
        notes: found.notes.clone(),
        methods: methods(found),
    }
}

fn tables(found: &AbTest) -> Vec<PlainTable> {
    let sides = [found.sides[0].name.as_str(), found.sides[1].name.as_str()];
    let rows = designs(found).into_iter().map(|design| {
        vec![
            design.name.to_owned(),
            design.power.map_or_else(|| "–".into(), |power| format!("{:.0} %", 100.0 * power)),
            design.users_needed.map_or_else(|| "–".into(), |n| n.to_string()),
        ]
    });
    let head = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
    let mut out = vec![
        paired(
            Rows::Metrics,
            "The same users under both sides.".into(),
            std::slice::from_ref(&found.primary),
            sides,
        ),
        paired(Rows::Segments, "Segments that may not lose.".into(), &segments(found), sides),
        PlainTable {
            caption: "Guardrails and segments: held where the whole interval is on the allowed side of the limit; broken where it is beyond it or, in a segment, below \
                      zero; open between."
                .into(),
            columns: head(&GUARD_HEADS),
            rows: guards(found),
        },
        PlainTable {
            caption: "What each way to analyse a test sees with the users there are, and how many it would need."
                .into(),
            columns: head(&["analysis", "power", "users for 80 % power"]),
            rows: rows.collect(),
        },
    ];
    out.retain(|table| !table.rows.is_empty());
    with_minus(out)
}

fn figures(found: &AbTest) -> Result<Vec<Figure>> {
    let mut drafts = Vec::new();
    let label = found.primary.topic.label();
    if let Some(replays) = &found.replays {
        let data = DifferencesData {
            heading: Heading {
                title: format!("What {} tests would have shown", replays.n_replays),
                caption: format!(
                    "Observed uplift of {label} in each replay of about {:.0} users; {} under both sides.",
                    replays.mean_users,
                    signed(found.primary.uplift)
                ),
            },
            x_name: format!("observed uplift of {label}"),
            better: better(&found.primary),
            unit: Unit::Tests,
            differences: replays.uplifts.clone(),
        };
        drafts.push(Draft::new(Place::Comparison, "replays", &data.heading.title.clone(), differences::draw(&data)));
    }
    let designs = designs(found);
    let colors = arm_colors(&[Role::Contender, Role::Contender, Role::Primary]);
    let curves = designs.iter().zip(colors).zip(&found.power).map(|((design, color), points)| PowerCurve {
        name: design.name.to_owned(),
        color,
        points: points.iter().map(|&(n, power)| (n as usize, power)).collect(),
        n_needed: design.users_needed.map(|n| n as usize),
    });
    let curves: Vec<PowerCurve> = curves.filter(|curve| !curve.points.is_empty()).collect();
    if !curves.is_empty() {
        let data = PowerCurveData {
            heading: Heading {
                title: "How many users would it take?".into(),
                caption: format!(
                    "Chance of a significant test, uncorrected, where the uplift is {}, as found, by the way it is analysed.",
                    signed(found.primary.uplift)
                ),
            },
            curves,
            n_users: Some(found.design.n_users.unwrap_or(found.primary.n_users)),
        };
        drafts.push(Draft::new(
            Place::Comparison,
            "power-tests",
            &data.heading.title.clone(),
            power_curve::draw(&data),
        ));
    }
    rendered(drafts)
}

/// Which methods made the numbers, with their sources.
fn methods(found: &AbTest) -> Vec<String> {
    let n = found.rules.n_resamples;
    vec![
        "The decision rests on the paired difference: the same user under both sides, averaged over seeds. Harm comes first, a broken guardrail or a losing \
         segment; then gain, an interval wholly above the minimum uplift and a significant permutation test, with no guard open; then equivalence, two one-sided t \
         tests (Schuirmann 1987) and, from five seeds on, the interval within the margin. All else is undecided."
            .into(),
        format!("Intervals: bootstrap, {n} resamples, over users (BCa, Efron 1987) or, from five seeds on, over users and seeds (Owen & Eckles 2012). p: sign-flip permutation."),
        "Guardrails on what lists have only together, such as coverage: Student's t of the differences over seeds. Power: of one test, uncorrected, with users as the \
         only source of chance."
            .into(),
        "Replays: a seed at random, users assigned at random, Welch's t test between the groups; with CUPED after a linear adjustment by the user's mean rating in \
         train_full (Deng, Xu, Kohavi & Walker 2013). Shares of users: two-proportion z, interval of Newcombe (1998)."
            .into(),
        "All of it is offline: test ratings stand for what users would do, and items that nobody rated count as not relevant.".into(),
    ]
}
