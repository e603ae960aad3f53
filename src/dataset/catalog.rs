//! What is known of items besides ratings: titles, genres, tags.

/// Titles, genres and tags of all items, by item index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    /// Title of each item, `[n_items]`; empty where unknown.
    pub titles: Vec<String>,
    /// All genre names, sorted; `(no genres listed)` and `unknown` are no genres and not among them.
    pub genre_names: Vec<String>,
    /// Genres of each item, `[n_items]`: ascending numbers into `genre_names`.
    pub genres: Vec<Vec<u16>>,
    /// Tags given by users, `(item index, tag)`, sorted; empty when the data has none.
    pub tags: Vec<(u32, String)>,
}

impl Catalog {
    /// Genre names of an item, joined by `|` as MovieLens writes them; empty for none.
    pub fn genre_text(&self, item: usize) -> String {
        let names: Vec<&str> =
            self.genres[item].iter().map(|&genre| self.genre_names[usize::from(genre)].as_str()).collect();
        names.join("|")
    }
}
