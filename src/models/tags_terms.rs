//! The terms of a catalog: what each item is said to be, and by whom.
//!
//! A term belongs to a field, so that the genre Comedy and the tag "comedy" are two. Everything that a user's own tags change is kept beside the counts of all tags, so
//! that for each user they can be taken as if that user had never tagged.

use super::tags::Field;
use crate::dataset::{Catalog, UserIndex, split_title};
use crate::linalg::SparseRows;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An item carries its year and so many before and after: of `2 · YEARS_AROUND + 1` terms, films d years apart share d fewer.
const YEARS_AROUND: u16 = 2;

/// Who gives a term that stands in the catalog itself.
const CATALOG: u32 = u32::MAX;

/// Which terms are too rare to say anything.
#[derive(Debug, Clone, Copy)]
pub struct Fewest {
    /// Items that must have a term.
    pub items: usize,
    /// Users who must have given it, if it is a tag.
    pub taggers: usize,
}

/// Terms of all items.
pub struct Terms {
    /// `[n_items × n_terms]`, term frequencies.
    pub cells: SparseRows,
    /// `[n_terms]`, inverse document frequencies; 0 for a term that is too rare.
    pub idf: Vec<f64>,
    /// What changes for those who tagged.
    pub without: BTreeMap<UserIndex, Without>,
    /// Fields of which no item has a term.
    pub missing: Vec<Field>,
}

/// The terms as they would be had a user not tagged.
#[derive(Debug, Default, PartialEq)]
pub struct Without {
    /// Places among all cells, ascending, and their term frequencies.
    pub cells: Vec<(usize, f32)>,
    /// Terms and their inverse document frequencies.
    pub idf: Vec<(usize, f64)>,
}

/// An item has a term; who says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mention {
    item: u32,
    term: u32,
    giver: u32,
}

/// In how many items a term occurs, and how many users gave it.
#[derive(Clone, Copy, Default)]
struct Spread {
    n_items: usize,
    n_givers: usize,
    is_tag: bool,
}

impl Spread {
    /// `ln((1 + N) / (1 + n)) + 1` (Manning, Raghavan & Schütze 2008, section 6.2.1, smoothed as scikit-learn does); 0 for a term that is too rare.
    fn idf(self, n_items: usize, fewest: Fewest) -> f64 {
        if self.n_items < fewest.items || self.is_tag && self.n_givers < fewest.taggers {
            return 0.0;
        }
        libm::log((1 + n_items) as f64 / (1 + self.n_items) as f64) + 1.0
    }
}

impl Terms {
    /// Gathers the terms of all items.
    pub fn new(catalog: &Catalog, n_items: usize, fields: &[Field], fewest: Fewest) -> Self {
        let (mentions, fields_of) = mentions(catalog, n_items, fields);
        let missing = fields.iter().copied().filter(|field| !fields_of.contains(field)).collect();
        let n_terms = fields_of.len();
        let mut spreads: Vec<Spread> =
            fields_of.iter().map(|&field| Spread { is_tag: field == Field::Tags, ..Spread::default() }).collect();
        let mut givers: Vec<(u32, u32)> = mentions.iter().map(|mention| (mention.term, mention.giver)).collect();
        givers.sort_unstable();
        givers.dedup();
        givers.iter().for_each(|&(term, _)| spreads[term as usize].n_givers += 1);
        let groups = || mentions.chunk_by(|a, b| (a.item, a.term) == (b.item, b.term));
        groups().for_each(|group| spreads[group[0].term as usize].n_items += 1);
        let cells = groups().map(|group| {
            let Mention { item, term, .. } = group[0];
            (item, term, frequency(fields_of[term as usize], group.len()))
        });
        let cells = SparseRows::from_triples(n_items, n_terms, cells);
        let mut without: BTreeMap<UserIndex, Without> = BTreeMap::new();
        let mut alone: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for (place, group) in groups().enumerate() {
            for mention in group.iter().filter(|mention| mention.giver != CATALOG) {
                let own = without.entry(UserIndex(mention.giver)).or_default();
                own.cells.push((place, frequency(Field::Tags, group.len() - 1)));
                *alone.entry((mention.giver, mention.term)).or_default() += usize::from(group.len() == 1);
            }
        }
        for (&(giver, term), n_alone) in &alone {
            let all = spreads[term as usize];
            let others = Spread { n_items: all.n_items - n_alone, n_givers: all.n_givers - 1, ..all };
            let own = without.entry(UserIndex(giver)).or_default();
            own.idf.push((term as usize, others.idf(n_items, fewest)));
        }
        Self { cells, idf: spreads.iter().map(|spread| spread.idf(n_items, fewest)).collect(), without, missing }
    }
}

/// `1 + ln n` for a tag that n users gave, so that a hundred say more than one but not a hundred times as much; 0 for none. A year is as much as one term, spread over
/// its neighbors.
fn frequency(field: Field, n_givers: usize) -> f32 {
    match (field, n_givers) {
        (_, 0) => 0.0,
        (Field::Tags, n) => (1.0 + libm::log(n as f64)) as f32,
        (Field::Year, _) => (1.0 / f64::from(2 * YEARS_AROUND + 1).sqrt()) as f32,
        _ => 1.0,
    }
}

