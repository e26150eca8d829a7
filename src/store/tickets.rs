//! Reading tickets.

use super::backend::{Arg, Sql, Tx, sql};
use super::outbox_rows::{self, OutboxRow};
use super::{Store, StoreError, rows};
use crate::domain::words::UnknownWord;
use crate::domain::{
    Address, Attachment, Channel, InboxId, Status, StoredMessage, Ticket, TicketEvent, TicketId, Timestamp,
};

const LIST: Sql = sql!(
    "SELECT t.version, t.body,
            (SELECT COUNT(*) FROM messages AS m WHERE m.ticket_id = t.id) + (SELECT COUNT(*) FROM outbox AS o WHERE o.ticket_id = t.id)
     FROM tickets AS t
     WHERE t.id < $1 AND ($2 IS NULL OR t.status = $2) AND ($3 IS NULL OR t.queue = $3) AND ($4 IS NULL OR t.assignee = $4)
       AND ($5 IS NULL OR t.requester = $5) AND ($6 IS NULL OR t.channel = $6) AND t.updated_at < $7
     ORDER BY t.id DESC LIMIT $8"
);
const ONE: Sql = sql!("SELECT version, body FROM tickets WHERE id = $1");
const DUE: Sql = sql!(
    "SELECT version, body FROM tickets WHERE next_due_at IS NOT NULL AND next_due_at <= $1 ORDER BY next_due_at, id LIMIT $2"
);
const EVENTS: Sql = sql!("SELECT at, kind, actor, detail FROM ticket_events WHERE ticket_id = $1 ORDER BY id");
const MESSAGES: Sql = sql!(
    "SELECT inbox_id, ticket_id, fingerprint, message_id, sender, sender_name, subject, text, reply_text, language, arrived_at
     FROM messages WHERE ticket_id = $1 ORDER BY inbox_id"
);
const ATTACHMENTS: Sql = sql!(
    "SELECT attachments.inbox_id, attachments.name, attachments.media_type, attachments.size_bytes, attachments.inline,
            attachments.sha256, attachments.scan, attachments.warnings
     FROM messages JOIN attachments ON attachments.inbox_id = messages.inbox_id
     WHERE messages.ticket_id = $1 ORDER BY attachments.inbox_id, attachments.n"
);

const FILES_OF: Sql = sql!(
    "SELECT inbox_id, name, media_type, size_bytes, inline, sha256, scan, warnings FROM attachments WHERE inbox_id = $1 ORDER BY n"
);

/// Which tickets to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only these.
    pub status: Option<Status>,
    /// Only of this queue.
    pub queue: Option<String>,
    /// Only of this agent.
    pub assignee: Option<String>,
    /// Only of this requester.
    pub requester: Option<String>,
    /// Only from there.
    pub channel: Option<Channel>,
    /// Only those last changed before this.
    pub updated_before: Option<Timestamp>,
    /// Only below this number.
    pub before: Option<TicketId>,
    /// At most this many; `None` for all.
    pub limit: Option<u32>,
}

/// A ticket in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// Messages in and out.
    pub messages: i64,
}

/// A message of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketMessage {
    /// It came in.
    In(Box<StoredMessage>),
    /// It went out, or will.
    Out(Box<OutboxRow>),
}

impl TicketMessage {
    /// When it arrived or was written.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::In(message) => message.arrived_at,
            Self::Out(row) => row.created_at,
        }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct MessageRow {
    inbox_id: i64,
    ticket_id: Option<i64>,
    fingerprint: String,
    message_id: Option<String>,
    sender: String,
    sender_name: String,
    subject: String,
    text: String,
    reply_text: String,
    language: String,
    arrived_at: i64,
}

#[derive(sqlx::FromRow)]
pub(super) struct AttachmentRow {
    pub(super) inbox_id: i64,
    name: String,
    media_type: String,
    size_bytes: i64,
    inline: i64,
    sha256: String,
    scan: String,
    warnings: String,
}

