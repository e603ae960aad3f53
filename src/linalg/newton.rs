//! Newton's method for the smooth convex objectives of linear stackers: few weights, many rows.

use super::cholesky;
use crate::error::Result;
use crate::parallel;

/// Weights below it whose slope pushes them down count as being at the bound already: without this a step can jam there (Bertsekas 1982, equation 32).
const AT_BOUND: f64 = 1e-10;

/// An objective at a point, with its derivatives there.
#[derive(Debug, Clone, PartialEq)]
pub struct Derivatives {
    /// The objective.
    pub value: f64,
    /// `[n]`
    pub gradient: Vec<f64>,
    /// Lower triangle, `[n × n]`, row-major; what stands above the diagonal is not read.
    pub hessian: Vec<f64>,
}

/// Where weights may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Anywhere.
    Free,
    /// At 0 or above.
    NonNegative,
}

impl Derivatives {
    /// Nothing yet, of `n` weights.
    pub fn zero(n: usize) -> Self {
        Self { value: 0.0, gradient: vec![0.0; n], hessian: vec![0.0; n * n] }
    }

    /// `scale` times the sum of the blocks, in their order.
    pub fn sum(n: usize, blocks: &[Self], scale: f64) -> Self {
        let mut out = Self::zero(n);
        for block in blocks {
            out.value += block.value;
            out.gradient.iter_mut().zip(&block.gradient).for_each(|(sum, x)| *sum += x);
            out.hessian.iter_mut().zip(&block.hessian).for_each(|(sum, x)| *sum += x);
        }
        out.value *= scale;
        out.gradient.iter_mut().chain(&mut out.hessian).for_each(|x| *x *= scale);
        out
    }

    /// Adds the L2 penalty `½ ‖w‖²` of these first weights.
    pub fn penalize(&mut self, weights: &[f64]) {
        let n = self.gradient.len();
        for (number, weight) in weights.iter().enumerate() {
            self.value += 0.5 * weight * weight;
            self.gradient[number] += weight;
            self.hessian[number * n + number] += 1.0;
        }
    }
}

/// Minimizes a convex objective of `n` weights from 0, until no partial derivative is larger than `limit`; a step that raises the objective is halved.
///
/// With [`Domain::NonNegative`] steps are taken over the weights that are not held at 0, and cut off there; at the end a weight at 0 may have a slope upwards.
///
/// - Returns `None` when it does not get there in `max_steps` steps, or the Hessian is not positive definite.
/// - Cost per step: one evaluation, more after a halving, and O(n³).
/// - Source: Nocedal & Wright (2006), algorithm 3.2; bounds: Bertsekas (1982).
///
/// # Errors
/// [`crate::Error::Interrupted`] when the process was asked to stop.
pub fn minimize(
    n: usize,
    domain: Domain,
    (limit, max_steps): (f64, usize),
    at: impl Fn(&[f64]) -> Derivatives,
) -> Result<Option<Vec<f64>>> {
    let mut weights = vec![0.0; n];
    let mut here = at(&weights);
    for _ in 0..max_steps {
        parallel::check()?;
        if (0..n).all(|i| slope(domain, weights[i], here.gradient[i]).abs() <= limit) {
            return Ok(Some(weights));
        }
        let Some(step) = step(domain, &weights, &mut here) else { return Ok(None) };
        let Some((next_weights, next)) = search(domain, &weights, &here, &step, &at) else { return Ok(None) };
        let moved = next_weights.iter().zip(&weights).any(|(new, old)| (new - old).abs() > 1e-14 * old.abs().max(1e-3));
        (weights, here) = (next_weights, next);
        if !moved {
            return Ok(Some(weights));
        }
    }
    Ok(None)
}

/// The partial derivative that is left where a weight cannot follow it.
fn slope(domain: Domain, weight: f64, gradient: f64) -> f64 {
    if domain == Domain::NonNegative && weight <= 0.0 { gradient.min(0.0) } else { gradient }
}

/// The Newton step, to be subtracted; weights at their bound go to it and are left out of the system. Uses up the Hessian.
fn step(domain: Domain, weights: &[f64], here: &mut Derivatives) -> Option<Vec<f64>> {
    let n = weights.len();
    let mut step = here.gradient.clone();
    let is_held = |i: usize| domain == Domain::NonNegative && weights[i] <= AT_BOUND && here.gradient[i] > 0.0;
    let held: Vec<usize> = (0..n).filter(|&i| is_held(i)).collect();
    for &i in &held {
        (0..i).for_each(|j| here.hessian[i * n + j] = 0.0);
        (i + 1..n).for_each(|j| here.hessian[j * n + i] = 0.0);
        here.hessian[i * n + i] = 1.0;
        step[i] = weights[i];
    }
    cholesky::solve(&mut here.hessian, &mut step).then_some(step)
}

