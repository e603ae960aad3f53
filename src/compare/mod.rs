//! What the numbers of runs are worth: intervals for every value, and honest comparisons of arms, from the store alone.
//!
//! `users` turns lists of the store into units; `intervals` gives every value of a run its interval.

pub mod intervals;
pub mod users;
