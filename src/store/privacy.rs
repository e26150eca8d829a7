//! Everything that is kept about one person: found, and erased. Texts and raw messages go by [`Store::forget`], tickets by
//! [`Store::apply`]; here is what is left of them elsewhere.

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::raw::IdRow;
use super::{Store, StoreError, problem_traces};
use crate::domain::feedback::voter;
use crate::domain::{InboxId, Outbound, OutboxId, Ticket, TicketId, Timestamp};

const OF_PERSON: Sql = sql!("SELECT address FROM identities WHERE requester_id = $1 ORDER BY address");
const TICKETS: Sql =
    bulk!("SELECT id FROM tickets WHERE requester IN (SELECT value->>'address' FROM " ROWS ") ORDER BY id");
const BESIDE: Sql =
    sql!("SELECT id FROM tickets WHERE requester <> $1 AND lower(body) LIKE $2 ESCAPE '\\' ORDER BY id");
const MESSAGES: Sql = bulk!(
    "SELECT inbox_id, ticket_id, arrived_at FROM messages WHERE lower(sender) IN (SELECT value->>'address' FROM " ROWS ") ORDER BY inbox_id"
);
const ON_TICKETS: Sql = bulk!(
    "SELECT inbox_id FROM messages WHERE ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") ORDER BY inbox_id"
);
const OUTBOX_OF_TICKETS: Sql =
    bulk!("SELECT id FROM outbox WHERE ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") ORDER BY id");
const OUTBOX_WITH: Sql =
    sql!("SELECT id FROM outbox WHERE recipient = $1 OR lower(body) LIKE $2 ESCAPE '\\' ORDER BY id");
// What was ignored, dropped as a copy or buried has a raw form and no message.
const UNREAD: Sql = sql!(
    "SELECT id FROM inbox WHERE id > $1 AND done_at IS NOT NULL
       AND (raw_sha256 IS NOT NULL OR EXISTS (SELECT 1 FROM inbox_raw WHERE inbox_raw.inbox_id = inbox.id))
       AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.inbox_id = inbox.id)
     ORDER BY id LIMIT $2"
);
const PENDING: Sql = sql!("SELECT COUNT(*) FROM inbox WHERE done_at IS NULL");

