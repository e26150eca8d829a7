//! What people do in the desk's processes: acknowledge, give leave, report on an incident, link tickets, answer a complaint.

use minijinja::Value;

use super::{Hand, Mail, Refusal, Work};
use crate::decide::clocks;
use crate::decide::wording::{Template, Values, date_and_time, deadline, one_line};
use crate::domain::promise::ClockKind;
use crate::domain::{
    Changes, EventKind, Mark, Outage, OutboundKind, Status, StoredMessage, Ticket, TicketEvent, Timestamp, Verdict,
};
use crate::sla::book::Book;
use crate::sla::hours::due;

const NOTE_CHARS: usize = 500;
const MINUTE_MS: i64 = 60_000;

/// The agent sees to it: nobody else is called.
///
/// # Errors
/// Merged ticket, one that has ended, or somebody acknowledged it before.
pub fn acknowledge(hand: &Hand<'_>, ticket: &Ticket) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if clocks::is_ended(ticket.status) {
        return Err(work.already());
    }
    if let Some(mark) = &ticket.course.acknowledged {
        let state = format!("acknowledged by {}", mark.by);
        return Err(Refusal::Already { ticket: ticket.id, state });
    }
    work.event(EventKind::Note, TicketEvent::ACKNOWLEDGED);
    Ok(work.done())
}

/// What is said about leave to start work.
#[derive(Clone, Copy, Debug)]
pub struct Ruling<'a> {
    /// Whether work may start. [`Verdict::Wanted`] is no answer and refused.
    pub verdict: Verdict,
    /// A word with it; may be empty.
    pub note: &'a str,
    /// The newest message of the requester, below which they are told.
    pub last: Option<&'a StoredMessage>,
}

/// Gives or refuses leave to start work; who said so stays on the ticket, and the requester is told. A refusal ends the matter.
///
/// # Errors
/// Merged ticket, nothing waits for leave, or words that cannot be sent.
pub fn rule_on(hand: &Hand<'_>, ticket: &Ticket, ruling: &Ruling<'_>) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    let waits = ticket.course.waits_for_approval() && !clocks::is_ended(ticket.status);
    let Some(approval) = work.ticket.course.approval.as_mut().filter(|_| waits && ruling.verdict != Verdict::Wanted)
    else {
        return Err(Refusal::NothingToApprove { ticket: ticket.id });
    };
    let note = one_line(ruling.note, NOTE_CHARS);
    approval.verdict = ruling.verdict;
    approval.given = Some(Mark { by: hand.agent.to_owned(), at: hand.now });
    approval.note.clone_from(&note);
    let said = if note.is_empty() { ruling.verdict.to_string() } else { format!("{}: {note}", ruling.verdict) };
    work.event(EventKind::Approval, said);
    let mut values = Values::from([("by", Value::from(one_line(hand.agent, NOTE_CHARS)))]);
    if !note.is_empty() {
        values.insert("note", Value::from(note));
    }
    let template = if ruling.verdict == Verdict::Approved {
        // The clocks of the work run from here on: the time that is named is the one after the wait.
        super::super::course::hold(hand.catalog, &mut work.ticket, hand.now);
        clocks::show(&mut work.ticket);
        values.extend(work.post().expected(&work.ticket).map(|at| ("expected", at)).into_iter().collect::<Values>());
        Template::Approved
    } else {
        work.end(Status::Resolved, "it was not approved");
        Template::Declined
    };
    if work.requester().is_ok() {
        let mail = Mail { cc: work.others(), last: ruling.last };
        work.send(template, OutboundKind::StatusReport, values, mail)?;
    }
    Ok(work.done())
}

/// A word among agents. Where nobody can be written to it is the word that the update clock waits for.
///
/// # Errors
/// Merged ticket.
pub fn note(hand: &Hand<'_>, ticket: &Ticket, text: &str) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    work.event(EventKind::Note, text);
    if !work.is_reachable() {
        clocks::report(hand.catalog, &mut work.ticket, hand.now);
    }
    Ok(work.done())
}

/// An interim report on an incident: a word of a person, from which the hour to the next one counts. Where nobody can be written to
/// it stays in the history.
///
/// # Errors
/// Merged ticket, one that has ended, no text, or words that cannot be sent.
pub fn report<'a>(
    hand: &Hand<'a>,
    ticket: &Ticket,
    text: &'a str,
    last: Option<&StoredMessage>,
) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if clocks::is_ended(ticket.status) {
        return Err(work.already());
    }
    work.said = text;
    work.ticket.course.reports = ticket.course.reports.saturating_add(1);
    let number = work.ticket.course.reports;
    if !work.is_reachable() {
        work.event(EventKind::Note, kept_inside(ticket, number, text)?);
        clocks::report(hand.catalog, &mut work.ticket, hand.now);
        work.wake(Status::Open, "an interim report was noted");
        return Ok(work.done());
    }
    let mut values = Values::from([("text", words(ticket, text)?), ("number", Value::from(number))]);
    let next = next_update(hand, ticket).and_then(|at| shown(hand, ticket, at));
    values.extend(next.map(|at| ("next", Value::from(at))).into_iter().collect::<Values>());
    let cc = work.others();
    work.send(Template::Report, OutboundKind::AgentReply, values, Mail { cc, last })?;
    work.event(EventKind::Note, format!("{}{number}", TicketEvent::REPORTED));
    work.ticket.first_response_at.get_or_insert(hand.now);
    work.wake(Status::Open, "an interim report was sent");
    Ok(work.done())
}

