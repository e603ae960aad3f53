//! Segments of users and items as features: those of the evaluation, over the known ratings instead of all before the test.

use crate::dataset::{Dataset, Interactions, ItemIndex, UserIndex};
use crate::segments::{self, SegmentInput};

/// The segments of all users and items.
#[derive(Debug, Clone)]
pub struct Labels {
    users: Vec<Option<&'static str>>,
    items: Vec<Option<&'static str>>,
}

impl Labels {
    /// Assigns `user-activity` and `item-popularity`.
    pub fn new(dataset: &Dataset, known: &Interactions) -> Self {
        let named = |name: &str| {
            let segmentation = segments::segmentation(name);
            let labels = segmentation.map(|own| (own.assign)(&SegmentInput { dataset, train_full: known }));
            let text = |label: Option<u8>| segmentation.zip(label).map(|(own, label)| own.labels[usize::from(label)]);
            labels.into_iter().flatten().map(text).collect()
        };
        Self { users: named("user-activity"), items: named("item-popularity") }
    }

    /// The segment of a user.
    pub fn of_user(&self, user: UserIndex) -> Option<&'static str> {
        self.users[user.at()]
    }

    /// The segment of an item.
    pub fn of_item(&self, item: ItemIndex) -> Option<&'static str> {
        self.items[item.at()]
    }
}
