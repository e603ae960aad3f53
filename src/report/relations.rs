//! Figures that set arms against something other than each other: what accuracy costs, how sure its place is, and for whom it is good.

use super::figures::{Draft, Place};
use super::files::slug;
use super::numbers::{label, whole, with_unit};
use super::tables::{Board, family, role, segment_families};
use crate::plots::heat_map::{self, HeatMapData, HeatRow};
use crate::plots::ranks::{self, RanksData};
use crate::plots::trade_off::{self, ArmPoint, TradeOffData};
use crate::plots::{Heading, Spread};

/// What accuracy is set against, as far as it has values.
const AGAINST: &[&str] = &["coverage", "novelty", "tail-share"];

/// Arms that a figure of average ranks can name.
const MOST_RANKED: usize = 20;

/// The headline metric against coverage, novelty and share of the tail under a protocol.
pub fn trade_offs(board: &Board<'_>, protocol: &str) -> Vec<Draft> {
    let metric = |name: &&str| board.facts.metrics.iter().find(|metric| metric.name == **name);
    AGAINST.iter().filter_map(metric).filter_map(|metric| trade_off(board, protocol, metric)).collect()
}

fn trade_off(board: &Board<'_>, protocol: &str, against: &super::records::Metric) -> Option<Draft> {
    let (headline, k) = board.headline?;
    let point = |(arm, &color): (&super::records::Arm, &crate::plots::Color)| {
        let x = board.spread(protocol, against.id, k, arm.id)?.mean;
        let y = board.mark(protocol, headline.id, k, arm.id)?;
        Some(ArmPoint { name: arm.name.clone(), color, role: role(arm), x, y })
    };
    let points: Vec<ArmPoint> = board.facts.arms.iter().zip(&board.colors).filter_map(point).collect();
    if points.len() < 2 {
        return None;
    }
    let (x_name, y_name) = (label(&against.name, Some(k)), label(&headline.name, Some(k)));
    let interval = board.level().map_or_else(|| "range over seeds".to_owned(), |level| format!("{level} % interval"));
    let heading = Heading {
        title: format!("{y_name} against {}, {protocol}", x_name.to_lowercase()),
        caption: format!(
            "{}. Line through a mark: {interval}; gray line: arms that none beats in both.",
            board.conditions(protocol)
        ),
    };
    let file = format!("trade-off-{}-{}", slug(&against.name), slug(protocol));
    let alt = format!("{}. {}", heading.title, heading.caption);
    let data = TradeOffData {
        heading,
        x_name: with_unit(against, &x_name),
        y_name: with_unit(headline, &y_name),
        is_less_better: against.direction == "lower",
        points,
    };
    Some(Draft::new(Place::Protocol(protocol.to_owned()), &file, &alt, trade_off::draw(&data)))
}

/// Average ranks of the arms by the headline metric, with their critical difference; `None` with fewer than three, or without values per user.
///
/// Of more arms than [`MOST_RANKED`] the primary one and those with the best ranks are shown; ranks and critical difference are those among all of them.
pub fn average_ranks(board: &Board<'_>, protocol: &str) -> Option<Draft> {
    let ((metric, k), found) = (board.headline?, board.ranks.get(protocol)?);
    let name = label(&metric.name, Some(k));
    let n_arms = found.average.len();
    let mut shown: Vec<&(String, f64)> = found.average.iter().collect();
    let is_primary = |name: &str| board.facts.arms.iter().any(|arm| arm.is_primary && arm.name == name);
    shown.sort_by(|a, b| is_primary(&b.0).cmp(&is_primary(&a.0)).then(a.1.total_cmp(&b.1)));
    shown.truncate(MOST_RANKED);
    let choice = if shown.len() < n_arms {
        format!(" Shown: the primary and the best others; ranked: all {n_arms} arms.")
    } else {
        String::new()
    };
    let level = board.rules.map_or(0.95, |rules| rules.level);
    let heading = Heading {
        title: format!("Average ranks by {name}, {protocol}"),
        caption: format!(
            "{} users with a value of every arm, ranked by each user's mean over seeds. A line is one critical difference long ({:.3}, Nemenyi, {} %): arms whose lines do \
             not touch differ in rank over users like these, under these seeds: chance of seeds is not in it.{choice}",
            whole(found.n_users as i64),
            found.critical_difference,
            (level * 1e6).round() / 1e4
        ),
    };
    let side = |(name, rank): &(String, f64)| {
        let at = board.facts.arms.iter().position(|arm| arm.name == *name)?;
        Some((name.clone(), board.colors[at], role(&board.facts.arms[at]), *rank))
    };
    let sides: Vec<_> = shown.into_iter().filter_map(side).collect();
    let mut told: Vec<_> = sides.iter().map(|(name, _, _, rank)| (*rank, name)).collect();
    told.sort_by(|a, b| a.0.total_cmp(&b.0));
    let told: Vec<String> = told.iter().map(|(rank, name)| format!("{name} {rank:.2}")).collect();
    let alt = format!("{}. {} {}", heading.title, heading.caption, told.join(", "));
    let data = RanksData { heading, sides, critical_difference: found.critical_difference };
    let file = format!("ranks-{}", slug(protocol));
    Some(Draft::new(Place::Protocol(protocol.to_owned()), &file, &alt, ranks::draw(&data)))
}

/// The headline metric of every arm in every segment, one figure per family of segments.
pub fn heat_maps(board: &Board<'_>, protocol: &str) -> Vec<Draft> {
    let families = segment_families(board, protocol);
    families.into_iter().filter_map(|(name, members)| heat_map(board, protocol, name, &members)).collect()
}

fn heat_map(board: &Board<'_>, protocol: &str, of_family: &str, members: &[&str]) -> Option<Draft> {
    let (metric, k) = board.headline?;
    let in_segment = |segment: &str, arm: i64| {
        let mut all = board.facts.segments.iter();
        all.find(|values| values.protocol == protocol && values.segment == segment && values.arm_id == arm)
    };
    let column = |&segment: &&str| {
        let n = board.facts.arms.iter().find_map(|arm| in_segment(segment, arm.id)?.n.iter().max().copied());
        (family(segment).1.to_owned(), n.map_or_else(String::new, |n| format!("n = {n}")))
    };
    let row = |(arm, _): (&super::records::Arm, Spread)| HeatRow {
        name: arm.name.clone(),
        role: role(arm),
        values: std::iter::once(board.spread(protocol, metric.id, k, arm.id))
            .chain(members.iter().map(|segment| in_segment(segment, arm.id)?.spread()))
            .map(|value| Some(value?.mean))
            .collect(),
    };
    let rows: Vec<HeatRow> = board.ranked(protocol).into_iter().map(row).collect();
    if rows.len() < 2 || members.is_empty() {
        return None;
    }
    let of_family = of_family.replace(['-', '_'], " ");
    let heading = Heading {
        title: format!("{} by {of_family}, {protocol}", label(&metric.name, Some(k))),
        caption: "Mean over seeds; n: users at most. Shade: from the lowest arm of a column to its best; best in bold."
            .into(),
    };
    let file = format!("segments-{}-{}", slug(&of_family), slug(protocol));
    let alt = format!("{}. {} The same numbers are in the table.", heading.title, heading.caption);
    let columns = std::iter::once(("all".to_owned(), String::new())).chain(members.iter().map(column)).collect();
    let data = HeatMapData { heading, is_lower_better: metric.direction == "lower", columns, rows };
    Some(Draft::new(Place::Segments(protocol.to_owned()), &file, &alt, heat_map::draw(&data)))
}
