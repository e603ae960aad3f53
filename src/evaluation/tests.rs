//! A world small enough to judge by hand.

use super::*;
use crate::dataset::{DatasetBuilder, Duplicates};
use crate::kind::with_defaults;
use crate::metrics::Compute;
use crate::protocols::PROTOCOLS;
use crate::segments::Of;
use crate::segments::SEGMENTS;

/// Three users, five items. Test: user 0 has item 1 (5 stars) and 2 (1 star); user 1 has item 3 (2 stars, nothing relevant); user 2 has item 4 (4 stars).
struct World {
    dataset: Dataset,
    train: Interactions,
    test: Interactions,
    protocols: Vec<(&'static str, Box<dyn Protocol>)>,
}

fn world() -> World {
    let mut builder = DatasetBuilder::new(std::path::Path::new("r"));
    for (user, item, rating) in
        [(0, 0, 4.0), (0, 1, 5.0), (0, 2, 1.0), (1, 0, 3.0), (1, 3, 2.0), (2, 4, 4.0), (2, 1, 3.0)]
    {
        builder.rating(&format!("{user}"), &format!("{item}"), rating, 0);
    }
    let dataset = builder.finish("world", Duplicates::Last).unwrap();
    let train = Interactions::from_triples(3, 5, [(0, 0, 4.0), (1, 0, 3.0), (2, 1, 3.0)].into_iter());
    let test = Interactions::from_triples(3, 5, [(0, 1, 5.0), (0, 2, 1.0), (1, 3, 2.0), (2, 4, 4.0)].into_iter());
    let protocols = PROTOCOLS.iter().map(|kind| (kind.name, with_defaults(kind))).collect();
    World { dataset, train, test, protocols }
}

impl World {
    fn evaluate(&self, scorer: &dyn Scorer) -> Evaluation {
        let segments: Vec<&'static Segmentation> = SEGMENTS.iter().collect();
        let setting = Setting {
            dataset: &self.dataset,
            train_full: &self.train,
            test: &self.test,
            protocols: &self.protocols,
            generators: &[],
            cutoffs: &[1, 2],
            threshold: 4.0,
            segments: &segments,
            seed: 1,
        };
        evaluate(&setting, scorer).unwrap()
    }
}

/// Arm 0 scores an item by its number, arm 1 by its number backwards; both are "predicted ratings".
struct ByNumber;

impl Scorer for ByNumber {
    fn n_arms(&self) -> usize {
        2
    }

    fn scale(&self, arm: usize) -> Scale {
        if arm == 0 { Scale::Rating } else { Scale::Order }
    }

