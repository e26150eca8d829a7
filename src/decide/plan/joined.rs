//! A message that joins a ticket.

use super::super::clocks;
use super::super::details::Taken;
use super::super::feedback::{on_answer, on_choice, on_satisfaction};
use super::super::follow_up::Place;
use super::super::letter::{is_id, put_details, put_questions};
use super::super::route::second_line;
use super::super::wording::{Template, Values, one_line};
use super::{RULE, Sheet, acted};
use crate::domain::{Button, Changes, EventKind, Fate, FeedbackSource, Outcome, Priority, Status, Ticket};
use crate::sla::timers::Count;

const DETAIL_CHARS: usize = 120;

pub(super) fn plan(mut sheet: Sheet<'_>, known: &Ticket, place: &Place) -> Changes {
    let mut article = None;
    match place {
        // An edit is kept where the message it changes is, and what was done twice leaves nothing.
        Place::Edited { .. } | Place::Deleted { .. } | Place::Repeat { .. } | Place::Agent(_) => {}
        Place::Note
        | Place::Delivery
        | Place::Thanks
        | Place::Solved
        | Place::Escalates { .. }
        | Place::Person
        | Place::Unsolved
        | Place::Status
        | Place::Details { .. }
        | Place::Returns
        | Place::Adds
        | Place::Bystander
        | Place::Chosen { .. }
        | Place::Rated { .. } => sheet.keep_message(Some(known.id)),
    }
    match place {
        Place::Repeat { .. } | Place::Agent(_) => {}
        Place::Bystander => acted::bystander(&mut sheet, known),
        Place::Edited { taken } => acted::edited(&mut sheet, known, taken.as_ref()),
        Place::Deleted { closes } => acted::deleted(&mut sheet, known, *closes),
        Place::Chosen { article: chosen } => {
            article = Some(chosen.clone());
            let ticket = person(&mut sheet, known, place);
            sheet.changes.tickets.push(ticket);
        }
        Place::Note => note(&mut sheet, known),
        Place::Delivery => delivery(&mut sheet, known),
        Place::Thanks
        | Place::Solved
        | Place::Escalates { .. }
        | Place::Person
        | Place::Unsolved
        | Place::Status
        | Place::Details { .. }
        | Place::Returns
        | Place::Rated { .. }
        | Place::Adds => {
            let ticket = person(&mut sheet, known, place);
            sheet.changes.tickets.push(ticket);
        }
    }
    sheet.settle(Fate::Joined, "", Some(known.id), article)
}

/// A machine's mail leaves the ticket and its clocks as they are.
fn note(sheet: &mut Sheet<'_>, known: &Ticket) {
    let kind = sheet.message.automatic.map_or("automatic mail", |kind| kind.as_str());
    let subject = one_line(&sheet.message.subject, DETAIL_CHARS);
    sheet.event(known.id, EventKind::Note, RULE, format!("{kind}: {subject}"));
    if let Some(id) = sheet.message.message_id.clone().filter(|id| is_id(id)) {
        sheet.key(id, known.id);
    }
}

fn delivery(sheet: &mut Sheet<'_>, known: &Ticket) {
    let bounce = sheet.message.bounce.clone().unwrap_or_default();
    let said = |value: Option<String>, without: &str| {
        value.map_or_else(|| without.to_owned(), |value| one_line(&value, DETAIL_CHARS))
    };
    let (action, status) = (said(bounce.action, "failed"), said(bounce.status, "no status"));
    let recipient = said(bounce.recipient, "an unnamed recipient");
    sheet.event(known.id, EventKind::Delivery, RULE, format!("{action} ({status}) for {recipient}"));
    sheet.mark_bounced();
}

fn person(sheet: &mut Sheet<'_>, known: &Ticket, place: &Place) -> Ticket {
    let mut ticket = known.clone();
    clocks::adopt(sheet.context.catalog, &mut ticket);
    ticket.updated_at = sheet.post.now;
    let mut participants = std::mem::take(&mut ticket.participants);
    sheet.take_on(&mut participants);
    ticket.participants = participants;
    sheet.lead_here(ticket.id);
    sheet.received(ticket.id);
    acted::follow_language(sheet, &mut ticket);
    judge(sheet, known, place);
    acted::rated_in_words(sheet, known, &mut ticket);
    match place {
        Place::Note
        | Place::Delivery
        | Place::Thanks
        | Place::Adds
        | Place::Bystander
        | Place::Edited { .. }
        | Place::Deleted { .. }
        | Place::Repeat { .. }
        | Place::Agent(_) => {}
        Place::Chosen { article } => acted::chosen(sheet, &mut ticket, article),
        Place::Rated { score } => acted::rated(sheet, &mut ticket, *score),
        Place::Solved => solved(sheet, &mut ticket),
        Place::Escalates { reason, critical } => escalate(sheet, &mut ticket, reason, *critical),
        Place::Person => {
            if !ticket.pressed.contains(&Button::Person) {
                ticket.pressed.push(Button::Person);
            }
            give_back(sheet, &mut ticket, "asks for a person");
            acknowledge(sheet, &mut ticket, Template::Reopened);
        }
        Place::Unsolved => {
            if give_back(sheet, &mut ticket, "the answer did not help") {
                acknowledge(sheet, &mut ticket, Template::Reopened);
            }
        }
        Place::Returns => {
            // A reply to an agent's question needs no further word from the machine.
            if give_back(sheet, &mut ticket, "the requester came back") && known.status != Status::Waiting {
                acknowledge(sheet, &mut ticket, Template::Reopened);
            }
        }
        Place::Status => {
            let values = sheet.post.status(&ticket);
            // Why nothing was sent is in the trace.
            let _ = sheet.reply(&mut ticket, Template::Status, values);
        }
        Place::Details { taken, ask_again } => details(sheet, &mut ticket, taken, *ask_again),
    }
    ticket
}

