//! The dense way to the neighbors of many targets: the similarities of all rated items to a few targets as a small matrix, eight targets side by side.
//!
//! Where a rated item is similar to every other target or so, entering similarities into lists, each with a place and an entry of its own, costs more than
//! looking at the zeros between them: a matrix is filled with one write a cell, and every step of a selection is a comparison of eight numbers at once.
//! Given up is memory that grows with what a user rated, 4 bytes for each of them and each target of a tile.

use super::itemknn_similarity::Segment;

/// Targets side by side.
pub(super) const LANES: usize = 8;

/// Similarities of one rated item to eight targets; 0 for none.
pub(super) type Row = [f32; LANES];

/// Similarities of a user's rated items to the targets of a tile: `[n_targets / LANES][n_rated]` rows, so that what is looked at together lies together.
#[derive(Default)]
pub(super) struct Matrix {
    rows: Vec<Row>,
    n_rated: usize,
}

/// What eight targets keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Borders {
    /// A similarity of this or more is kept.
    from: Row,
    /// Whether that is known: where several equal similarities meet the border, numbers alone do not decide.
    pub is_known: [bool; LANES],
}

impl Matrix {
    /// Makes it empty, for so many rated items and targets.
    pub(super) fn clear(&mut self, n_rated: usize, n_targets: usize) {
        self.n_rated = n_rated;
        self.rows.clear();
        self.rows.resize(n_targets / LANES * n_rated, [0.0; LANES]);
    }

    /// Writes what one rated item's segment says from `cursor` on, up to the end of the tile of `n_targets` that begins at `first`; returns how many cells that were.
    #[inline]
    pub(super) fn put(
        &mut self,
        position: usize,
        segment: &Segment,
        cursor: usize,
        first: usize,
        n_targets: usize,
    ) -> usize {
        let mut n = 0;
        let cells = segment.items[cursor..].iter().zip(&segment.similarities[cursor..]);
        for (&other, &similarity) in cells.take_while(|&(&other, _)| usize::from(other) < first + n_targets) {
            let target = usize::from(other) - first;
            self.rows[target / LANES * self.n_rated + position][target % LANES] = similarity;
            n += 1;
        }
        n
    }

    /// The rows of eight targets after eight, `[n_rated]` each; there must be rated items.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[Row]> {
        self.rows.chunks_exact(self.n_rated)
    }
}

/// Where the `k` largest similarities of each target end; all are kept where there are no more.
///
/// A step counts what reaches a guess. Guesses divide what lies between the last two as if similarities were spread evenly there, which hits a gap after a
/// few steps; should that take too long, they halve it.
#[inline(always)]
pub(super) fn borders(rows: &[Row], k: usize) -> Borders {
    if rows.len() <= k {
        return Borders { from: [ANY; LANES], is_known: [true; LANES] };
    }
    let k = k as f32;
    let counts = reach(rows, [ANY; LANES]);
    let (mut low, mut high) = ([ANY; LANES], [1.0_f32; LANES]);
    let (mut over, mut under) = (counts.map(|n| n - k), [k; LANES]);
    let mut from = [ANY; LANES];
    let mut is_known = counts.map(|n| n <= k);
    let mut n_steps = 0;
    // More than k reach `low`, fewer than k are above `high`. A lane is done when k reach a guess, or when both ends meet at a tie.
    while (0..LANES).any(|lane| !is_known[lane] && low[lane] < high[lane]) {
        n_steps += 1;
        let guess: Row = if n_steps <= EVEN_STEPS {
            std::array::from_fn(|lane| {
                let (low, high, share) = (low[lane], high[lane], over[lane] / (over[lane] + under[lane]));
                within(low, high, low + (high - low) * share)
            })
        } else {
            std::array::from_fn(|lane| halfway(low[lane], high[lane]))
        };
        let counts = reach(rows, guess);
        for lane in 0..LANES {
            if !is_known[lane] && counts[lane] == k {
                (from[lane], is_known[lane]) = (guess[lane], true);
            }
            // An end that stays counts half the next time (the Illinois rule), so that guesses come from both sides.
            let is_over = counts[lane] > k;
            over[lane] = if is_over { counts[lane] - k } else { over[lane] / 2.0 };
            under[lane] = if is_over { under[lane] / 2.0 } else { k - counts[lane] };
            low[lane] = if is_over { guess[lane] } else { low[lane] };
            high[lane] = if is_over { high[lane] } else { f32::from_bits(guess[lane].to_bits() - 1) };
        }
    }
    Borders { from, is_known }
}

