//! What holds for every segmentation.

use super::*;
use crate::dataset::{DatasetBuilder, Duplicates};

fn assigned(segmentation: &Segmentation) -> Vec<Option<u8>> {
    let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
    let mut triples = Vec::new();
    for user in 0..12_u32 {
        for item in 0..=user {
            builder.rating(&user.to_string(), &item.to_string(), 3.0, 0);
            triples.push((user, item, 3.0));
        }
    }
    // The last user and the last item are known to the test alone.
    builder.rating("12", "12", 3.0, 0);
    let dataset = builder.finish("t", Duplicates::Last).unwrap();
    let train_full = Interactions::from_triples(13, 13, triples.into_iter());
    (segmentation.assign)(&SegmentInput { dataset: &dataset, train_full: &train_full })
}

#[test]
fn labels_exist_are_used_and_cover_everybody() {
    for segmentation in SEGMENTS {
        let labels = assigned(segmentation);
        assert_eq!(labels.len(), 13, "{}", segmentation.name);
        for number in 0..segmentation.labels.len() {
            assert!(
                labels.contains(&Some(number as u8)),
                "{} has no {}",
                segmentation.name,
                segmentation.labels[number]
            );
        }
        assert!(labels.iter().flatten().all(|&label| usize::from(label) < segmentation.labels.len()));
    }
}

#[test]
fn popular_items_are_the_head_and_busy_users_the_power_users() {
    // User u rated items 0..=u, so item i has 12 - i ratings of 78: items 0–3 take 42 of them (over 39), items 0–6 take 63 (over 62.4).
    let items = assigned(&SEGMENTS[1]);
    assert_eq!(items.iter().map(|label| label.unwrap()).collect::<Vec<_>>(), [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    let users = assigned(&SEGMENTS[0]);
    assert_eq!(users.iter().map(|label| label.unwrap()).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0]);
    for history in &SEGMENTS[2..] {
        let new: Vec<bool> = assigned(history).iter().map(|label| *label == Some(0)).collect();
        assert_eq!(new, (0..13).map(|number| number == 12).collect::<Vec<_>>(), "{}", history.name);
    }
}
