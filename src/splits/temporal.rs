//! One cut through time for everybody: what came after judges. The only split that sees no future at all; it leaves few known users.

use super::per_user_temporal::latest_first;
use super::{Part, Split, needs_timestamps, share_of};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::kind::{Kind, Options};

crate::options! {
    /// Cuts all ratings by time.
    pub struct Temporal {
        /// Share of all ratings, the latest, that judges.
        pub test: f64 = 0.2, in 0.001..=0.9;
        /// Share of the remaining ratings, again the latest, that stackers learn from.
        pub meta: f64 = 0.2, in 0.0..=0.9;
    }
}

impl Split for Temporal {
    fn assign(&self, dataset: &Dataset, seed: u64) -> Result<Vec<Part>> {
        needs_timestamps(dataset, "temporal")?;
        let rows: Vec<u32> = (0..dataset.n_rows() as u32).collect();
        let n_test = share_of(rows.len(), self.test);
        let n_meta = share_of(rows.len() - n_test, self.meta);
        let mut parts = vec![Part::Base; rows.len()];
        for (place, row) in latest_first(dataset, &rows, seed).into_iter().enumerate().take(n_test + n_meta) {
            parts[row as usize] = if place < n_test { Part::Test } else { Part::Meta };
        }
        Ok(parts)
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn depends_on_seed(&self) -> bool {
        // Rows of the very second of the cut are drawn.
        true
    }
}

/// The kind.
pub const KIND: Kind<dyn Split> = Kind {
    name: "temporal",
    about: "one cut through time",
    read: |reader| Box::new(Temporal::read(reader)),
    options: Temporal::describe,
};
