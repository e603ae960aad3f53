//! From the tables of a TOML to an [`Experiment`], with every problem found on the way.

use super::{
    EvaluationPlan, Experiment, NamedModel, SplitPlan, Statistics, data, names, params, seeds, stackers, study,
    training,
};
use crate::error::{Error, Place, Result, shown};
use crate::features;
use crate::kind::{Options, Reader};
use crate::models::{FLOORS, MODELS};
use crate::protocols::{PROTOCOLS, Protocol};
use crate::segments::{SEGMENTS, USUAL};
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
    let evaluation = evaluation(&reader.table("evaluation"), &models);
    let training = training::read(&reader.table("training"), &evaluation, features.stats_from);
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
        training,
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
    let cross_fit = reader.option("cross_fit", 0_usize, Some(2..=100));
    let refit = reader.option("refit", cross_fit > 0, None);
    if cross_fit > 0 && !refit {
        let message = "with cross_fit the test is scored by base models fitted on all of train_full".to_owned();
        reader.refuse_key("refit", message, Some("leave refit out, or cross_fit".into()));
    }
    let (kind, split) = reader.kind("kind", "split", Some("random"), SPLITS)?;
    Some(SplitPlan { kind: kind.name, split, refit, cross_fit })
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

fn evaluation(reader: &Reader<'_>, models: &[NamedModel]) -> EvaluationPlan {
    let known: Vec<&'static str> = PROTOCOLS.iter().map(|kind| kind.name).collect();
    let chosen = reader.names("protocols", "a protocol", &["rated", "full"], &known);
    if chosen.is_empty() {
        reader.refuse_key("protocols", "found no protocol, expected at least one".into(), None);
    }
    let (mut protocols, mut generators, mut fewest) = (Vec::new(), Vec::new(), Vec::new());
    for name in chosen {
        let Some(kind) = PROTOCOLS.iter().find(|kind| kind.name == name) else { continue };
        let options = reader.table(kind.name);
        let protocol = (kind.read)(&options);
        options.finish();
        generators.push(generators_of(&*protocol, &options, models));
        fewest.extend(protocol.fewest().map(|fewest| (kind.name, fewest, options)));
        protocols.push((kind.name, protocol));
    }
    let mut cutoffs = reader.option("k", vec![5_usize, 10, 20], None);
    cutoffs.sort_unstable();
    let distinct = cutoffs.windows(2).all(|pair| pair[0] < pair[1]);
    let in_range = cutoffs.iter().all(|k| (1..=MOST_K).contains(k));
    if !distinct || !in_range || !(1..=16).contains(&cutoffs.len()) {
        let message = format!("found k = {cutoffs:?}, expected 1 to 16 different numbers from 1 to {MOST_K}");
        reader.refuse_key("k", message, Some("k = [5, 10, 20]".into()));
    }
    for (name, fewest, options) in fewest {
        if let Some(&k) = cutoffs.last().filter(|&&k| k > fewest) {
            let message = format!("found {fewest} candidates per generator under {name}, but lists of k = {k}");
            options.refuse_key("per_generator", message, Some(format!("per_generator = {k} or more, or a smaller k")));
        }
    }
    let threshold = reader.option("threshold", 4.0, Some(-1e6..=1e6));
    let known: Vec<&'static str> = SEGMENTS.iter().map(|segmentation| segmentation.name).collect();
    let chosen = reader.names("segments", "a segmentation", USUAL, &known);
    reader.finish();
    let segments = SEGMENTS.iter().filter(|segmentation| chosen.contains(&segmentation.name)).collect();
    EvaluationPlan { protocols, generators, cutoffs, threshold, segments }
}

/// The models that a protocol's patterns name: places, ascending. Floors answer to their own name only.
fn generators_of(protocol: &dyn Protocol, reader: &Reader<'_>, models: &[NamedModel]) -> Vec<usize> {
    let Some(patterns) = protocol.generators() else { return Vec::new() };
    let of_glob: Vec<usize> = (0..models.len()).filter(|&at| !models[at].is_floor).collect();
    let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
    let mut out = Vec::new();
    for (number, pattern) in patterns.iter().enumerate() {
        match features::select(std::slice::from_ref(pattern), &names, true) {
            Ok(found) if pattern.contains(['*', '?']) => {
                out.extend(found.into_iter().filter(|at| of_glob.contains(at)))
            }
            Ok(found) => out.extend(found),
            Err(_) => {
                let message = format!("found {:?}, which is no base model here", shown(pattern));
                let help = crate::suggest::allowed(pattern, names.iter().map(String::as_str));
                match reader.entry("generators").map(|entry| &entry.node.value) {
                    Some(tree::Value::Array(items)) if number < items.len() => {
                        reader.refuse(&items[number].place, message, Some(help));
                    }
                    _ => reader.refuse_key("generators", message, Some(help)),
                }
            }
        }
    }
    let is_faulty =
        patterns.iter().any(|pattern| features::select(std::slice::from_ref(pattern), &names, true).is_err());
    if out.is_empty() && !is_faulty {
        let help = "name base models, or generators = [\"*\"] for all but the floors";
        reader.refuse_key("generators", "found no base model that proposes candidates".into(), Some(help.into()));
    }
    out.sort_unstable();
    out.dedup();
    out
}
