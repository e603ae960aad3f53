//! `full`: the whole catalog, less what the user rated in `train_full`.
//!
//! What a deployed recommender does: find the few relevant items among all. Items never rated are candidates too, because the catalog offers them.

use super::{Candidates, Offer, Protocol, unseen};
use crate::dataset::UserIndex;
use crate::kind::{Kind, Options};

crate::options! {
    /// The catalog less what the user rated before; no options.
    pub struct Full {}
}

impl Protocol for Full {
    fn candidates(&self, offer: &Offer<'_>, user: UserIndex, out: &mut Candidates) {
        out.items.extend(unseen(offer, user));
    }

    fn is_of_catalog(&self) -> bool {
        true
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!({})
    }
}

/// The kind.
pub const KIND: Kind<dyn Protocol> = Kind {
    name: "full",
    about: "the whole catalog less what the user rated in train_full",
    read: |reader| Box::new(Full::read(reader)),
    options: Full::describe,
};
