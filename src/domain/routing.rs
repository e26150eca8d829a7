//! What a support lead writes about people: who works in which queue, whose customers are whose, who is called in which order.

use super::Timestamp;
use super::priority::Priority;
use super::service::Scope;
use super::words::{Language, words};

words! {
    /// Where a queue stands in the chain of escalation.
    Line {
        /// Takes what comes in.
        First = "first",
        /// Takes what the first line passes up.
        Second = "second",
        /// Works elsewhere, under a contract.
        Vendor = "vendor",
    }
}

words! {
    /// How a ticket that comes into a queue gets its agent.
    Strategy {
        /// People take tickets themselves.
        None = "none",
        /// Whoever had the last one longest ago.
        RoundRobin = "round_robin",
        /// Whoever has the fewest unfinished tickets.
        LeastLoaded = "least_loaded",
    }
}

/// What is written about a queue beside its hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRules {
    /// The queue's name.
    pub queue: String,
    /// Where it stands.
    pub line: Line,
    /// How its tickets get an agent.
    pub assign: Strategy,
}

/// Somebody who works on tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// As it stands in the history and as a ticket's assignee.
    pub name: String,
    /// Mail addresses and chat ids (`slack:U…`, `discord:…`), lower case.
    pub addresses: Vec<String>,
    /// What they know: words of the desk's own.
    pub skills: Vec<String>,
    /// The queues they work in.
    pub queues: Vec<String>,
    /// When they are away: from, inclusive, to, exclusive. In order.
    pub absent: Vec<(Timestamp, Timestamp)>,
}

impl Agent {
    /// Whether they are here at `at`.
    #[must_use]
    pub fn is_here(&self, at: Timestamp) -> bool {
        !self.absent.iter().any(|(from, to)| *from <= at && at < *to)
    }

    /// When they are here at `at` or next.
    #[must_use]
    pub fn next_here(&self, at: Timestamp) -> Timestamp {
        let mut at = at;
        // Spans that touch each other are passed one after the other; they are in order.
        for (from, to) in &self.absent {
            if *from <= at && at < *to {
                at = *to;
            }
        }
        at
    }

    /// The first address that takes mail.
    #[must_use]
    pub fn mail(&self) -> Option<&str> {
        self.addresses.iter().map(String::as_str).find(|address| address.contains('@'))
    }
}

/// A customer: its people, the engineers named for it, and what differs for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// `acme`.
    pub name: String,
    /// Whole addresses, or domains with an `@` in front; lower case.
    pub addresses: Vec<String>,
    /// The agent who looks after the account.
    pub account_engineer: Option<String>,
    /// The agent who knows its systems.
    pub technical_engineer: Option<String>,
    /// Its hours, in place of the queue's, where a policy names none.
    pub calendar: Option<String>,
    /// Its policies: the first of them whose scope holds the ticket comes before all others.
    pub policies: Vec<String>,
    /// Where its requests wait, in place of the request type's queue.
    pub queue: Option<String>,
    /// At least this.
    pub at_least: Option<Priority>,
    /// Mail addresses that are told of planned maintenance, lower case.
    pub notices: Vec<String>,
    /// The language they are told in; none for the desk's.
    pub language: Option<Language>,
}

/// Somebody on a list of people to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// A place that is told.
    Target(String),
    /// An agent, by mail.
    Agent(String),
    /// The account engineer of the ticket's customer.
    AccountEngineer,
    /// The technical engineer of the ticket's customer.
    TechnicalEngineer,
}

/// People who are told one after the other until somebody acknowledges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactList {
    /// `on-call`.
    pub name: String,
    /// In order; at least one.
    pub contacts: Vec<Contact>,
    /// How long each has, in minutes around the clock.
    pub wait_minutes: u32,
    /// How often the list is gone through.
    pub rounds: u32,
}

/// Which tickets wait where, whatever their request type says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Unique; stands in the trace.
    pub name: String,
    /// Which tickets. Its queues are not looked at.
    pub scope: Scope,
    /// Any of these in subject or text, lower case; empty for all.
    pub words: Vec<String>,
    /// Where they wait; none leaves that to the request type.
    pub queue: Option<String>,
    /// What their agent has to know.
    pub skills: Vec<String>,
}

/// Everything about people and ways that a support lead writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// Where what nothing routes waits; the first queue when none is named.
    pub default_queue: Option<String>,
    /// By queue; one that is not here is a first line whose people take tickets themselves.
    pub queues: Vec<QueueRules>,
    /// In file order.
    pub agents: Vec<Agent>,
    /// In file order: the first that has an address is the customer.
    pub customers: Vec<Customer>,
    /// By name.
    pub lists: Vec<ContactList>,
    /// The first that fits and names a queue routes; the skills of all that fit are needed.
    pub routes: Vec<Route>,
}

impl Routing {
    /// How tickets of `queue` get an agent.
    #[must_use]
    pub fn strategy(&self, queue: &str) -> Strategy {
        self.queues.iter().find(|rules| rules.queue == queue).map_or(Strategy::None, |rules| rules.assign)
    }

    /// Where `queue` stands.
    #[must_use]
    pub fn line(&self, queue: &str) -> Line {
        self.queues.iter().find(|rules| rules.queue == queue).map_or(Line::First, |rules| rules.line)
    }

    /// The agent called `name`.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// The agent who has `address`, in any case of letters.
    #[must_use]
    pub fn agent_at(&self, address: &str) -> Option<&Agent> {
        let address = address.to_lowercase();
        self.agents.iter().find(|agent| agent.addresses.contains(&address))
    }
}

/// An agent got a ticket of a queue in turn.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Turn {
    /// The queue.
    pub queue: String,
    /// The agent.
    pub agent: String,
    /// Counted on for each queue: who has the lowest was served longest ago.
    pub turn: i64,
}
