//! How much the relevant rows count: there are few of them, and a loss over rows otherwise listens mostly to the many others.

use crate::dataset::Scale;
use crate::tree::Value;
use crate::value::OptionValue;
use serde::{Serialize, Serializer};

/// Weights of the two classes. Whatever a weighted fit calls a probability is one in a population where the classes have these weights; only the order of its scores
/// still speaks of this one.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum ClassWeight {
    /// Every row counts for one.
    None,
    /// Both classes count for half of the rows: `n_rows / (2 n_class)` a row, as in scikit-learn.
    Balanced,
    /// A relevant row counts for this many others.
    Relevant(f64),
}

impl ClassWeight {
    /// What a row of label 0 and a row of label 1 count for. Labels of both kinds.
    pub fn of(self, labels: &[u8]) -> [f64; 2] {
        match self {
            Self::None => [1.0, 1.0],
            Self::Balanced => {
                let n_relevant = labels.iter().filter(|&&label| label > 0).count();
                [labels.len() - n_relevant, n_relevant].map(|n| labels.len() as f64 / (2 * n.max(1)) as f64)
            }
            Self::Relevant(weight) => [1.0, weight],
        }
    }

    /// What the scores of a fit to log-loss mean.
    pub fn scale(self) -> Scale {
        if self == Self::None { Scale::Probability } else { Scale::Order }
    }
}

impl OptionValue for ClassWeight {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) if text == "none" => Some(Self::None),
            Value::Text(text) if text == "balanced" => Some(Self::Balanced),
            _ => f64::read(value).filter(|weight| (1e-3..=1e6).contains(weight)).map(Self::Relevant),
        }
    }

    fn expected() -> String {
        "\"none\" (every row counts for one), \"balanced\" (both classes count for half), or a number between 0.001 and 1e6 (that many for a relevant row)"
            .into()
    }

    fn show(&self) -> String {
        match self {
            Self::None => "\"none\"".into(),
            Self::Balanced => "\"balanced\"".into(),
            Self::Relevant(weight) => weight.show(),
        }
    }
}

impl Serialize for ClassWeight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Balanced => serializer.serialize_str("balanced"),
            Self::Relevant(weight) => serializer.serialize_f64(*weight),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_count_for_half_of_the_rows_each() {
        // One of four: 4 / (2·3) for each of the three, 4 / (2·1) for the one.
        assert_eq!(ClassWeight::Balanced.of(&[0, 1, 0, 0]), [4.0 / 6.0, 2.0]);
        assert_eq!(ClassWeight::None.of(&[0, 1, 0, 0]), [1.0, 1.0]);
        assert_eq!(ClassWeight::Relevant(5.0).of(&[0, 1, 0, 0]), [1.0, 5.0]);
    }

    #[test]
    fn names_and_positive_numbers_are_read_and_written() {
        let read = |value: Value| ClassWeight::read(&value);
        assert_eq!(read(Value::Text("none".into())), Some(ClassWeight::None));
        assert_eq!(read(Value::Text("balanced".into())), Some(ClassWeight::Balanced));
        assert_eq!(read(Value::Integer(30)), Some(ClassWeight::Relevant(30.0)));
        assert_eq!(read(Value::Float(0.5)), Some(ClassWeight::Relevant(0.5)));
        for refused in [Value::Text("even".into()), Value::Integer(0), Value::Float(-1.0), Value::Bool(true)] {
            assert_eq!(read(refused), None);
        }
        let json = |weight| serde_json::json!(weight).to_string();
        assert_eq!([ClassWeight::None, ClassWeight::Relevant(2.5)].map(json), ["\"none\"", "2.5"]);
        assert_eq!(ClassWeight::Balanced.show(), json(ClassWeight::Balanced));
    }
}
