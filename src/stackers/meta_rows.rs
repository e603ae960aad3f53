//! The rows that a stacker learns from, and whether there is something to learn.

use crate::error::{Error, Result};
use ndarray::ArrayView2;

/// Rows to learn from: the meta part, grouped by user.
pub struct MetaRows<'a> {
    /// `[n_rows × n_features]`; all finite.
    pub features: ArrayView2<'a, f32>,
    /// Name of each column, `[n_features]`.
    pub names: &'a [String],
    /// 1 for relevant, 0 for not, `[n_rows]`.
    pub labels: &'a [u8],
    /// First row of each user's group, then `n_rows`: groups are contiguous, in user order.
    pub groups: &'a [usize],
    /// Seed of the trial; streams are derived from it with [`crate::rng::stream`] under the kind's name.
    pub seed: u64,
}

impl MetaRows<'_> {
    /// Refuses rows from which nobody can tell the relevant from the others: no features, or one class only.
    ///
    /// # Errors
    /// [`Error::Model`] under the name of `kind`.
    pub fn check_classes(&self, kind: &str) -> Result<()> {
        if self.features.ncols() == 0 {
            let help = "name at least one feature, or leave `features` out";
            return Err(refused(kind, "no features to learn from".into(), help));
        }
        let (n_rows, n_relevant) = (self.labels.len(), self.labels.iter().filter(|&&label| label > 0).count());
        if n_relevant == 0 || n_relevant == n_rows {
            let message = format!("{n_relevant} of {n_rows} meta rows are relevant, expected some of each");
            return Err(refused(kind, message, "use more data, a larger meta part, or another threshold"));
        }
        Ok(())
    }

    /// Refuses rows without a pair to compare: it takes a user with relevant rows and others.
    ///
    /// # Errors
    /// [`Error::Model`] under the name of `kind`.
    pub fn check_pairs(&self, kind: &str) -> Result<()> {
        self.check_classes(kind)?;
        let is_mixed = |labels: &[u8]| labels.iter().any(|&label| label > 0) && labels.contains(&0);
        if self.groups.windows(2).any(|ends| is_mixed(&self.labels[ends[0]..ends[1]])) {
            return Ok(());
        }
        let message = "no user has relevant meta rows and others, of which there must be pairs".into();
        Err(refused(kind, message, "give negatives in [training], use more data, or another threshold"))
    }
}

/// The error of a kind that cannot be fitted.
pub fn refused(kind: &str, message: String, help: &str) -> Error {
    Error::Model { model: kind.into(), message, help: Some(help.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn pairs_need_a_user_with_both_kinds_of_rows() {
        let features = Array2::zeros((4, 1));
        let names = ["score_a".to_owned()];
        let message = |labels: &[u8], groups: &[usize]| {
            let rows = MetaRows { features: features.view(), names: &names, labels, groups, seed: 1 };
            match rows.check_pairs("lambdamart") {
                Err(Error::Model { model, message, help: Some(_) }) => format!("{model}: {message}"),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(message(&[1, 0, 0, 0], &[0, 2, 4]), "Ok(())");
        assert!(
            message(&[1, 1, 0, 0], &[0, 2, 4]).starts_with("lambdamart: no user has relevant meta rows and others")
        );
        assert!(message(&[1, 1, 1, 1], &[0, 2, 4]).contains("4 of 4 meta rows are relevant"));
    }
}
