//! From rows in file order to a canonical [`Dataset`].

use super::ids::natural_order;
use super::{Catalog, Dataset, IdMap, ItemIndex, Note, Ratings, Tag, UserIndex};
use crate::error::{Error, Result, plural};
use crate::key::KeyBuilder;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

crate::choices! {
    /// What to do with a second rating of one (user, item) pair.
    pub enum Duplicates {
        Error = "error", "refuse the file";
        First = "first", "keep the earliest";
        Last = "last", "keep the latest";
        Mean = "mean", "average them";
    }
}

/// Collects rows as they are read. Ids are interned on the way in, so that a row costs 24 bytes.
#[derive(Clone)]
pub struct DatasetBuilder {
    path: PathBuf,
    users: Interner,
    items: Interner,
    rows: Vec<Row>,
    has_timestamps: bool,
    titles: HashMap<u32, String>,
    genres: HashMap<u32, Vec<String>>,
    taggers: Interner,
    /// Item, tagger, text.
    tags: Vec<(u32, u32, String)>,
    in_catalog: Vec<bool>,
    notes: Vec<Note>,
}

#[derive(Clone, Copy)]
struct Row {
    user: u32,
    item: u32,
    rating: f32,
    source_row: u32,
    timestamp: i64,
}

#[derive(Clone, Default)]
struct Interner {
    ids: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Interner {
    fn number(&mut self, id: &str) -> u32 {
        if let Some(&number) = self.numbers.get(id) {
            return number;
        }
        let number = self.ids.len() as u32;
        self.ids.push(id.to_owned());
        self.numbers.insert(id.to_owned(), number);
        number
    }

    /// The sorted map, and for each old number the new one.
    fn into_sorted(self) -> (IdMap, Vec<u32>) {
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_by(|&a, &b| natural_order(&self.ids[a as usize], &self.ids[b as usize]));
        let mut renumbered = vec![0_u32; order.len()];
        for (new, &old) in order.iter().enumerate() {
            renumbered[old as usize] = new as u32;
        }
        let mut ids = self.ids;
        let sorted = order.into_iter().map(|old| std::mem::take(&mut ids[old as usize])).collect();
        (IdMap::from_sorted(sorted), renumbered)
    }
}

impl DatasetBuilder {
    /// An empty builder; `path` is named in errors about the rows as a whole.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            users: Interner::default(),
            items: Interner::default(),
            rows: Vec::new(),
            has_timestamps: true,
            titles: HashMap::new(),
            genres: HashMap::new(),
            taggers: Interner::default(),
            tags: Vec::new(),
            in_catalog: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Says that the rows carry no timestamps; what is passed to [`Self::rating`] is then ignored.
    pub fn without_timestamps(&mut self) {
        self.has_timestamps = false;
    }

    /// Adds the next data row of the ratings. The caller has checked that the rating is finite.
    pub fn rating(&mut self, user_id: &str, item_id: &str, rating: f32, timestamp: i64) {
        debug_assert!(rating.is_finite());
        let source_row = self.rows.len() as u32;
        let (user, item) = (self.users.number(user_id), self.items.number(item_id));
        let timestamp = if self.has_timestamps { timestamp } else { 0 };
        self.rows.push(Row { user, item, rating, source_row, timestamp });
    }

    /// How many rating rows were added.
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Adds an item of the catalog. Of a second entry for one id, nothing is kept; `false` says that it was one.
    pub fn item(&mut self, item_id: &str, title: &str, genres: impl Iterator<Item = impl Into<String>>) -> bool {
        let item = self.items.number(item_id);
        if self.in_catalog.len() <= item as usize {
            self.in_catalog.resize(item as usize + 1, false);
        }
        if std::mem::replace(&mut self.in_catalog[item as usize], true) {
            return false;
        }
        self.titles.insert(item, title.to_owned());
        let known = genres
            .map(Into::into)
            .filter(|genre: &String| !matches!(genre.as_str(), "" | "(no genres listed)" | "unknown"));
        self.genres.insert(item, known.collect());
        true
    }

