//! How often the three units of a cell are drawn: the patterns of their counts, and a table that turns 16 random bits into one.
//!
//! The counts are independent Poisson(λ) numbers, which is what makes cells independent; `draw` corrects their total, after which
//! they are exactly multinomial. Three units and 128 patterns: one byte per cell, and the sum of a cell over a series is one look-up
//! in a table of 128 numbers. Rarer patterns (0.5 % of cells at λ = 1) leave the table through [`ESCAPE`].

/// Units of a cell.
pub(super) const CELL: usize = 3;
/// Patterns with a byte of their own.
pub(super) const N_PATTERNS: usize = 128;
/// Entry of [`Law::slots`] for which 16 bits do not settle the pattern.
pub(super) const ESCAPE: u8 = 255;
/// Counts of one unit go up to this; beyond is a probability of 7e-21, less than the 2⁻⁶⁴ a generator can tell from 0.
const MAX_COUNT: u8 = 20;

/// The distribution of a cell's pattern under one λ < 1.
pub(super) struct Law {
    /// Pattern of each value of 16 random bits, or [`ESCAPE`].
    pub slots: Box<[u8; 1 << 16]>,
    /// Values of 16 random bits that are [`ESCAPE`] in `slots`, with the patterns that they leave possible: from, to.
    pub escapes: Vec<(u16, usize, usize)>,
    /// Draws of each pattern of the table; 0 at [`ESCAPE`].
    pub totals: [u8; 256],
    /// For each pattern of the table but the first: a pattern with one draw less, which comes before it, and the unit to add.
    pub parents: [(u8, u8); N_PATTERNS],
    /// All patterns: counts of the three units.
    patterns: Vec<[u8; CELL]>,
    /// Probability of all patterns up to each, in units of 2⁻⁶⁴.
    cumulative: Vec<u64>,
}

impl Law {
    /// The law of Poisson(`rate`) counts; `rate` in (0, 1), so that the most probable pattern is "none drawn".
    pub(super) fn new(rate: f64) -> Self {
        debug_assert!(rate > 0.0 && rate < 1.0);
        let (patterns, cumulative) = by_probability(rate);
        let slots = slots(&cumulative);
        let escapes = escapes(&slots, &cumulative);
        let (mut totals, mut parents) = ([0; 256], [(0, 0); N_PATTERNS]);
        for (id, pattern) in patterns.iter().enumerate().take(N_PATTERNS) {
            totals[id] = pattern.iter().sum();
            // A draw less is more probable (rate < 1), hence earlier.
            if let Some(unit) = pattern.iter().position(|&count| count > 0) {
                let mut parent = *pattern;
                parent[unit] -= 1;
                let before = patterns[..id].iter().position(|other| *other == parent).unwrap_or(0);
                parents[id] = (before as u8, unit as u8);
            }
        }
        Self { slots, escapes, totals, parents, patterns, cumulative }
    }

    /// The number of the pattern that 64 random bits stand for, by inversion.
    pub(super) fn settle(&self, bits: u64) -> usize {
        self.settle_among(bits, 0, self.patterns.len() - 1)
    }

    /// [`Self::settle`], when the pattern is known to be one of `from..=to`.
    pub(super) fn settle_among(&self, bits: u64, from: usize, to: usize) -> usize {
        let id = from + self.cumulative[from..=to].partition_point(|&end| end <= bits);
        // What rounding leaves above the last end, some 1e-16, goes to the first pattern.
        if id < self.patterns.len() { id } else { 0 }
    }

    /// Counts of the three units under a pattern.
    pub(super) fn pattern(&self, id: usize) -> [u8; CELL] {
        self.patterns[id]
    }
}

