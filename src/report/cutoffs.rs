//! Other cutoffs than the headline's: one table that sets them side by side, and the leaderboards at each, which the page's script puts in place of the first.
//!
//! They stand on the page once, under "Every cutoff": the script moves them, so that nothing is there twice and all is there without it.

use super::numbers::label;
use super::tables::{ArmTable, Board, leaderboard, leaderboards};
use std::collections::BTreeMap;

/// The headline metric at every cutoff; `None` with fewer than two.
pub fn by_cutoff(board: &Board<'_>, protocol: &str) -> Option<ArmTable> {
    let (metric, _) = board.headline?;
    let ks = board.cutoffs(protocol, metric.id);
    let columns: Vec<_> = ks.iter().map(|&k| (metric, k)).collect();
    let title = format!("{} at every cutoff", label(&metric.name, None));
    // Tests are of the headline's cutoff alone.
    let board = &Board { standings: BTreeMap::new(), ..board.clone() };
    leaderboard(board, protocol, (&title, "users"), &columns).filter(|_| ks.len() > 1)
}

/// The leaderboards at every cutoff but the headline's, ascending; without what does not depend on it, and without the tests, which are of the headline.
pub fn others(board: &Board<'_>, protocol: &str) -> Vec<ArmTable> {
    let Some((metric, own)) = board.headline else { return Vec::new() };
    let at = |k: i64| {
        let board = Board { headline: Some((metric, k)), standings: BTreeMap::new(), ..board.clone() };
        let tables = leaderboards(&board, protocol).into_iter();
        let titled = |table: ArmTable| {
            let slot = table.cutoff.as_ref()?.slot;
            Some(ArmTable { title: format!("{slot}, k = {k}, protocol {protocol}"), ..table })
        };
        tables.filter_map(titled).collect::<Vec<_>>()
    };
    board.cutoffs(protocol, metric.id).into_iter().filter(|&k| k != own).flat_map(at).collect()
}
