//! Histograms of a leaf: for every bin of every feature, what its rows sum to.
//!
//! Sums are integers ([`super::fixed_point`]), so that blocks of rows can be added on any thread in any order, and the histogram of one child can be had by subtracting the other's from the parent's:
//! exactly, where floats would cancel.

use super::binning::Binned;
use super::fixed_point::{Cell, FixedPoint};
use rayon::prelude::*;

/// Cells per feature: bins are u8, so that no index needs a check.
const BINS: usize = 256;

/// Leaves with more rows than this are summed in parallel, in blocks of this many rows.
const BLOCK: usize = 64 * 1024;

/// Bytes that histograms of open leaves may take together; leaves that find no room are summed from their rows again.
const BUDGET: usize = 64 << 20;

/// The cells of one feature.
pub type FeatureCells = [Cell; BINS];

/// A place for one histogram in [`Histograms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(usize);

/// Histograms of the open leaves of one tree, allocated once for all trees.
#[derive(Debug)]
pub struct Histograms {
    n_features: usize,
    cells: Vec<FeatureCells>,
    free: Vec<Slot>,
    n_reserved: usize,
    n_slots: usize,
    max_slots: usize,
    blocks: Vec<FeatureCells>,
}

impl Histograms {
    /// Room for the histograms of leaves of at most `n_rows` rows: 64 MiB, or four histograms where these are larger.
    pub fn new(n_features: usize, n_rows: usize) -> Self {
        let size = (n_features * size_of::<FeatureCells>()).max(1);
        Self::with_slots(n_features, n_rows, (BUDGET / size).max(4))
    }

    /// Room for at most `max_slots` histograms, reserved ones aside.
    pub fn with_slots(n_features: usize, n_rows: usize, max_slots: usize) -> Self {
        let n_blocks = if n_rows > BLOCK { n_rows.div_ceil(BLOCK) } else { 0 };
        Self {
            n_features,
            cells: Vec::new(),
            free: Vec::new(),
            n_reserved: 0,
            n_slots: 0,
            max_slots,
            blocks: vec![[[0; 2]; BINS]; n_blocks * n_features],
        }
    }

    /// A slot outside the budget that stays taken. To be called before any [`Histograms::take`].
    pub fn reserve(&mut self) -> Slot {
        debug_assert_eq!(self.n_reserved, self.n_slots);
        self.n_reserved += 1;
        self.max_slots += 1;
        self.n_slots += 1;
        self.cells.resize(self.n_slots * self.n_features, [[0; 2]; BINS]);
        Slot(self.n_slots - 1)
    }

    /// Frees every slot that is not reserved: a new tree begins.
    pub fn clear(&mut self) {
        self.free.clear();
        self.free.extend((self.n_reserved..self.n_slots).rev().map(Slot));
    }

    /// A slot, or none when the budget is spent.
    pub fn take(&mut self) -> Option<Slot> {
        self.free.pop().or_else(|| {
            (self.n_slots < self.max_slots).then(|| {
                self.n_slots += 1;
                self.cells.resize(self.n_slots * self.n_features, [[0; 2]; BINS]);
                Slot(self.n_slots - 1)
            })
        })
    }

    /// Gives a slot back.
    pub fn give_back(&mut self, slot: Slot) {
        self.free.push(slot);
    }

    /// The histogram in a slot, `[n_features]`.
    pub fn get(&self, slot: Slot) -> &[FeatureCells] {
        &self.cells[slot.0 * self.n_features..][..self.n_features]
    }

