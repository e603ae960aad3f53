//! For the tests of this folder: small data sets, and the golden files of other implementations.

use super::{FittedModel, TrainData};
use crate::dataset::{Dataset, DatasetBuilder, Duplicates, Interactions, ItemIndex, UserIndex};
use crate::error::{Problem, Source};
use crate::kind::Reader;
use crate::tree::{self, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A data set and all of its ratings as training part.
pub struct Data {
    pub dataset: Dataset,
    pub interactions: Interactions,
}

impl Data {
    fn new(builder: DatasetBuilder) -> Self {
        let dataset = builder.finish("golden", Duplicates::Error).unwrap();
        let rows: Vec<u32> = (0..dataset.n_rows() as u32).collect();
        let interactions = Interactions::new(&dataset, &rows);
        Self { dataset, interactions }
    }

    /// What a model is fitted on, seed 42.
    pub fn train(&self) -> TrainData<'_> {
        TrainData { dataset: &self.dataset, interactions: &self.interactions, seed: 42 }
    }

    /// The number of a user; one that no user has for an unknown id.
    pub fn user(&self, id: &str) -> UserIndex {
        UserIndex(self.dataset.user_ids.number(id).unwrap_or(9_999))
    }

    /// The number of an item; one that no item has for an unknown id.
    pub fn item(&self, id: &str) -> ItemIndex {
        ItemIndex(self.dataset.item_ids.number(id).unwrap_or(9_999))
    }
}

/// A row of a CSV file by column name.
pub type Row = BTreeMap<String, String>;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models").join(name)
}

/// The rows of a golden CSV file.
pub fn table(name: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path(name)).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| header.iter().zip(&record).map(|(k, v)| (k.into(), v.into())).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// A golden JSON file.
pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}

/// `ratings.csv` with `genres.csv` as catalog.
pub fn ratings() -> Data {
    let mut builder = DatasetBuilder::new(Path::new("ratings.csv"));
    for row in table("ratings.csv") {
        builder.rating(&row["user"], &row["item"], row["rating"].parse().unwrap(), 0);
    }
    for row in table("genres.csv") {
        builder.item(&row["item"], "", row["genres"].split('|'));
    }
    Data::new(builder)
}

/// The same with titles and tags.
pub fn tagged() -> Data {
    let mut builder = DatasetBuilder::new(Path::new("ratings.csv"));
    for row in table("ratings.csv") {
        builder.rating(&row["user"], &row["item"], row["rating"].parse().unwrap(), 0);
    }
    for (titled, row) in table("titles.csv").into_iter().zip(table("genres.csv")) {
        assert_eq!(titled["item"], row["item"]);
        builder.item(&row["item"], &titled["title"], row["genres"].split('|'));
    }
    table("tags.csv").iter().for_each(|row| builder.tag(&row["user"], &row["item"], &row["tag"]));
    Data::new(builder)
}

/// A data set of these (user, item, rating) rows, without a catalog.
pub fn small(rows: &[(&str, &str, f32)]) -> Data {
    let mut builder = DatasetBuilder::new(Path::new("small.csv"));
    rows.iter().for_each(|&(user, item, rating)| builder.rating(user, item, rating, 0));
    Data::new(builder)
}

/// A data set of these (user, item, rating, time) rows, without a catalog.
pub fn timed(rows: &[(&str, &str, f32, i64)]) -> Data {
    let mut builder = DatasetBuilder::new(Path::new("timed.csv"));
    rows.iter().for_each(|&(user, item, rating, time)| builder.rating(user, item, rating, time));
    Data::new(builder)
}

/// [`small`], without timestamps.
pub fn without_times(rows: &[(&str, &str, f32)]) -> Data {
    let mut builder = DatasetBuilder::new(Path::new("small.csv"));
    builder.without_timestamps();
    rows.iter().for_each(|&(user, item, rating)| builder.rating(user, item, rating, 0));
    Data::new(builder)
}

/// Ratings of `n_users` users on `n_items` items with a long tail: few items have many ratings, the last one has none; genres on three items of four.
pub fn generated(n_users: u32, n_items: u32) -> Data {
    let mut builder = DatasetBuilder::new(Path::new("generated.csv"));
    for user in 0..n_users {
        for item in 0..n_items - 1 {
            let hash = crate::rng::tie_hash(7, user, item);
            if hash % u64::from(item / 8 + 4) < 2 + u64::from(user % 5) {
                let rating = ((hash >> 32) % 10 + 1) as f32 / 2.0;
                builder.rating(&user.to_string(), &item.to_string(), rating, 0);
            }
        }
    }
    for item in 0..n_items {
        let names = ["Action", "Comedy", "Drama", "War"];
        let genres = (0..item % 4).map(|at| names[((item / 4 + at) % 4) as usize]);
        builder.item(&item.to_string(), "", genres);
    }
    Data::new(builder)
}

/// What `read` makes of a TOML text that stands in the file `name`, or the problems it found.
pub fn read<T>(name: &str, text: &str, read: impl Fn(&Reader<'_>) -> T) -> Result<T, Vec<Problem>> {
    let root = tree::parse(&Arc::new(Source { name: name.into(), text: text.into() })).unwrap();
    let Value::Table(table) = &root.value else { unreachable!() };
    let problems = RefCell::default();
    let reader = Reader::new(table, root.place.clone(), "models.test", &problems);
    let out = read(&reader);
    reader.finish();
    drop(reader);
    let problems = problems.into_inner();
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// Score of one pair.
pub fn score(fitted: &dyn FittedModel, user: UserIndex, item: ItemIndex) -> f32 {
    let mut out = [f32::NAN];
    fitted.score(user, &[item], &mut out);
    out[0]
}

/// Largest `|score - column|` over the rows with `user` and `item`.
pub fn largest_difference(data: &Data, rows: &[Row], column: &str, fitted: &dyn FittedModel) -> f64 {
    assert!(!rows.is_empty());
    let difference = |row: &Row| {
        let found = f64::from(score(fitted, data.user(&row["user"]), data.item(&row["item"])));
        (found - row[column].parse::<f64>().unwrap()).abs()
    };
    rows.iter().map(difference).fold(0.0, f64::max)
}
