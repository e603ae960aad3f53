//! Many tests at once: p-values adjusted so that the family as a whole errs no more often than one test.

/// Holm's step-down adjustment: keeps the chance of any false discovery in the family at the level.
///
/// `p̃_(i) = max_{j ≤ i} min(1, (m − j + 1) p_(j))`, in the order of the input.
///
/// - Never less powerful than Bonferroni, and needs no assumption on how the tests depend on one another.
/// - Cost: O(m log m). - Source: Holm (1979); fixed by `tests/golden/statistics/multiple_testing.json`.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut out = vec![1.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &at) in order.iter().enumerate() {
        largest = largest.max(((p.len() - rank) as f64 * p[at]).min(1.0));
        out[at] = largest;
    }
    out
}

/// Benjamini and Hochberg's step-up adjustment: keeps the expected share of false discoveries at the level.
///
/// `p̃_(i) = min_{j ≥ i} min(1, m p_(j) / j)`, in the order of the input.
///
/// - For independent or positively dependent tests. - Cost: O(m log m).
/// - Source: Benjamini & Hochberg (1995); fixed by `tests/golden/statistics/multiple_testing.json`.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut out = vec![1.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (rank, &at) in order.iter().enumerate().rev() {
        smallest = smallest.min(p.len() as f64 * p[at] / (rank + 1) as f64);
        out[at] = smallest;
    }
    out
}

/// Places of the p-values, smallest first; equal ones in input order.
fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{answers, close};

    #[test]
    fn agrees_with_statsmodels() {
        let golden = answers("multiple_testing.json");
        let mut n_families = 0;
        for family in golden.as_object().unwrap().values() {
            let Some(p) = family["p"].as_array() else { continue };
            let p: Vec<f64> = p.iter().map(|p| p.as_f64().unwrap()).collect();
            for (found, key) in [(holm(&p), "holm"), (benjamini_hochberg(&p), "benjamini_hochberg")] {
                let expected = family[key].as_array().unwrap();
                assert_eq!(found.len(), expected.len());
                found.iter().zip(expected).for_each(|(&found, expected)| close(found, expected, 1e-12));
            }
            n_families += 1;
        }
        assert!(n_families >= 2);
    }

    #[test]
    fn one_test_needs_no_adjustment() {
        assert_eq!((holm(&[0.03]), benjamini_hochberg(&[0.03])), (vec![0.03], vec![0.03]));
        assert!(holm(&[]).is_empty());
    }
}
