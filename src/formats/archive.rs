//! Unpacking a data set's archive: named files only, and not one byte more than a data set may have.
//!
//! An archive is read as if its author meant harm. Files are created under the names rexp expects, never under names the archive gives; an archive that holds
//! a link, an absolute path, `..` or a backslash is refused whole, since no published one does; sizes are counted while reading, whatever the headers claim.

use crate::error::{Error, Result, shown};
use crate::parallel;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// How much an archive may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all files taken from it.
    pub unpacked_bytes: u64,
    /// Unpacked bytes per packed byte of a file, beyond its first mebibyte. Tables of ratings have about 5; a bomb has a thousand.
    pub ratio: u64,
    /// Entries of any kind.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unpacked_bytes: 4 << 30, ratio: 100, entries: 1_000 }
    }
}

/// A file to take from an archive.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name inside the folder.
    pub file: &'static str,
    /// Whether the archive must hold it.
    pub required: bool,
}

/// Takes the members that stand under `prefix/` in an archive and writes them, synced, into an existing folder. Returns the names written.
///
/// # Errors
/// [`Error::Data`] for anything that is not a plain archive of the expected files within the limits, [`Error::Io`], [`Error::Interrupted`].
pub fn unpack(
    archive: &Path,
    prefix: &str,
    members: &[Member],
    folder: &Path,
    limits: Limits,
) -> Result<Vec<&'static str>> {
    let refuse = |message: String| Error::Data {
        path: archive.to_owned(),
        line: None,
        column: None,
        message,
        help: Some("the archive is not what the data set's publisher offers; nothing of it was kept".into()),
    };
    let broken = |reason: ZipError| match reason {
        ZipError::Io(reason) => Error::io(archive, "read")(reason),
        other => refuse(format!("found a damaged zip archive ({}), expected a whole one", shown(&other.to_string()))),
    };
    let file = File::open(archive).map_err(Error::io(archive, "read"))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if zip.len() > limits.entries {
        return Err(refuse(format!("found {} entries, expected at most {}", zip.len(), limits.entries)));
    }
    let mut places = vec![None; members.len()];
    for number in 0..zip.len() {
        let entry = zip.by_index_raw(number).map_err(broken)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if let Some(harm) = harm(&name, entry.unix_mode()) {
            return Err(refuse(format!("found the entry {:?} ({harm}), expected plain files", shown(&name))));
        }
        let known = members.iter().position(|member| name.strip_prefix(prefix) == Some(&format!("/{}", member.file)));
        if let Some(member) = known
            && places[member].replace(number).is_some()
        {
            return Err(refuse(format!("found the entry {:?} twice, expected it once", shown(&name))));
        }
    }
    if let Some((member, _)) = members.iter().zip(&places).find(|(member, place)| member.required && place.is_none()) {
        return Err(refuse(format!("found no {prefix}/{}, expected it", member.file)));
    }
    let mut left = limits.unpacked_bytes;
    let mut written = Vec::new();
    for (member, place) in members.iter().zip(places) {
        let Some(number) = place else { continue };
        let mut entry = zip.by_index(number).map_err(broken)?;
        let by_ratio = (entry.compressed_size().saturating_mul(limits.ratio)).saturating_add(1 << 20);
        let path = folder.join(member.file);
        match copy(&mut entry, &path, archive, by_ratio.min(left))? {
            Some(bytes) => left -= bytes,
            None if by_ratio < left => {
                let message =
                    format!("found {} to be packed more than {} times, expected less", member.file, limits.ratio);
                return Err(refuse(message));
            }
            None => return Err(refuse(format!("found more than {} bytes, expected less", limits.unpacked_bytes))),
        }
        written.push(member.file);
    }
    Ok(written)
}

/// Why no honest archive of ratings has such an entry.
fn harm(name: &str, mode: Option<u32>) -> Option<&'static str> {
    const KIND: u32 = 0o170_000;
    let kind = mode.map_or(0, |mode| mode & KIND);
    if name.contains('\\') {
        Some("a backslash")
    } else if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        Some("an absolute path")
    } else if name.split('/').any(|part| part == "..") {
        Some("a path that climbs")
    } else if name.contains('\0') {
        Some("a zero byte")
    } else if !matches!(kind, 0 | 0o100_000 | 0o040_000) {
        Some("a link or device")
    } else {
        None
    }
}

