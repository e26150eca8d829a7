//! What requesters do: press, fill in, change, take back, set. Doing the same thing twice changes nothing.

use std::collections::BTreeMap;

use super::super::case::Case;
use super::super::clocks::is_standing;
use super::super::details::{Taken, take, take_form};
use super::super::follow_up::{Place, Turn};
use super::super::person::takes_part;
use super::super::silence::silence;
use super::aside::{Aside, Typed};
use crate::domain::{Act, Button, Message, Status, Ticket, Visibility};

/// Codes a person may type within an hour.
const MOST_TRIES: u32 = 5;
/// What stands in the place of a text that was taken back.
pub(in crate::decide) const TAKEN_BACK: &str = "(taken back by its author)";

pub(super) fn turn<'a>(case: &Case<'a>, act: &'a Act) -> Option<Turn<'a>> {
    match act {
        Act::Pressed { button, .. } => press(case, button),
        Act::WantsTicket => wants_ticket(case),
        Act::Filled { ticket: Some(_), slots, .. } => Some(on_theirs(case, |ticket| Some(filled(case, ticket, slots)))),
        Act::Filled { ticket: None, .. } | Act::Alert { .. } => None,
        Act::Edited { .. } => edited(case),
        Act::Deleted { .. } => Some(deleted(case)),
        Act::Speaks { language } => Some(Turn::Aside(Aside::Language(*language))),
        Act::Links { code } => Some(Turn::Aside(links(case, code.is_some()))),
    }
}

/// The button a requester pressed without any ticket behind it.
pub(in crate::decide) fn pressed(message: &Message) -> Option<&Button> {
    match &message.act {
        Some(Act::Pressed { button, .. }) => Some(button),
        Some(
            Act::Edited { .. }
            | Act::Deleted { .. }
            | Act::WantsTicket
            | Act::Filled { .. }
            | Act::Speaks { .. }
            | Act::Alert { .. }
            | Act::Links { .. },
        )
        | None => None,
    }
}

/// The request type chosen in a form.
#[must_use]
pub fn form_intent(message: &Message) -> Option<&str> {
    form(message).and_then(|(intent, _)| intent)
}

/// The details filled in on a form.
pub(in crate::decide) fn form_slots(message: &Message) -> impl Iterator<Item = (&String, &String)> {
    form(message).into_iter().flat_map(|(_, slots)| slots).filter(|(_, value)| !value.trim().is_empty())
}

fn form(message: &Message) -> Option<(Option<&str>, &BTreeMap<String, String>)> {
    match &message.act {
        Some(Act::Filled { intent, slots, .. }) => Some((intent.as_deref(), slots)),
        Some(
            Act::Edited { .. }
            | Act::Deleted { .. }
            | Act::WantsTicket
            | Act::Pressed { .. }
            | Act::Speaks { .. }
            | Act::Alert { .. }
            | Act::Links { .. },
        )
        | None => None,
    }
}

fn nothing<'a>(because: impl Into<String>) -> Turn<'a> {
    Turn::Aside(Aside::Nothing { because: because.into() })
}

fn repeat(because: impl Into<String>) -> Place {
    Place::Repeat { because: because.into() }
}

/// What `place` says of the ticket the act is about, when it is the sender's own.
fn on_theirs<'a>(case: &Case<'a>, place: impl FnOnce(&Ticket) -> Option<Place>) -> Turn<'a> {
    let Some(ticket) = &case.context.known.ticket else { return nothing("there is no such ticket") };
    if !takes_part(ticket, case.message, case.context.known) {
        return nothing(format!("{} is somebody else's", ticket.id));
    }
    match place(ticket) {
        Some(place) => Turn::Joins { ticket, place },
        None => nothing(format!("it means nothing on {}", ticket.id)),
    }
}

fn press<'a>(case: &Case<'a>, button: &Button) -> Option<Turn<'a>> {
    let opens = matches!(button, Button::Person | Button::Article { .. });
    if opens && case.context.known.ticket.is_none() {
        return match button {
            Button::Article { id } if !is_public(case, id) => Some(nothing(format!("there is no article `{id}`"))),
            _ => None,
        };
    }
    Some(on_theirs(case, |ticket| pressed_on(case, ticket, button)))
}

