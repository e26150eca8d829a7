//! The only place that writes tickets. A batch of changes is one transaction and one statement for each table: all or nothing.

use std::collections::HashSet;

use super::attempts::UNBLOCK;
use super::audit::INSERT_AUDIT;
use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::raw::IdRow;
use super::rows::{OutboundRow, Rows};
use super::rule_hits::INSERT_HITS;
use super::timers::{INSERT_FIRINGS, PUT_TIMERS};
use super::{SettleError, Store, StoreError, crash, edits, people, processes, send_counts};
use crate::domain::{AlertChange, Changes, InboxId, OutboxId, Timestamp};

const CLOSE: Sql = bulk!(
    "UPDATE inbox SET done_at = $2, fate = r.value->>'fate', reason = r.value->>'reason', article = r.value->>'article',
            ticket_id = CAST(r.value->>'ticket' AS BIGINT), catalog_version = r.value->>'catalog'
     FROM " ROWS " AS r
     WHERE inbox.id = CAST(r.value->>'id' AS BIGINT)
       AND inbox.lease_owner = $3 AND inbox.done_at IS NULL AND inbox.lease_until > $2"
);
const INSERT_TICKETS: Sql = bulk!(
    "INSERT INTO tickets (id, version, status, queue, priority, intent, requester, channel, source, assignee,
                          created_at, updated_at, next_due_at, merged_into, body)
     SELECT CAST(value->>'id' AS BIGINT), CAST(value->>'version' AS BIGINT), value->>'status', value->>'queue', value->>'priority',
            value->>'intent', value->>'requester', value->>'channel', value->>'source', value->>'assignee',
            CAST(value->>'created' AS BIGINT), CAST(value->>'updated' AS BIGINT), CAST(value->>'next_due' AS BIGINT),
            CAST(value->>'merged_into' AS BIGINT), value->>'body'
     FROM " ROWS " WHERE true
     ON CONFLICT (id) DO NOTHING"
);
const UPDATE_TICKETS: Sql = bulk!(
    "UPDATE tickets SET version = CAST(r.value->>'version' AS BIGINT), status = r.value->>'status', queue = r.value->>'queue',
            priority = r.value->>'priority', intent = r.value->>'intent', requester = r.value->>'requester',
            channel = r.value->>'channel', source = r.value->>'source', assignee = r.value->>'assignee',
            updated_at = CAST(r.value->>'updated' AS BIGINT), next_due_at = CAST(r.value->>'next_due' AS BIGINT),
            merged_into = CAST(r.value->>'merged_into' AS BIGINT), body = r.value->>'body'
     FROM " ROWS " AS r
     WHERE tickets.id = CAST(r.value->>'id' AS BIGINT) AND tickets.version = CAST(r.value->>'was' AS BIGINT)"
);
const INSERT_EVENTS: Sql = bulk!(
    "INSERT INTO ticket_events (ticket_id, at, kind, actor, detail)
     SELECT CAST(value->>'ticket' AS BIGINT), CAST(value->>'at' AS BIGINT), value->>'kind', value->>'actor', value->>'detail'
     FROM " ROWS
    ""
);
const INSERT_MESSAGES: Sql = bulk!(
    "INSERT INTO messages (inbox_id, ticket_id, fingerprint, message_id, sender, sender_name, subject, text, reply_text, language, arrived_at)
     SELECT CAST(value->>'id' AS BIGINT), CAST(value->>'ticket' AS BIGINT), value->>'fingerprint', value->>'message_id',
            value->>'sender', value->>'sender_name', value->>'subject', value->>'text', value->>'reply_text', value->>'language',
            CAST(value->>'arrived' AS BIGINT)
     FROM " ROWS " WHERE true
     ON CONFLICT DO NOTHING"
);
const INSERT_ATTACHMENTS: Sql = bulk!(
    "INSERT INTO attachments (inbox_id, n, name, media_type, size_bytes, inline, sha256, scan, warnings)
     SELECT CAST(value->>'id' AS BIGINT), CAST(value->>'n' AS BIGINT), value->>'name', value->>'media_type',
            CAST(value->>'size' AS BIGINT), CAST(value->>'inline' AS BIGINT), value->>'sha256', value->>'scan', value->>'warnings'
     FROM " ROWS
    ""
);
const INSERT_KEYS: Sql = bulk!(
    "INSERT INTO thread_keys (key, ticket_id) SELECT value->>'key', CAST(value->>'ticket' AS BIGINT)
     FROM " ROWS " WHERE true ON CONFLICT (key) DO NOTHING"
);
const INSERT_OUTBOX: Sql = bulk!(
    "INSERT INTO outbox (dedupe_key, ticket_id, channel, source, kind, recipient, automatic, message_id, body, created_at, next_at)
     SELECT value->>'key', CAST(value->>'ticket' AS BIGINT), value->>'channel', value->>'source', value->>'kind', value->>'recipient',
            CAST(value->>'automatic' AS BIGINT), value->>'message_id', value->>'body', $2, CAST(value->>'send_at' AS BIGINT)
     FROM " ROWS " WHERE true
     ON CONFLICT (dedupe_key) DO NOTHING"
);
const MARK_BOUNCED: Sql = bulk!(
    "UPDATE outbox SET bounced_at = $2
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") AND bounced_at IS NULL"
);
// A row that was buried and taken up again may have a decision already: the last one counts.
const INSERT_DECISIONS: Sql = bulk!(
    "INSERT INTO decisions (inbox_id, decision, catalog_version, decided, classification, seen, probability, decided_at)
     SELECT CAST(value->>'id' AS BIGINT), value->>'decision', value->>'catalog', value->>'decided', value->>'classification',
            value->>'seen', CAST(value->>'probability' AS BIGINT), $2
     FROM " ROWS " WHERE true
     ON CONFLICT (inbox_id) DO UPDATE SET decision = excluded.decision, catalog_version = excluded.catalog_version,
       decided = excluded.decided, classification = excluded.classification, seen = excluded.seen,
       probability = excluded.probability, decided_at = excluded.decided_at"
);
// After the decisions: a vote may judge one of the same batch.
const INSERT_FEEDBACK: Sql = bulk!(
    "INSERT INTO feedback (inbox_id, aspect, actor, source, outcome, given, wanted, decision, probability, at)
     SELECT CAST(r.value->>'about' AS BIGINT), r.value->>'aspect', r.value->>'actor', r.value->>'source', r.value->>'outcome',
            r.value->>'given', r.value->>'wanted', COALESCE(decisions.decision, ''), decisions.probability,
            CAST(r.value->>'at' AS BIGINT)
     FROM " ROWS " AS r LEFT JOIN decisions ON decisions.inbox_id = CAST(r.value->>'about' AS BIGINT) WHERE true
     ON CONFLICT (inbox_id, aspect, actor) DO UPDATE SET source = excluded.source, outcome = excluded.outcome,
       given = excluded.given, wanted = excluded.wanted, at = excluded.at
     WHERE excluded.at >= feedback.at"
);
const HELD: Sql = bulk!(
    "SELECT id FROM inbox WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
       AND lease_owner = $2 AND done_at IS NULL AND lease_until > $3"
);
const CLOSED_BY: Sql = bulk!(
    "SELECT id FROM inbox WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")
       AND lease_owner = $2 AND done_at = $3"
);
const VERSIONS: Sql = bulk!(
    "SELECT id, version FROM tickets WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const FINGERPRINTS: Sql = bulk!(
    "SELECT fingerprint FROM messages WHERE fingerprint IN (SELECT value->>'fingerprint' FROM " ROWS ")"
);
const DELIVERY_EVENT: Sql = sql!(
    "INSERT INTO ticket_events (ticket_id, at, kind, actor, detail)
     SELECT ticket_id, $2, 'delivery', 'rule', $3 FROM outbox WHERE id = $1 AND ticket_id IS NOT NULL"
);

