//! What a protocol does to the numbers: whether another one would have ordered the arms alike, and what generators let through.

use super::facts::{FactRow, FactTable};
use super::numbers::{Cell, decimal, label};
use super::tables::Board;

/// The metric that says what generators reach.
const REACH: &str = "candidate-recall";

/// Kendall's τ of the arms' order between protocols, by the headline metric; `None` with one protocol, or before the run is complete.
pub fn agreement(board: &Board<'_>) -> Option<FactTable> {
    let (metric, k) = board.headline?;
    let own = board.facts.agreements.iter().filter(|row| row.metric == metric.name && row.k == k as u64);
    let rows: Vec<FactRow> = own
        .map(|row| FactRow {
            name: format!("{} and {}", row.protocol, row.other),
            cells: vec![Cell::text(decimal(row.tau)), Cell::text(row.n_arms.to_string())],
        })
        .collect();
    let caption = format!(
        "Do protocols order the arms alike? Kendall's τ-b of the arms' mean {}: 1 where the orders are the same, 0 where one says nothing of the other, −1 where one is the other turned round.",
        label(&metric.name, Some(k))
    );
    let columns = ["protocols", "τ", "arms"].map(str::to_owned).to_vec();
    (!rows.is_empty()).then_some(FactTable { caption, columns, rows })
}

/// Candidate recall of each generator and of all together, and what ranking them adds to the best generator's own order; `None` for a protocol without generators.
pub fn candidates(board: &Board<'_>, protocol: &str) -> Option<FactTable> {
    let reach = board.facts.metrics.iter().find(|metric| metric.name == REACH)?;
    let (metric, k) = board.headline?;
    let of = |arm: i64, id: i64, k: i64| board.spread(protocol, id, k, arm);
    let reached: Vec<_> = board.facts.arms.iter().filter_map(|arm| Some((arm, of(arm.id, reach.id, 0)?))).collect();
    // Who proposes no candidates may rank all of them.
    let all = reached.iter().map(|&(_, spread)| spread).max_by(|a, b| a.mean.total_cmp(&b.mean))?;
    let mut generators: Vec<_> = reached.iter().filter(|(_, spread)| spread.mean < all.mean).collect();
    generators.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
    let mut rows: Vec<FactRow> = generators
        .iter()
        .map(|(arm, spread)| FactRow {
            name: arm.name.clone(),
            cells: vec![Cell::of(Some(*spread)), Cell::of(of(arm.id, metric.id, k))],
        })
        .collect();
    let ranker = board.facts.arms.iter().find(|arm| arm.is_primary)?;
    let ranked = of(ranker.id, metric.id, k);
    let cells = vec![Cell::of(Some(all)), Cell::of(ranked)];
    rows.push(FactRow { name: format!("all together, ranked by {}", ranker.name), cells });
    let name = label(&metric.name, Some(k));
    let order = |arm: i64| of(arm, metric.id, k).map(|spread| spread.mean);
    let best = generators.iter().filter_map(|(arm, _)| Some((&arm.name, order(arm.id)?)));
    let best = best.max_by(|a, b| a.1.total_cmp(&b.1));
    let adds = best.zip(ranked).map_or_else(String::new, |((best, own), ranked)| {
        let uplift = ranked.mean - own;
        let sign = if uplift < 0.0 { "−" } else { "+" };
        let share = if own > 0.0 { format!(" ({sign}{:.1} %)", (100.0 * uplift / own).abs()) } else { String::new() };
        format!(" Against the order of the best generator, {best}: {sign}{}{share}.", decimal(uplift.abs()))
    });
    let caption = format!(
        "What generators let through: the share of each user's relevant items among the candidates, which no ranking can exceed, and {name} of ranking all candidates by one score.{adds}"
    );
    Some(FactTable { caption, columns: vec!["generator".into(), "candidate recall".into(), name], rows })
}
