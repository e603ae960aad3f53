//! LambdaMART: boosted trees on the pairs of each user's list, a pair weighing what exchanging it would do to NDCG.
//!
//! The defaults are for lists of a few hundred candidates with some percent of relevant ones: more and smaller steps than for classifying, leaves of many rows and a
//! penalty, since what a leaf knows of order comes from its few relevant rows. `reg` is in units of the Hessian, which is small here: a row's is a few hundredths
//! where pairs are normalized, so that 1 is the weight of some dozens of rows.

use super::boosting::{self, Boosting, Forest};
use super::{FittedStacker, Importance, MetaRows, Stacker};
use crate::dataset::Scale;
use crate::error::Result;
use crate::gbdt::{LambdaRank, Settings, SplitGain};
use crate::kind::{Kind, Options, Reader};
use ndarray::ArrayView2;

/// The kind's name, and the name of its random streams.
const NAME: &str = "lambdamart";

/// The entry of [`super::STACKERS`].
pub const KIND: Kind<dyn Stacker> = Kind {
    name: NAME,
    about: "boosted regression trees that order each user's candidates by NDCG",
    read: |reader: &Reader<'_>| {
        let options = LambdaMart::read(reader);
        boosting::check_patience(reader, options.validation, options.patience);
        Box::new(options)
    },
    options: LambdaMart::describe,
};

crate::options! {
    /// Boosted regression trees on LambdaRank's gradients. Sources: Burges et al. (2006); Burges (2010); Wu et al. (2010); Ke et al. (2017).
    pub struct LambdaMart {
        /// Trees at most; with validation, the number that did best is kept.
        pub n_trees: usize = 300, in 1..=10_000;
        /// Share of each tree's step that is taken.
        pub learning_rate: f64 = 0.05, in 1e-4..=1.0;
        /// Splits between the root and a leaf at most; 0 is unlimited.
        pub max_depth: usize = 0, in 0..=64;
        /// Leaves per tree at most, the most useful first; 0 is unlimited.
        pub max_leaves: usize = 15, in 0..=crate::gbdt::MAX_LEAVES;
        /// Rows in a leaf at least.
        pub min_leaf: usize = 50, in 1..=1_000_000;
        /// Share of the rows that each tree is fitted on, drawn anew for each.
        pub subsample: f64 = 1.0, in 0.01..=1.0;
        /// Share of the columns that each tree may split by, drawn anew for each: rounded to whole columns, one at least.
        pub feature_fraction: f64 = 1.0, in 0.01..=1.0;
        /// L2 penalty on leaf values, in units of the Hessian.
        pub reg: f64 = 1.0, in 0.0..=1e6;
        /// Bins that a feature is cut into at most.
        pub max_bins: usize = 255, in 2..=255;
        /// Ranks that count, from the top: pairs with neither row there are left out, and NDCG is cut there.
        pub truncation: usize = 30, in 1..=1_000_000;
        /// Whether pairs far apart in score, and users with large gradients, weigh less, as in LightGBM.
        pub normalize: bool = true;
        /// Share of the meta rows, by whole lists (a user's, or with cross_fit one per user and part), held out to choose the number of trees; 0 holds out none.
        pub validation: f64 = 0.0, in 0.0..=0.5;
        /// Stop after so many trees without a better validation NDCG; 0 never stops early.
        pub patience: usize = 30, in 0..=10_000;
        /// Models whose scores are averaged, each fitted on a bootstrap sample of such lists; 1: one, on all.
        pub bags: usize = 1, in 1..=100;
        /// A fixed seed of bags, drawn columns, held-out users, tied scores and shuffled columns, in place of the trial's.
        pub seed: Option<u64> = None;
    }
}

impl LambdaMart {
    fn settings(&self) -> Settings {
        boosting::settings!(self, SplitGain::Newton)
    }
}

