//! How far protocols agree on the order of a run's arms.

use super::open::{Store, failed};
use super::read::all;
use crate::error::Result;
use rusqlite::{Row, TransactionBehavior, params};
use serde::Serialize;

/// The agreement of two protocols by one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgreementRow {
    /// Metric.
    pub metric: String,
    /// Cutoff; 0 for none.
    pub k: u64,
    /// The one protocol.
    pub protocol: String,
    /// The other.
    pub other: String,
    /// Arms with a value under both.
    pub n_arms: u64,
    /// Kendall's τ-b of the arms' means over seeds, from −1 to 1.
    pub tau: f64,
}

const INSERT: &str = "INSERT INTO agreement (run_id, metric_id, k, protocol, other, n_arms, tau)
    SELECT ?1, metric.id, ?3, ?4, ?5, ?6, ?7 FROM metric WHERE metric.name = ?2";

/// The agreements of a run.
pub const SELECT: &str =
    "SELECT metric.name, k, protocol, other, n_arms, tau FROM agreement JOIN metric ON metric.id = metric_id
    WHERE run_id = ?1 ORDER BY protocol, other, metric.id, k";

impl Store {
    /// Stores the agreements of a run in place of those that it had.
    ///
    /// # Errors
    /// [`crate::Error::Store`]; then none is stored.
    pub fn write_agreements(&mut self, run: &str, rows: &[AgreementRow]) -> Result<()> {
        let path = self.path.clone();
        let write = |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM agreement WHERE run_id = ?1", [run])?;
            let mut insert = transaction.prepare_cached(INSERT)?;
            for AgreementRow { metric, k, protocol, other, n_arms, tau } in rows {
                insert.execute(params![run, metric, *k as i64, protocol, other, *n_arms as i64, tau])?;
            }
            drop(insert);
            transaction.commit()
        };
        write(&mut self.connection).map_err(failed(&path))
    }

    /// The agreements of a run.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn agreements(&self, run: &str) -> Result<Vec<AgreementRow>> {
        all(&self.connection, SELECT, [run], AgreementRow::read).map_err(failed(&self.path))
    }
}

impl AgreementRow {
    /// Reads a row of [`SELECT`].
    ///
    /// # Errors
    /// When a column has another type.
    pub fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            metric: row.get(0)?,
            k: row.get::<_, i64>(1)? as u64,
            protocol: row.get(2)?,
            other: row.get(3)?,
            n_arms: row.get::<_, i64>(4)? as u64,
            tau: row.get(5)?,
        })
    }
}
