//! Fetching a known data set: over HTTPS, to a temporary file, unpacked beside its place, and put there by one rename.

use super::archive::{self, Limits, Member};
use super::registry::Known;
use super::staging::{self, Temporary};
use crate::error::{Error, Result, shown};
use crate::parallel;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

/// Largest archive accepted; the largest published one has 265 MB.
pub const MAX_ARCHIVE: u64 = 1 << 30;

const MAX_REDIRECTS: usize = 5;

/// What to fetch, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Fetch<'a> {
    /// The data set.
    pub known: &'static Known,
    /// The folder that gets a folder of the data set's name.
    pub data_dir: &'a Path,
    /// Another address than the published one: `https`, or `http` on this machine.
    pub url: Option<&'a str>,
    /// Whether a folder that is there already is replaced.
    pub force: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It was there already.
    Present(PathBuf),
    /// It is there now, with these files.
    New(PathBuf, Vec<&'static str>),
}

impl Fetch<'_> {
    /// Fetches; says on stderr from where, under which license, and how far it is. On failure nothing is left and nothing was changed.
    ///
    /// # Errors
    /// [`Error::Usage`] for an address that is not allowed or a folder in the way, [`Error::Io`] for the network and the disk, [`Error::Data`] for an
    /// archive that is not as expected, [`Error::Interrupted`].
    pub fn run(&self) -> Result<Fetched> {
        let (known, target) = (self.known, self.data_dir.join(self.known.name));
        if target.symlink_metadata().is_ok() && !self.force {
            if known.is_in(&target) {
                return Ok(Fetched::Present(target));
            }
            let message = format!("{} exists but lacks {}", target.display(), known.required.join(", "));
            return Err(Error::usage(message, "add what is missing, or fetch with --force to replace the folder"));
        }
        let url = self.url.unwrap_or(known.url);
        allowed(url)?;
        eprintln!("{}: {}\n  license: {} ({})", known.name, shown(url), known.license, known.license_url);
        let (archive, mut file) = Temporary::file(&target)?;
        self.download(url, &archive.0, &mut file)?;
        drop(file);
        let staging = Temporary::folder(&target)?;
        let member = |required| move |&file: &&'static str| Member { file, required };
        let members: Vec<Member> =
            known.required.iter().map(member(true)).chain(known.optional.iter().map(member(false))).collect();
        let files = archive::unpack(&archive.0, known.folder, &members, &staging.0, Limits::default())?;
        staging::sync_folder(&staging.0)?;
        self.put(&staging.0, &target)?;
        Ok(Fetched::New(target, files))
    }

    /// Renames the folder into place; one that is there is moved aside before and, of it, what rexp put there is removed after.
    fn put(&self, staging: &Path, target: &Path) -> Result<()> {
        let aside = target.with_file_name(format!(".{}.{}.old", self.known.name, std::process::id()));
        let replaced = target.symlink_metadata().is_ok();
        if replaced {
            fs::rename(target, &aside).map_err(Error::io(target, "move"))?;
        }
        if let Err(reason) = fs::rename(staging, target) {
            if replaced {
                // Best effort: the first error is the one to tell.
                let _ = fs::rename(&aside, target);
            }
            return Err(Error::io(target, "create")(reason));
        }
        staging::sync_folder(staging::parent_of(target))?;
        if replaced {
            self.known
                .required
                .iter()
                .chain(self.known.optional)
                .for_each(|file| drop(fs::remove_file(aside.join(file))));
            let gone = fs::remove_dir(&aside).or_else(|_| fs::remove_file(&aside));
            if gone.is_err() {
                eprintln!("warning: files that rexp does not know were kept in {}", aside.display());
            }
        }
        Ok(())
    }

    fn download(&self, url: &str, path: &Path, file: &mut File) -> Result<()> {
        let failed = |url: &str, reason: io::Error| {
            let hint = format!("{reason}\n  without a network: {}", self.known.by_hand(self.data_dir));
            Error::Io {
                path: PathBuf::from(shown(url)),
                action: "download",
                source: io::Error::new(reason.kind(), hint),
            }
        };
        let (url, response) = follow(url, &failed)?;
        let length = response.body().content_length();
        let too_large =
            || failed(&url, io::Error::other(format!("found more than {MAX_ARCHIVE} bytes, expected less")));
        if length.is_some_and(|length| length > MAX_ARCHIVE) {
            return Err(too_large());
        }
        let progress = Progress::new(length);
        let mut body = response.into_body().into_with_config().limit(MAX_ARCHIVE + 1).reader();
        let mut buffer = vec![0; 128 << 10];
        let mut total = 0;
        loop {
            parallel::check()?;
            let n = body.read(&mut buffer).map_err(|reason| failed(&url, reason))?;
            if n == 0 {
                break;
            }
            total += n as u64;
            if total > MAX_ARCHIVE {
                return Err(too_large());
            }
            file.write_all(&buffer[..n]).map_err(Error::io(path, "write"))?;
            progress.at(total);
        }
        if length.is_some_and(|length| length != total) {
            return Err(failed(&url, io::Error::other(format!("the connection ended after {total} bytes"))));
        }
        progress.finish(total);
        file.sync_all().map_err(Error::io(path, "write"))
    }
}

