//! Linear algebra that the crate needs and nothing more: compressed sparse rows, and kernels over slices.

pub mod cholesky;
pub mod dense;
pub mod sparse;

pub use sparse::SparseRows;
