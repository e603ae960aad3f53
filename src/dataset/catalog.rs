//! What is known of items besides ratings: titles, genres, tags.

use super::{ItemIndex, UserIndex};

/// Titles, genres and tags of all items, by item index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    /// Title of each item, `[n_items]`; empty where unknown.
    pub titles: Vec<String>,
    /// All genre names, sorted; `(no genres listed)` and `unknown` are no genres and not among them.
    pub genre_names: Vec<String>,
    /// Genres of each item, `[n_items]`: ascending numbers into `genre_names`.
    pub genres: Vec<Vec<u16>>,
    /// Tags given by users, by item, then tagger; empty when the data has none.
    pub tags: Vec<Tag>,
}

/// A tag that a user gave an item. Who gave it matters: that a user tagged an item tells that the user knows it, and the item may be one that the test asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// What was tagged.
    pub item: ItemIndex,
    /// Who tagged it. Those who rated nothing are numbered on from the number of users.
    pub tagger: UserIndex,
    /// The tag, as written.
    pub text: String,
}

impl Catalog {
    /// Genre names of an item, joined by `|` as MovieLens writes them; empty for none.
    pub fn genre_text(&self, item: usize) -> String {
        let names: Vec<&str> =
            self.genres[item].iter().map(|&genre| self.genre_names[usize::from(genre)].as_str()).collect();
        names.join("|")
    }

    /// The year in the title of an item.
    pub fn year(&self, item: usize) -> Option<u16> {
        self.titles.get(item).and_then(|title| split_title(title).1)
    }
}

/// A title as MovieLens writes it: what comes before the year, and the year. Of a series, `(2006–2007)`, the first; years before 1870 are no release years.
pub fn split_title(title: &str) -> (&str, Option<u16>) {
    let title = title.trim();
    let end = title.strip_suffix(')').and_then(|open| open.rsplit_once('('));
    let dated = end.and_then(|(before, inside)| {
        let year = inside.get(..4)?;
        let is_whole = !inside[4..].starts_with(|c: char| c.is_alphanumeric());
        let year = year.bytes().all(|byte| byte.is_ascii_digit()).then(|| year.parse::<u16>().ok())??;
        (is_whole && (1870..=2100).contains(&year)).then_some((before.trim_end(), year))
    });
    dated.map_or((title, None), |(before, year)| (before, Some(year)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_stands_in_parentheses_at_the_end_of_a_title() {
        assert_eq!(split_title("Toy Story (1995)"), ("Toy Story", Some(1995)));
        assert_eq!(split_title(" Léon (The Professional) (1994) "), ("Léon (The Professional)", Some(1994)));
        assert_eq!(split_title("Desu nôto (2006–2007)"), ("Desu nôto", Some(2006)));
        assert_eq!(split_title("Open End (2009– )"), ("Open End", Some(2009)));
        for title in [
            "1984",
            "Babylon 5",
            "2001: A Space Odyssey",
            "The (1995) Story",
            "x (12345)",
            "x (0001)",
            "(é995)",
            ")",
            "",
        ] {
            assert_eq!(split_title(title), (title, None), "{title}");
        }
    }
}
