//! Two tickets made one, and one made two.

use super::super::clocks;
use super::super::letter::is_id;
use super::super::route::queue_for;
use super::{Hand, Refusal, Work};
use crate::domain::{Changes, EventKind, Moved, Priority, Status, StoredMessage, Ticket, TicketId};

/// Everything of `from` goes to `into` from now on; `from` is closed and points there for ever.
///
/// # Errors
/// The same ticket twice, or one of them was merged before.
pub fn merge(hand: &Hand<'_>, from: &Ticket, into: &Ticket) -> Result<Changes, Refusal> {
    if from.id == into.id {
        return Err(Refusal::SameTicket { ticket: from.id });
    }
    if let Some(end) = into.merged_into {
        return Err(Refusal::Merged { ticket: into.id, into: end });
    }
    let mut work = Work::begin(hand, from)?;
    work.ticket.merged_into = Some(into.id);
    work.event(EventKind::Merged, format!("into {}", into.id));
    work.end(Status::Closed, "it was merged");
    let mut target = into.clone();
    work.before.push(into.clone());
    clocks::adopt(hand.catalog, &mut target);
    target.updated_at = hand.now;
    for address in &from.participants {
        if !target.participants.contains(address) {
            target.participants.push(address.clone());
        }
    }
    for (name, value) in &from.slots {
        target.slots.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let slots = &target.slots;
    target.missing.retain(|name| !slots.contains_key(name));
    work.event_on(into.id, EventKind::Merged, format!("{} was merged into it", from.id));
    work.changes.tickets.push(target);
    Ok(work.done())
}

/// Takes a merge back: `ticket` is a case of its own again, and what is written to it stays there. Messages that came in
/// meanwhile stay on `from`; its people no longer see that one, unless they are its requester.
///
/// # Errors
/// It was not merged, or into another ticket.
pub fn unmerge(hand: &Hand<'_>, ticket: &Ticket, from: &Ticket) -> Result<Changes, Refusal> {
    if ticket.merged_into != Some(from.id) {
        return Err(Refusal::Already { ticket: ticket.id, state: "a ticket of its own".to_owned() });
    }
    let mut work = Work::begin(hand, &Ticket { merged_into: None, ..ticket.clone() })?;
    work.before = vec![ticket.clone(), from.clone()];
    work.event(EventKind::Merged, format!("taken back: no longer one with {}", from.id));
    work.event_on(from.id, EventKind::Merged, format!("taken back: {} is a ticket of its own again", ticket.id));
    let status = if ticket.assignee.is_some() { Status::Open } else { Status::New };
    work.wake(status, "the merge was taken back");
    let mut other = from.clone();
    clocks::adopt(hand.catalog, &mut other);
    other.updated_at = hand.now;
    let requester = from.requester.address.to_lowercase();
    other.participants.retain(|address| *address == requester || !ticket.participants.contains(address));
    work.changes.tickets.push(other);
    Ok(work.done())
}

/// Takes one message off `ticket` to a ticket of its own, numbered by the message's inbox row and linked to the old one.
///
/// # Errors
/// Merged ticket, a message of another ticket, or the message that opened this one.
pub fn split(hand: &Hand<'_>, ticket: &Ticket, message: &StoredMessage) -> Result<Changes, Refusal> {
    let mut work = Work::begin(hand, ticket)?;
    if message.ticket != Some(ticket.id) {
        return Err(Refusal::NotOnTicket { ticket: ticket.id, message: message.inbox_id });
    }
    let id = TicketId::from(message.inbox_id);
    if id == ticket.id {
        return Err(Refusal::FirstMessage { ticket: ticket.id, message: message.inbox_id });
    }
    let fresh = Ticket {
        id,
        version: 0,
        status: Status::New,
        subject: if message.subject.trim().is_empty() { ticket.subject.clone() } else { message.subject.clone() },
        requester: message.from.clone(),
        participants: vec![message.from.address.to_lowercase()],
        queue: queue_for(hand.catalog, None, &ticket.source).to_owned(),
        priority: Priority::Medium,
        intent: None,
        language: message.language,
        assignee: None,
        slots: std::collections::BTreeMap::new(),
        missing: Vec::new(),
        questions_asked: 0,
        automatic_sent: 0,
        article: None,
        created_at: message.arrived_at,
        first_response_at: None,
        resolved_at: None,
        due: crate::domain::Due::default(),
        breached: Vec::new(),
        linked_to: Some(ticket.id),
        promises: crate::domain::Promises::default(),
        pressed: Vec::new(),
        card: None,
        tags: Vec::new(),
        course: crate::domain::Course::default(),
        ..work.ticket.clone()
    };
    work.event(EventKind::Linked, format!("message {} was split off as {id}", message.inbox_id));
    work.event_on(id, EventKind::Opened, format!("split off {}", ticket.id));
    work.event_on(id, EventKind::Linked, format!("beside {}", ticket.id));
    let keys = message.message_id.iter().filter(|key| is_id(key)).cloned().collect();
    work.changes.moved.push(Moved { inbox_id: message.inbox_id, ticket: id, keys });
    work.changes.tickets.push(fresh);
    Ok(work.done())
}
