//! The boosting loop: derivatives, a tree, new scores, and when to stop.

use super::binning::Cuts;
use super::fixed_point::FixedPoint;
use super::grow::Grower;
use super::histogram::Histograms;
use super::sampling::{self, HoldOut};
use super::tree::Tree;
use super::{Derivatives, Ensemble, Loss, MAX_ROWS, Rows, Settings, Targets};
use crate::error::{Error, Result};
use crate::{parallel, rng};
use rayon::prelude::*;

/// Rows scored per parallel block while fitting.
const BLOCK: usize = 4096;

/// What was fitted, and how it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Boosted {
    /// The trees that are kept.
    pub ensemble: Ensemble,
    /// One entry per tree fitted, also of those that early stopping dropped.
    pub rounds: Vec<Round>,
    /// Rows held out to choose the number of trees, ascending; empty without validation.
    pub validation_rows: Vec<usize>,
}

/// Losses after a tree was added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    /// On the rows fitted on, held-out ones not among them.
    pub train: f64,
    /// On the held-out rows, if there are any.
    pub validation: Option<f64>,
}

/// Fits trees to the derivatives of `loss`, each to what those before it left (Friedman 2001, algorithm 1, with the Newton steps of its algorithm 5).
///
/// - `rows`: features `[n_rows × n_features]`, labels `[n_rows]`, finite. `seed`: streams are derived from it under `gbdt`, part 0 for the
///   held-out rows and part t for the bag of tree t (from 1), and under `gbdt columns` for the columns of tree t, so that none moves another.
/// - Cost: O(n_trees · n_rows · n_features · depth) additions, of the features that each tree looks at. The same bits at any number of threads.
///
/// # Errors
/// [`Error::Model`] when shapes disagree, there are no features, no rows or too many of either, or validation rows cannot be held out;
/// [`Error::Interrupted`] when the process was asked to stop.
pub fn fit(rows: &Rows<'_>, loss: &dyn Loss, settings: &Settings, seed: u64) -> Result<Boosted> {
    check(rows)?;
    if settings.validation <= 0.0 {
        return fit_parts(rows, None, loss, settings, seed);
    }
    let mut rng = rng::stream(seed, "gbdt", 0);
    let Some(HoldOut { train, validation, validation_rows }) = sampling::hold_out(rows, settings.validation, &mut rng)
    else {
        return Err(refused("too few groups to hold out validation rows", "set validation = 0, or give more users"));
    };
    let boosted = fit_parts(&train.rows(), Some(&validation.rows()), loss, settings, seed)?;
    Ok(Boosted { validation_rows, ..boosted })
}

/// Refuses rows that cannot be fitted.
pub(super) fn check(rows: &Rows<'_>) -> Result<()> {
    let (n_rows, n_features) = (rows.targets.labels.len(), rows.n_features);
    if n_rows == 0 || n_features == 0 {
        return Err(refused("no rows or no features to learn from", "check the split and the list of features"));
    }
    if n_rows >= MAX_ROWS || n_features > usize::from(u16::MAX) {
        let found = format!("{n_rows} rows of {n_features} features, allowed: {} of {}", MAX_ROWS - 1, u16::MAX);
        return Err(refused(&found, "give fewer rows, e.g. a smaller meta part"));
    }
    let groups = rows.targets.groups;
    let is_cover = groups.is_empty() || (groups[0] == 0 && groups[groups.len() - 1] == n_rows && groups.is_sorted());
    let is_weighted = rows.targets.weights.len() == n_rows || rows.targets.weights.is_empty();
    if rows.features.len() != n_rows * n_features || !is_cover || !is_weighted {
        return Err(refused(
            "features, labels, groups and weights have different numbers of rows",
            "this is a bug; report it",
        ));
    }
    debug_assert!(rows.features.iter().chain(rows.targets.labels).chain(rows.targets.weights).all(|x| x.is_finite()));
    Ok(())
}

fn refused(message: &str, help: &str) -> Error {
    Error::Model { model: "gradient boosting".into(), message: message.into(), help: Some(help.into()) }
}

