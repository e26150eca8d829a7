//! What people do in chat beside writing mail-like messages: buttons, forms, edits, commands, the agents' room, and text that goes on
//! with a ticket without standing in its thread.

mod acts;
mod aside;
mod continued;
mod triage;

pub use acts::form_intent;
pub(super) use acts::{TAKEN_BACK, form_slots, pressed};
pub(super) use aside::{Aside, Typed};
pub(super) use triage::{Deed, agent_name};

use super::case::Case;
use super::follow_up::{Place, Turn};
use super::person::takes_part;
use crate::domain::{Act, Button, Message, TicketId};

/// Where a message of a chat service belongs; `None` when that is found out as for mail.
pub(super) fn turn<'a>(case: &Case<'a>) -> Option<Turn<'a>> {
    let place = case.message.place.as_ref();
    if place.is_some_and(|place| place.triage) {
        return Some(triage::turn(case));
    }
    if let Some(act) = &case.message.act {
        return acts::turn(case, act);
    }
    place?;
    let Some(ticket) = &case.context.known.ticket else { return continued::turn(case) };
    // Others may talk in somebody's thread: it is kept for the people and does nothing else.
    let is_bystander = !takes_part(ticket, case.message, case.context.known);
    is_bystander.then_some(Turn::Joins { ticket, place: Place::Bystander })
}

/// Whether a ticket is asked for, whatever an article says: `/ticket`, the shortcut, a form.
pub(super) const fn wants_ticket(message: &Message) -> bool {
    matches!(message.act, Some(Act::WantsTicket | Act::Filled { .. }))
}

/// The second ticket a button names.
#[must_use]
pub const fn other_ticket(button: &Button) -> Option<TicketId> {
    match button {
        Button::Join { into } => Some(*into),
        Button::Split { from } => Some(*from),
        Button::Solved
        | Button::NotSolved
        | Button::Person
        | Button::Article { .. }
        | Button::Details { .. }
        | Button::Rate { .. }
        | Button::Take
        | Button::Assign
        | Button::Resolve
        | Button::Approve
        | Button::Decline => None,
    }
}
