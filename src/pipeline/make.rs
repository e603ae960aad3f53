//! Making a cell: split, base models, their scores on the meta part, stackers, judgement.

use super::cell::{Cell, Member, SplitRatings};
use super::columns;
use super::fits::{self, Jobs, On};
use super::judge::{self, Judgement};
use super::stack::{self, Meta};
use super::stage::{Shared, Stage};
use crate::dataset::Interactions;
use crate::error::{Error, Result};
use crate::experiment::{Experiment, SplitPlan};
use crate::features::{Statistics, StatsFrom};
use crate::key::{Key, KeyBuilder};
use crate::models::FittedModel;
use crate::splits::{Part, Parts};
use crate::stackers::FittedStacker;
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// What a cell made.
pub struct Made<'a> {
    /// The split and its ratings.
    pub split: Stage<SplitRatings>,
    /// Base models, each distinct one once.
    pub fits: Vec<Stage<Box<dyn FittedModel>>>,
    /// Scores of the base models that are features, on the meta part.
    pub scores: Vec<Option<Stage<Vec<f32>>>>,
    /// Stackers, each distinct one once.
    pub stacks: Vec<Stage<Box<dyn FittedStacker>>>,
    /// What the arms reached, per distinct evaluation.
    pub judgements: Vec<Judgement>,
    /// Per member: what it uses of the above.
    pub members: Vec<Shared<Member<'a>>>,
}

impl<'a> Cell<'a> {
    /// Makes everything. `say` is told what is being worked on.
    pub fn make(&self, say: impl Fn(&str) + Sync) -> Made<'a> {
        say("split");
        let split = self.split();
        let ratings = match split.get() {
            Ok(ratings) => ratings,
            Err(failed) => {
                let members = self.members.iter().map(|_| Err(Arc::clone(&failed))).collect();
                return Made { split, members, fits: vec![], scores: vec![], stacks: vec![], judgements: vec![] };
            }
        };
        let (mut jobs, seed) = (Jobs::default(), self.seed);
        let mut members: Vec<Shared<Member<'a>>> = self
            .members
            .iter()
            .map(|member| uses(member, &mut jobs, &ratings.parts.hash, seed).map_err(Arc::new))
            .collect();
        let keys: Vec<Key> = jobs.0.iter().map(|job| job.key).collect();
        let fits = fits::fit(&jobs.0, self.dataset, &ratings.base, &ratings.train_full, seed, &say);
        say("score meta_train");
        let scores = features(&members, &fits, &ratings.meta);
        let sources = self.stats_sources();
        let statistics: Vec<Statistics> =
            sources.iter().map(|&from| Statistics::new(self.dataset, &ratings.parts, from)).collect();
        let stack_jobs = stack_jobs(&mut members, &sources, &keys, &ratings.parts.hash, seed);
        let meta = Meta { part: &ratings.meta, scores: &scores, statistics: &statistics, seed };
        say("fit stackers");
        let stacks: Vec<_> = stack_jobs.par_iter().map(|job| stack::fit(job, &meta)).collect();
        for member in &mut members {
            if let Some(failed) = member.as_ref().ok().and_then(|member| failure(member, &fits, &stacks)) {
                *member = Err(failed);
            }
        }
        say("evaluate");
        let made = judge::Input {
            cell: self,
            ratings,
            fits: &fits,
            stacks: &stacks,
            stack_jobs: &stack_jobs,
            statistics: &statistics,
        };
        let judgements = judge::judge(&made, &mut members);
        drop(stack_jobs);
        Made { split, fits, scores, stacks, judgements, members }
    }

    fn split(&self) -> Stage<SplitRatings> {
        let SplitPlan { kind, split, .. } = &self.members[0].split;
        let key = KeyBuilder::new("split 1").key(&self.dataset.hash).text(kind).text(&split.parameters().to_string());
        let key = if split.depends_on_seed() { key.number(self.seed) } else { key };
        let inputs = split.inputs(self.dataset);
        let key = if let Ok(Some(inputs)) = &inputs { key.key(inputs) } else { key };
        Stage::run("split".into(), key.finish(), || {
            inputs?;
            let parts = Parts::new(self.dataset, split.assign(self.dataset, self.seed)?);
            let of = |wanted: &[Part]| parts.interactions(self.dataset, wanted);
            let (base, meta, test) = (of(&[Part::Base]), of(&[Part::Meta]), of(&[Part::Test]));
            self.not_empty(kind, "base_train", &base, "learn from")?;
            self.not_empty(kind, "test", &test, "judge by")?;
            Ok(SplitRatings { base, meta, test, train_full: of(&[Part::Base, Part::Meta]), parts })
        })
    }

    fn not_empty(&self, kind: &str, part: &str, ratings: &Interactions, what: &str) -> Result<()> {
        if ratings.n_rows() > 0 {
            return Ok(());
        }
        Err(Error::Data {
            path: Path::new(&self.dataset.name).to_owned(),
            line: None,
            column: None,
            message: format!("found 0 ratings in {part} after the {kind:?} split, expected some to {what}"),
            help: Some("change the shares in [split], or choose another kind".into()),
        })
    }

    /// The distinct sources of statistics.
    fn stats_sources(&self) -> Vec<StatsFrom> {
        let mut out = Vec::new();
        for member in &self.members {
            if !out.contains(&member.stats_from) {
                out.push(member.stats_from);
            }
        }
        out
    }
}

