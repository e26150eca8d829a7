//! What the passing of time changes on a ticket: clocks that warn or are missed, escalation rules that fire, and what they do.

use super::assign::{Staff, assign};
use super::clocks::{self, retime};
use super::keep::{finish, look};
use super::letter::Post;
use super::notice;
use super::route::line_above;
use super::wording::one_line;
use super::{calls, card, closing, course};
use crate::domain::catalog::Catalog;
use crate::domain::promise::Firing;
use crate::domain::service::{Escalation, Remedy};
use crate::domain::{Changes, EventKind, Keyring, Priority, Problem, Sighting, Ticket, TicketEvent, Timestamp};
use crate::sla::book::Book;
use crate::sla::escalation::firings;
use crate::sla::timers::Count;

const RULE: &str = "rule";
/// Firings remembered on a ticket. The store keeps them all; what is this old belongs to clocks that went round since.
const MOST_FIRED: usize = 200;
const SUBJECT_CHARS: usize = 120;

/// What is to be written about `ticket` because it is `now`, its card for the agents included. Always holds the ticket, so that it
/// says when it is to be looked at next.
#[must_use]
pub fn tick(catalog: &Catalog, keyring: &Keyring, ticket: &Ticket, now: Timestamp) -> Changes {
    tick_staffed(catalog, keyring, ticket, (&mut Staff::default(), now))
}

/// As [`tick`], with what is known of the agents' work, which is counted on.
#[must_use]
pub fn tick_staffed(
    catalog: &Catalog,
    keyring: &Keyring,
    known: &Ticket,
    (staff, now): (&mut Staff, Timestamp),
) -> Changes {
    let ticket = known;
    let mut ticket = ticket.clone();
    let mut changes = Changes { events: look(catalog, &mut ticket, now), ..Changes::default() };
    let runs = ticket.merged_into.is_none() && !clocks::is_ended(ticket.status);
    if ticket.promises.rules != catalog.service.version && runs {
        let was = ticket.promises.clocks.clone();
        retime(catalog, &mut ticket, (Count::FromStart, now));
        changes.events.extend(super::keep::notes(&was, &ticket, now));
    }
    let fired = firings(Book { catalog }, &ticket, now);
    let before = (ticket.queue.clone(), ticket.priority);
    for (rule, firing) in &fired {
        fire(catalog, &mut changes, &mut ticket, (rule, firing));
    }
    if before != (ticket.queue.clone(), ticket.priority) {
        let was = ticket.promises.clocks.clone();
        retime(catalog, &mut ticket, (Count::FromNow, now));
        changes.events.extend(super::keep::notes(&was, &ticket, now));
        ticket.updated_at = now;
    }
    calls::advance(catalog, &mut changes, &mut ticket, now);
    if let Some((event, turn)) = assign(catalog, &mut ticket, staff, now) {
        changes.events.push(event);
        changes.turns.push(turn);
        ticket.updated_at = now;
    }
    closing::pass(&Post { catalog, keyring, now }, &mut changes, &mut ticket);
    let surplus = ticket.promises.fired.len().saturating_sub(MOST_FIRED);
    ticket.promises.fired.drain(..surplus);
    clocks::show(&mut ticket);
    finish(catalog, &mut ticket, now);
    changes.tickets.push(ticket);
    notice::follow(&Post { catalog, keyring, now }, &[known], &mut changes, "");
    card::update(&Post { catalog, keyring, now }, &[known], &mut changes, None);
    changes
}

fn fire(catalog: &Catalog, changes: &mut Changes, ticket: &mut Ticket, (rule, firing): (&Escalation, &Firing)) {
    let event = |kind: EventKind, detail: String| TicketEvent {
        ticket: firing.ticket,
        at: firing.at,
        kind,
        actor: RULE.to_owned(),
        detail,
    };
    ticket.promises.fired.push(firing.key.clone());
    let (at, queue) = (changes.events.len(), ticket.queue.clone());
    for remedy in &rule.remedies {
        match remedy {
            Remedy::SecondLine => {
                let queue = line_above(catalog, &ticket.queue).to_owned();
                changes.events.extend(move_to(ticket, &queue, firing.at).map(|detail| event(EventKind::Queue, detail)));
            }
            Remedy::Move { queue } => {
                changes.events.extend(move_to(ticket, queue, firing.at).map(|detail| event(EventKind::Queue, detail)));
            }
            Remedy::Raise { to } => {
                changes.events.extend(raise(ticket, *to).map(|detail| event(EventKind::Priority, detail)));
            }
            Remedy::Notify { target } | Remedy::Page { target } => {
                let urgent = matches!(remedy, Remedy::Page { .. });
                let Some(found) = catalog.service.targets.iter().find(|known| known.name == *target) else { continue };
                let written = notice::of_firing(catalog, ticket, firing, (found, urgent));
                changes
                    .events
                    .push(event(EventKind::MessageOut, format!("notice to {target} ({})", written.dedupe_key)));
                changes.outbound.push(written);
            }
            Remedy::Call { list } => {
                let begun = calls::begin(catalog, ticket, list, firing);
                changes.events.extend(begun.map(|detail| event(EventKind::Note, detail)));
            }
            Remedy::OpenProblem => {
                let key = course::problem_key(catalog, ticket);
                changes.events.push(event(EventKind::Linked, format!("problem {key}")));
                let title = one_line(&ticket.subject, SUBJECT_CHARS);
                let how = Sighting::Opened;
                changes.problems.push(Problem { key, title, ticket: ticket.id, at: firing.at, how });
            }
        }
    }
    // Only a ticket that was passed to other people is escalated: it gets a new card.
    let kind = if ticket.queue == queue { EventKind::Clock } else { EventKind::Escalated };
    changes.events.insert(at, event(kind, format!("rule {}: {}", rule.name, firing.because.en)));
    changes.fired.push(firing.clone());
}

fn move_to(ticket: &mut Ticket, queue: &str, now: Timestamp) -> Option<String> {
    if ticket.queue == queue {
        return None;
    }
    let detail = format!("{} → {queue}", ticket.queue);
    queue.clone_into(&mut ticket.queue);
    ticket.assignee = None;
    ticket.promises.moves = ticket.promises.moves.saturating_add(1);
    ticket.promises.queued_at = Some(now);
    course::in_other_hands(ticket);
    Some(detail)
}

fn raise(ticket: &mut Ticket, to: Priority) -> Option<String> {
    if ticket.priority >= to {
        return None;
    }
    if let Some(person) = &ticket.promises.priority_by {
        return Some(format!("stays {}: {person} set it", ticket.priority));
    }
    let detail = format!("{} → {to}", ticket.priority);
    ticket.priority = to;
    Some(detail)
}

#[cfg(test)]
mod tests;
