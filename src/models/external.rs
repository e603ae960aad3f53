//! Scores that another program computed: a CSV of `user,item,score` becomes an arm and a feature like any other model's.
//!
//! Nothing is fitted, so nothing here keeps the other program from having seen the test ratings; that is for who made the file to know.

use super::external_csv::{self, ScoreRow};
use super::{BaseModel, FittedModel, TrainData, stored};
use crate::dataset::{Dataset, ItemIndex, Note, Scale, UserIndex};
use crate::error::{Error, Result, plural, shown};
use crate::key::{Key, KeyBuilder};
use crate::kind::{Kind, Options, Reader};
use crate::linalg::SparseRows;
use std::path::{Path, PathBuf};

crate::options! {
    /// Where the scores are, and what they mean.
    pub struct ExternalOptions {
        /// The CSV file, with the columns user, item and score in any order; relative to the folder of the TOML that names it.
        pub path: String = String::new();
        /// What the scores mean.
        pub scale: ScoreScale = ScoreScale::Order;
        /// Score of pairs that the file lacks. Unset: one less than the lowest score in the file; for ratings the lowest; for probabilities 0.
        pub missing: Option<f64> = None, in Some(-1e30)..=Some(1e30);
    }
}

crate::choices! {
    /// What the scores of a file mean.
    pub enum ScoreScale {
        Order = "order", "only their order: higher first";
        Rating = "rating", "predicted ratings";
        Probability = "probability", "probabilities that the item is relevant";
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn BaseModel> = Kind {
    name: "external",
    about: "scores of another program, from a CSV file",
    read: |reader: &Reader<'_>| Box::new(External::read(reader)),
    options: ExternalOptions::describe,
};

/// A score file that has not been read yet.
#[derive(Debug, Clone)]
struct External {
    options: ExternalOptions,
    /// Where the file is, seen from the working directory.
    file: PathBuf,
}

impl External {
    fn read(reader: &Reader<'_>) -> Self {
        let options = ExternalOptions::read(reader);
        if options.path.is_empty() {
            reader.refuse_key(
                "path",
                format!("[{}] needs the path of a score file", reader.path()),
                Some("e.g. path = \"scores.csv\", a CSV with the columns user, item and score".into()),
            );
        }
        let is_probability = options.scale == ScoreScale::Probability;
        if let Some(missing) = options.missing.filter(|missing| is_probability && !(0.0..=1.0).contains(missing)) {
            reader.refuse_key("missing", format!("found {missing:?}, expected a probability"), None);
        }
        let folder = reader.entry("path").and_then(|entry| Path::new(&entry.node.place.source.name).parent());
        let file = folder.unwrap_or(Path::new("")).join(&options.path);
        if !options.path.is_empty() {
            reader.check_file("path", &file);
        }
        Self { options, file }
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        let file = std::fs::metadata(&self.file).map_err(Error::io(&self.file, "read"))?;
        if file.is_file() {
            return std::fs::read(&self.file).map_err(Error::io(&self.file, "read"));
        }
        // A pipe or a device may never end.
        Err(external_csv::data_error(&self.file, None, "found no regular file, expected a CSV file".into()))
    }

    /// Puts the rows in order, with the numbers of the data set, and refuses a second score for a pair.
    fn scores(&self, rows: &[ScoreRow], dataset: &Dataset) -> Result<FittedExternal> {
        if let Some(row) = rows.iter().find(|row| self.is_out_of_scale(row.score)) {
            let message = format!("found {:?}, expected a probability from 0 to 1", row.score);
            return Err(external_csv::data_error(&self.file, Some(row.score_at), message));
        }
        let mut known = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            if let (Some(user), Some(item)) = (dataset.user_ids.number(&row.user), dataset.item_ids.number(&row.item)) {
                known.push((user, item, at));
            }
        }
        known.sort_unstable();
        let same = known.windows(2).filter(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1));
        if let Some(pair) = same.min_by_key(|pair| pair[1].2) {
            let (first, second) = (&rows[pair[0].2], &rows[pair[1].2]);
            let (user, item) = (shown(&second.user), shown(&second.item));
            let message = format!(
                "found a second score of item {item:?} for user {user:?}, expected one (the first is in line {})",
                first.score_at.0
            );
            return Err(external_csv::data_error(&self.file, Some((second.score_at.0, 1)), message));
        }
        let n_unknown = rows.len() - known.len();
        let triples = known.iter().map(|&(user, item, at)| (user, item, rows[at].score));
        Ok(FittedExternal {
            scores: SparseRows::from_triples(dataset.n_users(), dataset.n_items(), triples),
            missing: self.missing(rows),
            scale: match self.options.scale {
                ScoreScale::Order => Scale::Order,
                ScoreScale::Rating => Scale::Rating,
                ScoreScale::Probability => Scale::Probability,
            },
            notes: if n_unknown == 0 { Vec::new() } else { vec![self.unknown(n_unknown)] },
        })
    }

    fn is_out_of_scale(&self, score: f32) -> bool {
        self.options.scale == ScoreScale::Probability && !(0.0..=1.0).contains(&score)
    }

    fn missing(&self, rows: &[ScoreRow]) -> f32 {
        let lowest = rows.iter().map(|row| f64::from(row.score)).reduce(f64::min).unwrap_or(0.0);
        stored(self.options.missing.unwrap_or(match self.options.scale {
            // Where a step of 1 is lost in f32, a larger one.
            ScoreScale::Order => lowest - (lowest.abs() * 1e-6).max(1.0),
            ScoreScale::Rating => lowest,
            ScoreScale::Probability => 0.0,
        }))
    }

    fn unknown(&self, count: usize) -> Note {
        let message = format!(
            "{} of {} with a user or item that the data set lacks: not used; ids are text, 001 is not 1",
            plural(count, "score"),
            self.options.path
        );
        Note { code: "external-unknown-ids", count: count as u64, message }
    }
}

