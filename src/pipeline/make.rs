//! Making a cell: split, base models, their scores on the meta part, stackers, judgement.

use super::cell::{Cell, Member, SplitRatings};
use super::columns::{self, Column};
use super::contexts::{self, Context, On};
use super::fits::Jobs;
use super::judge::{self, Judgement};
use super::per_segment::{FittedStack, PerSegment};
use super::stack;
use super::stage::{Shared, Stage};
use super::training::{Plan, Rows, World};
use crate::dataset::Interactions;
use crate::error::{Error, Result};
use crate::experiment::{Experiment, SplitPlan};
use crate::features::{self, Source, Statistics};
use crate::key::{Key, KeyBuilder};
use crate::models::FittedModel;
use crate::splits::{Part, Parts};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// What a cell made.
pub struct Made<'a> {
    /// The split and its ratings.
    pub split: Stage<SplitRatings>,
    /// Base models, each distinct one once per context.
    pub fits: Vec<Stage<Box<dyn FittedModel>>>,
    /// Rows that stackers learn from, each distinct choice once.
    pub rows: Vec<Stage<Rows>>,
    /// Stackers, each distinct one once.
    pub stacks: Vec<Stage<FittedStack>>,
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
                return Made { split, members, fits: vec![], rows: vec![], stacks: vec![], judgements: vec![] };
            }
        };
        let (mut jobs, seed) = (Jobs::default(), self.seed);
        let mut members: Vec<Shared<Member<'a>>> = self
            .members
            .iter()
            .map(|member| uses(member, &mut jobs, &ratings.parts.hash, seed).map_err(Arc::new))
            .collect();
        let fits = jobs.fit(self.dataset, |on| ratings.learned(on), seed, &say);
        let statistics = self.statistics(ratings);
        let world = World { ratings, jobs: &jobs, fits: &fits, statistics: &statistics, seed };
        let (plans, stack_jobs) = plans(&mut members, &jobs, &ratings.parts.hash, seed);
        say("rows for stackers");
        let rows: Vec<Stage<Rows>> = plans.iter().map(|plan| plan.make(world)).collect();
        say("fit stackers");
        let fit =
            |job: &stack::Job<'_>| stack::fit(job, &plans[job.training], &rows[job.training], self.dataset, world);
        let stacks: Vec<_> = stack_jobs.par_iter().map(fit).collect();
        for member in &mut members {
            if let Some(failed) = member.as_ref().ok().and_then(|member| failure(member, &fits, &rows, &stacks)) {
                *member = Err(failed);
            }
        }
        say("evaluate");
        let made = judge::Input { cell: self, world, stacks: &stacks, stack_jobs: &stack_jobs, plans: &plans };
        let judgements = judge::judge(&made, &mut members);
        drop((stack_jobs, plans));
        Made { split, fits, rows, stacks, judgements, members }
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
            let (test, train_full) = (of(&[Part::Test]), of(&[Part::Base, Part::Meta]));
            let contexts = self.contexts(&parts);
            self.not_empty(kind, "base_train", &contexts[0].base, "learn from")?;
            self.not_empty(kind, "test", &test, "judge by")?;
            Ok(SplitRatings { contexts, test, train_full, parts })
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

    /// The split as it is, and the folds that members ask for.
    fn contexts(&self, parts: &Parts) -> Vec<Context> {
        let mut ons = vec![On::Base];
        for member in &self.members {
            let more = On::of_training(member.split.cross_fit);
            ons.extend(more.into_iter().filter(|on| !ons.contains(on)).collect::<Vec<_>>());
        }
        // One after the other: a thread that waited for the others here would take up whole fits of other trials, and their time would be booked on the split.
        ons.into_iter().map(|on| Context::new(self.dataset, parts, on, self.seed)).collect()
    }

    /// Statistics of every context and source that a member asks for; more than the basic ones only where somebody looks at them.
    fn statistics(&self, ratings: &SplitRatings) -> Vec<(On, Source, Statistics)> {
        let mut wanted: Vec<(On, Source, bool)> = Vec::new();
        for member in &self.members {
            let SplitPlan { cross_fit, refit, .. } = member.split;
            let source = columns::source(member);
            let wants_more = member.stackers.iter().flat_map(|own| &own.features).any(|name| features::is_extra(name));
            for on in On::of_training(cross_fit).into_iter().chain([On::of_test(cross_fit, refit).1]) {
                match wanted.iter_mut().find(|other| (other.0, other.1) == (on, source)) {
                    Some((_, _, more)) => *more |= wants_more,
                    None => wanted.push((on, source, wants_more)),
                }
            }
        }
        let make = |(on, source, more): (On, Source, bool)| {
            let merged;
            let parts = if on == On::TrainFull {
                merged = contexts::merged(self.dataset, &ratings.parts);
                &merged
            } else {
                &ratings.context(on).parts
            };
            let basic = Statistics::new(self.dataset, parts, source.from);
            let statistics = if more { basic.with_more(self.dataset, parts, source.threshold) } else { basic };
            (on, source, statistics)
        };
        wanted.into_par_iter().map(make).collect()
    }
}

