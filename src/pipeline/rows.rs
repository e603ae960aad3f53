//! From what a cell made to the rows of each trial.

use super::cell::{Cell, Member};
use super::exhibits;
use super::make::Made;
use super::per_segment::FittedStack;
use super::stack;
use super::stage::{Books, Shared, Stage};
use crate::dataset::{Dataset, Interactions, Note, UserIndex, is_relevant};
use crate::evaluation::{Evaluation, Outcome};
use crate::experiment::{Experiment, SIMPLE_AVERAGE};
use crate::store::exhibits::Exhibits;
use crate::store::rows::{
    ArmRow, EventRow, OmissionRow, PartRow, RankingRow, RelevantRow, SplitRow, StageRow, TrialRow, UserFactRow,
    UserValueRow, ValueRow,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One finished trial.
pub struct Trial {
    /// Its split.
    pub split: SplitRow,
    /// The arms of its run.
    pub arms: Vec<ArmRow>,
    /// Everything it leaves behind.
    pub row: TrialRow,
}

/// The trials of a cell, in the order of its members. `read` is the stage that read the data.
pub fn trials<T>(
    cell: &Cell<'_>,
    made: &Made<'_>,
    read: &Stage<T>,
    books: &mut Books,
    n_threads: usize,
) -> Vec<Shared<Trial>> {
    let trial = |(place, member): (usize, &Shared<Member<'_>>)| {
        let member = member.as_ref().map_err(Arc::clone)?;
        Writer { cell, made, member, place }.trial(read, books, n_threads)
    };
    made.members.iter().enumerate().map(trial).collect()
}

struct Writer<'a> {
    cell: &'a Cell<'a>,
    made: &'a Made<'a>,
    member: &'a Member<'a>,
    /// Place of the member in the cell.
    place: usize,
}

