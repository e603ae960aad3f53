//! Metrics: what is measured, of what, and which way is better. Definitions and edge cases follow `tests/golden/README.md`.
//!
//! To add one: a file with a kernel over slices (documented, tested against another implementation) and its entry, and one line in [`METRICS`].

mod auc;
mod average_precision;
pub mod calibration;
mod candidate_recall;
mod coverage;
mod diversity;
mod entropy;
mod exposure;
mod gini;
mod hit_rate;
mod log_loss;
mod map;
mod mrr;
mod ndcg;
mod novelty;
mod popularity_lift;
mod precision;
mod rating_error;
mod recall;
mod roc_auc;
pub mod spec;
mod tail_share;

use crate::dataset::{Catalog, ItemIndex, Scale};

/// Every metric there is, in the order tables show them.
pub const METRICS: &[Metric] = &[
    ndcg::NDCG,
    map::MAP,
    mrr::MRR,
    precision::PRECISION,
    recall::RECALL,
    hit_rate::HIT_RATE,
    auc::AUC,
    rating_error::RMSE,
    rating_error::MAE,
    log_loss::LOG_LOSS,
    calibration::BRIER,
    calibration::ECE,
    roc_auc::ROC_AUC,
    average_precision::AVERAGE_PRECISION,
    coverage::COVERAGE,
    gini::GINI,
    entropy::ENTROPY,
    novelty::NOVELTY,
    diversity::DIVERSITY,
    tail_share::TAIL_SHARE,
    popularity_lift::POPULARITY_LIFT,
    candidate_recall::CANDIDATE_RECALL,
];

/// The metric of this name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
    /// A description of the lists, neither good nor bad in itself.
    Neutral,
}

impl Direction {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neutral => "neutral",
        }
    }
}

/// One metric.
pub struct Metric {
    /// Name in the store and on the command line, `kebab-case`, without the cutoff.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Which way is better.
    pub direction: Direction,
    /// Unit, e.g. `stars`, `nats`, `bits`; empty for a share or an index.
    pub unit: &'static str,
    /// Smallest and largest possible value.
    pub range: (f64, f64),
    /// How it is computed, and from what.
    pub compute: Compute,
}

/// From what a metric is computed. `None` means undefined there: the case is left out and counted, never taken as 0.
pub enum Compute {
    /// Of one user's list at each cutoff k, then averaged over users. Only users with a relevant test item are asked.
    RelevantAtK(fn(&UserList<'_>, usize) -> Option<f64>),
    /// Of one user's whole list, then averaged over users. Only users with a relevant test item are asked.
    Relevant(fn(&UserList<'_>) -> Option<f64>),
    /// Of one user's list at each cutoff k, then averaged over users. All users with a list are asked; relevance plays no part.
    ListAtK(fn(&UserList<'_>, usize) -> Option<f64>),
    /// Of what an arm can reach for one user, then averaged over users; only under protocols with generators. Only users with a relevant test item are asked.
    Reach(fn(&UserList<'_>) -> Option<f64>),
    /// Of the lists of all users together, at each cutoff k.
    AllListsAtK(fn(&[UserList<'_>], usize) -> Option<f64>),
    /// Of all rated test rows together; only for arms on this scale (`None`: on any).
    Rows(Option<Scale>, fn(&Rows<'_>) -> Option<f64>),
}

impl Compute {
    /// Whether it is measured at cutoffs.
    pub fn has_cutoff(&self) -> bool {
        matches!(self, Self::RelevantAtK(_) | Self::ListAtK(_) | Self::AllListsAtK(_))
    }

    /// Whether every user has a value of their own, so that two arms can be paired.
    pub fn is_of_users(&self) -> bool {
        !matches!(self, Self::AllListsAtK(_) | Self::Rows(..))
    }
}

/// One user's ranking under a protocol.
#[derive(Clone, Copy)]
pub struct UserList<'a> {
    /// The best candidates, best first; at least the largest cutoff, unless there are fewer candidates.
    pub ranked: &'a [ItemIndex],
    /// 1 for each relevant item of `ranked`, else 0.
    pub relevance: &'a [u8],
    /// All relevant test items of the user, ranked or not.
    pub n_relevant: usize,
    /// Those of them that the arm could have ranked: its candidates, or, for an arm that generates candidates, its own proposals.
    pub n_reachable: usize,
    /// Scores of all candidates, in no particular order; empty where the caller needs no whole-list metric.
    pub scores: &'a [f32],
    /// Label of each candidate, in the order of `scores`.
    pub labels: &'a [u8],
    /// Mean number of ratings of the items in the user's `train_full` profile; 0 for an empty profile.
    pub profile_popularity: f64,
    /// Facts about the items.
    pub items: &'a ItemFacts<'a>,
}

impl<'a> UserList<'a> {
    /// The first k items, or all if there are fewer.
    pub fn top(&self, k: usize) -> &'a [ItemIndex] {
        &self.ranked[..k.min(self.ranked.len())]
    }
}

/// Rated test rows of all users together.
pub struct Rows<'a> {
    /// The arm's score, `[n_rows]`.
    pub scores: &'a [f32],
    /// The rating given, `[n_rows]`.
    pub ratings: &'a [f32],
    /// 1 if that rating is relevant, `[n_rows]`.
    pub labels: &'a [u8],
    /// Smallest and largest rating of the data set: predicted ratings are clipped to it.
    pub rating_range: (f32, f32),
}

/// What metrics of lists need to know about the items.
pub struct ItemFacts<'a> {
    /// Ratings of each item in `train_full`, `[n_items]`.
    pub counts: &'a [u32],
    /// Users with a rating in `train_full`.
    pub n_users: usize,
    /// Whether each item is in the tail, `[n_items]` (see [`tail_items`](crate::dataset::popularity::tail_items)).
    pub is_tail: &'a [bool],
    /// Genres.
    pub catalog: &'a Catalog,
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod golden;
