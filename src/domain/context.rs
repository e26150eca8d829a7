//! What the store knows about a message before it is decided.

use serde::{Deserialize, Serialize};

use super::ticket::Ticket;
use super::{OutboxId, TicketId};

/// What to look up for one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// See [`super::Message::fingerprint`].
    pub fingerprint: String,
    /// Tickets named by signed tokens, strongest first.
    pub tokens: Vec<TicketId>,
    /// Message-IDs it refers to, strongest first, then its own.
    pub thread_keys: Vec<String>,
    /// Sender, lower case.
    pub sender: String,
    /// Message-ID a bounce returns.
    pub bounced_message_id: Option<String>,
}

/// What the store knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// A message with the same fingerprint is stored: its ticket, if it has one.
    pub duplicate: Option<Option<TicketId>>,
    /// The ticket it belongs to, merges followed to the end.
    pub ticket: Option<Ticket>,
    /// Found by a signed token, not only by a Message-ID it refers to.
    pub by_token: bool,
    /// Automatic messages to this sender in the last 24 hours.
    pub automatic_to_sender: u32,
    /// The outgoing message a bounce returns.
    pub bounced: Option<OutboxId>,
}