const BLANK_EVENTS: Sql = bulk!(
    "UPDATE ticket_events SET detail = CASE kind
            WHEN 'note' THEN CASE WHEN detail LIKE 'still firing%' THEN 'still firing' WHEN detail LIKE 'firing again%' THEN 'firing again'
              WHEN detail LIKE 'alert % of the storm%' THEN 'alert of the storm' WHEN detail LIKE 'interim report %' THEN 'interim report'
              ELSE '' END
            WHEN 'approval' THEN substr(detail, 1, CASE WHEN detail LIKE 'approved%' OR detail LIKE 'declined%' THEN 8 ELSE 0 END)
            WHEN 'linked' THEN CASE WHEN detail LIKE 'problem %' THEN 'problem' ELSE detail END
            WHEN 'message_out' THEN substr(detail, 1, CASE WHEN detail LIKE 'answer %' THEN 6
              WHEN detail LIKE 'suggestion %' THEN 10 WHEN detail LIKE 'question %' THEN 8 WHEN detail LIKE 'status %' THEN 6
              WHEN detail LIKE 'acknowledgement %' THEN 15 WHEN detail LIKE 'agent_reply %' THEN 11 ELSE 0 END) ELSE '' END
     WHERE kind IN ('opened', 'message_in', 'message_out', 'note', 'slots', 'delivery', 'escalated', 'approval', 'linked')
       AND ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const DROP_KEYS: Sql =
    bulk!("DELETE FROM thread_keys WHERE ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
// A condition that fires again opens a ticket of its own.
const DROP_STANDINGS: Sql =
    bulk!("DELETE FROM alert_standings WHERE ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const BLANK_FIRINGS: Sql = bulk!(
    "UPDATE escalation_firings SET because = '' WHERE ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
// Nothing tells which of the requesters' lines are theirs.
const BLANK_BESIDE: Sql = bulk!(
    "UPDATE ticket_events SET detail = ''
     WHERE kind IN ('note', 'message_in') AND actor IN ('requester', 'bystander')
       AND ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const DROP_COPIES: Sql =
    bulk!("DELETE FROM sent_copies WHERE outbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const BLANK_ATTEMPTS: Sql = bulk!(
    "UPDATE delivery_attempts SET error = '' WHERE outbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const DROP_ATTEMPTS: Sql = bulk!(
    "DELETE FROM delivery_attempts WHERE outbox_id IN (SELECT id FROM outbox WHERE state <> 'delivered'
       AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS "))"
);
// What is not out will not go out.
const DROP_UNSENT: Sql = bulk!(
    "DELETE FROM outbox WHERE state <> 'delivered' AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
pub(super) const BODIES: Sql =
    bulk!("SELECT id, body FROM outbox WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
pub(super) const PUT_BODIES: Sql = bulk!(
    "UPDATE outbox SET body = r.value->>'body', recipient = '', error = '' FROM " ROWS " AS r
     WHERE outbox.id = CAST(r.value->>'id' AS BIGINT)"
);
// The thread's name is a Message-ID of the person's own mail program.
const BLANK_THREADS: Sql = bulk!(
    "UPDATE inbox SET conversation = 'erased:' || CAST(id AS TEXT)
     WHERE done_at IS NOT NULL AND id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const MASK_VOTES: Sql = sql!("UPDATE feedback SET actor = $2 WHERE actor = $1");
const CODES: Sql = bulk!("DELETE FROM link_codes WHERE address IN (SELECT value->>'address' FROM " ROWS ")");
const TRIES: Sql = bulk!("DELETE FROM link_tries WHERE address IN (SELECT value->>'address' FROM " ROWS ")");
const PEOPLE: Sql = bulk!(
    "DELETE FROM requesters WHERE id IN (SELECT requester_id FROM identities WHERE address IN (SELECT value->>'address' FROM " ROWS "))"
);
const IDENTITIES: Sql = bulk!("DELETE FROM identities WHERE address IN (SELECT value->>'address' FROM " ROWS ")");

#[derive(Serialize)]
struct AddressRow<'a> {
    address: &'a str,
}

#[derive(Serialize)]
pub(super) struct BodyRow {
    id: i64,
    body: Outbound,
}

/// What is kept about one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Tickets they asked for.
    pub tickets: Vec<TicketId>,
    /// Tickets of others they take part in.
    pub beside: Vec<TicketId>,
    /// Messages they wrote, and all messages on their tickets.
    pub messages: Vec<InboxId>,
    /// Of these, messages on tickets of others, and on none.
    pub elsewhere: Vec<InboxId>,
    /// Where and when they wrote on tickets of others.
    pub wrote: Vec<(TicketId, Timestamp)>,
    /// What was or will be sent to them, or about their tickets.
    pub outbox: Vec<OutboxId>,
    /// Messages that are not decided yet, whoever wrote them: nobody has read them.
    pub pending: u64,
}

/// What is to be erased beside messages and tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// The person's addresses, lower case.
    pub addresses: Vec<String>,
    /// Their tickets.
    pub tickets: Vec<TicketId>,
    /// Tickets of others they wrote on.
    pub beside: Vec<TicketId>,
    /// Rows whose messages are erased.
    pub messages: Vec<InboxId>,
    /// Outgoing messages.
    pub outbox: Vec<OutboxId>,
    /// Stands for the person in their votes, and for problems that are theirs alone, from now on; to be random.
    pub mark: String,
}

impl Store {
    /// The addresses of the person with this number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn addresses_of(&self, requester: i64) -> Result<Vec<String>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(String,)> = tx.fetch(OF_PERSON, [Arg::Int(requester)]).await?;
        tx.commit().await?;
        Ok(found.into_iter().map(|(address,)| address).collect())
    }

    /// What is kept about the person with these addresses (lower case), from one state of the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn belongings(&self, addresses: &[String]) -> Result<Belongings, StoreError> {
        let rows = address_rows(addresses)?;
        let mut tx = self.backend.read().await?;
        let tickets = numbers(&mut tx, TICKETS, vec![rows.clone()]).await?;
        let own = json(&id_rows(tickets.iter().copied()))?;
        let written: Vec<(i64, Option<i64>, i64)> = tx.fetch(MESSAGES, [rows]).await?;
        let mut messages = numbers(&mut tx, ON_TICKETS, vec![own.clone()]).await?;
        messages.extend(written.iter().map(|(id, ..)| *id));
        let mut outbox = numbers(&mut tx, OUTBOX_OF_TICKETS, vec![own]).await?;
        let mut beside = Vec::new();
        for address in addresses {
            let within = format!("%\"{}\"%", escaped(address));
            let args = vec![Arg::Text(address), Arg::Text(&within)];
            beside.extend(numbers(&mut tx, BESIDE, args.clone()).await?);
            outbox.extend(numbers(&mut tx, OUTBOX_WITH, args).await?);
        }
        let pending = numbers(&mut tx, PENDING, Vec::new()).await?;
        tx.commit().await?;
        for list in [&mut messages, &mut outbox, &mut beside] {
            list.sort_unstable();
            list.dedup();
        }
        beside.retain(|id| !tickets.contains(id));
        let is_elsewhere = |ticket: &Option<i64>| ticket.is_none_or(|id| !tickets.contains(&id));
        let (mut elsewhere, mut wrote) = (Vec::new(), Vec::new());
        for (id, ticket, at) in written.iter().filter(|(_, ticket, _)| is_elsewhere(ticket)) {
            elsewhere.push(InboxId(*id));
            wrote.extend(ticket.map(|ticket| (TicketId(ticket), Timestamp(*at))));
        }
        Ok(Belongings {
            tickets: tickets.into_iter().map(TicketId).collect(),
            beside: beside.into_iter().map(TicketId).collect(),
            messages: messages.into_iter().map(InboxId).collect(),
            elsewhere,
            wrote,
            outbox: outbox.into_iter().map(OutboxId).collect(),
            pending: pending.first().map_or(0, |count| u64::try_from(*count).unwrap_or_default()),
        })
    }

    /// Rows above `after` whose raw form is kept although they became no message: copies, what was ignored or put aside.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows_without_message(&self, after: InboxId, limit: u32) -> Result<Vec<InboxId>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found = numbers(&mut tx, UNREAD, vec![Arg::Int(after.0), Arg::Int(i64::from(limit))]).await?;
        tx.commit().await?;
        Ok(found.into_iter().map(InboxId).collect())
    }

    /// Erases what is left of a person: their addresses, the words in histories, in what was sent and in lists, the names under which
    /// their mail finds tickets. What was not sent yet is not sent any more. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the database fails; nothing is erased then.
    pub async fn erase_traces(&self, traces: &Traces) -> Result<(), StoreError> {
        repeat!(self.erase_once(traces))
    }

    async fn erase_once(&self, traces: &Traces) -> Result<(), StoreError> {
        let addresses = address_rows(&traces.addresses)?;
        let tickets = json(&id_rows(traces.tickets.iter().map(|id| id.0)))?;
        let messages = json(&id_rows(traces.messages.iter().map(|id| id.0)))?;
        let beside = json(&id_rows(traces.beside.iter().map(|id| id.0)))?;
        let mut tx = self.backend.write().await?;
        let notices = problem_traces::forget(&mut tx, &tickets, &traces.mark).await?;
        let told = traces.outbox.iter().map(|id| id.0).chain(notices.iter().copied());
        let outbox = json(&id_rows(told))?;
        for sql in [BLANK_EVENTS, DROP_KEYS, DROP_STANDINGS, BLANK_FIRINGS] {
            tx.execute(sql, [tickets.clone()]).await?;
        }
        tx.execute(BLANK_BESIDE, [beside]).await?;
        for sql in [DROP_COPIES, DROP_ATTEMPTS, DROP_UNSENT, BLANK_ATTEMPTS] {
            tx.execute(sql, [outbox.clone()]).await?;
        }
        let bodies: Vec<(i64, String)> = tx.fetch(BODIES, [outbox]).await?;
        let blank = bodies.into_iter().map(blank).collect::<Result<Vec<_>, _>>()?;
        tx.execute(PUT_BODIES, [json(&blank)?]).await?;
        problem_traces::rename_notices(&mut tx, &notices).await?;
        tx.execute(BLANK_THREADS, [messages]).await?;
        for (n, address) in traces.addresses.iter().enumerate() {
            let mask = format!("erased:{}-{n}", traces.mark);
            tx.execute(MASK_VOTES, [Arg::Text(&voter(address)), Arg::Text(&mask)]).await?;
        }
        for sql in [CODES, TRIES, PEOPLE, IDENTITIES] {
            tx.execute(sql, [addresses.clone()]).await?;
        }
        tx.commit().await
    }

    /// Writes the database anew, so that nothing that was erased is left in free pages. On `PostgreSQL` the room is given back for
    /// reuse, and what the server archives is the operator's.
    ///
    /// # Errors
    /// When the database fails; it holds the same as before then.
    pub async fn shrink(&self) -> Result<(), StoreError> {
        self.backend.shrink().await
    }
}

/// An outgoing message of which only its kind, time and key are left.
pub(super) fn blank((id, body): (i64, String)) -> Result<BodyRow, StoreError> {
    let sent: Outbound = serde_json::from_str(&body)?;
    let body = Outbound {
        to: Vec::new(),
        cc: Vec::new(),
        subject: Ticket::ERASED.to_owned(),
        text: Ticket::ERASED.to_owned(),
        place: None,
        offers: Vec::new(),
        in_reply_to: None,
        references: Vec::new(),
        notice: None,
        ..sent
    };
    Ok(BodyRow { id, body })
}

pub(super) async fn numbers(tx: &mut Tx, sql: Sql, args: Vec<Arg<'_>>) -> Result<Vec<i64>, StoreError> {
    Ok(tx.fetch::<(i64,)>(sql, args).await?.into_iter().map(|(id,)| id).collect())
}

pub(super) fn id_rows(ids: impl Iterator<Item = i64>) -> Vec<IdRow> {
    ids.map(|id| IdRow { id }).collect()
}

fn address_rows(addresses: &[String]) -> Result<Arg<'static>, StoreError> {
    let rows: Vec<AddressRow<'_>> = addresses.iter().map(|address| AddressRow { address }).collect();
    json(&rows)
}

/// `text` as a part of a LIKE pattern that means only itself.
fn escaped(text: &str) -> String {
    text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
