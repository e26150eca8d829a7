//! What a support lead writes about service levels: policies, what makes a ticket urgent, the rules that pass it up, and who
//! is told.

use super::priority::{Matrix, Priority};
use super::promise::{Clock, ClockKind, ClockLevel, Signal};
use super::routing::Routing;
use super::schedule::{Objective, Timetable};
use super::words::{Bilingual, Channel};

/// Which tickets a policy or a rule is for. Every list that is not empty must hold the ticket's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Request types.
    pub intents: Vec<String>,
    /// Priorities.
    pub priorities: Vec<Priority>,
    /// Requesters: whole addresses, or domains with an `@` in front; lower case.
    pub requesters: Vec<String>,
    /// Channels.
    pub channels: Vec<Channel>,
    /// Queues.
    pub queues: Vec<String>,
}

/// How much time a policy gives for one kind and level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What for.
    pub kind: ClockKind,
    /// Whose promise.
    pub level: ClockLevel,
    /// How much; none for what the request type itself sets.
    pub time: Option<Objective>,
}

/// A service-level policy. The first one whose scope holds the ticket applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `incident`.
    pub name: String,
    /// Which tickets.
    pub scope: Scope,
    /// What is promised.
    pub targets: Vec<Target>,
    /// The calendar; none for the queue's.
    pub calendar: Option<String>,
    /// Shares of the time, in percent, at which people are warned.
    pub warn_percent: Vec<u8>,
    /// The kinds that stand while the ticket waits for the requester.
    pub pauses: Vec<ClockKind>,
    /// The kinds that stand while the ticket waits for leave to start work.
    pub approval_pauses: Vec<ClockKind>,
    /// The machine's answer or acknowledgement counts as the first response.
    pub bot_counts: bool,
}

/// When quiet tickets are closed. Times are in the queue's calendar and count from the last word or change of status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// What waits for its requester; none never.
    pub waiting: Option<Objective>,
    /// What the machine answered.
    pub answered: Option<Objective>,
    /// What is solved.
    pub resolved: Option<Objective>,
    /// When the requester is told before; none for no word.
    pub warn: Option<Objective>,
    /// What an agent may close alone; none for everything.
    pub alone: Option<Scope>,
}

/// When repeated incidents become a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemRules {
    /// Request types that are counted; none are when it is empty.
    pub intents: Vec<String>,
    /// Details that tell matters apart; the first that is known counts.
    pub by: Vec<String>,
    /// So many …
    pub times: u32,
    /// … within so many days.
    pub days: u32,
    /// Who has a new problem: an agent.
    pub owner: Option<String>,
    /// Business days between two nudges.
    pub nudge_days: u32,
    /// Who is told of new problems, and nudged where there is no owner.
    pub notify: Option<String>,
}

impl Default for ProblemRules {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            intents: words(&["incident"]),
            by: words(&["service", "host", "domain"]),
            times: 3,
            days: 30,
            owner: None,
            nudge_days: 5,
            notify: None,
        }
    }
}

/// When an escalation rule fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// This share of a clock's time has passed, in percent.
    TimeUsed {
        /// Which clocks.
        which: Which,
        /// 1 to 99.
        percent: u8,
    },
    /// A clock falls due within this many minutes of wall time.
    TimeLeft {
        /// Which clocks.
        which: Which,
        /// Minutes.
        minutes: u32,
    },
    /// A clock was missed.
    Breach {
        /// Which clocks.
        which: Which,
    },
    /// Nobody has taken it this long after it came into its queue, in the queue's hours.
    Unacknowledged {
        /// Minutes.
        minutes: u32,
    },
    /// No word to the requester this long after the last one, around the clock.
    Silence {
        /// Minutes.
        minutes: u32,
    },
    /// It came into a queue: when it was opened, and with each move.
    Queued,
    /// Nobody gave leave to start work this long after it was asked for, in the queue's hours.
    Unapproved {
        /// Minutes.
        minutes: u32,
    },
    /// A signal was seen this often; again at each multiple.
    Seen {
        /// Which.
        signal: Signal,
        /// How often.
        times: u32,
    },
}

