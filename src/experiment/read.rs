//! From the tables of a TOML to an [`Experiment`], with every problem found on the way.

use super::{
    EvaluationPlan, Experiment, NamedModel, SplitPlan, Statistics, data, names, params, seeds, stackers, study,
};
use crate::error::{Error, Place, Result, shown};
use crate::kind::{Options, Reader};
use crate::models::{FLOORS, MODELS};
use crate::protocols::PROTOCOLS;
use crate::segments::SEGMENTS;
use crate::splits::SPLITS;
use crate::tree::{self, Table};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest cutoff; lists of this length are stored for every user.
const MOST_K: usize = 1000;

/// Reads the tables of a file.
///
/// # Errors
/// [`Error::Config`] with all problems.
pub fn experiment(table: &Table, place: &Place, path: &Path, cli_seeds: Option<&[u64]>) -> Result<Experiment> {
    let problems = RefCell::default();
    let reader = Reader::new(table, place.clone(), "", &problems);
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let name = names::name(&reader, "name", &stem);
    let about = reader.option("about", String::new(), None);
    let own_seeds = seeds::read(&reader);
    let data = data::read(&reader.table("data"));
    let split = split(&reader.table("split"));
    let models = models(&reader);
    let features = stackers::read_features(&reader.table("features"), &models);
    let stackers = stackers::read(&reader, &features, &models);
    let evaluation = evaluation(&reader.table("evaluation"));
    let section = reader.table("statistics");
    let statistics = Statistics::read(&section);
    section.finish();
    let (study, ab) = (study::read(&reader.table("study")), study::read_ab(&reader.table("ab")));
    reader.finish();
    let (Some(split), true) = (split, problems.borrow().is_empty()) else {
        return Err(Error::Config(problems.into_inner()));
    };
    let mut experiment = Experiment {
        name,
        about,
        seeds: cli_seeds.map_or(own_seeds, <[u64]>::to_vec),
        data,
        split,
        models,
        stats_from: features.stats_from,
        stackers,
        evaluation,
        statistics,
        study,
        ab,
        params: BTreeMap::new(),
        config_toml: tree::to_toml(table),
        config_source: place.source.text.clone(),
        config_path: path.to_string_lossy().into_owned(),
    };
    experiment.params = params::of(&experiment);
    Ok(experiment)
}

fn split(reader: &Reader<'_>) -> Option<SplitPlan> {
    let refit = reader.option("refit", false, None);
    let (kind, split) = reader.kind("kind", "split", Some("random"), SPLITS)?;
    Some(SplitPlan { kind: kind.name, split, refit })
}

/// The models of the file in order of their names, then the floors that it does not list.
fn models(root: &Reader<'_>) -> Vec<NamedModel> {
    let mut out = Vec::new();
    let section = root.table("models");
    for (key, place, reader) in section.tables() {
        if key == super::SIMPLE_AVERAGE || !names::fits_column(key) {
            let help = "models are named with letters, digits, \"_\" and \"-\"; \"simple-average\" is taken";
            reader.refuse(&place, format!("found the model name {:?}", shown(key)), Some(help.into()));
        }
        let Some((kind, model)) = reader.kind("kind", "model", Some(key), MODELS) else { continue };
        let is_floor = FLOORS.contains(&kind.name);
        if FLOORS.contains(&key) && kind.name != key {
            let help = format!("every run has the floors {}; choose another name", FLOORS.join(", "));
            reader.refuse(&place, format!("{key:?} names a floor, found kind {:?}", kind.name), Some(help));
        }
        out.push(NamedModel { name: key.to_owned(), kind: kind.name, model, is_floor, is_listed: true });
    }
    if !out.iter().any(|model| !model.is_floor) {
        let help = format!(
            "add e.g. [models.bias]; kinds: {}",
            MODELS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
        );
        root.refuse_key("models", "found no base model".into(), Some(help));
    }
    for kind in MODELS.iter().filter(|kind| FLOORS.contains(&kind.name)) {
        if !out.iter().any(|model| model.name == kind.name) {
            let model = crate::kind::with_defaults(kind);
            out.push(NamedModel { name: kind.name.into(), kind: kind.name, model, is_floor: true, is_listed: false });
        }
    }
    out
}

fn evaluation(reader: &Reader<'_>) -> EvaluationPlan {
    let known: Vec<&'static str> = PROTOCOLS.iter().map(|kind| kind.name).collect();
    let chosen = reader.names("protocols", "a protocol", &known, &known);
    if chosen.is_empty() {
        reader.refuse_key("protocols", "found no protocol, expected at least one".into(), None);
    }
    let mut protocols = Vec::new();
    for name in chosen {
        let Some(kind) = PROTOCOLS.iter().find(|kind| kind.name == name) else { continue };
        let options = reader.table(kind.name);
        protocols.push((kind.name, (kind.read)(&options)));
        options.finish();
    }
    let mut cutoffs = reader.option("k", vec![5_usize, 10, 20], None);
    cutoffs.sort_unstable();
    let distinct = cutoffs.windows(2).all(|pair| pair[0] < pair[1]);
    let in_range = cutoffs.iter().all(|k| (1..=MOST_K).contains(k));
    if !distinct || !in_range || !(1..=16).contains(&cutoffs.len()) {
        let message = format!("found k = {cutoffs:?}, expected 1 to 16 different numbers from 1 to {MOST_K}");
        reader.refuse_key("k", message, Some("k = [5, 10, 20]".into()));
    }
    let threshold = reader.option("threshold", 4.0, Some(-1e6..=1e6));
    let known: Vec<&'static str> = SEGMENTS.iter().map(|segmentation| segmentation.name).collect();
    let chosen = reader.names("segments", "a segmentation", &known, &known);
    reader.finish();
    let segments = SEGMENTS.iter().filter(|segmentation| chosen.contains(&segmentation.name)).collect();
    EvaluationPlan { protocols, cutoffs, threshold, segments }
}
