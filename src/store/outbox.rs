//! Handing outgoing messages to senders, and what became of them. Sending may repeat after a crash; the message is the same each time.

use std::collections::HashSet;

use serde::Serialize;

use super::backend::{Arg, Sql, bulk, json, repeat, sql};
use super::posts::Lead;
use super::raw::IdRow;
use super::{Store, StoreError, Which, changes, crash, posts, sent_copies};
use crate::domain::{Channel, Outbound, OutboxId, Timestamp};

const DUE: Sql = sql!(
    sqlite: "SELECT id FROM outbox INDEXED BY outbox_due
     WHERE channel = $1 AND source = $2 AND done_at IS NULL AND next_at <= $3 ORDER BY next_at, id LIMIT +$4",
    postgres: "SELECT id FROM outbox
     WHERE channel = $1 AND source = $2 AND done_at IS NULL AND next_at <= $3 ORDER BY next_at, id LIMIT $4
     FOR UPDATE SKIP LOCKED"
);
// A leased row is not due before its lease ends.
const LEASE: Sql = bulk!(
    "UPDATE outbox SET attempts = attempts + 1, lease_owner = $2, next_at = $3
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
     RETURNING id, body, attempts"
);
const BEGIN_ATTEMPTS: Sql = bulk!(
    "INSERT INTO delivery_attempts (outbox_id, attempt, owner, started_at)
     SELECT id, attempts, $2, $3 FROM outbox WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
     ON CONFLICT DO NOTHING"
);
// The owner counts, not the time: a message that was sent late must not be sent again while nobody else has taken it.
const FINISH: Sql = bulk!(
    "UPDATE outbox SET state = r.value->>'state', done_at = CAST(r.value->>'done' AS BIGINT), error = r.value->>'error',
            next_at = COALESCE(CAST(r.value->>'next' AS BIGINT), next_at),
            reference = COALESCE(r.value->>'reference', reference), lease_owner = NULL,
            attempts = attempts - CAST(r.value->>'untried' AS BIGINT)
     FROM " ROWS " AS r
     WHERE outbox.id = CAST(r.value->>'id' AS BIGINT) AND outbox.lease_owner = $2 AND outbox.done_at IS NULL
     RETURNING outbox.id"
);
const END_ATTEMPTS: Sql = bulk!(
    "UPDATE delivery_attempts SET ended_at = $3, outcome = r.value->>'outcome', error = r.value->>'error'
     FROM " ROWS " AS r
     WHERE delivery_attempts.outbox_id = CAST(r.value->>'id' AS BIGINT) AND delivery_attempts.owner = $2
       AND delivery_attempts.ended_at IS NULL"
);
// Nothing was tried: the number is taken by the attempt that will be made.
const FORGET_ATTEMPTS: Sql = bulk!(
    "DELETE FROM delivery_attempts
     WHERE owner = $2 AND ended_at IS NULL AND outbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const RENEW: Sql = bulk!(
    "UPDATE outbox SET next_at = $3
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") AND lease_owner = $2 AND done_at IS NULL
     RETURNING id"
);
const RETRY_ALL: Sql = sql!(
    "UPDATE outbox SET state = 'waiting', done_at = NULL, error = '', attempts = 0, lease_owner = NULL, next_at = $1
     WHERE state = 'failed'"
);
const RETRY_SOME: Sql = bulk!(
    "UPDATE outbox SET state = 'waiting', done_at = NULL, error = '', attempts = 0, lease_owner = NULL, next_at = $2
     WHERE state = 'failed' AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);

/// A connection that can send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sending {
    /// Which kind.
    pub channel: Channel,
    /// The mailbox or workspace.
    pub source: String,
}

/// An outgoing message leased to a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its row.
    pub id: OutboxId,
    /// What to send.
    pub outbound: Outbound,
    /// Counted from 1.
    pub attempt: i64,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The other side took it.
    Delivered,
    /// A chat service took it.
    Posted {
        /// The post's id there.
        reference: String,
        /// The thread that was opened for it, where that has an id of its own.
        thread: Option<String>,
    },
    /// To be tried again.
    Postponed {
        /// Not before this.
        until: Timestamp,
        /// What happened.
        error: String,
    },
    /// It was not tried, and is to be taken up again.
    Deferred {
        /// Not before this.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// It will never be taken; people are told on its ticket.
    Failed {
        /// What the other side said.
        error: String,
    },
}

/// Whether delivered mail is to be copied into the folder for sent mail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copies {
    None,
    Wanted,
}

#[derive(Serialize)]
struct Finished<'a> {
    id: i64,
    state: &'static str,
    outcome: &'static str,
    done: Option<i64>,
    next: Option<i64>,
    error: &'a str,
    untried: u8,
    reference: Option<&'a str>,
}

