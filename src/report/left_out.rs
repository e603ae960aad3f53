//! How much was left out, and why: users that a mean is not over, and values that do not exist.

use super::facts::{FactRow, FactTable};
use super::numbers::{Cell, counts, label, whole};
use super::records::{Omission, RunFacts, Values};
use super::tables::Board;

/// Users in the means and left out of them, per protocol; metrics with the same numbers share a row.
pub fn left_out(board: &Board<'_>) -> FactTable {
    let mut rows: Vec<(&str, Vec<String>, [String; 2])> = Vec::new();
    for protocol in &board.protocols {
        for metric in &board.facts.metrics {
            let of = |values: &&Values| values.protocol == *protocol && values.metric_id == metric.id;
            let found = || board.facts.values.iter().filter(of);
            let extent = |counts_of: fn(&Values) -> &Vec<i64>| {
                let all = || found().flat_map(|values| counts_of(values).iter().copied());
                Some(counts(all().min()?, all().max()?))
            };
            let (Some(n), Some(out)) = (extent(|values| &values.n), extent(|values| &values.n_left_out)) else {
                continue;
            };
            let numbers = [n, out];
            match rows.iter_mut().find(|row| row.0 == *protocol && row.2 == numbers) {
                Some(row) => row.1.push(label(&metric.name, None)),
                None => rows.push((protocol, vec![label(&metric.name, None)], numbers)),
            }
        }
    }
    let rows = rows.into_iter().map(|(protocol, metrics, numbers)| FactRow {
        name: protocol.to_owned(),
        cells: std::iter::once(metrics.join(", ")).chain(numbers).map(Cell::text).collect(),
    });
    FactTable {
        caption: "Users (of metrics over rows: test rows) that a mean is over, and those left out because the metric is undefined for them.".to_owned(),
        columns: ["protocol", "metrics", "in the mean", "left out"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// What is undefined, and why.
pub fn omissions(facts: &RunFacts) -> FactTable {
    // Metrics that an arm lacks for one reason share a row.
    let mut merged: Vec<(&Omission, Vec<String>)> = Vec::new();
    for omission in &facts.omissions {
        let same = |(other, _): &&mut (&Omission, Vec<String>)| {
            (&other.arm, &other.protocol, &other.reason) == (&omission.arm, &omission.protocol, &omission.reason)
                && (other.lowest, other.highest, other.n_seeds) == (omission.lowest, omission.highest, omission.n_seeds)
        };
        match merged.iter_mut().find(same) {
            Some((_, metrics)) => metrics.push(label(&omission.metric, None)),
            None => merged.push((omission, vec![label(&omission.metric, None)])),
        }
    }
    let rows = merged.into_iter().map(|(omission, metrics)| FactRow {
        name: omission.arm.clone(),
        cells: vec![
            Cell::text(omission.protocol.clone()),
            Cell::text(metrics.join(", ")),
            Cell::text(omission.reason.clone()),
            Cell::text(counts(omission.lowest, omission.highest)),
            Cell::text(whole(omission.n_seeds)),
        ],
    });
    let columns = ["arm", "protocol", "metrics", "why it is undefined", "users or rows", "seeds"];
    FactTable {
        caption: "Values that are undefined: they have no number, and are in no mean.".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
