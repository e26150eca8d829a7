//! What buttons, edits and bystanders do to a ticket.

use super::super::chat::TAKEN_BACK;
use super::super::clocks;
use super::super::details::Taken;
use super::super::offers;
use super::super::person::plain_language;
use super::super::wording::{ChatTemplate, Template, Values, one_line};
use super::joined::{details, set_status};
use super::opened::answer_values;
use super::{REQUESTER, Sheet, Words};
use crate::domain::{Button, Edit, EventKind, InboxId, Rating, Signal, Status, Ticket};

const DETAIL_CHARS: usize = 300;
/// Changed messages that are remembered on a ticket.
const REWRITTEN: usize = 100;
/// Ratings up to this are bad news.
const POOR: u8 = 2;

/// A press, as it stands in the history.
pub(super) fn pressed_words(button: &Button) -> String {
    match button {
        Button::Solved => "pressed: that solved it".to_owned(),
        Button::NotSolved => "pressed: not solved yet".to_owned(),
        Button::Person => "pressed: talk to a person".to_owned(),
        Button::Article { id } => format!("chose article `{id}`"),
        Button::Rate { score } => format!("rated {score} of 5"),
        Button::Details { .. }
        | Button::Take
        | Button::Assign
        | Button::Resolve
        | Button::Approve
        | Button::Decline
        | Button::Join { .. }
        | Button::Split { .. } => "pressed a button".to_owned(),
    }
}

/// The ticket's replies follow the language the person chose, else in chat the one they plainly write in.
pub(super) fn follow_language(sheet: &Sheet<'_>, ticket: &mut Ticket) {
    let chosen = sheet.context.known.person.as_ref().and_then(|person| person.language);
    let written = || sheet.message.place.as_ref().and_then(|_| plain_language(&sheet.message.reply_text));
    if let Some(language) = chosen.or_else(written) {
        ticket.language = language;
    }
}

/// Somebody else in the thread: kept for the people, without any right on the ticket.
pub(super) fn bystander(sheet: &mut Sheet<'_>, known: &Ticket) {
    let who = one_line(&sheet.message.from.name, DETAIL_CHARS);
    let who = if who.is_empty() { sheet.message.from.address.clone() } else { who };
    let detail = format!("by {}: {who}, who is not on the ticket, wrote in its thread", sheet.message.channel);
    sheet.event(known.id, EventKind::MessageIn, "bystander", detail);
    sheet.lead_here(known.id);
}

pub(super) fn chosen(sheet: &mut Sheet<'_>, ticket: &mut Ticket, id: &str) {
    let found = sheet.context.catalog.article(id, ticket.language);
    let Some(Ok(values)) = found.map(answer_values) else { return };
    let people_have_it = ticket.assignee.is_some() || ticket.first_response_at.is_some();
    // Why nothing was sent is in the trace.
    if sheet.reply(ticket, Template::Answer, values).is_err() {
        return;
    }
    ticket.pressed.push(Button::Article { id: id.to_owned() });
    ticket.article = Some(id.to_owned());
    match ticket.status {
        Status::New if !people_have_it => {
            set_status(sheet, ticket, Status::Answered, &format!("the requester chose `{id}`"));
        }
        Status::New | Status::Open | Status::Waiting | Status::Answered | Status::Resolved | Status::Closed => {}
    }
}

pub(super) fn rated(sheet: &mut Sheet<'_>, ticket: &mut Ticket, score: u8) {
    ticket.pressed.retain(|button| !matches!(button, Button::Rate { .. }));
    ticket.pressed.push(Button::Rate { score });
    if sheet.message.act.is_none() {
        // What was written with it is kept already.
        return;
    }
    let comment = ticket.course.rating.take().map(|rating| rating.comment).unwrap_or_default();
    ticket.course.rating = Some(rating(sheet, score, comment));
}