/// How an incident ended.
#[derive(Clone, Copy, Debug)]
pub struct Recovery<'a> {
    /// What is said to everybody on the ticket.
    pub text: &'a str,
    /// Since when the service was down; the ticket's first message when it is not named.
    pub since: Option<Timestamp>,
    /// Since when it is back; now when it is not named.
    pub back: Option<Timestamp>,
    /// Why it was down; may be empty.
    pub cause: &'a str,
    /// The newest message of the requester.
    pub last: Option<&'a StoredMessage>,
}

/// The recovery notice: the incident is over, the time the service was down stays on the ticket.
///
/// # Errors
/// Merged ticket, one that has ended, no text, times the wrong way round, nobody to write to, or words that cannot be sent.
pub fn recover<'a>(hand: &Hand<'a>, ticket: &Ticket, recovery: &Recovery<'a>) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if clocks::is_ended(ticket.status) {
        return Err(work.already());
    }
    let (from, to) = (recovery.since.unwrap_or(ticket.created_at), recovery.back.unwrap_or(hand.now));
    if from >= to || to > hand.now {
        return Err(Refusal::Backwards { ticket: ticket.id });
    }
    work.said = recovery.text;
    let minutes = (to.0 - from.0) / MINUTE_MS;
    let mut values = Values::from([("text", words(ticket, recovery.text)?)]);
    let zone = hand.catalog.desk.timezone;
    let time = |at| date_and_time(at, zone, ticket.language);
    if let (Some(down), Some(back)) = (time(from), time(to)) {
        values.extend([("down", Value::from(down)), ("back", Value::from(back)), ("minutes", Value::from(minutes))]);
    }
    let cause = one_line(recovery.cause, NOTE_CHARS);
    work.event(
        EventKind::Note,
        format!(
            "{}{minutes} minutes{}",
            TicketEvent::DOWN,
            if cause.is_empty() { String::new() } else { format!(": {cause}") }
        ),
    );
    work.ticket.course.outage = Some(Outage { from, to, cause });
    work.ask_how_it_was(&mut values);
    let cc = work.others();
    work.send(Template::Recovered, OutboundKind::AgentReply, values, Mail { cc, last: recovery.last })?;
    work.ticket.first_response_at.get_or_insert(hand.now);
    work.ticket.course.asked_at.get_or_insert(hand.now);
    work.ticket.resolved_at = Some(to.max(ticket.created_at));
    work.end(Status::Resolved, "the service is back");
    Ok(work.done())
}

/// Two tickets belong beside each other. Nothing else changes on them.
///
/// # Errors
/// The same ticket twice, a merged one, or they are linked already.
pub fn link(hand: &Hand<'_>, ticket: &Ticket, other: &Ticket) -> Result<Changes, Refusal> {
    if ticket.id == other.id {
        return Err(Refusal::SameTicket { ticket: ticket.id });
    }
    if let Some(into) = other.merged_into {
        return Err(Refusal::Merged { ticket: other.id, into });
    }
    let mut work = Work::begin(hand, ticket)?;
    if ticket.course.links.contains(&other.id) {
        return Err(Refusal::Already { ticket: ticket.id, state: format!("linked to {}", other.id) });
    }
    let mut target = other.clone();
    work.before.push(other.clone());
    for (one, far) in [(&mut work.ticket, other.id), (&mut target, ticket.id)] {
        one.course.links.push(far);
        one.linked_to.get_or_insert(far);
    }
    target.updated_at = hand.now;
    work.event(EventKind::Linked, format!("beside {}", other.id));
    work.event_on(other.id, EventKind::Linked, format!("beside {}", ticket.id));
    work.changes.tickets.push(target);
    Ok(work.done())
}

/// Writes into the register what was done about a complaint, and for which service it was when `service` names one.
///
/// # Errors
/// Merged ticket, no complaint in it, or nothing is written.
pub fn answer_complaint(
    hand: &Hand<'_>,
    ticket: &Ticket,
    action: &str,
    service: Option<&str>,
) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    let action = one_line(action, NOTE_CHARS);
    if action.is_empty() {
        return Err(Refusal::EmptyText { ticket: ticket.id });
    }
    let Some(complaint) = work.ticket.course.complaint.as_mut() else {
        return Err(Refusal::NoComplaint { ticket: ticket.id });
    };
    complaint.action.clone_from(&action);
    complaint.done = Some(Mark { by: hand.agent.to_owned(), at: hand.now });
    if let Some(service) = service {
        complaint.service = one_line(service, NOTE_CHARS);
    }
    work.event(EventKind::Note, format!("{}{action}", TicketEvent::COMPLAINT));
    Ok(work.done())
}

/// What the history says of a report that goes to nobody.
fn kept_inside(ticket: &Ticket, number: u32, text: &str) -> Result<String, Refusal> {
    match one_line(text, NOTE_CHARS) {
        text if text.is_empty() => Err(Refusal::EmptyText { ticket: ticket.id }),
        text => Ok(format!("{}{number}: {text}", TicketEvent::REPORTED)),
    }
}

fn words(ticket: &Ticket, text: &str) -> Result<Value, Refusal> {
    match text.trim() {
        "" => Err(Refusal::EmptyText { ticket: ticket.id }),
        text => Ok(Value::from(text)),
    }
}

/// When the next interim report is due after one that is sent now.
fn next_update(hand: &Hand<'_>, ticket: &Ticket) -> Option<Timestamp> {
    let book = Book { catalog: hand.catalog };
    let open = ticket.promises.clocks.iter().filter(|clock| clock.kind == ClockKind::Update && clock.is_open());
    open.filter_map(|clock| Some(due(&*book.table_of(clock, &ticket.queue)?, hand.now, clock.target))).min()
}

fn shown(hand: &Hand<'_>, ticket: &Ticket, at: Timestamp) -> Option<String> {
    deadline(at, hand.now, hand.catalog.desk.timezone, ticket.language)
}

#[cfg(test)]
mod tests;