impl Writer<'_> {
    fn trial<T>(&self, read: &Stage<T>, books: &mut Books, n_threads: usize) -> Shared<Trial> {
        let judgement = &self.made.judgements[self.member.judgement];
        let evaluation = judgement.stage.get()?;
        let arms = &judgement.arms[self.place];
        let stages = self.stages(read, books);
        let mut row = TrialRow {
            seed: self.cell.seed,
            elapsed_ms: stages.iter().map(|stage| stage.elapsed_ms).sum(),
            peak_memory_bytes: stages.iter().map(|stage| stage.peak_memory_bytes).max().unwrap_or(0),
            n_threads,
            stages,
            ..TrialRow::default()
        };
        numbers(evaluation, arms, &mut row);
        let everybody = people(self.cell.dataset, evaluation, arms, &mut row);
        let (test, threshold) = (&self.made.split.get()?.test, self.member.experiment.evaluation.threshold);
        let items = evaluation.users.all.iter().map(|&user| relevant_items(test, user, threshold)).collect();
        row.relevant = Some(RelevantRow { user_list: everybody, items });
        row.exhibits = self.exhibits(evaluation, arms)?;
        self.learned(&mut row)?;
        self.events(evaluation, arms, &mut row)?;
        Ok(Trial { split: self.split()?, arms: self.arms(arms), row })
    }

    fn stages<T>(&self, read: &Stage<T>, books: &mut Books) -> Vec<StageRow> {
        let (made, member) = (self.made, self.member);
        let mut out = vec![books.row(read), books.row(&made.split)];
        out.extend(member.fits.iter().map(|(place, name)| books.row_named(&made.fits[*place], name.clone())));
        out.push(books.row(&made.rows[member.training]));
        let stackers = member.experiment.stackers.iter().zip(&member.stacks);
        out.extend(stackers.map(|(own, &place)| books.row_named(&made.stacks[place], stack::stage(&own.name))));
        out.push(books.row(&made.judgements[member.judgement].stage));
        out
    }

    fn split(&self) -> Shared<SplitRow> {
        let Experiment { split, evaluation, .. } = self.member.experiment;
        let parts = &self.made.split.get()?.parts;
        let part = |counts: crate::splits::PartCounts| PartRow {
            part: counts.part.into(),
            n_rows: counts.n_rows as u64,
            n_users: counts.n_users as u64,
            n_items: counts.n_items as u64,
            n_cold_users: counts.n_cold_users as u64,
            n_cold_items: counts.n_cold_items as u64,
            n_relevant: counts.n_relevant as u64,
        };
        Ok(SplitRow {
            hash: parts.hash.to_string(),
            threshold: evaluation.threshold,
            kind: split.kind.into(),
            parameters: split.split.parameters().to_string(),
            parts: parts.counts(self.cell.dataset, evaluation.threshold).into_iter().map(part).collect(),
        })
    }

    /// The arms in the order of tables: stackers, the simple average, base models, floors.
    fn arms(&self, places: &[usize]) -> Vec<ArmRow> {
        let experiment = self.member.experiment;
        let role = |is_average| if is_average { "average" } else { "stacker" };
        let stackers = experiment
            .stackers
            .iter()
            .map(|stacker| (&stacker.name, stacker.kind, role(stacker.name == SIMPLE_AVERAGE)));
        let base =
            experiment.models.iter().filter(|model| !model.is_floor).map(|model| (&model.name, model.kind, "base"));
        let floors =
            experiment.models.iter().filter(|model| model.is_floor).map(|model| (&model.name, model.kind, "floor"));
        let scales = &self.made.judgements[self.member.judgement].scales;
        let arms = stackers.chain(base).chain(floors).zip(places).enumerate();
        arms.map(|(position, ((name, kind, role), &place))| ArmRow {
            name: name.clone(),
            role: role.into(),
            kind: kind.into(),
            scale: scales[place].name().into(),
            is_primary: position == 0,
        })
        .collect()
    }

    fn exhibits(&self, evaluation: &Evaluation, places: &[usize]) -> Shared<Exhibits> {
        let (ratings, own) = (self.made.split.get()?, &self.member.experiment.evaluation);
        let source = exhibits::Source {
            dataset: self.cell.dataset,
            train_full: &ratings.train_full,
            test: &ratings.test,
            evaluation,
            arms: &self.arms(places),
            places,
            cutoffs: &own.cutoffs,
            threshold: own.threshold,
            seed: self.cell.seed,
        };
        Ok(source.exhibits())
    }

    /// Learning curves and importances.
    fn learned(&self, row: &mut TrialRow) -> Shared<()> {
        let experiment = self.member.experiment;
        for (model, &place) in experiment.models.iter().zip(&self.member.test) {
            for epoch in self.made.fits[place].get()?.history() {
                row.history.push((model.name.clone(), epoch.series.into(), epoch.epoch as u64, epoch.value));
            }
        }
        for (arm, (stacker, &place)) in experiment.stackers.iter().zip(&self.member.stacks).enumerate() {
            let fitted = self.made.stacks[place].get()?;
            // Curves are of the shared fit alone: those of segments would lie over each other in one figure.
            for (series, step, value) in fitted.shared.history() {
                row.history.push((stacker.name.clone(), series.into(), step as u64, value));
            }
            let own = fitted.segments().filter_map(|(label, own)| Some((format!("@{label}"), own?)));
            for (suffix, fitted) in std::iter::once((String::new(), &*fitted.shared)).chain(own) {
                row.importances.extend(fitted.importances().into_iter().map(|importance| {
                    (arm, importance.feature, format!("{}{suffix}", importance.measure), importance.value)
                }));
            }
        }
        row.history.retain(|(_, _, _, value)| value.is_finite());
        row.importances.retain(|(_, _, _, value)| value.is_finite());
        Ok(())
    }

    /// What a reader of the numbers must know, counted.
    fn events(&self, evaluation: &Evaluation, arms: &[usize], row: &mut TrialRow) -> Shared<()> {
        for (model, &place) in self.member.experiment.models.iter().zip(&self.member.test) {
            row.events.extend(self.made.fits[place].get()?.notes().iter().map(|note| event("note", note, &model.name)));
        }
        for (stacker, &place) in self.member.experiment.stackers.iter().zip(&self.member.stacks) {
            row.events.extend(few_rows(&stacker.name, self.made.stacks[place].get()?));
        }
        let names = self.arms(arms);
        let mut note = |code: &str, count: u64, message: String| {
            if count > 0 {
                row.events.push(EventRow { level: "note".into(), code: code.into(), count, message });
            }
        };
        for outcome in &evaluation.protocols {
            let protocol = outcome.protocol;
            let message = format!("{protocol}: test users without a relevant test item, left out of ranking metrics");
            note("users-without-relevant", outcome.n_without_relevant, message);
            let message = format!(
                "{protocol}: test users whose candidates are all relevant: every order of them scores the same"
            );
            note("users-without-choice", outcome.n_without_choice, message);
            for (generator, count) in &outcome.silent {
                let message =
                    format!("{protocol}: users of whom {generator} knows nothing, so that it proposes no candidates");
                note("generator-silent", *count, message);
            }
            for (arm, &place) in names.iter().zip(arms) {
                let message = format!("{protocol}, {}: candidates scored by the model's fallback", arm.name);
                note("fallback-scores", outcome.arms[place].n_fallbacks, message);
            }
        }
        row.events.extend(evaluation.protocols.iter().filter_map(no_choice));
        for (name, protocol) in &self.member.experiment.evaluation.protocols {
            row.events.extend(protocol.warning().map(|message| EventRow {
                level: "warning".into(),
                code: format!("protocol-{name}"),
                count: 1,
                message: message.into(),
            }));
        }
        Ok(())
    }
}

