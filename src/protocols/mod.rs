//! Protocols: which items an arm is asked to rank for a user. A number without its protocol means nothing.
//!
//! To add a kind: one file with its options, its [`Protocol`] and a `KIND`, and one line in [`PROTOCOLS`].

mod full;
mod rated;
mod sampled;
mod two_stage;

use crate::dataset::{Interactions, ItemIndex, UserIndex};
use crate::kind::Kind;
use crate::models::FittedModel;
use std::fmt::Debug;

/// Every protocol there is.
pub const PROTOCOLS: &[Kind<dyn Protocol>] = &[rated::KIND, full::KIND, two_stage::KIND, sampled::KIND];

/// What a protocol may choose candidates from.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// What anybody could have learned from: base and meta part.
    pub train_full: &'a Interactions,
    /// What judges.
    pub test: &'a Interactions,
    /// Seed of the trial, for protocols that draw.
    pub seed: u64,
    /// The models that propose candidates, if the protocol asks for some.
    pub generators: &'a [Generator<'a>],
}

/// A fitted model that proposes candidates.
#[derive(Clone, Copy)]
pub struct Generator<'a> {
    /// Its name.
    pub name: &'a str,
    /// The model.
    pub model: &'a dyn FittedModel,
    /// Number of the arm that ranks by its scores.
    pub arm: usize,
}

/// The candidates of one user.
#[derive(Debug, Default)]
pub struct Candidates {
    /// The items, ascending.
    pub items: Vec<ItemIndex>,
    /// What each generator proposed, ascending; empty where there are no generators, or where one knows nothing of the user.
    pub proposals: Vec<Vec<ItemIndex>>,
}

impl Candidates {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.items.clear();
        self.proposals.clear();
    }
}

/// A rule that chooses the candidates of each user.
pub trait Protocol: Debug + Send + Sync {
    /// Writes the candidates of a user to `out` (empty on entry): never an item that the user rated in `train_full`.
    fn candidates(&self, offer: &Offer<'_>, user: UserIndex, out: &mut Candidates);

    /// What it would choose out of some items, ascending, if there were no others; `None` for a protocol that does not choose by score.
    ///
    /// A stacker that learned from the candidates of a protocol knows no others: asked to rank a catalog, it ranks these, with the others behind them.
    fn narrowed(&self, _offer: &Offer<'_>, _user: UserIndex, _items: &[ItemIndex]) -> Option<Candidates> {
        None
    }

    /// All options with their values.
    fn parameters(&self) -> serde_json::Value;

    /// Whether the candidates are exactly the user's test rows, so that every candidate has a rating to be compared with its score.
    fn is_of_test_rows(&self) -> bool {
        false
    }

    /// Whether every item that a user did not rate is a candidate.
    fn is_of_catalog(&self) -> bool {
        false
    }

    /// Which base models propose candidates: names and globs; `None` for a protocol without generators.
    fn generators(&self) -> Option<&[String]> {
        None
    }

    /// Fewest candidates of a user who has not rated nearly everything, if the protocol limits them.
    fn fewest(&self) -> Option<usize> {
        None
    }

    /// What a reader of its numbers must be warned of.
    fn warning(&self) -> Option<&'static str> {
        None
    }
}

/// The catalog less what the user rated in `train_full`, ascending.
fn unseen(offer: &Offer<'_>, user: UserIndex) -> impl Iterator<Item = ItemIndex> {
    let mut known = offer.train_full.of_user(user).0.iter().copied().peekable();
    (0..offer.train_full.n_items() as u32).filter(move |item| known.next_if_eq(item).is_none()).map(ItemIndex)
}

#[cfg(test)]
mod conformance;
