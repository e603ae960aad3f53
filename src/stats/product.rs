//! Draws times values: the sums of many series over a block of resamples.
//!
//! Values lie on a grid on which every sum is exact ([`super::resample`]): no order of additions, no vector width and no fused
//! multiplication moves a bit, and so the cheapest way can be taken.
//! - A few series: a look-up and an addition per draw. They go in tiles of up to eight, so that a vector unit adds several at once; narrow tiles add
//!   in several chains, so that an addition need not wait for the one before. All resamples of the block pass over a group of 256 units before the next
//!   one comes: its values, 16 KB at eight series, stay in the fastest cache. With one tile, draws are looked up as they are made and never written down.
//! - Many: draws are counted, and a matrix of counts is multiplied with one of values.

use super::draw::{Block, GROUP, GroupDraws, Plan};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, s};

/// Series from which counting pays; measured at 600 and at 100,000 units.
const MANY: usize = 16;
/// Series of a tile at most.
const TILE: usize = 8;
/// Groups whose counts are held at once: 1 MB for a block of 128 resamples.
const TOGETHER: usize = 4;

/// For the last word of a group: 1 for as many of its bytes as count, 0 for the others.
const KEEP: [[f64; 8]; 8] = {
    let mut keep = [[0.0; 8]; 8];
    let mut n = 0;
    while n < 64 {
        if n % 8 < n / 8 {
            keep[n / 8][n % 8] = 1.0;
        }
        n += 1;
    }
    keep
};

/// `W` series, unit by unit, that are added in `C` chains.
pub(super) struct Tile<const W: usize, const C: usize>(Vec<[f64; W]>);

/// A tile of the width that fits.
pub(super) enum AnyTile {
    One(Tile<1, 8>),
    Two(Tile<2, 4>),
    Four(Tile<4, 2>),
    Eight(Tile<8, 1>),
}

/// All series, the way they are summed.
pub(super) enum Columns {
    Few(Vec<AnyTile>),
    /// `[n_units × n_series]`.
    Many(Array2<f64>),
}

impl Columns {
    /// - `column`: values of a series by its number, `[n_units]`, on the grid.
    pub(super) fn new(n_units: usize, n_series: usize, column: impl Fn(usize) -> Vec<f64> + Sync) -> Self {
        let all: Vec<usize> = (0..n_series).collect();
        if n_series < MANY {
            let tile = |some: &[usize]| AnyTile::new(&some.iter().map(|&at| column(at)).collect::<Vec<_>>());
            return Self::Few(all.chunks(TILE).map(tile).collect());
        }
        let mut values = Array2::zeros((n_units, n_series));
        for at in all {
            values.column_mut(at).iter_mut().zip(column(at)).for_each(|(to, value)| *to = value);
        }
        Self::Many(values)
    }

    /// Sums of all series over a block, `[n_series][n_resamples]`.
    pub(super) fn sums(&self, plan: &Plan, block: Block) -> Vec<Vec<f64>> {
        match self {
            Self::Few(tiles) => by_draw(plan, tiles, block),
            Self::Many(values) => by_count(plan, values.view(), block),
        }
    }
}

fn by_count(plan: &Plan, values: ArrayView2<'_, f64>, mut block: Block) -> Vec<Vec<f64>> {
    let (n_resamples, n_groups) = (block.n_resamples(), plan.n_groups());
    let mut totals = Array2::zeros((n_resamples, values.ncols()));
    let mut counts = Array2::zeros((n_resamples, TOGETHER * GROUP));
    let mut draws = GroupDraws::default();
    for first in (0..n_groups).step_by(TOGETHER) {
        let some = first..(first + TOGETHER).min(n_groups);
        counts.fill(0.0);
        for at in 0..some.len() {
            block.next_group(&mut draws);
            for (mut row, drawn) in counts.rows_mut().into_iter().zip(draws.iter()) {
                if let Some(counts) = row.as_slice_mut().and_then(|row| row[at * GROUP..].first_chunk_mut::<GROUP>()) {
                    drawn.iter().for_each(|&unit| counts[usize::from(unit)] += 1.0);
                }
            }
        }
        let n = some.len() * GROUP;
        let values = values.slice(s![first * GROUP..first * GROUP + n, ..]);
        general_mat_mul(1.0, &counts.slice(s![.., ..n]), &values, 1.0, &mut totals);
    }
    // Units beyond the last whole group, in the same way.
    let first = n_groups * GROUP;
    let mut beyond = Array2::zeros((n_resamples, plan.n_units - first));
    for (row, singles) in block.singles().enumerate() {
        singles.iter().for_each(|&unit| beyond[[row, unit as usize - first]] += 1.0);
    }
    general_mat_mul(1.0, &beyond, &values.slice(s![first.., ..]), 1.0, &mut totals);
    totals.columns().into_iter().map(|column| column.to_vec()).collect()
}

fn by_draw(plan: &Plan, tiles: &[AnyTile], mut block: Block) -> Vec<Vec<f64>> {
    let n_resamples = block.n_resamples();
    let mut totals: Vec<Vec<f64>> = tiles.iter().map(|tile| vec![0.0; n_resamples * tile.width()]).collect();
    let mut draws = GroupDraws::default();
    for group in 0..plan.n_groups() {
        if let ([tile], [totals]) = (tiles, totals.as_mut_slice()) {
            tile.add_next_group(group, &mut block, totals);
            continue;
        }
        block.next_group(&mut draws);
        for (tile, totals) in tiles.iter().zip(&mut totals) {
            tile.add_group(group, &draws, totals);
        }
    }
    let mut out = Vec::new();
    for (tile, totals) in tiles.iter().zip(&mut totals) {
        tile.add_singles(&block, totals);
        out.extend((0..tile.width()).map(|at| totals.iter().skip(at).step_by(tile.width()).copied().collect()));
    }
    // The last tile may be wider than the series left for it.
    out
}

