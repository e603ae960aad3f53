//! Users as units: the values of one arm over seeds and users, and their means over the seeds in which a user was evaluated.

use crate::stats::resample::Series;
use std::collections::BTreeMap;

/// The users of some runs, in the order of their ids, and where the lists of the store put them.
#[derive(Debug, Clone)]
pub struct Users {
    /// External ids, ascending as text.
    pub ids: Vec<String>,
    /// Per list of the store: the place of each of its users.
    places: BTreeMap<i64, Vec<usize>>,
}

impl Users {
    /// All users of some lists.
    pub fn new(lists: &BTreeMap<i64, Vec<String>>) -> Self {
        let mut ids: Vec<String> = lists.values().flatten().cloned().collect();
        ids.sort_unstable();
        ids.dedup();
        let place = |id: &String| ids.binary_search(id).unwrap_or(usize::MAX);
        let places = lists.iter().map(|(&list, users)| (list, users.iter().map(place).collect())).collect();
        Self { ids, places }
    }

    /// How many there are.
    pub fn n(&self) -> usize {
        self.ids.len()
    }

    /// The places of a list's users; nobody for a list that there is not.
    pub fn of(&self, list: i64) -> &[usize] {
        self.places.get(&list).map_or(&[], Vec::as_slice)
    }
}

/// One number per seed and user, of which many may be undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Seeds, ascending.
    pub seeds: Vec<u64>,
    n_users: usize,
    values: Vec<f64>,
    defined: Vec<bool>,
}

impl Grid {
    /// A grid without a value.
    pub fn new(seeds: &[u64], n_users: usize) -> Self {
        let n = seeds.len() * n_users;
        Self { seeds: seeds.to_vec(), n_users, values: vec![0.0; n], defined: vec![false; n] }
    }

    /// Puts in the values of one seed; of no effect for a seed that the grid does not have.
    pub fn fill(&mut self, seed: u64, users: &[usize], values: impl Iterator<Item = f64>) {
        let Ok(row) = self.seeds.binary_search(&seed) else { return };
        for (&user, value) in users.iter().zip(values) {
            self.values[row * self.n_users + user] = value;
            self.defined[row * self.n_users + user] = true;
        }
    }

    /// Treatment − baseline, where both are defined.
    pub fn minus(&self, baseline: &Self) -> Self {
        let mut out = self.clone();
        for at in 0..out.values.len() {
            out.defined[at] &= baseline.defined[at];
            out.values[at] = if out.defined[at] { self.values[at] - baseline.values[at] } else { 0.0 };
        }
        out
    }

    /// Only what is defined in another grid as well.
    pub fn within(&self, other: &Self) -> Self {
        let mut out = self.clone();
        for at in 0..out.values.len() {
            out.defined[at] &= other.defined[at];
            out.values[at] *= f64::from(u8::from(out.defined[at]));
        }
        out
    }

    /// The largest size of a value, where another grid is defined as well; 0 without any.
    pub fn largest(&self, other: &Self) -> f64 {
        let both = (0..self.values.len()).filter(|&at| self.defined[at] && other.defined[at]);
        both.map(|at| self.values[at].abs()).fold(0.0, f64::max)
    }

    /// The mean of every user over the seeds in which it is defined.
    pub fn over_seeds(&self) -> PerUser {
        let mut out = PerUser { values: vec![0.0; self.n_users], defined: vec![false; self.n_users] };
        for user in 0..self.n_users {
            let (mut sum, mut n) = (0.0, 0_u32);
            for at in (0..self.seeds.len()).map(|row| row * self.n_users + user).filter(|&at| self.defined[at]) {
                (sum, n) = (sum + self.values[at], n + 1);
            }
            if n > 0 {
                (out.values[user], out.defined[user]) = (sum / f64::from(n), true);
            }
        }
        out
    }

