//! What places that are told learn about a ticket: that a rule fired or monitoring opened it, and then what becomes of it.
//!
//! Notices to one place about one ticket follow each other: each names the one before it and is not sent ahead of it.

use super::card::priority_words;
use super::clocks::is_ended;
use super::happened::happened;
use super::letter::Post;
use super::wording::one_line;
use crate::domain::catalog::Catalog;
use crate::domain::chat::Place;
use crate::domain::promise::Firing;
use crate::domain::service::{NotifyTarget, NotifyWay};
use crate::domain::{
    Address, Changes, Channel, Choice, EventKind, Language, Notice, NoticeAlert, NoticeDetail, NoticeEvent,
    NoticeWords, Outbound, OutboundKind, Priority, Severity, Ticket, TicketEvent, Timestamp, Told,
};

const SUBJECT_CHARS: usize = 120;
const RULE: &str = "rule";

/// What there is to tell.
pub(super) struct News<'a> {
    pub(super) event: NoticeEvent,
    pub(super) urgent: bool,
    /// The notice's key, without the place.
    pub(super) key: String,
    /// The rule that fired; empty when none did.
    pub(super) rule: &'a str,
    pub(super) because: &'a str,
    pub(super) at: Timestamp,
    /// Where the alert is shown.
    pub(super) link: Option<&'a str>,
}

/// The notice for `target`, noted on the ticket so that the place hears what becomes of it.
pub(super) fn tell(catalog: &Catalog, ticket: &mut Ticket, target: &NotifyTarget, news: &News<'_>) -> Outbound {
    let language = catalog.desk.language;
    let key = format!("notice:{}:{}", news.key.replace(' ', "-"), target.name);
    let (channel, source, place, to) = way(catalog, target);
    let told = ticket.promises.told.iter_mut().find(|told| told.target == target.name);
    let mut replaces = None;
    if hears_on(ticket.channel, &target.way) {
        match told {
            Some(told) => replaces = Some(std::mem::replace(&mut told.key, key.clone())),
            None => ticket.promises.told.push(Told { target: target.name.clone(), key: key.clone() }),
        }
    }
    let by_http = channel == Channel::Notify;
    let mailboxes = &catalog.desk.mailboxes;
    let domain = mailboxes.iter().find(|mailbox| mailbox.name == source).or(mailboxes.first());
    let domain =
        domain.and_then(|mailbox| mailbox.address.rsplit_once('@')).map_or("desk.invalid", |(_, domain)| domain);
    let mark = match (news.event, news.urgent, language) {
        (NoticeEvent::Resolved, _, Language::Ja) => "【復旧】",
        (NoticeEvent::Resolved, _, Language::En) => "RECOVERED: ",
        (_, true, Language::Ja) => "【至急】",
        (_, true, Language::En) => "URGENT: ",
        (_, false, _) => "",
    };
    Outbound {
        message_id: format!("{}@{domain}", key.replace(':', "-")),
        dedupe_key: key,
        ticket: Some(ticket.id),
        channel,
        source,
        kind: OutboundKind::Notice,
        place,
        offers: Vec::new(),
        // A post or mail is not changed into the next one: people see each.
        replaces: replaces.filter(|_| by_http),
        notice: by_http.then(|| Box::new(notice(catalog, ticket, target, news))),
        to,
        cc: Vec::new(),
        subject: format!("{mark}[{}] {}", ticket.id, one_line(&ticket.subject, SUBJECT_CHARS)),
        text: words(catalog, ticket, news),
        language,
        in_reply_to: None,
        references: Vec::new(),
        send_at: news.at,
    }
}

/// The notice that a rule fired.
pub(super) fn of_firing(
    catalog: &Catalog,
    ticket: &mut Ticket,
    firing: &Firing,
    (target, urgent): (&NotifyTarget, bool),
) -> Outbound {
    let news = News {
        event: NoticeEvent::Escalated,
        urgent,
        key: firing.key.clone(),
        rule: &firing.rule,
        because: firing.because.get(catalog.desk.language),
        at: firing.at,
        link: None,
    };
    tell(catalog, ticket, target, &news)
}

/// Tells every place that was told of a ticket of `changes` before what the change did to it.
/// `said` is what an interim report or a recovery notice says; empty for all other changes.
pub(super) fn follow(post: &Post<'_>, before: &[&Ticket], changes: &mut Changes, said: &str) {
    let mut tickets = std::mem::take(&mut changes.tickets);
    for ticket in &mut tickets {
        let Some(known) = before.iter().copied().find(|known| known.id == ticket.id) else { continue };
        if known.promises.told.is_empty() {
            continue;
        }
        let Some(event) = what(known, ticket, changes) else { continue };
        let because = happened(post.catalog, (known, ticket), changes, said);
        go_on(post, known, (ticket, changes), (event, &because));
    }
    changes.tickets = tickets;
}

