//! Tickets and what happens to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalog::Due;
use super::chat::{Button, Place};
use super::message::Address;
use super::priority::Priority;
use super::words::{Channel, Language, words};
use super::{InboxId, TicketId, Timestamp};

words! {
    /// Where a ticket stands.
    Status {
        /// Nobody has looked at it.
        New = "new",
        /// Being worked on.
        Open = "open",
        /// Waits for the requester.
        Waiting = "waiting",
        /// Answered by the machine; closes unless the requester comes back.
        Answered = "answered",
        /// Solved, as the agent or the requester said.
        Resolved = "resolved",
        /// Done.
        Closed = "closed",
    }
}

/// A ticket's whole state. `version` counts its changes: a change names the version it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// `T-1042`.
    pub id: TicketId,
    /// 0 for a ticket that is not stored yet; the stored value otherwise.
    pub version: i64,
    /// Where it stands.
    pub status: Status,
    /// Subject of the first message.
    pub subject: String,
    /// Who asked.
    pub requester: Address,
    /// Addresses that may write on it and see its answers, lower case; the requester is one.
    pub participants: Vec<String>,
    /// Where it came from.
    pub channel: Channel,
    /// The mailbox or workspace it came through; replies leave from there.
    pub source: String,
    /// Where it waits for people.
    pub queue: String,
    /// How soon.
    pub priority: Priority,
    /// The request type; `None` when none was found.
    pub intent: Option<String>,
    /// The language of its replies.
    pub language: Language,
    /// The agent who has it.
    pub assignee: Option<String>,
    /// Details known so far.
    pub slots: BTreeMap<String, String>,
    /// Details still to be asked for.
    pub missing: Vec<String>,
    /// How often missing details were asked for.
    pub questions_asked: u32,
    /// Automatic messages sent on it.
    pub automatic_sent: u32,
    /// The article that answered it or was suggested.
    pub article: Option<String>,
    /// When its first message arrived.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// First answer by a person.
    pub first_response_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// When the promises fall due.
    pub due: Due,
    /// Promises missed, ours or the contract's: `first_response`, `next_response`, `next_update`, `resolution`.
    pub breached: Vec<String>,
    /// Merged: everything for it goes to this one.
    pub merged_into: Option<TicketId>,
    /// Another ticket it belongs beside.
    pub linked_to: Option<TicketId>,
    /// Its clocks, and what the escalation rules look at.
    #[serde(default)]
    pub promises: super::promise::Promises,
    /// Where in chat it was opened: agents' replies go there. None for mail.
    #[serde(default)]
    pub place: Option<Place>,
    /// Buttons its requester pressed, as far as their effect lasts: pressing them again changes nothing.
    #[serde(default)]
    pub pressed: Vec<Button>,
    /// What desk rules called it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Its card in the triage rooms.
    #[serde(default)]
    pub card: Option<Card>,
    /// How far the desk's processes have come with it.
    #[serde(default, skip_serializing_if = "super::Course::is_empty")]
    pub course: super::Course,
}

/// What agents see of a ticket in their room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Dedupe key of the first post, to which the room's channel is added; later ones change that post.
    pub key: String,
    /// The beginning of the request.
    pub excerpt: String,
    /// An open ticket of the same person that may be the same case.
    pub same_as: Option<TicketId>,
}

impl Ticket {
    /// What stands where something of a requester was erased.
    pub const ERASED: &'static str = "(erased)";

    /// The ticket without anything its requester wrote or is known by; what figures are counted from stays.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self {
            subject: Self::ERASED.to_owned(),
            requester: Address { name: String::new(), address: format!("erased:{}", self.id.0) },
            participants: Vec::new(),
            slots: BTreeMap::new(),
            missing: Vec::new(),
            place: None,
            pressed: Vec::new(),
            card: None,
            course: self.course.erased(self.id),
            ..self.clone()
        }
    }

    /// The ticket of somebody else without the person who has `addresses` (lower case) and whose messages arrived at `wrote`.
    #[must_use]
    pub fn without(&self, addresses: &[String], wrote: &[Timestamp]) -> Self {
        let mut ticket = self.clone();
        ticket.participants.retain(|one| !addresses.contains(&one.to_lowercase()));
        let gone = ticket.course.erased(self.id);
        let is_theirs = |rating: &super::Rating| addresses.contains(&rating.by.to_lowercase());
        if ticket.course.rating.as_ref().is_some_and(is_theirs) {
            ticket.course.rating = gone.rating;
        }
        if ticket.course.complaint.as_ref().is_some_and(|complaint| wrote.contains(&complaint.at)) {
            ticket.course.complaint = gone.complaint;
        }
        ticket
    }
}

words! {
    /// What happened to a ticket.
    EventKind {
        /// It was opened.
        Opened = "opened",
        /// A message came in on it.
        MessageIn = "message_in",
        /// Something was noted on it: an automatic mail, what the scanner said of a file.
        Note = "note",
        /// A message went out on it.
        MessageOut = "message_out",
        /// Its status changed.
        Status = "status",
        /// It changed queues.
        Queue = "queue",
        /// Its priority changed.
        Priority = "priority",
        /// Its assignee changed.
        Assignee = "assignee",
        /// Details were learnt.
        Slots = "slots",
        /// It was passed up.
        Escalated = "escalated",
        /// It was merged into another.
        Merged = "merged",
        /// Another was split off it, or it was linked.
        Linked = "linked",
        /// A clock warned, was missed, or got other terms.
        Clock = "clock",
        /// Leave to start work was asked for, given or refused.
        Approval = "approval",
        /// A delivery failed or was delayed.
        Delivery = "delivery",
    }
}

/// One line of a ticket's history. Never changed, never deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketEvent {
    /// Whose history.
    pub ticket: TicketId,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Who did it: `rule`, `requester` or an agent's name.
    pub actor: String,
    /// In words: `new → waiting`.
    pub detail: String,
}

/// How details begin that others read: reports count by them, the audit log names by them.
impl TicketEvent {
    /// An agent said that they see to it.
    pub const ACKNOWLEDGED: &str = "acknowledged";
    /// An interim report went out; its number follows.
    pub const REPORTED: &str = "interim report ";
    /// The service is back; for how many minutes it was down, and why, follows.
    pub const DOWN: &str = "down for ";
    /// What was done about a complaint follows.
    pub const COMPLAINT: &str = "complaint: ";
    /// The key of a problem follows.
    pub const PROBLEM: &str = "problem ";
    /// An alert that was known to fire was reported once more.
    pub const STILL_FIRING: &str = "still firing";
    /// An alert came back and joined its ticket.
    pub const FIRING_AGAIN: &str = "firing again";
    /// An alert was gathered on the ticket of a storm: its number, and [`Self::OF_STORM`], follow.
    pub const GATHERED: &str = "alert ";
    /// See [`Self::GATHERED`].
    pub const OF_STORM: &str = "of the storm";
}

/// A message as the ticket keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// The inbox row it came in by.
    pub inbox_id: InboxId,
    /// The ticket it belongs to; `None` when it belongs to none.
    pub ticket: Option<TicketId>,
    /// See [`super::Message::fingerprint`]. Unique.
    pub fingerprint: String,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Who wrote it.
    pub from: Address,
    /// Subject.
    pub subject: String,
    /// Whole readable body.
    pub text: String,
    /// What was newly written.
    pub reply_text: String,
    /// Language.
    pub language: Language,
    /// Files that came with it.
    pub attachments: Vec<super::message::Attachment>,
    /// When the channel took it in.
    pub arrived_at: Timestamp,
}
