//! `rated`: the user's own test rows.
//!
//! Asks whether an arm orders what the user chose to rate. It sees no item the user passed over, so even random scores look good: read it beside the floors.

use super::{Candidates, Offer, Protocol};
use crate::dataset::{ItemIndex, UserIndex};
use crate::kind::{Kind, Options};

crate::options! {
    /// The user's own test rows; no options.
    pub struct Rated {}
}

impl Protocol for Rated {
    fn candidates(&self, offer: &Offer<'_>, user: UserIndex, out: &mut Candidates) {
        out.items.extend(offer.test.of_user(user).0.iter().map(|&item| ItemIndex(item)));
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!({})
    }

    fn is_of_test_rows(&self) -> bool {
        true
    }
}

/// The kind.
pub const KIND: Kind<dyn Protocol> = Kind {
    name: "rated",
    about: "the user's own test rows",
    read: |reader| Box::new(Rated::read(reader)),
    options: Rated::describe,
};
