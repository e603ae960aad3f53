//! `rexp kinds`: everything an experiment can be made of, from the tables that the program itself reads.

use super::print;
use crate::error::{Result, shown};
use crate::features::FEATURES;
use crate::formats::FORMATS;
use crate::kind::{Kind, OptionInfo};
use crate::metrics::METRICS;
use crate::models::{FLOORS, MODELS};
use crate::protocols::PROTOCOLS;
use crate::segments::SEGMENTS;
use crate::splits::SPLITS;
use crate::stackers::STACKERS;
use crate::{Error, suggest};
use clap::Args;
use serde::Serialize;
use std::fmt::Write;

/// Which of them.
#[derive(Debug, Args)]
pub struct KindsArgs {
    /// Only this set or kind, e.g. `models` or `mf`
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// An open set.
#[derive(Serialize)]
struct Set {
    set: &'static str,
    toml: &'static str,
    kinds: Vec<Member>,
}

/// One member of it.
#[derive(Serialize)]
struct Member {
    name: &'static str,
    about: String,
    options: Vec<OptionInfo>,
}

fn members<T: ?Sized>(kinds: &[Kind<T>]) -> Vec<Member> {
    kinds.iter().map(|kind| Member { name: kind.name, about: kind.about.into(), options: (kind.options)() }).collect()
}

fn plain(name: &'static str, about: String) -> Member {
    Member { name, about, options: Vec::new() }
}

fn sets() -> Vec<Set> {
    let models = members(MODELS).into_iter().map(|mut model| {
        if FLOORS.contains(&model.name) {
            model.about += " (a floor: an arm of every run)";
        }
        model
    });
    let metric = |metric: &'static crate::metrics::Metric| {
        let unit = if metric.unit.is_empty() { String::new() } else { format!(", {}", metric.unit) };
        plain(
            metric.name,
            format!("{} ({} is better{unit})", metric.about, metric.direction.name())
                .replace("neutral is better", "no better side"),
        )
    };
    let segments =
        SEGMENTS.iter().map(|segment| plain(segment.name, format!("{}: {}", segment.about, segment.labels.join(", "))));
    let features = FEATURES.iter().map(|feature| {
        let extent = if feature.is_basic { "" } else { " (not in *: only where it is named)" };
        plain(feature.name, format!("{}{extent}", feature.about))
    });
    let scores = plain("score_<model>", "score of a base model".into());
    vec![
        Set { set: "formats", toml: "[data] format", kinds: members(FORMATS) },
        Set { set: "splits", toml: "[split] kind", kinds: members(SPLITS) },
        Set { set: "models", toml: "[models.<name>] kind", kinds: models.collect() },
        Set { set: "features", toml: "[features] columns", kinds: std::iter::once(scores).chain(features).collect() },
        Set { set: "stackers", toml: "[[stackers]] kind", kinds: members(STACKERS) },
        Set { set: "protocols", toml: "[evaluation] protocols", kinds: members(PROTOCOLS) },
        Set { set: "segments", toml: "[evaluation] segments", kinds: segments.collect() },
        Set { set: "metrics", toml: "every run", kinds: METRICS.iter().map(metric).collect() },
    ]
}

/// Lists them.
///
/// # Errors
/// [`Error::Name`] when nothing has the name.
pub fn run(args: &KindsArgs) -> Result<()> {
    let mut sets = sets();
    if let Some(name) = &args.name {
        let known: Vec<&str> = sets
            .iter()
            .flat_map(|set| std::iter::once(set.set).chain(set.kinds.iter().map(|kind| kind.name)))
            .collect();
        if !known.contains(&name.as_str()) {
            let help = suggest::nearest(name, known.iter().copied()).map(|near| format!("did you mean {near:?}?"));
            return Err(Error::Name {
                what: "kind",
                found: shown(name),
                help: help.or(Some("see `rexp kinds`".into())),
            });
        }
        sets.iter_mut().filter(|set| set.set != name).for_each(|set| set.kinds.retain(|kind| kind.name == name));
        sets.retain(|set| !set.kinds.is_empty());
    }
    if args.json { print::json(&sets) } else { print::text(&text(&sets)) }
}

fn text(sets: &[Set]) -> String {
    let mut out = String::new();
    for set in sets {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{} ({})", set.set, set.toml);
        for kind in &set.kinds {
            let _ = writeln!(out, "  {:<20} {}", kind.name, kind.about);
            for option in &kind.options {
                let _ =
                    writeln!(out, "    {} = {}  # {}; {}", option.name, option.default, option.about, option.allowed);
            }
        }
        out.push('\n');
    }
    out
}
