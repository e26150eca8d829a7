//! Clocks as rows: what a change writes of them, and which tickets are due.

use std::collections::HashSet;

use serde::Serialize;

use super::backend::{Arg, Sql, bulk, json, repeat, sql};
use super::raw::IdRow;
use super::{Store, StoreError, rows};
use crate::domain::{Bilingual, Clock, Firing, Ticket, TicketId, Timestamp};

pub(super) const PUT_TIMERS: Sql = bulk!(
    "INSERT INTO sla_timers (ticket_id, kind, level, policy, state, cycle, started_at, due_at, met_at, breached_at, kept, missed, next_at)
     SELECT CAST(value->>'ticket' AS BIGINT), value->>'kind', value->>'level', value->>'policy', value->>'state',
            CAST(value->>'cycle' AS BIGINT), CAST(value->>'started' AS BIGINT), CAST(value->>'due' AS BIGINT),
            CAST(value->>'met' AS BIGINT), CAST(value->>'breached' AS BIGINT), CAST(value->>'kept' AS BIGINT),
            CAST(value->>'missed' AS BIGINT), CAST(value->>'next' AS BIGINT)
     FROM " ROWS " WHERE true
     ON CONFLICT (ticket_id, kind, level) DO UPDATE SET policy = excluded.policy, state = excluded.state, cycle = excluded.cycle,
       started_at = excluded.started_at, due_at = excluded.due_at, met_at = excluded.met_at, breached_at = excluded.breached_at,
       kept = excluded.kept, missed = excluded.missed, next_at = excluded.next_at"
);
pub(super) const INSERT_FIRINGS: Sql = bulk!(
    "INSERT INTO escalation_firings (key, ticket_id, rule, because, fired_at)
     SELECT value->>'key', CAST(value->>'ticket' AS BIGINT), value->>'rule', value->'because'->>'en', CAST(value->>'at' AS BIGINT)
     FROM " ROWS " WHERE true ON CONFLICT (key) DO NOTHING"
);
const DUE: Sql = sql!(
    "SELECT ticket_id FROM sla_timers WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, ticket_id LIMIT $2"
);
const NEXT: Sql = sql!("SELECT next_at FROM sla_timers WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1");
const TICKETS: Sql =
    bulk!("SELECT id, version, body FROM tickets WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")");
const UNFINISHED: Sql = sql!(
    "SELECT version, body FROM tickets
     WHERE id > $1 AND status IN ('new', 'open', 'waiting', 'answered', 'resolved') AND merged_into IS NULL ORDER BY id LIMIT $2"
);
const FIRED: Sql = sql!(
    "SELECT key, ticket_id, rule, because, fired_at FROM escalation_firings WHERE ticket_id = $1 ORDER BY fired_at, key"
);
const VERSION: Sql = sql!("SELECT version FROM rules_in_force WHERE name = $1");
const PUT_VERSION: Sql = sql!(
    "INSERT INTO rules_in_force (name, version, since) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET version = excluded.version, since = excluded.since"
);
/// The row of [`VERSION`] for clocks.
const CLOCKS: &str = "clocks";

#[derive(Serialize)]
pub(super) struct TimerRow<'a> {
    ticket: i64,
    kind: &'a str,
    level: &'a str,
    policy: &'a str,
    state: &'a str,
    cycle: u32,
    started: i64,
    due: i64,
    met: Option<i64>,
    breached: Option<i64>,
    kept: u32,
    missed: u32,
    next: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct FiringRow {
    key: String,
    ticket_id: i64,
    rule: String,
    because: String,
    fired_at: i64,
}

