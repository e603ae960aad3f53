//! Metrics as people name them: `ndcg@10`, `NDCG@10`, `tail_share`.

use super::METRICS;
use crate::error::{Error, Result, shown};
use crate::suggest;

/// A metric, perhaps with its cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricAt {
    /// Its name in the store.
    pub name: &'static str,
    /// Its cutoff, if one was named.
    pub k: Option<u64>,
}

impl MetricAt {
    /// Reads a name, in any case, with `_` for `-`, and `@k` behind it or not.
    ///
    /// # Errors
    /// [`Error::Name`] for an unknown metric, [`Error::Usage`] for a cutoff that is not a whole number from 1.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, k) = text.trim().split_once('@').map_or((text.trim(), None), |(name, k)| (name, Some(k)));
        let folded = name.to_lowercase().replace('_', "-");
        let Some(metric) = METRICS.iter().find(|metric| metric.name == folded) else {
            let help = suggest::allowed(&folded, METRICS.iter().map(|metric| metric.name));
            return Err(Error::Name { what: "metric", found: shown(name), help: Some(help) });
        };
        let k = k.map(|k| k.parse::<u64>().ok().filter(|&k| k > 0).ok_or(k)).transpose().map_err(|k| {
            Error::usage(format!("found the cutoff {:?}, expected a whole number from 1", shown(k)), "e.g. ndcg@10")
        })?;
        Ok(Self { name: metric.name, k })
    }
}

/// A metric that must not fall by more than a limit: `recall@10 >= -1 %`, `tail-share >= -0.02`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guardrail {
    /// What must not fall.
    pub metric: MetricAt,
    /// The lowest difference that is allowed: in units of the metric, or as a share of the baseline.
    pub limit: f64,
    /// Whether the limit is a share of the baseline.
    pub is_relative: bool,
}

impl Guardrail {
    /// Reads a guardrail.
    ///
    /// # Errors
    /// [`Error::Name`] for an unknown metric, [`Error::Usage`] for anything else that is not `metric >= number` or `metric >= number %`.
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = || {
            Error::usage(
                format!("found the guardrail {:?}, expected a metric, >= and a number", shown(text)),
                "e.g. \"tail-share >= -0.02\" or \"recall@10 >= -1 %\"",
            )
        };
        let (metric, limit) = text.split_once(">=").ok_or_else(malformed)?;
        let limit = limit.trim();
        let (number, is_relative) = limit.strip_suffix('%').map_or((limit, false), |number| (number.trim(), true));
        let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(malformed)?;
        let limit = if is_relative { number / 100.0 } else { number };
        Ok(Self { metric: MetricAt::parse(metric)?, limit, is_relative })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        assert_eq!(MetricAt::parse("NDCG@10").unwrap(), MetricAt { name: "ndcg", k: Some(10) });
        assert_eq!(MetricAt::parse(" tail_share ").unwrap(), MetricAt { name: "tail-share", k: None });
        assert!(MetricAt::parse("ndgc").unwrap_err().to_string().contains("did you mean \"ndcg\"?"));
        for text in ["ndcg@0", "ndcg@", "ndcg@-1", "ndcg@ten"] {
            assert!(MetricAt::parse(text).unwrap_err().to_string().contains("expected a whole number from 1"));
        }
    }

    #[test]
    fn guardrails_have_a_metric_and_a_limit() {
        let guardrail = Guardrail::parse("recall@10 >= -1 %").unwrap();
        assert_eq!((guardrail.metric.name, guardrail.metric.k), ("recall", Some(10)));
        assert_eq!((guardrail.limit, guardrail.is_relative), (-0.01, true));
        assert_eq!(Guardrail::parse("tail_share>=-0.02").unwrap().limit, -0.02);
        for text in ["recall@10", "recall@10 > -1", "recall >= few", "recall >= inf", ">= 1"] {
            assert!(Guardrail::parse(text).is_err(), "{text}");
        }
    }
}