fn fit_parts(
    rows: &Rows<'_>,
    validation: Option<&Rows<'_>>,
    loss: &dyn Loss,
    settings: &Settings,
    seed: u64,
) -> Result<Boosted> {
    let n_rows = rows.targets.labels.len();
    let cuts = Cuts::of(rows.features, rows.n_features, settings.max_bins);
    let data = cuts.bin(rows.features);
    let n_columns = sampling::n_columns(rows.n_features, settings.feature_fraction);
    let histograms = Histograms::new(n_columns, n_rows);
    let mut grower = Grower::new(&data, &cuts, n_rows, settings, histograms);
    let start = loss.start(&rows.targets);
    let mut state = State {
        scores: vec![start; n_rows],
        derivatives: vec![Derivatives::default(); n_rows],
        fixed: FixedPoint::new(n_rows),
        bag: Vec::with_capacity(n_rows),
        columns: Vec::new(),
        n_columns,
    };
    let mut choice = validation.map(|rows| Choice::new(rows, start));
    loss.derivatives(&rows.targets, &state.scores, &mut state.derivatives);
    let (mut trees, mut rounds) = (Vec::with_capacity(settings.n_trees), Vec::with_capacity(settings.n_trees));
    for round in 1..=settings.n_trees {
        parallel::check()?;
        let tree = state.add_tree(rows, &mut grower, settings, seed, round);
        let train = loss.derivatives(&rows.targets, &state.scores, &mut state.derivatives);
        let validation = choice.as_mut().map(|choice| choice.add(&tree, loss, round));
        trees.push(tree);
        rounds.push(Round { train, validation });
        if choice.as_ref().is_some_and(|choice| settings.patience > 0 && round - choice.best_round >= settings.patience)
        {
            break;
        }
    }
    if let Some(choice) = choice {
        trees.truncate(choice.best_round);
    }
    Ok(Boosted { ensemble: Ensemble::new(start, trees, rows.n_features), rounds, validation_rows: Vec::new() })
}

/// What changes from tree to tree, allocated once.
struct State {
    scores: Vec<f64>,
    derivatives: Vec<Derivatives>,
    fixed: FixedPoint,
    bag: Vec<u32>,
    columns: Vec<u16>,
    n_columns: usize,
}

impl State {
    /// Fits a tree to the derivatives and adds it to the scores, also of the rows that were not in its bag.
    fn add_tree(
        &mut self,
        rows: &Rows<'_>,
        grower: &mut Grower<'_>,
        settings: &Settings,
        seed: u64,
        round: usize,
    ) -> Tree {
        self.fixed.round(&self.derivatives);
        sampling::bag(
            &mut rng::stream(seed, "gbdt", round as u64),
            self.scores.len(),
            settings.subsample,
            &mut self.bag,
        );
        if self.n_columns < rows.n_features {
            let mut rng = rng::stream(seed, "gbdt columns", round as u64);
            sampling::columns(&mut rng, rows.n_features, self.n_columns, &mut self.columns);
            grower.look_at(&self.columns, &self.bag);
        }
        let tree = grower.grow(&self.fixed, &mut self.bag);
        if self.bag.len() < self.scores.len() {
            add(&tree, rows, &mut self.scores);
        } else {
            for (range, value) in grower.leaves() {
                for &row in &self.bag[range] {
                    self.scores[row as usize] += value;
                }
            }
        }
        tree
    }
}

/// The held-out rows, and the best number of trees so far.
struct Choice<'a> {
    rows: &'a Rows<'a>,
    scores: Vec<f64>,
    best_round: usize,
    best_loss: f64,
}

impl<'a> Choice<'a> {
    fn new(rows: &'a Rows<'a>, start: f64) -> Self {
        let scores = vec![start; rows.targets.labels.len()];
        Self { rows, scores, best_round: 1, best_loss: f64::INFINITY }
    }

    /// Adds a tree and returns the loss after it. Of equal losses the earlier one is the best.
    fn add(&mut self, tree: &Tree, loss: &dyn Loss, round: usize) -> f64 {
        add(tree, self.rows, &mut self.scores);
        let targets: &Targets<'_> = &self.rows.targets;
        let value = loss.value(targets, &self.scores);
        if value < self.best_loss {
            (self.best_round, self.best_loss) = (round, value);
        }
        value
    }
}

