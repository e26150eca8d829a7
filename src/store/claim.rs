//! Handing messages out: leased for a time to one worker, the oldest unfinished one of each conversation only.
//!
//! An attempt is counted, and committed, before it begins: a message that brings the process down is known by its count. Such
//! suspects are handed out alone, so that they bring nothing else down with them.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::companions::{self, Companion};
use super::raw::{self, IdRow};
use super::{Store, StoreError, crash};
use crate::domain::{InboxId, Received, Timestamp};

/// A message is handled at most this often; then it is to be buried.
pub const MAX_ATTEMPTS: i64 = 3;
/// Raw bytes in one claim, unless a single message is larger.
const CLAIM_BYTES: i64 = 16 * 1024 * 1024;

/// What must not be there for a row to go: an unfinished one of the same conversation that goes first. Mail goes in the order it was
/// stored. What is said in chat goes in the order it was said, since it may come over several connections; and while one row of a
/// conversation is being handled, no other is, however early it was said.
macro_rules! goes_first {
    ($now:literal) => {
        concat!(
            "AND NOT EXISTS (SELECT 1 FROM inbox AS other
               WHERE other.conversation = this.conversation AND other.done_at IS NULL AND other.id < this.id
                 AND (this.channel = 'email' OR other.arrived_at <= this.arrived_at OR other.lease_until > ",
            $now,
            "))
             AND (this.channel = 'email' OR NOT EXISTS (SELECT 1 FROM inbox AS other
               WHERE other.conversation = this.conversation AND other.done_at IS NULL AND other.id > this.id
                 AND (other.arrived_at < this.arrived_at OR other.lease_until > ",
            $now,
            "))) "
        )
    };
}

// `INDEXED BY` because the planner, without statistics, may walk the whole table by id instead.
const FRESH: Sql = sql!(
    sqlite: concat!(
        "SELECT this.id, this.size_bytes, this.hold_until - this.received_at FROM inbox AS this INDEXED BY inbox_ready
         WHERE this.done_at IS NULL AND this.attempts = 0 AND this.after_id IS NULL AND this.hold_until <= $2 ",
        goes_first!("$2"),
        "ORDER BY this.hold_until, this.id LIMIT +$1"
    ),
    postgres: concat!(
        "SELECT this.id, this.size_bytes, this.hold_until - this.received_at FROM inbox AS this
         WHERE this.done_at IS NULL AND this.attempts = 0 AND this.after_id IS NULL AND this.hold_until <= $2 ",
        goes_first!("$2"),
        "ORDER BY this.hold_until, this.id LIMIT $1 FOR UPDATE OF this SKIP LOCKED"
    )
);
const SUSPECT: Sql = sql!(
    sqlite: concat!(
        "SELECT this.id, this.size_bytes, this.hold_until - this.received_at FROM inbox AS this INDEXED BY inbox_suspect
         WHERE this.done_at IS NULL AND this.attempts > 0 AND this.lease_until <= $1 ",
        goes_first!("$1"),
        "ORDER BY this.lease_until, this.id LIMIT 1"
    ),
    postgres: concat!(
        "SELECT this.id, this.size_bytes, this.hold_until - this.received_at FROM inbox AS this
         WHERE this.done_at IS NULL AND this.attempts > 0 AND this.lease_until <= $1 ",
        goes_first!("$1"),
        "ORDER BY this.lease_until, this.id LIMIT 1 FOR UPDATE OF this SKIP LOCKED"
    )
);
// The first row that is only held back by its hold.
const NEXT_HOLD: Sql = sql!(
    sqlite: "SELECT hold_until FROM inbox INDEXED BY inbox_ready
     WHERE done_at IS NULL AND attempts = 0 AND after_id IS NULL AND hold_until > $1 ORDER BY hold_until LIMIT 1",
    postgres: "SELECT hold_until FROM inbox
     WHERE done_at IS NULL AND attempts = 0 AND after_id IS NULL AND hold_until > $1 ORDER BY hold_until LIMIT 1"
);
const LEASE: Sql = bulk!(
    "UPDATE inbox SET attempts = attempts + 1, lease_owner = $2, lease_until = $3
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
     RETURNING id, channel, source, external_id, conversation, full_size_bytes, raw_sha256, arrived_at, stale, attempts,
               hold_until - received_at AS hold_ms"
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
    hold_ms: i64,
}

/// Rows leased together: those of the claim, and for each that is read with another the row it is read with.
#[derive(Default)]
struct Batch {
    rows: Vec<Leased>,
    first_of: HashMap<i64, i64>,
    /// Raw messages by row; large ones are kept elsewhere.
    raw: HashMap<i64, Vec<u8>>,
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
    /// Text written right after it in the same conversation, oldest first, leased with it. Its author may be another.
    pub companions: Vec<InboxItem>,
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
    /// Oldest first: either messages at their first attempt, or a single one at a later attempt; each with its companions.
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

    /// When the next message may be handed out that is held now; `None` when none is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_hold(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64,)> = tx.fetch(NEXT_HOLD, [Arg::Int(now.0)]).await?;
        tx.commit().await?;
        Ok(found.first().map(|(at,)| Timestamp(*at)))
    }

    async fn claim_kinds(
        &self,
        owner: &str,
        times: [Timestamp; 2],
        limit: u32,
        kinds: &[Kind],
    ) -> Result<Claim, StoreError> {
        let leased = repeat!(self.lease(owner, times, limit, kinds))?;
        if leased.rows.is_empty() {
            return Ok(Claim::default());
        }
        let ids: Vec<InboxId> = leased.rows.iter().map(|row| InboxId(row.id)).collect();
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
    ) -> Result<Batch, StoreError> {
        let mut tx = self.backend.write().await?;
        let mut found: Vec<Found> = Vec::new();
        for kind in kinds {
            found = match kind {
                Kind::Suspect => tx.fetch(SUSPECT, [Arg::Int(now.0)]).await?,
                Kind::Fresh => tx.fetch(FRESH, [Arg::Int(i64::from(limit)), Arg::Int(now.0)]).await?,
            };
            if !found.is_empty() {
                break;
            }
        }
        if found.is_empty() {
            tx.rollback().await?;
            return Ok(Batch::default());
        }
        let held = found.iter().filter(|(_, _, hold_ms)| *hold_ms > 0).map(|(id, ..)| IdRow { id: *id });
        let companions = companions::find(&mut tx, &held.collect::<Vec<_>>(), now.0).await?;
        let (ids, first_of) = within_bytes(&found, &companions);
        let mut rows: Vec<Leased> = tx.fetch(LEASE, [json(&ids)?, Arg::Text(owner), Arg::Int(until.0)]).await?;
        // Read here and not after the commit: what was stored a moment ago is still in this connection's memory.
        let raw = raw::in_rows(&mut tx, &ids).await?.into_iter().collect();
        crash::point("claim.commit");
        tx.commit().await?;
        crash::point("claim.committed");
        // RETURNING gives no order in either database.
        rows.sort_by_key(|row| {
            // Those that are read with another come after it, in the order they were said.
            let follows = first_of.contains_key(&row.id);
            (follows, if follows { row.arrived_at } else { 0 }, row.id)
        });
        Ok(Batch { rows, first_of, raw })
    }

    async fn load(&self, mut leased: Batch) -> Result<Claim, StoreError> {
        let all_here = leased.rows.iter().all(|row| leased.raw.contains_key(&row.id));
        let mut tx = if all_here { None } else { Some(self.backend.read().await?) };
        let mut claim = Claim::default();
        for row in leased.rows {
            let id = InboxId(row.id);
            if row.attempts > MAX_ATTEMPTS {
                let reason = format!("handled {MAX_ATTEMPTS} times without coming to an end");
                claim.to_bury.push(ToBury { id, reason });
                continue;
            }
            match self.raw_of(tx.as_mut(), &row, leased.raw.remove(&row.id)).await {
                Ok(raw) => {
                    let first = leased.first_of.get(&row.id).map(|first| InboxId(*first));
                    let companions = Vec::new();
                    let item = InboxItem { id, attempt: row.attempts, received: row.received(raw)?, companions };
                    match claim.items.iter_mut().find(|earlier| Some(earlier.id) == first) {
                        Some(head) => head.companions.push(item),
                        // Also when the row it was to be read with is to be buried.
                        None => claim.items.push(item),
                    }
                }
                Err(StoreError::Corrupt { what }) => claim.to_bury.push(ToBury { id, reason: what }),
                Err(other) => return Err(other),
            }
        }
        if let Some(tx) = tx {
            tx.commit().await?;
        }
        Ok(claim)
    }

    async fn raw_of(&self, tx: Option<&mut Tx>, row: &Leased, in_row: Option<Vec<u8>>) -> Result<Vec<u8>, StoreError> {
        match (in_row, &row.raw_sha256, tx) {
            (Some(raw), ..) => Ok(raw),
            (None, Some(sha256), Some(tx)) => self.large(tx, sha256).await,
            (None, ..) => Err(StoreError::corrupt(format!("no raw message for inbox row {}", row.id))),
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
            hold_ms: self.hold_ms.max(0),
            stale: self.stale != 0,
        })
    }
}

/// A row that may be claimed: id, size, how long it is held.
type Found = (i64, i64, i64);

/// The beginning of `found` that stays under the limit, at least one, with its companions as far as they fit; and which row
/// each companion is read with.
fn within_bytes(found: &[Found], companions: &[Companion]) -> (Vec<IdRow>, HashMap<i64, i64>) {
    let mut total = 0;
    let (mut ids, mut first_of) = (Vec::new(), HashMap::new());
    for (id, size, hold_ms) in found {
        total += size.max(&1);
        if !ids.is_empty() && total > CLAIM_BYTES {
            break;
        }
        ids.push(IdRow { id: *id });
        let after = companions.iter().filter(|companion| *hold_ms > 0 && companion.first == *id);
        for companion in after {
            total += companion.size_bytes.max(1);
            if total > CLAIM_BYTES {
                break;
            }
            ids.push(IdRow { id: companion.id });
            first_of.insert(companion.id, *id);
        }
    }
    (ids, first_of)
}

#[cfg(test)]
mod tests {
    use super::{CLAIM_BYTES, Companion, within_bytes};

    #[test]
    fn a_claim_takes_what_fits_and_never_nothing() {
        for (sizes, wanted) in [
            (vec![1, 2, 3], 3),
            (vec![CLAIM_BYTES + 1, 1], 1),
            (vec![CLAIM_BYTES - 1, 1, 1], 2),
            (vec![0, CLAIM_BYTES, 1], 1),
        ] {
            let found: Vec<(i64, i64, i64)> = (1..).zip(sizes.clone()).map(|(id, size)| (id, size, 0)).collect();
            assert_eq!(within_bytes(&found, &[]).0.len(), wanted, "{sizes:?}");
        }
    }

    #[test]
    fn companions_go_with_their_row_as_far_as_they_fit() {
        let companion = |first, id, size_bytes| Companion { first, id, size_bytes };
        let companions = [companion(1, 5, 1), companion(1, 6, CLAIM_BYTES), companion(1, 7, 1), companion(2, 8, 1)];
        let (ids, first_of) = within_bytes(&[(1, 1, 500), (2, 1, 500)], &companions);
        assert_eq!(ids.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(first_of.into_iter().collect::<Vec<_>>(), [(5, 1)]);
    }
}
