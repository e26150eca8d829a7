//! What tickets say of the desk's processes, as rows: satisfaction and complaints for reports, turns and loads for giving out tickets.

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, sql};
use super::changes::put;
use super::problems::{PUT_PROBLEMS, PUT_SIGHTINGS};
use super::rows::Rows;
use super::{Store, StoreError};
use crate::domain::{Complaint, Mark, Rating, Span, Ticket, TicketId, Timestamp};

const PUT_SATISFACTION: Sql = bulk!(
    "INSERT INTO satisfaction (ticket_id, requester, score, comment, at)
     SELECT CAST(value->>'ticket' AS BIGINT), value->>'requester', CAST(value->>'score' AS BIGINT), value->>'comment',
            CAST(value->>'at' AS BIGINT)
     FROM " ROWS " WHERE true
     ON CONFLICT (ticket_id) DO UPDATE SET requester = excluded.requester, score = excluded.score, comment = excluded.comment,
       at = excluded.at"
);
const PUT_COMPLAINTS: Sql = bulk!(
    "INSERT INTO complaints (ticket_id, at, service, content, action, action_by, action_at)
     SELECT CAST(value->>'ticket' AS BIGINT), CAST(value->>'at' AS BIGINT), value->>'service', value->>'content',
            value->>'action', value->>'action_by', CAST(value->>'action_at' AS BIGINT)
     FROM " ROWS " WHERE true
     ON CONFLICT (ticket_id) DO UPDATE SET service = excluded.service, content = excluded.content, action = excluded.action,
       action_by = excluded.action_by, action_at = excluded.action_at"
);
const PUT_TURNS: Sql = bulk!(
    "INSERT INTO agent_turns (queue, agent, turn)
     SELECT value->>'queue', value->>'agent', MAX(CAST(value->>'turn' AS BIGINT)) FROM " ROWS " WHERE true
     GROUP BY value->>'queue', value->>'agent'
     ON CONFLICT (queue, agent) DO UPDATE SET turn = excluded.turn"
);
const LOADS: Sql = sql!(
    "SELECT assignee, COUNT(*) FROM tickets WHERE assignee IS NOT NULL AND status IN ('new', 'open') GROUP BY assignee ORDER BY assignee"
);
const TURNS: Sql = sql!("SELECT queue, agent, turn FROM agent_turns ORDER BY queue, agent");
const RATINGS: Sql = sql!(
    "SELECT ticket_id, requester, score, comment, at FROM satisfaction WHERE at >= $1 AND at < $2 ORDER BY at, ticket_id"
);
const COMPLAINTS: Sql = sql!(
    "SELECT ticket_id, at, service, content, action, action_by, action_at FROM complaints
     WHERE at >= $1 AND at < $2 ORDER BY at, ticket_id"
);

/// A ticket's rating as it is written.
#[derive(Serialize)]
pub(super) struct RatingRow<'a> {
    ticket: i64,
    requester: &'a str,
    score: u8,
    comment: &'a str,
    at: i64,
}

/// A ticket's complaint as it is written.
#[derive(Serialize)]
pub(super) struct ComplaintRow<'a> {
    ticket: i64,
    at: i64,
    service: &'a str,
    content: &'a str,
    action: &'a str,
    action_by: Option<&'a str>,
    action_at: Option<i64>,
}

pub(super) fn rating_row(ticket: &Ticket) -> Option<RatingRow<'_>> {
    let rating = ticket.course.rating.as_ref()?;
    let (requester, score, comment) = (rating.by.as_str(), rating.score, rating.comment.as_str());
    Some(RatingRow { ticket: ticket.id.0, requester, score, comment, at: rating.at.0 })
}

pub(super) fn complaint_row(ticket: &Ticket) -> Option<ComplaintRow<'_>> {
    let complaint = ticket.course.complaint.as_ref()?;
    Some(ComplaintRow {
        ticket: ticket.id.0,
        at: complaint.at.0,
        service: &complaint.service,
        content: &complaint.content,
        action: &complaint.action,
        action_by: complaint.done.as_ref().map(|done| done.by.as_str()),
        action_at: complaint.done.as_ref().map(|done| done.at.0),
    })
}

#[derive(sqlx::FromRow)]
struct StoredComplaint {
    ticket_id: i64,
    at: i64,
    service: String,
    content: String,
    action: String,
    action_by: Option<String>,
    action_at: Option<i64>,
}

/// Unfinished tickets by agent, and the last turn of each queue and agent.
pub type AgentsWork = (Vec<(String, i64)>, Vec<(String, String, i64)>);

/// Writes what processes note of tickets.
pub(super) async fn put_all(tx: &mut Tx, rows: &Rows<'_>) -> Result<(), StoreError> {
    put(tx, PUT_PROBLEMS, &rows.problems, None).await?;
    put(tx, PUT_SIGHTINGS, &rows.sightings, None).await?;
    put(tx, PUT_SATISFACTION, &rows.ratings, None).await?;
    put(tx, PUT_COMPLAINTS, &rows.complaints, None).await?;
    put(tx, PUT_TURNS, &rows.turns, None).await?;
    Ok(())
}

impl Store {
    /// How much each agent has, and whose turn it was last in each queue.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agents_work(&self) -> Result<AgentsWork, StoreError> {
        let mut tx = self.backend.read().await?;
        let work = (tx.fetch(LOADS, []).await?, tx.fetch(TURNS, []).await?);
        tx.commit().await?;
        Ok(work)
    }

    /// How content requesters said they are from `from`, inclusive, to `to`, exclusive; oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn satisfaction(&self, [from, to]: [Timestamp; 2]) -> Result<Vec<(TicketId, Rating)>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found = ratings(&mut tx, Span { from, to }).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The register of complaints from `from`, inclusive, to `to`, exclusive; oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complaints(&self, [from, to]: [Timestamp; 2]) -> Result<Vec<(TicketId, Complaint)>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found = complaints(&mut tx, Span { from, to }).await?;
        tx.commit().await?;
        Ok(found)
    }
}

/// As [`Store::satisfaction`], in a transaction that is there.
pub(super) async fn ratings(tx: &mut Tx, span: Span) -> Result<Vec<(TicketId, Rating)>, StoreError> {
    let args = [Arg::Int(span.from.0), Arg::Int(span.to.0)];
    let found: Vec<(i64, String, i64, String, i64)> = tx.fetch(RATINGS, args).await?;
    let read = |(ticket, by, score, comment, at): (i64, String, i64, String, i64)| {
        let score = u8::try_from(score).map_err(|_| StoreError::corrupt(format!("rating of T-{ticket}: {score}")))?;
        Ok((TicketId(ticket), Rating { score, comment, by, at: Timestamp(at) }))
    };
    found.into_iter().map(read).collect()
}

/// As [`Store::complaints`], in a transaction that is there.
pub(super) async fn complaints(tx: &mut Tx, span: Span) -> Result<Vec<(TicketId, Complaint)>, StoreError> {
    let found: Vec<StoredComplaint> = tx.fetch(COMPLAINTS, [Arg::Int(span.from.0), Arg::Int(span.to.0)]).await?;
    let read = |row: StoredComplaint| {
        let done = row.action_by.zip(row.action_at).map(|(by, at)| Mark { by, at: Timestamp(at) });
        let (at, service, content, action) = (Timestamp(row.at), row.service, row.content, row.action);
        (TicketId(row.ticket_id), Complaint { at, service, content, action, done })
    };
    Ok(found.into_iter().map(read).collect())
}
