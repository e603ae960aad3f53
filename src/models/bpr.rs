//! Bayesian personalized ranking: vectors that put what a user chose above what the user did not, learned from pairs of one of each.
//!
//! SGD, one pair at a time in one thread: lock-free parallel SGD would be faster and never give the same bits twice.

use super::factorization::{self, Factorization, LANES, Side};
use super::signal::{Signal, Signals};
use super::{BaseModel, Epoch, FittedModel, TrainData};
use crate::dataset::Scale;
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::linalg::{SparseRows, dense};
use crate::{parallel, rng};
use rand_core::Rng;

/// The kind's name.
const NAME: &str = "bpr";

crate::options! {
    /// Matrix factorization for the order of pairs. Source: Rendle, Freudenthaler, Gantner & Schmidt-Thieme (2009), LearnBPR with bootstrap sampling.
    pub struct BayesianPersonalizedRanking {
        /// What counts as a signal.
        pub signal: Signal = Signal::Positive;
        /// Ratings of this or more are positive, in rating units.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// Length of the user and item vectors.
        pub factors: usize = 64, in 1..=4096;
        /// Passes: each draws as many pairs as there are signals.
        pub epochs: usize = 60, in 1..=10_000;
        /// Step size of SGD.
        pub learning_rate: f64 = 0.03, in 1e-9..=10.0;
        /// L2 penalty on item biases and vectors.
        pub reg: f64 = 0.02, in 0.0..=1e3;
        /// Standard deviation of the normal distribution that vectors start from.
        pub init_scale: f64 = 0.1, in 0.0..=10.0;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "Bayesian personalized ranking: matrix factorization by SGD on pairs of items",
    read: |reader: &Reader<'_>| {
        let options = BayesianPersonalizedRanking::read(reader);
        options.signal.check(reader);
        Box::new(options)
    },
    options: BayesianPersonalizedRanking::describe,
};

