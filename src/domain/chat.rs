//! Chat as the rules see it: where something was said, and what people do there beside writing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TicketId;
use super::words::Language;

/// A place in a chat service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The room's id: a Slack conversation (`C…`, `G…`, `D…`), a Discord channel.
    pub room: String,
    /// The thread in the room: the `ts` of its first message (Slack), the thread's own channel id (Discord). On a received
    /// message outside of a thread this is the message's own id: what is answered is answered in a thread below it.
    pub thread: Option<String>,
    /// A conversation with one person only: it needs no threads.
    pub direct: bool,
    /// The room where agents see new tickets: what is said here is never said by a requester.
    pub triage: bool,
}

/// What a person did, when it was not writing a new message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Changed an earlier message; the new text is the message's.
    Edited {
        /// [`super::Message::message_id`] of the earlier message.
        original: String,
    },
    /// Took an earlier message back.
    Deleted {
        /// [`super::Message::message_id`] of the earlier message.
        original: String,
    },
    /// Pressed a button, or chose from a menu, under a message of ours.
    Pressed {
        /// The ticket the message was about; none for an answer to `/ask`.
        ticket: Option<TicketId>,
        /// Which one.
        button: Button,
    },
    /// Wants a ticket, whatever an article says: `/ticket`, the message shortcut, the reaction.
    WantsTicket,
    /// Filled in a form; the message's text is the free text of the form.
    Filled {
        /// The ticket whose details were asked for; none opens one.
        ticket: Option<TicketId>,
        /// The request type chosen.
        intent: Option<String>,
        /// Details by slot name; empty ones are left out.
        slots: BTreeMap<String, String>,
    },
    /// Wants answers in this language from now on, whatever they write in; `None` follows the message again.
    Speaks {
        /// The language.
        language: Option<Language>,
    },
    /// A monitoring system reports.
    Alert {
        /// What.
        alert: Box<super::Alert>,
    },
    /// Says by a code that they are the person who asked for it on another channel. Without a code, asks for one.
    Links {
        /// The code, as typed.
        code: Option<String>,
    },
}

/// A button under a message of ours. Its serialised form travels through the chat service and comes back when it is
/// pressed, so that buttons work for as long as the message is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "button", rename_all = "snake_case")]
pub enum Button {
    /// "That solved it".
    Solved,
    /// "Not solved yet".
    NotSolved,
    /// "Talk to a person".
    Person,
    /// One of the suggested articles.
    Article {
        /// Its id.
        id: String,
    },
    /// Opens the form for missing details. Handled where forms are shown; it never reaches the rules.
    Details {
        /// The request type.
        intent: String,
    },
    /// Satisfaction.
    Rate {
        /// 1 (worst) to 5.
        score: u8,
    },
    /// An agent takes the ticket.
    Take,
    /// An agent gives the ticket to another; the message's text names them.
    Assign,
    /// An agent says it is solved.
    Resolve,
    /// Work may start.
    Approve,
    /// It is not to be done.
    Decline,
    /// An agent says that this ticket and another are one case.
    Join {
        /// The other ticket, which stays.
        into: TicketId,
    },
    /// An agent takes a join back.
    Split {
        /// The ticket it was joined into.
        from: TicketId,
    },
}

/// A button with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What pressing it means.
    pub button: Button,
    /// What stands on it, at most 75 characters.
    pub label: String,
}

/// A person over all channels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The requester's number in the store.
    pub id: i64,
    /// Every address that is known to be theirs: mail addresses, `slack:U…`, `discord:…`. Lower case.
    pub addresses: Vec<String>,
    /// The language they want, whatever they write in.
    pub language: Option<Language>,
}
