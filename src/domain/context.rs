//! What the store knows about a message before it is decided.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chat::Person;
use super::ticket::{StoredMessage, Ticket};
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
    /// The sender's mail address as a chat service vouches for it.
    pub verified_mail: Option<String>,
    /// Message-ID of an earlier message that was changed or taken back, or that this one may be a second copy of.
    pub original: Option<String>,
    /// The ticket an act names: it is loaded as it is, merged or not.
    pub named: Option<TicketId>,
    /// A second ticket the act names.
    pub other: Option<TicketId>,
    /// Digest of a linking code that was typed.
    pub code: Option<String>,
    /// Queues whose load is wanted.
    pub loads: Vec<String>,
    /// The alert it is.
    pub alert: Option<super::AlertProbe>,
    /// The newest message of the ticket's requester is wanted: an agent may be answering it.
    pub wants_last: bool,
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
    /// The sender over all channels: known by an address, or vouched for with this message.
    pub person: Option<Person>,
    /// A mail address is vouched for that is not noted as theirs yet.
    pub is_newly_vouched: bool,
    /// Tickets of the sender that are open or ended within three days, newest first, at most five.
    pub recent: Vec<Ticket>,
    /// The earlier message the probe asked for.
    pub original: Option<Original>,
    /// The ticket an act names, as it is.
    pub named: Option<Ticket>,
    /// The second ticket the act names, as it is.
    pub other: Option<Ticket>,
    /// The newest message on [`Known::ticket`] that came in.
    pub last: Option<StoredMessage>,
    /// What is known of a linking code that was typed.
    pub link: Link,
    /// New and open tickets in the queues the probe asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loads: BTreeMap<String, u32>,
    /// What is known of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Box<super::AlertKnown>>,
}

/// An earlier message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// As it is kept, without its files.
    pub message: StoredMessage,
    /// Further messages that came in on its ticket.
    pub others: u32,
}

/// What is known about linking by code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The address of the person who asked for the code, while it may be used.
    pub owner: Option<String>,
    /// Codes the sender has typed within an hour.
    pub tries_within_hour: u32,
    /// Codes the sender's address has ever typed.
    pub tries: u32,
}