/// All mentions by item, term and giver, each once, and the field of each term. Terms are numbered by field, then text.
fn mentions(catalog: &Catalog, n_items: usize, fields: &[Field]) -> (Vec<Mention>, Vec<Field>) {
    let mut said: Vec<(Field, String, u32, u32)> = Vec::new();
    if fields.contains(&Field::Tags) {
        for tag in &catalog.tags {
            said.push((Field::Tags, normal(&tag.text), tag.item.0, tag.tagger.0));
        }
    }
    for item in 0..n_items {
        let mut say = |field, text| said.push((field, text, item as u32, CATALOG));
        let (title, year) = catalog.titles.get(item).map_or(("", None), |title| split_title(title));
        if fields.contains(&Field::Title) {
            words(title).for_each(|word| say(Field::Title, word));
        }
        if let Some(year) = year.filter(|_| fields.contains(&Field::Year)) {
            (year - YEARS_AROUND..=year + YEARS_AROUND).for_each(|near| say(Field::Year, near.to_string()));
        }
        if fields.contains(&Field::Genres) {
            let genres = catalog.genres.get(item).into_iter().flatten();
            genres.for_each(|&genre| say(Field::Genres, catalog.genre_names[usize::from(genre)].clone()));
        }
    }
    said.retain(|(_, text, _, _)| !text.is_empty());
    let terms: BTreeSet<(Field, &str)> = said.iter().map(|(field, text, _, _)| (*field, text.as_str())).collect();
    let numbers: HashMap<(Field, &str), u32> = terms.iter().enumerate().map(|(at, &term)| (term, at as u32)).collect();
    let mention = |(field, text, item, giver): &(Field, String, u32, u32)| Mention {
        item: *item,
        term: numbers[&(*field, text.as_str())],
        giver: *giver,
    };
    let mut mentions: Vec<Mention> = said.iter().map(mention).collect();
    mentions.sort_unstable();
    mentions.dedup();
    (mentions, terms.iter().map(|&(field, _)| field).collect())
}

/// A tag as it is compared: in small letters, with single spaces.
fn normal(tag: &str) -> String {
    tag.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The words of a title that have two or more characters, in small letters, as scikit-learn takes them.
fn words(title: &str) -> impl Iterator<Item = String> {
    let words = title.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| word.chars().nth(1).is_some()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{ItemIndex, Tag};

    const FEWEST: Fewest = Fewest { items: 1, taggers: 1 };

    fn catalog(titles: &[&str], tags: &[(u32, u32, &str)]) -> Catalog {
        let tag = |&(item, tagger, text): &(u32, u32, &str)| Tag {
            item: ItemIndex(item),
            tagger: UserIndex(tagger),
            text: text.into(),
        };
        Catalog {
            titles: titles.iter().map(|&title| title.into()).collect(),
            genres: vec![Vec::new(); titles.len()],
            tags: tags.iter().map(tag).collect(),
            ..Catalog::default()
        }
    }

    #[test]
    fn years_count_by_nearness_and_words_by_letters() {
        let catalog = catalog(&["The X-Men: Days_2 (1999)", "the men (2001)"], &[]);
        let terms = Terms::new(&catalog, 2, &[Field::Title, Field::Year], FEWEST);
        // days_2, men, the; then 1997 to 2001 and 1999 to 2003: three years are shared.
        assert_eq!(terms.cells.row(0).0, [0_u32, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(terms.cells.row(1).0, [1_u32, 2, 5, 6, 7, 8, 9]);
        assert!((terms.cells.row(0).1[3] - 0.2_f32.sqrt()).abs() < 1e-7);
        // In both of two items: ln(3 / 3) + 1; in one: ln(3 / 2) + 1.
        assert_eq!(terms.idf[1], 1.0);
        assert!((terms.idf[0] - 1.5_f64.ln() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_tagger_is_taken_out_of_frequencies_and_thresholds() {
        // "dark" on item 0 by users 0 and 1, on item 1 by user 0 alone; user 0 gave it twice to item 0.
        let tags = [(0, 0, "dark"), (0, 0, " DARK "), (0, 1, "Dark"), (1, 0, "dark")];
        let terms = Terms::new(&catalog(&["", ""], &tags), 2, &[Field::Tags], Fewest { items: 2, taggers: 2 });
        assert_eq!((terms.cells.row(0).1, terms.cells.row(1).1), (&[1.0 + 2.0_f32.ln()][..], &[1.0_f32][..]));
        assert_eq!(terms.idf, [1.0]);
        // Without user 0 there is one tagger and one item, without user 1 two items but one tagger: too few both times.
        assert_eq!(terms.without[&UserIndex(0)], Without { cells: vec![(0, 1.0), (1, 0.0)], idf: vec![(0, 0.0)] });
        assert_eq!(terms.without[&UserIndex(1)], Without { cells: vec![(0, 1.0)], idf: vec![(0, 0.0)] });
        let terms = Terms::new(&catalog(&["", ""], &tags), 2, &[Field::Tags], FEWEST);
        // In one item of two: ln(3 / 2) + 1; user 1 changes no number of items.
        assert!((terms.without[&UserIndex(0)].idf[0].1 - 1.5_f64.ln() - 1.0).abs() < 1e-15);
        assert_eq!(terms.without[&UserIndex(1)].idf, [(0, 1.0)]);
    }

    #[test]
    fn fields_without_terms_are_named() {
        let terms = Terms::new(&catalog(&["Words only"], &[]), 1, &[Field::Tags, Field::Title, Field::Year], FEWEST);
        assert_eq!(terms.missing, [Field::Tags, Field::Year]);
    }
}
