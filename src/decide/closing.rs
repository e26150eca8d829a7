//! Tickets nobody says anything on any more: the requester is told in good time, then they are closed.

use minijinja::Value;

use super::keep::ended_by_rule;
use super::letter::{Letter, Post, Way};
use super::offers;
use super::recipient::{is_nobody, is_own, is_usable};
use super::wording::{ChatTemplate, Template, Values, deadline};
use crate::domain::catalog::Catalog;
use crate::domain::schedule::{Objective, Timetable};
use crate::domain::{Changes, EventKind, OutboundKind, Status, ThreadKey, Ticket, TicketEvent, Timestamp};
use crate::sla::book::Book;
use crate::sla::hours::due;

/// What happens next to a quiet ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Its requester is told.
    Warn,
    /// It is closed.
    Close,
}

/// What happens next, and when; `None` for a ticket that is never closed by itself.
pub(super) fn next(catalog: &Catalog, ticket: &Ticket) -> Option<(Timestamp, Step)> {
    let (book, closing) = (Book { catalog }, &catalog.service.closing);
    let table = book.hours_of(ticket)?;
    let end = end(catalog, ticket, &table)?;
    let Some(warn) = closing.warn.filter(|_| warned_before(ticket.status)) else { return Some((end, Step::Close)) };
    match ticket.course.close_warned_at {
        None => Some((before(&table, quiet_since(ticket), (end, warn)), Step::Warn)),
        // However late the word was, there is as much time left as was promised with it.
        Some(told) => Some((end.max(due(&table, told, warn)), Step::Close)),
    }
}

/// When a ticket that has just gone quiet will be closed: what its last letter says.
pub(super) fn closes_at(catalog: &Catalog, ticket: &Ticket, now: Timestamp) -> Option<Timestamp> {
    let mut ticket = ticket.clone();
    ticket.course.quiet_since = Some(now);
    end(catalog, &ticket, &*Book { catalog }.hours_of(&ticket)?)
}

/// Whether a word goes out before. An answer or a solution asked "did that solve it?" when it was sent, and said when it ends.
const fn warned_before(status: Status) -> bool {
    match status {
        Status::Waiting => true,
        Status::New | Status::Open | Status::Answered | Status::Resolved | Status::Closed => false,
    }
}

fn quiet_since(ticket: &Ticket) -> Timestamp {
    ticket.course.quiet_since.unwrap_or(ticket.updated_at)
}

fn end(catalog: &Catalog, ticket: &Ticket, table: &Timetable) -> Option<Timestamp> {
    let closing = &catalog.service.closing;
    let time = match ticket.status {
        Status::Waiting => closing.waiting,
        Status::Answered => closing.answered,
        Status::Resolved => closing.resolved,
        Status::New | Status::Open | Status::Closed => None,
    };
    time.filter(|_| ticket.merged_into.is_none()).map(|time| due(table, quiet_since(ticket), time))
}

/// The last instant from which `warn` still ends by `end`. Business days are tried from the longest wait down; hours are subtracted
/// in the same way, day by day, which is exact enough for a friendly word.
fn before(table: &Timetable, from: Timestamp, (end, warn): (Timestamp, Objective)) -> Timestamp {
    let days = (1_u32..=400).map(|count| due(table, from, Objective::BusinessDays(count)));
    let fits = |at: &Timestamp| due(table, *at, warn) <= end;
    days.take_while(|at| *at < end).filter(fits).last().unwrap_or(from)
}

/// Does what is due with a quiet ticket.
pub(super) fn pass(post: &Post<'_>, changes: &mut Changes, ticket: &mut Ticket) {
    let Some((at, step)) = next(post.catalog, ticket) else { return };
    if at > post.now {
        return;
    }
    match step {
        Step::Warn => {
            ticket.course.close_warned_at = Some(post.now);
            let ends = next(post.catalog, ticket).map(|(at, _)| at);
            if let Err(why) = warn(post, changes, ticket, ends) {
                changes.events.push(line(ticket, post.now, EventKind::Note, format!("will be closed, no word: {why}")));
            }
        }
        Step::Close => {
            let detail = format!("{} → closed: nobody said anything any more", ticket.status);
            changes.events.push(line(ticket, post.now, EventKind::Status, detail));
            ticket.status = Status::Closed;
            ticket.resolved_at.get_or_insert(post.now);
            ticket.updated_at = post.now;
            changes.events.extend(ended_by_rule(post.catalog, ticket, post.now));
        }
    }
}

fn warn(post: &Post<'_>, changes: &mut Changes, ticket: &mut Ticket, ends: Option<Timestamp>) -> Result<(), String> {
    let to = ticket.requester.clone();
    if !is_usable(ticket.channel, &to.address) || is_own(&post.catalog.desk, &to.address) || is_nobody(&to.address) {
        return Err("the requester has no address that can be written to".to_owned());
    }
    let mut values = post.status(ticket);
    let shown = ends.and_then(|at| deadline(at, post.now, post.catalog.desk.timezone, ticket.language));
    values.extend(shown.map(|at| ("closes", Value::from(at))).into_iter().collect::<Values>());
    let letter = Letter {
        kind: OutboundKind::StatusReport,
        way: Way::of(ticket),
        template: Template::Closing,
        chat: ChatTemplate::Closing,
        offers: offers::under(Template::Closing, ticket, None, post.catalog),
        values,
        to,
        cc: Vec::new(),
        key: format!("closing:{}:{}", ticket.id.0, ticket.version),
        thread: Vec::new(),
    };
    let outbound = post.write(ticket, letter).map_err(|fault| fault.in_full())?;
    changes.thread_keys.push(ThreadKey { key: outbound.message_id.clone(), ticket: ticket.id });
    let detail = format!("{} ({})", outbound.kind, outbound.dedupe_key);
    changes.events.push(line(ticket, post.now, EventKind::MessageOut, detail));
    changes.outbound.push(outbound);
    ticket.automatic_sent = ticket.automatic_sent.saturating_add(1);
    Ok(())
}

fn line(ticket: &Ticket, at: Timestamp, kind: EventKind, detail: String) -> TicketEvent {
    TicketEvent { ticket: ticket.id, at, kind, actor: "rule".to_owned(), detail }
}
