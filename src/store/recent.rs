//! What the rules want to know beside the ticket a message belongs to: the sender's other tickets, an earlier message, tickets
//! that an act names.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, sql};
use super::raw::IdRow;
use super::tickets::MessageRow;
use super::{Store, StoreError, rows};
use crate::domain::{Known, Original, Person, Probe, Status, StoredMessage, Ticket, TicketId, Timestamp};

const DAY_MS: i64 = 24 * 3_600_000;
/// Tickets that ended longer ago are no longer in anybody's mind.
const RECENT_MS: i64 = 3 * DAY_MS;
/// At most this many are shown.
const MOST: usize = 5;

// Of the newest tickets of each address those that are open or changed a short while ago; who has more open ones than that sees the
// newest.
const OF_ADDRESSES: Sql = sql!(
    sqlite: "SELECT t.requester, t.version, t.body FROM json_each($1) AS r JOIN tickets AS t
       ON t.id IN (SELECT newest.id
                   FROM (SELECT id, status, updated_at FROM tickets
                         WHERE requester = r.value->>'address' AND merged_into IS NULL ORDER BY id DESC LIMIT +$2) AS newest
                   WHERE newest.status IN ('new', 'open', 'waiting') OR newest.updated_at > $3
                   ORDER BY newest.id DESC LIMIT +$4)",
    postgres: "SELECT t.requester, t.version, t.body FROM jsonb_array_elements(CAST($1 AS jsonb)) AS r
     JOIN LATERAL (SELECT newest.requester, newest.version, newest.body
                   FROM (SELECT id, requester, version, body, status, updated_at FROM tickets
                         WHERE requester = r.value->>'address' AND merged_into IS NULL ORDER BY id DESC LIMIT $2) AS newest
                   WHERE newest.status IN ('new', 'open', 'waiting') OR newest.updated_at > $3
                   ORDER BY newest.id DESC LIMIT $4) AS t ON true"
);
const ORIGINALS: Sql = bulk!(
    "SELECT messages.inbox_id, messages.ticket_id, messages.fingerprint, messages.message_id, messages.sender, messages.sender_name,
            messages.subject, messages.text, messages.reply_text, messages.language, messages.arrived_at
     FROM messages WHERE message_id IN (SELECT value->>'address' FROM " ROWS ") ORDER BY messages.inbox_id"
);
const MESSAGES_OF: Sql = bulk!(
    "SELECT CAST(r.value->>'id' AS BIGINT), COUNT(*) FROM " ROWS " AS r
     JOIN messages ON messages.ticket_id = CAST(r.value->>'id' AS BIGINT) GROUP BY r.value->>'id'"
);
const LAST_OF: Sql = bulk!(
    "SELECT messages.inbox_id, messages.ticket_id, messages.fingerprint, messages.message_id, messages.sender, messages.sender_name,
            messages.subject, messages.text, messages.reply_text, messages.language, messages.arrived_at
     FROM messages WHERE inbox_id IN (
       SELECT MAX(inbox_id) FROM messages WHERE ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") GROUP BY ticket_id)"
);
const TICKETS: Sql = bulk!(
    "SELECT id, version, body FROM tickets WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);

#[derive(Serialize)]
struct Name<'a> {
    address: &'a str,
}

/// Adds to what is `known` the sender's recent tickets, the earlier message, and the tickets the act names.
pub(super) async fn add(tx: &mut Tx, probes: &[Probe], known: &mut [Known], now: Timestamp) -> Result<(), StoreError> {
    let theirs: Vec<Vec<&str>> =
        probes.iter().zip(&*known).map(|(probe, known)| addresses(probe, known.person.as_ref())).collect();
    let all: BTreeSet<&str> = theirs.iter().flatten().copied().collect();
    let by_address = of_addresses(tx, all, now).await?;
    let recent: Vec<Vec<Ticket>> = theirs.iter().map(|theirs| newest(theirs, &by_address, now)).collect();
    for (known, recent) in known.iter_mut().zip(recent) {
        known.recent = recent;
    }
    originals(tx, probes, known).await?;
    named(tx, probes, known).await?;
    last(tx, probes, known).await
}

fn addresses<'a>(probe: &'a Probe, person: Option<&'a Person>) -> Vec<&'a str> {
    let own = std::iter::once(&probe.sender).chain(&probe.verified_mail);
    let all: BTreeSet<&str> =
        person.into_iter().flat_map(|person| &person.addresses).chain(own).map(String::as_str).collect();
    all.into_iter().filter(|address| !address.is_empty()).collect()
}

async fn of_addresses(
    tx: &mut Tx,
    addresses: BTreeSet<&str>,
    now: Timestamp,
) -> Result<HashMap<String, Vec<Ticket>>, StoreError> {
    let mut found: HashMap<String, Vec<Ticket>> = HashMap::new();
    if addresses.is_empty() {
        return Ok(found);
    }
    let rows: Vec<Name<'_>> = addresses.into_iter().map(|address| Name { address }).collect();
    let [looked_at, most] = [MOST * 2, MOST].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let args = [json(&rows)?, Arg::Int(looked_at), Arg::Int(ended_since(now).0), Arg::Int(most)];
    for (requester, version, body) in tx.fetch::<(String, i64, String)>(OF_ADDRESSES, args).await? {
        found.entry(requester).or_default().push(rows::ticket(version, &body)?);
    }
    Ok(found)
}

const fn ended_since(now: Timestamp) -> Timestamp {
    now.plus_ms(-RECENT_MS)
}

/// The tickets of `addresses` that are open or ended a short while ago, newest first.
fn newest(addresses: &[&str], by_address: &HashMap<String, Vec<Ticket>>, now: Timestamp) -> Vec<Ticket> {
    let is_recent = |ticket: &&Ticket| match ticket.status {
        Status::New | Status::Open | Status::Waiting => true,
        Status::Answered | Status::Resolved | Status::Closed => ticket.updated_at > ended_since(now),
    };
    let mut recent: Vec<Ticket> =
        addresses.iter().filter_map(|address| by_address.get(*address)).flatten().filter(is_recent).cloned().collect();
    recent.sort_by_key(|ticket| std::cmp::Reverse(ticket.id));
    recent.truncate(MOST);
    recent
}

async fn originals(tx: &mut Tx, probes: &[Probe], known: &mut [Known]) -> Result<(), StoreError> {
    let wanted: BTreeSet<&str> = probes.iter().filter_map(|probe| probe.original.as_deref()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let names: Vec<Name<'_>> = wanted.into_iter().map(|address| Name { address }).collect();
    let found: Vec<MessageRow> = tx.fetch(ORIGINALS, [json(&names)?]).await?;
    let found: Vec<StoredMessage> = found.into_iter().map(MessageRow::read).collect::<Result<_, _>>()?;
    let tickets: BTreeSet<i64> = found.iter().filter_map(|message| Some(message.ticket?.0)).collect();
    let tickets: Vec<IdRow> = tickets.into_iter().map(|id| IdRow { id }).collect();
    let counts: HashMap<i64, i64> = tx.fetch(MESSAGES_OF, [json(&tickets)?]).await?.into_iter().collect();
    for (probe, known) in probes.iter().zip(known) {
        // Decided in the place of another it has a row of its own under the same name: the one on a ticket counts.
        let same_name =
            || found.iter().filter(|message| message.message_id.is_some() && message.message_id == probe.original);
        let message = same_name().find(|message| message.ticket.is_some()).or_else(|| same_name().next());
        known.original = message.map(|message| {
            let count = message.ticket.and_then(|ticket| counts.get(&ticket.0)).copied().unwrap_or_default();
            Original { message: message.clone(), others: u32::try_from(count - 1).unwrap_or_default() }
        });
    }
    Ok(())
}

async fn named(tx: &mut Tx, probes: &[Probe], known: &mut [Known]) -> Result<(), StoreError> {
    let wanted: BTreeSet<TicketId> = probes.iter().flat_map(|probe| [probe.named, probe.other]).flatten().collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let ids: Vec<IdRow> = wanted.into_iter().map(|id| IdRow { id: id.0 }).collect();
    let mut tickets = HashMap::new();
    for (id, version, body) in tx.fetch::<(i64, i64, String)>(TICKETS, [json(&ids)?]).await? {
        tickets.insert(TicketId(id), rows::ticket(version, &body)?);
    }
    for (probe, known) in probes.iter().zip(known) {
        known.named = probe.named.and_then(|id| tickets.get(&id)).cloned();
        known.other = probe.other.and_then(|id| tickets.get(&id)).cloned();
    }
    Ok(())
}

async fn last(tx: &mut Tx, probes: &[Probe], known: &mut [Known]) -> Result<(), StoreError> {
    let answered = |probe: &Probe, known: &Known| {
        let ticket = known.named.as_ref().or(known.ticket.as_ref());
        ticket.filter(|_| probe.wants_last).map(|ticket| ticket.id)
    };
    let wanted: BTreeSet<TicketId> =
        probes.iter().zip(&*known).filter_map(|(probe, known)| answered(probe, known)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let ids: Vec<IdRow> = wanted.into_iter().map(|id| IdRow { id: id.0 }).collect();
    let found: Vec<MessageRow> = tx.fetch(LAST_OF, [json(&ids)?]).await?;
    let found: Vec<StoredMessage> = found.into_iter().map(MessageRow::read).collect::<Result<_, _>>()?;
    for (probe, known) in probes.iter().zip(known) {
        let ticket = answered(probe, known);
        known.last = found.iter().find(|message| ticket.is_some() && message.ticket == ticket).cloned();
    }
    Ok(())
}

impl Store {
    /// The tickets of the person behind `address`, over all their channels: open or ended within three days, newest first, at most
    /// five.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tickets_of(&self, address: &str, now: Timestamp) -> Result<Vec<Ticket>, StoreError> {
        let probe = Probe { sender: address.to_lowercase(), ..Probe::default() };
        let mut tx = self.backend.read().await?;
        let person = super::people::of(&mut tx, std::slice::from_ref(&probe))
            .await?
            .into_iter()
            .next()
            .and_then(|(person, _)| person);
        let theirs = addresses(&probe, person.as_ref());
        let by_address = of_addresses(&mut tx, theirs.iter().copied().collect(), now).await?;
        tx.commit().await?;
        Ok(newest(&theirs, &by_address, now))
    }
}