    /// Sums `rows` into a slot.
    pub fn build(&mut self, slot: Slot, data: &Binned, fixed: &FixedPoint, rows: &[u32]) {
        let n_features = self.n_features;
        let out = &mut self.cells[slot.0 * n_features..][..n_features];
        out.fill([[0; 2]; BINS]);
        if rows.len() <= BLOCK || n_features == 0 {
            return add_rows(out, data, fixed, rows);
        }
        let n_blocks = rows.len().div_ceil(BLOCK);
        let blocks = &mut self.blocks[..n_blocks * n_features];
        blocks.par_chunks_mut(n_features).zip(rows.par_chunks(BLOCK)).for_each(|(block, rows)| {
            block.fill([[0; 2]; BINS]);
            add_rows(block, data, fixed, rows);
        });
        for block in blocks.chunks(n_features) {
            combine(out, block, |sum, part| sum + part);
        }
    }

    /// Turns the histogram of a parent into that of the child that `sibling` is not.
    pub fn subtract(&mut self, parent: Slot, sibling: Slot) {
        let width = self.n_features;
        let (low, high) = (parent.0.min(sibling.0), parent.0.max(sibling.0));
        let (head, tail) = self.cells.split_at_mut(high * width);
        let (low, high) = (&mut head[low * width..][..width], &mut tail[..width]);
        let (parent, sibling) = if parent.0 < sibling.0 { (low, &*high) } else { (high, &*low) };
        combine(parent, sibling, |sum, part| sum - part);
    }

    /// What all rows of the leaf in a slot sum to.
    pub fn total(&self, slot: Slot) -> Cell {
        self.get(slot)
            .first()
            .map_or([0; 2], |cells| cells.iter().fold([0; 2], |sum, cell| [sum[0] + cell[0], sum[1] + cell[1]]))
    }
}

fn combine(out: &mut [FeatureCells], other: &[FeatureCells], with: impl Fn(i64, i64) -> i64) {
    for (out, other) in out.as_flattened_mut().iter_mut().zip(other.as_flattened()) {
        *out = [with(out[0], other[0]), with(out[1], other[1])];
    }
}

/// Adds rows to a histogram; the loop over features is unrolled for up to 16 of them.
fn add_rows(out: &mut [FeatureCells], data: &Binned, fixed: &FixedPoint, rows: &[u32]) {
    macro_rules! unrolled {
        ($($n:literal)+) => {
            match data.n_features {
                0 => {}
                $( $n => add_rows_of::<$n>(out, data, fixed, rows), )+
                _ => add_rows_of_many(out, data, fixed, rows),
            }
        };
    }
    unrolled!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
}

fn add_rows_of<const N: usize>(out: &mut [FeatureCells], data: &Binned, fixed: &FixedPoint, rows: &[u32]) {
    let Ok(out) = <&mut [FeatureCells; N]>::try_from(out) else { return };
    let (bins, _) = data.bins.as_chunks::<N>();
    let (derivatives, one) = (fixed.rows(), fixed.units().one_row());
    for &row in rows {
        let [gradient, hessian] = derivatives[row as usize];
        let (gradient, hessian) = (i64::from(gradient), one + i64::from(hessian));
        for (cells, &bin) in out.iter_mut().zip(&bins[row as usize]) {
            let cell = &mut cells[usize::from(bin)];
            *cell = [cell[0].wrapping_add(gradient), cell[1].wrapping_add(hessian)];
        }
    }
}

