//! The store: one SQLite file that holds every number of every trial, and nothing that knows how it was made.
//!
//! Written in one `IMMEDIATE` transaction per trial, with no computation inside; read by the reporting half alone. WAL mode, so that readers never wait.
//! The schema is in `migrations/`; `user_version` counts them and `application_id` marks the file as ours.

pub mod agreement;
pub mod blob;
mod check;
pub mod details;
pub mod exhibits;
pub mod export;
pub mod identity;
pub mod inference;
pub mod items;
pub mod lock;
mod migrate;
mod open;
pub mod people;
pub mod read;
pub mod rows;
pub mod values;
mod write;

pub use open::Store;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
