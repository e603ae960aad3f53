//! Statistics of means over users: numbers in, numbers out; knows no recommender.
//!
//! - [`resample`]: one set of resamples of the units drives all series at once, so that all comparisons are paired.
//! - [`bootstrap`]: percentile and BCa intervals from resampled means. - [`two_way`]: users and seeds resampled together.
//! - Paired tests: [`permutation`] (ours), [`wilcoxon`], [`t_test`], [`sign_test`]; [`effect_size`]; [`equivalence`] within a margin.
//! - What counts as equal where values were rounded: [`ties`].
//! - Independent groups: [`t_test`] (Welch), [`proportions`], [`cuped`]. - Planning: [`power`].
//! - Many tests: [`multiple`]; many arms: [`friedman`] with Nemenyi's critical difference; two orders: [`kendall`].
//! - Where variation comes from: [`variance_components`].
//! - Distributions: [`normal`], [`student`], [`studentized_range`].

pub mod bootstrap;
#[cfg(test)]
mod bootstrap_tests;
pub mod cuped;
mod draw;
pub mod effect_size;
pub mod equivalence;
pub mod friedman;
#[cfg(test)]
mod golden;
pub mod kendall;
mod lanes;
pub mod multiple;
pub mod normal;
pub mod permutation;
pub mod power;
mod product;
pub mod proportions;
pub mod resample;
pub mod sign_test;
pub mod student;
pub mod studentized_range;
pub mod t_test;
pub mod ties;
pub mod two_way;
pub mod variance_components;
pub mod wilcoxon;
