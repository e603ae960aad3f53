//! Gradient boosting on log-loss: trees that correct each other, on the features as they are.
//!
//! The defaults are those of scikit-learn's `GradientBoostingClassifier`, and so are the results wherever no feature has more than 255 distinct values; with more
//! the difference is that of binning ([`crate::gbdt`]).

use super::boosting::{self, Boosting, Forest};
use super::class_weight::ClassWeight;
use super::{FittedStacker, Importance, MetaRows, Stacker};
use crate::dataset::Scale;
use crate::error::Result;
use crate::gbdt::log_loss::sigmoid_all;
use crate::gbdt::{LogLoss, Settings, SplitGain};
use crate::kind::{Kind, Options, Reader};
use crate::options;
use ndarray::ArrayView2;

/// The kind's name, and the name of its random streams.
const NAME: &str = "gradient-boosting";

/// The entry of [`super::STACKERS`].
pub const KIND: Kind<dyn Stacker> = Kind {
    name: NAME,
    about: "boosted regression trees on log-loss; probability of relevance",
    read: |reader| Box::new(GradientBoosting::read_options(reader)),
    options: GradientBoosting::describe,
};

options! {
    /// Boosted regression trees. Sources: Friedman (2001, 2002); Chen & Guestrin (2016); Ke et al. (2017).
    pub struct GradientBoosting {
        /// Trees at most; with validation, the number that did best is kept.
        pub n_trees: usize = 100, in 1..=10_000;
        /// Share of each tree's step that is taken.
        pub learning_rate: f64 = 0.1, in 1e-4..=1.0;
        /// Splits between the root and a leaf at most; 0 is unlimited.
        pub max_depth: usize = 3, in 0..=64;
        /// Leaves per tree at most, the most useful first; 0 is unlimited.
        pub max_leaves: usize = 0, in 0..=crate::gbdt::MAX_LEAVES;
        /// Rows in a leaf at least.
        pub min_leaf: usize = 1, in 1..=1_000_000;
        /// Share of the rows that each tree is fitted on, drawn anew for each.
        pub subsample: f64 = 1.0, in 0.01..=1.0;
        /// Share of the columns that each tree may split by, drawn anew for each: rounded to whole columns, one at least.
        pub feature_fraction: f64 = 1.0, in 0.01..=1.0;
        /// L2 penalty on leaf values, in units of the Hessian (a row has at most 0.25).
        pub reg: f64 = 0.0, in 0.0..=1e6;
        /// Bins that a feature is cut into at most.
        pub max_bins: usize = 255, in 2..=255;
        /// What a split is judged by.
        pub split: SplitGain = SplitGain::Friedman;
        /// Share of the meta rows, by whole lists (a user's, or with cross_fit one per user and part), held out to choose the number of trees; 0 holds out none.
        pub validation: f64 = 0.0, in 0.0..=0.5;
        /// Stop after so many trees without a better validation loss; 0 never stops early.
        pub patience: usize = 10, in 0..=10_000;
        /// How much the relevant rows count; other than "none", scores are an order and no probability.
        pub class_weight: ClassWeight = ClassWeight::None;
        /// Models whose scores are averaged, each fitted on a bootstrap sample of such lists; 1: one, on all.
        pub bags: usize = 1, in 1..=100;
        /// A fixed seed of bags, drawn columns, held-out users and shuffled columns, in place of the trial's.
        pub seed: Option<u64> = None;
    }
}

impl GradientBoosting {
    fn read_options(reader: &Reader<'_>) -> Self {
        let options = Self::read(reader);
        boosting::check_patience(reader, options.validation, options.patience);
        options
    }

    fn settings(&self) -> Settings {
        boosting::settings!(self, self.split)
    }
}

impl Stacker for GradientBoosting {
    fn fit(&self, rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        rows.check_classes(NAME)?;
        let seed = self.seed.unwrap_or(rows.seed);
        let weights = if self.class_weight == ClassWeight::None { Vec::new() } else { self.weights(rows.labels) };
        let settings = self.settings();
        let boosting = Boosting { kind: NAME, loss: &LogLoss, settings, n_models: self.bags, seed };
        let forest = boosting.fit(rows, &weights)?;
        Ok(Box::new(FittedGradientBoosting { forest, scale: self.class_weight.scale() }))
    }