impl Store {
    /// Closes inbox rows leased to `owner` and writes everything their messages caused, in one transaction.
    ///
    /// # Errors
    /// Nothing is written on any error. [`SettleError::LeaseLost`] and [`SettleError::Conflict`] name the rows at fault, so that the
    /// others can be settled without them. After [`StoreError::OutcomeUnknown`] settling again is safe: rows already closed are
    /// reported as lost.
    pub async fn settle(&self, owner: &str, batch: &[Changes], now: Timestamp) -> Result<(), SettleError> {
        let clashing = clashing_in_batch(batch);
        if !clashing.is_empty() {
            return Err(SettleError::Conflict { ids: clashing });
        }
        let rows = Rows::of(batch);
        match repeat!(self.settle_once(owner, batch, &rows, now)) {
            Err(SettleError::Store(StoreError::OutcomeUnknown(source))) => {
                // The row count of a batch tells: it was all or nothing.
                let ids = inbox_ids(batch);
                let closed = self.ids_of(CLOSED_BY, &ids, owner, now).await;
                if closed.is_ok_and(|closed| closed.len() == ids.len() && !ids.is_empty()) {
                    self.wake_after(&rows);
                    return Ok(());
                }
                Err(StoreError::OutcomeUnknown(source).into())
            }
            Err(other) => Err(other),
            Ok(()) => {
                self.wake_after(&rows);
                Ok(())
            }
        }
    }

