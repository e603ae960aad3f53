//! Cosine similarities of all pairs of items that some user rated together; with users and items exchanged, of all pairs of users.
//!
//! One row at a time: the users of item i are walked in ascending order, and each adds its products to a dense array over all items. Both halves of the
//! symmetric matrix are computed, because that costs less than mirroring one: rows come out sorted, in parallel, each allocated once at its exact size.
//! `s_ij` and `s_ji` add the same products in the same order, so they have the same bits.

use super::itemknn::{Center, Norm, means};
use crate::dataset::{Interactions, ItemIndex, UserIndex};
use crate::error::{Error, Result};
use crate::parallel;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Items of one parallel block.
const BLOCK: usize = 32;

/// Cosines at or below this are rounding errors of a zero.
const ZERO: f64 = 1e-9;

/// Items of one segment of a row: as many as a `u16` can tell apart.
pub(super) const SEGMENT: usize = 1 << 16;

/// A part of a row: items by ascending number less the segment's first, and their cosines in `(0, 1]`.
#[derive(Debug, Clone, Default)]
pub(super) struct Segment {
    /// The other items, and the row's own where it is kept, from the segment's first.
    pub items: Box<[u16]>,
    /// Their similarities.
    pub similarities: Box<[f32]>,
}

/// Positive similarities, `[n_items × n_items]`, without the diagonal. Rows are cut into segments of [`SEGMENT`] items, so that a cell takes 6 bytes.
#[derive(Debug)]
pub(super) struct SimilarityRows {
    /// `[n_items × n_segments]`.
    segments: Vec<Segment>,
    n_segments: usize,
    n_items: usize,
}

impl SimilarityRows {
    /// The segments of an item's row; none for an unknown item.
    #[inline]
    pub(super) fn row(&self, item: usize) -> &[Segment] {
        if item < self.n_items { &self.segments[item * self.n_segments..][..self.n_segments] } else { &[] }
    }

    /// Number of items similar to this one.
    pub(super) fn row_len(&self, item: usize) -> usize {
        self.row(item).iter().map(|segment| segment.items.len()).sum()
    }

    /// Number of items.
    pub(super) fn n_items(&self) -> usize {
        self.n_items
    }
}

/// Which cosine, and how much of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cosine {
    /// The model that asks, for messages.
    pub model: &'static str,
    /// What is compared, and what pairs have in common, for messages.
    pub sides: [&'static str; 2],
    /// What is subtracted from ratings.
    pub center: Center,
    /// The norms in the denominator.
    pub norm: Norm,
    /// Similarities are multiplied by n / (n + shrink).
    pub shrink: f64,
    /// Pairs with less in common have no similarity.
    pub min_overlap: usize,
    /// Most memory for the cells, in MB of 2^20 bytes.
    pub memory_limit_mb: usize,
    /// Bytes that the model needs for a cell, this module's [`CELL_BYTES`] included.
    pub cell_bytes: usize,
}

/// Bytes of a cell.
pub(super) const CELL_BYTES: usize = size_of::<u16>() + size_of::<f32>();

/// Computes all similarities.
///
/// - Cost: Σ over users of n_u² products, 6 bytes per positive cell, a dense array over items per block.
///
/// # Errors
/// [`Error::Model`] when the cells need more than the model's memory limit, [`Error::Interrupted`] when asked to stop.
pub(super) fn similarities(options: &Cosine, interactions: &Interactions) -> Result<SimilarityRows> {
    let n_items = interactions.n_items();
    let user_means = means(&interactions.by_user);
    let rows = map_rows(
        options,
        interactions,
        user_means,
        |_| false,
        |segments| {
            let n_cells: usize = segments.iter().map(|segment| segment.items.len()).sum();
            (segments, n_cells * options.cell_bytes)
        },
    )?;
    Ok(SimilarityRows {
        segments: rows.into_iter().flatten().collect(),
        n_segments: n_items.div_ceil(SEGMENT),
        n_items,
    })
}

