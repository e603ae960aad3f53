//! EASE: a linear item-item model in closed form, which predicts a user's signals from the user's other signals. Shallow, and hard to beat at ranking a catalog.

use super::ease_forms::{self, Form};
use super::signal::{Signal, Signals};
use super::{BaseModel, FittedModel, TrainData, stored};
use crate::dataset::{Interactions, ItemIndex, Note, Scale, UserIndex};
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
        pub signal: Strength = Strength::Positive;
        /// Ratings of this or more are positive, in rating units; a graded signal is 1 there.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// A graded signal is 0 here and below, in rating units.
        pub nothing_at: f64 = 2.0, in -1e9..=1e9;
        /// Items with fewer signals are left out.
        pub min_count: usize = 1, in 1..=1_000_000_000;
        /// A fit stops with an error when it needs more memory than this, in MB of 2^20 bytes; a run keeps one fit per part of cross_fit.
        pub memory_limit_mb: usize = 4096, in 1..=16_777_216;
    }
}

crate::choices! {
    /// What counts as a signal, and how much.
    pub enum Strength {
        Positive = "positive", "1 for ratings of liked_from or more";
        All = "all", "1 for every rating, whatever its value";
        Graded = "graded", "growing from 0 at nothing_at to 1 at liked_from, and beyond";
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "linear item-item model in closed form, on positives or on all ratings",
    read: |reader: &Reader<'_>| Box::new(Ease::read(reader).check(reader)),
    options: Ease::describe,
};

impl BaseModel for Ease {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(self.solve(self.signals(train.interactions))?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl Ease {
    fn check(self, reader: &Reader<'_>) -> Self {
        match self.signal {
            Strength::Positive => {}
            Strength::All => Signal::All.check(reader),
            Strength::Graded if self.nothing_at >= self.liked_from => {
                let message = format!("found {} with liked_from = {}", self.nothing_at, self.liked_from);
                reader.refuse_key(
                    "nothing_at",
                    message,
                    Some("a graded signal grows: nothing_at below liked_from".into()),
                );
            }
            Strength::Graded => {}
        }
        if self.signal != Strength::Graded && reader.entry("nothing_at").is_some() {
            let help = "leave nothing_at out, or signal = \"graded\"";
            reader.refuse_key("nothing_at", "only a graded signal starts anywhere".into(), Some(help.into()));
        }
        self
    }

    fn signals(&self, interactions: &Interactions) -> Signals {
        match self.signal {
            Strength::Positive => Signal::Positive.of(interactions, self.liked_from),
            Strength::All => Signal::All.of(interactions, self.liked_from),
            Strength::Graded => Signals::graded(interactions, self.nothing_at, self.liked_from),
        }
    }

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
        let (own, strengths) = self.signals.by_user.row(user.at());
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
                    let weight = |item: u32| self.place[item as usize].map_or(0.0, |at| f64::from(row[at as usize]));
                    own.iter().zip(strengths).map(|(&item, &strength)| f64::from(strength) * weight(item)).sum()
                }
                Form::Users { inverse, diagonal } => {
                    let n = self.signals.by_user.n_rows();
                    let row = &inverse[user.at() * n..][..n];
                    let (others, of_others) = self.signals.by_item.row(item.at());
                    let sum: f64 =
                        others.iter().zip(of_others).map(|(&other, &x)| f64::from(x) * row[other as usize]).sum();
                    own.binary_search(&item.0).map_or(0.0, |at| f64::from(strengths[at])) - sum / diagonal[item.at()]
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
    use crate::models::golden;
    use crate::rng;

    /// Two users like both of the first two items, one of them alone the third.
    fn ratings() -> Interactions {
        let triples = [(0, 0, 5.0), (0, 1, 4.0), (1, 0, 4.5), (1, 1, 5.0), (2, 2, 5.0), (2, 0, 1.0)];
        Interactions::from_triples(3, 4, triples.into_iter())
    }

    fn scores(options: &Ease, user: u32) -> (Vec<f32>, usize) {
        let fitted = options.solve(options.signals(&ratings())).unwrap();
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
        let all = scores(&Ease { reg: 1.0, signal: Strength::All, ..Ease::default() }, 2).0;
        assert_eq!(positive[1], 0.0);
        assert!(all[1] > 0.1, "{all:?}");
        assert_ne!(scores(&Ease { liked_from: 5.0, ..Ease::default() }, 0), scores(&Ease::default(), 0));
    }

    #[test]
    fn rare_items_are_left_out_and_counted() {
        let options = Ease { min_count: 2, ..Ease::default() };
        let fitted = options.solve(options.signals(&ratings())).unwrap();
        assert_eq!(fitted.notes[0].count, 1);
        assert_eq!(scores(&options, 2), (vec![0.0; 4], 4));
    }

    #[test]
    fn graded_signals_grow_with_the_rating() {
        // (r − 2) / 2: user 0 has 1.5 and 1, user 1 1.25 and 1.5, user 2 none on item 0 and 1.5 on item 2.
        let options = Ease { reg: 3.0, signal: Strength::Graded, ..Ease::default() };
        // G = [[3.8125 + 3, 3.375], [3.375, 3.25 + 3]], so item 1 adds 3.375 / 6.25 to item 0, and that 3.375 / 6.8125 to item 1.
        let (out, n_fallbacks) = scores(&options, 0);
        let expected = [3.375 / 6.25, 1.5 * 3.375 / 6.8125];
        assert!(out.iter().zip(expected).all(|(&out, expected)| (f64::from(out) - expected).abs() < 1e-6), "{out:?}");
        assert_eq!((out[2], out[3], n_fallbacks), (0.0, 0.0, 1));
        assert_ne!(scores(&Ease { nothing_at: 1.0, ..options.clone() }, 0), scores(&options, 0));
    }

    #[test]
    fn a_grade_that_does_not_grow_and_one_that_nothing_reads_are_refused() {
        let refused = |text: &str| golden::read("e.toml", text, KIND.read).err().unwrap()[0].message.clone();
        assert!(refused("signal = \"graded\"\nnothing_at = 4").contains("found 4 with liked_from = 4"));
        assert!(refused("nothing_at = 1").contains("only a graded signal"));
        assert!(refused("signal = \"all\"\nliked_from = 3").contains("every rating counts"));
    }

    #[test]
    fn users_and_items_give_the_same_model() {
        let stars = |user: u32, item: u32| 2.0 + (rng::tie_hash(1, user, item) % 9) as f32 / 2.0;
        let pairs = (0..20).flat_map(|user| (0..50).map(move |item| (user, item, stars(user, item))));
        let is_rated = |user: u32, item: u32| rng::tie_hash(2, user, item).is_multiple_of(4);
        let ratings = Interactions::from_triples(20, 50, pairs.filter(|&(user, item, _)| is_rated(user, item)));
        let signals = || Signals::graded(&ratings, 1.0, 4.0);
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
        let signals = options.signals(&Interactions::from_triples(300, 300, triples));
        let message = options.solve(signals).err().unwrap().to_string();
        assert!(message.contains("300 items need 2 MB, more than memory_limit_mb = 1"), "{message}");
    }
}