/// The note that some segments have no stacker of their own.
fn few_rows(stacker: &str, fitted: &FittedStack) -> Option<EventRow> {
    let without: Vec<&str> = fitted.segments().filter(|(_, own)| own.is_none()).map(|(label, _)| label).collect();
    (!without.is_empty()).then(|| EventRow {
        level: "note".into(),
        code: "segments-without-stacker".into(),
        count: without.len() as u64,
        message: format!(
            "{stacker}: segments with too few rows of either class, whose users the shared stacker ranks for: {}",
            without.join(", ")
        ),
    })
}

/// The warning that a protocol can hardly tell arms apart.
fn no_choice(outcome: &Outcome) -> Option<EventRow> {
    let n_judged = outcome.user_lists.first().map_or(0, Vec::len) as u64 - outcome.n_without_relevant;
    (2 * outcome.n_without_choice > n_judged).then(|| EventRow {
        level: "warning".into(),
        code: "nothing-to-order".into(),
        count: outcome.n_without_choice,
        message: format!(
            "{}: most users have only relevant candidates, so that every arm ranks them perfectly; take a larger test part, or protocols = [\"full\"]",
            outcome.protocol
        ),
    })
}

fn event(level: &str, note: &Note, about: &str) -> EventRow {
    let message = format!("{about}: {}", note.message);
    EventRow { level: level.into(), code: note.code.into(), count: note.count, message }
}

/// Metric values and omissions.
fn numbers(evaluation: &Evaluation, arms: &[usize], row: &mut TrialRow) {
    for outcome in &evaluation.protocols {
        for (arm, &place) in arms.iter().enumerate() {
            let reached = &outcome.arms[place];
            row.values.extend(reached.values.iter().map(|value| ValueRow {
                arm,
                protocol: outcome.protocol.into(),
                metric: value.metric,
                k: value.k,
                segment: evaluation.segments[value.segment].clone(),
                value: value.value,
                n: value.n,
                n_left_out: value.n_left_out,
            }));
            row.omissions.extend(reached.omissions.iter().map(|omission| OmissionRow {
                arm,
                protocol: outcome.protocol.into(),
                metric: omission.metric,
                k: omission.k,
                segment: evaluation.segments[omission.segment].clone(),
                reason: omission.reason.into(),
                count: omission.count,
            }));
        }
    }
}

/// The relevant test items of a user, ascending, candidates or not.
pub(super) fn relevant_items(test: &Interactions, user: UserIndex, threshold: f64) -> Vec<u32> {
    let (items, ratings) = test.of_user(user);
    items.iter().zip(ratings).filter(|&(_, &rating)| is_relevant(rating, threshold)).map(|(&item, _)| item).collect()
}

/// Values and lists per user, and the lists of users they refer to. Returns the place of the list of everybody.
fn people(dataset: &Dataset, evaluation: &Evaluation, arms: &[usize], row: &mut TrialRow) -> usize {
    let mut places: BTreeMap<&[UserIndex], usize> = BTreeMap::new();
    for outcome in &evaluation.protocols {
        let lists: Vec<usize> = outcome.user_lists.iter().map(|list| place(dataset, list, &mut places, row)).collect();
        for (arm, &place) in arms.iter().enumerate() {
            let reached = &outcome.arms[place];
            row.user_values.extend(reached.user_values.iter().map(|values| UserValueRow {
                arm,
                protocol: outcome.protocol.into(),
                metric: values.metric,
                k: values.k,
                segment: evaluation.segments[values.segment].clone(),
                user_list: lists[values.user_list],
                values: values.values.clone(),
            }));
            row.rankings.push(ranking(outcome, arm, place, lists[0]));
        }
    }
    let users = &evaluation.users;
    for (segment, members) in &users.members {
        let list = place(dataset, members, &mut places, row);
        row.user_segments.push((evaluation.segments[*segment].clone(), list));
    }
    let everybody = place(dataset, &users.all, &mut places, row);
    for (name, values) in [("train_full_n_ratings", &users.n_ratings), ("train_full_mean_rating", &users.mean_rating)] {
        row.user_facts.push(UserFactRow { name: name.into(), user_list: everybody, values: values.clone() });
    }
    everybody
}

fn place<'a>(
    dataset: &Dataset,
    list: &'a [UserIndex],
    places: &mut BTreeMap<&'a [UserIndex], usize>,
    row: &mut TrialRow,
) -> usize {
    *places.entry(list).or_insert_with(|| {
        row.user_lists.push(list.iter().map(|user| dataset.user_ids.id(user.at()).to_owned()).collect());
        row.user_lists.len() - 1
    })
}

fn ranking(outcome: &Outcome, arm: usize, place: usize, user_list: usize) -> RankingRow {
    let lists = &outcome.arms[place].top_lists;
    let plain = lists.iter().map(|list| list.iter().map(|&(item, score, label)| (item.0, score, label)).collect());
    RankingRow { arm, protocol: outcome.protocol.into(), k: outcome.longest, user_list, lists: plain.collect() }
}