    /// Adds a tag that a user gave; tags of items that are neither rated nor in the catalog are not kept.
    pub fn tag(&mut self, user_id: &str, item_id: &str, tag: &str) {
        if let Some(&item) = self.items.numbers.get(item_id) {
            self.tags.push((item, self.taggers.number(user_id), tag.to_owned()));
        }
    }

    /// Adds a note to be printed and stored with every run on this data.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Puts everything into canonical order, resolves duplicates, and names the result by its hash.
    ///
    /// # Errors
    /// [`Error::Data`] when there is no row, or a duplicate under [`Duplicates::Error`].
    pub fn finish(mut self, name: &str, duplicates: Duplicates) -> Result<Dataset> {
        if self.rows.is_empty() {
            return Err(self.data_error("found no ratings, expected at least one".into(), None));
        }
        self.note_items_outside_the_catalog();
        let (user_ids, user_numbers) = std::mem::take(&mut self.users).into_sorted();
        let (item_ids, item_numbers) = std::mem::take(&mut self.items).into_sorted();
        for row in &mut self.rows {
            row.user = user_numbers[row.user as usize];
            row.item = item_numbers[row.item as usize];
        }
        self.rows.sort_unstable_by_key(|row| (row.user, row.item, row.timestamp, row.source_row));
        let dropped_rows = self.resolve_duplicates(duplicates, &user_ids, &item_ids)?;
        let ratings = Ratings {
            users: self.rows.iter().map(|row| UserIndex(row.user)).collect(),
            items: self.rows.iter().map(|row| ItemIndex(row.item)).collect(),
            values: self.rows.iter().map(|row| row.rating).collect(),
            timestamps: self.rows.iter().map(|row| row.timestamp).collect(),
            source_rows: self.rows.iter().map(|row| row.source_row).collect(),
        };
        let catalog = Catalog { tags: self.tags(&user_ids, &item_numbers), ..self.catalog(&item_numbers) };
        let hash = content_hash(&ratings, self.has_timestamps, &user_ids, &item_ids, &catalog);
        let (has_timestamps, notes) = (self.has_timestamps, self.notes);
        Ok(Dataset {
            name: name.to_owned(),
            ratings,
            user_ids,
            item_ids,
            catalog,
            has_timestamps,
            hash,
            dropped_rows,
            notes,
        })
    }

    fn data_error(&self, message: String, help: Option<String>) -> Error {
        Error::Data { path: self.path.clone(), line: None, column: None, message, help }
    }

    fn note_items_outside_the_catalog(&mut self) {
        if self.in_catalog.is_empty() {
            return;
        }
        self.in_catalog.resize(self.items.ids.len(), false);
        let count = self.in_catalog.iter().filter(|&&known| !known).count();
        if count > 0 {
            let message =
                format!("{} rated but not in the catalog: kept, without title and genres", plural(count, "item"));
            self.notes.push(Note { code: "items-outside-catalog", count: count as u64, message });
        }
    }

    /// Leaves one row per (user, item); rows are sorted by user, item, timestamp, source row. Returns the source rows that gave way, each with the one that is kept.
    fn resolve_duplicates(
        &mut self,
        policy: Duplicates,
        user_ids: &IdMap,
        item_ids: &IdMap,
    ) -> Result<Vec<(u32, u32)>> {
        let before = self.rows.len();
        let same = |a: &Row, b: &Row| a.user == b.user && a.item == b.item;
        if policy == Duplicates::Error
            && let Some(pair) = self.rows.windows(2).find(|pair| same(&pair[0], &pair[1]))
        {
            let (user, item) = (user_ids.id(pair[1].user as usize), item_ids.id(pair[1].item as usize));
            let message = format!(
                "found two ratings of item {item:?} by user {user:?} (data rows {} and {}, counted from 0), expected one",
                pair[0].source_row, pair[1].source_row
            );
            return Err(self.data_error(
                message,
                Some("allowed: duplicates = \"first\", \"last\" or \"mean\" in [data] keeps one".into()),
            ));
        }
        let mut kept: Vec<Row> = Vec::with_capacity(before);
        let mut dropped = Vec::new();
        for group in self.rows.chunk_by(same) {
            let mut row = if policy == Duplicates::First { group[0] } else { group[group.len() - 1] };
            if policy == Duplicates::Mean {
                row.rating = (group.iter().map(|row| f64::from(row.rating)).sum::<f64>() / group.len() as f64) as f32;
            }
            dropped.extend(group.iter().map(|other| (other.source_row, row.source_row)).filter(|(a, b)| a != b));
            kept.push(row);
        }
        let count = before - kept.len();
        self.rows = kept;
        if count > 0 {
            let rule = match policy {
                Duplicates::First => "the earliest rating is kept",
                Duplicates::Mean => "their mean is kept",
                Duplicates::Last | Duplicates::Error => "the latest rating is kept",
            };
            let message = format!("{} of a (user, item) pair that was rated again: {rule}", plural(count, "row"));
            self.notes.push(Note { code: "duplicate-pairs", count: count as u64, message });
        }
        Ok(dropped)
    }