impl BaseModel for BayesianPersonalizedRanking {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        let signals = self.signal.of(train.interactions, self.liked_from);
        Ok(Box::new(self.factorization(&signals, train.seed)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// What an epoch saw, each pair just before its own update.
#[derive(Debug, Default)]
struct Seen {
    n_pairs: u64,
    n_ordered: u64,
    loss: f64,
}

impl BayesianPersonalizedRanking {
    fn factorization(&self, signals: &Signals, seed: u64) -> Result<Factorization> {
        let mut fitted = Factorization {
            mean: 0.0,
            users: self.side(factorization::known(&signals.by_user), seed, 0),
            // Also an item that nobody chose is learned from: as the other half of pairs.
            items: self.side(vec![true; signals.by_item.n_rows()], seed, 1),
            scale: Scale::Order,
            history: Vec::with_capacity(2 * self.epochs),
        };
        let pairs: Vec<(u32, u32)> = signals.by_user.triples().map(|(user, item, _)| (user, item)).collect();
        let mut rng = rng::stream(seed, NAME, 2);
        for epoch in 1..=self.epochs {
            parallel::check()?;
            let seen = self.pass(&pairs, &signals.by_user, &mut fitted, &mut rng);
            if !seen.loss.is_finite() {
                return Err(factorization::diverged(NAME, epoch, self.learning_rate));
            }
            // Of the pairs drawn during the epoch, each before the update it causes.
            let n = seen.n_pairs as f64;
            let series = [("train_loss", seen.loss / n), ("train_auc", seen.n_ordered as f64 / n)];
            let points = series.into_iter().filter(|_| seen.n_pairs > 0);
            fitted.history.extend(points.map(|(series, value)| Epoch { epoch, series, value }));
        }
        let is_bounded = fitted.is_bounded();
        if is_bounded { Ok(fitted) } else { Err(factorization::diverged(NAME, self.epochs, self.learning_rate)) }
    }

    fn side(&self, is_known: Vec<bool>, seed: u64, part: u64) -> Side {
        let mut rng = rng::stream(seed, NAME, part);
        Side::new(is_known, self.factors, || self.init_scale * rng::normal(&mut rng))
    }

    /// One epoch: as many signals as there are, drawn with replacement, each against an item without one.
    fn pass(&self, pairs: &[(u32, u32)], chosen: &SparseRows, fitted: &mut Factorization, rng: &mut impl Rng) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..pairs.len() {
            let (user, item) = pairs[rng::below(rng, pairs.len() as u64) as usize];
            let Some(other) = not_chosen(chosen, user, rng) else { continue };
            let ahead = self.step(fitted, user, item, other);
            seen.n_pairs += 1;
            seen.n_ordered += u64::from(ahead > 0.0);
            // −ln σ(x), without overflow on either side.
            seen.loss += (-ahead).max(0.0) + libm::log1p(libm::exp(-ahead.abs()));
        }
        seen
    }

    /// Pushes `item` above `other` in the eyes of a user, by one step along the gradient of `ln σ(x) − reg/2 |θ|²`. Returns `x`, how far it was ahead before.
    fn step(&self, fitted: &mut Factorization, user: u32, item: u32, other: u32) -> f64 {
        let (rate, keep) = (self.learning_rate, 1.0 - self.learning_rate * self.reg);
        let (p, _) = fitted.users.row_mut(user);
        let ahead = fitted.items.bias[item as usize] - fitted.items.bias[other as usize]
            + f64::from(dense::dot(p, fitted.items.vector(item)))
            - f64::from(dense::dot(p, fitted.items.vector(other)));
        let step = rate / (1.0 + libm::exp(ahead));
        for (row, sign) in [(item, 1.0), (other, -1.0)] {
            let bias = &mut fitted.items.bias[row as usize];
            *bias = keep * *bias + sign * step;
        }
        let width = fitted.items.width;
        let [at, other_at] = [item, other].map(|row| row as usize * width..(row as usize + 1) * width);
        // Two rows of one matrix: one has a signal of the user, the other has none.
        if let Ok([q, r]) = fitted.items.factors.get_disjoint_mut([at, other_at]) {
            update(p, q, r, keep as f32, step as f32);
        }
        ahead
    }
}

/// An item without a signal of the user, every one as likely; `None` when there is none.
fn not_chosen(chosen: &SparseRows, user: u32, rng: &mut impl Rng) -> Option<u32> {
    let own = chosen.row(user as usize).0;
    if own.len() == chosen.n_columns() {
        return None;
    }
    loop {
        let item = rng::below(rng, chosen.n_columns() as u64) as u32;
        if own.binary_search(&item).is_err() {
            return Some(item);
        }
    }
}

/// `p ← keep p + step (q − r)`, `q ← keep q + step p`, `r ← keep r − step p`, all from the old values. Zeros stay zeros.
#[inline]
fn update(p: &mut [f32], q: &mut [f32], r: &mut [f32], keep: f32, step: f32) {
    let blocks = p.chunks_exact_mut(LANES).zip(q.chunks_exact_mut(LANES)).zip(r.chunks_exact_mut(LANES));
    for ((p, q), r) in blocks {
        for lane in 0..LANES {
            let (old_p, old_q, old_r) = (p[lane], q[lane], r[lane]);
            p[lane] = keep * old_p + step * (old_q - old_r);
            q[lane] = keep * old_q + step * old_p;
            r[lane] = keep * old_r - step * old_p;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{ItemIndex, UserIndex};
    use crate::models::{FittedModel, golden};

    fn fit(options: BayesianPersonalizedRanking) -> Factorization {
        let signals = options.signal.of(&golden::generated(60, 80).interactions, options.liked_from);
        options.factorization(&signals, 1).unwrap()
    }

    #[test]
    fn one_step_by_hand() {
        let mut numbers = [1.0, 0.5, -0.5].into_iter();
        let mut draw = || numbers.next().unwrap();
        let mut fitted = Factorization {
            mean: 0.0,
            users: Side::new(vec![true], 1, &mut draw),
            items: Side::new(vec![true, true], 1, &mut draw),
            scale: Scale::Order,
            history: Vec::new(),
        };
        let options = BayesianPersonalizedRanking { learning_rate: 0.1, reg: 0.2, ..Default::default() };
        // x = 1 · 0.5 − 1 · (−0.5) = 1, so step = 0.1 / (1 + e) = 0.026894142 and keep = 0.98:
        // p = 0.98 + step · (0.5 + 0.5), q = 0.98 · 0.5 + step · 1, r = −q, biases ± step.
        assert_eq!(options.step(&mut fitted, 0, 0, 1), 1.0);
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        close(f64::from(fitted.users.factors[0]), 1.006_894_142);
        close(f64::from(fitted.items.factors[0]), 0.516_894_142);
        close(f64::from(fitted.items.factors[LANES]), -0.516_894_142);
        close(fitted.items.bias[0], 0.026_894_142);
        close(fitted.items.bias[1], -0.026_894_142);
        assert_eq!(fitted.items.factors[1], 0.0);
    }

    #[test]
    fn the_other_item_is_any_without_a_signal() {
        let chosen = SparseRows::from_triples(2, 3, [(0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0), (1, 2, 1.0)].into_iter());
        let mut rng = rng::stream(1, "test", 0);
        let mut counts = [0_u32; 3];
        for _ in 0..2000 {
            counts[not_chosen(&chosen, 0, &mut rng).unwrap() as usize] += 1;
        }
        assert!(counts[1] == 0 && (900..1100).contains(&counts[0]), "{counts:?}");
        assert_eq!(not_chosen(&chosen, 1, &mut rng), None);
    }

    #[test]
    fn every_option_has_an_effect() {
        let default = BayesianPersonalizedRanking { epochs: 3, ..Default::default() };
        let fitted = fit(default.clone());
        for options in [
            BayesianPersonalizedRanking { signal: Signal::All, ..default.clone() },
            BayesianPersonalizedRanking { liked_from: 3.0, ..default.clone() },
            BayesianPersonalizedRanking { factors: 63, ..default.clone() },
            BayesianPersonalizedRanking { epochs: 4, ..default.clone() },
            BayesianPersonalizedRanking { learning_rate: 0.06, ..default.clone() },
            BayesianPersonalizedRanking { reg: 0.03, ..default.clone() },
            BayesianPersonalizedRanking { init_scale: 0.2, ..default.clone() },
        ] {
            assert_ne!(fit(options.clone()), fitted, "{options:?}");
        }
        assert_eq!(fit(default), fitted);
    }

    #[test]
    fn loss_falls_and_more_pairs_are_in_order() {
        let options = BayesianPersonalizedRanking { epochs: 100, learning_rate: 0.05, reg: 0.01, ..Default::default() };
        let history = fit(options).history;
        let series = |name| history.iter().filter(|epoch| epoch.series == name).map(|e| e.value).collect::<Vec<_>>();
        let (loss, auc) = (series("train_loss"), series("train_auc"));
        assert_eq!((loss.len(), auc.len()), (100, 100));
        // A pair is in order by chance at first: ln 2 and a half, from which the first epoch already leads away.
        assert!(
            (0.6..std::f64::consts::LN_2).contains(&loss[0]) && (0.5..0.7).contains(&auc[0]),
            "{} {}",
            loss[0],
            auc[0]
        );
        assert!(loss[99] < 0.5 * loss[0] && auc[99] > 0.8, "{} {}", loss[99], auc[99]);
    }

    #[test]
    fn who_is_unknown_gets_what_everybody_likes() {
        // Everybody likes a, nobody b; user 3 likes neither.
        let rows = [("0", "a", 5.0), ("1", "a", 5.0), ("2", "a", 5.0), ("3", "b", 1.0)];
        let data = golden::small(&rows);
        let options = BayesianPersonalizedRanking { epochs: 500, ..Default::default() };
        let fitted = options.factorization(&options.signal.of(&data.interactions, 4.0), 1).unwrap();
        let mut out = [9.0; 3];
        let n_fallbacks = fitted.score(data.user("3"), &[data.item("a"), data.item("b"), ItemIndex(77)], &mut out);
        assert!(n_fallbacks == 3 && out[0] > 0.5 && out[1] < -0.5 && out[2] == 0.0, "{out:?}");
        assert_eq!(fitted.score(UserIndex(0), &[data.item("a"), data.item("b")], &mut out[..2]), 0);
    }

    #[test]
    fn without_pairs_there_is_nothing_to_say() {
        let data = golden::small(&[("0", "a", 5.0)]);
        let options = BayesianPersonalizedRanking::default();
        let fitted = options.factorization(&options.signal.of(&data.interactions, 4.0), 1).unwrap();
        assert!(fitted.history.is_empty());
    }

    #[test]
    fn divergence_is_an_error_that_says_what_to_do() {
        let options = BayesianPersonalizedRanking { learning_rate: 10.0, reg: 1.0, ..Default::default() };
        let signals = options.signal.of(&golden::generated(60, 80).interactions, 4.0);
        let message = options.factorization(&signals, 1).unwrap_err().to_string();
        assert!(message.contains("bpr: diverged in epoch") && message.contains("e.g. 1"), "{message}");
    }
}
