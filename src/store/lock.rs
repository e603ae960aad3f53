//! Who is at work: a run is live while a process holds a lock on its file. A killed process leaves the file but not the lock.

use crate::error::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A shared lock on a run: several processes may work on one.
#[derive(Debug)]
pub struct RunLock {
    file: Option<File>,
    path: PathBuf,
}

impl RunLock {
    /// Marks a run as live until dropped.
    ///
    /// # Errors
    /// [`Error::Io`] when the lock file cannot be made.
    pub fn hold(db: &Path, run_id: &str) -> Result<Self> {
        let folder = folder(db);
        let path = folder.join(run_id);
        loop {
            let made = fs::create_dir_all(&folder);
            let file = match made.and_then(|()| File::options().create(true).truncate(false).write(true).open(&path)) {
                // Another process that finished has just removed the folder.
                Err(reason) if matches!(reason.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => continue,
                file => file.map_err(Error::io(&path, "make"))?,
            };
            file.lock_shared().map_err(Error::io(&path, "lock"))?;
            // Another process that finished may have removed the file between the two steps above.
            if is_same(&file, &path) {
                return Ok(Self { file: Some(file), path });
            }
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        // Only the last holder gets the exclusive lock, and removes the file while nobody can be waiting for it unnoticed.
        if file.unlock().is_ok() && file.try_lock().is_ok() && is_same(&file, &self.path) {
            let _ = fs::remove_file(&self.path);
            // Fails while other runs are live, as it should.
            let _ = self.path.parent().map(fs::remove_dir);
        }
    }
}

/// Whether a process works on a run.
pub fn is_live(db: &Path, run_id: &str) -> bool {
    let Ok(file) = File::options().read(true).open(folder(db).join(run_id)) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
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
        fs::write(folder(&db).join("abc"), "").unwrap();
        assert!(!is_live(&db, "abc"));
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
