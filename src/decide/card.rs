//! Cards: what agents see of a ticket in their rooms. A ticket gets one when people must work on it; it is changed as the ticket
//! changes, and a new one is put up when the ticket is escalated, since nobody notices a changed post.

use minijinja::Value;

use super::clocks;
use super::letter::{Post, shown_subject};
use super::offers;
use super::wording::{ChatTemplate, Values, deadline, one_line, render_chat};
use crate::domain::catalog::TriageRoom;
use crate::domain::ticket::Card;
use crate::domain::{
    Changes, EventKind, Language, Offer, Outbound, OutboundKind, Place, Priority, Status, Ticket, TicketId,
};

const EXCERPT_CHARS: usize = 300;
const NAME_CHARS: usize = 80;

/// Adds to `changes` the cards that its tickets need. `before` holds the tickets as they were; those that are not in it are new.
/// `same_as` is a ticket that a new one may be the same case as.
pub(super) fn update(post: &Post<'_>, before: &[&Ticket], changes: &mut Changes, same_as: Option<TicketId>) {
    if post.catalog.desk.triage.is_empty() {
        return;
    }
    let escalated: Vec<TicketId> =
        changes.events.iter().filter(|event| event.kind == EventKind::Escalated).map(|event| event.ticket).collect();
    let mut tickets = std::mem::take(&mut changes.tickets);
    for ticket in &mut tickets {
        let earlier = before.iter().copied().find(|earlier| earlier.id == ticket.id);
        refresh_excerpt(ticket, changes);
        let puts_up = needs_people(ticket) && (ticket.card.is_none() || escalated.contains(&ticket.id));
        if puts_up {
            let old = ticket.card.take();
            let excerpt = match &old {
                Some(card) => card.excerpt.clone(),
                None => changes.message.as_ref().map(|message| excerpt(&message.reply_text)).unwrap_or_default(),
            };
            let key = format!("card:{}:{}", ticket.id.0, ticket.version);
            ticket.card = Some(Card { key, excerpt, same_as: old.as_ref().map_or(same_as, |card| card.same_as) });
            let passed_up = escalated.contains(&ticket.id);
            for room in &post.catalog.desk.triage {
                changes.outbound.extend(draw(post, room, ticket, Which::New { passed_up }));
                if let Some(card) = &old {
                    changes.outbound.extend(draw(post, room, ticket, Which::Superseded(card)));
                }
            }
        } else if ticket.card.is_some() && earlier.is_none_or(|earlier| looks_different(earlier, ticket)) {
            for room in &post.catalog.desk.triage {
                changes.outbound.extend(draw(post, room, ticket, Which::Changed));
            }
        }
    }
    changes.tickets = tickets;
}

fn needs_people(ticket: &Ticket) -> bool {
    match ticket.status {
        Status::New | Status::Open => ticket.merged_into.is_none(),
        Status::Waiting | Status::Answered | Status::Resolved | Status::Closed => false,
    }
}

fn looks_different(earlier: &Ticket, ticket: &Ticket) -> bool {
    let shown = |ticket: &Ticket| {
        (
            ticket.status,
            ticket.assignee.clone(),
            ticket.queue.clone(),
            ticket.priority,
            ticket.merged_into,
            ticket.course.waits_for_approval(),
            ticket.card.clone(),
        )
    };
    shown(earlier) != shown(ticket)
}

/// The request reads as its writer last left it.
fn refresh_excerpt(ticket: &mut Ticket, changes: &Changes) {
    let opened_by = |inbox_id: i64| inbox_id == ticket.id.0;
    let Some(edit) = changes.edits.iter().find(|edit| opened_by(edit.inbox_id.0)) else { return };
    if let Some(card) = &mut ticket.card {
        card.excerpt = excerpt(&edit.reply_text);
    }
}

fn excerpt(text: &str) -> String {
    let short: String = text.trim().chars().take(EXCERPT_CHARS).collect();
    if short.chars().count() < EXCERPT_CHARS { short } else { format!("{short}…") }
}

#[derive(Clone, Copy)]
enum Which<'a> {
    /// A post of its own.
    New { passed_up: bool },
    /// The post that is there.
    Changed,
    /// The post that was there before the new one: it can no longer be acted on.
    Superseded(&'a Card),
}

