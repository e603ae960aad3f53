//! The exponential of many numbers at once, to the same bits as `libm::exp`.
//!
//! `libm` is FreeBSD's: it divides the line into cases, whose branches keep a loop over numbers from being compiled for vector units. Here all cases are one
//! formula, whose operations are the same and in the same order. Given up is what lies outside of `[-708, 0]`, for which `libm` is asked.

/// ln 2 in two parts, its inverse, and the coefficients of `x (exp(x) + 1) / (exp(x) - 1)` in `x²`, as in FreeBSD's `e_exp.c`.
const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
const INVERSE_LN2: f64 = f64::from_bits(0x3ff7_1547_652b_82fe);
const P: [f64; 5] = [
    f64::from_bits(0x3fc5_5555_5555_553e),
    f64::from_bits(0xbf66_c16c_16be_bd93),
    f64::from_bits(0x3f11_566a_af25_de2c),
    f64::from_bits(0xbebb_bd41_c5d2_6bf1),
    f64::from_bits(0x3e66_3769_72be_a4d0),
];

/// Numbers worked on together.
const BLOCK: usize = 8;
/// Results from here on are no subnormal numbers.
const LOWEST: f64 = -708.0;
/// Half of ln 2, three halves of it and 2⁻²⁸, as the upper words of the numbers from which on `libm` takes another way.
const HALF: f64 = f64::from_bits(0x3fd6_2e43 << 32);
const THREE_HALVES: f64 = f64::from_bits(0x3ff0_a2b2 << 32);
const TINY: f64 = f64::from_bits(0x3e30_0001 << 32);
/// Added to a whole number of few digits, puts it into the last bits.
const WHOLE: f64 = 6_755_399_441_055_744.0;

/// Replaces numbers that are not positive by their exponentials, to the bits of `libm::exp`; others are allowed, but slow.
///
/// - Cost: some thirty operations a number, compiled for vector units where called inside [`super::widest`].
#[inline(always)]
pub fn exp_all(numbers: &mut [f64]) {
    let (blocks, rest) = numbers.as_chunks_mut::<BLOCK>();
    for block in blocks {
        if block.iter().all(|x| (LOWEST..=0.0).contains(x)) {
            // A loop, not `for_each`, whose closure would be compiled for the narrowest unit.
            for x in block {
                *x = exp(*x);
            }
        } else {
            block.iter_mut().for_each(|x| *x = libm::exp(*x));
        }
    }
    rest.iter_mut().for_each(|x| *x = libm::exp(*x));
}

/// `exp(x)` for x in `[-708, 0]`: `x = k ln 2 + r`, and a rational function of r.
#[inline(always)]
fn exp(x: f64) -> f64 {
    let size = -x;
    let far = (INVERSE_LN2 * x - 0.5).trunc();
    let k = if size >= THREE_HALVES { far } else { -1.0 };
    let k = if size >= HALF { k } else { 0.0 };
    let (high, low) = (x - k * LN2_HIGH, k * LN2_LOW);
    let r = high - low;
    let rr = r * r;
    let c = r - rr * (P[0] + rr * (P[1] + rr * (P[2] + rr * (P[3] + rr * P[4]))));
    let y = 1.0 + (r * c / (2.0 - c) - low + high);
    let y = if size >= TINY { y } else { 1.0 + x };
    // Times 2^k: k is added to the exponent, which stays that of a normal number.
    f64::from_bits(y.to_bits().wrapping_add((k + WHOLE).to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::widest;
    use crate::rng;

    #[test]
    fn bits_are_those_of_libm() {
        let mut stream = rng::stream(7, "test", 0);
        let edges = [HALF, THREE_HALVES, TINY, 0.0, 1.0, 708.0, 708.4, 745.2, 1e-300, f64::INFINITY, f64::MIN_POSITIVE];
        let near = edges.iter().flat_map(|&x| [x, x.next_up(), x.next_down()]).map(|x| -x);
        let mut numbers: Vec<f64> = near.chain([0.5, 3.0, f64::NAN]).collect();
        for scale in [1e-9, 1e-6, 0.1, 1.0, 10.0, 200.0, 720.0] {
            numbers.extend((0..8192).map(|_| -scale * rng::uniform(&mut stream)));
        }
        // Every multiple of half of ln 2, where k changes.
        numbers.extend((0..2000).map(|n| -0.5 * std::f64::consts::LN_2 * f64::from(n)));
        let (mut found, mut plain) = (numbers.clone(), numbers.clone());
        widest(|| exp_all(&mut found));
        exp_all(&mut plain);
        for ((x, found), plain) in numbers.iter().zip(found).zip(plain) {
            assert_eq!(found.to_bits(), libm::exp(*x).to_bits(), "{x:e}");
            assert_eq!(found.to_bits(), plain.to_bits(), "{x:e}");
        }
    }
}