/// All patterns, most probable first, equal ones in the order of their counts; and the ends of their shares of `0..2⁶⁴`.
fn by_probability(rate: f64) -> (Vec<[u8; CELL]>, Vec<u64>) {
    let mut of_count = vec![libm::exp(-rate)];
    for count in 1..=MAX_COUNT {
        of_count.push(of_count[usize::from(count) - 1] * rate / f64::from(count));
    }
    let counts = || 0..=MAX_COUNT;
    let mut all: Vec<(f64, [u8; CELL])> = Vec::with_capacity(of_count.len().pow(3));
    for pattern in counts().flat_map(|a| counts().flat_map(move |b| counts().map(move |c| [a, b, c]))) {
        // Sorted factors: permutations of a pattern get the same bits.
        let mut sorted = pattern;
        sorted.sort_unstable();
        all.push((sorted.iter().map(|&count| of_count[usize::from(count)]).product(), pattern));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut sum = 0.0;
    let ends = all.iter().map(|(probability, _)| {
        sum += probability;
        (sum * 18_446_744_073_709_551_616.0) as u64
    });
    let cumulative = ends.collect();
    (all.into_iter().map(|(_, pattern)| pattern).collect(), cumulative)
}

/// For each value of the upper 16 bits, the pattern that all lower bits agree on.
fn slots(cumulative: &[u64]) -> Box<[u8; 1 << 16]> {
    let (mut id, mut slots) = (0, Box::new([ESCAPE; 1 << 16]));
    for (top, slot) in (0_u64..).zip(slots.iter_mut()) {
        let (first, last) = (top << 48, top << 48 | 0xffff_ffff_ffff);
        while id < N_PATTERNS && cumulative[id] <= first {
            id += 1;
        }
        if id < N_PATTERNS && last < cumulative[id] {
            *slot = id as u8;
        }
    }
    slots
}

/// The values of 16 bits that do not settle a pattern, and the first and last pattern that they leave possible.
fn escapes(slots: &[u8; 1 << 16], cumulative: &[u64]) -> Vec<(u16, usize, usize)> {
    let at = |bits: u64| cumulative.partition_point(|&end| end <= bits).min(cumulative.len() - 1);
    let of_top = |top: u16| (top, at(u64::from(top) << 48), at(u64::from(top) << 48 | 0xffff_ffff_ffff));
    (0..=u16::MAX).filter(|&top| slots[usize::from(top)] == ESCAPE).map(of_top).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_before_and_lack_one_draw() {
        for rate in [0.6, 0.9, 0.999] {
            let law = Law::new(rate);
            assert_eq!(law.pattern(0), [0; CELL]);
            for id in 1..N_PATTERNS {
                let (parent, unit) = law.parents[id];
                let mut counts = law.pattern(usize::from(parent));
                counts[usize::from(unit)] += 1;
                assert!(usize::from(parent) < id);
                assert_eq!(counts, law.pattern(id));
            }
        }
    }

    #[test]
    fn every_slot_agrees_with_inversion_at_both_ends() {
        let law = Law::new(0.99);
        let mut n_escapes = 0;
        for (top, &slot) in law.slots.iter().enumerate() {
            let first = (top as u64) << 48;
            if slot == ESCAPE {
                n_escapes += 1;
            } else {
                assert_eq!(law.settle(first), usize::from(slot));
                assert_eq!(law.settle(first | 0xffff_ffff_ffff), usize::from(slot));
            }
        }
        assert!((100..700).contains(&n_escapes), "{n_escapes}");
    }

    #[test]
    fn shares_are_the_poisson_probabilities() {
        let law = Law::new(0.9);
        let mut start = 0;
        for id in 0..200 {
            let share = (law.cumulative[id] - start) as f64 / 18_446_744_073_709_551_616.0;
            let factorials: f64 = law.pattern(id).iter().map(|&c| (1..=c).map(f64::from).product::<f64>()).product();
            let draws: i32 = law.pattern(id).iter().map(|&c| i32::from(c)).sum();
            let expected = (-2.7_f64).exp() * 0.9_f64.powi(draws) / factorials;
            assert!((share - expected).abs() < 1e-15, "{:?}", law.pattern(id));
            start = law.cumulative[id];
        }
    }
}
