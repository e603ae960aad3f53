//! Judging the arms of a cell: members that evaluate alike share one pass over the users, and every distinct arm is judged once.

use super::cell::{Cell, Member};
use super::columns::Column;
use super::contexts::On;
use super::per_segment::FittedStack;
use super::scorer::{Arm, CellScorer, Narrowing};
use super::stack;
use super::stage::{Shared, Stage};
use super::training::{self, World};
use crate::dataset::Scale;
use crate::evaluation::{self, Evaluation, Scorer};
use crate::experiment::{EvaluationPlan, Experiment, TrialData};
use crate::features::Form;
use crate::key::{Key, KeyBuilder};
use crate::protocols::{Generator, Offer};
use std::sync::Arc;

/// What was reached by the arms of all members that evaluate alike.
pub struct Judgement {
    /// The numbers.
    pub stage: Stage<Evaluation>,
    /// What the scores of each arm mean.
    pub scales: Vec<Scale>,
    /// Per member of the cell: its arms' places, in the order of its tables; empty for members judged elsewhere.
    pub arms: Vec<Vec<usize>>,
}

/// What is judged.
pub struct Input<'a, 'c> {
    pub cell: &'a Cell<'c>,
    pub world: World<'a>,
    pub stacks: &'a [Stage<FittedStack>],
    pub stack_jobs: &'a [stack::Job<'c>],
    pub plans: &'a [training::Plan<'c>],
}

/// An evaluation and what it looks at: models fitted on the first, statistics of the second.
struct Plan<'a> {
    models: On,
    statistics: On,
    evaluation: &'a EvaluationPlan,
    /// Per protocol: name and slot of each generator.
    generators: Vec<Vec<(&'a str, usize)>>,
    fingerprint: String,
}

impl<'a> Plan<'a> {
    fn new(member: &Member<'a>) -> Self {
        let Experiment { split, evaluation, models: all, .. } = member.experiment;
        let (models, statistics) = On::of_test(split.cross_fit, split.refit);
        let named =
            |own: &Vec<usize>| own.iter().map(|&model| (all[model].name.as_str(), member.slots[model])).collect();
        let generators: Vec<Vec<(&str, usize)>> = evaluation.generators.iter().map(named).collect();
        let slots: Vec<Vec<usize>> = generators.iter().map(|own| own.iter().map(|&(_, slot)| slot).collect()).collect();
        let ons = [models.numbers(), statistics.numbers()];
        let fingerprint = serde_json::json!([evaluation.fingerprint(), slots, ons]).to_string();
        Self { models, statistics, evaluation, generators, fingerprint }
    }
}

/// Judges the arms of all members that got this far, and tells each member where.
pub fn judge<'c>(input: &Input<'_, 'c>, members: &mut [Shared<Member<'c>>]) -> Vec<Judgement> {
    let mut plans: Vec<Plan<'_>> = Vec::new();
    for member in members.iter_mut().flatten() {
        let plan = Plan::new(member);
        let place = plans.iter().position(|other| other.fingerprint == plan.fingerprint);
        member.judgement = place.unwrap_or(plans.len());
        if place.is_none() {
            plans.push(plan);
        }
    }
    let mut judgements = Vec::with_capacity(plans.len());
    for (place, plan) in plans.iter().enumerate() {
        let judgement = input.judge(place, plan, members);
        let failed = judgement.stage.get().err();
        judgements.push(judgement);
        for member in members.iter_mut() {
            if let (Some(failed), true) = (&failed, member.as_ref().is_ok_and(|member| member.judgement == place)) {
                *member = Err(Arc::clone(failed));
            }
        }
    }
    judgements
}

/// An arm by what names it.
enum Named<'a> {
    Stacker(usize, &'a FittedStack),
    Model(usize),
}