impl AnyTile {
    /// Up to eight series, `[n_units]` each.
    fn new(series: &[Vec<f64>]) -> Self {
        match series.len() {
            0 | 1 => Self::One(Tile::new(series)),
            2 => Self::Two(Tile::new(series)),
            3 | 4 => Self::Four(Tile::new(series)),
            _ => Self::Eight(Tile::new(series)),
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Two(_) => 2,
            Self::Four(_) => 4,
            Self::Eight(_) => 8,
        }
    }

    fn add_group(&self, group: usize, draws: &GroupDraws, totals: &mut [f64]) {
        match self {
            Self::One(tile) => tile.add_group(group, draws, totals),
            Self::Two(tile) => tile.add_group(group, draws, totals),
            Self::Four(tile) => tile.add_group(group, draws, totals),
            Self::Eight(tile) => tile.add_group(group, draws, totals),
        }
    }

    fn add_next_group(&self, group: usize, block: &mut Block, totals: &mut [f64]) {
        match self {
            Self::One(tile) => tile.add_next_group(group, block, totals),
            Self::Two(tile) => tile.add_next_group(group, block, totals),
            Self::Four(tile) => tile.add_next_group(group, block, totals),
            Self::Eight(tile) => tile.add_next_group(group, block, totals),
        }
    }

    fn add_singles(&self, block: &Block, totals: &mut [f64]) {
        match self {
            Self::One(tile) => tile.add_singles(block, totals),
            Self::Two(tile) => tile.add_singles(block, totals),
            Self::Four(tile) => tile.add_singles(block, totals),
            Self::Eight(tile) => tile.add_singles(block, totals),
        }
    }
}

impl<const W: usize, const C: usize> Tile<W, C> {
    fn new(series: &[Vec<f64>]) -> Self {
        let mut units = vec![[0.0; W]; series.first().map_or(0, Vec::len)];
        for (at, values) in series.iter().enumerate() {
            for (unit, &value) in units.iter_mut().zip(values) {
                unit[at] = value;
            }
        }
        Self(units)
    }

    fn add_group(&self, group: usize, draws: &GroupDraws, totals: &mut [f64]) {
        let Ok(units) = <&[[f64; W]; GROUP]>::try_from(&self.0[group * GROUP..(group + 1) * GROUP]) else { return };
        for (total, drawn) in totals.as_chunks_mut::<W>().0.iter_mut().zip(draws.iter()) {
            let mut chains = [[0.0; W]; C];
            let (whole, rest) = drawn.as_chunks::<C>();
            for some in whole {
                for (chain, &unit) in chains.iter_mut().zip(some) {
                    plus(chain, &units[usize::from(unit)]);
                }
            }
            for &unit in rest {
                plus(&mut chains[0], &units[usize::from(unit)]);
            }
            chains.iter().for_each(|chain| plus(total, chain));
        }
    }

    fn add_next_group(&self, group: usize, block: &mut Block, totals: &mut [f64]) {
        let Ok(units) = <&[[f64; W]; GROUP]>::try_from(&self.0[group * GROUP..(group + 1) * GROUP]) else { return };
        let totals = totals.as_chunks_mut::<W>().0;
        block.fold_next_group(
            [[0.0; W]; C],
            |chains, drawn, n| {
                let keep = if n == drawn.len() { None } else { Some(&KEEP[n % 8]) };
                for (at, unit) in drawn.into_iter().enumerate() {
                    let mut values = units[usize::from(unit)];
                    // A factor of 0 or 1 instead of an end that no processor foresees.
                    if let Some(keep) = keep {
                        values.iter_mut().for_each(|value| *value *= keep[at]);
                    }
                    plus(&mut chains[at % C], &values);
                }
            },
            |row, chains| chains.iter().for_each(|chain| plus(&mut totals[row], chain)),
        );
    }

    fn add_singles(&self, block: &Block, totals: &mut [f64]) {
        for (total, singles) in totals.as_chunks_mut::<W>().0.iter_mut().zip(block.singles()) {
            for &unit in singles {
                plus(total, &self.0[unit as usize]);
            }
        }
    }
}

#[inline]
fn plus<const W: usize>(sum: &mut [f64; W], values: &[f64; W]) {
    for at in 0..W {
        sum[at] += values[at];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::draw::tests::counts;

    /// Whole numbers, whose sums are exact: a draw too many or too few shows, also in the last word of a group.
    #[test]
    fn every_way_adds_each_draw_once() {
        for n_units in [100_usize, 256, 700] {
            let plan = Plan::new(n_units);
            let draw = || Block::draw(&plan, 5, 0..60);
            let counts = counts(n_units, 5, 0..60);
            let column =
                |at: usize| (0..n_units).map(|unit| (unit * (at + 3) % 101) as f64 - 40.0).collect::<Vec<f64>>();
            for n_series in [1, 2, 3, 5, 9, MANY + 1] {
                let sums = Columns::new(n_units, n_series, column).sums(&plan, draw());
                for (at, sums) in sums.into_iter().take(n_series).enumerate() {
                    let by_hand = |counts: &Vec<u32>| {
                        counts.iter().zip(column(at)).map(|(&n, value)| f64::from(n) * value).sum::<f64>()
                    };
                    assert_eq!(
                        sums,
                        counts.iter().map(by_hand).collect::<Vec<f64>>(),
                        "{n_units} units, {n_series} series"
                    );
                }
            }
        }
    }
}