/// Steps that divide by counts before others halve.
const EVEN_STEPS: usize = 12;

/// The least positive number: every similarity is at least this, and none is above 1.
const ANY: f32 = f32::from_bits(1);

/// A guess, moved to where it is above `low` and not above `high`. Positive floats order like their bits.
#[inline(always)]
fn within(low: f32, high: f32, guess: f32) -> f32 {
    f32::from_bits(guess.to_bits().max(low.to_bits() + 1).min(high.to_bits()))
}

/// Halfway from `low` to `high` in the order of floats.
#[inline(always)]
fn halfway(low: f32, high: f32) -> f32 {
    let bits = low.to_bits() + high.to_bits().saturating_sub(low.to_bits()).div_ceil(2);
    f32::from_bits(bits)
}

/// How many similarities of each target are at least `from`.
///
/// Counts are floats, exact up to 2²⁴ rated items, whose sums a compiler may not reorder: it has no choice but to count targets side by side. Rows are counted in four parts, so that no
/// addition waits for the last.
#[inline(always)]
fn reach(rows: &[Row], from: Row) -> Row {
    let [mut a, mut b, mut c, mut d] = [[0.0; LANES]; 4];
    let (blocks, rest) = rows.as_chunks::<4>();
    for [first, second, third, fourth] in blocks {
        a = counted(a, first, from);
        b = counted(b, second, from);
        c = counted(c, third, from);
        d = counted(d, fourth, from);
    }
    for row in rest {
        a = counted(a, row, from);
    }
    std::array::from_fn(|lane| (a[lane] + b[lane]) + (c[lane] + d[lane]))
}

#[inline(always)]
fn counted(counts: Row, row: &Row, from: Row) -> Row {
    let is_above: [bool; LANES] = std::array::from_fn(|lane| row[lane] >= from[lane]);
    let one: Row = is_above.map(|is_above| f32::from(u8::from(is_above)));
    std::array::from_fn(|lane| counts[lane] + one[lane])
}

/// `Σ s x` and `Σ s` over what each target keeps, in order of the rated items, `x` being `offsets` `[n_rated]`. Each sum runs in four parts by place among the
/// kept, added as (1 + 3) + (2 + 4): the order of the other ways.
#[inline(always)]
pub(super) fn averages(rows: &[Row], borders: &Borders, offsets: &[f64]) -> ([f64; LANES], [f64; LANES]) {
    let (mut sums, mut weights) = ([0.0; LANES], [0.0; LANES]);
    // Half of the lanes at a time: their eight partial sums are as many registers as there are to spare.
    for half in [0, HALF] {
        let from: [f64; HALF] = std::array::from_fn(|lane| f64::from(borders.from[half + lane]));
        let (mut sum, mut weight) = ([[0.0; HALF]; 4], [[0.0; HALF]; 4]);
        for (row, &offset) in rows.iter().zip(offsets) {
            let similarity: [f64; HALF] = std::array::from_fn(|lane| f64::from(row[half + lane]));
            let is_kept: [bool; HALF] = std::array::from_fn(|lane| similarity[lane] >= from[lane]);
            // The next place is always the first: whoever is kept turns the parts round. At the end they stand turned, which the sum of all does not see.
            sum = turned(sum, similarity.map(|similarity| similarity * offset), is_kept);
            weight = turned(weight, similarity, is_kept);
        }
        for lane in 0..HALF {
            sums[half + lane] = (sum[0][lane] + sum[2][lane]) + (sum[1][lane] + sum[3][lane]);
            weights[half + lane] = (weight[0][lane] + weight[2][lane]) + (weight[1][lane] + weight[3][lane]);
        }
    }
    (sums, weights)
}

