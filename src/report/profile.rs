//! The data set in two figures: when its ratings were given, and how few items have most of them.

use super::figures::{Draft, Place};
use super::numbers::whole;
use super::records::RunFacts;
use crate::plots::Heading;
use crate::plots::long_tail::{self, LongTailData};
use crate::plots::timeline::{self, TimelineData};
use std::collections::BTreeMap;

/// From this many months on, years are counted.
const MOST_MONTHS: usize = 120;
/// Points of the curve at most.
const POINTS: usize = 200;
/// Shares of items that are marked.
const MARKED: [f64; 2] = [0.01, 0.2];

/// The figures of a data set.
pub fn figures(facts: &RunFacts) -> Vec<Draft> {
    over_time(facts).into_iter().chain(over_items(facts)).collect()
}

fn over_time(facts: &RunFacts) -> Option<Draft> {
    // A store with a broken object shows no figure.
    let months: BTreeMap<String, u64> = serde_json::from_str(facts.dataset.month_counts.as_deref()?).ok()?;
    let (first, last) = (month_number(months.keys().next()?)?, month_number(months.keys().next_back()?)?);
    let span = usize::try_from(last.checked_sub(first)?).ok()?.saturating_add(1);
    let by_month = span <= MOST_MONTHS;
    let mut periods: Vec<(String, u64)> = Vec::new();
    for number in first..=last {
        let month = format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1);
        let name = if by_month { month.clone() } else { month[..month.len() - 3].to_owned() };
        let n = months.get(&month).copied().unwrap_or(0);
        match periods.last_mut() {
            Some((own, sum)) if *own == name => *sum = sum.saturating_add(n),
            _ => periods.push((name, n)),
        }
        // Times from Noah to the year 9999 are no history of anything.
        if periods.len() > 600 {
            return None;
        }
    }
    let n_rows = periods.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
    let period = if by_month { "month" } else { "year" };
    let heading = Heading {
        title: format!("Ratings per {period}"),
        caption: format!("{} ratings by the calendar, UTC.", whole(n_rows as i64)),
    };
    let most = periods.iter().max_by_key(|(_, n)| *n).map_or_else(String::new, |(name, _)| format!(" Most in {name}."));
    let alt = format!("{}. {}{most}", heading.title, heading.caption);
    let canvas = timeline::draw(&TimelineData { heading, y_name: "ratings".into(), periods });
    Some(Draft::new(Place::Data, "ratings-over-time", &alt, canvas))
}

/// Months since the year 0 of `2001-05`.
fn month_number(month: &str) -> Option<i64> {
    let (year, month) = month.rsplit_once('-')?;
    Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()? - 1)
}

fn over_items(facts: &RunFacts) -> Option<Draft> {
    let counts = &facts.item_counts;
    let (n, total) = (counts.len(), counts.iter().fold(0_i64, |sum, n| sum.saturating_add(*n)));
    if n < 2 || total <= 0 {
        return None;
    }
    let mut cumulative = Vec::with_capacity(n + 1);
    let mut sum = 0;
    cumulative.push(0);
    for count in counts {
        sum = i64::saturating_add(sum, *count);
        cumulative.push(sum);
    }
    let point = |items: usize| (items as f64 / n as f64, cumulative[items] as f64 / total as f64);
    let mut places: Vec<usize> = (0..=POINTS.min(n)).map(|at| at * n / POINTS.min(n)).collect();
    places.dedup();
    let mark = |share: f64| {
        let (x, y) = point(((share * n as f64).round() as usize).clamp(1, n));
        // Of few items there is no such share.
        let is_there = (x - share).abs() < 0.05 * share;
        is_there.then(|| (x, y, format!("{} % of items: {:.0} %", 100.0 * share, 100.0 * y)))
    };
    let marks: Vec<(f64, f64, String)> = MARKED.into_iter().filter_map(mark).collect();
    let heading = Heading {
        title: "How few items have most ratings".into(),
        caption: format!("{} rated items, the most rated first. Gray: if all had the same number.", whole(n as i64)),
    };
    let told: Vec<&str> = marks.iter().map(|mark| mark.2.as_str()).collect();
    let alt = format!("{}. {} {}", heading.title, heading.caption, told.join(", "));
    let data = LongTailData {
        heading,
        x_name: "share of the rated items".into(),
        y_name: "share of the ratings".into(),
        points: places.into_iter().map(point).collect(),
        marks,
    };
    Some(Draft::new(Place::Data, "long-tail", &alt, long_tail::draw(&data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_count_on_over_years() {
        assert_eq!(month_number("2001-01").unwrap() - month_number("2000-12").unwrap(), 1);
        assert_eq!((month_number("2001"), month_number("x-y")), (None, None));
    }
}
