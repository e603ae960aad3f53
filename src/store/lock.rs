//! Who is at work: a run is live while a process holds a lock on a file of its own. A killed process leaves the file but not the lock.
//!
//! The holder's lock is exclusive and who looks takes a shared one, so that many who look at once never take each other for a run.

use crate::error::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The mark of one process at work on a run: several may be.
#[derive(Debug)]
pub struct RunLock {
    /// Locked until dropped.
    _file: File,
    path: PathBuf,
}

impl RunLock {
    /// Marks a run as live until dropped.
    ///
    /// # Errors
    /// [`Error::Io`] when the lock file cannot be made, or the id could be a path.
    pub fn hold(db: &Path, run_id: &str) -> Result<Self> {
        let folder = folder(db);
        if !is_id(run_id) {
            let reason = io::Error::new(ErrorKind::InvalidInput, "it is not the id of a run");
            return Err(Error::io(&folder, "make")(reason));
        }
        for slot in 0_u64.. {
            let path = folder.join(format!("{run_id}.{slot}"));
            if let Some(file) = take(&folder, &path).map_err(Error::io(&path, "lock"))? {
                return Ok(Self { _file: file, path });
            }
        }
        unreachable!("there are more slots than processes")
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        // Fails while other runs are live, as it should.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

/// The file of a slot, locked; `None` when another process has it.
fn take(folder: &Path, path: &Path) -> io::Result<Option<File>> {
    loop {
        let made = fs::create_dir_all(folder);
        let file = match made.and_then(|()| open(File::options().create(true).truncate(false).write(true), path)) {
            // Another process that finished has just removed the folder.
            Err(reason)
                if matches!(reason.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) && !folder.is_file() =>
            {
                continue;
            }
            file => file?,
        };
        match file.try_lock() {
            Ok(()) if is_same(&file, path) => return Ok(Some(file)),
            // Its holder removed it between the two steps above.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(reason)) => return Err(reason),
        }
    }
}

/// Whether a process works on a run.
pub fn is_live(db: &Path, run_id: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder(db)) else { return false };
    let is_held = |path: PathBuf| {
        open(File::options().read(true), &path)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    };
    let of_run = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == run_id);
    entries.flatten().map(|entry| entry.path()).filter(of_run).any(is_held)
}

/// Ids are hexadecimal digits: never a path.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Opens a lock file; a pipe that somebody put there would block, a link would lead elsewhere.
fn open(options: &fs::OpenOptions, path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
        _ => options.open(path),
    }
}

/// The folder of lock files, beside the database.
fn folder(db: &Path) -> PathBuf {
    let mut name = db.file_name().unwrap_or_default().to_owned();
    name.push(".live");
    db.with_file_name(name)
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |about: fs::Metadata| (about.dev(), about.ino());
    file.metadata()
        .map(identity)
        .ok()
        .zip(fs::metadata(path).map(identity).ok())
        .is_some_and(|(own, there)| own == there)
}

#[cfg(not(unix))]
fn is_same(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_live_while_somebody_holds_it_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let db = home.path().join("s.sqlite");
        assert!(!is_live(&db, "abc"));
        let (first, second) = (RunLock::hold(&db, "abc").unwrap(), RunLock::hold(&db, "abc").unwrap());
        assert!(is_live(&db, "abc") && !is_live(&db, "abd"));
        drop(first);
        assert!(is_live(&db, "abc"));
        drop(second);
        assert!(!is_live(&db, "abc"));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_without_a_lock_is_not_live() {
        let home = tempfile::tempdir().unwrap();
        let db = home.path().join("s.sqlite");
        fs::create_dir(folder(&db)).unwrap();
        fs::write(folder(&db).join("abc.0"), "").unwrap();
        assert!(!is_live(&db, "abc"));
        drop(RunLock::hold(&db, "abc").unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn holders_come_and_go_at_once() {
        let home = tempfile::tempdir().unwrap();
        let db = home.path().join("s.sqlite");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..50).for_each(|_| drop(RunLock::hold(&db, "abc").unwrap())));
            }
        });
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
