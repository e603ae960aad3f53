//! The plan: which trials are still to do, and which of them share a cell.

use crate::experiment::Experiment;
use crate::key::Key;
use std::collections::BTreeMap;

/// Trials that share data, split and seed.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Seed of all of them.
    pub seed: u64,
    /// Places of their experiments, ascending.
    pub members: Vec<usize>,
}

/// What is still to do of one experiment.
#[derive(Clone)]
pub struct Todo<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Content of its data.
    pub dataset: Key,
    /// What its split reads besides.
    pub split_inputs: Option<Key>,
    /// Seeds without a trial in the store.
    pub seeds: Vec<u64>,
}

/// Groups trials into cells: in the order of the experiments, and of the seeds of each.
pub fn groups(todo: &[Todo<'_>]) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::new();
    let mut places: BTreeMap<(Key, String, Option<Key>, u64), usize> = BTreeMap::new();
    for (member, todo) in todo.iter().enumerate() {
        let plan = &todo.experiment.split;
        let split = serde_json::json!([plan.kind, plan.split.parameters()]).to_string();
        for &seed in &todo.seeds {
            let place = *places.entry((todo.dataset, split.clone(), todo.split_inputs, seed)).or_insert_with(|| {
                out.push(Group { seed, members: Vec::new() });
                out.len() - 1
            });
            out[place].members.push(member);
        }
    }
    out
}
