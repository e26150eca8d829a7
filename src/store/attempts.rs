//! The other ends of an attempt at a received message: given back, buried, taken up again.

use super::backend::{Arg, Sql, bulk, json, repeat};
use super::raw::IdRow;
use super::{Store, StoreError, Which, crash};
use crate::domain::{InboxId, Timestamp};

const RELEASE: Sql = bulk!(
    "UPDATE inbox SET attempts = attempts - 1, lease_owner = NULL, lease_until = 0
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
       AND lease_owner = $2 AND done_at IS NULL AND attempts > 0"
);
const BURY: Sql = bulk!(
    "UPDATE inbox SET done_at = $2, fate = 'buried', reason = $4
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
       AND lease_owner = $3 AND done_at IS NULL AND lease_until > $2"
);
/// Lets the next message of each conversation go ahead.
pub(super) const UNBLOCK: Sql = bulk!(
    "UPDATE inbox SET after_id = NULL
     WHERE after_id IS NOT NULL AND after_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const REOPEN_ALL: Sql = super::backend::sql!(
    "UPDATE inbox SET done_at = NULL, fate = 'pending', reason = '', attempts = 0, after_id = NULL, lease_owner = NULL, lease_until = 0
     WHERE fate = 'buried'"
);
const REOPEN_SOME: Sql = bulk!(
    "UPDATE inbox SET done_at = NULL, fate = 'pending', reason = '', attempts = 0, after_id = NULL, lease_owner = NULL, lease_until = 0
     WHERE fate = 'buried' AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);

impl Store {
    /// Gives rows back that `owner` has not tried: their attempt does not count. Rows that are no longer the owner's stay as they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(&self, owner: &str, ids: &[InboxId]) -> Result<(), StoreError> {
        let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.0 }).collect();
        repeat!(self.write_one(RELEASE, vec![json(&rows)?, Arg::Text(owner)]))?;
        self.inbox_wake.notify_waiters();
        Ok(())
    }

    /// Puts a row aside for people to look at; its raw message is kept.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the row is not leased to `owner` now.
    pub async fn bury(&self, owner: &str, id: InboxId, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        repeat!(self.bury_once(owner, id, reason, now))?;
        // The conversation may go on.
        self.inbox_wake.notify_waiters();
        Ok(())
    }

    async fn bury_once(&self, owner: &str, id: InboxId, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        let row = [IdRow { id: id.0 }];
        let reason = reason.replace('\0', "\u{fffd}");
        let mut tx = self.backend.write().await?;
        tx.order_shared().await?;
        let args = [json(&row)?, Arg::Int(now.0), Arg::Text(owner), Arg::Text(&reason)];
        if tx.execute(BURY, args).await? != 1 {
            return Err(StoreError::LeaseLost { what: format!("inbox row {id}") });
        }
        tx.execute(UNBLOCK, [json(&row)?]).await?;
        crash::point("bury.commit");
        tx.commit().await
    }

    /// Takes buried rows up again, as if they had never been tried. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retry_inbox(&self, which: &Which<InboxId>) -> Result<u64, StoreError> {
        let (sql, args) = match which {
            Which::All => (REOPEN_ALL, Vec::new()),
            Which::Ids(ids) => {
                let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.0 }).collect();
                (REOPEN_SOME, vec![json(&rows)?])
            }
        };
        let reopened = repeat!(self.write_one(sql, args.clone()))?;
        self.inbox_wake.notify_waiters();
        Ok(reopened)
    }

    /// One statement in a transaction of its own.
    pub(super) async fn write_one(&self, sql: Sql, args: Vec<Arg<'_>>) -> Result<u64, StoreError> {
        let mut tx = self.backend.write().await?;
        let changed = tx.execute(sql, args).await?;
        tx.commit().await?;
        Ok(changed)
    }
}