impl BaseModel for External {
    fn fit(&self, train: &TrainData<'_>) -> Result<Box<dyn FittedModel>> {
        let rows = external_csv::read(&self.file, &self.bytes()?)?;
        Ok(Box::new(self.scores(&rows, train.dataset)?))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self.options)
    }

    fn inputs(&self) -> Result<Option<Key>> {
        Ok(Some(KeyBuilder::new("external 1").bytes(&self.bytes()?).finish()))
    }
}

/// Scores `[n_users × n_items]` of the pairs in the file.
#[derive(Debug)]
struct FittedExternal {
    scores: SparseRows,
    missing: f32,
    scale: Scale,
    notes: Vec<Note>,
}

impl FittedModel for FittedExternal {
    /// The score in the file; `missing`, a fallback, for a pair that it lacks.
    fn score(&self, user: UserIndex, items: &[ItemIndex], out: &mut [f32]) -> usize {
        let (known, scores) = self.scores.row(user.at());
        let mut n_fallbacks = 0;
        for (score, item) in out.iter_mut().zip(items) {
            let found = known.binary_search(&item.0);
            n_fallbacks += usize::from(found.is_err());
            *score = found.map_or(self.missing, |at| scores[at]);
        }
        n_fallbacks
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    /// How many scores were of unknown users or items.
    fn notes(&self) -> &[Note] {
        &self.notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::golden::{self, Data};
    use std::io::Write;

    fn data() -> Data {
        golden::small(&[("1", "a", 5.0), ("1", "b", 1.0), ("2", "a", 3.0)])
    }

    fn external(text: &str, more: &str) -> (External, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create(folder.path().join("s.csv")).unwrap().write_all(text.as_bytes()).unwrap();
        let toml = folder.path().join("experiment.toml").display().to_string();
        let external = golden::read(&toml, &format!("path = \"s.csv\"\n{more}"), External::read).unwrap();
        (external, folder)
    }

    fn scores(text: &str, more: &str) -> Result<(Vec<f32>, usize, Vec<Note>)> {
        let (external, data) = (external(text, more), data());
        let fitted = external.0.fit(&data.train())?;
        let mut out = vec![f32::NAN; 2];
        let n_fallbacks = fitted.score(data.user("1"), &[data.item("b"), data.item("a")], &mut out);
        Ok((out, n_fallbacks, fitted.notes().to_vec()))
    }

    #[test]
    fn columns_come_in_any_order_and_ids_are_text() {
        let (out, n_fallbacks, notes) = scores("score,item,user\n0.5,a,1\n-2,b,1\n9,a,01\n9,z,1\n", "").unwrap();
        assert_eq!((out, n_fallbacks), (vec![-2.0, 0.5], 0));
        assert_eq!((notes.len(), notes[0].code, notes[0].count), (1, "external-unknown-ids", 2));
    }

    #[test]
    fn missing_pairs_score_below_all_others_unless_told() {
        assert_eq!(scores("user,item,score\n1,a,3\n2,a,-1\n", "").unwrap().0, [-2.0, 3.0]);
        assert_eq!(scores("user,item,score\n1,a,3\n2,a,-1e10\n", "").unwrap().0, [-10_000_010_000.0, 3.0]);
        assert_eq!(scores("user,item,score\n1,a,3\n", "scale = \"rating\"").unwrap().0, [3.0, 3.0]);
        assert_eq!(scores("user,item,score\n1,a,0.3\n", "scale = \"probability\"").unwrap().0, [0.0, 0.3]);
        let (out, n_fallbacks, _) = scores("user,item,score\n1,a,3\n", "missing = 7").unwrap();
        assert_eq!((out, n_fallbacks), (vec![7.0, 3.0], 1));
        assert_eq!(scores("user,item,score\n", "").unwrap().1, 2);
    }

    #[test]
    fn bad_scores_and_second_scores_are_refused_with_their_place() {
        let message = |text, more| scores(text, more).unwrap_err().to_string();
        let second = message("user,item,score\n1,a,3\n2,a,1\n1,a,4\n", "");
        assert!(second.contains("s.csv:4:1: found a second score of item \"a\" for user \"1\""), "{second}");
        assert!(second.contains("the first is in line 2"), "{second}");
        let outside = message("user,item,score\n1,a,0.5\n1,b,1.5\n", "scale = \"probability\"");
        assert!(outside.contains("s.csv:3:5: found 1.5, expected a probability"), "{outside}");
    }

    #[test]
    fn the_file_names_the_stage_and_only_regular_files_are_read() {
        let (one, folder) = external("user,item,score\n1,a,3\n", "");
        let key = one.inputs().unwrap().unwrap();
        assert_ne!(key, external("user,item,score\n1,a,4\n", "").0.inputs().unwrap().unwrap());
        assert_eq!(key, external("user,item,score\n1,a,3\n", "").0.inputs().unwrap().unwrap());
        let is_a_folder = External { file: folder.path().into(), ..one.clone() };
        assert!(is_a_folder.inputs().unwrap_err().to_string().contains("found no regular file"));
        assert!(matches!(External { file: folder.path().join("none"), ..one }.inputs(), Err(Error::Io { .. })));
    }

    #[test]
    fn options_are_checked_before_any_file_is_read() {
        let problems = |toml| golden::read("x.toml", toml, External::read).unwrap_err();
        assert!(problems("")[0].message.contains("needs the path"));
        let outside = problems("path = \"s\"\nscale = \"probability\"\nmissing = -1.0");
        assert!(outside[0].message.contains("a probability") && outside[1].message.contains("s cannot be read: "));
        assert_eq!(problems("path = \"src\"\nmissing = nan\nscale = \"stars\"").len(), 3);
    }
}
