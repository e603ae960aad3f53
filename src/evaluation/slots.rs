//! What is taken of each user's list: one slot per metric, cutoff and item segment.

use crate::metrics::{Compute, Metric, UserList};

/// One number per user and arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Place of the metric in its table.
    pub metric: usize,
    /// Cutoff; 0 for none.
    pub k: usize,
    /// Only items of this item group count as relevant; `None`: all do.
    pub item_group: Option<usize>,
    /// Whether users without a relevant test item are left out.
    pub needs_relevant: bool,
}

/// All slots of a table of metrics, in order of metric, cutoff and item group. What arms can reach is asked only where generators decide it. Item groups make sense only where relevance at a cutoff is counted.
pub fn slots(metrics: &[Metric], cutoffs: &[usize], n_item_groups: usize, has_generators: bool) -> Vec<Slot> {
    let mut out = Vec::new();
    for (metric, definition) in metrics.iter().enumerate() {
        match definition.compute {
            Compute::RelevantAtK(_) => {
                for &k in cutoffs {
                    let groups = std::iter::once(None).chain((0..n_item_groups).map(Some));
                    out.extend(groups.map(|item_group| Slot { metric, k, item_group, needs_relevant: true }));
                }
            }
            Compute::Relevant(_) => out.push(Slot { metric, k: 0, item_group: None, needs_relevant: true }),
            Compute::Reach(_) if has_generators => {
                out.push(Slot { metric, k: 0, item_group: None, needs_relevant: true });
            }
            Compute::ListAtK(_) => {
                out.extend(cutoffs.iter().map(|&k| Slot { metric, k, item_group: None, needs_relevant: false }));
            }
            Compute::Reach(_) | Compute::AllListsAtK(_) | Compute::Rows(..) => {}
        }
    }
    out
}

impl Slot {
    /// The value of one user's list; `None` where it is undefined.
    pub fn value(&self, metrics: &[Metric], list: &UserList<'_>) -> Option<f64> {
        if self.needs_relevant && list.n_relevant == 0 {
            return None;
        }
        match metrics[self.metric].compute {
            Compute::RelevantAtK(compute) | Compute::ListAtK(compute) => compute(list, self.k),
            Compute::Relevant(compute) | Compute::Reach(compute) => compute(list),
            Compute::AllListsAtK(_) | Compute::Rows(..) => None,
        }
    }
}
