//! EASE: a linear item-item model in closed form, which predicts a user's signals from the user's other signals. Shallow, and hard to beat at ranking a catalog.

use super::ease_forms::{self, Form};
use super::signal::{Signal, Signals};
use super::{BaseModel, FittedModel, TrainData, stored};
use crate::dataset::{ItemIndex, Note, Scale, UserIndex};
use crate::error::{Error, Result};
use crate::kind::{Kind, Options, Reader};

/// The kind's name.
const NAME: &str = "ease";

crate::options! {
    /// Embarrassingly shallow autoencoder. Source: Steck (2019), equation 8.
    pub struct Ease {
        /// L2 penalty, in signals.
        pub reg: f64 = 250.0, in 1e-3..=1e9;
        /// What counts as a signal.
        pub signal: Signal = Signal::Positive;
        /// Ratings of this or more are positive, in rating units.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// Items with fewer signals are left out.
        pub min_count: usize = 1, in 1..=1_000_000_000;
        /// Fitting stops with an error when it needs more memory than this, in MB of 2^20 bytes.
        pub memory_limit_mb: usize = 4096, in 1..=16_777_216;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "linear item-item model in closed form, on positives or on all ratings",
    read: |reader: &Reader<'_>| {
        let options = Ease::read(reader);
        options.signal.check(reader);
        Box::new(options)
    },
    options: Ease::describe,
};

