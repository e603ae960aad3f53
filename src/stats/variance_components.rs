//! Variance components of a full two-way table: how much of what differs goes with its rows, with its columns, and with neither.

/// Variances in the unit of the values squared; an estimate below zero is shown as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceComponents {
    /// Between rows.
    pub rows: f64,
    /// Between columns.
    pub columns: f64,
    /// What neither explains: their interaction together with noise.
    pub rest: f64,
}

/// Splits the variance of a table with one value per cell, `v_rc = μ + a_r + b_c + e_rc`, all three random and independent.
///
/// `σ²_e = MS_e`, `σ²_a = (MS_a − MS_e) / C`, `σ²_b = (MS_b − MS_e) / R` with `MS_a = C Σ_r (v̄_r − v̄)² / (R − 1)`, `MS_b = R Σ_c (v̄_c − v̄)² / (C − 1)` and
/// `MS_e = Σ_rc (v_rc − v̄_r − v̄_c + v̄)² / ((R − 1)(C − 1))`: the mean squares set equal to what they are on average. Negative estimates are cut at 0.
///
/// - `values`: `[n_rows × n_columns]`, row-major.
/// - Returns `None` below two rows or columns, or for another number of values.
/// - Cost: O(n), two passes. The first value is taken off before summing, so that a constant table has exactly no variance.
/// - Source: Searle, Casella & McCulloch (1992), section 4.4, ANOVA estimators of the two-way crossed random model, one observation per cell.
pub fn variance_components(values: &[f64], n_rows: usize, n_columns: usize) -> Option<VarianceComponents> {
    if n_rows < 2 || n_columns < 2 || n_rows.checked_mul(n_columns) != Some(values.len()) {
        return None;
    }
    let (n_r, n_c, shift) = (n_rows as f64, n_columns as f64, values[0]);
    let (mut rows, mut columns) = (vec![0.0; n_rows], vec![0.0; n_columns]);
    for (row, own) in values.chunks_exact(n_columns).enumerate() {
        for (column, value) in own.iter().enumerate() {
            rows[row] += (value - shift) / n_c;
            columns[column] += (value - shift) / n_r;
        }
    }
    let mean = rows.iter().sum::<f64>() / n_r;
    let squares = |means: &[f64]| means.iter().map(|own| (own - mean) * (own - mean)).sum::<f64>();
    let mut rest = 0.0;
    for (row, own) in values.chunks_exact(n_columns).enumerate() {
        for (column, value) in own.iter().enumerate() {
            let left = value - shift - rows[row] - columns[column] + mean;
            rest += left * left;
        }
    }
    let rest = rest / ((n_r - 1.0) * (n_c - 1.0));
    let of_rows = n_c * squares(&rows) / (n_r - 1.0);
    let of_columns = n_r * squares(&columns) / (n_c - 1.0);
    Some(VarianceComponents {
        rows: ((of_rows - rest) / n_c).max(0.0),
        columns: ((of_columns - rest) / n_r).max(0.0),
        rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_by_hand() {
        // 1 2 | 3 6 | 5 7: row means 1.5, 4.5, 6, column means 3, 5, mean 4.
        // MS_a = 2 (6.25 + 0.25 + 4) / 2 = 10.5, MS_b = 3 (1 + 1) / 1 = 6.
        // Left over: ±0.5, ∓0.5, 0: row 1 +0.5 −0.5, row 2 −0.5 +0.5, row 3 0 0; MS_e = 1 / 2 = 0.5.
        let found = variance_components(&[1.0, 2.0, 3.0, 6.0, 5.0, 7.0], 3, 2).unwrap();
        // σ²_a = (10.5 − 0.5) / 2 = 5, σ²_b = (6 − 0.5) / 3 = 11/6.
        let expected = VarianceComponents { rows: 5.0, columns: 11.0 / 6.0, rest: 0.5 };
        for (own, wanted) in
            [(found.rows, expected.rows), (found.columns, expected.columns), (found.rest, expected.rest)]
        {
            assert!((own - wanted).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn a_negative_estimate_is_zero_and_a_constant_table_has_no_variance() {
        // 0 1 | 1 0: all means are 0.5, so MS_a = MS_b = 0 < MS_e = 1.
        let found = variance_components(&[0.0, 1.0, 1.0, 0.0], 2, 2).unwrap();
        assert_eq!(found, VarianceComponents { rows: 0.0, columns: 0.0, rest: 1.0 });
        let found = variance_components(&[0.1; 6], 2, 3).unwrap();
        assert_eq!(found, VarianceComponents { rows: 0.0, columns: 0.0, rest: 0.0 });
    }

    #[test]
    fn less_than_two_by_two_has_none() {
        assert_eq!(variance_components(&[1.0, 2.0], 2, 1), None);
        assert_eq!(variance_components(&[1.0, 2.0], 1, 2), None);
        assert_eq!(variance_components(&[1.0, 2.0, 3.0], 2, 2), None);
    }
}