/// Targets whose sums run together.
const HALF: usize = LANES / 2;

/// Adds to the first part and puts it last, in the lanes where something is kept.
#[inline(always)]
fn turned([a, b, c, d]: [[f64; HALF]; 4], x: [f64; HALF], is_kept: [bool; HALF]) -> [[f64; HALF]; 4] {
    let added: [f64; HALF] = std::array::from_fn(|lane| a[lane] + x[lane]);
    let choose = |kept: [f64; HALF], other: [f64; HALF]| -> [f64; HALF] {
        std::array::from_fn(|lane| if is_kept[lane] { kept[lane] } else { other[lane] })
    };
    [choose(b, a), choose(c, b), choose(d, c), choose(added, d)]
}

/// `Σ s` over what each target keeps, one after the other; 0 where nothing is.
#[inline(always)]
pub(super) fn sums(rows: &[Row], borders: &Borders) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for row in rows {
        for lane in 0..LANES {
            sums[lane] += f64::from(if row[lane] >= borders.from[lane] { row[lane] } else { 0.0 });
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn the_border_is_below_the_k_largest_or_open_where_equal_ones_meet_it() {
        // Lane 0: 50 of different size; lane 1: all equal; lane 2: three alone; lane 3: none; lane 4: the two largest equal; others as lane 0.
        let rows: Vec<Row> = (0..50_u16)
            .map(|at| {
                let own = f32::from(at * 7 % 50 + 1) / 50.0;
                let mut row = [own; LANES];
                row[1] = 0.25;
                row[2] = if at < 3 { own } else { 0.0 };
                row[3] = 0.0;
                row[4] = own.min(0.98);
                row
            })
            .collect();
        let found = borders(&rows, 5);
        let kept = reach(&rows, found.from);
        assert_eq!(found.is_known, [true, false, true, true, true, true, true, true]);
        assert_eq!(kept, [5.0, 50.0, 3.0, 0.0, 5.0, 5.0, 5.0, 5.0]);
        assert!(!borders(&rows, 1).is_known[4], "one of two equal ones");
        assert_eq!(borders(&rows, 50).from, [ANY; LANES]);
    }

    #[test]
    fn sums_are_those_of_lists() {
        let mut stream = rng::stream(3, "test", 0);
        let rows: Vec<Row> =
            (0..101).map(|_| std::array::from_fn(|_| (rng::uniform(&mut stream) as f32 - 0.5).max(0.0))).collect();
        let offsets: Vec<f64> = (0..101).map(|_| rng::normal(&mut stream)).collect();
        for k in [3, 40, 101] {
            let borders = borders(&rows, k);
            let (found, weights) = averages(&rows, &borders, &offsets);
            let one_by_one = sums(&rows, &borders);
            for lane in 0..LANES {
                let kept = rows.iter().zip(&offsets).filter(|(row, _)| row[lane] >= borders.from[lane]);
                let (mut sum, mut weight, mut plain) = ([0.0; 4], [0.0; 4], 0.0);
                for (place, (row, x)) in kept.enumerate() {
                    let s = f64::from(row[lane]);
                    (sum[place % 4], weight[place % 4]) = (sum[place % 4] + s * x, weight[place % 4] + s);
                    plain += s;
                }
                assert_eq!(found[lane], (sum[0] + sum[2]) + (sum[1] + sum[3]));
                assert_eq!(weights[lane], (weight[0] + weight[2]) + (weight[1] + weight[3]));
                assert_eq!(one_by_one[lane], plain);
            }
        }
    }
}