    fn catalog(&mut self, item_numbers: &[u32]) -> Catalog {
        let n_items = item_numbers.len();
        let names: BTreeSet<&str> = self.genres.values().flatten().map(String::as_str).collect();
        let genre_names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let numbers: HashMap<&str, u16> =
            names.iter().enumerate().map(|(number, &name)| (name, number as u16)).collect();
        let (mut titles, mut genres) = (vec![String::new(); n_items], vec![Vec::new(); n_items]);
        for (old, &new) in item_numbers.iter().enumerate() {
            let (old, new) = (old as u32, new as usize);
            if let Some(title) = self.titles.remove(&old) {
                titles[new] = title;
            }
            let mut list: Vec<u16> =
                self.genres.get(&old).into_iter().flatten().map(|name| numbers[name.as_str()]).collect();
            list.sort_unstable();
            list.dedup();
            genres[new] = list;
        }
        Catalog { titles, genre_names, genres, tags: Vec::new() }
    }

    /// The tags in canonical order. A tagger has the number of the user with that id; those who are no user follow in the order of their ids.
    fn tags(&mut self, user_ids: &IdMap, item_numbers: &[u32]) -> Vec<Tag> {
        let (tagger_ids, renumbered) = std::mem::take(&mut self.taggers).into_sorted();
        let mut others = user_ids.len() as u32..;
        let number = |id| user_ids.number(id).or_else(|| others.next()).map_or(UserIndex(u32::MAX), UserIndex);
        let taggers: Vec<UserIndex> = tagger_ids.iter().map(number).collect();
        let tag = |(item, tagger, text): (u32, u32, String)| Tag {
            item: ItemIndex(item_numbers[item as usize]),
            tagger: taggers[renumbered[tagger as usize] as usize],
            text,
        };
        let mut tags: Vec<Tag> = std::mem::take(&mut self.tags).into_iter().map(tag).collect();
        tags.sort_unstable();
        tags
    }
}

fn content_hash(
    ratings: &Ratings,
    has_timestamps: bool,
    user_ids: &IdMap,
    item_ids: &IdMap,
    catalog: &Catalog,
) -> crate::key::Key {
    let mut bytes = Vec::with_capacity(ratings.len() * 20);
    for row in 0..ratings.len() {
        bytes.extend_from_slice(&ratings.users[row].0.to_le_bytes());
        bytes.extend_from_slice(&ratings.items[row].0.to_le_bytes());
        bytes.extend_from_slice(&ratings.values[row].to_le_bytes());
        bytes.extend_from_slice(&ratings.timestamps[row].to_le_bytes());
    }
    let mut key =
        KeyBuilder::new("dataset 3").number(u64::from(has_timestamps)).number(ratings.len() as u64).bytes(&bytes);
    for id in user_ids.iter() {
        key = key.text(id);
    }
    for (item, id) in item_ids.iter().enumerate() {
        key = key.text(id).text(&catalog.titles[item]).text(&catalog.genre_text(item));
    }
    for tag in &catalog.tags {
        key = key.number(u64::from(tag.item.0)).number(u64::from(tag.tagger.0)).text(&tag.text);
    }
    key.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(rows: &[(&str, &str, f32, i64)], duplicates: Duplicates) -> Result<Dataset> {
        let mut builder = DatasetBuilder::new(Path::new("ratings.csv"));
        for &(user, item, rating, timestamp) in rows {
            builder.rating(user, item, rating, timestamp);
        }
        builder.finish("test", duplicates)
    }

    #[test]
    fn row_order_does_not_change_the_data_set() {
        let rows = [("10", "b", 3.0, 5), ("9", "a", 4.0, 6), ("10", "a", 2.0, 7)];
        let mut reversed = rows;
        reversed.reverse();
        let (a, b) = (build(&rows, Duplicates::Last).unwrap(), build(&reversed, Duplicates::Last).unwrap());
        assert_eq!(a.hash, b.hash);
        assert_eq!(a.ratings.values, [4.0, 2.0, 3.0]);
        assert_eq!(a.ratings.source_rows, [1, 2, 0]);
        assert_ne!(a.hash, build(&[("10", "b", 3.5, 5), rows[1], rows[2]], Duplicates::Last).unwrap().hash);
    }

    #[test]
    fn zero_timestamps_are_not_none() {
        let mut builder = DatasetBuilder::new(Path::new("ratings.csv"));
        builder.rating("1", "1", 3.0, 0);
        let with = builder.clone().finish("test", Duplicates::Last).unwrap();
        builder.without_timestamps();
        assert_ne!(with.hash, builder.finish("test", Duplicates::Last).unwrap().hash);
    }

    #[test]
    fn duplicates_follow_the_policy_and_are_counted() {
        let rows = [("1", "1", 5.0, 20), ("1", "1", 2.0, 10), ("1", "2", 3.0, 1)];
        let first = |policy| build(&rows, policy).unwrap().ratings.values[0];
        assert_eq!((first(Duplicates::Last), first(Duplicates::First), first(Duplicates::Mean)), (5.0, 2.0, 3.5));
        let notes = build(&rows, Duplicates::Last).unwrap().notes;
        assert_eq!((notes[0].code, notes[0].count), ("duplicate-pairs", 1));
        assert!(build(&rows, Duplicates::Error).unwrap_err().to_string().contains("data rows 1 and 0"));
    }

    #[test]
    fn the_catalog_follows_the_items_and_knows_no_empty_genre() {
        let mut builder = DatasetBuilder::new(Path::new("x"));
        builder.rating("1", "7", 4.0, 0);
        assert!(builder.item("2", "Two", ["Drama", "Comedy"].into_iter()));
        assert!(builder.item("3", "Three", ["(no genres listed)"].into_iter()));
        assert!(!builder.item("2", "again", [""; 0].into_iter()));
        let data = builder.finish("t", Duplicates::Last).unwrap();
        assert_eq!(data.catalog.titles, ["Two", "Three", ""]);
        assert_eq!(data.catalog.genre_text(0), "Comedy|Drama");
        assert_eq!(data.catalog.genres[1], Vec::<u16>::new());
        assert_eq!(data.notes[0].code, "items-outside-catalog");
    }

    #[test]
    fn tags_know_their_tagger_and_whoever_rated_nothing_is_numbered_behind_the_users() {
        let build = |tags: &[(&str, &str, &str)]| {
            let mut builder = DatasetBuilder::new(Path::new("x"));
            builder.rating("20", "7", 4.0, 0);
            builder.rating("3", "7", 4.0, 0);
            tags.iter().for_each(|&(user, item, text)| builder.tag(user, item, text));
            builder.finish("t", Duplicates::Last).unwrap()
        };
        let tags = [("9", "7", "b"), ("20", "7", "a"), ("10", "7", "c"), ("3", "7", "d"), ("4", "8", "lost")];
        let data = build(&tags);
        // Users 3 and 20 are 0 and 1; taggers 9 and 10 follow as 2 and 3. Nobody rated item 8.
        let found: Vec<(u32, &str)> = data.catalog.tags.iter().map(|tag| (tag.tagger.0, tag.text.as_str())).collect();
        assert_eq!(found, [(0, "d"), (1, "a"), (2, "b"), (3, "c")]);
        let mut turned = tags;
        turned.reverse();
        assert_eq!(data.hash, build(&turned).hash);
        turned[1].0 = "20";
        assert_ne!(data.hash, build(&turned).hash, "who tagged is part of the content");
    }

    #[test]
    fn no_rows_are_an_error() {
        assert!(matches!(build(&[], Duplicates::Last), Err(Error::Data { .. })));
    }
}