    fn parameters(&self) -> serde_json::Value {
        // Numbers and names only, which always have a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl GradientBoosting {
    fn weights(&self, labels: &[u8]) -> Vec<f32> {
        let weights = self.class_weight.of(labels);
        labels.iter().map(|&label| weights[usize::from(label > 0)] as f32).collect()
    }
}

/// Models of log-odds.
struct FittedGradientBoosting {
    forest: Forest,
    scale: Scale,
}

impl FittedStacker for FittedGradientBoosting {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        self.forest.score(rows, out, sigmoid_all);
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn importances(&self) -> Vec<Importance> {
        self.forest.importances()
    }

    fn history(&self) -> Vec<(&'static str, usize, f64)> {
        self.forest.history(["train_log_loss", "validation_log_loss"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::gbdt::log_loss::sigmoid;
    use crate::rng;
    use ndarray::Array2;

    struct Meta {
        features: Array2<f32>,
        names: Vec<String>,
        labels: Vec<u8>,
        groups: Vec<usize>,
    }

    impl Meta {
        /// Users of ten rows; the label depends on the first feature, with noise, and not on the second.
        fn random(n_rows: usize) -> Self {
            let mut rng = rng::stream(4, "test", 0);
            let features = Array2::from_shape_fn((n_rows, 2), |_| rng::normal(&mut rng) as f32);
            let mut label = |x: f32| u8::from(rng::uniform(&mut rng) < sigmoid(2.0 * f64::from(x)));
            let labels = features.column(0).iter().map(|&x| label(x)).collect();
            let names = vec!["score_mf".to_owned(), "noise".to_owned()];
            Self { features, names, labels, groups: (0..n_rows).step_by(10).chain([n_rows]).collect() }
        }

        fn rows(&self) -> MetaRows<'_> {
            MetaRows {
                features: self.features.view(),
                names: &self.names,
                labels: &self.labels,
                groups: &self.groups,
                seed: 1,
            }
        }
    }

    fn refusal(rows: &MetaRows<'_>) -> String {
        match GradientBoosting::default().fit(rows) {
            Err(Error::Model { model, message, help: Some(_) }) => format!("{model}: {message}"),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("fitted"),
        }
    }

    #[test]
    fn scores_are_probabilities_that_follow_the_feature() {
        let meta = Meta::random(3000);
        let fitted = GradientBoosting::default().fit(&meta.rows()).unwrap();
        let mut out = [0.0; 3];
        fitted.score(ndarray::array![[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]].view(), &mut out);
        assert!(out[0] < 0.15 && out[1] > 0.3 && out[1] < 0.7 && out[2] > 0.85, "{out:?}");
        assert_eq!(fitted.scale(), Scale::Probability);
    }

    #[test]
    fn columns_in_any_memory_layout_score_the_same() {
        let meta = Meta::random(500);
        let fitted = GradientBoosting::default().fit(&meta.rows()).unwrap();
        let columns = meta.features.t().as_standard_layout().into_owned();
        let (mut by_row, mut by_column) = (vec![0.0; 500], vec![0.0; 500]);
        fitted.score(meta.features.view(), &mut by_row);
        fitted.score(columns.t(), &mut by_column);
        let other = GradientBoosting::default().fit(&MetaRows { features: columns.t(), ..meta.rows() }).unwrap();
        assert_eq!(by_row, by_column);
        assert_eq!(fitted.history(), other.history());
    }

    #[test]
    fn both_importances_name_the_feature_that_matters() {
        let meta = Meta::random(6000);
        let fitted = GradientBoosting { validation: 0.2, ..GradientBoosting::default() }.fit(&meta.rows()).unwrap();
        let importances = fitted.importances();
        let found: Vec<(&str, &str)> = importances.iter().map(|x| (x.feature.as_str(), x.measure)).collect();
        let [mf, noise] = ["score_mf", "noise"];
        assert_eq!(found, [(mf, "gain"), (noise, "gain"), (mf, "permutation"), (noise, "permutation")]);
        let in_sample = GradientBoosting::default().fit(&meta.rows()).unwrap().importances();
        assert_eq!(in_sample[2].measure, "permutation-train");
        let value: Vec<f64> = importances.iter().map(|x| x.value).collect();
        assert!((value[0] + value[1] - 1.0).abs() < 1e-12 && value[0] > 0.8, "{value:?}");
        // A standard normal feature with log-odds 2x is worth about 0.25 nats, and shuffled it misleads for more.
        assert!(value[2] > 0.25 && value[3].abs() < 0.02, "{value:?}");
    }

    #[test]
    fn history_has_a_value_per_tree_and_series() {
        let meta = Meta::random(500);
        let options = GradientBoosting { n_trees: 7, patience: 0, ..GradientBoosting::default() };
        let history = options.fit(&meta.rows()).unwrap().history();
        assert!(history.iter().map(|(series, step, _)| (*series, *step)).eq((1..=7).map(|t| ("train_log_loss", t))));
        let validated = GradientBoosting { validation: 0.3, ..options }.fit(&meta.rows()).unwrap().history();
        assert_eq!(validated.len(), 14);
        assert_eq!((validated[7].0, validated[7].1), ("validation_log_loss", 1));
    }

    #[test]
    fn every_option_has_an_effect() {
        let meta = Meta::random(1000);
        let fit = |options: &GradientBoosting| {
            let mut out = vec![0.0; 1000];
            options.fit(&meta.rows()).unwrap().score(meta.features.view(), &mut out);
            out
        };
        let base = GradientBoosting { n_trees: 20, ..GradientBoosting::default() };
        let validated =
            GradientBoosting { n_trees: 60, learning_rate: 0.3, validation: 0.3, patience: 0, ..base.clone() };
        let plain = fit(&base);
        for changed in [
            GradientBoosting { n_trees: 21, ..base.clone() },
            GradientBoosting { learning_rate: 0.2, ..base.clone() },
            GradientBoosting { max_depth: 2, ..base.clone() },
            GradientBoosting { max_leaves: 5, ..base.clone() },
            GradientBoosting { min_leaf: 50, ..base.clone() },
            GradientBoosting { subsample: 0.5, ..base.clone() },
            GradientBoosting { reg: 1.0, ..base.clone() },
            GradientBoosting { max_bins: 10, ..base.clone() },
            GradientBoosting { split: SplitGain::Newton, ..base.clone() },
            GradientBoosting { class_weight: ClassWeight::Balanced, ..base.clone() },
            GradientBoosting { class_weight: ClassWeight::Relevant(3.0), ..base.clone() },
            GradientBoosting { bags: 2, ..base.clone() },
            validated.clone(),
        ] {
            assert!(fit(&changed) != plain, "{changed:?}");
        }
        let bags = |seed| fit(&GradientBoosting { subsample: 0.5, seed, ..base.clone() });
        assert!(bags(None) == bags(Some(meta.rows().seed)) && bags(None) != bags(Some(2)));
        let n_trees = |options: &GradientBoosting| options.fit(&meta.rows()).unwrap().history().len() / 2;
        assert!(n_trees(&GradientBoosting { patience: 2, ..validated.clone() }) < n_trees(&validated));
    }

    #[test]
    fn balanced_classes_raise_the_mean_score_to_about_a_half_and_make_an_order() {
        let mut meta = Meta::random(3000);
        meta.labels.iter_mut().enumerate().filter(|(row, _)| row % 5 > 0).for_each(|(_, label)| *label = 0);
        let mean = |class_weight| {
            let mut out = vec![0.0; 3000];
            let fitted = GradientBoosting { class_weight, ..GradientBoosting::default() }.fit(&meta.rows()).unwrap();
            fitted.score(meta.features.view(), &mut out);
            (out.iter().sum::<f32>() / 3000.0, fitted.scale())
        };
        let ((plain, scale), (balanced, weighted_scale)) = (mean(ClassWeight::None), mean(ClassWeight::Balanced));
        assert!(plain < 0.2 && (0.35..0.6).contains(&balanced), "{plain} {balanced}");
        assert_eq!((scale, weighted_scale), (Scale::Probability, Scale::Order));
    }

    #[test]
    fn what_cannot_be_learned_is_an_error_with_a_next_step() {
        let mut meta = Meta::random(20);
        meta.labels.fill(1);
        assert_eq!(refusal(&meta.rows()), "gradient-boosting: 20 of 20 meta rows are relevant, expected some of each");
        meta.labels.fill(0);
        assert!(refusal(&meta.rows()).contains("0 of 20"));
        let none = Array2::zeros((20, 0));
        let rows = MetaRows { features: none.view(), names: &[], ..meta.rows() };
        assert!(refusal(&rows).contains("no features"));
        let empty = MetaRows { features: meta.features.slice(ndarray::s![..0, ..]), labels: &[], groups: &[0], ..rows };
        assert!(refusal(&empty).contains("0 of 0"));
    }

    #[test]
    fn the_defaults_are_those_of_scikit_learn() {
        let options = GradientBoosting::default();
        assert_eq!(options.settings(), Settings::default());
        assert_eq!((options.n_trees, options.learning_rate, options.max_depth, options.min_leaf), (100, 0.1, 3, 1));
        assert_eq!((options.subsample, options.split), (1.0, SplitGain::Friedman));
        assert_eq!(options.parameters()["split"], "friedman");
    }
}
