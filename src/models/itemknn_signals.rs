//! Item–item neighborhood of implicit signals: how similar an item is to what a user chose, all of it together.
//!
//! With `neighbors` no fewer than the user's signals nothing is selected, and each signal's row is added to all items at once. Both ways add the same
//! similarities in ascending order of signal, so that a limit that limits nothing changes no bit.

use super::itemknn_neighbors::{Combine, Neighborhood};
use super::itemknn_rows::ItemSimilarities;
use super::{FittedModel, signal_sums, stored};
use crate::dataset::{ItemIndex, Scale, UserIndex};
use crate::linalg::SparseRows;

/// Similarities of binary columns, and the signals they are summed over.
pub(super) struct FittedItemSignals {
    pub similarities: ItemSimilarities,
    /// `[n_users × n_items]`
    pub by_user: SparseRows,
    /// Most neighbors per score; at least 1.
    pub neighbors: usize,
    /// Seed of the hash that orders equal similarities.
    pub tie_seed: u64,
}

impl FittedItemSignals {
    /// Sums over all of a user's signals.
    fn over_all(&self, own: &[u32], items: &[ItemIndex], out: &mut [f32]) -> usize {
        let Self { similarities, .. } = self;
        let twins = &similarities.twins;
        signal_sums::scores(twins.n_items(), items, out, |sums| {
            let mut of_columns = vec![0.0; similarities.n_columns()];
            let rows = || own.iter().filter_map(|&item| Some((item, similarities.row(item as usize)?)));
            rows().for_each(|(_, row)| row.add_to(&mut of_columns));
            for (class, sum) in of_columns.iter().enumerate() {
                twins.members(class).iter().for_each(|&item| sums[item as usize] = *sum);
            }
            // A signal counts for its twins, but not for itself.
            for &item in own {
                if let Some(class) = twins.class_of(item as usize).filter(|&class| twins.is_shared(class)) {
                    let others = rows().filter(|&(other, _)| other != item);
                    sums[item as usize] = others.fold(0.0, |sum, (_, row)| sum + f64::from(row.get(class)));
                }
            }
        })
    }

    /// Sums over the most similar of a user's signals, item by item.
    fn over_best(&self, own: &[u32], items: &[ItemIndex], out: &mut [f32]) -> usize {
        let neighborhood = Neighborhood {
            similarities: &self.similarities,
            rated: own,
            combine: Combine::Sum,
            neighbors: self.neighbors,
            tie_seed: self.tie_seed,
        };
        let mut n_fallbacks = 0;
        neighborhood.scores(items, |at, sum| {
            out[at] = stored(sum.unwrap_or(0.0));
            n_fallbacks += usize::from(sum.is_none());
        });
        n_fallbacks
    }
}

impl FittedModel for FittedItemSignals {
    /// `Σ s_ij` over the `neighbors` items `j ≠ i` most similar to `i` among the user's signals, `s_ij > 0`; 0, a fallback, without any. Equal
    /// similarities at the border go by seeded hash of (i, j).
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let own = self.by_user.row(user.at()).0;
        if self.neighbors >= own.len() { self.over_all(own, items, out) } else { self.over_best(own, items, out) }
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::BaseModel;
    use crate::models::golden;
    use crate::models::itemknn::ItemKnn;
    use crate::models::knn_signal::KnnSignal;

    fn positive(neighbors: usize) -> ItemKnn {
        ItemKnn { signal: KnnSignal::Positive, neighbors, ..ItemKnn::default() }
    }

