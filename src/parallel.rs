//! Parallel work whose result does not depend on the thread count: fixed blocks, results in block order.
//!
//! A float sum over `par_iter().sum()` differs from run to run because its tree depends on which thread was free. Here the
//! number of blocks comes from the data alone, and the caller combines their results in order.

use crate::error::{Error, Result};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicI32, Ordering};

/// Maps blocks of at most `block` of `0..n` in parallel; the results come in block order.
pub fn map_blocks<T: Send>(n: usize, block: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let block = block.max(1);
    let starts: Vec<usize> = (0..n).step_by(block).collect();
    starts.into_par_iter().map(|start| work(start..(start + block).min(n))).collect()
}

/// A pool of this many threads (0: one per processor).
///
/// # Errors
/// [`Error::Usage`] when the system refuses so many.
pub fn pool(n_threads: usize) -> Result<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
    pool.map_err(|reason| Error::usage(format!("cannot start {n_threads} threads: {reason}"), "try fewer --threads"))
}

/// Runs `work` on a pool of its own with this many threads (0: one per processor).
///
/// # Errors
/// Those of [`pool`].
pub fn with_threads<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    Ok(pool(n_threads)?.install(work))
}

/// The signal that asked the process to stop; 0 while none has.
static STOP: AtomicI32 = AtomicI32::new(0);

/// Asks all work to stop at its next [`check`]. Called by the signal handler of the program.
pub fn stop(signal: i32) {
    STOP.store(signal, Ordering::SeqCst);
}

/// To be called between blocks, epochs and stages: an error as soon as the process was asked to stop.
pub fn check() -> Result<()> {
    match STOP.load(Ordering::Relaxed) {
        0 => Ok(()),
        signal => Err(Error::Interrupted(signal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_everything_in_order_at_any_thread_count() {
        let sums = |threads| {
            with_threads(threads, || map_blocks(1000, 64, |block| block.map(|i| 1.0 / (i as f64 + 1.0)).sum::<f64>()))
                .unwrap()
        };
        let (one, eight) = (sums(1), sums(8));
        assert_eq!(one.len(), 16);
        assert!(one.iter().zip(&eight).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
