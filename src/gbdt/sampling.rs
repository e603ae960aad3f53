//! Which rows take part: the bag of one tree, the rows held out to choose the number of trees, and the groups of a bootstrap sample.

use super::{Rows, Targets};
use crate::rng;
use rand_chacha::ChaCha8Rng;
use std::borrow::Cow;

/// Rows copied out of others, in their order, with their groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    features: Vec<f32>,
    labels: Vec<f32>,
    groups: Vec<usize>,
    weights: Vec<f32>,
    n_features: usize,
}

/// A bootstrap sample of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    /// Each group that was drawn, once, with the number of its draws as a factor of its weight.
    pub sample: Part,
    /// Which rows these are, ascending.
    pub rows: Vec<usize>,
    /// The rows of the groups that were not drawn, ascending.
    pub left_out: Vec<usize>,
}

/// Rows to fit on and rows to choose the number of trees with.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldOut {
    /// To fit on.
    pub train: Part,
    /// To choose with.
    pub validation: Part,
    /// Which rows were held out, ascending.
    pub validation_rows: Vec<usize>,
}

impl Part {
    /// The groups `bounds` of the rows that `times` counts once or more. Counts above 1 become weights.
    fn of(rows: &Rows<'_>, bounds: &[usize], times: &[usize]) -> Self {
        let is_weighted = !rows.targets.weights.is_empty() || times.iter().any(|&times| times > 1);
        let mut part = Self { n_features: rows.n_features, groups: vec![0], ..Self::default() };
        for (group, &times) in times.iter().enumerate().filter(|&(_, &times)| times > 0) {
            let range = bounds[group]..bounds[group + 1];
            part.features.extend(&rows.features[range.start * rows.n_features..range.end * rows.n_features]);
            part.labels.extend(&rows.targets.labels[range.clone()]);
            part.groups.push(part.labels.len());
            if is_weighted {
                part.weights.extend(range.map(|row| (rows.targets.weight(row) * times as f64) as f32));
            }
        }
        if rows.targets.groups.is_empty() {
            part.groups.clear();
        }
        part
    }

    /// Its rows.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            n_features: self.n_features,
            targets: Targets { labels: &self.labels, groups: &self.groups, weights: &self.weights },
        }
    }
}

/// Draws the rows of one tree's bag: one uniform number per row, in index order; a row is taken with probability `subsample`.
pub fn bag(rng: &mut ChaCha8Rng, n_rows: usize, subsample: f64, out: &mut Vec<u32>) {
    out.clear();
    if subsample >= 1.0 {
        out.extend(0..n_rows as u32);
    } else {
        out.extend((0..n_rows as u32).filter(|_| rng::uniform(rng) < subsample));
    }
}

/// How many of `n_features` columns a tree looks at: their share, rounded, and one at least.
pub fn n_columns(n_features: usize, share: f64) -> usize {
    ((n_features as f64 * share).round() as usize).clamp(1, n_features.max(1))
}

/// Draws the columns that one tree looks at, ascending: each set of `n` is as likely as any other.
pub fn columns(rng: &mut ChaCha8Rng, n_features: usize, n: usize, out: &mut Vec<u16>) {
    out.clear();
    // No more than u16 can count: checked where a fit begins.
    out.extend((0..n_features).map(|column| column as u16));
    for place in 0..n.min(n_features) {
        let from = place + rng::below(rng, (n_features - place) as u64) as usize;
        out.swap(place, from);
    }
    out.truncate(n);
    out.sort_unstable();
}

/// First row of each group, then the number of rows; every row is its own where there are no groups.
fn bounds<'a>(targets: &Targets<'a>) -> Cow<'a, [usize]> {
    if targets.groups.is_empty() {
        Cow::Owned((0..=targets.labels.len()).collect())
    } else {
        Cow::Borrowed(targets.groups)
    }
}