    /// Scores of one user for items a, b, c and d.
    fn scores(options: &ItemKnn) -> Vec<f32> {
        // Users 1 to 3 like {a, b}, {a, b, c}, {c}; user 4 likes a and c, and rated b and d with 1 star.
        let liked = [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b"), ("2", "c"), ("3", "c"), ("4", "a"), ("4", "c")];
        let mut rows: Vec<(&str, &str, f32)> = liked.into_iter().map(|(user, item)| (user, item, 4.0)).collect();
        rows.extend([("4", "b", 1.0), ("4", "d", 1.0)]);
        let data = golden::small(&rows);
        let fitted = options.fit(&data.train()).unwrap();
        assert_eq!(fitted.scale(), Scale::Order);
        let mut out = vec![f32::NAN; 4];
        let n_fallbacks = fitted.score(data.user("4"), &["a", "b", "c", "d"].map(|id| data.item(id)), &mut out);
        assert_eq!(n_fallbacks, out.iter().filter(|&&score| score == 0.0).count());
        out
    }

    fn assert_close(found: &[f32], expected: [f64; 4]) {
        let close = |(&found, expected): (&f32, f64)| (f64::from(found) - expected).abs() < 1e-6;
        assert!(found.iter().zip(expected).all(close), "{found:?} {expected:?}");
    }

    #[test]
    fn sums_of_cosines_by_hand() {
        // a: 1, 2, 4; b: 1, 2; c: 2, 3, 4; d: nobody. ab = 2 / √6, ac = 2 / 3, bc = 1 / √6. User 4 has a and c.
        let root = 6.0_f64.sqrt();
        let expected = [2.0 / 3.0, 3.0 / root, 2.0 / 3.0, 0.0];
        assert_close(&scores(&positive(0)), expected);
        assert_close(&scores(&positive(1)), [2.0 / 3.0, 2.0 / root, 2.0 / 3.0, 0.0]);
        assert_eq!(scores(&positive(2)), scores(&positive(100_000)));
        // With all ratings b has user 4 as well, and d has that user alone. ab = 3 / 3, ac = 2 / 3, ad = 1 / √3, bc = 2 / 3, bd = cd = ad.
        let (third, d) = (2.0 / 3.0, 3.0_f64.sqrt().recip());
        let all = ItemKnn { signal: KnnSignal::All, neighbors: 0, ..ItemKnn::default() };
        assert_close(&scores(&all), [1.0 + third + d, 1.0 + third + d, 2.0 * third + d, 3.0 * d]);
        // With liked_from = 1 the same.
        assert_eq!(scores(&ItemKnn { liked_from: 1.0, ..positive(0) }), scores(&all));
    }

    #[test]
    fn sums_equal_scikit_learn() {
        let data = golden::ratings();
        let check = |options: &ItemKnn, column| {
            let rows = golden::table("neighborhood_signals.csv");
            let found = golden::largest_difference(&data, &rows, column, &*options.fit(&data.train()).unwrap());
            assert!(found < 1e-6, "{column}: {found}");
        };
        let all = |neighbors| ItemKnn { signal: KnnSignal::All, ..positive(neighbors) };
        check(&positive(0), "itemknn_positive");
        check(&ItemKnn { shrink: 2.0, ..all(0) }, "itemknn_all_shrink_2");
        check(&all(5), "itemknn_all_5");
    }

    #[test]
    fn shrinkage_and_overlap_apply_to_signals() {
        let root = 6.0_f64.sqrt();
        let shrunk = scores(&ItemKnn { shrink: 2.0, ..positive(0) });
        assert_close(&shrunk, [1.0 / 3.0, 1.0 / root + 1.0 / root / 3.0, 1.0 / 3.0, 0.0]);
        let common = scores(&ItemKnn { min_overlap: 2, ..positive(0) });
        assert_close(&common, [2.0 / 3.0, 2.0 / root, 2.0 / 3.0, 0.0]);
    }

    #[test]
    fn a_limit_that_limits_nothing_changes_no_bit() {
        let data = golden::generated(40, 700);
        let fit = |neighbors| {
            let options = ItemKnn { signal: KnnSignal::All, neighbors, ..ItemKnn::default() };
            let signal = options.signal.implicit().unwrap();
            options.sums(signal, &data.interactions, 1).unwrap()
        };
        let (fitted, limited) = (fit(0), fit(40));
        let items: Vec<ItemIndex> = (0..700).map(ItemIndex).collect();
        let (mut all, mut best) = (vec![0.0; 700], vec![0.0; 700]);
        for user in 0..40 {
            let own = data.interactions.by_user.row(user).0;
            fitted.over_all(own, &items, &mut all);
            fitted.over_best(own, &items, &mut best);
            assert_eq!(all, best);
            limited.score(UserIndex(user as u32), &items, &mut best);
            assert!(own.len() > 40 && best != all, "{}", own.len());
        }
    }
}