fn add(tree: &Tree, rows: &Rows<'_>, scores: &mut [f64]) {
    scores
        .par_chunks_mut(BLOCK)
        .zip(rows.features.par_chunks(BLOCK * rows.n_features))
        .for_each(|(scores, features)| tree.add_to(features, rows.n_features, scores));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::{LogLoss, SplitGain};
    use crate::parallel::with_threads;

    struct Table {
        features: Vec<f32>,
        labels: Vec<f32>,
        groups: Vec<usize>,
    }

    impl Table {
        /// Groups of five rows; the label depends on the sign of the first of three features, with noise.
        fn random(n_rows: usize) -> Self {
            let mut rng = rng::stream(11, "test", 0);
            let features: Vec<f32> = (0..n_rows * 3).map(|_| rng::normal(&mut rng) as f32).collect();
            let label =
                |row: &[f32]| f32::from(u8::from(rng::uniform(&mut rng) < if row[0] > 0.0 { 0.8 } else { 0.3 }));
            let labels = features.chunks(3).map(label).collect();
            let groups = (0..n_rows).step_by(5).chain([n_rows]).collect();
            Self { features, labels, groups }
        }

        fn rows(&self) -> Rows<'_> {
            Rows {
                features: &self.features,
                n_features: 3,
                targets: Targets { labels: &self.labels, groups: &self.groups, weights: &[] },
            }
        }

        fn fit(&self, settings: &Settings) -> Boosted {
            fit(&self.rows(), &LogLoss, settings, 1).unwrap()
        }
    }

    fn few(n_trees: usize) -> Settings {
        Settings { n_trees, ..Settings::default() }
    }

    #[test]
    fn same_bits_at_any_number_of_threads() {
        let table = Table::random(150_000);
        let bagged = Settings { subsample: 0.5, split: SplitGain::Newton, max_depth: 0, max_leaves: 9, ..few(3) };
        for settings in [
            few(3),
            Settings { feature_fraction: 0.5, ..bagged.clone() },
            bagged,
            Settings { validation: 0.2, ..few(3) },
        ] {
            let [one, eight] = [1, 8].map(|threads| with_threads(threads, || table.fit(&settings)).unwrap());
            assert!(one == eight, "{settings:?}");
            let scores = |threads: usize| {
                let mut out = vec![0.0; table.labels.len()];
                with_threads(threads, || one.ensemble.score(&table.features, &mut out)).unwrap();
                out
            };
            assert!(scores(1) == scores(8));
        }
    }

    #[test]
    fn the_recorded_loss_is_that_of_the_fitted_trees() {
        let table = Table::random(2000);
        for subsample in [1.0, 0.4] {
            let boosted = table.fit(&Settings { subsample, ..few(20) });
            let mut scores = vec![0.0; 2000];
            boosted.ensemble.score(&table.features, &mut scores);
            let value = LogLoss.value(&table.rows().targets, &scores);
            assert!((value - boosted.rounds[19].train).abs() < 1e-12, "{value} {:?}", boosted.rounds[19]);
        }
    }

    #[test]
    fn every_tree_lowers_the_train_loss() {
        let boosted = Table::random(2000).fit(&few(30));
        assert!(boosted.rounds.windows(2).all(|pair| pair[1].train < pair[0].train));
        assert!(boosted.rounds[29].train < 0.58 && boosted.rounds[29].validation.is_none());
    }

    #[test]
    fn early_stopping_keeps_the_best_number_of_trees() {
        let table = Table::random(1000);
        let settings = Settings { validation: 0.3, patience: 5, learning_rate: 0.3, ..few(300) };
        let boosted = table.fit(&settings);
        let losses: Vec<f64> = boosted.rounds.iter().map(|round| round.validation.unwrap()).collect();
        let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap() + 1;
        assert_eq!((boosted.ensemble.trees().len(), boosted.rounds.len()), (best, best + 5));
        assert_eq!(boosted.validation_rows.len(), 300);
        let patient = table.fit(&Settings { patience: 0, n_trees: 60, ..settings });
        assert_eq!((patient.ensemble.trees().len(), patient.rounds.len()), (best, 60));
        assert!(patient.ensemble.trees() == boosted.ensemble.trees());
    }

    #[test]
    fn held_out_rows_do_not_touch_the_fit() {
        let mut table = Table::random(1000);
        let settings = Settings { validation: 0.3, patience: 0, ..few(5) };
        let before = table.fit(&settings);
        before.validation_rows.iter().for_each(|&row| table.features[row * 3] += 100.0);
        let after = table.fit(&settings);
        assert!(
            before.rounds.iter().zip(&after.rounds).all(|(a, b)| a.train == b.train && a.validation != b.validation)
        );
    }

    #[test]
    fn the_seed_moves_bags_and_nothing_else() {
        let table = Table::random(500);
        let with = |seed: u64, subsample: f64| {
            fit(&table.rows(), &LogLoss, &Settings { subsample, ..few(3) }, seed).unwrap().ensemble
        };
        assert!(with(1, 1.0) == with(2, 1.0) && with(1, 0.5) == with(1, 0.5));
        assert!(with(1, 0.5) != with(2, 0.5));
    }

    #[test]
    fn a_tree_that_looks_at_some_columns_is_the_tree_of_a_table_without_the_others() {
        let table = Table::random(3000);
        let deep = Settings { max_depth: 4, split: SplitGain::Newton, ..few(1) };
        let mut seen = std::collections::BTreeSet::new();
        for seed in 1..=8 {
            let settings = Settings { feature_fraction: 0.67, subsample: 0.7, ..deep.clone() };
            let tree = fit(&table.rows(), &LogLoss, &settings, seed).unwrap().ensemble.trees()[0].clone();
            let mut columns = Vec::new();
            sampling::columns(&mut rng::stream(seed, "gbdt columns", 1), 3, 2, &mut columns);
            let pick = |row: &[f32]| columns.iter().map(|&column| row[usize::from(column)]).collect::<Vec<f32>>();
            let features: Vec<f32> = table.features.chunks(3).flat_map(pick).collect();
            let rows = Rows { features: &features, n_features: 2, targets: table.rows().targets };
            let all = Settings { subsample: 0.7, ..deep.clone() };
            let other = fit(&rows, &LogLoss, &all, seed).unwrap().ensemble.trees()[0].clone();
            let (mut ours, mut theirs) = (vec![0.0; 3000], vec![0.0; 3000]);
            tree.add_to(&table.features, 3, &mut ours);
            other.add_to(&features, 2, &mut theirs);
            assert!(ours == theirs && ours.iter().any(|&score| score != ours[0]), "{columns:?}");
            seen.insert(columns);
        }
        assert_eq!(seen.len(), 3, "every pair of columns has its turn");
    }

    #[test]
    fn every_tree_has_columns_of_its_own() {
        let table = Table::random(3000);
        let settings = Settings { feature_fraction: 0.34, subsample: 0.5, max_depth: 2, ..few(12) };
        let boosted = fit(&table.rows(), &LogLoss, &settings, 4).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for (round, tree) in (1..).zip(boosted.ensemble.trees()) {
            let mut columns = Vec::new();
            sampling::columns(&mut rng::stream(4, "gbdt columns", round), 3, 1, &mut columns);
            let used: Vec<usize> = (0..3).filter_map(|node| Some(tree.branch(node)?.feature)).collect();
            assert!(!used.is_empty() && used.iter().all(|&feature| feature == usize::from(columns[0])), "{used:?}");
            seen.insert(columns);
        }
        assert_eq!(seen.len(), 3);
        // The trees are those that the losses were recorded of.
        let mut scores = vec![0.0; 3000];
        boosted.ensemble.score(&table.features, &mut scores);
        let value = LogLoss.value(&table.rows().targets, &scores);
        assert!((value - boosted.rounds[11].train).abs() < 1e-12 && value < boosted.rounds[0].train);
    }

    #[test]
    fn weights_count_as_copies_of_a_row() {
        // Newton splits see nothing of a row but its derivatives, up to the rounding of sums.
        let table = Table::random(200);
        let weights: Vec<f32> = (0..200).map(|row| (1 + row % 3) as f32).collect();
        let settings = Settings { split: SplitGain::Newton, ..few(10) };
        let weighted = Targets { weights: &weights, ..table.rows().targets };
        let weighted = fit(&Rows { targets: weighted, ..table.rows() }, &LogLoss, &settings, 1).unwrap();
        let copies = (0..200).flat_map(|row| std::iter::repeat_n(row, 1 + row % 3));
        let (features, labels): (Vec<&[f32]>, Vec<f32>) =
            copies.map(|row| (&table.features[row * 3..row * 3 + 3], table.labels[row])).unzip();
        let targets = Targets { labels: &labels, groups: &[], weights: &[] };
        let copied = Rows { features: &features.concat(), n_features: 3, targets };
        let copied = fit(&copied, &LogLoss, &settings, 1).unwrap();
        for (one, other) in weighted.rounds.iter().zip(&copied.rounds) {
            assert!((one.train - other.train).abs() < 1e-6, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_feature_in_other_units_gives_the_same_trees() {
        let mut table = Table::random(800);
        let before = table.fit(&few(10));
        table.features.iter_mut().for_each(|x| *x *= 1024.0);
        let after = table.fit(&few(10));
        assert!(before.rounds == after.rounds);
    }

    #[test]
    fn edges_fit_without_harm() {
        let score = |features: &[f32], labels: &[f32], settings: &Settings| {
            let targets = Targets { labels, groups: &[], weights: &[] };
            let n_features = features.len() / labels.len();
            let boosted = fit(&Rows { features, n_features, targets }, &LogLoss, settings, 1).unwrap();
            let mut out = vec![0.0; labels.len()];
            boosted.ensemble.score(features, &mut out);
            assert!(out.iter().all(|score| score.is_finite()));
            out
        };
        // Constant features: the base rate. One row, or one class: its own sign.
        let out = score(&[1.0; 8], &[1.0, 1.0, 1.0, 0.0], &few(10));
        assert!(out.iter().all(|score| (score - 3_f64.ln()).abs() < 1e-6), "{out:?}");
        assert!(score(&[1.0], &[1.0], &few(10))[0] > 20.0);
        assert!(score(&[1.0, 2.0], &[0.0, 0.0], &few(10)).iter().all(|&score| score < -20.0));
        let deep = Settings { max_depth: 0, max_leaves: 100, split: SplitGain::Newton, learning_rate: 1.0, ..few(200) };
        let out = score(&[1.0, 2.0, 3.0, 4.0], &[1.0, 0.0, 1.0, 0.0], &deep);
        assert!(out[0] > 5.0 && out[1] < -5.0 && out[2] > 5.0 && out[3] < -5.0, "{out:?}");
        score(&[1.0, 2.0, 3.0, 4.0], &[1.0, 0.0, 1.0, 0.0], &Settings { subsample: 1e-9, ..few(3) });
        score(&[f32::MAX, f32::MIN, 0.0, f32::MIN_POSITIVE], &[1.0, 0.0, 1.0, 0.0], &few(20));
    }

    #[test]
    fn what_cannot_be_fitted_is_an_error() {
        let table = Table::random(10);
        let refused = |rows: Rows<'_>, settings: &Settings| match fit(&rows, &LogLoss, settings, 1) {
            Err(Error::Model { message, .. }) => message,
            other => panic!("{other:?}"),
        };
        let one_group = Targets { groups: &[0, 10], ..table.rows().targets };
        let validation = Settings { validation: 0.2, ..few(1) };
        assert!(refused(Rows { targets: one_group, ..table.rows() }, &validation).contains("too few groups"));
        assert!(refused(Rows { n_features: 0, features: &[], ..table.rows() }, &few(1)).contains("no features"));
        assert!(
            refused(Rows { features: &table.features[1..], ..table.rows() }, &few(1)).contains("different numbers")
        );
        let short = Targets { groups: &[0, 5], ..table.rows().targets };
        assert!(refused(Rows { targets: short, ..table.rows() }, &few(1)).contains("different numbers"));
        let light = Targets { weights: &[1.0; 9], ..table.rows().targets };
        assert!(refused(Rows { targets: light, ..table.rows() }, &few(1)).contains("different numbers"));
    }
}