/// Refuses an address that is neither `https` nor `http` on this machine.
fn allowed(url: &str) -> Result<()> {
    let refuse = |why: &str| {
        let message = format!("found the address {:?}: {why}", shown(url));
        Err(Error::usage(message, "expected https://…, or http:// with 127.0.0.1, [::1] or localhost"))
    };
    let Ok(uri) = url.parse::<Uri>() else { return refuse("not an address") };
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) | (Some("http"), Some("127.0.0.1" | "[::1]" | "localhost")) => Ok(()),
        (Some("http"), Some(_)) => refuse("not encrypted"),
        _ => refuse("neither https nor http"),
    }
}

/// Whether an allowed address is one of this machine.
fn is_local(url: &str) -> bool {
    url.starts_with("http://")
}

/// Asks for an address, and for the one it names instead, a few times; each must be allowed.
fn follow(url: &str, failed: &dyn Fn(&str, io::Error) -> Error) -> Result<(String, Response<Body>)> {
    let agent: Agent = Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .accept_encoding("")
        .user_agent(concat!("rexp/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(Duration::from_secs(20)))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)))
        .build()
        .into();
    let mut url = url.to_owned();
    for _ in 0..=MAX_REDIRECTS {
        allowed(&url)?;
        let request = agent.get(&url);
        // A proxy cannot reach this machine.
        let request = if is_local(&url) { request.config().proxy(None).build() } else { request };
        let response = request.call().map_err(|reason| failed(&url, reason.into_io()))?;
        let status = response.status();
        if status.is_success() {
            return Ok((url, response));
        }
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        match location {
            Some(location) if status.is_redirection() => {
                let next = absolute(&url, location);
                if is_local(&next) && !is_local(&url) {
                    return Err(failed(&url, io::Error::other("the server redirects to this machine")));
                }
                url = next;
            }
            _ => return Err(failed(&url, io::Error::other(format!("the server answered {status}")))),
        }
    }
    Err(failed(&url, io::Error::other(format!("more than {MAX_REDIRECTS} redirects"))))
}

/// A redirect's target: whole addresses as they are, paths on the same server.
fn absolute(url: &str, location: &str) -> String {
    if !location.starts_with('/') || location.starts_with("//") {
        return location.to_owned();
    }
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..].find('/').map_or(url.len(), |at| after_scheme + at);
    format!("{}{location}", &url[..end])
}

/// A bar on a terminal; in a pipe, one line at the end.
struct Progress(Option<ProgressBar>);

impl Progress {
    fn new(length: Option<u64>) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        // The template is a constant without style names that could be unknown; a default bar would do as well.
        if let Ok(style) = ProgressStyle::with_template("  {bar:30} {bytes} of {total_bytes} ({bytes_per_sec}, {eta})")
        {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    fn at(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
        }
    }

    fn finish(&self, bytes: u64) {
        match &self.0 {
            Some(bar) => bar.finish_and_clear(),
            None => eprintln!("  downloaded {bytes} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::registry;
    use std::net::TcpListener;

    /// A server on this machine that gives each answer once, in order, to whoever asks; its address.
    fn serve(answers: Vec<Vec<u8>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                stream.write_all(&answer).unwrap();
            }
        });
        address
    }

    fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }

    fn archive_of(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn good() -> Vec<u8> {
        archive_of(&[("ml-1m/ratings.dat", "1::2::3::4\n"), ("ml-1m/movies.dat", "2::Two::Drama\n"), ("ml-1m/x", "")])
    }

    fn run(dir: &Path, url: &str, force: bool) -> Result<Fetched> {
        Fetch { known: registry::known("ml-1m").unwrap(), data_dir: dir, url: Some(url), force }.run()
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_data_set_is_fetched_once_and_again_only_by_force() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("data");
        let moved = answer("302 Found", "Location: /there.zip\r\n", b"");
        let url = serve(vec![moved, answer("200 OK", "", &good()), answer("200 OK", "", &good())]);
        let folder = dir.join("ml-1m");
        assert_eq!(run(&dir, &url, false).unwrap(), Fetched::New(folder.clone(), vec!["ratings.dat", "movies.dat"]));
        assert_eq!(
            (names(&dir), names(&folder)),
            (vec!["ml-1m".into()], vec!["movies.dat".into(), "ratings.dat".into()])
        );
        let located = registry::locate("ml-1m", Some(&dir)).unwrap();
        assert_eq!(located.read(crate::dataset::Duplicates::Last).unwrap().catalog.titles, ["Two"]);
        assert_eq!(run(&dir, &url, false).unwrap(), Fetched::Present(folder.clone()));
        fs::write(folder.join("ratings.dat"), "damaged").unwrap();
        assert!(matches!(run(&dir, &url, true).unwrap(), Fetched::New(..)));
        assert_eq!(fs::read_to_string(folder.join("ratings.dat")).unwrap(), "1::2::3::4\n");
        assert_eq!(names(&dir), ["ml-1m"]);
    }

    #[test]
    fn a_failure_leaves_nothing_and_keeps_what_was_there() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("ml-1m")).unwrap();
        fs::write(home.path().join("ml-1m/ratings.dat"), "mine").unwrap();
        let mut cut = answer("200 OK", "", &good());
        cut.truncate(cut.len() - 9);
        let cases = [
            (answer("404 Not Found", "", b"no"), "the server answered 404 Not Found"),
            (cut, "cannot download"),
            (answer("200 OK", "", b"<html>"), "found a damaged zip archive"),
            (answer("200 OK", "", &archive_of(&[("ml-1m/movies.dat", "")])), "found no ml-1m/ratings.dat"),
            (answer("200 OK", "", &archive_of(&[("ml-1m/ratings.dat", ""), ("../x", "")])), "a path that climbs"),
            (answer("302 Found", "Location: http://example.org/\r\n", b""), "not encrypted"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n".to_vec(), "found more than 1073741824 bytes"),
        ];
        for (answer, expected) in cases {
            let message = run(home.path(), &serve(vec![answer]), true).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert_eq!(names(home.path()), ["ml-1m"], "{expected}");
        }
        assert_eq!(fs::read_to_string(home.path().join("ml-1m/ratings.dat")).unwrap(), "mine");
        let circle = answer("302 Found", "Location: /\r\n", b"");
        let message = run(home.path(), &serve(vec![circle; 9]), true).unwrap_err().to_string();
        assert!(message.contains("more than 5 redirects"), "{message}");
    }

    #[test]
    fn without_a_network_the_files_and_their_place_are_told() {
        let home = tempfile::tempdir().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = run(home.path(), &format!("http://{closed}/"), false).unwrap_err();
        let hint = format!(
            "put ratings.dat (and, if you have them, movies.dat, users.dat) into {}",
            home.path().join("ml-1m").display()
        );
        assert!(error.to_string().ends_with(&format!("\n  without a network: {hint}")), "{error}");
        assert_eq!((error.exit_code(), names(home.path()).len()), (1, 0));
    }

    #[test]
    fn only_encrypted_addresses_and_this_machine_are_asked() {
        for url in
            ["http://files.grouplens.org/x.zip", "file:///x", "ftp://127.0.0.1/", "x", "http://127.0.0.1.example.org/"]
        {
            assert!(matches!(allowed(url), Err(Error::Usage { .. })), "{url}");
        }
        for url in
            ["https://files.grouplens.org/x.zip", "http://127.0.0.1:80/x", "http://[::1]:8/", "http://localhost/"]
        {
            assert!(allowed(url).is_ok(), "{url}");
        }
        assert_eq!(absolute("https://a.b/c/d", "/e"), "https://a.b/e");
    }

    #[test]
    fn files_of_the_user_survive_a_forced_fetch() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("ml-1m");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        let message = run(home.path(), "http://127.0.0.1:1/", false).unwrap_err().to_string();
        assert!(message.contains("exists but lacks ratings.dat"), "{message}");
        run(home.path(), &serve(vec![answer("200 OK", "", &good())]), true).unwrap();
        let kept = names(home.path()).into_iter().find(|name| name.ends_with(".old")).unwrap();
        assert_eq!(fs::read_to_string(home.path().join(kept).join("notes.txt")).unwrap(), "mine");
    }
}