/// Rows of the groups that `is_chosen`, ascending.
fn rows_of(bounds: &[usize], is_chosen: impl Fn(usize) -> bool) -> Vec<usize> {
    let n_groups = bounds.len().saturating_sub(1);
    (0..n_groups).filter(|&group| is_chosen(group)).flat_map(|group| bounds[group]..bounds[group + 1]).collect()
}

/// Holds out about `share` of the rows: whole groups in shuffled order until there are enough rows, or single rows where there are no groups.
///
/// `None` where that would leave nothing to fit on or nothing to choose with.
pub fn hold_out(rows: &Rows<'_>, share: f64, rng: &mut ChaCha8Rng) -> Option<HoldOut> {
    let n_rows = rows.targets.labels.len();
    let bounds = bounds(&rows.targets);
    let n_groups = bounds.len().saturating_sub(1);
    let mut order: Vec<usize> = (0..n_groups).collect();
    rng::shuffle(rng, &mut order);
    let (mut is_held_out, mut n_held_out) = (vec![false; n_groups], 0);
    for group in order {
        let size = bounds[group + 1] - bounds[group];
        if n_held_out as f64 >= share * n_rows as f64 {
            break;
        }
        if n_held_out + size < n_rows {
            is_held_out[group] = true;
            n_held_out += size;
        }
    }
    if n_held_out == 0 {
        return None;
    }
    let part = |held_out: bool| {
        let times: Vec<usize> = is_held_out.iter().map(|&is_out| usize::from(is_out == held_out)).collect();
        Part::of(rows, &bounds, &times)
    };
    let validation_rows = rows_of(&bounds, |group| is_held_out[group]);
    Some(HoldOut { train: part(false), validation: part(true), validation_rows })
}

