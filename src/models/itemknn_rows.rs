//! The similarities of all items, laid out for scoring a whole catalog: a column for each class of twins, the items with the most ratings first.
//!
//! Popular items are similar to nearly everything, and nearly everything is similar to them: ordered by ratings, rows are full at the front and thin out. The
//! front is an array with a place for every column, which costs 4 bytes a place and is copied as it is; behind it cells are listed with their columns, 6 bytes each.
//! As a front may be three quarters empty, a cell takes from 4 to 16 bytes: with plain cosines of MovieLens fewer than 6 on average, with centred ratings up to 8.

use super::itemknn::means;
use super::itemknn_lanes::LANES;
use super::itemknn_similarity::{CELL_BYTES, Cosine, SEGMENT, Segment, map_rows};
use super::itemknn_twins::Twins;
use crate::dataset::Interactions;
use crate::error::Result;

/// Columns by which a front grows: a multiple of the targets that are looked at together.
const STEP: usize = 64;
const _: () = assert!(STEP.is_multiple_of(LANES));

/// Cells that make a step worth having: a place that is skipped costs less than a cell that is looked for.
const WORTH: isize = STEP as isize / 4;

/// Positive similarities of all pairs of items.
#[derive(Debug)]
pub(super) struct ItemSimilarities {
    /// Which items share a row and a column.
    pub twins: Twins,
    /// By class.
    rows: Vec<Row>,
}

/// The similarities of the items of a class.
#[derive(Debug)]
pub(super) struct Row {
    /// To the first columns, of a number that [`STEP`] divides; 0 for none. The diagonal is what twins are to each other, 0 where there are none.
    pub front: Box<[f32]>,
    /// To the columns behind, by segment; segments that end before are empty.
    pub behind: Box<[Segment]>,
}

impl ItemSimilarities {
    /// Computes them.
    ///
    /// # Errors
    /// Those of [`map_rows`].
    pub(super) fn of(options: &Cosine, interactions: &Interactions) -> Result<Self> {
        let twins = Twins::of(&interactions.by_item);
        let reduced = twins.reduced(&interactions.by_user);
        let is_shared = |class: usize| twins.is_shared(class);
        let rows = map_rows(options, &reduced, means(&interactions.by_user), is_shared, |segments| {
            let row = Row::new(segments, twins.n_classes());
            let n_bytes = row.n_bytes();
            (row, n_bytes)
        })?;
        Ok(Self { twins, rows })
    }

    /// Number of classes.
    pub(super) fn n_columns(&self) -> usize {
        self.rows.len()
    }

    /// The row of an item; `None` where it is similar to nothing, or unknown.
    #[inline]
    pub(super) fn row(&self, item: usize) -> Option<&Row> {
        self.twins.class_of(item).map(|class| &self.rows[class])
    }

    /// The similarity of two items, 0 where there is none, and of an item to itself.
    #[cfg(test)]
    pub(super) fn of_pair(&self, item: usize, other: usize) -> f32 {
        let (row, class) = (self.row(item), self.twins.class_of(other));
        if item == other { 0.0 } else { row.zip(class).map_or(0.0, |(row, class)| row.get(class)) }
    }
}

impl Row {
    fn new(segments: Vec<Segment>, n_columns: usize) -> Self {
        let n_front = front(&segments, n_columns);
        let mut row = Self { front: vec![0.0; n_front].into_boxed_slice(), behind: Box::default() };
        let behind = segments.into_iter().zip((0..).step_by(SEGMENT)).map(|(segment, start)| {
            let n = segment.items.partition_point(|&column| start + usize::from(column) < n_front);
            for (&column, &similarity) in segment.items.iter().zip(&segment.similarities).take(n) {
                row.front[start + usize::from(column)] = similarity;
            }
            Segment { items: segment.items[n..].into(), similarities: segment.similarities[n..].into() }
        });
        row.behind = behind.collect();
        row
    }

    fn n_bytes(&self) -> usize {
        let n_behind: usize = self.behind.iter().map(|segment| segment.items.len()).sum();
        size_of_val(&*self.front) + n_behind * CELL_BYTES
    }

    /// The similarity to a class; 0 for none.
    #[inline]
    pub(super) fn get(&self, class: usize) -> f32 {
        if let Some(&similarity) = self.front.get(class) {
            return similarity;
        }
        let Some(segment) = self.behind.get(class / SEGMENT) else { return 0.0 };
        segment.items.binary_search(&((class % SEGMENT) as u16)).map_or(0.0, |at| segment.similarities[at])
    }

    /// Adds the similarities to all classes, `[n_columns]`.
    pub(super) fn add_to(&self, sums: &mut [f64]) {
        for (sum, &similarity) in sums.iter_mut().zip(&self.front) {
            *sum += f64::from(similarity);
        }
        for (segment, sums) in self.behind.iter().zip(sums.chunks_mut(SEGMENT)) {
            for (&column, &similarity) in segment.items.iter().zip(&segment.similarities) {
                sums[usize::from(column)] += f64::from(similarity);
            }
        }
    }
}

