//! The pipeline: from experiments to trials in the store.
//!
//! Trials of all experiments that share data, split and seed form one cell: the unit of work. Inside it every stage is named by a key and made once, whoever
//! asks for it, and every arm is judged once. Cells need nothing from each other, so they run in any order, in threads here or in other processes.

mod ahead;
mod announce;
mod cell;
mod columns;
mod contexts;
mod data;
mod environment;
mod exhibits;
mod facts;
mod fits;
mod judge;
mod make;
mod per_segment;
mod plan;
mod rows;
mod run;
mod scorer;
mod stack;
mod stage;
mod training;

pub use run::{Failure, Finished, Outcome, Request, run};