    /// Writes what a timer changed; no inbox row is closed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a ticket has another version than the change was made from: nothing is written.
    pub async fn apply(&self, changes: &Changes, now: Timestamp) -> Result<(), StoreError> {
        self.apply_from(changes, now, "desk").await
    }

    /// [`Store::apply`] for what a person changed: `origin` says from where, for the audit log.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub async fn apply_from(&self, changes: &Changes, now: Timestamp, origin: &str) -> Result<(), StoreError> {
        let batch = std::slice::from_ref(changes);
        if changes.settled.is_some() {
            return Err(StoreError::Conflict {
                what: "an inbox row can only be closed by the owner of its lease".into(),
            });
        }
        let mut rows = Rows::of(batch);
        rows.audit.iter_mut().for_each(|row| origin.clone_into(&mut row.origin));
        match repeat!(self.settle_once("", batch, &rows, now)) {
            Ok(()) => {
                self.wake_after(&rows);
                Ok(())
            }
            Err(SettleError::Store(error)) => Err(error),
            Err(other @ (SettleError::LeaseLost { .. } | SettleError::Conflict { .. })) => {
                let tickets: Vec<String> = changes.tickets.iter().map(|ticket| ticket.id.to_string()).collect();
                Err(StoreError::Conflict { what: format!("{} ({other})", tickets.join(", ")) })
            }
        }
    }

    async fn settle_once(
        &self,
        owner: &str,
        batch: &[Changes],
        rows: &Rows<'_>,
        now: Timestamp,
    ) -> Result<(), SettleError> {
        crash::point("settle.begin");
        let mut tx = self.backend.write().await?;
        tx.order_shared().await?;
        crash::point("settle.begun");
        if !send_counts::outdated(&mut tx, batch, now).await?.is_empty() {
            tx.rollback().await?;
            return Err(self.why_refused(owner, batch, now).await?);
        }
        match write_all(&mut tx, owner, (batch, rows), now).await {
            Ok(true) => {
                crash::point("settle.commit");
                tx.commit().await?;
                crash::point("settle.committed");
                Ok(())
            }
            Ok(false) => {
                tx.rollback().await?;
                Err(self.why_refused(owner, batch, now).await?)
            }
            // A row the schema refuses: the worker finds out which by settling one at a time.
            Err(StoreError::Conflict { .. }) if batch.iter().any(|changes| changes.settled.is_some()) => {
                tx.rollback().await?;
                Err(SettleError::Conflict { ids: inbox_ids(batch) })
            }
            Err(other) => Err(other.into()),
        }
    }

    fn wake_after(&self, rows: &Rows<'_>) {
        if !rows.inbox.is_empty() {
            // Conversations may go on.
            self.inbox_wake.notify_waiters();
        }
        if !rows.outbox.is_empty() {
            self.outbox_wake.notify_waiters();
        }
    }

    /// Which rows stood in the way of a batch that was rolled back.
    async fn why_refused(&self, owner: &str, batch: &[Changes], now: Timestamp) -> Result<SettleError, StoreError> {
        let ids = inbox_ids(batch);
        let held: HashSet<i64> = self.ids_of(HELD, &ids, owner, now).await?.into_iter().collect();
        let lost: Vec<InboxId> = ids.iter().copied().filter(|id| !held.contains(&id.0)).collect();
        if !lost.is_empty() {
            return Ok(SettleError::LeaseLost { ids: lost });
        }
        let mut tx = self.backend.read().await?;
        let tickets: Vec<IdRow> =
            batch.iter().flat_map(|changes| &changes.tickets).map(|t| IdRow { id: t.id.0 }).collect();
        let versions: HashSet<(i64, i64)> = tx.fetch(VERSIONS, [json(&tickets)?]).await?.into_iter().collect();
        let there: HashSet<i64> = versions.iter().map(|(id, _)| *id).collect();
        let messages: Vec<_> = batch.iter().filter_map(|changes| changes.message.as_ref()).collect();
        let known: HashSet<String> =
            tx.fetch::<(String,)>(FINGERPRINTS, [json(&messages)?]).await?.into_iter().map(|(text,)| text).collect();
        let outdated = send_counts::outdated(&mut tx, batch, now).await?;
        tx.commit().await?;
        let clashes = |changes: &&Changes| {
            !changes.alerts.is_empty()
                || changes.send_count.as_ref().is_some_and(|count| outdated.contains(&count.address.as_str()))
                || changes.message.as_ref().is_some_and(|message| known.contains(&message.fingerprint))
                || changes.tickets.iter().any(|ticket| {
                    let (id, version) = (ticket.id.0, ticket.version);
                    if version == 0 { there.contains(&id) } else { !versions.contains(&(id, version)) }
                })
        };
        let clashing: Vec<Changes> = batch.iter().filter(clashes).cloned().collect();
        // Whatever stood in the way may be gone by now: then any of them may have been at fault.
        let ids = if clashing.is_empty() { ids } else { inbox_ids(&clashing) };
        Ok(SettleError::Conflict { ids })
    }

    async fn ids_of(&self, sql: Sql, ids: &[InboxId], owner: &str, now: Timestamp) -> Result<Vec<i64>, StoreError> {
        let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.0 }).collect();
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64,)> = tx.fetch(sql, [json(&rows)?, Arg::Text(owner), Arg::Int(now.0)]).await?;
        tx.commit().await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }
}

