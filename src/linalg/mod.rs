//! Linear algebra that the crate needs and nothing more: compressed sparse rows, kernels over slices, and the Newton steps of few weights.

pub mod cholesky;
pub mod dense;
pub mod newton;
pub mod ranks;
pub mod sparse;
pub mod widest;

pub use ranks::ranks;
pub use sparse::SparseRows;
pub use widest::widest;
