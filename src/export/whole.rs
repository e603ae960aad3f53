//! A file that is there whole or not at all.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file on its way: under a temporary name in the same folder until it is finished, and gone if it never is.
pub struct WholeFile {
    path: PathBuf,
    temporary: PathBuf,
    /// `None` once finished.
    file: Option<BufWriter<File>>,
}

impl WholeFile {
    /// Begins a file, and makes its folder if there is none.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be made.
    pub fn begin(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(Error::io(folder, "make"))?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.rexp-tmp", std::process::id()));
        let file = File::create(&temporary).map_err(Error::io(path, "write"))?;
        Ok(Self { path: path.to_owned(), temporary, file: Some(BufWriter::new(file)) })
    }

    /// Where it is written until it is finished: for programs that open files themselves.
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Puts the file in its place, on the disk first.
    ///
    /// # Errors
    /// [`Error::Io`] with the system's reason; then there is no file.
    pub fn finish(mut self) -> Result<PathBuf> {
        if let Some(file) = self.file.take() {
            let placed = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
            let placed = placed.and_then(|()| fs::rename(&self.temporary, &self.path));
            if let Err(reason) = placed {
                let _ = fs::remove_file(&self.temporary);
                return Err(Error::io(&self.path, "write")(reason));
            }
        }
        Ok(self.path.clone())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What stopped the work has been reported; that its remains cannot be removed adds nothing.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/a.csv");
        let mut file = WholeFile::begin(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
        let mut file = WholeFile::begin(&path).unwrap();
        file.write_all(b"whole").unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read(file.finish().unwrap()).unwrap(), b"whole");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        let folder = home.path().join("taken");
        fs::create_dir(&folder).unwrap();
        assert!(WholeFile::begin(&folder).unwrap().finish().is_err());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
    }
}
