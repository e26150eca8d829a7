//! What a person's action on a ticket changes. Each returns the changes or says why the action makes no sense; the store
//! refuses them when the ticket has changed since it was read.

mod correcting;
mod joining;
mod processing;
mod refusal;

pub use correcting::{Correction, correct};
pub use joining::{merge, split, unmerge};
pub use processing::{Recovery, Ruling, acknowledge, answer_complaint, link, note, recover, report, rule_on};
pub use refusal::Refusal;

use minijinja::Value;

use super::feedback::by_agent;
use super::letter::{Letter, Post, Way, is_id};
use super::quote::quote;
use super::recipient::{is_nobody, is_own, is_reachable, is_usable, same};
use super::silence::allowed;
use super::wording::{ChatTemplate, Template, Values, deadline};
use super::{card, clocks, closing, course, keep, notice, offers};
use crate::domain::catalog::Catalog;
use crate::domain::{
    Address, Aspect, Changes, EventKind, Keyring, OutboundKind, Priority, Status, StoredMessage, ThreadKey, Ticket,
    TicketEvent, TicketId, Timestamp,
};
use crate::sla::book::holds;

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

/// An agent's answer, sent to the requester and everybody else on the ticket. The first one stops the first-response clock.
///
/// # Errors
/// Merged ticket, no text, nobody to write to, or words that cannot be sent.
pub fn reply(hand: &Hand<'_>, ticket: &Ticket, reply: &Reply<'_>) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if reply.text.trim().is_empty() {
        return Err(Refusal::EmptyText { ticket: ticket.id });
    }
    if reply.then == Then::IsResolved {
        work.may_end()?;
    }
    let mut values = Values::from([("text", Value::from(reply.text.trim()))]);
    let zone = hand.catalog.desk.timezone;
    if let Some(quoted) = reply.last.and_then(|last| quote(last, zone, ticket.language)) {
        values.insert("quote", Value::from(quoted));
    }
    let cc = work.others();
    if reply.then == Then::IsResolved {
        work.ask_how_it_was(&mut values);
    }
    work.send(Template::AgentReply, OutboundKind::AgentReply, values, Mail { cc, last: reply.last })?;
    let now = hand.now;
    work.ticket.first_response_at.get_or_insert(now);
    match reply.then {
        Then::StaysOpen => work.wake(Status::Open, "an agent replied"),
        Then::Waits => work.set_status(Status::Waiting, "an agent replied and waits for the requester"),
        Then::IsResolved => {
            work.ticket.course.asked_at.get_or_insert(now);
            work.end(Status::Resolved, "an agent replied and takes it as solved");
        }
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
    work.judge(Aspect::Queue, [Some(&ticket.queue), Some(queue)]);
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
    if ticket.priority == priority && ticket.promises.priority_by.is_some() {
        return Err(Refusal::Already { ticket: ticket.id, state: priority.to_string() });
    }
    work.event(EventKind::Priority, format!("{} → {priority}", ticket.priority));
    work.judge(Aspect::Priority, [Some(ticket.priority.as_str()), Some(priority.as_str())]);
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
    work.may_end()?;
    work.end(Status::Resolved, "an agent says it is solved");
    let most = allowed(hand.catalog.limits.automatic_per_ticket, ticket.place.as_ref());
    if ticket.automatic_sent < most && work.requester().is_ok() {
        let mail = Mail { cc: Vec::new(), last };
        let mut values = Values::new();
        work.ask_how_it_was(&mut values);
        work.send(Template::Resolved, OutboundKind::StatusReport, values, mail)?;
        work.ticket.course.asked_at.get_or_insert(hand.now);
        work.ticket.automatic_sent = ticket.automatic_sent.saturating_add(1);
    }
    Ok(work.done())
}

/// Closes the ticket without a word to the requester.
///
/// # Errors
/// As [`close_with`].
pub fn close(hand: &Hand<'_>, ticket: &Ticket) -> Result<Changes, Refusal> {
    close_with(hand, ticket, None)
}

