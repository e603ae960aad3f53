//! A cell: the trials that share data, split and seed, made together. Everything a cell needs is in its arguments, and everything it makes is in what it returns.

use super::contexts::{Context, On};
use crate::dataset::{Dataset, Interactions};
use crate::experiment::Experiment;
use crate::splits::Parts;

/// What a cell is made from.
pub struct Cell<'a> {
    /// The ratings.
    pub dataset: &'a Dataset,
    /// Seed of its trials.
    pub seed: u64,
    /// The experiments that have a trial here; all with the same split.
    pub members: Vec<&'a Experiment>,
}

/// What one experiment uses of its cell.
pub struct Member<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Per model: its slot.
    pub slots: Vec<usize>,
    /// Per model: place of the fit that scores test candidates.
    pub test: Vec<usize>,
    /// All fits that it uses: their places, and their stages as this experiment names them. A fit that two of its models share is there under both names.
    pub fits: Vec<(usize, String)>,
    /// Place of the rows that its stackers learn from.
    pub training: usize,
    /// Per stacker: place of its fit.
    pub stacks: Vec<usize>,
    /// Place of its judgement.
    pub judgement: usize,
}

/// The ratings of the parts.
pub struct SplitRatings {
    /// Part of every row.
    pub parts: Parts,
    /// What stackers learn in: the split itself first, then folds.
    pub contexts: Vec<Context>,
    /// Base and meta part.
    pub train_full: Interactions,
    /// What judges.
    pub test: Interactions,
}

impl SplitRatings {
    /// A context in which stackers learn; the split itself for one that was not asked for.
    pub fn context(&self, on: On) -> &Context {
        self.contexts.iter().find(|context| context.on == on).unwrap_or(&self.contexts[0])
    }

    /// What models are fitted on.
    pub fn learned(&self, on: On) -> &Interactions {
        if on == On::TrainFull { &self.train_full } else { &self.context(on).base }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetBuilder, Duplicates};
    use crate::key::KeyBuilder;
    use crate::pipeline::rows;
    use crate::pipeline::stage::{Books, Stage};
    use crate::store::rows::StageRow;

    fn experiment(models: &str) -> Experiment {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("e.toml");
        std::fs::write(&path, format!("[data]\nname = \"synth\"\n{models}")).unwrap();
        crate::experiment::load(&[path], &[], None).unwrap().remove(0)
    }

    #[test]
    fn a_shared_fit_has_the_name_that_each_experiment_gives_to_it() {
        let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
        for cell in 0..200_u32 {
            builder.rating(&(cell / 20).to_string(), &(cell % 20).to_string(), 2.0 + (cell * 7 % 4) as f32, 0);
        }
        let dataset = builder.finish("ten", Duplicates::Last).unwrap();
        let mf = |name: &str, factors| format!("[models.{name}]\nkind = \"mf\"\nfactors = {factors}\nepochs = 1\n");
        let first = experiment(&(mf("mf", 2) + &mf("other", 3)));
        // The name of the one is that of the other there; and one model stands here twice.
        let second = experiment(&(mf("mf", 3) + &mf("large", 2) + &mf("twin", 2)));
        let cell = Cell { dataset: &dataset, seed: 1, members: vec![&first, &second] };
        let read = Stage::run("read data".into(), KeyBuilder::new("read").finish(), || Ok(()));
        let made = cell.make(|_| {});
        let trials = rows::trials(&cell, &made, &read, &mut Books::default(), 1);
        let stages: Vec<Vec<StageRow>> =
            trials.into_iter().map(|trial| trial.unwrap_or_else(|error| panic!("{error}")).row.stages).collect();
        let of = |trial: usize, name: &str| {
            let own: Vec<&StageRow> = stages[trial].iter().filter(|stage| stage.name == name).collect();
            assert_eq!(own.len(), 1, "{name}");
            (own[0].key.clone(), own[0].is_shared)
        };
        let ((two, is_shared), (three, _)) = (of(0, "fit mf"), of(0, "fit other"));
        assert!(two != three && !is_shared);
        assert_eq!(
            (of(1, "fit mf"), of(1, "fit large"), of(1, "fit twin")),
            ((three, true), (two.clone(), true), (two, true))
        );
        assert!(stages[1].iter().all(|stage| stage.name != "fit other"));
    }
}
