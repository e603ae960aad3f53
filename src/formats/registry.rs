//! The data sets rexp knows by name, and how to find them and any other folder of ratings.
//!
//! None of them comes with rexp: their licenses ask that they are got from GroupLens. To add one, add an entry to [`DATASETS`].

use super::{FORMATS, Format};
use crate::dataset::{Dataset, Duplicates};
use crate::error::{Error, Result, shown};
use crate::kind::with_defaults;
use crate::suggest;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A data set rexp knows by name.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Where its archive is published.
    pub url: &'static str,
    /// Its kind in [`FORMATS`].
    pub format: &'static str,
    /// Folder inside the archive.
    pub folder: &'static str,
    /// Files without which it cannot be read.
    pub required: &'static [&'static str],
    /// Files taken from the archive if they are there.
    pub optional: &'static [&'static str],
    /// What its license asks for, in a sentence.
    pub license: &'static str,
    /// Where the license stands.
    pub license_url: &'static str,
    /// How to cite it.
    pub citation: &'static str,
}

const HARPER_KONSTAN: &str = "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. ACM TiiS 5, 4: 19:1–19:19. https://doi.org/10.1145/2827872";
const CLOSED: &str =
    "for research; acknowledge it in publications, ask GroupLens before redistribution and before commercial use";
const SHARED: &str = "for research; acknowledge it in publications, redistribute only under the same terms, ask GroupLens before commercial use";

const CSV: (&str, &[&str], &[&str]) =
    ("movielens-csv", &["ratings.csv"], &["movies.csv", "tags.csv", "links.csv", "README.txt"]);

macro_rules! known {
    ($name:literal, $about:literal, $format:expr, $folder:literal, $license:expr, $readme:literal) => {
        Known {
            name: $name,
            about: $about,
            url: concat!("https://files.grouplens.org/datasets/movielens/", $name, ".zip"),
            format: $format.0,
            folder: $folder,
            required: $format.1,
            optional: $format.2,
            license: $license,
            license_url: concat!("https://files.grouplens.org/datasets/movielens/", $name, $readme),
            citation: HARPER_KONSTAN,
        }
    };
}

/// Every data set there is a name for, smallest first.
pub const DATASETS: &[Known] = &[
    known!("ml-latest-small", "100,836 ratings, 610 users, 1996–2018", CSV, "ml-latest-small", SHARED, "-README.html"),
    known!(
        "ml-100k",
        "100,000 ratings, 943 users, 1997–1998",
        ("ml-100k", &["u.data"] as &[&str], &["u.item", "u.genre", "u.user", "README"] as &[&str]),
        "ml-100k",
        CLOSED,
        "-README.txt"
    ),
    known!(
        "ml-1m",
        "1,000,209 ratings, 6,040 users, 2000–2003",
        ("ml-dat", &["ratings.dat"] as &[&str], &["movies.dat", "users.dat", "README"] as &[&str]),
        "ml-1m",
        CLOSED,
        "-README.txt"
    ),
    known!(
        "ml-10m",
        "10,000,054 ratings, 69,878 users, 1995–2009",
        ("ml-dat", &["ratings.dat"] as &[&str], &["movies.dat", "tags.dat", "README.html"] as &[&str]),
        "ml-10M100K",
        CLOSED,
        "-README.html"
    ),
    known!("ml-20m", "20,000,263 ratings, 138,493 users, 1995–2015", CSV, "ml-20m", SHARED, "-README.html"),
    known!("ml-25m", "25,000,095 ratings, 162,541 users, 1995–2019", CSV, "ml-25m", SHARED, "-README.html"),
    known!("ml-32m", "32,000,204 ratings, 200,948 users, 1995–2023", CSV, "ml-32m", SHARED, "-README.html"),
];

/// The data set of a name.
pub fn known(name: &str) -> Option<&'static Known> {
    DATASETS.iter().find(|known| known.name == name)
}

/// Ratings that can be read: a format and where its files are.
#[derive(Debug)]
pub struct Located {
    /// What the data set is called.
    pub name: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// How to read them.
    pub format: Arc<dyn Format>,
}

