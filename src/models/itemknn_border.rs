//! Which of many similarities, given as whole numbers, are the largest.

/// Where the `k` largest of more than `k` numbers end: `(x, 0)` when exactly `k` numbers are at least `x`; else `(x, n)` when all above `x` and `n` of
/// several equal to `x` are among them.
///
/// Bisection: a pass is a vectorised count, and it stops at the first gap it hits, long before it has found the k-th number itself.
#[inline(always)]
pub(super) fn border(numbers: &[i32], k: usize) -> (i32, usize) {
    let count = |x: i32| numbers.iter().map(|&number| u32::from(number >= x)).sum::<u32>() as usize;
    let (lowest, highest) = numbers.iter().fold((i32::MAX, 0), |(low, high), &x| (low.min(x), high.max(x)));
    // More than k numbers reach `low`; fewer than k reach `high`. Looks at the highest number first, which many may share.
    let (mut low, mut high, mut middle) = (lowest, highest.saturating_add(1), highest);
    while high - low > 1 {
        match count(middle).cmp(&k) {
            std::cmp::Ordering::Equal => return (middle, 0),
            std::cmp::Ordering::Greater => low = middle,
            std::cmp::Ordering::Less => high = middle,
        }
        middle = low + (high - low) / 2;
    }
    (low, k - count(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_is_a_gap_or_a_tie() {
        let (x, n) = border(&[50, 90, 10, 70], 2);
        assert!(x > 50 && x <= 70 && n == 0);
        assert_eq!(border(&[50, 90, 50, 50], 2), (50, 1));
        assert_eq!(border(&[100; 6], 4), (100, 4));
        assert_eq!(border(&[7, 100, 100, 8], 2), (100, 0));
        assert_eq!(border(&[7, 100, 7, 8], 3), (7, 1));
    }
}
