//! Five queries that give the page's tables again, for the reader who wants to go on from there.

use serde::Serialize;

/// A query and what it answers.
#[derive(Debug, Clone, Serialize)]
pub struct Query {
    /// What it answers.
    pub about: &'static str,
    /// The SQL, ready to paste.
    pub sql: String,
}

const QUERIES: &[(&str, &str)] = &[
    (
        "Leaderboards: every metric of every arm over all users, mean and range over seeds",
        "SELECT protocol, metric, k, arm, mean, lowest, highest, n_seeds, n_users\nFROM leaderboard\n\
         WHERE run_id = :run AND segment = 'all'\nORDER BY protocol, metric, k, mean DESC;",
    ),
    (
        "The headline metric per segment",
        "SELECT protocol, segment, arm, mean, lowest, highest, n_users\nFROM leaderboard\n\
         WHERE run_id = :run AND metric = :metric AND k = :k\nORDER BY protocol, segment, mean DESC;",
    ),
    (
        "What each feature is worth, seed by seed",
        "SELECT arm.name AS arm, measure, feature, seed, value\nFROM importance\n\
         JOIN trial ON trial.id = trial_id\nJOIN arm ON arm.id = arm_id\n\
         WHERE trial.run_id = :run\nORDER BY arm.position, measure, feature, seed;",
    ),
    (
        "What was left out, and why",
        "SELECT protocol, arm.name AS arm, metric.name AS metric, k, segment, reason, count\nFROM omission\n\
         JOIN trial ON trial.id = trial_id\nJOIN arm ON arm.id = arm_id\nJOIN metric ON metric.id = metric_id\n\
         WHERE trial.run_id = :run\nORDER BY protocol, arm.position, metric.id, k, segment;",
    ),
    (
        "Where the time went",
        "SELECT name, count(*) AS n_trials, sum(is_shared) AS n_shared, sum(stage.elapsed_ms) AS total_ms\nFROM stage\n\
         JOIN trial ON trial.id = trial_id\nWHERE run_id = :run\nGROUP BY name\nORDER BY total_ms DESC;",
    ),
];

/// The queries for a run; `headline` is the metric and k of the segments.
pub fn queries(run_id: &str, headline: Option<(&str, i64)>) -> Vec<Query> {
    let (metric, k) = headline.unwrap_or(("ndcg", 10));
    QUERIES
        .iter()
        .map(|(about, sql)| Query {
            about,
            sql: sql
                .replace(":run", &literal(run_id))
                .replace(":k", &k.to_string())
                .replace(":metric", &literal(metric)),
        })
        .collect()
}

/// A text as an SQL literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_stays_inside_its_literal() {
        assert!(queries("a'b", None)[0].sql.contains("run_id = 'a''b'"));
    }
}
