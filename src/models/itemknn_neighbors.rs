//! Weighted averages over the most similar items a user rated, or sums of their similarities: one user, many target items.
//!
//! Two ways, by cost: look up each pair of a target and a rated item, or write the rows of all rated items into small matrices of rated items and targets
//! ([`super::itemknn_dense`]), which gives the scores of all items. Both add a target's neighbors one after the other in ascending order of item, so both
//! give the same bits. The sum runs in that order, not by similarity: which neighbors count is decided by a total order, and a sum needs a fixed order,
//! not that one. So nothing is sorted.

use super::itemknn_border::border;
use super::itemknn_dense::{self, Borders, FRONTS, Matrix, RowReader};
use super::itemknn_lanes::{self, LANES, Lanes, Sums, Unit, Work};
use super::itemknn_rows::ItemSimilarities;
use super::itemknn_similarity::SEGMENT;
use crate::dataset::ItemIndex;
use crate::linalg::widest;
use crate::rng;
use std::cell::RefCell;

/// Fewest targets of a tile. Divides [`SEGMENT`].
const TILE: usize = 128;

/// Places of a matrix that stay in the second-level cache: the fewer items a user rated, the more targets it has, and the longer what is read of a row at once.
const PLACES: usize = 1 << 16;

/// Columns that are written and looked at in the time in which one target is looked up (estimated from profiles).
const LOOK_UP: usize = 24;

/// What becomes of the best neighbors of a target.
#[derive(Debug, Clone, Copy)]
pub(super) enum Combine<'a> {
    /// `Σ s x / Σ s`, with an offset x for each rated item.
    Average(&'a [f64]),
    /// `Σ s`.
    Sum,
}

/// One user's rated items, ready to be averaged.
pub(super) struct Neighborhood<'a> {
    /// Similarities of all items.
    pub similarities: &'a ItemSimilarities,
    /// Items the user rated, ascending.
    pub rated: &'a [u32],
    /// What they are combined to.
    pub combine: Combine<'a>,
    /// Most neighbors per score; at least 1.
    pub neighbors: usize,
    /// Seed of the hash that orders equal similarities.
    pub tie_seed: u64,
}

/// Working memory of a thread, reused from user to user.
#[derive(Default)]
struct Scratch {
    /// Of one target.
    candidates: Vec<Candidate>,
    /// By rated item: its similarity to one target.
    similarities: Vec<f32>,
    matrix: Matrix,
    selection: Selection,
    /// By eight columns: whether somebody asks for one of them.
    is_wanted: Vec<bool>,
    scores: Scores,
}

/// The scores of all items.
#[derive(Default)]
struct Scores {
    /// By column.
    of_columns: Vec<Score>,
    /// By item, where those of a column differ: elsewhere what is left of other users.
    of_items: Vec<Score>,
}

#[derive(Clone, Copy)]
enum Score {
    Known(f64),
    /// Nothing rated is similar.
    Nothing,
    /// Of a column whose items have scores of their own.
    OfItem,
    /// Of a rated item that has twins, to be looked up: it is a neighbor for them, but not for itself.
    ToLookUp,
}

/// A rated item, by its position in the user's list, as neighbor of some target.
#[derive(Clone, Copy, Default)]
struct Candidate {
    similarity: f32,
    position: u32,
}

/// Working memory of a selection.
#[derive(Default)]
struct Selection {
    bits: Vec<i32>,
    ties: Vec<(u64, u32)>,
}

/// The worst that is still among the best: a similarity, and the highest hash and position that may stand beside it.
#[derive(Clone, Copy)]
struct Entry {
    similarity: f32,
    hash: (u64, u32),
}

