//! What a trial leaves for people to look at: examples of lists, and how an arm's scores are spread, calibrated and like another's.

use super::read::all;
use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

/// All exhibits of a trial. Arms are numbered by their place in the run's list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exhibits {
    /// Examples: `(protocol, example)`, in the order in which they are shown.
    pub examples: Vec<(String, Example)>,
    /// Further examples that cannot be read.
    pub n_damaged: u64,
    /// How scores of test rows are spread.
    pub score_ranges: Vec<ScoreRange>,
    /// What came of predicted probabilities.
    pub calibration: Vec<CalibrationBin>,
    /// How alike arms order the test rows.
    pub likenesses: Vec<Likeness>,
}

/// One user and what every arm shows to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Why this user: `cold`, `regular`, `power`, `winner`, `loser`.
    pub why: String,
    /// The base model that winners and losers are told by: the best of this trial; empty without one.
    pub rival: String,
    /// Users among whom this one was chosen.
    pub n_among: u64,
    /// External id.
    pub user: String,
    /// Ratings in `train_full`.
    pub n_ratings: u64,
    /// Those at or above the threshold.
    pub n_liked: u64,
    /// Item numbers of some of these: the latest first, without timestamps the best rated.
    pub liked: Vec<u32>,
    /// Relevant test items.
    pub n_relevant: u64,
    /// The metric by which winners and losers are told, e.g. `ndcg@10`.
    pub metric: String,
    /// Its value for this user, per arm; `None` where it is undefined.
    pub values: Vec<Option<f32>>,
    /// Per arm: what it shows, best first, as places in `items`.
    pub lists: Vec<Vec<u32>>,
    /// Item numbers of everything that is shown, and whether each is relevant.
    pub items: Vec<(u32, bool)>,
    /// Per arm: its scores of `items`.
    pub scores: Vec<Vec<f32>>,
}

/// Quantiles of an arm's scores.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRange {
    /// Place of the arm; its id when read.
    pub arm: i64,
    /// Protocol.
    pub protocol: String,
    /// Of relevant test rows, or of the others.
    pub is_relevant: bool,
    /// Test rows.
    pub n: u64,
    /// 5, 25, 50, 75 and 95 %.
    pub at: [f64; 5],
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationBin {
    /// Place of the arm; its id when read.
    pub arm: i64,
    /// Protocol.
    pub protocol: String,
    /// Which of the ten bins of the expected calibration error, from 0.
    pub bin: u64,
    /// Test rows.
    pub n: u64,
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share of relevant rows.
    pub observed: f64,
}

/// How alike two arms order the test rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// Protocol.
    pub protocol: String,
    /// Place of the one arm; its id when read.
    pub arm: i64,
    /// Place of the other; its id when read.
    pub other: i64,
    /// Mean over users of Spearman's ρ.
    pub rho: f64,
    /// Users.
    pub n: u64,
}

const EXAMPLES: &str =
    "SELECT protocol, content FROM example WHERE trial_id = (SELECT id FROM trial WHERE run_id = ?1 ORDER BY seed LIMIT 1)
    ORDER BY protocol, position";
const RANGES: &str = "SELECT arm_id, protocol, is_relevant, n, q05, q25, q50, q75, q95 FROM score_range
    WHERE trial_id = (SELECT id FROM trial WHERE run_id = ?1 ORDER BY seed LIMIT 1) ORDER BY protocol, arm_id, is_relevant";
const CALIBRATION: &str = "SELECT arm_id, protocol, bin, n, predicted, observed FROM calibration_bin
    JOIN trial ON trial.id = trial_id WHERE run_id = ?1 ORDER BY protocol, arm_id, predicted, seed, bin";
const LIKENESSES: &str = "SELECT protocol, arm_id, other_id, rho, n FROM score_likeness
    JOIN trial ON trial.id = trial_id WHERE run_id = ?1 ORDER BY protocol, arm_id, other_id, seed";

