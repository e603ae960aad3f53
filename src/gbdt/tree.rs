//! One fitted tree, packed for prediction: 8 bytes a node, children side by side, no branch but the loop.
//!
//! A leaf points at itself with an infinite threshold, so that every row can take the same number of steps and several rows can be walked at once, each hiding the other's latency.

/// Rows walked side by side.
const LANES: usize = 8;

/// Steps after which a walk looks whether it has arrived: shallow trees never do, lopsided deep ones save most of their steps.
const BLIND_STEPS: usize = 12;

/// A node of a packed tree.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
struct Node {
    /// A row goes left if its feature is at most this; infinite at a leaf.
    threshold: f32,
    feature: u16,
    /// Left child, or this node at a leaf; the right child follows the left.
    left: u16,
}

/// A regression tree. Node 0 is the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
    values: Vec<f64>,
    gains: Vec<f64>,
    depth: usize,
}

/// How a node was split, for those who look into a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Branch {
    /// Column.
    pub feature: usize,
    /// Rows with `x <= threshold` go left.
    pub threshold: f32,
    /// Left child; the right child is the next node.
    pub left: usize,
    /// What the split gained, in the units of the squared gradient (`friedman`) or of the loss (`newton`, twice).
    pub gain: f64,
}

impl Tree {
    /// A tree of one leaf, whose value is 0.
    pub fn leaf() -> Self {
        Self {
            nodes: vec![Node { threshold: f32::INFINITY, feature: 0, left: 0 }],
            values: vec![0.0],
            gains: vec![0.0],
            depth: 0,
        }
    }

    /// Splits a leaf at `depth`, and returns the number of its left child; the right child is the next. Fewer than [`super::MAX_LEAVES`] leaves so far.
    pub fn split(&mut self, leaf: usize, depth: usize, feature: u16, threshold: f32, gain: f64) -> usize {
        let left = self.nodes.len();
        debug_assert!(left + 1 < 2 * super::MAX_LEAVES && usize::from(self.nodes[leaf].left) == leaf);
        self.nodes[leaf] = Node { threshold, feature, left: left as u16 };
        self.gains[leaf] = gain;
        for child in [left, left + 1] {
            self.nodes.push(Node { threshold: f32::INFINITY, feature: 0, left: child as u16 });
            self.values.push(0.0);
            self.gains.push(0.0);
        }
        self.depth = self.depth.max(depth + 1);
        left
    }

    /// Sets what a leaf adds to a score.
    pub fn set_value(&mut self, leaf: usize, value: f64) {
        self.values[leaf] = value;
    }

    /// How a node is split; `None` for a leaf.
    pub fn branch(&self, node: usize) -> Option<Branch> {
        let Node { threshold, feature, left } = self.nodes[node];
        let (left, feature) = (usize::from(left), usize::from(feature));
        (left != node).then(|| Branch { feature, threshold, left, gain: self.gains[node] })
    }

    /// What a leaf adds to the score of a row that ends there.
    pub fn value(&self, leaf: usize) -> f64 {
        self.values[leaf]
    }

    /// Nodes, leaves included.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Leaves.
    pub fn n_leaves(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    /// Splits between the root and the farthest leaf.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Adds the tree's values to `out` `[n_rows]` for `features` `[n_rows × n_features]`, row-major, `n_features > 0`.
    pub fn add_to(&self, features: &[f32], n_features: usize, out: &mut [f64]) {
        debug_assert_eq!(features.len(), out.len() * n_features);
        if n_features == 0 || self.depth == 0 {
            return out.iter_mut().for_each(|out| *out += self.values[0]);
        }
        let mut rows = features.chunks_exact(n_features * LANES);
        let mut outs = out.chunks_exact_mut(LANES);
        for (rows, outs) in rows.by_ref().zip(outs.by_ref()) {
            let leaves = self.walk::<LANES>(rows, n_features);
            for (out, leaf) in outs.iter_mut().zip(leaves) {
                *out += self.values[leaf];
            }
        }
        for (row, out) in rows.remainder().chunks_exact(n_features).zip(outs.into_remainder()) {
            *out += self.values[self.walk::<1>(row, n_features)[0]];
        }
    }

    /// The leaves where `N` rows end.
    #[inline]
    fn walk<const N: usize>(&self, rows: &[f32], n_features: usize) -> [usize; N] {
        let nodes = self.nodes.as_slice();
        let mut at = [0_usize; N];
        for step in 0..self.depth {
            let mut moved = false;
            for (lane, at) in at.iter_mut().enumerate() {
                let node = nodes[*at];
                let x = rows[lane * n_features + usize::from(node.feature)];
                let next = usize::from(node.left) + usize::from(x > node.threshold);
                moved |= next != *at;
                *at = next;
            }
            if step >= BLIND_STEPS && !moved {
                break;
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump() -> Tree {
        let mut tree = Tree::leaf();
        let left = tree.split(0, 0, 1, 0.5, 3.0);
        tree.set_value(left, -1.0);
        tree.set_value(left + 1, 2.0);
        tree
    }

    #[test]
    fn a_row_at_the_threshold_goes_left() {
        let mut out = [10.0; 3];
        stump().add_to(&[9.0, 0.5, 9.0, 0.6, -9.0, -7.0], 2, &mut out);
        assert_eq!(out, [9.0, 12.0, 9.0]);
    }

    #[test]
    fn a_node_is_eight_bytes_and_a_leaf_stays_where_it_is() {
        assert_eq!(size_of::<Node>(), 8);
        let tree = stump();
        assert_eq!((tree.n_nodes(), tree.n_leaves(), tree.depth()), (3, 2, 1));
        assert_eq!(tree.branch(0), Some(Branch { feature: 1, threshold: 0.5, left: 1, gain: 3.0 }));
        assert_eq!((tree.branch(1), tree.branch(2)), (None, None));
    }

    #[test]
    fn infinite_features_end_at_a_leaf() {
        // The right leaf is reached one step before the left ones: there the row has to wait.
        let mut tree = stump();
        let left = tree.split(1, 1, 1, -0.5, 1.0);
        tree.set_value(left, -7.0);
        let mut out = [0.0; 2];
        tree.add_to(&[f32::INFINITY, f32::INFINITY, 0.0, f32::NEG_INFINITY], 2, &mut out);
        assert_eq!(out, [2.0, -7.0]);
    }

    #[test]
    fn lopsided_trees_of_any_depth_are_walked_to_their_end() {
        let (mut tree, mut leaf) = (Tree::leaf(), 0);
        for depth in 0..40 {
            let left = tree.split(leaf, depth, 0, depth as f32 + 0.5, 1.0);
            tree.set_value(left, depth as f64);
            leaf = left + 1;
        }
        tree.set_value(leaf, 40.0);
        let features: Vec<f32> = (0..=40).map(|x| x as f32).collect();
        let mut out = vec![0.0; 41];
        tree.add_to(&features, 1, &mut out);
        assert!(out.iter().enumerate().all(|(row, &value)| value == row as f64), "{out:?}");
        assert_eq!(tree.depth(), 40);
    }
}
