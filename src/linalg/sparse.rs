//! Compressed sparse rows: for each row its columns, ascending, and their values.

/// A sparse matrix `[n_rows × n_columns]` of `f32` in compressed row form.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows {
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    n_columns: usize,
}

impl SparseRows {
    /// Builds from (row, column, value) triples in any order; within a row, columns end up ascending. Triples of one cell are all kept.
    ///
    /// # Panics
    /// When a row or column is out of range.
    pub fn from_triples(
        n_rows: usize,
        n_columns: usize,
        triples: impl Iterator<Item = (u32, u32, f32)> + Clone,
    ) -> Self {
        let mut offsets = vec![0_usize; n_rows + 1];
        for (row, column, _) in triples.clone() {
            assert!((column as usize) < n_columns, "column {column} of {n_columns}");
            offsets[row as usize + 1] += 1;
        }
        for row in 0..n_rows {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let (mut columns, mut values) = (vec![0_u32; offsets[n_rows]], vec![0.0_f32; offsets[n_rows]]);
        let mut ascending = true;
        for (row, column, value) in triples {
            let at = next[row as usize];
            ascending &= at == offsets[row as usize] || columns[at - 1] <= column;
            (columns[at], values[at]) = (column, value);
            next[row as usize] += 1;
        }
        let mut out = Self { offsets, columns, values, n_columns };
        if !ascending {
            out.sort_rows();
        }
        out
    }

    /// Takes ready-made parts: `offsets` `[n_rows + 1]`, then columns (ascending within a row) and values.
    ///
    /// # Panics
    /// When the lengths do not fit together.
    pub fn from_parts(offsets: Vec<usize>, columns: Vec<u32>, values: Vec<f32>, n_columns: usize) -> Self {
        assert!(offsets.last() == Some(&columns.len()) && columns.len() == values.len(), "lengths of a sparse matrix");
        Self { offsets, columns, values, n_columns }
    }

    fn sort_rows(&mut self) {
        let mut cells: Vec<(u32, f32)> = Vec::new();
        for row in 0..self.n_rows() {
            let range = self.offsets[row]..self.offsets[row + 1];
            cells.clear();
            cells.extend(self.columns[range.clone()].iter().copied().zip(self.values[range.clone()].iter().copied()));
            cells.sort_by_key(|&(column, _)| column);
            for (at, &(column, value)) in range.zip(&cells) {
                (self.columns[at], self.values[at]) = (column, value);
            }
        }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Number of stored cells.
    pub fn n_cells(&self) -> usize {
        self.columns.len()
    }

    /// Where the cells of a row stand among all cells; nowhere for a row out of range (an unknown user or item).
    #[inline]
    pub fn range(&self, row: usize) -> std::ops::Range<usize> {
        if row + 1 >= self.offsets.len() { 0..0 } else { self.offsets[row]..self.offsets[row + 1] }
    }

    /// Columns and values of a row; empty for a row out of range.
    #[inline]
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let range = self.range(row);
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Number of cells in a row.
    #[inline]
    pub fn row_len(&self, row: usize) -> usize {
        self.row(row).0.len()
    }

    /// All cells as (row, column, value), row by row.
    pub fn triples(&self) -> impl Iterator<Item = (u32, u32, f32)> + Clone + '_ {
        (0..self.n_rows()).flat_map(move |row| {
            let (columns, values) = self.row(row);
            columns.iter().zip(values).map(move |(&column, &value)| (row as u32, column, value))
        })
    }

    /// The same cells with rows and columns exchanged.
    pub fn transposed(&self) -> Self {
        Self::from_triples(
            self.n_columns,
            self.n_rows(),
            self.triples().map(|(row, column, value)| (column, row, value)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples_in_any_order_give_sorted_rows() {
        let cells = [(1, 2, 3.0), (0, 1, 1.0), (1, 0, 2.0)];
        let matrix = SparseRows::from_triples(3, 3, cells.into_iter());
        assert_eq!(matrix.row(1), (&[0_u32, 2][..], &[2.0_f32, 3.0][..]));
        assert_eq!((matrix.row_len(2), matrix.row_len(99), matrix.n_cells()), (0, 0, 3));
        assert_eq!(matrix.transposed().transposed(), matrix);
    }
}
