//! Random within each user: everybody keeps ratings in every part, as far as they have enough.

use super::{Part, Split};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::kind::{Kind, Options};
use crate::rng;

crate::options! {
    /// Shuffles each user's ratings and cuts twice.
    pub struct PerUser {
        /// Share of each user's ratings that judges, rounded to the nearest.
        pub test: f64 = 0.2, in 0.001..=0.9;
        /// Share of each user's remaining ratings that stackers learn from, rounded to the nearest.
        pub meta: f64 = 0.2, in 0.0..=0.9;
        /// A fixed seed of the split; unset, every trial splits by its own.
        pub seed: Option<u64> = None;
    }
}

impl Split for PerUser {
    fn assign(&self, dataset: &Dataset, seed: u64) -> Result<Vec<Part>> {
        let seed = self.seed.unwrap_or(seed);
        let mut order = Vec::new();
        Ok(by_user(dataset, self.test, self.meta, |rows| {
            order.clear();
            order.extend_from_slice(rows);
            let user = dataset.ratings.users[rows[0] as usize];
            rng::shuffle(&mut rng::stream(seed, "split per-user", u64::from(user.0)), &mut order);
            order.clone()
        }))
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
    name: "per-user",
    about: "at random within each user",
    read: |reader| Box::new(PerUser::read(reader)),
    options: PerUser::describe,
};

/// Cuts each user's rows, put by `arrange` into an order whose front judges: first test, then meta, the rest base. A user's last row stays in base.
pub(super) fn by_user(
    dataset: &Dataset,
    test: f64,
    meta: f64,
    mut arrange: impl FnMut(&[u32]) -> Vec<u32>,
) -> Vec<Part> {
    let users = &dataset.ratings.users;
    let rows: Vec<u32> = (0..users.len() as u32).collect();
    let mut parts = vec![Part::Base; users.len()];
    for group in rows.chunk_by(|&a, &b| users[a as usize] == users[b as usize]) {
        let n_test = ((group.len() as f64 * test).round() as usize).min(group.len() - 1);
        let n_meta = (((group.len() - n_test) as f64 * meta).round() as usize).min(group.len() - n_test - 1);
        for (place, &row) in arrange(group).iter().enumerate().take(n_test + n_meta) {
            parts[row as usize] = if place < n_test { Part::Test } else { Part::Meta };
        }
    }
    parts
}
