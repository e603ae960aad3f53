//! Protocols: which items an arm is asked to rank for a user. A number without its protocol means nothing.
//!
//! To add a kind: one file with its options, its [`Protocol`] and a `KIND`, and one line in [`PROTOCOLS`].

mod full;
mod rated;

use crate::dataset::{Interactions, ItemIndex, UserIndex};
use crate::kind::Kind;
use std::fmt::Debug;

/// Every protocol there is.
pub const PROTOCOLS: &[Kind<dyn Protocol>] = &[rated::KIND, full::KIND];

/// What a protocol may choose candidates from.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// What anybody could have learned from: base and meta part.
    pub train_full: &'a Interactions,
    /// What judges.
    pub test: &'a Interactions,
    /// Seed of the trial, for protocols that draw.
    pub seed: u64,
}

/// A rule that chooses the candidates of each user.
pub trait Protocol: Debug + Send + Sync {
    /// Appends the candidates of a user to `out` (empty on entry), ascending; never an item that the user rated in `train_full`.
    fn candidates(&self, offer: &Offer<'_>, user: UserIndex, out: &mut Vec<ItemIndex>);

    /// All options with their values.
    fn parameters(&self) -> serde_json::Value;

    /// Whether the candidates are exactly the user's test rows, so that every candidate has a rating to be compared with its score.
    fn is_of_test_rows(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod conformance;