/// Notes on the ticket of an outgoing message what became of its delivery.
pub(super) async fn note_delivery(tx: &mut Tx, id: OutboxId, now: Timestamp, detail: &str) -> Result<(), StoreError> {
    tx.execute(DELIVERY_EVENT, [Arg::Int(id.0), Arg::Int(now.0), Arg::Text(detail)]).await?;
    Ok(())
}

/// Writes all rows and what was learnt about people; `false` as soon as something is refused.
async fn write_all(
    tx: &mut Tx,
    owner: &str,
    (batch, rows): (&[Changes], &Rows<'_>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !write(tx, owner, rows, now).await? {
        return Ok(false);
    }
    let learnt = people::write(tx, batch, now).await?;
    crash::point("settle.people");
    Ok(learnt)
}

/// Writes all rows; `false` as soon as one of them is refused.
async fn write(tx: &mut Tx, owner: &str, rows: &Rows<'_>, now: Timestamp) -> Result<bool, StoreError> {
    if !rows.inbox.is_empty() {
        let args = [json(&rows.inbox)?, Arg::Int(now.0), Arg::Text(owner)];
        if !is_all(tx.execute(CLOSE, args).await?, &rows.inbox) {
            return Ok(false);
        }
        tx.execute(UNBLOCK, [json(&rows.inbox)?]).await?;
        crash::point("settle.inbox");
    }
    // Every row counts here: one that is missing after the statement is one that clashed.
    if !(put(tx, INSERT_TICKETS, &rows.new_tickets, None).await?
        && put(tx, UPDATE_TICKETS, &rows.changed_tickets, None).await?)
    {
        return Ok(false);
    }
    crash::point("settle.tickets");
    put(tx, PUT_TIMERS, &rows.timers, None).await?;
    // What has fired already was written by somebody who was faster.
    if !put(tx, INSERT_FIRINGS, &rows.fired, None).await? {
        return Ok(false);
    }
    processes::put_all(tx, rows).await?;
    if !rows.alerts.put(tx).await? {
        return Ok(false);
    }
    put(tx, INSERT_EVENTS, &rows.events, None).await?;
    put(tx, INSERT_AUDIT, &rows.audit, None).await?;
    crash::point("settle.events");
    if !put(tx, INSERT_MESSAGES, &rows.messages, None).await? {
        return Ok(false);
    }
    put(tx, INSERT_ATTACHMENTS, &rows.attachments, None).await?;
    edits::put_all(tx, rows).await?;
    crash::point("settle.messages");
    // From here on a row that is there already stays as it is.
    put(tx, INSERT_KEYS, &rows.thread_keys, None).await?;
    crash::point("settle.thread_keys");
    put(tx, INSERT_OUTBOX, &rows.outbox, Some(now)).await?;
    put(tx, MARK_BOUNCED, &rows.bounced, Some(now)).await?;
    crash::point("settle.outbox");
    put(tx, INSERT_DECISIONS, &rows.decisions, Some(now)).await?;
    crash::point("settle.decisions");
    put(tx, INSERT_HITS, &rows.rule_hits, Some(now)).await?;
    put(tx, INSERT_FEEDBACK, &rows.feedback, None).await?;
    crash::point("settle.feedback");
    Ok(true)
}

