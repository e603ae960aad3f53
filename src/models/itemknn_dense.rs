//! The neighbors of many targets: the similarities of all rated items to a tile of targets as a small matrix, eight targets side by side.
//!
//! Entering similarities into lists, each with a place and an entry of its own, costs more than looking at the zeros between them: a matrix is filled by copying,
//! and every step of a selection is a comparison of eight numbers at once. Given up is memory that grows with what a user rated, 4 bytes for each of them
//! and each target of a tile.

use super::itemknn_lanes::{LANES, Lanes, Unit};
use super::itemknn_rows::Row;
use super::itemknn_similarity::{SEGMENT, Segment};
use crate::linalg::widest;

/// Similarities of a user's rated items to the targets of a tile: `[n_targets / LANES][n_rated]` rows of eight, so that what is looked at together lies together.
#[derive(Default)]
pub(super) struct Matrix {
    rows: Vec<Lanes>,
    n_rated: usize,
    n_groups: usize,
    /// By eight targets: whether something rated is similar to one of them.
    is_touched: Vec<bool>,
}

/// Rows that are put together.
pub(super) const FRONTS: usize = 4;

/// What eight targets keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Borders {
    /// A similarity of this or more is kept.
    pub from: Lanes,
    /// Whether that is known: where several equal similarities meet the border, numbers alone do not decide.
    pub is_known: [bool; LANES],
}

impl Matrix {
    /// Makes it as large as this; all of it is to be filled.
    pub(super) fn resize(&mut self, n_rated: usize, n_targets: usize) {
        (self.n_rated, self.n_groups) = (n_rated, n_targets / LANES);
        self.is_touched.clear();
        self.is_touched.resize(self.n_groups, false);
        let n = n_rated * self.n_groups;
        if self.rows.len() < n {
            self.rows.resize(n, [0.0; LANES]);
        }
    }

    /// Fills in the rated items from `position` on: their similarities to the targets from `start` on. Tiles are put in order, but for those that all are past, and none crosses segments.
    pub(super) fn put(&mut self, position: usize, rows: &mut [RowReader<'_>], start: usize) {
        // Four fronts at once as far as all of them go: reading waits for memory, and this waits for four places of it.
        let mut n_common = 0;
        if let [a, b, c, d] = &*rows {
            let [a, b, c, d] = [a, b, c, d].map(|row| row.front(start));
            n_common = [b, c, d].iter().fold(a.len().min(self.n_groups), |n, front| n.min(front.len()));
            let groups = self.rows.chunks_exact_mut(self.n_rated).take(n_common);
            widest(
                #[inline(always)]
                || {
                    for (group, ((a, b), (c, d))) in groups.zip(a.iter().zip(b).zip(c.iter().zip(d))) {
                        if let [to_a, to_b, to_c, to_d] = &mut group[position..position + FRONTS] {
                            (*to_a, *to_b, *to_c, *to_d) = (*a, *b, *c, *d);
                        }
                    }
                },
            );
        }
        for (row, position) in rows.iter_mut().zip(position..) {
            self.put_rest(position, row, start, n_common);
        }
    }

    /// Fills in one rated item from a group of targets on.
    fn put_rest(&mut self, position: usize, row: &mut RowReader<'_>, start: usize, n_done: usize) {
        let front = row.front(start);
        let n_front = front.len().clamp(n_done, self.n_groups);
        let mut groups = self.rows[..self.n_groups * self.n_rated].chunks_exact_mut(self.n_rated).skip(n_done);
        // The front first: a zip asks it first, and so leaves the group after it.
        front[n_done..n_front].iter().zip(groups.by_ref()).for_each(|(lanes, group)| group[position] = *lanes);
        groups.for_each(|group| group[position] = [0.0; LANES]);
        self.is_touched[..n_front].fill(true);
        row.behind(start, start + self.n_groups * LANES, |column, similarity| {
            let target = column - start;
            self.is_touched[target / LANES] = true;
            self.rows[target / LANES * self.n_rated + position][target % LANES] = similarity;
        });
    }

    /// The rows of eight targets after eight, `[n_rated]` each, and whether there is a similarity among them; there must be rated items.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&[Lanes], bool)> {
        let rows = self.rows[..self.n_groups * self.n_rated].chunks_exact(self.n_rated);
        rows.zip(self.is_touched.iter().copied())
    }
}

