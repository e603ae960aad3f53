//! Reading values user by user.

use super::blob;
use super::open::{Store, failed};
use super::read::all;
use crate::error::{Error, Result, shown};
use crate::suggest;
use std::collections::BTreeMap;

/// What values are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Id of the run.
    pub run: &'a str,
    /// Arm; `None`: the primary one.
    pub arm: Option<&'a str>,
    /// Protocol; `None`: the experiment's first.
    pub protocol: Option<&'a str>,
    /// Metric.
    pub metric: &'a str,
    /// Cutoff; 0 for a metric without one.
    pub k: u64,
}

/// The value of one user in one trial.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct UserValue {
    /// Seed of the trial.
    pub seed: u64,
    /// External id.
    pub user: String,
    /// The value.
    pub value: f32,
}

const VALUES: &str = "SELECT trial.seed, user_list.user_ids, user_list.n_users, user_value.value_blob
    FROM trial JOIN user_value ON user_value.trial_id = trial.id JOIN arm ON arm.id = user_value.arm_id
    JOIN metric ON metric.id = user_value.metric_id JOIN user_list ON user_list.id = user_value.user_list_id
    WHERE trial.run_id = ?1 AND arm.name = ?2 AND user_value.protocol = ?3 AND metric.name = ?4 AND user_value.k = ?5 AND user_value.segment = 'all' ORDER BY trial.seed";

const MEASURED: &str = "SELECT DISTINCT metric.name || CASE user_value.k WHEN 0 THEN '' ELSE '@' || user_value.k END
    FROM trial JOIN user_value ON user_value.trial_id = trial.id JOIN metric ON metric.id = user_value.metric_id
    WHERE trial.run_id = ?1 AND user_value.protocol = ?2 ORDER BY metric.id, user_value.k";

impl Store {
    /// The values of a metric, by seed and user.
    ///
    /// # Errors
    /// [`Error::Name`] for an arm, protocol or metric that the run has not measured user by user, with what it has.
    pub fn user_values(&self, asked: &Asked<'_>) -> Result<Vec<UserValue>> {
        let board = self.leaderboard(asked.run)?;
        let arms: Vec<&str> = board.arms.iter().map(|arm| arm.name.as_str()).collect();
        let primary = board.arms.iter().find(|arm| arm.is_primary).map_or("", |arm| arm.name.as_str());
        let arm = known("arm", asked.arm.unwrap_or(primary), &arms)?;
        let protocols: Vec<&str> = board.protocols.iter().map(String::as_str).collect();
        let first = protocols.first().copied().unwrap_or("");
        let protocol = known("protocol", asked.protocol.unwrap_or(first), &protocols)?;
        let wanted = if asked.k == 0 { asked.metric.to_owned() } else { format!("{}@{}", asked.metric, asked.k) };
        let measured: Vec<String> =
            all(&self.connection, MEASURED, [asked.run, protocol], |row| row.get(0)).map_err(failed(&self.path))?;
        known("metric", &wanted, &measured.iter().map(String::as_str).collect::<Vec<_>>())?;
        let parameters = (asked.run, arm, protocol, asked.metric, asked.k as i64);
        let rows: Vec<(i64, String, i64, Vec<u8>)> =
            all(&self.connection, VALUES, parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                .map_err(failed(&self.path))?;
        let mut out = Vec::new();
        for (seed, ids, n, bytes) in rows {
            let damaged = || Error::Store {
                path: self.path.clone(),
                message: "a list of values is damaged; see `rexp db check`".into(),
            };
            let ids: Vec<String> = serde_json::from_str(&ids).map_err(|_| damaged())?;
            let values =
                blob::decode_values(&bytes, usize::try_from(n).unwrap_or(0)).filter(|values| values.len() == ids.len());
            let values = values.ok_or_else(damaged)?;
            out.extend(ids.into_iter().zip(values).map(|(user, value)| UserValue { seed: seed as u64, user, value }));
        }
        Ok(out)
    }
}

/// Means over seeds, user by user, in the order in which users first appear.
pub fn over_seeds(values: &[UserValue]) -> Vec<(String, f64, usize)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sums: Vec<(String, f64, usize)> = Vec::new();
    for UserValue { user, value, .. } in values {
        let place = *places.entry(user).or_insert_with(|| {
            sums.push((user.clone(), 0.0, 0));
            sums.len() - 1
        });
        sums[place].1 += f64::from(*value);
        sums[place].2 += 1;
    }
    sums.into_iter().map(|(user, sum, n)| (user, sum / n as f64, n)).collect()
}

fn known<'a>(what: &'static str, name: &'a str, names: &[&str]) -> Result<&'a str> {
    if names.contains(&name) {
        return Ok(name);
    }
    Err(Error::Name { what, found: shown(name), help: Some(suggest::allowed(name, names.iter().copied())) })
}
