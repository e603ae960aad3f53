//! Reading values user by user for statistics: many arms at once, still by seed, with lists of users by number.

use super::blob;
use super::open::{Store, failed};
use super::read::all;
use crate::error::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is measured of every user's list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Measure {
    /// Protocol.
    pub protocol: String,
    /// Metric.
    pub metric: String,
    /// Cutoff; 0 for none.
    pub k: u64,
}

impl Measure {
    /// `ndcg@10`, or `auc`.
    pub fn name(&self) -> String {
        if self.k == 0 { self.metric.clone() } else { format!("{}@{}", self.metric, self.k) }
    }
}

/// The values of one arm in one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct ByUser {
    /// Seed of the trial.
    pub seed: u64,
    /// Name of the arm.
    pub arm: String,
    /// `all`, or a segment of items.
    pub segment: String,
    /// Number of the list of users.
    pub user_list: i64,
    /// One value per user of the list; finite.
    pub values: Vec<f32>,
}

/// The users of a segment in one trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// Seed of the trial.
    pub seed: u64,
    /// e.g. `user-activity:cold`.
    pub segment: String,
    /// Number of the list of users.
    pub user_list: i64,
}

/// The top lists of one arm in one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct TopLists {
    /// Seed of the trial.
    pub seed: u64,
    /// Number of the list of users.
    pub user_list: i64,
    /// Longest list.
    pub k: u64,
    /// One list per user.
    pub lists: Vec<blob::List>,
}

/// Protocol, metric, cutoff, arm and segment of a value.
pub type ValueName = (String, String, u64, String, String);

const MEASURES: &str = "SELECT DISTINCT user_value.protocol, metric.name, user_value.k, metric.id
    FROM trial JOIN user_value ON user_value.trial_id = trial.id JOIN metric ON metric.id = user_value.metric_id
    WHERE trial.run_id = ?1 ORDER BY user_value.protocol, metric.id, user_value.k";

const LISTS: &str = "SELECT id, n_users, user_ids FROM user_list WHERE id IN (
        SELECT user_list_id FROM user_value JOIN trial ON trial.id = trial_id WHERE run_id = ?1
        UNION SELECT user_list_id FROM user_segment JOIN trial ON trial.id = trial_id WHERE run_id = ?1
        UNION SELECT user_list_id FROM user_fact JOIN trial ON trial.id = trial_id WHERE run_id = ?1
        UNION SELECT user_list_id FROM ranking JOIN trial ON trial.id = trial_id WHERE run_id = ?1
        UNION SELECT user_list_id FROM relevant JOIN trial ON trial.split_id = relevant.split_id WHERE run_id = ?1) ORDER BY id";

const VALUES: &str = "SELECT trial.seed, arm.name, user_value.segment, user_list_id, n_users, value_blob
    FROM trial JOIN user_value ON user_value.trial_id = trial.id JOIN arm ON arm.id = user_value.arm_id
    JOIN metric ON metric.id = user_value.metric_id JOIN user_list ON user_list.id = user_list_id
    WHERE trial.run_id = ?1 AND user_value.protocol = ?2 AND metric.name = ?3 AND user_value.k = ?4 AND (?5 = '' OR arm.name = ?5)
    ORDER BY arm.position, user_value.segment, trial.seed";

const EVERY: &str =
    "SELECT metric_value.protocol, metric.name, metric_value.k, arm.name, metric_value.segment, metric_value.value
    FROM trial JOIN metric_value ON metric_value.trial_id = trial.id JOIN arm ON arm.id = metric_value.arm_id
    JOIN metric ON metric.id = metric_value.metric_id WHERE trial.run_id = ?1 ORDER BY trial.seed";

const OF_ARM: &str = "SELECT metric.name, metric_value.k, trial.seed, metric_value.value
    FROM trial JOIN metric_value ON metric_value.trial_id = trial.id JOIN arm ON arm.id = metric_value.arm_id
    JOIN metric ON metric.id = metric_value.metric_id
    WHERE trial.run_id = ?1 AND arm.name = ?2 AND metric_value.protocol = ?3 AND metric_value.segment = 'all'";

const MEMBERS: &str = "SELECT trial.seed, segment, user_list_id FROM trial JOIN user_segment ON trial_id = trial.id
    WHERE run_id = ?1 ORDER BY segment, trial.seed";

const FACTS: &str = "SELECT trial.seed, user_list_id, n_users, value_blob
    FROM trial JOIN user_fact ON trial_id = trial.id JOIN user_list ON user_list.id = user_list_id
    WHERE run_id = ?1 AND user_fact.name = ?2 ORDER BY trial.seed";

const RANKINGS: &str = "SELECT trial.seed, user_list_id, n_users, ranking.k, list_blob
    FROM trial JOIN ranking ON trial_id = trial.id JOIN arm ON arm.id = ranking.arm_id
    JOIN user_list ON user_list.id = user_list_id
    WHERE trial.run_id = ?1 AND arm.name = ?2 AND ranking.protocol = ?3 AND (?4 IS NULL OR trial.seed = ?4) ORDER BY trial.seed";