/// What coming back says of the answer: it solved the matter, or it did not.
fn judge(sheet: &mut Sheet<'_>, known: &Ticket, place: &Place) {
    let answered = known.status == Status::Answered;
    let at = sheet.post.now;
    let who = sheet.message.from.address.clone();
    let by_button = matches!(sheet.message.act, Some(crate::domain::Act::Pressed { .. }));
    let said = if by_button { FeedbackSource::Button } else { FeedbackSource::Requester };
    let (source, outcome) = match place {
        Place::Solved => (said, Outcome::Right),
        Place::Unsolved => (said, Outcome::Wrong),
        Place::Person | Place::Returns if answered => (FeedbackSource::Reopened, Outcome::Wrong),
        Place::Chosen { article } => {
            sheet.changes.feedback.push(on_choice(known, &who, article, at));
            return;
        }
        Place::Rated { score } => {
            sheet.changes.feedback.push(on_satisfaction(known, &who, *score, at));
            return;
        }
        Place::Person
        | Place::Returns
        | Place::Note
        | Place::Delivery
        | Place::Thanks
        | Place::Escalates { .. }
        | Place::Status
        | Place::Details { .. }
        | Place::Adds
        | Place::Bystander
        | Place::Edited { .. }
        | Place::Deleted { .. }
        | Place::Repeat { .. }
        | Place::Agent(_) => return,
    };
    sheet.changes.feedback.extend(on_answer(known, &who, source, outcome, at));
}

pub(super) fn set_status(sheet: &mut Sheet<'_>, ticket: &mut Ticket, status: Status, because: &str) {
    if ticket.status == status {
        return;
    }
    sheet.event(ticket.id, EventKind::Status, RULE, format!("{} → {status}: {because}", ticket.status));
    ticket.status = status;
}

fn solved(sheet: &mut Sheet<'_>, ticket: &mut Ticket) {
    ticket.course.confirmed_at = Some(sheet.post.now);
    match ticket.status {
        Status::Resolved | Status::Closed => {}
        Status::New | Status::Open | Status::Waiting | Status::Answered => {
            ticket.resolved_at = Some(sheet.post.now);
            set_status(sheet, ticket, Status::Resolved, "the requester says it is solved");
            acted::ask_for_rating(sheet, ticket);
        }
    }
}

/// The people have it again; tells whether they had let go of it.
fn give_back(sheet: &mut Sheet<'_>, ticket: &mut Ticket, because: &str) -> bool {
    if !clocks::is_standing(ticket.status) {
        return false;
    }
    ticket.resolved_at = None;
    ticket.course.confirmed_at = None;
    clocks::run(sheet.context.catalog, ticket, sheet.post.now);
    let status = if ticket.assignee.is_some() { Status::Open } else { Status::New };
    set_status(sheet, ticket, status, because);
    true
}

fn escalate(sheet: &mut Sheet<'_>, ticket: &mut Ticket, reason: &str, critical: bool) {
    let queue = second_line(sheet.context.catalog, &ticket.queue).to_owned();
    sheet.event(ticket.id, EventKind::Escalated, RULE, format!("to {queue}: {reason}"));
    if queue != ticket.queue {
        sheet.event(ticket.id, EventKind::Queue, RULE, format!("{} → {queue}", ticket.queue));
        ticket.queue = queue;
        ticket.assignee = None;
    }
    let raised = critical && ticket.priority != Priority::Critical;
    let by_person = ticket.promises.priority_by.clone();
    if let Some(person) = by_person.filter(|_| raised) {
        sheet.event(ticket.id, EventKind::Priority, RULE, format!("stays {}: {person} set it", ticket.priority));
    } else if raised {
        sheet.event(ticket.id, EventKind::Priority, RULE, format!("{} → critical", ticket.priority));
        ticket.priority = Priority::Critical;
        clocks::retime(sheet.context.catalog, ticket, (Count::FromNow, sheet.post.now));
    }
    ticket.resolved_at = None;
    clocks::run(sheet.context.catalog, ticket, sheet.post.now);
    set_status(sheet, ticket, Status::Open, reason);
    acknowledge(sheet, ticket, Template::Escalated);
}

fn acknowledge(sheet: &mut Sheet<'_>, ticket: &mut Ticket, template: Template) {
    let mut values = Values::new();
    sheet.post.promise(ticket, &mut values);
    // Why nothing was sent is in the trace; the people have the ticket either way.
    let _ = sheet.reply(ticket, template, values);
}

pub(super) fn details(sheet: &mut Sheet<'_>, ticket: &mut Ticket, taken: &Taken, ask_again: bool) {
    ticket.slots.clone_from(&taken.slots);
    ticket.missing.clone_from(&taken.missing);
    if !taken.learnt.is_empty() {
        sheet.event(ticket.id, EventKind::Slots, RULE, format!("learnt {}", taken.learnt.join(", ")));
    }
    let mut values = Values::new();
    let intent = sheet.post.intent(ticket);
    put_details(&mut values, intent, &ticket.slots, ticket.language);
    if ask_again {
        put_questions(&mut values, intent, &ticket.missing, ticket.language);
        if sheet.reply(ticket, Template::Question, values.clone()).is_ok() {
            ticket.questions_asked = ticket.questions_asked.saturating_add(1);
            return;
        }
        values.remove("questions");
    }
    let because = if ticket.missing.is_empty() { "the details are there" } else { "asked often enough" };
    give_back(sheet, ticket, because);
    sheet.post.promise(ticket, &mut values);
    // Why nothing was sent is in the trace.
    let _ = sheet.reply(ticket, Template::SlotsReceived, values);
}
