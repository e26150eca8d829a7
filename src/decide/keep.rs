//! Moves the clocks of every ticket of a change with what the change does: a word to the requester, a status, another queue or
//! priority. It looks at the ticket before and after and at the messages beside it, so that no action forgets a clock.

use super::clocks::{adopt, begin, each, is_ended, is_standing, retime, run, show};
use super::course;
use super::recipient::is_reachable;
use crate::domain::catalog::Catalog;
use crate::domain::promise::{Clock, ClockKind, ClockLevel, Signal};
use crate::domain::{
    Act, Button, Changes, Classification, EventKind, Message, OutboundKind, Status, Ticket, TicketEvent, TicketId,
    Timestamp, Wish,
};
use crate::sla::book::Book;
use crate::sla::timers::{self, Count};

const RULE: &str = "rule";
const REQUESTER: &str = "requester";
/// Ratings up to this are a complaint about the answer.
const POOR: u8 = 2;

/// Who wrote to the requester.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Writer {
    #[default]
    Nobody,
    Machine,
    Person,
}

/// What happened to a ticket beside its own fields.
#[derive(Clone, Copy, Default)]
struct Facts {
    /// Who wrote to the requester.
    word: Writer,
    /// The requester wrote.
    heard: bool,
    /// A person changed its status.
    by_person: bool,
    /// The requester was told how it stands.
    informed: bool,
}

/// Brings the clocks of all tickets of `changes` up to `now`. `before` are the tickets as they were; clocks that begin now
/// begin at `start`.
pub(super) fn keep(catalog: &Catalog, before: &[&Ticket], changes: &mut Changes, (start, now): (Timestamp, Timestamp)) {
    let mut tickets = std::mem::take(&mut changes.tickets);
    for ticket in &mut tickets {
        let facts = facts(changes, ticket.id);
        let known = before.iter().find(|known| known.id == ticket.id).copied();
        let old: Vec<Clock> = known.map_or_else(Vec::new, |known| known.promises.clocks.clone());
        if let Some(known) = known {
            moved(known, ticket, now);
        }
        ticket.promises.queued_at.get_or_insert(start);
        let at = if known.is_none() { start } else { now };
        changes.events.extend(course::approval(catalog, ticket, (at, now)));
        step(catalog, known, ticket, (facts, at, now));
        changes.events.extend(notes(&old, ticket, now));
        let talked = facts.heard || facts.word != Writer::Nobody;
        course::quiet(known, ticket, (talked, now));
        changes.problems.extend(course::sight(catalog, ticket, now));
        finish(catalog, ticket, now);
    }
    changes.tickets = tickets;
}

/// The clocks of one ticket at `now`, when nothing but time has passed; what became of them goes into its history.
pub(super) fn look(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) -> Vec<TicketEvent> {
    let old = ticket.promises.clocks.clone();
    adopt(catalog, ticket);
    each(catalog, ticket, |clock, table| timers::look(clock, table, now));
    show(ticket);
    notes(&old, ticket, now)
}

/// The last step of every change: the version of the rules, and when to look again.
pub(super) fn finish(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    ticket.promises.rules.clone_from(&catalog.service.version);
    ticket.promises.watch_at = course::next_look(catalog, ticket, now);
    ticket.promises.watched |= ticket.promises.watch_at.is_some();
}

/// Records what a requester's message or press of a button says, for the escalation rules. A message that was changed said so
/// before.
pub(super) fn signals(ticket: &mut Ticket, message: &Message, classification: &Classification, is_unsure: Unsure) {
    match &message.act {
        Some(Act::Pressed { button: Button::Person, .. }) => ticket.promises.note(Signal::Person),
        Some(Act::Pressed { button: Button::NotSolved, .. }) => ticket.promises.note(Signal::Negative),
        Some(Act::Pressed { button: Button::Rate { score }, .. }) if *score <= POOR => {
            ticket.promises.note(Signal::Negative);
        }
        Some(
            Act::Pressed { .. }
            | Act::Edited { .. }
            | Act::Deleted { .. }
            | Act::Speaks { .. }
            | Act::Links { .. }
            | Act::Alert { .. },
        ) => {}
        None | Some(Act::WantsTicket | Act::Filled { .. }) => written(ticket, classification),
    }
    course::complain(ticket, message, classification);
    if is_unsure == Unsure::Yes {
        ticket.promises.note(Signal::LowConfidence);
    }
}

fn written(ticket: &mut Ticket, classification: &Classification) {
    for (wish, signal) in [
        (Wish::Person, Signal::Person),
        (Wish::NotSolved, Signal::Negative),
        (Wish::Complaint, Signal::Complaint),
        (Wish::Security, Signal::Security),
    ] {
        if classification.has(wish) {
            ticket.promises.note(signal);
        }
    }
}

