//! Test rows and a draw of items that the user did not rate: cheap, common, and known to order systems otherwise than the whole catalog does.

use super::{Candidates, Offer, Protocol, unseen};
use crate::dataset::{ItemIndex, UserIndex};
use crate::kind::{Kind, Options};
use crate::rng;

crate::options! {
    /// The user's test rows and as many other items as asked for, drawn uniformly. Source: Krichene & Rendle (2020), who show why to distrust it.
    pub struct Sampled {
        /// Items drawn for each user, of those that the user never rated.
        pub negatives: usize = 100, in 1..=1_000_000;
    }
}

impl Protocol for Sampled {
    fn candidates(&self, offer: &Offer<'_>, user: UserIndex, out: &mut Candidates) {
        let rated = offer.test.of_user(user).0;
        let mut others: Vec<ItemIndex> =
            unseen(offer, user).filter(|item| rated.binary_search(&item.0).is_err()).collect();
        let mut stream = rng::stream(offer.seed, "sampled", u64::from(user.0));
        let n = self.negatives.min(others.len());
        // The first n places of a Fisher–Yates shuffle.
        for place in 0..n {
            let from = place + rng::below(&mut stream, (others.len() - place) as u64) as usize;
            others.swap(place, from);
        }
        out.items.extend(others[..n].iter().copied().chain(rated.iter().map(|&item| ItemIndex(item))));
        out.items.sort_unstable();
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn warning(&self) -> Option<&'static str> {
        Some(
            "sampled: metrics on drawn candidates can put arms in another order than the whole catalog does (Krichene & Rendle 2020); believe the protocol full",
        )
    }
}

/// The kind.
pub const KIND: Kind<dyn Protocol> = Kind {
    name: "sampled",
    about: "test rows and items drawn from the rest; can reorder arms, so runs warn of it",
    read: |reader| Box::new(Sampled::read(reader)),
    options: Sampled::describe,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Interactions;

    #[test]
    fn draws_change_with_user_and_seed_and_never_take_what_the_user_rated() {
        let train = Interactions::from_triples(2, 60, [(0, 1, 4.0), (1, 1, 4.0)].into_iter());
        let test = Interactions::from_triples(2, 60, [(0, 5, 4.0), (1, 5, 4.0)].into_iter());
        let draw = |user: u32, seed: u64| {
            let mut out = Candidates::default();
            let offer = Offer { train_full: &train, test: &test, seed, generators: &[] };
            Sampled { negatives: 10 }.candidates(&offer, UserIndex(user), &mut out);
            out.items
        };
        let items = draw(0, 1);
        assert_eq!(items.len(), 11);
        assert!(items.contains(&ItemIndex(5)) && !items.contains(&ItemIndex(1)) && items.is_sorted());
        assert_eq!(items, draw(0, 1));
        assert_ne!(items, draw(0, 2));
        assert_ne!(items, draw(1, 1));
    }

    #[test]
    fn a_small_catalog_is_taken_whole() {
        let train = Interactions::from_triples(1, 4, [(0, 1, 4.0)].into_iter());
        let mut out = Candidates::default();
        let offer = Offer { train_full: &train, test: &train, seed: 1, generators: &[] };
        Sampled::default().candidates(
            &Offer { test: &Interactions::from_triples(1, 4, std::iter::empty()), ..offer },
            UserIndex(0),
            &mut out,
        );
        assert_eq!(out.items, [0, 2, 3].map(ItemIndex));
    }
}
