//! Subsets of columns: names, globs and exclusions.

use crate::suggest::{self, matches};

/// A pattern that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its place in the list.
    pub pattern: usize,
    /// What was found.
    pub message: String,
    /// What is allowed.
    pub help: String,
}

/// Applies patterns in order: a name or a glob (`*` any text, `?` one character) adds columns, `!` before it takes them away. A list that starts with an exclusion
/// starts from all columns. A column with `@`, which is derived from another, is matched only by a pattern with `@`, and is one of all only if `star_is_all`: where
/// it has been chosen already. Statistics besides the basic ones are not meant by `*` either, nor by any glob that adds basic columns: only by their name, or by a
/// glob of their own such as `is_*`. So patterns keep their meaning when statistics are added.
///
/// - Returns the places of the chosen columns, ascending.
///
/// # Errors
/// A fault for every pattern that matches no column, and one when nothing is left.
pub fn select(patterns: &[String], available: &[String], star_is_all: bool) -> Result<Vec<usize>, Vec<Fault>> {
    let starts_with_all = patterns.first().is_some_and(|pattern| pattern.starts_with('!'));
    let is_one_of_all = |name: &String| star_is_all || !name.contains('@') && !super::is_extra(name);
    let mut chosen: Vec<bool> = available.iter().map(|name| starts_with_all && is_one_of_all(name)).collect();
    let mut faults = Vec::new();
    for (number, pattern) in patterns.iter().enumerate() {
        let (glob, adds) = pattern.strip_prefix('!').map_or((pattern.as_str(), true), |rest| (rest, false));
        // What is derived from a column answers only to a pattern that says so.
        let is_meant =
            |column: &usize| star_is_all && glob == "*" || available[*column].contains('@') == glob.contains('@');
        let mut matched: Vec<usize> =
            (0..available.len()).filter(|column| is_meant(column) && matches(glob, &available[*column])).collect();
        if adds && matched.iter().any(|&column| is_one_of_all(&available[column])) {
            matched.retain(|&column| is_one_of_all(&available[column]));
        }
        if matched.is_empty() {
            let message = format!("found {:?}, which is no feature here", crate::error::shown(pattern));
            let help = suggest::allowed(glob, available.iter().map(String::as_str));
            faults.push(Fault { pattern: number, message, help });
        }
        matched.into_iter().for_each(|column| chosen[column] = adds);
    }
    let out: Vec<usize> = (0..available.len()).filter(|&column| chosen[column]).collect();
    if out.is_empty() && faults.is_empty() {
        let help = format!("allowed: {}", available.join(", "));
        faults.push(Fault { pattern: 0, message: "found no feature to learn from".into(), help });
    }
    if faults.is_empty() { Ok(out) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    fn chosen(patterns: &[&str]) -> Vec<String> {
        let all = names(&["score_bias", "score_mf", "user_n_ratings", "item_n_ratings"]);
        select(&names(patterns), &all, false).unwrap().into_iter().map(|column| all[column].clone()).collect()
    }

    #[test]
    fn derived_columns_come_only_when_they_are_meant() {
        let all = names(&["score_mf", "item_n_ratings", "score_mf@rank"]);
        assert_eq!(select(&names(&["*"]), &all, false), Ok(vec![0, 1]));
        assert_eq!(select(&names(&["*"]), &all, true), Ok(vec![0, 1, 2]));
        assert_eq!(select(&names(&["score_*"]), &all, true), Ok(vec![0]));
        assert_eq!(select(&names(&["*@rank"]), &all, false), Ok(vec![2]));
        assert_eq!(select(&names(&["!item_*"]), &all, true), Ok(vec![0, 2]));
        assert_eq!(select(&names(&["!item_*"]), &all, false), Ok(vec![0]));
    }

    #[test]
    fn statistics_besides_the_basic_ones_come_by_name_or_by_a_glob_of_their_own() {
        let all = names(&["score_mf", "user_n_ratings", "user_hour", "is_cold_user", "is_head_item"]);
        let chosen = |patterns: &[&str], star_is_all| select(&names(patterns), &all, star_is_all);
        assert_eq!(chosen(&["*"], false), Ok(vec![0, 1]));
        assert_eq!(chosen(&["!score_*"], false), Ok(vec![1]));
        assert_eq!(chosen(&["user_*"], false), Ok(vec![1]), "as it was before there was user_hour");
        assert_eq!(chosen(&["*", "user_hour", "is_*"], false), Ok(vec![0, 1, 2, 3, 4]));
        assert_eq!(chosen(&["*", "is_*", "!is_cold*"], false), Ok(vec![0, 1, 4]));
        assert_eq!(
            chosen(&["user_hour", "!user_*", "score_mf"], false),
            Ok(vec![0]),
            "an exclusion takes all it matches"
        );
        // Among columns that are chosen already, all are alike.
        assert_eq!(chosen(&["*"], true), Ok(vec![0, 1, 2, 3, 4]));
        assert_eq!(chosen(&["user_*"], true), Ok(vec![1, 2]));
        assert_eq!(chosen(&["!user_*"], true), Ok(vec![0, 3, 4]));
    }

    #[test]
    fn names_globs_and_exclusions_apply_in_order() {
        assert_eq!(chosen(&["score_*"]), ["score_bias", "score_mf"]);
        assert_eq!(chosen(&["!item_*"]), ["score_bias", "score_mf", "user_n_ratings"]);
        assert_eq!(chosen(&["*", "!*_n_*", "item_n_ratings"]), ["score_bias", "score_mf", "item_n_ratings"]);
        assert_eq!(chosen(&["score_??"]), ["score_mf"]);
        assert_eq!(chosen(&["score_mf", "score_bias"]), ["score_bias", "score_mf"], "columns keep their own order");
    }

    #[test]
    fn every_pattern_without_a_match_is_named_with_the_nearest() {
        let faults = select(&names(&["score_knn", "*", "!score_biass"]), &names(&["score_bias"]), false).unwrap_err();
        assert_eq!(faults.iter().map(|fault| fault.pattern).collect::<Vec<_>>(), [0, 2]);
        assert!(faults[1].help.contains("did you mean \"score_bias\"?"), "{}", faults[1].help);
        assert_eq!(select(&names(&["*", "!*"]), &names(&["a"]), false).unwrap_err().len(), 1);
        assert_eq!(select(&[], &names(&["a"]), false).unwrap_err().len(), 1);
    }

    proptest! {
        #[test]
        fn globs_agree_with_trying_every_way(glob in "[ab*?]{0,6}", text in "[ab]{0,8}") {
            fn slow(glob: &[u8], text: &[u8]) -> bool {
                match (glob.first(), text.first()) {
                    (None, None) => true,
                    (Some(b'*'), _) => slow(&glob[1..], text) || !text.is_empty() && slow(glob, &text[1..]),
                    (Some(g), Some(t)) => (*g == b'?' || g == t) && slow(&glob[1..], &text[1..]),
                    _ => false,
                }
            }
            prop_assert_eq!(matches(&glob, &text), slow(glob.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn a_selection_is_ascending_and_distinct(patterns in proptest::collection::vec("!?[ab*]{1,3}", 1..5)) {
            let all = names(&["a", "ab", "b", "ba"]);
            if let Ok(chosen) = select(&patterns, &all, false) {
                prop_assert!(!chosen.is_empty() && chosen.is_sorted_by(|a, b| a < b));
            }
        }
    }
}
