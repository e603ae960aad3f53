//! What the boosting stackers share: fitting one model or a bag of them to a loss, scoring with all, importances and curves.

use super::{Importance, MetaRows, permutation_importance};
use crate::error::Result;
use crate::gbdt::{Boosted, Ensemble, Loss, Round, Rows, Settings, Targets, bagging};
use crate::kind::Reader;
use crate::rng;
use ndarray::{ArrayView2, Axis};
use rand_chacha::ChaCha8Rng;

/// Rows at most that permutation importance is measured on: its error at 4096 rows is far below the differences one looks for.
const PERMUTED_ROWS: usize = 4096;

/// The same for a loss of whole lists, of which so many rows hold only some dozens.
const PERMUTED_ROWS_OF_GROUPS: usize = 16 * 1024;

/// How a kind boosts.
pub struct Boosting<'a> {
    /// Name of the kind and of its random streams.
    pub kind: &'static str,
    /// What is minimized.
    pub loss: &'a dyn Loss,
    /// How.
    pub settings: Settings,
    /// Models whose scores are averaged.
    pub n_models: usize,
    /// Seed of bags, held-out users and shuffled columns.
    pub seed: u64,
}

/// Fitted models, with what the fits said.
pub struct Forest {
    models: Vec<Boosted>,
    importances: Vec<Importance>,
}

/// Refuses `patience` where there is nothing to watch.
pub fn check_patience(reader: &Reader<'_>, validation: f64, patience: usize) {
    if validation == 0.0 && patience > 0 && reader.entry("patience").is_some() {
        let help = "validation = 0.2 holds out a fifth of the users; or leave patience out";
        reader.refuse_key("patience", "patience needs held-out rows to watch".into(), Some(help.into()));
    }
}

/// The settings in options that have all of them by name, but for what a split is judged by.
macro_rules! settings {
    ($options:expr, $split:expr) => {
        $crate::gbdt::Settings {
            n_trees: $options.n_trees,
            learning_rate: $options.learning_rate,
            max_depth: $options.max_depth,
            max_leaves: $options.max_leaves,
            min_leaf: $options.min_leaf,
            reg: $options.reg,
            subsample: $options.subsample,
            feature_fraction: $options.feature_fraction,
            max_bins: $options.max_bins,
            split: $split,
            validation: $options.validation,
            patience: $options.patience,
        }
    };
}
pub(super) use settings;

impl Boosting<'_> {
    /// Fits to rows whose labels are 0 or 1. `weights`: of the rows; empty where they are equal.
    ///
    /// # Errors
    /// Those of [`bagging::fit`].
    pub fn fit(&self, rows: &MetaRows<'_>, weights: &[f32]) -> Result<Forest> {
        let labels: Vec<f32> = rows.labels.iter().map(|&label| f32::from(u8::from(label > 0))).collect();
        let features = rows.features.as_standard_layout();
        // Standard layout, so that there is a slice.
        let features = features.as_slice().unwrap_or_default();
        let targets = Targets { labels: &labels, groups: rows.groups, weights };
        let rows_to_fit = Rows { features, n_features: rows.features.ncols(), targets };
        let bag = bagging::fit(&rows_to_fit, self.loss, &self.settings, self.n_models, self.seed)?;
        let is_unseen = bag.iter().all(|one| !one.unseen.is_empty());
        let mut importances: Vec<Importance> = Vec::new();
        for (number, one) in bag.iter().enumerate() {
            let unseen = if is_unseen { Some(&one.unseen[..]) } else { None };
            let own = self.importances(rows, &targets, &one.boosted.ensemble, unseen, number as u64);
            if importances.is_empty() {
                importances = own;
            } else {
                importances.iter_mut().zip(own).for_each(|(sum, own)| sum.value += own.value);
            }
        }
        importances.iter_mut().for_each(|mean| mean.value /= bag.len() as f64);
        Ok(Forest { models: bag.into_iter().map(|one| one.boosted).collect(), importances })
    }

    /// Gain shares, and permutation importances measured on rows that the model has not seen; where there are none, on those that it learned from, and named so:
    /// there a column that was learned by heart counts too.
    fn importances(
        &self,
        rows: &MetaRows<'_>,
        targets: &Targets<'_>,
        ensemble: &Ensemble,
        unseen: Option<&[usize]>,
        model: u64,
    ) -> Vec<Importance> {
        let mut rng = rng::stream(self.seed, self.kind, model);
        let chosen = unseen.map_or_else(|| (0..targets.labels.len()).collect(), <[usize]>::to_vec);
        let Sample { rows: chosen, groups } = Sample::of(self.loss, targets, chosen, &mut rng);
        let sample = rows.features.select(Axis(0), &chosen);
        let of = |values: &[f32]| chosen.iter().filter_map(|&row| values.get(row).copied()).collect::<Vec<f32>>();
        let (labels, weights) = (of(targets.labels), of(targets.weights));
        let targets = Targets { labels: &labels, groups: &groups, weights: &weights };
        let mut order: Vec<usize> = (0..chosen.len()).collect();
        rng::shuffle(&mut rng, &mut order);
        let score = |features: ArrayView2<'_, f32>| scores(ensemble, features).iter().map(|&x| x as f32).collect();
        let loss = |scores: &[f32]| {
            let scores: Vec<f64> = scores.iter().map(|&x| f64::from(x)).collect();
            self.loss.value(&targets, &scores)
        };
        let permutation = permutation_importance(sample.view(), &order, score, loss);
        let named = |measure: &'static str, values: Vec<f64>| {
            let importance = move |(name, value): (&String, f64)| Importance { feature: name.clone(), measure, value };
            rows.names.iter().zip(values).map(importance)
        };
        let measure = if unseen.is_some() { "permutation" } else { "permutation-train" };
        named("gain", ensemble.gain_shares()).chain(named(measure, permutation)).collect()
    }
}