/// Draws as many groups as there are, with replacement; single rows where there are no groups. Source: Breiman (1996).
pub fn bootstrap(rows: &Rows<'_>, rng: &mut ChaCha8Rng) -> Bootstrap {
    let bounds = bounds(&rows.targets);
    let n_groups = bounds.len().saturating_sub(1);
    let mut times = vec![0_usize; n_groups];
    for _ in 0..n_groups {
        times[rng::below(rng, n_groups as u64) as usize] += 1;
    }
    Bootstrap {
        sample: Part::of(rows, &bounds, &times),
        rows: rows_of(&bounds, |group| times[group] > 0),
        left_out: rows_of(&bounds, |group| times[group] == 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows<'a>(features: &'a [f32], labels: &'a [f32], groups: &'a [usize]) -> Rows<'a> {
        Rows { features, n_features: 1, targets: Targets { labels, groups, weights: &[] } }
    }

    #[test]
    fn a_bag_has_about_its_share_of_the_rows_and_repeats() {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        bag(&mut rng::stream(1, "gbdt", 1), 10_000, 0.3, &mut first);
        bag(&mut rng::stream(1, "gbdt", 1), 10_000, 0.3, &mut second);
        assert!((2_850..3_150).contains(&first.len()) && first == second);
        assert!(first.windows(2).all(|pair| pair[0] < pair[1]));
        bag(&mut rng::stream(1, "gbdt", 1), 3, 1.0, &mut first);
        assert_eq!(first, [0, 1, 2]);
    }

    #[test]
    fn every_column_is_drawn_as_often_as_any_other() {
        let (mut rng, mut times, mut drawn) = (rng::stream(1, "gbdt columns", 1), [0; 7], Vec::new());
        for _ in 0..7_000 {
            columns(&mut rng, 7, 3, &mut drawn);
            assert!(drawn.len() == 3 && drawn.windows(2).all(|pair| pair[0] < pair[1]));
            drawn.iter().for_each(|&column| times[usize::from(column)] += 1);
        }
        // 3000 each, standard deviation 41.
        assert!(times.iter().all(|times| (2_800..3_200).contains(times)), "{times:?}");
        assert_eq!([(7, 0.5), (7, 0.01), (7, 1.0), (1, 0.3)].map(|(n, share)| n_columns(n, share)), [4, 1, 7, 1]);
    }

    #[test]
    fn whole_groups_are_held_out() {
        let features: Vec<f32> = (0..100).map(|x| x as f32).collect();
        let groups: Vec<usize> = (0..=20).map(|group| group * 5).collect();
        let out = hold_out(&rows(&features, &features, &groups), 0.25, &mut rng::stream(1, "gbdt", 0)).unwrap();
        assert_eq!((out.validation_rows.len(), out.train.labels.len()), (25, 75));
        assert!(out.validation_rows.chunks(5).all(|group| group[0] % 5 == 0 && group[4] == group[0] + 4));
        let validation = out.validation.rows();
        assert_eq!(validation.targets.groups, [0, 5, 10, 15, 20, 25]);
        assert!(out.validation_rows.iter().zip(validation.features).all(|(&row, &x)| row as f32 == x));
        assert!(validation.targets.labels.iter().all(|x| !out.train.labels.contains(x)));
    }

    #[test]
    fn single_rows_are_held_out_where_there_are_no_groups() {
        let features: Vec<f32> = (0..100).map(|x| x as f32).collect();
        let out = hold_out(&rows(&features, &features, &[]), 0.2, &mut rng::stream(1, "gbdt", 0)).unwrap();
        assert_eq!(out.validation_rows.len(), 20);
        assert!(out.train.rows().targets.groups.is_empty());
    }

    #[test]
    fn a_bootstrap_sample_draws_whole_groups_and_weighs_them_by_their_draws() {
        let features: Vec<f32> = (0..100).map(|x| x as f32).collect();
        let groups: Vec<usize> = (0..=20).map(|group| group * 5).collect();
        let rows = rows(&features, &features, &groups);
        let out = bootstrap(&rows, &mut rng::stream(1, "gbdt", 0));
        let sample = out.sample.rows();
        assert_eq!(sample.targets.weights.iter().sum::<f32>(), 100.0);
        assert!(sample.targets.weights.chunks(5).all(|group| group.iter().all(|&weight| weight == group[0])));
        assert!(sample.targets.weights.contains(&2.0) && (20..=80).contains(&out.left_out.len()));
        let values: Vec<f32> = out.rows.iter().map(|&row| row as f32).collect();
        assert!(sample.features == values && sample.targets.labels == values);
        let mut all = [out.rows.clone(), out.left_out.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..100));
        // Weights of the rows are kept as a factor.
        let double = Rows { targets: Targets { weights: &[2.0; 100], ..rows.targets }, ..rows };
        let double = bootstrap(&double, &mut rng::stream(1, "gbdt", 0));
        assert_eq!(double.sample.rows().targets.weights.iter().sum::<f32>(), 200.0);
    }

    #[test]
    fn held_out_rows_keep_their_weights() {
        let features: Vec<f32> = (0..10).map(|x| x as f32).collect();
        let weights: Vec<f32> = features.iter().map(|x| x + 1.0).collect();
        let plain = rows(&features, &features, &[]);
        let weighted = Rows { targets: Targets { weights: &weights, ..plain.targets }, ..plain };
        let out = hold_out(&weighted, 0.3, &mut rng::stream(1, "gbdt", 0)).unwrap();
        for part in [out.train.rows(), out.validation.rows()] {
            assert!(part.features.iter().zip(part.targets.weights).all(|(x, weight)| x + 1.0 == *weight));
            assert!(!part.targets.weights.is_empty());
        }
    }

    #[test]
    fn one_group_cannot_be_divided() {
        let features = [1.0, 2.0];
        let mut rng = rng::stream(1, "gbdt", 0);
        assert_eq!(hold_out(&rows(&features, &features, &[0, 2]), 0.5, &mut rng), None);
        assert_eq!(hold_out(&rows(&features[..1], &features[..1], &[]), 0.5, &mut rng), None);
        assert_eq!(hold_out(&rows(&[], &[], &[]), 0.5, &mut rng), None);
    }
}