impl Store {
    /// Leases messages due by `now` to `owner` until `lease_until`, at most `limit`, of the connections `senders` only; those of
    /// other connections wait. Earlier connections in the list come first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_outbox(
        &self,
        owner: &str,
        [now, lease_until]: [Timestamp; 2],
        limit: u32,
        senders: &[Sending],
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let leased = repeat!(self.lease_outbox(owner, [now, lease_until], limit, senders))?;
        let mut items = Vec::with_capacity(leased.len());
        for (id, body, attempt) in leased {
            items.push(OutboxItem { id: OutboxId(id), outbound: serde_json::from_str(&body)?, attempt });
        }
        items.sort_by_key(|item| item.id);
        Ok(items)
    }

    async fn lease_outbox(
        &self,
        owner: &str,
        [now, until]: [Timestamp; 2],
        limit: u32,
        senders: &[Sending],
    ) -> Result<Vec<(i64, String, i64)>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut tx = self.backend.write().await?;
        let mut ids: Vec<IdRow> = Vec::new();
        for sender in senders {
            let left = i64::try_from(limit.saturating_sub(ids.len())).unwrap_or(i64::MAX);
            if left == 0 {
                break;
            }
            let args = [Arg::Text(sender.channel.as_str()), Arg::Text(&sender.source), Arg::Int(now.0), Arg::Int(left)];
            ids.extend(tx.fetch::<(i64,)>(DUE, args).await?.into_iter().map(|(id,)| IdRow { id }));
        }
        if ids.is_empty() {
            tx.rollback().await?;
            return Ok(Vec::new());
        }
        let rows = json(&ids)?;
        let leased = tx.fetch(LEASE, [rows.clone(), Arg::Text(owner), Arg::Int(until.0)]).await?;
        tx.execute(BEGIN_ATTEMPTS, [rows, Arg::Text(owner), Arg::Int(now.0)]).await?;
        crash::point("outbox_claim.commit");
        tx.commit().await?;
        crash::point("outbox_claim.committed");
        Ok(leased)
    }

    /// Extends the leases of messages `owner` still holds. Returns those; the others must not be sent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_outbox(
        &self,
        owner: &str,
        ids: &[OutboxId],
        until: Timestamp,
    ) -> Result<Vec<OutboxId>, StoreError> {
        let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.0 }).collect();
        let held: Vec<(i64,)> = repeat!(self.renew_once(owner, &rows, until))?;
        Ok(held.into_iter().map(|(id,)| OutboxId(id)).collect())
    }

    async fn renew_once(&self, owner: &str, rows: &[IdRow], until: Timestamp) -> Result<Vec<(i64,)>, StoreError> {
        let mut tx = self.backend.write().await?;
        let held = tx.fetch(RENEW, [json(rows)?, Arg::Text(owner), Arg::Int(until.0)]).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Notes what became of messages leased to `owner`. Returns those that are no longer the owner's: nothing was noted for them.
    ///
    /// # Errors
    /// When the database fails: nothing was noted.
    pub async fn finish_outbox(
        &self,
        owner: &str,
        results: &[(OutboxId, Delivery)],
        now: Timestamp,
    ) -> Result<Vec<OutboxId>, StoreError> {
        if results.is_empty() {
            return Ok(Vec::new());
        }
        let held: HashSet<i64> = repeat!(self.finish_once(owner, results, now, Copies::None))?.into_iter().collect();
        Ok(results.iter().map(|(id, _)| *id).filter(|id| !held.contains(&id.0)).collect())
    }

    async fn finish_once(
        &self,
        owner: &str,
        results: &[(OutboxId, Delivery)],
        now: Timestamp,
        copies: Copies,
    ) -> Result<Vec<i64>, StoreError> {
        let rows: Vec<Finished<'_>> = results.iter().map(|(id, delivery)| finished(*id, delivery, now)).collect();
        let mut tx = self.backend.write().await?;
        let held: Vec<(i64,)> = tx.fetch(FINISH, [json(&rows)?, Arg::Text(owner)]).await?;
        let held: Vec<i64> = held.into_iter().map(|(id,)| id).collect();
        let rows: Vec<Finished<'_>> = rows.into_iter().filter(|row| held.contains(&row.id)).collect();
        let (rows, untried): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.untried == 0);
        if !untried.is_empty() {
            tx.execute(FORGET_ATTEMPTS, [json(&untried)?, Arg::Text(owner)]).await?;
        }
        tx.execute(END_ATTEMPTS, [json(&rows)?, Arg::Text(owner), Arg::Int(now.0)]).await?;
        let noted = results.iter().filter(|(id, _)| held.contains(&id.0));
        posts::lead(&mut tx, &noted.flat_map(|(id, delivery)| leads(*id, delivery)).collect::<Vec<_>>()).await?;
        for row in rows.iter().filter(|row| row.state == "failed") {
            changes::note_delivery(&mut tx, OutboxId(row.id), now, row.error).await?;
        }
        if copies == Copies::Wanted {
            let delivered: Vec<i64> = rows.iter().filter(|row| row.state == "delivered").map(|row| row.id).collect();
            sent_copies::add(&mut tx, &delivered, now).await?;
        }
        crash::point("outbox_finish.commit");
        tx.commit().await?;
        crash::point("outbox_finish.committed");
        Ok(held)
    }

    /// The message was taken by the other side.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when it is no longer the owner's.
    pub async fn delivered(&self, owner: &str, id: OutboxId, now: Timestamp) -> Result<(), StoreError> {
        self.finish_one(owner, id, Delivery::Delivered, now).await
    }

    /// [`Store::delivered`], and in the same transaction notes that a copy of the mail belongs into the folder for sent mail.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when it is no longer the owner's.
    pub async fn delivered_to_be_copied(&self, owner: &str, id: OutboxId, now: Timestamp) -> Result<(), StoreError> {
        let results = [(id, Delivery::Delivered)];
        if repeat!(self.finish_once(owner, &results, now, Copies::Wanted))?.is_empty() {
            return Err(StoreError::LeaseLost { what: format!("outbox row {id}") });
        }
        Ok(())
    }

    /// The message is to be tried again, not before `until`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when it is no longer the owner's.
    pub async fn postponed(
        &self,
        owner: &str,
        id: OutboxId,
        (until, error): (Timestamp, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.finish_one(owner, id, Delivery::Postponed { until, error: error.to_owned() }, now).await
    }

    /// The message was not tried, and is to be taken up again at `until`: the attempt does not count.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when it is no longer the owner's.
    pub async fn deferred(
        &self,
        owner: &str,
        id: OutboxId,
        (until, reason): (Timestamp, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.finish_one(owner, id, Delivery::Deferred { until, reason: reason.to_owned() }, now).await
    }

    /// The message will never be taken; its ticket gets an event that says so.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when it is no longer the owner's.
    pub async fn failed(&self, owner: &str, id: OutboxId, error: &str, now: Timestamp) -> Result<(), StoreError> {
        self.finish_one(owner, id, Delivery::Failed { error: error.to_owned() }, now).await
    }

    pub(super) async fn finish_one(
        &self,
        owner: &str,
        id: OutboxId,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.finish_outbox(owner, &[(id, delivery)], now).await?.is_empty() {
            Ok(())
        } else {
            Err(StoreError::LeaseLost { what: format!("outbox row {id}") })
        }
    }

    /// Tries failed messages again, as if for the first time. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retry_outbox(&self, which: &Which<OutboxId>, now: Timestamp) -> Result<u64, StoreError> {
        let (sql, args) = match which {
            Which::All => (RETRY_ALL, vec![Arg::Int(now.0)]),
            Which::Ids(ids) => {
                let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.0 }).collect();
                (RETRY_SOME, vec![json(&rows)?, Arg::Int(now.0)])
            }
        };
        let retried = repeat!(self.write_one(sql, args.clone()))?;
        self.outbox_wake.notify_waiters();
        Ok(retried)
    }
}

