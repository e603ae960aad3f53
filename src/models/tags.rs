//! Content profile: the tags, title words, year and genres of what a user liked, against those of an item.
//!
//! Like [`super::genre`] it knows items that nobody has rated yet, and it tells them apart much better: thousands of terms, of which the rare ones count most. Tags
//! are written by the same people whose ratings are to be predicted: that a user tagged an item tells that the user knows it, whether or not the rating is in the
//! test part. So nobody is scored with their own tags: each user's scores are, to the bit, those of a data set in which that user never tagged.

use super::signal::Signal;
use super::tags_terms::{Fewest, Terms, Without};
use super::{BaseModel, FittedModel, TrainData};
use crate::dataset::{Dataset, Interactions, ItemIndex, Note, Scale, UserIndex};
use crate::error::{Error, Result};
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use crate::value::OptionValue;
use std::borrow::Cow;

/// The kind's name.
const NAME: &str = "tags";

crate::choices! {
    /// What is looked at of an item.
    #[derive(Ord, Hash)]
    pub enum Field {
        Tags = "tags", "tags given by other users";
        Title = "title", "words of the title";
        Year = "year", "the year in the title and two around it";
        Genres = "genres", "genres";
    }
}

crate::options! {
    /// Cosine of user profile and item in a space of weighted terms. Sources: Salton & Buckley (1988), TF-IDF; Pazzani & Billsus (2007), content-based profiles.
    pub struct Tags {
        /// What is looked at; a list of different fields.
        pub fields: Vec<Field> = vec![Field::Tags, Field::Title, Field::Year, Field::Genres];
        /// Items rated this or higher, in rating units, make up the user's profile.
        pub liked_from: f64 = 4.0, in -1e9..=1e9;
        /// Terms of fewer items are left out.
        pub min_items: usize = 2, in 1..=1_000_000_000;
        /// Tags given by fewer users are left out.
        pub min_taggers: usize = 1, in 1..=1_000_000_000;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: NAME,
    about: "cosine of liked and given tags, title words, years and genres, weighted by rarity",
    read: |reader: &Reader<'_>| Box::new(read(reader)),
    options: Tags::describe,
};

/// Reads the options; a field may stand once, and at least one must.
fn read(reader: &Reader<'_>) -> Tags {
    let options = <Tags as Options>::read(reader);
    let is_repeated = |at: usize| options.fields[..at].contains(&options.fields[at]);
    if options.fields.is_empty() || (0..options.fields.len()).any(is_repeated) {
        let message = format!("found {} fields, expected one or more different ones", options.fields.len());
        reader.refuse_key("fields", message, Some("fields = [\"tags\", \"title\", \"year\", \"genres\"]".into()));
    }
    if !options.fields.contains(&Field::Tags) && reader.entry("min_taggers").is_some() {
        let help = "leave min_taggers out, or add \"tags\" to fields";
        reader.refuse_key("min_taggers", "without tags nobody gives any".into(), Some(help.into()));
    }
    options
}

impl BaseModel for Tags {
    /// Only whether there is anything to make terms of: making them takes a while.
    fn check(&self, dataset: &Dataset) -> Result<()> {
        let catalog = &dataset.catalog;
        let has = |field: &Field| match field {
            Field::Tags => !catalog.tags.is_empty(),
            Field::Title | Field::Year => catalog.titles.iter().any(|title| !title.is_empty()),
            Field::Genres => !catalog.genre_names.is_empty(),
        };
        if self.fields.iter().any(has) { Ok(()) } else { Err(nothing(dataset, &self.fields)) }
    }

    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(self.profiles(train.interactions, train.dataset)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

impl Tags {
    /// The terms of all items, of which some must be there.
    fn terms(&self, dataset: &Dataset) -> Result<Terms> {
        let fewest = Fewest { items: self.min_items, taggers: self.min_taggers };
        let terms = Terms::new(&dataset.catalog, dataset.n_items(), &self.fields, fewest);
        if terms.missing.len() == self.fields.len() {
            return Err(nothing(dataset, &terms.missing));
        }
        Ok(terms)
    }

    fn profiles(&self, interactions: &Interactions, dataset: &Dataset) -> Result<FittedTags> {
        let terms = self.terms(dataset)?;
        let note = |field: &Field| Note {
            code: "missing-field",
            count: dataset.n_items() as u64,
            message: format!("no item has {}: the other fields are compared alone", field.show()),
        };
        let notes = terms.missing.iter().map(note).collect();
        let liked = Signal::Positive.of(interactions, self.liked_from).by_user;
        Ok(FittedTags { terms, liked, notes })
    }
}

/// That a data set has none of these fields.
fn nothing(dataset: &Dataset, fields: &[Field]) -> Error {
    let missing: Vec<String> = fields.iter().map(OptionValue::show).collect();
    let message = format!("found no item of {} with {}", dataset.name, missing.join(", "));
    let help = "add other fields, or take a data set that has them".to_owned();
    Error::Model { model: NAME.into(), message, help: Some(help) }
}

/// Terms of the items, and which items each user liked.
struct FittedTags {
    terms: Terms,
    /// `[n_users × n_items]`
    liked: SparseRows,
    notes: Vec<Note>,
}

/// The terms as one user may see them.
struct Seen<'a> {
    terms: &'a Terms,
    idf: Cow<'a, [f64]>,
    without: Option<&'a Without>,
}

impl<'a> Seen<'a> {
    fn new(terms: &'a Terms, user: UserIndex) -> Self {
        let without = terms.without.get(&user);
        let mut idf = Cow::Borrowed(terms.idf.as_slice());
        for &(term, others) in without.iter().flat_map(|own| &own.idf) {
            idf.to_mut()[term] = others;
        }
        Self { terms, idf, without }
    }

    /// Calls `each` with term and weight, `tf · idf`, of every cell of an item; returns the length of the item's vector.
    #[inline]
    fn vector(&self, item: usize, mut each: impl FnMut(usize, f64)) -> f64 {
        let cells = self.terms.cells.range(item);
        let mut own = self
            .without
            .map_or(&[][..], |own| &own.cells[own.cells.partition_point(|&(place, _)| place < cells.start)..]);
        let (columns, frequencies) = self.terms.cells.row(item);
        let mut square = 0.0;
        for (place, (&term, &all)) in cells.zip(columns.iter().zip(frequencies)) {
            let mut frequency = all;
            if let Some((&(_, others), rest)) = own.split_first().filter(|((own, _), _)| *own == place) {
                (frequency, own) = (others, rest);
            }
            let weight = f64::from(frequency) * self.idf[term as usize];
            square += weight * weight;
            each(term as usize, weight);
        }
        square.sqrt()
    }

    /// The mean vector of items, each of length 1, times their number: only its direction matters. `[n_terms]`
    fn profile(&self, items: &[u32]) -> Vec<f64> {
        let mut profile = vec![0.0; self.idf.len()];
        for &item in items {
            let length = self.vector(item as usize, |_, _| ());
            if length > 0.0 {
                self.vector(item as usize, |term, weight| profile[term] += weight / length);
            }
        }
        profile
    }
}

impl FittedModel for FittedTags {
    /// Cosine in `[0, 1]`; 0, a fallback, for a user without liked terms or an item without terms.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let seen = Seen::new(&self.terms, user);
        let profile = seen.profile(self.liked.row(user.at()).0);
        let length = profile.iter().map(|part| part * part).sum::<f64>().sqrt();
        let mut n_fallbacks = 0;
        for (score, item) in out.iter_mut().zip(items) {
            let mut sum = 0.0;
            let norm = length * seen.vector(item.at(), |term, weight| sum += profile[term] * weight);
            *score = if norm > 0.0 { (sum / norm) as f32 } else { 0.0 };
            n_fallbacks += usize::from(norm == 0.0);
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
    use crate::dataset::{DatasetBuilder, Duplicates};
    use crate::models::golden;
    use std::path::Path;

    /// Users a, b, c and items x, y, z, each with a title; a likes x, b likes y, c likes nothing. Tags as given: tagger, item, text.
    fn world(tags: &[(&str, &str, &str)]) -> Dataset {
        let mut builder = DatasetBuilder::new(Path::new("r"));
        for (user, item, rating) in [("a", "x", 5.0), ("a", "z", 2.0), ("b", "y", 4.0), ("c", "x", 1.0)] {
            builder.rating(user, item, rating, 0);
        }
        for (item, title) in [("x", "Alien (1979)"), ("y", "Aliens (1986)"), ("z", "Heat (1995)")] {
            builder.item(item, title, ["Sci-Fi"].into_iter().filter(|_| item != "z"));
        }
        tags.iter().for_each(|&(tagger, item, text)| builder.tag(tagger, item, text));
        builder.finish("t", Duplicates::Last).unwrap()
    }

    fn fit(options: &Tags, dataset: &Dataset) -> Result<FittedTags> {
        let rows: Vec<u32> = (0..dataset.n_rows() as u32).collect();
        options.profiles(&Interactions::new(dataset, &rows), dataset)
    }

    fn scores(options: &Tags, dataset: &Dataset, user: u32) -> (Vec<f32>, usize) {
        let mut out = vec![f32::NAN; 3];
        let items = [0, 1, 2].map(ItemIndex);
        let n_fallbacks = fit(options, dataset).unwrap().score(UserIndex(user), &items, &mut out);
        (out, n_fallbacks)
    }

    fn only(field: Field) -> Tags {
        Tags { fields: vec![field], min_items: 1, ..Tags::default() }
    }

    const TAGS: [(&str, &str, &str); 6] = [
        ("a", "x", "space"),
        ("a", "z", "space"),
        ("b", "x", "dark"),
        ("b", "z", "Dark"),
        ("c", "x", "dark"),
        ("nobody", "z", "heist"),
    ];

    #[test]
    fn scores_are_cosines_of_weighted_terms() {
        // For a, who likes x: x is "dark" by b and c (tf 1 + ln 2), z "dark" by b and "heist"; y has none. N = 3: idf of dark ln(4/3) + 1, of heist ln(4/2) + 1.
        // The profile is dark alone, so x scores 1 and z dark / sqrt(dark² + heist²).
        let (dark, heist) = ((4.0_f64 / 3.0).ln() + 1.0, 2.0_f64.ln() + 1.0);
        let (out, n_fallbacks) = scores(&only(Field::Tags), &world(&TAGS), 0);
        assert_eq!(n_fallbacks, 1);
        let expected = [1.0, 0.0, dark / (dark * dark + heist * heist).sqrt()];
        assert!(
            out.iter().zip(expected).all(|(&found, expected)| (f64::from(found) - expected).abs() < 1e-7),
            "{out:?}"
        );
        // c likes nothing.
        assert_eq!(scores(&only(Field::Tags), &world(&TAGS), 2), (vec![0.0; 3], 3));
    }

    #[test]
    fn a_users_own_tags_change_nothing_for_that_user_and_something_for_others() {
        let many = (0..40)
            .map(|n| (["a", "b", "c"][n % 3], ["x", "y", "z"][n * n % 7 % 3], ["p", "q", "r s", "t"][n * 3 % 8 % 4]));
        let all: Vec<(&str, &str, &str)> = TAGS.into_iter().chain(many).collect();
        for options in [Tags::default(), only(Field::Tags), Tags { min_items: 2, min_taggers: 2, ..only(Field::Tags) }]
        {
            let with = world(&all);
            for (user, id) in [(0, "a"), (1, "b"), (2, "c")] {
                let others: Vec<_> = all.iter().copied().filter(|(tagger, _, _)| *tagger != id).collect();
                let without = world(&others);
                assert_eq!(scores(&options, &with, user), scores(&options, &without, user), "{id}, {options:?}");
            }
        }
        let others: Vec<_> = TAGS.into_iter().filter(|(tagger, _, _)| *tagger != "b").collect();
        assert_ne!(scores(&only(Field::Tags), &world(&TAGS), 0), scores(&only(Field::Tags), &world(&others), 0));
    }

    #[test]
    fn every_option_has_an_effect() {
        let data = world(&TAGS);
        let all = scores(&Tags { min_items: 1, ..Tags::default() }, &data, 0);
        for field in [Field::Tags, Field::Title, Field::Year, Field::Genres] {
            assert_ne!(scores(&only(field), &data, 0), all, "{field:?}");
        }
        assert_ne!(scores(&Tags { min_items: 2, ..Tags::default() }, &data, 0), all);
        assert_ne!(scores(&Tags { min_items: 1, min_taggers: 2, ..Tags::default() }, &data, 0), all);
        assert_ne!(scores(&Tags { min_items: 1, liked_from: 2.0, ..Tags::default() }, &data, 0), all);
    }

    #[test]
    fn fields_that_are_missing_are_counted_and_none_at_all_is_an_error() {
        let data = world(&[]);
        let fitted = fit(&Tags::default(), &data).unwrap();
        assert_eq!((fitted.notes[0].code, fitted.notes[0].count, fitted.notes.len()), ("missing-field", 3, 1));
        assert!(fitted.notes[0].message.contains("no item has \"tags\""), "{}", fitted.notes[0].message);
        let message = fit(&only(Field::Tags), &data).err().unwrap().to_string();
        assert!(message.starts_with("tags: found no item of t with \"tags\"\n"), "{message}");
    }

    #[test]
    fn fields_are_a_list_of_different_names() {
        let refused = |text: &str| golden::read("t.toml", text, read).unwrap_err()[0].message.clone();
        assert_eq!(refused("fields = []"), "found 0 fields, expected one or more different ones");
        assert_eq!(refused("fields = [\"tags\", \"tags\"]"), "found 2 fields, expected one or more different ones");
        assert!(refused("fields = [\"tag\"]").contains("expected an array, each \"tags\""));
        assert_eq!(refused("fields = [\"year\"]\nmin_taggers = 2"), "without tags nobody gives any");
    }

    #[test]
    fn scores_equal_scikit_learn() {
        let data = golden::tagged();
        let options = Tags { min_items: 2, ..Tags::default() };
        let fitted = options.profiles(&data.interactions, &data.dataset).unwrap();
        let difference = golden::largest_difference(&data, &golden::table("tags_scores.csv"), "score", &fitted);
        assert!(difference < 1e-6, "{difference}");
    }
}