impl Input<'_, '_> {
    fn judge(&self, place: usize, plan: &Plan<'_>, members: &[Shared<Member<'_>>]) -> Judgement {
        let (cell, world) = (self.cell, self.world);
        let mut scorer = CellScorer::empty(world.view(&[], plan.models, plan.statistics));
        let mut keys: Vec<Key> = Vec::new();
        let mut arms = vec![Vec::new(); members.len()];
        for (member, arms) in members.iter().zip(&mut arms) {
            let Some(member) = member.as_ref().ok().filter(|member| member.judgement == place) else { continue };
            for (key, arm) in self.arms_of(member) {
                let place = keys.iter().position(|other| *other == key);
                arms.push(place.unwrap_or(keys.len()));
                if place.is_none() {
                    keys.push(key);
                    let arm = self.arm(&arm, plan, member, &mut scorer);
                    scorer.arms.push(arm);
                }
            }
        }
        scorer.view = world.view(&scorer.columns, plan.models, plan.statistics);
        let scales = (0..scorer.n_arms()).map(|arm| scorer.scale(arm)).collect();
        let key = keys.iter().fold(KeyBuilder::new("evaluate 4").text(&plan.fingerprint), KeyBuilder::key);
        let key = key.key(&world.ratings.parts.hash).number(cell.seed).finish();
        let (train_full, test) = (&world.ratings.train_full, &world.ratings.test);
        let stage = match self.generators(plan, &scorer) {
            Ok(generators) => Stage::run("evaluate".into(), key, || {
                let data =
                    TrialData { dataset: cell.dataset, train_full, test, generators: &generators, seed: cell.seed };
                evaluation::evaluate(&plan.evaluation.setting(data), &scorer)
            }),
            Err(failed) => Stage::failed("evaluate".into(), key, failed),
        };
        Judgement { stage, scales, arms }
    }

    /// Per protocol its generators, each with the arm that ranks by it.
    fn generators<'b>(&'b self, plan: &'b Plan<'_>, scorer: &CellScorer<'_>) -> Shared<Vec<Vec<Generator<'b>>>> {
        let arm_of = |slot: usize| {
            let is_own = |arm: &Arm<'_>| matches!(arm, Arm::Model { slot: other, .. } if *other == slot);
            // Every model is an arm.
            scorer.arms.iter().position(is_own).unwrap_or(usize::MAX)
        };
        let of_protocol =
            |own: &'b Vec<(&'b str, usize)>| self.world.generators(own, plan.models, |at| arm_of(own[at].1));
        plan.generators.iter().map(of_protocol).collect()
    }

    fn arm<'b>(
        &'b self,
        arm: &Named<'b>,
        plan: &Plan<'_>,
        member: &Member<'b>,
        scorer: &mut CellScorer<'b>,
    ) -> Arm<'b> {
        match *arm {
            Named::Stacker(place, fitted) => {
                let columns = self.stack_jobs[place].columns.iter().map(|&column| scorer.place(column)).collect();
                Arm::Stacker { stack: place, fitted, columns, narrowing: self.narrowing(plan, member, scorer) }
            }
            Named::Model(slot) => Arm::Model { slot, column: scorer.place(Column::Score { slot, form: Form::Raw }) },
        }
    }

    /// What chooses the candidates of a member's stackers: the protocol that they learned under, if it chooses.
    fn narrowing<'b>(&'b self, plan: &Plan<'_>, member: &Member<'b>, scorer: &mut CellScorer<'b>) -> Option<usize> {
        let training = &self.plans[member.training];
        let protocol = training.protocol?;
        if let Some(place) = scorer.narrowings.iter().position(|own| own.key == training.key) {
            return Some(place);
        }
        // Without one of its generators nothing is judged at all.
        let generators = self.world.generators(&training.generators, plan.models, |_| usize::MAX).ok()?;
        let (ratings, seed) = (self.world.ratings, self.cell.seed);
        let offer = Offer { train_full: &ratings.train_full, test: &ratings.test, seed, generators: &[] };
        scorer.narrowings.push(Narrowing { key: training.key, protocol, offer, generators });
        Some(scorer.narrowings.len() - 1)
    }

    /// A member's arms in the order of its tables: stackers, base models, floors.
    fn arms_of<'b>(&'b self, member: &'b Member<'_>) -> Vec<(Key, Named<'b>)> {
        let mut out: Vec<(Key, Named<'b>)> = Vec::new();
        for &place in &member.stacks {
            if let Ok(fitted) = self.stacks[place].get() {
                out.push((self.stack_jobs[place].key, Named::Stacker(place, fitted)));
            }
        }
        for is_floor in [false, true] {
            for (number, model) in member.experiment.models.iter().enumerate() {
                if model.is_floor == is_floor {
                    out.push((self.world.fits[member.test[number]].key, Named::Model(member.slots[number])));
                }
            }
        }
        out
    }
}
