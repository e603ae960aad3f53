//! What is kept beside the numbers for people to look at: the scores behind the lists of some users, and how an arm's scores of the test rows are spread,
//! calibrated, and like another arm's.

use super::Setting;
use super::pooled;
use super::users::{JudgedArm, JudgedUser};
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::linalg::ranks;
use crate::metrics::calibration::{Bin, bins};
use crate::{parallel, rng};
use std::collections::BTreeSet;

/// Users whose scores are kept, at most: who is shown is chosen among them.
pub const MOST_USERS: usize = 1000;
/// Users whose rank correlations are summed together.
const BLOCK: usize = 64;
/// Items of every arm's list whose scores are kept.
pub const SHOWN: usize = 10;

/// The scores behind one user's lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Who.
    pub user: UserIndex,
    /// Every item among the first [`SHOWN`] of an arm, ascending.
    pub items: Vec<ItemIndex>,
    /// What every arm says of them, `[n_arms][items.len()]`.
    pub scores: Vec<Vec<f32>>,
}

impl Seen {
    /// - `candidates`: ascending. - `scores`: what every arm says of them, `[n_arms][n_candidates]`.
    pub fn new(user: UserIndex, arms: &[JudgedArm], candidates: &[ItemIndex], scores: &[&[f32]]) -> Self {
        let shown = arms.iter().flat_map(|arm| arm.top.iter().take(SHOWN).map(|entry| entry.0));
        let items: Vec<ItemIndex> = shown.collect::<BTreeSet<ItemIndex>>().into_iter().collect();
        let places: Vec<usize> = items.iter().filter_map(|item| candidates.binary_search(item).ok()).collect();
        let scores = scores.iter().map(|own| places.iter().map(|&place| own[place]).collect()).collect();
        Self { user, items, scores }
    }
}

/// The users whose scores are kept, ascending: all, or as many as are kept, drawn by the seed of the trial.
pub fn kept(users: &[UserIndex], seed: u64) -> Vec<UserIndex> {
    let mut drawn: Vec<UserIndex> = users.to_vec();
    if drawn.len() > MOST_USERS {
        drawn.sort_unstable_by_key(|user| (rng::tie_hash(seed, user.0, 0), user.0));
        drawn.truncate(MOST_USERS);
        drawn.sort_unstable();
    }
    drawn
}

/// An arm's scores of the test rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowScores {
    /// Of relevant rows; `None` without any.
    pub relevant: Option<Quantiles>,
    /// Of the others.
    pub others: Option<Quantiles>,
    /// What came of each predicted probability; empty for scores that are none.
    pub calibration: Vec<Bin>,
}

/// How numbers are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// How many numbers.
    pub n: u64,
    /// Their 5, 25, 50, 75 and 95 % quantiles.
    pub at: [f64; 5],
}

impl Quantiles {
    /// Interpolated linearly between order statistics (type 7 of Hyndman & Fan 1996); `None` of nothing.
    pub fn of(mut values: Vec<f32>) -> Option<Self> {
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| {
            let place = share * last as f64;
            let low = place.floor() as usize;
            let (a, b) = (f64::from(values[low]), f64::from(values[(low + 1).min(last)]));
            a + (b - a) * (place - low as f64)
        });
        Some(Self { n: values.len() as u64, at })
    }
}

/// How an arm scores the test rows.
pub fn row_scores(setting: &Setting<'_>, users: &[JudgedUser], arm: usize, scale: Scale) -> RowScores {
    let table = pooled::table(setting, users, arm, |_, _| true);
    let of = |wanted: u8| {
        let rows = table.scores.iter().zip(&table.labels).filter(|&(_, &label)| label == wanted);
        Quantiles::of(rows.map(|(&score, _)| score).collect())
    };
    let calibration = if scale == Scale::Probability { bins(&table.scores, &table.labels) } else { Vec::new() };
    RowScores { relevant: of(1), others: of(0), calibration }
}

/// How alike two arms order the test rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Place of the one arm.
    pub arm: usize,
    /// Place of the other, after it.
    pub other: usize,
    /// Mean over users of Spearman's ρ of their scores of a user's test rows.
    pub rho: f64,
    /// Users for whom it is defined: with two test rows or more, and neither arm scoring all alike.
    pub n: u64,
}

/// How alike all pairs of arms are; pairs without such a user are left out.
///
/// # Errors
/// [`crate::Error::Interrupted`] when asked to stop.
pub fn likenesses(users: &[JudgedUser], n_arms: usize) -> Result<Vec<Likeness>> {
    let pairs: Vec<(usize, usize)> = (0..n_arms).flat_map(|a| (a + 1..n_arms).map(move |b| (a, b))).collect();
    let blocks = parallel::map_blocks(users.len(), BLOCK, |block| {
        parallel::check()?;
        Ok(sums(&users[block], n_arms, &pairs))
    });
    let mut all = vec![(0.0, 0_u64); pairs.len()];
    for block in blocks {
        for ((sum, n), (more, m)) in all.iter_mut().zip(block?) {
            *sum += more;
            *n += m;
        }
    }
    let defined = pairs.into_iter().zip(all).filter(|(_, (_, n))| *n > 0);
    // Roots and products may end a bit beyond 1.
    let rho = |sum: f64, n: u64| (sum / n as f64).clamp(-1.0, 1.0);
    Ok(defined.map(|((arm, other), (sum, n))| Likeness { arm, other, rho: rho(sum, n), n }).collect())
}