/// Closes the ticket; `second` is another person who agrees, for tickets that nobody closes alone.
///
/// # Errors
/// Merged ticket, it is closed already, or the settings want a second person and the requester has not said that it is solved.
pub fn close_with(hand: &Hand<'_>, ticket: &Ticket, second: Option<&str>) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if ticket.status == Status::Closed {
        return Err(work.already());
    }
    work.may_end()?;
    let alone = hand.catalog.service.closing.alone.as_ref().is_none_or(|scope| holds(scope, ticket));
    let second = second.map(str::trim).filter(|name| !name.is_empty() && *name != hand.agent);
    if !alone && ticket.course.confirmed_at.is_none() && second.is_none() {
        return Err(Refusal::NotAlone { ticket: ticket.id });
    }
    let with = second.map_or_else(String::new, |name| format!(", with {name}"));
    work.end(Status::Closed, &format!("an agent closed it{with}"));
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
    /// The tickets as they were, for their clocks and cards.
    before: Vec<Ticket>,
    ticket: Ticket,
    changes: Changes,
    /// What the places that are told read of it; empty when it is not for them.
    said: &'a str,
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
        Ok(Self { hand: *hand, before, ticket, changes: Changes::default(), said: "" })
    }

    fn done(mut self) -> Changes {
        let lines = course::acknowledged(&mut self.ticket, self.hand.agent, self.hand.now);
        self.changes.events.extend(lines);
        let post = self.post();
        let now = self.hand.now;
        let Self { before, ticket, mut changes, said, .. } = self;
        changes.tickets.insert(0, ticket);
        let before: Vec<&Ticket> = before.iter().collect();
        keep::keep(post.catalog, &before, &mut changes, (now, now));
        notice::follow(&post, &before, &mut changes, said);
        card::update(&post, &before, &mut changes, None);
        changes
    }

    const fn post(&self) -> Post<'a> {
        Post { catalog: self.hand.catalog, keyring: self.hand.keyring, now: self.hand.now }
    }

    /// The agent says what `aspect` of the decision should have been.
    fn judge(&mut self, aspect: Aspect, choice: [Option<&str>; 2]) {
        self.changes.feedback.push(by_agent(&self.ticket, self.hand.agent, aspect, choice, self.hand.now));
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

    /// Work that waits for leave is not done yet.
    fn may_end(&self) -> Result<(), Refusal> {
        if self.ticket.course.waits_for_approval() {
            return Err(Refusal::NotApproved { ticket: self.ticket.id });
        }
        Ok(())
    }

    /// The requester is asked how satisfied they are, once, and told when the matter is closed.
    fn ask_how_it_was(&self, values: &mut Values) {
        let Hand { catalog, now, .. } = self.hand;
        if self.ticket.course.asked_at.is_none() {
            values.insert("rate", Value::from(true));
            let (questions, language) = (&catalog.service.questions, self.ticket.language);
            let titles: Vec<Value> = questions.iter().map(|one| Value::from(one.title.get(language))).collect();
            let asked = (!titles.is_empty()).then(|| ("survey", Value::from(titles)));
            values.extend(asked.into_iter().collect::<Values>());
        }
        let solved = Ticket { status: Status::Resolved, ..self.ticket.clone() };
        let closes = closing::closes_at(catalog, &solved, now);
        let shown = closes.and_then(|at| deadline(at, now, catalog.desk.timezone, solved.language));
        values.extend(shown.map(|at| ("closes", Value::from(at))).into_iter().collect::<Values>());
    }

    fn is_reachable(&self) -> bool {
        is_reachable(&self.hand.catalog.desk, &self.ticket)
    }

    fn requester(&self) -> Result<Address, Refusal> {
        let to = self.ticket.requester.clone();
        if self.is_reachable() { Ok(to) } else { Err(Refusal::NoAddress { ticket: self.ticket.id }) }
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
        let post = self.post();
        let thread = mail.last.and_then(|last| last.message_id.clone()).filter(|id| is_id(id));
        let letter = Letter {
            kind,
            way: Way::of(&self.ticket),
            template,
            chat: ChatTemplate::from(template),
            offers: offers::under(template, &self.ticket, None, self.hand.catalog),
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
