//! Weighted averages over the most similar items a user rated, or sums of their similarities: one user, many target items.
//!
//! Three ways to find the rated items in the similarity rows, by cost: walk each target's row past a mark of what the user rated, spread each rated item's row
//! over buckets of all targets, or write it into a small matrix of rated items and targets ([`super::itemknn_dense`]). All see a target's neighbors in
//! ascending order of item and add them up in the same order, so all give the same bits. The sum runs in that order, not by similarity: which
//! neighbors count is decided by a total order, and a sum needs a fixed order, not that one. So nothing is sorted.

use super::itemknn_border::border;
use super::itemknn_dense::{self, Matrix};
use super::itemknn_similarity::{SEGMENT, SimilarityRows};
use crate::dataset::ItemIndex;
use crate::linalg::widest;
use crate::rng;
use std::cell::RefCell;

/// Targets whose buckets are filled together: few enough for their buckets to stay in the cache. Divides [`SEGMENT`].
const TILE: usize = 128;

/// Cost of a cell spread into a bucket, in cells walked past a mark (measured).
const SPREAD_COST: usize = 4;

/// Cost of a cell written into a matrix, in cells walked past a mark, and places of a matrix that are looked at for one of them (estimated from profiles).
const WRITE_COST: usize = 2;
const LOOKS: usize = 2;

/// Places of a matrix that stay in the second-level cache: the fewer items a user rated, the more targets it has, and the longer what is read of a row at once.
const PLACES: usize = 1 << 16;

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
    pub similarities: &'a SimilarityRows,
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
    /// By item: position in the user's list, plus 1; 0 for an item not rated. Cleared after use.
    marks: Vec<u32>,
    /// Candidates of one target, or of [`TILE`] targets.
    candidates: Vec<Candidate>,
    /// By target of the tile: how many candidates there are, and what a similarity must reach to enter.
    buckets: Vec<Bucket>,
    /// By target of the tile: what a similarity equal to the entry's must not exceed.
    hashes: Vec<(u64, u32)>,
    /// By rated item: how much of its segment has been spread.
    cursors: Vec<usize>,
    matrix: Matrix,
    selection: Selection,
    scores: Vec<Option<f64>>,
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

