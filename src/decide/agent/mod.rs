//! What a person's action on a ticket changes. Each returns the changes or says why the action makes no sense; the store
//! refuses them when the ticket has changed since it was read.

mod joining;

pub use joining::{merge, split};

use minijinja::Value;

use super::letter::{Letter, Post, is_id};
use super::recipient::{is_nobody, is_own, is_usable, same};
use super::wording::{Template, Values};
use super::{clocks, keep};
use crate::domain::catalog::Catalog;
use crate::domain::{
    Address, Changes, EventKind, Keyring, OutboundKind, Priority, Status, StoredMessage, ThreadKey, Ticket,
    TicketEvent, TicketId, Timestamp,
};

/// Who acts, when, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Hand<'a> {
    /// What the support lead wrote.
    pub catalog: &'a Catalog,
    /// Signs the reply reference.
    pub keyring: &'a Keyring,
    /// The agent's name, as it stands in the history.
    pub agent: &'a str,
    /// The time of the action.
    pub now: Timestamp,
}

/// What an agent writes to the requester.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// Plain text, as typed.
    pub text: &'a str,
    /// Where the ticket stands afterwards.
    pub then: Then,
    /// The newest message of the requester, which the reply answers.
    pub last: Option<&'a StoredMessage>,
}

/// Where a ticket stands after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Still being worked on.
    StaysOpen,
    /// Waits for the requester.
    Waits,
    /// Solved, as far as the agent knows.
    IsResolved,
}

/// Why an action makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It lives on in another ticket.
    #[error("{ticket} was merged into {into}; act on {into}")]
    Merged {
        /// The ticket named.
        ticket: TicketId,
        /// Where to act.
        into: TicketId,
    },
    /// It is so already.
    #[error("{ticket} is {state} already")]
    Already {
        /// The ticket named.
        ticket: TicketId,
        /// Its state.
        state: String,
    },
    /// No such queue.
    #[error("there is no queue `{queue}`; there are: {known}")]
    UnknownQueue {
        /// The name given.
        queue: String,
        /// The names there are.
        known: String,
    },
    /// Nothing is written.
    #[error("the reply to {ticket} has no text")]
    EmptyText {
        /// The ticket named.
        ticket: TicketId,
    },
    /// The name of an agent is blank.
    #[error("an agent needs a name")]
    EmptyName,
    /// The requester cannot be written to.
    #[error("the requester of {ticket} has no address that can be written to")]
    NoAddress {
        /// The ticket named.
        ticket: TicketId,
    },
    /// A ticket cannot be merged into itself.
    #[error("{ticket} cannot be merged into itself")]
    SameTicket {
        /// The ticket named.
        ticket: TicketId,
    },
    /// The message is not on the ticket.
    #[error("message {message} is not on {ticket}")]
    NotOnTicket {
        /// The ticket named.
        ticket: TicketId,
        /// The inbox row named.
        message: crate::domain::InboxId,
    },
    /// The message that opened a ticket cannot leave it.
    #[error("message {message} opened {ticket} and cannot be split off it")]
    FirstMessage {
        /// The ticket named.
        ticket: TicketId,
        /// The inbox row named.
        message: crate::domain::InboxId,
    },
    /// The words cannot be written.
    #[error("the reply to {ticket} cannot be worded: {because}")]
    Wording {
        /// The ticket named.
        ticket: TicketId,
        /// Why.
        because: String,
    },
}

/// An agent's answer, sent to the requester and everybody else on the ticket. The first one stops the first-response clock.
///
/// # Errors
/// Merged ticket, no text, nobody to write to, or words that cannot be sent.
pub fn reply(hand: &Hand<'_>, ticket: &Ticket, reply: &Reply<'_>) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if reply.text.trim().is_empty() {
        return Err(Refusal::EmptyText { ticket: ticket.id });
    }
    let values = Values::from([("text", Value::from(reply.text.trim()))]);
    let cc = work.others();
    work.send(Template::AgentReply, OutboundKind::AgentReply, values, Mail { cc, last: reply.last })?;
    let now = hand.now;
    work.ticket.first_response_at.get_or_insert(now);
    match reply.then {
        Then::StaysOpen => work.wake(Status::Open, "an agent replied"),
        Then::Waits => work.set_status(Status::Waiting, "an agent replied and waits for the requester"),
        Then::IsResolved => work.end(Status::Resolved, "an agent replied and takes it as solved"),
    }
    Ok(work.done())
}

