//! Eight targets side by side: how many similarities of each reach a border, and the sums of those that do.
//!
//! Once in instructions of AVX2, as rows are looked at hundreds of millions of times in a ranking of a whole catalog, and once in plain loops for other
//! machines. Both add in the order of rows and fuse nothing: the same bits.

/// Targets side by side.
pub(super) const LANES: usize = 8;

/// Similarities of one rated item to eight targets, 0 for none; or another number for each target.
pub(super) type Lanes = [f32; LANES];

/// Sums of eight targets.
pub(super) type Sums = [f64; LANES];

/// A way to compute with eight targets at once.
pub(super) trait Unit: Copy {
    /// How many similarities of each target are at least `from`: exact up to 2²⁴ rows.
    fn reach(self, rows: &[Lanes], from: Lanes) -> Lanes;

    /// `Σ s x` and `Σ s` over the similarities that are at least `from`, row after row; x is `offsets`, `[n_rows]`.
    fn averages(self, rows: &[Lanes], from: Lanes, offsets: &[f64]) -> (Sums, Sums);

    /// `Σ s` over the similarities that are at least `from`, row after row.
    fn sums(self, rows: &[Lanes], from: Lanes) -> Sums;
}

/// Work that can be done with any unit.
pub(super) trait Work {
    /// What it results in.
    type Output;
    /// Does it; must be `#[inline(always)]`.
    fn with(self, unit: impl Unit) -> Self::Output;
}

/// Does some work with the best unit of this machine. Choosing costs some nanoseconds.
#[inline]
pub(super) fn best<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return simd.vectorize(avx2::Do(avx2::Avx2(simd), work));
    }
    work.with(Portable)
}

