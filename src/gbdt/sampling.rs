//! Which rows take part: the bag of one tree, and the rows held out to choose the number of trees.

use super::{Rows, Targets};
use crate::rng;
use rand_chacha::ChaCha8Rng;

/// Rows copied out of others, in their order, with their groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    features: Vec<f32>,
    labels: Vec<f32>,
    groups: Vec<usize>,
    n_features: usize,
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
    /// Its rows.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            n_features: self.n_features,
            targets: Targets { labels: &self.labels, groups: &self.groups },
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

/// Holds out about `share` of the rows: whole groups in shuffled order until there are enough rows, or single rows where there are no groups.
///
/// `None` where that would leave nothing to fit on or nothing to choose with.
pub fn hold_out(rows: &Rows<'_>, share: f64, rng: &mut ChaCha8Rng) -> Option<HoldOut> {
    let n_rows = rows.targets.labels.len();
    let single: Vec<usize> = if rows.targets.groups.is_empty() { (0..=n_rows).collect() } else { Vec::new() };
    let bounds = if single.is_empty() { rows.targets.groups } else { &single };
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
        let mut part = Part { n_features: rows.n_features, groups: vec![0], ..Part::default() };
        for group in (0..n_groups).filter(|&group| is_held_out[group] == held_out) {
            let range = bounds[group]..bounds[group + 1];
            part.features.extend(&rows.features[range.start * rows.n_features..range.end * rows.n_features]);
            part.labels.extend(&rows.targets.labels[range]);
            part.groups.push(part.labels.len());
        }
        if !single.is_empty() {
            part.groups.clear();
        }
        part
    };
    let held_out = |group: &usize| is_held_out[*group];
    let validation_rows = (0..n_groups).filter(held_out).flat_map(|group| bounds[group]..bounds[group + 1]).collect();
    Some(HoldOut { train: part(false), validation: part(true), validation_rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows<'a>(features: &'a [f32], labels: &'a [f32], groups: &'a [usize]) -> Rows<'a> {
        Rows { features, n_features: 1, targets: Targets { labels, groups } }
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
    fn one_group_cannot_be_divided() {
        let features = [1.0, 2.0];
        let mut rng = rng::stream(1, "gbdt", 0);
        assert_eq!(hold_out(&rows(&features, &features, &[0, 2]), 0.5, &mut rng), None);
        assert_eq!(hold_out(&rows(&features[..1], &features[..1], &[]), 0.5, &mut rng), None);
        assert_eq!(hold_out(&rows(&[], &[], &[]), 0.5, &mut rng), None);
    }
}
