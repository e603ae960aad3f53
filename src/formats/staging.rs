//! A folder that is whole or absent: made under a temporary name beside its place, then renamed.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Lets `make` fill a new temporary folder beside `target`, makes it durable, and renames it to `target`, which must not exist. On failure nothing is left.
///
/// # Errors
/// What `make` returns, and [`Error::Io`] when the folder cannot be made, synced or renamed.
pub fn publish<T>(target: &Path, make: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let staging = Temporary::folder(target)?;
    let made = make(&staging.0)?;
    sync_folder(&staging.0)?;
    fs::rename(&staging.0, target).map_err(Error::io(target, "create"))?;
    // What is left of the guard is a name that no longer exists.
    sync_folder(parent_of(target))?;
    Ok(made)
}

/// A file or folder that is removed when dropped.
#[derive(Debug)]
pub struct Temporary(pub PathBuf);

impl Temporary {
    /// A new empty folder beside `target`, whose missing parents are made.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be made.
    pub fn folder(target: &Path) -> Result<Self> {
        let path = Self::name(target, "unpacking")?;
        fs::create_dir(&path).map_err(Error::io(&path, "create"))?;
        Ok(Self(path))
    }

    /// A new empty file beside `target`, whose missing parents are made.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be made.
    pub fn file(target: &Path) -> Result<(Self, File)> {
        let path = Self::name(target, "download")?;
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        Ok((Self(path.clone()), file.map_err(Error::io(&path, "create"))?))
    }

    /// A hidden name of this process. One that a killed process of the same number left behind is removed.
    fn name(target: &Path, what: &str) -> Result<PathBuf> {
        let parent = parent_of(target);
        fs::create_dir_all(parent).map_err(Error::io(parent, "create"))?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = parent.join(format!(".{name}.{}.{what}", std::process::id()));
        remove(&path);
        Ok(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes a file or folder as far as possible: what cannot be removed is only untidy.
fn remove(path: &Path) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
}

/// The folder that holds `target`.
pub fn parent_of(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename in a folder durable.
///
/// # Errors
/// [`Error::Io`] when the system cannot.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder, "sync"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_whole_or_absent() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("deep").join("name");
        let failed = publish(&target, |staging| {
            fs::write(staging.join("half"), "x").unwrap();
            Err::<(), _>(Error::usage("no", "no"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(home.path().join("deep")).unwrap().count(), 0);
        publish(&target, |staging| fs::write(staging.join("whole"), "x").map_err(Error::io(staging, "write"))).unwrap();
        assert!(target.join("whole").exists());
        assert_eq!(fs::read_dir(home.path().join("deep")).unwrap().count(), 1);
    }
}
