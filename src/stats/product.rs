//! Counts times values: the sums of many series over a block of resamples, a table look-up per cell instead of three products.
//!
//! Series go in tiles of up to eight, so that a vector unit adds several at once. For four cells at a time, the sums of all 128 patterns
//! over each series are laid out (32 KB at eight series), then every resample of the block adds four rows of them. That is a third of the additions
//! of a dense product and no multiplication. Each series is added in the same order whatever tile it is in: cells in groups of
//! four, pairwise, then the single draws; so its bits depend neither on its neighbors nor on the block.

use super::draw::{Block, Plan, SLAB};
use super::law::{CELL, Law, N_PATTERNS};

/// Cells whose tables are laid out at once.
const GROUP: usize = 4;

/// Sums of some patterns over `W` series.
type Table<const W: usize> = [[f64; W]; N_PATTERNS];

/// `W` series, unit by unit, padded with zeros to whole slabs.
pub(super) struct Tile<const W: usize>(Vec<[f64; W]>);

/// Series in tiles of the width that fits.
pub(super) enum AnyTile {
    One(Tile<1>),
    Two(Tile<2>),
    Four(Tile<4>),
    Eight(Tile<8>),
}

impl AnyTile {
    /// Up to eight series.
    pub(super) fn new(plan: &Plan, series: &[Vec<f64>]) -> Self {
        match series.len() {
            0 | 1 => Self::One(Tile::new(plan, series)),
            2 => Self::Two(Tile::new(plan, series)),
            3 | 4 => Self::Four(Tile::new(plan, series)),
            _ => Self::Eight(Tile::new(plan, series)),
        }
    }

    /// Sums of each series over the block, `[n_resamples]` each, appended to `sums` in order.
    pub(super) fn add(&self, plan: &Plan, block: &Block, sums: &mut [Vec<f64>]) {
        match self {
            Self::One(tile) => tile.add(plan, block, sums),
            Self::Two(tile) => tile.add(plan, block, sums),
            Self::Four(tile) => tile.add(plan, block, sums),
            Self::Eight(tile) => tile.add(plan, block, sums),
        }
    }
}

impl<const W: usize> Tile<W> {
    fn new(plan: &Plan, series: &[Vec<f64>]) -> Self {
        let mut units = vec![[0.0; W]; plan.n_units.max(plan.n_slabs() * SLAB * CELL)];
        for (at, values) in series.iter().enumerate() {
            for (unit, &value) in units.iter_mut().zip(values) {
                unit[at] = value;
            }
        }
        Self(units)
    }

    fn add(&self, plan: &Plan, block: &Block, sums: &mut [Vec<f64>]) {
        let mut totals = vec![[0.0; W]; block.n_resamples()];
        if let Some(law) = &plan.law {
            let mut tables = vec![[[0.0; W]; N_PATTERNS]; GROUP];
            if let Ok(tables) = <&mut [Table<W>; GROUP]>::try_from(tables.as_mut_slice()) {
                for slab in 0..plan.n_slabs() {
                    self.add_slab(law, slab, block.slab(slab), tables, &mut totals);
                }
            }
        }
        for (total, singles) in totals.iter_mut().zip(block.singles()) {
            for &unit in singles {
                plus(total, &self.0[unit as usize]);
            }
        }
        for (at, out) in sums.iter_mut().enumerate() {
            out.extend(totals.iter().map(|total| total[at]));
        }
    }

    fn add_slab(
        &self,
        law: &Law,
        slab: usize,
        patterns: &[u8],
        tables: &mut [Table<W>; GROUP],
        totals: &mut [[f64; W]],
    ) {
        for first in (0..SLAB).step_by(GROUP) {
            for (cell, table) in tables.iter_mut().enumerate() {
                let unit = (slab * SLAB + first + cell) * CELL;
                fill(law, &self.0[unit..unit + CELL], table);
            }
            for (row, total) in patterns.chunks_exact(SLAB).zip(totals.iter_mut()) {
                let rows: [&[f64; W]; GROUP] =
                    std::array::from_fn(|cell| &tables[cell][usize::from(row[first + cell]) % N_PATTERNS]);
                for at in 0..W {
                    total[at] += (rows[0][at] + rows[1][at]) + (rows[2][at] + rows[3][at]);
                }
            }
        }
    }
}

/// The sum of every pattern over three units: that of a pattern with one draw less, plus that draw.
fn fill<const W: usize>(law: &Law, units: &[[f64; W]], table: &mut Table<W>) {
    for id in 1..N_PATTERNS {
        let (parent, unit) = law.parents[id];
        let mut sum = table[usize::from(parent) % N_PATTERNS];
        plus(&mut sum, &units[usize::from(unit)]);
        table[id] = sum;
    }
}

#[inline]
fn plus<const W: usize>(sum: &mut [f64; W], values: &[f64; W]) {
    for at in 0..W {
        sum[at] += values[at];
    }
}
