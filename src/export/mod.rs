//! What the store holds, for other programs: tables for pandas and R, rankings for trec_eval, runs for MLflow.
//!
//! Nobody should have to leave a tool to use this one, or believe a number that no other program can compute again. The only source is the store: a run of last year
//! exports without last year's code. Ids and names go out as they came in; what a format cannot hold is escaped, and its page says how.
//! What was given up: an import. Only the making half writes numbers into a store.

mod lines;
mod mlflow;
mod rows;
mod tables;
mod trec;
mod whole;

pub use lines::Format;
pub use tables::{Table, write};
pub use whole::WholeFile;

pub use mlflow::write as write_mlflow;
pub use trec::write as write_trec;