    /// The mean over the users of each seed; `None` for a seed without any.
    pub fn by_seed(&self) -> Vec<Option<f64>> {
        (0..self.seeds.len())
            .map(|row| {
                let range = row * self.n_users..(row + 1) * self.n_users;
                let n = self.defined[range.clone()].iter().filter(|&&is_defined| is_defined).count();
                let sum: f64 = range.filter(|&at| self.defined[at]).map(|at| self.values[at]).sum();
                (n > 0).then(|| sum / n as f64)
            })
            .collect()
    }

    /// Values and marks of the users of one seed, by its place.
    pub fn of_seed(&self, place: usize) -> (&[f64], &[bool]) {
        let range = place * self.n_users..(place + 1) * self.n_users;
        (&self.values[range.clone()], &self.defined[range])
    }

    /// Values and marks, one seed after the other.
    pub fn parts(&self) -> (&[f64], &[bool]) {
        (&self.values, &self.defined)
    }

    /// As the two-way bootstrap wants it: one seed after the other.
    pub fn series(&self) -> Series<'_> {
        Series::partial(&self.values, &self.defined)
    }
}

/// One number per user, of which some may be undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct PerUser {
    /// 0 where undefined.
    pub values: Vec<f64>,
    /// Whether there is one.
    pub defined: Vec<bool>,
}

impl PerUser {
    /// The values that there are, in the order of users.
    pub fn present(&self) -> Vec<f64> {
        self.values.iter().zip(&self.defined).filter(|(_, is_defined)| **is_defined).map(|(value, _)| *value).collect()
    }

    /// How many there are.
    pub fn n(&self) -> usize {
        self.defined.iter().filter(|&&is_defined| is_defined).count()
    }

    /// Only the users that are marked.
    pub fn only(&self, keep: &[bool]) -> Self {
        let pick = |at: &usize| keep[*at];
        let at: Vec<usize> = (0..self.values.len()).filter(pick).collect();
        Self {
            values: at.iter().map(|&at| self.values[at]).collect(),
            defined: at.iter().map(|&at| self.defined[at]).collect(),
        }
    }

    /// Their mean; `None` for nobody.
    pub fn mean(&self) -> Option<f64> {
        let present = self.present();
        (!present.is_empty()).then(|| present.iter().sum::<f64>() / present.len() as f64)
    }

    /// For the bootstrap.
    pub fn series(&self) -> Series<'_> {
        Series::partial(&self.values, &self.defined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut grid = Grid::new(&[1, 5], 3);
        grid.fill(1, &[0, 2], [0.5, 1.0].into_iter());
        grid.fill(5, &[0], [0.25].into_iter());
        grid.fill(9, &[1], [7.0].into_iter());
        grid
    }

    #[test]
    fn a_user_is_averaged_over_the_seeds_in_which_it_was_evaluated() {
        let means = grid().over_seeds();
        assert_eq!((means.present(), means.defined), (vec![0.375, 1.0], vec![true, false, true]));
        assert_eq!(grid().by_seed(), [Some(0.75), Some(0.25)]);
    }

    #[test]
    fn differences_are_taken_where_both_sides_are_defined() {
        let mut other = Grid::new(&[1, 5], 3);
        other.fill(1, &[0, 1, 2], [0.25, 0.5, 0.5].into_iter());
        let minus = grid().minus(&other);
        assert_eq!(minus.over_seeds().present(), [0.25, 0.5]);
        assert_eq!(minus.by_seed(), [Some(0.375), None]);
        assert_eq!(grid().within(&minus).over_seeds().present(), [0.5, 1.0]);
        assert_eq!((grid().largest(&minus), other.largest(&minus)), (1.0, 0.5));
    }

    #[test]
    fn users_stand_in_the_order_of_their_ids_whatever_the_lists_say() {
        let lists = BTreeMap::from([(4, vec!["b".into(), "a".into()]), (7, vec!["c".into(), "b".into()])]);
        let users = Users::new(&lists);
        assert_eq!((users.n(), users.of(4), users.of(7)), (3, &[1, 0][..], &[2, 1][..]));
        assert!(users.of(99).is_empty());
    }
}