/// Whether no request type was sure enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsure {
    Yes,
    No,
}

fn facts(changes: &Changes, id: TicketId) -> Facts {
    let mut facts = Facts::default();
    for outbound in changes.outbound.iter().filter(|outbound| outbound.ticket == Some(id)) {
        match outbound.kind {
            OutboundKind::AgentReply => facts.word = Writer::Person,
            OutboundKind::Acknowledgement | OutboundKind::Answer | OutboundKind::Suggestion
                if facts.word == Writer::Nobody =>
            {
                facts.word = Writer::Machine;
            }
            OutboundKind::Acknowledgement
            | OutboundKind::Answer
            | OutboundKind::Suggestion
            | OutboundKind::Question
            | OutboundKind::Notice => {}
            OutboundKind::StatusReport => facts.informed = true,
        }
    }
    for event in changes.events.iter().filter(|event| event.ticket == id) {
        facts.heard |= event.kind == EventKind::MessageIn && event.actor == REQUESTER;
        facts.by_person |= event.actor != RULE && event.kind == EventKind::Status;
    }
    facts
}

fn moved(known: &Ticket, ticket: &mut Ticket, now: Timestamp) {
    if known.queue != ticket.queue {
        ticket.promises.moves = ticket.promises.moves.saturating_add(1);
        ticket.promises.queued_at = Some(now);
        course::in_other_hands(ticket);
    }
    let came_back = is_ended(known.status) || known.status == Status::Answered;
    if came_back && known.merged_into.is_none() && !is_standing(ticket.status) {
        ticket.promises.note(Signal::Reopened);
    }
}

fn step(
    catalog: &Catalog,
    known: Option<&Ticket>,
    ticket: &mut Ticket,
    (facts, start, now): (Facts, Timestamp, Timestamp),
) {
    adopt(catalog, ticket);
    if !is_standing(ticket.status) {
        if ticket.promises.clocks.is_empty() {
            begin(catalog, ticket, start);
        } else if known.is_some_and(|known| is_standing(known.status)) {
            run(catalog, ticket, now);
        }
    }
    each(catalog, ticket, |clock, table| timers::look(clock, table, now));
    let matter = |ticket: &Ticket| (ticket.priority, ticket.intent.clone(), ticket.queue.clone());
    if known.is_some_and(|known| matter(known) != matter(ticket)) && !is_ended(ticket.status) {
        retime(catalog, ticket, (Count::FromNow, now));
    }
    words(catalog, ticket, (facts, now));
    taken_up(catalog, ticket);
    if ticket.merged_into.is_some() {
        each(catalog, ticket, |clock, table| timers::drop_at(clock, table, now));
    } else if is_ended(ticket.status) {
        end(catalog, ticket, (facts, now));
    } else if is_standing(ticket.status) {
        stand(catalog, ticket, now);
    } else {
        course::hold(catalog, ticket, now.max(start));
    }
    show(ticket);
}

/// A word to the requester, or from them.
fn words(catalog: &Catalog, ticket: &mut Ticket, (facts, now): (Facts, Timestamp)) {
    let bot_counts = Book { catalog }.policy(ticket).is_some_and(|policy| policy.bot_counts);
    if facts.word == Writer::Person {
        ticket.promises.words = ticket.promises.words.saturating_add(1);
        ticket.promises.last_word_at = Some(now);
        each(catalog, ticket, |clock, table| match clock.kind {
            ClockKind::FirstResponse | ClockKind::NextResponse => timers::meet(clock, table, now),
            ClockKind::Update if clock.is_open() => timers::again(clock, table, now),
            ClockKind::Update | ClockKind::Resolution => clock.clone(),
        });
    } else if facts.word == Writer::Machine && bot_counts {
        each(catalog, ticket, |clock, table| {
            if clock.kind == ClockKind::FirstResponse { timers::meet(clock, table, now) } else { clock.clone() }
        });
    }
    if facts.heard && !is_standing(ticket.status) && ticket.first_response_at.is_some() {
        next_response(catalog, ticket, now);
    }
}

/// Where nobody can be written to, the first response is that somebody sees to it.
fn taken_up(catalog: &Catalog, ticket: &mut Ticket) {
    let Some(at) = ticket.course.acknowledged.as_ref().map(|mark| mark.at) else { return };
    if is_reachable(&catalog.desk, ticket) {
        return;
    }
    each(catalog, ticket, |clock, table| match clock.kind {
        ClockKind::FirstResponse => timers::meet(clock, table, at.max(clock.started_at)),
        ClockKind::NextResponse | ClockKind::Update | ClockKind::Resolution => clock.clone(),
    });
}

