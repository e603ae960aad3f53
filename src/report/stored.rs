//! Pages of comparisons again, from what the store kept of them.

use super::comparison::page_name;
use super::files::folder_name;
use super::{write_ab, write_comparison};
use crate::compare::ab::AbTest;
use crate::compare::comparison::Comparison;
use crate::error::Result;
use crate::store::inference::{ComparisonRow, Setting};
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

/// The folder of a stored comparison's page.
pub(super) fn folder(row: &ComparisonRow, setting: &Setting) -> String {
    let sides: Vec<&str> = row.sides.iter().map(String::as_str).collect();
    folder_name(&page_name(&row.kind, &sides, &setting.asked))
}