/// Computes the similarities of each item, and makes a row out of them.
///
/// - `user_means`: what [`Center::User`] subtracts.
/// - `is_own_kept`: whether an item's row has its similarity to itself.
/// - `finish`: gets a row's segments and returns what becomes of them, and its bytes.
///
/// # Errors
/// Those of [`similarities`].
pub(super) fn map_rows<R: Send>(
    options: &Cosine,
    interactions: &Interactions,
    user_means: Vec<Option<f64>>,
    is_own_kept: impl Fn(usize) -> bool + Sync,
    finish: impl Fn(Vec<Segment>) -> (R, usize) + Sync,
) -> Result<Vec<R>> {
    let centered = Centered::new(options.center, interactions, user_means);
    let plain = options.norm == Norm::Full && options.shrink == 0.0 && options.min_overlap <= 1;
    let rows = if plain { rows::<f64, R> } else { rows::<Moments, R> };
    rows(options, &centered, &is_own_kept, &finish)
}

/// The cosine, or 0 where it is not positive, or only by a rounding error.
#[inline]
fn above_zero(cosine: f64) -> f64 {
    if cosine > ZERO { cosine } else { 0.0 }
}

/// What is known of a pair of items while users are added.
trait Products: Copy + Default + Send {
    /// Adds a user who rated both, `x` the row's item.
    fn add(&mut self, x: f64, y: f64);
    /// The similarity; `scale` is one over the product of both full norms. 0 where undefined.
    fn similarity(&self, scale: f64, options: &Cosine) -> f64;
}

/// The dot product alone: all that full norms need.
impl Products for f64 {
    #[inline]
    fn add(&mut self, x: f64, y: f64) {
        *self += x * y;
    }

    #[inline]
    fn similarity(&self, scale: f64, _: &Cosine) -> f64 {
        above_zero(self * scale)
    }
}

/// Dot product, both norms over co-rating users, and their number.
#[derive(Clone, Copy, Default)]
struct Moments([f64; 4]);

impl Products for Moments {
    #[inline]
    fn add(&mut self, x: f64, y: f64) {
        let add = [x * y, x * x, y * y, 1.0];
        for (sum, add) in self.0.iter_mut().zip(add) {
            *sum += add;
        }
    }

    #[inline]
    fn similarity(&self, scale: f64, options: &Cosine) -> f64 {
        let [dot, xx, yy, n] = self.0;
        let scale = match options.norm {
            Norm::Full => scale,
            Norm::Common => 1.0 / (xx * yy).sqrt(),
        };
        // A norm of 0 makes the product NaN, which is not above zero either.
        if n >= options.min_overlap as f64 { above_zero(dot * scale) * (n / (n + options.shrink)) } else { 0.0 }
    }
}

/// The ratings with their centre subtracted, by user and by item, in the order of [`Interactions`].
struct Centered<'a> {
    interactions: &'a Interactions,
    by_user: Vec<f64>,
    user_starts: Vec<usize>,
    user_means: Vec<Option<f64>>,
    item_means: Vec<Option<f64>>,
    center: Center,
}

impl<'a> Centered<'a> {
    fn new(center: Center, interactions: &'a Interactions, user_means: Vec<Option<f64>>) -> Self {
        let mut user_starts = vec![0];
        for user in 0..interactions.n_users() {
            user_starts.push(user_starts[user] + interactions.by_user.row_len(user));
        }
        let item_means = means(&interactions.by_item);
        let mut centered = Self { interactions, by_user: Vec::new(), user_starts, user_means, item_means, center };
        let values = |(user, item, rating)| centered.value(user, item, rating);
        centered.by_user = interactions.by_user.triples().map(values).collect();
        centered
    }

    /// One rating less its centre; exactly 0 where the difference is the rounding error of the mean.
    #[inline]
    fn value(&self, user: u32, item: u32, rating: f32) -> f64 {
        let rating = f64::from(rating);
        let mean = match self.center {
            Center::None => return rating,
            Center::Item => self.item_means[item as usize],
            Center::User => self.user_means[user as usize],
        };
        let offset = rating - mean.unwrap_or(0.0);
        if offset.abs() <= rating.abs() * 1e-12 { 0.0 } else { offset }
    }

    /// Items of a user, and their centred ratings.
    #[inline]
    fn of_user(&self, user: u32) -> (&'a [u32], &[f64]) {
        let range = self.user_starts[user as usize]..self.user_starts[user as usize + 1];
        (self.interactions.of_user(UserIndex(user)).0, &self.by_user[range])
    }

    /// Users of an item with their centred ratings.
    fn of_item(&self, item: usize) -> impl Iterator<Item = (u32, f64)> {
        let (users, ratings) = self.interactions.of_item(ItemIndex(item as u32));
        users.iter().zip(ratings).map(move |(&user, &rating)| (user, self.value(user, item as u32, rating)))
    }