impl BaseModel for Ease {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        let signals = self.signal.of(train.interactions, self.liked_from);
        Ok(Box::new(self.solve(signals)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl Ease {
    fn solve(&self, signals: Signals) -> Result<FittedEase> {
        let n_items = signals.by_item.n_rows();
        let signals = if self.min_count > 1 { signals.of_items_with(self.min_count) } else { signals };
        let kept: Vec<usize> = (0..n_items).filter(|&item| signals.by_item.row_len(item) > 0).collect();
        let mut place = vec![None; n_items];
        kept.iter().enumerate().for_each(|(at, &item)| place[item] = Some(at as u32));
        let by_users = ease_forms::is_cheaper_by_users(&signals, kept.len());
        self.check_memory(if by_users { ("users", signals.by_user.n_rows()) } else { ("items", kept.len()) })?;
        let solved = if by_users {
            ease_forms::by_users(&signals, self.reg)?
        } else {
            ease_forms::by_items(&signals, &kept, &place, self.reg)?
        };
        let form = solved.map_err(|ease_forms::NotPositiveDefinite| Error::Model {
            model: NAME.into(),
            message: format!("the Gram matrix cannot be factorized with reg = {}", self.reg),
            help: Some("raise reg".into()),
        })?;
        let notes = signals.left_out_note(NAME, self.min_count).into_iter().collect();
        Ok(FittedEase { signals, place, form, notes })
    }

    fn check_memory(&self, (side, n): (&str, usize)) -> Result<()> {
        let megabytes = (n as f64).powi(2) * ease_forms::BYTES as f64 / f64::from(1 << 20);
        if megabytes <= self.memory_limit_mb as f64 {
            return Ok(());
        }
        Err(Error::Model {
            model: NAME.into(),
            message: format!("{n} {side} need {megabytes:.0} MB, more than memory_limit_mb = {}", self.memory_limit_mb),
            help: Some(format!(
                "leave out rare items with a larger min_count than {}, or raise memory_limit_mb",
                self.min_count
            )),
        })
    }
}

/// A solved model and the signals it scores from.
struct FittedEase {
    signals: Signals,
    /// Place of each item among those with signals.
    place: Vec<Option<u32>>,
    form: Form,
    notes: Vec<Note>,
}

impl FittedModel for FittedEase {
    /// Sum of the weights of the user's signals; 0, a fallback, for an item without weights or a user without signals.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let own = self.signals.by_user.row(user.at()).0;
        let mut n_fallbacks = 0;
        for (score, item) in out.iter_mut().zip(items) {
            let place = self.place.get(item.at()).copied().flatten().filter(|_| !own.is_empty());
            let Some(place) = place else {
                *score = 0.0;
                n_fallbacks += 1;
                continue;
            };
            *score = stored(match &self.form {
                Form::Items { weights, n } => {
                    let row = &weights[place as usize * n..][..*n];
                    // Every signal is of an item that has a place.
                    own.iter().filter_map(|&item| self.place[item as usize]).map(|at| f64::from(row[at as usize])).sum()
                }
                Form::Users { inverse, diagonal } => {
                    let n = self.signals.by_user.n_rows();
                    let row = &inverse[user.at() * n..][..n];
                    let sum: f64 = self.signals.by_item.row(item.at()).0.iter().map(|&other| row[other as usize]).sum();
                    f64::from(u8::from(own.binary_search(&item.0).is_ok())) - sum / diagonal[item.at()]
                }
            });
        }
        n_fallbacks
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }

    fn notes(&self) -> &[Note] {
        &self.notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Interactions;
    use crate::rng;

    /// Two users like both of the first two items, one of them alone the third.
    fn ratings() -> Interactions {
        let triples = [(0, 0, 5.0), (0, 1, 4.0), (1, 0, 4.5), (1, 1, 5.0), (2, 2, 5.0), (2, 0, 1.0)];
        Interactions::from_triples(3, 4, triples.into_iter())
    }

    fn scores(options: &Ease, user: u32) -> (Vec<f32>, usize) {
        let fitted = options.solve(options.signal.of(&ratings(), options.liked_from)).unwrap();
        let mut out = vec![9.0; 4];
        let n_fallbacks = fitted.score(UserIndex(user), &(0..4).map(ItemIndex).collect::<Vec<_>>(), &mut out);
        (out, n_fallbacks)
    }

    #[test]
    fn weights_are_those_of_the_closed_form() {
        // G = [[2 + λ, 2], [2, 2 + λ]] for the first two, so B₀₁ = 2 / (2 + λ); the third stands alone.
        let options = Ease { reg: 3.0, ..Ease::default() };
        let (out, n_fallbacks) = scores(&options, 0);
        assert!((out[0] - 0.4).abs() < 1e-6 && (out[1] - 0.4).abs() < 1e-6, "{out:?}");
        assert_eq!((out[2], out[3], n_fallbacks), (0.0, 0.0, 1));
    }

    #[test]
    fn low_ratings_are_signals_only_with_all() {
        let positive = scores(&Ease { reg: 1.0, ..Ease::default() }, 2).0;
        let all = scores(&Ease { reg: 1.0, signal: Signal::All, ..Ease::default() }, 2).0;
        assert_eq!(positive[1], 0.0);
        assert!(all[1] > 0.1, "{all:?}");
        assert_ne!(scores(&Ease { liked_from: 5.0, ..Ease::default() }, 0), scores(&Ease::default(), 0));
    }

    #[test]
    fn rare_items_are_left_out_and_counted() {
        let options = Ease { min_count: 2, ..Ease::default() };
        let fitted = options.solve(options.signal.of(&ratings(), 4.0)).unwrap();
        assert_eq!(fitted.notes[0].count, 1);
        assert_eq!(scores(&options, 2), (vec![0.0; 4], 4));
    }

    #[test]
    fn users_and_items_give_the_same_model() {
        let likes = |user: u32, item: u32| rng::tie_hash(1, user, item).is_multiple_of(4);
        let pairs = (0..20).flat_map(|user| (0..50).map(move |item| (user, item, 5.0)));
        let ratings = Interactions::from_triples(20, 50, pairs.filter(|&(user, item, _)| likes(user, item)));
        let signals = || Signal::All.of(&ratings, 0.0);
        let by_users = Ease::default().solve(signals()).unwrap();
        assert!(matches!(by_users.form, Form::Users { .. }));
        let kept: Vec<usize> = (0..50).filter(|&item| ratings.by_item.row_len(item) > 0).collect();
        let form = ease_forms::by_items(&signals(), &kept, &by_users.place, Ease::default().reg).unwrap().ok().unwrap();
        let by_items = FittedEase { signals: signals(), place: by_users.place.clone(), form, notes: Vec::new() };
        let items: Vec<ItemIndex> = (0..50).map(ItemIndex).collect();
        let (mut a, mut b) = (vec![0.0; 50], vec![0.0; 50]);
        for user in (0..20).map(UserIndex) {
            assert_eq!(by_users.score(user, &items, &mut a), by_items.score(user, &items, &mut b));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
        }
    }

    #[test]
    fn more_items_than_memory_holds_are_refused_before_the_work() {
        let triples = (0..300).map(|item| (0, item, 5.0));
        let options = Ease { memory_limit_mb: 1, ..Ease::default() };
        let signals = options.signal.of(&Interactions::from_triples(300, 300, triples), 4.0);
        let message = options.solve(signals).err().unwrap().to_string();
        assert!(message.contains("300 items need 2 MB, more than memory_limit_mb = 1"), "{message}");
    }
}