#[derive(Clone, Copy)]
struct Bucket {
    len: u32,
    /// The similarity of its entry.
    similarity: f32,
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
        let to_walk: usize = items.iter().map(|item| self.similarities.row_len(item.at())).sum();
        let to_spread: usize = self.rated.iter().map(|&item| self.similarities.row_len(item as usize)).sum();
        let to_look = self.rated.len().saturating_mul(self.similarities.n_items());
        let spread = to_spread.saturating_mul(SPREAD_COST);
        let write = to_spread.saturating_mul(WRITE_COST).saturating_add(to_look / LOOKS);
        // Never borrowed twice: nothing below calls back into this function.
        SCRATCH.with_borrow_mut(|scratch| {
            if to_walk <= spread.min(write) {
                self.walk(scratch, items, found);
            } else if spread <= write {
                self.spread(scratch, items, found);
            } else {
                self.write(scratch, items, found);
            }
        });
    }

    /// Per target: its similarity row against the marks of rated items.
    fn walk(&self, scratch: &mut Scratch, items: &[ItemIndex], mut found: impl FnMut(usize, Option<f64>)) {
        let Scratch { marks, candidates, selection, .. } = scratch;
        let n_items = self.similarities.n_items();
        grow(marks, n_items);
        grow(candidates, n_items + 1);
        for (position, &item) in self.rated.iter().enumerate() {
            marks[item as usize] = position as u32 + 1;
        }
        for (at, item) in items.iter().enumerate() {
            let mut n = 0;
            for (segment, marks) in self.similarities.row(item.at()).iter().zip(marks.chunks(SEGMENT)) {
                for (&other, &similarity) in segment.items.iter().zip(&segment.similarities) {
                    let mark = marks[usize::from(other)];
                    // Written always and kept by counting: few are rated, but which ones cannot be predicted.
                    candidates[n] = Candidate { similarity, position: mark.wrapping_sub(1) };
                    n += usize::from(mark != 0);
                }
            }
            found(at, self.score_of(item.at(), &mut candidates[..n], selection));
        }
        for &item in self.rated {
            marks[item as usize] = 0;
        }
    }

    /// Per rated item: its similarity row over the buckets of all targets, a tile of targets at a time.
    fn spread(&self, scratch: &mut Scratch, items: &[ItemIndex], mut found: impl FnMut(usize, Option<f64>)) {
        let n_items = self.similarities.n_items();
        scratch.scores.clear();
        scratch.scores.resize(n_items, None);
        // Twice the neighbors, so that one selection pays for as many entries; one more than can come, so that the last write has a place.
        let capacity = self.neighbors.saturating_mul(2).min(self.rated.len() + 1);
        grow(&mut scratch.candidates, TILE * capacity);
        for start in (0..n_items).step_by(TILE) {
            if start % SEGMENT == 0 {
                scratch.cursors.clear();
                scratch.cursors.resize(self.rated.len(), 0);
            }
            self.fill(scratch, start, capacity);
            self.empty(scratch, start, capacity);
        }
        for (at, item) in items.iter().enumerate() {
            found(at, scratch.scores.get(item.at()).copied().flatten());
        }
    }

    /// Per rated item: its similarity row into a matrix of all rated items, a tile of targets at a time. Needs rated items.
    fn write(&self, scratch: &mut Scratch, items: &[ItemIndex], mut found: impl FnMut(usize, Option<f64>)) {
        let (n_items, n_rated) = (self.similarities.n_items(), self.rated.len());
        scratch.scores.clear();
        // A power of two, so that it divides a segment.
        let tile = 1 << (PLACES / n_rated).clamp(TILE, SEGMENT).ilog2();
        scratch.scores.resize(n_items.next_multiple_of(tile), None);
        grow(&mut scratch.candidates, n_rated);
        for start in (0..n_items).step_by(tile) {
            if start % SEGMENT == 0 {
                scratch.cursors.clear();
                scratch.cursors.resize(n_rated, 0);
            }
            let Scratch { cursors, matrix, scores, candidates, selection, .. } = &mut *scratch;
            matrix.clear(n_rated, tile);
            for (position, (&rated, cursor)) in self.rated.iter().zip(cursors).enumerate() {
                let segment = &self.similarities.row(rated as usize)[start / SEGMENT];
                *cursor += matrix.put(position, segment, *cursor, start % SEGMENT, tile);
            }
            let groups = matrix.groups().zip(scores[start..].chunks_exact_mut(itemknn_dense::LANES));
            for (number, (rows, scores)) in groups.enumerate() {
                self.read(start + number * itemknn_dense::LANES, rows, scores, candidates, selection);
            }
        }
        for (at, item) in items.iter().enumerate() {
            found(at, scratch.scores.get(item.at()).copied().flatten());
        }
    }

    /// The scores of the eight targets from `first` on.
    fn read(
        &self,
        first: usize,
        rows: &[itemknn_dense::Row],
        scores: &mut [Option<f64>],
        candidates: &mut [Candidate],
        selection: &mut Selection,
    ) {
        let (borders, sums, weights) = widest(
            #[inline(always)]
            || {
                let borders = itemknn_dense::borders(rows, self.neighbors);
                match self.combine {
                    Combine::Average(offsets) => {
                        let (sums, weights) = itemknn_dense::averages(rows, &borders, offsets);
                        (borders, sums, weights)
                    }
                    Combine::Sum => {
                        let sums = itemknn_dense::sums(rows, &borders);
                        (borders, sums, sums)
                    }
                }
            },
        );
        for (lane, score) in scores.iter_mut().enumerate() {
            *score = if !borders.is_known[lane] {
                // Hashes decide.
                let mut n = 0;
                for (position, row) in rows.iter().enumerate() {
                    candidates[n] = Candidate { similarity: row[lane], position: position as u32 };
                    n += usize::from(row[lane] > 0.0);
                }
                self.score_of(first + lane, &mut candidates[..n], selection)
            } else if let Combine::Average(_) = self.combine {
                (weights[lane] > 0.0).then(|| sums[lane] / weights[lane])
            } else {
                (weights[lane] > 0.0).then_some(sums[lane])
            };
        }
    }

    /// Fills the buckets of the targets from `start` on, one tile.
    fn fill(&self, scratch: &mut Scratch, start: usize, capacity: usize) {
        let Scratch { candidates, buckets, hashes, cursors, selection, .. } = scratch;
        buckets.clear();
        buckets.resize(TILE, Bucket { len: 0, similarity: OPEN.similarity });
        hashes.clear();
        hashes.resize(TILE, OPEN.hash);
        let candidates = &mut candidates[..TILE * capacity];
        let first = start % SEGMENT;
        for (position, (&rated, cursor)) in self.rated.iter().zip(cursors.iter_mut()).enumerate() {
            let segment = &self.similarities.row(rated as usize)[start / SEGMENT];
            let row = segment.items[*cursor..].iter().zip(&segment.similarities[*cursor..]);
            let mut n = 0;
            for (&other, &similarity) in row.take_while(|&(&other, _)| usize::from(other) < first + TILE) {
                n += 1;
                let target = usize::from(other) - first;
                let bucket = &mut buckets[target];
                let candidate = Candidate { similarity, position: position as u32 };
                // Written always and kept by counting: whether it enters cannot be predicted.
                candidates[target * capacity + bucket.len as usize] = candidate;
                let entry = Entry { similarity: bucket.similarity, hash: hashes[target] };
                bucket.len += u32::from(self.enters(target + start, candidate, entry));
                if bucket.len as usize == capacity && capacity > self.neighbors {
                    let full = &mut candidates[target * capacity..][..capacity];
                    let entry = self.keep_best(start + target, full, selection);
                    (bucket.similarity, hashes[target]) = (entry.similarity, entry.hash);
                    bucket.len = self.neighbors as u32;
                }
            }
            *cursor += n;
        }
    }

    /// Whether a candidate is at least as good as the entry. Hashes are only looked at where similarities are equal.
    #[inline]
    fn enters(&self, target: usize, candidate: Candidate, entry: Entry) -> bool {
        if candidate.similarity == entry.similarity {
            return self.hash(target, candidate.position) <= entry.hash;
        }
        candidate.similarity > entry.similarity
    }

    /// What orders candidates of one similarity.
    #[inline]
    fn hash(&self, target: usize, position: u32) -> (u64, u32) {
        (rng::tie_hash(self.tie_seed, target as u32, self.rated[position as usize]), position)
    }

    /// Combines the buckets of the targets from `start` on, one tile.
    fn empty(&self, scratch: &mut Scratch, start: usize, capacity: usize) {
        let Scratch { candidates, buckets, scores, selection, .. } = scratch;
        let filled = candidates.chunks_exact_mut(capacity).zip(buckets);
        for (at, (score, (candidates, bucket))) in scores[start..].iter_mut().zip(filled).enumerate() {
            *score = self.score_of(start + at, &mut candidates[..bucket.len as usize], selection);
        }
    }

    fn score_of(&self, target: usize, candidates: &mut [Candidate], selection: &mut Selection) -> Option<f64> {
        if candidates.len() <= self.neighbors {
            return self.combine.of(candidates);
        }
        self.keep_best(target, candidates, selection);
        self.combine.of(&candidates[..self.neighbors])
    }

    /// Moves the best `neighbors` candidates of a target to the front without changing their order; returns what a better one must reach. Best is a
    /// total order: similarity, then seeded hash of target and neighbor. Needs more candidates than neighbors.
    fn keep_best(&self, target: usize, candidates: &mut [Candidate], selection: &mut Selection) -> Entry {
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
            candidates[n] = candidate;
            n += usize::from(self.enters(target, candidate, entry));
        }
        debug_assert_eq!(n, self.neighbors);
        entry
    }
}

