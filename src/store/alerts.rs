//! What is remembered of alerts. Each row has a version: of two decisions made from the same state one is refused and made again.

use serde::Serialize;

use super::StoreError;
use super::backend::{Arg, Sql, Tx, bulk, sql};
use super::changes::put;
use super::context::ticket_at_end;
use crate::domain::{AlertChange, AlertFlow, AlertKnown, AlertProbe, AlertStanding, TicketId};

const INSERT_STANDINGS: Sql = bulk!(
    "INSERT INTO alert_standings (source, fingerprint, version, state, ticket_id, opened_at, body)
     SELECT value->>'source', value->>'fingerprint', 1, value->>'state', CAST(value->>'ticket' AS BIGINT),
            CAST(value->>'opened' AS BIGINT), value->>'body'
     FROM " ROWS " WHERE true ON CONFLICT (source, fingerprint) DO NOTHING"
);
const UPDATE_STANDINGS: Sql = bulk!(
    "UPDATE alert_standings SET version = alert_standings.version + 1, state = r.value->>'state',
            ticket_id = CAST(r.value->>'ticket' AS BIGINT), opened_at = CAST(r.value->>'opened' AS BIGINT), body = r.value->>'body'
     FROM " ROWS " AS r
     WHERE alert_standings.source = r.value->>'source' AND alert_standings.fingerprint = r.value->>'fingerprint'
       AND alert_standings.version = CAST(r.value->>'was' AS BIGINT)"
);
const INSERT_FLOWS: Sql = bulk!(
    "INSERT INTO alert_flows (source, version, umbrella_ticket_id, body)
     SELECT value->>'source', 1, CAST(value->>'umbrella' AS BIGINT), value->>'body'
     FROM " ROWS " WHERE true ON CONFLICT (source) DO NOTHING"
);
const UPDATE_FLOWS: Sql = bulk!(
    "UPDATE alert_flows SET version = alert_flows.version + 1, umbrella_ticket_id = CAST(r.value->>'umbrella' AS BIGINT),
            body = r.value->>'body'
     FROM " ROWS " AS r
     WHERE alert_flows.source = r.value->>'source' AND alert_flows.version = CAST(r.value->>'was' AS BIGINT)"
);
const STANDING: Sql = sql!("SELECT version, body FROM alert_standings WHERE source = $1 AND fingerprint = $2");
const FLOW: Sql = sql!("SELECT version, body FROM alert_flows WHERE source = $1");
const RECENT: Sql = sql!(
    "SELECT ticket_id FROM alert_standings
     WHERE source = $1 AND opened_at > $2 AND fingerprint <> $3 AND ticket_id IS NOT NULL ORDER BY opened_at, fingerprint"
);
const FIRING: Sql = sql!(
    "SELECT COUNT(*) FROM alert_standings WHERE ticket_id = $1 AND state = 'firing' AND NOT (source = $2 AND fingerprint = $3)"
);

#[derive(Serialize)]
pub(super) struct StandingRow<'a> {
    source: &'a str,
    fingerprint: &'a str,
    was: i64,
    state: &'static str,
    ticket: Option<i64>,
    opened: i64,
    body: &'a AlertStanding,
}

#[derive(Serialize)]
pub(super) struct FlowRow<'a> {
    source: &'a str,
    was: i64,
    umbrella: Option<i64>,
    body: &'a AlertFlow,
}

/// The rows of a batch, new ones apart from known ones.
#[derive(Default)]
pub(super) struct AlertRows<'a> {
    pub(super) new_standings: Vec<StandingRow<'a>>,
    pub(super) standings: Vec<StandingRow<'a>>,
    pub(super) new_flows: Vec<FlowRow<'a>>,
    pub(super) flows: Vec<FlowRow<'a>>,
}

impl<'a> AlertRows<'a> {
    /// Writes them; `false` when somebody else wrote one meanwhile.
    pub(super) async fn put(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        Ok(put(tx, INSERT_STANDINGS, &self.new_standings, None).await?
            && put(tx, UPDATE_STANDINGS, &self.standings, None).await?
            && put(tx, INSERT_FLOWS, &self.new_flows, None).await?
            && put(tx, UPDATE_FLOWS, &self.flows, None).await?)
    }

    pub(super) fn add(&mut self, change: &'a AlertChange) {
        let standing = &change.standing;
        let list = if standing.version == 0 { &mut self.new_standings } else { &mut self.standings };
        list.push(StandingRow {
            source: &standing.source,
            fingerprint: &standing.fingerprint,
            was: standing.version,
            state: standing.state.as_str(),
            ticket: standing.ticket.map(|id| id.0),
            opened: standing.opened_at.0,
            body: standing,
        });
        if let Some(flow) = &change.flow {
            let list = if flow.version == 0 { &mut self.new_flows } else { &mut self.flows };
            list.push(FlowRow {
                source: &flow.source,
                was: flow.version,
                umbrella: flow.umbrella.map(|id| id.0),
                body: flow,
            });
        }
    }
}

/// Everything known of the alert `probe` asks for.
pub(super) async fn known(tx: &mut Tx, probe: &AlertProbe) -> Result<AlertKnown, StoreError> {
    let (source, print) = (probe.source.as_str(), probe.fingerprint.as_str());
    let rows: Vec<(i64, String)> = tx.fetch(STANDING, [Arg::Text(source), Arg::Text(print)]).await?;
    let mut known = AlertKnown::default();
    if let Some((version, body)) = rows.into_iter().next() {
        known.standing = Some(AlertStanding { version, ..serde_json::from_str(&body)? });
    }
    let rows: Vec<(i64, String)> = tx.fetch(FLOW, [Arg::Text(source)]).await?;
    if let Some((version, body)) = rows.into_iter().next() {
        known.flow = Some(AlertFlow { version, ..serde_json::from_str(&body)? });
    }
    let args = [Arg::Text(source), Arg::Int(probe.since.0), Arg::Text(print)];
    known.recent = tx.fetch::<(i64,)>(RECENT, args).await?.into_iter().map(|(id,)| TicketId(id)).collect();
    if let Some(id) = known.standing.as_ref().and_then(|standing| standing.ticket) {
        let args = [Arg::Int(id.0), Arg::Text(source), Arg::Text(print)];
        let others: Vec<(i64,)> = tx.fetch(FIRING, args).await?;
        known.others_firing = others.first().map_or(0, |(count,)| u32::try_from(*count).unwrap_or(u32::MAX));
        known.ticket = ticket_at_end(tx, id).await?;
    }
    if let Some(id) = known.flow.as_ref().and_then(|flow| flow.umbrella) {
        known.umbrella = ticket_at_end(tx, id).await?;
    }
    Ok(known)
}