fn pressed_on(case: &Case<'_>, ticket: &Ticket, button: &Button) -> Option<Place> {
    let before = ticket.pressed.contains(button);
    match button {
        Button::Solved => Some(match ticket.status {
            Status::Resolved | Status::Closed => repeat("it has ended already"),
            Status::New | Status::Open | Status::Waiting | Status::Answered => Place::Solved,
        }),
        Button::NotSolved if is_standing(ticket.status) => Some(Place::Unsolved),
        Button::NotSolved => Some(repeat("people have it already")),
        Button::Person if before && !is_standing(ticket.status) => Some(repeat("a person was asked for before")),
        Button::Person => Some(Place::Person),
        Button::Article { .. } if before => Some(repeat("that article was sent before")),
        Button::Article { id } => is_public(case, id).then(|| Place::Chosen { article: id.clone() }),
        Button::Rate { .. } if before => Some(repeat("it was rated so before")),
        Button::Rate { score } => (1..=5).contains(score).then_some(Place::Rated { score: *score }),
        // The first is dealt with where forms are shown, the others are for agents.
        Button::Details { .. }
        | Button::Take
        | Button::Assign
        | Button::Resolve
        | Button::Approve
        | Button::Decline
        | Button::Join { .. }
        | Button::Split { .. } => None,
    }
}

fn is_public(case: &Case<'_>, id: &str) -> bool {
    case.catalog().article(id, case.language()).is_some_and(|article| article.visibility == Visibility::Public)
}

/// A ticket that is there already goes to the people; otherwise one is opened.
fn wants_ticket<'a>(case: &Case<'a>) -> Option<Turn<'a>> {
    case.context.known.ticket.as_ref()?;
    Some(on_theirs(case, |ticket| {
        Some(if is_standing(ticket.status) { Place::Person } else { repeat("it has a ticket, and people have it") })
    }))
}

fn filled(case: &Case<'_>, ticket: &Ticket, slots: &BTreeMap<String, String>) -> Place {
    let known = slots.iter().filter(|(_, value)| !value.trim().is_empty());
    let says_more = !case.message.reply_text.trim().is_empty();
    if !says_more && known.into_iter().all(|(name, value)| ticket.slots.get(name) == Some(value)) {
        return repeat("the form says what is known already");
    }
    details(case, ticket, take_form(case, ticket))
}

fn details(case: &Case<'_>, ticket: &Ticket, taken: Taken) -> Place {
    let may_ask = ticket.status == Status::Waiting
        && ticket.questions_asked < case.catalog().limits.questions_per_ticket
        && silence(case.message, case.context, Some(ticket)).is_none();
    let ask_again = !taken.missing.is_empty() && may_ask;
    Place::Details { taken, ask_again }
}

/// A changed message that is on a ticket changes there; one that never became anything is decided as it reads now.
fn edited<'a>(case: &Case<'a>) -> Option<Turn<'a>> {
    let known = case.context.known;
    let original = known.original.as_ref()?;
    if original.message.text == TAKEN_BACK {
        return Some(nothing("it was taken back before"));
    }
    original.message.ticket?;
    let Some(ticket) = &known.ticket else { return Some(nothing("its ticket is not there")) };
    let (id, at) = (original.message.inbox_id, case.message.arrived_at);
    let place = if original.message.text == case.message.text {
        repeat("its text is the same")
    } else if ticket.course.rewritten.iter().any(|(changed, last)| *changed == id && *last > at) {
        repeat("it was changed once more since")
    } else {
        let waits = ticket.status == Status::Waiting && !ticket.missing.is_empty();
        let taken = Some(take(case, ticket)).filter(|taken| waits && !taken.learnt.is_empty());
        Place::Edited { taken }
    };
    Some(Turn::Joins { ticket, place })
}

fn deleted<'a>(case: &Case<'a>) -> Turn<'a> {
    let known = case.context.known;
    let Some(original) = &known.original else { return nothing("what was taken back was never here") };
    if original.message.text == TAKEN_BACK {
        return nothing("it was taken back before");
    }
    let (Some(_), Some(ticket)) = (original.message.ticket, &known.ticket) else {
        return Turn::Aside(Aside::Forgets { inbox_id: original.message.inbox_id });
    };
    let untouched = ticket.assignee.is_none() && ticket.first_response_at.is_none();
    let ended = matches!(ticket.status, Status::Resolved | Status::Closed);
    let closes = original.others == 0 && untouched && !ended;
    Turn::Joins { ticket, place: Place::Deleted { closes } }
}

fn links<'a>(case: &Case<'a>, typed: bool) -> Aside<'a> {
    let known = case.context.known;
    if !typed {
        let alone = case.message.place.as_ref().is_none_or(|place| place.direct);
        return if alone { Aside::CodeWanted } else { Aside::CodeInPublic };
    }
    if known.link.tries_within_hour >= MOST_TRIES {
        return Aside::CodeTyped(Typed::TooOften);
    }
    let theirs = |owner: &str| {
        owner == case.message.from.address.to_lowercase()
            || known.person.iter().any(|person| person.addresses.iter().any(|address| address == owner))
    };
    Aside::CodeTyped(match known.link.owner.as_deref() {
        Some(owner) if theirs(owner) => Typed::Own,
        Some(owner) => Typed::Right { owner },
        None => Typed::Wrong,
    })
}