/// How many columns the front has, a multiple of [`STEP`], which may pass the last column: where the most cells are had for the places between them.
fn front(segments: &[Segment], n_columns: usize) -> usize {
    let (mut gain, mut best, mut until) = (0_isize, 0, 0);
    for (segment, start) in segments.iter().zip((0..).step_by(SEGMENT)) {
        let mut rest = &segment.items[..];
        for step in (start..n_columns.min(start + SEGMENT)).step_by(STEP) {
            let (own, others) =
                rest.split_at(rest.partition_point(|&column| start + usize::from(column) < step + STEP));
            rest = others;
            gain += own.len() as isize - WORTH;
            if gain > best {
                (best, until) = (gain, step + STEP);
            }
        }
    }
    until
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;
    use crate::models::itemknn::{Center, ItemKnn, Norm};
    use crate::models::itemknn_similarity::similarities;

    fn segment(items: impl Iterator<Item = u16>) -> Segment {
        let items: Box<[u16]> = items.collect();
        Segment { similarities: items.iter().map(|&item| 1.0 / (f32::from(item) + 2.0)).collect(), items }
    }

    #[test]
    fn a_front_ends_where_cells_get_rare_and_no_cell_is_lost() {
        // Full up to 128, every third up to 192, every fifth to 1,000, and from there a column of a later segment.
        let dense = (0..128).chain((128..192).step_by(3)).chain((192..1000).step_by(5));
        let segments = vec![segment(dense.clone()), segment([7, 9].into_iter())];
        assert_eq!(front(&segments, SEGMENT + 10), 192);
        let row = Row::new(segments, SEGMENT + 10);
        assert_eq!((row.front.len(), row.behind[1].items.len()), (192, 2));
        let mut sums = vec![0.0; SEGMENT + 10];
        row.add_to(&mut sums);
        for (column, &sum) in sums.iter().enumerate() {
            let mut all = dense.clone().map(usize::from).chain([SEGMENT + 7, SEGMENT + 9]);
            let expected = if all.any(|own| own == column) { 1.0 / ((column % SEGMENT) as f32 + 2.0) } else { 0.0 };
            assert_eq!((row.get(column), sum), (expected, f64::from(expected)), "{column}");
        }
        assert_eq!(row.n_bytes(), 4 * 192 + 6 * (162 + 2));
        assert_eq!(front(&[segment((0..70).step_by(10))], 70), 0);
        // What a step costs may be won back by those after it.
        assert_eq!(front(&[segment((0..10).chain(64..128))], 128), 128);
    }

    #[test]
    fn every_pair_has_the_bits_of_similarities_without_twins() {
        let part = golden::generated(40, 700).interactions;
        for (center, norm) in [Center::None, Center::Item, Center::User]
            .iter()
            .flat_map(|&center| [(center, Norm::Full), (center, Norm::Common)])
        {
            for (shrink, min_overlap) in [(0.0, 1), (2.0, 1), (0.0, 3), (2.0, 2)] {
                let options = ItemKnn { center, norm, shrink, min_overlap, ..ItemKnn::default() }.cosine();
                let (found, plain) =
                    (ItemSimilarities::of(&options, &part).unwrap(), similarities(&options, &part).unwrap());
                assert!(found.n_columns() < 690, "twins");
                for item in 0..700 {
                    let mut expected = vec![0.0; 700];
                    let [segment] = plain.row(item) else { panic!("one segment") };
                    for (&other, &similarity) in segment.items.iter().zip(&segment.similarities) {
                        expected[usize::from(other)] = similarity;
                    }
                    let own: Vec<f32> = (0..700).map(|other| found.of_pair(item, other)).collect();
                    assert_eq!(own, expected, "{options:?} {item}");
                }
            }
        }
    }

    #[test]
    fn twins_are_similar_to_each_other_and_no_item_to_itself() {
        let rows = [(0, 0, 4.0), (0, 1, 4.0), (0, 2, 3.0), (1, 2, 2.0)];
        let part = Interactions::from_triples(2, 4, rows.into_iter());
        let options = ItemKnn::default().cosine();
        let similarities = ItemSimilarities::of(&options, &part).unwrap();
        assert_eq!(similarities.n_columns(), 2);
        let own: Vec<f32> = (0..4).map(|item| similarities.of_pair(item, item)).collect();
        assert_eq!(own, [0.0; 4]);
        assert_eq!(
            (similarities.of_pair(0, 1), similarities.of_pair(1, 0), similarities.of_pair(0, 3)),
            (1.0, 1.0, 0.0)
        );
        let cosine = 3.0 / 13.0_f32.sqrt();
        assert!((similarities.of_pair(0, 2) - cosine).abs() < 1e-7);
        assert_eq!(similarities.of_pair(2, 1), similarities.of_pair(0, 2));
    }
}
