//! Items by name: what the people who read lists need.

use super::open::{Store, failed};
use super::read::all;
use crate::error::Result;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// An item as the data name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// External id.
    pub id: String,
    /// Title; may be empty.
    pub title: String,
    /// Genres, joined by `|`; may be empty.
    pub genres: String,
}

impl Item {
    /// The title; without one the id.
    pub fn shown(&self) -> String {
        if self.title.is_empty() { format!("item {}", self.id) } else { self.title.clone() }
    }
}

const ITEMS: &str = "SELECT item_index, item_id, title, genres FROM item WHERE dataset_id = ?1
    AND item_index IN (SELECT value FROM json_each(?2))";

/// Items of a data set by their numbers; those that there are not are left out.
///
/// # Errors
/// What SQLite says.
pub fn items(db: &Connection, dataset: i64, wanted: &BTreeSet<u32>) -> rusqlite::Result<BTreeMap<u32, Item>> {
    let wanted = serde_json::json!(wanted).to_string();
    let rows = all(db, ITEMS, (dataset, wanted), |row| {
        Ok((row.get(0)?, Item { id: row.get(1)?, title: row.get(2)?, genres: row.get(3)? }))
    })?;
    Ok(rows.into_iter().collect())
}

impl Store {
    /// Items of a run's data set by their numbers; those that there are not are left out.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn items(&self, run: &str, wanted: &BTreeSet<u32>) -> Result<BTreeMap<u32, Item>> {
        let db = &self.connection;
        let dataset = db.query_row("SELECT dataset_id FROM run WHERE id = ?1", [run], |row| row.get(0));
        dataset.and_then(|dataset| items(db, dataset, wanted)).map_err(failed(&self.path))
    }
}
