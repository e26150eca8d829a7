//! The list of problems: matters behind several tickets. They are counted with the change that saw them, by `changes`; what becomes
//! of them is written here, guarded by a version of their own.

use std::collections::BTreeMap;

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::changes::insert_outbox;
use super::{Store, StoreError, rows};
use crate::domain::problem::{ProblemRecord, ProblemState};
use crate::domain::{Outbound, Problem, Sighting, TicketId, Timestamp};

// What is counted adds up; what is opened by a rule or a person is open from then on, also when it was closed before.
pub(super) const PUT_PROBLEMS: Sql = bulk!(
    "INSERT INTO problems (key, title, state, first_ticket_id, last_ticket_id, times, opened_at, seen_at)
     SELECT value->>'key', value->>'title', value->>'state', CAST(value->>'first' AS BIGINT), CAST(value->>'last' AS BIGINT),
            CAST(value->>'times' AS BIGINT), CAST(value->>'at' AS BIGINT), CAST(value->>'at' AS BIGINT)
     FROM " ROWS " WHERE true
     ON CONFLICT (key) DO UPDATE SET last_ticket_id = excluded.last_ticket_id, times = problems.times + excluded.times,
       seen_at = excluded.seen_at, version = problems.version + 1, reviewed_at = NULL,
       opened_at = CASE WHEN excluded.state = 'open' AND problems.state <> 'open' THEN excluded.opened_at ELSE problems.opened_at END,
       closed_at = CASE WHEN excluded.state = 'open' THEN NULL ELSE problems.closed_at END,
       state = CASE WHEN excluded.state = 'open' THEN 'open' ELSE problems.state END"
);
pub(super) const PUT_SIGHTINGS: Sql = bulk!(
    "INSERT INTO problem_tickets (problem_key, ticket_id, at)
     SELECT value->>'key', CAST(value->>'ticket' AS BIGINT), CAST(value->>'at' AS BIGINT) FROM " ROWS " WHERE true
     ON CONFLICT (problem_key, ticket_id) DO NOTHING"
);
const COLUMNS_OF_ALL: Sql = sql!(
    "SELECT key, title, state, version, owner, cause, workaround, first_ticket_id, last_ticket_id, times, opened_at, seen_at,
            nudge_at, closed_at, closed_because, reviewed_at
     FROM problems ORDER BY seen_at DESC, key"
);
const ONE: Sql = sql!(
    "SELECT key, title, state, version, owner, cause, workaround, first_ticket_id, last_ticket_id, times, opened_at, seen_at,
            nudge_at, closed_at, closed_because, reviewed_at
     FROM problems WHERE key = $1"
);
const DUE: Sql = sql!(
    "SELECT key, title, state, version, owner, cause, workaround, first_ticket_id, last_ticket_id, times, opened_at, seen_at,
            nudge_at, closed_at, closed_because, reviewed_at
     FROM problems
     WHERE (state = 'open' AND (nudge_at IS NULL OR nudge_at <= $1))
        OR (state <> 'open' AND reviewed_at IS NULL)
     ORDER BY seen_at, key LIMIT $2"
);
const TICKETS: Sql = bulk!(
    "SELECT problem_key, ticket_id, at FROM problem_tickets
     WHERE problem_key IN (SELECT value->>'key' FROM " ROWS ") ORDER BY at, ticket_id"
);
const UPDATE: Sql = bulk!(
    "UPDATE problems SET title = r.value->>'title', state = r.value->>'state', owner = r.value->>'owner', cause = r.value->>'cause',
            workaround = r.value->>'workaround', opened_at = CAST(r.value->>'opened' AS BIGINT),
            nudge_at = CAST(r.value->>'nudge' AS BIGINT), closed_at = CAST(r.value->>'closed' AS BIGINT),
            closed_because = r.value->>'because', reviewed_at = CAST(r.value->>'reviewed' AS BIGINT), version = version + 1
     FROM " ROWS " AS r WHERE problems.key = r.value->>'key' AND problems.version = CAST(r.value->>'version' AS BIGINT)"
);

/// A problem as often as one change names it: a statement may touch a row only once.
#[derive(Serialize)]
pub(super) struct ProblemRow<'a> {
    key: &'a str,
    title: &'a str,
    state: &'static str,
    first: i64,
    last: i64,
    times: i64,
    at: i64,
}

/// One ticket a matter was seen on.
#[derive(Serialize)]
pub(super) struct SightingRow<'a> {
    key: &'a str,
    ticket: i64,
    at: i64,
}

/// The row of one sighting.
pub(super) fn sighting(problem: &Problem) -> SightingRow<'_> {
    SightingRow { key: &problem.key, ticket: problem.ticket.0, at: problem.at.0 }
}

/// Adds `problem` to `rows`.
pub(super) fn add_problem<'a>(rows: &mut Vec<ProblemRow<'a>>, problem: &'a Problem) {
    let (ticket, at) = (problem.ticket.0, problem.at.0);
    let state = match problem.how {
        Sighting::Counted => ProblemState::Counted,
        Sighting::Opened => ProblemState::Open,
    }
    .as_str();
    if let Some(row) = rows.iter_mut().find(|row| row.key == problem.key) {
        (row.last, row.times, row.at) = (ticket, row.times + 1, at);
        if problem.how == Sighting::Opened {
            row.state = state;
        }
        return;
    }
    let (key, title) = (problem.key.as_str(), problem.title.as_str());
    rows.push(ProblemRow { key, title, state, first: ticket, last: ticket, times: 1, at });
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    key: String,
    title: String,
    state: String,
    version: i64,
    owner: Option<String>,
    cause: Option<String>,
    workaround: Option<String>,
    first_ticket_id: i64,
    last_ticket_id: i64,
    times: i64,
    opened_at: i64,
    seen_at: i64,
    nudge_at: Option<i64>,
    closed_at: Option<i64>,
    closed_because: Option<String>,
    reviewed_at: Option<i64>,
}

