//! Every option of an experiment with its value, defaults included, under one dotted name each: what runs are searched and compared by.
//!
//! Seeds are not among them: a trial more does not make another run.

use super::Experiment;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All options by name; values as JSON.
pub fn of(experiment: &Experiment) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut put = |name: String, value: Value| {
        out.insert(name, value.to_string());
    };
    let data = &experiment.data;
    put("data.name".into(), json!(data.name));
    put("data.duplicates".into(), json!(data.duplicates));
    if let Some((kind, format)) = &data.format {
        put("data.format".into(), json!(kind));
        flat("data", &format.parameters(), &mut put);
    }
    put("split.kind".into(), json!(experiment.split.kind));
    put("split.refit".into(), json!(experiment.split.refit));
    put("split.cross_fit".into(), json!(experiment.split.cross_fit));
    flat("split", &experiment.split.split.parameters(), &mut put);
    let training = experiment.training;
    put("training.negatives".into(), json!(training.negatives));
    let protocol = training.protocol.map(|place| experiment.evaluation.protocols[place].0);
    put("training.protocol".into(), json!(protocol));
    for model in &experiment.models {
        put(format!("models.{}.kind", model.name), json!(model.kind));
        flat(&format!("models.{}", model.name), &model.model.parameters(), &mut put);
    }
    put("features.stats_from".into(), json!(experiment.stats_from));
    // Their order counts: the first is the experiment's answer.
    let order: Vec<&str> = experiment.stackers.iter().map(|stacker| stacker.name.as_str()).collect();
    put("stackers".into(), json!(order));
    for stacker in &experiment.stackers {
        put(format!("stackers.{}.kind", stacker.name), json!(stacker.kind));
        put(format!("stackers.{}.features", stacker.name), json!(stacker.features));
        let segment = stacker.segmentation.map(|segmentation| segmentation.name);
        put(format!("stackers.{}.per_segment", stacker.name), json!(segment.is_some()));
        put(format!("stackers.{}.segment", stacker.name), json!(segment));
        flat(&format!("stackers.{}", stacker.name), &stacker.stacker.parameters(), &mut put);
    }
    let evaluation = &experiment.evaluation;
    let protocols: Vec<&str> = evaluation.protocols.iter().map(|(name, _)| *name).collect();
    put("evaluation.protocols".into(), json!(protocols));
    for (name, protocol) in &evaluation.protocols {
        flat(&format!("evaluation.{name}"), &protocol.parameters(), &mut put);
    }
    put("evaluation.k".into(), json!(evaluation.cutoffs));
    put("evaluation.threshold".into(), json!(evaluation.threshold));
    let segments: Vec<&str> = evaluation.segments.iter().map(|segmentation| segmentation.name).collect();
    put("evaluation.segments".into(), json!(segments));
    flat("statistics", &json!(experiment.statistics), &mut put);
    flat("study", &json!(experiment.study), &mut put);
    flat("ab", &json!(experiment.ab), &mut put);
    out
}

/// The entries of a JSON object, each under its own name.
fn flat(prefix: &str, parameters: &Value, put: &mut impl FnMut(String, Value)) {
    if let Value::Object(entries) = parameters {
        for (name, value) in entries {
            put(format!("{prefix}.{name}"), value.clone());
        }
    }
}
