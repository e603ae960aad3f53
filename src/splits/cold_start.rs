//! Users and items that nobody has learned from: what a recommender says on somebody's first day, and of an item on its own.
//!
//! Some users and some items are held out with all their ratings; a share of the other ratings judges beside them, so that cold and warm numbers stand in one
//! run, under the segmentations `user-history` and `item-history`.

use super::{Part, Split, share_of};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::rng;

crate::options! {
    /// Holds out users and items. Source: Schein et al. (2002), who name the problem and hold out items.
    pub struct ColdStart {
        /// Share of the users who are held out, at random.
        pub users: f64 = 0.1, in 0.0..=0.9;
        /// Share of the items that are held out, at random: all their ratings judge.
        pub items: f64 = 0.1, in 0.0..=0.9;
        /// Earliest ratings of a held-out user that are learned from all the same; the others judge.
        pub given: usize = 0, in 0..=1_000_000;
        /// Share of all other ratings that judges.
        pub test: f64 = 0.1, in 0.0..=0.9;
        /// Share of the remaining ratings that stackers learn from.
        pub meta: f64 = 0.2, in 0.0..=0.9;
        /// A fixed seed of the split; unset, every trial splits by its own.
        pub seed: Option<u64> = None;
    }
}

impl ColdStart {
    fn check(self, reader: &Reader<'_>) -> Self {
        if self.users == 0.0 && self.items == 0.0 {
            let help = "users = 0.1 holds out a tenth of the users; or kind = \"random\"";
            reader.refuse_key("users", "found neither users nor items to hold out".into(), Some(help.into()));
        }
        self
    }
}

/// A share of `0..n`, drawn at random.
fn drawn(n: usize, share: f64, seed: u64, part: u64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..n).collect();
    rng::shuffle(&mut rng::stream(seed, "split cold-start", part), &mut order);
    let mut is_drawn = vec![false; n];
    order[..share_of(n, share)].iter().for_each(|&at| is_drawn[at] = true);
    is_drawn
}

impl Split for ColdStart {
    fn assign(&self, dataset: &Dataset, seed: u64) -> Result<Vec<Part>> {
        let (seed, ratings) = (self.seed.unwrap_or(seed), &dataset.ratings);
        let is_cold_user = drawn(dataset.n_users(), self.users, seed, 0);
        let is_cold_item = drawn(dataset.n_items(), self.items, seed, 1);
        let mut parts = vec![Part::Test; ratings.len()];
        let rows: Vec<u32> = (0..ratings.len() as u32).collect();
        let is_learned = |&row: &u32| !is_cold_item[ratings.items[row as usize].at()];
        let mut warm: Vec<u32> = Vec::with_capacity(rows.len());
        for group in rows.chunk_by(|&a, &b| ratings.users[a as usize] == ratings.users[b as usize]) {
            let own = group.iter().copied().filter(is_learned);
            if !is_cold_user[ratings.users[group[0] as usize].at()] {
                warm.extend(own);
                continue;
            }
            // Many ratings are of one second, and without timestamps all are: which of them are given is drawn, never the first in some order.
            let mut given: Vec<u32> = own.collect();
            given.sort_by_key(|&row| {
                let at = row as usize;
                (ratings.timestamps[at], rng::tie_hash(seed, ratings.users[at].0, ratings.items[at].0))
            });
            given.iter().take(self.given).for_each(|&row| parts[row as usize] = Part::Base);
        }
        rng::shuffle(&mut rng::stream(seed, "split cold-start", 2), &mut warm);
        let n_test = if self.test > 0.0 { share_of(warm.len(), self.test) } else { 0 };
        let n_meta = share_of(warm.len() - n_test, self.meta);
        for (place, &row) in warm.iter().enumerate().skip(n_test) {
            parts[row as usize] = if place < n_test + n_meta { Part::Meta } else { Part::Base };
        }
        Ok(parts)
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn depends_on_seed(&self) -> bool {
        self.seed.is_none()
    }
}

/// The kind.
pub const KIND: Kind<dyn Split> = Kind {
    name: "cold-start",
    about: "users and items held out with all their ratings, and a share of the others",
    read: |reader| Box::new(ColdStart::read(reader).check(reader)),
    options: ColdStart::describe,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};
    use std::collections::BTreeSet;

    /// 30 users × 20 items, everybody rated everything; item i at time 100 − i.
    fn dataset() -> Dataset {
        let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
        for cell in 0..600_i64 {
            builder.rating(&(cell / 20).to_string(), &(cell % 20).to_string(), 3.0, 100 - cell % 20);
        }
        builder.finish("t", Duplicates::Last).unwrap()
    }

    fn without(part: impl Fn(usize) -> u32, parts: &[Part], n: u32) -> Vec<u32> {
        let learned = (0..parts.len()).filter(|&row| parts[row] != Part::Test);
        let known: BTreeSet<u32> = learned.map(part).collect();
        (0..n).filter(|own| !known.contains(own)).collect()
    }

    #[test]
    fn held_out_users_and_items_are_in_no_part_that_is_learned_from() {
        let data = dataset();
        let split = ColdStart { users: 0.2, items: 0.25, ..ColdStart::default() };
        let parts = split.assign(&data, 3).unwrap();
        let (users, items) = (&data.ratings.users, &data.ratings.items);
        assert_eq!(without(|row| users[row].0, &parts, 30).len(), 6);
        assert_eq!(without(|row| items[row].0, &parts, 20).len(), 5);
        // 24 users × 15 items are warm: a tenth, rounded up, judges; of the others a fifth is for stackers.
        let count = |part| parts.iter().filter(|&&own| own == part).count();
        assert_eq!((count(Part::Meta), count(Part::Base)), (65, 259));
        assert_ne!(parts, split.assign(&data, 4).unwrap());
        let pinned = ColdStart { seed: Some(3), ..split };
        assert_eq!(parts, pinned.assign(&data, 4).unwrap());
    }

    #[test]
    fn given_ratings_are_the_earliest_of_a_held_out_user() {
        let data = dataset();
        let split = ColdStart { users: 0.1, items: 0.0, given: 2, test: 0.0, meta: 0.0, seed: None };
        let parts = split.assign(&data, 1).unwrap();
        let judged: Vec<usize> = (0..30).filter(|user| parts[user * 20..][..20].contains(&Part::Test)).collect();
        assert_eq!(judged.len(), 3);
        // The last items came first.
        for user in judged {
            let own = &parts[user * 20..][..20];
            assert!(
                own[..18].iter().all(|&part| part == Part::Test) && own[18..] == [Part::Base, Part::Base],
                "{own:?}"
            );
        }
    }

    #[test]
    fn of_ratings_of_one_second_the_given_ones_are_drawn() {
        let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
        for cell in 0..600_i64 {
            builder.rating(&(cell / 20).to_string(), &(cell % 20).to_string(), 3.0, 7);
        }
        let data = builder.finish("t", Duplicates::Last).unwrap();
        let split = ColdStart { users: 0.9, items: 0.0, given: 2, test: 0.0, meta: 0.0, seed: None };
        let parts = split.assign(&data, 1).unwrap();
        let of_cold =
            (0..600).filter(|row| parts[row / 20 * 20..][..20].contains(&Part::Test) && parts[*row] == Part::Base);
        let items: BTreeSet<usize> = of_cold.map(|row| row % 20).collect();
        assert!(items.len() > 10, "not the same items for everybody: {items:?}");
    }
}
