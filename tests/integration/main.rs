//! Tests through the real binary, each in a fresh directory, and tests of the source as a whole.

mod layers;
mod readme;
mod run;
mod support;
