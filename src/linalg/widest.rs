//! Loops compiled for the widest vector unit of the machine they run on.
//!
//! A binary that runs everywhere is compiled for the narrowest unit of its kind of processor. A loop given to [`widest`] is compiled for wider ones too, and the one that
//! fits is chosen when it runs. Only the number of elements per instruction changes: sums keep the order they are written in, and nothing is fused, so that
//! the bits are the same.

/// Runs a closure, and all that is inlined into it, compiled for the widest vector unit there is.
///
/// The closure and what it calls must be `#[inline(always)]`: any other function stays compiled for the narrowest. Choosing costs some nanoseconds, so that the closure should hold a
/// loop.
#[inline(always)]
pub fn widest<R>(op: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(op)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_do_not_depend_on_the_unit() {
        let values: Vec<f32> = (0..1001).map(|i| (i as f32).sin()).collect();
        let sum = |values: &[f32]| {
            let mut lanes = [0.0_f32; 8];
            for block in values.chunks(8) {
                block.iter().zip(&mut lanes).for_each(|(value, lane)| *lane += value * value + 0.1);
            }
            lanes
        };
        assert_eq!(widest(|| sum(&values)).map(f32::to_bits), sum(&values).map(f32::to_bits));
    }
}