/// Rows that a loss is measured on, and their groups where it compares rows within groups.
struct Sample {
    rows: Vec<usize>,
    groups: Vec<usize>,
}

impl Sample {
    /// A draw of the rows that is not too large; of whole groups if the loss needs them, in which case `rows` are whole groups too.
    fn of(loss: &dyn Loss, targets: &Targets<'_>, mut rows: Vec<usize>, rng: &mut ChaCha8Rng) -> Self {
        if !loss.is_within_groups() {
            if rows.len() > PERMUTED_ROWS {
                rng::shuffle(rng, &mut rows);
                rows.truncate(PERMUTED_ROWS);
            }
            return Self { rows, groups: Vec::new() };
        }
        let bounds = targets.groups.windows(2).filter(|ends| ends[0] < ends[1] && rows.binary_search(&ends[0]).is_ok());
        let mut chosen: Vec<(usize, usize)> = bounds.map(|ends| (ends[0], ends[1])).collect();
        if rows.len() > PERMUTED_ROWS_OF_GROUPS {
            rng::shuffle(rng, &mut chosen);
        }
        let mut out = Self { rows: Vec::new(), groups: vec![0] };
        for (start, end) in chosen {
            // One group at least, however long.
            if out.rows.is_empty() || out.rows.len() + (end - start) <= PERMUTED_ROWS_OF_GROUPS {
                out.rows.extend(start..end);
                out.groups.push(out.rows.len());
            }
        }
        out
    }
}

/// Scores of one model as its loss sees them.
fn scores(ensemble: &Ensemble, rows: ArrayView2<'_, f32>) -> Vec<f64> {
    let mut out = vec![ensemble.start; rows.nrows()];
    if rows.ncols() == ensemble.n_features
        && let Some(columns) = rows.reversed_axes().to_slice()
    {
        ensemble.score_columns(columns, &mut out);
        return out;
    }
    let rows = rows.as_standard_layout();
    // Standard layout, so that there is a slice; another number of columns would be another model.
    if let Some(features) = rows.as_slice()
        && rows.ncols() == ensemble.n_features
    {
        ensemble.score(features, &mut out);
    } else {
        debug_assert!(false, "{} columns, fitted on {}", rows.ncols(), ensemble.n_features);
    }
    out
}