/// The requester wrote again after an answer: the next word is due, counted from the first message that waits for it.
fn next_response(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    let book = Book { catalog };
    let Some(policy) = book.policy(ticket) else { return };
    let Some(table) = book.policy_table(policy, ticket) else { return };
    for target in policy.targets.iter().filter(|target| target.kind == ClockKind::NextResponse) {
        let same = |clock: &&mut Clock| clock.kind == target.kind && clock.level == target.level;
        match ticket.promises.clocks.iter_mut().find(same) {
            Some(clock) if clock.is_open() => {}
            Some(clock) => *clock = timers::again(clock, &table, now),
            None => {
                let terms = book.terms(policy, target, ticket);
                let clock = timers::start(target.kind, target.level, terms, &table, now);
                ticket.promises.clocks.push(clock);
            }
        }
    }
}

/// The matter has ended: the solution is there. A word that nobody gave is no longer waited for; it was given when a person ended
/// the matter and the requester was told so, or cannot be told anything.
fn end(catalog: &Catalog, ticket: &mut Ticket, (facts, now): (Facts, Timestamp)) {
    ticket.course.calls.clear();
    let at = ticket.resolved_at.unwrap_or(now).min(now);
    let told = facts.by_person && (facts.informed || !is_reachable(&catalog.desk, ticket));
    each(catalog, ticket, |clock, table| {
        let ended_at = at.max(clock.started_at);
        // The word that ended it began an hour in which no further word is due.
        let is_fresh = clock.started_at >= now;
        match clock.kind {
            ClockKind::Resolution => timers::meet(clock, table, ended_at),
            ClockKind::Update if told && !is_fresh => timers::meet(clock, table, ended_at),
            ClockKind::Update => timers::drop_at(clock, table, ended_at),
            ClockKind::FirstResponse | ClockKind::NextResponse if told => timers::meet(clock, table, now),
            ClockKind::FirstResponse | ClockKind::NextResponse => timers::drop_at(clock, table, now),
        }
    });
}

/// The machine ended it: what its clocks waited for is there, a word that nobody gave is no longer waited for.
pub(super) fn ended_by_rule(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) -> Vec<TicketEvent> {
    let old = ticket.promises.clocks.clone();
    end(catalog, ticket, (Facts::default(), now));
    show(ticket);
    notes(&old, ticket, now)
}

/// It waits for the requester: the kinds the policy names stand. An answer of the machine stops them all.
fn stand(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    let policy = Book { catalog }.policy(ticket);
    let answered = ticket.status == Status::Answered;
    let pauses = |kind: ClockKind| answered || policy.is_none_or(|policy| policy.pauses.contains(&kind));
    each(catalog, ticket, |clock, table| {
        if pauses(clock.kind) { timers::pause(clock, table, now) } else { timers::look(clock, table, now) }
    });
}

/// What became of the clocks, as history lines.
pub(super) fn notes(old: &[Clock], ticket: &Ticket, now: Timestamp) -> Vec<TicketEvent> {
    let mut notes = Vec::new();
    let mut note = |detail: String| {
        let (ticket, actor) = (ticket.id, RULE.to_owned());
        notes.push(TicketEvent { ticket, at: now, kind: EventKind::Clock, actor, detail });
    };
    for clock in &ticket.promises.clocks {
        let before = old.iter().find(|old| old.kind == clock.kind && old.level == clock.level);
        let name = format!("{} {}", clock.level, clock.kind);
        if before.is_none_or(|before| before.missed < clock.missed) && clock.missed > 0 {
            let word = match clock.level {
                ClockLevel::Slo => "missed",
                ClockLevel::Sla => "breached",
            };
            // The cycle that was missed may have ended with the same change.
            let due_at = clock.late.last().map_or(clock.due_at, |late| late.at);
            note(format!("{name}: {word}, was due {}", due_at.rfc3339()));
        }
        let Some(before) = before else { continue };
        for percent in
            clock.warned.iter().filter(|percent| clock.cycle == before.cycle && !before.warned.contains(percent))
        {
            note(format!("{name}: {percent} % of the time has passed, due {}", clock.due_at.rfc3339()));
        }
        if clock.revisions.len() > before.revisions.len() || clock.revisions.last() != before.revisions.last() {
            let (from, to) = (before.due_at.rfc3339(), clock.due_at.rfc3339());
            note(format!("{name}: other terms, policy {} → {}, due {from} → {to}", before.policy, clock.policy));
        }
    }
    notes
}
