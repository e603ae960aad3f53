//! Statistics of means over users: numbers in, numbers out; knows no recommender.
//!
//! - [`resample`]: one set of resamples of the units drives all series at once, so that all comparisons are paired.
//! - [`bootstrap`]: percentile and BCa intervals from resampled means. - [`two_way`]: users and seeds resampled together.
//! - [`normal`]: Φ and Φ⁻¹.

pub mod bootstrap;
#[cfg(test)]
mod bootstrap_tests;
mod draw;
mod law;
pub mod normal;
mod product;
pub mod resample;
pub mod two_way;