/// A row that is read tile by tile.
pub(super) struct RowReader<'a> {
    front: &'a [f32],
    behind: &'a [Segment],
    /// How much of the segment that is being read has been read.
    n_read: usize,
    /// No cell that is left in it is before this column: a tile without cells does not touch the list.
    next: usize,
}

impl<'a> RowReader<'a> {
    /// At the start of a row; without a row there are no similarities.
    pub(super) fn new(row: Option<&'a Row>) -> Self {
        let (front, behind) = row.map_or((&[][..], &[][..]), |row| (&row.front[..], &row.behind[..]));
        Self { front, behind, n_read: 0, next: front.len() }
    }

    /// Goes to the start of a segment.
    pub(super) fn enter(&mut self, start: usize) {
        (self.n_read, self.next) = (0, self.front.len().max(start));
    }

    /// Whether it is known to have nothing for the columns from `start` up to `end`.
    pub(super) fn is_past(&self, start: usize, end: usize) -> bool {
        self.front.len() <= start && self.next >= end
    }

    /// The front from a target on, eight targets after eight.
    fn front(&self, start: usize) -> &'a [Lanes] {
        self.front.get(start..).unwrap_or_default().as_chunks::<LANES>().0
    }

    /// Calls `found` with the cells behind the front from column `start` up to `end`.
    fn behind(&mut self, start: usize, end: usize, mut found: impl FnMut(usize, f32)) {
        if self.next >= end {
            return;
        }
        self.next = usize::MAX;
        let Some(segment) = self.behind.get(start / SEGMENT) else { return };
        let first = start - start % SEGMENT;
        let cells = segment.items[self.n_read..].iter().zip(&segment.similarities[self.n_read..]);
        for (&column, &similarity) in cells {
            let column = first + usize::from(column);
            if column >= end {
                self.next = column;
                break;
            }
            found(column, similarity);
            self.n_read += 1;
        }
    }
}

/// Where the `k` largest similarities of each target end; all are kept where there are no more. `k` is at least 1.
///
/// A step counts what reaches a guess. Guesses divide what lies between the last two as if similarities were spread evenly there, which hits a gap after a
/// few steps; should that take too long, they halve it. What is done for eight targets at once is a choice between numbers, never a branch: targets that are
/// done repeat their last step.
#[inline(always)]
pub(super) fn borders(unit: impl Unit, rows: &[Lanes], k: usize) -> Borders {
    if rows.len() <= k {
        return Borders { from: [ANY; LANES], is_known: [true; LANES] };
    }
    let k = k as f32;
    let counts = unit.reach(rows, [ANY; LANES]);
    // More than k reach `low`, fewer than k are above `high`. A target is done when k reach a guess, or when both ends meet at a tie; `from` is 0 until then.
    let mut low = [ANY; LANES];
    let mut high = lanes(|lane| if counts[lane] > k { 1.0 } else { ANY });
    let mut from = lanes(|lane| if counts[lane] > k { 0.0 } else { ANY });
    let (mut over, mut under) = (lanes(|lane| (counts[lane] - k).max(1.0)), [k; LANES]);
    let mut n_steps = 0;
    while lanes(|lane| f32::from(u8::from(low[lane] < high[lane]))) != [0.0; LANES] {
        n_steps += 1;
        let guess = if n_steps <= EVEN_STEPS {
            let share = lanes(|lane| over[lane] / (over[lane] + under[lane]));
            let even = lanes(|lane| low[lane] + (high[lane] - low[lane]) * share[lane]);
            lanes(|lane| within(low[lane], high[lane], even[lane]))
        } else {
            lanes(|lane| halfway(low[lane], high[lane]))
        };
        let counts = unit.reach(rows, guess);
        // Fewer than all reach a guess that too few reach: it is above 0.
        let below = lanes(|lane| f32::from_bits(guess[lane].to_bits().wrapping_sub(1)));
        from = lanes(|lane| if counts[lane] == k { guess[lane] } else { from[lane] });
        // An end that stays counts half the next time (the Illinois rule), so that guesses come from both sides.
        over = lanes(|lane| if counts[lane] > k { counts[lane] - k } else { over[lane] * 0.5 });
        under = lanes(|lane| if counts[lane] > k { under[lane] * 0.5 } else { k - counts[lane] });
        low = lanes(|lane| if counts[lane] >= k { guess[lane] } else { low[lane] });
        high = lanes(|lane| match counts[lane] {
            n if n > k => high[lane],
            n if n == k => guess[lane],
            _ => below[lane],
        });
    }
    Borders { from, is_known: from.map(|from| from > 0.0) }
}

