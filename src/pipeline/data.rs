//! Reading every data set of a plan once; fetching what is missing.

use super::stage::Stage;
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::experiment::{Data, Experiment};
use crate::formats::fetch::Fetch;
use crate::formats::registry;
use crate::key::KeyBuilder;
use std::collections::BTreeMap;
use std::path::Path;

/// Data sets by the fingerprint of where they come from.
pub type Datasets = BTreeMap<String, Stage<Dataset>>;

/// Reads the data of all experiments, each set once.
pub fn read(experiments: &[Experiment], data_dir: Option<&Path>, offline: bool) -> Datasets {
    let mut out = Datasets::new();
    for experiment in experiments {
        let fingerprint = experiment.data.fingerprint();
        let key = KeyBuilder::new("read 1").text(&fingerprint).finish();
        out.entry(fingerprint).or_insert_with(|| {
            let stage = Stage::run("read data".into(), key, || one(&experiment.data, data_dir, offline));
            // From here on, the content is the key: the same ratings from elsewhere are the same input.
            let key = stage.get().map_or(key, |dataset| dataset.hash);
            Stage { key, ..stage }
        });
    }
    out
}

fn one(data: &Data, data_dir: Option<&Path>, offline: bool) -> Result<Dataset> {
    let located = match data.locate(data_dir) {
        Err(absent) => {
            let known = registry::known(&data.name).filter(|_| data.folder.is_none() && !offline);
            let Some(known) = known else { return Err(absent) };
            let target = registry::target_dir(data_dir);
            if let Err(reason) = (Fetch { known, data_dir: &target, url: None, force: false }).run() {
                return Err(unfetched(reason, &known.by_hand(&target)));
            }
            data.locate(data_dir)?
        }
        located => located?,
    };
    let dataset = located.read(data.duplicates)?;
    if dataset.n_rows() == 0 {
        let help = Some("give a file with at least one rating".into());
        let message = "found no ratings".into();
        return Err(Error::Data { path: located.folder, line: None, column: None, message, help });
    }
    Ok(dataset)
}

/// What to do when a data set is neither here nor to be had.
fn unfetched(reason: Error, by_hand: &str) -> Error {
    match reason {
        Error::Interrupted(signal) => Error::Interrupted(signal),
        reason => Error::usage(format!("the data set is missing and could not be fetched: {reason}"), by_hand),
    }
}
