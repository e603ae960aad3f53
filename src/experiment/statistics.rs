//! `[statistics]`: how intervals are made.

crate::options! {
    /// Level and size of bootstrap intervals.
    pub struct Statistics {
        /// The share of intervals that should contain the true value.
        pub level: f64 = 0.95, in 0.5..=0.9999;
        /// Bootstrap resamples of every interval.
        pub resamples: usize = 10_000, in 100..=1_000_000;
    }
}