impl Store {
    /// Tickets, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tickets(&self, filter: &TicketFilter) -> Result<Vec<ListedTicket>, StoreError> {
        let requester = filter.requester.as_ref().map(|address| address.to_lowercase());
        let args = [
            Arg::Int(filter.before.map_or(i64::MAX, |id| id.0)),
            Arg::MaybeText(filter.status.map(Status::as_str)),
            Arg::MaybeText(filter.queue.as_deref()),
            Arg::MaybeText(filter.assignee.as_deref()),
            Arg::MaybeText(requester.as_deref()),
            Arg::MaybeText(filter.channel.map(Channel::as_str)),
            Arg::Int(filter.updated_before.map_or(i64::MAX, |at| at.0)),
            Arg::Int(filter.limit.map_or(i64::MAX, i64::from)),
        ];
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64, String, i64)> = tx.fetch(LIST, args).await?;
        tx.commit().await?;
        let read = |(version, body, messages): (i64, String, i64)| {
            Ok(ListedTicket { ticket: rows::ticket(version, &body)?, messages })
        };
        found.into_iter().map(read).collect()
    }

    /// The ticket `id`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        Ok(self.ticket_bodies(ONE, vec![Arg::Int(id.0)]).await?.into_iter().next())
    }

    /// Unsolved tickets with a promise due by `now` that is neither kept nor noted as missed, the longest overdue first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tickets_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Ticket>, StoreError> {
        self.ticket_bodies(DUE, vec![Arg::Int(now.0), Arg::Int(i64::from(limit))]).await
    }

    async fn ticket_bodies(&self, sql: Sql, args: Vec<Arg<'_>>) -> Result<Vec<Ticket>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64, String)> = tx.fetch(sql, args).await?;
        tx.commit().await?;
        found.into_iter().map(|(version, body)| rows::ticket(version, &body)).collect()
    }

    /// A ticket's history, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ticket_events(&self, id: TicketId) -> Result<Vec<TicketEvent>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64, String, String, String)> = tx.fetch(EVENTS, [Arg::Int(id.0)]).await?;
        tx.commit().await?;
        let read = |(at, kind, actor, detail): (i64, String, String, String)| {
            let kind = kind.parse().map_err(|error| StoreError::corrupt(format!("history of {id}: {error}")))?;
            Ok(TicketEvent { ticket: id, at: Timestamp(at), kind, actor, detail })
        };
        found.into_iter().map(read).collect()
    }

    /// A ticket's messages in and out, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ticket_messages(&self, id: TicketId) -> Result<Vec<TicketMessage>, StoreError> {
        let mut tx = self.backend.read().await?;
        let incoming = incoming(&mut tx, id).await?;
        let outgoing = outbox_rows::of_ticket(&mut tx, id).await?;
        tx.commit().await?;
        let mut messages: Vec<TicketMessage> =
            incoming.into_iter().map(|message| TicketMessage::In(Box::new(message))).collect();
        messages.extend(outgoing.into_iter().map(|row| TicketMessage::Out(Box::new(row))));
        // Stable: what came in stands before its answer written in the same millisecond.
        messages.sort_by_key(TicketMessage::at);
        Ok(messages)
    }

    /// The files that came with a message, in their order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn attachments(&self, id: InboxId) -> Result<Vec<Attachment>, StoreError> {
        let mut tx = self.backend.read().await?;
        let files: Vec<AttachmentRow> = tx.fetch(FILES_OF, [Arg::Int(id.0)]).await?;
        tx.commit().await?;
        files.into_iter().map(AttachmentRow::read).collect()
    }
}

async fn incoming(tx: &mut Tx, id: TicketId) -> Result<Vec<StoredMessage>, StoreError> {
    let found: Vec<MessageRow> = tx.fetch(MESSAGES, [Arg::Int(id.0)]).await?;
    let mut messages = found.into_iter().map(MessageRow::read).collect::<Result<Vec<_>, _>>()?;
    let files: Vec<AttachmentRow> = tx.fetch(ATTACHMENTS, [Arg::Int(id.0)]).await?;
    for file in files {
        let inbox_id = InboxId(file.inbox_id);
        let file = file.read()?;
        if let Some(message) = messages.iter_mut().find(|message| message.inbox_id == inbox_id) {
            message.attachments.push(file);
        }
    }
    Ok(messages)
}

impl MessageRow {
    pub(super) fn read(self) -> Result<StoredMessage, StoreError> {
        let corrupt =
            |error: UnknownWord| StoreError::corrupt(format!("message of inbox row {}: {error}", self.inbox_id));
        Ok(StoredMessage {
            inbox_id: InboxId(self.inbox_id),
            ticket: self.ticket_id.map(TicketId),
            fingerprint: self.fingerprint,
            message_id: self.message_id,
            from: Address { name: self.sender_name, address: self.sender },
            subject: self.subject,
            text: self.text,
            reply_text: self.reply_text,
            language: self.language.parse().map_err(corrupt)?,
            attachments: Vec::new(),
            arrived_at: Timestamp(self.arrived_at),
        })
    }
}

impl AttachmentRow {
    pub(super) fn read(self) -> Result<Attachment, StoreError> {
        let corrupt = |error: UnknownWord| StoreError::corrupt(format!("file of inbox row {}: {error}", self.inbox_id));
        Ok(Attachment {
            name: self.name,
            media_type: self.media_type,
            size_bytes: self.size_bytes,
            inline: self.inline != 0,
            sha256: self.sha256,
            scan: self.scan.parse().map_err(corrupt)?,
            warnings: serde_json::from_str(&self.warnings)?,
        })
    }
}
