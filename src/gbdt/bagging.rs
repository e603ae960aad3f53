//! Bagging: several models of one kind, each fitted to a bootstrap sample of the groups, whose scores are averaged by whoever uses them (Breiman 1996).
//!
//! Whole groups are drawn, since a user's rows are not independent. A group drawn twice stands in the sample once, with twice the weight: then none is on both sides
//! when validation rows are held out, and no row is copied twice. The groups that were not drawn, about 37 %, are rows that the model has not seen.

use super::{Boosted, Loss, Rows, Settings, boost, sampling};
use crate::error::Result;
use crate::{parallel, rng};
use rand_core::Rng;
use rayon::prelude::*;

/// One model of a bag.
#[derive(Debug, Clone, PartialEq)]
pub struct Bagged {
    /// The fit.
    pub boosted: Boosted,
    /// Rows that it has not learned from, ascending: held-out ones, without those the ones not drawn; empty without either.
    pub unseen: Vec<usize>,
}

/// Fits `n_models` models; one alone is fitted to all rows as they are.
///
/// - `seed`: model b draws its groups and then its own seed from the stream of `gbdt bag`, part b, so that another model more moves none before it.
/// - Cost: `n_models` fits, in parallel; the same bits at any number of threads.
///
/// # Errors
/// Those of [`boost::fit`], of the first model that has one.
pub fn fit(rows: &Rows<'_>, loss: &dyn Loss, settings: &Settings, n_models: usize, seed: u64) -> Result<Vec<Bagged>> {
    if n_models <= 1 {
        let boosted = boost::fit(rows, loss, settings, seed)?;
        let unseen = boosted.validation_rows.clone();
        return Ok(vec![Bagged { boosted, unseen }]);
    }
    boost::check(rows)?;
    let fits: Vec<Result<Bagged>> =
        (0..n_models).into_par_iter().map(|model| fit_one(rows, loss, settings, (model, seed))).collect();
    fits.into_iter().collect()
}

fn fit_one(rows: &Rows<'_>, loss: &dyn Loss, settings: &Settings, (model, seed): (usize, u64)) -> Result<Bagged> {
    parallel::check()?;
    let mut rng = rng::stream(seed, "gbdt bag", model as u64);
    let bootstrap = sampling::bootstrap(rows, &mut rng);
    let boosted = boost::fit(&bootstrap.sample.rows(), loss, settings, rng.next_u64())?;
    let held_out = boosted.validation_rows.iter().map(|&row| bootstrap.rows[row]);
    let unseen = if boosted.validation_rows.is_empty() { bootstrap.left_out } else { held_out.collect() };
    Ok(Bagged { boosted, unseen })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbdt::{LambdaRank, LogLoss, Targets};

    struct Table {
        features: Vec<f32>,
        labels: Vec<f32>,
        groups: Vec<usize>,
    }

    /// 100 groups of six rows, the label the sign of the first of two features with noise.
    fn table() -> Table {
        let mut rng = rng::stream(3, "test", 0);
        let features: Vec<f32> = (0..1200).map(|_| rng::normal(&mut rng) as f32).collect();
        let noisy = |row: &[f32]| f32::from(u8::from(f64::from(row[0]) + rng::normal(&mut rng) > 0.0));
        Table { labels: features.chunks(2).map(noisy).collect(), features, groups: (0..=600).step_by(6).collect() }
    }

    impl Table {
        fn rows(&self) -> Rows<'_> {
            let targets = Targets { labels: &self.labels, groups: &self.groups, weights: &[] };
            Rows { features: &self.features, n_features: 2, targets }
        }

        fn fit(&self, loss: &dyn Loss, validation: f64, n_models: usize) -> Vec<Bagged> {
            let settings = Settings { n_trees: 5, validation, ..Settings::default() };
            fit(&self.rows(), loss, &settings, n_models, 7).unwrap()
        }
    }

    #[test]
    fn models_differ_and_do_not_depend_on_how_many_there_are_or_on_threads() {
        let table = table();
        for loss in [&LogLoss as &dyn Loss, &LambdaRank::default()] {
            let three = table.fit(loss, 0.0, 3);
            assert!(three[0] != three[1] && three[1] != three[2]);
            assert!(table.fit(loss, 0.0, 2) == three[..2]);
            let eight = parallel::with_threads(8, || table.fit(loss, 0.0, 3)).unwrap();
            let one = parallel::with_threads(1, || table.fit(loss, 0.0, 3)).unwrap();
            assert!(one == eight && one == three);
        }
    }

    #[test]
    fn unseen_rows_are_whole_groups_that_do_not_touch_the_fit() {
        let mut table = table();
        for validation in [0.0, 0.3] {
            let before = &table.fit(&LogLoss, validation, 2)[1];
            assert!(before.unseen.len() > 100 && before.unseen.chunks(6).all(|group| group[0] % 6 == 0));
            let labels = table.labels.clone();
            before.unseen.iter().for_each(|&row| table.labels[row] = 1.0 - table.labels[row]);
            let after = &table.fit(&LogLoss, validation, 2)[1];
            let train = |bagged: &Bagged| bagged.boosted.rounds.iter().map(|round| round.train).collect::<Vec<f64>>();
            assert_eq!(train(before), train(after));
            table.labels = labels;
        }
    }

    #[test]
    fn one_model_is_fitted_to_all_rows() {
        let table = table();
        let one = table.fit(&LogLoss, 0.0, 1);
        let settings = Settings { n_trees: 5, ..Settings::default() };
        assert!(one[0].boosted == boost::fit(&table.rows(), &LogLoss, &settings, 7).unwrap());
        assert!(one[0].unseen.is_empty());
    }
}
