//! Tests through the real binary, each in a fresh directory, and tests of the source as a whole.

mod ab;
mod bad_input;
mod commands;
mod compare;
mod context;
mod export;
mod golden;
mod golden_100k;
mod golden_pipeline;
mod layers;
mod ranking;
mod readme;
mod registered;
mod reports;
mod resume;
mod run;
mod support;
