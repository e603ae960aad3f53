//! Opening a store: safely, also when others do so at the same time, and only if it is one.

use super::migrate;
use crate::error::{Error, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a process waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(60);

/// File systems on which the shared memory of WAL mode does not work.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "glusterfs",
    "afs",
    "9p",
    "fuse.sshfs",
];

/// An open store.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    note: Option<String>,
}

impl Store {
    /// Opens a store to write, and makes it if there is none.
    ///
    /// # Errors
    /// [`Error::Store`] when the file is not a store, is newer than this program, or cannot be opened; [`Error::Io`] when its folder cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        regular_or_absent(path)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(Error::io(folder, "make"))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(plain(path), flags).map_err(failed(path))?;
        harden(&connection).map_err(failed(path))?;
        migrate::recognize(&connection, path)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed(path))?;
        let note = on_network(path).map(|kind| {
            format!("{} is on a network file system ({kind}): write-ahead logging is off; let each task write a store of its own", path.display())
        });
        let mode = if note.is_some() { "DELETE" } else { "WAL" };
        journal(&connection, mode).map_err(failed(path))?;
        let mut store = Self { connection, path: path.to_owned(), note };
        migrate::migrate(&mut store.connection, path)?;
        Ok(store)
    }

    /// Opens a store to read, and leaves it as it is.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is none, [`Error::Store`] when the file is not a store of this version.
    pub fn open_read(path: &Path) -> Result<Self> {
        if !path.exists() {
            let help = "run an experiment first (`rexp run FILE`), or name the database with --db";
            return Err(Error::usage(format!("there is no database {}", path.display()), help));
        }
        regular_or_absent(path)?;
        // A connection that could write takes the companion files of WAL mode away when it closes; it is told not to write.
        let reading = |access| {
            let connection = Connection::open_with_flags(plain(path), access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            harden(&connection)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        };
        let connection = reading(OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| reading(OpenFlags::SQLITE_OPEN_READ_ONLY))
            .or_else(|error: rusqlite::Error| match error.sqlite_error_code() {
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => frozen(path),
                _ => Err(error),
            });
        let connection = connection.map_err(failed(path))?;
        migrate::recognize(&connection, path)?;
        migrate::is_current(&connection, path)?;
        // It is a store of ours: the last to leave takes the companion files of WAL mode away.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed(path))?;
        Ok(Self { connection, path: path.to_owned(), note: None })
    }

    /// The connection, for reading.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the user should know about where the store is.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// The name of a file for SQLite, which takes `:memory:` and `file:…` for something else unless a folder stands before it.
pub(super) fn plain(path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) }
}

/// For `map_err`: an error of the database file.
pub(super) fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> Error {
    let path = path.to_owned();
    move |error| {
        let message = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => "it is not a SQLite database".into(),
            Some(ErrorCode::DatabaseCorrupt) => format!(
                "{error}: pages of the file are damaged; go back to a backup, or run the experiments again into a new file"
            ),
            _ => error.to_string(),
        };
        Error::Store { path: path.clone(), message }
    }
}

/// A store from somebody else is data: nothing in it may run.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // Closing would write the log of a killed program into its database; whose it is shows only later.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The first read of the file: what is wrong with it shows here.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map(drop)
}

/// Sets the journal mode. While others open the same new file SQLite answers "locked" without asking the busy handler, so this asks again.
fn journal(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        let set = connection.pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0));
        match set {
            Err(error) if is_busy(&error) && start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            set => {
                // WAL never corrupts without syncing every commit; a rollback journal might.
                let synchronous = if set? == "wal" { "NORMAL" } else { "FULL" };
                return connection.pragma_update(None, "synchronous", synchronous);
            }
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// A store in a folder where nothing can be written has no place for the files of WAL mode: it is read as one that does not change.
fn frozen(path: &Path) -> rusqlite::Result<Connection> {
    let escaped: String = path.to_string_lossy().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    harden(&connection)?;
    Ok(connection)
}

/// A database is a file; a device or a pipe would hang.
fn regular_or_absent(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(about) if !about.is_file() => {
            Err(Error::Store { path: path.to_owned(), message: "it is not a regular file".into() })
        }
        _ => Ok(()),
    }
}

/// The kind of the network file system that a path is on, if it is on one and the system tells.
fn on_network(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (at, kind) = (fields.nth(1)?, fields.next()?);
        folder.starts_with(at.replace("\\040", " ")).then_some((at.len(), kind))
    });
    let (_, kind) = mounted.max_by_key(|(length, _)| *length)?;
    NETWORK.contains(&kind).then(|| kind.to_owned())
}