/// The rows of a ticket: one a clock, and one for the rules when they ever have to look.
pub(super) fn timer_rows(ticket: &Ticket) -> Vec<TimerRow<'_>> {
    let promises = &ticket.promises;
    let mut rows: Vec<TimerRow<'_>> = promises.clocks.iter().map(|clock| timer_row(ticket.id, clock)).collect();
    // Once something was watched there may be a row that must not stay due.
    if promises.watched {
        rows.push(TimerRow {
            ticket: ticket.id.0,
            kind: "watch",
            level: "",
            policy: "",
            state: if promises.watch_at.is_some() { "running" } else { "met" },
            cycle: 1,
            started: ticket.created_at.0,
            due: promises.watch_at.unwrap_or(ticket.created_at).0,
            met: None,
            breached: None,
            kept: 0,
            missed: 0,
            next: promises.watch_at.map(|at| at.0),
        });
    }
    rows
}

fn timer_row(ticket: TicketId, clock: &Clock) -> TimerRow<'_> {
    TimerRow {
        ticket: ticket.0,
        kind: clock.kind.as_str(),
        level: clock.level.as_str(),
        policy: &clock.policy,
        state: clock.state(),
        cycle: clock.cycle,
        started: clock.started_at.0,
        due: clock.due_at.0,
        met: clock.met_at.map(|at| at.0),
        breached: clock.breached_at.map(|at| at.0),
        kept: clock.kept,
        missed: clock.missed,
        next: clock.next_at.map(|at| at.0),
    }
}

impl Store {
    /// Tickets with a clock or a rule that has to be looked at by `now`, the longest overdue first. Reads only what is due;
    /// `limit` counts clocks, so fewer tickets may come back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn timers_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Ticket>, StoreError> {
        let mut tx = self.backend.read().await?;
        let due: Vec<(i64,)> = tx.fetch(DUE, [Arg::Int(now.0), Arg::Int(i64::from(limit))]).await?;
        let mut seen = HashSet::new();
        let ids: Vec<IdRow> = due.into_iter().filter(|(id,)| seen.insert(*id)).map(|(id,)| IdRow { id }).collect();
        let found: Vec<(i64, i64, String)> =
            if ids.is_empty() { Vec::new() } else { tx.fetch(TICKETS, [json(&ids)?]).await? };
        tx.commit().await?;
        let mut tickets = Vec::with_capacity(found.len());
        for id in ids {
            if let Some((_, version, body)) = found.iter().find(|(found, _, _)| *found == id.id) {
                tickets.push(rows::ticket(*version, body)?);
            }
        }
        Ok(tickets)
    }

    /// When the next clock or rule has to be looked at; none when nothing is due by the passing of time alone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_timer_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64,)> = tx.fetch(NEXT, []).await?;
        tx.commit().await?;
        Ok(found.into_iter().next().map(|(at,)| Timestamp(at)))
    }

    /// Tickets above `after` that are not closed, in order of their numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unfinished_tickets(&self, after: TicketId, limit: u32) -> Result<Vec<Ticket>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64, String)> = tx.fetch(UNFINISHED, [Arg::Int(after.0), Arg::Int(i64::from(limit))]).await?;
        tx.commit().await?;
        found.into_iter().map(|(version, body)| rows::ticket(version, &body)).collect()
    }

    /// What has fired on a ticket, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn firings(&self, ticket: TicketId) -> Result<Vec<Firing>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<FiringRow> = tx.fetch(FIRED, [Arg::Int(ticket.0)]).await?;
        tx.commit().await?;
        let read = |row: FiringRow| Firing {
            key: row.key,
            ticket: TicketId(row.ticket_id),
            rule: row.rule,
            at: Timestamp(row.fired_at),
            because: Bilingual::same(&row.because),
        };
        Ok(found.into_iter().map(read).collect())
    }

    /// The version of the rules all open tickets were brought up to; none when that was never done.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clock_rules(&self) -> Result<Option<String>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(String,)> = tx.fetch(VERSION, [Arg::Text(CLOCKS)]).await?;
        tx.commit().await?;
        Ok(found.into_iter().next().map(|(version,)| version))
    }

    /// Notes that all open tickets are brought up to `version`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_clock_rules(&self, version: &str, now: Timestamp) -> Result<(), StoreError> {
        repeat!(self.write_one(PUT_VERSION, vec![Arg::Text(CLOCKS), Arg::Text(version), Arg::Int(now.0)]))?;
        Ok(())
    }
}
