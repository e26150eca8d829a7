//! What people do in chat.

use crate::domain::{Button, TicketId};

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
        | Button::Resolve => None,
    }
}
