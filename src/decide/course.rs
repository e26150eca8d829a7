//! What the desk's processes do with every change of a ticket: leave to start work, clocks that wait for it, matters that are
//! counted, quiet that begins anew; and when a ticket is to be looked at next.

use super::wording::one_line;
use super::{assign, clocks, closing};
use crate::domain::catalog::Catalog;
use crate::domain::{
    Approval, Classification, Complaint, EventKind, Mark, Message, Problem, Sighting, Status, Ticket, TicketEvent,
    Timestamp, Verdict, Wish,
};
use crate::sla::book::Book;
use crate::sla::{escalation, timers};

const RULE: &str = "rule";
/// The request type of complaints, if the catalog has one.
const COMPLAINT_INTENT: &str = "complaint";
const CONTENT_CHARS: usize = 300;
const SUBJECT_CHARS: usize = 120;

/// When anything may happen to the ticket by the passing of time alone, its clocks apart.
pub(super) fn next_look(catalog: &Catalog, ticket: &Ticket, now: Timestamp) -> Option<Timestamp> {
    let calls = ticket.course.calls.iter().map(|call| call.next_at).min();
    let rules = escalation::next(Book { catalog }, ticket);
    let agent = assign::next(catalog, ticket, now);
    let end = closing::next(catalog, ticket).map(|(at, _)| at);
    [rules, agent, calls, end].into_iter().flatten().min()
}

/// Other people have it now: nobody of them has said anything yet.
pub(super) fn in_other_hands(ticket: &mut Ticket) {
    ticket.course.acknowledged = None;
    ticket.course.given = false;
}

/// A person has done something with it: nobody else is told any more. Returns lines for the history.
pub(super) fn acknowledged(ticket: &mut Ticket, by: &str, now: Timestamp) -> Vec<TicketEvent> {
    let course = &mut ticket.course;
    course.given = false;
    course.acknowledged.get_or_insert_with(|| Mark { by: by.to_owned(), at: now });
    let (id, calls) = (ticket.id, std::mem::take(&mut course.calls));
    let line = |list: String| TicketEvent {
        ticket: id,
        at: now,
        kind: EventKind::Note,
        actor: by.to_owned(),
        detail: format!("acknowledged: nobody else on `{list}` is told"),
    };
    calls.into_iter().map(|call| line(call.list)).collect()
}

/// Work on a request type that may affect the service waits for leave. A ticket that became another matter needs none any more.
pub(super) fn approval(
    catalog: &Catalog,
    ticket: &mut Ticket,
    (at, now): (Timestamp, Timestamp),
) -> Option<TicketEvent> {
    let needed = ticket.intent.as_deref().and_then(|id| catalog.intent(id)).is_some_and(|intent| intent.approval);
    let with_people = matches!(ticket.status, Status::New | Status::Open) && ticket.merged_into.is_none();
    let detail = match (&ticket.course.approval, needed) {
        (None, true) if with_people => {
            let (verdict, wanted_at) = (Verdict::Wanted, at);
            ticket.course.approval = Some(Approval { verdict, wanted_at, given: None, note: String::new() });
            "work waits for approval"
        }
        (Some(approval), false) if approval.verdict == Verdict::Wanted => {
            ticket.course.approval = None;
            "another matter: it needs no approval"
        }
        (None | Some(_), true | false) => return None,
    };
    let (kind, actor) = (EventKind::Approval, RULE.to_owned());
    Some(TicketEvent { ticket: ticket.id, at: now, kind, actor, detail: detail.to_owned() })
}

/// The clocks of the work stand while leave is waited for, where the policy says so.
pub(super) fn hold(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    if ticket.course.approval.is_none() {
        return;
    }
    let policy = Book { catalog }.policy(ticket).filter(|_| ticket.course.waits_for_approval());
    let kinds = policy.map(|policy| policy.approval_pauses.clone()).unwrap_or_default();
    clocks::each(catalog, ticket, |clock, table| {
        if kinds.contains(&clock.kind) { timers::pause(clock, table, now) } else { timers::resume(clock, table, now) }
    });
}

/// Since when nobody has said anything: a word or another status begins it anew.
pub(super) fn quiet(known: Option<&Ticket>, ticket: &mut Ticket, (talked, now): (bool, Timestamp)) {
    if talked || known.is_none_or(|known| known.status != ticket.status) {
        ticket.course.quiet_since = Some(now);
        ticket.course.close_warned_at = None;
    }
}

/// Counts a ticket of a watched request type under its matter, once that is known: `incident/web01`.
pub(super) fn sight(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) -> Option<Problem> {
    let rules = &catalog.service.problems;
    let intent = ticket.intent.as_ref().filter(|intent| rules.intents.contains(intent))?;
    if ticket.course.matter.is_some() || ticket.merged_into.is_some() {
        return None;
    }
    let key = format!("{intent}/{}", what_it_is_about(catalog, ticket)?);
    ticket.course.matter = Some(key.clone());
    let title = one_line(&ticket.subject, SUBJECT_CHARS);
    Some(Problem { key, title, ticket: ticket.id, at: now, how: Sighting::Counted })
}

/// The matter a rule calls a problem: the one the ticket is counted under, else its request type with the detail problems are told
/// apart by, or with its queue while no such detail is known.
pub(super) fn problem_key(catalog: &Catalog, ticket: &Ticket) -> String {
    if let Some(matter) = &ticket.course.matter {
        return matter.clone();
    }
    let detail = what_it_is_about(catalog, ticket).unwrap_or_else(|| ticket.queue.clone());
    format!("{}/{detail}", ticket.intent.as_deref().unwrap_or("-"))
}

/// The detail problems are told apart by, in lower case.
fn what_it_is_about(catalog: &Catalog, ticket: &Ticket) -> Option<String> {
    let value = catalog.service.problems.by.iter().find_map(|name| ticket.slots.get(name))?;
    Some(one_line(value, SUBJECT_CHARS).to_lowercase())
}

/// A complaint goes into the register with its first words.
pub(super) fn complain(ticket: &mut Ticket, message: &Message, classification: &Classification) {
    let of_type = ticket.version == 0 && ticket.intent.as_deref() == Some(COMPLAINT_INTENT);
    if ticket.course.complaint.is_some() || !(of_type || classification.has(Wish::Complaint)) || message.act.is_some() {
        return;
    }
    let service = ["service", "host", "domain"].iter().find_map(|name| ticket.slots.get(*name));
    ticket.course.complaint = Some(Complaint {
        at: message.arrived_at,
        service: service.map(|value| one_line(value, SUBJECT_CHARS)).unwrap_or_default(),
        content: one_line(&message.reply_text, CONTENT_CHARS),
        action: String::new(),
        done: None,
    });
}
