//! How the places that are told are doing: written by the process that sends, read by whoever looks.

use super::backend::{Arg, Sql, repeat, sql};
use super::{Store, StoreError};
use crate::domain::{Channel, Timestamp};

const PUT: Sql = sql!(
    "INSERT INTO notify_circuits (name, failures, open_until, fault, changed_at)
     VALUES ($1, $2, CAST($3 AS BIGINT), $4, $5)
     ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, open_until = excluded.open_until, fault = excluded.fault,
       changed_at = excluded.changed_at"
);
const ALL: Sql = sql!("SELECT name, failures, open_until, fault, changed_at FROM notify_circuits ORDER BY name");
const WAITING: Sql = sql!(
    "SELECT source, COUNT(*), MIN(created_at) FROM outbox WHERE channel = $1 AND done_at IS NULL GROUP BY source ORDER BY source"
);

/// How one place is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// Its name in the settings.
    pub name: String,
    /// Failures in a row.
    pub failures: u32,
    /// Nothing is sent before this.
    pub open_until: Option<Timestamp>,
    /// The last failure; empty when there was none.
    pub fault: String,
    /// When this was noted.
    pub changed_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    failures: i64,
    open_until: Option<i64>,
    fault: String,
    changed_at: i64,
}

impl Store {
    /// Notes how a place is doing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_circuit(&self, circuit: &Circuit) -> Result<(), StoreError> {
        let until = circuit.open_until.map(|at| at.0.to_string());
        let args = vec![
            Arg::Text(&circuit.name),
            Arg::Int(i64::from(circuit.failures)),
            Arg::MaybeText(until.as_deref()),
            Arg::Text(&circuit.fault),
            Arg::Int(circuit.changed_at.0),
        ];
        repeat!(self.write_one(PUT, args.clone()))?;
        Ok(())
    }

    /// Every place that was ever noted, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn circuits(&self) -> Result<Vec<Circuit>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(ALL, []).await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(Row::read).collect())
    }

    /// What waits for each place: name, how many notices, when the oldest was written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notices_waiting(&self) -> Result<Vec<(String, i64, Timestamp)>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(String, i64, i64)> = tx.fetch(WAITING, [Arg::Text(Channel::Notify.as_str())]).await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|(name, count, at)| (name, count, Timestamp(at))).collect())
    }
}

impl Row {
    fn read(self) -> Circuit {
        Circuit {
            name: self.name,
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            open_until: self.open_until.map(Timestamp),
            fault: self.fault,
            changed_at: Timestamp(self.changed_at),
        }
    }
}
