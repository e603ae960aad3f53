//! "Did you mean": the nearest allowed name, for every error that refuses one; and which names a glob means.

/// The help line of a refused name: everything that is allowed, and the nearest of it.
pub fn allowed<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let list = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    match nearest(found, names.iter().copied()) {
        Some(name) => format!("allowed: {list}; did you mean {name:?}?"),
        None => format!("allowed: {list}"),
    }
}

/// The name at the smallest edit distance, if it is near enough to be meant (a third of its length, at least 2).
pub fn nearest<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let found: String = folded(found).chars().take(100).collect();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&found, &folded(name)), name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Whether a glob (`*` any text, `?` one character) matches a whole text. Linear in the product of their lengths at worst: after a mismatch only the last `*` is tried again.
pub fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut g, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some('*') => {
                retry = Some((g, t));
                g += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (g, t) = (g + 1, t + 1),
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (g, t) = (star + 1, from + 1);
            }
        }
    }
    glob[g..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("item-knn", ["bias", "itemknn"]), Some("itemknn"));
        assert_eq!(nearest("neighbours", ["neighbors", "shrink"]), Some("neighbors"));
        assert_eq!(nearest("quantum", ["bias", "itemknn"]), None);
    }
}