/// Plain loops.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Unit for Portable {
    fn reach(self, rows: &[Lanes], from: Lanes) -> Lanes {
        let mut counts = [0_u32; LANES];
        for row in rows {
            for lane in 0..LANES {
                counts[lane] += u32::from(row[lane] >= from[lane]);
            }
        }
        counts.map(|count| count as f32)
    }

    fn averages(self, rows: &[Lanes], from: Lanes, offsets: &[f64]) -> (Sums, Sums) {
        let (mut sums, mut weights) = ([0.0; LANES], [0.0; LANES]);
        for (row, offset) in rows.iter().zip(offsets) {
            for lane in 0..LANES {
                let similarity = f64::from(if row[lane] >= from[lane] { row[lane] } else { 0.0 });
                sums[lane] += similarity * offset;
                weights[lane] += similarity;
            }
        }
        (sums, weights)
    }

    fn sums(self, rows: &[Lanes], from: Lanes) -> Sums {
        let mut sums = [0.0; LANES];
        for row in rows {
            for lane in 0..LANES {
                sums[lane] += f64::from(if row[lane] >= from[lane] { row[lane] } else { 0.0 });
            }
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{LANES, Lanes, Sums, Unit, Work};
    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast};
    use std::arch::x86_64::{__m256, __m256d, __m256i, _CMP_GE_OQ};

    #[derive(Clone, Copy)]
    pub(super) struct Avx2(pub V3);

    pub(super) struct Do<W>(pub Avx2, pub W);

    impl<W: Work> NullaryFnOnce for Do<W> {
        type Output = W::Output;

        #[inline(always)]
        fn call(self) -> W::Output {
            self.1.with(self.0)
        }
    }

    impl Avx2 {
        /// The similarities that are at least `from`, 0 in place of others, in two halves.
        #[inline(always)]
        fn kept(self, row: Lanes, from: __m256) -> [__m256d; 2] {
            let simd = self.0.avx;
            let row: __m256 = cast(row);
            let kept = simd._mm256_and_ps(row, simd._mm256_cmp_ps::<_CMP_GE_OQ>(row, from));
            let [low, high] = [simd._mm256_castps256_ps128(kept), simd._mm256_extractf128_ps::<1>(kept)];
            [simd._mm256_cvtps_pd(low), simd._mm256_cvtps_pd(high)]
        }

        #[inline(always)]
        fn add(self, sums: &mut [__m256d; 2], [low, high]: [__m256d; 2]) {
            *sums = [self.0.avx._mm256_add_pd(sums[0], low), self.0.avx._mm256_add_pd(sums[1], high)];
        }
    }

    impl Unit for Avx2 {
        #[inline(always)]
        fn reach(self, rows: &[Lanes], from: Lanes) -> Lanes {
            let (simd, whole) = (self.0.avx, self.0.avx2);
            let from: __m256 = cast(from);
            // All bits, which is −1, where a similarity reaches the border.
            let is_kept = |row: Lanes| simd._mm256_castps_si256(simd._mm256_cmp_ps::<_CMP_GE_OQ>(cast(row), from));
            let mut counts: [__m256i; 4] = cast([[0_u32; LANES]; 4]);
            let (blocks, rest) = rows.as_chunks::<4>();
            // In four parts, so that no addition waits for the last.
            for block in blocks {
                for (count, &row) in counts.iter_mut().zip(block) {
                    *count = whole._mm256_sub_epi32(*count, is_kept(row));
                }
            }
            for &row in rest {
                counts[0] = whole._mm256_sub_epi32(counts[0], is_kept(row));
            }
            let [a, b, c, d] = counts;
            let all = whole._mm256_add_epi32(whole._mm256_add_epi32(a, b), whole._mm256_add_epi32(c, d));
            cast(simd._mm256_cvtepi32_ps(all))
        }

        #[inline(always)]
        fn averages(self, rows: &[Lanes], from: Lanes, offsets: &[f64]) -> (Sums, Sums) {
            let simd = self.0.avx;
            let from: __m256 = cast(from);
            let [mut sums, mut weights]: [[__m256d; 2]; 2] = cast([[0.0_f64; LANES]; 2]);
            for (&row, &offset) in rows.iter().zip(offsets) {
                let kept = self.kept(row, from);
                let offset = simd._mm256_set1_pd(offset);
                self.add(&mut sums, kept.map(|similarity| simd._mm256_mul_pd(similarity, offset)));
                self.add(&mut weights, kept);
            }
            (cast(sums), cast(weights))
        }

        #[inline(always)]
        fn sums(self, rows: &[Lanes], from: Lanes) -> Sums {
            let from: __m256 = cast(from);
            let mut sums: [__m256d; 2] = cast([0.0_f64; LANES]);
            for &row in rows {
                let kept = self.kept(row, from);
                self.add(&mut sums, kept);
            }
            cast(sums)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    struct All<'a>(&'a [Lanes], Lanes, &'a [f64]);

    impl Work for All<'_> {
        type Output = (Lanes, (Sums, Sums), Sums);

        #[inline(always)]
        fn with(self, unit: impl Unit) -> Self::Output {
            let Self(rows, from, offsets) = self;
            (unit.reach(rows, from), unit.averages(rows, from, offsets), unit.sums(rows, from))
        }
    }

    #[test]
    fn units_agree_in_every_bit() {
        let mut stream = rng::stream(3, "test", 0);
        let rows: Vec<Lanes> =
            (0..103).map(|_| std::array::from_fn(|_| (rng::uniform(&mut stream) as f32 - 0.5).max(0.0))).collect();
        let offsets: Vec<f64> = (0..103).map(|_| rng::normal(&mut stream)).collect();
        let from = [0.25, 0.1, f32::from_bits(1), 0.4, 0.5, 0.3, rows[7][6], 0.0];
        for n in [0, 1, 3, 4, 103] {
            let work = || All(&rows[..n], from, &offsets);
            assert_eq!(best(work()), work().with(Portable), "{n} rows");
        }
        let (counts, (sums, weights), plain) = best(All(&rows, from, &offsets));
        for lane in 0..LANES {
            let kept: Vec<(f64, f64)> = rows
                .iter()
                .zip(&offsets)
                .filter(|(row, _)| row[lane] >= from[lane])
                .map(|(row, &x)| (f64::from(row[lane]), x))
                .collect();
            assert_eq!(counts[lane], kept.len() as f32);
            assert_eq!(sums[lane], kept.iter().fold(0.0, |sum, (s, x)| sum + s * x));
            assert_eq!((weights[lane], plain[lane]), (plain[lane], kept.iter().fold(0.0, |sum, (s, _)| sum + s)));
        }
        assert!(counts[2] > 40.0 && counts[4] == 0.0 && counts[7] == 103.0);
    }
}
