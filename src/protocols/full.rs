//! `full`: the whole catalog, less what the user rated in `train_full`.
//!
//! What a deployed recommender does: find the few relevant items among all. Items never rated are candidates too, because the catalog offers them.

use super::{Offer, Protocol};
use crate::dataset::{ItemIndex, UserIndex};
use crate::kind::{Kind, Options};

crate::options! {
    /// The catalog less what the user rated before; no options.
    pub struct Full {}
}

impl Protocol for Full {
    fn candidates(&self, offer: &Offer<'_>, user: UserIndex, out: &mut Vec<ItemIndex>) {
        let mut known = offer.train_full.of_user(user).0.iter().copied().peekable();
        out.extend(
            (0..offer.train_full.n_items() as u32).filter(|item| known.next_if_eq(item).is_none()).map(ItemIndex),
        );
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