impl Forest {
    /// The mean over the models of their scores, each seen through `link`.
    pub fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32], link: impl Fn(&mut [f64])) {
        let mut sums = vec![0.0; out.len()];
        for model in &self.models {
            let mut scores = scores(&model.ensemble, rows);
            link(&mut scores);
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
        }
        let n_models = self.models.len() as f64;
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = super::linear::finite(sum / n_models));
    }

    /// Importances, averaged over the models.
    pub fn importances(&self) -> Vec<Importance> {
        self.importances.clone()
    }

    /// The loss after each tree under the names of two series, on the rows fitted on and, where there are some, held-out ones: the mean over the models, as far as
    /// all of them went.
    pub fn history(&self, [train, validation]: [&'static str; 2]) -> Vec<(&'static str, usize, f64)> {
        let n_rounds = self.models.iter().map(|model| model.rounds.len()).min().unwrap_or(0);
        let mean = |round: usize, value: &dyn Fn(&Round) -> Option<f64>| {
            let sum: Option<f64> = self.models.iter().map(|model| value(&model.rounds[round])).sum();
            sum.map(|sum| sum / self.models.len() as f64)
        };
        let series = |name: &'static str, value: &dyn Fn(&Round) -> Option<f64>| {
            let points = (0..n_rounds).filter_map(|round| Some((name, round + 1, mean(round, value)?)));
            points.collect::<Vec<_>>()
        };
        [series(train, &|round| Some(round.train)), series(validation, &|round| round.validation)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::{LambdaRank, LogLoss};
    use ndarray::Array2;

    struct Meta {
        features: Array2<f32>,
        names: Vec<String>,
        labels: Vec<u8>,
        groups: Vec<usize>,
    }

    /// Users of ten rows; the first of two features says who is relevant.
    fn meta(n_users: usize) -> Meta {
        let mut rng = rng::stream(4, "test", 0);
        let features = Array2::from_shape_fn((10 * n_users, 2), |_| rng::normal(&mut rng) as f32);
        let labels = features.column(0).iter().map(|&x| u8::from(f64::from(x) + rng::normal(&mut rng) > 1.0)).collect();
        let names = ["a", "noise"].map(str::to_owned).to_vec();
        Meta { features, names, labels, groups: (0..=n_users).map(|user| 10 * user).collect() }
    }

    fn fit(meta: &Meta, loss: &dyn Loss, validation: f64, n_models: usize) -> Forest {
        let rows = MetaRows {
            features: meta.features.view(),
            names: &meta.names,
            labels: &meta.labels,
            groups: &meta.groups,
            seed: 1,
        };
        let settings = Settings { n_trees: 12, validation, patience: 3, ..Settings::default() };
        Boosting { kind: "test", loss, settings, n_models, seed: 1 }.fit(&rows, &[]).unwrap()
    }

    #[test]
    fn a_bag_scores_the_mean_of_its_models() {
        let meta = meta(50);
        let forest = fit(&meta, &LogLoss, 0.0, 3);
        let mut out = vec![0.0; 500];
        forest.score(meta.features.view(), &mut out, |scores| scores.iter_mut().for_each(|score| *score *= 2.0));
        let each: Vec<Vec<f64>> =
            forest.models.iter().map(|model| scores(&model.ensemble, meta.features.view())).collect();
        assert_eq!(each.len(), 3);
        for (row, score) in out.iter().enumerate() {
            let mean = each.iter().map(|scores| 2.0 * scores[row]).sum::<f64>() / 3.0;
            assert_eq!(*score, mean as f32);
        }
    }

    #[test]
    fn importances_of_a_bag_are_measured_on_rows_not_drawn_and_averaged() {
        let meta = meta(200);
        for loss in [&LogLoss as &dyn Loss, &LambdaRank::default()] {
            let importances = fit(&meta, loss, 0.0, 4).importances();
            let found: Vec<(&str, &str)> = importances.iter().map(|x| (x.feature.as_str(), x.measure)).collect();
            assert_eq!(found, [("a", "gain"), ("noise", "gain"), ("a", "permutation"), ("noise", "permutation")]);
            let value: Vec<f64> = importances.iter().map(|x| x.value).collect();
            assert!((value[0] + value[1] - 1.0).abs() < 1e-12 && value[0] > 0.6, "{value:?}");
            assert!(value[2] > 0.05 && value[3].abs() < 0.02, "{value:?}");
            assert_eq!(fit(&meta, loss, 0.0, 1).importances()[2].measure, "permutation-train");
        }
    }

    #[test]
    fn curves_are_means_as_far_as_every_model_went() {
        let meta = meta(50);
        for n_models in [1, 3] {
            let forest = fit(&meta, &LogLoss, 0.3, n_models);
            let history = forest.history(["train", "validation"]);
            let n_rounds = forest.models.iter().map(|model| model.rounds.len()).min().unwrap();
            assert_eq!(history.len(), 2 * n_rounds);
            let first: f64 = forest.models.iter().map(|model| model.rounds[0].train).sum::<f64>() / n_models as f64;
            assert_eq!(history[0], ("train", 1, first));
            assert_eq!((history[n_rounds].0, history[n_rounds].1), ("validation", 1));
        }
        assert_eq!(fit(&meta, &LogLoss, 0.0, 2).history(["train", "validation"]).len(), 12);
    }

    #[test]
    fn a_sample_of_lists_is_whole_and_not_too_large() {
        let labels = vec![0.0; 60_000];
        let groups: Vec<usize> = (0..=200).map(|user| 300 * user).collect();
        let targets = Targets { labels: &labels, groups: &groups, weights: &[] };
        let mut rng = rng::stream(1, "test", 0);
        let unseen: Vec<usize> = (0..60_000).filter(|row| row / 300 % 2 == 0).collect();
        let sample = Sample::of(&LambdaRank::default(), &targets, unseen.clone(), &mut rng);
        assert_eq!((sample.rows.len(), sample.groups.len()), (16_200, 55));
        for ends in sample.groups.windows(2) {
            let first = sample.rows[ends[0]];
            assert!(first.is_multiple_of(600) && sample.rows[ends[0]..ends[1]].iter().copied().eq(first..first + 300));
        }
        let rows = Sample::of(&LogLoss, &targets, unseen, &mut rng);
        assert_eq!((rows.rows.len(), rows.groups.len()), (4096, 0));
        let few = Sample::of(&LambdaRank::default(), &targets, (300..900).collect(), &mut rng);
        assert!(few.rows.iter().copied().eq(300..900) && few.groups == [0, 300, 600]);
    }
}
