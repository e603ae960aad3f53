//! Ranks of scores.

/// Writes the rank of each score, from 1 for the highest, to `out` (replaced); equal scores share the mean of their ranks.
pub fn ranks(scores: &[f32], out: &mut Vec<f64>) {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    out.clear();
    out.resize(scores.len(), 0.0);
    let mut n_above = 0;
    // Compared as numbers: -0 and 0 are equal.
    for equal in order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]) {
        let rank = n_above as f64 + 0.5 * (equal.len() + 1) as f64;
        equal.iter().for_each(|&at| out[at as usize] = rank);
        n_above += equal.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_from_the_highest_score_and_share_ties() {
        let mut out = vec![7.0];
        ranks(&[1.0, 5.0, 1.0, 0.0], &mut out);
        assert_eq!(out, [2.5, 1.0, 2.5, 4.0]);
    }
}