/// Gives the ticket to an agent, or to nobody.
///
/// # Errors
/// Merged ticket, blank name, or the agent has it already.
pub fn assign(hand: &Hand<'_>, ticket: &Ticket, to: Option<&str>) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    let to = to.map(str::trim);
    if to == Some("") {
        return Err(Refusal::EmptyName);
    }
    if ticket.assignee.as_deref() == to {
        let state = to.map_or_else(|| "unassigned".to_owned(), |name| format!("assigned to {name}"));
        return Err(Refusal::Already { ticket: ticket.id, state });
    }
    let name = |who: Option<&str>| who.unwrap_or("nobody").to_owned();
    work.event(EventKind::Assignee, format!("{} → {}", name(ticket.assignee.as_deref()), name(to)));
    work.ticket.assignee = to.map(str::to_owned);
    if ticket.status == Status::New && to.is_some() {
        work.set_status(Status::Open, "an agent has it");
    }
    Ok(work.done())
}

/// Moves the ticket to another queue; nobody has it there yet.
///
/// # Errors
/// Merged ticket, unknown queue, or it is there already.
pub fn move_queue(hand: &Hand<'_>, ticket: &Ticket, queue: &str) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if hand.catalog.queue(queue).is_none() {
        let known: Vec<&str> = hand.catalog.queues.iter().map(|queue| queue.name.as_str()).collect();
        return Err(Refusal::UnknownQueue { queue: queue.to_owned(), known: known.join(", ") });
    }
    if ticket.queue == queue {
        return Err(Refusal::Already { ticket: ticket.id, state: format!("in queue {queue}") });
    }
    work.event(EventKind::Queue, format!("{} → {queue}", ticket.queue));
    queue.clone_into(&mut work.ticket.queue);
    work.ticket.assignee = None;
    Ok(work.done())
}

/// Sets how soon the ticket is dealt with, for good: no rule changes it afterwards. Promises of another policy count from now.
///
/// # Errors
/// Merged ticket, or it has that priority already.
pub fn set_priority(hand: &Hand<'_>, ticket: &Ticket, priority: Priority) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if ticket.priority == priority {
        return Err(Refusal::Already { ticket: ticket.id, state: priority.to_string() });
    }
    work.event(EventKind::Priority, format!("{} → {priority}", ticket.priority));
    work.ticket.priority = priority;
    work.ticket.promises.priority_by = Some(hand.agent.to_owned());
    Ok(work.done())
}

/// Marks the ticket solved and asks the requester whether that is so, unless enough automatic messages went out on it.
///
/// # Errors
/// Merged ticket, or it has ended already.
pub fn resolve(hand: &Hand<'_>, ticket: &Ticket, last: Option<&StoredMessage>) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    match ticket.status {
        Status::Resolved | Status::Closed => return Err(work.already()),
        Status::New | Status::Open | Status::Waiting | Status::Answered => {}
    }
    work.end(Status::Resolved, "an agent says it is solved");
    if ticket.automatic_sent < hand.catalog.limits.automatic_per_ticket && work.requester().is_ok() {
        let mail = Mail { cc: Vec::new(), last };
        work.send(Template::Resolved, OutboundKind::StatusReport, Values::new(), mail)?;
        work.ticket.automatic_sent = ticket.automatic_sent.saturating_add(1);
    }
    Ok(work.done())
}

/// Closes the ticket without a word to the requester.
///
/// # Errors
/// Merged ticket, or it is closed already.
pub fn close(hand: &Hand<'_>, ticket: &Ticket) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if ticket.status == Status::Closed {
        return Err(work.already());
    }
    work.end(Status::Closed, "an agent closed it");
    Ok(work.done())
}

/// Gives the ticket back to the people.
///
/// # Errors
/// Merged ticket, or the people have it already.
pub fn reopen(hand: &Hand<'_>, ticket: &Ticket) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if !clocks::is_standing(ticket.status) {
        return Err(work.already());
    }
    let status = if ticket.assignee.is_some() { Status::Open } else { Status::New };
    work.wake(status, "an agent reopened it");
    Ok(work.done())
}