impl Located {
    /// Reads it.
    ///
    /// # Errors
    /// Those of [`Format::read`].
    pub fn read(&self, duplicates: Duplicates) -> Result<Dataset> {
        self.format.read(&self.folder, &self.name, duplicates)
    }
}

/// Where data sets are looked for, in order: the given folder, `REXP_DATA_DIR`, `./data`.
pub fn data_dirs(data_dir: Option<&Path>) -> Vec<PathBuf> {
    let variable = std::env::var_os("REXP_DATA_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    data_dir.map(Path::to_owned).into_iter().chain(variable).chain([PathBuf::from("data")]).collect()
}

/// Where a data set is put: the first of [`data_dirs`].
pub fn target_dir(data_dir: Option<&Path>) -> PathBuf {
    // The list ends in ./data, so it is never empty.
    data_dirs(data_dir).into_iter().next().unwrap_or_default()
}

impl Known {
    /// Whether a folder holds what is needed to read it.
    pub fn is_in(&self, folder: &Path) -> bool {
        self.required.iter().all(|file| folder.join(file).is_file())
    }

    /// Its folder, if it is in one of these data folders, or if one of them is the folder itself.
    pub fn find(&self, dirs: &[PathBuf]) -> Option<PathBuf> {
        let inside = |dir: &PathBuf| {
            let own = |folder: &PathBuf| self.is_in(folder);
            [dir.join(self.name), dir.join(self.folder)].into_iter().find(own).or_else(|| self.itself(dir))
        };
        dirs.iter().find_map(inside)
    }

    /// The data folder itself, unless it bears the name of another data set.
    fn itself(&self, dir: &Path) -> Option<PathBuf> {
        let name = dir.canonicalize().ok()?;
        let name = name.file_name()?.to_string_lossy().into_owned();
        let another =
            DATASETS.iter().any(|known| known.name != self.name && (known.name == name || known.folder == name));
        (!another && self.is_in(dir)).then(|| dir.to_owned())
    }

    /// Which files to put where, to do without fetching.
    pub fn by_hand(&self, dir: &Path) -> String {
        let rest: Vec<&str> = self.optional.iter().copied().filter(|file| !file.starts_with("README")).collect();
        let target = dir.join(self.name);
        format!(
            "put {} (and, if you have them, {}) into {}",
            self.required.join(", "),
            rest.join(", "),
            target.display()
        )
    }
}

/// Finds a data set that rexp knows by name.
///
/// # Errors
/// [`Error::Name`] for an unknown name, [`Error::Usage`] when its files are nowhere, with which to put where.
pub fn locate(name: &str, data_dir: Option<&Path>) -> Result<Located> {
    let Some(known) = known(name) else { return Err(unknown(name)) };
    let dirs = data_dirs(data_dir);
    let Some(folder) = known.find(&dirs) else {
        let searched: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
        return Err(Error::usage(
            format!("data set {name:?} is not in {}", searched.join(", ")),
            format!("run `rexp data fetch {name}`, or {}", known.by_hand(&target_dir(data_dir))),
        ));
    };
    // Every entry of DATASETS names a kind of FORMATS, which a test asserts; the first stands in for the impossible.
    let kind = FORMATS.iter().find(|kind| kind.name == known.format).unwrap_or(&FORMATS[0]);
    Ok(Located { name: name.to_owned(), folder, format: Arc::from(with_defaults(kind)) })
}

/// Finds ratings by the name of a known data set, by the name of a folder in a data folder, by a path, or as `synth`.
///
/// # Errors
/// Those of [`locate`], and [`Error::Usage`] for a folder in which no format finds its file.
pub fn resolve(name_or_path: &str, data_dir: Option<&Path>) -> Result<Located> {
    if known(name_or_path).is_some() {
        return locate(name_or_path, data_dir);
    }
    let given = Path::new(name_or_path);
    let inside = data_dirs(data_dir).into_iter().map(|dir| dir.join(given));
    let Some(folder) = std::iter::once(given.to_owned()).chain(inside).find(|path| path.exists()) else {
        return match FORMATS.iter().find(|kind| kind.name == "synth" && kind.name == name_or_path) {
            Some(kind) => {
                Ok(Located { name: "synth".into(), folder: PathBuf::new(), format: Arc::from(with_defaults(kind)) })
            }
            None => Err(unknown(name_or_path)),
        };
    };
    for kind in FORMATS {
        let format = with_defaults(kind);
        if format.files().first().is_some_and(|file| folder.join(file).is_file()) {
            let name = folder.file_name().map_or_else(|| "data".into(), |name| name.to_string_lossy().into_owned());
            return Ok(Located { name, folder, format: Arc::from(format) });
        }
    }
    let files: Vec<String> = FORMATS.iter().filter_map(|kind| with_defaults(kind).files().into_iter().next()).collect();
    let message = format!("found none of {} in {}", distinct(files).join(", "), folder.display());
    let help = "give the folder that holds the files; other files are read with format = \"delimited\" in [data]";
    Err(Error::usage(message, help))
}

fn distinct(mut files: Vec<String>) -> Vec<String> {
    files.sort();
    files.dedup();
    files
}

fn unknown(name: &str) -> Error {
    let help = Some(suggest::allowed(name, DATASETS.iter().map(|known| known.name)));
    Error::Name { what: "data set", found: shown(name), help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_entry_names_a_format_that_reads_its_files() {
        for known in DATASETS {
            let kind = FORMATS.iter().find(|kind| kind.name == known.format).unwrap();
            assert_eq!(with_defaults(kind).files()[0], known.required[0], "{}", known.name);
            assert!(known.url.starts_with("https://") && known.license_url.starts_with("https://"));
        }
    }

    #[test]
    fn a_data_folder_is_the_parent_or_the_folder_itself_but_not_another_data_set() {
        let home = tempfile::tempdir().unwrap();
        let small = home.path().join("ml-latest-small");
        fs::create_dir(&small).unwrap();
        fs::write(small.join("ratings.csv"), "userId,movieId,rating,timestamp\n1,2,3,4\n").unwrap();
        let find = |name: &str, dir: &Path| known(name).unwrap().find(&[dir.to_owned()]);
        assert_eq!(find("ml-latest-small", home.path()), Some(small.clone()));
        assert_eq!(find("ml-latest-small", &small), Some(small.clone()));
        assert_eq!(find("ml-20m", &small), None);
        let plain = home.path().join("mine");
        fs::rename(&small, &plain).unwrap();
        assert_eq!(find("ml-20m", &plain), Some(plain.clone()));
        fs::create_dir(home.path().join("ml-10M100K")).unwrap();
        fs::write(home.path().join("ml-10M100K/ratings.dat"), "").unwrap();
        assert_eq!(find("ml-10m", home.path()), Some(home.path().join("ml-10M100K")));
        assert_eq!(resolve("mine", Some(home.path())).unwrap().read(Duplicates::Last).unwrap().name, "mine");
        assert_eq!(resolve(&plain.to_string_lossy(), None).unwrap().folder, plain);
    }

    #[test]
    fn absent_data_is_told_with_the_files_and_the_place() {
        let home = tempfile::tempdir().unwrap();
        let message = locate("ml-10m", Some(home.path())).unwrap_err().to_string();
        let place = home.path().join("ml-10m");
        let help = format!(
            "\n  run `rexp data fetch ml-10m`, or put ratings.dat (and, if you have them, movies.dat, tags.dat) into {}",
            place.display()
        );
        assert!(message.starts_with("data set \"ml-10m\" is not in ") && message.ends_with(&help), "{message}");
        assert!(resolve("ml-latest-smal", None).unwrap_err().to_string().contains("did you mean \"ml-latest-small\"?"));
        let empty = resolve(&home.path().to_string_lossy(), None).unwrap_err().to_string();
        assert!(empty.starts_with("found none of ratings.csv, ratings.dat, u.data in "), "{empty}");
    }
}