/// Sums of ρ over some users, and for how many it is defined, per pair of arms.
fn sums(users: &[JudgedUser], n_arms: usize, pairs: &[(usize, usize)]) -> Vec<(f64, u64)> {
    let mut sums = vec![(0.0, 0_u64); pairs.len()];
    let mut unit: Vec<Vec<f64>> = vec![Vec::new(); n_arms];
    for user in users {
        for (arm, unit) in user.arms.iter().zip(&mut unit) {
            unit_ranks(&arm.row_scores, unit);
        }
        for (&(a, b), (sum, n)) in pairs.iter().zip(&mut sums) {
            if !unit[a].is_empty() && !unit[b].is_empty() {
                *sum += unit[a].iter().zip(&unit[b]).map(|(a, b)| a * b).sum::<f64>();
                *n += 1;
            }
        }
    }
    sums
}

/// Ranks less their mean, of length 1; empty where all scores are equal.
fn unit_ranks(scores: &[f32], out: &mut Vec<f64>) {
    ranks(scores, out);
    let mean = 0.5 * (scores.len() + 1) as f64;
    out.iter_mut().for_each(|rank| *rank -= mean);
    let length = out.iter().map(|rank| rank * rank).sum::<f64>().sqrt();
    if length > 0.0 {
        out.iter_mut().for_each(|rank| *rank /= length);
    } else {
        out.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u32, row_scores: &[&[f32]]) -> JudgedUser {
        let arm = |scores: &&[f32]| JudgedArm { top: Vec::new(), values: Vec::new(), row_scores: scores.to_vec() };
        JudgedUser {
            user: UserIndex(number),
            n_candidates: 0,
            is_silent: Vec::new(),
            n_relevant: 0,
            has_choice: true,
            profile_popularity: 0.0,
            arms: row_scores.iter().map(arm).collect(),
            seen: None,
        }
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [.05, .25, .5, .75, .95])
        let found = Quantiles::of(vec![8.0, 1.0, 4.0, 2.0]).unwrap();
        let expected = [1.15, 1.75, 3.0, 5.0, 7.4];
        assert!(found.n == 4 && found.at.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(Quantiles::of(vec![2.0]).unwrap().at, [2.0; 5]);
        assert_eq!(Quantiles::of(Vec::new()), None);
    }

    #[test]
    fn likeness_is_the_mean_of_spearmans_rho_over_users_who_have_one() {
        // scipy.stats.spearmanr([1, 2, 3, 4], [1, 3, 2, 4]) is 0.8, and −1 for the second user; the third has one row.
        let users = [
            user(0, &[&[1.0, 2.0, 3.0, 4.0], &[10.0, 30.0, 20.0, 40.0], &[5.0; 4]]),
            user(1, &[&[1.0, 2.0], &[2.0, 1.0], &[5.0; 2]]),
            user(2, &[&[1.0], &[2.0], &[5.0]]),
        ];
        let found = likenesses(&users, 3).unwrap();
        assert_eq!(found.len(), 1, "an arm that scores all alike is like none");
        assert!(found[0].n == 2 && (found[0].rho - (0.8 - 1.0) / 2.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn of_many_users_some_are_kept_whoever_they_are() {
        let users: Vec<UserIndex> = (0..5000).map(UserIndex).collect();
        let drawn = kept(&users, 1);
        assert!(drawn.len() == MOST_USERS && drawn.is_sorted() && drawn != kept(&users, 2));
        let late = drawn.iter().filter(|user| user.0 >= 2500).count();
        assert!((400..600).contains(&late), "{late}");
        assert_eq!(kept(&users[..30], 1), users[..30]);
    }

    #[test]
    fn what_every_arm_says_of_what_any_shows() {
        let arm = |items: &[u32]| JudgedArm {
            top: items.iter().map(|&item| (ItemIndex(item), 0.0, 0)).collect(),
            values: Vec::new(),
            row_scores: Vec::new(),
        };
        let candidates = [2, 4, 6, 8].map(ItemIndex);
        let scores: [&[f32]; 2] = [&[0.1, 0.2, 0.3, 0.4], &[4.0, 3.0, 2.0, 1.0]];
        let seen = Seen::new(UserIndex(0), &[arm(&[8, 6]), arm(&[2, 8])], &candidates, &scores);
        assert_eq!(seen.items, [2, 6, 8].map(ItemIndex));
        assert_eq!(seen.scores, [vec![0.1, 0.3, 0.4], vec![4.0, 2.0, 1.0]]);
    }
}
