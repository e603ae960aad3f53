//! Means over users, for everybody and per segment.

use super::groups::Groups;
use super::slots::Slot;
use super::users::Judged;
use super::{Omission, UserLists, UserValues, Value};
use crate::dataset::UserIndex;

/// What comes of one arm's per-user values.
pub struct Averaged {
    /// Means.
    pub values: Vec<Value>,
    /// Means over nobody.
    pub omissions: Vec<Omission>,
    /// Values per user.
    pub users: Vec<Defined>,
}

/// A metric's values, for those users for whom it is defined.
pub struct Defined {
    slot: Slot,
    segment: usize,
    users: Vec<UserIndex>,
    values: Vec<f32>,
}

impl Defined {
    /// Refers to the users by a list's number.
    pub fn named(self, lists: &mut UserLists) -> UserValues {
        let user_list = lists.place(self.users);
        UserValues { metric: self.slot.metric, k: self.slot.k, segment: self.segment, user_list, values: self.values }
    }
}

/// Averages every slot over all users and over every user group.
pub fn averages(slots: &[Slot], groups: &Groups, judged: &Judged, arm: usize) -> Averaged {
    let mut out = Averaged { values: Vec::new(), omissions: Vec::new(), users: Vec::new() };
    for (number, slot) in slots.iter().enumerate() {
        let value_of = |user: &super::users::JudgedUser| user.arms[arm].values[number];
        let segment = slot.item_group.map_or(0, |group| groups.item_segment(group));
        out.mean(slot, segment, judged.users.iter().map(value_of));
        for (at, group) in groups.users.iter().enumerate().filter(|_| slot.item_group.is_none()) {
            let members = judged.users.iter().filter(|user| group.has[user.user.at()]);
            out.mean(slot, groups.user_segment(at), members.map(value_of));
        }
        let defined = judged.users.iter().filter_map(|user| value_of(user).map(|value| (user.user, value as f32)));
        let (users, values): (Vec<_>, Vec<_>) = defined.unzip();
        if !users.is_empty() {
            out.users.push(Defined { slot: *slot, segment, users, values });
        }
    }
    out
}

impl Averaged {
    /// The mean of what is defined, summed in user order.
    fn mean(&mut self, slot: &Slot, segment: usize, values: impl Iterator<Item = Option<f64>>) {
        let Slot { metric, k, .. } = *slot;
        let (mut sum, mut n, mut n_left_out) = (0.0, 0_u64, 0_u64);
        for value in values {
            match value {
                Some(value) => (sum, n) = (sum + value, n + 1),
                None => n_left_out += 1,
            }
        }
        if n > 0 {
            self.values.push(Value { metric, k, segment, value: sum / n as f64, n, n_left_out });
        } else {
            let reason = match n_left_out {
                0 => "nobody of the segment has a test row",
                _ if slot.needs_relevant => "no user of the segment has a relevant test item that it could be taken of",
                _ => "undefined for every user of the segment",
            };
            self.omissions.push(Omission { metric, k, segment, reason, count: n_left_out });
        }
    }
}
