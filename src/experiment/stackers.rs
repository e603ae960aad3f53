//! `[features]` and `[[stackers]]`: who learns to rank, from which columns.

use super::{NamedModel, NamedStacker, SIMPLE_AVERAGE};
use crate::error::shown;
use crate::features::{self, StatsFrom};
use crate::kind::Reader;
use crate::segments::{Of, SEGMENTS, Segmentation};
use crate::stackers::{STACKERS, TOO_FEW_TO_BLEND};
use crate::suggest;
use crate::tree::{Entry, Node, Value};

/// The feature section.
pub struct Features {
    /// Where statistics come from.
    pub stats_from: StatsFrom,
    /// The columns that stackers may choose from.
    pub columns: Vec<String>,
}

/// Reads `[features]`: the subset of all features that the experiment looks at.
pub fn read_features(reader: &Reader<'_>, models: &[NamedModel]) -> Features {
    let listed: Vec<String> = models.iter().filter(|model| model.is_listed).map(|model| model.name.clone()).collect();
    let all = features::names(&listed);
    let stats_from = reader.option("stats_from", StatsFrom::BaseTrain, None);
    let columns = selected(reader, "columns", &["*"], &all, false);
    reader.finish();
    Features { stats_from, columns }
}

/// Reads `[[stackers]]`, and adds the simple average over all base models.
pub fn read(reader: &Reader<'_>, features: &Features, models: &[NamedModel]) -> Vec<NamedStacker> {
    let mut out: Vec<NamedStacker> = Vec::new();
    let mut blends: Vec<(usize, Reader<'_>)> = Vec::new();
    // Where a name or kind was refused, nobody knows what a blend may name.
    let mut is_known = true;
    for table in reader.array("stackers") {
        let kind = match table.entry("kind") {
            Some(Entry { node, .. }) => {
                if let Value::Text(kind) = &node.value {
                    kind.as_str()
                } else {
                    ""
                }
            }
            None => "",
        };
        let n_problems = table.n_problems();
        let name = super::names::name(&table, "name", kind);
        let taken = out.iter().map(|other| other.name.as_str()).chain(models.iter().map(|model| model.name.as_str()));
        if taken.chain([SIMPLE_AVERAGE]).any(|other| other == name) {
            let help = "give it a name of its own: name = \"…\"";
            table.refuse_key("name", format!("there is an arm {:?} already", shown(&name)), Some(help.into()));
        }
        // Known to the reader, so that only keys that are no option of the kind are refused.
        table.entry("features");
        is_known &= table.n_problems() == n_problems;
        let segmentation = segmentation(&table);
        let Some((kind, stacker)) = table.kind("kind", "stacker", None, STACKERS) else {
            is_known = false;
            continue;
        };
        if segmentation.is_some() && !stacker.needs_meta() {
            let message = format!("{} learns nothing, so that it would be the same for every segment", kind.name);
            table.refuse_key("per_segment", message, Some("leave per_segment out".into()));
        }
        let features = if stacker.of().is_none() {
            selected(&table, "features", stacker.default_features(), &features.columns, true)
        } else {
            if table.entry("features").is_some() {
                let message = format!("{} takes the scores of other stackers, no features", kind.name);
                table.refuse_key("features", message, Some("leave features out".into()));
            }
            blends.push((out.len(), table));
            Vec::new()
        };
        out.push(NamedStacker { name, kind: kind.name, stacker, features, segmentation, of: Vec::new() });
    }
    out.extend(simple_average(models));
    for (place, table) in blends.into_iter().filter(|_| is_known) {
        out[place].of = blended(&table, place, &out, models);
    }
    out
}

/// The places of the stackers that a blend names.
fn blended(table: &Reader<'_>, place: usize, all: &[NamedStacker], models: &[NamedModel]) -> Vec<usize> {
    let Some(Entry { node: Node { value: Value::Array(listed), .. }, .. }) = table.entry("of") else {
        return Vec::new();
    };
    let own = all[place].stacker.of().unwrap_or_default();
    let others = all.iter().filter(|other| other.stacker.of().is_none()).map(|other| other.name.as_str());
    let free: Vec<&str> = others.filter(|other| !own.iter().any(|name| name == other)).collect();
    let others = || format!("allowed: {}", if free.is_empty() { "no other".to_owned() } else { free.join(", ") });
    let mut out = Vec::new();
    // What could not be read as a list of names is refused already, and `own` is then empty.
    for (name, item) in own.iter().zip(listed) {
        let found = all.iter().position(|other| other.name == *name);
        let (message, help) = match found {
            Some(other) if other == place => ("a blend cannot blend itself", others()),
            Some(other) if all[other].stacker.of().is_some() => {
                ("it is a blend itself", "name the stackers that it is made of".to_owned())
            }
            Some(other) if out.contains(&other) => ("it stands here twice", others()),
            Some(other) => {
                out.push(other);
                continue;
            }
            None if models.iter().any(|model| model.name == *name) => {
                let help = "kind = \"average\" takes the scores of base models, as features";
                ("it is a base model, and a blend takes stackers", help.to_owned())
            }
            None => ("expected a stacker of this experiment", suggest::allowed(name, free.iter().copied())),
        };
        table.refuse(&item.place, format!("found {:?}: {message}", shown(name)), Some(help));
    }
    if own.len() == 1 && out.len() == 1 {
        table.refuse_key("of", TOO_FEW_TO_BLEND.into(), Some(others()));
    }
    out
}

/// Reads `per_segment` and `segment`: whose users get a stacker of their own.
fn segmentation(table: &Reader<'_>) -> Option<&'static Segmentation> {
    let per_segment = table.option("per_segment", false, None);
    let name = table.option("segment", "user-activity".to_owned(), None);
    if !per_segment && table.entry("segment").is_some() {
        let message = "without per_segment there is one stacker for all users".to_owned();
        table.refuse_key("segment", message, Some("per_segment = true, or leave segment out".into()));
    }
    let of_users = || SEGMENTS.iter().filter(|segmentation| segmentation.of == Of::Users);
    let found = of_users().find(|segmentation| segmentation.name == name);
    if found.is_none() {
        let message = format!("found {:?}, expected a segmentation of users", shown(&name));
        let help = suggest::allowed(&name, of_users().map(|segmentation| segmentation.name));
        table.refuse_key("segment", message, Some(help));
    }
    found.filter(|_| per_segment)
}

/// The plain mean of all base scores, floors aside.
fn simple_average(models: &[NamedModel]) -> Option<NamedStacker> {
    let base: Vec<String> = models.iter().filter(|model| !model.is_floor).map(|model| model.name.clone()).collect();
    let features: Vec<String> = base.iter().map(|model| features::score_column(model)).collect();
    let kind = STACKERS.iter().find(|kind| kind.name == "average")?;
    let stacker = crate::kind::with_defaults(kind);
    let name = SIMPLE_AVERAGE.to_owned();
    (!features.is_empty()).then(|| NamedStacker {
        name,
        kind: kind.name,
        stacker,
        features,
        segmentation: None,
        of: Vec::new(),
    })
}

/// Reads a list of names, globs and exclusions, and applies it to the columns there are.
fn selected(
    reader: &Reader<'_>,
    key: &'static str,
    default: &[&str],
    available: &[String],
    star_is_all: bool,
) -> Vec<String> {
    let default: Vec<String> = default.iter().map(|&pattern| pattern.to_owned()).collect();
    let patterns = reader.option(key, default, None);
    match features::select(&patterns, available, star_is_all) {
        Ok(columns) => columns.into_iter().map(|column| available[column].clone()).collect(),
        Err(faults) => {
            for fault in faults {
                let place = reader.entry(key).and_then(|entry| match &entry.node.value {
                    Value::Array(items) => items.get(fault.pattern).map(|item| &item.place),
                    _ => None,
                });
                match place {
                    Some(place) => reader.refuse(place, fault.message, Some(fault.help)),
                    None => reader.refuse_key(key, fault.message, Some(fault.help)),
                }
            }
            Vec::new()
        }
    }
}
