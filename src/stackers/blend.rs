//! A blend of other stackers: what trees, pairs and lines say of the same candidates, averaged. Their errors differ, and what differs cancels.
//!
//! It learns nothing: the scores that stackers give to the rows they learned from are no measure of what they are worth on others.

use super::average::{FittedAverage, ScoreScale};
use super::{FittedStacker, MetaRows, Stacker};
use crate::error::Result;
use crate::kind::{Kind, Options, Reader};
use crate::tree::{Entry, Value};

/// What is wrong with a blend of nothing, or of one.
pub const TOO_FEW: &str = "a blend needs two stackers or more";

crate::options! {
    /// Mean of the scores of other stackers of the experiment. Source: Perrone & Cooper (1993).
    pub struct Blend {
        /// Names of two stackers or more, wherever they stand in the file, none of them a blend itself; simple-average may be one. Must be given.
        pub of: Vec<String> = Vec::new();
        /// What is done to the scores of each before, within the candidates of one user. But for raw, how users differ is lost, which roc-auc and average-precision look at.
        pub scale: ScoreScale = ScoreScale::Zscore;
    }
}

/// The kind's entry in the table.
pub const KIND: Kind<dyn Stacker> = Kind {
    name: "blend",
    about: "mean of the scores of other stackers, learned from nothing more",
    read: |reader: &Reader<'_>| {
        let options = Blend::read(reader);
        // A value of another type is refused already.
        let is_empty = |entry: &Entry| matches!(&entry.node.value, Value::Array(names) if names.is_empty());
        if reader.entry("of").is_none_or(is_empty) {
            let help = "of = [\"…\", \"…\"], names of other stackers";
            reader.refuse_key("of", TOO_FEW.into(), Some(help.into()));
        }
        Box::new(options)
    },
    options: Blend::describe,
};

impl Stacker for Blend {
    fn fit(&self, _rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        Ok(Box::new(FittedAverage { form: self.scale.form(), weights: None }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn needs_meta(&self) -> bool {
        false
    }

    fn of(&self) -> Option<&[String]> {
        Some(&self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn every_stacker_has_one_voice_however_large_its_scores_are() {
        let (features, names) = (array![[0.0_f32, 0.0], [0.0, 0.0]], ["a", "b"].map(str::to_owned));
        let rows = MetaRows { features: features.view(), names: &names, labels: &[0, 1], groups: &[0, 2], seed: 1 };
        let scores = |scale| {
            let fitted = Blend { of: names.to_vec(), scale }.fit(&rows).unwrap_or_else(|error| panic!("{error}"));
            let mut out = [0.0; 3];
            fitted.score(array![[1.0, 300.0], [3.0, 100.0], [2.0, 200.0]].view(), &mut out);
            out
        };
        assert_eq!(scores(ScoreScale::Zscore), [0.0; 3], "they contradict each other");
        assert_eq!(scores(ScoreScale::Rank), [0.5; 3]);
        assert_eq!(scores(ScoreScale::Raw), [150.5, 51.5, 101.0]);
    }
}