/// Anything may enter.
const OPEN: Entry = Entry { similarity: 0.0, hash: (u64::MAX, u32::MAX) };

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Neighborhood<'_> {
    /// Calls `found` with each position in `items` and what the best neighbors are combined to, `None` where there is none.
    pub(super) fn scores(&self, items: &[ItemIndex], found: impl FnMut(usize, Option<f64>)) {
        // Never borrowed twice: nothing below calls back into this function.
        SCRATCH.with_borrow_mut(|scratch| {
            if items.len().saturating_mul(LOOK_UP) <= self.similarities.n_columns() || self.rated.is_empty() {
                self.look_up(scratch, items, found);
            } else {
                self.write(scratch, items, found);
            }
        });
    }

    /// Per target: its similarity to each rated item.
    fn look_up(&self, scratch: &mut Scratch, items: &[ItemIndex], mut found: impl FnMut(usize, Option<f64>)) {
        for (at, item) in items.iter().enumerate() {
            found(at, self.of_target(item.at(), scratch));
        }
    }

    fn of_target(&self, target: usize, scratch: &mut Scratch) -> Option<f64> {
        let Scratch { similarities, candidates, selection, .. } = scratch;
        let row = self.similarities.row(target)?;
        // First all similarities, and nothing that depends on them: each waits for memory, and so they wait together.
        let classes = self.rated.iter().map(|&rated| self.similarities.twins.class_of(rated as usize));
        similarities.clear();
        similarities.extend(classes.map(|class| class.map_or(0.0, |class| row.get(class))));
        candidates.clear();
        candidates.resize(self.rated.len(), Candidate::default());
        let mut n = 0;
        for ((&similarity, &rated), position) in similarities.iter().zip(self.rated).zip(0..) {
            // Written always and kept by counting: whether there is a similarity cannot be predicted.
            candidates[n] = Candidate { similarity, position };
            n += usize::from(similarity > 0.0 && rated as usize != target);
        }
        self.score_of(target, &mut candidates[..n], selection)
    }

    /// Per rated item: its similarity row into a matrix of all rated items, a tile of columns at a time. Needs rated items.
    fn write(&self, scratch: &mut Scratch, items: &[ItemIndex], mut found: impl FnMut(usize, Option<f64>)) {
        let (twins, n_columns, n_rated) = (&self.similarities.twins, self.similarities.n_columns(), self.rated.len());
        let Scratch { candidates, matrix, selection, is_wanted, scores, .. } = &mut *scratch;
        is_wanted.clear();
        is_wanted.resize(n_columns.div_ceil(LANES), false);
        items.iter().filter_map(|item| twins.class_of(item.at())).for_each(|class| is_wanted[class / LANES] = true);
        scores.of_columns.clear();
        scores.of_columns.resize(n_columns, Score::Nothing);
        scores.of_items.resize(twins.n_items(), Score::Nothing);
        let mut readers: Vec<RowReader<'_>> =
            self.rated.iter().map(|&item| RowReader::new(self.similarities.row(item as usize))).collect();
        // A power of two, so that it divides a segment.
        let tile = 1 << (PLACES / n_rated).clamp(TILE, SEGMENT).ilog2();
        for start in (0..n_columns).step_by(tile) {
            if start % SEGMENT == 0 {
                readers.iter_mut().for_each(|row| row.enter(start));
            }
            let n_targets = tile.min((n_columns - start).next_multiple_of(LANES));
            if readers.iter().all(|row| row.is_past(start, start + n_targets)) {
                continue;
            }
            matrix.resize(n_rated, n_targets);
            for (rows, position) in readers.chunks_mut(FRONTS).zip((0..).step_by(FRONTS)) {
                matrix.put(position, rows, start);
            }
            let groups = matrix.groups().zip((start..).step_by(LANES)).zip(&is_wanted[start / LANES..]);
            for (((rows, is_touched), column), &is_wanted) in groups {
                if is_touched && is_wanted {
                    self.read(column, rows, scores, candidates, selection);
                }
            }
        }
        for &rated in self.rated {
            if let Some(class) = twins.class_of(rated as usize).filter(|&class| twins.is_shared(class)) {
                scores.part(class, twins.members(class));
                scores.of_items[rated as usize] = Score::ToLookUp;
            }
        }
        for (at, item) in items.iter().enumerate() {
            let of_column = twins.class_of(item.at()).map_or(Score::Nothing, |class| scratch.scores.of_columns[class]);
            let score = if let Score::OfItem = of_column { scratch.scores.of_items[item.at()] } else { of_column };
            let score = match score {
                Score::Known(score) => Some(score),
                Score::ToLookUp => self.of_target(item.at(), scratch),
                Score::Nothing | Score::OfItem => None,
            };
            found(at, score);
        }
    }

    /// Scores the items of the eight columns from `first` on.
    fn read(
        &self,
        first: usize,
        rows: &[Lanes],
        scores: &mut Scores,
        candidates: &mut Vec<Candidate>,
        selection: &mut Selection,
    ) {
        let (borders, sums, weights) = itemknn_lanes::best(Read { of: self, rows });
        let is_average = matches!(self.combine, Combine::Average(_));
        for (lane, column) in (first..self.similarities.n_columns()).enumerate().take(LANES) {
            if !borders.is_known[lane] {
                // Hashes decide, which are those of each item.
                let members = self.similarities.twins.members(column);
                scores.part(column, members);
                for &item in members {
                    candidates.clear();
                    let own = rows.iter().zip(0..).map(|(row, position)| Candidate { similarity: row[lane], position });
                    candidates.extend(own.filter(|candidate| candidate.similarity > 0.0));
                    let score = self.score_of(item as usize, candidates, selection);
                    scores.of_items[item as usize] = score.map_or(Score::Nothing, Score::Known);
                }
            } else if weights[lane] > 0.0 {
                let score = if is_average { sums[lane] / weights[lane] } else { weights[lane] };
                scores.of_columns[column] = Score::Known(score);
            }
        }
    }

    /// What orders candidates of one similarity.
    #[inline]
    fn hash(&self, target: usize, position: u32) -> (u64, u32) {
        (rng::tie_hash(self.tie_seed, target as u32, self.rated[position as usize]), position)
    }

    fn score_of(&self, target: usize, candidates: &mut [Candidate], selection: &mut Selection) -> Option<f64> {
        if candidates.len() <= self.neighbors {
            return self.combine.of(candidates);
        }
        self.keep_best(target, candidates, selection);
        self.combine.of(&candidates[..self.neighbors])
    }

    /// Moves the best `neighbors` candidates of a target to the front without changing their order. Best is a total order: similarity, then seeded hash of
    /// target and neighbor. Needs more candidates than neighbors.
    fn keep_best(&self, target: usize, candidates: &mut [Candidate], selection: &mut Selection) {
        debug_assert!(candidates.len() > self.neighbors);
        let Selection { bits, ties } = selection;
        // Positive floats order like their bits, and whole numbers compare faster.
        bits.clear();
        bits.extend(candidates.iter().map(|candidate| candidate.similarity.to_bits() as i32));
        let (similarity, n_ties) = widest(
            #[inline(always)]
            || border(bits, self.neighbors),
        );
        let mut entry = Entry { similarity: f32::from_bits(similarity as u32), ..OPEN };
        if n_ties > 0 {
            ties.clear();
            let tied = candidates.iter().filter(|candidate| candidate.similarity == entry.similarity);
            ties.extend(tied.map(|candidate| self.hash(target, candidate.position)));
            entry.hash = *ties.select_nth_unstable(n_ties - 1).1;
        }
        let mut n = 0;
        for at in 0..candidates.len() {
            let candidate = candidates[at];
            // Written always and kept by counting: whether it stays cannot be predicted.
            candidates[n] = candidate;
            n += usize::from(self.enters(target, candidate, entry));
        }
        debug_assert_eq!(n, self.neighbors);
    }

    /// Whether a candidate is at least as good as the entry. Hashes are only looked at where similarities are equal.
    #[inline]
    fn enters(&self, target: usize, candidate: Candidate, entry: Entry) -> bool {
        if candidate.similarity == entry.similarity {
            return self.hash(target, candidate.position) <= entry.hash;
        }
        candidate.similarity > entry.similarity
    }
}