/// Makes a buffer at least `n` long; what is in it does not matter, except for marks, which are 0.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, n: usize) {
    if buffer.len() < n {
        buffer.resize(n, T::default());
    }
}

impl Combine<'_> {
    fn of(self, candidates: &[Candidate]) -> Option<f64> {
        match self {
            Self::Average(offsets) => average(candidates, offsets),
            // One after the other: the order in which sums over all signals run, so that both have the same bits.
            Self::Sum => candidates.iter().map(|candidate| f64::from(candidate.similarity)).reduce(|a, b| a + b),
        }
    }
}

/// `Σ s x / Σ s`, in four lanes by place in the list, so that one addition need not wait for the last.
fn average(candidates: &[Candidate], offsets: &[f64]) -> Option<f64> {
    let (mut sums, mut weights) = ([0.0_f64; 4], [0.0_f64; 4]);
    for candidates in candidates.chunks(4) {
        for (lane, &Candidate { similarity, position }) in candidates.iter().enumerate() {
            sums[lane] += f64::from(similarity) * offsets[position as usize];
            weights[lane] += f64::from(similarity);
        }
    }
    let weight = (weights[0] + weights[2]) + (weights[1] + weights[3]);
    (weight > 0.0).then(|| ((sums[0] + sums[2]) + (sums[1] + sums[3])) / weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;
    use crate::models::itemknn::{ItemKnn, Norm};
    use crate::models::itemknn_similarity::similarities;

    /// All neighbors sorted by the total order, the best averaged: the definition, without any cleverness.
    fn by_sorting(of: &Neighborhood<'_>, target: u32) -> Option<f64> {
        let mut found = Vec::new();
        for (position, &item) in of.rated.iter().enumerate() {
            let segment = &of.similarities.row(target as usize)[0];
            if let Ok(at) = segment.items.binary_search(&(item as u16)) {
                found.push((segment.similarities[at], rng::tie_hash(of.tie_seed, target, item), position));
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
    fn all_ways_give_the_same_bits_and_combine_the_best() {
        let data = golden::generated(40, 700);
        let items: Vec<ItemIndex> = (0..700).map(ItemIndex).collect();
        // Norms over common users make many similarities of exactly 1: ties everywhere.
        for norm in [Norm::Full, Norm::Common] {
            let cosine = ItemKnn { norm, ..ItemKnn::default() }.cosine();
            let similarities = similarities(&cosine, &data.interactions).unwrap();
            for (user, neighbors) in [(0, 1), (1, 3), (2, 10), (3, 40), (4, 5), (5, 500)] {
                let (rated, ratings) = data.interactions.by_user.row(user);
                let offsets: Vec<f64> = ratings.iter().copied().map(f64::from).collect();
                for combine in [Combine::Average(&offsets), Combine::Sum] {
                    let of = Neighborhood { similarities: &similarities, rated, combine, neighbors, tie_seed: 9 };
                    assert!(rated.len() > 40, "{}", rated.len());
                    check_all_ways(&of, &items, &format!("{norm:?} user {user}"));
                }
            }
        }
    }

    fn check_all_ways(of: &Neighborhood<'_>, items: &[ItemIndex], of_what: &str) {
        let [mut walked, mut spread, mut written] = [(); 3].map(|()| vec![None; items.len()]);
        let mut scratch = Scratch::default();
        of.walk(&mut scratch, items, |at, score| walked[at] = score);
        of.spread(&mut scratch, items, |at, score| spread[at] = score);
        of.write(&mut scratch, items, |at, score| written[at] = score);
        assert!(walked.iter().flatten().count() > 100);
        for (target, (a, (b, c))) in walked.iter().zip(spread.iter().zip(&written)).enumerate() {
            assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits), "spread: {of_what} item {target}");
            assert_eq!(a.map(f64::to_bits), c.map(f64::to_bits), "written: {of_what} item {target}");
            let sorted = by_sorting(of, target as u32);
            assert!(a.zip(sorted).is_none_or(|(a, b)| (a - b).abs() < 1e-9) && a.is_some() == sorted.is_some());
        }
    }

    #[test]
    fn a_catalog_may_have_more_items_than_a_segment() {
        // Three users with 100 items each, among them the last of the first segment and the first of the second, which they all rated alike.
        let (n_items, edge) = (70_000_u32, SEGMENT as u32);
        let of_user = |user: u32| (0..98).map(move |at| (user, (at * 701 + user * 7) % (edge - 1), 3.0));
        let common = |user: u32| [(user, edge - 1, 4.0), (user, edge, 4.0), (user, n_items - 1 - user, 2.0)];
        let rows: Vec<(u32, u32, f32)> = (0..3).flat_map(|user| of_user(user).chain(common(user))).collect();
        let part = crate::dataset::Interactions::from_triples(3, n_items as usize, rows.into_iter());
        let similarities = similarities(&ItemKnn::default().cosine(), &part).unwrap();
        let [first, second] = similarities.row(edge as usize - 1) else { panic!("two segments") };
        assert_eq!((second.items[0], second.similarities[0]), (0, 1.0));
        assert_eq!(first.items.len() + second.items.len(), similarities.row_len(edge as usize - 1));
        let (rated, ratings) = part.by_user.row(1);
        let offsets: Vec<f64> = ratings.iter().copied().map(f64::from).collect();
        let combine = Combine::Average(&offsets);
        let of = Neighborhood { similarities: &similarities, rated, combine, neighbors: 5, tie_seed: 9 };
        let items: Vec<ItemIndex> = (0..n_items).map(ItemIndex).collect();
        let (mut walked, mut spread, mut written) = (Vec::new(), Vec::new(), Vec::new());
        of.walk(&mut Scratch::default(), &items, |_, average| walked.push(average.map(f64::to_bits)));
        of.spread(&mut Scratch::default(), &items, |_, average| spread.push(average.map(f64::to_bits)));
        of.write(&mut Scratch::default(), &items, |_, average| written.push(average.map(f64::to_bits)));
        assert!(
            walked == spread
                && walked == written
                && walked[edge as usize].is_some()
                && walked[n_items as usize - 1].is_some()
        );
    }

    #[test]
    fn equal_similarities_favor_no_item() {
        // One user rated items 1 to 40; all are equally similar to item 0, and one of them counts. Over 2,000 seeds each should win 50 times.
        let rows =
            (0..41).flat_map(|item| [(0, item, 4.0), (1, item, 4.0)]).filter(|&(user, item, _)| user != 0 || item != 0);
        let part = crate::dataset::Interactions::from_triples(2, 41, rows.collect::<Vec<_>>().into_iter());
        let options = ItemKnn { norm: Norm::Common, ..ItemKnn::default() };
        let similarities = similarities(&options.cosine(), &part).unwrap();
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
