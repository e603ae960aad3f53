//! The other arms against the primary one, as a column of the leaderboard.

use super::numbers::{Cell, MISSING, decimal};
use super::tables::{ArmRow, Board, Column};
use crate::compare::standing::Standing;
use crate::compare::verdict::Decision;

/// Puts the differences from the primary arm beside the headline metric; returns what the caption says of them.
pub fn add_column(board: &Board<'_>, protocol: &str, columns: &mut Vec<Column>, rows: &mut [ArmRow]) -> &'static str {
    let primary = board.facts.arms.iter().find(|arm| arm.is_primary);
    let (Some(primary), true) = (primary, board.standings.get(protocol).is_some_and(|all| !all.is_empty())) else {
        return "";
    };
    let about =
        format!("difference from {}, user by user, with its interval and what a paired test says of it", primary.name);
    let column = Column { name: "against primary".into(), arrow: "", about, note: String::new() };
    let place = columns.len().min(1);
    columns.insert(place, column);
    for row in rows {
        row.cells.insert(place, cell(board.standing(protocol, &row.arm.name)));
    }
    " Against primary: ▲ better, ▼ worse (paired test over users, Holm over all arms); ≈ shown to differ by less than 0.005 (not corrected); \
     ? cannot be told."
}

/// The other arm less the primary one.
fn cell(standing: Option<&Standing>) -> Cell {
    let Some(Standing { difference, decision, .. }) = standing else { return Cell::text(MISSING) };
    let mark = match decision {
        Decision::Better => "▼",
        Decision::Worse => "▲",
        Decision::Different => "≠",
        Decision::Identical => "=",
        Decision::Equivalent => "≈",
        Decision::Undecided => "?",
    };
    let signed = |value: f64| if value > 0.0 { format!("+{}", decimal(value)) } else { decimal(value) };
    let text = format!("{} {mark}", signed(-difference.uplift));
    let range = format!("[{}, {}]", signed(-difference.upper), signed(-difference.lower));
    Cell { text, range, is_best: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::paired::Paired;

    #[test]
    fn a_cell_is_the_other_arm_less_the_primary_one() {
        let of = |uplift, ends, decision| {
            cell(Some(&Standing { arm: "b".into(), difference: Paired::example(uplift, ends, 0.001), decision }))
        };
        let worse = of(0.02, (0.01, 0.03), Decision::Better);
        assert_eq!((worse.text.as_str(), worse.range.as_str()), ("−0.020 ▼", "[−0.030, −0.010]"));
        let better = of(-0.02, (-0.03, -0.01), Decision::Worse);
        assert_eq!((better.text.as_str(), better.range.as_str()), ("+0.020 ▲", "[+0.010, +0.030]"));
        assert_eq!(of(0.001, (-0.01, 0.012), Decision::Undecided).text, "−0.001 ?");
        assert_eq!(cell(None).text, MISSING);
    }
}