#[derive(Serialize)]
struct Key<'a> {
    key: &'a str,
}

#[derive(Serialize)]
struct Written<'a> {
    key: &'a str,
    version: i64,
    title: &'a str,
    state: &'static str,
    owner: Option<&'a str>,
    cause: Option<&'a str>,
    workaround: Option<&'a str>,
    opened: i64,
    nudge: Option<i64>,
    closed: Option<i64>,
    because: Option<&'a str>,
    reviewed: Option<i64>,
}

impl Store {
    /// All matters, those only counted included, the one seen last first, each with its tickets in the order they were seen.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn problems(&self) -> Result<Vec<ProblemRecord>, StoreError> {
        self.problem_records(COLUMNS_OF_ALL, Vec::new()).await
    }

    /// The matter `key`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn problem(&self, key: &str) -> Result<Option<ProblemRecord>, StoreError> {
        Ok(self.problem_records(ONE, vec![Arg::Text(key)]).await?.into_iter().next())
    }

    /// Matters that are to be looked at by `now`: counted ones that were seen again, open ones whose owner is to be nudged.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn problems_due(&self, now: Timestamp, limit: u32) -> Result<Vec<ProblemRecord>, StoreError> {
        self.problem_records(DUE, vec![Arg::Int(now.0), Arg::Int(i64::from(limit))]).await
    }

    /// Writes what became of a matter, with the notices about it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it has another version than `record` was made from: nothing is written.
    pub async fn put_problem(
        &self,
        record: &ProblemRecord,
        notices: &[Outbound],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        repeat!(self.put_problem_once(record, notices, now))?;
        if !notices.is_empty() {
            self.outbox_wake.notify_waiters();
        }
        Ok(())
    }

    async fn put_problem_once(
        &self,
        record: &ProblemRecord,
        notices: &[Outbound],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = Written {
            key: &record.key,
            version: record.version,
            title: &record.title,
            state: record.state.as_str(),
            owner: record.owner.as_deref(),
            cause: record.cause.as_deref(),
            workaround: record.workaround.as_deref(),
            opened: record.opened_at.0,
            nudge: record.nudge_at.map(|at| at.0),
            closed: record.closed_at.map(|at| at.0),
            because: record.closed_because.as_deref(),
            reviewed: record.reviewed_at.map(|at| at.0),
        };
        let mut tx = self.backend.write().await?;
        if tx.execute(UPDATE, [json(&[row])?]).await? != 1 {
            tx.rollback().await?;
            return Err(StoreError::Conflict { what: format!("problem {}", record.key) });
        }
        insert_outbox(&mut tx, &notices.iter().map(rows::outbound_row).collect::<Vec<_>>(), now).await?;
        tx.commit().await
    }

    async fn problem_records(&self, sql: Sql, args: Vec<Arg<'_>>) -> Result<Vec<ProblemRecord>, StoreError> {
        let mut tx = self.backend.read().await?;
        let records = records(&mut tx, sql, args).await?;
        tx.commit().await?;
        Ok(records)
    }
}

/// As [`Store::problems`], in a transaction that is there.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<ProblemRecord>, StoreError> {
    records(tx, COLUMNS_OF_ALL, Vec::new()).await
}

async fn records(tx: &mut Tx, sql: Sql, args: Vec<Arg<'_>>) -> Result<Vec<ProblemRecord>, StoreError> {
    let found: Vec<Row> = tx.fetch(sql, args).await?;
    let keys: Vec<Key<'_>> = found.iter().map(|row| Key { key: &row.key }).collect();
    let tickets: Vec<(String, i64, i64)> =
        if keys.is_empty() { Vec::new() } else { tx.fetch(TICKETS, [json(&keys)?]).await? };
    let mut by_key: BTreeMap<String, Vec<(TicketId, Timestamp)>> = BTreeMap::new();
    for (key, ticket, at) in tickets {
        by_key.entry(key).or_default().push((TicketId(ticket), Timestamp(at)));
    }
    found.into_iter().map(|row| row.read(&mut by_key)).collect()
}

impl Row {
    fn read(self, tickets: &mut BTreeMap<String, Vec<(TicketId, Timestamp)>>) -> Result<ProblemRecord, StoreError> {
        let state =
            self.state.parse().map_err(|error| StoreError::corrupt(format!("problem {}: {error}", self.key)))?;
        Ok(ProblemRecord {
            tickets: tickets.remove(&self.key).unwrap_or_default(),
            key: self.key,
            version: self.version,
            title: self.title,
            state,
            owner: self.owner,
            cause: self.cause,
            workaround: self.workaround,
            first_ticket: TicketId(self.first_ticket_id),
            last_ticket: TicketId(self.last_ticket_id),
            times: self.times,
            opened_at: Timestamp(self.opened_at),
            seen_at: Timestamp(self.seen_at),
            nudge_at: self.nudge_at.map(Timestamp),
            closed_at: self.closed_at.map(Timestamp),
            closed_because: self.closed_because,
            reviewed_at: self.reviewed_at.map(Timestamp),
        })
    }
}
