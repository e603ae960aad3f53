//! Leave the last n: each user's latest n ratings judge, the n before them train the stackers.

use super::per_user_temporal::latest_first;
use super::{Part, Split, needs_timestamps};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::kind::{Kind, Options};

crate::options! {
    /// Holds out a fixed number of ratings per user.
    pub struct LeaveLast {
        /// Ratings of each user that judge.
        pub test: usize = 1, in 1..=1000;
        /// Ratings of each user, before those, that stackers learn from.
        pub meta: usize = 1, in 0..=1000;
    }
}

impl Split for LeaveLast {
    fn assign(&self, dataset: &Dataset, seed: u64) -> Result<Vec<Part>> {
        needs_timestamps(dataset, "leave-last")?;
        let users = &dataset.ratings.users;
        let rows: Vec<u32> = (0..users.len() as u32).collect();
        let mut parts = vec![Part::Base; users.len()];
        for group in rows.chunk_by(|&a, &b| users[a as usize] == users[b as usize]) {
            // A user with too few ratings to leave one in base is not held out at all.
            if group.len() <= self.test + self.meta {
                continue;
            }
            for (place, row) in latest_first(dataset, group, seed).into_iter().enumerate().take(self.test + self.meta) {
                parts[row as usize] = if place < self.test { Part::Test } else { Part::Meta };
            }
        }
        Ok(parts)
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn depends_on_seed(&self) -> bool {
        true
    }
}

/// The kind.
pub const KIND: Kind<dyn Split> = Kind {
    name: "leave-last",
    about: "each user's last n",
    read: |reader| Box::new(LeaveLast::read(reader)),
    options: LeaveLast::describe,
};
