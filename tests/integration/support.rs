//! A folder of its own for every test, and the program in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A fresh directory in which the program runs; gone when dropped.
pub struct Home(tempfile::TempDir);

/// What the program answered.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, with its folders.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program with its arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rexp"));
        command.current_dir(self.0.path()).args(arguments).env_remove("REXP_DATA_DIR").env("NO_COLOR", "1");
        command
    }

    pub fn rexp(&self, arguments: &[&str]) -> Answer {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        Answer {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Runs the program, which must succeed.
    pub fn ok(&self, arguments: &[&str]) -> Answer {
        let answer = self.rexp(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}\n{}\n{}", answer.stdout, answer.stderr);
        answer
    }

    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.ok(arguments).stdout).unwrap()
    }

    /// A read connection to a database in the directory.
    pub fn db(&self, name: &str) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path(name)).unwrap()
    }
}

/// All rows of a query, each as one text.
pub fn rows(db: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap();
    let n = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        (0..n).map(|column| Ok(format!("{:?}", row.get_ref(column)?))).collect::<rusqlite::Result<Vec<_>>>()
    };
    statement.query_map([], row).unwrap().map(|row| row.unwrap().join("|")).collect()
}

/// An experiment on few invented ratings: under a tenth of a second a trial.
pub const SMALL: &str = r#"
seeds = [1, 2]
[data]
name = "synth"
users = 60
items = 120
ratings = 2400
[models.bias]
[models.itemknn]
[models.mf]
factors = 8
epochs = 5
[models.genre]
[statistics]
resamples = 200
[[stackers]]
name = "gbstack"
kind = "gradient-boosting"
n_trees = 20
[[stackers]]
name = "logistic"
kind = "logistic"
"#;

/// The data folder that the environment names, or a line that says that the test is skipped.
pub fn real_data(test: &str, set: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("REXP_DATA_DIR").map(PathBuf::from);
    let found = folder.filter(|folder| folder.join(set).is_dir());
    if found.is_none() {
        eprintln!("skipped {test}: REXP_DATA_DIR names no folder with {set}");
    }
    found
}

/// A file of the repository.
pub fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
