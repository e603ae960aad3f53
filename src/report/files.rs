//! Names and files of a page. A folder's name is never a name from a TOML: it is a slug of it, with a hash where the slug says less.

use crate::error::{Error, Result};
use crate::key::KeyBuilder;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

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

/// Writes a file whole or not at all: to a temporary name in the same folder, to the disk, then renamed.
///
/// # Errors
/// [`Error::Io`] with the path and the system's reason; the temporary file is removed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = Path::new(&temporary);
    let written = (|| {
        let mut file = File::create(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(temporary, path)
    })();
    written.map_err(|error| {
        // The write has failed already; that its remains cannot be removed either adds nothing.
        let _ = fs::remove_file(temporary);
        Error::io(path, "write")(error)
    })
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
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write_whole(&folder.path().join("taken"), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_whole(&folder.path().join("a"), b"new").unwrap();
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"new");
    }
}
