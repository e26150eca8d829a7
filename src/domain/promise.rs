//! What the desk promises on a ticket, and how each promise stands. The arithmetic is in `sla`.

use serde::{Deserialize, Serialize};

use super::priority::Level;
use super::schedule::Objective;
use super::words::{Bilingual, words};
use super::{TicketId, Timestamp};

words! {
    /// What a clock waits for.
    ClockKind {
        /// The first word to the requester: the first notice of an incident, the first response otherwise.
        FirstResponse = "first_response",
        /// A word after the requester wrote again.
        NextResponse = "next_response",
        /// The next interim report while it lasts.
        Update = "update",
        /// It is solved, or the service is back.
        Resolution = "resolution",
    }
}

words! {
    /// Whose promise it is.
    ClockLevel {
        /// Our own target: missing it warns.
        Slo = "slo",
        /// The contract: missing it is a breach.
        Sla = "sla",
    }
}

/// Time that does not count: from an instant on, up to another one once that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The clock stood from here on.
    pub from: Timestamp,
    /// It ran again from here on; none while it stands.
    pub to: Option<Timestamp>,
}

/// What a clock promised before its terms changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// When the terms changed.
    pub at: Timestamp,
    /// The policy before.
    pub policy: String,
    /// The time given before.
    pub target: Objective,
    /// When it counted from, before.
    pub started_at: Timestamp,
    /// When it was due before.
    pub due_at: Timestamp,
}

/// A cycle of a clock that was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// Which one.
    pub cycle: u32,
    /// When it was due.
    pub at: Timestamp,
}

/// One promise on a ticket. A value: `sla::timers` makes the next one out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What it waits for.
    pub kind: ClockKind,
    /// Whose promise it is.
    pub level: ClockLevel,
    /// The policy it comes from.
    pub policy: String,
    /// The calendar it counts in.
    pub calendar: String,
    /// How much time there is.
    pub target: Objective,
    /// Counted from 1: a clock that runs again for the next word begins a new cycle.
    pub cycle: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it stood, in order; only the last one may still last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// When it falls due; while it stands, as if it ran on at once.
    pub due_at: Timestamp,
    /// Shares of the time, in percent, at which people are warned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warn_percent: Vec<u8>,
    /// Those that were reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned: Vec<u8>,
    /// When what it waits for happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_at: Option<Timestamp>,
    /// It was due then and nothing had happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<Timestamp>,
    /// It waits for nothing any more, though it was neither met nor missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_at: Option<Timestamp>,
    /// Cycles that ended in time.
    #[serde(default)]
    pub kept: u32,
    /// Cycles that ended late.
    #[serde(default)]
    pub missed: u32,
    /// The last misses, oldest first; at most twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<Late>,
    /// What it promised before, oldest first; at most twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Revision>,
    /// When it next has to be looked at; none while nothing can happen by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
}

impl Clock {
    /// Whether it still waits.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.met_at.is_none() && self.dropped_at.is_none()
    }

    /// Whether it stands now.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none())
    }

    /// The word for people and tables: `running`, `paused`, `met`, `late`, `breached`, `dropped`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.met_at, self.breached_at, self.dropped_at) {
            (Some(_), Some(_), _) => "late",
            (Some(_), None, _) => "met",
            (None, _, Some(_)) => "dropped",
            (None, Some(_), None) => "breached",
            (None, None, None) if self.is_paused() => "paused",
            (None, None, None) => "running",
        }
    }
}

words! {
    /// What happened on a ticket that a rule may look at.
    Signal {
        /// "Let me talk to a person."
        Person = "person",
        /// "That did not help."
        Negative = "negative",
        /// A complaint.
        Complaint = "complaint",
        /// Words of a security incident.
        Security = "security",
        /// No request type was sure enough.
        LowConfidence = "low_confidence",
        /// It came back after it was solved.
        Reopened = "reopened",
    }
}

/// Everything about a ticket's promises.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Promises {
    /// The version of the rules they were worked out with.
    pub rules: String,
    /// One for each kind and level that was ever promised.
    pub clocks: Vec<Clock>,
    /// How often each signal was seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<(Signal, u32)>,
    /// Since when it is in its queue.
    pub queued_at: Option<Timestamp>,
    /// How often it changed queues.
    pub moves: u32,
    /// The last word of a person to the requester.
    pub last_word_at: Option<Timestamp>,
    /// How many there were.
    pub words: u32,
    /// What has fired: the keys of the firings, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fired: Vec<String>,
    /// Places that were told of it and are told what becomes of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<super::Told>,
    /// When the escalation rules next have to look at it.
    pub watch_at: Option<Timestamp>,
    /// The rules had to look at it at some time.
    pub watched: bool,
    /// The person who set the priority: rules leave it alone from then on.
    pub priority_by: Option<String>,
    /// How soon the requester wants it, in their own words.
    pub wish: Option<Level>,
}

impl Promises {
    /// How often `signal` was seen.
    #[must_use]
    pub fn count(&self, signal: Signal) -> u32 {
        self.signals.iter().find(|(known, _)| *known == signal).map_or(0, |(_, count)| *count)
    }

    /// Counts `signal` once more.
    pub fn note(&mut self, signal: Signal) {
        match self.signals.iter_mut().find(|(known, _)| *known == signal) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.signals.push((signal, 1)),
        }
    }

    /// The clock of this kind and level.
    #[must_use]
    pub fn clock(&self, kind: ClockKind, level: ClockLevel) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.kind == kind && clock.level == level)
    }
}

/// A firing of an escalation rule. Its key is unique in the store: what has fired never fires again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// `late-first:T-7:first_response:sla:1`.
    pub key: String,
    /// The ticket.
    pub ticket: TicketId,
    /// The rule.
    pub rule: String,
    /// When.
    pub at: Timestamp,
    /// In words: what was reached. In the store, and so in what is read from it, only the English ones.
    pub because: Bilingual,
}

words! {
    /// How a matter comes to the list of problems.
    Sighting {
        /// It is counted; it is a problem once it was seen often enough.
        Counted = "counted",
        /// It is a problem at once.
        Opened = "opened",
    }
}

/// A matter behind several tickets, seen once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Unique while it is open: request type and detail, `incident/web01`.
    pub key: String,
    /// In one line.
    pub title: String,
    /// The ticket it was seen on.
    pub ticket: TicketId,
    /// When.
    pub at: Timestamp,
    /// What that makes of it.
    #[serde(default = "opened")]
    pub how: Sighting,
}

const fn opened() -> Sighting {
    Sighting::Opened
}