/// Tells the places that `known` says were told before. Those told for the first time by the same change know it all.
pub(super) fn go_on(
    post: &Post<'_>,
    known: &Ticket,
    (ticket, changes): (&mut Ticket, &mut Changes),
    (event, because): (NoticeEvent, &str),
) {
    let news = News {
        event,
        urgent: false,
        key: format!("{}:{}:{event}", ticket.id, known.version),
        rule: "",
        because,
        at: post.now,
        link: None,
    };
    for told in &known.promises.told {
        let fresh = ticket.promises.told.iter().any(|now| now.target == told.target && now.key != told.key);
        let Some(target) = post.catalog.service.targets.iter().find(|target| target.name == told.target) else {
            continue;
        };
        if fresh || !hears(&target.way, event) {
            continue;
        }
        let written = tell(post.catalog, ticket, target, &news);
        changes.events.push(TicketEvent {
            ticket: ticket.id,
            at: post.now,
            kind: EventKind::MessageOut,
            actor: RULE.to_owned(),
            detail: format!("notice to {} ({})", target.name, written.dedupe_key),
        });
        changes.outbound.push(written);
    }
}

/// Whether a place of this kind hears what becomes of a ticket. People are told by mail and in rooms that an incident of their
/// monitoring is over; what agents do on other tickets they see on the ticket.
const fn hears_on(channel: Channel, way: &NotifyWay) -> bool {
    match way {
        NotifyWay::Webhook | NotifyWay::Pagerduty | NotifyWay::Backlog => true,
        NotifyWay::Mail { .. } | NotifyWay::Room { .. } | NotifyWay::Triage { .. } => {
            matches!(channel, Channel::Alert)
        }
    }
}

const fn hears(way: &NotifyWay, event: NoticeEvent) -> bool {
    match (way, event) {
        (NotifyWay::Webhook | NotifyWay::Backlog, _)
        | (_, NoticeEvent::Escalated | NoticeEvent::Opened | NoticeEvent::Resolved | NoticeEvent::Reopened)
        | (NotifyWay::Pagerduty, NoticeEvent::Acknowledged) => true,
        (NotifyWay::Pagerduty, NoticeEvent::Changed)
        | (
            NotifyWay::Mail { .. } | NotifyWay::Room { .. } | NotifyWay::Triage { .. },
            NoticeEvent::Acknowledged | NoticeEvent::Changed,
        ) => false,
    }
}

fn what(known: &Ticket, ticket: &Ticket, changes: &Changes) -> Option<NoticeEvent> {
    let over = |ticket: &Ticket| is_ended(ticket.status) || ticket.merged_into.is_some();
    match (over(known), over(ticket)) {
        (false, true) => return Some(NoticeEvent::Resolved),
        (true, false) => return Some(NoticeEvent::Reopened),
        (true, true) | (false, false) => {}
    }
    // An agent the machine chose need not have seen it.
    let is_taken = |ticket: &Ticket| ticket.assignee.is_some() && !ticket.course.given;
    let is_new = known.assignee != ticket.assignee || known.course.given;
    if (is_taken(ticket) && is_new) || (ticket.course.acknowledged.is_some() && known.course.acknowledged.is_none()) {
        return Some(NoticeEvent::Acknowledged);
    }
    let shown =
        |ticket: &Ticket| (ticket.priority, ticket.queue.clone(), ticket.assignee.clone(), ticket.slots.clone());
    let said = changes.events.iter().any(|event| event.ticket == ticket.id && is_said(event));
    (shown(known) != shown(ticket) || said).then_some(NoticeEvent::Changed)
}

/// Somebody wrote on it; what the machine sends by itself is of no matter to others.
fn is_said(event: &TicketEvent) -> bool {
    matches!(event.kind, EventKind::MessageIn | EventKind::Note)
        || (event.kind == EventKind::MessageOut && event.actor != RULE)
}

fn way(catalog: &Catalog, target: &NotifyTarget) -> (Channel, String, Option<Place>, Vec<Address>) {
    let room = |channel: Channel, room: &String, triage| {
        let place = Place { room: room.clone(), thread: None, direct: false, triage };
        let known = catalog.desk.triage.iter().find(|known| known.channel == channel && known.room == *room);
        let source = known.map_or_else(|| channel.to_string(), |known| known.source.clone());
        (channel, source, Some(place), Vec::new())
    };
    match &target.way {
        NotifyWay::Mail { address, mailbox } => {
            let to = Address { name: String::new(), address: address.clone() };
            (Channel::Email, mailbox.clone(), None, vec![to])
        }
        NotifyWay::Triage { channel, room: id } => room(*channel, id, true),
        NotifyWay::Room { channel, room: id } => room(*channel, id, false),
        NotifyWay::Webhook | NotifyWay::Pagerduty | NotifyWay::Backlog => {
            (Channel::Notify, target.name.clone(), None, Vec::new())
        }
    }
}