    fn score(
        &self,
        users: &[(UserIndex, &[ItemIndex])],
        _asked: Asked,
        fallbacks: &mut [u64],
        judge: &mut dyn FnMut(usize, &[&[f32]]),
    ) -> Result<()> {
        for (place, (_, items)) in users.iter().enumerate() {
            let up: Vec<f32> = items.iter().map(|item| item.0 as f32).collect();
            let down: Vec<f32> = up.iter().map(|score| -score).collect();
            judge(place, &[&up, &down]);
            fallbacks[1] += 1;
        }
        Ok(())
    }
}

fn place(name: &str) -> usize {
    METRICS.iter().position(|metric| metric.name == name).unwrap()
}

fn value(
    evaluation: &Evaluation,
    protocol: usize,
    arm: usize,
    metric: &str,
    k: usize,
    segment: &str,
) -> Option<(f64, u64, u64)> {
    let segment = evaluation.segments.iter().position(|name| name == segment).unwrap();
    let found = evaluation.protocols[protocol].arms[arm]
        .values
        .iter()
        .find(|value| (value.metric, value.k, value.segment) == (place(metric), k, segment));
    found.map(|value| (value.value, value.n, value.n_left_out))
}

#[test]
fn users_without_a_relevant_item_are_left_out_and_counted() {
    let evaluation = world().evaluate(&ByNumber);
    // rated: user 0 is shown [2, 1] by arm 0, so its relevant item 1 comes second; user 2 is shown [4], relevant; user 1 has none.
    assert_eq!(value(&evaluation, 0, 0, "precision", 1, "all"), Some((0.5, 2, 1)));
    assert_eq!(value(&evaluation, 0, 1, "precision", 1, "all"), Some((1.0, 2, 1)));
    assert_eq!(value(&evaluation, 0, 0, "mrr", 2, "all"), Some((0.75, 2, 1)));
    assert_eq!(evaluation.protocols[0].n_without_relevant, 1);
    // full: arm 0 offers user 0 items 1–4, best first 4, 3: nothing relevant among two; user 2 gets 4 first.
    assert_eq!(value(&evaluation, 1, 0, "hit-rate", 2, "all"), Some((0.5, 2, 1)));
    assert_eq!(evaluation.protocols[1].n_candidates, 4 + 4 + 4);
}

#[test]
fn list_metrics_see_everybody_and_row_metrics_every_row() {
    let evaluation = world().evaluate(&ByNumber);
    // Lists of length 1 in rated: items 2, 3, 4 of 5.
    assert_eq!(value(&evaluation, 0, 0, "coverage", 1, "all"), Some((0.6, 3, 0)));
    // Predicted ratings 1, 2, 3, 4 against 5, 1, 2, 4: |errors| 4, 1, 1, 0.
    assert_eq!(value(&evaluation, 0, 0, "mae", 0, "all"), Some((1.5, 4, 0)));
    assert_eq!(value(&evaluation, 0, 1, "mae", 0, "all"), None);
    let omission =
        evaluation.protocols[0].arms[1].omissions.iter().find(|omission| omission.metric == place("mae")).unwrap();
    assert_eq!((omission.count, omission.reason), (4, "the arm's scores are not on the rating scale"));
    assert_eq!(value(&evaluation, 1, 0, "mae", 0, "all"), None, "candidates without a rating have no error");
}

#[test]
fn every_value_is_there_or_its_absence_is_counted() {
    let evaluation = world().evaluate(&ByNumber);
    for outcome in &evaluation.protocols {
        for arm in &outcome.arms {
            assert!(arm.values.is_sorted_by_key(|value| (value.metric, value.k, value.segment)));
            let n_user_segments: usize =
                SEGMENTS.iter().filter(|kind| kind.of == Of::Users).map(|kind| kind.labels.len()).sum();
            for (metric, definition) in METRICS.iter().enumerate() {
                let of_rows = matches!(definition.compute, Compute::Rows(..));
                let cutoffs: &[usize] = match definition.compute {
                    Compute::RelevantAtK(_) | Compute::ListAtK(_) | Compute::AllListsAtK(_) => &[1, 2],
                    Compute::Relevant(_) | Compute::Rows(..) => &[0],
                    Compute::Reach(_) => &[],
                };
                let n_segments: usize = match (of_rows, outcome.protocol) {
                    (true, "rated") => evaluation.segments.len(),
                    (true, _) => 1,
                    _ => 1 + n_user_segments,
                };
                for (&k, segment) in cutoffs.iter().flat_map(|k| (0..n_segments).map(move |segment| (k, segment))) {
                    let at = (metric, k, segment);
                    let n_values =
                        arm.values.iter().filter(|value| (value.metric, value.k, value.segment) == at).count();
                    let n_omissions = arm.omissions.iter().filter(|o| (o.metric, o.k, o.segment) == at).count();
                    let name = (METRICS[metric].name, k, &evaluation.segments[segment], outcome.protocol);
                    assert_eq!(n_values + n_omissions, 1, "{name:?}");
                }
            }
            for values in &arm.user_values {
                assert_eq!(values.values.len(), outcome.user_lists[values.user_list].len());
            }
            assert_eq!(arm.top_lists.len(), 3);
        }
        assert_eq!(outcome.arms[1].n_fallbacks, 3);
    }
}

#[test]
fn user_values_average_to_the_value() {
    let evaluation = world().evaluate(&ByNumber);
    let outcome = &evaluation.protocols[0];
    let precision =
        outcome.arms[0].user_values.iter().find(|values| values.metric == place("precision") && values.k == 1).unwrap();
    assert_eq!(outcome.user_lists[precision.user_list], [UserIndex(0), UserIndex(2)]);
    assert_eq!(precision.values, [0.0, 1.0]);
}

#[test]
fn item_segments_count_only_their_own_relevant_items() {
    let evaluation = world().evaluate(&ByNumber);
    // Items 0 and 1 carry all training ratings; the relevant test items 1 (user 0) and 4 (user 2) fall into different segments.
    let parts: Vec<(f64, u64, u64)> = evaluation
        .segments
        .iter()
        .filter(|name| name.starts_with("item-popularity:"))
        .filter_map(|name| value(&evaluation, 0, 1, "recall", 2, name))
        .collect();
    let users: u64 = parts.iter().map(|(_, n, _)| n).sum();
    assert_eq!(users, 2, "each relevant item is in one segment: {parts:?}");
    assert!(parts.iter().all(|&(recall, n, left_out)| recall == 1.0 && n + left_out == 3));
}

#[test]
fn threads_do_not_move_a_bit() {
    let world = world();
    let bits = |threads| {
        let evaluation = crate::parallel::with_threads(threads, || world.evaluate(&ByNumber)).unwrap();
        let values = evaluation.protocols.iter().flat_map(|outcome| &outcome.arms).flat_map(|arm| &arm.values);
        values.map(|value| value.value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(1), bits(8));
}
