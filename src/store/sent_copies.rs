//! Delivered mail whose copy is still to be put into the mailbox's folder for sent mail. The row is written with the mark that the
//! mail is delivered: whatever becomes of the copy, the mail is not sent again.

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::raw::IdRow;
use super::{Store, StoreError};
use crate::domain::{Outbound, OutboxId, Timestamp};

/// The first pause between two tries of one copy; each further one is twice as long.
const FIRST_PAUSE_MS: i64 = 60_000;

const ADD: Sql = bulk!(
    "INSERT INTO sent_copies (outbox_id, source, next_at)
     SELECT id, source, $2 FROM outbox WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
     ON CONFLICT (outbox_id) DO NOTHING"
);
const DUE: Sql =
    sql!("SELECT outbox_id FROM sent_copies WHERE source = $1 AND next_at <= $2 ORDER BY next_at, outbox_id LIMIT $3");
// As with files to be scanned: the time of the next try is set when a try begins.
const CLAIM: Sql = bulk!(
    "UPDATE sent_copies SET attempts = attempts + 1,
            next_at = $2 + $3 * (1 << CAST(CASE WHEN attempts > 10 THEN 10 ELSE attempts END AS INTEGER))
     WHERE outbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") AND next_at <= $2
     RETURNING outbox_id, attempts"
);
const BODIES: Sql =
    bulk!("SELECT id, body FROM outbox WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const DONE: Sql = bulk!(
    "DELETE FROM sent_copies WHERE outbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);

/// A delivered mail to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCopy {
    /// Its row.
    pub id: OutboxId,
    /// As it was sent.
    pub outbound: Outbound,
    /// Counted from 1.
    pub attempt: i64,
}

impl Store {
    /// Claims delivered mails of the mailbox `source` that are still to be copied, at most `limit`, oldest first. They are not due
    /// again for a minute, after each further try for twice as long as before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_sent_copies(
        &self,
        source: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<SentCopy>, StoreError> {
        let mut copies = repeat!(self.claim_sent_copies_once(source, now, limit))?;
        copies.sort_by_key(|copy| copy.id);
        Ok(copies)
    }

    async fn claim_sent_copies_once(
        &self,
        source: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<SentCopy>, StoreError> {
        let mut tx = self.backend.write().await?;
        let due: Vec<(i64,)> = tx.fetch(DUE, [Arg::Text(source), Arg::Int(now.0), Arg::Int(i64::from(limit))]).await?;
        if due.is_empty() {
            tx.rollback().await?;
            return Ok(Vec::new());
        }
        let claimed = rows(due.into_iter().map(|(id,)| id));
        let claimed: Vec<(i64, i64)> =
            tx.fetch(CLAIM, [json(&claimed)?, Arg::Int(now.0), Arg::Int(FIRST_PAUSE_MS)]).await?;
        let bodies: Vec<(i64, String)> = tx.fetch(BODIES, [json(&rows(claimed.iter().map(|(id, _)| *id)))?]).await?;
        tx.commit().await?;
        let read = |(id, body): (i64, String)| {
            let attempt = claimed.iter().find(|(other, _)| *other == id).map_or(1, |(_, attempt)| *attempt);
            Ok(SentCopy { id: OutboxId(id), outbound: serde_json::from_str(&body)?, attempt })
        };
        bodies.into_iter().map(read).collect()
    }

    /// These copies are in the folder, or are given up.
    ///
    /// # Errors
    /// When the database fails; they are tried again then, and found to be there.
    pub async fn sent_copies_done(&self, ids: &[OutboxId]) -> Result<(), StoreError> {
        let rows = rows(ids.iter().map(|id| id.0));
        repeat!(self.write_one(DONE, vec![json(&rows)?]))?;
        Ok(())
    }
}

/// Notes that the delivered mails `ids` are to be copied.
pub(super) async fn add(tx: &mut Tx, ids: &[i64], now: Timestamp) -> Result<(), StoreError> {
    if !ids.is_empty() {
        tx.execute(ADD, [json(&rows(ids.iter().copied()))?, Arg::Int(now.0)]).await?;
    }
    Ok(())
}

fn rows(ids: impl Iterator<Item = i64>) -> Vec<IdRow> {
    ids.map(|id| IdRow { id }).collect()
}
