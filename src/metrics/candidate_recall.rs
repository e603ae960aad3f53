//! Candidate recall: how much of what the user likes an arm can show at all, because generators proposed it.

use super::{Compute, Direction, Metric};

/// Candidate recall.
pub const CANDIDATE_RECALL: Metric = Metric {
    name: "candidate-recall",
    about: "relevant items among the candidates (for an arm that generates candidates: among its own), divided by all relevant items of the user",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::Reach(|list| (list.n_relevant > 0).then(|| list.n_reachable as f64 / list.n_relevant as f64)),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{ItemFacts, UserList};

    #[test]
    fn divides_by_all_relevant_items_and_is_undefined_without_any() {
        let catalog = crate::dataset::Catalog::default();
        let items = ItemFacts { counts: &[], n_users: 0, is_tail: &[], catalog: &catalog };
        let list = |n_reachable, n_relevant| UserList {
            ranked: &[],
            relevance: &[],
            n_relevant,
            n_reachable,
            scores: &[],
            labels: &[],
            profile_popularity: 0.0,
            items: &items,
        };
        let Compute::Reach(compute) = CANDIDATE_RECALL.compute else { unreachable!() };
        assert_eq!([compute(&list(1, 4)), compute(&list(0, 4)), compute(&list(0, 0))], [Some(0.25), Some(0.0), None]);
    }
}
