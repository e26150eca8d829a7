//! Erasing what messages said. Their ledger rows stay, and their fingerprints as tombstones: a copy that turns up again, after a
//! rescan or from a backup of the mailbox, is dropped and not stored anew.

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::raw::IdRow;
use super::{Store, StoreError, models};
use crate::domain::{InboxId, Outbound, Timestamp};

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
const EXAMPLES: Sql =
    bulk!("DELETE FROM examples WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
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
const SENDERS: Sql = bulk!(
    "SELECT DISTINCT sender FROM messages
     WHERE sender <> '' AND inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
// Asked after the messages are gone: all addresses of people nothing is left of on any of them.
const LEFT: Sql = bulk!(
    "SELECT DISTINCT theirs.address FROM " ROWS " AS r
     JOIN identities ON identities.address = r.value->>'address'
     JOIN identities AS theirs ON theirs.requester_id = identities.requester_id
     WHERE NOT EXISTS (SELECT 1 FROM identities AS known JOIN messages ON LOWER(messages.sender) = known.address
                       WHERE known.requester_id = identities.requester_id)"
);
const CODES: Sql = bulk!("DELETE FROM link_codes WHERE address IN (SELECT value->>'address' FROM " ROWS ")");
const TRIES: Sql = bulk!("DELETE FROM link_tries WHERE address IN (SELECT value->>'address' FROM " ROWS ")");
const IDENTITIES: Sql = bulk!("DELETE FROM identities WHERE address IN (SELECT value->>'address' FROM " ROWS ")");
const PEOPLE: Sql = sql!(
    "DELETE FROM requesters WHERE NOT EXISTS (SELECT 1 FROM identities WHERE identities.requester_id = requesters.id)"
);
const CARDED: Sql = bulk!(
    "SELECT id, version, body FROM tickets WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const PUT_BODY: Sql = sql!("UPDATE tickets SET body = $2, version = version + 1 WHERE id = $1 AND version = $3");
const CARDS: Sql = bulk!(
    "SELECT id, body FROM outbox
     WHERE kind = 'notice' AND ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const PUT_CARD: Sql = sql!("UPDATE outbox SET body = $2 WHERE id = $1");

const OUTLIVED: Sql = sql!(
    "SELECT messages.inbox_id FROM messages JOIN inbox ON inbox.id = messages.inbox_id
          LEFT JOIN tickets ON tickets.id = messages.ticket_id
     WHERE messages.arrived_at < $1 AND inbox.done_at IS NOT NULL
       AND (tickets.id IS NULL OR (tickets.status IN ('answered', 'resolved', 'closed') AND tickets.updated_at < $1))
     ORDER BY messages.inbox_id LIMIT $2"
);

#[derive(serde::Serialize)]
struct Name {
    address: String,
}

impl Store {
    /// Erases raw message, text, files, decision and example of these rows, what cards in agents' rooms quote of them, and the people
    /// nothing else is left of: their addresses, languages and linking codes. What people said of the decision stays: it names nobody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(&self, ids: &[InboxId], now: Timestamp) -> Result<(), StoreError> {
        repeat!(self.forget_once(ids, None, now))?;
        self.backend.flush_wiped().await
    }

    /// Up to `limit` messages that arrived before `before` and belong to no ticket, or to one that ended before it; by row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outlived(&self, before: Timestamp, limit: u32) -> Result<Vec<InboxId>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(i64,)> = tx.fetch(OUTLIVED, [Arg::Int(before.0), Arg::Int(i64::from(limit))]).await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|(id,)| InboxId(id)).collect())
    }

    /// As [`Store::forget`], but the examples among them stay with what the model keeps of their texts, which is in `kept`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outlive(
        &self,
        ids: &[InboxId],
        kept: &[(InboxId, Vec<u8>)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        repeat!(self.forget_once(ids, Some(kept), now))?;
        self.backend.flush_wiped().await
    }

    async fn forget_once(
        &self,
        ids: &[InboxId],
        kept: Option<&[(InboxId, Vec<u8>)]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rows: Vec<IdRow> = ids.iter().map(|id| IdRow { id: id.0 }).collect();
        let rows = json(&rows)?;
        let mut tx = self.backend.write().await?;
        // Nobody may store a large message again between the look at its uses and the end of this transaction.
        tx.order_alone().await?;
        tx.wipe(true).await?;
        tx.execute(BURY_FINGERPRINTS, [rows.clone(), Arg::Int(now.0)]).await?;
        let named: Vec<(String,)> = tx.fetch(NAMED, [rows.clone()]).await?;
        let senders: Vec<(String,)> = tx.fetch(SENDERS, [rows.clone()]).await?;
        for sql in [FILES, MESSAGES, DECISIONS, RAW] {
            tx.execute(sql, [rows.clone()]).await?;
        }
        forget_cards(&mut tx, rows.clone()).await?;
        if let Some(kept) = kept {
            models::expire(&mut tx, kept).await?;
        } else {
            tx.execute(EXAMPLES, [rows.clone()]).await?;
            forget_people(&mut tx, senders).await?;
        }
        let large: Vec<(String,)> = tx.fetch(LARGE, [rows.clone()]).await?;
        tx.execute(DETACH, [rows]).await?;
        for (sha256,) in large {
            self.remove_unused(&mut tx, &sha256).await?;
        }
        for (sha256,) in named {
            self.remove_file(&mut tx, &sha256).await?;
        }
        tx.wipe(false).await?;
        tx.commit().await
    }
}

/// Addresses without any message belong to nobody.
async fn forget_people(tx: &mut Tx, senders: Vec<(String,)>) -> Result<(), StoreError> {
    let names: Vec<Name> = senders.into_iter().map(|(address,)| Name { address: address.to_lowercase() }).collect();
    if names.is_empty() {
        return Ok(());
    }
    let left: Vec<(String,)> = tx.fetch(LEFT, [json(&names)?]).await?;
    let left: Vec<Name> = left.into_iter().map(|(address,)| Name { address }).collect();
    if left.is_empty() {
        return Ok(());
    }
    let left = json(&left)?;
    for sql in [CODES, TRIES, IDENTITIES] {
        tx.execute(sql, [left.clone()]).await?;
    }
    tx.execute(PEOPLE, []).await?;
    Ok(())
}

/// What the card of a ticket quotes is the message that opened it, whose number is the ticket's.
async fn forget_cards(tx: &mut Tx, rows: Arg<'static>) -> Result<(), StoreError> {
    for (id, version, body) in tx.fetch::<(i64, i64, String)>(CARDED, [rows.clone()]).await? {
        let mut ticket = super::rows::ticket(version, &body)?;
        if let Some(card) = ticket.card.as_mut().filter(|card| !card.excerpt.is_empty()) {
            card.excerpt = String::new();
            let body = serde_json::to_string(&ticket)?;
            tx.execute(PUT_BODY, [Arg::Int(id), Arg::Text(&body), Arg::Int(version)]).await?;
        }
    }
    for (id, body) in tx.fetch::<(i64, String)>(CARDS, [rows]).await? {
        let mut card: Outbound = serde_json::from_str(&body)?;
        // Who reads the outbox still sees that there was a card, and of which ticket.
        card.text = card.ticket.map(|ticket| ticket.to_string()).unwrap_or_default();
        card.subject.clone_from(&card.text);
        let body = serde_json::to_string(&card)?;
        tx.execute(PUT_CARD, [Arg::Int(id), Arg::Text(&body)]).await?;
    }
    Ok(())
}
