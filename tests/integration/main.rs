//! Tests through the real binary, each in a fresh directory, and tests of the source as a whole.

mod bad_input;
mod commands;
mod compare;
mod context;
mod golden;
mod golden_100k;
mod golden_pipeline;
mod layers;
mod ranking;
mod readme;
mod resume;
mod run;
mod support;
