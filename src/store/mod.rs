//! The store: one SQLite file that holds every number of every trial, and nothing that knows how it was made.
//!
//! Written in one `IMMEDIATE` transaction per trial, with no computation inside; read by the reporting half alone. WAL mode, so that readers never wait.
//! The schema is in `migrations/`; `user_version` counts them and `application_id` marks the file as ours.

pub mod blob;
pub mod lock;
pub mod migrate;
pub mod open;
pub mod read;
pub mod rows;
pub mod write;

pub use open::Store;
