//! Solving small symmetric positive definite systems: the Newton steps of linear stackers, the users and items of alternating least squares.

/// Columns eliminated together: each cell behind them is loaded and stored once for so many products.
const PANEL: usize = 4;

/// Solves `A x = b` for a symmetric positive definite `A` by Cholesky factorization, `A = L Lᵀ`.
///
/// - `a`: `[n × n]`, row-major; only the lower triangle is read. Overwritten by `L`, and above the diagonal by `Lᵀ`, so that columns of `L` can be read in one
///   piece. `b`: `[n]`, overwritten by `x`.
/// - Returns `false`, leaving both in an undefined state, when `A` is not positive definite to working precision.
/// - Cost: O(n³ / 3), no allocation. Products are taken off each cell in the order of the columns, one rounding each: as in the textbook's order of loops.
/// - Source: Golub & Van Loan (2013), algorithm 4.2.1, with the loops ordered as in 4.2.6 (blocks).
pub fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    debug_assert_eq!(a.len(), n * n);
    for first in (0..n).step_by(PANEL) {
        let last = (first + PANEL).min(n);
        if !factor_corner(a, n, first, last) {
            return false;
        }
        eliminate(a, n, first, last);
    }
    for column in 0..n {
        let (done, rest) = b.split_at_mut(column + 1);
        let upper = &a[column * n + column..][..n - column];
        done[column] /= upper[0];
        rest.iter_mut().zip(&upper[1..]).for_each(|(b, l)| *b -= l * done[column]);
    }
    for row in (0..n).rev() {
        let (done, rest) = b.split_at_mut(row + 1);
        let upper = &a[row * n + row..][..n - row];
        done[row] = upper[1..].iter().zip(rest).fold(done[row], |left, (l, b)| left - l * *b) / upper[0];
    }
    true
}

/// Columns `first..last` of `L` in their own rows, once the columns before them have been taken off; `false` when a pivot is not positive.
fn factor_corner(a: &mut [f64], n: usize, first: usize, last: usize) -> bool {
    for row in first..last {
        for column in first..=row {
            let products = (first..column).map(|inner| a[row * n + inner] * a[column * n + inner]);
            let left = products.fold(a[row * n + column], |left, product| left - product);
            if row == column && !(left > 0.0 && left.is_finite()) {
                return false;
            }
            let cell = if row == column { left.sqrt() } else { left / a[column * n + column] };
            (a[row * n + column], a[column * n + row]) = (cell, cell);
        }
    }
    true
}

/// Columns `first..last` of `L` in the rows behind, and their products taken off the lower triangle there. Such rows exist only behind a full panel.
fn eliminate(a: &mut [f64], n: usize, first: usize, last: usize) {
    let (above, behind) = a.split_at_mut(last * n);
    let mut rows = above[first * n..].chunks_exact_mut(n);
    let (Some(r0), Some(r1), Some(r2), Some(r3)) = (rows.next(), rows.next(), rows.next(), rows.next()) else { return };
    let [(c0, u0), (c1, u1), (c2, u2), (c3, u3)] = [r0, r1, r2, r3].map(|row| row[first..].split_at_mut(PANEL));
    for (at, row) in behind.chunks_exact_mut(n).enumerate() {
        let (own, cells) = row[first..].split_at_mut(PANEL);
        let x0 = own[0] / c0[0];
        let x1 = (own[1] - x0 * c0[1]) / c1[1];
        let x2 = (own[2] - x0 * c0[2] - x1 * c1[2]) / c2[2];
        let x3 = (own[3] - x0 * c0[3] - x1 * c1[3] - x2 * c2[3]) / c3[3];
        own.copy_from_slice(&[x0, x1, x2, x3]);
        (u0[at], u1[at], u2[at], u3[at]) = (x0, x1, x2, x3);
        let products = u0[..=at].iter().zip(&u1[..=at]).zip(&u2[..=at]).zip(&u3[..=at]);
        for (cell, (((l0, l1), l2), l3)) in cells.iter_mut().zip(products) {
            *cell = *cell - x0 * l0 - x1 * l1 - x2 * l2 - x3 * l3;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn solves_a_system_known_by_hand() {
        // [4 2; 2 3] [1; 2] = [8; 8].
        let (mut a, mut b) = (vec![4.0, 2.0, 2.0, 3.0], vec![8.0, 8.0]);
        assert!(solve(&mut a, &mut b));
        assert!((b[0] - 1.0).abs() < 1e-15 && (b[1] - 2.0).abs() < 1e-15, "{b:?}");
    }

    /// Row by row, as printed.
    fn textbook(a: &mut [f64], n: usize) {
        for row in 0..n {
            for column in 0..=row {
                let products = (0..column).map(|inner| a[row * n + inner] * a[column * n + inner]);
                let rest = products.fold(a[row * n + column], |rest, product| rest - product);
                a[row * n + column] = if row == column { rest.sqrt() } else { rest / a[column * n + column] };
            }
        }
    }

    #[test]
    fn the_order_of_loops_changes_no_bit() {
        for n in [1, 3, 4, 5, 8, 11, 32] {
            let mut rng = rng::stream(n as u64, "test", 0);
            let mut lower = vec![f64::NAN; n * n];
            for row in 0..n {
                (0..=row).for_each(|column| lower[row * n + column] = rng::uniform(&mut rng));
                lower[row * n + row] += n as f64;
            }
            let mut expected = lower.clone();
            textbook(&mut expected, n);
            let mut b: Vec<f64> = (0..n).map(|at| at as f64).collect();
            let at = |row: usize, column: usize| lower[row.max(column) * n + row.min(column)];
            let mut a = lower.clone();
            assert!(solve(&mut a, &mut b));
            for row in 0..n {
                let cells = row * n..=row * n + row;
                assert_eq!(a[cells.clone()], expected[cells], "n = {n}, row {row}");
                let product: f64 = (0..n).map(|column| at(row, column) * b[column]).sum();
                assert!((product - row as f64).abs() < 1e-12, "n = {n}: {product}");
            }
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(!solve(&mut [1.0, 2.0, 2.0, 1.0], &mut [1.0, 1.0]));
        assert!(!solve(&mut [f64::NAN], &mut [1.0]));
        assert!(solve(&mut [], &mut []));
    }
}