/// The first of the steps 1, ½, ¼, … that lowers the objective enough (Armijo's rule).
fn search(
    domain: Domain,
    weights: &[f64],
    here: &Derivatives,
    step: &[f64],
    at: &impl Fn(&[f64]) -> Derivatives,
) -> Option<(Vec<f64>, Derivatives)> {
    let mut share = 1.0;
    while share >= 1e-10 {
        let moved = weights.iter().zip(step).map(|(w, step)| w - share * step);
        let next_weights: Vec<f64> = match domain {
            Domain::Free => moved.collect(),
            Domain::NonNegative => moved.map(|w| w.max(0.0)).collect(),
        };
        let next = at(&next_weights);
        let expected: f64 =
            here.gradient.iter().zip(weights).zip(&next_weights).map(|((slope, old), new)| slope * (old - new)).sum();
        // At the optimum rounding may raise the objective by an ulp or so.
        let slack = 1e-12 * here.value.abs();
        if next.value <= here.value - 1e-4 * expected + slack {
            return Some((next_weights, next));
        }
        share /= 2.0;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `½ (w - c)ᵀ A (w - c)` for `A = [2 1; 1 2]`.
    fn bowl(center: [f64; 2]) -> impl Fn(&[f64]) -> Derivatives {
        move |w| {
            let d = [w[0] - center[0], w[1] - center[1]];
            let gradient = vec![2.0 * d[0] + d[1], d[0] + 2.0 * d[1]];
            let value = 0.5 * (d[0] * gradient[0] + d[1] * gradient[1]);
            Derivatives { value, gradient, hessian: vec![2.0, 0.0, 1.0, 2.0] }
        }
    }

    #[test]
    fn a_quadratic_takes_one_step() {
        let found = minimize(2, Domain::Free, (1e-12, 2), bowl([3.0, -1.0])).unwrap().unwrap();
        assert!((found[0] - 3.0).abs() < 1e-14 && (found[1] + 1.0).abs() < 1e-14, "{found:?}");
        assert_eq!(minimize(2, Domain::Free, (1e-12, 1), bowl([3.0, -1.0])).unwrap(), None);
    }

    #[test]
    fn bounded_weights_stop_at_zero_and_the_others_go_on() {
        // With w_1 = 0: 2 (w_0 - 3) + 1 = 0, so 2.5; the slope of w_1 there is -0.5 + 2 > 0.
        let found = minimize(2, Domain::NonNegative, (1e-12, 20), bowl([3.0, -1.0])).unwrap().unwrap();
        assert!((found[0] - 2.5).abs() < 1e-14 && found[1] == 0.0, "{found:?}");
        let inside = minimize(2, Domain::NonNegative, (1e-12, 20), bowl([3.0, 1.0])).unwrap().unwrap();
        assert!((inside[0] - 3.0).abs() < 1e-14 && (inside[1] - 1.0).abs() < 1e-14, "{inside:?}");
        assert_eq!(minimize(2, Domain::NonNegative, (1e-12, 20), bowl([-3.0, -1.0])).unwrap(), Some(vec![0.0, 0.0]));
    }

    #[test]
    fn overlong_steps_are_halved() {
        // sqrt(1 + (w - 2)²): a full step from 0 goes to 10, from where another would go to -502.
        let at = |w: &[f64]| {
            let d = w[0] - 2.0;
            let root = (1.0 + d * d).sqrt();
            Derivatives { value: root, gradient: vec![d / root], hessian: vec![1.0 / root.powi(3)] }
        };
        let found = minimize(1, Domain::Free, (1e-12, 50), at).unwrap().unwrap();
        assert!((found[0] - 2.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn sums_and_penalties_are_those_of_their_parts() {
        let block = |x: f64| Derivatives { value: x, gradient: vec![x, 2.0 * x], hessian: vec![x, 0.0, x, x] };
        let mut sum = Derivatives::sum(2, &[block(1.0), block(2.0)], 10.0);
        assert_eq!(sum, Derivatives { value: 30.0, gradient: vec![30.0, 60.0], hessian: vec![30.0, 0.0, 30.0, 30.0] });
        sum.penalize(&[4.0]);
        assert_eq!(sum, Derivatives { value: 38.0, gradient: vec![34.0, 60.0], hessian: vec![31.0, 0.0, 30.0, 30.0] });
    }

    #[test]
    fn a_flat_direction_is_refused() {
        let at = |w: &[f64]| Derivatives { value: w[0], gradient: vec![1.0], hessian: vec![0.0] };
        assert_eq!(minimize(1, Domain::Free, (1e-12, 50), at).unwrap(), None);
    }
}
