//! Boosting as the textbook has it: every split of every value in f64, no bins, no histograms. Slow, short, and the yardstick of the fast one.

use super::log_loss::sigmoid;

/// A node of a reference tree.
pub enum Node {
    /// Rows with `x <= threshold` go left.
    Branch { feature: usize, threshold: f32, left: Box<Node>, right: Box<Node> },
    /// What a row's score changes by.
    Leaf(f64),
}

impl Node {
    fn value(&self, row: &[f32]) -> f64 {
        match self {
            Self::Leaf(value) => *value,
            Self::Branch { feature, threshold, left, right } => {
                if row[*feature] <= *threshold {
                    left.value(row)
                } else {
                    right.value(row)
                }
            }
        }
    }
}

/// Trees fitted to log-loss by variance reduction and Newton leaf values, and the scores of the rows after each.
pub struct Reference {
    pub trees: Vec<Node>,
    pub start: f64,
    pub staged_log_loss: Vec<f64>,
}

pub struct Table<'a> {
    pub features: &'a [f32],
    pub n_features: usize,
    pub labels: &'a [f32],
}

impl Reference {
    pub fn fit(table: &Table<'_>, n_trees: usize, max_depth: usize, learning_rate: f64) -> Self {
        let n_rows = table.labels.len();
        let positive = table.labels.iter().map(|&y| f64::from(y)).sum::<f64>();
        let start = (positive / (n_rows as f64 - positive)).ln();
        let mut scores = vec![start; n_rows];
        let mut out = Self { trees: Vec::new(), start, staged_log_loss: Vec::new() };
        for _ in 0..n_trees {
            let probability: Vec<f64> = scores.iter().map(|&score| sigmoid(score)).collect();
            let rows: Vec<usize> = (0..n_rows).collect();
            let tree = grow(table, &probability, rows, max_depth, learning_rate);
            for (score, row) in scores.iter_mut().zip(table.features.chunks(table.n_features)) {
                *score += tree.value(row);
            }
            out.trees.push(tree);
            out.staged_log_loss.push(log_loss(table.labels, &scores));
        }
        out
    }

    pub fn score(&self, row: &[f32]) -> f64 {
        self.start + self.trees.iter().map(|tree| tree.value(row)).sum::<f64>()
    }
}

/// Mean of `-ln p` of the labels.
pub fn log_loss(labels: &[f32], scores: &[f64]) -> f64 {
    let loss = |(&y, &score): (&f32, &f64)| -if y > 0.5 { sigmoid(score).ln() } else { sigmoid(-score).ln() };
    labels.iter().zip(scores).map(loss).sum::<f64>() / labels.len() as f64
}

fn grow(table: &Table<'_>, probability: &[f64], rows: Vec<usize>, depth: usize, learning_rate: f64) -> Node {
    let gradient = |row: usize| f64::from(table.labels[row]) - probability[row];
    let leaf = |rows: &[usize]| {
        let curvature: f64 = rows.iter().map(|&row| probability[row] * (1.0 - probability[row])).sum();
        Node::Leaf(learning_rate * rows.iter().map(|&row| gradient(row)).sum::<f64>() / curvature)
    };
    let all: f64 = rows.iter().map(|&row| gradient(row)).sum();
    let mut best = (1e-9, 0, 0.0);
    for feature in 0..if depth == 0 { 0 } else { table.n_features } {
        let x = |row: usize| table.features[row * table.n_features + feature];
        let mut sorted = rows.clone();
        sorted.sort_by(|&a, &b| x(a).total_cmp(&x(b)).then(a.cmp(&b)));
        let mut left = 0.0;
        for at in 1..sorted.len() {
            left += gradient(sorted[at - 1]);
            let (low, high) = (x(sorted[at - 1]), x(sorted[at]));
            let (n_left, n_right) = (at as f64, (sorted.len() - at) as f64);
            let difference = left / n_left - (all - left) / n_right;
            let gain = n_left * n_right / (n_left + n_right) * difference * difference;
            // Gains that differ by rounding only are equal; the first stands.
            if low < high && gain > best.0 * (1.0 + 1e-7) {
                best = (gain, feature, low / 2.0 + high / 2.0);
            }
        }
    }
    let (gain, feature, threshold) = best;
    if gain <= 1e-9 {
        return leaf(&rows);
    }
    let (left, right) =
        rows.into_iter().partition(|&row| table.features[row * table.n_features + feature] <= threshold);
    Node::Branch {
        feature,
        threshold,
        left: Box::new(grow(table, probability, left, depth - 1, learning_rate)),
        right: Box::new(grow(table, probability, right, depth - 1, learning_rate)),
    }
}
