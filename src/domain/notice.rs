//! What a place that is told learns about a ticket: the same whether it is a webhook, a pager or another tracker.

use serde::{Deserialize, Serialize};

use super::alert::Severity;
use super::priority::Priority;
use super::ticket::Status;
use super::words::words;
use super::{TicketId, Timestamp};

words! {
    /// Why it is told.
    NoticeEvent {
        /// A rule fired.
        Escalated = "escalated",
        /// Monitoring opened it.
        Opened = "opened",
        /// Somebody has it now.
        Acknowledged = "acknowledged",
        /// Something about it changed, or something was said on it.
        Changed = "changed",
        /// It has ended.
        Resolved = "resolved",
        /// It came back after it had ended.
        Reopened = "reopened",
    }
}

/// A detail of a ticket as the request catalogue names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDetail {
    /// The slot: `host`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What the requester said, or the choice's name for people.
    pub value: String,
    /// As the ticket has it: the choice's id where it has one. Empty in notices written before it was kept.
    #[serde(default)]
    pub id: String,
}

/// Parts of a notice as people read them, in the desk's language and time zone. Empty in notices written before they were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeWords {
    /// How soon.
    pub priority: String,
    /// The queue's name.
    pub queue: String,
    /// When the first response is due; `-` when it is not.
    pub first_response_due: String,
    /// When the solution is due; `-` when it is not.
    pub resolution_due: String,
}

/// Where an alert came from, for those who page by host and service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAlert {
    /// The host; empty when none is named.
    pub host: String,
    /// The service; empty when none is named.
    pub service: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is shown.
    pub link: Option<String>,
}

/// What is told about a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The name of the place in the settings.
    pub target: String,
    /// Why it is told.
    pub event: NoticeEvent,
    /// When that was.
    pub at: Timestamp,
    /// The ticket.
    pub ticket: TicketId,
    /// Somebody is to be told at once, whatever the hour.
    pub urgent: bool,
    /// The ticket's subject, one line.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// How soon.
    pub priority: Priority,
    /// Where it waits for people.
    pub queue: String,
    /// Who has it.
    pub assignee: Option<String>,
    /// Who asked: an address.
    pub requester: String,
    /// The request type's name for people.
    pub request_type: Option<String>,
    /// The request type's id.
    #[serde(default)]
    pub intent: Option<String>,
    /// What people read in the place of ids and instants.
    #[serde(default)]
    pub shown: NoticeWords,
    /// Its details, in the catalogue's order.
    pub details: Vec<NoticeDetail>,
    /// The rule that fired; empty when no rule did.
    pub rule: String,
    /// In words: what happened.
    pub because: String,
    /// When the first response is due.
    pub first_response_due_at: Option<Timestamp>,
    /// When the solution is due.
    pub resolution_due_at: Option<Timestamp>,
    /// The alert behind it.
    pub alert: Option<NoticeAlert>,
}

/// A place that was told of a ticket, and is told what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The place.
    pub target: String,
    /// The dedupe key of the last notice to it: the next one waits until that one is out.
    pub key: String,
}
