//! What a report reads: the tickets that lived in a span with their histories, a page at a time, and the little that stands beside
//! them. Everything comes from one state of the database.

use std::collections::HashMap;

use super::backend::{Arg, Sql, Tx, sql};
use super::{Store, StoreError, feedback, problems, processes, rows};
use crate::domain::{Beside, InboxId, OutboxId, Span, TicketEvent, TicketId, TicketLife, Timestamp};

/// Tickets of one page.
const PAGE: i64 = 500;

const TICKETS: Sql = sql!(
    "SELECT id, version, body FROM tickets
     WHERE id > $1 AND created_at < $3 AND (updated_at >= $2 OR status NOT IN ('resolved', 'closed'))
     ORDER BY id LIMIT $4"
);
const EVENTS: Sql = sql!(
    "SELECT ticket_id, at, kind, actor, detail FROM ticket_events WHERE ticket_id >= $1 AND ticket_id <= $2 ORDER BY ticket_id, id"
);
const VOTES: Sql = sql!(
    "SELECT inbox_id, aspect, actor, source, outcome, given, wanted, decision, probability, at
     FROM feedback WHERE at >= $1 AND at < $2 ORDER BY inbox_id, aspect, actor"
);
const SENT: Sql = sql!(
    "SELECT article, COUNT(*) FROM inbox WHERE article IS NOT NULL AND arrived_at >= $1 AND arrived_at < $2
     GROUP BY article ORDER BY article"
);
const FAILED: Sql = sql!(
    "SELECT id, ticket_id FROM outbox WHERE state = 'failed' AND created_at >= $1 AND created_at < $2 ORDER BY id"
);
const BURIED: Sql =
    sql!("SELECT id FROM inbox WHERE fate = 'buried' AND arrived_at >= $1 AND arrived_at < $2 ORDER BY id");

impl Store {
    /// Hands every ticket that lived in `over` to `each`, in order of their numbers, and returns what stands beside them for each of
    /// `spans`. Writes nothing, also not on a replica that may only be read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn report(
        &self,
        over: Span,
        spans: &[Span],
        mut each: impl FnMut(&TicketLife) + Send,
    ) -> Result<Vec<Beside>, StoreError> {
        let mut tx = self.backend.read().await?;
        let mut after = 0;
        loop {
            let lives = page(&mut tx, over, after).await?;
            let Some(last) = lives.last() else { break };
            after = last.ticket.id.0;
            lives.iter().for_each(&mut each);
        }
        let mut besides = Vec::with_capacity(spans.len());
        for span in spans {
            besides.push(beside(&mut tx, *span).await?);
        }
        tx.commit().await?;
        Ok(besides)
    }
}

async fn page(tx: &mut Tx, over: Span, after: i64) -> Result<Vec<TicketLife>, StoreError> {
    let args = [Arg::Int(after), Arg::Int(over.from.0), Arg::Int(over.to.0), Arg::Int(PAGE)];
    let found: Vec<(i64, i64, String)> = tx.fetch(TICKETS, args).await?;
    let (Some((first, ..)), Some((last, ..))) = (found.first(), found.last()) else { return Ok(Vec::new()) };
    let mut events = events(tx, *first, *last).await?;
    let read = |(id, version, body): (i64, i64, String)| {
        let ticket = rows::ticket(version, &body)?;
        Ok(TicketLife { ticket, events: events.remove(&id).unwrap_or_default() })
    };
    found.into_iter().map(read).collect()
}

async fn events(tx: &mut Tx, first: i64, last: i64) -> Result<HashMap<i64, Vec<TicketEvent>>, StoreError> {
    let found: Vec<(i64, i64, String, String, String)> = tx.fetch(EVENTS, [Arg::Int(first), Arg::Int(last)]).await?;
    let mut events: HashMap<i64, Vec<TicketEvent>> = HashMap::new();
    for (id, at, kind, actor, detail) in found {
        let ticket = TicketId(id);
        let kind = kind.parse().map_err(|error| StoreError::corrupt(format!("history of {ticket}: {error}")))?;
        events.entry(id).or_default().push(TicketEvent { ticket, at: Timestamp(at), kind, actor, detail });
    }
    Ok(events)
}

async fn beside(tx: &mut Tx, span: Span) -> Result<Beside, StoreError> {
    let args = [Arg::Int(span.from.0), Arg::Int(span.to.0)];
    let votes: Vec<feedback::Row> = tx.fetch(VOTES, args.clone()).await?;
    let sent: Vec<(String, i64)> = tx.fetch(SENT, args.clone()).await?;
    let failed: Vec<(i64, Option<i64>)> = tx.fetch(FAILED, args.clone()).await?;
    let buried: Vec<(i64,)> = tx.fetch(BURIED, args).await?;
    Ok(Beside {
        votes: votes.into_iter().map(feedback::Row::read).collect::<Result<_, _>>()?,
        sent: sent.into_iter().map(|(article, count)| (article, u64::try_from(count).unwrap_or_default())).collect(),
        failed: failed.into_iter().map(|(row, ticket)| (OutboxId(row), ticket.map(TicketId))).collect(),
        buried: buried.into_iter().map(|(row,)| InboxId(row)).collect(),
        rated: processes::ratings(tx, span).await?,
        complaints: processes::complaints(tx, span).await?,
        problems: problems::all(tx).await?,
    })
}
