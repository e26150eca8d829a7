//! Text outside of every thread that goes on with a ticket all the same: in chat people say "thanks" or "how is my ticket doing?"
//! wherever they are.

use super::super::case::Case;
use super::super::follow_up::{Turn, place};
use super::aside::Aside;
use crate::domain::{Status, Ticket, TicketId, Wish};

/// The request type of questions that are about nothing in particular, if the catalog has one.
const GENERAL_INTENT: &str = "general-question";

pub(super) fn turn<'a>(case: &Case<'a>) -> Option<Turn<'a>> {
    if case.has(Wish::Security) || case.has(Wish::Complaint) {
        return None;
    }
    if case.has(Wish::Status) && !case.certain {
        return status(case);
    }
    let latest = latest(case);
    let joins = |ticket: &'a Ticket| Some(Turn::Joins { ticket, place: place(case, ticket) });
    if case.has(Wish::Thanks) || case.has(Wish::Solved) {
        let ended = super::super::follow_up::ending(case)?;
        return Some(match latest {
            Some(ticket) => Turn::Joins { ticket, place: ended },
            None => Turn::Aside(Aside::Courtesy),
        });
    }
    let ticket = latest?;
    // A wish for a person, or a word that it did not help, means what was talked about last, unless it names a matter of its own.
    let names_a_matter = case.intent.is_some_and(|intent| intent.id != GENERAL_INTENT);
    if (case.has(Wish::NotSolved) || case.has(Wish::Person)) && !names_a_matter {
        return joins(ticket);
    }
    // Alone with the desk nobody uses threads: an answer to its question stands below it.
    let direct = case.message.place.as_ref().is_some_and(|place| place.direct);
    if direct && ticket.status == Status::Waiting { joins(ticket) } else { None }
}

/// How their tickets stand: those they name, else all recent ones. Somebody without a ticket asks about something else.
fn status<'a>(case: &Case<'a>) -> Option<Turn<'a>> {
    let recent = &case.context.known.recent;
    if recent.is_empty() {
        return None;
    }
    let named = named(&case.message.reply_text);
    let mut tickets: Vec<&Ticket> = recent.iter().filter(|ticket| named.contains(&ticket.id)).collect();
    if tickets.is_empty() {
        tickets = recent.iter().collect();
    }
    Some(Turn::Aside(Aside::StatusList { tickets }))
}

/// Ticket numbers in a text: `T-1042`.
fn named(text: &str) -> Vec<TicketId> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with(['T', 't'])).filter_map(|word| word.parse().ok()).collect()
}

/// The ticket that was talked about last in this room.
fn latest<'a>(case: &Case<'a>) -> Option<&'a Ticket> {
    let room = &case.message.place.as_ref()?.room;
    let here = case.context.known.recent.iter().filter(|ticket| {
        ticket.channel == case.message.channel && ticket.place.as_ref().is_some_and(|place| place.room == *room)
    });
    here.max_by_key(|ticket| (ticket.updated_at, ticket.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticket_numbers_are_found_in_running_text() {
        for (text, wanted) in [
            ("T-12 の状況は?", vec![12]),
            ("how are t-7, and T-8 doing", vec![7, 8]),
            ("T-shirt, WT-9", vec![]),
            ("チケットの状況は?", vec![]),
        ] {
            assert_eq!(named(text), wanted.into_iter().map(TicketId).collect::<Vec<_>>(), "{text}");
        }
    }
}
