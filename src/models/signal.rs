//! Implicit signals: which ratings count as "likes it", and how much, for models that learn from what a user chose and not from how many stars it will get.

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

/// The users' signals by user and by item: each with the value 1, or graded.
pub struct Signals {
    /// `[n_users × n_items]`
    pub by_user: SparseRows,
    /// `[n_items × n_users]`
    pub by_item: SparseRows,
    /// Items that had signals, but too few to be kept.
    n_left_out: usize,
}

impl Signals {
    fn new(n_users: usize, n_items: usize, triples: impl Iterator<Item = (u32, u32, f32)> + Clone) -> Self {
        let by_user = SparseRows::from_triples(n_users, n_items, triples);
        Self { by_item: by_user.transposed(), by_user, n_left_out: 0 }
    }

    /// Signals that grow with the rating: `(rating − nothing_at) / (liked_from − nothing_at)`, so 1 where the item is just liked; none at `nothing_at` or below.
    pub fn graded(interactions: &Interactions, nothing_at: f64, liked_from: f64) -> Self {
        let value = move |rating: f32| ((f64::from(rating) - nothing_at) / (liked_from - nothing_at)) as f32;
        let triples = interactions.by_user.triples().map(move |(user, item, rating)| (user, item, value(rating)));
        Self::new(interactions.n_users(), interactions.n_items(), triples.filter(|&(_, _, value)| value > 0.0))
    }

    /// Only the signals of items that have at least `min_count` of them.
    pub fn of_items_with(self, min_count: usize) -> Self {
        let (n_users, n_items) = (self.by_user.n_rows(), self.by_item.n_rows());
        let is_kept = |item: usize| self.by_item.row_len(item) >= min_count;
        let triples = self.by_user.triples().filter(|&(_, item, _)| is_kept(item as usize));
        let n_left_out = (0..n_items).filter(|&item| self.by_item.row_len(item) > 0 && !is_kept(item)).count();
        Self { n_left_out, ..Self::new(n_users, n_items, triples) }
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
        let signals = interactions.by_user.triples().filter(move |&(_, _, rating)| is_signal(rating));
        Signals::new(n_users, n_items, signals.map(|(user, item, _)| (user, item, 1.0)))
    }

    /// Refuses a `liked_from` that nothing reads.
    pub fn check(self, reader: &Reader<'_>) {
        if self == Self::All && reader.entry("liked_from").is_some() {
            let help = "leave liked_from out, or signal = \"positive\"";
            reader.refuse_key("liked_from", "with signal = \"all\" every rating counts".into(), Some(help.into()));
        }
    }
}
