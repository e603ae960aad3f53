//! Each user's latest ratings judge, the ones before them train the stackers: nobody is lost, and nobody's own future is seen.

use super::per_user::by_user;
use super::{Part, Split, needs_timestamps};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::kind::{Kind, Options};
use crate::rng::tie_hash;

crate::options! {
    /// Cuts each user's ratings by time.
    pub struct PerUserTemporal {
        /// Share of each user's ratings, the latest, that judges.
        pub test: f64 = 0.2, in 0.001..=0.9;
        /// Share of each user's remaining ratings, again the latest, that stackers learn from.
        pub meta: f64 = 0.2, in 0.0..=0.9;
    }
}

impl Split for PerUserTemporal {
    fn assign(&self, dataset: &Dataset, seed: u64) -> Result<Vec<Part>> {
        needs_timestamps(dataset, "per-user-temporal")?;
        Ok(by_user(dataset, self.test, self.meta, |rows| latest_first(dataset, rows, seed)))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn depends_on_seed(&self) -> bool {
        // Many users rate a whole page in one second; which of those rows are the latest is drawn.
        true
    }
}

/// The kind.
pub const KIND: Kind<dyn Split> = Kind {
    name: "per-user-temporal",
    about: "each user's latest",
    read: |reader| Box::new(PerUserTemporal::read(reader)),
    options: PerUserTemporal::describe,
};

/// Rows by time, the latest first; equal times by seeded hash.
pub(super) fn latest_first(dataset: &Dataset, rows: &[u32], seed: u64) -> Vec<u32> {
    let ratings = &dataset.ratings;
    let mut order = rows.to_vec();
    order.sort_by_cached_key(|&row| {
        let at = row as usize;
        (std::cmp::Reverse(ratings.timestamps[at]), tie_hash(seed, ratings.users[at].0, ratings.items[at].0))
    });
    order
}
