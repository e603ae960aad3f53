//! What a run says before its numbers: what was noticed in the data, what the split left, what leaks.

use super::cell::SplitRatings;
use super::data::Datasets;
use super::stage::Stage;
use crate::dataset::{Dataset, Note, is_relevant};
use crate::error::plural;
use crate::experiment::Experiment;
use crate::features::{self, StatsFrom};
use crate::progress::Progress;
use crate::splits::PartCounts;
use crate::store::rows::EventRow;

/// The data sets with what was noticed in them, and the warnings of the experiments that have something to do.
pub fn start(datasets: &Datasets, experiments: &[&Experiment], progress: &Progress) {
    if experiments.is_empty() {
        return;
    }
    for stage in datasets.values() {
        let Ok(dataset) = stage.get() else { continue };
        let (users, items, rows) = (dataset.n_users(), dataset.n_items(), dataset.n_rows());
        progress.line(&format!(
            "{}: {}, {}, {}",
            dataset.name,
            plural(rows, "rating"),
            plural(users, "user"),
            plural(items, "item")
        ));
        for note in dataset.notes.iter().filter(|note| note.code != "rows-read") {
            progress.line(&format!("  note: {}", note.message));
        }
    }
    for experiment in experiments {
        if let Some(warning) = leak(experiment) {
            progress.line(&format!("warning: {}: {}", experiment.name, warning.message));
        }
        let Some(Ok(dataset)) = datasets.get(&experiment.data.fingerprint()).map(Stage::get) else { continue };
        if let Some(warning) = nothing_relevant(experiment, dataset) {
            progress.line(&format!("warning: {}: {}", experiment.name, warning.message));
        }
        for note in features(experiment, dataset) {
            progress.line(&format!("note: {}: {}", experiment.name, note.message));
        }
    }
}

/// What the features of an experiment lack in the data.
pub fn features(experiment: &Experiment, dataset: &Dataset) -> Vec<EventRow> {
    let columns: Vec<String> = experiment.stackers.iter().flat_map(|stacker| stacker.features.clone()).collect();
    let row = |note: Note| EventRow {
        level: "note".into(),
        code: note.code.into(),
        count: note.count,
        message: note.message,
    };
    features::notes(&columns, dataset).into_iter().map(row).collect()
}

/// The warning that no rating makes an item relevant, if none does: what is left to measure is errors of ratings, and what lists are made of.
pub fn nothing_relevant(experiment: &Experiment, dataset: &Dataset) -> Option<EventRow> {
    let (threshold, (_, highest)) = (experiment.evaluation.threshold, dataset.ratings.range());
    (!is_relevant(highest, threshold)).then(|| EventRow {
        level: "warning".into(),
        code: "nothing-relevant".into(),
        count: 1,
        message: format!(
            "no rating reaches evaluation.threshold = {threshold} (the highest is {highest}), so that no item is relevant and no ranking can be judged"
        ),
    })
}

/// The warning that statistics leak, if they do.
pub fn leak(experiment: &Experiment) -> Option<EventRow> {
    let why = match experiment.stats_from {
        StatsFrom::BaseTrain => return None,
        StatsFrom::TrainFull => "from train_full contain the labels that stackers learn from",
        StatsFrom::LeaveOneOut => {
            "by leave-one-out tell the labels that stackers learn from: of one user's rows, the highest rated has the lowest mean"
        }
    };
    Some(EventRow {
        level: "warning".into(),
        code: "leaking-statistics".into(),
        count: 1,
        message: format!(
            "user and item statistics {why}; use stats_from = \"base_train\" unless the leak is what you measure"
        ),
    })
}

/// What the design of an experiment means for the reading of its numbers.
pub fn design(experiment: &Experiment) -> Vec<EventRow> {
    let note = |code: &str, message: &str| EventRow {
        level: "note".into(),
        code: code.into(),
        count: 1,
        message: message.into(),
    };
    let split = &experiment.split;
    let mut out = Vec::new();
    if !split.refit {
        let message = "base models and floors, as arms too, are fitted on base_train; split.refit = true lets those that score the test learn from all of train_full";
        out.push(note("no-refit", message));
    }
    let meta = experiment.params.get("split.meta").and_then(|json| json.parse::<f64>().ok());
    if split.cross_fit > 0 && meta.is_some_and(|meta| meta > 0.0) {
        let message =
            "cross_fit learns from all of train_full: the meta part of the split is not used; meta = 0 says so";
        out.push(note("meta-not-used", message));
    }
    if let Some((drawn, wider)) = drawn_and_wider(experiment) {
        let message = format!(
            "stackers learned from the candidates of {drawn} and rank no others: under {wider} the rest of the catalog stands behind these as one tie, and their AUC is not to be compared with that of models that order everything"
        );
        out.push(note("ranks-candidates", &message));
    }
    if experiment.seeds.len() > 1 && !split.split.depends_on_seed() {
        let message =
            "all seeds share one split: the spread over seeds is that of models and ties alone, not of the data";
        out.push(note("one-split", message));
    }
    out
}

/// The protocol whose generators chose what stackers learned from, and one that offers the whole catalog, if there is.
fn drawn_and_wider(experiment: &Experiment) -> Option<(&'static str, &'static str)> {
    let protocols = &experiment.evaluation.protocols;
    let (drawn, protocol) = &protocols[experiment.training.protocol?];
    protocol.generators()?;
    let wider = protocols.iter().find(|(_, other)| other.is_of_catalog());
    wider.map(|(wider, _)| (*drawn, *wider))
}

/// What the split of a cell left.
pub fn split(
    stage: &Stage<SplitRatings>,
    counts: impl FnOnce(&SplitRatings) -> Vec<PartCounts>,
    seed: u64,
    progress: &Progress,
) {
    let Ok(ratings) = stage.get() else { return };
    let parts = counts(ratings).into_iter().filter(|part| part.part != "train_full").map(|part| {
        let PartCounts { part, n_rows, n_users, n_items, n_cold_users, n_cold_items, .. } = part;
        let cold = match (n_cold_users, n_cold_items) {
            (0, 0) => String::new(),
            (users, items) => format!(" ({users} and {items} cold)"),
        };
        format!("{part} {n_rows} ratings of {n_users} users and {n_items} items{cold}")
    });
    progress.line(&format!("split, seed {seed}: {}", parts.collect::<Vec<_>>().join("; ")));
}
