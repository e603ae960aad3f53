//! Floor: a random order, different for every user and seed. What any model must beat to have learned something.
//!
//! A hash of (seed, user, item) instead of a stream of draws: a pair's score depends neither on which items are scored with it nor on their order.

use super::{BaseModel, FittedModel, TrainData};
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::rng;
use rand_core::Rng;

crate::options! {
    /// Uniform scores by seeded hash.
    pub struct Random {}
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: "random",
    about: "uniform random scores from the seed (floor)",
    read: |reader: &Reader<'_>| Box::new(Random::read(reader)),
    options: Random::describe,
};

impl BaseModel for Random {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        // A word of the model's own stream, so that its order is not the one that breaks ties elsewhere under the same seed.
        Ok(Box::new(FittedRandom { word: rng::stream(train.seed, "random", 0).next_u64() }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// The word that seeds the hash.
struct FittedRandom {
    word: u64,
}

impl FittedModel for FittedRandom {
    /// Uniform in `[0, 1)`, 24 bits. Knows every pair equally well, so nothing is a fallback.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        for (score, item) in out.iter_mut().zip(items) {
            *score = (rng::tie_hash(self.word, user.0, item.0) >> 40) as f32 * (1.0 / (1_u32 << 24) as f32);
        }
        0
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;

    fn scores(seed: u64, user: u32) -> Vec<f32> {
        let data = golden::small(&[("1", "a", 5.0)]);
        let fitted = Random {}.fit(&TrainData { seed, ..data.train() }).unwrap();
        let items: Vec<ItemIndex> = (0..10_000).map(ItemIndex).collect();
        let mut out = vec![0.0; items.len()];
        assert_eq!(fitted.score(UserIndex(user), &items, &mut out), 0);
        out
    }

    #[test]
    fn scores_are_uniform_and_change_with_seed_and_user() {
        let one = scores(1, 0);
        for decile in 0..10_u16 {
            let low = f32::from(decile) / 10.0;
            let count = one.iter().filter(|&&score| score >= low && score < low + 0.1).count();
            // 1,000 expected, standard deviation 30.
            assert!((850..1150).contains(&count), "{decile}: {count}");
        }
        assert_eq!(one, scores(1, 0));
        assert_ne!(one, scores(2, 0));
        assert_ne!(one, scores(1, 1));
    }
}
