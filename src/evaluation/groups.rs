//! Segments as sets of members.

use super::Setting;
use crate::segments::{Of, SegmentInput};

/// A named subset of users or items.
pub struct Group {
    /// `segmentation:label`.
    pub name: String,
    /// Whether each user (or item) is in it.
    pub has: Vec<bool>,
}

/// All groups of a setting.
pub struct Groups {
    /// Of users.
    pub users: Vec<Group>,
    /// Of items.
    pub items: Vec<Group>,
}

impl Groups {
    /// Assigns users and items to the segments of a setting.
    pub fn new(setting: &Setting<'_>) -> Self {
        let mut groups = Self { users: Vec::new(), items: Vec::new() };
        let input = SegmentInput { dataset: setting.dataset, train_full: setting.train_full };
        for segmentation in setting.segments {
            let labels = (segmentation.assign)(&input);
            let into = match segmentation.of {
                Of::Users => &mut groups.users,
                Of::Items => &mut groups.items,
            };
            for (number, label) in segmentation.labels.iter().enumerate() {
                let has = labels.iter().map(|&own| own == Some(number as u8)).collect();
                into.push(Group { name: format!("{}:{label}", segmentation.name), has });
            }
        }
        groups
    }

    /// Names of all segments: `all`, then those of users, then those of items.
    pub fn names(&self) -> Vec<String> {
        let groups = self.users.iter().chain(&self.items).map(|group| group.name.clone());
        std::iter::once("all".to_owned()).chain(groups).collect()
    }

    /// Place of a user group among the names.
    pub fn user_segment(&self, group: usize) -> usize {
        1 + group
    }

    /// Place of an item group among the names.
    pub fn item_segment(&self, group: usize) -> usize {
        1 + self.users.len() + group
    }
}
