//! Names and files of a page. A folder's name is never a name from a TOML: it is a slug of it, with a hash where the slug says less.

use crate::error::{Error, Result};
use crate::key::KeyBuilder;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

/// Longest slug.
const LONGEST: usize = 60;

/// A folder name for an experiment: its name if that is plain, else a slug and eight digits of the name's hash, so that no two names share a folder.
pub fn folder_name(name: &str) -> String {
    let slug = slug(name);
    if slug == name && !looks_hashed(name) { slug } else { format!("{slug}-{}", hash(name)) }
}

/// Lower-case letters, digits and single dashes; never empty.
pub fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => out.push(c),
            _ if out.is_empty() || out.ends_with('-') => {}
            _ => out.push('-'),
        }
        if out.len() >= LONGEST {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "unnamed".to_owned() } else { out.to_owned() }
}

/// Whether a plain name ends as the folder of another name might.
fn looks_hashed(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, end)| end.len() == 8 && end.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn hash(name: &str) -> String {
    KeyBuilder::new("report folder").text(name).finish().short()[..8].to_owned()
}

/// The folder of a page, while it is written. Another process that writes the same page waits.
pub struct Folder {
    path: PathBuf,
    /// Held until the page is there; `None` where folders cannot be locked: two writers then may mix their figures, but never tear a file.
    lock: Option<File>,
}

impl Folder {
    /// Makes the folder, and keeps others out.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be made.
    pub fn open(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).map_err(Error::io(&path, "create"))?;
        let lock = File::open(&path).ok().filter(|folder| folder.lock().is_ok());
        Ok(Self { path, lock })
    }

    /// Writes a file whole or not at all: to a temporary name in the same folder, to the disk, then renamed.
    ///
    /// # Errors
    /// [`Error::Io`] with the path and the system's reason; the temporary file is removed.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!("{name}.{}{TEMPORARY}", std::process::id()));
        let written = (|| {
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        })();
        match written {
            Ok(()) => Ok(path),
            Err(error) => {
                // The write has failed already; that its remains cannot be removed either adds nothing.
                let _ = fs::remove_file(&temporary);
                Err(Error::io(&path, "write")(error))
            }
        }
    }

    /// Removes what earlier pages left: figures that the page no longer has, and temporary files of writers that were killed. Files of other names stay.
    /// What cannot be removed stays too: the page is whole without this.
    pub fn sweep(&self, keep: &[&str]) {
        let Some(entries) = self.lock.as_ref().and_then(|_| fs::read_dir(&self.path).ok()) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| is_ours(name) && !keep.contains(&name)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// How the names of temporary files end.
const TEMPORARY: &str = ".rexp-tmp";

/// How the names of figures begin.
const FIGURES: &[&str] = &[
    "leaderboard-",
    "importance-",
    "learning-",
    "forest-",
    "differences-",
    "segments-",
    "power-",
    "ranks",
    "trade-off-",
    "calibration-",
    "scores-",
    "ratings-over-time",
    "long-tail",
];

/// Whether a file is a page's: its figures begin as `figures` names them.
pub(super) fn is_ours(name: &str) -> bool {
    let is_figure = FIGURES.iter().any(|start| name.starts_with(start));
    name.ends_with(TEMPORARY) || name.ends_with(".png") && (is_figure || name.contains("-at-k-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in
            ["../../etc/passwd", "..", ".", "/", "", "a/b", "a\\b", "C:", "\0", "con.", "é", "-x", &"x".repeat(300)]
        {
            let folder = folder_name(name);
            assert!(folder.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{folder}");
            assert!(!folder.is_empty() && folder.len() <= LONGEST + 9 && !folder.starts_with('-'), "{folder}");
        }
    }

    #[test]
    fn names_with_equal_slugs_have_different_folders() {
        assert_eq!(folder_name("gb-stack"), "gb-stack");
        let folders: std::collections::BTreeSet<_> = ["a b", "a-b", "A b", "a/b", "é", "è"].map(folder_name).into();
        assert_eq!(folders.len(), 6);
        assert_ne!(folder_name(&folder_name("a b")), folder_name("a b"));
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path().join("page")).unwrap();
        fs::create_dir(place.path().join("page/taken")).unwrap();
        assert!(folder.write("taken", b"x").is_err());
        assert_eq!(fs::read_dir(place.path().join("page")).unwrap().count(), 1);
        let written = folder.write("a", b"new").unwrap();
        assert_eq!(fs::read(written).unwrap(), b"new");
        assert_eq!(fs::read_dir(place.path().join("page")).unwrap().count(), 2);
    }

    #[test]
    fn remains_of_earlier_pages_go_and_other_files_stay() {
        let place = tempfile::tempdir().unwrap();
        let names =
            ["importance-old-gain.png", "leaderboard-rated.png", "index.html.77.rexp-tmp", "mine.png", "notes.txt"];
        for name in names {
            fs::write(place.path().join(name), "x").unwrap();
        }
        Folder::open(place.path().to_owned()).unwrap().sweep(&["leaderboard-rated.png"]);
        let is_there = |name: &&str| place.path().join(name).exists();
        let left: Vec<_> = names.into_iter().filter(is_there).collect();
        assert_eq!(left, ["leaderboard-rated.png", "mine.png", "notes.txt"]);
    }
}
