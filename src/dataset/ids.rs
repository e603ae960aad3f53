//! Ids: text outside, dense numbers inside. `001` is not `1`.

use std::cmp::Ordering;
use std::collections::HashMap;

/// Number of a user inside one data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIndex(pub u32);

/// Number of an item inside one data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemIndex(pub u32);

impl UserIndex {
    /// As a position in an array.
    #[inline]
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

impl ItemIndex {
    /// As a position in an array.
    #[inline]
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// External ids in natural order, and the way back from id to number.
#[derive(Debug, Clone, Default)]
pub struct IdMap {
    ids: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl IdMap {
    /// Numbers ids that are already sorted by [`natural_order`] and distinct.
    pub(super) fn from_sorted(ids: Vec<String>) -> Self {
        debug_assert!(ids.is_sorted_by(|a, b| natural_order(a, b) == Ordering::Less));
        let numbers = ids.iter().enumerate().map(|(number, id)| (id.clone(), number as u32)).collect();
        Self { ids, numbers }
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The id of a number.
    ///
    /// # Panics
    /// When the number is out of range.
    pub fn id(&self, number: usize) -> &str {
        &self.ids[number]
    }

    /// The number of an id.
    pub fn number(&self, id: &str) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// All ids, in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }
}

/// Whole numbers without leading zeros by value, before all other ids, which go by their bytes.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    match (plain_number(a), plain_number(b)) {
        (Some(x), Some(y)) => x.cmp(&y),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

fn plain_number(id: &str) -> Option<u64> {
    let plain = id.bytes().all(|byte| byte.is_ascii_digit()) && (id == "0" || !id.starts_with('0'));
    if plain { id.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_by_value_and_padded_numbers_are_text() {
        let mut ids = vec!["b", "10", "9", "001", "1", "a"];
        ids.sort_by(|a, b| natural_order(a, b));
        assert_eq!(ids, ["1", "9", "10", "001", "a", "b"]);
        let map = IdMap::from_sorted(ids.into_iter().map(str::to_owned).collect());
        assert_eq!((map.number("001"), map.number("1"), map.number("2")), (Some(3), Some(0), None));
        assert_eq!(map.id(2), "10");
    }
}
