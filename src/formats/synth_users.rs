//! The users of the generator: how much each rates, what, when, and how well it is liked.
//!
//! Users are made in blocks, each from a generator of its own, so that any number of threads gives the same bits and no more than the blocks at work are in
//! memory. Ratings are missing not at random: an item is met by its popularity and then rated with a chance that grows with how much it will be liked.

use super::synth::Synth;
use super::synth_items::{GENRES, Items, N_FACTORS, normals};
use crate::rng::{below, normal, stream, uniform};
use rand_core::Rng;
use std::ops::Range;

/// Users per block; part of what defines the data, so it never changes.
pub const USERS_PER_BLOCK: usize = 64;

/// 2006-01-01: after the year of the youngest title.
const FIRST_SECOND: i64 = 1_136_073_600;
/// Until 2018-09-24.
const SPAN_SECONDS: u64 = 401_500_000;

/// Words of tags; the first ones go with the genre of the same number, the others with anything.
const TAGS: [&str; 26] = [
    "thought-provoking",
    "funny",
    "twist ending",
    "stylized",
    "bittersweet",
    "epic",
    "gangsters",
    "space",
    "creepy",
    "magic",
    "family",
    "beautiful animation",
    "whodunit",
    "true story",
    "anti-war",
    "great songs",
    "gunslinger",
    "noir",
    "atmospheric",
    "classic",
    "slow",
    "great acting",
    "based on a book",
    "rewatch",
    "overrated",
    "ending, oh my",
];

/// One rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    /// Number of the item.
    pub item: u32,
    /// Half stars, 1 to 10.
    pub half_stars: u8,
    /// Seconds since 1970.
    pub timestamp: i64,
}

/// A tag a user gave to an item: a number into the list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// Number of the item.
    pub item: u32,
    /// Which word.
    pub word: &'static str,
    /// Seconds since 1970.
    pub timestamp: i64,
}

/// How many ratings each user gives, `[n_users]`: at least `min_ratings`, log-normal above, and exactly `ratings` in total as far as the bounds allow.
pub fn ratings_per_user(options: &Synth) -> Vec<u32> {
    let mut rng = stream(options.seed, "synth activity", 0);
    let excess: Vec<f64> = (0..options.users).map(|_| libm::exp(1.45 * normal(&mut rng))).collect();
    let cap = most_per_user(options) as f64;
    let floor = (options.min_ratings as f64).min(cap);
    let total = |scale: f64| excess.iter().map(|excess| (floor + scale * excess).min(cap)).sum::<f64>();
    let (mut low, mut high) = (0.0, 1e12);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if total(middle) < options.ratings as f64 { low = middle } else { high = middle }
    }
    // Rounding the running sum instead of each count keeps the total.
    let mut sum = 0.0;
    let mut given = 0_u64;
    let counts = excess.iter().map(|excess| {
        sum += (floor + high * excess).min(cap);
        let count = (sum + 0.5) as u64 - given;
        given += count;
        count.min(options.items as u64) as u32
    });
    counts.collect()
}

/// Nobody rates more than half of the catalog, or all of a tiny one.
pub fn most_per_user(options: &Synth) -> usize {
    (options.items / 2).max(options.items.min(40))
}

/// Makes the users of one block after another; keeps its memory from user to user.
pub struct Users<'a> {
    options: &'a Synth,
    items: &'a Items,
    /// Item → the last user (plus one) who met it, so that no user rates an item twice and nothing needs clearing.
    met: Vec<u32>,
    ratings: Vec<Rating>,
    tags: Vec<Tag>,
    keys: Vec<(f64, u32)>,
}

/// One user while being made.
struct User {
    factors: [f32; N_FACTORS],
    /// How much kinder than the average user, in stars.
    kindness: f32,
    /// Whether only whole stars are given.
    whole_stars: bool,
}

impl<'a> Users<'a> {
    /// Scratch for one worker.
    pub fn new(options: &'a Synth, items: &'a Items) -> Self {
        let met = vec![0; items.len()];
        Self { options, items, met, ratings: Vec::new(), tags: Vec::new(), keys: Vec::new() }
    }

    /// Gives each user of a block, with ratings by ascending item and tags in that order, to `each`.
    ///
    /// - `counts`: [`ratings_per_user`] of all users.
    pub fn block(&mut self, users: Range<usize>, counts: &[u32], mut each: impl FnMut(usize, &[Rating], &[Tag])) {
        let mut rng = stream(self.options.seed, "synth users", (users.start / USERS_PER_BLOCK) as u64);
        for user in users {
            self.user(&mut rng, user as u32, counts[user] as usize);
            each(user, &self.ratings, &self.tags);
        }
    }

    fn user(&mut self, rng: &mut impl Rng, number: u32, n_ratings: usize) {
        let user = User {
            factors: normals(rng, self.options.taste / (N_FACTORS as f64).sqrt()),
            kindness: (0.42 * normal(rng)) as f32,
            whole_stars: uniform(rng) < 0.4,
        };
        self.ratings.clear();
        // Drawing until enough are found is cheap while few are wanted; weighing the whole catalog is cheap when many are.
        if n_ratings * 8 >= self.items.len() || !self.draw_few(rng, number, &user, n_ratings) {
            self.draw_many(rng, &user, n_ratings);
        }
        self.stamp(rng);
        self.ratings.sort_unstable_by_key(|rating| rating.item);
        self.tag(rng);
    }