/// How a letter of this action is addressed.
struct Mail<'a> {
    cc: Vec<Address>,
    last: Option<&'a StoredMessage>,
}

/// One action in the making.
struct Work<'a> {
    hand: Hand<'a>,
    ticket: Ticket,
    /// The tickets as they were.
    before: Vec<Ticket>,
    changes: Changes,
}

impl<'a> Work<'a> {
    fn begin(hand: &Hand<'a>, ticket: &Ticket) -> Result<Self, Refusal> {
        if let Some(into) = ticket.merged_into {
            return Err(Refusal::Merged { ticket: ticket.id, into });
        }
        let before = vec![ticket.clone()];
        let mut ticket = ticket.clone();
        clocks::adopt(hand.catalog, &mut ticket);
        ticket.updated_at = hand.now;
        Ok(Self { hand: *hand, ticket, before, changes: Changes::default() })
    }

    fn done(mut self) -> Changes {
        self.changes.tickets.insert(0, self.ticket);
        let before: Vec<&Ticket> = self.before.iter().collect();
        keep::keep(self.hand.catalog, &before, &mut self.changes, (self.hand.now, self.hand.now));
        self.changes
    }

    fn already(&self) -> Refusal {
        Refusal::Already { ticket: self.ticket.id, state: self.ticket.status.to_string() }
    }

    fn event(&mut self, kind: EventKind, detail: impl Into<String>) {
        self.event_on(self.ticket.id, kind, detail);
    }

    fn event_on(&mut self, ticket: TicketId, kind: EventKind, detail: impl Into<String>) {
        let (at, actor) = (self.hand.now, self.hand.agent.to_owned());
        self.changes.events.push(TicketEvent { ticket, at, kind, actor, detail: detail.into() });
    }

    fn set_status(&mut self, status: Status, because: &str) {
        if self.ticket.status != status {
            self.event(EventKind::Status, format!("{} → {status}: {because}", self.ticket.status));
            self.ticket.status = status;
        }
    }

    /// The clocks run again.
    fn wake(&mut self, status: Status, because: &str) {
        self.ticket.resolved_at = None;
        clocks::run(self.hand.catalog, &mut self.ticket, self.hand.now);
        self.set_status(status, because);
    }

    fn end(&mut self, status: Status, because: &str) {
        self.ticket.resolved_at.get_or_insert(self.hand.now);
        self.set_status(status, because);
    }

    fn requester(&self) -> Result<Address, Refusal> {
        let to = self.ticket.requester.clone();
        let usable = is_usable(self.ticket.channel, &to.address) && !is_own(&self.hand.catalog.desk, &to.address);
        if usable { Ok(to) } else { Err(Refusal::NoAddress { ticket: self.ticket.id }) }
    }

    /// Everybody on the ticket but the requester, ourselves and addresses nobody reads.
    fn others(&self) -> Vec<Address> {
        let ticket = &self.ticket;
        let people = ticket.participants.iter().filter(|address| {
            is_usable(ticket.channel, address)
                && !is_own(&self.hand.catalog.desk, address)
                && !is_nobody(address)
                && !same(address, &ticket.requester.address)
        });
        people.map(|address| Address { name: String::new(), address: address.clone() }).collect()
    }

    fn send(&mut self, template: Template, kind: OutboundKind, values: Values, mail: Mail<'_>) -> Result<(), Refusal> {
        let post = Post { catalog: self.hand.catalog, keyring: self.hand.keyring, now: self.hand.now };
        let thread = mail.last.and_then(|last| last.message_id.clone()).filter(|id| is_id(id));
        let letter = Letter {
            kind,
            template,
            values,
            to: self.requester()?,
            cc: mail.cc,
            // A ticket's version is taken once: a repeat of the same action has the same key.
            key: format!("agent:{}:{}", self.ticket.id.0, self.ticket.version),
            thread: thread.into_iter().collect(),
        };
        let ticket = self.ticket.id;
        let outbound =
            post.write(&self.ticket, letter).map_err(|fault| Refusal::Wording { ticket, because: fault.in_full() })?;
        self.changes.thread_keys.push(ThreadKey { key: outbound.message_id.clone(), ticket });
        self.event(EventKind::MessageOut, format!("{} ({})", outbound.kind, outbound.dedupe_key));
        self.changes.outbound.push(outbound);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