impl Store {
    /// What a run has measured user by user, in the order of tables.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read or is damaged; so for all functions here.
    pub fn measures(&self, run: &str) -> Result<Vec<Measure>> {
        all(&self.connection, MEASURES, [run], |row| {
            Ok(Measure { protocol: row.get(0)?, metric: row.get(1)?, k: row.get::<_, i64>(2)? as u64 })
        })
        .map_err(failed(&self.path))
    }

    /// The lists of users that the values of a run refer to, by number.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn user_lists(&self, run: &str) -> Result<BTreeMap<i64, Vec<String>>> {
        let rows: Vec<(i64, i64, String)> =
            all(&self.connection, LISTS, [run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .map_err(failed(&self.path))?;
        let list = |(id, n, ids): (i64, i64, String)| {
            let ids: Vec<String> = serde_json::from_str(&ids).map_err(|_| self.damaged())?;
            if ids.len() as i64 == n { Ok((id, ids)) } else { Err(self.damaged()) }
        };
        rows.into_iter().map(list).collect()
    }

    /// The values of one measure, by arm, segment and seed; of one arm, or of all.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn by_user(&self, run: &str, measure: &Measure, arm: Option<&str>) -> Result<Vec<ByUser>> {
        let Measure { protocol, metric, k } = measure;
        let asked = (run, protocol, metric, *k as i64, arm.unwrap_or(""));
        let rows = all(&self.connection, VALUES, asked, |row| {
            let values = blob::decode_values(row.get_ref(5)?.as_blob()?, n_users(row.get(4)?));
            let (seed, arm, segment) = (row.get::<_, i64>(0)? as u64, row.get(1)?, row.get(2)?);
            Ok(values.map(|values| Ok(ByUser { seed, arm, segment, user_list: row.get(3)?, values })))
        });
        self.whole(rows)
    }

    /// Every value of a run, by seed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn values(&self, run: &str) -> Result<BTreeMap<ValueName, Vec<f64>>> {
        let rows: Vec<(ValueName, f64)> = all(&self.connection, EVERY, [run], |row| {
            Ok(((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64, row.get(3)?, row.get(4)?), row.get(5)?))
        })
        .map_err(failed(&self.path))?;
        let mut out: BTreeMap<ValueName, Vec<f64>> = BTreeMap::new();
        for (name, value) in rows {
            out.entry(name).or_default().push(value);
        }
        Ok(out)
    }

    /// The values of an arm over all users under a protocol, by metric, cutoff and seed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn values_by_seed(&self, run: &str, arm: &str, protocol: &str) -> Result<BTreeMap<(String, u64, u64), f64>> {
        let rows: Vec<((String, u64, u64), f64)> = all(&self.connection, OF_ARM, [run, arm, protocol], |row| {
            Ok(((row.get(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64), row.get(3)?))
        })
        .map_err(failed(&self.path))?;
        Ok(rows.into_iter().collect())
    }

    /// The members of every segment of users, by segment and seed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn members(&self, run: &str) -> Result<Vec<Members>> {
        all(&self.connection, MEMBERS, [run], |row| {
            Ok(Members { seed: row.get::<_, i64>(0)? as u64, segment: row.get(1)?, user_list: row.get(2)? })
        })
        .map_err(failed(&self.path))
    }

    /// A fact about users, by seed: `(seed, list of users, values)`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn user_fact(&self, run: &str, name: &str) -> Result<Vec<(u64, i64, Vec<f32>)>> {
        let rows = all(&self.connection, FACTS, [run, name], |row| {
            let values = blob::decode_values(row.get_ref(3)?.as_blob()?, n_users(row.get(2)?));
            let seed = row.get::<_, i64>(0)? as u64;
            Ok(values.map(|values| Ok((seed, row.get(1)?, values))))
        });
        self.whole(rows)
    }

    /// The top lists of an arm under a protocol, by seed; of all seeds without one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn top_lists(&self, run: &str, arm: &str, protocol: &str, seed: Option<u64>) -> Result<Vec<TopLists>> {
        let wanted = (run, arm, protocol, seed.map(|seed| seed as i64));
        let rows = all(&self.connection, RANKINGS, wanted, |row| {
            let lists = blob::decode_lists(row.get_ref(4)?.as_blob()?, n_users(row.get(2)?));
            let (seed, k) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(3)? as u64);
            Ok(lists.map(|lists| Ok(TopLists { seed, user_list: row.get(1)?, k, lists })))
        });
        self.whole(rows)
    }

    /// Rows of which every blob could be read.
    fn whole<T>(&self, rows: rusqlite::Result<Vec<Option<rusqlite::Result<T>>>>) -> Result<Vec<T>> {
        let rows = rows.map_err(failed(&self.path))?;
        rows.into_iter().map(|row| row.ok_or_else(|| self.damaged())?.map_err(failed(&self.path))).collect()
    }

    fn damaged(&self) -> Error {
        Error::Store { path: self.path.clone(), message: "a list of values is damaged; see `rexp db check`".into() }
    }
}

fn n_users(stored: i64) -> usize {
    usize::try_from(stored).unwrap_or(0)
}
