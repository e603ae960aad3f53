//! Draws from a discrete distribution in constant time (Walker's alias method, built as Vose 1991).

use rand_core::Rng;

/// A distribution over `0..n`, ready to draw from. Costs O(n) to build and 8 bytes per outcome.
#[derive(Debug, Clone)]
pub struct AliasTable {
    /// For each cell, the chance (scaled to 2^32) of its own outcome, and the outcome it gives otherwise.
    cells: Vec<(u32, u32)>,
}

impl AliasTable {
    /// Builds the table of weights that are finite, not negative, and not all zero; there must be at least one and fewer than 2^32.
    pub fn new(weights: &[f64]) -> Self {
        let scale = weights.len() as f64 / weights.iter().sum::<f64>();
        debug_assert!(scale.is_finite());
        let mut chance: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let mut cells: Vec<(u32, u32)> = (0..weights.len() as u32).map(|outcome| (u32::MAX, outcome)).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..weights.len() as u32).partition(|&outcome| chance[outcome as usize] < 1.0);
        while let (Some(&less), Some(&more)) = (small.last(), large.last()) {
            small.pop();
            cells[less as usize] = ((chance[less as usize] * 4_294_967_296.0) as u32, more);
            chance[more as usize] -= 1.0 - chance[less as usize];
            if chance[more as usize] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Self { cells }
    }

    /// One outcome, from one draw of the generator: its upper half chooses the cell, its lower half the outcome.
    #[inline]
    pub fn draw(&self, rng: &mut impl Rng) -> u32 {
        let word = rng.next_u64();
        let cell = ((word >> 32) * self.cells.len() as u64) >> 32;
        let (chance, alias) = self.cells[cell as usize];
        if (word as u32) < chance { cell as u32 } else { alias }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_as_often_as_their_weights_say() {
        let weights = [1.0, 0.0, 5.0, 0.25, 3.75];
        let table = AliasTable::new(&weights);
        let mut rng = crate::rng::stream(1, "alias", 0);
        let mut counts = [0_u32; 5];
        for _ in 0..100_000 {
            counts[table.draw(&mut rng) as usize] += 1;
        }
        for (count, weight) in counts.iter().zip(weights) {
            let expected = weight * 10_000.0;
            assert!((f64::from(*count) - expected).abs() <= 4.0 * f64::sqrt(expected), "{counts:?}");
        }
    }
}
