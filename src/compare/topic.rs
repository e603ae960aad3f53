//! What a comparison is about, and how that is written.

use super::paired::Paired;
use serde::{Deserialize, Serialize};

/// What is compared: a metric at a cutoff over some users or items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Metric.
    pub metric: String,
    /// Cutoff; 0 for none.
    pub k: u64,
    /// `all`, or a segment.
    pub segment: String,
    /// `higher`, `lower` or `neutral`.
    pub direction: String,
}

impl Topic {
    /// 1 where more is better, −1 where less is, 0 where neither.
    pub fn sign(&self) -> f64 {
        match self.direction.as_str() {
            "higher" => 1.0,
            "lower" => -1.0,
            _ => 0.0,
        }
    }

    /// As people write it: `NDCG@10`, `recall@10`.
    pub fn label(&self) -> String {
        let name = match self.metric.as_str() {
            name @ ("ndcg" | "map" | "mrr" | "auc") => name.to_uppercase(),
            name => name.to_owned(),
        };
        if self.k == 0 { name } else { format!("{name}@{}", self.k) }
    }

    /// The same with its segment: `NDCG@10 in user-activity:cold`.
    pub fn label_in_segment(&self) -> String {
        if self.segment == "all" { self.label() } else { format!("{} in {}", self.label(), self.segment) }
    }
}

/// What the rows of a table of differences are named by: what they differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Metrics, all over the same users.
    Metrics,
    /// Segments, all of the same metric.
    Segments,
}

impl Rows {
    /// The name of a row.
    pub fn name(self, topic: &Topic) -> String {
        match self {
            Self::Metrics => topic.label(),
            Self::Segments => topic.segment.clone(),
        }
    }
}

/// Heads of the shares of users with a difference: who is better off, or who has only more where neither direction is better.
pub fn heads(rows: &[Paired]) -> [&'static str; 2] {
    let n_neutral = rows.iter().filter(|row| row.topic.sign() == 0.0).count();
    match n_neutral {
        0 => ["better", "worse"],
        n if n == rows.len() => ["more", "less"],
        _ => ["better or more", "worse or less"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_what_they_differ_in() {
        let mut topic =
            Topic { metric: "ndcg".into(), k: 10, segment: "user-activity:cold".into(), direction: "higher".into() };
        assert_eq!(
            (Rows::Metrics.name(&topic), Rows::Segments.name(&topic)),
            ("NDCG@10".into(), topic.segment.clone())
        );
        assert_eq!(topic.label_in_segment(), "NDCG@10 in user-activity:cold");
        (topic.metric, topic.k, topic.segment) = ("recall".into(), 0, "all".into());
        assert_eq!((topic.label_in_segment().as_str(), Rows::Segments.name(&topic).as_str()), ("recall", "all"));
    }

    #[test]
    fn more_is_not_called_better_where_neither_direction_is() {
        let better = Paired::example(0.01, (0.0, 0.02), 0.5);
        let mut neutral = better.clone();
        neutral.topic.direction = "neutral".into();
        assert_eq!(heads(std::slice::from_ref(&better)), ["better", "worse"]);
        assert_eq!(heads(std::slice::from_ref(&neutral)), ["more", "less"]);
        assert_eq!(heads(&[better, neutral]), ["better or more", "worse or less"]);
    }
}
