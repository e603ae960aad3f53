//! `user-history`: users that nobody has learned from, and the others. Says something of splits that hold out users, such as `cold-start`.

use super::{Of, Segmentation};

/// The entry in [`super::SEGMENTS`].
pub const SEGMENTATION: Segmentation = Segmentation {
    name: "user-history",
    about: "users without a rating in train_full, and the others",
    of: Of::Users,
    labels: &["new", "known"],
    assign: |input| {
        let by_user = &input.train_full.by_user;
        (0..by_user.n_rows()).map(|user| Some(u8::from(by_user.row_len(user) > 0))).collect()
    },
};