/// A rating in words, whatever else the message says. A bad one is bad news once.
pub(super) fn rated_in_words(sheet: &mut Sheet<'_>, known: &Ticket, ticket: &mut Ticket) {
    let Some((score, comment)) = super::super::rating::of(sheet.message, known) else { return };
    let (answers, comment) = super::super::rating::answers(&comment, &sheet.context.catalog.service.questions);
    for (name, score) in answers {
        ticket.course.answers.retain(|(known, _)| *known != name);
        ticket.course.answers.push((name, score));
    }
    let before = ticket.course.rating.as_ref().map(|rating| rating.score);
    if score <= POOR && before != Some(score) {
        ticket.promises.note(Signal::Negative);
    }
    let said = if comment.is_empty() { String::new() } else { format!(": {}", one_line(&comment, DETAIL_CHARS)) };
    sheet.event(ticket.id, EventKind::Note, REQUESTER, format!("rated {score} of 5{said}"));
    ticket.course.rating = Some(rating(sheet, score, comment));
}

fn rating(sheet: &Sheet<'_>, score: u8, comment: String) -> Rating {
    Rating { score, comment, by: sheet.message.from.address.to_lowercase(), at: sheet.post.now }
}

/// In chat a solved ticket gets a word, and the question how satisfied they are.
pub(super) fn ask_for_rating(sheet: &mut Sheet<'_>, ticket: &mut Ticket) {
    if sheet.message.place.is_none() || ticket.course.asked_at.is_some() {
        return;
    }
    let offers = offers::rates(ticket.language);
    let words = Words { template: Template::Resolved, chat: ChatTemplate::Solved, offers };
    // Why nothing was sent is in the trace.
    if sheet.reply_in(ticket, words, Values::new()).is_ok() {
        ticket.course.asked_at = Some(sheet.post.now);
    }
}

/// The kept message reads as it does now; its history says how it read before. Details that a waiting ticket lacks are taken.
pub(super) fn edited(sheet: &mut Sheet<'_>, known: &Ticket, taken: Option<&Taken>) {
    let Some(original) = &sheet.context.known.original else { return };
    let (inbox_id, was) = (original.message.inbox_id, one_line(&original.message.reply_text, DETAIL_CHARS));
    let (text, reply_text) = (sheet.message.text.clone(), sheet.message.reply_text.clone());
    sheet.changes.edits.push(Edit { inbox_id, text, reply_text });
    sheet.event(known.id, EventKind::Note, REQUESTER, format!("changed message {inbox_id}, which read: {was}"));
    let mut ticket = touched(sheet, known);
    let rewritten = &mut ticket.course.rewritten;
    rewritten.retain(|(changed, _)| *changed != inbox_id);
    let excess = (rewritten.len() + 1).saturating_sub(REWRITTEN);
    rewritten.drain(..excess);
    rewritten.push((inbox_id, sheet.message.arrived_at));
    if let Some(taken) = taken {
        details(sheet, &mut ticket, taken, false);
    }
    sheet.changes.tickets.push(ticket);
}

/// The kept message goes; a ticket of nothing else that nobody touched is closed.
pub(super) fn deleted(sheet: &mut Sheet<'_>, known: &Ticket, closes: bool) {
    let Some(original) = &sheet.context.known.original else { return };
    let inbox_id = original.message.inbox_id;
    forget(sheet, inbox_id);
    sheet.event(known.id, EventKind::Note, REQUESTER, format!("took message {inbox_id} back"));
    let mut ticket = touched(sheet, known);
    if closes {
        ticket.resolved_at = Some(sheet.post.now);
        set_status(sheet, &mut ticket, Status::Closed, "its only message was taken back");
    }
    sheet.changes.tickets.push(ticket);
}

/// A mark stands in the place of what was taken back.
pub(super) fn forget(sheet: &mut Sheet<'_>, inbox_id: InboxId) {
    let (text, reply_text) = (TAKEN_BACK.to_owned(), TAKEN_BACK.to_owned());
    sheet.changes.edits.push(Edit { inbox_id, text, reply_text });
}

fn touched(sheet: &Sheet<'_>, known: &Ticket) -> Ticket {
    let mut ticket = known.clone();
    clocks::adopt(sheet.context.catalog, &mut ticket);
    ticket.updated_at = sheet.post.now;
    ticket
}
