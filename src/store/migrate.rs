//! Which version a store has, and how an older one is brought forward.

use super::open::{failed, plain};
use crate::error::{Error, Result, shown};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::path::{Path, PathBuf};

/// `REXP` in ASCII: marks the file as ours.
const APPLICATION_ID: i32 = 0x5245_5850;

/// The views of a store, for people; rexp itself reads none.
const VIEWS: &[&str] = &["leaderboard"];

/// Every migration, oldest first. One that was released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_statistics.sql"),
    include_str!("migrations/0003_agreement.sql"),
    include_str!("migrations/0004_relevant.sql"),
    include_str!("migrations/0005_exhibits.sql"),
    include_str!("migrations/0006_cpu.sql"),
];

/// Refuses a file that is a database of another program, or of a newer rexp.
pub fn recognize(connection: &Connection, path: &Path) -> Result<()> {
    let refuse = |message: String| Err(Error::Store { path: path.to_owned(), message });
    let (application, version, n_tables) = identity(connection).map_err(failed(path))?;
    let is_new = application == 0 && version == 0 && n_tables == 0;
    if application != APPLICATION_ID && !is_new {
        return refuse("it is the database of another program; name another file with --db".into());
    }
    if usize::try_from(version).is_ok_and(|version| version > MIGRATIONS.len()) {
        let newest = MIGRATIONS.len();
        return refuse(format!("it has version {version}, this rexp knows up to {newest}; use a newer rexp"));
    }
    // A view in the place of a table would be a program that runs when the table is read.
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT IN (SELECT value FROM json_each(?1))";
    let ours = serde_json::json!(VIEWS).to_string();
    match connection.query_row(sql, [ours], |row| row.get::<_, String>(0)).optional().map_err(failed(path))? {
        Some(view) => refuse(format!("it holds a view {} that rexp did not make", shown(&view))),
        None => Ok(()),
    }
}

/// Application, version and number of tables, as of one moment: another process may be making the store.
fn identity(connection: &Connection) -> rusqlite::Result<(i32, i32, i64)> {
    let moment = connection.unchecked_transaction()?;
    let sql = "SELECT count(*) FROM sqlite_schema";
    let n_tables = moment.query_row(sql, [], |row| row.get(0))?;
    let out = (pragma(&moment, "application_id")?, pragma(&moment, "user_version")?, n_tables);
    moment.finish()?;
    Ok(out)
}

/// Refuses to read a store that must be brought forward first.
pub fn is_current(connection: &Connection, path: &Path) -> Result<()> {
    let version = pragma(connection, "user_version").map_err(failed(path))?;
    if usize::try_from(version).is_ok_and(|version| version == MIGRATIONS.len()) {
        return Ok(());
    }
    let message = match version {
        0 => "it is empty; run an experiment first".to_owned(),
        _ => format!(
            "it has the older version {version}, this rexp reads {}; `rexp run FILE` with this --db brings it forward, and leaves the old one beside it as *.v{version}.bak",
            MIGRATIONS.len()
        ),
    };
    Err(Error::Store { path: path.to_owned(), message })
}

/// Brings a store to the newest version, in one transaction, after a copy of the older one.
pub fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    apply(connection, path, MIGRATIONS)
}

fn apply(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<()> {
    loop {
        let version = pragma(connection, "user_version").map_err(failed(path))?;
        let done = usize::try_from(version).unwrap_or(0);
        if done >= migrations.len() {
            return Ok(());
        }
        if done > 0 {
            back_up(connection, path, version)?;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(path))?;
        // Another process may have done it while this one waited for the lock.
        if pragma(&transaction, "user_version").map_err(failed(path))? != version {
            continue;
        }
        for migration in &migrations[done..] {
            transaction.execute_batch(migration).map_err(failed(path))?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed(path))?;
        transaction.pragma_update(None, "user_version", migrations.len() as i64).map_err(failed(path))?;
        return transaction.commit().map_err(failed(path));
    }
}

/// Copies the store beside itself, under the first free name.
fn back_up(connection: &Connection, path: &Path, version: i32) -> Result<()> {
    let named = |number: u32| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(if number == 1 { format!(".v{version}.bak") } else { format!(".v{version}.{number}.bak") });
        path.with_file_name(name)
    };
    let copy: PathBuf = (1..u32::MAX).map(named).find(|copy| !copy.exists()).unwrap_or_else(|| named(1));
    let temporary = copy.with_extension(format!("{}.tmp", std::process::id()));
    let text = plain(&temporary).to_string_lossy().into_owned();
    connection.execute("VACUUM INTO ?1", [text]).map_err(failed(path))?;
    std::fs::rename(&temporary, &copy).map_err(Error::io(&copy, "write"))
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_store_is_copied_and_brought_forward() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s.sqlite");
        let mut connection = Connection::open(&path).unwrap();
        let first = "CREATE TABLE a (x INTEGER);";
        apply(&mut connection, &path, &[first]).unwrap();
        connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
        apply(&mut connection, &path, &[first, "ALTER TABLE a ADD COLUMN y INTEGER;"]).unwrap();
        assert_eq!(connection.query_row("SELECT x FROM a WHERE y IS NULL", [], |row| row.get::<_, i64>(0)).unwrap(), 7);
        let copy = Connection::open(home.path().join("s.sqlite.v1.bak")).unwrap();
        assert!(copy.prepare("SELECT y FROM a").is_err() && copy.prepare("SELECT x FROM a").is_ok());
    }

    #[test]
    fn a_migration_that_fails_leaves_the_store_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s.sqlite");
        let mut connection = Connection::open(&path).unwrap();
        let broken = ["CREATE TABLE a (x INTEGER); CREATE TABLE b (", ""];
        assert!(apply(&mut connection, &path, &broken[..1]).is_err());
        assert_eq!(pragma(&connection, "user_version").unwrap(), 0);
        assert!(connection.prepare("SELECT x FROM a").is_err());
    }

    #[test]
    fn sqlite_is_a_version_without_the_wal_reset_race() {
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }
}
