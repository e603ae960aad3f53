//! `[study]` and `[ab]`: what is asked, written down before anybody has looked.

use crate::error::Error;
use crate::kind::{Options, Reader};
use crate::metrics::spec::{Guardrail, MetricAt};
use crate::metrics::{Direction, METRICS, metric};
use crate::protocols::PROTOCOLS;
use crate::segments::SEGMENTS;
use crate::suggest;

crate::options! {
    /// The question that a study is to answer. Tests of its family are corrected together; everything else is exploratory.
    pub struct Study {
        /// Metric that decides, e.g. "ndcg@10"; empty: no study is registered.
        pub primary: String = String::new();
        /// The two sides that it is about: arms or experiments.
        pub contrast: Vec<String> = Vec::new();
        /// Metrics whose tests are corrected together, the primary one included.
        pub family: Vec<String> = Vec::new();
        /// Protocol; empty: the first of the experiment.
        pub protocol: String = String::new();
    }
}

crate::choices! {
    /// What a relevant item counts for by its place in the list.
    pub enum Discount {
        Log2 = "log2", "1 / log2(rank + 1)";
        Reciprocal = "reciprocal", "1 / rank";
        None = "none", "1 at every rank";
    }
}

crate::options! {
    /// When `rexp ab` says ship.
    pub struct Ab {
        /// What decides: "engagement", or a metric such as "ndcg@10".
        pub primary: String = "engagement".to_owned();
        /// What a relevant item counts for by its place, in engagement.
        pub discount: Discount = Discount::Log2;
        /// Items shown.
        pub k: u64 = 10, in 1..=1000;
        /// The uplift that is worth shipping for, in units of the primary metric.
        pub minimum_uplift: f64 = 0.0, in 0.0..=1e6;
        /// A difference smaller than this does not matter, in units of the primary metric.
        pub margin: f64 = 0.005, in 1e-9..=1e6;
        /// What must not fall by more than a limit: "tail-share >= -0.02", "recall@10 >= -1 %".
        pub guardrails: Vec<String> = Vec::new();
        /// Segments that may not lose, e.g. "user-activity:cold": each must be shown to lose less than the margin.
        pub segments: Vec<String> = Vec::new();
    }
}

/// Reads `[study]`.
pub fn read(reader: &Reader<'_>) -> Study {
    let study = Study::read(reader);
    reader.finish();
    if study == Study::default() {
        return study;
    }
    if study.primary.is_empty() {
        reader.refuse_key("primary", "a study needs a primary metric".into(), Some("primary = \"ndcg@10\"".into()));
    }
    for (key, names) in [("primary", std::slice::from_ref(&study.primary)), ("family", &study.family)] {
        for name in names.iter().filter(|name| !name.is_empty()) {
            check(reader, key, MetricAt::parse(name).and_then(paired));
        }
    }
    if study.contrast.len() != 2 {
        let message = format!("found {} names, expected the two sides that the study is about", study.contrast.len());
        reader.refuse_key("contrast", message, Some("contrast = [\"gbstack\", \"logistic\"]".into()));
    }
    if !study.protocol.is_empty() && !PROTOCOLS.iter().any(|kind| kind.name == study.protocol) {
        let help = suggest::allowed(&study.protocol, PROTOCOLS.iter().map(|kind| kind.name));
        reader.refuse_key(
            "protocol",
            format!("unknown protocol {:?}", crate::error::shown(&study.protocol)),
            Some(help),
        );
    }
    study
}

/// Reads `[ab]`.
pub fn read_ab(reader: &Reader<'_>) -> Ab {
    let ab = Ab::read(reader);
    reader.finish();
    if ab.primary != "engagement" {
        check(reader, "primary", MetricAt::parse(&ab.primary).and_then(decides).map_err(or_engagement));
    }
    for guardrail in &ab.guardrails {
        check(reader, "guardrails", Guardrail::parse(guardrail).map(|_| ()));
    }
    for segment in &ab.segments {
        check(reader, "segments", known(segment));
    }
    ab
}

/// Refuses a metric that cannot say which side to ship.
fn decides(asked: MetricAt) -> Result<(), Error> {
    match metric(asked.name).map(|metric| metric.direction) {
        Some(Direction::Neutral) => Err(Error::usage(
            format!("{} is neither good nor bad in itself, so that it cannot say what to ship", asked.name),
            "\"engagement\", or a metric with a direction such as \"ndcg@10\"",
        )),
        _ => paired(asked),
    }
}

/// Refuses a metric that users do not have one by one: sides cannot be paired by it.
fn paired(asked: MetricAt) -> Result<(), Error> {
    let is_of_users = |name: &str| metric(name).is_none_or(|metric| metric.compute.is_of_users());
    if is_of_users(asked.name) {
        return Ok(());
    }
    Err(Error::usage(
        format!("{} is of all lists or rows together, so that sides cannot be paired by it", asked.name),
        suggest::allowed(asked.name, METRICS.iter().map(|metric| metric.name).filter(|name| is_of_users(name))),
    ))
}

/// That engagement may decide too, where a metric is unknown.
fn or_engagement(error: Error) -> Error {
    match error {
        Error::Name { what, found, help } => {
            Error::Name { what, found, help: help.map(|help| format!("{help}; or \"engagement\"")) }
        }
        other => other,
    }
}

/// Refuses a segment that there is not.
fn known(segment: &str) -> Result<(), Error> {
    let all = || SEGMENTS.iter().flat_map(|kind| kind.labels.iter().map(move |label| format!("{}:{label}", kind.name)));
    if all().any(|name| name == segment) {
        return Ok(());
    }
    let names: Vec<String> = all().collect();
    let help = suggest::allowed(segment, names.iter().map(String::as_str));
    Err(Error::Name { what: "segment", found: crate::error::shown(segment), help: Some(help) })
}

/// A name that cannot be read becomes a problem of the key it stands at.
fn check(reader: &Reader<'_>, key: &str, read: Result<(), Error>) {
    match read {
        Ok(()) => {}
        Err(Error::Name { what, found, help }) => reader.refuse_key(key, format!("unknown {what} {found:?}"), help),
        Err(Error::Usage { message, help }) => reader.refuse_key(key, message, help),
        Err(other) => reader.refuse_key(key, other.to_string(), None),
    }
}
