//! What is known about a batch of messages, read from one state of the database with a handful of statements.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json};
use super::raw::IdRow;
use super::{Store, StoreError, alerts, people, recent, rows, rule_hits};
use crate::domain::{Known, OutboxId, Probe, Ticket, TicketId, Timestamp};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Merges followed at most this far; nobody merges more often by hand.
const MERGES: usize = 64;

const DUPLICATES: Sql = bulk!(
    "SELECT CAST(r.value->>'n' AS BIGINT), messages.ticket_id FROM " ROWS " AS r
     JOIN messages ON messages.fingerprint = r.value->>'fingerprint'"
);
const ERASED: Sql = bulk!(
    "SELECT CAST(r.value->>'n' AS BIGINT) FROM " ROWS " AS r
     JOIN tombstones ON tombstones.fingerprint = r.value->>'fingerprint'"
);
const KEYS: Sql = bulk!(
    "SELECT r.value->>'key', thread_keys.ticket_id FROM " ROWS " AS r JOIN thread_keys ON thread_keys.key = r.value->>'key'"
);
const TICKETS: Sql = bulk!(
    "SELECT id, version, body FROM tickets WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const AUTOMATIC: Sql = bulk!(
    "SELECT r.value->>'key', COUNT(*) FROM " ROWS " AS r
     JOIN outbox ON outbox.recipient = r.value->>'key' AND outbox.automatic = 1 AND outbox.created_at > $2
     GROUP BY r.value->>'key'"
);
const BOUNCED: Sql = bulk!(
    "SELECT r.value->>'key', MIN(outbox.id) FROM " ROWS " AS r JOIN outbox ON outbox.message_id = r.value->>'key'
     GROUP BY r.value->>'key'"
);

#[derive(Serialize)]
struct Fingerprint<'a> {
    n: usize,
    fingerprint: &'a str,
}

#[derive(Serialize)]
struct Key<'a> {
    key: &'a str,
}

impl Store {
    /// What is known about each probe, in their order, all from one state of the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn context(&self, probes: &[Probe], now: Timestamp) -> Result<Vec<Known>, StoreError> {
        let mut known = vec![Known::default(); probes.len()];
        if probes.is_empty() {
            return Ok(known);
        }
        let mut tx = self.backend.read().await?;
        duplicates(&mut tx, probes, &mut known).await?;
        let keys = by_key::<i64>(&mut tx, KEYS, probes.iter().flat_map(|probe| &probe.thread_keys), None).await?;
        let tickets = tickets(&mut tx, probes, &keys).await?;
        let since = Some(now.plus_ms(-DAY_MS));
        let sent = by_key::<i64>(&mut tx, AUTOMATIC, probes.iter().map(|probe| &probe.sender), since).await?;
        let returned = probes.iter().filter_map(|probe| probe.bounced_message_id.as_ref());
        let bounced = by_key::<i64>(&mut tx, BOUNCED, returned, None).await?;
        let people = people::of(&mut tx, probes).await?;
        let links = people::links(&mut tx, probes, &people, now).await?;
        for (probe, known) in probes.iter().zip(&mut known) {
            let by_token = probe.tokens.iter().find_map(|id| end_of_merges(&tickets, *id));
            known.by_token = by_token.is_some();
            let by_key = || probe.thread_keys.iter().find_map(|key| end_of_merges(&tickets, TicketId(*keys.get(key)?)));
            known.ticket = by_token.or_else(by_key).cloned();
            known.automatic_to_sender =
                sent.get(&probe.sender).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX));
            known.bounced = probe.bounced_message_id.as_ref().and_then(|id| bounced.get(id)).map(|id| OutboxId(*id));
        }
        for ((known, (person, is_newly_vouched)), link) in known.iter_mut().zip(people).zip(links) {
            (known.person, known.is_newly_vouched, known.link) = (person, is_newly_vouched, link);
        }
        add_loads(&mut tx, probes, &mut known).await?;
        recent::add(&mut tx, probes, &mut known, now).await?;
        for (probe, known) in probes.iter().zip(&mut known) {
            if let Some(alert) = &probe.alert {
                known.alert = Some(Box::new(alerts::known(&mut tx, alert).await?));
            }
        }
        tx.commit().await?;
        Ok(known)
    }
}