fn add_rows_of_many(out: &mut [FeatureCells], data: &Binned, fixed: &FixedPoint, rows: &[u32]) {
    let (derivatives, one) = (fixed.rows(), fixed.units().one_row());
    for &row in rows {
        let [gradient, hessian] = derivatives[row as usize];
        let (gradient, hessian) = (i64::from(gradient), one + i64::from(hessian));
        let bins = &data.bins[row as usize * data.n_features..][..data.n_features];
        for (cells, &bin) in out.iter_mut().zip(bins) {
            let cell = &mut cells[usize::from(bin)];
            *cell = [cell[0].wrapping_add(gradient), cell[1].wrapping_add(hessian)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::Derivatives;
    use crate::parallel::with_threads;
    use crate::rng;

    fn random(n_rows: usize, n_features: usize) -> (Binned, FixedPoint) {
        let mut rng = rng::stream(3, "test", 0);
        let bins = (0..n_rows * n_features).map(|_| rng::below(&mut rng, 255) as u8).collect();
        let mut fixed = FixedPoint::new(n_rows);
        let derivatives: Vec<Derivatives> = (0..n_rows)
            .map(|_| Derivatives { gradient: rng::uniform(&mut rng) - 0.4, hessian: rng::uniform(&mut rng) })
            .collect();
        fixed.round(&derivatives);
        (Binned { bins, n_features }, fixed)
    }

    #[test]
    fn a_cell_holds_the_sums_of_its_rows() {
        let data = Binned { bins: vec![0, 7, 1, 7, 0, 9], n_features: 2 };
        let mut fixed = FixedPoint::new(3);
        fixed.round(&[1.0, 0.5, -0.25].map(|gradient| Derivatives { gradient, hessian: 1.0 }));
        let mut histograms = Histograms::new(2, 3);
        let slot = histograms.take().unwrap();
        histograms.build(slot, &data, &fixed, &[0, 1, 2]);
        let sums = |feature: usize, bin: usize| fixed.units().sums(histograms.get(slot)[feature][bin]);
        // bin 0 of feature 0 has rows 0 and 2: 1 - 0.25; bin 7 of feature 1 has rows 0 and 1: 1 + 0.5
        assert_eq!((sums(0, 0).gradient, sums(0, 0).n_rows), (0.75, 2.0));
        assert_eq!((sums(1, 7).gradient, sums(1, 7).hessian), (1.5, 2.0));
        assert_eq!(fixed.units().sums(histograms.total(slot)).gradient, 1.25);
    }

    #[test]
    fn the_subtracted_child_equals_the_summed_one() {
        for n_features in [1, 8, 16, 17, 40] {
            let (data, fixed) = random(2000, n_features);
            let mut histograms = Histograms::new(n_features, 2000);
            let (left, right): (Vec<u32>, Vec<u32>) = (0..2000).partition(|row| row % 7 < 3);
            let all: Vec<u32> = (0..2000).collect();
            let [parent, small, direct] = [0; 3].map(|_| histograms.take().unwrap());
            histograms.build(parent, &data, &fixed, &all);
            histograms.build(small, &data, &fixed, &left);
            histograms.build(direct, &data, &fixed, &right);
            histograms.subtract(parent, small);
            assert!(histograms.get(parent) == histograms.get(direct), "{n_features} features");
        }
    }

    #[test]
    fn many_rows_sum_to_the_same_at_any_number_of_threads_and_in_any_order() {
        let (data, fixed) = random(2 * BLOCK + 77, 3);
        let n_rows = fixed.rows().len();
        let built = |threads: usize, rows: Vec<u32>| {
            let mut histograms = Histograms::new(3, n_rows);
            let slot = histograms.take().unwrap();
            with_threads(threads, || histograms.build(slot, &data, &fixed, &rows)).unwrap();
            histograms.get(slot).to_vec()
        };
        let one = built(1, (0..n_rows as u32).collect());
        assert!(one == built(8, (0..n_rows as u32).collect()));
        assert!(one == built(8, (0..n_rows as u32).rev().collect()));
    }

    #[test]
    fn slots_are_reused_and_limited() {
        assert_eq!(Histograms::new(1 << 20, 1).max_slots, 4);
        let mut histograms = Histograms::with_slots(1, 1, 4);
        let reserved = histograms.reserve();
        let slots: Vec<Slot> = std::iter::from_fn(|| histograms.take()).collect();
        assert!(slots.len() == 4 && !slots.contains(&reserved));
        histograms.give_back(slots[2]);
        assert_eq!((histograms.take(), histograms.take()), (Some(slots[2]), None));
        histograms.clear();
        assert_eq!(histograms.take(), Some(slots[0]));
    }
}