/// What the trials of a run left to be looked at: examples and spread of the first seed, calibration bins and likenesses of all seeds, by seed.
///
/// # Errors
/// What SQLite says.
pub fn read(db: &Connection, run: &str) -> rusqlite::Result<Exhibits> {
    let texts: Vec<(String, String)> = all(db, EXAMPLES, [run], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let n = texts.len();
    let examples: Vec<(String, Example)> =
        texts.into_iter().filter_map(|(protocol, text)| Some((protocol, Example::read(&text)?))).collect();
    Ok(Exhibits {
        n_damaged: (n - examples.len()) as u64,
        examples,
        score_ranges: all(db, RANGES, [run], |row| {
            let at = [row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?];
            let (arm, protocol, is_relevant) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(ScoreRange { arm, protocol, is_relevant, n: row.get::<_, i64>(3)? as u64, at })
        })?,
        calibration: all(db, CALIBRATION, [run], |row| {
            let (bin, n) = (row.get::<_, i64>(2)? as u64, row.get::<_, i64>(3)? as u64);
            let (arm, protocol) = (row.get(0)?, row.get(1)?);
            Ok(CalibrationBin { arm, protocol, bin, n, predicted: row.get(4)?, observed: row.get(5)? })
        })?,
        likenesses: all(db, LIKENESSES, [run], |row| {
            let (protocol, arm, other) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Likeness { protocol, arm, other, rho: row.get(3)?, n: row.get::<_, i64>(4)? as u64 })
        })?,
    })
}

impl Example {
    /// An example as it is stored; `None` if it is damaged.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(Self::is_whole)
    }

    /// Whether everything in it refers to something in it.
    fn is_whole(&self) -> bool {
        let n = self.items.len();
        self.lists.iter().flatten().all(|&place| (place as usize) < n)
            && self.scores.iter().all(|own| own.len() == n)
            && (self.lists.len(), self.values.len()) == (self.scores.len(), self.scores.len())
    }
}

