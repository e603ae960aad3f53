//! Protocol sensitivity: do two protocols put the arms of a run in one order?
//!
//! Which arm is best may be a property of the protocol and not of the arm (Cañamares & Castells 2020; Krichene & Rendle 2020). Kendall's τ-b of the arms' means
//! says how much: 1 where the orders are the same, 0 where one tells nothing of the other, −1 where one is the other turned round.

use crate::error::Result;
use crate::stats::kendall::kendall;
use crate::store::Store;
use crate::store::agreement::AgreementRow;
use std::collections::{BTreeMap, BTreeSet};

/// Makes and stores the agreements of a complete run.
///
/// # Errors
/// Those of the store.
pub fn complete(store: &mut Store, run: &str) -> Result<()> {
    let mut means: Means = BTreeMap::new();
    for ((protocol, metric, k, arm, segment), values) in store.values(run)? {
        if segment == "all" && !values.is_empty() {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            means.entry((metric, k)).or_default().entry(protocol).or_default().insert(arm, mean);
        }
    }
    store.write_agreements(run, &agreements(&means))
}

/// Mean over seeds by metric and cutoff, protocol, arm.
type Means = BTreeMap<(String, u64), BTreeMap<String, BTreeMap<String, f64>>>;

/// The agreement of each pair of protocols by each metric that two arms or more have under both; none where an order is undefined because all arms are equal.
fn agreements(means: &Means) -> Vec<AgreementRow> {
    let mut out = Vec::new();
    for ((metric, k), protocols) in means {
        let names: Vec<&String> = protocols.keys().collect();
        for (at, &protocol) in names.iter().enumerate() {
            for &other in &names[at + 1..] {
                let (own, others) = (&protocols[protocol], &protocols[other]);
                let shared: BTreeSet<&String> = own.keys().filter(|arm| others.contains_key(*arm)).collect();
                let of = |values: &BTreeMap<String, f64>| shared.iter().map(|&arm| values[arm]).collect::<Vec<f64>>();
                if let Some(found) = kendall(&of(own), &of(others)) {
                    out.push(AgreementRow {
                        metric: metric.clone(),
                        k: *k,
                        protocol: protocol.clone(),
                        other: other.clone(),
                        n_arms: shared.len() as u64,
                        tau: found.tau,
                    });
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(protocols: &[(&str, &[(&str, f64)])]) -> Means {
        let values = |arms: &[(&str, f64)]| arms.iter().map(|&(arm, mean)| (arm.to_owned(), mean)).collect();
        let protocols = protocols.iter().map(|&(protocol, arms)| (protocol.to_owned(), values(arms))).collect();
        BTreeMap::from([(("ndcg".to_owned(), 10), protocols)])
    }

    #[test]
    fn each_pair_of_protocols_is_compared_over_the_arms_that_both_have() {
        let full: &[_] = &[("a", 0.3), ("b", 0.2), ("c", 0.1)];
        let found = agreements(&means(&[
            ("full", full),
            // a before b as under full, c before both: of three pairs one agrees and two do not.
            ("rated", &[("a", 0.7), ("b", 0.6), ("c", 0.8)]),
            // Without c: the two others the other way round.
            ("sampled", &[("a", 0.4), ("b", 0.5)]),
        ]));
        let taus: Vec<(&str, &str, u64, f64)> =
            found.iter().map(|row| (row.protocol.as_str(), row.other.as_str(), row.n_arms, row.tau)).collect();
        assert_eq!((taus[0].0, taus[0].1, taus[0].2), ("full", "rated", 3));
        assert!((taus[0].3 + 1.0 / 3.0).abs() < 1e-12, "{taus:?}");
        assert_eq!(taus[1..], [("full", "sampled", 2, -1.0), ("rated", "sampled", 2, -1.0)]);
    }

    #[test]
    fn arms_that_are_all_equal_have_no_order() {
        assert!(
            agreements(&means(&[("full", &[("a", 0.0), ("b", 0.0)]), ("rated", &[("a", 0.7), ("b", 0.6)])])).is_empty()
        );
        assert!(agreements(&means(&[("full", &[("a", 0.1)]), ("rated", &[("a", 0.7)])])).is_empty());
    }
}