impl Stacker for LambdaMart {
    fn fit(&self, rows: &MetaRows<'_>) -> Result<Box<dyn FittedStacker>> {
        rows.check_pairs(NAME)?;
        let seed = self.seed.unwrap_or(rows.seed);
        let (truncation, normalize) = (self.truncation, self.normalize);
        let loss = LambdaRank { truncation, normalize, tie_seed: seed, ..LambdaRank::default() };
        let settings = self.settings();
        let boosting = Boosting { kind: NAME, loss: &loss, settings, n_models: self.bags, seed };
        Ok(Box::new(FittedLambdaMart { forest: boosting.fit(rows, &[])? }))
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// Models of an order.
struct FittedLambdaMart {
    forest: Forest,
}

impl FittedStacker for FittedLambdaMart {
    fn score(&self, rows: ArrayView2<'_, f32>, out: &mut [f32]) {
        self.forest.score(rows, out, |_| ());
    }

    fn scale(&self) -> Scale {
        Scale::Order
    }

    fn importances(&self) -> Vec<Importance> {
        self.forest.importances()
    }

    /// 1 - NDCG.
    fn history(&self) -> Vec<(&'static str, usize, f64)> {
        self.forest.history(["train_ndcg_loss", "validation_ndcg_loss"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::{Loss, Targets};
    use crate::rng;
    use ndarray::Array2;

    struct Meta {
        features: Array2<f32>,
        names: Vec<String>,
        labels: Vec<u8>,
        groups: Vec<usize>,
    }

    impl Meta {
        /// Users of 40 rows, about one in ten relevant. What matters is a score in the user's own units, far from another user's; the second feature is noise,
        /// the third the user's own level.
        fn random(n_users: usize) -> Self {
            let mut rng = rng::stream(6, "test", 0);
            let mut features = Array2::zeros((40 * n_users, 3));
            let mut labels = Vec::new();
            for mut user in features.axis_chunks_iter_mut(ndarray::Axis(0), 40) {
                let level = rng::normal(&mut rng);
                for mut row in user.rows_mut() {
                    let signal = rng::normal(&mut rng);
                    let cells = [signal + 2.0 * level, rng::normal(&mut rng), level].map(|x| x as f32);
                    row.iter_mut().zip(cells).for_each(|(cell, x)| *cell = x);
                    labels.push(u8::from(signal + 0.5 * rng::normal(&mut rng) > 1.5));
                }
            }
            let names = ["score_mf", "noise", "level"].map(str::to_owned).to_vec();
            Self { features, names, labels, groups: (0..=n_users).map(|user| 40 * user).collect() }
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

        fn scores(&self, options: &LambdaMart) -> Vec<f32> {
            let mut out = vec![0.0; self.labels.len()];
            options.fit(&self.rows()).unwrap().score(self.features.view(), &mut out);
            out
        }

        fn ndcg(&self, scores: &[f32]) -> f64 {
            let labels: Vec<f32> = self.labels.iter().map(|&label| f32::from(label)).collect();
            let scores: Vec<f64> = scores.iter().map(|&score| f64::from(score)).collect();
            let targets = Targets { labels: &labels, groups: &self.groups, weights: &[] };
            1.0 - LambdaRank { truncation: 10, ..LambdaRank::default() }.value(&targets, &scores)
        }
    }

    fn few() -> LambdaMart {
        LambdaMart { n_trees: 20, learning_rate: 0.2, min_leaf: 10, ..LambdaMart::default() }
    }

    #[test]
    fn lists_are_ordered_though_scores_of_users_lie_apart() {
        let meta = Meta::random(100);
        let options = LambdaMart { n_trees: 100, ..few() };
        let fitted = options.fit(&meta.rows()).unwrap();
        assert_eq!(fitted.scale(), Scale::Order);
        let other = Meta::random(130);
        let mut scores = vec![0.0; other.labels.len()];
        fitted.score(other.features.view(), &mut scores);
        let (ours, best) = (other.ndcg(&scores), other.ndcg(&other.features.column(0).to_vec()));
        assert!(ours > 0.9 * best && best > 0.8, "{ours} {best}");
    }

    #[test]
    fn importances_name_the_feature_that_orders() {
        let meta = Meta::random(150);
        for (validation, measure) in [(0.3, "permutation"), (0.0, "permutation-train")] {
            let importances = LambdaMart { validation, ..few() }.fit(&meta.rows()).unwrap().importances();
            assert_eq!(importances.len(), 6);
            assert!(importances[3..].iter().all(|x| x.measure == measure));
            let value: Vec<f64> = importances.iter().map(|x| x.value).collect();
            // The level orders nobody's list, but it takes the level to read the score.
            assert!((value[..3].iter().sum::<f64>() - 1.0).abs() < 1e-12 && value[0] > 3.0 * value[1], "{value:?}");
            assert!(value[3] > 0.3 && value[5] > 0.1 && value[4] < 0.06, "{value:?}");
        }
    }

    #[test]
    fn history_is_one_less_ndcg_and_falls() {
        let meta = Meta::random(60);
        let history = few().fit(&meta.rows()).unwrap().history();
        assert!(history.iter().map(|(series, step, _)| (*series, *step)).eq((1..=20).map(|t| ("train_ndcg_loss", t))));
        assert!(history[19].2 < history[0].2 && history.iter().all(|(.., value)| (0.0..=1.0).contains(value)));
        let validated = LambdaMart { validation: 0.3, patience: 0, ..few() }.fit(&meta.rows()).unwrap().history();
        assert_eq!((validated.len(), validated[20].0), (40, "validation_ndcg_loss"));
    }

    #[test]
    fn every_option_has_an_effect() {
        let meta = Meta::random(60);
        let base = few();
        let plain = meta.scores(&base);
        let validated = LambdaMart { n_trees: 60, validation: 0.3, patience: 0, ..base.clone() };
        for changed in [
            LambdaMart { n_trees: 21, ..base.clone() },
            LambdaMart { learning_rate: 0.1, ..base.clone() },
            LambdaMart { max_depth: 2, ..base.clone() },
            LambdaMart { max_leaves: 5, ..base.clone() },
            LambdaMart { min_leaf: 100, ..base.clone() },
            LambdaMart { subsample: 0.5, ..base.clone() },
            LambdaMart { reg: 10.0, ..base.clone() },
            LambdaMart { max_bins: 10, ..base.clone() },
            LambdaMart { truncation: 3, ..base.clone() },
            LambdaMart { normalize: false, ..base.clone() },
            LambdaMart { bags: 2, ..base.clone() },
            LambdaMart { seed: Some(2), ..base.clone() },
            validated.clone(),
        ] {
            assert!(meta.scores(&changed) != plain, "{changed:?}");
        }
        assert!(meta.scores(&LambdaMart { seed: Some(1), ..base }) == plain);
        let n_trees = |options: &LambdaMart| options.fit(&meta.rows()).unwrap().history().len() / 2;
        assert!(n_trees(&LambdaMart { patience: 2, ..validated.clone() }) < n_trees(&validated));
    }
}
