//! Feature columns inside a cell: scores of fitted models and statistics, by number instead of by name.

use crate::dataset::{ItemIndex, UserIndex};
use crate::experiment::{Experiment, NamedStacker};
use crate::features::{self, FEATURES, FORMS, Form, Source, Statistics, Subject};
use crate::models::FittedModel;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Column {
    /// Scores of a model.
    Score {
        /// Its slot in the cell.
        slot: usize,
        /// As they are, or as they stand among those of the same user.
        form: Form,
    },
    /// A statistic.
    Statistic {
        /// Its place in [`FEATURES`].
        feature: usize,
        /// Where it is taken from.
        source: Source,
    },
    /// Scores of a stacker.
    Stack {
        /// Its place among those of the cell.
        stack: usize,
    },
}

/// The columns a stacker looks at; `slot` finds a model of the experiment in the cell, `stack` a stacker.
pub fn of(
    experiment: &Experiment,
    stacker: &NamedStacker,
    slot: impl Fn(usize) -> usize,
    stack: impl Fn(usize) -> usize,
) -> Vec<Column> {
    let score = |name: &String| {
        let mut all = experiment.models.iter().enumerate().flat_map(|model| FORMS.map(|form| (model, form)));
        all.find(|((_, model), form)| features::score_column(&model.name) + form.suffix() == *name)
            .map(|((model, _), form)| Column::Score { slot: slot(model), form })
    };
    let statistic = |name: &String| {
        let feature = FEATURES.iter().position(|feature| feature.name == name);
        feature.map(|feature| Column::Statistic { feature, source: source(experiment) })
    };
    // Every name was checked against models and FEATURES when the file was read.
    let features = stacker.features.iter().filter_map(|name| score(name).or_else(|| statistic(name)));
    features.chain(stacker.of.iter().map(|&place| Column::Stack { stack: stack(place) })).collect()
}

/// Where the statistics of an experiment come from.
pub fn source(experiment: &Experiment) -> Source {
    Source { from: experiment.stats_from, threshold: experiment.evaluation.threshold }
}

/// Everything columns are made from: models fitted in one context, and statistics of it.
pub struct View<'a> {
    /// Fitted models by slot; `None` where no column needs one.
    pub models: Vec<Option<&'a dyn FittedModel>>,
    /// Statistics of the sources that columns need.
    pub statistics: Vec<(Source, &'a Statistics)>,
    /// Of the columns that are about items alone: the values of all items.
    pub of_items: Vec<(Column, Vec<f32>)>,
}

/// One user's rows.
#[derive(Clone, Copy)]
pub struct UserRows<'a> {
    /// Who.
    pub user: UserIndex,
    /// All candidates: what scores are compared with.
    pub candidates: &'a [ItemIndex],
    /// The rows that are wanted: places among the candidates, ascending; `None`: all.
    pub chosen: Option<&'a [usize]>,
    /// The candidates' own ratings where statistics may contain them; `None`: they do not.
    pub own: Option<&'a [f32]>,
}

/// Buffers, kept from user to user.
#[derive(Default)]
pub struct Scratch {
    scores: Vec<Vec<f32>>,
    is_scored: Vec<bool>,
    formed: Vec<f32>,
}

impl Scratch {
    /// Forgets the scores of the user before.
    pub fn forget(&mut self, n_slots: usize) {
        self.scores.resize_with(n_slots, Vec::new);
        self.is_scored.clear();
        self.is_scored.resize(n_slots, false);
    }

    /// Scores of all candidates that somebody else made.
    pub fn put(&mut self, slot: usize, scores: Vec<f32>) {
        self.scores[slot] = scores;
        self.is_scored[slot] = true;
    }

    /// The scores of a slot, of all candidates.
    pub fn scores(&self, slot: usize) -> &[f32] {
        &self.scores[slot]
    }
}

impl View<'_> {
    /// Works out those of some columns that are about items alone.
    pub fn look_at_items(&mut self, columns: &[Column]) {
        for &column in columns {
            let Column::Statistic { feature, source } = column else { continue };
            let statistics = self.statistics.iter().find(|(other, _)| *other == source);
            if let (Subject::Item, Some((_, statistics))) = (FEATURES[feature].subject, statistics) {
                // Whoever asks sees the same.
                let row = |item| statistics.row(UserIndex(0), ItemIndex(item as u32), None);
                let values = (0..statistics.n_items()).map(|item| (FEATURES[feature].value)(&row(item)));
                self.of_items.push((column, values.collect()));
            }
        }
    }

    /// Fills one column each for the wanted rows of a user. `fallbacks[slot]` grows by the fallbacks among the candidates. `scratch` knows nothing of another user.
    pub fn fill(
        &self,
        wanted: &[Column],
        rows: UserRows<'_>,
        scratch: &mut Scratch,
        out: &mut [Vec<f32>],
        fallbacks: &mut [u64],
    ) {
        for (column, out) in wanted.iter().zip(out) {
            out.clear();
            match *column {
                Column::Score { slot, form } => {
                    self.score(slot, &rows, scratch, fallbacks);
                    let scores = &scratch.scores[slot];
                    match (form, rows.chosen) {
                        (Form::Raw, None) => out.extend_from_slice(scores),
                        (Form::Raw, Some(chosen)) => out.extend(chosen.iter().map(|&at| scores[at])),
                        (form, None) => form.apply(scores, out),
                        (form, Some(chosen)) => {
                            form.apply(scores, &mut scratch.formed);
                            out.extend(chosen.iter().map(|&at| scratch.formed[at]));
                        }
                    }
                }
                Column::Statistic { feature, source } => self.statistic(*column, (feature, source), &rows, out),
                // Whoever has the stackers has these, and asks nobody.
                Column::Stack { .. } => debug_assert!(false),
            }
        }
    }

    /// Scores all candidates by a slot, unless `scratch` has these scores already.
    pub fn score(&self, slot: usize, rows: &UserRows<'_>, scratch: &mut Scratch, fallbacks: &mut [u64]) {
        if scratch.is_scored[slot] {
            return;
        }
        scratch.is_scored[slot] = true;
        let out = &mut scratch.scores[slot];
        out.clear();
        out.resize(rows.candidates.len(), 0.0);
        fallbacks[slot] += self.models[slot].map_or(0, |model| model.score(rows.user, rows.candidates, out) as u64);
    }

    fn statistic(&self, column: Column, (feature, source): (usize, Source), rows: &UserRows<'_>, out: &mut Vec<f32>) {
        // Every source that a column names was made for its context.
        let Some((_, statistics)) = self.statistics.iter().find(|(other, _)| *other == source) else { return };
        let value = |at: usize| {
            let row = statistics.row(rows.user, rows.candidates[at], rows.own.map(|own| own[at]));
            (FEATURES[feature].value)(&row)
        };
        let of_items = self.of_items.iter().find(|(other, _)| *other == column).filter(|_| rows.own.is_none());
        match (of_items, rows.chosen) {
            (Some((_, values)), None) => out.extend(rows.candidates.iter().map(|item| values[item.at()])),
            (None, None) if FEATURES[feature].subject == Subject::User && rows.own.is_none() => {
                let value = rows.candidates.first().map_or(0.0, |_| value(0));
                out.resize(rows.candidates.len(), value);
            }
            (None, None) => out.extend((0..rows.candidates.len()).map(value)),
            (_, Some(chosen)) => out.extend(chosen.iter().map(|&at| value(at))),
        }
    }
}
