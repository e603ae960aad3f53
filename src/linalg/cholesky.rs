//! Solving small symmetric positive definite systems: the Newton steps of linear stackers.

/// Solves `A x = b` for a symmetric positive definite `A` by Cholesky factorization, `A = L Lᵀ`.
///
/// - `a`: `[n × n]`, row-major; only the lower triangle is read, and overwritten by `L`. `b`: `[n]`, overwritten by `x`.
/// - Returns `false`, leaving both in an undefined state, when `A` is not positive definite to working precision.
/// - Cost: O(n³ / 3), no allocation.
/// - Source: Golub & Van Loan (2013), algorithm 4.2.1.
pub fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    debug_assert_eq!(a.len(), n * n);
    for row in 0..n {
        for column in 0..=row {
            let mut sum = a[row * n + column];
            for inner in 0..column {
                sum -= a[row * n + inner] * a[column * n + inner];
            }
            if row != column {
                a[row * n + column] = sum / a[column * n + column];
            } else if sum > 0.0 && sum.is_finite() {
                a[row * n + row] = sum.sqrt();
            } else {
                return false;
            }
        }
    }
    for row in 0..n {
        for inner in 0..row {
            b[row] -= a[row * n + inner] * b[inner];
        }
        b[row] /= a[row * n + row];
    }
    for row in (0..n).rev() {
        for inner in row + 1..n {
            b[row] -= a[inner * n + row] * b[inner];
        }
        b[row] /= a[row * n + row];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_system_known_by_hand() {
        // [4 2; 2 3] [1; 2] = [8; 8].
        let (mut a, mut b) = (vec![4.0, 2.0, 2.0, 3.0], vec![8.0, 8.0]);
        assert!(solve(&mut a, &mut b));
        assert!((b[0] - 1.0).abs() < 1e-15 && (b[1] - 2.0).abs() < 1e-15, "{b:?}");
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(!solve(&mut [1.0, 2.0, 2.0, 1.0], &mut [1.0, 1.0]));
        assert!(!solve(&mut [f64::NAN], &mut [1.0]));
        assert!(solve(&mut [], &mut []));
    }
}
