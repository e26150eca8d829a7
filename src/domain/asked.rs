//! Questions as the desk keeps them, and the work they made: what support leads look at to write articles.

use super::words::Language;
use super::{InboxId, TicketId, Timestamp};

/// A question the machine did not answer, or answered wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The message.
    pub inbox_id: InboxId,
    /// The ticket it opened.
    pub ticket: TicketId,
    /// Its subject.
    pub subject: String,
    /// What was newly written.
    pub text: String,
    /// Its language.
    pub language: Language,
    /// Who wrote it, lower case.
    pub sender: String,
    /// Their display name.
    pub sender_name: String,
    /// When the channel took it in.
    pub arrived_at: Timestamp,
    /// The decision's word: `suggest`, `file` …
    pub decision: String,
    /// The request type of the ticket now.
    pub intent: Option<String>,
    /// People said that the article it was answered with was wrong.
    pub wrong: bool,
}

/// Something an agent did on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandWork {
    /// On which.
    pub ticket: TicketId,
    /// Who.
    pub agent: String,
    /// When.
    pub at: Timestamp,
}

/// How often an article was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its id.
    pub article: String,
    /// When it was sent or offered for the last time.
    pub last_at: Timestamp,
    /// How often since the time that was asked for.
    pub count: u64,
}