/// The fits that an experiment needs.
fn uses<'a>(experiment: &'a Experiment, jobs: &mut Jobs<'a>, split: &Key, seed: u64) -> Result<Member<'a>> {
    let mut member = Member { experiment, base: Vec::new(), test: Vec::new(), stacks: Vec::new(), judgement: 0 };
    let on = if experiment.split.refit { On::TrainFull } else { On::Base };
    for model in &experiment.models {
        let base = if model.is_listed { Some(jobs.place(model, On::Base, split, seed)?) } else { None };
        member.base.push(base);
        member.test.push(jobs.place(model, on, split, seed)?);
    }
    Ok(member)
}

/// The scores of all models that are features, on the meta part.
fn features(
    members: &[Shared<Member<'_>>],
    fits: &[Stage<Box<dyn FittedModel>>],
    meta: &Interactions,
) -> Vec<Option<Stage<Vec<f32>>>> {
    let mut names: Vec<Option<&str>> = vec![None; fits.len()];
    for member in members.iter().flatten() {
        for (model, place) in member.experiment.models.iter().zip(&member.base) {
            if let Some(place) = *place {
                names[place].get_or_insert(&model.name);
            }
        }
    }
    let work: Vec<_> = fits.iter().zip(names).collect();
    work.par_iter().map(|(fit, name)| name.map(|name| fits::score_rows(fit, name, meta))).collect()
}

/// The distinct stackers of all members.
fn stack_jobs<'a>(
    members: &mut [Shared<Member<'a>>],
    sources: &[StatsFrom],
    models: &[Key],
    split: &Key,
    seed: u64,
) -> Vec<stack::Job<'a>> {
    let mut jobs: Vec<stack::Job<'a>> = Vec::new();
    for member in members.iter_mut().flatten() {
        let experiment = member.experiment;
        let statistics = sources.iter().position(|&from| from == experiment.stats_from).unwrap_or(0);
        for stacker in &experiment.stackers {
            // A feature is the score of a listed model, and every listed model has a base fit.
            let columns = columns::of(experiment, stacker, |model| member.base[model].unwrap_or(member.test[model]));
            let input = stack::JobInput { columns, statistics, stats_from: experiment.stats_from, models, split, seed };
            let job = stack::Job::new(stacker, input, experiment.evaluation.threshold);
            let place = jobs.iter().position(|other| other.key == job.key);
            member.stacks.push(place.unwrap_or(jobs.len()));
            if place.is_none() {
                jobs.push(job);
            }
        }
    }
    jobs
}

/// The first failure among what a member uses.
fn failure(
    member: &Member<'_>,
    fits: &[Stage<Box<dyn FittedModel>>],
    stacks: &[Stage<Box<dyn FittedStacker>>],
) -> Option<Arc<Error>> {
    let places = member.base.iter().flatten().chain(&member.test);
    let fit = places.filter_map(|&place| fits[place].get().err()).next();
    fit.or_else(|| member.stacks.iter().find_map(|&place| stacks[place].get().err()))
}
