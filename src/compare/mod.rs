//! What the numbers of runs are worth: intervals for every value, and honest comparisons of arms, from the store alone.
//!
//! `users` turns lists of the store into units; `intervals` gives every value of a run its interval. `sides` says what is compared and whether it may be, `question`
//! about what (a `topic`), `bench` reads, `plan` says what is computed, `paired` tests what every user has and `over_seeds` what only lists together have, `verdict` and
//! `headline` word it, `examples` shows whom it concerns most, and `comparison` puts it together.
//! `ab` does the same for the question whether to ship: `engagement` counts, `replay` and `two_groups` say what a test with users would show, `guards` watch what must
//! not suffer, `ship` decides, and `ab_words` words it.
//! `agreement` asks whether protocols agree on the order of arms, `standing` where the arms of one run stand against its primary one, and
//! `variation` where their values differ.

pub mod ab;
pub mod ab_words;
mod agreement;
pub mod bench;
#[cfg(test)]
mod calibration;
pub mod comparison;
pub mod engagement;
pub mod examples;
pub mod guards;
pub mod headline;
pub mod intervals;
pub mod over_seeds;
pub mod paired;
#[cfg(test)]
mod paired_tests;
pub mod plan;
pub mod question;
pub mod replay;
pub mod ship;
pub mod sides;
pub mod standing;
pub mod topic;
pub mod two_groups;
pub mod users;
pub mod variation;
pub mod verdict;
