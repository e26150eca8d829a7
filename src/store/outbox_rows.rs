//! Reading the outbox.

use super::backend::{Arg, Sql, Tx, sql};
use super::{Store, StoreError};
use crate::domain::words::UnknownWord;
use crate::domain::{Outbound, OutboxId, TicketId, Timestamp};

/// Where an outgoing message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// To be sent, or being sent.
    Waiting,
    /// The other side took it.
    Delivered,
    /// Given up.
    Failed,
}

impl OutboxState {
    /// The spelling in the store and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for OutboxState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "waiting" => Ok(Self::Waiting),
            "delivered" => Ok(Self::Delivered),
            "failed" => Ok(Self::Failed),
            _ => Err(UnknownWord { word: text.to_owned(), known: "waiting, delivered, failed".to_owned() }),
        }
    }
}

/// An outgoing message and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its row.
    pub id: OutboxId,
    /// The message.
    pub outbound: Outbound,
    /// Where it stands.
    pub state: OutboxState,
    /// Attempts begun.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is due next: the wish of the writer, of the last postponement, or the end of the sender's lease.
    pub next_at: Timestamp,
    /// When it was delivered or given up.
    pub done_at: Option<Timestamp>,
    /// The last error; empty when there was none.
    pub error: String,
    /// When it came back after all.
    pub bounced_at: Option<Timestamp>,
}

/// Which outgoing messages to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    /// Only these.
    pub state: Option<OutboxState>,
    /// Only above this row.
    pub after: Option<OutboxId>,
    /// At most this many; `None` for all.
    pub limit: Option<u32>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    body: String,
    state: String,
    attempts: i64,
    created_at: i64,
    next_at: i64,
    done_at: Option<i64>,
    error: String,
    bounced_at: Option<i64>,
}

const LIST: Sql = sql!(
    "SELECT id, body, state, attempts, created_at, next_at, done_at, error, bounced_at FROM outbox
     WHERE id > $1 AND ($2 IS NULL OR state = $2) ORDER BY id LIMIT $3"
);
const OF_TICKET: Sql = sql!(
    "SELECT id, body, state, attempts, created_at, next_at, done_at, error, bounced_at FROM outbox
     WHERE ticket_id = $1 ORDER BY id"
);

impl Store {
    /// Outgoing messages, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outbox_list(&self, filter: &OutboxFilter) -> Result<Vec<OutboxRow>, StoreError> {
        let args = [
            Arg::Int(filter.after.map_or(0, |id| id.0)),
            Arg::MaybeText(filter.state.map(OutboxState::as_str)),
            Arg::Int(filter.limit.map_or(i64::MAX, i64::from)),
        ];
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(LIST, args).await?;
        tx.commit().await?;
        rows.into_iter().map(Row::read).collect()
    }
}

/// Everything that went out or will go out on a ticket, oldest first.
pub(super) async fn of_ticket(tx: &mut Tx, id: TicketId) -> Result<Vec<OutboxRow>, StoreError> {
    let rows: Vec<Row> = tx.fetch(OF_TICKET, [Arg::Int(id.0)]).await?;
    rows.into_iter().map(Row::read).collect()
}

impl Row {
    fn read(self) -> Result<OutboxRow, StoreError> {
        let corrupt = |error: &dyn std::fmt::Display| StoreError::corrupt(format!("outbox row {}: {error}", self.id));
        Ok(OutboxRow {
            id: OutboxId(self.id),
            outbound: serde_json::from_str(&self.body).map_err(|error| corrupt(&error))?,
            state: self.state.parse().map_err(|error: UnknownWord| corrupt(&error))?,
            attempts: self.attempts,
            created_at: Timestamp(self.created_at),
            next_at: Timestamp(self.next_at),
            done_at: self.done_at.map(Timestamp),
            error: self.error,
            bounced_at: self.bounced_at.map(Timestamp),
        })
    }
}