/// How many wait in the queues the probes ask for; 0 for a queue without any.
async fn add_loads(tx: &mut Tx, probes: &[Probe], known: &mut [Known]) -> Result<(), StoreError> {
    if probes.iter().all(|probe| probe.loads.is_empty()) {
        return Ok(());
    }
    let loads = rule_hits::loads(tx).await?;
    for (probe, known) in probes.iter().zip(known) {
        let asked = probe.loads.iter().map(|queue| (queue.clone(), loads.get(queue).copied().unwrap_or_default()));
        known.loads = asked.collect();
    }
    Ok(())
}

async fn duplicates(tx: &mut Tx, probes: &[Probe], known: &mut [Known]) -> Result<(), StoreError> {
    let prints: Vec<Fingerprint<'_>> =
        probes.iter().enumerate().map(|(n, probe)| Fingerprint { n, fingerprint: &probe.fingerprint }).collect();
    let args = json(&prints)?;
    let erased: Vec<(i64,)> = tx.fetch(ERASED, [args.clone()]).await?;
    let stored: Vec<(i64, Option<i64>)> = tx.fetch(DUPLICATES, [args]).await?;
    let found = erased.into_iter().map(|(n,)| (n, None)).chain(stored);
    for (n, ticket) in found {
        if let Some(known) = usize::try_from(n).ok().and_then(|n| known.get_mut(n)) {
            known.duplicate = Some(ticket.map(TicketId));
        }
    }
    Ok(())
}

/// The value `sql` finds for each distinct key.
async fn by_key<'a, T>(
    tx: &mut Tx,
    sql: Sql,
    keys: impl Iterator<Item = &'a String>,
    since: Option<Timestamp>,
) -> Result<HashMap<String, T>, StoreError>
where
    (String, T): super::backend::Readable,
{
    let distinct: HashSet<&str> = keys.map(String::as_str).collect();
    if distinct.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<Key<'_>> = distinct.into_iter().map(|key| Key { key }).collect();
    let args = std::iter::once(json(&keys)?).chain(since.map(|since| Arg::Int(since.0)));
    Ok(tx.fetch::<(String, T)>(sql, args).await?.into_iter().collect())
}

/// Every ticket the probes may lead to, and those they were merged into.
async fn tickets(
    tx: &mut Tx,
    probes: &[Probe],
    keys: &HashMap<String, i64>,
) -> Result<BTreeMap<TicketId, Ticket>, StoreError> {
    let mut loaded = BTreeMap::new();
    let tokens = probes.iter().flat_map(|probe| &probe.tokens).map(|id| id.0);
    let mut wanted: HashSet<i64> = tokens.chain(keys.values().copied()).collect();
    for _ in 0..MERGES {
        if wanted.is_empty() {
            break;
        }
        let ids: Vec<IdRow> = wanted.drain().map(|id| IdRow { id }).collect();
        for (id, version, body) in tx.fetch::<(i64, i64, String)>(TICKETS, [json(&ids)?]).await? {
            let ticket = rows::ticket(version, &body)?;
            wanted.extend(ticket.merged_into.map(|next| next.0));
            loaded.insert(TicketId(id), ticket);
        }
        wanted.retain(|id| !loaded.contains_key(&TicketId(*id)));
    }
    Ok(loaded)
}

/// The ticket `id`, merges followed to the end.
pub(super) async fn ticket_at_end(tx: &mut Tx, id: TicketId) -> Result<Option<Ticket>, StoreError> {
    let probe = Probe { tokens: vec![id], ..Probe::default() };
    let loaded = tickets(tx, std::slice::from_ref(&probe), &HashMap::new()).await?;
    Ok(end_of_merges(&loaded, id).cloned())
}

/// The ticket `id` was merged into, or itself; `None` when it is not there.
fn end_of_merges(tickets: &BTreeMap<TicketId, Ticket>, id: TicketId) -> Option<&Ticket> {
    let mut ticket = tickets.get(&id)?;
    // A circle ends the search at some ticket of it: better there than nowhere.
    for _ in 0..MERGES {
        match ticket.merged_into.and_then(|next| tickets.get(&next)) {
            Some(next) => ticket = next,
            None => break,
        }
    }
    Some(ticket)
}
