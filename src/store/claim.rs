//! Handing messages out: leased for a time to one worker, the oldest unfinished one of each conversation only.
//!
//! An attempt is counted, and committed, before it begins: a message that brings the process down is known by its count. Such
//! suspects are handed out alone, so that they bring nothing else down with them.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::raw::{self, IdRow};
use super::{Store, StoreError, crash};
use crate::domain::{InboxId, Received, Timestamp};

/// A message is handled at most this often; then it is to be buried.
pub const MAX_ATTEMPTS: i64 = 3;
/// Raw bytes in one claim, unless a single message is larger.
const CLAIM_BYTES: i64 = 16 * 1024 * 1024;

// `INDEXED BY` because the planner, without statistics, may walk the whole table by id instead.
const FRESH: Sql = sql!(
    sqlite: "SELECT this.id, this.size_bytes FROM inbox AS this INDEXED BY inbox_fresh
     WHERE this.done_at IS NULL AND this.attempts = 0 AND this.after_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM inbox AS other WHERE other.conversation = this.conversation AND other.done_at IS NULL AND other.id < this.id)
     ORDER BY this.id LIMIT $1",
    postgres: "SELECT this.id, this.size_bytes FROM inbox AS this
     WHERE this.done_at IS NULL AND this.attempts = 0 AND this.after_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM inbox AS other WHERE other.conversation = this.conversation AND other.done_at IS NULL AND other.id < this.id)
     ORDER BY this.id LIMIT $1 FOR UPDATE OF this SKIP LOCKED"
);
const SUSPECT: Sql = sql!(
    sqlite: "SELECT this.id, this.size_bytes FROM inbox AS this INDEXED BY inbox_suspect
     WHERE this.done_at IS NULL AND this.attempts > 0 AND this.lease_until <= $1
       AND NOT EXISTS (SELECT 1 FROM inbox AS other WHERE other.conversation = this.conversation AND other.done_at IS NULL AND other.id < this.id)
     ORDER BY this.lease_until, this.id LIMIT 1",
    postgres: "SELECT this.id, this.size_bytes FROM inbox AS this
     WHERE this.done_at IS NULL AND this.attempts > 0 AND this.lease_until <= $1
       AND NOT EXISTS (SELECT 1 FROM inbox AS other WHERE other.conversation = this.conversation AND other.done_at IS NULL AND other.id < this.id)
     ORDER BY this.lease_until, this.id LIMIT 1 FOR UPDATE OF this SKIP LOCKED"
);
const LEASE: Sql = bulk!(
    "UPDATE inbox SET attempts = attempts + 1, lease_owner = $2, lease_until = $3
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
     RETURNING id, channel, source, external_id, conversation, full_size_bytes, raw_sha256, arrived_at, stale, attempts"
);

/// Whether messages were tried before.
#[derive(Clone, Copy)]
enum Kind {
    Fresh,
    Suspect,
}

#[derive(sqlx::FromRow)]
struct Leased {
    id: i64,
    channel: String,
    source: String,
    external_id: String,
    conversation: String,
    full_size_bytes: Option<i64>,
    raw_sha256: Option<String>,
    arrived_at: i64,
    stale: i64,
    attempts: i64,
}

/// A message leased to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// Its row.
    pub id: InboxId,
    /// The message.
    pub received: Received,
    /// Counted from 1.
    pub attempt: i64,
}

/// A leased row that must not be handled again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToBury {
    /// The row.
    pub id: InboxId,
    /// In words.
    pub reason: String,
}

/// What a claim found. All rows named are leased to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Oldest first: either messages at their first attempt, or a single one at a later attempt.
    pub items: Vec<InboxItem>,
    /// To be buried by the caller: attempts used up, or the raw message is lost.
    pub to_bury: Vec<ToBury>,
}

impl Claim {
    /// Whether there was nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty() && self.to_bury.is_empty()
    }
}

impl Store {
    /// Leases waiting messages to `owner` until `lease_until`: up to `limit` that were never tried, or exactly one that was. The two
    /// kinds take turns, so that neither starves the other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_inbox(
        &self,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Claim, StoreError> {
        let suspects_first = self.claims.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        let turns: &[Kind] = if suspects_first { &[Kind::Suspect, Kind::Fresh] } else { &[Kind::Fresh, Kind::Suspect] };
        self.claim_kinds(owner, [now, lease_until], limit, turns).await
    }

    /// [`Store::claim_inbox`] of messages that were never tried only. Of the workers of one process a single one may take
    /// suspects: two at once would both be counted when one of them ends the process.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_fresh(
        &self,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Claim, StoreError> {
        self.claim_kinds(owner, [now, lease_until], limit, &[Kind::Fresh]).await
    }

