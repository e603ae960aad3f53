//! Thirty-two resamples side by side, one in every byte of a vector: which of the 16 units of a group each draws, and the digits of their values.
//!
//! A byte holds a unit's place in its group, four random bits, or has the bit [`NOTHING`] once the resample has made its draws of the group; what such a byte chooses from a table of
//! 16 bytes is one instruction (`vpshufb`) for all 32 of them, 0 where nothing is drawn. Values are whole numbers in base 64: four digits add up within a byte.
//!
//! Units are the same bits on every machine. Digits are for those that have the instruction; elsewhere draws are added one by one (`product`).

use rand_core::Rng;

/// Resamples of a block.
pub(super) const LANES: usize = 32;
/// Units of a group: as many as one instruction chooses from.
pub(super) const GROUP: usize = 16;
/// Draws of a group that are made side by side; a resample with more, which one of fifty has, makes the others one by one.
pub(super) const STEPS: usize = 24;
/// The bit of a byte that chooses nothing.
const NOTHING: u8 = 0x80;

/// The draws of a group, step by step: a unit of each resample, or a byte with the bit [`NOTHING`].
pub(super) type Units = [[u8; LANES]; STEPS];

/// xoshiro256++ in four streams at once: a bootstrap of 100,000 users takes 1 GB of random bits, for which ChaCha is too slow.
///
/// Source: Blackman & Vigna (2021), "Scrambled linear pseudorandom number generators".
#[derive(Default)]
pub(super) struct UnitBits([[u64; 4]; 4]);

impl UnitBits {
    pub(super) fn new(stream: &mut impl Rng) -> Self {
        Self(std::array::from_fn(|_| std::array::from_fn(|_| stream.next_u64())))
    }

    /// Draws the units of one group after the other.
    ///
    /// - `counts`: draws of each group per resample, at most [`STEPS`].
    /// - `units`: as long; receives as many units per resample, then bytes with [`NOTHING`].
    pub(super) fn draw(&mut self, counts: &[[u8; LANES]], units: &mut [Units]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            return simd.vectorize(avx2::Draw { simd, state: &mut self.0, counts, units });
        }
        self.draw_portably(counts, units);
    }

    fn draw_portably(&mut self, counts: &[[u8; LANES]], units: &mut [Units]) {
        for (counts, units) in counts.iter().zip(units) {
            for (pair, two) in units.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                let mut bytes = [0; LANES];
                for (to, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.next()) {
                    *to = word.to_le_bytes();
                }
                for (lane, (&byte, &count)) in bytes.iter().zip(counts).enumerate() {
                    let kept = |step: usize, unit: u8| {
                        let left = count.wrapping_sub(step as u8 + 1);
                        if left & NOTHING == 0 { unit } else { left }
                    };
                    (two[0][lane], two[1][lane]) = (kept(2 * pair, byte & 15), kept(2 * pair + 1, byte >> 4));
                }
            }
        }
    }

    /// The next word of each stream.
    fn next(&mut self) -> [u64; 4] {
        let [s0, s1, s2, s3] = &mut self.0;
        std::array::from_fn(|at| {
            let word = s0[at].wrapping_add(s3[at]).rotate_left(23).wrapping_add(s0[at]);
            let shifted = s1[at] << 17;
            s2[at] ^= s0[at];
            s3[at] ^= s1[at];
            s1[at] ^= s2[at];
            s0[at] ^= s3[at];
            s2[at] ^= shifted;
            s3[at] = s3[at].rotate_left(45);
            word
        })
    }
}

/// How often each resample draws each unit of a group.
pub(super) fn count(units: &Units) -> [[u8; LANES]; GROUP] {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return simd.vectorize(avx2::Count { simd, units });
    }
    count_portably(units)
}

fn count_portably(units: &Units) -> [[u8; LANES]; GROUP] {
    let mut counts = [[0; LANES]; GROUP];
    for row in units {
        for (lane, &unit) in row.iter().enumerate().filter(|&(_, unit)| unit & NOTHING == 0) {
            counts[usize::from(unit) % GROUP][lane] += 1;
        }
    }
    counts
}

/// Bits of a digit.
pub(super) const BITS: usize = 6;
/// The largest digit: four of them add up within a byte.
pub(super) const DIGIT: u8 = (1 << BITS) - 1;
const _: () = assert!(4 * DIGIT as usize <= u8::MAX as usize && STEPS.is_multiple_of(4));
/// Digits that are looked up together, so that their tables and sums stay in registers.
pub(super) const TOGETHER: usize = 3;
/// Three digits of the 16 units of a group.
pub(super) type Tables = [[u8; GROUP]; TOGETHER];
/// Groups whose digits add up within 16 bits: each adds at most one digit a step.
pub(super) const GROUPS: usize = 32;
const _: () = assert!(GROUPS * STEPS * DIGIT as usize <= u16::MAX as usize);

