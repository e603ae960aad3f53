//! Build script: a fingerprint of the source, so that a run knows which code made its numbers.
//!
//! A commit id would miss local edits, and a source archive has none; a hash over `src/` has neither fault. Folders that only show what is in the store are left
//! out: another caption makes no other number. The commit is
//! recorded as well when the folder is a git checkout, by reading `.git` (no program is started).

use std::{fs, path::Path, path::PathBuf};

/// What only shows numbers.
const SHOWING: [&str; 3] = ["src/cli", "src/plots", "src/report"];

fn main() {
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=Cargo.lock");
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/refs/heads");
    let mut files = vec![PathBuf::from("Cargo.lock")];
    collect(Path::new("src"), &mut files);
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in &files {
        let name = file.to_string_lossy().into_owned().into_bytes();
        for byte in name.into_iter().chain(fs::read(file).unwrap_or_default()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    println!("cargo:rustc-env=REXP_SOURCE_HASH={hash:016x}");
    println!("cargo:rustc-env=REXP_COMMIT={}", commit(Path::new(".git")).unwrap_or_default());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if SHOWING.iter().any(|folder| path == Path::new(folder)) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The commit `HEAD` names, looked up in `refs/` and then in `packed-refs`.
fn commit(git: &Path) -> Option<String> {
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(reference) = head.trim().strip_prefix("ref: ") else { return Some(head.trim().to_owned()) };
    if let Ok(id) = fs::read_to_string(git.join(reference)) {
        return Some(id.trim().to_owned());
    }
    let packed = fs::read_to_string(git.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| line.strip_suffix(reference).map(|id| id.trim().to_owned()))
}
