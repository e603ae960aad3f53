//! Items that users rate soon after each other: a neighborhood in the order of time, of what is shown together, looked for together and watched in a row.
//!
//! Other item-item models count who has both items of a pair, however far apart. Here a pair counts by how near its items stand in the order in which a user rated
//! them: what users come across together, pages of a catalog and parts of a series alike, stands near each other for many of them.

use super::kept_rows::{Keep, RowSums, kept_rows};
use super::signal::Signal;
use super::{BaseModel, FittedModel, TrainData, signal_sums, stored};
use crate::dataset::{Dataset, Interactions, ItemIndex, Scale, UserIndex};
use crate::error::{Error, Result};
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use crate::rng;
use rand_core::Rng;

/// The kind's name.
const NAME: &str = "sequence";

/// Pairs that count for less than this are not looked at.
const LEAST: f64 = 1e-3;

/// Most neighbors that `strongest` may select.
const MOST: usize = 16;

crate::options! {
    /// Item-item closeness in the users' order of time. Sources: Garg et al. (2019), who let neighbors fade with distance in time; Quadrana et al. (2018), a survey.
    pub struct Sequence {
        /// Items that stand this many places apart in a user's order of time count 1/e of items that stand together.
        pub span: f64 = 3.0, in 0.1..=1000.0;
        /// Closeness is divided by the numbers of ratings of both items to this power.
        pub exponent: f64 = 0.5, in 0.0..=2.0;
        /// How many of the user's signals count for an item, those nearest to it; 0: all.
        pub strongest: usize = 0, in 0..=MOST;
        /// Which of the user's ratings items are to be near to; how near two items are is learned from all ratings.
        pub signal: Signal = Signal::Positive;
        /// Ratings of this or more are positive, in rating units.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// Items near each item that are kept; 0: all.
        pub neighbors: usize = 0, in 0..=100_000;
        /// A fit stops with an error when closeness needs more memory than this, in MB of 2^20 bytes; a run keeps one fit per part of cross_fit.
        pub memory_limit_mb: usize = 4096, in 1..=16_777_216;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "items that users rate soon after each other",
    read: |reader: &Reader<'_>| {
        let options = Sequence::read(reader);
        options.signal.check(reader);
        Box::new(options)
    },
    options: Sequence::describe,
};

