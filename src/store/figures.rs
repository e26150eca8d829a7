//! Figures for metrics, and for telling whether the desk keeps up. They read unfinished rows only.

use super::backend::{Sql, Tx, sql};
use super::{Store, StoreError};
use crate::domain::Timestamp;

// The index alone tells how many there are and the first of them; rows are numbered as they are written.
const PENDING: Sql = sql!(
    sqlite: "SELECT (SELECT received_at FROM inbox WHERE id = open.oldest), open.number
     FROM (SELECT MIN(id) AS oldest, COUNT(*) AS number FROM inbox INDEXED BY inbox_open WHERE done_at IS NULL) AS open",
    postgres: "SELECT MIN(received_at), COUNT(*) FROM inbox WHERE done_at IS NULL"
);
const WAITING: Sql = sql!(
    sqlite: "SELECT (SELECT created_at FROM outbox WHERE id = open.oldest), open.number
     FROM (SELECT MIN(id) AS oldest, COUNT(*) AS number FROM outbox INDEXED BY outbox_due WHERE done_at IS NULL) AS open",
    postgres: "SELECT MIN(created_at), COUNT(*) FROM outbox WHERE done_at IS NULL"
);
const BURIED: Sql = sql!("SELECT MIN(id), COUNT(*) FROM inbox WHERE fate = 'buried'");
const FAILED: Sql = sql!("SELECT MIN(id), COUNT(*) FROM outbox WHERE state = 'failed'");

/// What waits, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Received messages not decided yet.
    pub pending: i64,
    /// When the one waiting longest was stored.
    pub oldest_pending_at: Option<Timestamp>,
    /// Outgoing messages not delivered yet.
    pub waiting: i64,
    /// When the one waiting longest was written.
    pub oldest_waiting_at: Option<Timestamp>,
    /// Received messages put aside.
    pub buried: i64,
    /// Outgoing messages given up.
    pub failed: i64,
}

impl Store {
    /// The figures now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        let mut tx = self.backend.read().await?;
        let (pending_at, pending) = least_and_count(&mut tx, PENDING).await?;
        let (waiting_at, waiting) = least_and_count(&mut tx, WAITING).await?;
        let (_, buried) = least_and_count(&mut tx, BURIED).await?;
        let (_, failed) = least_and_count(&mut tx, FAILED).await?;
        tx.commit().await?;
        Ok(Figures {
            pending,
            oldest_pending_at: pending_at.map(Timestamp),
            waiting,
            oldest_waiting_at: waiting_at.map(Timestamp),
            buried,
            failed,
        })
    }
}

async fn least_and_count(tx: &mut Tx, sql: Sql) -> Result<(Option<i64>, i64), StoreError> {
    Ok(tx.fetch(sql, []).await?.into_iter().next().unwrap_or_default())
}