/// The card in one room; none when there are no words for it.
fn draw(post: &Post<'_>, room: &TriageRoom, ticket: &Ticket, which: Which<'_>) -> Option<Outbound> {
    let language = post.catalog.desk.language;
    let card = ticket.card.as_ref()?;
    let first = |key: &str| format!("{key}:{}", room.channel);
    let later = |key: &str| format!("{}:{}", first(key), ticket.version);
    let (key, replaces, passed_up) = match which {
        Which::New { passed_up } => (first(&card.key), None, passed_up),
        Which::Changed => (later(&card.key), Some(first(&card.key)), false),
        Which::Superseded(old) => (later(&old.key), Some(first(&old.key)), false),
    };
    let offers: Vec<Offer> = match which {
        Which::Superseded(_) => Vec::new(),
        Which::New { .. } | Which::Changed => offers::on_card(ticket, language),
    };
    let mut values = values(post, ticket, card);
    if passed_up {
        values.insert("escalated", Value::from(true));
    }
    let place = Place { room: room.room.clone(), thread: None, direct: false, triage: true };
    Some(Outbound {
        message_id: format!("{}@{}", key.replace(':', "-"), post.domain(&room.source)),
        dedupe_key: key,
        ticket: Some(ticket.id),
        channel: room.channel,
        source: room.source.clone(),
        kind: OutboundKind::Notice,
        place: Some(place),
        offers,
        replaces,
        notice: None,
        to: Vec::new(),
        cc: Vec::new(),
        subject: format!("{} {}", ticket.id, shown_subject(ticket)),
        text: render_chat(ChatTemplate::Card, language, &values).ok()?,
        language,
        in_reply_to: None,
        references: Vec::new(),
        send_at: post.now,
    })
}

fn values(post: &Post<'_>, ticket: &Ticket, card: &Card) -> Values {
    let language = post.catalog.desk.language;
    let queue = post.catalog.queue(&ticket.queue).map_or(ticket.queue.as_str(), |queue| queue.title.get(language));
    let nobody = match language {
        Language::Ja => "未定",
        Language::En => "nobody",
    };
    let name = one_line(&ticket.requester.name, NAME_CHARS);
    let requester = if name.is_empty() { ticket.requester.address.clone() } else { name };
    let assignee = ticket.assignee.as_deref().map_or_else(|| nobody.to_owned(), |name| one_line(name, NAME_CHARS));
    let mut values = Values::from([
        ("ticket", Value::from(ticket.id.to_string())),
        ("subject", Value::from(shown_subject(ticket))),
        ("status", Value::from(status_for_agents(ticket.status, language))),
        ("priority", Value::from(priority_words(ticket.priority, language))),
        ("queue", Value::from(queue)),
        ("assignee", Value::from(assignee)),
        ("requester", Value::from(requester)),
        ("channel", Value::from(ticket.channel.as_str())),
    ]);
    let due = clocks::expected(ticket.priority, ticket.due, post.now).filter(|_| !clocks::is_standing(ticket.status));
    if let Some(due) = due.and_then(|due| deadline(due, post.now, post.catalog.desk.timezone, language)) {
        values.insert("expected", Value::from(due));
    }
    if ticket.course.waits_for_approval() {
        values.insert("approval", Value::from(true));
    }
    if let Some(into) = ticket.merged_into {
        values.insert("merged", Value::from(into.to_string()));
    }
    if let Some(same) = card.same_as {
        values.insert("same_as", Value::from(same.to_string()));
    }
    if !card.excerpt.is_empty() && card.excerpt.trim() != ticket.subject.trim() {
        values.insert("excerpt", Value::from(card.excerpt.clone()));
    }
    values
}

/// How it stands, in the words of those who work on it.
pub(super) const fn status_for_agents(status: Status, language: Language) -> &'static str {
    match (status, language) {
        (Status::New, Language::Ja) => "未着手",
        (Status::Open, Language::Ja) => "対応中",
        (Status::Waiting, Language::Ja) => "依頼者の返信待ち",
        (Status::Answered, Language::Ja) => "回答済み",
        (Status::Resolved, Language::Ja) => "解決済み",
        (Status::Closed, Language::Ja) => "完了",
        (Status::New, Language::En) => "new",
        (Status::Open, Language::En) => "in progress",
        (Status::Waiting, Language::En) => "waiting for the requester",
        (Status::Answered, Language::En) => "answered",
        (Status::Resolved, Language::En) => "solved",
        (Status::Closed, Language::En) => "closed",
    }
}

pub(super) const fn priority_words(priority: Priority, language: Language) -> &'static str {
    match (priority, language) {
        (Priority::Critical, Language::Ja) => "緊急",
        (Priority::High, Language::Ja) => "高",
        (Priority::Medium, Language::Ja) => "中",
        (Priority::Low, Language::Ja) => "低",
        (Priority::Critical, Language::En) => "critical",
        (Priority::High, Language::En) => "high",
        (Priority::Medium, Language::En) => "medium",
        (Priority::Low, Language::En) => "low",
    }
}
