//! What the desk's processes keep on a ticket: who acknowledged it, who approved it, how the requester liked it.

use serde::{Deserialize, Serialize};

use super::words::words;
use super::{InboxId, TicketId, Timestamp};

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// A person's name; `rule` for the machine.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A list of people who are told one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The list's name.
    pub list: String,
    /// The how-manieth call on this ticket, counted from 1.
    pub number: u32,
    /// How many were told so far.
    pub told: u32,
    /// When the next one is told.
    pub next_at: Timestamp,
    /// Why, in words.
    pub because: String,
    /// The same in Japanese; empty in calls that are older than these words.
    #[serde(default)]
    pub because_ja: String,
}

words! {
    /// How an approval stands.
    Verdict {
        /// Nobody has said anything yet.
        Wanted = "wanted",
        /// Work may start.
        Approved = "approved",
        /// It is not to be done.
        Declined = "declined",
    }
}

/// Leave for work that may affect the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// How it stands.
    pub verdict: Verdict,
    /// Since when it is waited for.
    pub wanted_at: Timestamp,
    /// Who said so, and when; none while it is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Mark>,
    /// What they said with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A service that was down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Why it was down; empty when that is not known.
    #[serde(default)]
    pub cause: String,
}

/// A complaint as the register shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// When it was made.
    pub at: Timestamp,
    /// What about: a service, a host; empty when that is not known.
    pub service: String,
    /// The beginning of what was written.
    pub content: String,
    /// What was done about it; empty until somebody says.
    #[serde(default)]
    pub action: String,
    /// Who did it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Mark>,
}

/// How content a requester is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// 1 (worst) to 5.
    pub score: u8,
    /// What they wrote with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Who: an address, lower case.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What the processes keep on a ticket. A value: only rules and people's actions make the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// No rule said where it waits: it is in the default queue.
    #[serde(skip_serializing_if = "is_default")]
    pub unrouted: bool,
    /// What its agent has to know.
    #[serde(skip_serializing_if = "is_default")]
    pub skills: Vec<String>,
    /// The move between queues (see [`super::Promises::moves`]) for which the machine gave it an agent.
    #[serde(skip_serializing_if = "is_default")]
    pub given_at_move: Option<u32>,
    /// The agent was chosen by the machine, and no person has said anything to it since.
    #[serde(skip_serializing_if = "is_default")]
    pub given: bool,
    /// The person who said that they see to it, since it is in its queue.
    #[serde(skip_serializing_if = "is_default")]
    pub acknowledged: Option<Mark>,
    /// Lists that are being gone through.
    #[serde(skip_serializing_if = "is_default")]
    pub calls: Vec<Call>,
    /// How many calls were begun.
    #[serde(skip_serializing_if = "is_default")]
    pub called: u32,
    /// Leave to start work, where the request type needs it.
    #[serde(skip_serializing_if = "is_default")]
    pub approval: Option<Approval>,
    /// Interim reports that were sent.
    #[serde(skip_serializing_if = "is_default")]
    pub reports: u32,
    /// When the service was down, once it is back.
    #[serde(skip_serializing_if = "is_default")]
    pub outage: Option<Outage>,
    /// The complaint in it.
    #[serde(skip_serializing_if = "is_default")]
    pub complaint: Option<Complaint>,
    /// When the requester was asked how satisfied they are.
    #[serde(skip_serializing_if = "is_default")]
    pub asked_at: Option<Timestamp>,
    /// When the requester said that it is solved.
    #[serde(skip_serializing_if = "is_default")]
    pub confirmed_at: Option<Timestamp>,
    /// What they answered.
    #[serde(skip_serializing_if = "is_default")]
    pub rating: Option<Rating>,
    /// What they answered to the desk's own questions: name and score.
    #[serde(skip_serializing_if = "is_default")]
    pub answers: Vec<(String, u8)>,
    /// Since when nobody has said anything.
    #[serde(skip_serializing_if = "is_default")]
    pub quiet_since: Option<Timestamp>,
    /// When the requester was told that it will be closed.
    #[serde(skip_serializing_if = "is_default")]
    pub close_warned_at: Option<Timestamp>,
    /// The matter it was counted under.
    #[serde(skip_serializing_if = "is_default")]
    pub matter: Option<String>,
    /// Tickets it belongs beside, in the order they were linked.
    #[serde(skip_serializing_if = "is_default")]
    pub links: Vec<TicketId>,
    /// Messages on it that their writers changed, and when last: an earlier change that comes later changes nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub rewritten: Vec<(InboxId, Timestamp)>,
}

impl Course {
    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        is_default(self)
    }

    /// What figures are counted from, without any words: neither the requester's nor those written about their matter.
    #[must_use]
    pub fn erased(&self, ticket: TicketId) -> Self {
        let mut course = self.clone();
        course.calls.clear();
        // It is named by a detail of the request.
        course.matter = None;
        if let Some(approval) = &mut course.approval {
            approval.note.clear();
        }
        if let Some(outage) = &mut course.outage {
            outage.cause.clear();
        }
        if let Some(complaint) = &mut course.complaint {
            complaint.service.clear();
            super::Ticket::ERASED.clone_into(&mut complaint.content);
            if !complaint.action.is_empty() {
                super::Ticket::ERASED.clone_into(&mut complaint.action);
            }
        }
        if let Some(rating) = &mut course.rating {
            rating.comment.clear();
            rating.by = format!("erased:{}", ticket.0);
        }
        course
    }

    /// Whether work has to wait for leave.
    #[must_use]
    pub fn waits_for_approval(&self) -> bool {
        self.approval.as_ref().is_some_and(|approval| approval.verdict == Verdict::Wanted)
    }
}
