//! Where the values of an arm differ: between users, between seeds, or with neither alone.

use super::paired::FEWEST;
use super::users::Grid;
use crate::stats::variance_components::{VarianceComponents, variance_components};

/// How the values of one arm differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    /// The arm.
    pub arm: String,
    /// Users with a value under every seed; others are left out.
    pub n_users: usize,
    /// Seeds.
    pub n_seeds: usize,
    /// Standard deviation between users, in the unit of the metric.
    pub users: f64,
    /// Between seeds.
    pub seeds: f64,
    /// The rest: the same user under another seed, beyond what that seed does to everybody.
    pub rest: f64,
}

impl Variation {
    /// The variation of an arm's values; `None` for one seed, or too few users that have a value under every one.
    pub fn of(arm: &str, grid: &Grid) -> Option<Self> {
        let n_seeds = grid.seeds.len();
        let seeds: Vec<(&[f64], &[bool])> = (0..n_seeds).map(|place| grid.of_seed(place)).collect();
        let n_all = seeds.first()?.0.len();
        let users: Vec<usize> = (0..n_all).filter(|&user| seeds.iter().all(|(_, defined)| defined[user])).collect();
        if users.len() < FEWEST {
            return None;
        }
        let values: Vec<f64> =
            users.iter().flat_map(|&user| seeds.iter().map(move |(values, _)| values[user])).collect();
        let VarianceComponents { rows, columns, rest } = variance_components(&values, users.len(), n_seeds)?;
        Some(Self {
            arm: arm.to_owned(),
            n_users: users.len(),
            n_seeds,
            users: rows.sqrt(),
            seeds: columns.sqrt(),
            rest: rest.sqrt(),
        })
    }

    /// By how much endless seeds would narrow an interval of the mean, as a share of its width; `None` where nothing differs.
    ///
    /// `1 − √(σ²_u / U / V)`, `V = σ²_u / U + σ²_s / S + σ²_e / (U S)` the variance of the mean over U users and S seeds: only its first part stays.
    pub fn narrowing(&self) -> Option<f64> {
        let (n_users, n_seeds) = (self.n_users as f64, self.n_seeds as f64);
        let users = self.users * self.users / n_users;
        let all = users + self.seeds * self.seeds / n_seeds + self.rest * self.rest / (n_users * n_seeds);
        (all > 0.0).then(|| 1.0 - (users / all).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_without_a_value_under_every_seed_are_left_out() {
        let mut grid = Grid::new(&[1, 2], 12);
        let users: Vec<usize> = (0..12).collect();
        // Users differ by their number, seeds by 4 for all: nothing is left over.
        grid.fill(1, &users, users.iter().map(|&user| user as f64));
        grid.fill(2, &users[1..], users[1..].iter().map(|&user| user as f64 + 4.0));
        let found = Variation::of("a", &grid).unwrap();
        // 1..=11: variance 11; seeds 4 apart: variance 8.
        assert_eq!((found.n_users, found.n_seeds, found.rest), (11, 2, 0.0));
        assert!((found.users - 11_f64.sqrt()).abs() < 1e-12 && (found.seeds - 8_f64.sqrt()).abs() < 1e-12, "{found:?}");
        // 11/11 of 11/11 + 8/2 = 1/5 of the variance stays.
        assert!((found.narrowing().unwrap() - (1.0 - 0.2_f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn one_seed_or_few_users_say_nothing() {
        let mut grid = Grid::new(&[1], 12);
        grid.fill(1, &(0..12).collect::<Vec<_>>(), (0..12).map(f64::from));
        assert_eq!(Variation::of("a", &grid), None);
        let mut grid = Grid::new(&[1, 2], 12);
        for seed in [1, 2] {
            grid.fill(seed, &(0..9).collect::<Vec<_>>(), (0..9).map(f64::from));
        }
        assert_eq!(Variation::of("a", &grid), None);
        let constant = Variation { arm: "a".into(), n_users: 10, n_seeds: 2, users: 0.0, seeds: 0.0, rest: 0.0 };
        assert_eq!(constant.narrowing(), None);
    }
}