/// The ids that lead to the ticket of a posted message.
fn leads(id: OutboxId, delivery: &Delivery) -> impl Iterator<Item = Lead<'_>> {
    let keys = match delivery {
        Delivery::Posted { reference, thread } => [Some(reference), thread.as_ref()],
        Delivery::Delivered | Delivery::Postponed { .. } | Delivery::Deferred { .. } | Delivery::Failed { .. } => {
            [None, None]
        }
    };
    keys.into_iter().flatten().map(move |key| Lead { id: id.0, key })
}

fn finished(id: OutboxId, delivery: &Delivery, now: Timestamp) -> Finished<'_> {
    let row = |state, outcome| Finished {
        id: id.0,
        state,
        outcome,
        done: None,
        next: None,
        error: "",
        untried: 0,
        reference: None,
    };
    match delivery {
        Delivery::Delivered => Finished { done: Some(now.0), ..row("delivered", "delivered") },
        Delivery::Posted { reference, .. } => {
            Finished { done: Some(now.0), reference: Some(reference), ..row("delivered", "delivered") }
        }
        Delivery::Postponed { until, error } => Finished { next: Some(until.0), error, ..row("waiting", "postponed") },
        Delivery::Deferred { until, reason } => {
            Finished { next: Some(until.0), error: reason, untried: 1, ..row("waiting", "deferred") }
        }
        Delivery::Failed { error } => Finished { done: Some(now.0), error, ..row("failed", "failed") },
    }
}
