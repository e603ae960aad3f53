//! Error of predicted ratings: RMSE and MAE, in stars.
//!
//! Predictions are clipped to the range of the data's ratings first: nobody can give 5.3 stars, and a model that knows the range must not
//! win over one that orders better. Ranking uses the scores unclipped, since clipping would tie the best.

use super::{Compute, Direction, Metric};
use crate::dataset::Scale;

/// Root mean squared error.
pub const RMSE: Metric = Metric {
    name: "rmse",
    about: "root mean squared error of predicted ratings, clipped to the rating range",
    direction: Direction::Lower,
    unit: "stars",
    range: (0.0, f64::INFINITY),
    compute: Compute::Rows(Some(Scale::Rating), |rows| rmse(rows.scores, rows.ratings, rows.rating_range)),
};

/// Mean absolute error.
pub const MAE: Metric = Metric {
    name: "mae",
    about: "mean absolute error of predicted ratings, clipped to the rating range",
    direction: Direction::Lower,
    unit: "stars",
    range: (0.0, f64::INFINITY),
    compute: Compute::Rows(Some(Scale::Rating), |rows| mae(rows.scores, rows.ratings, rows.rating_range)),
};

/// RMSE of predicted ratings, in rating units.
///
/// `√((1/n) Σ (clip(r̂) - r)²)`
///
/// - `predicted`, `ratings`: `[n]`. `range`: smallest and largest rating of the data set, in this order.
/// - Returns a value in `[0, largest - smallest]` if the ratings lie in the range; `None` for no rows.
/// - Cost: O(n), no allocation. Sums in f64, in row order, over all rows: a user with many test ratings weighs more.
/// - Source: sklearn `root_mean_squared_error`. Fixed by `tests/golden/ratings/expected.json`.
///
/// # Panics
/// When `range` is the wrong way round.
pub fn rmse<P: Copy + Into<f64>>(predicted: &[P], ratings: &[f32], range: (f32, f32)) -> Option<f64> {
    let sum: f64 = errors(predicted, ratings, range).map(|error| error * error).sum();
    (!ratings.is_empty()).then(|| (sum / ratings.len() as f64).sqrt())
}

/// MAE of predicted ratings, in rating units.
///
/// `(1/n) Σ |clip(r̂) - r|`
///
/// - `predicted`, `ratings`: `[n]`. `range`: smallest and largest rating of the data set, in this order.
/// - Returns a value in `[0, largest - smallest]` if the ratings lie in the range; `None` for no rows.
/// - Cost: O(n), no allocation. Sums in f64, in row order, over all rows.
/// - Source: Willmott & Matsuura (2005); sklearn `mean_absolute_error`. Fixed by `tests/golden/ratings/expected.json`.
///
/// # Panics
/// When `range` is the wrong way round.
pub fn mae<P: Copy + Into<f64>>(predicted: &[P], ratings: &[f32], range: (f32, f32)) -> Option<f64> {
    let sum: f64 = errors(predicted, ratings, range).map(f64::abs).sum();
    (!ratings.is_empty()).then(|| sum / ratings.len() as f64)
}

/// Clipped prediction minus rating, row by row.
fn errors<P: Copy + Into<f64>>(predicted: &[P], ratings: &[f32], range: (f32, f32)) -> impl Iterator<Item = f64> {
    debug_assert_eq!(predicted.len(), ratings.len());
    let (low, high) = (f64::from(range.0), f64::from(range.1));
    predicted.iter().zip(ratings).map(move |(&score, &rating)| score.into().clamp(low, high) - f64::from(rating))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::golden;

    const STARS: (f32, f32) = (0.5, 5.0);
    const UNCLIPPED: (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);

    #[test]
    fn errors_are_squared_or_taken_absolutely() {
        // Errors 1, -2, 0: √(5/3) and 3/3.
        let (predicted, ratings) = ([4.0_f32, 2.0, 3.0], [3.0, 4.0, 3.0]);
        golden::assert_close(rmse(&predicted, &ratings, STARS).unwrap(), (5.0_f64 / 3.0).sqrt(), "rmse");
        assert_eq!(mae(&predicted, &ratings, STARS), Some(1.0));
    }

    #[test]
    fn predictions_are_clipped_to_the_range_of_ratings() {
        // 7 becomes 5 and -3 becomes 0.5: errors 1 and 0.
        assert_eq!(mae(&[7.0_f32, -3.0], &[4.0, 0.5], STARS), Some(0.5));
        assert_eq!(rmse(&[7.0_f32, -3.0], &[4.0, 0.5], STARS), Some(0.5_f64.sqrt()));
    }

    #[test]
    fn both_are_undefined_without_rows() {
        assert_eq!(rmse::<f32>(&[], &[], (0.0, 0.0)), None);
        assert_eq!(mae::<f32>(&[], &[], (0.0, 0.0)), None);
    }

    #[test]
    fn agree_with_golden_file() {
        let table = golden::Table::read("ratings/ratings.csv");
        let predicted = table.numbers("predicted_rating");
        let ratings: Vec<f32> = table.numbers("rating").iter().map(|&rating| rating as f32).collect();
        let expected = golden::json("ratings/expected.json");
        let check =
            |key: &str, found: Option<f64>| golden::assert_close(found.unwrap(), expected[key].as_f64().unwrap(), key);
        check("rmse", rmse(&predicted, &ratings, UNCLIPPED));
        check("mae", mae(&predicted, &ratings, UNCLIPPED));
        check("rmse_clipped_0.5_5", rmse(&predicted, &ratings, STARS));
        check("mae_clipped_0.5_5", mae(&predicted, &ratings, STARS));
    }
}
