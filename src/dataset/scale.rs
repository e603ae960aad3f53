//! What an arm's scores mean, which decides the metrics that make sense of them.

use serde::Serialize;

/// The scale of an arm's scores. Order is always meaningful (higher first); the value only on two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// A predicted rating, in the data's units: RMSE and MAE make sense.
    Rating,
    /// A probability of relevance: log-loss, Brier score and calibration make sense.
    Probability,
    /// Only the order means something.
    Order,
}

impl Scale {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rating => "rating",
            Self::Probability => "probability",
            Self::Order => "order",
        }
    }
}