/// Copies at most `limit` bytes into a new file and syncs it; `None` when there are more.
fn copy(entry: &mut impl Read, path: &Path, archive: &Path, limit: u64) -> Result<Option<u64>> {
    let mut file = File::create_new(path).map_err(Error::io(path, "create"))?;
    let mut buffer = vec![0; 256 << 10];
    let mut total = 0;
    loop {
        parallel::check()?;
        // Also where a checksum that does not match is reported.
        let n = entry.read(&mut buffer).map_err(Error::io(archive, "unpack"))?;
        if n == 0 {
            file.sync_all().map_err(Error::io(path, "write"))?;
            return Ok(Some(total));
        }
        total += n as u64;
        if total > limit {
            return Ok(None);
        }
        file.write_all(&buffer[..n]).map_err(Error::io(path, "write"))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const MEMBERS: &[Member] =
        &[Member { file: "ratings.csv", required: true }, Member { file: "tags.csv", required: false }];

    /// What unpacking an archive of these entries gives, and what it leaves in the folder.
    fn unpacked(limits: Limits, fill: impl FnOnce(&mut ZipWriter<File>)) -> (Result<Vec<&'static str>>, Vec<String>) {
        let home = tempfile::tempdir().unwrap();
        let (archive, folder) = (home.path().join("a.zip"), home.path().join("out"));
        let mut writer = ZipWriter::new(File::create(&archive).unwrap());
        fill(&mut writer);
        writer.finish().unwrap();
        fs::create_dir(&folder).unwrap();
        let result = unpack(&archive, "ml", MEMBERS, &folder, limits);
        let mut left: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2, "something was written outside the folder");
        (result, left)
    }

    fn add(writer: &mut ZipWriter<File>, name: &str, bytes: &[u8]) {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }

    #[test]
    fn expected_files_are_taken_and_others_left() {
        let (result, left) = unpacked(Limits::default(), |zip| {
            zip.add_directory("ml/", SimpleFileOptions::default()).unwrap();
            add(zip, "ml/genome.csv", b"x");
            add(zip, "ml/ratings.csv", b"1,2,3");
            add(zip, "tags.csv", b"not in the folder");
        });
        assert_eq!((result.unwrap(), left), (vec!["ratings.csv"], vec!["ratings.csv".to_owned()]));
    }

    #[test]
    fn entries_that_would_leave_the_folder_refuse_the_archive() {
        for name in ["../evil.csv", "ml/../../evil.csv", "/evil.csv", "ml\\evil.csv", "C:/evil.csv", "ml/.."] {
            let (result, left) = unpacked(Limits::default(), |zip| {
                add(zip, "ml/ratings.csv", b"1");
                add(zip, name, b"evil");
            });
            let message = result.unwrap_err().to_string();
            assert!(message.contains("expected plain files") && left.is_empty(), "{name}: {message} {left:?}");
        }
        let (result, left) = unpacked(Limits::default(), |zip| {
            zip.add_symlink("ml/ratings.csv", "../../secret", SimpleFileOptions::default()).unwrap();
        });
        let message = result.unwrap_err().to_string();
        assert!(message.contains("\"ml/ratings.csv\" (a link or device)") && left.is_empty(), "{message}");
    }

    #[test]
    fn bombs_and_floods_are_stopped_while_reading() {
        let zeros = vec![0_u8; 8 << 20];
        let (result, _) = unpacked(Limits::default(), |zip| add(zip, "ml/ratings.csv", &zeros));
        let message = result.unwrap_err().to_string();
        assert!(message.contains("found ratings.csv to be packed more than 100 times"), "{message}");
        let small = Limits { unpacked_bytes: 1_000, ..Limits::default() };
        let (result, _) = unpacked(small, |zip| add(zip, "ml/ratings.csv", &zeros[..1_001]));
        assert!(result.unwrap_err().to_string().contains("found more than 1000 bytes"));
        let (result, _) = unpacked(small, |zip| add(zip, "ml/ratings.csv", &zeros[..1_000]));
        assert!(result.is_ok());
        let few = Limits { entries: 1, ..Limits::default() };
        let (result, _) = unpacked(few, |zip| {
            add(zip, "ml/ratings.csv", b"1");
            add(zip, "ml/tags.csv", b"1");
        });
        assert!(result.unwrap_err().to_string().contains("found 2 entries, expected at most 1"));
    }

    #[test]
    fn missing_files_damage_and_other_files_are_told() {
        let (result, _) = unpacked(Limits::default(), |zip| add(zip, "ml/tags.csv", b"x"));
        assert!(result.unwrap_err().to_string().contains("found no ml/ratings.csv, expected it"));
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.zip");
        fs::write(&path, "<html>not found</html>").unwrap();
        let message = unpack(&path, "ml", MEMBERS, home.path(), Limits::default()).unwrap_err().to_string();
        assert!(message.contains("found a damaged zip archive"), "{message}");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("ml/ratings.csv", stored).unwrap();
        writer.write_all(b"1,2,3,4,5,6").unwrap();
        writer.finish().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(5).position(|part| part == b"1,2,3").unwrap();
        bytes[at] = b'9';
        fs::write(&path, bytes).unwrap();
        let message = unpack(&path, "ml", MEMBERS, home.path(), Limits::default()).unwrap_err().to_string();
        assert!(message.contains("cannot unpack"), "{message}");
    }
}
