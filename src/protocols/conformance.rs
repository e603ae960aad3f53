//! What holds for every protocol.

use super::{Candidates, Offer, PROTOCOLS, Protocol};
use crate::dataset::{Interactions, UserIndex};
use crate::kind::{Kind, with_defaults};

fn candidates(kind: &Kind<dyn Protocol>, user: u32) -> Vec<u32> {
    let train = Interactions::from_triples(3, 6, [(0, 1, 4.0), (0, 3, 5.0), (1, 0, 2.0)].into_iter());
    let test = Interactions::from_triples(3, 6, [(0, 2, 4.0), (0, 5, 1.0), (2, 4, 3.0)].into_iter());
    let mut out = Candidates::default();
    let offer = Offer { train_full: &train, test: &test, seed: 1, generators: &[] };
    with_defaults(kind).candidates(&offer, UserIndex(user), &mut out);
    out.items.into_iter().map(|item| item.0).collect()
}

#[test]
fn no_learned_item_is_offered_and_every_test_item_is() {
    for kind in PROTOCOLS {
        for user in 0..3 {
            let offered = candidates(kind, user);
            assert!(offered.is_sorted_by(|a, b| a < b), "{}: {offered:?}", kind.name);
            assert!(user != 0 || !offered.contains(&1) && !offered.contains(&3), "{}", kind.name);
            let is_free = with_defaults(kind).generators().is_none();
            assert!(!is_free || user != 0 || offered.contains(&2) && offered.contains(&5), "{}", kind.name);
        }
    }
}

#[test]
fn rated_offers_the_test_rows_and_full_the_rest_of_the_catalog() {
    let of = |name: &str, user| candidates(PROTOCOLS.iter().find(|kind| kind.name == name).unwrap(), user);
    assert_eq!(of("rated", 0), [2, 5]);
    assert_eq!(of("full", 0), [0, 2, 4, 5]);
    assert_eq!(of("full", 2), [0, 1, 2, 3, 4, 5]);
}
