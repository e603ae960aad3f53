//! Stackers of segments: one for the users of each segment that has rows enough, and one for all others, fitted on everybody's rows.
//!
//! Little is known of some users and much of others, so that what a score is worth may differ between them; trees find that by themselves if they see a feature that
//! tells users apart, a linear stacker cannot. The price is fewer rows for each fit.

use super::cell::SplitRatings;
use super::contexts::On;
use super::training::Rows;
use crate::dataset::{Dataset, Interactions, UserIndex};
use crate::features::StatsFrom;
use crate::key::KeyBuilder;
use crate::segments::{SegmentInput, Segmentation};
use crate::stackers::FittedStacker;

/// Rows of each class that a stacker of a segment needs: about ten for each of ten columns, a rule of thumb for regressions (Peduzzi et al. 1996).
const ENOUGH: usize = 100;

/// Into which segments users fall.
#[derive(Clone, Copy)]
pub struct PerSegment {
    /// The rule.
    pub segmentation: &'static Segmentation,
    /// The context of the test's statistics.
    pub on: On,
    /// Which of its ratings they see.
    pub from: StatsFrom,
}

impl PerSegment {
    /// Adds what segments depend on.
    pub fn add_to(&self, key: KeyBuilder) -> KeyBuilder {
        let key = key.text("per segment").text(self.segmentation.name).text(&serde_json::json!(self.from).to_string());
        self.on.numbers().into_iter().fold(key.number(ENOUGH as u64), KeyBuilder::number)
    }

    fn assign(&self, dataset: &Dataset, known: &Interactions) -> Vec<Option<u8>> {
        (self.segmentation.assign)(&SegmentInput { dataset, train_full: known })
    }

    /// The segment of every user when the test is ranked: by the ratings that the test's statistics see.
    pub fn of_test(&self, dataset: &Dataset, ratings: &SplitRatings) -> Vec<Option<u8>> {
        let on = if self.from == StatsFrom::BaseTrain { self.on } else { On::TrainFull };
        self.assign(dataset, ratings.learned(on))
    }

    /// The groups of rows of each segment, ascending: users fall into segments by the base part of the context that a group is from.
    pub fn groups(&self, dataset: &Dataset, ratings: &SplitRatings, rows: &Rows) -> Vec<Vec<usize>> {
        let mut out = vec![Vec::new(); self.segmentation.labels.len()];
        let mut current: Option<(On, Vec<Option<u8>>)> = None;
        for (group, &(on, user)) in rows.owners.iter().enumerate() {
            // Groups of one context stand together.
            let labels = match current.take() {
                Some((other, labels)) if other == on => labels,
                _ => self.assign(dataset, &ratings.context(on).base),
            };
            if let Some(label) = labels[user.at()] {
                out[usize::from(label)].push(group);
            }
            current = Some((on, labels));
        }
        out
    }
}

/// Whether rows with these labels are enough to fit on.
pub fn is_enough(labels: &[u8]) -> bool {
    let n_relevant = labels.iter().filter(|&&label| label != 0).count();
    n_relevant.min(labels.len() - n_relevant) >= ENOUGH
}

/// A fitted stacker and those of segments.
pub struct FittedStack {
    /// Fitted on the rows of all users.
    pub shared: Box<dyn FittedStacker>,
    /// Those of segments.
    pub own: Option<OwnStacks>,
}

/// Stackers of segments.
pub struct OwnStacks {
    /// Names of the segments.
    pub labels: &'static [&'static str],
    /// The stacker of each; `None` for one with too few rows.
    pub stacks: Vec<Option<Box<dyn FittedStacker>>>,
    /// The segment of every user.
    pub of_user: Vec<Option<u8>>,
}

impl FittedStack {
    /// The stacker that ranks for a user.
    pub fn of(&self, user: UserIndex) -> &dyn FittedStacker {
        let own = self.own.as_ref().and_then(|own| {
            let label = own.of_user.get(user.at()).copied().flatten()?;
            own.stacks[usize::from(label)].as_deref()
        });
        own.unwrap_or(&*self.shared)
    }

    /// The stackers of segments, by name.
    pub fn segments(&self) -> impl Iterator<Item = (&'static str, Option<&dyn FittedStacker>)> {
        let all = self.own.iter().flat_map(|own| own.labels.iter().zip(&own.stacks));
        all.map(|(&label, stack)| (label, stack.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_needs_rows_of_both_classes() {
        let labels = |n_relevant: usize, n_others: usize| [vec![1; n_relevant], vec![0; n_others]].concat();
        assert!(is_enough(&labels(100, 100)));
        assert!(!is_enough(&labels(99, 1_000)) && !is_enough(&labels(1_000, 99)) && !is_enough(&[]));
    }
}