    /// Meets items by popularity and rates each with the chance of its appeal. `false`: popularity is so steep that new items hardly turn up.
    fn draw_few(&mut self, rng: &mut impl Rng, number: u32, user: &User, n_ratings: usize) -> bool {
        let mut draws_left = 64 * n_ratings + 1_000;
        while self.ratings.len() < n_ratings {
            if draws_left == 0 {
                return false;
            }
            draws_left -= 1;
            let item = self.items.by_weight.draw(rng);
            if self.met[item as usize] == number + 1 {
                continue;
            }
            let liking = self.liking(user, item);
            if uniform(rng) < self.chance(liking) {
                self.met[item as usize] = number + 1;
                let rating = self.rate(rng, user, item, liking);
                self.ratings.push(rating);
            }
        }
        true
    }

    /// The same distribution, without replacement over the whole catalog (Efraimidis & Spirakis 2006): the smallest of `−ln(u) / weight`.
    fn draw_many(&mut self, rng: &mut impl Rng, user: &User, n_ratings: usize) {
        self.ratings.clear();
        self.keys.clear();
        for item in 0..self.items.len() as u32 {
            let weight = self.items.weights[item as usize] * self.chance(self.liking(user, item));
            self.keys.push((-libm::log(1.0 - uniform(rng)) / weight, item));
        }
        let by_key = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let n_ratings = n_ratings.min(self.keys.len());
        if n_ratings > 0 && n_ratings < self.keys.len() {
            self.keys.select_nth_unstable_by(n_ratings - 1, by_key);
        }
        self.keys[..n_ratings].sort_unstable_by(by_key);
        for at in 0..n_ratings {
            let item = self.keys[at].1;
            let rating = self.rate(rng, user, item, self.liking(user, item));
            self.ratings.push(rating);
        }
    }

    /// How much more than average the user will like the item, in stars.
    #[inline]
    fn liking(&self, user: &User, item: u32) -> f32 {
        let taste = &self.items.tastes[item as usize];
        let mut dot = 0.0;
        for factor in 0..N_FACTORS {
            dot += user.factors[factor] * taste.factors[factor];
        }
        taste.quality + dot
    }

    #[inline]
    fn chance(&self, liking: f32) -> f64 {
        1.0 / (1.0 + libm::exp(-self.options.selection * f64::from(liking)))
    }

    #[inline]
    fn rate(&self, rng: &mut impl Rng, user: &User, item: u32, liking: f32) -> Rating {
        let stars = 3.21 + f64::from(user.kindness + liking) + self.options.noise * quick_normal(rng);
        let half_stars = if user.whole_stars { 2.0 * (stars + 0.5).floor() } else { (2.0 * stars + 0.5).floor() };
        let least = if user.whole_stars { 2.0 } else { 1.0 };
        Rating { item, half_stars: half_stars.clamp(least, 10.0) as u8, timestamp: 0 }
    }

    /// Puts the ratings on a clock: sessions of about thirty, seconds apart inside one, weeks apart from each other.
    fn stamp(&mut self, rng: &mut impl Rng) {
        let n_sessions = self.ratings.len() as u64 / 30 + 1;
        let start = below(rng, SPAN_SECONDS * 9 / 10);
        let gap = ((SPAN_SECONDS - start) / n_sessions).min(8_000_000);
        let mut now = FIRST_SECOND + start as i64;
        for rating in &mut self.ratings {
            let word = rng.next_u64();
            now += 3 + (word & 31) as i64;
            if (word >> 32).is_multiple_of(30) {
                now += ((word >> 40) % gap.max(1)) as i64;
            }
            rating.timestamp = now;
        }
    }

    /// A tenth of the users tag a quarter of what they rated.
    fn tag(&mut self, rng: &mut impl Rng) {
        self.tags.clear();
        if uniform(rng) >= self.options.taggers {
            return;
        }
        for rating in &self.ratings {
            if below(rng, 4) > 0 {
                continue;
            }
            let genres = &self.items.genres[rating.item as usize];
            let any = below(rng, (TAGS.len() - GENRES.len()) as u64) as usize + GENRES.len();
            let word = match genres.first() {
                Some(&genre) if below(rng, 3) > 0 => usize::from(genre),
                _ => any,
            };
            self.tags.push(Tag { item: rating.item, word: TAGS[word], timestamp: rating.timestamp + 60 });
        }
    }
}

/// Nearly normal, unit variance: the sum of four 16-bit uniform numbers from one draw. The noise of a rating that is rounded to half stars needs no tails.
#[inline]
fn quick_normal(rng: &mut impl Rng) -> f64 {
    let word = rng.next_u64();
    let sum = (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48);
    // Four uniform numbers on 0..65535 have mean 131070 and variance 4 · (65536² − 1) / 12.
    (sum as f64 - 131_070.0) / 37_837.2
}
