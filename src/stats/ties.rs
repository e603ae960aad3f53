//! Ties of numbers that were rounded before: two that were equal may differ in their last digits now, and tests that count ties must not see that.
//!
//! Rounding to a grid would not do: equal numbers that lie on the border of two cells would be rounded apart. So numbers are walked through by size, and those
//! within one resolution of the smallest of their group get the group's mean size: a number without a neighbor keeps every bit.

/// Values of units as far as they are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounded {
    /// `[n_units]`; those of equal size are equal to the bit, and none is nearer to 0 than the resolution without being 0.
    pub values: Vec<f64>,
    /// Sizes that differ by no more than this are the same.
    pub resolution: f64,
}

impl Rounded {
    /// Values that are known to the last bit.
    pub fn exact(values: Vec<f64>) -> Self {
        Self { values, resolution: 0.0 }
    }

    /// Values whose sizes differ by up to `resolution` where they should be equal: these are made equal.
    ///
    /// - `values`: finite. Signs are kept, so that the negatives of all values become the negatives of the result, to the bit.
    /// - Cost: O(n log n). Sums in order of size.
    pub fn new(mut values: Vec<f64>, resolution: f64) -> Self {
        values.iter_mut().filter(|value| value.abs() <= resolution).for_each(|value| *value = 0.0);
        let mut order: Vec<usize> = (0..values.len()).filter(|&at| values[at] != 0.0).collect();
        order.sort_unstable_by(|&a, &b| values[a].abs().total_cmp(&values[b].abs()));
        let mut rest = order.as_slice();
        while let Some(&first) = rest.first() {
            let least = values[first].abs();
            let (group, others) = rest.split_at(rest.partition_point(|&at| values[at].abs() - least <= resolution));
            let beyond: f64 = group.iter().map(|&at| values[at].abs() - least).sum();
            let size = least + beyond / group.len() as f64;
            group.iter().for_each(|&at| values[at] = size.copysign(values[at]));
            rest = others;
        }
        Self { values, resolution }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_within_one_resolution_become_their_mean_and_what_is_next_to_nothing_is_nothing() {
        let values = vec![0.5, -0.102, 0.100, 0.9, -0.0009, 0.104, 0.0];
        let found = Rounded::new(values, 0.005);
        // (0.100 + 0.102 + 0.104) / 3.
        assert!((found.values[2] - 0.102).abs() < 1e-15);
        let size = found.values[2];
        assert_eq!(found.values, [0.5, -size, size, 0.9, 0.0, size, 0.0]);
        assert!(found.values[4].is_sign_positive(), "no negative zero");
    }

    #[test]
    fn a_group_starts_at_its_smallest_and_does_not_creep_on() {
        // From 1.0 a resolution of 0.25 reaches 1.25; 1.5 begins a group of its own although it is as near to 1.25.
        assert_eq!(Rounded::new(vec![1.5, 1.0, 1.25], 0.25).values, [1.5, 1.125, 1.125]);
    }

    #[test]
    fn negatives_become_negatives_and_exact_values_stay() {
        let values: Vec<f64> = (0..200).map(|at| f64::from(at * 7919 % 101) * 0.01 - 0.5).collect();
        let negatives = values.iter().map(|value| -value).collect();
        let (there, back) = (Rounded::new(values.clone(), 0.015), Rounded::new(negatives, 0.015));
        assert!(there.values.iter().zip(&back.values).all(|(one, other)| *one == -other));
        assert_ne!(there.values, values);
        assert_eq!(Rounded::new(values.clone(), 0.0).values, values);
        assert_eq!(Rounded::exact(values.clone()).values, values);
    }
}