/// Which clocks a trigger looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Only this kind.
    pub kind: Option<ClockKind>,
    /// Only this level.
    pub level: Option<ClockLevel>,
}

impl Which {
    /// Whether `clock` is meant.
    #[must_use]
    pub fn holds(&self, clock: &Clock) -> bool {
        self.kind.is_none_or(|kind| kind == clock.kind) && self.level.is_none_or(|level| level == clock.level)
    }
}

/// What an escalation rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// To the queue's second line.
    SecondLine,
    /// To this queue.
    Move {
        /// Its name.
        queue: String,
    },
    /// To at least this priority, unless a person set another.
    Raise {
        /// The least.
        to: Priority,
    },
    /// Tells somebody.
    Notify {
        /// The name of the place.
        target: String,
    },
    /// Tells somebody at once, whatever the hour.
    Page {
        /// The name of the place.
        target: String,
    },
    /// Tells a list of people one after the other until somebody acknowledges.
    Call {
        /// The list's name.
        list: String,
    },
    /// Puts the matter on the list of problems.
    OpenProblem,
}

/// An escalation rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// Unique.
    pub name: String,
    /// Which tickets.
    pub scope: Scope,
    /// When.
    pub trigger: Trigger,
    /// What then, in order.
    pub remedies: Vec<Remedy>,
}

/// A place that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyTarget {
    /// `leads`.
    pub name: String,
    /// How.
    pub way: NotifyWay,
}

/// How a place is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotifyWay {
    /// By mail.
    Mail {
        /// To whom.
        address: String,
        /// The mailbox it leaves from.
        mailbox: String,
    },
    /// In a room of its own.
    Room {
        /// Which service.
        channel: Channel,
        /// The room's id.
        room: String,
    },
    /// By a signed request.
    Webhook,
    /// As an event of PagerDuty.
    Pagerduty,
    /// As an issue of Backlog.
    Backlog,
    /// In the room where agents see tickets.
    Triage {
        /// Which service.
        channel: Channel,
        /// The room's id.
        room: String,
    },
}

/// A question that requesters answer with 1 to 5, beside how satisfied they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Unique; stands on the ticket and in the report.
    pub name: String,
    /// As it is asked, and as an answer names it.
    pub title: Bilingual,
}

/// Somebody whose tickets are more urgent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vip {
    /// Whole addresses, or domains with an `@` in front; lower case.
    pub requesters: Vec<String>,
    /// At least this.
    pub floor: Option<Priority>,
    /// This many steps up.
    pub raise: u8,
}

/// Words that change the priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorityWords {
    /// Unique; stands in the trace.
    pub name: String,
    /// Any of these in subject or text, lower case.
    pub words: Vec<String>,
    /// Only for these request types; empty for all.
    pub intents: Vec<String>,
    /// At least this.
    pub at_least: Option<Priority>,
    /// At most this.
    pub at_most: Option<Priority>,
}

/// Everything about service levels that a support lead writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceRules {
    /// Changes whenever anything that clocks depend on changes; set when the catalog is built.
    pub version: String,
    /// First match wins.
    pub policies: Vec<Policy>,
    /// All that match fire, in order.
    pub escalations: Vec<Escalation>,
    /// By name.
    pub targets: Vec<NotifyTarget>,
    /// What impact and urgency make together.
    pub matrix: Matrix,
    /// All that match count.
    pub vips: Vec<Vip>,
    /// All that match count, in order.
    pub words: Vec<PriorityWords>,
    /// Who works where, and what goes where.
    pub routing: Routing,
    /// When quiet tickets are closed, and by whom.
    pub closing: Closing,
    /// When repeated incidents become a problem.
    pub problems: ProblemRules,
    /// What requesters are asked when their ticket is solved, in order.
    pub questions: Vec<Question>,
    /// Planned maintenance.
    pub maintenance: Vec<super::maintenance::Maintenance>,
    /// Where alerts come from.
    pub alerts: Vec<super::AlertSource>,
    /// The calendars with their tables; worked out again from the catalog's calendars for a name that is not here.
    pub timetables: Vec<Timetable>,
}
