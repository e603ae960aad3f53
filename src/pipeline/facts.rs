//! Facts that are stored beside the numbers: definitions of metrics, the data set, its catalog.

use crate::dataset::Dataset;
use crate::metrics::METRICS;
use crate::store::rows::{DatasetRow, ItemRow, MetricRow};
use std::collections::BTreeMap;

/// The definitions of all metrics, in the order of their table.
pub fn metrics() -> Vec<MetricRow> {
    let row = |metric: &crate::metrics::Metric| MetricRow {
        name: metric.name.into(),
        direction: metric.direction.name().into(),
        unit: metric.unit.into(),
        about: metric.about.into(),
    };
    METRICS.iter().map(row).collect()
}

/// Facts about a data set.
pub fn dataset(dataset: &Dataset) -> DatasetRow {
    let ratings = &dataset.ratings;
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    ratings.values.iter().for_each(|value| *counts.entry(value.to_bits()).or_default() += 1);
    let mut counts: Vec<(f64, u64)> =
        counts.into_iter().map(|(bits, n)| (f64::from(f32::from_bits(bits)), n)).collect();
    counts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (low, high) = ratings.range();
    let sum: f64 = ratings.values.iter().map(|&value| f64::from(value)).sum();
    let times = || ratings.timestamps.iter().copied();
    DatasetRow {
        hash: dataset.hash.to_string(),
        name: dataset.name.clone(),
        n_users: dataset.n_users(),
        n_items: dataset.n_items(),
        n_items_rated: item_counts(dataset).iter().filter(|&&n| n > 0).count(),
        n_rows: dataset.n_rows(),
        rating_min: f64::from(low),
        rating_max: f64::from(high),
        rating_mean: sum / dataset.n_rows().max(1) as f64,
        timestamps: times().min().zip(times().max()).filter(|_| dataset.has_timestamps),
        rating_counts: counts,
        month_counts: if dataset.has_timestamps { months(&ratings.timestamps) } else { Vec::new() },
    }
}

/// Rows per month of the calendar (UTC), ascending; times beyond the calendar are left out.
fn months(times: &[i64]) -> Vec<(String, u64)> {
    const DAY: i64 = 86_400;
    let mut days: BTreeMap<i64, u64> = BTreeMap::new();
    times.iter().for_each(|time| *days.entry(time.div_euclid(DAY)).or_default() += 1);
    let mut months: BTreeMap<String, u64> = BTreeMap::new();
    for (day, n) in days {
        if let Ok(time) = jiff::Timestamp::from_second(day.saturating_mul(DAY)) {
            *months.entry(time.strftime("%Y-%m").to_string()).or_default() += n;
        }
    }
    months.into_iter().collect()
}

/// The catalog.
pub fn items(dataset: &Dataset) -> Vec<ItemRow> {
    let counts = item_counts(dataset);
    let row = |item: usize| ItemRow {
        item_id: dataset.item_ids.id(item).to_owned(),
        title: dataset.catalog.titles[item].clone(),
        genres: dataset.catalog.genre_text(item),
        n_ratings: counts[item],
    };
    (0..dataset.n_items()).map(row).collect()
}

fn item_counts(dataset: &Dataset) -> Vec<u64> {
    let mut counts = vec![0; dataset.n_items()];
    dataset.ratings.items.iter().for_each(|item| counts[item.at()] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_by_month() {
        // 1969-12-31, 1970-01-01, 1970-01-31, 1970-02-01, and a time that no calendar has.
        let found = months(&[-1, 0, 31 * 86_400 - 1, 31 * 86_400, i64::MAX]);
        let expected = [("1969-12", 1), ("1970-01", 2), ("1970-02", 1)].map(|(month, n)| (month.to_owned(), n));
        assert_eq!(found, expected);
    }
}
