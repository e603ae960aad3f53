//! Reading what other programs are given: a run as it was written, every value by seed, what the test finds relevant, the ids of items.

use super::blob;
use super::open::{Store, failed};
use super::read::all;
use super::rows::{Environment, RunRow};
use crate::error::{Error, Result};
use rusqlite::{Row, Transaction};
use std::collections::BTreeMap;

/// One value of a run and all that names it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NamedValue<'a> {
    /// Seed of the trial.
    pub seed: u64,
    /// Name of the arm.
    pub arm: &'a str,
    /// `stacker`, `average`, `base` or `floor`.
    pub role: &'a str,
    /// Kind of model or stacker.
    pub kind: &'a str,
    /// Whether the arm is the experiment's answer.
    pub is_primary: bool,
    /// Protocol.
    pub protocol: &'a str,
    /// Metric.
    pub metric: &'a str,
    /// Cutoff; 0 for none.
    pub k: u64,
    /// `all`, or a segment.
    pub segment: &'a str,
    /// The value.
    pub value: f64,
    /// Users (or rows) it is the mean over.
    pub n: u64,
    /// Users of the segment for whom it is undefined.
    pub n_left_out: u64,
    /// `higher`, `lower` or `neutral`.
    pub direction: &'a str,
    /// Unit; empty for a share.
    pub unit: &'a str,
}

/// What the test of one trial finds relevant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relevant {
    /// Number of the list of users: everybody with a test row.
    pub user_list: i64,
    /// Per user of that list: item numbers, ascending.
    pub items: Vec<Vec<u32>>,
}

const RUN: &str =
    "SELECT experiment.name, key, attempt, about, started_at, n_trials, config_toml, config_source, config_path,
        rexp_version, rexp_source, rexp_commit, git_commit, sqlite_version, machine
    FROM run JOIN experiment ON experiment.id = experiment_id WHERE run.id = ?1";

const VALUES: &str = "SELECT trial.seed, arm.name, arm.role, arm.kind, arm.is_primary, metric_value.protocol, metric.name, metric_value.k,
        metric_value.segment, metric_value.value, metric_value.n, metric_value.n_left_out, metric.direction, metric.unit
    FROM trial JOIN metric_value ON metric_value.trial_id = trial.id JOIN arm ON arm.id = metric_value.arm_id
    JOIN metric ON metric.id = metric_value.metric_id WHERE trial.run_id = ?1
    ORDER BY arm.position, metric_value.protocol, metric.id, metric_value.k, metric_value.segment, trial.seed";

const RELEVANT: &str = "SELECT trial.seed, user_list_id, n_users, item_blob
    FROM trial JOIN relevant ON relevant.split_id = trial.split_id JOIN user_list ON user_list.id = user_list_id WHERE trial.run_id = ?1";

const ITEMS: &str = "SELECT item_index, item_id FROM item JOIN run ON run.dataset_id = item.dataset_id WHERE run.id = ?1 ORDER BY item_index";

const FINISHED: &str = "SELECT seed, finished_at FROM trial WHERE run_id = ?1 ORDER BY seed";

impl Store {
    /// Holds everything that is read until it is dropped to one moment, whoever writes meanwhile.
    ///
    /// # Errors
    /// [`Error::Store`]; so for all functions here.
    pub fn snapshot(&self) -> Result<Transaction<'_>> {
        self.connection.unchecked_transaction().map_err(failed(&self.path))
    }

    /// A run as it was written.
    ///
    /// # Errors
    /// [`Error::Store`], also when there is no such run.
    pub fn run_row(&self, run: &str) -> Result<RunRow> {
        self.connection.query_row(RUN, [run], |row| run_row(run, row)).map_err(failed(&self.path))
    }

    /// Gives every value of a run, in the order of arms, protocols, metrics, cutoffs, segments and seeds.
    ///
    /// # Errors
    /// [`Error::Store`], and whatever `give` fails with.
    pub fn each_value(&self, run: &str, mut give: impl FnMut(NamedValue<'_>) -> Result<()>) -> Result<()> {
        let failed = failed(&self.path);
        let mut statement = self.connection.prepare_cached(VALUES).map_err(&failed)?;
        let mut rows = statement.query([run]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            give(named_value(row).map_err(&failed)?)?;
        }
        Ok(())
    }

    /// The kind of every arm of a run, by its name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn arm_kinds(&self, run: &str) -> Result<BTreeMap<String, String>> {
        let sql = "SELECT name, kind FROM arm WHERE run_id = ?1";
        let rows = all(&self.connection, sql, [run], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(rows.map_err(failed(&self.path))?.into_iter().collect())
    }

    /// When each trial of a run was finished, by seed; UTC, ISO 8601.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn finished_at(&self, run: &str) -> Result<BTreeMap<u64, String>> {
        let rows = all(&self.connection, FINISHED, [run], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)));
        Ok(rows.map_err(failed(&self.path))?.into_iter().collect())
    }

    /// What the test of each trial of a run finds relevant, by seed. A trial of an older rexp may have nothing here.
    ///
    /// # Errors
    /// [`Error::Store`], also when it is damaged.
    pub fn relevant(&self, run: &str) -> Result<BTreeMap<u64, Relevant>> {
        let rows = all(&self.connection, RELEVANT, [run], |row| {
            let n_users = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX);
            let (seed, user_list) = (row.get::<_, i64>(0)? as u64, row.get(1)?);
            let items = blob::decode_items(row.get_ref(3)?.as_blob()?, n_users);
            Ok((seed, items.map(|items| Relevant { user_list, items })))
        });
        let rows: Vec<(u64, Option<Relevant>)> = rows.map_err(failed(&self.path))?;
        let whole = |(seed, relevant): (u64, Option<Relevant>)| {
            Ok((seed, relevant.ok_or_else(|| self.unreadable("relevant items"))?))
        };
        rows.into_iter().map(whole).collect()
    }

    /// The id of every item of a run's data set, by its number.
    ///
    /// # Errors
    /// [`Error::Store`], also when a number is missing.
    pub fn item_ids(&self, run: &str) -> Result<Vec<String>> {
        let rows = all(&self.connection, ITEMS, [run], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)));
        let rows: Vec<(i64, String)> = rows.map_err(failed(&self.path))?;
        let is_whole = rows.iter().enumerate().all(|(place, (number, _))| place as i64 == *number);
        if is_whole { Ok(rows.into_iter().map(|(_, id)| id).collect()) } else { Err(self.unreadable("the catalog")) }
    }

    /// That something in the store cannot be as it is.
    pub fn unreadable(&self, what: &str) -> Error {
        Error::Store { path: self.path.clone(), message: format!("{what}: damaged; see `rexp db check`") }
    }
}

