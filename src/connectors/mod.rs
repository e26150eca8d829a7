//! The outside world. Connectors know messages, never tickets.

pub mod alerts;
mod chat_desk;
pub mod discord;
pub mod email;
mod intake;
pub mod notice;
pub mod scripted;
pub mod slack;

pub use chat_desk::{ChatDesk, Later};
pub use intake::{Handed, Intake, NotStored, intake};

pub use crate::config::{DiscordSettings, SlackSettings};
use crate::domain::{Address, Language};

/// What a chat service took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The post's own id, as [`crate::domain::Message::message_id`] has it for a received message: `slack:C1/1700000000.000100`,
    /// `discord:1234`. What is said below it refers to it.
    pub reference: String,
    /// The thread that was opened for it, where that has an id of its own: `discord:5678`.
    pub thread: Option<String>,
}

/// How a connection is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// It is open and events come in.
    pub connected: bool,
    /// What is wrong.
    pub fault: Option<String>,
    /// Only a person can mend it.
    pub needs_operator: bool,
}

/// One thing `doctor` found out about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `token`, `scope chat:write`, `room C123`.
    pub what: String,
    /// What is wrong and how to mend it; `Ok` with what was seen.
    pub outcome: Result<String, String>,
}

/// Who somebody is, as the chat service vouches for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Shown name; the address is `slack:U…`.
    pub who: Address,
    /// Mail address that the service has confirmed, lower case.
    pub mail: Option<String>,
    /// The language of their programme.
    pub language: Option<Language>,
    /// A machine.
    pub bot: bool,
}

/// A ticket as its requester sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `T-1042`.
    pub ticket: String,
    /// What it is about.
    pub subject: String,
    /// How it stands, in their language.
    pub status: String,
    /// When to expect the next word, in their language; none when it is ended.
    pub due: Option<String>,
}

/// A file that hangs on a chat message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name.
    pub name: String,
    /// Media type as the service says.
    pub media_type: String,
    /// Size as the service says.
    pub size_bytes: i64,
    /// Where it is fetched from.
    pub url: String,
}

/// Why a message could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Worth another try, not before `retry_after_ms` when the server named a time.
    #[error("not sent for now: {reason}")]
    Transient {
        /// What happened.
        reason: String,
        /// The server's own wish.
        retry_after_ms: Option<i64>,
    },
    /// The other side refused it for good.
    #[error("refused: {reason}")]
    Permanent {
        /// What the other side said.
        reason: String,
    },
    /// Nothing can be sent until a person mends the connection (login refused, certificate wrong).
    #[error("needs an operator: {reason}")]
    NeedsOperator {
        /// What is to be mended.
        reason: String,
    },
}
