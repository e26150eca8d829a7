//! The list of problems: matters behind several tickets, with owner, cause and workaround.

use serde::Serialize;

use super::words::words;
use super::{TicketId, Timestamp};

words! {
    /// How a problem stands.
    ProblemState {
        /// It was seen, not yet often enough.
        Counted = "counted",
        /// It is on the list.
        Open = "open",
        /// It is settled; seen again often enough, it comes back.
        Closed = "closed",
    }
}

/// A matter as it is kept. `version` counts its changes: a change names the version it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemRecord {
    /// Unique: `incident/web01`.
    pub key: String,
    /// See above.
    pub version: i64,
    /// In one line.
    pub title: String,
    /// How it stands.
    pub state: ProblemState,
    /// Who sees to it.
    pub owner: Option<String>,
    /// Why it happens.
    pub cause: Option<String>,
    /// What helps until it is settled: with one it is a known error.
    pub workaround: Option<String>,
    /// Where it was seen first.
    pub first_ticket: TicketId,
    /// Where it was seen last.
    pub last_ticket: TicketId,
    /// How often it was seen.
    pub times: i64,
    /// Since when it is on the list; when it was first seen for one that is only counted.
    pub opened_at: Timestamp,
    /// When it was seen last.
    pub seen_at: Timestamp,
    /// When its owner is nudged next.
    pub nudge_at: Option<Timestamp>,
    /// When it was settled.
    pub closed_at: Option<Timestamp>,
    /// How it was settled.
    pub closed_because: Option<String>,
    /// When it was looked at last.
    pub reviewed_at: Option<Timestamp>,
    /// Its tickets, in the order they were seen.
    pub tickets: Vec<(TicketId, Timestamp)>,
}
