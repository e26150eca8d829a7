//! Outgoing messages, written in the transaction of their cause and sent later.

use serde::{Deserialize, Serialize};

use super::chat::{Offer, Place};
use super::message::Address;
use super::notice::Notice;
use super::words::{Channel, Language, words};
use super::{TicketId, Timestamp};

words! {
    /// Why it is sent.
    OutboundKind {
        /// "We have it": ticket number and expected time.
        Acknowledgement = "acknowledgement",
        /// An article answers.
        Answer = "answer",
        /// Articles that may answer.
        Suggestion = "suggestion",
        /// Missing details.
        Question = "question",
        /// How the ticket stands.
        StatusReport = "status",
        /// Written by an agent.
        AgentReply = "agent_reply",
        /// For agents: a card in the triage room, a notice of an escalation.
        Notice = "notice",
    }
}

impl OutboundKind {
    /// Whether a machine wrote it (RFC 3834 headers, send limits).
    #[must_use]
    pub const fn is_automatic(self) -> bool {
        !matches!(self, Self::AgentReply)
    }
}

/// One message to be sent. Complete: sending needs nothing but this and the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Unique: `reply:1042:0`. Writing it twice writes it once.
    pub dedupe_key: String,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// How it goes out.
    pub channel: Channel,
    /// The mailbox or workspace it leaves from.
    pub source: String,
    /// Why.
    pub kind: OutboundKind,
    /// Where in chat it is posted; none for mail.
    #[serde(default)]
    pub place: Option<Place>,
    /// Buttons under it, in order; at most 25. Channels without buttons leave them out.
    #[serde(default)]
    pub offers: Vec<Offer>,
    /// The dedupe key of an earlier message that this one takes the place of: the post is changed, none is added.
    #[serde(default)]
    pub replaces: Option<String>,
    /// What a place that is told reads instead of the text; none for mail and chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Box<Notice>>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Subject, one line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Language of the text.
    pub language: Language,
    /// Message-ID without angle brackets, chosen once: a repeat carries the same.
    pub message_id: String,
    /// Message-ID of what it answers.
    pub in_reply_to: Option<String>,
    /// References, first kept, at most 20.
    pub references: Vec<String>,
    /// Not before this.
    pub send_at: Timestamp,
}
