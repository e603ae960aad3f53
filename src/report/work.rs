//! What stages took, under the names that a run gives to them.
//!
//! A stage that another trial computed stands there with no time: it took what it took there, and its key says where. Names are those of the run's own models and
//! stackers. In stores of an older rexp a fit that several experiments share has the name that the first one gave to it, which another can give to a model of its own;
//! where that shows, a name has no time at all: that of another model would be a wrong one.

use super::read::all;
use super::records::Work;
use crate::error::Result;
use rusqlite::{Connection, Row};
use std::collections::{BTreeMap, BTreeSet};

/// Options by name.
type Params = BTreeMap<String, String>;

// Of several trials that computed a stage, the last one before counts: the trials of a plan are stored in its order. Without one before, the first after.
// Whose run it was matters only where it had the same name there.
const WORK: &str = "WITH own AS (SELECT trial_id, position, stage.name, stage.key, is_shared, stage.elapsed_ms, seed
            FROM stage JOIN trial ON trial.id = trial_id WHERE run_id = ?1),
        paid AS (SELECT trial_id, stage.key, stage.name, run_id, stage.elapsed_ms FROM stage JOIN trial ON trial.id = trial_id
            WHERE is_shared = 0 AND stage.key IN (SELECT key FROM own WHERE is_shared <> 0))
    SELECT own.name, own.key, seed, CASE WHEN is_shared = 0 THEN own.elapsed_ms ELSE paid.elapsed_ms END,
        CASE WHEN is_shared <> 0 AND paid.name = own.name THEN run_id END,
        max(CASE WHEN paid.trial_id <= own.trial_id THEN paid.trial_id ELSE -paid.trial_id END)
    FROM own LEFT JOIN paid ON paid.key = own.key GROUP BY own.trial_id, own.position ORDER BY own.name, seed, own.key";
const PARAMS: &str = "SELECT name, value FROM param WHERE run_id = ?1";

/// One stage of one seed.
struct Line {
    name: String,
    key: String,
    seed: i64,
    ms: Option<f64>,
    /// The run that computed it under the same name, if it was another trial.
    payer: Option<String>,
}

/// What the stages of a run took, by name.
///
/// # Errors
/// [`crate::Error::Store`] if the store cannot be read.
pub fn work(connection: &Connection, run_id: &str, params: &Params) -> Result<BTreeMap<String, Work>> {
    let lines = all(connection, WORK, [run_id], line)?;
    let payers: BTreeSet<&str> = lines.iter().filter_map(|line| line.payer.as_deref()).collect();
    let mut theirs: BTreeMap<&str, Params> = BTreeMap::new();
    for payer in payers.into_iter().filter(|payer| *payer != run_id) {
        let rows: Vec<(String, String)> = all(connection, PARAMS, [payer], |row| Ok((row.get(0)?, row.get(1)?)))?;
        theirs.insert(payer, rows.into_iter().collect());
    }
    let of_name = |own: &[Line]| {
        let has_two = own.windows(2).any(|pair| pair[0].seed == pair[1].seed && pair[0].key != pair[1].key);
        let is_anothers = |line: &Line| {
            let of_payer = line.payer.as_deref().and_then(|payer| theirs.get(payer));
            of_payer.is_some_and(|other| !is_alike(&line.name, params, other))
        };
        let is_ambiguous = has_two || own.iter().any(is_anothers);
        let known: Option<Vec<f64>> = own.iter().map(|line| line.ms).collect();
        Work {
            keys: own.iter().map(|line| line.key.clone()).collect(),
            mean_ms: known.filter(|_| !is_ambiguous).map(|ms| ms.iter().sum::<f64>() / ms.len() as f64),
            is_ambiguous,
        }
    };
    Ok(lines.chunk_by(|a, b| a.name == b.name).map(|own| (own[0].name.clone(), of_name(own))).collect())
}

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line { name: row.get(0)?, key: row.get(1)?, seed: row.get(2)?, ms: row.get(3)?, payer: row.get(4)? })
}

/// Whether what a stage fits is the same thing under the options of two runs; a stage that fits nothing is.
fn is_alike(stage: &str, own: &Params, other: &Params) -> bool {
    // Names of models and stackers have no spaces.
    let Some(name) = stage.strip_prefix("fit ").and_then(|rest| rest.split(' ').next()) else { return true };
    let of = |params: &Params| -> Params {
        let is_its = |option: &str| {
            let rest = option.strip_prefix("models.").or_else(|| option.strip_prefix("stackers."));
            rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('.'))
        };
        params.iter().filter(|(option, _)| is_its(option)).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    of(own) == of(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(list: &[(&str, &str)]) -> Params {
        list.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_name_is_the_same_thing_where_its_options_are() {
        let own = params(&[("models.mf.factors", "20"), ("models.mf-2.factors", "40"), ("split.test", "0.2")]);
        let other = params(&[("models.mf.factors", "20"), ("models.mf-2.factors", "10"), ("split.test", "0.3")]);
        assert!(is_alike("fit mf without fold 1 of 5", &own, &other) && is_alike("stack rows", &own, &other));
        assert!(!is_alike("fit mf-2", &own, &other) && !is_alike("fit mf on train_full", &own, &params(&[])));
    }
}