impl Scores {
    /// Gives the items of a column scores of their own, that of the column unless they have one.
    fn part(&mut self, column: usize, members: &[u32]) {
        let shared = std::mem::replace(&mut self.of_columns[column], Score::OfItem);
        if !matches!(shared, Score::OfItem) {
            members.iter().for_each(|&item| self.of_items[item as usize] = shared);
        }
    }
}

/// Finds what eight columns keep and sums it up.
struct Read<'a> {
    of: &'a Neighborhood<'a>,
    rows: &'a [Lanes],
}

impl Work for Read<'_> {
    /// Borders, `Σ s x` for averages, and `Σ s`.
    type Output = (Borders, Sums, Sums);

    #[inline(always)]
    fn with(self, unit: impl Unit) -> Self::Output {
        let borders = itemknn_dense::borders(unit, self.rows, self.of.neighbors);
        match self.of.combine {
            Combine::Average(offsets) => {
                let (sums, weights) = unit.averages(self.rows, borders.from, offsets);
                (borders, sums, weights)
            }
            Combine::Sum => (borders, [0.0; LANES], unit.sums(self.rows, borders.from)),
        }
    }
}

impl Combine<'_> {
    /// Sums run one after the other: the order of all ways.
    fn of(self, candidates: &[Candidate]) -> Option<f64> {
        let weight = candidates.iter().fold(0.0, |sum, candidate| sum + f64::from(candidate.similarity));
        let sum = match self {
            Self::Average(offsets) => {
                let product =
                    |candidate: &Candidate| f64::from(candidate.similarity) * offsets[candidate.position as usize];
                candidates.iter().fold(0.0, |sum, candidate| sum + product(candidate)) / weight
            }
            Self::Sum => weight,
        };
        (weight > 0.0).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Interactions;
    use crate::models::golden;
    use crate::models::itemknn::{ItemKnn, Norm};

    fn similarities(norm: Norm, part: &Interactions) -> ItemSimilarities {
        ItemSimilarities::of(&ItemKnn { norm, ..ItemKnn::default() }.cosine(), part).unwrap()
    }

    /// All neighbors sorted by the total order, the best averaged: the definition, without any cleverness.
    fn by_sorting(of: &Neighborhood<'_>, target: u32) -> Option<f64> {
        let mut found = Vec::new();
        for (position, &item) in of.rated.iter().enumerate() {
            let similarity = of.similarities.of_pair(target as usize, item as usize);
            if similarity > 0.0 {
                found.push((similarity, rng::tie_hash(of.tie_seed, target, item), position));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(of.neighbors);
        let weight: f64 = found.iter().map(|&(s, ..)| f64::from(s)).sum();
        let score = match of.combine {
            Combine::Average(x) => found.iter().map(|&(s, _, at)| f64::from(s) * x[at]).sum::<f64>() / weight,
            Combine::Sum => weight,
        };
        (!found.is_empty()).then_some(score)
    }

    #[test]
    fn both_ways_give_the_same_bits_and_combine_the_best() {
        let data = golden::generated(40, 700);
        let items: Vec<ItemIndex> = (0..701).map(ItemIndex).collect();
        // Norms over common users make many similarities of exactly 1: ties everywhere.
        for norm in [Norm::Full, Norm::Common] {
            let similarities = similarities(norm, &data.interactions);
            let twins = &similarities.twins;
            let mut n_own_twins = 0;
            for (user, neighbors) in [(0, 1), (1, 3), (2, 10), (3, 40), (4, 5), (5, 500)] {
                let (rated, ratings) = data.interactions.by_user.row(user);
                let offsets: Vec<f64> = ratings.iter().copied().map(f64::from).collect();
                for combine in [Combine::Average(&offsets), Combine::Sum] {
                    let of = Neighborhood { similarities: &similarities, rated, combine, neighbors, tie_seed: 9 };
                    assert!(rated.len() > 40, "{}", rated.len());
                    check_both_ways(&of, &items, &format!("{norm:?} user {user}"));
                }
                n_own_twins +=
                    rated.iter().filter(|&&item| twins.is_shared(twins.class_of(item as usize).unwrap())).count();
            }
            assert!(n_own_twins > 0 && twins.n_classes() < 690, "{n_own_twins} {}", twins.n_classes());
        }
    }

    fn check_both_ways(of: &Neighborhood<'_>, items: &[ItemIndex], of_what: &str) {
        let [mut looked_up, mut written] = [(); 2].map(|()| vec![None; items.len()]);
        let mut scratch = Scratch::default();
        of.look_up(&mut scratch, items, |at, score| looked_up[at] = score);
        of.write(&mut scratch, items, |at, score| written[at] = score);
        assert!(written.iter().flatten().count() > 100);
        for (target, (a, b)) in looked_up.iter().zip(&written).enumerate() {
            assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits), "{of_what} item {target}");
            let sorted = by_sorting(of, target as u32);
            assert!(a.zip(sorted).is_none_or(|(a, b)| (a - b).abs() < 1e-9) && a.is_some() == sorted.is_some());
        }
    }

    #[test]
    fn a_catalog_may_have_more_columns_than_a_segment() {
        // 35,000 users rated two items of their own; the last rated the first and last of these, and some between.
        let (n_users, n_items) = (35_000_u32, 70_000_u32);
        let pairs = (0..n_users).flat_map(|user| [(user, 2 * user, 2.0), (user, 2 * user + 1, 4.0)]);
        let some = (0..n_items).step_by(997).chain([n_items - 1]).map(|item| (n_users, item, 3.0 + (item % 3) as f32));
        let part = Interactions::from_triples(n_users as usize + 1, n_items as usize, pairs.chain(some));
        let similarities = similarities(Norm::Full, &part);
        assert_eq!(similarities.n_columns(), n_items as usize);
        let row = similarities.row(n_items as usize - 1).unwrap();
        assert!(row.behind.len() == 2 && row.behind[1].items.len() == 1, "{row:?}");
        let (rated, ratings) = part.by_user.row(n_users as usize);
        let offsets: Vec<f64> = ratings.iter().copied().map(f64::from).collect();
        let items: Vec<ItemIndex> = (0..n_items).map(ItemIndex).collect();
        for combine in [Combine::Average(&offsets), Combine::Sum] {
            let of = Neighborhood { similarities: &similarities, rated, combine, neighbors: 5, tie_seed: 9 };
            let (mut looked_up, mut written) = (Vec::new(), Vec::new());
            of.look_up(&mut Scratch::default(), &items, |_, score| looked_up.push(score.map(f64::to_bits)));
            of.write(&mut Scratch::default(), &items, |_, score| written.push(score.map(f64::to_bits)));
            assert!(looked_up == written && written[n_items as usize - 2].is_some());
            assert_eq!(written.iter().flatten().count(), 2 * rated.len());
        }
    }

    #[test]
    fn equal_similarities_favor_no_item() {
        // One user rated items 1 to 40; all are equally similar to item 0, and one of them counts. Over 2,000 seeds each should win 50 times.
        let rows =
            (0..41).flat_map(|item| [(0, item, 4.0), (1, item, 4.0)]).filter(|&(user, item, _)| user != 0 || item != 0);
        let part = crate::dataset::Interactions::from_triples(2, 41, rows.collect::<Vec<_>>().into_iter());
        let similarities = similarities(Norm::Common, &part);
        let rated = part.by_user.row(0).0;
        let offsets: Vec<f64> = rated.iter().map(|&item| f64::from(item)).collect();
        let combine = Combine::Average(&offsets);
        let mut wins = [0; 41];
        for tie_seed in 0..2000 {
            let of = Neighborhood { similarities: &similarities, rated, combine, neighbors: 1, tie_seed };
            of.scores(&[ItemIndex(0)], |_, average| wins[average.unwrap() as usize] += 1);
        }
        assert!(wins[1..].iter().all(|n| (20..90).contains(n)), "{wins:?}");
    }
}