    async fn claim_kinds(
        &self,
        owner: &str,
        times: [Timestamp; 2],
        limit: u32,
        kinds: &[Kind],
    ) -> Result<Claim, StoreError> {
        let leased = repeat!(self.lease(owner, times, limit, kinds))?;
        if leased.is_empty() {
            return Ok(Claim::default());
        }
        let ids: Vec<InboxId> = leased.iter().map(|row| InboxId(row.id)).collect();
        let loaded = self.load(leased).await;
        if loaded.is_err() {
            // Not tried, so it must not count. When this fails as well, the lease ends and the attempt has counted.
            let _ = self.release(owner, &ids).await;
        }
        loaded
    }

    async fn lease(
        &self,
        owner: &str,
        [now, until]: [Timestamp; 2],
        limit: u32,
        kinds: &[Kind],
    ) -> Result<Vec<Leased>, StoreError> {
        let mut tx = self.backend.write().await?;
        let mut ids = Vec::new();
        for kind in kinds {
            ids = match kind {
                Kind::Suspect => tx.fetch::<(i64, i64)>(SUSPECT, [Arg::Int(now.0)]).await?,
                Kind::Fresh => tx.fetch::<(i64, i64)>(FRESH, [Arg::Int(i64::from(limit))]).await?,
            };
            if !ids.is_empty() {
                break;
            }
        }
        if ids.is_empty() {
            tx.rollback().await?;
            return Ok(Vec::new());
        }
        let ids = within_bytes(&ids);
        let mut leased: Vec<Leased> = tx.fetch(LEASE, [json(&ids)?, Arg::Text(owner), Arg::Int(until.0)]).await?;
        crash::point("claim.commit");
        tx.commit().await?;
        crash::point("claim.committed");
        // RETURNING gives no order in either database.
        leased.sort_by_key(|row| row.id);
        Ok(leased)
    }

    async fn load(&self, leased: Vec<Leased>) -> Result<Claim, StoreError> {
        let mut tx = self.backend.read().await?;
        let ids: Vec<IdRow> = leased.iter().map(|row| IdRow { id: row.id }).collect();
        let mut bytes: HashMap<i64, Vec<u8>> = raw::in_rows(&mut tx, &ids).await?.into_iter().collect();
        let mut claim = Claim::default();
        for row in leased {
            let id = InboxId(row.id);
            if row.attempts > MAX_ATTEMPTS {
                let reason = format!("handled {MAX_ATTEMPTS} times without coming to an end");
                claim.to_bury.push(ToBury { id, reason });
                continue;
            }
            match self.raw_of(&mut tx, &row, bytes.remove(&row.id)).await {
                Ok(raw) => claim.items.push(InboxItem { id, attempt: row.attempts, received: row.received(raw)? }),
                Err(StoreError::Corrupt { what }) => claim.to_bury.push(ToBury { id, reason: what }),
                Err(other) => return Err(other),
            }
        }
        tx.commit().await?;
        Ok(claim)
    }

    async fn raw_of(&self, tx: &mut Tx, row: &Leased, in_row: Option<Vec<u8>>) -> Result<Vec<u8>, StoreError> {
        match (in_row, &row.raw_sha256) {
            (Some(raw), _) => Ok(raw),
            (None, Some(sha256)) => self.large(tx, sha256).await,
            (None, None) => Err(StoreError::corrupt(format!("no raw message for inbox row {}", row.id))),
        }
    }
}

impl Leased {
    fn received(self, raw: Vec<u8>) -> Result<Received, StoreError> {
        Ok(Received {
            channel: self
                .channel
                .parse()
                .map_err(|error| StoreError::corrupt(format!("inbox row {}: {error}", self.id)))?,
            source: self.source,
            external_id: self.external_id,
            conversation: self.conversation,
            raw,
            full_size_bytes: self.full_size_bytes,
            arrived_at: Timestamp(self.arrived_at),
            hold_ms: 0,
            stale: self.stale != 0,
        })
    }
}

/// The beginning of `found` (id, size) that stays under the limit; at least one.
fn within_bytes(found: &[(i64, i64)]) -> Vec<IdRow> {
    let mut total = 0;
    let fitting = found.iter().take_while(|(_, size)| {
        let first = total == 0;
        total += size.max(&1);
        first || total <= CLAIM_BYTES
    });
    fitting.map(|(id, _)| IdRow { id: *id }).collect()
}

#[cfg(test)]
mod tests {
    use super::{CLAIM_BYTES, within_bytes};

    #[test]
    fn a_claim_takes_what_fits_and_never_nothing() {
        for (sizes, wanted) in [
            (vec![1, 2, 3], 3),
            (vec![CLAIM_BYTES + 1, 1], 1),
            (vec![CLAIM_BYTES - 1, 1, 1], 2),
            (vec![0, CLAIM_BYTES, 1], 1),
        ] {
            let found: Vec<(i64, i64)> = (1..).zip(sizes.clone()).collect();
            assert_eq!(within_bytes(&found).len(), wanted, "{sizes:?}");
        }
    }
}