/// Writes the exhibits of a trial.
pub(super) fn write(db: &Transaction<'_>, trial: i64, arms: &[i64], exhibits: &Exhibits) -> rusqlite::Result<()> {
    // A place beyond the arms would be a fault of the caller: it refers to no arm, and the store refuses it.
    let arm = |place: i64| usize::try_from(place).ok().and_then(|place| arms.get(place)).copied().unwrap_or(-1);
    let mut insert =
        db.prepare_cached("INSERT INTO example (trial_id, protocol, position, content) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, (protocol, example)) in exhibits.examples.iter().enumerate() {
        insert.execute(params![trial, protocol, position as i64, serde_json::json!(example).to_string()])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO score_range (trial_id, arm_id, protocol, is_relevant, n, q05, q25, q50, q75, q95) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for row in &exhibits.score_ranges {
        let [a, b, c, d, e] = row.at;
        insert.execute(params![trial, arm(row.arm), row.protocol, row.is_relevant, row.n as i64, a, b, c, d, e])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO calibration_bin (trial_id, arm_id, protocol, bin, n, predicted, observed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for row in &exhibits.calibration {
        let (bin, n) = (row.bin as i64, row.n as i64);
        insert.execute(params![trial, arm(row.arm), row.protocol, bin, n, row.predicted, row.observed])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO score_likeness (trial_id, protocol, arm_id, other_id, rho, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in &exhibits.likenesses {
        insert.execute(params![trial, row.protocol, arm(row.arm), arm(row.other), row.rho, row.n as i64])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bundle, split, trial};
    use super::super::{Store, rows::TrialRow};
    use super::*;

    fn exhibits() -> Exhibits {
        let example = Example {
            why: "winner".into(),
            rival: "bias".into(),
            n_among: 2,
            user: "u1".into(),
            n_ratings: 3,
            n_liked: 1,
            liked: vec![1],
            n_relevant: 1,
            metric: "ndcg@10".into(),
            values: vec![Some(0.5), None],
            lists: vec![vec![1, 0], vec![0]],
            items: vec![(0, false), (1, true)],
            scores: vec![vec![0.1, 0.7], vec![3.5, -1.0]],
        };
        let range = |arm, is_relevant| ScoreRange {
            arm,
            protocol: "rated".into(),
            is_relevant,
            n: 4,
            at: [0.1, 0.2, 0.3, 0.4, 0.5],
        };
        Exhibits {
            examples: vec![("rated".into(), example)],
            score_ranges: vec![range(0, false), range(0, true), range(1, true)],
            calibration: vec![CalibrationBin {
                arm: 1,
                protocol: "rated".into(),
                bin: 0,
                n: 7,
                predicted: 0.25,
                observed: 0.5,
            }],
            likenesses: vec![Likeness { protocol: "rated".into(), arm: 0, other: 1, rho: -0.5, n: 2 }],
            ..Exhibits::default()
        }
    }

    #[test]
    fn a_store_of_the_fourth_version_has_no_exhibits_and_takes_those_of_the_next_trial() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("s.sqlite");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/v4.sqlite"), &path).unwrap();
        assert!(Store::open_read(&path).unwrap_err().to_string().contains("older version 4"));
        let mut store = Store::open(&path).unwrap();
        assert!(home.path().join("s.sqlite.v4.bak").exists());
        let run = store.find_run("tiny").unwrap();
        assert!(!store.relevant(&run).unwrap().is_empty());
        assert_eq!(read(store.connection(), &run).unwrap(), Exhibits::default());
        // The months of a data set that was there before come with whoever looks at it next.
        let hash = "SELECT hash FROM dataset";
        let hash: String = store.connection().query_row(hash, [], |row| row.get(0)).unwrap();
        let mut bundle = bundle("another");
        (bundle.dataset.hash, bundle.dataset.month_counts) = (hash, vec![("2001-05".into(), 400)]);
        let row = TrialRow { exhibits: exhibits(), ..trial(1) };
        store.write_trial(&bundle, &split(), &row).unwrap();
        assert_eq!(read(store.connection(), &bundle.run.id).unwrap().examples, exhibits().examples);
        let months = "SELECT month_counts FROM dataset";
        let months: String = store.connection().query_row(months, [], |row| row.get(0)).unwrap();
        assert_eq!(months, "{\"2001-05\":400}");
        assert!(store.check().unwrap().is_empty());
    }

    #[test]
    fn what_is_written_is_read_and_damage_is_found() {
        let home = tempfile::tempdir().unwrap();
        let mut store = Store::open(&home.path().join("s.sqlite")).unwrap();
        let bundle = bundle("gbstack");
        for seed in [1, 2] {
            let row = TrialRow { exhibits: exhibits(), ..trial(seed) };
            store.write_trial(&bundle, &split(), &row).unwrap();
        }
        let found = read(store.connection(), &bundle.run.id).unwrap();
        // Ids of arms in a new store are their places and one.
        let mut expected = exhibits();
        expected.score_ranges.iter_mut().for_each(|row| row.arm += 1);
        expected.calibration.iter_mut().for_each(|row| row.arm += 1);
        expected.likenesses.iter_mut().for_each(|row| (row.arm, row.other) = (row.arm + 1, row.other + 1));
        assert_eq!((&found.examples, &found.score_ranges), (&expected.examples, &expected.score_ranges));
        assert_eq!(found.calibration, [&expected.calibration[..], &expected.calibration[..]].concat(), "of every seed");
        assert_eq!(found.likenesses, [&expected.likenesses[..], &expected.likenesses[..]].concat());
        assert!(store.check().unwrap().is_empty());
        let sql = "UPDATE example SET content = replace(content, '\"lists\":[[1,0]', '\"lists\":[[1,9]')";
        store.connection().execute(sql, []).unwrap();
        let found = read(store.connection(), &bundle.run.id).unwrap();
        assert_eq!((found.examples.len(), found.n_damaged), (0, 1), "the rest is still there");
        let faults = store.check().unwrap();
        assert!(faults.iter().any(|fault| fault.contains("seed 1, rated: example 1 is damaged")), "{faults:?}");
    }
}
