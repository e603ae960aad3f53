//! A store that somebody else made, or left in the middle of something.

use super::tests::{bundle, filled, split, trial};
use super::*;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::fs;
use std::path::{Path, PathBuf};

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap().to_owned();
    name.push(end);
    path.with_file_name(name)
}

/// A connection that leaves the write-ahead log behind, as a killed process does.
fn killed(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    connection
}

#[test]
fn the_unfinished_log_of_another_program_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("other.sqlite");
    let other = killed(&path);
    other.execute_batch("CREATE TABLE other (x); INSERT INTO other VALUES (1)").unwrap();
    drop(other);
    let bytes = || (fs::read(&path).unwrap(), fs::read(beside(&path, "-wal")).ok());
    let before = bytes();
    assert!(before.1.as_ref().is_some_and(|log| !log.is_empty()));
    assert!(Store::open(&path).is_err());
    assert_eq!(bytes(), before, "opened to write");
    assert!(Store::open_read(&path).is_err());
    assert_eq!(bytes(), before, "opened to read");
}

#[test]
fn triggers_do_not_fire_and_views_are_not_followed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s.sqlite");
    drop(filled(&path));
    let attacker = Connection::open(&path).unwrap();
    let trap = "CREATE TRIGGER trap AFTER INSERT ON trial BEGIN DELETE FROM metric_value; END;";
    attacker.execute_batch(trap).unwrap();
    drop(attacker);
    let mut store = Store::open(&path).unwrap();
    assert!(store.write_trial(&bundle("gbstack"), &split(), &trial(3)).unwrap());
    let n: i64 = store.connection().query_row("SELECT count(*) FROM metric_value", [], |row| row.get(0)).unwrap();
    assert_eq!(n, 6);
    drop(store);
    let endless =
        "DROP TABLE event; CREATE VIEW event AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT i AS id, 'x' AS level, 'x' AS code, i AS count, 'x' AS message, (SELECT id FROM run) AS run_id FROM n";
    Connection::open(&path).unwrap().execute_batch(endless).unwrap();
    for error in [Store::open_read(&path).unwrap_err(), Store::open(&path).unwrap_err()] {
        assert!(error.to_string().contains("view"), "{error}");
    }
}

#[test]
fn an_id_is_no_path_and_a_pipe_is_not_opened() {
    let home = tempfile::tempdir().unwrap();
    let db = home.path().join("s.sqlite");
    let outside = home.path().join("outside");
    let held = fs::File::create(&outside).unwrap();
    held.lock().unwrap();
    fs::create_dir(beside(&db, ".live")).unwrap();
    for id in ["../outside", outside.to_str().unwrap(), "", ".", "0123456789aB"] {
        assert!(!lock::is_live(&db, id), "{id}");
        assert!(lock::RunLock::hold(&db, id).is_err(), "{id}");
    }
}

#[test]
fn many_who_look_at_once_do_not_take_each_other_for_a_run() {
    let home = tempfile::tempdir().unwrap();
    let db = home.path().join("s.sqlite");
    let folder = beside(&db, ".live");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("0123456789ab.0"), "").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..2000).for_each(|_| assert!(!lock::is_live(&db, "0123456789ab"))));
        }
    });
}

#[test]
fn a_file_where_the_lock_folder_belongs_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let db = home.path().join("s.sqlite");
    fs::write(beside(&db, ".live"), "").unwrap();
    assert!(lock::RunLock::hold(&db, "0123456789ab").is_err());
}

#[test]
fn scores_that_are_not_finite_and_lists_of_another_length_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut store = Store::open(&home.path().join("s.sqlite")).unwrap();
    let mut cases = vec![trial(1); 4];
    cases[0].rankings[0].lists[0][0].1 = f32::INFINITY;
    cases[1].rankings[0].lists.pop();
    cases[2].user_values[0].values.pop();
    cases[3].relevant.as_mut().unwrap().items.pop();
    for bad in &cases {
        assert!(store.write_trial(&bundle("x"), &split(), bad).is_err());
    }
    let n: i64 = store.connection().query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap();
    assert_eq!(n, 0);
    let nan = blob::encode_lists(&[vec![(1, f32::NAN, 1)]]);
    assert_eq!(blob::decode_lists(&nan, 1), None);
}

#[test]
fn faults_name_their_run() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("s.sqlite");
    let id = bundle("gbstack").run.id;
    for fault in [
        "DELETE FROM metric",
        "UPDATE history SET value = 9e999",
        "UPDATE importance SET value = -9e999",
        "UPDATE user_list SET user_ids = '[\"u1\"]'",
    ] {
        let _ = fs::remove_file(&path);
        drop(filled(&path));
        Connection::open(&path).unwrap().execute_batch(&format!("PRAGMA foreign_keys = OFF; {fault}")).unwrap();
        let found = Store::open_read(&path).unwrap().check().unwrap();
        assert!(!found.is_empty() && found.iter().all(|line| line.contains(&id)), "{fault}: {found:?}");
    }
}
