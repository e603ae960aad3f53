//! Implicit signals: which ratings count as "likes it", for models that learn from what a user chose and not from how many stars it got.

use crate::dataset::{Interactions, Note, is_relevant};
use crate::kind::Reader;
use crate::linalg::SparseRows;

crate::choices! {
    /// What counts as a signal.
    pub enum Signal {
        Positive = "positive", "ratings of liked_from or more";
        All = "all", "every rating, whatever its value";
    }
}

/// The users' signals, each with the value 1, by user and by item.
pub struct Signals {
    /// `[n_users × n_items]`
    pub by_user: SparseRows,
    /// `[n_items × n_users]`
    pub by_item: SparseRows,
    /// Items that had signals, but too few to be kept.
    n_left_out: usize,
}

impl Signals {
    fn new(n_users: usize, n_items: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        Self {
            by_user: SparseRows::from_triples(n_users, n_items, pairs.clone().map(|(user, item)| (user, item, 1.0))),
            by_item: SparseRows::from_triples(n_items, n_users, pairs.map(|(user, item)| (item, user, 1.0))),
            n_left_out: 0,
        }
    }

    /// Only the signals of items that have at least `min_count` of them.
    pub fn of_items_with(self, min_count: usize) -> Self {
        let (n_users, n_items) = (self.by_user.n_rows(), self.by_item.n_rows());
        let is_kept = |item: usize| self.by_item.row_len(item) >= min_count;
        let pairs = self.by_user.triples().filter(|&(_, item, _)| is_kept(item as usize));
        let n_left_out = (0..n_items).filter(|&item| self.by_item.row_len(item) > 0 && !is_kept(item)).count();
        Self { n_left_out, ..Self::new(n_users, n_items, pairs.map(|(user, item, _)| (user, item))) }
    }

    /// Says how many items had too few signals.
    pub fn left_out_note(&self, model: &str, min_count: usize) -> Option<Note> {
        (self.n_left_out > 0).then(|| Note {
            code: "items-left-out",
            message: format!("{model}: items with fewer than min_count = {min_count} signals are left out"),
            count: self.n_left_out as u64,
        })
    }
}

impl Signal {
    /// The signals in some ratings.
    pub fn of(self, interactions: &Interactions, liked_from: f64) -> Signals {
        let (n_users, n_items) = (interactions.n_users(), interactions.n_items());
        let is_signal = move |rating: f32| self == Self::All || is_relevant(rating, liked_from);
        let pairs = (0..n_users).flat_map(move |user| {
            let (items, ratings) = interactions.by_user.row(user);
            let signals = items.iter().zip(ratings).filter(move |&(_, &rating)| is_signal(rating));
            signals.map(move |(&item, _)| (user as u32, item))
        });
        Signals::new(n_users, n_items, pairs)
    }

    /// Refuses a `liked_from` that nothing reads.
    pub fn check(self, reader: &Reader<'_>) {
        if self == Self::All && reader.entry("liked_from").is_some() {
            let help = "leave liked_from out, or signal = \"positive\"";
            reader.refuse_key("liked_from", "with signal = \"all\" every rating counts".into(), Some(help.into()));
        }
    }
}
