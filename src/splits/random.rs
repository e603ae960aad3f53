//! Random over ratings: every rating has the same chance of each part.

use super::{Part, Split, share_of};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::kind::{Kind, Options};
use crate::rng;

crate::options! {
    /// Shuffles all ratings and cuts twice.
    pub struct Random {
        /// Share of all ratings that judges.
        pub test: f64 = 0.2, in 0.001..=0.9;
        /// Share of the remaining ratings that stackers learn from.
        pub meta: f64 = 0.2, in 0.0..=0.9;
        /// A fixed seed of the split; unset, every trial splits by its own.
        pub seed: Option<u64> = None;
    }
}

impl Split for Random {
    fn assign(&self, dataset: &Dataset, seed: u64) -> Result<Vec<Part>> {
        let n = dataset.n_rows();
        let mut order: Vec<u32> = (0..n as u32).collect();
        rng::shuffle(&mut rng::stream(self.seed.unwrap_or(seed), "split random", 0), &mut order);
        let n_test = share_of(n, self.test);
        let n_meta = share_of(n - n_test, self.meta);
        let mut parts = vec![Part::Base; n];
        for (place, &row) in order.iter().enumerate() {
            if place < n_test {
                parts[row as usize] = Part::Test;
            } else if place < n_test + n_meta {
                parts[row as usize] = Part::Meta;
            }
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
    name: "random",
    about: "over all ratings",
    read: |reader| Box::new(Random::read(reader)),
    options: Random::describe,
};
