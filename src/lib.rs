//! rexp: from an experiment TOML to a tracked, reported, comparable result on real ratings.
//!
//! Data flows one way. The making half (`dataset` … `pipeline`) turns a TOML into numbers in a SQLite store; the reading half (`plots`, `report`) makes pages
//! from the store alone and knows no model. Imports go down only; `tests/integration/layers.rs` holds the table and fails on an upward `use crate::…`.

pub mod error;
pub mod key;
pub mod kind;
pub mod parallel;
pub mod progress;
pub mod rng;
pub mod suggest;
pub mod tree;
pub mod value;

pub mod cli;
pub mod compare;
pub mod dataset;
pub mod evaluation;
pub mod experiment;
pub mod export;
pub mod features;
pub mod formats;
pub mod gbdt;
pub mod linalg;
pub mod metrics;
pub mod models;
pub mod pipeline;
pub mod plots;
pub mod protocols;
pub mod report;
pub mod segments;
pub mod splits;
pub mod stackers;
pub mod stats;
pub mod store;

pub use error::{Error, Result};