/// Writes outgoing messages that belong to no change of a ticket; those that are there already stay as they are.
pub(super) async fn insert_outbox(tx: &mut Tx, rows: &[OutboundRow<'_>], now: Timestamp) -> Result<(), StoreError> {
    put(tx, INSERT_OUTBOX, rows, Some(now)).await.map(|_| ())
}

/// Whether `sql` changed as many rows as it was given.
pub(super) async fn put<T: serde::Serialize>(
    tx: &mut Tx,
    sql: Sql,
    rows: &[T],
    now: Option<Timestamp>,
) -> Result<bool, StoreError> {
    if rows.is_empty() {
        return Ok(true);
    }
    let args = std::iter::once(json(rows)?).chain(now.map(|now| Arg::Int(now.0)));
    Ok(is_all(tx.execute(sql, args).await?, rows))
}

fn is_all<T>(changed: u64, rows: &[T]) -> bool {
    changed == rows.len() as u64
}

fn inbox_ids(batch: &[Changes]) -> Vec<InboxId> {
    let mut ids: Vec<InboxId> = batch.iter().filter_map(|changes| Some(changes.settled.as_ref()?.inbox_id)).collect();
    ids.sort_unstable();
    ids
}

/// Rows that change what an earlier one of the batch changes too: decided without knowing of each other.
fn clashing_in_batch(batch: &[Changes]) -> Vec<InboxId> {
    let (mut tickets, mut fingerprints, mut rows) = (HashSet::new(), HashSet::new(), HashSet::new());
    let (mut standings, mut flows) = (HashSet::new(), HashSet::new());
    let mut clashing = Vec::new();
    for changes in batch {
        let mut fresh = true;
        for ticket in &changes.tickets {
            fresh = tickets.insert(ticket.id) && fresh;
        }
        if let Some(message) = &changes.message {
            fresh = fingerprints.insert(message.fingerprint.as_str()) && fresh;
        }
        for AlertChange { standing, flow } in &changes.alerts {
            fresh = standings.insert((standing.source.as_str(), standing.fingerprint.as_str())) && fresh;
            fresh = flow.as_ref().is_none_or(|flow| flows.insert(flow.source.as_str())) && fresh;
        }
        if let Some(settled) = &changes.settled {
            fresh = rows.insert(settled.inbox_id) && fresh;
            if !fresh {
                clashing.push(settled.inbox_id);
            }
        }
    }
    clashing.sort_unstable();
    clashing
}
