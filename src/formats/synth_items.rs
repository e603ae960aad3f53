//! The items of the generator: titles, genres, popularity, quality and taste.

use super::alias::AliasTable;
use super::synth::Synth;
use crate::rng::{below, normal, stream, uniform};
use rand_core::Rng;

/// Length of a taste vector.
pub const N_FACTORS: usize = 8;

/// Genre names, most frequent first, as MovieLens has them.
pub const GENRES: [&str; 18] = [
    "Drama",
    "Comedy",
    "Thriller",
    "Action",
    "Romance",
    "Adventure",
    "Crime",
    "Sci-Fi",
    "Horror",
    "Fantasy",
    "Children",
    "Animation",
    "Mystery",
    "Documentary",
    "War",
    "Musical",
    "Western",
    "Film-Noir",
];

const ADJECTIVES: [&str; 24] = [
    "Silent",
    "Crimson",
    "Hidden",
    "Last",
    "Golden",
    "Broken",
    "Distant",
    "Electric",
    "Forgotten",
    "Midnight",
    "Paper",
    "Quiet",
    "Restless",
    "Second",
    "Velvet",
    "Winter",
    "Wild",
    "Burning",
    "Secret",
    "Lonely",
    "Iron",
    "Little",
    "Blue",
    "Endless",
];

const NOUNS: [&str; 32] = [
    "Harbor",
    "River",
    "Garden",
    "Letter",
    "Station",
    "Winter",
    "Promise",
    "Machine",
    "Shadow",
    "Island",
    "Mirror",
    "Orchard",
    "Detective",
    "Train",
    "Summer",
    "Kingdom",
    "Violin",
    "Desert",
    "Lighthouse",
    "Stranger",
    "Empire",
    "Circus",
    "Voyage",
    "Horizon",
    "Daughter",
    "Thief",
    "Clock",
    "Mountain",
    "Carnival",
    "Witness",
    "Planet",
    "Waltz",
];

/// What a rating depends on, of one item: 40 bytes that are read together.
#[derive(Debug, Clone, Copy)]
pub struct Taste {
    /// Position in the space of tastes.
    pub factors: [f32; N_FACTORS],
    /// How much better than the average item everybody finds it, in stars.
    pub quality: f32,
}

/// All items.
#[derive(Debug)]
pub struct Items {
    /// Numeric id of each item: ascending, with gaps, as real catalogs have.
    pub ids: Vec<u32>,
    /// Taste of each item.
    pub tastes: Vec<Taste>,
    /// How often each item is met, before anybody's taste.
    pub weights: Vec<f64>,
    /// Draws items by weight.
    pub by_weight: AliasTable,
    /// Genres of each item: numbers into [`GENRES`], ascending; `[n_items]`.
    pub genres: Vec<Vec<u8>>,
    seed: u64,
}

impl Items {
    /// Makes the items of a world. Serial: one pass over the catalog.
    pub fn new(options: &Synth) -> Self {
        let n_items = options.items;
        let mut rng = stream(options.seed, "synth items", 0);
        let directions: Vec<[f32; N_FACTORS]> = GENRES.iter().map(|_| normals(&mut rng, 0.75)).collect();
        let by_genre = AliasTable::new(&genre_weights(options.genres));
        let mut ranks: Vec<u32> = (0..n_items as u32).collect();
        crate::rng::shuffle(&mut rng, &mut ranks);
        // A flattened power law: the head of MovieLens is flatter than Zipf's, its tail as thin.
        let flat = 0.009 * n_items as f64 + 2.0;
        let (mut ids, mut id) = (Vec::with_capacity(n_items), 0_u32);
        let (mut tastes, mut weights, mut genres) = (Vec::new(), Vec::new(), Vec::new());
        for &rank in &ranks {
            id += if uniform(&mut rng) < 0.1 { 1 + below(&mut rng, 9) as u32 } else { 1 };
            ids.push(id);
            let list = draw_genres(&mut rng, &by_genre, options.genres);
            weights.push(libm::pow(flat / (f64::from(rank) + flat), options.popularity_exponent));
            // What many people meet is, a little, what they like.
            let standing = 0.5 - f64::from(rank) / n_items as f64;
            let quality = (0.42 * normal(&mut rng) + 0.5 * standing) as f32;
            tastes.push(Taste { factors: place(&mut rng, &list, &directions), quality });
            genres.push(list);
        }
        let by_weight = AliasTable::new(&weights);
        Self { ids, tastes, weights, by_weight, genres, seed: options.seed }
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Title of an item with its year. A function of the seed and the number alone, so that no title has to be kept.
    pub fn title(&self, item: usize) -> String {
        let word = crate::rng::tie_hash(self.seed, item as u32, 0x7469_746c);
        let pick = |shift: u32, n: usize| (word >> shift) as usize % n;
        let (adjective, noun, other) = (ADJECTIVES[pick(0, 24)], NOUNS[pick(8, 32)], NOUNS[pick(16, 32)]);
        // Between 1925 and 2005, more of them late.
        let age = (word >> 44) & 0xff;
        let year = 2005 - (age * age * 80) / (255 * 255);
        match pick(24, 16) {
            0 => format!("{adjective} {noun}, The ({year})"),
            1 => format!("The {noun}: \"{adjective} {other}\" ({year})"),
            2 => format!("{noun}, {other} and the {adjective} One ({year})"),
            3 => format!("{noun} {} ({year})", 2 + pick(32, 3)),
            4 => format!("Café {noun} ({year})"),
            5..=7 => format!("The {noun} of the {adjective} {other} ({year})"),
            8 | 9 => format!("{adjective} {noun} ({year})"),
            _ => format!("The {adjective} {noun} ({year})"),
        }
    }

    /// Genres of an item as MovieLens writes them.
    pub fn genre_text(&self, item: usize) -> String {
        if self.genres[item].is_empty() {
            return "(no genres listed)".into();
        }
        let mut names: Vec<&str> = self.genres[item].iter().map(|&genre| GENRES[usize::from(genre)]).collect();
        names.sort_unstable();
        names.join("|")
    }
}

/// Independent normal numbers of a standard deviation.
pub fn normals(rng: &mut impl Rng, deviation: f64) -> [f32; N_FACTORS] {
    std::array::from_fn(|_| (deviation * normal(rng)) as f32)
}

fn genre_weights(n_genres: usize) -> Vec<f64> {
    (0..n_genres.min(GENRES.len())).map(|rank| 1.0 / (rank as f64 + 1.5)).collect()
}

/// One to four distinct genres; rarely none.
fn draw_genres(rng: &mut impl Rng, by_genre: &AliasTable, n_genres: usize) -> Vec<u8> {
    let n = match below(rng, 200) {
        0 => 0,
        1..=60 => 1,
        61..=130 => 2,
        131..=180 => 3,
        _ => 4,
    };
    let mut list: Vec<u8> = Vec::with_capacity(n);
    while list.len() < n.min(n_genres) {
        let genre = by_genre.draw(rng) as u8;
        if !list.contains(&genre) {
            list.push(genre);
        }
    }
    list.sort_unstable();
    list
}

/// Where an item stands: the mean direction of its genres, and something of its own.
fn place(rng: &mut impl Rng, list: &[u8], directions: &[[f32; N_FACTORS]]) -> [f32; N_FACTORS] {
    let own = normals(rng, 0.7);
    std::array::from_fn(|factor| {
        let sum: f32 = list.iter().map(|&genre| directions[usize::from(genre)][factor]).sum();
        own[factor] + sum / (list.len().max(1) as f32).sqrt()
    })
}
