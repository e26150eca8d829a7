//! Erasing what messages said. Their ledger rows stay, and their fingerprints as tombstones: a copy that turns up again, after a
//! rescan or from a backup of the mailbox, is dropped and not stored anew.

use super::backend::{Arg, Sql, bulk, json, repeat};
use super::raw::IdRow;
use super::{Store, StoreError};
use crate::domain::{InboxId, Timestamp};

const BURY_FINGERPRINTS: Sql = bulk!(
    "INSERT INTO tombstones (fingerprint, erased_at)
     SELECT fingerprint, $2 FROM messages WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
     ON CONFLICT (fingerprint) DO NOTHING"
);
const FILES: Sql =
    bulk!("DELETE FROM attachments WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const MESSAGES: Sql =
    bulk!("DELETE FROM messages WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const DECISIONS: Sql =
    bulk!("DELETE FROM decisions WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const RAW: Sql = bulk!("DELETE FROM inbox_raw WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const LARGE: Sql = bulk!(
    "SELECT DISTINCT raw_sha256 FROM inbox
     WHERE raw_sha256 IS NOT NULL AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const DETACH: Sql = bulk!(
    "UPDATE inbox SET raw_sha256 = NULL
     WHERE raw_sha256 IS NOT NULL AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const NAMED: Sql = bulk!(
    "SELECT DISTINCT attachments.sha256 FROM attachments JOIN files ON files.sha256 = attachments.sha256
     WHERE attachments.inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);

impl Store {
    /// Erases raw message, text, files and decision of these rows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(&self, ids: &[InboxId], now: Timestamp) -> Result<(), StoreError> {
        repeat!(self.forget_once(ids, now))
    }

    async fn forget_once(&self, ids: &[InboxId], now: Timestamp) -> Result<(), StoreError> {
        let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.0 }).collect();
        let rows = json(&rows)?;
        let mut tx = self.backend.write().await?;
        // Nobody may store a large message again between the look at its uses and the end of this transaction.
        tx.order_alone().await?;
        tx.execute(BURY_FINGERPRINTS, [rows.clone(), Arg::Int(now.0)]).await?;
        let named: Vec<(String,)> = tx.fetch(NAMED, [rows.clone()]).await?;
        for sql in [FILES, MESSAGES, DECISIONS, RAW] {
            tx.execute(sql, [rows.clone()]).await?;
        }
        let large: Vec<(String,)> = tx.fetch(LARGE, [rows.clone()]).await?;
        tx.execute(DETACH, [rows]).await?;
        for (sha256,) in large {
            self.remove_unused(&mut tx, &sha256).await?;
        }
        for (sha256,) in named {
            self.remove_file(&mut tx, &sha256).await?;
        }
        tx.commit().await
    }
}