    /// One over the length of each item's vector; 0 for a vector of length 0.
    fn inverse_norms(&self) -> Vec<f64> {
        let norm = |item| self.of_item(item).map(|(_, x)| x * x).sum::<f64>().sqrt();
        (0..self.interactions.n_items()).map(norm).map(|norm| if norm > 0.0 { 1.0 / norm } else { 0.0 }).collect()
    }
}

fn rows<P: Products, R: Send>(
    options: &Cosine,
    centered: &Centered<'_>,
    is_own_kept: &(dyn Fn(usize) -> bool + Sync),
    finish: &(dyn Fn(Vec<Segment>) -> (R, usize) + Sync),
) -> Result<Vec<R>> {
    let inverse_norms = centered.inverse_norms();
    let n_items = centered.interactions.n_items();
    let limit = options.memory_limit_mb.saturating_mul(1 << 20);
    // Rows are counted as they are made: a bound known beforehand would be far too high and could not see what `min_overlap` removes. Whether the sum
    // passes the limit does not depend on the order in which threads add to it.
    let n_bytes = AtomicUsize::new(0);
    let blocks = parallel::map_blocks(n_items, BLOCK, |items| {
        parallel::check()?;
        let mut row = RowScratch::<P>::new(n_items);
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            row.add_users(centered, item);
            let dropped = if is_own_kept(item) { usize::MAX } else { item };
            let collect = |start| row.collect(item, dropped, start, &inverse_norms, options);
            let (done, n) = finish((0..n_items).step_by(SEGMENT).map(collect).collect());
            if n_bytes.fetch_add(n, Ordering::Relaxed) + n > limit {
                return Err(too_large(options));
            }
            out.push(done);
        }
        Ok(out)
    });
    let mut out = Vec::with_capacity(n_items);
    for block in blocks {
        out.extend(block?);
    }
    Ok(out)
}

fn too_large(options: &Cosine) -> Error {
    let [compared, common] = options.sides;
    Error::Model {
        model: options.model.into(),
        message: format!("the {compared} similarities need more than memory_limit_mb = {}", options.memory_limit_mb),
        help: Some(format!(
            "raise memory_limit_mb, or drop pairs with few common {common}s: min_overlap = {}",
            options.min_overlap.max(1) + 1
        )),
    }
}

/// Dense sums of one row, and what was touched of them.
struct RowScratch<P> {
    products: Vec<P>,
    /// One bit per item, so that collecting a row visits only what some user touched.
    touched: Vec<u64>,
    items: Vec<u16>,
    similarities: Vec<f32>,
}

impl<P: Products> RowScratch<P> {
    fn new(n_items: usize) -> Self {
        Self {
            products: vec![P::default(); n_items],
            touched: vec![0; n_items.div_ceil(64)],
            items: vec![0; SEGMENT.min(n_items) + 1],
            similarities: vec![0.0; SEGMENT.min(n_items) + 1],
        }
    }

    /// Adds up the products of one item with all others.
    fn add_users(&mut self, centered: &Centered<'_>, item: usize) {
        for (user, x) in centered.of_item(item) {
            let (items, values) = centered.of_user(user);
            for (&other, &y) in items.iter().zip(values) {
                self.products[other as usize].add(x, y);
                self.touched[other as usize / 64] |= 1 << (other % 64);
            }
        }
    }

    /// The positive similarities of the row from item `first` on, one segment, but for the item that is dropped; clears what was touched.
    fn collect(
        &mut self,
        item: usize,
        dropped: usize,
        first: usize,
        inverse_norms: &[f64],
        options: &Cosine,
    ) -> Segment {
        let mut n = 0;
        let words = first / 64..((first + SEGMENT) / 64).min(self.touched.len());
        for word in words {
            let mut touched = std::mem::take(&mut self.touched[word]);
            while touched != 0 {
                let other = word * 64 + touched.trailing_zeros() as usize;
                touched &= touched - 1;
                let products = std::mem::take(&mut self.products[other]);
                let similarity = products.similarity(inverse_norms[item] * inverse_norms[other], options);
                // Written always and kept by counting: with centred ratings, a branch here would be mispredicted half of the time.
                self.items[n] = (other - first) as u16;
                self.similarities[n] = similarity as f32;
                n += usize::from(similarity > 0.0 && other != dropped);
            }
        }
        Segment { items: self.items[..n].into(), similarities: self.similarities[..n].into() }
    }
}
