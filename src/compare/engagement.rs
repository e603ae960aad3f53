//! Engagement: relevant items among those shown, each counted by its place in the list.

use super::bench::Bench;
use super::users::Grid;
use crate::error::{Error, Result};

/// What a relevant item counts for at a rank from 1; `discount` as in `[ab]`.
pub fn weight(discount: &str, rank: usize) -> f64 {
    match discount {
        "none" => 1.0,
        "reciprocal" => 1.0 / rank as f64,
        _ => 1.0 / (rank as f64 + 1.0).log2(),
    }
}

/// Engagement of every user of a side in every seed, out of the stored lists.
///
/// # Errors
/// [`Error::Usage`] when the lists are shorter than `k`, and those of the store.
pub fn grid(bench: &Bench<'_>, side: usize, k: u64, discount: &str) -> Result<Grid> {
    let one = &bench.sides[side];
    let mut out = Grid::new(bench.seeds, bench.users().n());
    for trial in bench.store.top_lists(&one.run.run, &one.arm, bench.protocol, None)? {
        if trial.k < k {
            return Err(Error::usage(
                format!("the lists of {} hold {} items, expected {k} or more", one.name, trial.k),
                "ask for fewer with --k, or run with a larger k in [evaluation]",
            ));
        }
        let shown = |list: &Vec<(u32, f32, u8)>| -> f64 {
            let shown = list.iter().take(k as usize).enumerate().filter(|(_, entry)| entry.2 > 0);
            shown.map(|(at, _)| weight(discount, at + 1)).sum()
        };
        out.fill(trial.seed, bench.users().of(trial.user_list), trial.lists.iter().map(shown));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn the_first_place_counts_one_and_later_ones_less() {
        for discount in ["none", "reciprocal", "log2"] {
            assert_eq!(weight(discount, 1), 1.0);
        }
        assert_eq!((weight("none", 3), weight("reciprocal", 4), weight("log2", 3)), (1.0, 0.25, 0.5));
    }
}
