//! Scores of several users at once, by models that gain from it.
//!
//! What a factorization reads to score a catalog is the vectors of all items, megabytes of them: more than the caches near a processor hold, so that every user waits
//! for all of them anew. Asked about some hundred items for one user after the other, then about the next hundred, a model finds them where they are. A score depends on
//! user and item alone, and so not on the order of such questions.

use crate::dataset::{ItemIndex, UserIndex};
use crate::models::FittedModel;

/// Scores of a user's candidates, and how many of them are fallbacks.
type OfUser = (Vec<f32>, u64);

/// Scores of all candidates of some users.
pub struct Ahead {
    /// The slots that gain from it, each with what it says of every user.
    slots: Vec<(usize, Vec<OfUser>)>,
}

impl Ahead {
    /// Scores by those models of some slots that gain from it, where there is something to gain: more than one user, with more items than fill a tile.
    ///
    /// - `users`: each with its candidates, ascending.
    pub fn new(
        models: &[Option<&dyn FittedModel>],
        slots: impl Iterator<Item = usize>,
        users: &[(UserIndex, &[ItemIndex])],
    ) -> Self {
        let n_items: usize = users.iter().map(|(_, items)| items.len()).sum();
        let scored = |slot: usize| {
            let model = models[slot]?;
            let tile = model.tile().filter(|tile| users.len() > 1 && n_items > users.len() * tile)?;
            Some((slot, by_tile(model, tile, users)))
        };
        Self { slots: slots.filter_map(scored).collect() }
    }

    /// Takes the scores of a user, by place: slot, scores, fallbacks.
    pub fn take(&mut self, place: usize) -> impl Iterator<Item = (usize, Vec<f32>, u64)> {
        self.slots.iter_mut().map(move |(slot, users)| {
            let (scores, n_fallbacks) = std::mem::take(&mut users[place]);
            (*slot, scores, n_fallbacks)
        })
    }
}

/// Scores and fallbacks of every user: all users' candidates among the next `tile` items, then those among the next.
fn by_tile(model: &dyn FittedModel, tile: usize, users: &[(UserIndex, &[ItemIndex])]) -> Vec<OfUser> {
    let mut out: Vec<OfUser> = users.iter().map(|(_, items)| (vec![0.0; items.len()], 0)).collect();
    let mut done = vec![0; users.len()];
    let first = |done: &[usize]| users.iter().zip(done).filter_map(|((_, items), &done)| items.get(done)).min();
    while let Some(first) = first(&done) {
        let end = first.at().saturating_add(tile);
        for (((user, items), done), (scores, n_fallbacks)) in users.iter().zip(&mut done).zip(&mut out) {
            let own = *done..*done + items[*done..].partition_point(|item| item.at() < end);
            *n_fallbacks += model.score(*user, &items[own.clone()], &mut scores[own.clone()]) as u64;
            *done = own.end;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Scale;
    use std::sync::Mutex;

    /// Scores an item by user and number, every seventh by fallback; keeps what it was asked.
    #[derive(Default)]
    struct Asked(Mutex<Vec<(u32, Vec<u32>)>>);

    impl FittedModel for Asked {
        fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
            self.0.lock().unwrap().push((user.0, items.iter().map(|item| item.0).collect()));
            out.iter_mut().zip(items).for_each(|(out, item)| *out = (1000 * user.0 + item.0) as f32);
            items.iter().filter(|item| item.0 % 7 == 0).count()
        }

        fn tile(&self) -> Option<usize> {
            Some(10)
        }

        fn scale(&self) -> Scale {
            Scale::Order
        }
    }

    #[test]
    fn tile_by_tile_every_candidate_is_scored_once() {
        let lists: [Vec<ItemIndex>; 3] = [
            (0..50).map(ItemIndex).collect(),
            (0..90).filter(|item| item % 3 > 0).map(ItemIndex).collect(),
            [5, 200].map(ItemIndex).to_vec(),
        ];
        let users: Vec<(UserIndex, &[ItemIndex])> = (3..).map(UserIndex).zip(lists.iter().map(Vec::as_slice)).collect();
        let (tiled, whole) = (Asked::default(), Asked::default());
        let mut ahead = Ahead::new(&[None, Some(&tiled)], [0, 1].into_iter(), &users);
        for (place, (user, items)) in users.iter().enumerate() {
            let mut scores = vec![0.0; items.len()];
            let n_fallbacks = whole.score(*user, items, &mut scores) as u64;
            assert_eq!(ahead.take(place).collect::<Vec<_>>(), [(1, scores, n_fallbacks)]);
        }
        let asked = tiled.0.into_inner().unwrap();
        assert!(asked.iter().all(|(_, items)| items.len() <= 10), "{asked:?}");
        assert_eq!(asked[..3].iter().map(|(user, _)| *user).collect::<Vec<_>>(), [3, 4, 5]);
        // Nobody has items between 90 and 200: what lies there is passed over.
        assert_eq!(asked.len(), 3 * 10);
    }

    #[test]
    fn nothing_is_scored_ahead_for_one_user_or_few_items() {
        let model = Asked::default();
        let many: Vec<ItemIndex> = (0..50).map(ItemIndex).collect();
        let slots =
            |users: &[(UserIndex, &[ItemIndex])]| Ahead::new(&[Some(&model)], [0].into_iter(), users).slots.len();
        assert_eq!(slots(&[(UserIndex(0), &many)]), 0);
        assert_eq!(slots(&[(UserIndex(0), &many[..10]), (UserIndex(1), &many[..10])]), 0);
        assert_eq!(slots(&[(UserIndex(0), &many), (UserIndex(1), &many)]), 1);
    }
}
