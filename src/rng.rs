//! Random streams: one ChaCha8 generator per (seed, stage, part), so that adding a model never moves another's numbers.
//!
//! Also the seeded hash that orders equal scores: a rule that favours no item, by id, age or position.

use crate::key::KeyBuilder;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The generator of one part of one stage under one seed.
pub fn stream(seed: u64, stage: &str, part: u64) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(KeyBuilder::new("rng 1").number(seed).text(stage).number(part).finish().0)
}

/// A uniform number in `[0, 1)` with 53 random bits.
pub fn uniform(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// A uniform whole number in `[0, n)` without bias (Lemire 2019); `n` must be positive.
pub fn below(rng: &mut impl Rng, n: u64) -> u64 {
    debug_assert!(n > 0);
    let threshold = n.wrapping_neg() % n;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(n);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

/// A standard normal number: Box–Muller, cosine branch, two draws each, so that the stream's position is predictable.
pub fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * libm::log(1.0 - uniform(rng))).sqrt();
    radius * libm::cos(std::f64::consts::TAU * uniform(rng))
}

/// Shuffles in place (Fisher–Yates, from the end).
pub fn shuffle<T>(rng: &mut impl Rng, values: &mut [T]) {
    for last in (1..values.len()).rev() {
        values.swap(last, below(rng, last as u64 + 1) as usize);
    }
}

/// Seeded hash of two indices: orders what scores cannot. SplitMix64's finisher (Steele et al. 2014) over both words.
#[inline]
pub fn tie_hash(seed: u64, a: u32, b: u32) -> u64 {
    mix(mix(seed ^ (u64::from(a) << 32 | u64::from(b))).wrapping_add(seed))
}

#[inline]
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_different_stages_differ_and_repeat() {
        let draw = |stage| stream(42, stage, 0).next_u64();
        assert_eq!(draw("mf"), draw("mf"));
        assert_ne!(draw("mf"), draw("bias"));
        assert_ne!(stream(42, "mf", 0).next_u64(), stream(42, "mf", 1).next_u64());
    }

    #[test]
    fn below_is_uniform_and_in_range() {
        let mut rng = stream(1, "test", 0);
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            counts[below(&mut rng, 3) as usize] += 1;
        }
        assert!(counts.iter().all(|&n| (9_600..10_400).contains(&n)), "{counts:?}");
    }

    #[test]
    fn normal_has_mean_zero_and_unit_variance() {
        let mut rng = stream(2, "test", 0);
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn tie_hash_prefers_no_index() {
        let earlier = (0..1000).filter(|&user| tie_hash(7, user, 1) < tie_hash(7, user, 2)).count();
        assert!((430..570).contains(&earlier), "{earlier}");
    }
}
