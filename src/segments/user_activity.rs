//! `user-activity`: cold, regular and power users, by how much they rated before the test.

use super::{Of, Segmentation};

/// The entry in [`super::SEGMENTS`].
pub const SEGMENTATION: Segmentation = Segmentation {
    name: "user-activity",
    about: "users by quartile of their number of train_full ratings: the lowest, the middle two, the highest",
    of: Of::Users,
    labels: &["cold", "regular", "power"],
    assign: |input| {
        let by_user = &input.train_full.by_user;
        let counts: Vec<usize> = (0..input.train_full.n_users()).map(|user| by_user.row_len(user)).collect();
        by_quartile(&counts)
    },
};

/// Labels 0, 1, 2 for the lowest quarter, the middle half and the highest quarter of all users.
///
/// A user is cold if fewer than a quarter of all users have fewer ratings, and a power user if fewer than a quarter have more; equal counts get equal labels, which may
/// make a segment larger than a quarter. Who would be both (most users have one count) is regular, unless there are no ratings at all: then cold.
fn by_quartile(counts: &[usize]) -> Vec<Option<u8>> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let n = sorted.len();
    let label = |&count: &usize| {
        let n_fewer = sorted.partition_point(|&other| other < count);
        let n_more = n - sorted.partition_point(|&other| other <= count);
        match (4 * n_fewer < n, 4 * n_more < n) {
            _ if count == 0 => 0,
            (true, false) => 0,
            (false, true) => 2,
            _ => 1,
        }
    };
    counts.iter().map(|count| Some(label(count))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(counts: &[usize]) -> Vec<u8> {
        by_quartile(counts).into_iter().map(Option::unwrap).collect()
    }

    #[test]
    fn quarters_are_cut_by_count() {
        // Of 8 users the two least active are cold, the two most active power users.
        assert_eq!(labels(&[10, 80, 30, 20, 70, 40, 60, 50]), [0, 2, 1, 0, 2, 1, 1, 1]);
    }

    #[test]
    fn equal_counts_stay_together_and_users_without_ratings_are_cold() {
        // One of four has fewer than 5, none has more: 1 of 4 is no longer fewer than a quarter, so 5 is not cold.
        assert_eq!(labels(&[1, 5, 5, 5]), [0, 2, 2, 2]);
        assert_eq!(labels(&[7, 7, 7]), [1, 1, 1]);
        assert_eq!(labels(&[0, 0, 9]), [0, 0, 2]);
        assert!(labels(&[]).is_empty());
    }
}