/// Adds the digits that were drawn up, for every resample.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct DigitSums(pulp::x86::V3);

#[cfg(target_arch = "x86_64")]
impl DigitSums {
    /// `None` on a machine without the instruction.
    pub(super) fn new() -> Option<Self> {
        pulp::x86::V3::try_new().map(Self)
    }

    /// The sums over some groups, at most [`GROUPS`], of three digits for each resample.
    pub(super) fn of(self, units: &[Units], tables: &[Tables]) -> [[u16; LANES]; TOGETHER] {
        self.0.vectorize(avx2::Add { simd: self.0, units, tables })
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{GROUP, LANES, TOGETHER, Tables, Units};
    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast};
    use std::arch::x86_64::__m256i;

    pub(super) struct Draw<'a> {
        pub simd: V3,
        pub state: &'a mut [[u64; 4]; 4],
        pub counts: &'a [[u8; LANES]],
        pub units: &'a mut [Units],
    }

    impl NullaryFnOnce for Draw<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let simd = self.simd.avx2;
            let [mut s0, mut s1, mut s2, mut s3]: [__m256i; 4] = cast(*self.state);
            let low: __m256i = cast([15_u8; LANES]);
            let one: __m256i = cast([1_u8; LANES]);
            for (counts, units) in self.counts.iter().zip(self.units) {
                // Draws left beyond the next: negative, which is to choose nothing, once there is none.
                let mut left: __m256i = cast(*counts);
                for two in units.as_chunks_mut::<2>().0 {
                    let sum = simd._mm256_add_epi64(s0, s3);
                    let turned =
                        simd._mm256_or_si256(simd._mm256_slli_epi64::<23>(sum), simd._mm256_srli_epi64::<41>(sum));
                    let word = simd._mm256_add_epi64(turned, s0);
                    let shifted = simd._mm256_slli_epi64::<17>(s1);
                    s2 = simd._mm256_xor_si256(s2, s0);
                    s3 = simd._mm256_xor_si256(s3, s1);
                    s1 = simd._mm256_xor_si256(s1, s2);
                    s0 = simd._mm256_xor_si256(s0, s3);
                    s2 = simd._mm256_xor_si256(s2, shifted);
                    s3 = simd._mm256_or_si256(simd._mm256_slli_epi64::<45>(s3), simd._mm256_srli_epi64::<19>(s3));
                    let both = [word, simd._mm256_srli_epi16::<4>(word)];
                    *two = both.map(|bits| {
                        left = simd._mm256_sub_epi8(left, one);
                        cast(simd._mm256_blendv_epi8(simd._mm256_and_si256(bits, low), left, left))
                    });
                }
            }
            *self.state = cast([s0, s1, s2, s3]);
        }
    }

    pub(super) struct Count<'a> {
        pub simd: V3,
        pub units: &'a Units,
    }

    impl NullaryFnOnce for Count<'_> {
        type Output = [[u8; LANES]; GROUP];

        #[inline(always)]
        fn call(self) -> Self::Output {
            let simd = self.simd.avx2;
            std::array::from_fn(|unit| {
                let unit: __m256i = cast([unit as u8; LANES]);
                let mut count: __m256i = cast([0_u8; LANES]);
                for &row in self.units {
                    // All bits, which is −1, where they are equal.
                    count = simd._mm256_sub_epi8(count, simd._mm256_cmpeq_epi8(cast(row), unit));
                }
                cast(count)
            })
        }
    }

    pub(super) struct Add<'a> {
        pub simd: V3,
        pub units: &'a [Units],
        pub tables: &'a [Tables],
    }

    impl NullaryFnOnce for Add<'_> {
        type Output = [[u16; LANES]; TOGETHER];

        #[inline(always)]
        fn call(self) -> Self::Output {
            let simd = self.simd.avx2;
            // Of each digit: pairs of bytes added as they are, where what even bytes have above 255 is carried into odd ones, and odd bytes alone.
            let mut sums: [[__m256i; 2]; TOGETHER] = cast([[[0_u8; LANES]; 2]; TOGETHER]);
            for (units, tables) in self.units.iter().zip(self.tables) {
                let tables: [__m256i; TOGETHER] = tables.map(|table| cast([table, table]));
                for four in units.as_chunks::<4>().0 {
                    let four: [__m256i; 4] = cast(*four);
                    for (sums, table) in sums.iter_mut().zip(tables) {
                        let [a, b, c, d] = four.map(|units| simd._mm256_shuffle_epi8(table, units));
                        let bytes = simd._mm256_add_epi8(simd._mm256_add_epi8(a, b), simd._mm256_add_epi8(c, d));
                        sums[0] = simd._mm256_add_epi16(sums[0], bytes);
                        sums[1] = simd._mm256_add_epi16(sums[1], simd._mm256_srli_epi16::<8>(bytes));
                    }
                }
            }
            sums.map(|both| {
                let [pairs, odd]: [[u16; GROUP]; 2] = cast(both);
                // No sum is above 16 bits, so that what the pairs lost beyond them is not missed.
                let even = |pair: usize| pairs[pair].wrapping_sub(odd[pair] << 8);
                std::array::from_fn(|lane| if lane % 2 == 0 { even(lane / 2) } else { odd[lane / 2] })
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    fn counts(n_groups: usize) -> Vec<[u8; LANES]> {
        (0..n_groups).map(|group| std::array::from_fn(|lane| ((7 * group + 3 * lane) % (STEPS + 1)) as u8)).collect()
    }

    fn units(n_groups: usize) -> Vec<Units> {
        let mut units = vec![[[0; LANES]; STEPS]; n_groups];
        UnitBits::new(&mut rng::stream(3, "test", 0)).draw(&counts(n_groups), &mut units);
        units
    }

    #[test]
    fn every_resample_draws_as_often_as_it_should_and_every_unit_alike() {
        let mut of_units = [0_u32; GROUP];
        for (units, counts) in units(500).iter().zip(counts(500)) {
            for (step, row) in units.iter().enumerate() {
                for (&unit, count) in row.iter().zip(counts) {
                    assert_eq!(unit & NOTHING != 0, step >= usize::from(count));
                    if unit & NOTHING == 0 {
                        of_units[usize::from(unit)] += 1;
                    }
                }
            }
        }
        // Five standard deviations of a binomial: 12,000 of 192,000 draws.
        let expected = f64::from(of_units.iter().sum::<u32>()) / 16.0;
        assert!(of_units.iter().all(|&n| (f64::from(n) - expected).abs() < 5.0 * expected.sqrt()), "{of_units:?}");
    }

    #[test]
    fn units_are_the_same_without_vectors() {
        let mut portable = vec![[[0; LANES]; STEPS]; 40];
        let mut bits = UnitBits::new(&mut rng::stream(3, "test", 0));
        bits.draw_portably(&counts(40)[..10], &mut portable[..10]);
        bits.draw_portably(&counts(40)[10..], &mut portable[10..]);
        assert!(units(40) == portable);
        assert!(portable.iter().all(|units| count(units) == count_portably(units)));
    }

    /// First words of xoshiro256++ by its authors' C code, from the state 1, 2, 3, 4.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut bits = UnitBits([[1; 4], [2; 4], [3; 4], [4; 4]]);
        let words: Vec<u64> = (0..4).map(|_| bits.next()[2]).collect();
        assert_eq!(words, [41943041, 58720359, 3588806011781223, 3591011842654386]);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn digits_add_up_to_the_last_step_and_group() {
        let Some(sums) = DigitSums::new() else {
            eprintln!("skipped: this machine has no AVX2");
            return;
        };
        let units = units(GROUPS);
        let full = vec![[[0; LANES]; STEPS]; GROUPS];
        for (units, digit) in [(&units, None), (&full, Some(DIGIT))] {
            let tables: Vec<Tables> = (0..GROUPS)
                .map(|group| {
                    std::array::from_fn(|at| {
                        std::array::from_fn(|unit| digit.unwrap_or(((11 * group + 5 * unit + 17 * at) % 64) as u8))
                    })
                })
                .collect();
            let found = sums.of(units, &tables);
            for at in 0..TOGETHER {
                for lane in 0..LANES {
                    let drawn = units.iter().zip(&tables).flat_map(|(units, tables)| {
                        units
                            .iter()
                            .filter(move |row| row[lane] & NOTHING == 0)
                            .map(move |row| u32::from(tables[at][usize::from(row[lane])]))
                    });
                    assert_eq!(u32::from(found[at][lane]), drawn.sum::<u32>(), "{at} {lane}");
                }
            }
        }
    }
}
