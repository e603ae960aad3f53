//! Kernels over dense `f32` slices. Sums run in eight fixed lanes, so their order is the same on every machine.

/// Lanes of the blocked sums: wide enough for any vector unit, and fixed, so that bits do not depend on the machine.
const LANES: usize = 8;

/// Dot product `Σ a_i b_i` of two slices of one length, in eight lanes added pairwise at the end.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    let mut lanes = [0.0_f32; LANES];
    let (blocks_a, blocks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f32 = blocks_a.remainder().iter().zip(blocks_b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in blocks_a.zip(blocks_b) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7])) + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_handles_lengths_that_are_no_multiple_of_the_lanes() {
        for n in [0_usize, 1, 7, 8, 9, 19] {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..n).map(|i| (i + 1) as f32).collect();
            let exact: usize = (0..n).map(|i| i * (i + 1)).sum();
            assert_eq!(dot(&a, &b), exact as f32, "n = {n}");
        }
    }
}