impl BaseModel for Sequence {
    fn check(&self, dataset: &Dataset) -> Result<()> {
        if dataset.has_timestamps {
            return Ok(());
        }
        Err(Error::Model {
            model: NAME.into(),
            message: format!("{} has no timestamps, and without them no order of time", dataset.name),
            help: Some("leave the model out, or name the timestamp column in [data]".into()),
        })
    }

    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        self.check(train.dataset)?;
        let tie_seed = rng::stream(train.seed, NAME, 0).next_u64();
        let closeness = self.closeness(train.interactions, tie_seed)?;
        let by_user = self.signal.of(train.interactions, self.liked_from).by_user;
        Ok(Box::new(FittedSequence { closeness, by_user, strongest: self.strongest }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl Sequence {
    /// `S_ij = Σ_v exp(−|p_vi − p_vj| / span) / (n_i n_j)^exponent` over the users v who rated both, p being places in v's order of time: `[n_items × n_items]`.
    ///
    /// - Ratings of one second stand in a seeded order. Pairs that count for less than 0.001 are left out.
    /// - Cost: O(n_rows · span) additions, 8 bytes per kept cell.
    fn closeness(&self, ratings: &Interactions, tie_seed: u64) -> Result<SparseRows> {
        let fading: Vec<f64> = (0..)
            .map(|distance| libm::exp(-f64::from(distance) / self.span))
            .take_while(|&weight| weight >= LEAST)
            .collect();
        let orders = Orders::new(ratings, tie_seed);
        let keep = Keep { model: NAME, per_row: self.neighbors, tie_seed, memory_limit_mb: self.memory_limit_mb };
        let add = |item: usize, sums: &mut RowSums| {
            for &user in ratings.by_item.row(item).0 {
                let (order, place) = orders.around(ratings, user, item as u32);
                let (first, last) = (place.saturating_sub(fading.len() - 1), (place + fading.len()).min(order.len()));
                for (at, &other) in (first..).zip(&order[first..last]) {
                    sums.add(other, fading[at.abs_diff(place)]);
                }
            }
        };
        let power = |item| libm::pow(ratings.by_item.row_len(item).max(1) as f64, -self.exponent);
        let powers: Vec<f64> = (0..ratings.n_items()).map(power).collect();
        kept_rows(ratings.n_items(), &keep, add, |item, other, sum| sum * powers[item] * powers[other])
    }
}

/// Every user's items in the order of time.
struct Orders {
    /// The items of each user in that order, at the places of the user's cells.
    items: Vec<u32>,
    /// Place in its user's order of each cell.
    places: Vec<u32>,
}

impl Orders {
    fn new(ratings: &Interactions, tie_seed: u64) -> Self {
        let (mut items, mut places) = (Vec::with_capacity(ratings.n_rows()), vec![0; ratings.n_rows()]);
        for user in (0..ratings.n_users() as u32).map(UserIndex) {
            let (own, times) = (ratings.of_user(user).0, ratings.times_of_user(user));
            let start = items.len();
            let mut order: Vec<usize> = (0..own.len()).collect();
            order.sort_by_key(|&at| (times.get(at), rng::tie_hash(tie_seed, user.0, own[at]), at));
            for (place, &at) in order.iter().enumerate() {
                items.push(own[at]);
                places[start + at] = place as u32;
            }
        }
        Self { items, places }
    }

    /// The order of a user, and the place of an item that the user rated.
    fn around(&self, ratings: &Interactions, user: u32, item: u32) -> (&[u32], usize) {
        let cells = ratings.by_user.range(user as usize);
        // Whoever is in an item's row has it in their own.
        let at = ratings.by_user.row(user as usize).0.partition_point(|&other| other < item);
        let place = self.places.get(cells.start + at).copied().unwrap_or(0) as usize;
        (&self.items[cells], place)
    }
}

/// How near items are, and what each user's signals are.
struct FittedSequence {
    /// `[n_items × n_items]`
    closeness: SparseRows,
    /// `[n_users × n_items]`
    by_user: SparseRows,
    strongest: usize,
}

impl FittedModel for FittedSequence {
    /// `Σ S_ij` over the user's signals i, or over the `strongest` of them for item j; 0, a fallback, for an item that none is near to.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let (own, n_items) = (self.by_user.row(user.at()).0, self.closeness.n_columns());
        if self.strongest > 0 && self.strongest < own.len() {
            return self.over_strongest(own, items, out);
        }
        signal_sums::scores(n_items, items, out, |sums| signal_sums::add_rows(own, &self.closeness, sums))
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }
}

impl FittedSequence {
    /// Sums over the largest closeness values of each item, kept in falling order.
    fn over_strongest(&self, own: &[u32], items: &[ItemIndex], out: &mut [f32]) -> usize {
        let mut largest = vec![0.0_f32; self.closeness.n_columns() * self.strongest];
        for &item in own {
            let (others, values) = self.closeness.row(item as usize);
            for (&other, &value) in others.iter().zip(values) {
                let kept = &mut largest[other as usize * self.strongest..][..self.strongest];
                let place = kept.partition_point(|&own| own >= value);
                if place < kept.len() {
                    kept[place..].rotate_right(1);
                    kept[place] = value;
                }
            }
        }
        let mut n_fallbacks = 0;
        for (score, item) in out.iter_mut().zip(items) {
            let kept = largest.chunks_exact(self.strongest).nth(item.at()).unwrap_or_default();
            *score = stored(kept.iter().map(|&value| f64::from(value)).sum());
            n_fallbacks += usize::from(*score == 0.0);
        }
        n_fallbacks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden;

    /// User 1 rated a, b, c, d in that order, user 2 d, a; user 3 likes a alone.
    fn scores(options: &Sequence) -> Vec<f32> {
        let rows =
            [("1", "a", 1), ("1", "b", 2), ("1", "c", 3), ("1", "d", 4), ("2", "d", 1), ("2", "a", 2), ("3", "a", 9)];
        let data = golden::timed(&rows.map(|(user, item, time)| (user, item, 4.0, time)));
        let fitted = options.fit(&data.train()).unwrap();
        let mut out = vec![f32::NAN; 4];
        let n_fallbacks = fitted.score(data.user("3"), &["a", "b", "c", "d"].map(|id| data.item(id)), &mut out);
        assert_eq!(n_fallbacks, out.iter().filter(|&&score| score == 0.0).count());
        out
    }

    fn assert_close(found: &[f32], expected: [f64; 4]) {
        let is_close = |(&found, expected): (&f32, f64)| (f64::from(found) - expected).abs() < 1e-6;
        assert!(found.iter().zip(expected).all(is_close), "{found:?} {expected:?}");
    }

    #[test]
    fn items_that_stand_near_each_other_are_close() {
        // From a: b one place, c two, d three for user 1 and one for user 2. Ratings: a 3, b 1, c 1, d 2.
        let fade = |places: f64| (-places / 2.0).exp();
        let options = Sequence { span: 2.0, exponent: 0.0, ..Sequence::default() };
        assert_close(&scores(&options), [0.0, fade(1.0), fade(2.0), fade(3.0) + fade(1.0)]);
        let divided = Sequence { exponent: 0.5, ..options };
        let of = |n: f64| (3.0 * n).sqrt();
        assert_close(
            &scores(&divided),
            [0.0, fade(1.0) / of(1.0), fade(2.0) / of(1.0), (fade(3.0) + fade(1.0)) / of(2.0)],
        );
        assert_ne!(scores(&Sequence { span: 1.0, ..divided.clone() }), scores(&divided));
        // e^-0.5 / √3 = 0.350 is more than (e^-1.5 + e^-0.5) / √6 = 0.339.
        assert_close(&scores(&Sequence { neighbors: 1, ..divided }), [0.0, fade(1.0) / of(1.0), 0.0, 0.0]);
    }

    #[test]
    fn only_the_strongest_signals_count_if_asked() {
        // User 2 likes a, c and d; b stands next to a and c, and two places from d.
        let rows = [("1", "a", 4.0, 1), ("1", "b", 4.0, 2), ("1", "c", 4.0, 3), ("1", "d", 4.0, 4)];
        let own = [("2", "a", 5.0, 1), ("2", "c", 5.0, 90), ("2", "d", 5.0, 50), ("2", "x", 1.0, 60)];
        let data = golden::timed(&[rows, own].concat());
        let score =
            |options: &Sequence| golden::score(&*options.fit(&data.train()).unwrap(), data.user("2"), data.item("b"));
        let options = Sequence { span: 1.0, exponent: 0.0, ..Sequence::default() };
        let fade = |places: f64| (-places).exp() as f32;
        for (strongest, expected) in
            [(0, 2.0 * fade(1.0) + fade(2.0)), (3, 2.0 * fade(1.0) + fade(2.0)), (2, 2.0 * fade(1.0)), (1, fade(1.0))]
        {
            let found = score(&Sequence { strongest, ..options.clone() });
            assert!((found - expected).abs() < 1e-6, "{strongest}: {found} {expected}");
        }
    }

    #[test]
    fn what_was_not_liked_is_near_to_others_all_the_same_but_starts_nothing() {
        let rows = [("1", "a", 5.0, 1), ("1", "b", 1.0, 2), ("1", "c", 5.0, 3), ("2", "b", 1.0, 1), ("2", "z", 5.0, 2)];
        let data = golden::timed(&rows);
        let score = |signal, user, item| {
            let fitted = Sequence { signal, ..Sequence::default() }.fit(&data.train()).unwrap();
            golden::score(&*fitted, data.user(user), data.item(item))
        };
        assert!(score(Signal::Positive, "1", "b") > 0.0);
        assert_eq!(score(Signal::Positive, "2", "a"), 0.0);
        assert!(score(Signal::All, "2", "a") > 0.0);
    }

    #[test]
    fn data_without_timestamps_is_refused() {
        let data = golden::without_times(&[("1", "a", 5.0), ("1", "b", 4.0)]);
        let message = Sequence::default().fit(&data.train()).err().unwrap().to_string();
        assert!(message.contains("has no timestamps"), "{message}");
    }
}