#[inline(always)]
fn lanes(of: impl Fn(usize) -> f32) -> Lanes {
    std::array::from_fn(of)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::itemknn_lanes::Portable;

    #[test]
    fn the_border_is_below_the_k_largest_or_open_where_equal_ones_meet_it() {
        // Lane 0: 50 of different size; lane 1: all equal; lane 2: three alone; lane 3: none; lane 4: the two largest equal; others as lane 0.
        let rows: Vec<Lanes> = (0..50_u16)
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
        let found = borders(Portable, &rows, 5);
        let kept = Portable.reach(&rows, found.from);
        assert_eq!(found.is_known, [true, false, true, true, true, true, true, true]);
        assert_eq!(kept, [5.0, 50.0, 3.0, 0.0, 5.0, 5.0, 5.0, 5.0]);
        assert!(!borders(Portable, &rows, 1).is_known[4], "one of two equal ones");
        assert_eq!(borders(Portable, &rows, 50).from, [ANY; LANES]);
    }

    #[test]
    fn a_matrix_holds_fronts_and_what_is_behind_them() {
        let behind = |items: &[u16]| Segment {
            items: items.into(),
            similarities: items.iter().map(|&item| f32::from(item)).collect(),
        };
        let front = |n: u16| (0..n).map(|column| 1000.0 + f32::from(column)).collect::<Box<[f32]>>();
        let rows = [
            Row { front: front(64), behind: [behind(&[70, 129, 200])].into() },
            Row { front: front(128), behind: [behind(&[])].into() },
            Row { front: front(192), behind: [behind(&[255])].into() },
            Row { front: front(256), behind: Box::default() },
            Row { front: front(0), behind: [behind(&[0, 63, 64, 255])].into() },
        ];
        let mut matrix = Matrix::default();
        let mut readers: Vec<RowReader<'_>> = (0..6).map(|position| RowReader::new(rows.get(position))).collect();
        for start in [0, 64, 128, 192] {
            matrix.resize(6, 64);
            let are_past: Vec<bool> = readers.iter().map(|row| row.is_past(start, start + 64)).collect();
            for (rows, position) in readers.chunks_mut(FRONTS).zip((0..).step_by(FRONTS)) {
                matrix.put(position, rows, start);
            }
            assert_eq!(matrix.groups().count(), 8);
            for (group, (found, is_touched)) in matrix.groups().enumerate() {
                let has_some = |position: usize| found[position].iter().any(|&similarity| similarity > 0.0);
                assert_eq!(is_touched, (0..6).any(has_some), "{group} from {start}");
                assert!((0..6).all(|position| !(are_past[position] && has_some(position))));
                for (lane, column) in (start + group * LANES..).enumerate().take(LANES) {
                    let expected = |row: &Row| row.get(column);
                    let of_column: Vec<f32> = found.iter().map(|lanes| lanes[lane]).collect();
                    assert_eq!(of_column[..5], rows.each_ref().map(expected), "{column}");
                    assert_eq!(of_column[5], 0.0, "an item without a row");
                }
            }
        }
        assert!(readers[5].is_past(0, 256) && readers[4].is_past(256, 320) && !readers[3].is_past(192, 256));
        assert_eq!(readers.iter().map(|row| row.n_read).collect::<Vec<_>>(), [3, 0, 1, 0, 4, 0]);
    }
}
