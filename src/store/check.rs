//! Is the store whole? And copying it while others write.

use super::blob;
use super::exhibits::Example;
use super::open::{Store, failed, plain};
use super::read::all;
use crate::error::{Error, Result};
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::path::Path;
use std::time::Duration;

/// Pages copied before others get a turn.
const PAGES: i32 = 1024;

const BLOBS: &str = "SELECT trial.run_id, user_list.n_users, user_value.value_blob FROM user_value
    JOIN trial ON trial.id = user_value.trial_id JOIN user_list ON user_list.id = user_value.user_list_id";
const FACTS: &str = "SELECT trial.run_id, user_list.n_users, user_fact.value_blob FROM user_fact
    JOIN trial ON trial.id = user_fact.trial_id JOIN user_list ON user_list.id = user_fact.user_list_id";
const LISTS: &str = "SELECT trial.run_id, user_list.n_users, ranking.list_blob FROM ranking
    JOIN trial ON trial.id = ranking.trial_id JOIN user_list ON user_list.id = ranking.user_list_id";

const RELEVANT: &str = "SELECT min(trial.run_id), user_list.n_users, relevant.item_blob FROM relevant
    JOIN trial ON trial.split_id = relevant.split_id JOIN user_list ON user_list.id = relevant.user_list_id GROUP BY relevant.split_id";

/// Faults that show in numbers: the runs they are in, and what to say.
const NUMBERS: &[(&str, &str)] = &[
    (
        "SELECT DISTINCT run_id FROM trial JOIN history ON history.trial_id = trial.id WHERE abs(history.value) > 1e300",
        "a learning curve holds a number that is not finite",
    ),
    (
        "SELECT DISTINCT run_id FROM trial JOIN importance ON importance.trial_id = trial.id WHERE abs(importance.value) > 1e300",
        "an importance is not finite",
    ),
    (
        "SELECT DISTINCT run_id FROM trial JOIN user_value ON user_value.trial_id = trial.id JOIN user_list ON user_list.id = user_value.user_list_id
         WHERE NOT json_valid(user_ids) OR json_array_length(user_ids) <> n_users",
        "a list of users is damaged",
    ),
];

const EXAMPLES: &str =
    "SELECT run_id, seed, protocol, position, content FROM example JOIN trial ON trial.id = trial_id";

/// Tables whose rows belong to a trial and refer to other tables besides.
const OF_TRIAL: &[&str] = &[
    "metric_value",
    "omission",
    "user_value",
    "user_segment",
    "user_fact",
    "ranking",
    "importance",
    "example",
    "score_range",
    "calibration_bin",
    "score_likeness",
];

impl Store {
    /// Everything that is damaged, one sentence each; nothing for a whole store.
    ///
    /// # Errors
    /// [`Error::Store`] when the file cannot even be read.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut out = self.damage().map_err(failed(&self.path))?;
        out.dedup();
        Ok(out)
    }

    fn damage(&self) -> rusqlite::Result<Vec<String>> {
        let db = &self.connection;
        let mut out: Vec<String> = all(db, "PRAGMA integrity_check(20)", [], |row| row.get(0))?;
        out.retain(|line| line != "ok");
        if !out.is_empty() {
            // What is read from broken pages would say nothing.
            return Ok(out);
        }
        out.extend(broken_references(db)?);
        out.extend(blobs(db, BLOBS, "values of users", |bytes, n| blob::decode_values(bytes, n).is_some())?);
        out.extend(blobs(db, FACTS, "facts about users", |bytes, n| blob::decode_values(bytes, n).is_some())?);
        out.extend(blobs(db, LISTS, "top lists", |bytes, n| blob::decode_lists(bytes, n).is_some())?);
        out.extend(blobs(db, RELEVANT, "relevant items", |bytes, n| blob::decode_items(bytes, n).is_some())?);
        let damaged = all(db, EXAMPLES, [], |row| {
            let (run, seed, protocol): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let number = row.get::<_, i64>(3)? + 1;
            let is_whole = Example::read(row.get_ref(4)?.as_str()?).is_some();
            Ok((!is_whole).then(|| format!("run {run}: seed {seed}, {protocol}: example {number} is damaged")))
        });
        out.extend(damaged?.into_iter().flatten());
        for (sql, what) in NUMBERS {
            out.extend(all(db, sql, [], |row| Ok(format!("run {}: {what}", row.get::<_, String>(0)?)))?);
        }
        let sql = "SELECT run.id, run.n_trials, count(trial.id) FROM run LEFT JOIN trial ON trial.run_id = run.id GROUP BY run.id HAVING count(trial.id) > run.n_trials OR count(trial.id) = 0";
        out.extend(all(db, sql, [], |row| {
            let (run, asked, there): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(format!("run {run} has {there} trials of {asked}"))
        })?);
        Ok(out)
    }

    /// Copies the store into a new file, safely while others write.
    ///
    /// # Errors
    /// [`Error::Usage`] when the target exists, [`Error::Store`] and [`Error::Io`] when it cannot be written.
    pub fn backup(&self, target: &Path) -> Result<()> {
        if target.symlink_metadata().is_ok() {
            return Err(Error::usage(format!("{} is there already", target.display()), "name a new file"));
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let copied = self.copy(&temporary).map_err(failed(target));
        let placed = copied.and_then(|()| std::fs::rename(&temporary, target).map_err(Error::io(target, "write")));
        if placed.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        placed
    }

    fn copy(&self, to: &Path) -> rusqlite::Result<()> {
        let mut copy = Connection::open(plain(to))?;
        Backup::new(&self.connection, &mut copy)?.run_to_completion(PAGES, Duration::from_millis(1), None)?;
        // One file, without the companions of WAL mode.
        copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
    }
}

/// Rows that refer to what is not there, with the runs they are of where that can be told.
fn broken_references(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT DISTINCT \"table\", parent FROM pragma_foreign_key_check";
    let broken: Vec<(String, String)> = all(db, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut out = Vec::new();
    for (table, parent) in broken {
        let message = format!("a row of {table} refers to a row of {parent} that is not there");
        // Tables without row numbers do not tell which row it is, so that the runs are looked for from the trials.
        let of_trial = OF_TRIAL.contains(&table.as_str()) && parent != "trial";
        let runs: Vec<String> = if of_trial {
            let sql = format!(
                "SELECT DISTINCT run_id FROM trial JOIN {table} AS child ON child.trial_id = trial.id
                 WHERE NOT EXISTS (SELECT 1 FROM {parent} WHERE {parent}.id = child.{parent}_id) ORDER BY 1"
            );
            all(db, &sql, [], |row| row.get(0))?
        } else {
            Vec::new()
        };
        match runs.is_empty() {
            true => out.push(message),
            false => out.extend(runs.iter().map(|run| format!("run {run}: {message}"))),
        }
    }
    Ok(out)
}

/// The runs of which a blob cannot be read.
fn blobs(
    db: &Connection,
    sql: &str,
    what: &str,
    is_whole: impl Fn(&[u8], usize) -> bool,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut out: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        let n = usize::try_from(row.get::<_, i64>(1)?).unwrap_or(usize::MAX);
        if !is_whole(row.get_ref(2)?.as_blob()?, n) {
            let message = format!("run {}: {what} are damaged", row.get::<_, String>(0)?);
            if !out.contains(&message) {
                out.push(message);
            }
        }
    }
    Ok(out)
}
