//! Blobs: little-endian numbers, one after another, in the order of a user list.

/// One user's top list: `(item index, score, relevance)`, best first.
pub type List = Vec<(u32, f32, u8)>;

/// Bytes of one entry of a top list.
const ENTRY: usize = 9;

/// Values of one metric as bytes.
pub fn encode_values(values: &[f32]) -> Vec<u8> {
    // An empty sum is -0 in Rust, which nobody wants to read.
    values.iter().flat_map(|value| (value + 0.0).to_le_bytes()).collect()
}

/// The values, if the bytes hold exactly `n` finite ones.
pub fn decode_values(bytes: &[u8], n: usize) -> Option<Vec<f32>> {
    let (chunks, rest) = bytes.as_chunks::<4>();
    let values: Vec<f32> = chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    (rest.is_empty() && values.len() == n && values.iter().all(|value| value.is_finite())).then_some(values)
}

/// Top lists as bytes: per user the length, then per item its number, score and relevance.
pub fn encode_lists(lists: &[List]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lists.iter().map(|list| 4 + ENTRY * list.len()).sum());
    for list in lists {
        out.extend((list.len() as u32).to_le_bytes());
        for (item, score, relevance) in list {
            out.extend(item.to_le_bytes());
            out.extend(score.to_le_bytes());
            out.push(*relevance);
        }
    }
    out
}

/// The lists, if the bytes hold exactly `n`, with finite scores.
pub fn decode_lists(bytes: &[u8], n: usize) -> Option<Vec<List>> {
    let mut rest = bytes;
    let mut lists = Vec::with_capacity(n.min(bytes.len() / 4));
    for _ in 0..n {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (entries, after) = after.split_at_checked(length.checked_mul(ENTRY)?)?;
        lists.push(entries.as_chunks::<ENTRY>().0.iter().map(entry).collect());
        rest = after;
    }
    let is_finite = lists.iter().flatten().all(|entry: &(u32, f32, u8)| entry.1.is_finite());
    (rest.is_empty() && is_finite).then_some(lists)
}

/// Sets of items as bytes: per user the length, then the number of each item.
pub fn encode_items(sets: &[Vec<u32>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sets.iter().map(|set| 4 + 4 * set.len()).sum());
    for set in sets {
        out.extend((set.len() as u32).to_le_bytes());
        out.extend(set.iter().flat_map(|item| item.to_le_bytes()));
    }
    out
}

/// The sets, if the bytes hold exactly `n`, each ascending without an item twice.
pub fn decode_items(bytes: &[u8], n: usize) -> Option<Vec<Vec<u32>>> {
    let mut rest = bytes;
    let mut sets: Vec<Vec<u32>> = Vec::with_capacity(n.min(bytes.len() / 4));
    for _ in 0..n {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (items, after) = after.split_at_checked(length.checked_mul(4)?)?;
        sets.push(items.as_chunks::<4>().0.iter().map(|item| u32::from_le_bytes(*item)).collect());
        rest = after;
    }
    let is_sorted = sets.iter().all(|set| set.is_sorted_by(|a, b| a < b));
    (rest.is_empty() && is_sorted).then_some(sets)
}

fn entry(bytes: &[u8; ENTRY]) -> (u32, f32, u8) {
    let [a, b, c, d, e, f, g, h, relevance] = *bytes;
    (u32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]), relevance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_little_endian() {
        assert_eq!(encode_values(&[1.0]), [0, 0, 0x80, 0x3f]);
        assert_eq!(
            encode_lists(&[vec![(2, 1.0, 1)], vec![]]),
            [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0x80, 0x3f, 1, 0, 0, 0, 0]
        );
    }

    #[test]
    fn a_length_that_does_not_fit_is_refused() {
        assert_eq!(decode_values(&encode_values(&[1.0, 2.0]), 2), Some(vec![1.0, 2.0]));
        assert_eq!(decode_values(&[0; 7], 2), None);
        assert_eq!(decode_values(&f32::NAN.to_le_bytes(), 1), None);
        assert_eq!(decode_lists(&[255, 255, 255, 255], 1), None);
        assert_eq!(decode_lists(&[0, 0, 0, 0, 0], 1), None);
    }

    #[test]
    fn sets_of_items_are_ascending_and_whole() {
        assert_eq!(encode_items(&[vec![2, 7], vec![]]), [2, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(decode_items(&encode_items(&[vec![2, 7], vec![]]), 2), Some(vec![vec![2, 7], vec![]]));
        for (sets, n) in [(vec![vec![7, 2]], 1), (vec![vec![2, 2]], 1), (vec![vec![2]], 2), (vec![vec![2], vec![]], 1)]
        {
            assert_eq!(decode_items(&encode_items(&sets), n), None);
        }
        assert_eq!(decode_items(&[255, 255, 255, 255], 1), None);
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(lists in proptest::collection::vec(proptest::collection::vec((0_u32..9, -1e9_f32..1e9, 0_u8..2), 0..4), 0..5)) {
            prop_assert_eq!(decode_lists(&encode_lists(&lists), lists.len()), Some(lists));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), n in 0_usize..9) {
            let _ = (decode_lists(&bytes, n), decode_values(&bytes, n), decode_items(&bytes, n));
        }
    }
}
