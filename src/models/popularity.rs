//! Floor: the same list for everybody, by how many users rated an item. What no personalised model may fall below.

use super::{BaseModel, FittedModel, TrainData};
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};

crate::options! {
    /// Items by their number of training ratings.
    pub struct Popularity {}
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: "popularity",
    about: "number of training ratings of the item (floor)",
    read: |reader: &Reader<'_>| Box::new(Popularity::read(reader)),
    options: Popularity::describe,
};

impl BaseModel for Popularity {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        let by_item = &train.interactions.by_item;
        let n_ratings = (0..by_item.n_rows()).map(|item| by_item.row_len(item) as f32).collect();
        Ok(Box::new(FittedPopularity { n_ratings }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// Number of training ratings of each item, `[n_items]`.
struct FittedPopularity {
    n_ratings: Vec<f32>,
}

impl FittedModel for FittedPopularity {
    /// The item's number of ratings; 0, a fallback, for an item without any. The user does not matter.
    fn score(&self, _user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let mut n_fallbacks = 0;
        for (score, item) in out.iter_mut().zip(items) {
            *score = self.n_ratings.get(item.at()).copied().unwrap_or(0.0);
            n_fallbacks += usize::from(*score == 0.0);
        }
        n_fallbacks
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;

    #[test]
    fn the_score_is_the_number_of_ratings_whatever_their_value() {
        let data = golden::small(&[("1", "a", 5.0), ("2", "a", 1.0), ("2", "b", 5.0)]);
        let fitted = Popularity {}.fit(&data.train()).unwrap();
        let mut out = [9.0; 3];
        let n_fallbacks = fitted.score(UserIndex(77), &[data.item("b"), ItemIndex(99), data.item("a")], &mut out);
        assert_eq!((out, n_fallbacks), ([1.0, 0.0, 2.0], 1));
    }
}