/// The fits that an experiment needs.
fn uses<'a>(experiment: &'a Experiment, jobs: &mut Jobs<'a>, split: &Key, seed: u64) -> Result<Member<'a>> {
    let SplitPlan { cross_fit, refit, .. } = experiment.split;
    let (mut slots, mut test, mut fits) = (Vec::new(), Vec::new(), Vec::new());
    let generators = experiment.training.protocol.map_or(&[][..], |place| &experiment.evaluation.generators[place]);
    for (number, model) in experiment.models.iter().enumerate() {
        let slot = jobs.slot(model)?;
        if model.is_listed || generators.contains(&number) {
            let of_training = On::of_training(cross_fit).into_iter();
            fits.extend(of_training.map(|on| (jobs.add(slot, on, split, seed), on.stage(&model.name))));
        }
        let on = On::of_test(cross_fit, refit).0;
        let place = jobs.add(slot, on, split, seed);
        fits.push((place, on.stage(&model.name)));
        test.push(place);
        slots.push(slot);
    }
    fits.sort_unstable();
    fits.dedup();
    Ok(Member { experiment, slots, test, fits, training: 0, stacks: Vec::new(), judgement: 0 })
}

/// The distinct choices of rows, and the distinct stackers that learn from them.
fn plans<'a>(
    members: &mut [Shared<Member<'a>>],
    jobs: &Jobs<'_>,
    split: &Key,
    seed: u64,
) -> (Vec<Plan<'a>>, Vec<stack::Job<'a>>) {
    let (mut plans, mut stacks): (Vec<Plan<'a>>, Vec<stack::Job<'a>>) = (Vec::new(), Vec::new());
    for member in members.iter_mut().flatten() {
        let plan = plan(member, jobs, split, seed);
        let place = plans.iter().position(|other| other.key == plan.key);
        member.training = place.unwrap_or(plans.len());
        if place.is_none() {
            plans.push(plan);
        }
        let plan = &mut plans[member.training];
        let all = &member.experiment.stackers;
        // Blends after those that they blend.
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|&place| !all[place].of.is_empty());
        member.stacks = vec![usize::MAX; all.len()];
        for (number, stacker) in order.into_iter().map(|number| (number, &all[number])) {
            let (slots, own) = (&member.slots, &member.stacks);
            let columns = columns::of(member.experiment, stacker, |model| slots[model], |other| own[other]);
            for &column in &columns {
                if !matches!(column, Column::Stack { .. }) && !plan.columns.contains(&column) {
                    plan.columns.push(column);
                }
            }
            let SplitPlan { cross_fit, refit, .. } = member.experiment.split;
            let per_segment = stacker.segmentation.map(|segmentation| PerSegment {
                segmentation,
                on: On::of_test(cross_fit, refit).1,
                from: member.experiment.stats_from,
            });
            let rows = (member.training, &plan.key);
            let (model, stack) = (|slot: usize| jobs.slots[slot].key, |stack: usize| stacks[stack].key);
            let job = stack::Job::new(stacker, columns, per_segment, rows, model, stack);
            let place = stacks.iter().position(|other| other.key == job.key);
            member.stacks[number] = place.unwrap_or(stacks.len());
            if place.is_none() {
                stacks.push(job);
            }
        }
    }
    (plans, stacks)
}

fn plan<'a>(member: &Member<'a>, jobs: &Jobs<'_>, split: &Key, seed: u64) -> Plan<'a> {
    let Experiment { evaluation, training, models, split: SplitPlan { cross_fit, .. }, .. } = member.experiment;
    let protocol = training.protocol.map(|place| &evaluation.protocols[place]);
    let generators: Vec<(&str, usize)> = training.protocol.map_or_else(Vec::new, |place| {
        evaluation.generators[place].iter().map(|&model| (models[model].name.as_str(), member.slots[model])).collect()
    });
    let mut key = KeyBuilder::new("rows 1").key(split).number(seed).number(*cross_fit as u64);
    key = key.number(training.negatives as u64).number(evaluation.threshold.to_bits());
    if let Some((name, protocol)) = protocol {
        key = key.text(name).text(&protocol.parameters().to_string());
        key = generators.iter().fold(key, |key, &(_, slot)| key.key(&jobs.slots[slot].key));
    }
    Plan {
        key: key.finish(),
        ons: On::of_training(*cross_fit),
        negatives: training.negatives,
        protocol: protocol.map(|(_, protocol)| &**protocol),
        generators,
        threshold: evaluation.threshold,
        columns: Vec::<Column>::new(),
    }
}

/// The first failure among what a member uses.
fn failure(
    member: &Member<'_>,
    fits: &[Stage<Box<dyn FittedModel>>],
    rows: &[Stage<Rows>],
    stacks: &[Stage<FittedStack>],
) -> Option<Arc<Error>> {
    let fit = member.fits.iter().find_map(|&(place, _)| fits[place].get().err());
    let rows = || rows[member.training].get().err();
    fit.or_else(rows).or_else(|| member.stacks.iter().find_map(|&place| stacks[place].get().err()))
}