fn run_row(id: &str, row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: id.to_owned(),
        experiment: row.get(0)?,
        key: row.get(1)?,
        attempt: row.get::<_, i64>(2)? as u64,
        about: row.get(3)?,
        started_at: row.get(4)?,
        n_trials: usize::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
        config_toml: row.get(6)?,
        config_source: row.get(7)?,
        config_path: row.get(8)?,
        environment: Environment {
            rexp_version: row.get(9)?,
            rexp_source: row.get(10)?,
            rexp_commit: row.get(11)?,
            git_commit: row.get(12)?,
            sqlite_version: row.get(13)?,
            machine: row.get(14)?,
        },
    })
}

fn named_value<'a>(row: &'a Row<'_>) -> rusqlite::Result<NamedValue<'a>> {
    let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
    let count = |column| row.get::<_, i64>(column).map(|n| n as u64);
    Ok(NamedValue {
        seed: count(0)?,
        arm: text(1)?,
        role: text(2)?,
        kind: text(3)?,
        is_primary: row.get(4)?,
        protocol: text(5)?,
        metric: text(6)?,
        k: count(7)?,
        segment: text(8)?,
        value: row.get(9)?,
        n: count(10)?,
        n_left_out: count(11)?,
        direction: text(12)?,
        unit: text(13)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::rows::SplitRow;
    use super::super::tests::{bundle, filled, split, trial};
    use super::*;
    use std::fs;

    #[test]
    fn a_store_of_the_third_version_learns_what_is_relevant_from_the_next_trial() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s.sqlite");
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/v3.sqlite"), &path).unwrap();
        assert!(Store::open_read(&path).unwrap_err().to_string().contains("older version 3"));
        let mut store = Store::open(&path).unwrap();
        assert!(home.path().join("s.sqlite.v3.bak").exists());
        let run = store.find_run("tiny").unwrap();
        assert!(!store.agreements(&run).unwrap().is_empty() && store.relevant(&run).unwrap().is_empty());
        assert_eq!((store.item_ids(&run).unwrap().len(), store.run_row(&run).unwrap().n_trials), (30, 2));
        // A trial of the same split, made now, says it for the older ones too.
        let sql = "SELECT hash, threshold FROM split JOIN trial ON split_id = split.id WHERE seed = 1";
        let known = store.connection().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let split = SplitRow { hash: known.0, threshold: known.1, ..split() };
        store.write_trial(&bundle("another"), &split, &trial(1)).unwrap();
        assert_eq!(store.relevant(&run).unwrap().into_keys().collect::<Vec<_>>(), [1]);
        assert!(store.check().unwrap().is_empty());
    }

    #[test]
    fn relevant_items_are_kept_once_per_split_and_their_damage_is_found() {
        let home = tempfile::tempdir().unwrap();
        let store = filled(&home.path().join("s.sqlite"));
        let n: i64 = store.connection().query_row("SELECT count(*) FROM relevant", [], |row| row.get(0)).unwrap();
        assert_eq!(n, 1);
        let run = bundle("gbstack").run.id;
        let relevant = store.relevant(&run).unwrap();
        assert_eq!(relevant[&2], relevant[&1]);
        assert_eq!(
            (&relevant[&1].items, store.item_ids(&run).unwrap()),
            (&vec![vec![0, 1], vec![]], vec!["1".into(), "2".into()])
        );
        assert_eq!(store.user_lists(&run).unwrap()[&relevant[&1].user_list], ["u1", "u2"]);
        assert_eq!(store.arm_kinds(&run).unwrap()["stack"], "bias");
        assert_eq!(store.finished_at(&run).unwrap().into_keys().collect::<Vec<_>>(), [1, 2]);
        let mut seen = Vec::new();
        let note = |value: NamedValue<'_>| {
            seen.push((value.arm.to_owned(), value.seed, value.value));
            Ok(())
        };
        store.each_value(&run, note).unwrap();
        let expected = [("stack", 1, 0.6), ("stack", 2, 0.7), ("bias", 1, 0.25), ("bias", 2, 0.25)];
        assert_eq!(seen, expected.map(|(arm, seed, value)| (arm.to_owned(), seed, value)));
        store.connection.execute("UPDATE relevant SET item_blob = x'00'", []).unwrap();
        assert!(store.relevant(&run).is_err());
        let found = store.check().unwrap();
        assert!(found.len() == 1 && found[0].contains("relevant items are damaged"), "{found:?}");
    }
}
