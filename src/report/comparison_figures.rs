//! The figures of a comparison's page.

use super::figures::{Draft, Figure, Place, rendered};
use crate::compare::comparison::{Comparison, PairReport, Ranks};
use crate::compare::paired::Paired;
use crate::compare::verdict::short;
use crate::error::Result;
use crate::plots::differences::{self, DifferencesData, Unit};
use crate::plots::forest::{self, ForestData, ForestRow};
use crate::plots::power_curve::{self, PowerCurve, PowerCurveData};
use crate::plots::ranks::{self, RanksData};
use crate::plots::segment_bars::{self, Segment, SegmentArm, SegmentBarsData, SegmentValue};
use crate::plots::verdict::Better;
use crate::plots::{Heading, Role, arm_colors};

/// All figures, in the order of the page.
pub fn figures(found: &Comparison) -> Result<Vec<Figure>> {
    let drafts = match &found.pairs[..] {
        [pair] => one(found, pair),
        pairs => std::iter::once(all_pairs(found, pairs))
            .chain(found.ranks.as_ref().map(|own| average_ranks(pairs, own)))
            .collect(),
    };
    rendered(drafts)
}

fn one(found: &Comparison, pair: &PairReport) -> Vec<Draft> {
    let mut out = vec![metrics(found, pair), users(pair)];
    if !pair.segments.is_empty() {
        out.push(segments(found, pair));
    }
    if !pair.power.is_empty() {
        out.push(power(found, pair));
    }
    out
}

pub(super) fn better(paired: &Paired) -> Better {
    match paired.topic.sign() {
        sign if sign > 0.0 => Better::Higher,
        sign if sign < 0.0 => Better::Lower,
        _ => Better::Neutral,
    }
}

fn row(label: String, paired: &Paired, is_emphasized: bool) -> ForestRow {
    let Paired { uplift, lower, upper, .. } = *paired;
    ForestRow { label, estimate: uplift, lower, upper, is_emphasized, better: better(paired) }
}

fn level(found: &Comparison) -> String {
    format!("{} % intervals", (found.rules.level * 1e6).round() / 1e4)
}

/// Whose difference it is, where a segment was asked about.
fn of_whom(found: &Comparison) -> String {
    if found.segment == "all" { String::new() } else { format!(" of {}", found.segment) }
}

fn metrics(found: &Comparison, pair: &PairReport) -> Draft {
    let family = pair.family.iter().enumerate().map(|(at, paired)| row(paired.topic.label(), paired, at == 0));
    let others = pair.exploratory.iter().map(|paired| row(paired.topic.label(), paired, false));
    let data = ForestData {
        heading: Heading {
            title: format!("{} − {}", pair.candidate, pair.baseline),
            caption: format!(
                "Mean difference over users{} with {}; filled where it excludes 0, not corrected; band: ±{}, too small to matter.",
                of_whom(found),
                level(found),
                short(found.rules.margin)
            ),
        },
        x_name: "difference".into(),
        margin: Some(found.rules.margin),
        rows: family.chain(others).collect(),
    };
    Draft::new(Place::Comparison, "forest-metrics", &data.heading.title.clone(), forest::draw(&data))
}

fn all_pairs(found: &Comparison, pairs: &[PairReport]) -> Draft {
    let label = pairs.first().map_or_else(String::new, |pair| pair.primary.topic.label_in_segment());
    let rows = pairs.iter().map(|pair| row(format!("{} − {}", pair.candidate, pair.baseline), &pair.primary, false));
    let data = ForestData {
        heading: Heading {
            title: format!("{label}: pairs of sides"),
            caption: format!(
                "Mean difference over users with {}; filled where it excludes 0, not corrected; band: ±{}, too small to matter.",
                level(found),
                short(found.rules.margin)
            ),
        },
        x_name: format!("difference of {label}"),
        margin: Some(found.rules.margin),
        rows: rows.collect(),
    };
    Draft::new(Place::Comparison, "forest-pairs", &data.heading.title.clone(), forest::draw(&data))
}

fn average_ranks(pairs: &[PairReport], found: &Ranks) -> Draft {
    let label = pairs.first().map_or_else(String::new, |pair| pair.primary.topic.label_in_segment());
    let colors = arm_colors(&vec![Role::Contender; found.average.len()]);
    let sides = found.average.iter().zip(colors);
    let data = RanksData {
        heading: Heading {
            title: format!("Average ranks by {label}"),
            caption: format!(
                "{} users. A line is one critical difference long ({:.3}, Nemenyi): sides whose lines do not touch differ.",
                found.n_users, found.critical_difference
            ),
        },
        sides: sides.map(|((name, rank), color)| (name.clone(), color, Role::Contender, *rank)).collect(),
        critical_difference: found.critical_difference,
    };
    Draft::new(Place::Comparison, "ranks", &data.heading.title.clone(), ranks::draw(&data))
}

fn users(pair: &PairReport) -> Draft {
    let label = pair.primary.topic.label_in_segment();
    let data = DifferencesData {
        heading: Heading {
            title: format!("{label} user by user: {} − {}", pair.candidate, pair.baseline),
            caption: "Each user's mean difference over seeds: how many, and the share at or below.".into(),
        },
        x_name: format!("difference of {label}"),
        better: better(&pair.primary),
        unit: Unit::Users,
        differences: pair.primary.differences.clone(),
    };
    Draft::new(Place::Comparison, "differences-users", &data.heading.title.clone(), differences::draw(&data))
}

fn segments(found: &Comparison, pair: &PairReport) -> Draft {
    let label = pair.primary.topic.label();
    let color = arm_colors(&[Role::Primary]).first().copied().unwrap_or_default();
    let segment = |paired: &Paired| Segment {
        name: paired.topic.segment.clone(),
        n_users: paired.n_users,
        values: vec![Some(SegmentValue { mean: paired.uplift, lower: paired.lower, upper: paired.upper })],
    };
    let data = SegmentBarsData {
        heading: Heading {
            title: format!("For whom: {} − {}", pair.candidate, pair.baseline),
            caption: format!("Mean difference of {label} by segment with {}, not corrected.", level(found)),
        },
        y_name: format!("difference of {label}"),
        arms: vec![SegmentArm {
            name: format!("{} − {}", pair.candidate, pair.baseline), color, role: Role::Primary
        }],
        segments: pair.segments.iter().map(segment).collect(),
    };
    Draft::new(Place::Comparison, "segments-difference", &data.heading.title.clone(), segment_bars::draw(&data))
}

fn power(found: &Comparison, pair: &PairReport) -> Draft {
    let color = arm_colors(&[Role::Primary]).first().copied().unwrap_or_default();
    let data = PowerCurveData {
        heading: Heading {
            title: "How many users would it take?".into(),
            caption: format!(
                "Chance that one paired t test at level {}, uncorrected, sees a difference like the one found; users are the only source of chance.",
                ((1.0 - found.rules.level) * 1e6).round() / 1e6
            ),
        },
        curves: vec![PowerCurve {
            name: pair.primary.topic.label(),
            color,
            points: pair.power.iter().map(|&(n, power)| (n as usize, power)).collect(),
            n_needed: pair.primary.users_needed.map(|n| n as usize),
        }],
        n_users: Some(pair.primary.n_users),
    };
    Draft::new(Place::Comparison, "power-users", &data.heading.title.clone(), power_curve::draw(&data))
}
