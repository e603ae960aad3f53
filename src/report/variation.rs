//! Where the headline metric's variation comes from: users, seeds, or the same user under another seed.

use super::numbers::{Cell, decimal, label, seeds};
use super::tables::{ArmRow, ArmTable, Board, Column};
use crate::compare::variation::Variation;

/// A narrowing of an interval below this is little, from the second on it is much.
const LITTLE: f64 = 0.1;
const MUCH: f64 = 0.3;

/// One row per arm: standard deviations between users, between seeds, and the rest. `None` for one seed, or without values per user.
pub fn table(board: &Board<'_>, protocol: &str) -> Option<ArmTable> {
    let (metric, k) = board.headline?;
    let found = board.variations.get(protocol)?;
    let row = |arm: &super::records::Arm| {
        let own = found.iter().find(|own| own.arm == arm.name)?;
        let at = board.facts.arms.iter().position(|other| other.id == arm.id)?;
        let cells = cells(own).to_vec();
        Some((own, ArmRow { arm: board.arm_name(at), cells, is_bar: false }))
    };
    let rows: Vec<(&Variation, ArmRow)> = board.ranked(protocol).into_iter().filter_map(|(arm, _)| row(arm)).collect();
    let (told, _) = rows.iter().find(|(_, row)| row.arm.is_primary).or(rows.first())?;
    let name = label(&metric.name, Some(k));
    let caption = format!(
        "Standard deviations of {name} over {} users with a value under each of {}, and each one's share of the variance of a single value. The rest: one user under \
         another seed, beyond what that seed does to everybody. {}",
        super::tables::extent(rows.iter().map(|(own, _)| own.n_users as i64))?,
        seeds(told.n_seeds),
        lesson(told)
    );
    let column = |name: &str, note: &str, about: &str| Column {
        name: name.to_owned(),
        arrow: "",
        about: about.to_owned(),
        note: note.to_owned(),
    };
    let columns = vec![
        column("between users", "SD", "how much users differ whatever the seed"),
        column("between seeds", "SD", "how much a seed moves all users together"),
        column("rest", "user × seed, SD", "how much a user differs from seed to seed: other test items, other fits"),
    ];
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Some(ArmTable {
        title: format!("Where {name} varies, protocol {protocol}"),
        caption,
        columns,
        rows,
        best_floor: None,
        cutoff: None,
    })
}

fn cells(of: &Variation) -> [Cell; 3] {
    let parts = [of.users, of.seeds, of.rest];
    let all: f64 = parts.iter().map(|sd| sd * sd).sum();
    let share = |sd: f64| if all > 0.0 { format!("{:.1} %", 100.0 * sd * sd / all) } else { String::new() };
    parts.map(|sd| Cell { text: decimal(sd), range: share(sd), is_best: false })
}

/// What the reader learns for the next experiment.
fn lesson(of: &Variation) -> String {
    let Some(narrowing) = of.narrowing() else { return format!("Nothing differs for {}.", of.arm) };
    let percent = format!("{:.0} %", 100.0 * narrowing);
    let arm = &of.arm;
    if narrowing < LITTLE {
        format!(
            "For {arm}, users set the width of an interval over users and seeds: more seeds would narrow it little, by {percent} at most; more users would."
        )
    } else if narrowing < MUCH {
        format!(
            "For {arm}, more seeds would narrow an interval over users and seeds by {percent} at most; the rest takes more users."
        )
    } else {
        format!(
            "For {arm}, seeds matter: more of them would narrow an interval over users and seeds by up to {percent}."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(users: f64, seeds: f64) -> Variation {
        Variation { arm: "gb".into(), n_users: 100, n_seeds: 4, users, seeds, rest: 0.0 }
    }

    #[test]
    fn what_is_learned_follows_from_how_much_seeds_can_do() {
        // 0.3²/100 of 0.3²/100 + 0.002²/4: √(9e-4 / 9.01e-4), nothing to gain.
        assert!(
            lesson(&of(0.3, 0.002)).contains("users set the width")
                && lesson(&of(0.3, 0.002)).contains("by 0 % at most")
        );
        // 0.03²/4 = 2.25e-4 of 11.25e-4: 1 − √0.8 = 11 %.
        assert!(lesson(&of(0.3, 0.03)).contains("by 11 % at most"), "{}", lesson(&of(0.3, 0.03)));
        // 0.1²/4 = 25e-4 of 34e-4: 1 − √(9/34) = 49 %.
        assert!(lesson(&of(0.3, 0.1)).contains("by up to 49 %"), "{}", lesson(&of(0.3, 0.1)));
        assert_eq!(lesson(&of(0.0, 0.0)), "Nothing differs for gb.");
    }

    #[test]
    fn shares_are_of_the_variance_of_one_value() {
        // 0.3² = 0.09 and 0.1² = 0.01 of 0.1.
        let found = cells(&of(0.3, 0.1)).map(|cell| (cell.text, cell.range));
        assert_eq!(
            found,
            [("0.300", "90.0 %"), ("0.100", "10.0 %"), ("0.000", "0.0 %")].map(|(a, b)| (a.into(), b.into()))
        );
    }
}
