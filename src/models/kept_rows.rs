//! Square sparse matrices of items, made a row at a time, of which each row keeps its largest cells.

use crate::error::{Error, Result};
use crate::linalg::SparseRows;
use crate::{parallel, rng};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of one parallel block.
const BLOCK: usize = 32;
/// Bytes of a cell: column and value.
const CELL_BYTES: usize = size_of::<u32>() + size_of::<f32>();

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// The model that asks, for messages.
    pub model: &'static str,
    /// Largest cells kept of a row; 0: all.
    pub per_row: usize,
    /// Seed of the hash of (row, column) that orders equal cells at the border.
    pub tie_seed: u64,
    /// Most memory for all cells, in MB of 2^20 bytes.
    pub memory_limit_mb: usize,
}

/// Sums of one row over all columns, and which were touched.
pub(super) struct RowSums {
    sums: Vec<f64>,
    /// One bit per column, so that collecting a row visits only what was touched.
    touched: Vec<u64>,
}

impl RowSums {
    fn new(n_columns: usize) -> Self {
        Self { sums: vec![0.0; n_columns], touched: vec![0; n_columns.div_ceil(64)] }
    }

    /// Adds to a cell.
    #[inline]
    pub(super) fn add(&mut self, column: u32, value: f64) {
        self.sums[column as usize] += value;
        self.touched[column as usize / 64] |= 1 << (column % 64);
    }

    /// Calls `found` with each touched column, ascending, and its sum; clears them.
    fn drain(&mut self, mut found: impl FnMut(u32, f64)) {
        for (word, touched) in self.touched.iter_mut().enumerate() {
            let mut bits = std::mem::take(touched);
            while bits != 0 {
                let column = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                found(column as u32, std::mem::take(&mut self.sums[column]));
            }
        }
    }
}

/// The positive cells of an `[n × n]` matrix without its diagonal, the largest of each row. `add` adds up a row; `weigh` makes a cell's value of its row, its
/// column and its sum.
///
/// # Errors
/// [`Error::Model`] when the cells need more than the memory limit, [`Error::Interrupted`] when asked to stop.
pub(super) fn kept_rows(
    n: usize,
    keep: &Keep,
    add: impl Fn(usize, &mut RowSums) + Sync,
    weigh: impl Fn(usize, usize, f64) -> f64 + Sync,
) -> Result<SparseRows> {
    let limit = keep.memory_limit_mb.saturating_mul(1 << 20) / CELL_BYTES;
    let n_cells = AtomicUsize::new(0);
    let blocks = parallel::map_blocks(n, BLOCK, |rows: Range<usize>| {
        parallel::check()?;
        let (mut sums, mut cells) = (RowSums::new(n), Vec::new());
        let mut block = Block::default();
        for row in rows {
            add(row, &mut sums);
            cells.clear();
            sums.drain(|column, sum| {
                let value = weigh(row, column as usize, sum) as f32;
                if value > 0.0 && column as usize != row {
                    cells.push((column, value));
                }
            });
            keep.largest(row, &mut cells);
            // Whether the sum passes the limit does not depend on the order in which threads add to it.
            if n_cells.fetch_add(cells.len(), Ordering::Relaxed) + cells.len() > limit {
                return Err(keep.too_large());
            }
            block.push(&cells);
        }
        Ok(block)
    });
    joined(n, blocks)
}

impl Keep {
    /// Drops all but the largest cells of a row; what is left stands by ascending column.
    fn largest(&self, row: usize, cells: &mut Vec<(u32, f32)>) {
        if self.per_row == 0 || cells.len() <= self.per_row {
            return;
        }
        let hash = |column| rng::tie_hash(self.tie_seed, row as u32, column);
        cells.select_nth_unstable_by(self.per_row - 1, |a, b| {
            b.1.total_cmp(&a.1).then_with(|| hash(a.0).cmp(&hash(b.0))).then(a.0.cmp(&b.0))
        });
        cells.truncate(self.per_row);
        cells.sort_unstable_by_key(|&(column, _)| column);
    }

    fn too_large(&self) -> Error {
        Error::Model {
            model: self.model.into(),
            message: format!("the item weights need more than memory_limit_mb = {}", self.memory_limit_mb),
            help: Some("keep fewer with neighbors, e.g. 200, or raise memory_limit_mb".into()),
        }
    }
}

/// Some rows after each other.
#[derive(Default)]
struct Block {
    lengths: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Block {
    fn push(&mut self, cells: &[(u32, f32)]) {
        self.lengths.push(cells.len());
        self.columns.extend(cells.iter().map(|&(column, _)| column));
        self.values.extend(cells.iter().map(|&(_, value)| value));
    }
}

fn joined(n: usize, blocks: Vec<Result<Block>>) -> Result<SparseRows> {
    let (mut offsets, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for block in blocks {
        let block = block?;
        for length in block.lengths {
            offsets.push(offsets[offsets.len() - 1] + length);
        }
        columns.extend(block.columns);
        values.extend(block.values);
    }
    Ok(SparseRows::from_parts(offsets, columns, values, n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(per_row: usize, tie_seed: u64, cells: &[(usize, u32, f64)]) -> SparseRows {
        let keep = Keep { model: "test", per_row, tie_seed, memory_limit_mb: 1 };
        let add = |row, sums: &mut RowSums| {
            cells.iter().filter(|cell| cell.0 == row).for_each(|&(_, column, value)| sums.add(column, value))
        };
        kept_rows(100, &keep, add, |_, _, sum| sum).unwrap()
    }

    #[test]
    fn the_largest_positive_cells_off_the_diagonal_are_kept() {
        let cells = [(1, 0, 1.0), (1, 1, 9.0), (1, 70, 2.0), (1, 70, 2.0), (1, 99, 3.0), (1, 5, -1.0), (40, 2, 1.0)];
        let all = kept(0, 1, &cells);
        assert_eq!(all.row(1), (&[0_u32, 70, 99][..], &[1.0_f32, 4.0, 3.0][..]));
        assert_eq!((all.n_rows(), all.row_len(0), all.row_len(40)), (100, 0, 1));
        assert_eq!(kept(2, 1, &cells).row(1).0, [70, 99]);
        assert_eq!(kept(1, 1, &cells).row(1).0, [70]);
    }

    #[test]
    fn equal_cells_at_the_border_favor_no_column() {
        let cells: Vec<(usize, u32, f64)> = (1..41).map(|column| (0, column, 1.0)).collect();
        let mut wins = [0; 41];
        (0..2000).for_each(|seed| wins[kept(1, seed, &cells).row(0).0[0] as usize] += 1);
        assert!(wins[1..].iter().all(|n| (20..90).contains(n)), "{wins:?}");
    }

    #[test]
    fn more_cells_than_the_limit_are_an_error() {
        // 1 MB holds 131,072 cells of 8 bytes; 363 · 362 = 131,406.
        let keep = Keep { model: "test", per_row: 0, tie_seed: 1, memory_limit_mb: 1 };
        let fill = |keep: &Keep| {
            let add = |_, sums: &mut RowSums| (0..363).for_each(|column| sums.add(column, 1.0));
            kept_rows(363, keep, add, |_, _, sum| sum)
        };
        let message = fill(&keep).err().unwrap().to_string();
        assert!(message.contains("more than memory_limit_mb = 1") && message.contains("neighbors"), "{message}");
        assert!(fill(&Keep { per_row: 300, ..keep }).is_ok());
    }
}