fn notice(catalog: &Catalog, ticket: &Ticket, target: &NotifyTarget, news: &News<'_>) -> Notice {
    let language = catalog.desk.language;
    let intent = ticket.intent.as_deref().and_then(|id| catalog.intent(id));
    Notice {
        target: target.name.clone(),
        event: news.event,
        at: news.at,
        ticket: ticket.id,
        urgent: news.urgent,
        title: one_line(&ticket.subject, SUBJECT_CHARS),
        status: ticket.status,
        priority: ticket.priority,
        queue: ticket.queue.clone(),
        assignee: ticket.assignee.clone(),
        requester: one_line(&ticket.requester.address, SUBJECT_CHARS),
        request_type: intent.map(|intent| one_line(intent.title.get(language), SUBJECT_CHARS)),
        intent: ticket.intent.clone(),
        shown: shown(catalog, ticket),
        details: details(catalog, ticket),
        rule: news.rule.to_owned(),
        because: news.because.to_owned(),
        first_response_due_at: ticket.due.first_response,
        resolution_due_at: ticket.due.resolution,
        alert: (ticket.channel == Channel::Alert).then(|| alert(ticket, news)),
    }
}

fn alert(ticket: &Ticket, news: &News<'_>) -> NoticeAlert {
    let slot = |name: &str| ticket.slots.get(name).cloned().unwrap_or_default();
    let severity = match ticket.priority {
        Priority::Low => Severity::Info,
        Priority::Medium => Severity::Warning,
        Priority::High => Severity::Error,
        Priority::Critical => Severity::Critical,
    };
    NoticeAlert { host: slot("host"), service: slot("service"), severity, link: news.link.map(str::to_owned) }
}

/// The ticket's details: those of its request type in the catalogue's order, then the others.
pub(super) fn details(catalog: &Catalog, ticket: &Ticket) -> Vec<NoticeDetail> {
    let language = catalog.desk.language;
    let slots = ticket.intent.as_deref().and_then(|id| catalog.intent(id)).map_or(&[][..], |intent| &intent.slots);
    let known = slots.iter().filter_map(|slot| Some((slot, ticket.slots.get(&slot.name)?)));
    let known = known.filter(|(_, value)| *value != Choice::NOT_NEEDED).map(|(slot, value)| {
        let choice = slot.choices.iter().find(|choice| choice.value == *value);
        let shown = choice.map_or(value.as_str(), |choice| choice.title.get(language));
        NoticeDetail {
            name: slot.name.clone(),
            title: one_line(slot.title.get(language), SUBJECT_CHARS),
            value: shown.to_owned(),
            id: value.clone(),
        }
    });
    let others = ticket.slots.iter().filter(|(name, _)| !slots.iter().any(|slot| slot.name == **name));
    let others = others.map(|(name, value)| NoticeDetail {
        name: name.clone(),
        title: name.clone(),
        value: value.clone(),
        id: value.clone(),
    });
    known.chain(others).collect()
}

/// What people read in the place of ids and instants.
fn shown(catalog: &Catalog, ticket: &Ticket) -> NoticeWords {
    let (language, zone) = (catalog.desk.language, catalog.desk.timezone);
    let time = |at: Option<Timestamp>| {
        at.and_then(|at| super::wording::date_and_time(at, zone, language)).unwrap_or_else(|| "-".to_owned())
    };
    let queue = catalog.queue(&ticket.queue).map_or(ticket.queue.as_str(), |queue| queue.title.get(language));
    NoticeWords {
        priority: priority_words(ticket.priority, language).to_owned(),
        queue: queue.to_owned(),
        first_response_due: time(ticket.due.first_response),
        resolution_due: time(ticket.due.resolution),
    }
}

fn words(catalog: &Catalog, ticket: &Ticket, news: &News<'_>) -> String {
    let language = catalog.desk.language;
    let NoticeWords { priority, queue, first_response_due: first, resolution_due: solution } = shown(catalog, ticket);
    let assignee = ticket.assignee.as_deref().unwrap_or("-");
    let (id, subject) = (ticket.id, one_line(&ticket.subject, SUBJECT_CHARS));
    let requester = one_line(&ticket.requester.address, SUBJECT_CHARS);
    let rule = match (news.rule.is_empty(), language) {
        (true, _) => String::new(),
        (false, Language::Ja) => format!("規則: {}\n", news.rule),
        (false, Language::En) => format!("rule: {}\n", news.rule),
    };
    let because = news.because;
    match language {
        Language::Ja => format!(
            "{id} {subject}\n\n{rule}理由: {because}\n\n窓口: {queue}\n優先度: {priority}\n担当: {assignee}\n依頼者: {requester}\n\
             初回応答の期限: {first}\n解決の期限: {solution}"
        ),
        Language::En => format!(
            "{id} {subject}\n\n{rule}why: {because}\n\nqueue: {queue}\npriority: {priority}\nassignee: {assignee}\n\
             requester: {requester}\nfirst response due: {first}\nsolution due: {solution}"
        ),
    }
}
