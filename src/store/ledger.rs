//! The ledger: every message seen, and what became of it.

use super::backend::{Arg, Sql, sql};
use super::{Store, StoreError};
use crate::domain::words::UnknownWord;
use crate::domain::{Channel, Decided, Fate, InboxId, Settled, TicketId, Timestamp};

const TOTALS: Sql = sql!("SELECT fate, COUNT(*) FROM inbox GROUP BY fate");
const SEEN: Sql = sql!("SELECT COUNT(*) FROM inbox");
const LIST: Sql = sql!(
    "SELECT id, channel, source, external_id, conversation, size_bytes, arrived_at, received_at, attempts, lease_until, done_at,
            fate, reason, ticket_id, article
     FROM inbox WHERE id > $1 AND ($2 IS NULL OR fate = $2) ORDER BY id LIMIT $3"
);
const DECISION: Sql = sql!(
    "SELECT inbox.fate, inbox.reason, inbox.ticket_id, inbox.article, inbox.catalog_version, decisions.decided, decisions.classification,
            decisions.seen
     FROM inbox LEFT JOIN decisions ON decisions.inbox_id = inbox.id WHERE inbox.id = $1 AND inbox.done_at IS NOT NULL"
);

/// How many messages ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LedgerTotals {
    /// Rows in the ledger.
    pub seen: u64,
    /// They opened a ticket.
    pub filed: u64,
    /// They joined a ticket.
    pub joined: u64,
    /// Copies.
    pub duplicate: u64,
    /// Nothing was opened, for a stated reason.
    pub ignored: u64,
    /// Put aside.
    pub buried: u64,
    /// Not decided yet.
    pub pending: u64,
}

impl LedgerTotals {
    /// Whether every message seen is accounted for.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.seen == self.filed + self.joined + self.duplicate + self.ignored + self.buried + self.pending
    }
}

/// A part of a list, ascending by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Only above this row.
    pub after: Option<InboxId>,
    /// At most this many; `None` for all.
    pub limit: Option<u32>,
}

/// Which rows to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxFilter {
    /// Only these.
    pub fate: Option<Fate>,
    /// Which part.
    pub page: Page,
}

/// A received message and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// The row.
    pub id: InboxId,
    /// Where it came from.
    pub channel: Channel,
    /// The configured mailbox or workspace.
    pub source: String,
    /// Its name there.
    pub external_id: String,
    /// See [`crate::domain::Received::conversation`].
    pub conversation: String,
    /// Size of the raw message.
    pub size_bytes: i64,
    /// When the channel took it in.
    pub arrived_at: Timestamp,
    /// When it was stored.
    pub received_at: Timestamp,
    /// Attempts begun.
    pub attempts: i64,
    /// Leased until then when that is in the future.
    pub lease_until: Timestamp,
    /// When it was closed.
    pub done_at: Option<Timestamp>,
    /// What became of it.
    pub fate: Fate,
    /// Why, for ignored and buried ones.
    pub reason: String,
    /// Its ticket.
    pub ticket: Option<TicketId>,
    /// The article that answered it.
    pub article: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    channel: String,
    source: String,
    external_id: String,
    conversation: String,
    size_bytes: i64,
    arrived_at: i64,
    received_at: i64,
    attempts: i64,
    lease_until: i64,
    done_at: Option<i64>,
    fate: String,
    reason: String,
    ticket_id: Option<i64>,
    article: Option<String>,
}

#[derive(sqlx::FromRow)]
struct SettledRow {
    fate: String,
    reason: String,
    ticket_id: Option<i64>,
    article: Option<String>,
    catalog_version: String,
    decided: Option<String>,
    classification: Option<String>,
    seen: Option<String>,
}

impl Store {
    /// Counts over the whole ledger, from one state of the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_totals(&self) -> Result<LedgerTotals, StoreError> {
        let mut tx = self.backend.read().await?;
        let seen: Vec<(i64,)> = tx.fetch(SEEN, []).await?;
        let fates: Vec<(String, i64)> = tx.fetch(TOTALS, []).await?;
        tx.commit().await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let mut totals = LedgerTotals { seen: seen.iter().map(|(n,)| count(*n)).sum(), ..LedgerTotals::default() };
        for (fate, number) in fates {
            // A fate this program does not know is left out, and shows as an unbalanced ledger.
            let Ok(fate) = fate.parse::<Fate>() else { continue };
            let total = match fate {
                Fate::Pending => &mut totals.pending,
                Fate::Filed => &mut totals.filed,
                Fate::Joined => &mut totals.joined,
                Fate::Duplicate => &mut totals.duplicate,
                Fate::Ignored => &mut totals.ignored,
                Fate::Buried => &mut totals.buried,
            };
            *total = count(number);
        }
        Ok(totals)
    }

    /// The ledger's rows, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_rows(&self, page: Page) -> Result<Vec<InboxRow>, StoreError> {
        self.inbox_list(InboxFilter { fate: None, page }).await
    }

    /// Received messages, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn inbox_list(&self, filter: InboxFilter) -> Result<Vec<InboxRow>, StoreError> {
        let args = [
            Arg::Int(filter.page.after.map_or(0, |id| id.0)),
            Arg::MaybeText(filter.fate.map(Fate::as_str)),
            Arg::Int(filter.page.limit.map_or(i64::MAX, i64::from)),
        ];
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(LIST, args).await?;
        tx.commit().await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// How a message ended, with the decision and what the classifier found; `None` while it is pending or unknown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decision_of(&self, id: InboxId) -> Result<Option<Settled>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<SettledRow> = tx.fetch(DECISION, [Arg::Int(id.0)]).await?;
        tx.commit().await?;
        let Some(row) = found.into_iter().next() else { return Ok(None) };
        let corrupt =
            |error: &dyn std::fmt::Display| StoreError::corrupt(format!("decision on inbox row {id}: {error}"));
        let decided: Option<Decided> =
            row.decided.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| corrupt(&error))?;
        let classification =
            row.classification.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| corrupt(&error))?;
        let seen = row.seen.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| corrupt(&error))?;
        Ok(Some(Settled {
            inbox_id: id,
            fate: row.fate.parse().map_err(|error: UnknownWord| corrupt(&error))?,
            reason: row.reason,
            ticket: row.ticket_id.map(TicketId),
            article: row.article,
            catalog_version: row.catalog_version,
            decided,
            classification,
            seen,
        }))
    }
}

impl Row {
    fn read(self) -> Result<InboxRow, StoreError> {
        let corrupt = |error: UnknownWord| StoreError::corrupt(format!("inbox row {}: {error}", self.id));
        Ok(InboxRow {
            id: InboxId(self.id),
            channel: self.channel.parse().map_err(corrupt)?,
            fate: self.fate.parse().map_err(corrupt)?,
            source: self.source,
            external_id: self.external_id,
            conversation: self.conversation,
            size_bytes: self.size_bytes,
            arrived_at: Timestamp(self.arrived_at),
            received_at: Timestamp(self.received_at),
            attempts: self.attempts,
            lease_until: Timestamp(self.lease_until),
            done_at: self.done_at.map(Timestamp),
            reason: self.reason,
            ticket: self.ticket_id.map(TicketId),
            article: self.article,
        })
    }
}
