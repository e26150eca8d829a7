//! What a report is made of: values read from the store, and what a support lead says about figures.

use super::course::{Complaint, Rating};
use super::feedback::Vote;
use super::problem::ProblemRecord;
use super::ticket::{Ticket, TicketEvent};
use super::{InboxId, OutboxId, TicketId, Timestamp};

/// A stretch of time: `from` inclusive, `to` exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

impl Span {
    /// Whether `at` is in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// A ticket with its whole history, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketLife {
    /// The ticket as it is now.
    pub ticket: Ticket,
    /// What happened to it.
    pub events: Vec<TicketEvent>,
}

/// What a report needs beside the tickets, for one span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beside {
    /// What people said of decisions in the span.
    pub votes: Vec<Vote>,
    /// How often each article was sent as the answer to a message of the span.
    pub sent: Vec<(String, u64)>,
    /// Outgoing messages written in the span that were given up, with their tickets.
    pub failed: Vec<(OutboxId, Option<TicketId>)>,
    /// Messages of the span that could not be handled.
    pub buried: Vec<InboxId>,
    /// How content requesters said they are in the span, oldest first.
    pub rated: Vec<(TicketId, Rating)>,
    /// The register's complaints of the span, oldest first.
    pub complaints: Vec<(TicketId, Complaint)>,
    /// All matters as they stand now, whatever the span.
    pub problems: Vec<ProblemRecord>,
}

/// How satisfied somebody is on the whole, among the names of questions.
pub const OVERALL: &str = "overall";

/// What a support lead says about the figures of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportTerms {
    /// Minutes a person would have needed for what the machine did.
    pub saved: SavedMinutes,
    /// Minutes a reply of a person takes.
    pub reply_minutes: f64,
    /// Minutes any other change by a person takes.
    pub change_minutes: f64,
    /// The share of our own targets that must be met, 0 to 1.
    pub slo_share: f64,
    /// The share of the contract's promises that must be kept, 0 to 1.
    pub sla_share: f64,
    /// The mean time to recovery may be so many minutes …
    pub mttr_minutes: f64,
    /// … the longest outage so many …
    pub longest_minutes: f64,
    /// … and there may be so many outages in a period.
    pub outages: u32,
    /// What the desk says of itself: period, question (or [`OVERALL`]) and score.
    pub own: Vec<(String, String, u8)>,
    /// Request types that report an incident.
    pub incident_types: Vec<String>,
    /// Request types that are a complaint.
    pub complaint_types: Vec<String>,
}

/// Minutes a person would have needed for each thing the machine did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SavedMinutes {
    /// A ticket filed.
    pub filed: f64,
    /// A ticket passed to the second line by a rule.
    pub escalated: f64,
    /// A request answered with an article.
    pub answered: f64,
    /// Articles suggested.
    pub suggested: f64,
    /// Missing details asked for.
    pub asked: f64,
    /// The requester told how things stand, receipts included.
    pub informed: f64,
    /// A repeated alert put on the ticket that was there.
    pub joined: f64,
}

impl Default for ReportTerms {
    /// The minutes are those a desk of 26,200 tickets a year measured; what it did not measure counts as nothing.
    fn default() -> Self {
        Self {
            saved: SavedMinutes {
                filed: 15.3,
                escalated: 10.0,
                answered: 10.0,
                suggested: 0.0,
                asked: 0.0,
                informed: 0.0,
                joined: 0.0,
            },
            reply_minutes: 10.0,
            change_minutes: 2.0,
            slo_share: 0.95,
            sla_share: 1.0,
            mttr_minutes: 60.0,
            longest_minutes: 240.0,
            outages: 3,
            own: Vec::new(),
            incident_types: vec!["incident".to_owned(), "security-incident".to_owned()],
            complaint_types: vec!["complaint".to_owned()],
        }
    }
}
