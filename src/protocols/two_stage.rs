//! Candidates from generators, as large systems have it: a few cheap models each propose their best items, and the arm ranks what they found.

use super::{Candidates, Generator, Offer, Protocol, unseen};
use crate::dataset::{ItemIndex, UserIndex};
use crate::key::KeyBuilder;
use crate::kind::{Kind, Options};
use crate::rng;

crate::options! {
    /// The best items of several base models together. Source: Covington et al. (2016), figure 2.
    pub struct TwoStage {
        /// The base models that propose candidates: names and globs.
        pub generators: Vec<String> = vec!["*".to_owned()];
        /// Items that each of them proposes.
        pub per_generator: usize = 100, in 1..=100_000;
    }
}

impl TwoStage {
    /// The union of what all generators propose. Where none knows the user, the most rated items stand in for their proposals.
    fn choose(&self, offer: &Offer<'_>, user: UserIndex, all: &[ItemIndex], out: &mut Candidates) {
        out.proposals.extend(offer.generators.iter().map(|generator| self.proposals(generator, offer, user, all)));
        out.items.extend(out.proposals.iter().flatten());
        if out.items.is_empty() {
            let counts: Vec<f32> = all.iter().map(|item| offer.train_full.of_item(*item).0.len() as f32).collect();
            out.items = best(self.per_generator, offer.seed, user, all, &counts);
        }
        out.items.sort_unstable();
        out.items.dedup();
    }

    /// The best of some items of one generator; nothing where it knows nothing of the user, so that all its scores are fallbacks.
    fn proposals(
        &self,
        generator: &Generator<'_>,
        offer: &Offer<'_>,
        user: UserIndex,
        all: &[ItemIndex],
    ) -> Vec<ItemIndex> {
        let mut scores = vec![0.0_f32; all.len()];
        if generator.model.score(user, all, &mut scores) == all.len() {
            return Vec::new();
        }
        let seed = KeyBuilder::new("proposals").number(offer.seed).finish().word();
        best(self.per_generator, seed, user, all, &scores)
    }
}

/// The `n` items of highest score, ascending by item; equal scores by a seeded hash.
fn best(n: usize, seed: u64, user: UserIndex, items: &[ItemIndex], scores: &[f32]) -> Vec<ItemIndex> {
    let mut order: Vec<u32> = (0..items.len() as u32).collect();
    if n < order.len() {
        order.select_nth_unstable_by(n, |&a, &b| {
            let hash = |at: u32| rng::tie_hash(seed, user.0, items[at as usize].0);
            // Scores are finite; 0 and −0 are equal.
            let by_score = scores[b as usize].partial_cmp(&scores[a as usize]).unwrap_or(std::cmp::Ordering::Equal);
            by_score.then_with(|| (hash(a), a).cmp(&(hash(b), b)))
        });
        order.truncate(n);
    }
    let mut out: Vec<ItemIndex> = order.into_iter().map(|at| items[at as usize]).collect();
    out.sort_unstable();
    out
}

impl Protocol for TwoStage {
    fn candidates(&self, offer: &Offer<'_>, user: UserIndex, out: &mut Candidates) {
        let all: Vec<ItemIndex> = unseen(offer, user).collect();
        self.choose(offer, user, &all, out);
    }

    fn narrowed(&self, offer: &Offer<'_>, user: UserIndex, items: &[ItemIndex]) -> Option<Candidates> {
        let mut out = Candidates::default();
        self.choose(offer, user, items, &mut out);
        Some(out)
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn generators(&self) -> Option<&[String]> {
        Some(&self.generators)
    }

    fn fewest(&self) -> Option<usize> {
        Some(self.per_generator)
    }
}

/// The kind.
pub const KIND: Kind<dyn Protocol> = Kind {
    name: "two-stage",
    about: "the best items of several base models together",
    read: |reader| Box::new(TwoStage::read(reader)),
    options: TwoStage::describe,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Interactions, Scale};
    use crate::models::FittedModel;

    /// Scores items by a table; knows nothing of other users than 0.
    struct Table(Vec<f32>);

    impl FittedModel for Table {
        fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
            items.iter().zip(&mut *out).for_each(|(item, out)| *out = self.0[item.at()]);
            if user.0 == 0 { 0 } else { items.len() }
        }

        fn scale(&self) -> Scale {
            Scale::Order
        }
    }

    fn candidates(user: u32) -> Candidates {
        let train = Interactions::from_triples(2, 6, [(0, 1, 4.0), (1, 4, 5.0), (0, 4, 1.0)].into_iter());
        let (rising, falling) =
            (Table((0..6).map(|at| at as f32).collect()), Table((0..6).map(|at| -(at as f32)).collect()));
        let generators = [
            Generator { name: "rising", model: &rising, arm: 0 },
            Generator { name: "falling", model: &falling, arm: 1 },
        ];
        let mut out = Candidates::default();
        let offer = Offer { train_full: &train, test: &train, seed: 1, generators: &generators };
        TwoStage { per_generator: 2, ..TwoStage::default() }.candidates(&offer, UserIndex(user), &mut out);
        out
    }

    #[test]
    fn the_best_of_each_generator_come_together() {
        let found = candidates(0);
        // The user rated items 1 and 4.
        assert_eq!(found.proposals, [[3, 5].map(ItemIndex), [0, 2].map(ItemIndex)]);
        assert_eq!(found.items, [0, 2, 3, 5].map(ItemIndex));
    }

    #[test]
    fn where_no_generator_knows_the_user_popular_items_stand_in() {
        let found = candidates(1);
        assert_eq!(found.proposals, [Vec::new(), Vec::new()]);
        // Item 4 is the user's own; of the others only item 1 has a rating.
        assert_eq!(found.items.len(), 2);
        assert!(found.items.contains(&ItemIndex(1)));
    }

    #[test]
    fn equal_scores_at_the_border_favor_no_item() {
        let items: Vec<ItemIndex> = (0..100).map(ItemIndex).collect();
        let sum = |seed: u64| best(20, seed, UserIndex(0), &items, &[1.0; 100]).iter().map(|item| item.0).sum::<u32>();
        let mean = (0..50).map(sum).sum::<u32>() as f64 / 1000.0;
        assert!((mean - 49.5).abs() < 4.0, "{mean}");
    }
}
