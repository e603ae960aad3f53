//! What base models are fitted on: the base part, all of `train_full`, or, for cross-fitting, `train_full` without one fold.
//!
//! With K folds every row of `train_full` is scored by models that have not seen it (Wolpert 1992; van der Laan et al. 2007), so that stackers learn from all of
//! it and base models that score the test may learn from all of it too.

use crate::dataset::{Dataset, Interactions, UserIndex};
use crate::rng;
use crate::splits::{Part, Parts};

/// What a model is fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The base part.
    Base,
    /// Base and meta part.
    TrainFull,
    /// Base and meta part without a fold.
    Without {
        /// The fold, from 0.
        fold: usize,
        /// How many there are.
        of: usize,
    },
}

impl On {
    /// As numbers, for keys.
    pub fn numbers(self) -> [u64; 3] {
        match self {
            Self::Base => [0, 0, 0],
            Self::TrainFull => [1, 0, 0],
            Self::Without { fold, of } => [2, fold as u64, of as u64],
        }
    }

    /// Words behind the name of a stage.
    fn suffix(self) -> String {
        match self {
            Self::Base => String::new(),
            Self::TrainFull => " on train_full".into(),
            Self::Without { fold, of } => format!(" without fold {} of {of}", fold + 1),
        }
    }

    /// The stage that fits a model here.
    pub fn stage(self, model: &str) -> String {
        format!("fit {model}{}", self.suffix())
    }

    /// The contexts in which the stackers of an experiment learn.
    pub fn of_training(cross_fit: usize) -> Vec<Self> {
        match cross_fit {
            0 => vec![Self::Base],
            of => (0..of).map(|fold| Self::Without { fold, of }).collect(),
        }
    }

    /// Where test candidates are scored: what models are fitted on, and which ratings statistics count as the base part.
    pub fn of_test(cross_fit: usize, refit: bool) -> (Self, Self) {
        match (cross_fit, refit) {
            (0, false) => (Self::Base, Self::Base),
            (0, true) => (Self::TrainFull, Self::Base),
            _ => (Self::TrainFull, Self::TrainFull),
        }
    }
}

/// Ratings as seen from one context.
pub struct Context {
    /// Which.
    pub on: On,
    /// Parts with what models are fitted on as base, and what they score for stackers as meta.
    pub parts: Parts,
    /// The base part of `parts`.
    pub base: Interactions,
    /// The meta part of `parts`.
    pub meta: Interactions,
}

impl Context {
    /// The context of a split.
    pub fn new(dataset: &Dataset, split: &Parts, on: On, seed: u64) -> Self {
        let parts = match on {
            On::Base => split.clone(),
            On::TrainFull => merged(dataset, split),
            On::Without { fold, of } => without(dataset, split, fold, of, seed),
        };
        let base = parts.interactions(dataset, &[Part::Base]);
        let meta = parts.interactions(dataset, &[Part::Meta]);
        Self { on, parts, base, meta }
    }
}

/// The split with its meta part in the base part.
pub fn merged(dataset: &Dataset, split: &Parts) -> Parts {
    let part = |&part: &Part| if part == Part::Meta { Part::Base } else { part };
    Parts::new(dataset, split.of_row.iter().map(part).collect())
}

/// Deals the rows of each user, shuffled, over the folds, starting anywhere, so that folds are equally large for every user.
fn without(dataset: &Dataset, split: &Parts, fold: usize, of: usize, seed: u64) -> Parts {
    let mut out = split.of_row.clone();
    let users = &dataset.ratings.users;
    let mut start = 0;
    while start < users.len() {
        let user: UserIndex = users[start];
        let end = start + users[start..].iter().take_while(|&&other| other == user).count();
        let is_learned = |row: &usize| matches!(split.of_row[*row], Part::Base | Part::Meta);
        let mut rows: Vec<usize> = (start..end).filter(is_learned).collect();
        let mut stream = rng::stream(seed, "cross-fit", u64::from(user.0));
        rng::shuffle(&mut stream, &mut rows);
        let first = rng::below(&mut stream, of as u64) as usize;
        for (place, &row) in rows.iter().enumerate() {
            out[row] = if (first + place) % of == fold { Part::Meta } else { Part::Base };
        }
        start = end;
    }
    Parts::new(dataset, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};

    fn world() -> (Dataset, Parts) {
        let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
        for cell in 0..60 {
            builder.rating(&format!("{}", cell / 20), &format!("{}", cell % 20), 4.0, 0);
        }
        let dataset = builder.finish("world", Duplicates::Last).unwrap();
        let part = |row: usize| [Part::Base, Part::Test, Part::Meta, Part::Base][row % 4];
        let parts = Parts::new(&dataset, (0..60).map(part).collect());
        (dataset, parts)
    }

    #[test]
    fn every_learned_row_is_held_out_once_and_no_test_row_ever() {
        let (dataset, split) = world();
        let folds: Vec<Context> =
            On::of_training(4).into_iter().map(|on| Context::new(&dataset, &split, on, 7)).collect();
        for row in 0..60 {
            let held_out = folds.iter().filter(|fold| fold.parts.of_row[row] == Part::Meta).count();
            assert_eq!(held_out, usize::from(split.of_row[row] != Part::Test));
            assert!(
                folds.iter().all(|fold| (fold.parts.of_row[row] == Part::Test) == (split.of_row[row] == Part::Test))
            );
        }
        // 15 rows of each of three users over four folds.
        assert!(folds.iter().all(|fold| (9..=12).contains(&fold.meta.n_rows())));
        assert!(folds.iter().all(|fold| fold.meta.n_rows() + fold.base.n_rows() == 45));
    }

    #[test]
    fn folds_change_with_the_seed() {
        let (dataset, split) = world();
        let of_seed = |seed| Context::new(&dataset, &split, On::Without { fold: 0, of: 3 }, seed).parts.of_row;
        assert_eq!(of_seed(1), of_seed(1));
        assert_ne!(of_seed(1), of_seed(2));
    }

    #[test]
    fn train_full_is_base_and_meta_together() {
        let (dataset, split) = world();
        let all = Context::new(&dataset, &split, On::TrainFull, 1);
        assert_eq!((all.base.n_rows(), all.meta.n_rows()), (45, 0));
    }
}
