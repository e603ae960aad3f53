//! AUC of one user's candidates: how often a relevant item is scored above an irrelevant one.
//!
//! Unlike the metrics at k it sees the whole list. [`roc_auc`](super::roc_auc) is the same quantity over the pooled rows of all users.

use super::{Compute, Direction, Metric};
use crate::linalg::widest;

/// Area under the ROC curve of a user's candidates, averaged over users.
pub const AUC: Metric = Metric {
    name: "auc",
    about: "share of (relevant, irrelevant) candidate pairs of a user in the right order, ties half",
    direction: Direction::Higher,
    unit: "",
    range: (0.0, 1.0),
    compute: Compute::Relevant(|list| auc(list.scores, list.labels)),
};

/// AUC of one user: the share of (relevant, irrelevant) pairs of candidates in which the relevant one has the higher score.
///
/// `AUC = Σ_{p,q} ([s_p > s_q] + ½ [s_p = s_q]) / (P Q)`, p over the P relevant and q over the Q irrelevant candidates.
///
/// - `scores`: `[n]`, finite, any order. `labels`: `[n]`, 0 or 1.
/// - Returns a value in `[0, 1]`; `None` if no candidate is relevant or none is irrelevant. Relevant items that are no candidates
///   do not enter.
/// - Cost: O(n P) comparisons, several at once, for few relevant candidates; else O(n log P): the relevant scores are sorted, the others looked up in
///   them. One buffer of P scores. Pairs are counted in whole numbers, so the result depends neither on the way nor on the order of the candidates.
/// - Source: Hanley & McNeil (1982); sklearn `roc_auc_score`. Fixed by `tests/golden/ranking/per_user_uncut.csv`.
pub fn auc(scores: &[f32], labels: &[u8]) -> Option<f64> {
    debug_assert_eq!(scores.len(), labels.len());
    // Found many labels at once: relevant candidates of a catalog are few.
    let mut relevant: Vec<f32> = memchr::memchr_iter(1, labels).map(|place| scores[place]).collect();
    let n_pairs = relevant.len() * (scores.len() - relevant.len());
    if n_pairs == 0 {
        return None;
    }
    if relevant.len() <= FEW {
        let half_wins: usize = widest(
            #[inline(always)]
            || {
                let mut n = 0;
                for scores in scores.chunks(NEAR) {
                    for &score in &relevant {
                        n += half_losses_to(score, scores);
                    }
                }
                n
            },
        );
        let among_relevant: usize = relevant.iter().map(|&score| half_losses_to(score, &relevant)).sum();
        return Some((half_wins - among_relevant) as f64 / (2 * n_pairs) as f64);
    }
    relevant.sort_unstable_by(f32::total_cmp);
    // Every candidate is looked up and the relevant ones are multiplied away: a branch on the label would be mispredicted.
    let half_wins: usize = scores
        .iter()
        .zip(labels)
        .map(|(&score, &label)| half_wins_over(&relevant, score) * usize::from(label == 0))
        .sum();
    Some(half_wins as f64 / (2 * n_pairs) as f64)
}

/// Relevant candidates up to which comparing all with all is faster; measured on 10,000 candidates.
const FEW: usize = 256;

/// Scores that stay in the first-level cache while one relevant score after another is compared with them.
const NEAR: usize = 2048;

/// Twice the number of `scores`, at most [`NEAR`], below `score`, plus the number equal to it.
#[inline(always)]
fn half_losses_to(score: f32, scores: &[f32]) -> usize {
    // Counted in 32 bits, the width of a score, so that a vector unit does both; of so many no count can overflow.
    scores.iter().map(|&other| u32::from(other < score) + u32::from(other <= score)).sum::<u32>() as usize
}

/// Twice the number of `relevant` (ascending) scores above `score`, plus the number equal to it.
#[inline]
fn half_wins_over(relevant: &[f32], score: f32) -> usize {
    let n_below = relevant.partition_point(|&other| other < score);
    let rest = &relevant[n_below..];
    // Ties are rare in most models, so the second search is seldom needed.
    let n_equal = if rest.first() == Some(&score) { rest.partition_point(|&other| other == score) } else { 0 };
    2 * rest.len() - n_equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    #[test]
    fn counts_pairs_in_the_right_order() {
        // Relevant 0.9 beats 0.5 and 0.1; relevant 0.3 beats 0.1 only: 3 of 4 pairs.
        assert_eq!(auc(&[0.9, 0.5, 0.3, 0.1], &[1, 0, 1, 0]), Some(0.75));
    }

    #[test]
    fn equal_scores_count_half() {
        assert_eq!(auc(&[1.0; 7], &[1, 0, 0, 1, 0, 1, 0]), Some(0.5));
        // Pairs: (2,2) half, (2,1) win, (1,2) loss, (1,1) half: 2 of 4.
        assert_eq!(auc(&[2.0, 2.0, 1.0, 1.0], &[1, 0, 1, 0]), Some(0.5));
        assert_eq!(auc(&[0.0, -0.0], &[1, 0]), Some(0.5));
    }

    #[test]
    fn is_undefined_without_a_pair() {
        assert_eq!(auc(&[], &[]), None);
        assert_eq!(auc(&[1.0], &[1]), None);
        assert_eq!(auc(&[1.0, 2.0], &[0, 0]), None);
        assert_eq!(auc(&[1.0, 2.0], &[1, 1]), None);
    }

    #[test]
    fn agrees_with_counting_every_pair() {
        let mut rng = crate::rng::stream(3, "auc", 0);
        for n in (2..60).chain([200, 900]) {
            let scores: Vec<f32> = (0..n).map(|_| crate::rng::below(&mut rng, 9) as f32 - 4.0).collect();
            let labels: Vec<u8> = (0..n).map(|_| crate::rng::below(&mut rng, 2) as u8).collect();
            let (mut wins, mut pairs) = (0.0, 0.0);
            for (p, q) in (0..n).flat_map(|p| (0..n).map(move |q| (p, q))).filter(|&(p, q)| labels[p] > labels[q]) {
                pairs += 1.0;
                wins += if scores[p] > scores[q] { 1.0 } else { f64::from(scores[p] == scores[q]) / 2.0 };
            }
            assert_eq!(auc(&scores, &labels), (pairs > 0.0).then(|| wins / pairs));
        }
    }

    #[test]
    fn agrees_with_golden_file() {
        let users = golden::ranking_users();
        let table = golden::Table::read("ranking/per_user_uncut.csv");
        let (mut sum, mut n_defined) = (0.0, 0_u64);
        for (user, expected) in table.integers("user").into_iter().zip(table.optional("auc")) {
            let (scores, labels): (Vec<f32>, Vec<u8>) =
                users[&user].ranked.iter().map(|&(score, label)| (score as f32, label)).unzip();
            let found = auc(&scores, &labels);
            assert_eq!(found.is_some(), expected.is_some(), "user {user}");
            if let (Some(found), Some(expected)) = (found, expected) {
                golden::assert_close(found, expected, &format!("auc of user {user}"));
                sum += found;
                n_defined += 1;
            }
        }
        let aggregate = &golden::json("ranking/aggregate.json")["auc"];
        assert_eq!(n_defined, aggregate["n_users_defined"]);
        golden::assert_close(sum / n_defined as f64, aggregate["mean_per_user"].as_f64().unwrap(), "mean auc");
    }
}
