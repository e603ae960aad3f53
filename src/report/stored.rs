//! Pages of comparisons again, from what the store kept of them.

use super::comparison::page_name;
use super::files::folder_name;
use super::{write_ab, write_comparison};
use crate::compare::ab::AbTest;
use crate::compare::comparison::Comparison;
use crate::error::Result;
use crate::store::inference::ComparisonRow;
use std::path::{Path, PathBuf};

/// Writes the page of a stored comparison or test, byte by byte what was written when it was made. Returns its path, or `None` for one that another version of
/// rexp has kept in another form: it has to be asked again.
///
/// # Errors
/// [`crate::Error::Io`] if a file cannot be written.
pub fn write_stored(row: &ComparisonRow, reports: &Path) -> Result<Option<PathBuf>> {
    if row.kind == "ab" {
        let found = serde_json::from_str::<AbTest>(&row.result).ok();
        return found.map(|found| write_ab(&found, reports)).transpose();
    }
    let found = serde_json::from_str::<Comparison>(&row.result).ok();
    found.map(|found| write_comparison(&found, reports)).transpose()
}

/// Where a stored comparison is shown.
pub(super) struct Place {
    /// Folder of its page.
    pub folder: String,
    /// Its protocol, and what was asked beyond the sides.
    pub setting: String,
    /// Its data set; empty where an older version has not said.
    pub dataset: String,
}

/// Where a stored comparison is shown, as far as one can tell without understanding all of it.
pub(super) fn place(row: &ComparisonRow) -> Place {
    let result: serde_json::Value = serde_json::from_str(&row.result).unwrap_or_default();
    let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
    let asked = result["asked"].as_array().into_iter().flatten();
    let asked: Vec<String> = asked.filter_map(|option| Some(option.as_str()?.to_owned())).collect();
    let sides: Vec<&str> = row.sides.iter().map(String::as_str).collect();
    let setting = std::iter::once(text("protocol")).chain(asked.iter().cloned()).collect::<Vec<_>>().join(" ");
    Place { folder: folder_name(&page_name(&row.kind, &sides, &asked)), setting, dataset: text("dataset") }
}
