//! What is kept for a number of days only: raw messages with their files, and the texts of matters that have ended. The ledger, the
//! tickets and their histories stay.

use super::backend::{Arg, Sql, bulk, json, repeat, sql};
use super::privacy::{BODIES, PUT_BODIES, blank, id_rows, numbers};
use super::{Store, StoreError};
use crate::domain::{InboxId, OutboxId, Timestamp};

const OLD_RAW: Sql = sql!(
    "SELECT id FROM inbox WHERE id > $1 AND arrived_at < $2 AND done_at IS NOT NULL AND fate <> 'buried'
       AND (raw_sha256 IS NOT NULL OR EXISTS (SELECT 1 FROM inbox_raw WHERE inbox_raw.inbox_id = inbox.id)
         OR EXISTS (SELECT 1 FROM attachments JOIN files ON files.sha256 = attachments.sha256
                    WHERE attachments.inbox_id = inbox.id))
     ORDER BY id LIMIT $3"
);
const OLD_SENT: Sql = sql!(
    r#"SELECT outbox.id FROM outbox LEFT JOIN tickets ON tickets.id = outbox.ticket_id
     WHERE outbox.id > $1 AND outbox.created_at < $2 AND outbox.state = 'delivered' AND outbox.body NOT LIKE '%"(erased)"%'
       AND (tickets.id IS NULL OR tickets.status IN ('resolved', 'closed'))
     ORDER BY outbox.id LIMIT $3"#
);
const RAW: Sql = bulk!("DELETE FROM inbox_raw WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const LARGE: Sql = bulk!(
    "SELECT DISTINCT raw_sha256 FROM inbox
     WHERE raw_sha256 IS NOT NULL AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const DETACH: Sql = bulk!(
    "UPDATE inbox SET raw_sha256 = NULL
     WHERE raw_sha256 IS NOT NULL AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
// Files that no younger message names.
const FILES: Sql = bulk!(
    "DELETE FROM files WHERE sha256 IN (SELECT attachments.sha256 FROM attachments
         WHERE attachments.inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS "))
       AND NOT EXISTS (SELECT 1 FROM attachments AS other JOIN inbox ON inbox.id = other.inbox_id
                       WHERE other.sha256 = files.sha256 AND inbox.arrived_at >= $2)
     RETURNING sha256"
);

impl Store {
    /// Decided messages above row `after` that arrived before `before` and whose raw form or files are still kept, for
    /// [`Store::drop_raw`]. What was put aside keeps its raw form.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expired_raw(&self, before: Timestamp, after: InboxId, limit: u32) -> Result<Vec<InboxId>, StoreError> {
        Ok(self.expired(OLD_RAW, before, after.0, limit).await?.into_iter().map(InboxId).collect())
    }

    /// Delivered messages above row `after`, written before `before`, about nothing or a ticket that has ended, for
    /// [`Store::blank_outbox`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expired_sent(
        &self,
        before: Timestamp,
        after: OutboxId,
        limit: u32,
    ) -> Result<Vec<OutboxId>, StoreError> {
        Ok(self.expired(OLD_SENT, before, after.0, limit).await?.into_iter().map(OutboxId).collect())
    }

    async fn expired(&self, sql: Sql, before: Timestamp, after: i64, limit: u32) -> Result<Vec<i64>, StoreError> {
        let args = vec![Arg::Int(after), Arg::Int(before.0), Arg::Int(i64::from(limit))];
        let mut tx = self.backend.read().await?;
        let found = numbers(&mut tx, sql, args).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Removes the raw form of these messages, and their files as far as no message from `before` or later names them. Text and
    /// decision stay.
    ///
    /// # Errors
    /// When the database or the disk fails.
    pub async fn drop_raw(&self, ids: &[InboxId], before: Timestamp) -> Result<(), StoreError> {
        repeat!(self.drop_raw_once(ids, before))
    }

    async fn drop_raw_once(&self, ids: &[InboxId], before: Timestamp) -> Result<(), StoreError> {
        let rows = json(&id_rows(ids.iter().map(|id| id.0)))?;
        let mut tx = self.backend.write().await?;
        // Nobody may store the same bytes again between the look at their uses and the end of this transaction.
        tx.order_alone().await?;
        tx.execute(RAW, [rows.clone()]).await?;
        let mut large: Vec<(String,)> = tx.fetch(LARGE, [rows.clone()]).await?;
        tx.execute(DETACH, [rows.clone()]).await?;
        large.extend(tx.fetch::<(String,)>(FILES, [rows, Arg::Int(before.0)]).await?);
        for (sha256,) in large {
            self.remove_unused(&mut tx, &sha256).await?;
        }
        tx.commit().await
    }

    /// Erases texts and addresses of outgoing messages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn blank_outbox(&self, ids: &[OutboxId]) -> Result<(), StoreError> {
        let rows = json(&id_rows(ids.iter().map(|id| id.0)))?;
        let write = || async {
            let mut tx = self.backend.write().await?;
            let bodies: Vec<(i64, String)> = tx.fetch(BODIES, [rows.clone()]).await?;
            let blank = bodies.into_iter().map(blank).collect::<Result<Vec<_>, _>>()?;
            tx.execute(PUT_BODIES, [json(&blank)?]).await?;
            tx.commit().await
        };
        repeat!(write())
    }
}
