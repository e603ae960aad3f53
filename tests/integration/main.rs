//! Tests through the real binary, each in a fresh directory, and tests of the source as a whole.

mod golden_100k;
mod golden_pipeline;
mod layers;
mod readme;
mod run;
mod support;
