//! Judging the arms of a cell: members that evaluate alike share one pass over the users, and every distinct arm is judged once.

use super::cell::{Cell, Member, SplitRatings};
use super::scorer::{Arm, CellScorer};
use super::stack;
use super::stage::{Shared, Stage};
use crate::dataset::Scale;
use crate::evaluation::{self, Evaluation, Scorer};
use crate::experiment::{EvaluationPlan, Experiment, TrialData};
use crate::features::Statistics;
use crate::key::{Key, KeyBuilder};
use crate::models::FittedModel;
use crate::stackers::FittedStacker;
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
    pub ratings: &'a SplitRatings,
    pub fits: &'a [Stage<Box<dyn FittedModel>>],
    pub stacks: &'a [Stage<Box<dyn FittedStacker>>],
    pub stack_jobs: &'a [stack::Job<'c>],
    pub statistics: &'a [Statistics],
}

/// Judges the arms of all members that got this far, and tells each member where.
pub fn judge<'c>(input: &Input<'_, 'c>, members: &mut [Shared<Member<'c>>]) -> Vec<Judgement> {
    let mut plans: Vec<(bool, String, &EvaluationPlan)> = Vec::new();
    for member in members.iter_mut().flatten() {
        let Experiment { split, evaluation, .. } = member.experiment;
        let plan = (split.refit, evaluation.fingerprint(), evaluation);
        let place = plans.iter().position(|other| (other.0, &other.1) == (plan.0, &plan.1));
        member.judgement = place.unwrap_or(plans.len());
        if place.is_none() {
            plans.push(plan);
        }
    }
    let mut judgements = Vec::with_capacity(plans.len());
    for (place, (_, fingerprint, evaluation)) in plans.iter().enumerate() {
        let judgement = input.judge(place, fingerprint, evaluation, members);
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

/// An arm and what names it.
type Named<'a> = (Key, Arm<'a>);

impl Input<'_, '_> {
    fn judge(
        &self,
        place: usize,
        fingerprint: &str,
        plan: &EvaluationPlan,
        members: &[Shared<Member<'_>>],
    ) -> Judgement {
        let (cell, ratings) = (self.cell, self.ratings);
        let mut scorer = CellScorer {
            models: self.fits.iter().map(|_| None).collect(),
            statistics: self.statistics,
            arms: Vec::new(),
        };
        let mut keys: Vec<Key> = Vec::new();
        let mut arms = vec![Vec::new(); members.len()];
        for (member, arms) in members.iter().zip(&mut arms) {
            let Some(member) = member.as_ref().ok().filter(|member| member.judgement == place) else { continue };
            for (model, &test) in member.test.iter().enumerate() {
                // A model's column stands at the place of its base fit, also when candidates are scored by its refit.
                let column = member.base[model].unwrap_or(test);
                scorer.models[column] = self.fits[test].get().ok().map(|model| &**model);
            }
            for (key, arm) in self.arms_of(member) {
                let place = keys.iter().position(|other| *other == key);
                arms.push(place.unwrap_or(keys.len()));
                if place.is_none() {
                    keys.push(key);
                    scorer.arms.push(arm);
                }
            }
        }
        let scales = (0..scorer.n_arms()).map(|arm| scorer.scale(arm)).collect();
        let key = keys.iter().fold(KeyBuilder::new("evaluate 1").text(fingerprint), KeyBuilder::key);
        let key = key.key(&ratings.parts.hash).number(cell.seed).finish();
        let SplitRatings { train_full, test, .. } = ratings;
        let data = TrialData { dataset: cell.dataset, train_full, test, seed: cell.seed };
        let stage = Stage::run("evaluate".into(), key, || evaluation::evaluate(&plan.setting(data), &scorer));
        Judgement { stage, scales, arms }
    }

    /// A member's arms in the order of its tables: stackers, base models, floors.
    fn arms_of<'b>(&'b self, member: &'b Member<'_>) -> Vec<Named<'b>> {
        let refit = u64::from(member.experiment.split.refit);
        let mut out: Vec<Named<'b>> = Vec::new();
        for &place in &member.stacks {
            let job = &self.stack_jobs[place];
            if let Ok(fitted) = self.stacks[place].get() {
                let key = KeyBuilder::new("arm").key(&job.key).number(refit).finish();
                let arm = Arm::Stacker { fitted: &**fitted, columns: &job.columns, statistics: job.statistics };
                out.push((key, arm));
            }
        }
        for is_floor in [false, true] {
            for (number, model) in member.experiment.models.iter().enumerate() {
                if model.is_floor == is_floor {
                    let column = member.base[number].unwrap_or(member.test[number]);
                    out.push((self.fits[member.test[number]].key, Arm::Model(column)));
                }
            }
        }
        out
    }
}
